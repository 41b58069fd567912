//! The bundle on a medium, file by file, against its manifest.

use serde::Serialize;

use crate::delivery::manifest::{
    LONGEST_MANIFEST, MANIFEST_FORMAT, MOST_SIGNATURES, RESULT_NAME, RESULT_SIZE, signature_name,
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

/// A file and how it stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FileVerdict {
    /// Path.
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

/// Reads and judges the bundle on a shelf; `None` where no manifest is.
pub(super) fn judge(shelf: &dyn Shelf) -> Result<Option<BundleFound>, String> {
    let there = shelf.list()?;
    let Some((path, _)) = there.iter().find(|(path, _)| same(path, MANIFEST_NAME)) else { return Ok(None) };
    let document = shelf.read(path, LONGEST_MANIFEST as u64).map_err(|error| format!("{MANIFEST_NAME}: {error}"))?;
    let manifest = document.expose(Manifest::from_json).map_err(|error| format!("{MANIFEST_NAME}: {error}"))?;
    if manifest.format > MANIFEST_FORMAT {
        let reason = format!("format {}, this program reads up to {MANIFEST_FORMAT}", manifest.format);
        return Err(format!("{MANIFEST_NAME} is of a newer program: {reason}"));
    }
    let mut files: Vec<FileVerdict> = manifest.files.iter().map(|file| judge_file(file, &there, shelf)).collect();
    let named = |path: &str| same(path, MANIFEST_NAME) || manifest.files.iter().any(|file| same(&file.path, path));
    files.extend(there.iter().filter(|(path, _)| !named(path)).map(|(path, _)| unnamed(path)));
    let document = document.expose(<[u8]>::to_vec);
    let signatures = (0..MOST_SIGNATURES).filter_map(|number| attached(shelf, &there, &signature_name(number)));
    Ok(Some(BundleFound {
        digest: Digest::of(&document),
        manifest,
        files,
        signatures: signatures.collect(),
        result: attached(shelf, &there, RESULT_NAME).map(|bytes| ResultRoom::read(&bytes)),
        document,
    }))
}

/// Reads a file that the manifest does not name; an unreadable or long one is as good as an empty one.
fn attached(shelf: &dyn Shelf, there: &[(String, u64)], name: &str) -> Option<Vec<u8>> {
    let (path, size) = there.iter().find(|(path, _)| same(path, name))?;
    let read = (*size <= RESULT_SIZE as u64).then(|| shelf.read(path, RESULT_SIZE as u64).ok()).flatten();
    Some(read.map(|bytes| bytes.expose(<[u8]>::to_vec)).unwrap_or_default())
}

fn judge_file(file: &ManifestFile, there: &[(String, u64)], shelf: &dyn Shelf) -> FileVerdict {
    let verdict = |state, reason| FileVerdict { path: file.path.clone(), state, reason };
    let Some((path, size)) = there.iter().find(|(path, _)| same(path, &file.path)) else {
        return verdict(FileState::Missing, None);
    };
    if *size != file.size {
        let reason = format!("{size} bytes, the manifest says {} bytes", file.size);
        return verdict(FileState::Differs, Some(reason));
    }
    match shelf.read(path, LARGEST_FILE) {
        Err(reason) => verdict(FileState::Unreadable, Some(reason)),
        Ok(bytes) if bytes.expose(Digest::of) == file.sha256 => verdict(FileState::Ok, None),
        Ok(_) => verdict(FileState::Differs, Some("other content".into())),
    }
}

fn unnamed(path: &str) -> FileVerdict {
    let lower = path.to_lowercase();
    let is_litter = lower.split('/').any(|part| LITTER.contains(&part) || part.starts_with("._"))
        || lower.starts_with(".trash-")
        || lower.starts_with("found.000/");
    let is_signature = (0..MOST_SIGNATURES).any(|number| same(path, &signature_name(number)));
    let state = match () {
        () if is_signature => FileState::Signature,
        () if same(path, RESULT_NAME) => FileState::Result,
        () if is_litter => FileState::Litter,
        () => FileState::Extra,
    };
    FileVerdict { path: harmless(path), state, reason: None }
}

/// FAT knows no difference of case.
fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}
