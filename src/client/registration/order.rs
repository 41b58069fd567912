//! What the device was told of its registration: `registration.json`, which a bundle puts in place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::error::RegisterError;
use super::own_key::OwnKey;
use super::proof::{Proof, Who};
use crate::client::Disk;
use crate::fleet::Secret;
use crate::fleet::enrolment::claim::Claim;
use crate::host::HostError;
use crate::host::files::{folder_of, read_bounded};

/// Where the file lies when nothing else is said.
pub const ORDER_FILE: &str = "/etc/firstlight.d/registration.json";
/// Its longest form, and that of a file it names, in bytes.
const LONGEST: u64 = 64 << 10;
/// Shortest key a claim is proved with, in bytes: 128 bits.
const SHORTEST_KEY: usize = 16;
/// Most attributes.
const MOST_ATTRIBUTES: usize = 32;

/// What the device was told. A file's path is absolute, or begins at the folder of `registration.json`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Format number, 1.
    pub format: u32,
    /// Where to register: `https://host:port`, without a path.
    pub server: String,
    /// The fleet's name; a claim signs it.
    pub fleet: String,
    /// The device's id.
    pub id: String,
    /// Its enrolment group.
    pub group: String,
    /// How it proves itself.
    pub security: Proves,
    /// A file with the certificates trusted for the server, PEM.
    #[serde(default)]
    pub trust: Option<String>,
    /// The same, inline.
    #[serde(default)]
    pub trust_pem: Option<String>,
    /// `x509`: a file with the certificate and its issuers, PEM; a renewed one takes its place.
    #[serde(default)]
    pub certificate: Option<String>,
    /// `x509`, `jwt`: a file with the private key, PEM.
    #[serde(default)]
    pub private_key: Option<String>,
    /// `token`: a file with the token, or with a JWT.
    #[serde(default)]
    pub token: Option<String>,
    /// `psk`, `claim`: a file with the key.
    #[serde(default)]
    pub key: Option<String>,
    /// How the key is written there.
    #[serde(default)]
    pub key_encoding: KeyEncoding,
    /// `psk`: the credential's name.
    #[serde(default)]
    pub key_name: Option<String>,
    /// A file with a certificate request (PKCS#10, PEM or DER) to be certified; it must be the same in every run.
    #[serde(default)]
    pub request: Option<String>,
    /// Serial number; the hardware's when absent.
    #[serde(default)]
    pub serial: Option<String>,
    /// Who made the device.
    #[serde(default)]
    pub vendor: Option<String>,
    /// A model of the registry, `NAME@VERSION`.
    #[serde(default)]
    pub model: Option<String>,
    /// The hardware's version.
    #[serde(default)]
    pub hardware: Option<String>,
    /// The firmware's version.
    #[serde(default)]
    pub firmware: Option<String>,
    /// A file that holds the firmware's version.
    #[serde(default)]
    pub firmware_file: Option<String>,
    /// Where the device is reached.
    #[serde(default)]
    pub endpoint: Option<Endpoint>,
    /// More that is known of it.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// LwM2M objects it has, such as `3303/1.1`.
    #[serde(default)]
    pub objects: Vec<String>,
}

/// How a device proves itself to the registration server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Proves {
    /// By a client certificate.
    X509,
    /// By a pre-shared key of its own: a claim.
    Psk,
    /// By a token: a bearer.
    Token,
    /// By the key that was derived for it from its group's: a claim.
    Claim,
    /// By JWTs that its own private key signs: for where TLS ends before the server.
    Jwt,
}

/// How a key's file is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyEncoding {
    /// Digits.
    #[default]
    Hex,
    /// With padding.
    Base64,
    /// The bytes themselves.
    Raw,
}

/// Where a device is reached.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Protocol.
    pub protocol: String,
    /// Address.
    pub address: String,
}

/// An order and where it lies.
pub struct Placed<'a> {
    /// What was told.
    pub order: Order,
    path: PathBuf,
    /// The same as the device names it.
    place: PathBuf,
    disk: &'a Disk,
}

