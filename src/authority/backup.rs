//! Backup and restore: everything that cannot be made again, in one encrypted file.
//!
//! The file is an age file (binary; under a passphrase or for a recipient) around a tar archive. Its first entry is
//! `backup.json`, then `fleet.lock` where there is one, then the files of `.firstlight/` under their paths: station key
//! (still under its own passphrase, if it has one), fleet key, authority, ledger. `age -d FILE | tar x` in an empty
//! folder brings the same back.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Cursor, Read};
use std::iter;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use age::{Decryptor, Identity, Recipient};
use serde::{Deserialize, Serialize};

use crate::delivery::Clock;
use crate::fleet::{Digest, Secret};
use crate::host::HostError;
use crate::host::files::{create_private, folder_of, read_bounded, sync_folder};

use super::age_file::{encryptor, explain, parse_recipient, passphrase_identity, passphrase_recipient};
use super::bundle_keys;
use super::ca::{self, read_root};
use super::certificate::Facts;
use super::description::in_words;
use super::draft::{Draft, make_private_folder, rename_to_nothing};
use super::keys::{self, LONGEST_FILE, StationCard, parse_identity, read_station_card};
use super::{Authority, AuthorityError};
use crate::format::tar::{ArchiveWriter, LARGEST, copy_content, next_entry};

/// The folder that is backed up, in the fleet's folder.
pub const FOLDER: &str = ".firstlight";
const LOCK: &str = "fleet.lock";
const LEDGER: &str = "ledger.sqlite3";
const ABOUT: &str = "backup.json";
const FORMAT: u32 = 1;
/// The longest header of an age file that we look at, in bytes.
const LONGEST_HEADER: usize = 64 * 1024;

/// What a new backup is encrypted for; there is none in clear.
pub enum BackupKey<'a> {
    /// A passphrase.
    Passphrase(&'a Secret),
    /// An age recipient (`age1...`) whose key lies elsewhere.
    Recipient(&'a str),
}

/// What opens a backup.
pub enum RestoreKey<'a> {
    /// Its passphrase.
    Passphrase(&'a Secret),
    /// The text of an age identity file (`AGE-SECRET-KEY-1...`).
    Identity(&'a Secret),
}

/// What has been brought back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Restored {
    /// Paths of the files, relative to the fleet's folder.
    pub files: Vec<String>,
    /// SHA-256 of the authority's root; absent if the backup holds no authority.
    pub root: Option<Digest>,
    /// When the backup was made, RFC 3339.
    pub created: String,
    /// The fleet's name.
    pub fleet: String,
    /// The station's name.
    pub station: String,
}

/// `backup.json`: what the backup is of.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    format: u32,
    fleet: String,
    station: String,
    created: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    root_sha256: Option<Digest>,
}

/// Writes the backup of the fleet in `folder`, named `fleet`, to the new file `to` (0600); never replaces one, and leaves
/// nothing after an error. `ledger_snapshot` is a copy of the ledger that nobody writes any more, where there is a ledger.
pub fn write(
    folder: &Path,
    fleet: &str,
    to: &Path,
    protection: BackupKey<'_>,
    ledger_snapshot: Option<&Path>,
    clock: &dyn Clock,
) -> Result<(), AuthorityError> {
    if to.symlink_metadata().is_ok() {
        return Err(AuthorityError::Exists { path: to.to_owned() });
    }
    let card = read_station_card(&folder.join(FOLDER))?;
    let recipient = recipient_of(&protection, &card)?;
    let about = about(folder, fleet, card, clock)?;
    let beside = beside(to);
    let written = write_file(&beside, &*recipient, &about, &sources(folder, ledger_snapshot), clock)
        .map_err(|error| HostError::io("writing", to)(error).into())
        .and_then(|()| rename_to_nothing(&beside, to));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written?;
    Ok(sync_folder(folder_of(to))?)
}

