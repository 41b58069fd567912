//! The sealed artifact: the frozen files of a bundle with their manifest.

use crate::fleet::{Class, Diagnose, Digest, Secret};

use super::manifest::{
    Encryption, MANIFEST_NAME, MOST_SIGNATURES, Manifest, ManifestFile, RESULT_NAME, RESULT_SIZE, signature_name,
};

/// The longest path of a bundle file, in bytes.
pub const LONGEST_PATH: usize = 240;

/// Most files beside a manifest.
const MOST_ATTACHMENTS: u32 = 16;

/// One file of an artifact.
pub struct ArtifactFile {
    /// Path, `/`-separated, relative.
    pub path: String,
    /// Unix mode.
    pub mode: u32,
    /// Content, as it will lie on the target.
    pub bytes: Secret,
    /// How the content is encrypted.
    pub encryption: Option<Encryption>,
    /// Where the reader puts it.
    pub destination: Option<String>,
    /// Whose it is there.
    pub owner: Option<String>,
    /// True if the reader keeps the file it has; there is no content.
    pub keep: bool,
}

impl ArtifactFile {
    /// Returns a file in clear that stays where the reader keeps its bundles.
    pub fn plain(path: &str, mode: u32, bytes: Secret) -> Self {
        Self { path: path.to_owned(), mode, bytes, encryption: None, destination: None, owner: None, keep: false }
    }
}

/// A file that lies beside the manifest and is not named by it: a signature, the room for the reader's result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attachment {
    /// Path, as that of an [`ArtifactFile`].
    pub path: String,
    /// Content; nothing in it is secret.
    pub bytes: Vec<u8>,
}

/// Named files and their manifest, frozen: what is delivered, whatever the target.
pub struct SealedArtifact {
    manifest: Manifest,
    /// The manifest's document: every reader wants it, and the digest is over it.
    document: Vec<u8>,
    files: Vec<ArtifactFile>,
    attachments: Vec<Attachment>,
}

/// Why files do not make an artifact, or a spool holds none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ArtifactError {
    /// A path that could escape the medium, that FAT cannot hold, or that the bundle itself needs.
    #[error("{path:?} is no path for a bundle file")]
    Path {
        /// The path.
        path: String,
    },
    /// Two files whose names differ in case only: one on a FAT volume.
    #[error("{path:?} is there twice (names are compared without case)")]
    Twice {
        /// The second one's path.
        path: String,
    },
    /// Several bundles are wanted on one target, and there is none.
    #[error("there is no bundle to bring")]
    Nothing,
    /// The spooled bytes are no artifact.
    #[error("the spooled artifact is damaged")]
    Damaged,
}

impl Diagnose for ArtifactError {
    fn class(&self) -> Class {
        match self {
            ArtifactError::Path { .. } | ArtifactError::Twice { .. } | ArtifactError::Nothing => Class::Input,
            ArtifactError::Damaged => Class::Surroundings,
        }
    }
}

impl SealedArtifact {
    /// Freezes `files` under a manifest whose file list is made here; everything else in `manifest` is taken as it is.
    pub fn seal(mut manifest: Manifest, mut files: Vec<ArtifactFile>) -> Result<Self, ArtifactError> {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut seen = std::collections::BTreeSet::new();
        for file in &files {
            if !path_is_safe(&file.path) || name_is_reserved(&file.path) {
                return Err(ArtifactError::Path { path: file.path.clone() });
            }
            if !seen.insert(file.path.to_lowercase()) {
                return Err(ArtifactError::Twice { path: file.path.clone() });
            }
        }
        manifest.files = files.iter().map(entry).collect();
        Ok(Self { document: manifest.to_json(), manifest, files, attachments: Vec::new() })
    }

    /// Returns the manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns the manifest as it lies on a medium.
    pub fn document(&self) -> &[u8] {
        &self.document
    }

    /// Returns the files, sorted by path; the manifest is not among them.
    pub fn files(&self) -> &[ArtifactFile] {
        &self.files
    }

