//! The fleet's certificate authority, the station's keys, and everything that is issued or sealed with them.
//!
//! One folder holds it all, `.firstlight/` (0700, files 0600): `station.key` (an age identity, plain or under a
//! passphrase), `station.json` (whose it is), `fleet.key.age` (the fleet key, wrapped to the station),
//! `bundle.keys.age` (bundle keys and batch keys, likewise) and `authority/`
//! (root and station intermediate, their keys wrapped to the station). Nothing here overwrites a key.

mod age_file;
pub mod backup;
pub mod bundle_keys;
mod ca;
mod certificate;
mod description;
mod draft;
mod enrolment_keys;
mod error;
mod issue;
mod key_pair;
mod keys;
mod new_station;
mod pin;
mod request;
mod sealing;
pub mod secrets;
mod server_certificate;

pub use age_file::{check_recipient, wrap_for_recipient};
pub use bundle_keys::{BatchKey, BundleKeys, BundleSigner, KeyState};
pub use ca::{Authority, DEMO_MARK};
pub use description::{AuthorityDescription, CertificateDescription};
pub use enrolment_keys::device_key;
pub use error::AuthorityError;
pub use issue::{CredentialRequest, GroupKeys};
pub use keys::{AskPassphrase, Keys, Protection};
pub use new_station::found_station;
pub use pin::{State, guard, look_into};
pub use request::key_of_request;
pub use sealing::FleetKey;
pub use server_certificate::ServerCertificate;