/// Brings back what the backup `from` holds: `.firstlight/` into `folder`, which must have none, and `fleet.lock` where
/// there is none. All or nothing. `pinned` is the root that the folder's own `fleet.lock` names, if there is one: a
/// backup with another root, or without one, is refused.
pub fn restore(
    from: &Path,
    folder: &Path,
    key: RestoreKey<'_>,
    pinned: Option<Digest>,
) -> Result<Restored, AuthorityError> {
    let draft = Draft::of(&folder.join(FOLDER))?;
    let what = format!("the backup {}", from.display());
    let identity = identity_of(&key)?;
    let file = File::open(from).map_err(HostError::io("reading", from))?;
    let unpacked = unpack(file, &*identity, draft.path(), &what)?;
    check_root(&unpacked, draft.path(), pinned, &what)?;
    if let Some(lock) = unpacked.lock.filter(|_| folder.join(LOCK).symlink_metadata().is_err()) {
        put_lock(&folder.join(LOCK), &lock)?;
    }
    draft.put_in_place()?;
    Ok(Restored {
        files: unpacked.names.into_iter().collect(),
        root: unpacked.about.root_sha256,
        created: unpacked.about.created,
        fleet: unpacked.about.fleet,
        station: unpacked.about.station,
    })
}

/// A file that a backup may hold, and how long it may be.
struct Allowed {
    name: String,
    longest: u64,
    required: bool,
}

/// The whole list: any other name makes a backup invalid.
fn allowed() -> Vec<Allowed> {
    let inside = |name: &str, longest, required| Allowed { name: format!("{FOLDER}/{name}"), longest, required };
    let short = LONGEST_FILE as u64;
    let mut list = vec![Allowed { name: LOCK.to_owned(), longest: short, required: false }];
    for name in [keys::STATION_CARD, keys::FLEET_KEY, keys::STATION_KEY] {
        list.push(inside(name, short, true));
    }
    let bundle_keys = bundle_keys::LONGEST_FILE;
    list.push(inside(bundle_keys::FILE, bundle_keys, false));
    for name in AUTHORITY_FILES {
        list.push(inside(&format!("{}/{name}", ca::FOLDER), short, false));
    }
    list.push(inside(LEDGER, LARGEST, false));
    list
}

const AUTHORITY_FILES: [&str; 4] = [ca::ROOT, ca::ROOT_KEY, ca::INTERMEDIATE, ca::INTERMEDIATE_KEY];

/// Returns each allowed name with the path its bytes come from, for those that are there.
fn sources(folder: &Path, ledger_snapshot: Option<&Path>) -> Vec<(String, PathBuf)> {
    let ledger = format!("{FOLDER}/{LEDGER}");
    let place = |entry: Allowed| {
        let path = if entry.name == ledger { ledger_snapshot?.to_owned() } else { folder.join(&entry.name) };
        let needed = entry.required || entry.name == ledger;
        (needed || path.symlink_metadata().is_ok()).then_some((entry.name, path))
    };
    allowed().into_iter().filter_map(place).collect()
}

fn recipient_of(protection: &BackupKey<'_>, card: &StationCard) -> Result<Box<dyn Recipient>, AuthorityError> {
    match protection {
        BackupKey::Passphrase(passphrase) => Ok(Box::new(passphrase_recipient(passphrase)?)),
        BackupKey::Recipient(text) => {
            let recipient = parse_recipient(text)?;
            if recipient.to_string() == card.recipient {
                return Err(AuthorityError::BackupToItself);
            }
            Ok(Box::new(recipient))
        }
    }
}

fn identity_of(key: &RestoreKey<'_>) -> Result<Box<dyn Identity>, AuthorityError> {
    match key {
        RestoreKey::Passphrase(passphrase) => Ok(Box::new(passphrase_identity(passphrase)?)),
        RestoreKey::Identity(text) => {
            let identity = text.expose(parse_identity);
            Ok(Box::new(identity.ok_or_else(|| AuthorityError::damaged("the identity", "it holds no age identity"))?))
        }
    }
}

