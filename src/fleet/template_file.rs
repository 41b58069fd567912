//! `template.yaml` becomes a template's shape.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::template::{
    CredentialUse, EVERY_CREDENTIAL, FileSource, SensitivityClass, TemplateAction, TemplateFile, TemplateVariable,
    ValueType,
};
use super::template_shapes::{TEMPLATE, mode};
use super::yaml::{Entry, Kind, Node};
use super::{Faults, MediumPlan, TemplateShape, file, nearest, shape, yaml};

impl TemplateShape {
    /// Reads `template.yaml` of the template `name`; every fault is noted with its place. None if there is any, so that a
    /// shape is always whole.
    pub fn parse(name: &Arc<str>, file: &Arc<str>, text: &str, faults: &mut Faults) -> Option<Self> {
        let mut own = Faults::default();
        let shape = yaml::parse(file, text, &mut own).and_then(|root| {
            shape::check("the template", &root, &TEMPLATE, &mut own);
            read(name, &root, &mut own)
        });
        let whole = own.is_empty();
        for fault in own.0 {
            match fault.hint {
                Some(hint) => faults.add_with_hint(fault.place, fault.message, hint),
                None => faults.add(fault.place, fault.message),
            }
        }
        shape.filter(|_| whole)
    }
}

fn read(name: &Arc<str>, root: &Node, faults: &mut Faults) -> Option<TemplateShape> {
    let credentials: BTreeMap<Arc<str>, CredentialUse> =
        entries(root, "credentials").filter_map(|entry| Some((key(entry), credential(&entry.value)?))).collect();
    let variables: BTreeMap<Arc<str>, TemplateVariable> =
        entries(root, "variables").filter_map(|entry| Some((key(entry), variable(entry, faults)?))).collect();
    let files = files(root, &credentials, faults);
    Some(TemplateShape {
        name: Arc::clone(name),
        consumer: root.get("consumer")?.text()?.to_owned(),
        description: root.get("description")?.text()?.trim_end().to_owned(),
        medium: match root.get("medium") {
            Some(_) => Some(medium(root, faults)?),
            None => None,
        },
        credentials,
        variables,
        files,
        actions: root.get("actions").map(Node::items).unwrap_or_default().iter().filter_map(action).collect(),
    })
}

fn medium(root: &Node, faults: &mut Faults) -> Option<MediumPlan> {
    let entry = root.entry("medium")?;
    let spec = file::medium(&entry.value);
    let filesystem = spec.filesystem.unwrap_or_default();
    if let Some(size) = &spec.size {
        for message in filesystem.size_faults(size.value) {
            faults.add(size.place.clone(), message);
        }
    }
    let Some(label) = spec.label else {
        if matches!(entry.value.kind, Kind::Map(_)) && entry.value.get("label").is_none() {
            faults.add(entry.place.clone(), "\"medium\" lacks \"label\"");
        }
        return None;
    };
    Some(MediumPlan {
        table: spec.table.unwrap_or_default(),
        filesystem,
        label: label.value.to_ascii_uppercase(),
        size: spec.size.map(|size| size.value),
    })
}

fn action(node: &Node) -> Option<TemplateAction> {
    let [only] = node.entries() else { return None };
    let text = only.value.text()?.to_owned();
    match only.key.as_str() {
        "hostname" => Some(TemplateAction::Hostname(text)),
        "network_connection" => Some(TemplateAction::NetworkConnection(text)),
        "restart" => Some(TemplateAction::Restart(text)),
        "hook" => Some(TemplateAction::Hook(text)),
        _ => None,
    }
}

fn credential(node: &Node) -> Option<CredentialUse> {
    let kinds = node.get("kinds")?.items().iter().filter_map(|kind| kind.text().map(str::to_owned)).collect();
    let required = node.get("required").is_none_or(|required| required.value() == Value::Bool(true));
    Some(CredentialUse { kinds, required })
}

fn variable(entry: &Entry, faults: &mut Faults) -> Option<TemplateVariable> {
    let node = &entry.value;
    let class = word(node, "class").unwrap_or_default();
    let variable = TemplateVariable {
        value_type: word(node, "type")?,
        default: node.get("default").map(Node::value),
        class,
        description: node.get("description").and_then(Node::text).unwrap_or_default().trim_end().to_owned(),
        choices: node.get("choices").map(Node::items).unwrap_or_default().iter().map(Node::value).collect(),
        longest: node.get("longest").and_then(|longest| usize::try_from(longest.value().as_u64()?).ok()),
    };
    check_variable(entry, &variable, faults);
    Some(variable)
}

/// A default of nothing makes a variable optional, whatever its type.
fn check_variable(entry: &Entry, variable: &TemplateVariable, faults: &mut Faults) {
    let name = &entry.key;
    let kind = variable.value_type.wanted();
    let default = entry.value.get("default");
    if variable.class == SensitivityClass::Secret {
        if variable.value_type != ValueType::String {
            faults.add(
                entry.place.clone(),
                format!("variable {name:?} is secret and {kind}; a secret can only be a text"),
            );
        }
        if let Some(default) = default.filter(|default| !default.is_null() && default.text() != Some("")) {
            let message = format!("variable {name:?} is secret and has a default in clear");
            faults.add_with_hint(default.place.clone(), message, "default: null makes it optional");
        }
        return;
    }
    if let Some(node) = default.filter(|node| !node.is_null()) {
        let value = node.value();
        if !variable.value_type.holds(&value) {
            faults.add(
                node.place.clone(),
                format!("the default of variable {name:?} is {}, wanted is {kind}", shape::found(node)),
            );
        } else if !variable.choices.is_empty() && !variable.choices.contains(&value) {
            faults.add(node.place.clone(), format!("the default of variable {name:?} is none of its choices"));
        }
    }
    for choice in entry.value.get("choices").map(Node::items).unwrap_or_default() {
        if !variable.value_type.holds(&choice.value()) {
            let message = format!("a choice of variable {name:?} is {}, wanted is {kind}", shape::found(choice));
            faults.add(choice.place.clone(), message);
        }
    }
}

