//! `factory:` of a delivery: read, and turned into the template that makes its values.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::json;

use super::super::Place;
use super::super::factory::{
    FactoryEntry, FactoryPart, FactoryPlan, HookStep, Meaning, NvsKeys, PartFormat, PartPlace, SerialPool,
    SerialSource, ValueKind,
};
use super::super::label::{LabelPlan, LabelPlanError, LabelStock};
use super::super::program::{self, HookSpec};
use super::super::quantity;
use super::super::yaml::{Entry, Node};
use super::located::{Located, located, typed, word};

/// Where ESP-IDF puts the partition table unless told otherwise.
const USUAL_TABLE_OFFSET: u32 = 0x8000;
/// The block of littlefs unless told otherwise: a sector of SPI flash.
const USUAL_BLOCK: u32 = 4096;

/// A `factory:` as it stands in the file.
#[derive(Clone, PartialEq, Debug)]
pub struct FactorySpec {
    /// Where it stands.
    pub place: Place,
    /// The plan; the partition table's text is put in when the file is read.
    pub plan: FactoryPlan,
    /// Path of the partition table.
    pub partition_table: Option<Located<Arc<str>>>,
    /// Why secrets may lie in clear in the chip.
    pub accept_plaintext: Option<Arc<str>>,
    /// What is wrong with its label.
    pub label_fault: Option<Located<LabelPlanError>>,
    /// Parts and entries that cannot be read for want of a key, and what each lacks.
    pub incomplete: Vec<(Place, &'static str)>,
    /// The values, in the order of the entries of all parts.
    pub values: Vec<ValueSpec>,
}

/// Where one value comes from.
#[derive(Clone, PartialEq, Debug)]
pub struct ValueSpec {
    /// Where its entry stands.
    pub place: Place,
    /// Path of its file in the bundle.
    pub file: String,
    /// How it is written.
    pub kind: ValueKind,
    /// Its source.
    pub source: ValueSource,
}

/// Sources of a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ValueSource {
    /// `NAME.PART` of a credential, and its encoding.
    Credential(Arc<str>, Arc<str>),
    /// A variable; true if it is secret.
    Variable(Arc<str>, bool),
    /// A text with expressions of the template engine.
    Text(Arc<str>),
    /// The certificates trusted at a server, PEM.
    Trust(Arc<str>),
    /// The LwM2M objects of the device's servers; for `tlv` the object's id.
    Objects(Arc<str>, Option<u16>),
}

pub(super) fn read(entry: &Entry) -> FactorySpec {
    let node = &entry.value;
    let (mut values, mut incomplete) = (Vec::new(), Vec::new());
    let parts = items(node, "parts");
    let mut read = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        read.extend(read_part(index, part, &mut values, &mut incomplete));
    }
    let plan = FactoryPlan {
        chip: word(node, "chip").unwrap_or_else(|| Arc::from("")),
        partition_table: None,
        partition_table_offset: typed(node, "partition_table_offset").unwrap_or(USUAL_TABLE_OFFSET),
        parts: read,
        serials: serials(node),
        anonymous: word(node, "identity").as_deref() == Some("none"),
        lock: word(node, "lock"),
        unobservable_passes: word(node, "lock_passes").as_deref() == Some("applied"),
        hooks: hooks(node),
        label: node.get("label").and_then(|label| read_label(label).ok()),
    };
    let label_fault = node.entry("label").and_then(|label| {
        let error = read_label(&label.value).err()?;
        Some(Located { value: error, place: label.place.clone() })
    });
    FactorySpec {
        place: entry.place.clone(),
        plan,
        partition_table: located(node, "partition_table"),
        accept_plaintext: word(node, "accept_plaintext"),
        incomplete,
        values,
        label_fault,
    }
}

fn hooks(node: &Node) -> Vec<(HookStep, HookSpec)> {
    let Some(hooks) = node.get("hooks") else { return Vec::new() };
    HookStep::ALL.into_iter().filter_map(|step| Some((step, program::hook(hooks.get(step.key())?)?))).collect()
}

fn read_label(node: &Node) -> Result<LabelPlan, LabelPlanError> {
    let number = |key, usual| typed::<u16>(node, key).unwrap_or(usual);
    let lines: Vec<&str> = items(node, "lines").iter().filter_map(Node::text).collect();
    let stock = LabelStock::new(number("width", 50), number("height", 25), number("dpi", 203))?;
    LabelPlan::parse(node.get("code").and_then(Node::text).unwrap_or_default(), &lines, stock)
}

fn items<'a>(node: &'a Node, key: &str) -> &'a [Node] {
    node.get(key).map(Node::items).unwrap_or_default()
}

