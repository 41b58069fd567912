//! What travels from the plan to the target, and the seams between the rooms that make it.
//!
//! Manifest, artifact, target image, preflight, consent, receipt; and the traits `Sink`, `Confirm`, `Progress`, `Clock`,
//! `Random`. Values and seams only: no file is opened here.

pub mod artifact;
pub mod credential;
pub mod failure;
pub mod image;
pub mod manifest;
pub mod progress;
pub mod receipt;
pub mod sink;
pub mod surroundings;
pub mod target;

pub use artifact::{ArtifactError, ArtifactFile, SealedArtifact};
pub use credential::{Credential, PublicCredential, PublicKind, SealedMaterial};
pub use failure::SinkError;
pub use image::{Content, Extent, ImageHasher, TargetImage};
pub use manifest::{MANIFEST_NAME, Manifest, ManifestFile};
pub use progress::{Event, Progress, Silent, Step};
pub use receipt::Receipt;
pub use sink::Sink;
pub use surroundings::{Clock, Random};
pub use target::{Confirm, Consent, Effect, Footprint, Preflight, TargetIdentity, TargetKind};
