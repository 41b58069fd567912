//! What the image says of its device: `/etc/firstlight/device`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;

use super::error::ClientError;
use crate::bundle::sealed::{Limits, OpeningKey, PublicKey, signature};
use crate::fleet::Secret;
use crate::host::files::read_bounded;
use crate::host::{HostError, Machine};

/// The file that makes a machine a device.
pub const DEVICE_FILE: &str = "/etc/firstlight/device";
/// Its longest form, in bytes.
const LONGEST: u64 = 64 << 10;
/// Most keys of one folder.
const MOST_KEYS: usize = 64;
/// The longest key file, in bytes.
const LONGEST_KEY: u64 = 4096;

/// What the image says of its device. docs/bundle-format.md specifies the file.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Format number, 1.
    pub format: u32,
    /// The fleet it belongs to from the factory on; the first accepted bundle's when absent.
    #[serde(default)]
    pub fleet: Option<String>,
    /// Model, where hardware does not tell.
    #[serde(default)]
    pub model: Option<String>,
    /// A file that holds the serial number.
    #[serde(default)]
    pub serial_file: Option<String>,
    /// A file that holds the TPM's endorsement key, DER, where it is not read from the TPM.
    #[serde(default)]
    pub tpm_ek_file: Option<String>,
    /// Folder of the bundle keys trusted from the factory on (minisign, `*.pub`).
    #[serde(default = "anchors")]
    pub anchors: String,
    /// Folder of the keys that open files (`*.age`, `*.cose`).
    #[serde(default = "keys")]
    pub keys: String,
    /// Folder of the store.
    #[serde(default = "store")]
    pub store: String,
    /// Volume labels that are looked for, without case.
    #[serde(default = "labels")]
    pub labels: Vec<String>,
    /// Folders that files may be put in.
    #[serde(default = "destinations")]
    pub destinations: Vec<String>,
    /// Hooks: name to program and arguments.
    #[serde(default)]
    pub hooks: BTreeMap<String, Vec<String>>,
    /// Whether the first bundle's keys are believed where nothing is trusted yet.
    #[serde(default)]
    pub trust_on_first_use: bool,
    /// How somebody who stands before the device says so.
    #[serde(default)]
    pub presence: Option<Presence>,
    /// A LED's folder in sysfs.
    #[serde(default)]
    pub led: Option<String>,
    /// Where the outcome is said in one line.
    #[serde(default)]
    pub console: Option<String>,
    /// What is taken at most.
    #[serde(default)]
    pub limits: DeviceLimits,
    /// Must be true: this program takes no bundle without a signature.
    #[serde(default = "yes")]
    pub require_signature: bool,
}

/// A file whose content says that somebody stands before the device: a button's, a jumper's.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Presence {
    /// The file.
    pub file: String,
    /// Its content then, blanks at the ends aside.
    pub equals: String,
}

/// What a device takes at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeviceLimits {
    /// Bytes of one bundle.
    pub bytes: u64,
    /// Files of one bundle.
    pub files: usize,
    /// Bundles of one medium.
    pub bundles: usize,
}

impl Default for DeviceLimits {
    fn default() -> Self {
        let Limits { bundles, files, bytes } = Limits::default();
        Self { bytes, files, bundles }
    }
}

impl From<DeviceLimits> for Limits {
    fn from(limits: DeviceLimits) -> Self {
        Limits { bundles: limits.bundles, files: limits.files, bytes: limits.bytes }
    }
}

fn anchors() -> String {
    "/etc/firstlight/anchors".into()
}

fn keys() -> String {
    "/etc/firstlight/keys".into()
}

fn store() -> String {
    "/var/lib/firstlight".into()
}

fn labels() -> Vec<String> {
    vec!["FIRSTLIGHT".into()]
}

fn destinations() -> Vec<String> {
    vec!["/etc".into(), "/var/lib".into()]
}

fn yes() -> bool {
    true
}

