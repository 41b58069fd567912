//! The device plan: what will be made for one device, decided, printable, without a secret.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{CredentialShape, Digest, EndpointName, FactoryPlan, SerialNumber, Server};

/// The decided row: everything that shapes one device's bundle and its medium. Secrets are names here.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct DevicePlan {
    /// The fleet's name.
    pub fleet: Arc<str>,
    /// The device.
    pub device: EndpointName,
    /// Its serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<SerialNumber>,
    /// Its model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Arc<str>>,
    /// The profile it follows.
    pub profile: Arc<str>,
    /// The enrolment group of its profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Arc<str>>,
    /// How the bundle is delivered; shared by all devices of the profile.
    pub delivery: Arc<DeliveryPlan>,
    /// Credentials by name; shared by all devices of the profile.
    pub credentials: Arc<BTreeMap<Arc<str>, CredentialShape>>,
    /// Servers by name; shared by all devices of the profile.
    pub servers: Arc<BTreeMap<Arc<str>, Server>>,
    /// Variables by name, by precedence already merged (fleet < profile < inventory row < device).
    pub variables: BTreeMap<Arc<str>, Variable>,
    /// To whom the bundle is sealed, and what a device must be to take it.
    #[serde(flatten)]
    pub addressee: Addressee,
}

/// To whom a device's bundle is sealed, and what a device must be to take it: what the bundle asks for, with the device's
/// own values.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Addressee {
    /// Who can open it; none of them is a [`Recipient::Variable`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<Recipient>,
    /// Values of which the device must have one, by property (the words of `delivery::Property`).
    #[serde(rename = "match", skip_serializing_if = "BTreeMap::is_empty")]
    pub matching: BTreeMap<Arc<str>, Vec<Arc<str>>>,
}

/// Who can open a bundle.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// The age recipient that a variable or inventory column holds.
    Variable(Arc<str>),
    /// An age recipient (`age1...`).
    Age(Arc<str>),
    /// Every device whose image carries the batch key of this name.
    Batch(Arc<str>),
    /// Whoever has the pre-shared key that this entry of `secrets:` holds.
    CoseKey(Arc<str>),
}

/// How a bundle is addressed and bounded beside its protection.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct SealingPlan {
    /// Who can open it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<Recipient>,
    /// The variable or column with the values to be had, by property.
    #[serde(rename = "match", skip_serializing_if = "BTreeMap::is_empty")]
    pub matching: BTreeMap<Arc<str>, Arc<str>>,
    /// How long it may be taken after it was made, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid: Option<u64>,
    /// To be taken once.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub single_use: bool,
    /// A device without trusted time takes it all the same.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub accept_without_clock: bool,
    /// For every device of a site that matches; the row is the site.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub site: bool,
    /// The connection that proves it good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect: Option<ConnectPlan>,
}

/// The connection that proves a bundle good.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ConnectPlan {
    /// Name of the server.
    pub server: Arc<str>,
    /// How long it may take, in seconds, 1 to 600.
    pub within: u32,
}

/// A variable's value in a plan.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variable {
    /// Stands in clear.
    Plain(serde_json::Value),
    /// Personal: in clear here, concealed in the ledger.
    Pii(serde_json::Value),
    /// Name of an entry of `secrets:`.
    Secret(Arc<str>),
}

/// One entry of a profile's `deliveries`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DeliveryPlan {
    /// Its name.
    pub name: Arc<str>,
    /// The bundle it carries.
    pub bundle: BundlePlan,
    /// What carries the bundle to the device.
    #[serde(flatten)]
    pub carrier: Carrier,
}

/// What carries a bundle to the device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// A volume: stick, card, image file; or a folder.
    Medium(MediumPlan),
    /// Its own flash, by a programmer.
    Factory(Arc<FactoryPlan>),
}

impl From<MediumPlan> for Carrier {
    fn from(medium: MediumPlan) -> Self {
        Self::Medium(medium)
    }
}

impl Carrier {
    /// Returns the volume, where it is one.
    pub fn medium(&self) -> Option<&MediumPlan> {
        match self {
            Carrier::Medium(medium) => Some(medium),
            Carrier::Factory(_) => None,
        }
    }

    /// Returns what goes where in flash, where it goes there.
    pub fn factory(&self) -> Option<&Arc<FactoryPlan>> {
        match self {
            Carrier::Medium(_) => None,
            Carrier::Factory(factory) => Some(factory),
        }
    }
}

