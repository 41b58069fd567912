//! Model files: short YAML, Thing Models, object definitions.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::fleet::model::{Model, ModelName, ModelVersion, short};
use crate::fleet::{Faults, Place};
use crate::format::{ddf, wot};
use crate::registry::models::ModelSource;

/// How a model is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ModelFormat {
    /// Short YAML.
    Short,
    /// A Thing Model (W3C WoT TD 1.1), JSON.
    Wot,
    /// LwM2M object definitions (OMA DDF), XML.
    Ddf,
}

impl ModelFormat {
    /// Returns the word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Wot => "wot",
            Self::Ddf => "ddf",
        }
    }

    /// Returns the format of that word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Short, Self::Wot, Self::Ddf].into_iter().find(|format| format.as_str() == word)
    }

    /// Tells the format by the first letter: `<` is XML, `{` is JSON, all else is YAML.
    pub fn sniff(bytes: &[u8]) -> Self {
        let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'<') => Self::Ddf,
            Some(b'{') => Self::Wot,
            _ => Self::Short,
        }
    }
}

/// Name and version of a model whose file says none of ours.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Naming {
    /// The name.
    pub name: Option<ModelName>,
    /// The version.
    pub version: Option<ModelVersion>,
}

/// What a file holds.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ReadModels {
    /// The models: several only in object definitions.
    pub models: Vec<(Model, ModelSource)>,
    /// What is odd about the file and how it was taken, and what a model cannot say.
    pub notes: Vec<String>,
}

/// Reads a model file and checks each model by the rules of Thing Models; every fault is noted with its place. None if there
/// is any.
pub fn read_models(
    file: &Arc<str>,
    bytes: &[u8],
    format: ModelFormat,
    naming: &Naming,
    faults: &mut Faults,
) -> Option<ReadModels> {
    let start = Place::new(file, 1, 1);
    let source = ModelSource { format: format.as_str().to_owned(), bytes: bytes.to_vec() };
    let mut notes = Vec::new();
    let models = match format {
        ModelFormat::Short => {
            let Ok(text) = std::str::from_utf8(bytes) else {
                faults.add(start, "the file is not UTF-8");
                return None;
            };
            vec![short::parse(file, text, faults)?]
        }
        ModelFormat::Wot => vec![thing_model(&start, bytes, naming, &mut notes, faults)?],
        ModelFormat::Ddf => definitions(&start, bytes, naming, &mut notes, faults)?,
    };
    let mut read = ReadModels { models: Vec::new(), notes };
    let mut is_whole = true;
    for model in models {
        match wot::validate_thing_model(model.canonical()) {
            Ok(warnings) => read.notes.extend(warnings.iter().map(|warning| format!("{file}: {warning}"))),
            Err(found) => {
                is_whole = false;
                found.iter().for_each(|fault| faults.add(start.clone(), fault.to_string()));
            }
        }
        read.models.push((model, source.clone()));
    }
    is_whole.then_some(read)
}

fn thing_model(
    start: &Place,
    bytes: &[u8],
    naming: &Naming,
    notes: &mut Vec<String>,
    faults: &mut Faults,
) -> Option<Model> {
    let mut value = match wot::read(bytes) {
        Ok(value) => value,
        Err(fault) => {
            faults.add(start.clone(), fault.to_string());
            return None;
        }
    };
    stamp(&mut value, naming, notes, &start.file);
    model(start, value, faults)
}

fn model(start: &Place, value: Value, faults: &mut Faults) -> Option<Model> {
    match Model::from_canonical(value) {
        Ok(model) => Some(model),
        Err(error) => {
            let hint = "say them: --name NAME --model-version 1.0.0";
            faults.add_with_hint(start.clone(), error.to_string(), hint);
            None
        }
    }
}

/// A Thing Model of somebody else's gets a name and a version of ours.
fn stamp(value: &mut Value, naming: &Naming, notes: &mut Vec<String>, file: &str) {
    let Some(map) = value.as_object_mut() else { return };
    if let Some(name) = &naming.name {
        if let Some(former) = map.get("id").filter(|id| id.is_string()) {
            notes.push(format!("{file}: the id was {former}"));
        }
        map.insert("id".to_owned(), json!(format!("urn:firstlight:model:{name}")));
    }
    if let Some(version) = naming.version {
        let told = map.entry("version").or_insert_with(|| json!({}));
        if let Some(told) = told.as_object_mut() {
            told.insert("model".to_owned(), json!(version.to_string()));
        }
    }
}

fn definitions(
    start: &Place,
    bytes: &[u8],
    naming: &Naming,
    notes: &mut Vec<String>,
    faults: &mut Faults,
) -> Option<Vec<Model>> {
    let import = match ddf::read(bytes) {
        Ok(import) => import,
        Err(error) => {
            faults.add(start.clone(), error.to_string());
            return None;
        }
    };
    let file = &start.file;
    notes.extend(import.notes.iter().map(|note| format!("{file}:{}: {}", note.line, note.words)));
    if naming.name.is_some() && import.objects.len() > 1 {
        faults.add(start.clone(), format!("the file defines {} objects, one name is given", import.objects.len()));
        return None;
    }
    let mut models = Vec::new();
    for object in &import.objects {
        let (mut value, losses) = ddf::to_thing_model(object);
        notes.extend(losses.iter().map(|loss| format!("{file}: {loss}")));
        let mut ignored = Vec::new();
        stamp(&mut value, naming, &mut ignored, file);
        models.push(model(start, value, faults)?);
    }
    Some(models)
}
