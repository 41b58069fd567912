//! What is checked of a template before any device: names its files use, and what its file list promises.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use minijinja::Environment;

use crate::fleet::template::FileSource;
use crate::fleet::{Faults, Place, TemplateFile, TemplateShape};

use super::context::{BUNDLE, CHIP, DEVICE, PARTS, TOP_LEVEL};
use super::encoding::{Form, Nature};
use super::folder::{DESCRIPTION, is_source, may_write};

/// Functions of the engine that a template may call.
const FUNCTIONS: [&str; 4] = ["range", "dict", "namespace", "fail"];

/// A template to be checked.
pub(super) struct Checked<'a> {
    pub(super) shape: &'a TemplateShape,
    /// Any engine that knows the sources.
    pub(super) engine: &'a Environment<'static>,
    pub(super) sources: &'a BTreeMap<String, Arc<str>>,
    /// Text of the description.
    pub(super) description: &'a str,
    /// Makes a place from file and line.
    pub(super) place: &'a dyn Fn(&str, usize) -> Place,
}

/// Adds a fault for everything in the template that could not work for any device.
pub(super) fn check(template: &Checked<'_>, faults: &mut Faults) {
    for file in &template.shape.files {
        check_file(template, file, faults);
    }
    for action in &template.shape.actions {
        check_line(template, action.text(), faults);
    }
    for (name, source) in template.sources {
        let Ok(compiled) = template.engine.get_template(name) else { continue };
        for fault in unknown_names(template.shape, &compiled.undeclared_variables(true)) {
            let line = line_of(source, &fault.name);
            faults.add_with_hint((template.place)(name, line), fault.message, fault.hint);
        }
    }
}

/// What [`TemplateShape::parse`] cannot know: the other files, and the names in conditions.
fn check_file(template: &Checked<'_>, file: &TemplateFile, faults: &mut Faults) {
    let place = (template.place)(DESCRIPTION, line_of_path(template.description, &file.path));
    let mut add = |message: String| faults.add(place.clone(), message);
    if !may_write(&file.path) {
        add(format!("{:?} is no path for a bundle file", file.path));
    }
    if let Some(message) = wrong_source(template.shape, template.sources, file) {
        add(message);
    }
    for text in [&file.destination, &file.owner].into_iter().flatten() {
        check_line(template, text, faults);
    }
    let mut add = |message: String| faults.add(place.clone(), message);
    let Some(condition) = &file.when else { return };
    match template.engine.compile_expression(condition) {
        Ok(expression) => {
            for fault in unknown_names(template.shape, &expression.undeclared_variables(true)) {
                add(fault.message);
            }
        }
        Err(error) => add(format!("`when: {condition}` is no expression: {error}")),
    }
}

/// A text of the description that is rendered: its names must be known as those of every file.
fn check_line(template: &Checked<'_>, text: &str, faults: &mut Faults) {
    let at = template.description.lines().position(|line| line.contains(text)).map_or(1, |index| index + 1);
    let place = (template.place)(DESCRIPTION, at);
    match template.engine.template_from_str(text) {
        Ok(compiled) => {
            for fault in unknown_names(template.shape, &compiled.undeclared_variables(true)) {
                faults.add_with_hint(place.clone(), fault.message, fault.hint);
            }
        }
        Err(error) => faults.add(place, format!("{text:?} is no text of a template: {error}")),
    }
}

fn wrong_source(shape: &TemplateShape, sources: &BTreeMap<String, Arc<str>>, file: &TemplateFile) -> Option<String> {
    match &file.source {
        FileSource::Template { file, .. } if !is_source(file) => {
            Some(format!("template file {file:?} must end in .j2"))
        }
        FileSource::Template { file, .. } if !sources.contains_key(file) => {
            Some(format!("the template has no file {file:?}"))
        }
        FileSource::Credential { part, encoding } => wrong_part(shape, part, encoding),
        FileSource::Template { .. } | FileSource::Trust { .. } | FileSource::Lwm2mObjects { .. } => None,
    }
}

