//! A generation: the bundles that are in force together, as they lie in the store.

use std::path::{Path, PathBuf};

use super::error::ClientError;
use super::outcome;
use super::state::State;
use crate::bundle::sealed::{Authentic, OpenedFile, Reason, Refusal};
use crate::delivery::manifest::{LONGEST_MANIFEST, signature_name};
use crate::delivery::{MANIFEST_NAME, Manifest, Scope};
use crate::fleet::{Digest, Secret};
use crate::host::HostError;
use crate::host::files::read_bounded;

/// The largest file of a store that is read, in bytes.
const LARGEST: u64 = 256 << 20;
/// Where a bundle's opened files lie in its folder.
pub const FILES: &str = "files";

/// The bundles in force together.
pub struct Generation {
    /// Its number.
    pub number: u64,
    /// Its folder.
    pub folder: PathBuf,
    /// The device's bundle, where there is one, then those of sites by name.
    pub parts: Vec<StoredBundle>,
}

/// A bundle in the store, its files opened.
pub struct StoredBundle {
    /// The manifest.
    pub manifest: Manifest,
    /// The manifest's document.
    pub document: Vec<u8>,
    /// Its digest.
    pub digest: Digest,
    folder: PathBuf,
}

/// A bundle on its way into the store.
pub struct NewBundle {
    /// The name of its folder in the generation.
    pub name: String,
    /// Manifest and signature: name, content.
    pub papers: Vec<(String, Vec<u8>)>,
    /// Opened files: name, content.
    pub files: Vec<(String, Secret)>,
}

impl Generation {
    /// Reads the manifests of a generation.
    pub fn read(number: u64, folder: &Path) -> Result<Self, ClientError> {
        let failed = || HostError::io("reading", folder);
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed())? {
            names.push(entry.map_err(failed())?.path());
        }
        names.sort();
        let mut parts = names.iter().map(|path| StoredBundle::read(path)).collect::<Result<Vec<_>, _>>()?;
        parts.sort_by_key(|part| (part.manifest.scope == Scope::Site, part.manifest.device.as_str().to_owned()));
        Ok(Self { number, folder: folder.to_owned(), parts })
    }

    /// Returns the bundles as a record names them.
    pub fn record(&self) -> Vec<outcome::Part> {
        self.parts.iter().map(StoredBundle::record).collect()
    }
}

impl StoredBundle {
    fn read(folder: &Path) -> Result<Self, ClientError> {
        let path = folder.join(MANIFEST_NAME);
        let document = read_bounded(&path, LONGEST_MANIFEST as u64)?;
        let damaged = |error: serde_json::Error| ClientError::Damaged { path: path.clone(), reason: error.to_string() };
        let manifest = Manifest::from_json(&document).map_err(damaged)?;
        Ok(Self { digest: Digest::of(&document), document, manifest, folder: folder.to_owned() })
    }

    /// Returns where the opened file `name` lies.
    pub fn path_of(&self, name: &str) -> PathBuf {
        self.folder.join(FILES).join(name)
    }

    /// Returns the opened file `name`, if the manifest knows it.
    pub fn file(&self, name: &str) -> Result<Option<Secret>, ClientError> {
        if !self.manifest.files.iter().any(|entry| entry.name() == name) {
            return Ok(None);
        }
        Ok(Some(Secret::new(read_bounded(&self.path_of(name), LARGEST)?)))
    }

    /// Returns the bundle as a record names it.
    pub fn record(&self) -> outcome::Part {
        outcome::Part {
            lane: State::lane(&self.manifest),
            bundle: self.manifest.bundle.clone(),
            version: self.manifest.version,
            digest: self.digest,
        }
    }

    /// Returns a copy for another generation.
    pub fn carry(&self) -> Result<NewBundle, ClientError> {
        let mut papers = vec![(MANIFEST_NAME.to_owned(), self.document.clone())];
        let signature = self.folder.join(signature_name(0));
        papers.push((signature_name(0), read_bounded(&signature, LONGEST_MANIFEST as u64)?));
        let read = |name: &str| Ok((name.to_owned(), Secret::new(read_bounded(&self.path_of(name), LARGEST)?)));
        let files = self.manifest.files.iter().map(|entry| read(entry.name())).collect::<Result<_, ClientError>>()?;
        Ok(NewBundle { name: folder_name(&self.manifest), papers, files })
    }
}

impl NewBundle {
    /// Takes a bundle from a medium.
    pub fn taken(authentic: &Authentic, files: Vec<OpenedFile>) -> Self {
        let signature = authentic.signature.to_file().into_bytes();
        let papers = vec![(MANIFEST_NAME.to_owned(), authentic.document.clone()), (signature_name(0), signature)];
        let files = files.into_iter().map(|file| (file.entry.name().to_owned(), file.bytes)).collect();
        Self { name: folder_name(&authentic.manifest), papers, files }
    }

    /// Adds the files that the manifest says this device keeps: those of the same lane's bundle in force.
    pub fn keeping(mut self, manifest: &Manifest, current: Option<&Generation>) -> Result<Self, ClientError> {
        let lane = State::lane(manifest);
        let own = current.and_then(|current| current.parts.iter().find(|part| State::lane(&part.manifest) == lane));
        for entry in manifest.files.iter().filter(|entry| entry.keep) {
            let kept = own.map(|own| own.file(entry.name())).transpose()?.flatten();
            let missing = || {
                let what = format!("{:?} does not come with it and is none of the bundle in force", entry.name());
                ClientError::Refused(Refusal::new(Reason::Truncated, what))
            };
            self.files.push((entry.name().to_owned(), kept.ok_or_else(missing)?));
        }
        Ok(self)
    }
}

/// Endpoint names are plain file names.
fn folder_name(manifest: &Manifest) -> String {
    match manifest.scope {
        Scope::Device => "device".into(),
        Scope::Site => format!("site-{}", manifest.device),
    }
}
