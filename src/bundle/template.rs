//! A template: its description, its files, and the engines that render them; parsed once, used for every device.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::Environment;

use crate::fleet::template::{FileSource, Syntax};
use crate::fleet::{Digest, Faults, Place, TemplateShape};

use super::check::{self, Checked};
use super::environment;
use super::folder::{DESCRIPTION, LONGEST_SOURCE, MOST_FILES, digest, sources};

/// A template, parsed and checked. Cheap to share between threads; rendering does not change it.
pub struct Template {
    shape: TemplateShape,
    digest: Digest,
    /// Folder as shown to the user, for places in errors.
    folder: Arc<str>,
    engines: BTreeMap<u8, Environment<'static>>,
}

impl Template {
    /// Reads a template from the files of its folder, each by its name. `shown_folder` stands in front of file names in
    /// faults. Every fault found is added to `faults`; `None` if there is one.
    ///
    /// At most [`MOST_FILES`] files of [`LONGEST_SOURCE`] bytes. Files that end in `.j2` are MiniJinja; they may include
    /// each other and nothing else. CRLF line ends become LF.
    pub fn from_files(
        name: &Arc<str>,
        shown_folder: &str,
        files: BTreeMap<String, Vec<u8>>,
        faults: &mut Faults,
    ) -> Option<Template> {
        let known = faults.0.len();
        let place = |file: &str| Place::new(&Arc::from(format!("{shown_folder}/{file}")), 1, 1);
        if files.len() > MOST_FILES {
            let message = format!("the template has {} files, at most {MOST_FILES} are possible", files.len());
            faults.add(place(DESCRIPTION), message);
            return None;
        }
        for (file, bytes) in files.iter().filter(|(_, bytes)| bytes.len() > LONGEST_SOURCE) {
            faults
                .add(place(file), format!("the file has {} bytes, at most {LONGEST_SOURCE} are possible", bytes.len()));
        }
        let Some(description) = files.get(DESCRIPTION) else {
            faults.add(place(DESCRIPTION), format!("template {name:?} has no {DESCRIPTION}"));
            return None;
        };
        let Ok(description) = std::str::from_utf8(description) else {
            faults.add(place(DESCRIPTION), format!("{DESCRIPTION} is not UTF-8"));
            return None;
        };
        let shape = TemplateShape::parse(name, &place(DESCRIPTION).file, description, faults)?;
        let sources = sources(&files, &place, faults);
        let engines = engines(&shape, &sources, &place, faults);
        let template = Template { digest: digest(&files), folder: Arc::from(shown_folder), shape, engines };
        template.check(&sources, description, faults);
        (faults.0.len() == known).then_some(template)
    }

    /// Returns what the template says of itself.
    pub fn shape(&self) -> &TemplateShape {
        &self.shape
    }

    /// Returns the digest over every file of the template, by name.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    fn check(&self, sources: &BTreeMap<String, Arc<str>>, description: &str, faults: &mut Faults) {
        let place = |file: &str, line: usize| self.place(file, line);
        check::check(
            &Checked { shape: &self.shape, engine: self.any_engine(), sources, description, place: &place },
            faults,
        );
    }

    /// Returns the engine for files of `syntax`.
    pub(super) fn engine(&self, syntax: Syntax) -> &Environment<'static> {
        self.engines.get(&(syntax as u8)).expect("there is an engine for every syntax of the template's files")
    }

    /// Returns all engines.
    pub(super) fn any_engine(&self) -> &Environment<'static> {
        self.engines.values().next().expect("there is an engine for text at least")
    }

    /// Returns a place in a file of the template.
    pub(super) fn place(&self, file: &str, line: usize) -> Place {
        Place::new(&Arc::from(format!("{}/{file}", self.folder)), u32::try_from(line).unwrap_or(u32::MAX), 1)
    }
}

/// Makes an engine for every syntax in use, and one for text at least. A source that does not parse is one fault, not one
/// for each engine.
fn engines(
    shape: &TemplateShape,
    sources: &BTreeMap<String, Arc<str>>,
    place: &impl Fn(&str) -> Place,
    faults: &mut Faults,
) -> BTreeMap<u8, Environment<'static>> {
    let used = shape.files.iter().filter_map(|file| match &file.source {
        FileSource::Template { syntax, .. } => Some(*syntax),
        _ => None,
    });
    let mut engines = BTreeMap::new();
    for syntax in used.chain([Syntax::Text]) {
        engines.entry(syntax as u8).or_insert_with(|| {
            let (engine, errors) = environment::build(syntax, sources);
            for error in errors {
                let mut at = place(error.name().unwrap_or(DESCRIPTION));
                at.line = error.line().and_then(|line| u32::try_from(line).ok()).unwrap_or(1);
                let message = error.detail().map_or_else(|| error.kind().to_string(), ToOwned::to_owned);
                if !faults.0.iter().any(|fault| fault.place == at && fault.message == message) {
                    faults.add(at, message);
                }
            }
            engine
        });
    }
    engines
}
