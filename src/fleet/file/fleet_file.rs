//! `fleet.yaml` as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::model::ModelsSpec;
use super::super::program::{self, Programmers};
use super::super::yaml::{Entry, Node};
use super::super::{CredentialKind, Faults, Place, SecretSource, SerialNumber, shape, yaml};
use super::authority::AuthoritySpec;
use super::bootstrap::{self, BootstrapSpec};
use super::enrolment::{self, EnrolmentSpec, GroupSpec};
use super::located::{Located, entries, located, name, word};
use super::profile::{self, ProfileSpec};
use super::secrets;
use super::servers::{self, ReadPem, ServerSpec};
use super::serving::{self, ServeSpec, StoreSpec};
use super::shapes::{self, FLEET};
use super::value::{Given, read_all};

/// `fleet.yaml`, read but not yet checked against inventory and templates.
#[derive(Clone, PartialEq, Debug)]
pub struct FleetFile {
    /// Name of the file, for faults.
    pub file: Arc<str>,
    /// The fleet's name.
    pub name: Arc<str>,
    /// True if the file gives that name; else it is a stand-in, and the file has a fault.
    pub has_name: bool,
    /// Path of the inventory as written, `-` for standard input; none if it has a fault.
    pub inventory: Option<Located<Arc<str>>>,
    /// The authority.
    pub authority: AuthoritySpec,
    /// Where secrets come from.
    pub secrets: BTreeMap<Arc<str>, Located<SecretSource>>,
    /// The servers.
    pub servers: BTreeMap<Arc<str>, ServerSpec>,
    /// The profiles.
    pub profiles: BTreeMap<Arc<str>, ProfileSpec>,
    /// Variables of every device.
    pub variables: BTreeMap<Arc<str>, Given>,
    /// What is different for single devices, by endpoint name.
    pub devices: BTreeMap<Arc<str>, DeviceSpec>,
    /// USB port path of each slot.
    pub slots: BTreeMap<u32, Located<Arc<str>>>,
    /// Programs that drive programmers.
    pub programmers: Programmers,
    /// The enrolment groups.
    pub groups: BTreeMap<Arc<str>, GroupSpec>,
    /// What is said of enrolment beside the groups.
    pub enrolment: EnrolmentSpec,
    /// Where the registry lies.
    pub store: StoreSpec,
    /// How the registry is served.
    pub serve: ServeSpec,
    /// Where models lie and which device gets which.
    pub models: ModelsSpec,
    /// How devices are bootstrapped over LwM2M.
    pub bootstrap: BootstrapSpec,
    /// Names that are written in the file but whose entry has a fault: no further fault for using them.
    pub(in super::super) broken: BTreeSet<(Section, Arc<str>)>,
}

/// Sections whose entries others name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in super::super) enum Section {
    Secret,
    Server,
    Template,
    Group,
}

/// What is different for one device.
#[derive(Clone, PartialEq, Debug)]
pub struct DeviceSpec {
    /// Where its entry stands.
    pub place: Place,
    /// Variables.
    pub variables: BTreeMap<Arc<str>, Given>,
    /// Profile.
    pub profile: Option<Located<Arc<str>>>,
    /// Serial number.
    pub serial: Option<Located<SerialNumber>>,
    /// Model.
    pub model: Option<Arc<str>>,
}

/// Reads the partition table at a path and returns its text.
pub type ReadTable<'a> = dyn FnMut(&Located<Arc<str>>) -> Option<Arc<str>> + 'a;

impl FleetFile {
    /// Reads `text`; every fault of the file by itself is noted. None if it is no YAML mapping.
    pub fn parse(file: &Arc<str>, text: &str, faults: &mut Faults) -> Option<Self> {
        let root = yaml::parse(file, text, faults)?;
        shape::check("the fleet file", &root, &FLEET, faults);
        if !matches!(root.kind, yaml::Kind::Map(_)) {
            return None;
        }
        check_hooks(&root, faults);
        let mut broken = BTreeSet::new();
        let own_name = word(&root, "fleet").filter(|name| (shape::NAME.accepts)(name));
        let (groups, broken_groups) = enrolment::read(&root, faults);
        broken.extend(broken_groups.into_iter().map(|name| (Section::Group, name)));
        let mut read = Self {
            file: Arc::clone(file),
            has_name: own_name.is_some(),
            name: own_name.unwrap_or_else(|| Arc::from("fleet")),
            inventory: located(&root, "inventory"),
            authority: AuthoritySpec::read(root.get("authority")),
            secrets: named(&root, "secrets", Section::Secret, &mut broken, secrets::read),
            servers: named(&root, "servers", Section::Server, &mut broken, servers::read),
            profiles: entries(&root, "profiles").map(|entry| (name(entry), profile::read(entry))).collect(),
            variables: read_all(root.get("variables")),
            devices: entries(&root, "devices").map(|entry| (name(entry), device(entry))).collect(),
            slots: slots(&root, faults),
            programmers: programmers(&root, faults),
            groups,
            enrolment: enrolment::read_rest(&root, faults),
            store: serving::read_store(root.get("store"), faults),
            serve: serving::read_serve(root.get("serve"), faults),
            models: ModelsSpec::read(root.get("models"), faults),
            bootstrap: bootstrap::read(&root, faults),
            broken,
        };
        read.number_group_keys();
        Some(read)
    }

