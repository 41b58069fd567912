//! Reads `template.yaml`. Stands in until the fleet room's own reader, with its places, is merged.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::fleet::template::{CredentialUse, FileSource, Syntax};
use crate::fleet::{
    Faults, Filesystem, MediumPlan, PartitionTable, Place, SensitivityClass, TemplateFile, TemplateShape,
    TemplateVariable, ValueType,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    consumer: String,
    description: String,
    medium: Medium,
    #[serde(default)]
    credentials: BTreeMap<Arc<str>, CredentialUse>,
    #[serde(default)]
    variables: BTreeMap<Arc<str>, Variable>,
    files: Vec<File>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Medium {
    table: PartitionTable,
    filesystem: Filesystem,
    label: String,
    size: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Variable {
    #[serde(rename = "type")]
    value_type: ValueType,
    default: Option<serde_json::Value>,
    #[serde(default)]
    class: SensitivityClass,
    description: String,
    #[serde(default)]
    choices: Vec<serde_json::Value>,
    longest: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    path: String,
    mode: String,
    when: Option<String>,
    template: Option<String>,
    syntax: Option<Syntax>,
    credential: Option<String>,
    encoding: Option<String>,
    trust: Option<String>,
    lwm2m: Option<String>,
    object: Option<u16>,
}

pub(super) fn parse(name: &Arc<str>, file: &Arc<str>, bytes: &[u8], faults: &mut Faults) -> Option<TemplateShape> {
    match serde_yaml::from_slice::<Description>(bytes) {
        Ok(description) => Some(shape(name, description)),
        Err(error) => {
            let line = error.location().map_or(1, |location| u32::try_from(location.line()).unwrap_or(1));
            faults.add(Place::new(file, line, 1), error.to_string());
            None
        }
    }
}

fn shape(name: &Arc<str>, description: Description) -> TemplateShape {
    let size = description.medium.size.as_deref().and_then(|size| size.strip_suffix("MiB")?.parse::<u64>().ok());
    TemplateShape {
        name: Arc::clone(name),
        consumer: description.consumer,
        description: description.description,
        medium: MediumPlan {
            table: description.medium.table,
            filesystem: description.medium.filesystem,
            label: description.medium.label,
            size: size.map(|mebibytes| mebibytes << 20),
        },
        credentials: description.credentials,
        variables: description.variables.into_iter().map(|(name, variable)| (name, self::variable(variable))).collect(),
        files: description.files.into_iter().map(self::file).collect(),
    }
}

fn variable(variable: Variable) -> TemplateVariable {
    let Variable { value_type, default, class, description, choices, longest } = variable;
    TemplateVariable { value_type, default, class, description, choices, longest }
}

fn file(file: File) -> TemplateFile {
    let source = if let Some(name) = file.template {
        FileSource::Template { file: name, syntax: file.syntax.unwrap_or(Syntax::Text) }
    } else if let Some(part) = file.credential {
        FileSource::Credential { part, encoding: file.encoding.unwrap_or_else(|| "pem".into()) }
    } else if let Some(server) = file.trust {
        FileSource::Trust { server }
    } else {
        FileSource::Lwm2mObjects { encoding: file.lwm2m.unwrap_or_default(), object: file.object }
    };
    TemplateFile { path: file.path, mode: u32::from_str_radix(&file.mode, 8).unwrap_or(0o600), source, when: file.when }
}