impl<'a> Placed<'a> {
    /// Reads the order; `path` is a path of the device.
    pub fn read(disk: &'a Disk, path: &Path) -> Result<Self, RegisterError> {
        let (place, path) = (path.to_owned(), disk.path(path));
        let unusable = |reason: String| RegisterError::Order { path: path.clone(), reason };
        let bytes = match read_bounded(&path, LONGEST) {
            Err(error) if error.kind() == Some(std::io::ErrorKind::NotFound) => {
                return Err(RegisterError::NoOrder { path });
            }
            bytes => bytes.map_err(|error| unusable(error.to_string()))?,
        };
        let order: Order = serde_json::from_slice(&bytes).map_err(|error| unusable(error.to_string()))?;
        order.check().map_err(unusable)?;
        Ok(Self { order, path, place, disk })
    }

    /// Returns the certificates that are trusted for the server, PEM.
    pub fn roots(&self) -> Result<Option<Vec<u8>>, RegisterError> {
        match (&self.order.trust, &self.order.trust_pem) {
            (Some(path), None) => self.read_file(path).map(|(bytes, _)| Some(bytes)),
            (None, inline) => Ok(inline.clone().map(String::into_bytes)),
            (Some(_), Some(_)) => Err(self.unusable("it has both \"trust\" and \"trust_pem\"")),
        }
    }

    /// Returns what the device proves itself with.
    pub fn proof(&self) -> Result<Proof, RegisterError> {
        let order = &self.order;
        match order.security {
            Proves::X509 => {
                let chain = self.secret("certificate", order.certificate.as_ref())?.0;
                let key = self.secret("private_key", order.private_key.as_ref())?.0;
                Ok(Proof::Certificate { chain, key })
            }
            Proves::Token => {
                let (token, path) = self.secret("token", order.token.as_ref())?;
                let token = Secret::new(token.expose(|token| token.trim_ascii().to_vec()));
                let is_token = token.expose(|token| !token.is_empty() && token.iter().all(u8::is_ascii_graphic));
                if !is_token || token.len() > 4096 {
                    return Err(RegisterError::Order { path, reason: "it holds no token".into() });
                }
                Ok(Proof::Bearer(token))
            }
            Proves::Psk => {
                let name = order.key_name.clone();
                let name = name.ok_or_else(|| self.unusable("security psk wants \"key_name\""))?;
                Ok(Proof::Claim { key: self.key()?, name })
            }
            Proves::Jwt => {
                let key = self.own_key()?.ok_or_else(|| self.unusable("security jwt wants \"private_key\""))?;
                let reason = || "it holds no private key of P-256".to_owned();
                let path = || self.file_path(order.private_key.as_deref().unwrap_or_default());
                let key = key.ok_or_else(|| RegisterError::Order { path: path(), reason: reason() })?;
                Ok(Proof::Jwt(Box::new(key)))
            }
            Proves::Claim => Ok(Proof::Claim { key: self.key()?, name: "group".into() }),
        }
    }

    /// Returns the certificate request, DER.
    pub fn request(&self) -> Result<Option<Vec<u8>>, RegisterError> {
        let Some(path) = &self.order.request else { return Ok(None) };
        let (bytes, path) = self.read_file(path)?;
        let der = if bytes.starts_with(b"-----BEGIN") { from_pem(&bytes) } else { Some(bytes) };
        // A SEQUENCE of more than 127 bytes (X.690): more is the server's to judge.
        let der = der.filter(|der| der.starts_with(&[0x30, 0x82]) || der.starts_with(&[0x30, 0x81]));
        let reason = || "it is no certificate request (PKCS#10)".to_owned();
        der.map(Some).ok_or_else(|| RegisterError::Order { path, reason: reason() })
    }

    /// Returns the device's own private key where one is named; inside none where it is not of P-256.
    pub fn own_key(&self) -> Result<Option<Option<OwnKey>>, RegisterError> {
        let Some(path) = &self.order.private_key else { return Ok(None) };
        Ok(Some(OwnKey::open(&self.secret("private_key", Some(path))?.0)))
    }

    /// Returns the path, on the device, of the file with its certificate.
    pub fn certificate_path(&self) -> Option<String> {
        let named = self.order.certificate.as_deref()?;
        if named.starts_with('/') {
            return Some(named.to_owned());
        }
        Some(folder_of(&self.place).join(named).to_str()?.to_owned())
    }

