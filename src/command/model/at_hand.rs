//! What commands on models work with: the folder's files, the registry, the models in it.

use std::path::Path;
use std::sync::Arc;

use crate::command::{Context, registry};
use crate::fleet::Faults;
use crate::fleet::model::{Migration, Model, ModelsSpec};
use crate::registration::{ModelFormat, Models, Naming, ReadModels, read_models};
use crate::registry::Registry;
use crate::registry::models::ModelSource;
use crate::station::models::{ModelFile, read_folder};
use crate::ui::Printer;

/// The fleet's own models.
#[derive(Default)]
pub struct OwnModels {
    /// The models.
    pub models: Vec<(Model, ModelSource)>,
    /// Migrations between major versions.
    pub migrations: Vec<Migration>,
    /// What is odd about the files.
    pub notes: Vec<String>,
}

/// Reads the fleet's folder of models; all faults of all files are told at once.
pub fn own(root: &Path, spec: &ModelsSpec) -> anyhow::Result<OwnModels> {
    let folder = read_folder(root, spec)?;
    let mut faults = Faults::default();
    let mut own = OwnModels::default();
    for file in &folder.models {
        let read = read(file, None, &Naming::default(), &mut faults);
        own.models.extend(read.models);
        own.notes.extend(read.notes);
    }
    for file in &folder.migrations {
        match std::str::from_utf8(&file.bytes) {
            Ok(text) => own.migrations.extend(Migration::parse(&file.name, text, &mut faults)),
            Err(_) => faults.add(crate::fleet::Place::new(&file.name, 1, 1), "the file is not UTF-8"),
        }
    }
    Ok(faults.or_value(own)?)
}

/// Reads one file; without a format by its first letter.
pub fn read(file: &ModelFile, format: Option<ModelFormat>, naming: &Naming, faults: &mut Faults) -> ReadModels {
    let format = format.unwrap_or_else(|| ModelFormat::sniff(&file.bytes));
    read_models(&file.name, &file.bytes, format, naming, faults).unwrap_or_default()
}

/// Opens the registry and its models, with the fleet's migrations.
pub fn models(context: &Context) -> anyhow::Result<(Registry, Arc<Models>)> {
    let (folder, registry) = registry::open(context)?;
    let own = own(&folder.root, folder.fleet.models())?;
    let models = Models::open(registry.clone(), own.migrations)?;
    Ok((registry, Arc::new(models)))
}

/// Publishes the fleet's own models; for the server's start. Says what is new.
pub fn publish_own(own: OwnModels, registry: &Registry, actor: &str, printer: &Printer) -> anyhow::Result<Arc<Models>> {
    let models = Models::open(registry.clone(), own.migrations)?;
    let published = models.publish(actor, &own.models)?;
    for ((model, _), published) in own.models.iter().zip(published) {
        if published != crate::registry::models::Published::Same {
            printer.talk(format_args!("published model {}", model.reference()));
        }
    }
    Ok(Arc::new(models))
}
