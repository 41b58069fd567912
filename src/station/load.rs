//! A fleet's folder becomes a fleet: `fleet.yaml`, the inventory, the templates and the PEM files it names, `fleet.lock`.
//!
//! All of it is read before any verdict, so that one run names every fault.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fleet::file::{Located, PemUse};
use crate::fleet::text::{self, LONGEST_FILE, LONGEST_INVENTORY};
use crate::fleet::{
    Class, Diagnose, Digest, Faults, Fleet, FleetFile, FleetLock, Inventory, InventoryForm, Place, StoreSpec,
    TemplateShape, Templates,
};
use crate::host::HostError;
use crate::host::files::read_bounded;

/// Name of the fleet file.
pub const FLEET_FILE: &str = "fleet.yaml";
/// Name of the file that pins the authority.
pub const LOCK_FILE: &str = "fleet.lock";
/// Folder of a fleet's own templates.
pub const TEMPLATES_FOLDER: &str = "templates";
/// Longest partition table: 95 lines at most.
const LONGEST_TABLE: u64 = 64 * 1024;
/// Longest PEM file: a chain of certificates takes some kilobytes.
const LONGEST_PEM: u64 = 1024 * 1024;

/// A fleet and the folder it was read from.
#[derive(Debug)]
pub struct FleetFolder {
    /// The folder.
    pub root: PathBuf,
    /// The fleet, without faults.
    pub fleet: Fleet,
    /// The pinned authority, if there is one yet.
    pub lock: Option<FleetLock>,
    /// Digests of what it was read from.
    pub sources: Sources,
}

/// Digests of everything a fleet was read from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sources {
    /// Files by the names they go by: `fleet.yaml`, the inventory, PEM files, partition tables.
    pub files: BTreeMap<String, Digest>,
    /// The templates used, each over all its files.
    pub templates: BTreeMap<Arc<str>, Digest>,
}

/// What is read besides the folder.
pub struct Inputs<'a> {
    /// An inventory to read instead of the one that the fleet file names; `-` is standard input.
    pub inventory: Option<PathBuf>,
    /// Standard input, read if the inventory is `-`.
    pub stdin: &'a mut dyn Read,
}

/// Where templates come from.
pub trait TemplateLibrary {
    /// Returns the names of the built-in templates.
    fn built_in(&self) -> Vec<Arc<str>>;

    /// Reads the template `name`, from `folder` if there is one, else the built-in one; the digest is over all its files.
    /// Notes its faults, and returns none if there are any.
    fn read(&self, name: &Arc<str>, folder: Option<&Path>, faults: &mut Faults) -> Option<(TemplateShape, Digest)>;

    /// Takes a template whose files were made of the fleet file; `shown` stands in front of file names in faults.
    fn compose(
        &self,
        name: &Arc<str>,
        shown: &str,
        files: BTreeMap<String, Vec<u8>>,
        faults: &mut Faults,
    ) -> Option<(TemplateShape, Digest)>;
}

