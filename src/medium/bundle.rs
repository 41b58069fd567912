//! The bundles on a medium, file by file, against their manifests.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::delivery::manifest::{
    BUNDLES_FOLDER, LONGEST_MANIFEST, MANIFEST_FORMAT, MOST_SIGNATURES, RESULT_NAME, RESULT_SIZE, signature_name,
};
use crate::delivery::{MANIFEST_NAME, Manifest, ResultRoom, Shelf, manifest::ManifestFile};
use crate::fleet::Digest;
use crate::host::machine::harmless;

/// The largest file that is hashed, in bytes; bundles are far smaller.
const LARGEST_FILE: u64 = 256 << 20;

/// What operating systems leave on a stick that was plugged in: said, not held against it.
const LITTER: [&str; 10] = [
    "system volume information",
    "$recycle.bin",
    "lost+found",
    ".spotlight-v100",
    ".fseventsd",
    ".trashes",
    ".ds_store",
    "thumbs.db",
    "desktop.ini",
    ".metadata_never_index",
];

/// How a file stands to the manifest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileState {
    /// There, with right size and digest.
    Ok,
    /// There, with other content.
    Differs,
    /// Named by the manifest and not there.
    Missing,
    /// There and not named.
    Extra,
    /// A signature of the manifest, which does not name it.
    Signature,
    /// The room for the result of the device's reader, which the manifest does not name.
    Result,
    /// Left by an operating system.
    Litter,
    /// There, and cannot be read.
    Unreadable,
}

impl FileState {
    /// Returns true for what does not make a bundle less than whole.
    pub fn is_harmless(self) -> bool {
        !matches!(self, FileState::Differs | FileState::Missing | FileState::Unreadable)
    }

    /// Returns true for a file that is of its bundle and right: nothing that lies beside it.
    pub fn is_of_bundle(self) -> bool {
        matches!(self, FileState::Ok | FileState::Signature | FileState::Result)
    }
}

/// A file and how it stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FileVerdict {
    /// Path, from the root of the medium.
    pub path: String,
    /// State.
    pub state: FileState,
    /// Why, where it is not [`FileState::Ok`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A bundle found: its manifest and every file's state.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BundleFound {
    /// The folder it lies in, on a medium with several; empty for the root.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub folder: String,
    /// The manifest.
    pub manifest: Manifest,
    /// The digest of the manifest document: the artifact's.
    pub digest: Digest,
    /// Every file, those of the manifest first.
    pub files: Vec<FileVerdict>,
    /// The manifest as it lies there.
    #[serde(skip)]
    pub document: Vec<u8>,
    /// The signature files, none of them judged.
    #[serde(skip)]
    pub signatures: Vec<Vec<u8>>,
    /// What the device's reader left, where there is room for it.
    #[serde(skip)]
    pub result: Option<ResultRoom>,
}

impl BundleFound {
    /// Returns true if every file of the manifest is right; others may lie beside them.
    pub fn is_whole(&self) -> bool {
        self.files.iter().all(|file| file.state.is_harmless())
    }

    /// Returns the bundle in a person's words.
    pub fn words(&self) -> String {
        let manifest = &self.manifest;
        format!("bundle {:?} version {} for {}", manifest.bundle, manifest.version, manifest.device)
    }
}

/// What lies on a shelf: bundles, and what is of none of them.
#[derive(Default)]
pub(super) struct Judged {
    /// The bundles: that of the root first, then by folder.
    pub(super) bundles: Vec<BundleFound>,
    /// Files of no bundle, where there are bundles in folders and none at the root.
    pub(super) strays: Vec<FileVerdict>,
    /// Manifests that cannot be read, each with why.
    pub(super) problems: Vec<String>,
}

/// Path and size of a file.
type Listed = (String, u64);

/// Reads and judges every bundle on a shelf: one at the root, one in each folder of [`BUNDLES_FOLDER`].
pub(super) fn judge(shelf: &dyn Shelf) -> Result<Judged, String> {
    let (root, folders) = sort(shelf.list()?);
    let mut judged = Judged::default();
    let has_root = root.iter().any(|(path, _)| same(path, MANIFEST_NAME));
    if has_root {
        judged.take("", &root, shelf);
    }
    for (folder, files) in &folders {
        judged.take(folder, files, shelf);
    }
    if !has_root && !folders.is_empty() {
        judged.strays = root.iter().map(|(path, _)| unnamed(path)).collect();
    }
    Ok(judged)
}

/// Parts what lies in folders that have a manifest from the rest.
fn sort(files: Vec<Listed>) -> (Vec<Listed>, BTreeMap<String, Vec<Listed>>) {
    let with_manifest = |(path, _): &Listed| {
        let (folder, rest) = bundle_folder(path)?;
        same(rest, MANIFEST_NAME).then(|| folder.to_lowercase())
    };
    let known: BTreeSet<String> = files.iter().filter_map(with_manifest).collect();
    let (mut root, mut folders) = (Vec::new(), BTreeMap::<String, Vec<Listed>>::new());
    for file in files {
        match bundle_folder(&file.0).filter(|(folder, _)| known.contains(&folder.to_lowercase())) {
            Some((folder, _)) => folders.entry(folder.to_owned()).or_default().push(file),
            None => root.push(file),
        }
    }
    (root, folders)
}

/// Splits `firstlight/ID/rest` behind the folder of a bundle.
fn bundle_folder(path: &str) -> Option<(&str, &str)> {
    let (first, rest) = path.split_once('/')?;
    let (name, inside) = rest.split_once('/')?;
    same(first, BUNDLES_FOLDER).then(|| (&path[..first.len() + 1 + name.len()], inside))
}

