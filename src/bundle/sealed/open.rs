//! Opening a bundle on a medium: find, authenticate, match, decrypt. Believes nothing that no trusted key signed.

use crate::delivery::manifest::{BUNDLES_FOLDER, LONGEST_MANIFEST, MANIFEST_FORMAT, MOST_SIGNATURES, signature_name};
use crate::delivery::{MANIFEST_NAME, Manifest, ManifestFile, Shelf};
use crate::fleet::{Digest, Secret};

use super::envelope::{self, Closed, OpeningKey};
use super::limits::Limits;
use super::refusal::{Reason, Refusal};
use super::shape;
use super::signature::{self, PublicKey, Signature};

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
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let is_place = |folder: &str| match folder.split_once('/') {
        Some((bundles, name)) => bundles.eq_ignore_ascii_case(BUNDLES_FOLDER) && !name.contains('/'),
        None => folder.is_empty(),
    };
    (file.eq_ignore_ascii_case(MANIFEST_NAME) && is_place(folder)).then(|| folder.to_owned())
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
        shape::check(&manifest, limits)?;
        Ok(Self { folder: folder.to_owned(), manifest, document, signature, key })
    }

    /// Returns the digest of the document: the artifact's.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.document)
    }

    /// Reads and opens every file that came. All of them are right, or none is returned.
    pub fn open(&self, shelf: &dyn Shelf, keys: &[OpeningKey], limits: Limits) -> Result<Vec<OpenedFile>, Refusal> {
        let mut left = limits.bytes;
        let mut opened = Vec::with_capacity(self.manifest.files.len());
        for entry in self.manifest.files.iter().filter(|entry| !entry.keep) {
            let stored = self.read_file(shelf, entry)?;
            let bytes = unlock(entry, stored, keys, left)?;
            left -= bytes.len() as u64;
            opened.push(OpenedFile { entry: entry.clone(), bytes });
        }
        Ok(opened)
    }

    fn read_file(&self, shelf: &dyn Shelf, entry: &ManifestFile) -> Result<Secret, Refusal> {
        let wanted = join(&self.folder, &entry.path);
        let Some((path, size)) = look_up(shelf, &wanted)? else {
            return Err(Refusal::new(Reason::Truncated, format!("{wanted:?} is missing")));
        };
        if size != entry.size {
            let reason = if size < entry.size { Reason::Truncated } else { Reason::Altered };
            let what = format!("{wanted:?} has {size} bytes, the manifest says {}", entry.size);
            return Err(Refusal::new(reason, what));
        }
        let bytes = shelf.read(&path, entry.size);
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
    shelf.find(wanted).map_err(|words| Refusal::new(Reason::Truncated, words))
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
        Some(_) if is_cut_off(document) => Refusal::new(Reason::Truncated, "the manifest ends too early"),
        Some(name) => Refusal::new(Reason::Altered, format!("the signature of bundle key {name} does not fit")),
        None if damaged => Refusal::new(Reason::Altered, "the signature is damaged"),
        None => Refusal::new(Reason::NotOurs, "no key that is trusted here signed it"),
    })
}

/// The one form ends in `}` and a line feed: where neither is in its place the end is missing, and nobody had a hand in it.
fn is_cut_off(document: &[u8]) -> bool {
    !document.ends_with(b"\n") && document.iter().nth_back(1) != Some(&b'}')
}

/// There is one document for one manifest: members in the format's order, each once, nothing escaped that need not be. So
/// two readers cannot take one signed document for two things.
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
    let manifest = Manifest::from_json(document).map_err(|error| unknown(error.to_string()))?;
    if manifest.to_json() != document {
        return Err(unknown("the manifest is not in the form that the format prescribes".into()));
    }
    Ok(manifest)
}

/// Returns the path of `name` in `folder`.
pub(crate) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_manifest_at_the_root_or_one_folder_below_ours_is_a_bundle() {
        let places = [
            ("firstlight-manifest.json", Some("")),
            ("FIRSTLIGHT-MANIFEST.JSON", Some("")),
            ("firstlight/gw-1/firstlight-manifest.json", Some("firstlight/gw-1")),
            ("FirstLight/GW-1/Firstlight-Manifest.json", Some("FirstLight/GW-1")),
            ("firstlight/firstlight-manifest.json", None),
            ("firstlight/a/b/firstlight-manifest.json", None),
            ("other/gw-1/firstlight-manifest.json", None),
            ("firstlight/gw-1/x-firstlight-manifest.json", None),
            ("gw-1/firstlight-manifest.json", None),
        ];
        for (path, folder) in places {
            assert_eq!(folder_of_manifest(path).as_deref(), folder, "{path}");
        }
    }

    /// Letters whose lower case has another length once cut a folder's name in the middle of a letter.
    #[test]
    fn letters_that_change_their_length_do_no_harm() {
        for letter in ['\u{130}', '\u{212a}', '\u{1e9e}', '\u{202e}', '\u{0}'] {
            let folder = format!("firstlight/a{letter}");
            let path = format!("{folder}/firstlight-manifest.json");
            assert_eq!(folder_of_manifest(&path), Some(folder), "{letter:?}");
        }
    }
}
