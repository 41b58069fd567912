//! What travels from the plan to the target, and the seams between the rooms that make it.
//!
//! Manifest, artifact, target image, preflight, consent, receipt; and the traits `Sink`, `Confirm`, `Progress`, `Clock`,
//! `Random`. Values and seams only: no file is opened here.

pub mod artifact;
pub mod cargo;
pub mod credential;
pub mod failure;
pub mod image;
pub mod manifest;
pub mod matching;
pub mod order;
pub mod progress;
pub mod receipt;
pub mod result;
pub mod shelf;
pub mod signer;
pub mod sink;
pub mod surroundings;
pub mod target;

pub use artifact::{ArtifactError, ArtifactFile, Attachment, SealedArtifact};
pub use cargo::{Cargo, Part};
pub use credential::{Credential, PublicCredential, PublicKind, SealedMaterial};
pub use failure::SinkError;
pub use image::{Content, Extent, ImageHasher, TargetImage};
pub use manifest::{Encryption, MANIFEST_NAME, Manifest, ManifestFile, Scope};
pub use matching::{Match, Property};
pub use order::{Action, ClockRule, Connect, ConnectProtocol, TrustedKeys};
pub use progress::{Event, Progress, Silent, Step};
pub use receipt::Receipt;
pub use result::{Outcome, ResultBody, ResultFile, ResultRoom};
pub use shelf::Shelf;
pub use signer::{Signer, key_name};
pub use sink::Sink;
#[cfg(feature = "station")]
pub use sink::{Locks, Observation};
pub use surroundings::{Clock, Random};
pub use target::{ChipIdentity, Confirm, Consent, Effect, Footprint, Preflight, TargetIdentity, TargetKind};
