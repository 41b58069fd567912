//! The file that brings a server the pre-shared keys of its devices: a head, then a key a line, each wrapped to the server;
//! a signature of the fleet's bundle key beside it (minisign's format). docs/server-keys.md specifies it.

use std::collections::BTreeSet;
use std::io::BufRead as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::delivery::{Encryption, Signer};
use crate::fleet::{Class, Diagnose, Secret};

use super::sealed::signature::LONGEST;
use super::sealed::{OpeningKey, PublicKey, Signature, envelope};

/// What the head says it is.
const FORMAT: &str = "firstlight-server-keys/1";
/// The longest file, in bytes: about 500,000 keys.
pub const LARGEST: u64 = 256 << 20;
/// The longest key, in bytes.
const LONGEST_KEY: usize = 4096;

/// The first line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Always `firstlight-server-keys/1`.
    pub format: String,
    /// The fleet.
    pub fleet: String,
    /// The server, as the fleet file names it.
    pub server: String,
    /// When it was made, RFC 3339: an older file never replaces a newer one.
    pub made: String,
    /// How many keys follow: these and no other are in force.
    pub keys: usize,
}

/// Each further line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrappedKey {
    /// The device's endpoint name.
    pub device: String,
    /// The identity that the device shows (RFC 4279, section 5.1).
    pub identity: String,
    /// The generation of the credential.
    pub generation: u32,
    /// False while the device may still show the generation before.
    pub active: bool,
    /// The key, wrapped to the server: a binary age file, base64.
    pub wrapped: String,
}

/// The file and what signs it.
pub struct ServerKeyFile {
    /// The file.
    pub document: Vec<u8>,
    /// A signature of each bundle key, minisign's format, the newest key's first.
    pub signatures: Vec<String>,
}

/// A key, opened.
pub struct OpenedKey {
    /// What the file says of it.
    pub entry: WrappedKey,
    /// The key.
    pub key: Secret,
}

/// Why the keys cannot be told or taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ServerKeysError {
    /// No signature by a key that is trusted.
    #[error("refusing keys that no trusted bundle key signed")]
    NotOurs,
    /// Not what was signed.
    #[error("refusing keys whose signature does not fit: the file was altered or is cut off")]
    Altered,
    /// A line that cannot be read.
    #[error("line {line} of the keys {reason}")]
    Line {
        /// From 1.
        line: usize,
        /// Why.
        reason: String,
    },
    /// A file from before the one that is in force.
    #[error("refusing keys made {made}: those of {known} are known already")]
    Older {
        /// This file.
        made: String,
        /// The newest known.
        known: String,
    },
    /// Wrapped for somebody else.
    #[error("the key of {device:?} does not open: it is wrapped to another server")]
    NotForUs {
        /// Whose key.
        device: String,
    },
    /// It cannot be signed.
    #[error("the keys cannot be signed: {0}")]
    Signing(String),
    /// There is no such server.
    #[error("there is no server {0:?} in the fleet file")]
    Unknown(String),
    /// The server has no key of its own.
    #[error("server {0:?} has no recipient: its keys could be wrapped for nobody")]
    NoRecipient(String),
    /// The server names no credential, or one of another kind.
    #[error("server {0:?} needs no pre-shared keys")]
    NoKeys(String),
    /// A key that is neither kept nor was wrapped when it was issued.
    #[error("the key of {device:?} for server {server:?} is gone: it was issued when the server had no recipient")]
    Gone {
        /// The device.
        device: String,
        /// The server.
        server: String,
    },
}

impl Diagnose for ServerKeysError {
    fn class(&self) -> Class {
        match self {
            Self::Altered => Class::Differs,
            Self::Line { .. } | Self::Unknown(_) | Self::NoRecipient(_) | Self::NoKeys(_) => Class::Input,
            Self::NotOurs | Self::Older { .. } | Self::NotForUs { .. } | Self::Signing(_) | Self::Gone { .. } => {
                Class::Refused
            }
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotOurs => {
                Some("`firstlight seal export` at the fleet gives the keys to trust: anchors/*.pub".into())
            }
            Self::NoRecipient(server) => {
                Some(format!("`age-keygen` on the server gives it: servers: {{{server}: {{recipient: age1...}}}}"))
            }
            Self::Gone { device, .. } => Some(format!("`firstlight write {device} --again lost` makes a new one")),
            Self::NotForUs { .. } => {
                Some("name the age identity whose recipient stands at `servers:` as `recipient`".into())
            }
            _ => None,
        }
    }
}

