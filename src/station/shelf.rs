//! The templates a fleet uses: built-in ones and the fleet's own, each parsed once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use crate::bundle::{LONGEST_SOURCE, MOST_FILES, Template};
use crate::fleet::{Digest, Faults, Place, TemplateShape};
use crate::host::{HostError, files};

use super::load::TemplateLibrary;

/// Holds every template that was looked up while the fleet was loaded.
#[derive(Default)]
pub struct Shelf {
    templates: RwLock<BTreeMap<Arc<str>, Arc<Template>>>,
}

impl Shelf {
    /// Returns a template that the loaded fleet names.
    ///
    /// # Panics
    /// If it was never looked up: a plan names only templates that the check has found.
    pub fn template(&self, name: &str) -> Arc<Template> {
        let templates = self.templates.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(templates.get(name).expect("a plan names templates that the check has found"))
    }

    fn keep(&self, name: &Arc<str>, template: Template) -> (TemplateShape, Digest) {
        let known = (template.shape().clone(), template.digest());
        let mut templates = self.templates.write().unwrap_or_else(PoisonError::into_inner);
        templates.insert(Arc::clone(name), Arc::new(template));
        known
    }
}

impl TemplateLibrary for Shelf {
    fn built_in(&self) -> Vec<Arc<str>> {
        Template::builtin_names().iter().map(|name| Arc::from(*name)).collect()
    }

    fn read(&self, name: &Arc<str>, folder: Option<&Path>, faults: &mut Faults) -> Option<(TemplateShape, Digest)> {
        let Some(folder) = folder else {
            let template = Template::builtin(name)?.expect("a built-in template has no fault: each is tested");
            return Some(self.keep(name, template));
        };
        let shown = folder.display().to_string();
        let files = match template_files(folder) {
            Ok(files) => files,
            Err(error) => {
                faults.add(Place::new(&Arc::from(&*shown), 1, 1), format!("the template cannot be read: {error}"));
                return None;
            }
        };
        Some(self.keep(name, Template::from_files(name, &shown, files, faults)?))
    }

    fn compose(
        &self,
        name: &Arc<str>,
        shown: &str,
        files: BTreeMap<String, Vec<u8>>,
        faults: &mut Faults,
    ) -> Option<(TemplateShape, Digest)> {
        Some(self.keep(name, Template::from_files(name, shown, files, faults)?))
    }
}

/// Reads the plain files of a template's folder; links and folders are not followed. One file and one byte more than a
/// template may have are enough for its own reader to refuse it with both numbers.
fn template_files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, HostError> {
    let failed = |source| HostError::Io { doing: "reading", path: folder.to_owned(), source };
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if found.len() <= MOST_FILES && entry.file_type().map_err(failed)?.is_file() {
            found.insert(name, files::read_bounded(&entry.path(), 2 * LONGEST_SOURCE as u64)?);
        }
    }
    Ok(found)
}
