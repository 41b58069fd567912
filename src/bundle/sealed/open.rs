//! Opening a bundle on a medium: find, authenticate, match, decrypt. Believes nothing that no trusted key signed.

use crate::delivery::artifact::path_is_safe;
use crate::delivery::manifest::{BUNDLES_FOLDER, LONGEST_MANIFEST, MANIFEST_FORMAT, MOST_SIGNATURES, signature_name};
use crate::delivery::{MANIFEST_NAME, Manifest, ManifestFile, Shelf};
use crate::fleet::{Digest, Secret};

use super::envelope::{self, Closed, OpeningKey};
use super::refusal::{Reason, Refusal};
use super::signature::{self, PublicKey, Signature};

/// What a reader takes at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bundles on one medium.
    pub bundles: usize,
    /// Files of one bundle.
    pub files: usize,
    /// Bytes of one file, and of all together.
    pub bytes: u64,
}

impl Default for Limits {
    /// 4096 bundles of 512 files, 8 MiB in all.
    fn default() -> Self {
        Self { bundles: 4096, files: 512, bytes: 8 << 20 }
    }
}

/// Returns the folders of a medium that hold a bundle (empty for the medium's root), sorted. More than `limits.bundles` are
/// refused.
pub fn find(shelf: &dyn Shelf, limits: Limits) -> Result<Vec<String>, Refusal> {
    let there = shelf.list().map_err(|words| Refusal::new(Reason::Truncated, words))?;
    let mut folders: Vec<String> = there.iter().filter_map(|(path, _)| folder_of_manifest(path)).collect();
    folders.sort();
    folders.dedup();
    if folders.len() > limits.bundles {
        let what = format!("the medium holds {} bundles, this device takes at most {}", folders.len(), limits.bundles);
        return Err(Refusal::new(Reason::TooBig, what));
    }
    Ok(folders)
}

fn folder_of_manifest(path: &str) -> Option<String> {
    let lower = path.to_lowercase();
    let folder = lower.strip_suffix(MANIFEST_NAME)?;
    if folder.is_empty() {
        return Some(String::new());
    }
    let name = folder.strip_suffix('/')?.strip_prefix(BUNDLES_FOLDER)?.strip_prefix('/')?;
    (!name.contains('/')).then(|| path[..folder.len() - 1].to_owned())
}

/// A manifest that a trusted key signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Authentic {
    /// The folder on the medium; empty for its root.
    pub folder: String,
    /// The manifest.
    pub manifest: Manifest,
    /// The document as signed.
    pub document: Vec<u8>,
    /// The signature that was found good.
    pub signature: Signature,
    /// The trusted key that made it.
    pub key: PublicKey,
}

/// A file of an opened bundle.
pub struct OpenedFile {
    /// The manifest's entry.
    pub entry: ManifestFile,
    /// Content, decrypted.
    pub bytes: Secret,
}

impl Authentic {
    /// Reads the manifest in `folder` and checks that one of `trusted` signed it. Nothing else of the manifest is looked at
    /// before that; then format, paths and sizes are.
    pub fn read(shelf: &dyn Shelf, folder: &str, trusted: &[PublicKey], limits: Limits) -> Result<Self, Refusal> {
        let document = read_document(shelf, folder)?;
        let signatures = read_signatures(shelf, folder)?;
        let (key, signature) = judge(&document, signatures, trusted)?;
        let manifest = parse(&document)?;
        check_shape(&manifest, limits)?;
        Ok(Self { folder: folder.to_owned(), manifest, document, signature, key })
    }

    /// Returns the digest of the document: the artifact's.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.document)
    }

    /// Reads and opens every file. All of them are right, or none is returned.
    pub fn open(&self, shelf: &dyn Shelf, keys: &[OpeningKey], limits: Limits) -> Result<Vec<OpenedFile>, Refusal> {
        let there = shelf.list().map_err(|words| Refusal::new(Reason::Truncated, words))?;
        let mut left = limits.bytes;
        let mut opened = Vec::with_capacity(self.manifest.files.len());
        for entry in &self.manifest.files {
            let stored = self.read_file(shelf, &there, entry)?;
            let bytes = unlock(entry, stored, keys, left)?;
            left -= bytes.len() as u64;
            opened.push(OpenedFile { entry: entry.clone(), bytes });
        }
        Ok(opened)
    }

    fn read_file(&self, shelf: &dyn Shelf, there: &[(String, u64)], entry: &ManifestFile) -> Result<Secret, Refusal> {
        let wanted = join(&self.folder, &entry.path);
        let Some((path, size)) = there.iter().find(|(path, _)| path.eq_ignore_ascii_case(&wanted)) else {
            return Err(Refusal::new(Reason::Truncated, format!("{wanted:?} is missing")));
        };
        if *size != entry.size {
            let reason = if *size < entry.size { Reason::Truncated } else { Reason::Altered };
            let what = format!("{wanted:?} has {size} bytes, the manifest says {}", entry.size);
            return Err(Refusal::new(reason, what));
        }
        let bytes = shelf.read(path, entry.size);
        let bytes = bytes.map_err(|words| Refusal::new(Reason::Truncated, format!("{wanted:?}: {words}")))?;
        if bytes.expose(Digest::of) != entry.sha256 {
            return Err(Refusal::new(Reason::Altered, format!("{wanted:?} is not the file that was signed")));
        }
        Ok(bytes)
    }
}