    /// Puts signatures of the document (each a whole minisign file) and the room for the reader's result beside the
    /// manifest.
    #[must_use]
    pub fn with_signatures(mut self, signatures: Vec<Vec<u8>>) -> Self {
        let signatures = signatures.into_iter().enumerate();
        self.attachments = signatures.map(|(n, bytes)| Attachment { path: signature_name(n), bytes }).collect();
        let mut room = vec![b' '; RESULT_SIZE];
        room[RESULT_SIZE - 1] = b'\n';
        self.attachments.push(Attachment { path: RESULT_NAME.into(), bytes: room });
        self
    }

    /// Returns the files beside the manifest that it does not name.
    pub fn attachments(&self) -> &[Attachment] {
        &self.attachments
    }

    /// Returns the digest of the manifest document, which names every file's digest: the digest of the whole.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.document)
    }

    /// Returns the sum of all file sizes, the manifest included, in bytes.
    pub fn payload(&self) -> u64 {
        let attached: u64 = self.attachments.iter().map(|attachment| attachment.bytes.len() as u64).sum();
        self.document.len() as u64 + attached + self.files.iter().map(|file| file.bytes.len() as u64).sum::<u64>()
    }

    /// Returns one byte string that [`SealedArtifact::from_spool`] reads: each part with its length in front.
    pub fn to_spool(&self) -> Secret {
        let mut out = Vec::with_capacity(usize::try_from(self.payload()).unwrap_or(0) + 64 * (self.files.len() + 2));
        put(&mut out, &self.document);
        out.extend_from_slice(&u32::try_from(self.attachments.len()).unwrap_or(u32::MAX).to_be_bytes());
        for attachment in &self.attachments {
            put(&mut out, attachment.path.as_bytes());
            put(&mut out, &attachment.bytes);
        }
        for file in &self.files {
            put(&mut out, file.path.as_bytes());
            file.bytes.expose(|bytes| put(&mut out, bytes));
        }
        Secret::new(out)
    }

    /// Reads what [`SealedArtifact::to_spool`] made, and checks every file against the manifest.
    pub fn from_spool(spool: &Secret) -> Result<Self, ArtifactError> {
        spool.expose(|bytes| read_spool(bytes).ok_or(ArtifactError::Damaged))
    }
}

/// Returns true for a relative path of plain names: no empty part, `.`, `..`, backslash, colon, no name that ends in a dot or
/// blank (FAT drops those) or begins with a blank, at most [`LONGEST_PATH`] bytes, all of it printable ASCII: what folds
/// case, turns the reading direction or is written in two ways is read differently by two readers.
pub fn path_is_safe(path: &str) -> bool {
    let name_is_safe = |name: &str| {
        !name.is_empty()
            && !name.chars().all(|c| c == '.')
            && !name.ends_with(['.', ' '])
            && !name.starts_with(' ')
            && !name.chars().any(|c| !matches!(c, ' '..='~') || "\\:*?\"<>|".contains(c))
    };
    path.len() <= LONGEST_PATH && path.split('/').all(name_is_safe)
}

/// Returns true for a name that the bundle itself needs: manifest, signatures, result.
pub fn name_is_reserved(path: &str) -> bool {
    let signatures = (0..MOST_SIGNATURES).map(signature_name);
    [MANIFEST_NAME.to_owned(), RESULT_NAME.to_owned()]
        .into_iter()
        .chain(signatures)
        .any(|reserved| path.eq_ignore_ascii_case(&reserved))
}

fn entry(file: &ArtifactFile) -> ManifestFile {
    ManifestFile {
        path: file.path.clone(),
        size: file.bytes.len() as u64,
        sha256: file.bytes.expose(Digest::of),
        mode: format!("{:04o}", file.mode),
        encryption: file.encryption,
        destination: file.destination.clone(),
        owner: file.owner.clone(),
        keep: file.keep,
    }
}

fn put(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&(part.len() as u64).to_be_bytes());
    out.extend_from_slice(part);
}