/// One entry of a profile's `bundles`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BundlePlan {
    /// Its name.
    pub name: Arc<str>,
    /// Name of its template.
    pub template: Arc<str>,
    /// Digest over every file of the template, so that an edit makes a new bundle version.
    pub template_digest: Digest,
    /// How the bundle is protected.
    pub seal: Seal,
    /// Why secrets may lie in clear on the medium.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_plaintext: Option<String>,
    /// Recipients, match, validity and what else goes with it.
    #[serde(flatten)]
    pub sealing: SealingPlan,
}

/// How a bundle is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Seal {
    /// Plain files.
    #[default]
    None,
    /// Plain files whose manifest is signed.
    Sign,
    /// Encrypted files whose manifest is signed.
    #[serde(rename = "sign+encrypt")]
    SignEncrypt,
}

/// The volume a bundle is put in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MediumPlan {
    /// Partition table around it.
    pub table: PartitionTable,
    /// File system.
    pub filesystem: Filesystem,
    /// Volume label, at most 11 characters; upper case on FAT.
    pub label: String,
    /// Size of the whole image in bytes. On a drive: the part of it that is used; absent means all of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub size: Option<u64>,
}

/// Partition tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum PartitionTable {
    /// None: the file system begins at the first byte.
    None,
    /// Master boot record with one partition: what most firmware expects of a stick.
    #[default]
    Mbr,
    /// GUID partition table (UEFI 2.10, section 5.3) with one partition.
    Gpt,
}

/// File systems.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Filesystem {
    /// FAT12, 16 or 32 by the size of the volume.
    #[default]
    Fat,
    /// FAT12.
    Fat12,
    /// FAT16.
    Fat16,
    /// FAT32.
    Fat32,
}

impl DevicePlan {
    /// Returns the names of the secrets it refers to.
    pub fn secrets(&self) -> impl Iterator<Item = &Arc<str>> {
        let variables = self.variables.values().filter_map(|variable| match variable {
            Variable::Secret(name) => Some(name),
            Variable::Plain(_) | Variable::Pii(_) => None,
        });
        let keys = self.addressee.recipients.iter().filter_map(|recipient| match recipient {
            Recipient::CoseKey(name) => Some(name),
            _ => None,
        });
        variables.chain(keys)
    }

    /// Returns the plan as the ledger records it: everything that shapes bundle and medium, with every personal or secret
    /// value replaced by the keyed digest that `conceal` gives for it (by name of the variable).
    pub fn summary(&self, conceal: &dyn Fn(&str, &Variable) -> Digest) -> serde_json::Value {
        let mut plan = serde_json::to_value(self).expect("a plan is plain data with text keys");
        for (name, variable) in &self.variables {
            let shown = match variable {
                Variable::Plain(value) => value.clone(),
                hidden => serde_json::json!({ "concealed": conceal(name, hidden) }),
            };
            plan["variables"][&**name] = shown;
        }
        for (index, recipient) in self.addressee.recipients.iter().enumerate() {
            if let Recipient::CoseKey(name) = recipient {
                let key = conceal(&format!("cose_key {name}"), &Variable::Secret(Arc::clone(name)));
                plan["recipients"][index]["concealed"] = serde_json::json!(key);
            }
        }
        plan
    }

    /// Returns the digest of a summary.
    pub fn digest(summary: &serde_json::Value) -> Digest {
        Digest::of(summary.to_string().as_bytes())
    }

    /// Says in words what differs between two summaries, one line a leaf (`variables.timezone: "UTC" -> "Asia/Tokyo"`).
    pub fn changes(old: &serde_json::Value, new: &serde_json::Value) -> Vec<String> {
        let mut lines = Vec::new();
        compare("", old, new, &mut lines);
        lines
    }
}

fn compare(path: &str, old: &serde_json::Value, new: &serde_json::Value, lines: &mut Vec<String>) {
    use serde_json::Value;
    if old == new {
        return;
    }
    if let (Value::Object(before), Value::Object(after)) = (old, new) {
        let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            compare(&inner, before.get(name).unwrap_or(&Value::Null), after.get(name).unwrap_or(&Value::Null), lines);
        }
        return;
    }
    if old.get("concealed").is_some() || new.get("concealed").is_some() {
        lines.push(format!("{path}: changed (concealed)"));
    } else {
        lines.push(format!("{path}: {old} -> {new}"));
    }
}