    /// Returns the firmware's version, as given or read.
    pub fn firmware(&self) -> Result<Option<String>, RegisterError> {
        match (&self.order.firmware, &self.order.firmware_file) {
            (Some(given), _) => Ok(Some(given.clone())),
            (None, None) => Ok(None),
            (None, Some(path)) => {
                let (bytes, path) = self.read_file(path)?;
                let text = String::from_utf8(bytes).ok().map(|text| text.trim().to_owned());
                let text =
                    text.filter(|text| !text.is_empty() && text.len() <= 128 && !text.contains(char::is_control));
                let reason = || "it holds no version in one line".to_owned();
                text.map(Some).ok_or_else(|| RegisterError::Order { path, reason: reason() })
            }
        }
    }

    fn key(&self) -> Result<Secret, RegisterError> {
        let (text, path) = self.secret("key", self.order.key.as_ref())?;
        let key = text.expose(|text| match self.order.key_encoding {
            KeyEncoding::Hex => hex::decode(text.trim_ascii()).ok(),
            KeyEncoding::Base64 => BASE64.decode(text.trim_ascii()).ok(),
            KeyEncoding::Raw => Some(text.to_vec()),
        });
        let key = key.map(Secret::new).filter(|key| key.len() >= SHORTEST_KEY);
        let reason = || format!("it holds no key of {SHORTEST_KEY} bytes or more");
        key.ok_or_else(|| RegisterError::Order { path, reason: reason() })
    }

    fn secret(&self, name: &str, path: Option<&String>) -> Result<(Secret, PathBuf), RegisterError> {
        let wanted = || self.unusable(&format!("security {:?} wants {name:?}", self.order.security).to_lowercase());
        let (bytes, path) = self.read_file(path.ok_or_else(wanted)?)?;
        Ok((Secret::new(bytes), path))
    }

    fn read_file(&self, path: &str) -> Result<(Vec<u8>, PathBuf), RegisterError> {
        let path = self.file_path(path);
        let bytes = read_bounded(&path, LONGEST);
        let bytes =
            bytes.map_err(|error: HostError| RegisterError::Order { path: path.clone(), reason: words(&error) })?;
        Ok((bytes, path))
    }

    fn file_path(&self, path: &str) -> PathBuf {
        if path.starts_with('/') { self.disk.path(path) } else { folder_of(&self.path).join(path) }
    }

    fn unusable(&self, reason: &str) -> RegisterError {
        RegisterError::Order { path: self.path.clone(), reason: reason.to_owned() }
    }
}

fn words(error: &HostError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn from_pem(pem: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(pem).ok()?;
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    BASE64.decode(body).ok()
}

impl Order {
    fn check(&self) -> Result<(), String> {
        if self.format != 1 {
            return Err(format!("it has format {}, this program reads 1", self.format));
        }
        let rest = self.server.split_once("://").map(|(_, rest)| rest.strip_suffix('/').unwrap_or(rest));
        if !rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', '?', '#'])) {
            return Err(format!("server {:?} is not of the form https://host:port", self.server));
        }
        if self.attributes.len() > MOST_ATTRIBUTES {
            return Err(format!("it has {} attributes, {MOST_ATTRIBUTES} are possible", self.attributes.len()));
        }
        let key = self.key_name.clone().unwrap_or_else(|| "group".into());
        if self.security == Proves::Psk && key == "group" {
            return Err("security psk wants \"key_name\", another word than \"group\"".into());
        }
        let (id, group) = (self.id.clone(), self.group.clone());
        let claim = Claim { id, group, key, nonce: "0".repeat(32), time: Some(0) };
        if self.id.is_empty()
            || self.group.is_empty()
            || Claim::from_header(&claim.header("0")) != Some((claim, "0".into()))
        {
            return Err("\"id\", \"group\" or \"key_name\" holds characters that are not possible".into());
        }
        Ok(())
    }

    /// Returns who proves itself.
    pub fn who(&self) -> Who<'_> {
        Who { fleet: &self.fleet, id: &self.id, group: &self.group }
    }

    /// Returns the server's address without a slash at its end.
    pub fn base(&self) -> &str {
        self.server.trim_end_matches('/')
    }
}