fn about(folder: &Path, fleet: &str, card: StationCard, clock: &dyn Clock) -> Result<About, AuthorityError> {
    let keys = folder.join(FOLDER);
    let root = if Authority::exists(&keys) { Some(read_root(&keys)?.1.fingerprint()) } else { None };
    Ok(About {
        format: FORMAT,
        fleet: fleet.to_owned(),
        station: card.name,
        created: in_words(ca::whole_seconds(clock.now())),
        root_sha256: root,
    })
}

/// A hidden name beside `to`, with the process in it.
fn beside(to: &Path) -> PathBuf {
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    folder_of(to).join(format!(".{name}.{}.new", std::process::id()))
}

fn write_file(
    path: &Path,
    recipient: &dyn Recipient,
    about: &About,
    sources: &[(String, PathBuf)],
    clock: &dyn Clock,
) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let sealed = encryptor(recipient).wrap_output(io::BufWriter::new(file))?;
    let mut archive = ArchiveWriter::new(sealed, clock.now().unix_timestamp().max(0).unsigned_abs());
    let json = serde_json::to_vec_pretty(about).expect("this is plain data");
    archive.add(ABOUT, 0o600, json.len() as u64, &mut json.as_slice())?;
    for (name, path) in sources {
        let mut content = File::open(path).map_err(|error| named(&error, name))?;
        let size = content.metadata()?.len();
        archive.add(name, 0o600, size, &mut content).map_err(|error| named(&error, name))?;
    }
    let file = archive.finish()?.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()
}

fn named(error: &io::Error, name: &str) -> io::Error {
    io::Error::new(error.kind(), format!("{name}: {error}"))
}

/// What came out of a backup.
struct Unpacked {
    about: About,
    lock: Option<Vec<u8>>,
    names: BTreeSet<String>,
}

/// Decrypts and unpacks into `to`, which stands for `.firstlight/`. Nothing of it counts until this has returned: age
/// proves the last bytes last.
fn unpack(file: File, identity: &dyn Identity, to: &Path, what: &str) -> Result<Unpacked, AuthorityError> {
    let source = with_checked_header(file, what)?;
    let decryptor = Decryptor::new_buffered(io::BufReader::new(source)).map_err(|error| explain(&error, what))?;
    let mut reader = decryptor.decrypt(iter::once(identity)).map_err(|error| explain(&error, what))?;
    let unpacked = unpack_archive(&mut reader, to);
    let unpacked = unpacked.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => AuthorityError::damaged(what, error),
        _ => HostError::io("restoring into", to)(error).into(),
    })?;
    check_complete(&unpacked.names).map_err(|missing| AuthorityError::damaged(what, missing))?;
    Ok(unpacked)
}

/// age reads a header to its end however long it is; ours is short.
fn with_checked_header(mut file: File, what: &str) -> Result<impl Read, AuthorityError> {
    let mut head = Vec::new();
    let read = (&mut file).take(LONGEST_HEADER as u64).read_to_end(&mut head);
    read.map_err(|error| AuthorityError::damaged(what, error))?;
    let ends = head.windows(5).any(|part| part == b"\n--- ");
    if !head.starts_with(b"age-encryption.org/v1\n") || !ends {
        return Err(AuthorityError::damaged(what, "it does not begin as an age file"));
    }
    Ok(Cursor::new(head).chain(file))
}

