//! The sealed artifact: the frozen files of a bundle with their manifest.

use crate::fleet::{Class, Diagnose, Digest, Secret};

use super::manifest::{MANIFEST_NAME, Manifest, ManifestFile};

/// The longest path of a bundle file, in bytes.
pub const LONGEST_PATH: usize = 240;

/// One file of an artifact.
pub struct ArtifactFile {
    /// Path, `/`-separated, relative.
    pub path: String,
    /// Unix mode.
    pub mode: u32,
    /// Content.
    pub bytes: Secret,
}

/// Named files and their manifest, frozen: what is delivered, whatever the target.
pub struct SealedArtifact {
    manifest: Manifest,
    /// The manifest's document: every reader wants it, and the digest is over it.
    document: Vec<u8>,
    files: Vec<ArtifactFile>,
}

/// Why files do not make an artifact, or a spool holds none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ArtifactError {
    /// A path that could escape the medium, or that FAT cannot hold.
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
    /// The spooled bytes are no artifact.
    #[error("the spooled artifact is damaged")]
    Damaged,
}

impl Diagnose for ArtifactError {
    fn class(&self) -> Class {
        match self {
            ArtifactError::Path { .. } | ArtifactError::Twice { .. } => Class::Input,
            ArtifactError::Damaged => Class::Surroundings,
        }
    }
}

impl SealedArtifact {
    /// Freezes `files` under a manifest whose file list is made here; everything else in `manifest` is taken as it is.
    pub fn seal(mut manifest: Manifest, mut files: Vec<ArtifactFile>) -> Result<Self, ArtifactError> {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut seen = std::collections::BTreeSet::from([MANIFEST_NAME.to_lowercase()]);
        for file in &files {
            if !path_is_safe(&file.path) {
                return Err(ArtifactError::Path { path: file.path.clone() });
            }
            if !seen.insert(file.path.to_lowercase()) {
                return Err(ArtifactError::Twice { path: file.path.clone() });
            }
        }
        manifest.files = files.iter().map(entry).collect();
        Ok(Self { document: manifest.to_json(), manifest, files })
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

    /// Returns the digest of the manifest document, which names every file's digest: the digest of the whole.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.document)
    }

    /// Returns the sum of all file sizes, the manifest included, in bytes.
    pub fn payload(&self) -> u64 {
        self.document.len() as u64 + self.files.iter().map(|file| file.bytes.len() as u64).sum::<u64>()
    }

    /// Returns one byte string that [`SealedArtifact::from_spool`] reads: each part with its length in front.
    pub fn to_spool(&self) -> Secret {
        let mut out = Vec::with_capacity(usize::try_from(self.payload()).unwrap_or(0) + 64 * (self.files.len() + 2));
        put(&mut out, &self.document);
        for file in &self.files {
            put(&mut out, file.path.as_bytes());
            out.extend_from_slice(&file.mode.to_be_bytes());
            file.bytes.expose(|bytes| put(&mut out, bytes));
        }
        Secret::new(out)
    }

    /// Reads what [`SealedArtifact::to_spool`] made, and checks every file against the manifest.
    pub fn from_spool(spool: &Secret) -> Result<Self, ArtifactError> {
        spool.expose(|bytes| read_spool(bytes).ok_or(ArtifactError::Damaged))
    }
}

/// Returns true for a relative path of plain names: no empty part, `.`, `..`, backslash, colon, control character, no name
/// that ends in a dot or blank (FAT drops those), at most [`LONGEST_PATH`] bytes.
pub fn path_is_safe(path: &str) -> bool {
    let name_is_safe = |name: &str| {
        !name.is_empty()
            && !name.chars().all(|c| c == '.')
            && !name.ends_with(['.', ' '])
            && !name.starts_with(' ')
            && !name.chars().any(|c| c.is_control() || "\\:*?\"<>|".contains(c))
    };
    path.len() <= LONGEST_PATH && path.split('/').all(name_is_safe)
}

fn entry(file: &ArtifactFile) -> ManifestFile {
    ManifestFile {
        path: file.path.clone(),
        size: file.bytes.len() as u64,
        sha256: file.bytes.expose(Digest::of),
        mode: format!("{:04o}", file.mode),
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

fn read_spool(mut bytes: &[u8]) -> Option<SealedArtifact> {
    let manifest = Manifest::from_json(take(&mut bytes)?).ok()?;
    let mut files = Vec::new();
    while !bytes.is_empty() {
        let path = String::from_utf8(take(&mut bytes)?.to_vec()).ok()?;
        let (mode, rest) = bytes.split_first_chunk::<4>()?;
        bytes = rest;
        files.push(ArtifactFile {
            path,
            mode: u32::from_be_bytes(*mode),
            bytes: Secret::new(take(&mut bytes)?.to_vec()),
        });
    }
    let listed = manifest.files.clone();
    let artifact = SealedArtifact::seal(manifest, files).ok()?;
    (artifact.manifest.files == listed).then_some(artifact)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::EndpointName;

    fn manifest() -> Manifest {
        Manifest {
            format: 1,
            fleet: "f".into(),
            device: EndpointName::new("d-1").unwrap(),
            bundle: "b".into(),
            version: 1,
            template: "t".into(),
            created: "2026-01-01T00:00:00Z".into(),
            accept_plaintext: None,
            demo: false,
            files: vec![],
        }
    }

    fn file(path: &str, bytes: &[u8]) -> ArtifactFile {
        ArtifactFile { path: path.into(), mode: 0o600, bytes: Secret::new(bytes.to_vec()) }
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
        for path in ["", "/a", "a//b", "../a", "a/..", "a/./b", "a\\b", "c:d", "a\0", "a ", "a.", "a\nb"] {
            let sealed = SealedArtifact::seal(manifest(), vec![file(path, b"")]);
            assert_eq!(sealed.err(), Some(ArtifactError::Path { path: path.into() }), "{path:?}");
        }
        assert!(SealedArtifact::seal(manifest(), vec![file("A", b""), file("a", b"")]).is_err());
    }
}