impl Device {
    /// Reads the file; [`ClientError::NotADevice`] where it is missing.
    pub fn read(machine: &Machine) -> Result<Self, ClientError> {
        let path = machine.path(DEVICE_FILE);
        let unusable = |reason: String| ClientError::Device { path: path.clone(), reason };
        let bytes = match read_bounded(&path, LONGEST) {
            Err(error) if error.kind() == Some(std::io::ErrorKind::NotFound) => {
                return Err(ClientError::NotADevice { path });
            }
            bytes => bytes?,
        };
        let device: Self = serde_json::from_slice(&bytes).map_err(|error| unusable(error.to_string()))?;
        device.check().map_err(unusable)?;
        Ok(device)
    }

    fn check(&self) -> Result<(), String> {
        if self.format != 1 {
            return Err(format!("it has format {}, this program reads 1", self.format));
        }
        if !self.require_signature {
            return Err("it sets require_signature to false: this program takes no unsigned bundle".into());
        }
        let folders = [&self.anchors, &self.keys, &self.store].into_iter().chain(&self.destinations);
        match folders.into_iter().find(|folder| !folder.starts_with('/') || folder.split('/').any(|name| name == ".."))
        {
            Some(folder) => Err(format!("{folder:?} is no absolute path")),
            None => Ok(()),
        }
    }

    /// Returns the trusted keys of the image. A file that holds no key is an error: silence would look like an attack.
    pub fn baked_anchors(&self, machine: &Machine) -> Result<Vec<PublicKey>, ClientError> {
        let mut anchors = Vec::new();
        for path in key_files(&machine.path(&self.anchors), "pub")? {
            let bytes = read_bounded(&path, signature::LONGEST as u64)?;
            let key = std::str::from_utf8(&bytes).ok().and_then(PublicKey::parse);
            anchors
                .push(key.ok_or_else(|| ClientError::Device { path, reason: "it is no minisign public key".into() })?);
        }
        Ok(anchors)
    }

    /// Returns the keys of the image that open files.
    pub fn baked_keys(&self, machine: &Machine) -> Result<Vec<OpeningKey>, ClientError> {
        let folder = machine.path(&self.keys);
        let mut keys = Vec::new();
        for path in key_files(&folder, "age")? {
            keys.push(read_age(&path)?);
        }
        for path in key_files(&folder, "cose")? {
            keys.push(read_cose(&path)?);
        }
        Ok(keys)
    }

    /// Returns true if somebody stands before the device, by the image's own rule; the error says why not.
    pub fn presence(&self, machine: &Machine) -> Result<(), String> {
        let presence = self.presence.as_ref().ok_or("this image has no way to declare presence")?;
        let found = read_bounded(&machine.path(&presence.file), LONGEST_KEY).map_err(|error| error.to_string())?;
        let found = String::from_utf8_lossy(&found);
        if found.trim() == presence.equals.trim() {
            return Ok(());
        }
        Err(format!("{:?} holds {:?}, presence is {:?}", presence.file, found.trim(), presence.equals))
    }
}

/// Reads an age identity file.
pub(super) fn read_age(path: &Path) -> Result<OpeningKey, ClientError> {
    let text = Secret::new(read_bounded(path, LONGEST_KEY)?);
    let key = text.expose(|text| std::str::from_utf8(text).ok().and_then(OpeningKey::parse_age));
    key.ok_or_else(|| ClientError::Device { path: path.to_owned(), reason: "it is no age identity".into() })
}

/// A pre-shared key in hex or base64; its file's name without `.cose` is the key's name.
fn read_cose(path: &Path) -> Result<OpeningKey, ClientError> {
    let text = Secret::new(read_bounded(path, LONGEST_KEY)?);
    let decode = |text: &[u8]| hex::decode(text).ok().or_else(|| BASE64.decode(text).ok());
    let key = text.expose(|text| decode(text.trim_ascii())).filter(|key| matches!(key.len(), 16 | 32));
    let reason = || "it is no key of 16 or 32 bytes in hex or base64".to_owned();
    let key = key.ok_or_else(|| ClientError::Device { path: path.to_owned(), reason: reason() })?;
    let name = path.file_stem().map(|name| name.as_encoded_bytes().to_vec());
    Ok(OpeningKey::Cose { name, key: Secret::new(key) })
}

/// The files of a folder with this extension, sorted; none where the folder is missing.
fn key_files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, ClientError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(HostError::io("reading", folder))?,
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .take(MOST_KEYS)
        .collect();
    paths.sort();
    Ok(paths)
}