fn files(root: &Node, credentials: &BTreeMap<Arc<str>, CredentialUse>, faults: &mut Faults) -> Vec<TemplateFile> {
    let mut files = Vec::new();
    let mut paths: Vec<(String, bool)> = Vec::new();
    for node in root.get("files").map(Node::items).unwrap_or_default() {
        let conditional = node.get("when").is_some();
        if let Some(path) = node.get("path").and_then(Node::text) {
            check_path(node, path, conditional, &mut paths, faults);
        }
        files.extend(bundle_file(node, credentials, faults));
    }
    files
}

/// FAT folds case, so two paths that differ only in case are one file. Two files with conditions may share a path: the
/// conditions choose.
fn check_path(node: &Node, path: &str, conditional: bool, paths: &mut Vec<(String, bool)>, faults: &mut Faults) {
    let folded = path.to_ascii_lowercase();
    if paths.iter().any(|(known, when)| *known == folded && !(conditional && *when)) {
        let place = node.get("path").map_or(&node.place, |path| &path.place);
        faults.add(place.clone(), format!("path {path:?} stands here a second time (case does not count on FAT)"));
    }
    paths.push((folded, conditional));
}

fn bundle_file(
    node: &Node,
    credentials: &BTreeMap<Arc<str>, CredentialUse>,
    faults: &mut Faults,
) -> Option<TemplateFile> {
    Some(TemplateFile {
        path: node.get("path")?.text()?.to_owned(),
        mode: mode(node.get("mode")?.text()?)?,
        source: source(node, credentials, faults)?,
        when: node.get("when").and_then(Node::text).map(str::to_owned),
        destination: node.get("destination").and_then(Node::text).map(str::to_owned),
        owner: node.get("owner").and_then(Node::text).map(str::to_owned),
    })
}

fn source(node: &Node, credentials: &BTreeMap<Arc<str>, CredentialUse>, faults: &mut Faults) -> Option<FileSource> {
    check_companions(node, faults);
    if let Some(template) = node.get("template") {
        return Some(FileSource::Template { file: template.text()?.to_owned(), syntax: word(node, "syntax")? });
    }
    if let Some(part) = node.get("credential") {
        check_part(part, credentials, faults);
        let encoding = node.get("encoding").and_then(Node::text).unwrap_or("pem").to_owned();
        return Some(FileSource::Credential { part: part.text()?.to_owned(), encoding });
    }
    if let Some(server) = node.get("trust") {
        return Some(FileSource::Trust { server: server.text()?.to_owned() });
    }
    let encoding = node.get("lwm2m")?.text()?.to_owned();
    let object = node.get("object").and_then(|object| u16::try_from(object.value().as_u64()?).ok());
    Some(FileSource::Lwm2mObjects { encoding, object })
}

/// Keys that go with one kind of source only.
fn check_companions(node: &Node, faults: &mut Faults) {
    for (key, source) in [("syntax", "template"), ("encoding", "credential"), ("object", "lwm2m")] {
        if let Some(entry) = node.entry(key).filter(|_| node.entry(source).is_none()) {
            faults.add(entry.place.clone(), format!("{key:?} goes only with {source:?}"));
        }
    }
    let wants = |place: &super::Place, message: &str, faults: &mut Faults| faults.add(place.clone(), message);
    if let Some(template) = node.entry("template").filter(|_| node.entry("syntax").is_none()) {
        wants(&template.place, "\"template\" wants \"syntax\": yaml, json, toml, toml-line, shell or text", faults);
    }
    let encoding = node.get("lwm2m").and_then(Node::text);
    match (encoding, node.entry("object"), node.entry("lwm2m")) {
        (Some("tlv"), None, Some(entry)) => wants(&entry.place, "\"lwm2m: tlv\" wants \"object\": 0, 1 or 2", faults),
        (Some("senml-cbor"), Some(entry), _) => wants(&entry.place, "\"object\" goes only with \"lwm2m: tlv\"", faults),
        _ => {}
    }
}

fn check_part(node: &Node, credentials: &BTreeMap<Arc<str>, CredentialUse>, faults: &mut Faults) {
    let Some((name, _)) = node.text().and_then(|part| part.split_once('.')) else { return };
    if !credentials.contains_key(name) && !credentials.contains_key(EVERY_CREDENTIAL) {
        let message = format!("the template's credentials do not hold {name:?}");
        match nearest::hint(name, credentials.keys().map(|name| &**name)) {
            Some(hint) => faults.add_with_hint(node.place.clone(), message, hint),
            None => faults.add(node.place.clone(), message),
        }
    }
}

fn entries<'a>(node: &'a Node, key: &str) -> impl Iterator<Item = &'a Entry> {
    node.get(key).map(Node::entries).unwrap_or_default().iter()
}

fn key(entry: &Entry) -> Arc<str> {
    Arc::from(entry.key.as_str())
}

fn word<T: serde::de::DeserializeOwned>(node: &Node, key: &str) -> Option<T> {
    serde_json::from_value(node.get(key)?.value()).ok()
}

#[cfg(test)]
mod tests;