fn take<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
    let (part, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    Some(part)
}

/// Whatever the manifest says of a file is taken from there; only the content comes from the spool's own part.
fn read_spool(mut bytes: &[u8]) -> Option<SealedArtifact> {
    let manifest = Manifest::from_json(take(&mut bytes)?).ok()?;
    let attachments = read_attachments(&mut bytes)?;
    let mut files = Vec::new();
    for listed in &manifest.files {
        let path = String::from_utf8(take(&mut bytes)?.to_vec()).ok()?;
        files.push(ArtifactFile {
            path,
            mode: u32::from_str_radix(&listed.mode, 8).ok()?,
            bytes: Secret::new(take(&mut bytes)?.to_vec()),
            encryption: listed.encryption,
            destination: listed.destination.clone(),
            owner: listed.owner.clone(),
            keep: listed.keep,
        });
    }
    let listed = manifest.files.clone();
    let artifact = SealedArtifact::seal(manifest, files).ok()?;
    (bytes.is_empty() && artifact.manifest.files == listed).then_some(SealedArtifact { attachments, ..artifact })
}

fn read_attachments(bytes: &mut &[u8]) -> Option<Vec<Attachment>> {
    let (count, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    let count = u32::from_be_bytes(*count);
    if count > MOST_ATTACHMENTS {
        return None;
    }
    let mut attachments = Vec::new();
    for _ in 0..count {
        let path = String::from_utf8(take(bytes)?.to_vec()).ok()?;
        attachments.push(Attachment { path, bytes: take(bytes)?.to_vec() });
    }
    attachments.iter().all(|attachment| path_is_safe(&attachment.path)).then_some(attachments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::EndpointName;

    fn manifest() -> Manifest {
        Manifest {
            template: "t".into(),
            created: "2026-01-01T00:00:00Z".into(),
            ..Manifest::new("f", EndpointName::new("d-1").unwrap(), "b", 1)
        }
    }

    fn file(path: &str, bytes: &[u8]) -> ArtifactFile {
        ArtifactFile::plain(path, 0o600, Secret::new(bytes.to_vec()))
    }

    #[test]
    fn a_spool_reads_back_equal_and_any_change_is_noticed() {
        let artifact = SealedArtifact::seal(manifest(), vec![file("b/c", b"two"), file("a", b"one")]).unwrap();
        let spool = artifact.to_spool();
        assert_eq!(SealedArtifact::from_spool(&spool).unwrap().digest(), artifact.digest());
        let bytes = spool.expose(<[u8]>::to_vec);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let read = SealedArtifact::from_spool(&Secret::new(changed));
            assert!(read.is_err() || read.unwrap().digest() != artifact.digest() || bytes[at] == b'6', "byte {at}");
        }
    }

    #[test]
    fn paths_that_could_escape_are_refused() {
        for path in [
            "",
            "/a",
            "a//b",
            "../a",
            "a/..",
            "a/./b",
            "a\\b",
            "c:d",
            "a\0",
            "a ",
            "a.",
            "a\nb",
            "ä",
            "a\u{202e}b",
            "\u{7f}",
        ] {
            let sealed = SealedArtifact::seal(manifest(), vec![file(path, b"")]);
            assert_eq!(sealed.err(), Some(ArtifactError::Path { path: path.into() }), "{path:?}");
        }
        assert!(SealedArtifact::seal(manifest(), vec![file("A", b""), file("a", b"")]).is_err());
    }

    #[test]
    fn no_file_takes_a_name_that_the_bundle_needs() {
        for path in ["Firstlight-Manifest.json", "firstlight-result.json", "firstlight-manifest.json.3.MINISIG"] {
            let sealed = SealedArtifact::seal(manifest(), vec![file(path, b"")]);
            assert_eq!(sealed.err(), Some(ArtifactError::Path { path: path.into() }), "{path:?}");
        }
        assert!(SealedArtifact::seal(manifest(), vec![file("app/firstlight-result.json", b"")]).is_ok());
    }
}
