//! The manifest: what a bundle holds and for whom it is.

use serde::{Deserialize, Serialize};

use crate::fleet::{Digest, EndpointName};

/// The manifest's file name on every medium.
pub const MANIFEST_NAME: &str = "firstlight-manifest.json";
/// The format's number; a reader refuses a higher one.
pub const MANIFEST_FORMAT: u32 = 1;
/// The longest manifest a reader takes, in bytes.
pub const LONGEST_MANIFEST: usize = 1 << 20;

/// What a bundle holds and for whom it is: one JSON document beside the files.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Format number, [`MANIFEST_FORMAT`].
    pub format: u32,
    /// The fleet's name.
    pub fleet: String,
    /// The device it is for.
    pub device: EndpointName,
    /// The bundle's name in the profile.
    pub bundle: String,
    /// The bundle version: counts up for each device.
    pub version: u32,
    /// The template that made it.
    pub template: String,
    /// When it was made, RFC 3339 in UTC with whole seconds (`SOURCE_DATE_EPOCH` where set).
    pub created: String,
    /// Why secrets lie in clear, where they do.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub accept_plaintext: Option<String>,
    /// True if a demo authority or a seed made the credentials.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub demo: bool,
    /// The files, sorted by path.
    pub files: Vec<ManifestFile>,
}

/// One file of a bundle.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Path, `/`-separated, relative, without `.` and `..`.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of the content.
    pub sha256: Digest,
    /// Unix mode, octal text (`0600`).
    pub mode: String,
}

impl Manifest {
    /// Returns the document: pretty-printed JSON with a final line feed, the same bytes for the same value.
    pub fn to_json(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).expect("a manifest is plain data");
        text.push(b'\n');
        text
    }

    /// Reads a document of at most [`LONGEST_MANIFEST`] bytes. Format number and paths are not judged here.
    pub fn from_json(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        use serde::de::Error as _;
        if bytes.len() > LONGEST_MANIFEST {
            return Err(serde_json::Error::custom("the manifest is longer than 1 MiB"));
        }
        serde_json::from_slice(bytes)
    }
}
