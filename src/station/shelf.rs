//! The templates a fleet uses: built-in ones and the fleet's own, each parsed once.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::bundle::Template;
use crate::fleet::{Digest, Faults, TemplateShape};

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
    fn builtin(&self, name: &Arc<str>) -> Option<(TemplateShape, Digest)> {
        let template = Template::builtin(name)?.expect("a built-in template has no fault: each is tested");
        Some(self.keep(name, template))
    }

    fn own(
        &self,
        name: &Arc<str>,
        shown_folder: &str,
        files: BTreeMap<String, Vec<u8>>,
        faults: &mut Faults,
    ) -> Option<(TemplateShape, Digest)> {
        let template = Template::from_files(name, shown_folder, files, faults)?;
        Some(self.keep(name, template))
    }
}