fn read_part(
    index: usize,
    node: &Node,
    values: &mut Vec<ValueSpec>,
    incomplete: &mut Vec<(Place, &'static str)>,
) -> Option<FactoryPart> {
    let partition = word(node, "partition");
    let name = partition.clone().unwrap_or_else(|| Arc::from(format!("part{}", index + 1)));
    if partition.is_none() && node.get("size").is_none() {
        incomplete.push((node.place.clone(), "a part at an address lacks its size"));
    }
    let place = match partition {
        Some(partition) => PartPlace::Partition(partition),
        None => PartPlace::Region {
            address: typed(node, "address")?,
            size: node.get("size").and_then(|size| quantity::size(size.text()?))?,
        },
    };
    let format_word = word(node, "format")?;
    let folder = safe(&name);
    let mut entries = Vec::new();
    for entry in items(node, "entries") {
        let Some(key) = key_of(entry) else {
            incomplete.push((entry.place.clone(), "an entry lacks its key (of littlefs its path, of raw its offset)"));
            continue;
        };
        let file = format!("{folder}/{:02}-{}", entries.len(), safe(&key));
        entries.extend(read_entry(&format_word, entry, file, values));
    }
    let format = match &*format_word {
        "nvs" => {
            let read_only = typed(node, "read_only").unwrap_or_default();
            PartFormat::Nvs { read_only, keys: node.get("encrypt").and_then(|keys| nvs_keys(&folder, keys, values)) }
        }
        "esp_secure_cert" => PartFormat::EspSecureCert,
        "littlefs" => PartFormat::Littlefs { block_size: typed(node, "block_size").unwrap_or(USUAL_BLOCK) },
        "cbor" => PartFormat::Cbor,
        _ => PartFormat::Raw,
    };
    Some(FactoryPart { name, place, format, entries })
}

fn nvs_keys(folder: &str, node: &Node, values: &mut Vec<ValueSpec>) -> Option<NvsKeys> {
    let file = format!("{folder}/keys");
    let part = Arc::from(format!("{}.key", word(node, "credential")?));
    values.push(ValueSpec {
        place: node.place.clone(),
        file: file.clone(),
        kind: ValueKind::Blob,
        source: ValueSource::Credential(part, Arc::from("raw")),
    });
    Some(NvsKeys { file, partition: word(node, "keys_partition") })
}

fn key_of(node: &Node) -> Option<Arc<str>> {
    word(node, "key").or_else(|| word(node, "path")).or_else(|| node.get("offset").map(|_| Arc::from("field")))
}

fn read_entry(format: &str, node: &Node, file: String, values: &mut Vec<ValueSpec>) -> Option<FactoryEntry> {
    let source = source(node, format)?;
    let kind = typed(node, "type").unwrap_or_else(|| usual_kind(format, &source));
    values.push(ValueSpec { place: node.place.clone(), file: file.clone(), kind, source: source.clone() });
    let offset = typed(node, "offset");
    let key = match offset {
        Some::<u64>(offset) if node.get("key").is_none() => Arc::from(format!("{offset:#x}")),
        _ => key_of(node)?,
    };
    Some(FactoryEntry {
        namespace: (format == "nvs").then(|| word(node, "namespace").unwrap_or_else(|| Arc::from("device"))),
        key,
        kind,
        offset,
        length: typed(node, "length"),
        file,
        is_line: matches!(source, ValueSource::Variable(..) | ValueSource::Text(_)),
        meaning: meaning(&source),
    })
}

fn meaning(source: &ValueSource) -> Option<Meaning> {
    let ValueSource::Credential(path, encoding) = source else { return None };
    let (credential, part) = path.split_once('.')?;
    Some(Meaning { credential: credential.into(), part: part.into(), encoding: Arc::clone(encoding) })
}

fn source(node: &Node, format: &str) -> Option<ValueSource> {
    if let Some(credential) = word(node, "credential") {
        let part = credential.rsplit_once('.').map_or("", |(_, part)| part);
        let usual = match (part, format) {
            ("certificate" | "chain" | "private_key", "esp_secure_cert") => "pem",
            ("certificate" | "chain" | "private_key" | "public_key", _) => "der",
            _ => "raw",
        };
        let encoding = word(node, "as").unwrap_or_else(|| Arc::from(usual));
        return Some(ValueSource::Credential(credential, encoding));
    }
    if let Some(variable) = word(node, "variable") {
        return Some(ValueSource::Variable(variable, typed(node, "secret").unwrap_or_default()));
    }
    if let Some(server) = word(node, "trust") {
        return Some(ValueSource::Trust(server));
    }
    if let Some(encoding) = word(node, "objects") {
        return Some(ValueSource::Objects(encoding, typed(node, "object")));
    }
    word(node, "text").map(ValueSource::Text)
}

fn usual_kind(format: &str, source: &ValueSource) -> ValueKind {
    match source {
        _ if format == "littlefs" || format == "esp_secure_cert" => ValueKind::Blob,
        ValueSource::Credential(_, encoding) if matches!(&**encoding, "der" | "raw") => ValueKind::Blob,
        ValueSource::Objects(..) => ValueKind::Blob,
        _ => ValueKind::String,
    }
}

fn serials(node: &Node) -> SerialSource {
    let pool = match (word(node, "serials").as_deref(), node.get("serial_pool")) {
        (Some("chip"), _) => return SerialSource::Chip,
        (Some("pool"), Some(pool)) => pool,
        _ => return SerialSource::Mes,
    };
    SerialSource::Pool(SerialPool {
        prefix: word(pool, "prefix").unwrap_or_else(|| Arc::from("")),
        first: typed(pool, "first").unwrap_or(1),
        last: typed(pool, "last").unwrap_or(u64::from(u32::MAX)),
        digits: typed(pool, "digits").unwrap_or(1),
    })
}

/// Returns the name with everything but letters, digits, `_`, `.` and `-` replaced; never one that begins with a dot.
fn safe(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '_' };
    let name: String = name.chars().map(plain).collect();
    if name.starts_with('.') { format!("_{name}") } else { name }
}

