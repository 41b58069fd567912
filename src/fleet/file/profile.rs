//! `profiles:` of the fleet file.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::quantity;
use super::super::yaml::{Entry, Node};
use super::super::{
    CertificateProfile, CredentialKind, CredentialShape, Filesystem, KeyAlgorithm, KeyGroup, KeyOrigin, PartitionTable,
    Place, Recipient, Seal, Validity,
};
use super::factory::{self, FactorySpec};
use super::located::{Located, entries, located, name, typed, word};
use super::shapes::{PROPERTIES, PSK_IDENTITY};
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
    /// The enrolment group of its devices.
    pub group: Option<Located<Arc<str>>>,
}

impl ProfileSpec {
    /// Gives every `factory:` a bundle of its own, made by the template that [`FactorySpec::template`] writes. A slash in
    /// its name keeps it from any bundle or template that a person could name.
    fn bundle_factories(&mut self, profile: &str) {
        for (name, delivery) in &mut self.deliveries {
            let Some(factory) = &delivery.factory else { continue };
            let template = FactorySpec::template_name(profile, name);
            let named = |value: &Arc<str>| Located { value: Arc::clone(value), place: factory.place.clone() };
            let bundle: Arc<str> = Arc::from(format!("factory/{name}"));
            delivery.bundle = Some(named(&bundle));
            self.bundles.insert(bundle, factory_bundle(factory, named(&template)));
        }
    }
}

fn factory_bundle(factory: &FactorySpec, template: Located<Arc<str>>) -> BundleSpec {
    BundleSpec {
        place: factory.place.clone(),
        template: Some(template),
        accept_plaintext: factory.accept_plaintext.clone(),
        seal: Seal::None,
        seal_place: factory.place.clone(),
        recipients: Vec::new(),
        matching: BTreeMap::new(),
        valid: None,
        single_use: false,
        accept_without_clock: false,
        site: false,
        connect: None,
        credentials: None,
    }
}

/// One entry of a profile's `credentials:`.
#[derive(Clone, PartialEq, Debug)]
pub struct CredentialSpec {
    /// Where its entry stands.
    pub place: Place,
    /// Where `valid` stands, else the entry.
    pub valid_place: Place,
    /// Where `bytes` stands, else the entry.
    pub bytes_place: Place,
    /// The enrolment group from whose key it is derived.
    pub group: Option<Located<Arc<str>>>,
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
    /// How it is protected.
    pub seal: Seal,
    /// Where `seal` stands, else the entry.
    pub seal_place: Place,
    /// Who can open it.
    pub recipients: Vec<Located<Recipient>>,
    /// Names of columns or variables by property.
    pub matching: BTreeMap<Arc<str>, Located<Arc<str>>>,
    /// How long it may be taken, in seconds.
    pub valid: Option<u64>,
    /// To be taken once.
    pub single_use: bool,
    /// A device without trusted time takes it.
    pub accept_without_clock: bool,
    /// For a site.
    pub site: bool,
    /// The connection that proves it good: server and seconds.
    pub connect: Option<(Located<Arc<str>>, Located<u64>)>,
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
#[derive(Clone, PartialEq, Debug)]
pub struct DeliverySpec {
    /// Where its entry stands.
    pub place: Place,
    /// Name of its bundle.
    pub bundle: Option<Located<Arc<str>>>,
    /// The volume.
    pub medium: MediumSpec,
    /// What goes where in a chip's flash.
    pub factory: Option<FactorySpec>,
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
    let mut profile = ProfileSpec {
        place: entry.place.clone(),
        credentials: entries(node, "credentials").map(|entry| (name(entry), credential(entry))).collect(),
        bundles: entries(node, "bundles").map(|entry| (name(entry), bundle(entry))).collect(),
        deliveries: entries(node, "deliveries").map(|entry| (name(entry), delivery(entry))).collect(),
        variables: read_all(node.get("variables")),
        servers: node.get("servers").map(names),
        model: word(node, "model"),
        group: located(node, "group"),
    };
    profile.bundle_factories(&entry.key);
    profile
}

fn names(list: &Node) -> Vec<Located<Arc<str>>> {
    let name = |node: &Node| Some(Located { value: Arc::from(node.text()?), place: node.place.clone() });
    list.items().iter().filter_map(name).collect()
}

fn credential(entry: &Entry) -> CredentialSpec {
    let place_of = |key: &str| entry.value.get(key).map_or(&entry.place, |node| &node.place).clone();
    CredentialSpec {
        place: entry.place.clone(),
        valid_place: place_of("valid"),
        bytes_place: place_of("bytes"),
        group: located(&entry.value, "group"),
        shape: credential_shape(&entry.value),
    }
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
            made: match word(node, "made").as_deref() {
                Some("device") => KeyOrigin::Device(None),
                _ => KeyOrigin::Station,
            },
        },
        "psk" => CredentialKind::Psk {
            bytes: match node.get("bytes") {
                Some(_) => typed(node, "bytes")?,
                None if node.get("group").is_some() => 32,
                None => 16,
            },
            identity: psk_identity(node).ok()?,
            group: match node.get("group") {
                // The file's groups say which of its keys a group is at.
                Some(group) => Some(KeyGroup { name: group.text()?.to_owned(), generation: 1 }),
                None => None,
            },
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
        seal: typed(&entry.value, "seal").unwrap_or_default(),
        seal_place: entry.value.get("seal").map_or(&entry.place, |node| &node.place).clone(),
        recipients: items(&entry.value, "recipients").filter_map(recipient).collect(),
        matching: entry.value.get("match").map(matching).unwrap_or_default(),
        valid: word(&entry.value, "valid").and_then(|text| quantity::duration(&text)),
        single_use: typed(&entry.value, "single_use").unwrap_or_default(),
        accept_without_clock: word(&entry.value, "without_clock").as_deref() == Some("accept"),
        site: word(&entry.value, "for").as_deref() == Some("site"),
        connect: entry.value.get("connect").and_then(connect),
        credentials: entry.value.get("credentials").map(names),
    }
}

