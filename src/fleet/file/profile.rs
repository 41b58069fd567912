//! `profiles:` of the fleet file.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::quantity;
use super::super::yaml::{Entry, Node};
use super::super::{
    CertificateProfile, CredentialKind, CredentialShape, Filesystem, KeyAlgorithm, PartitionTable, Place, Validity,
};
use super::located::{Located, entries, located, name, typed, word};
use super::shapes::PSK_IDENTITY;
use super::value::{Given, read_all};

/// One entry of `profiles:`.
#[derive(Clone, PartialEq, Debug)]
pub struct ProfileSpec {
    /// Where its entry stands.
    pub place: Place,
    /// Credentials; none under a name whose entry has a fault.
    pub credentials: BTreeMap<Arc<str>, CredentialSpec>,
    /// Bundles.
    pub bundles: BTreeMap<Arc<str>, BundleSpec>,
    /// Deliveries.
    pub deliveries: BTreeMap<Arc<str>, DeliverySpec>,
    /// Variables.
    pub variables: BTreeMap<Arc<str>, Given>,
    /// Names of its servers; all servers when absent.
    pub servers: Option<Vec<Located<Arc<str>>>>,
    /// Model.
    pub model: Option<Arc<str>>,
}

/// One entry of a profile's `credentials:`.
#[derive(Clone, PartialEq, Debug)]
pub struct CredentialSpec {
    /// Where its entry stands.
    pub place: Place,
    /// Where `valid` stands, else the entry.
    pub valid_place: Place,
    /// The shape; none if the entry has a fault.
    pub shape: Option<CredentialShape>,
}

/// One entry of a profile's `bundles:`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BundleSpec {
    /// Where its entry stands.
    pub place: Place,
    /// Name of its template.
    pub template: Option<Located<Arc<str>>>,
    /// Why secrets may lie in clear.
    pub accept_plaintext: Option<Arc<str>>,
    /// Names of the credentials it carries; all of the profile when absent.
    pub credentials: Option<Vec<Located<Arc<str>>>>,
}

impl BundleSpec {
    /// Returns true if the bundle carries the profile's credential of that name.
    pub fn carries(&self, credential: &str) -> bool {
        self.credentials.as_ref().is_none_or(|names| names.iter().any(|name| *name.value == *credential))
    }
}

/// One entry of a profile's `deliveries:`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeliverySpec {
    /// Where its entry stands.
    pub place: Place,
    /// Name of its bundle.
    pub bundle: Option<Located<Arc<str>>>,
    /// The volume.
    pub medium: MediumSpec,
}

/// A volume of which any part may be left to the template.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MediumSpec {
    /// Partition table.
    pub table: Option<PartitionTable>,
    /// File system.
    pub filesystem: Option<Filesystem>,
    /// Volume label.
    pub label: Option<Located<Arc<str>>>,
    /// Size in bytes.
    pub size: Option<Located<u64>>,
}

pub(super) fn read(entry: &Entry) -> ProfileSpec {
    let node = &entry.value;
    ProfileSpec {
        place: entry.place.clone(),
        credentials: entries(node, "credentials").map(|entry| (name(entry), credential(entry))).collect(),
        bundles: entries(node, "bundles").map(|entry| (name(entry), bundle(entry))).collect(),
        deliveries: entries(node, "deliveries").map(|entry| (name(entry), delivery(entry))).collect(),
        variables: read_all(node.get("variables")),
        servers: node.get("servers").map(names),
        model: word(node, "model"),
    }
}

fn names(list: &Node) -> Vec<Located<Arc<str>>> {
    let name = |node: &Node| Some(Located { value: Arc::from(node.text()?), place: node.place.clone() });
    list.items().iter().filter_map(name).collect()
}

fn credential(entry: &Entry) -> CredentialSpec {
    let valid_place = entry.value.get("valid").map_or(&entry.place, |node| &node.place).clone();
    CredentialSpec { place: entry.place.clone(), valid_place, shape: credential_shape(&entry.value) }
}

fn credential_shape(node: &Node) -> Option<CredentialShape> {
    let kind = match node.get("kind")?.text()? {
        "x509" => CredentialKind::X509 {
            key: KeyAlgorithm::P256,
            profile: CertificateProfile::Idevid,
            valid: if node.get("valid").is_some() {
                quantity::validity(&word(node, "valid")?)?
            } else {
                Validity::Forever
            },
        },
        "psk" => CredentialKind::Psk {
            bytes: if node.get("bytes").is_some() { typed(node, "bytes")? } else { 16 },
            identity: psk_identity(node).ok()?,
        },
        "rpk" => CredentialKind::RawPublicKey { key: KeyAlgorithm::P256 },
        "token" => CredentialKind::Token {
            bytes: if node.get("bytes").is_some() { typed(node, "bytes")? } else { 32 },
            valid: match node.get("valid") {
                Some(valid) => quantity::duration(valid.text()?)?,
                None => 7 * 86_400,
            },
        },
        _ => return None,
    };
    let retain = if node.get("retain").is_some() { typed(node, "retain")? } else { kind.default_retain() };
    Some(CredentialShape { kind, retain })
}

/// A PSK identity that has a fault.
struct Faulty;

/// Returns the identity's form; none where the default serves.
fn psk_identity(node: &Node) -> Result<Option<String>, Faulty> {
    let Some(identity) = node.get("identity") else { return Ok(None) };
    let text = identity.text().filter(|text| (PSK_IDENTITY.accepts)(text)).ok_or(Faulty)?;
    Ok(Some(text.to_owned()))
}

fn bundle(entry: &Entry) -> BundleSpec {
    BundleSpec {
        place: entry.place.clone(),
        template: located(&entry.value, "template"),
        accept_plaintext: word(&entry.value, "accept_plaintext"),
        credentials: entry.value.get("credentials").map(names),
    }
}

fn delivery(entry: &Entry) -> DeliverySpec {
    DeliverySpec {
        place: entry.place.clone(),
        bundle: located(&entry.value, "bundle"),
        medium: entry.value.get("medium").map(medium).unwrap_or_default(),
    }
}

/// Reads a volume; a template's own too.
pub(in super::super) fn medium(node: &Node) -> MediumSpec {
    let size = node
        .get("size")
        .and_then(|node| Some(Located { value: quantity::size(node.text()?)?, place: node.place.clone() }));
    MediumSpec {
        table: typed(node, "table"),
        filesystem: typed(node, "filesystem"),
        label: located(node, "label"),
        size,
    }
}
