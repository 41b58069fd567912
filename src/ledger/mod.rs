//! The store of record: what this station did, and who exists.
//!
//! One SQLite file holds an append-only, hash-chained list of events (the ledger) and the states derived from it in the same
//! transaction: devices, credential generations, bundle versions, deliveries. The three last are three records with three
//! lives: a *generation* of a credential survives edits of the plan, a *bundle version* counts up with every change, and
//! only a *delivery* can be done.
//!
//! This room knows no keys. Private material comes and goes as [`crate::delivery::SealedMaterial`]; destroying it deletes
//! the wrapped key and the sealed body. `secure_delete` overwrites them in the file and the write-ahead log is truncated
//! when the ledger is closed. What can remain: blocks that the file system or the flash of the disk has moved elsewhere,
//! snapshots, and backups made before. All of these hold ciphertext only; whoever has them needs the fleet key too.
//!
//! Writing goes through one thread with group commit; a step is on the disk when its call returns. Several firstlight
//! runs may use one file at once on one machine (not over a network file system: the claims rest on `flock`).

mod again;
mod audit;
mod batches;
mod chain;
mod chips;
mod claim;
mod connection;
mod contents;
mod credentials;
mod deliveries;
mod devices;
mod error;
mod factory;
mod generation;
mod handle;
mod held;
mod history;
mod holder;
mod issue;
mod labels;
mod leave;
mod load;
mod locks;
mod membership;
mod outbox;
mod provenance;
mod reports;
mod rotation;
mod rows;
mod schema;
mod serials;
mod served;
mod server_keys;
mod states;
mod steps;
mod tally;
mod ticket;
mod times;
mod together;
mod unfinished;
mod versions;
mod why;
mod work;
mod writer;

#[cfg(test)]
mod tests;

pub use audit::{ChainReport, Finding};
pub use batches::{BatchRecord, BatchState, Closing};
pub use deliveries::{FinishedDelivery, Lying, PendingDelivery};
pub use devices::DeviceRecord;
pub use error::LedgerError;
pub use generation::{CredentialState, IssuedGeneration, NewCredential};
pub use handle::Ledger;
pub use history::{DeliveryRecord, DeviceHistory, GenerationRecord, VersionRecord};
pub use locks::{LockPlan, LockRecord, LockState};
pub use membership::{Elsewhere, Membership, Reconciliation, Taking};
pub use outbox::{Outgoing, Snapshot, SnapshotCredential, Unsent};
pub use provenance::Provenance;
pub use reports::{DeviceFilter, Entry};
pub use served::ServedVersion;
pub use server_keys::ServerKey;
pub use states::{Again, DeliveryState, DeviceState, GenerationState};
pub use tally::{BatchCertificate, BatchDelivery, BatchFailure, Tally};
pub use ticket::{Beginning, Claim, Ticket};
pub use why::Why;