/// Why a fleet cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The input has faults. They are the cause, not the words of this error: whoever shows it looks for them there.
    #[error("reading the fleet")]
    Faults(#[from] Faults),
    /// No fleet file there.
    #[error("there is no {FLEET_FILE} in {folder:?}")]
    NoFleet {
        /// The folder.
        folder: PathBuf,
    },
    /// The machine fails.
    #[error(transparent)]
    Host(#[from] HostError),
    /// Standard input cannot be read, or is too long.
    #[error("reading the inventory from standard input failed")]
    Stdin(#[source] std::io::Error),
}

impl Diagnose for LoadError {
    fn class(&self) -> Class {
        match self {
            LoadError::Faults(_) | LoadError::NoFleet { .. } => Class::Input,
            LoadError::Host(error) => error.class(),
            LoadError::Stdin(_) => Class::Surroundings,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            LoadError::Faults(faults) => faults.hint(),
            LoadError::NoFleet { folder } if folder.join("fleet.yml").is_file() => {
                Some(format!("rename {} to {FLEET_FILE}", folder.join("fleet.yml").display()))
            }
            LoadError::NoFleet { .. } => {
                Some("make one: firstlight init DIR, or name its folder: --fleet DIR".to_owned())
            }
            LoadError::Host(error) => error.hint(),
            LoadError::Stdin(_) => None,
        }
    }
}

/// Returns the nearest folder, from `start` upward, that holds a fleet file.
pub fn find(start: &Path) -> Option<PathBuf> {
    let start = std::path::absolute(start).ok()?;
    start.ancestors().find(|folder| folder.join(FLEET_FILE).is_file()).map(Path::to_owned)
}

/// Loads the fleet in `root`. Writes nothing.
pub fn load(root: &Path, inputs: Inputs<'_>, templates: &dyn TemplateLibrary) -> Result<FleetFolder, LoadError> {
    let path = root.join(FLEET_FILE);
    if !path.is_file() {
        return Err(LoadError::NoFleet { folder: root.to_owned() });
    }
    let mut reading = Reading::of(root);
    let name = named(&path);
    reading.refuse_second_fleet(&name);
    let bytes = read_bounded(&path, LONGEST_FILE)?;
    reading.note(FLEET_FILE, &bytes);
    let text = reading.text(&name, bytes);
    let Some(mut file) = FleetFile::parse(&name, &text, &mut reading.faults) else {
        return Err(reading.faults.or_value(()).err().unwrap_or_default().into());
    };
    file.read_pem_files(&mut |path, purpose| reading.pem(path, purpose));
    file.read_partition_tables(&mut |path| reading.table(path));
    let inventory = reading.inventory(&file, inputs)?;
    let templates = reading.templates(&mut file, templates);
    let lock = reading.lock(&file)?;
    let fleet = Fleet::assemble(file, inventory, &templates, &mut reading.faults);
    let mut sources = reading.sources;
    sources.templates = templates.into_iter().map(|(name, (_, digest))| (name, digest)).collect();
    Ok(reading.faults.or_value(FleetFolder { root: root.to_owned(), fleet, lock, sources })?)
}

/// Returns the fleet's name without judging anything else: the ledger must be readable while the fleet is being edited.
pub fn fleet_name(root: &Path) -> Result<Arc<str>, LoadError> {
    let path = root.join(FLEET_FILE);
    if !path.is_file() {
        return Err(LoadError::NoFleet { folder: root.to_owned() });
    }
    let mut reading = Reading::of(root);
    let name = named(&path);
    let text = reading.text(&name, read_bounded(&path, LONGEST_FILE)?);
    match FleetFile::parse(&name, &text, &mut reading.faults) {
        Some(file) if file.has_name => Ok(file.name),
        _ => Err(reading.faults.or_value(()).err().unwrap_or_default().into()),
    }
}

/// Returns the name of the fleet in `root` and where its registry lies, without judging anything else.
pub fn store(root: &Path) -> Result<(Arc<str>, StoreSpec), LoadError> {
    let name = fleet_name(root)?;
    let path = root.join(FLEET_FILE);
    let mut reading = Reading::of(root);
    let shown = named(&path);
    let text = reading.text(&shown, read_bounded(&path, LONGEST_FILE)?);
    let file = FleetFile::parse(&shown, &text, &mut reading.faults);
    Ok((name, file.map(|file| file.store).unwrap_or_default()))
}

/// Returns the slots of the fleet in `root` without judging anything else: number and USB port path.
pub fn slots(root: &Path) -> Result<BTreeMap<u32, Arc<str>>, LoadError> {
    let path = root.join(FLEET_FILE);
    let mut reading = Reading::of(root);
    let name = named(&path);
    let text = reading.text(&name, read_bounded(&path, LONGEST_FILE)?);
    match FleetFile::parse(&name, &text, &mut reading.faults) {
        Some(file) => Ok(file.slots.into_iter().map(|(number, port)| (number, port.value)).collect()),
        None => Err(reading.faults.or_value(()).err().unwrap_or_default().into()),
    }
}

/// Returns the root that the fleet in `root` pins, where one is pinned.
pub fn pinned(root: &Path) -> Result<Option<Digest>, LoadError> {
    Ok(lock(root)?.map(|lock| lock.root_sha256))
}

/// Reads the `fleet.lock` of the fleet in `root`, where there is one.
pub fn lock(root: &Path) -> Result<Option<FleetLock>, LoadError> {
    let path = root.join(LOCK_FILE);
    if !path.exists() {
        return Ok(None);
    }
    let mut reading = Reading::of(root);
    let name = named(&path);
    let text = reading.text(&name, read_bounded(&path, LONGEST_PEM)?);
    let lock = FleetLock::parse(&name, &text, &mut reading.faults);
    Ok(reading.faults.or_value(lock)?)
}

/// A folder that is being read, and what was found wrong.
struct Reading<'a> {
    root: &'a Path,
    faults: Faults,
    sources: Sources,
}

impl<'a> Reading<'a> {
    fn of(root: &'a Path) -> Self {
        Self { root, faults: Faults::default(), sources: Sources::default() }
    }
}

impl Reading<'_> {
    /// Notes the digest of a file that the fleet was read from.
    fn note(&mut self, name: &str, bytes: &[u8]) {
        self.sources.files.insert(name.to_owned(), Digest::of(bytes));
    }

    fn text(&mut self, name: &Arc<str>, bytes: Vec<u8>) -> String {
        text::decode(name, bytes, &mut self.faults)
    }

    /// Two fleets in one folder would share keys and ledger.
    fn refuse_second_fleet(&mut self, name: &Arc<str>) {
        if self.root.join("fleet.yml").exists() {
            let message = "the folder holds fleet.yml too; one folder is one fleet";
            self.faults.add_with_hint(Place::new(name, 1, 1), message, "move one of the two to a folder of its own");
        }
    }

    /// Reads a file that the fleet file names; a file that cannot be read is a fault where it is named.
    fn named_file(&mut self, path: &Located<Arc<str>>, limit: u64) -> Option<Vec<u8>> {
        let full = self.root.join(&*path.value);
        let regular = std::fs::metadata(&full).map(|metadata| metadata.is_file());
        let failed = match regular {
            Ok(true) => match read_bounded(&full, limit) {
                Ok(bytes) => {
                    self.note(&path.value, &bytes);
                    return Some(bytes);
                }
                Err(error) => describe(&error),
            },
            Ok(false) => "is no regular file".to_owned(),
            Err(error) => format!("cannot be read: {}", plain(&error)),
        };
        let shown = full.display().to_string();
        self.faults.add(path.place.clone(), format!("{shown:?} {failed}"));
        None
    }

    fn pem(&mut self, path: &Located<Arc<str>>, purpose: PemUse) -> Option<Arc<str>> {
        let bytes = self.named_file(path, LONGEST_PEM)?;
        let text = String::from_utf8(bytes).unwrap_or_default();
        let (label, wanted) = match purpose {
            PemUse::Trust => ("CERTIFICATE", "certificate"),
            PemUse::PublicKey => ("PUBLIC KEY", "public key"),
        };
        let shown = &path.value;
        if text.contains("PRIVATE KEY-----") {
            let message = format!("refusing to take {shown:?}: it holds a private key");
            self.faults.add_with_hint(path.place.clone(), message, format!("keep only the {wanted} in it"));
            return None;
        }
        if !text.contains(&format!("-----BEGIN {label}-----")) {
            self.faults.add(path.place.clone(), format!("{shown:?} holds no {wanted} in PEM form"));
            return None;
        }
        Some(Arc::from(text))
    }

    fn table(&mut self, path: &Located<Arc<str>>) -> Option<Arc<str>> {
        let bytes = self.named_file(path, LONGEST_TABLE)?;
        let text = String::from_utf8(bytes).ok();
        if text.is_none() {
            self.faults.add(path.place.clone(), format!("{:?} is not UTF-8", path.value));
        }
        text.map(Arc::from)
    }

    fn inventory(&mut self, file: &FleetFile, inputs: Inputs<'_>) -> Result<Inventory, LoadError> {
        let (name, bytes) = match (&inputs.inventory, &file.inventory) {
            (Some(path), _) if path.as_os_str() != "-" => (named(path), read_bounded(path, LONGEST_INVENTORY)?),
            (None, None) => return Ok(Inventory::untold(&file.file)),
            (None, Some(path)) if &*path.value != "-" => match self.named_file(path, LONGEST_INVENTORY) {
                Some(bytes) => (named(&self.root.join(&*path.value)), bytes),
                None => return Ok(Inventory::untold(&file.file)),
            },
            _ => (Arc::from("<stdin>"), from_stdin(inputs.stdin)?),
        };
        if let Some(path) = &file.inventory {
            self.sources.files.remove(&*path.value);
        }
        self.note("inventory", &bytes);
        let text = self.text(&name, bytes);
        let before = self.faults.0.len();
        let inventory = Inventory::parse(&name, InventoryForm::of(&name, &text), &text, &mut self.faults);
        let has_faults = self.faults.0.len() > before;
        Ok(if inventory.is_empty() && has_faults { Inventory::untold(&name) } else { inventory })
    }

    /// Reads the templates that bundles name: the fleet's own folders, else the built-in ones.
    fn templates(&mut self, file: &mut FleetFile, library: &dyn TemplateLibrary) -> Templates {
        let built_in = library.built_in();
        let mut templates = Templates::new();
        let mut missing = false;
        for (name, places) in file.templates() {
            if let Some((place, files)) = file.factory_template(&name) {
                let shown = format!("{}:{} (factory)", place.file, place.line);
                match library.compose(&name, &shown, files, &mut self.faults) {
                    Some(template) => drop(templates.insert(name, template)),
                    None => file.excuse_template(&name),
                }
                continue;
            }
            let folder = self.root.join(TEMPLATES_FOLDER).join(&*name);
            let own = is_plain_name(&name) && folder.is_dir();
            if own && built_in.contains(&name) {
                for place in places {
                    let message =
                        format!("template {name:?} is built in and in {:?} too", folder.display().to_string());
                    self.faults.add_with_hint(place, message, "give the folder a name of its own");
                }
            }
            if !own && !built_in.contains(&name) {
                missing = true;
                continue;
            }
            match library.read(&name, own.then_some(folder.as_path()), &mut self.faults) {
                Some(template) => {
                    templates.insert(name, template);
                }
                None => file.excuse_template(&name),
            }
        }
        if missing {
            self.known_templates(&built_in, library, &mut templates);
        }
        templates
    }

    /// Adds the built-in templates, for the hint that goes with an unknown one.
    fn known_templates(&mut self, built_in: &[Arc<str>], library: &dyn TemplateLibrary, templates: &mut Templates) {
        for name in built_in {
            if !templates.contains_key(name)
                && let Some(template) = library.read(name, None, &mut self.faults)
            {
                templates.insert(Arc::clone(name), template);
            }
        }
    }

    fn lock(&mut self, file: &FleetFile) -> Result<Option<FleetLock>, LoadError> {
        let path = self.root.join(LOCK_FILE);
        if path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
            return Ok(None);
        }
        let name = named(&path);
        let text = self.text(&name, read_bounded(&path, LONGEST_PEM)?);
        let lock = FleetLock::parse(&name, &text, &mut self.faults);
        if let Some(lock) = lock.as_ref().filter(|lock| file.has_name && *lock.fleet != *file.name) {
            let message = format!("the lock is fleet {:?}'s, {FLEET_FILE} is fleet {:?}", lock.fleet, file.name);
            let hint = "one folder is one fleet: take the name back, or move the other fleet to a folder of its own";
            self.faults.add_with_hint(Place::new(&name, 1, 1), message, hint);
        }
        Ok(lock)
    }
}

