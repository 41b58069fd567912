//! A new fleet's folder: made beside, checked, then put in place with the fleet file last.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::authority::{self, AskPassphrase, Authority, Keys};
use crate::bundle::Scaffold;
use crate::fleet::Secret;
use crate::host::files;

use super::error::StationError;
use super::found;
use super::load::{self, Inputs};
use super::post::{PRIVATE_FOLDER, Surroundings};
use super::shelf::Shelf;

/// What git must never see of a fleet.
const GITIGNORE: &str = "# keys and ledger of this station; back them up with `firstlight backup`\n/.firstlight*/\n/out/\n# keys in clear: a demo's\n/secrets/*.key\n";
/// The file that makes a folder a fleet; it is put in place last.
const FLEET_FILE: &str = "fleet.yaml";

/// Returns true if a fleet may be made in `folder`: it is absent or empty.
pub fn is_free(folder: &Path) -> Result<bool, StationError> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(source) => Err(at("reading", folder, source)),
    }
}

/// Makes the fleet: its files, and unless it is a demo its keys, authority, ledger and `fleet.lock`. On failure nothing of
/// it stays.
pub fn make(
    folder: &Path,
    scaffold: &Scaffold,
    passphrase: Option<Secret>,
    surroundings: &Surroundings,
) -> Result<usize, StationError> {
    let existed = folder.exists();
    fs::create_dir_all(folder).map_err(|source| at("creating", folder, source))?;
    let beside = folder.join(format!(".init-{}", std::process::id()));
    let made = fill(&beside, scaffold, passphrase, surroundings)
        .and_then(|devices| put_in_place(&beside, folder).map(|()| devices));
    // Best effort: what is left there is of no use to anybody.
    let _ = fs::remove_dir_all(&beside);
    if made.is_err() && !existed {
        let _ = fs::remove_dir(folder);
    }
    made
}

fn fill(
    folder: &Path,
    scaffold: &Scaffold,
    passphrase: Option<Secret>,
    surroundings: &Surroundings,
) -> Result<usize, StationError> {
    fs::create_dir(folder).map_err(|source| at("creating", folder, source))?;
    put(folder, FLEET_FILE, &scaffold.fleet_yaml)?;
    put(folder, "devices.csv", &scaffold.devices_csv)?;
    put(folder, ".gitignore", GITIGNORE)?;
    for (name, text) in &scaffold.files {
        put(folder, name, text)?;
    }
    let loaded = load::load(folder, Inputs { inventory: None, stdin: &mut std::io::empty() }, &Shelf::default())?;
    let key = scaffold.key.as_deref();
    if loaded.fleet.authority().demo {
        key.map_or(Ok(()), |name| put_key(folder, name, None, surroundings))?;
    } else {
        found::private_folder(folder, &loaded.fleet, passphrase.as_ref(), surroundings)?;
        let private = folder.join(PRIVATE_FOLDER);
        let keys = Keys::open(&private, &Once(passphrase))?;
        key.map_or(Ok(()), |name| put_key(folder, name, Some(&keys.recipient()), surroundings))?;
        found::pin(folder, loaded.fleet.name(), &keys, &Authority::open(&private, &keys)?, surroundings)?;
    }
    Ok(loaded.fleet.len())
}

fn put(folder: &Path, name: &str, text: &str) -> Result<(), StationError> {
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|source| at("creating", parent, source))?;
    }
    Ok(files::write_atomically(&path, text.as_bytes(), 0o644)?)
}

/// Makes a pre-shared key of 16 bytes, as hex text: encrypted to `recipient` where there is one, else in clear for its
/// owner alone (a demo).
fn put_key(
    folder: &Path,
    name: &str,
    recipient: Option<&str>,
    surroundings: &Surroundings,
) -> Result<(), StationError> {
    const LENGTH: usize = 16;
    let mut drawn = Zeroizing::new([0; LENGTH]);
    surroundings.random.fill(&format!("pre-shared key/{name}"), &mut *drawn);
    let mut text = hex::encode(drawn.as_slice()).into_bytes();
    text.push(b'\n');
    let text = Secret::new(text);
    let path = folder.join(name);
    let parent = files::folder_of(&path);
    fs::create_dir_all(parent).map_err(|source| at("creating", parent, source))?;
    match recipient {
        Some(recipient) => {
            files::write_atomically(&path, &authority::wrap_for_recipient(recipient, &text)?, 0o644)?;
        }
        None => text.expose(|text| files::create_private(&path, text))?,
    }
    Ok(())
}

/// Moves everything, the fleet file last: a folder with a fleet file is a whole fleet.
fn put_in_place(from: &Path, to: &Path) -> Result<(), StationError> {
    let entries = fs::read_dir(from).map_err(|source| at("reading", from, source))?;
    let mut names: Vec<PathBuf> = entries.filter_map(|entry| Some(PathBuf::from(entry.ok()?.file_name()))).collect();
    names.sort_by_key(|name| name == Path::new(FLEET_FILE));
    for name in names {
        fs::rename(from.join(&name), to.join(&name)).map_err(|source| at("creating", &to.join(&name), source))?;
    }
    Ok(files::sync_folder(to)?)
}

/// Gives the passphrase that the keys were made with a moment ago.
struct Once(Option<Secret>);

impl AskPassphrase for Once {
    fn passphrase(&self, for_what: &str) -> Result<Secret, crate::authority::AuthorityError> {
        self.0.as_ref().map(Secret::duplicate).ok_or_else(|| crate::authority::AuthorityError::NoPassphrase {
            for_what: for_what.to_owned(),
            reason: "the keys were made without a passphrase".to_owned(),
        })
    }
}

fn at(doing: &'static str, path: &Path, source: io::Error) -> StationError {
    StationError::File { doing, path: path.to_owned(), source }
}