fn items<'a>(node: &'a Node, key: &str) -> impl Iterator<Item = &'a Node> {
    node.get(key).map(Node::items).unwrap_or_default().iter()
}

fn recipient(node: &Node) -> Option<Located<Recipient>> {
    let [only] = node.entries() else { return None };
    let text: Arc<str> = Arc::from(only.value.text()?);
    let value = match only.key.as_str() {
        "variable" => Recipient::Variable(text),
        "age" => Recipient::Age(text),
        "batch" => Recipient::Batch(text),
        "cose_key" => Recipient::CoseKey(text),
        _ => return None,
    };
    Some(Located { value, place: node.place.clone() })
}

/// Reads `match`: property and column; in a list the column has the property's name, "_" for "-".
fn matching(node: &Node) -> BTreeMap<Arc<str>, Located<Arc<str>>> {
    let pairs = node.entries().iter().filter_map(|entry| {
        let column = Arc::from(entry.value.text()?);
        Some((name(entry), Located { value: column, place: entry.value.place.clone() }))
    });
    let listed = node.items().iter().filter_map(|item| {
        let property = item.text()?;
        let column = Located { value: Arc::from(property.replace('-', "_")), place: item.place.clone() };
        Some((Arc::from(property), column))
    });
    pairs.chain(listed).filter(|(property, _)| PROPERTIES.contains(&&**property)).collect()
}

fn connect(node: &Node) -> Option<(Located<Arc<str>>, Located<u64>)> {
    const USUAL: u64 = 30;
    let within = match node.get("within") {
        Some(within) => Located { value: quantity::duration(within.text()?)?, place: within.place.clone() },
        None => Located { value: USUAL, place: node.place.clone() },
    };
    Some((located(node, "server")?, within))
}

fn delivery(entry: &Entry) -> DeliverySpec {
    DeliverySpec {
        place: entry.place.clone(),
        bundle: located(&entry.value, "bundle"),
        medium: entry.value.get("medium").map(medium).unwrap_or_default(),
        factory: entry.value.entry("factory").map(factory::read),
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