/// A template's name becomes part of a path: `.` and `..` do not.
fn is_plain_name(name: &str) -> bool {
    !name.starts_with('.') && !name.contains('/')
}

fn from_stdin(stdin: &mut dyn Read) -> Result<Vec<u8>, LoadError> {
    let mut bytes = Vec::new();
    stdin.take(LONGEST_INVENTORY + 1).read_to_end(&mut bytes).map_err(LoadError::Stdin)?;
    if bytes.len() as u64 > LONGEST_INVENTORY {
        return Err(HostError::TooLong { path: PathBuf::from("<stdin>"), limit: LONGEST_INVENTORY }.into());
    }
    Ok(bytes)
}

fn named(path: &Path) -> Arc<str> {
    let path = path.strip_prefix("./").unwrap_or(path);
    Arc::from(path.to_string_lossy().as_ref())
}

fn describe(error: &HostError) -> String {
    match error {
        HostError::TooLong { limit, .. } => format!("is longer than {limit} bytes"),
        HostError::Io { source, .. } => format!("cannot be read: {}", plain(source)),
        other => other.to_string(),
    }
}

/// Returns the system's words for an error without their number.
fn plain(error: &std::io::Error) -> String {
    let message = error.to_string();
    let words = message.find(" (os error").map_or(message.as_str(), |at| &message[..at]);
    words.to_lowercase()
}

#[cfg(test)]
mod tests;