    /// Returns the templates that bundles name, each with the places that name it.
    pub fn templates(&self) -> BTreeMap<Arc<str>, Vec<Place>> {
        let mut names: BTreeMap<Arc<str>, Vec<Place>> = BTreeMap::new();
        for bundle in self.profiles.values().flat_map(|profile| profile.bundles.values()) {
            if let Some(template) = &bundle.template {
                names.entry(Arc::clone(&template.value)).or_default().push(template.place.clone());
            }
        }
        names
    }

    /// Returns the files of a template that a `factory:` section makes, and where the section stands.
    pub fn factory_template(&self, name: &str) -> Option<(&Place, BTreeMap<String, Vec<u8>>)> {
        let (profile, delivery) = name.strip_prefix("factory/")?.split_once('/')?;
        let factory = self.profiles.get(profile)?.deliveries.get(delivery)?.factory.as_ref()?;
        Some((&factory.place, factory.template()))
    }

    /// Hands every partition table that a `factory:` names to `read`, and puts the text it returns in its place.
    pub fn read_partition_tables(&mut self, read: &mut ReadTable<'_>) {
        for delivery in self.profiles.values_mut().flat_map(|profile| profile.deliveries.values_mut()) {
            let Some(factory) = &mut delivery.factory else { continue };
            factory.plan.partition_table = factory.partition_table.as_ref().and_then(&mut *read);
        }
    }

    /// Says that `template` is there but has faults of its own, already noted.
    pub fn excuse_template(&mut self, template: &Arc<str>) {
        self.broken.insert((Section::Template, Arc::clone(template)));
    }

    /// Hands every PEM file that a server or an enrolment group names to `read`, and puts the text it returns in its place. `read` notes its own
    /// faults.
    pub fn read_pem_files(&mut self, read: &mut ReadPem<'_>) {
        for server in self.servers.values_mut() {
            server.read_pem_files(read);
        }
        for group in self.groups.values_mut() {
            group.read_pem_files(read);
        }
    }

    /// Tells derived keys which of its keys their group is at.
    fn number_group_keys(&mut self) {
        for credential in self.profiles.values_mut().flat_map(|profile| profile.credentials.values_mut()) {
            let kind = credential.shape.as_mut().map(|shape| &mut shape.kind);
            if let Some(CredentialKind::Psk { group: Some(key), .. }) = kind
                && let Some(group) = self.groups.get(key.name.as_str())
            {
                key.generation = group.policy.key_generation;
            }
        }
    }

    pub(in super::super) fn is_broken(&self, section: Section, name: &Arc<str>) -> bool {
        self.broken.contains(&(section, Arc::clone(name)))
    }
}

/// What the table cannot see of the hooks of all `factory:` sections.
fn check_hooks(root: &Node, faults: &mut Faults) {
    let deliveries = entries(root, "profiles").flat_map(|profile| entries(&profile.value, "deliveries"));
    let factories = deliveries.filter_map(|delivery| delivery.value.get("factory"));
    for hook in factories.flat_map(|factory| entries(factory, "hooks")) {
        program::check(&hook.value, faults);
    }
}

fn device(entry: &Entry) -> DeviceSpec {
    let serial = entry.value.get("serial").and_then(|node| {
        let value = SerialNumber::new(node.text()?).ok()?;
        Some(Located { value, place: node.place.clone() })
    });
    DeviceSpec {
        place: entry.place.clone(),
        variables: read_all(entry.value.get("variables")),
        profile: located(&entry.value, "profile"),
        serial,
        model: word(&entry.value, "model"),
    }
}

fn programmers(root: &Node, faults: &mut Faults) -> Programmers {
    let mut programmers = Programmers::new();
    for entry in entries(root, "programmers") {
        program::check(&entry.value, faults);
        if let Some(programmer) = program::programmer(entry) {
            programmers.entry(name(entry)).or_insert(programmer);
        }
    }
    programmers
}

fn slots(root: &Node, faults: &mut Faults) -> BTreeMap<u32, Located<Arc<str>>> {
    let mut slots: BTreeMap<u32, Located<Arc<str>>> = BTreeMap::new();
    for entry in entries(root, "slots") {
        let (Some(number), Some(port)) = (shapes::slot(&entry.key), entry.value.text()) else { continue };
        if let Some((other, _)) = slots.iter().find(|(other, known)| **other != number && *known.value == *port) {
            let message = format!("slot {number} has port {port:?}, which is slot {other} already");
            faults.add(entry.value.place.clone(), message);
        }
        slots.insert(number, Located { value: Arc::from(port), place: entry.value.place.clone() });
    }
    slots
}

/// Reads a section whose entries others name; what cannot be read is kept as a broken name.
fn named<T>(
    root: &Node,
    key: &str,
    section: Section,
    broken: &mut BTreeSet<(Section, Arc<str>)>,
    read: fn(&Entry) -> Option<T>,
) -> BTreeMap<Arc<str>, T> {
    let mut values = BTreeMap::new();
    for entry in entries(root, key) {
        match read(entry) {
            Some(value) => {
                values.entry(name(entry)).or_insert(value);
            }
            None => {
                broken.insert((section, name(entry)));
            }
        }
    }
    values
}
