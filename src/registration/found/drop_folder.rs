//! A folder into which others drop lists of devices: each file that is complete is taken in once and moved away.
//!
//! A file counts as complete when whoever wrote it has closed it or moved it here; one that lay there before is complete when
//! it does not change any more. It ends in `done/` or, if a row of it was refused, in `failed/`, a report beside it. An import
//! may be repeated, so whatever breaks off in between is done again. Hidden files and folders are left alone.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, OFlags, flock};
use serde::Serialize;
use serde_json::json;

use crate::fleet::{Class, Diagnose, Digest};
use crate::host::files::sync_folder;
use crate::host::notices::{Notice, Notices};
use crate::registry::{ExchangeError, ExchangeForm, ImportTally, ImportTerms, Registry};

/// How long a file that lay there before must stay as it is.
const STILL: Duration = Duration::from_secs(3);
/// The longest name, in bytes, that is kept as it is: a report's is longer.
const LONGEST_NAME: usize = 200;
/// Refused rows that a report names; the others are counted.
const MOST_NAMED: usize = 10_000;

/// Why the folder cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum DropError {
    /// The machine.
    #[error("{doing} \"{}\" failed", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Somebody else watches it.
    #[error("refusing to watch \"{}\": somebody else does", path.display())]
    Watched {
        /// The folder.
        path: PathBuf,
    },
    /// The registry is away; the file waits.
    #[error(transparent)]
    Registry(#[from] crate::registry::RegistryError),
}

impl Diagnose for DropError {
    fn class(&self) -> Class {
        match self {
            Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => Class::Input,
            Self::Io { .. } => Class::Surroundings,
            Self::Watched { .. } => Class::Refused,
            Self::Registry(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Io { .. } => None,
            Self::Watched { .. } => Some("one watcher is enough; end the other one first".to_owned()),
            Self::Registry(error) => error.hint(),
        }
    }
}

fn at<'a>(doing: &'static str, path: &'a Path) -> impl Fn(io::Error) -> DropError + 'a {
    move |source| DropError::Io { doing, path: path.to_owned(), source }
}

/// What became of a file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Taken {
    /// Its name, as far as it is text.
    pub file: String,
    /// `done` or `failed`.
    pub end: &'static str,
    /// Where it lies now.
    #[serde(serialize_with = "as_text")]
    pub moved_to: PathBuf,
    /// The report.
    #[serde(serialize_with = "as_text")]
    pub report: PathBuf,
    /// What became of its rows.
    pub tally: ImportTally,
    /// Why it could not be read to its end.
    pub error: Option<String>,
}

/// A path as far as it is text.
fn as_text<S: serde::Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

/// How a file looked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Look {
    length: u64,
    changed: (i64, i64),
    inode: u64,
}

/// The folder.
pub struct DropFolder {
    root: PathBuf,
    notices: Option<Notices>,
    /// Files somebody may still be writing.
    written: BTreeSet<OsString>,
    complete: BTreeSet<OsString>,
    looks: BTreeMap<OsString, (Look, Duration)>,
    _lock: File,
}

