//! The fleet's folder of models: its files, read whole and within bounds. What they mean is for others to say.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fleet::model::ModelsSpec;
use crate::fleet::{Faults, Place};
use crate::host::HostError;
use crate::host::files::read_bounded;

/// The folder where the fleet file names none.
pub const MODELS_FOLDER: &str = "models";
/// The folder in it that holds migration files.
pub const MIGRATIONS_FOLDER: &str = "migrations";
/// Most bytes of a file, 1 MiB.
const LONGEST: u64 = 1 << 20;
/// Most files of a folder.
const MOST: usize = 4096;

/// A file of the folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModelFile {
    /// Its name as faults show it.
    pub name: Arc<str>,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The files of the folder, each list in the order of names.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ModelFolder {
    /// Models: `.yaml`, `.yml`, `.json`, `.jsonld`, `.xml`.
    pub models: Vec<ModelFile>,
    /// Migrations: `.yaml`, `.yml`.
    pub migrations: Vec<ModelFile>,
}

/// Why the folder cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ModelFolderError {
    /// The machine.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The fleet file names a folder that is not there, or one with too much in it.
    #[error("reading the models")]
    Faults(#[from] Faults),
}

/// Reads the folder that the fleet file names, else `models` where that is there.
pub fn read_folder(root: &Path, spec: &ModelsSpec) -> Result<ModelFolder, ModelFolderError> {
    let (folder, place) = match &spec.folder {
        Some((name, place)) => (root.join(name.as_ref()), place.clone()),
        None => (root.join(MODELS_FOLDER), Place::new(&Arc::from(MODELS_FOLDER), 1, 1)),
    };
    if !folder.is_dir() {
        if spec.folder.is_none() {
            return Ok(ModelFolder::default());
        }
        let mut faults = Faults::default();
        faults.add(place, format!("there is no folder {}", folder.display()));
        return Err(faults.into());
    }
    let models = files(&folder, &["yaml", "yml", "json", "jsonld", "xml"], &place)?;
    let migrations = folder.join(MIGRATIONS_FOLDER);
    let migrations = if migrations.is_dir() { files(&migrations, &["yaml", "yml"], &place)? } else { Vec::new() };
    Ok(ModelFolder { models, migrations })
}

/// Reads one file that was named.
pub fn read_file(path: &Path) -> Result<ModelFile, HostError> {
    Ok(ModelFile { name: Arc::from(path.display().to_string()), bytes: read_bounded(path, LONGEST)? })
}

fn files(folder: &Path, endings: &[&str], place: &Place) -> Result<Vec<ModelFile>, ModelFolderError> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).map_err(HostError::io("reading", folder))? {
        let path = entry.map_err(HostError::io("reading", folder))?.path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_file() && !hidden && endings.contains(&ending) {
            paths.push(path);
        }
        if paths.len() > MOST {
            let mut faults = Faults::default();
            faults.add(place.clone(), format!("folder {} has more than {MOST} files", folder.display()));
            return Err(faults.into());
        }
    }
    paths.sort();
    paths.iter().map(|path| read_file(path).map_err(ModelFolderError::from)).collect()
}

impl crate::fleet::Diagnose for ModelFolderError {
    fn class(&self) -> crate::fleet::Class {
        match self {
            Self::Host(error) => error.class(),
            Self::Faults(_) => crate::fleet::Class::Input,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Host(error) => error.hint(),
            Self::Faults(faults) => faults.hint(),
        }
    }
}
