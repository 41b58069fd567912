//! The manifest: what a bundle holds, for whom it is, and what its reader shall do with it.

use serde::{Deserialize, Serialize};

use crate::fleet::{Digest, EndpointName};

use super::matching::Match;
use super::order::{Action, ClockRule, Connect, TrustedKeys};

/// The manifest's file name on every medium.
pub const MANIFEST_NAME: &str = "firstlight-manifest.json";
/// The format's number; a reader refuses a higher one.
pub const MANIFEST_FORMAT: u32 = 1;
/// The longest manifest a reader takes, in bytes.
pub const LONGEST_MANIFEST: usize = 1 << 20;
/// Where the reader of a medium leaves word of what came of a bundle; beside the manifest, not named by it.
pub const RESULT_NAME: &str = "firstlight-result.json";
/// The size of that file, in bytes: written as blanks, so that a reader needs no room and no change of the volume.
pub const RESULT_SIZE: usize = 4096;
/// The folder that holds a folder for each bundle, on a medium with several.
pub const BUNDLES_FOLDER: &str = "firstlight";
/// Most bundles on one medium: what a device's reader looks through.
pub const MOST_BUNDLES: usize = 4096;
/// Most signatures beside a manifest: the bundle keys of a rotation's overlap.
pub const MOST_SIGNATURES: usize = 4;

/// Returns the name of the manifest's `number`-th signature file, counted from 0 (minisign's format).
pub fn signature_name(number: usize) -> String {
    match number {
        0 => format!("{MANIFEST_NAME}.minisig"),
        n => format!("{MANIFEST_NAME}.{}.minisig", n + 1),
    }
}

/// What a bundle holds and for whom it is: one JSON document beside the files. docs/bundle-format.md specifies it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Format number, [`MANIFEST_FORMAT`].
    pub format: u32,
    /// The fleet's name.
    pub fleet: String,
    /// The device it is for; of a site bundle: the name of the site.
    pub device: EndpointName,
    /// Whether it is one device's or a site's.
    #[serde(skip_serializing_if = "Scope::is_device", default)]
    pub scope: Scope,
    /// What a device must be to take it; everything where nothing is asked.
    #[serde(rename = "match", skip_serializing_if = "Match::is_empty", default)]
    pub matching: Match,
    /// The bundle's name in the profile.
    pub bundle: String,
    /// The bundle version: counts up for each device.
    pub version: u32,
    /// The template that made it.
    pub template: String,
    /// When it was made, RFC 3339 in UTC with whole seconds (`SOURCE_DATE_EPOCH` where set).
    pub created: String,
    /// Not to be taken before, RFC 3339 in UTC with whole seconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub not_before: Option<String>,
    /// Not to be taken after, RFC 3339 in UTC with whole seconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub not_after: Option<String>,
    /// What a device without trusted time does with a bundle whose validity it cannot judge.
    #[serde(skip_serializing_if = "ClockRule::is_refuse", default)]
    pub without_clock: ClockRule,
    /// To be taken once: never again after it was replaced or forgotten.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub single_use: bool,
    /// Why secrets lie in clear, where they do.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub accept_plaintext: Option<String>,
    /// True if a demo authority or a seed made the credentials.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub demo: bool,
    /// The files, sorted by path.
    pub files: Vec<ManifestFile>,
    /// What the reader does after the files are in place, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub actions: Vec<Action>,
    /// The connection that proves the bundle good.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub connect: Option<Connect>,
    /// The bundle keys that the fleet uses from now on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trusted_keys: Option<TrustedKeys>,
}

/// Whose a bundle is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// One device's.
    #[default]
    Device,
    /// A site's: for every device that matches, beside its own.
    Site,
}

impl Scope {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    fn is_device(&self) -> bool {
        *self == Scope::Device
    }
}

/// One file of a bundle.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Path on the medium, `/`-separated, relative, without `.` and `..`. An encrypted file's ends in its
    /// [`Encryption::suffix`].
    pub path: String,
    /// Size in bytes, as it lies on the medium.
    pub size: u64,
    /// SHA-256 of the bytes on the medium. (One of the content would let anybody test guesses of a short secret.)
    pub sha256: Digest,
    /// Unix mode, octal text (`0600`).
    pub mode: String,
    /// How it is encrypted; in clear when absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub encryption: Option<Encryption>,
    /// Where the reader puts it, an absolute path; it stays in the reader's store when absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub destination: Option<String>,
    /// Whose it is there, `user` or `user:group`; root's when absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub owner: Option<String>,
    /// True for a file that does not come with the bundle: the reader's own, of the bundle in force, stays. Its size is 0.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub keep: bool,
}

impl ManifestFile {
    /// Returns the file's name in the reader's store: its path without the suffix of the encryption.
    pub fn name(&self) -> &str {
        let suffix = self.encryption.map_or("", Encryption::suffix);
        self.path.strip_suffix(suffix).unwrap_or(&self.path)
    }
}

/// How a file is encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encryption {
    /// age-encryption.org/v1 to X25519 recipients, binary.
    Age,
    /// `COSE_Encrypt0` (RFC 9052, section 5.2) with a pre-shared key.
    CoseEncrypt0,
}

impl Encryption {
    /// Returns what is put behind the path of an encrypted file.
    pub fn suffix(self) -> &'static str {
        match self {
            Encryption::Age => ".age",
            Encryption::CoseEncrypt0 => ".cose",
        }
    }
}

impl Manifest {
    /// Returns the manifest of a device's bundle of no file, for every device, for all times, in clear.
    pub fn new(fleet: &str, device: EndpointName, bundle: &str, version: u32) -> Self {
        Self {
            format: MANIFEST_FORMAT,
            fleet: fleet.to_owned(),
            device,
            scope: Scope::Device,
            matching: Match::default(),
            bundle: bundle.to_owned(),
            version,
            template: String::new(),
            created: "1970-01-01T00:00:00Z".to_owned(),
            not_before: None,
            not_after: None,
            without_clock: ClockRule::Refuse,
            single_use: false,
            accept_plaintext: None,
            demo: false,
            files: Vec::new(),
            actions: Vec::new(),
            connect: None,
            trusted_keys: None,
        }
    }

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
