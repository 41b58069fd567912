//! Template to files to sealed artifact.
//!
//! A [`Template`] is parsed and checked once. [`render()`] makes a device's bundle from its plan, its credentials and the
//! fleet's secrets; the template engine itself never sees a secret. [`sealed`] signs and encrypts bundles and opens them
//! again; it is all that a device carries of this room. Knows nothing of media, keys' making or the ledger.

pub mod sealed;

#[cfg(feature = "station")]
mod address;
#[cfg(feature = "station")]
mod builtin;
#[cfg(feature = "station")]
mod check;
#[cfg(feature = "station")]
mod context;
#[cfg(feature = "station")]
mod encoding;
#[cfg(feature = "station")]
mod environment;
#[cfg(feature = "station")]
mod error;
#[cfg(feature = "station")]
mod factory_scaffold;
#[cfg(feature = "station")]
mod folder;
#[cfg(feature = "station")]
mod objects;
#[cfg(feature = "station")]
mod orders;
#[cfg(feature = "station")]
mod placeholder;
#[cfg(feature = "station")]
mod quoting;
#[cfg(feature = "station")]
mod registration_scaffold;
#[cfg(feature = "station")]
mod render;
#[cfg(feature = "station")]
mod scaffold;
#[cfg(feature = "station")]
mod scaffold_error;
#[cfg(feature = "station")]
mod seal;
#[cfg(feature = "station")]
pub mod server_keys;
#[cfg(feature = "station")]
mod template;

#[cfg(feature = "station")]
pub use error::RenderError;
#[cfg(feature = "station")]
pub use folder::{DESCRIPTION, LONGEST_SOURCE, MOST_FILES};
#[cfg(feature = "station")]
pub use objects::accounts;
#[cfg(feature = "station")]
pub use render::{LONGEST_FILE, Rendering, compose, preview, render};
#[cfg(feature = "station")]
pub use scaffold::{Scaffold, ScaffoldAnswers, chip_fleets, scaffold, usual_server};
#[cfg(feature = "station")]
pub use scaffold_error::ScaffoldError;
#[cfg(feature = "station")]
pub use seal::{Composed, Seals};
#[cfg(feature = "station")]
pub use template::Template;