fn unpack_archive(reader: &mut dyn Read, to: &Path) -> io::Result<Unpacked> {
    let invalid = |reason: String| io::Error::new(io::ErrorKind::InvalidData, reason);
    let about = read_about(reader)?;
    let allowed = allowed();
    let mut unpacked = Unpacked { about, lock: None, names: BTreeSet::new() };
    while let Some(entry) = next_entry(reader)? {
        let Some(rule) = allowed.iter().find(|rule| rule.name == entry.name) else {
            return Err(invalid(format!("{:?} has no place in a backup", entry.name)));
        };
        if entry.size > rule.longest || !unpacked.names.insert(entry.name.clone()) {
            return Err(invalid(format!("{:?} is too long, or there twice", entry.name)));
        }
        if let Some(inside) = entry.name.strip_prefix(FOLDER).and_then(|rest| rest.strip_prefix('/')) {
            copy_content(&entry, reader, &mut new_file(to, inside)?)?;
        } else {
            let mut lock = Vec::new();
            copy_content(&entry, reader, &mut lock)?;
            unpacked.lock = Some(lock);
        }
    }
    sync_all(to, &unpacked.names)?;
    Ok(unpacked)
}

fn read_about(reader: &mut dyn Read) -> io::Result<About> {
    let invalid = |reason: &str| io::Error::new(io::ErrorKind::InvalidData, reason);
    let entry = next_entry(reader)?.filter(|entry| entry.name == ABOUT && entry.size <= LONGEST_FILE as u64);
    let entry = entry.ok_or_else(|| invalid("it does not begin with backup.json"))?;
    let mut json = Vec::new();
    copy_content(&entry, reader, &mut json)?;
    let about: About = serde_json::from_slice(&json)?;
    if about.format != FORMAT {
        return Err(invalid("it was made by a newer firstlight"));
    }
    Ok(about)
}

/// Makes one of the allowed files; the folder of the authority comes with its first.
fn new_file(to: &Path, inside: &str) -> io::Result<File> {
    let path = to.join(inside);
    if folder_of(&path) != to && !folder_of(&path).is_dir() {
        make_private_folder(folder_of(&path)).map_err(|error| error.kind().unwrap_or(io::ErrorKind::Other))?;
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn sync_all(to: &Path, names: &BTreeSet<String>) -> io::Result<()> {
    let folder = Path::new(FOLDER);
    for inside in names.iter().filter_map(|name| Path::new(name).strip_prefix(folder).ok()) {
        File::open(to.join(inside))?.sync_all()?;
        File::open(folder_of(&to.join(inside)))?.sync_all()?;
    }
    Ok(())
}

fn check_complete(names: &BTreeSet<String>) -> Result<(), String> {
    for rule in allowed().iter().filter(|rule| rule.required) {
        if !names.contains(&rule.name) {
            return Err(format!("it lacks {:?}", rule.name));
        }
    }
    let is_there = |name: &str| names.contains(&format!("{FOLDER}/{}/{name}", ca::FOLDER));
    // A further station has all but the root's key.
    let count = AUTHORITY_FILES.iter().filter(|name| is_there(name)).count();
    match count {
        0 | 4 => Ok(()),
        3 if !is_there(ca::ROOT_KEY) => Ok(()),
        count => Err(format!("it holds {count} of the 4 files of the authority")),
    }
}

/// Checks that the root is the one that the backup names, and the one that the folder pins.
fn check_root(unpacked: &Unpacked, to: &Path, pinned: Option<Digest>, what: &str) -> Result<(), AuthorityError> {
    let found = if Authority::exists(to) {
        let path = to.join(ca::FOLDER).join(ca::ROOT);
        Some(Facts::of_ca_pem(&read_bounded(&path, LONGEST_FILE as u64)?, what)?.fingerprint())
    } else {
        None
    };
    if found != unpacked.about.root_sha256 {
        return Err(AuthorityError::damaged(what, "its root is not the one that it names"));
    }
    match pinned {
        Some(pinned) if found != Some(pinned) => {
            let found = found.map_or_else(|| "none".to_owned(), |found| found.to_string());
            Err(AuthorityError::OtherBackup { pinned, found })
        }
        _ => Ok(()),
    }
}

fn put_lock(path: &Path, lock: &[u8]) -> Result<(), AuthorityError> {
    use std::os::unix::fs::PermissionsExt;
    create_private(path, lock)?;
    // It is committed beside fleet.yaml and holds nothing secret.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).map_err(HostError::io("writing", path))?;
    Ok(())
}