impl FactorySpec {
    /// Returns the name of the template that is made of it: no folder can have that name.
    pub fn template_name(profile: &str, delivery: &str) -> Arc<str> {
        Arc::from(format!("factory/{profile}/{delivery}"))
    }

    /// Returns the files of that template. Every value is one file of the bundle.
    pub fn template(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        let (mut listed, mut used, mut variables) = (Vec::new(), BTreeSet::new(), BTreeMap::new());
        for (index, value) in self.values.iter().enumerate() {
            let mut file = json!({ "path": value.file, "mode": "0600" });
            match &value.source {
                ValueSource::Credential(part, encoding) => {
                    used.insert(part.split('.').next().unwrap_or_default().to_owned());
                    file["credential"] = json!(part);
                    file["encoding"] = json!(encoding);
                }
                ValueSource::Trust(server) => file["trust"] = json!(server),
                ValueSource::Objects(encoding, object) => {
                    file["lwm2m"] = json!(encoding);
                    if let Some(object) = object {
                        file["object"] = json!(object);
                    }
                }
                ValueSource::Variable(name, secret) => {
                    declare(&mut variables, name, value.kind, *secret);
                    text_file(&mut files, &mut file, index, &format!("{{{{ variables.{name} }}}}"));
                }
                ValueSource::Text(text) => {
                    used.extend(named(text, "credentials."));
                    for name in named(text, "variables.") {
                        variables
                            .entry(name)
                            .or_insert_with(|| json!({ "type": "string", "description": "a value for the chip" }));
                    }
                    text_file(&mut files, &mut file, index, text);
                }
            }
            listed.push(file);
        }
        let kinds = json!({ "kinds": ["x509", "psk", "rpk", "token"], "required": true });
        let credentials: BTreeMap<String, serde_json::Value> =
            used.into_iter().map(|name| (name, kinds.clone())).collect();
        let description = json!({
            "consumer": "the device's firmware",
            "description": "Values for a chip's flash, from a factory section.",
            "credentials": credentials,
            "variables": variables,
            "files": listed,
        });
        files.insert("template.yaml".to_owned(), description.to_string().into_bytes());
        files
    }
}

fn text_file(files: &mut BTreeMap<String, Vec<u8>>, file: &mut serde_json::Value, index: usize, text: &str) {
    let name = format!("value{index}.j2");
    file["template"] = json!(name);
    file["syntax"] = json!("text");
    files.insert(name, text.as_bytes().to_vec());
}

/// Declares a variable; one that two entries want is a number if one of them wants a number.
fn declare(variables: &mut BTreeMap<String, serde_json::Value>, name: &str, kind: ValueKind, secret: bool) {
    let is_number = kind.number().is_some() && !secret;
    let class = if secret { "secret" } else { "plain" };
    let declared = variables
        .entry(name.to_owned())
        .or_insert_with(|| json!({ "type": "string", "class": class, "description": "a value for the chip" }));
    if is_number {
        declared["type"] = json!("integer");
    }
    if secret {
        declared["class"] = json!(class);
    }
}

/// Returns the names behind `before` (`variables.`) in a text of the template engine.
fn named(text: &str, before: &str) -> Vec<String> {
    let after = text.split(before).skip(1);
    let name = |rest: &str| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    after.map(name).filter(|name| !name.is_empty()).collect()
}
