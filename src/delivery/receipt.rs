//! The receipt: the proof that the bytes are on the other side.

use serde::{Deserialize, Serialize};

use crate::fleet::Digest;

use super::{SealedArtifact, TargetIdentity};

/// What a sink returns when everything has been read back and agrees. Holds digests, never a secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Receipt {
    /// The target that was written.
    pub target: TargetIdentity,
    /// Digest of the artifact; of a sink that brought several: of all.
    pub artifact: Digest,
    /// Digest of the image written; of the artifact where the target is a folder.
    pub image: Digest,
    /// Digest of what was read back; equals `image`.
    pub read_back: Digest,
    /// Bytes written.
    pub written: u64,
    /// Bytes read back and compared.
    pub compared: u64,
    /// Why secrets lie there in clear, where they do.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub accept_plaintext: Option<String>,
}

impl Receipt {
    /// Returns the receipt of one of several bundles on this target: image and bytes stay those of the whole medium.
    #[must_use]
    pub fn of_part(&self, artifact: &SealedArtifact) -> Self {
        let accept_plaintext = artifact.manifest().accept_plaintext.clone();
        Self { artifact: artifact.digest(), accept_plaintext, ..self.clone() }
    }
}