impl Head {
    /// The head of a file with `keys` keys.
    pub fn new(fleet: &str, server: &str, made: String, keys: usize) -> Self {
        Self { format: FORMAT.into(), fleet: fleet.into(), server: server.into(), made, keys }
    }
}

/// Writes and signs the file.
pub fn write(head: &Head, keys: &[WrappedKey], signers: &[&dyn Signer]) -> Result<ServerKeyFile, ServerKeysError> {
    let mut document = line(head);
    for key in keys {
        document.extend(line(key));
    }
    let comment = format!("fleet={} server={} made={}", head.fleet, head.server, head.made);
    let sign = |signer: &&dyn Signer| {
        let made = Signature::make(*signer, &document, &comment).map_err(ServerKeysError::Signing)?;
        Ok(made.to_file())
    };
    let signatures = signers.iter().map(sign).collect::<Result<_, _>>()?;
    Ok(ServerKeyFile { document, signatures })
}

/// Wraps for the file: base64 of a binary age file.
pub fn armour(wrapped: &[u8]) -> String {
    BASE64.encode(wrapped)
}

fn line(value: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).expect("plain words");
    line.push(b'\n');
    line
}

/// Checks the signature, then reads and opens every key. All of them open, or none is given.
pub fn open(
    document: &[u8],
    signature: &[u8],
    trusted: &[PublicKey],
    identity: &OpeningKey,
    newer_than: Option<OffsetDateTime>,
) -> Result<(Head, Vec<OpenedKey>), ServerKeysError> {
    check_signature(document, signature, trusted)?;
    let mut lines = document.lines().enumerate();
    let (_, first) = lines.next().ok_or_else(|| fault(0, "is missing"))?;
    let head: Head = read(0, first)?;
    if head.format != FORMAT {
        return Err(fault(0, &format!("says {:?}, read is {FORMAT:?}", head.format)));
    }
    let made = OffsetDateTime::parse(&head.made, &Rfc3339).map_err(|_| fault(0, "says no time"))?;
    if let Some(known) = newer_than.filter(|known| made < *known) {
        return Err(ServerKeysError::Older { made: head.made, known: known.to_string() });
    }
    let mut seen = BTreeSet::new();
    let keys = lines.map(|(at, line)| {
        let key = open_line(at, line, identity)?;
        let twice = !seen.insert(key.entry.identity.clone());
        if twice {
            Err(fault(at, &format!("has the identity {:?} a second time", key.entry.identity)))
        } else {
            Ok(key)
        }
    });
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    if keys.len() != head.keys {
        return Err(fault(0, &format!("says {} keys, there are {}", head.keys, keys.len())));
    }
    Ok((head, keys))
}

fn check_signature(document: &[u8], signature: &[u8], trusted: &[PublicKey]) -> Result<(), ServerKeysError> {
    let signature = signature.get(..LONGEST.min(signature.len())).and_then(Signature::parse);
    let signature = signature.ok_or(ServerKeysError::NotOurs)?;
    let Some(key) = trusted.iter().find(|key| key.id == signature.key_id) else { return Err(ServerKeysError::NotOurs) };
    if key.verifies(document, &signature) { Ok(()) } else { Err(ServerKeysError::Altered) }
}

fn open_line(at: usize, line: std::io::Result<String>, identity: &OpeningKey) -> Result<OpenedKey, ServerKeysError> {
    let entry: WrappedKey = read(at, line)?;
    let wrapped = BASE64.decode(&entry.wrapped).map_err(|_| fault(at, "has a key that is no base64"))?;
    let opened = envelope::open(Encryption::Age, &wrapped, std::slice::from_ref(identity), LONGEST_KEY);
    let key = opened.map_err(|_| ServerKeysError::NotForUs { device: entry.device.clone() })?;
    Ok(OpenedKey { entry, key })
}

fn read<T: serde::de::DeserializeOwned>(at: usize, line: std::io::Result<String>) -> Result<T, ServerKeysError> {
    let line = line.map_err(|_| fault(at, "is no text"))?;
    serde_json::from_str(&line).map_err(|error| fault(at, &format!("cannot be read: {error}")))
}

fn fault(at: usize, reason: &str) -> ServerKeysError {
    ServerKeysError::Line { line: at + 1, reason: reason.to_owned() }
}