fn unlock(entry: &ManifestFile, stored: Secret, keys: &[OpeningKey], most: u64) -> Result<Secret, Refusal> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let Some(encryption) = entry.encryption else { return Ok(stored) };
    stored.expose(|bytes| envelope::open(encryption, bytes, keys, most)).map_err(|closed| {
        let path = &entry.path;
        match closed {
            Closed::NoKey => Refusal::new(Reason::CannotDecrypt, format!("no key of this device opens {path:?}")),
            Closed::Damaged => Refusal::new(Reason::CannotDecrypt, format!("{path:?} does not decrypt")),
            Closed::TooLong => Refusal::new(Reason::TooBig, format!("{path:?} holds more than {most} bytes")),
        }
    })
}

fn read_document(shelf: &dyn Shelf, folder: &str) -> Result<Vec<u8>, Refusal> {
    let wanted = join(folder, MANIFEST_NAME);
    let (path, size) =
        look_up(shelf, &wanted)?.ok_or_else(|| Refusal::new(Reason::Truncated, format!("there is no {wanted:?}")))?;
    if size > LONGEST_MANIFEST as u64 {
        let what = format!("the manifest has {size} bytes, at most {LONGEST_MANIFEST} are taken");
        return Err(Refusal::new(Reason::TooBig, what));
    }
    let read = shelf.read(&path, LONGEST_MANIFEST as u64);
    Ok(read.map_err(|words| Refusal::new(Reason::Truncated, words))?.expose(<[u8]>::to_vec))
}

/// Reads the signatures there are; each that is none counts as one by nobody.
fn read_signatures(shelf: &dyn Shelf, folder: &str) -> Result<Vec<Option<Signature>>, Refusal> {
    let mut signatures = Vec::new();
    for number in 0..MOST_SIGNATURES {
        if let Some((path, _)) = look_up(shelf, &join(folder, &signature_name(number)))? {
            let file = shelf.read(&path, signature::LONGEST as u64).ok();
            signatures.push(file.and_then(|file| file.expose(Signature::parse)));
        }
    }
    Ok(signatures)
}

fn look_up(shelf: &dyn Shelf, wanted: &str) -> Result<Option<(String, u64)>, Refusal> {
    let there = shelf.list().map_err(|words| Refusal::new(Reason::Truncated, words))?;
    Ok(there.into_iter().find(|(path, _)| path.eq_ignore_ascii_case(wanted)))
}

fn judge(
    document: &[u8],
    signatures: Vec<Option<Signature>>,
    trusted: &[PublicKey],
) -> Result<(PublicKey, Signature), Refusal> {
    if signatures.is_empty() {
        return Err(Refusal::new(Reason::Unsigned, "the manifest has no signature"));
    }
    let mut known = None;
    let mut damaged = false;
    for signature in signatures {
        let Some(signature) = signature else {
            damaged = true;
            continue;
        };
        for key in trusted.iter().filter(|key| key.id == signature.key_id) {
            if key.verifies(document, &signature) {
                return Ok((*key, signature));
            }
            known = Some(key.name());
        }
    }
    Err(match known {
        Some(name) => Refusal::new(Reason::Altered, format!("the signature of bundle key {name} does not fit")),
        None if damaged => Refusal::new(Reason::Altered, "the signature is damaged"),
        None => Refusal::new(Reason::NotOurs, "no key that is trusted here signed it"),
    })
}

fn parse(document: &[u8]) -> Result<Manifest, Refusal> {
    #[derive(serde::Deserialize)]
    struct Format {
        format: u32,
    }
    let unknown = |words: String| Refusal::new(Reason::UnknownFormat, words);
    let Format { format } = serde_json::from_slice(document).map_err(|error| unknown(error.to_string()))?;
    if format != MANIFEST_FORMAT {
        return Err(unknown(format!("the bundle has format {format}, this program reads {MANIFEST_FORMAT}")));
    }
    Manifest::from_json(document).map_err(|error| unknown(error.to_string()))
}

fn check_shape(manifest: &Manifest, limits: Limits) -> Result<(), Refusal> {
    let files = &manifest.files;
    if files.len() > limits.files {
        let what = format!("the bundle has {} files, this device takes at most {}", files.len(), limits.files);
        return Err(Refusal::new(Reason::TooBig, what));
    }
    let bytes = files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.size));
    if bytes > limits.bytes {
        let what = format!("the bundle has {bytes} bytes, this device takes at most {}", limits.bytes);
        return Err(Refusal::new(Reason::TooBig, what));
    }
    for file in files {
        let is_destination = |path: &str| path.strip_prefix('/').is_some_and(path_is_safe);
        let fits = path_is_safe(&file.path)
            && path_is_safe(file.name())
            && file.encryption.is_none_or(|encryption| file.path.ends_with(encryption.suffix()))
            && file.destination.as_deref().is_none_or(is_destination);
        if !fits {
            let what = format!("{:?} (to {:?}) may not be followed", file.path, file.destination);
            return Err(Refusal::new(Reason::UnsafePath, what));
        }
    }
    let mut names: Vec<String> = files.iter().map(|file| file.name().to_lowercase()).collect();
    names.sort();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Refusal::new(Reason::UnsafePath, format!("{:?} is there twice", pair[0]))),
        None => Ok(()),
    }
}

/// Returns the path of `name` in `folder`.
pub(crate) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