impl DropFolder {
    /// Opens the folder for one watcher; makes `done` and `failed` in it.
    pub fn open(root: &Path) -> Result<Self, DropError> {
        let lock = File::open(root).map_err(at("opening", root))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(DropError::Watched { path: root.to_owned() }),
            Err(error) => return Err(at("locking", root)(error.into())),
        }
        for name in ["done", "failed"] {
            let folder = root.join(name);
            match fs::create_dir(&folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(at("making", &folder)(error));
                }
                _ => {}
            }
        }
        // Where the kernel tells nothing (a network's file system), files are complete when they are still.
        let notices = Notices::of(root).ok();
        Ok(Self {
            root: root.to_owned(),
            notices,
            written: BTreeSet::new(),
            complete: BTreeSet::new(),
            looks: BTreeMap::new(),
            _lock: lock,
        })
    }

    /// Returns the files that are complete at `now`, in the order of their names; with `all` every file that is there.
    pub fn ready(&mut self, now: Duration, all: bool) -> Result<Vec<OsString>, DropError> {
        self.hear();
        let mut ready = Vec::new();
        let mut looks = BTreeMap::new();
        for entry in fs::read_dir(&self.root).map_err(at("reading", &self.root))? {
            let entry = entry.map_err(at("reading", &self.root))?;
            let name = entry.file_name();
            if name.as_bytes().starts_with(b".") {
                continue;
            }
            // Of a link we want to know that it is one.
            let Ok(about) = fs::symlink_metadata(entry.path()) else { continue };
            if about.is_dir() {
                continue;
            }
            let look = Look { length: about.len(), changed: (about.mtime(), about.mtime_nsec()), inode: about.ino() };
            let since = match self.looks.get(&name) {
                Some((before, since)) if *before == look => *since,
                _ => now,
            };
            let is_still = now.saturating_sub(since) >= STILL && !self.written.contains(&name);
            if all || self.complete.contains(&name) || is_still || !about.is_file() {
                ready.push(name.clone());
            }
            looks.insert(name, (look, since));
        }
        self.written.retain(|name| looks.contains_key(name));
        self.complete.retain(|name| looks.contains_key(name));
        self.looks = looks;
        ready.sort();
        Ok(ready)
    }

    fn hear(&mut self) {
        let Some(notices) = &mut self.notices else { return };
        for notice in notices.take().unwrap_or_else(|_| vec![Notice::Lost]) {
            match notice {
                Notice::Written(name) => {
                    self.complete.remove(&name);
                    self.written.insert(name);
                }
                Notice::Complete(name) => {
                    self.written.remove(&name);
                    self.complete.insert(name);
                }
                Notice::Lost => {
                    self.written.clear();
                    self.complete.clear();
                }
            }
        }
    }

    /// Takes a file in and moves it away. An error leaves it where it is: it is taken the next time.
    pub fn take(&self, name: &OsStr, registry: &Registry, atomic: bool, actor: &str) -> Result<Taken, DropError> {
        let path = self.root.join(name);
        let mut refused = Vec::new();
        let (tally, error) = match import(&path, registry, atomic, actor, &mut refused) {
            Ok(tally) => (tally, None),
            Err(ExchangeError::Registry(error)) if error.class() == Class::Surroundings => return Err(error.into()),
            Err(error) => (ImportTally::default(), Some(error.to_string())),
        };
        let end = if error.is_none() && tally.refused == 0 { "done" } else { "failed" };
        let folder = self.root.join(end);
        let (moved_to, report) = places(&folder, name);
        let taken = Taken { file: name.to_string_lossy().into_owned(), end, moved_to, report, tally, error };
        write_report(&taken, &refused).map_err(at("writing", &taken.report))?;
        fs::rename(&path, &taken.moved_to).map_err(at("moving", &path))?;
        for folder in [&folder, &self.root] {
            sync_folder(folder).map_err(|error| at("syncing", folder)(io::Error::other(error)))?;
        }
        Ok(taken)
    }
}

fn import(
    path: &Path,
    registry: &Registry,
    atomic: bool,
    actor: &str,
    refused: &mut Vec<serde_json::Value>,
) -> Result<ImportTally, ExchangeError> {
    // No link is followed, and no pipe is waited for.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path);
    let mut file = file.map_err(|error| ExchangeError::Shape(format!("it cannot be opened: {error}")))?;
    if !file.metadata()?.is_file() {
        return Err(ExchangeError::Shape("it is no file".to_owned()));
    }
    let end = path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
    let form = match end.as_str() {
        "csv" => ExchangeForm::Csv,
        "json" | "jsonl" | "ndjson" => ExchangeForm::Lines,
        _ => return Err(ExchangeError::Shape("its name ends neither in .csv nor in .jsonl".to_owned())),
    };
    let terms = ImportTerms { form, atomic, after: None, origin: "watch".to_owned(), actor: actor.to_owned() };
    registry.import(&terms, &mut file, &mut |row| {
        if row.refused.is_some() && refused.len() < MOST_NAMED {
            refused.push(json!(row));
        }
    })
}

/// Returns where a file and its report go: under its name, or under one that is free and tells which.
fn places(folder: &Path, name: &OsStr) -> (PathBuf, PathBuf) {
    let base = if name.len() <= LONGEST_NAME {
        name.to_owned()
    } else {
        OsString::from(format!("long-name-{}", Digest::of(name.as_bytes()).short()))
    };
    let numbered = |number: u64| {
        let mut name = base.clone();
        if number > 0 {
            name.push(format!(".{number}"));
        }
        name
    };
    let free = (0..u64::MAX).map(numbered).find(|name| fs::symlink_metadata(folder.join(name)).is_err());
    let name = free.expect("a folder has fewer files than there are numbers");
    let mut report = name.clone();
    report.push(".report.json");
    (folder.join(name), folder.join(report))
}

/// Writes the report beside, then gives it its name: one of an interrupted attempt is replaced.
fn write_report(taken: &Taken, refused: &[serde_json::Value]) -> io::Result<()> {
    let mut report = json!(taken);
    report["refused"] = json!(refused);
    let mut beside = taken.report.clone().into_os_string();
    beside.push(".part");
    let mut file = File::create(&beside)?;
    file.write_all(format!("{report:#}\n").as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, &taken.report)
}

#[cfg(test)]
#[path = "drop_folder_tests.rs"]
mod tests;