impl Judged {
    fn take(&mut self, folder: &str, there: &[Listed], shelf: &dyn Shelf) {
        match Place::new(folder, there, shelf).judge() {
            Ok(bundle) => self.bundles.push(bundle),
            Err(problem) => self.problems.push(problem),
        }
    }
}

/// Where one bundle lies, and the files there.
struct Place<'a> {
    folder: &'a str,
    there: &'a [Listed],
    /// By path within the bundle, in lower case.
    index: BTreeMap<String, &'a Listed>,
    shelf: &'a dyn Shelf,
}

impl<'a> Place<'a> {
    fn new(folder: &'a str, there: &'a [Listed], shelf: &'a dyn Shelf) -> Self {
        let index = there.iter().map(|file| (in_bundle(folder, &file.0).to_lowercase(), file)).collect();
        Self { folder, there, index, shelf }
    }

    fn judge(&self) -> Result<BundleFound, String> {
        let name = harmless(&self.on_medium(MANIFEST_NAME));
        let failed = |error: &dyn std::fmt::Display| format!("{name}: {error}");
        let (path, _) = self.find(MANIFEST_NAME).ok_or_else(|| failed(&"it is not there"))?;
        let document = self.shelf.read(path, LONGEST_MANIFEST as u64).map_err(|error| failed(&error))?;
        let manifest = document.expose(Manifest::from_json).map_err(|error| failed(&error))?;
        if manifest.format > MANIFEST_FORMAT {
            let reason = format!("format {}, this program reads up to {MANIFEST_FORMAT}", manifest.format);
            return Err(format!("{name} is of a newer program: {reason}"));
        }
        let document = document.expose(<[u8]>::to_vec);
        Ok(BundleFound {
            folder: harmless(self.folder),
            digest: Digest::of(&document),
            files: self.verdicts(&manifest),
            manifest,
            signatures: (0..MOST_SIGNATURES).filter_map(|number| self.attached(&signature_name(number))).collect(),
            result: self.attached(RESULT_NAME).map(|bytes| ResultRoom::read(&bytes)),
            document,
        })
    }

    /// Reads a file that the manifest does not name; an unreadable or long one is as good as an empty one.
    fn attached(&self, name: &str) -> Option<Vec<u8>> {
        let (path, size) = self.find(name)?;
        let read = (*size <= RESULT_SIZE as u64).then(|| self.shelf.read(path, RESULT_SIZE as u64).ok()).flatten();
        Some(read.map(|bytes| bytes.expose(<[u8]>::to_vec)).unwrap_or_default())
    }

    fn verdicts(&self, manifest: &Manifest) -> Vec<FileVerdict> {
        let named: BTreeSet<String> = manifest.files.iter().map(|file| file.path.to_lowercase()).collect();
        let is_known = |path: &str| {
            let path = in_bundle(self.folder, path).to_lowercase();
            named.contains(&path) || same(&path, MANIFEST_NAME)
        };
        let mut files: Vec<FileVerdict> = manifest.files.iter().map(|file| self.judge_file(file)).collect();
        files.extend(self.there.iter().filter(|(path, _)| !is_known(path)).map(|(path, _)| self.beside(path)));
        files
    }

    fn judge_file(&self, file: &ManifestFile) -> FileVerdict {
        let verdict = |state, reason| FileVerdict { path: harmless(&self.on_medium(&file.path)), state, reason };
        let Some((path, size)) = self.find(&file.path) else { return verdict(FileState::Missing, None) };
        if *size != file.size {
            let reason = format!("{size} bytes, the manifest says {} bytes", file.size);
            return verdict(FileState::Differs, Some(reason));
        }
        match self.shelf.read(path, LARGEST_FILE) {
            Err(reason) => verdict(FileState::Unreadable, Some(reason)),
            Ok(bytes) if bytes.expose(Digest::of) == file.sha256 => verdict(FileState::Ok, None),
            Ok(_) => verdict(FileState::Differs, Some("other content".into())),
        }
    }

    /// A signature, the room for the reader's result, or what is not of the bundle.
    fn beside(&self, path: &str) -> FileVerdict {
        let inside = in_bundle(self.folder, path);
        let is_signature = (0..MOST_SIGNATURES).any(|number| same(inside, &signature_name(number)));
        match () {
            () if is_signature => FileVerdict { path: harmless(path), state: FileState::Signature, reason: None },
            () if same(inside, RESULT_NAME) => {
                FileVerdict { path: harmless(path), state: FileState::Result, reason: None }
            }
            () => unnamed(path),
        }
    }

    fn find(&self, path: &str) -> Option<&'a Listed> {
        self.index.get(&path.to_lowercase()).copied()
    }

    fn on_medium(&self, path: &str) -> String {
        if self.folder.is_empty() { path.to_owned() } else { format!("{}/{path}", self.folder) }
    }
}

/// The path within the bundle in `folder` of a path on the medium; folders may be written in another case.
fn in_bundle<'p>(folder: &str, path: &'p str) -> &'p str {
    if folder.is_empty() { path } else { path.get(folder.len() + 1..).unwrap_or(path) }
}

fn unnamed(path: &str) -> FileVerdict {
    let lower = path.to_lowercase();
    let is_litter = lower.split('/').any(|part| LITTER.contains(&part) || part.starts_with("._"))
        || lower.starts_with(".trash-")
        || lower.starts_with("found.000/");
    let state = if is_litter { FileState::Litter } else { FileState::Extra };
    FileVerdict { path: harmless(path), state, reason: None }
}

/// FAT knows no difference of case.
fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}