fn wrong_part(shape: &TemplateShape, part: &str, encoding: &str) -> Option<String> {
    let (credential, name) = part.split_once('.')?;
    let used = shape.credential_use(credential)?;
    let nature = match name {
        "certificate" | "chain" => Nature::Certificates,
        "public_key" => Nature::PublicKey,
        "private_key" => Nature::PrivateKey,
        "key" => Nature::Bytes,
        _ => return Some(unknown_part(credential, name)),
    };
    if !used.kinds.iter().any(|kind| parts_of(kind).contains(&name)) {
        return Some(unknown_part(credential, name));
    }
    match Form::named(encoding)? {
        form if !nature.can_be(form) => Some(format!("{part:?} cannot be written as {encoding}")),
        form if name == "chain" && form != Form::Pem => {
            Some(format!("{part:?} are several certificates: only pem holds them"))
        }
        _ => None,
    }
}

fn unknown_part(credential: &str, part: &str) -> String {
    format!("credential {credential:?} has no part {part:?}")
}

fn parts_of(kind: &str) -> &'static [&'static str] {
    PARTS.iter().find(|(word, _)| *word == kind).map_or(&[], |(_, parts)| parts)
}

struct Unknown {
    name: String,
    message: String,
    hint: String,
}

/// Returns what is wrong with the names used: dotted as far as the engine can tell.
fn unknown_names(shape: &TemplateShape, used: &HashSet<String>) -> Vec<Unknown> {
    let mut names: Vec<&String> = used.iter().collect();
    names.sort();
    names.into_iter().filter_map(|name| unknown_name(shape, name)).collect()
}

fn unknown_name(shape: &TemplateShape, name: &str) -> Option<Unknown> {
    let mut segments = name.split('.');
    let (first, second, third) = (segments.next()?, segments.next(), segments.next());
    let unknown = |message: String, hint: String| Some(Unknown { name: name.to_owned(), message, hint });
    let among = |known: &[&str]| format!("there are {}", known.join(", "));
    match (first, second) {
        ("variables", Some(variable)) if !shape.variables.contains_key(variable) => unknown(
            format!("variable {variable:?} is not declared"),
            format!("declare it under `variables` in {DESCRIPTION}"),
        ),
        ("credentials", Some(credential)) => {
            let Some(used) = shape.credential_use(credential) else {
                let message = format!("credential {credential:?} is not declared");
                return unknown(message, format!("declare it under `credentials` in {DESCRIPTION}"));
            };
            let known: Vec<&str> = used.kinds.iter().flat_map(|kind| parts_of(kind)).copied().collect();
            match third.filter(|part| !known.contains(part)) {
                Some(part) => unknown(unknown_part(credential, part), among(&known)),
                None => None,
            }
        }
        ("device", Some(field)) if !DEVICE.contains(&field) => {
            unknown(format!("{name:?} is not known"), among(&DEVICE))
        }
        ("chip", Some(field)) if !CHIP.contains(&field) => unknown(format!("{name:?} is not known"), among(&CHIP)),
        ("bundle", Some(field)) if !BUNDLE.contains(&field) => {
            unknown(format!("{name:?} is not known"), among(&BUNDLE))
        }
        (first, _) if TOP_LEVEL.contains(&first) || FUNCTIONS.contains(&first) => None,
        _ => unknown(format!("{first:?} is not known"), among(&TOP_LEVEL)),
    }
}

/// Returns the line on which `name` stands in a block or expression, else the first on which it stands at all, else 1.
fn line_of(source: &str, name: &str) -> usize {
    let stands = |line: &str| {
        line.match_indices(name).any(|(at, _)| {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            !line[..at].ends_with(|c| is_word(c) || c == '.') && !line[at + name.len()..].starts_with(is_word)
        })
    };
    let lines = || source.lines().enumerate().filter(|(_, line)| stands(line));
    let in_code = lines().find(|(_, line)| line.contains("{{") || line.contains("{%"));
    in_code.or_else(|| lines().next()).map_or(1, |(index, _)| index + 1)
}

fn line_of_path(description: &str, path: &str) -> usize {
    let files = description.lines().position(|line| line.starts_with("files:")).unwrap_or(0);
    let found = description.lines().skip(files).position(|line| line.contains("path") && line.contains(path));
    found.map_or(1, |index| files + index + 1)
}
