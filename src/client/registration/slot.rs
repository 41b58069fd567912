//! What the device keeps of its registration: `registration/` in its store.

use std::fs::File;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::{LONGEST, Registered};
use super::proof::word;
use crate::client::{ClientError, Device, Disk};
use crate::delivery::Random;
use crate::fleet::Digest;
use crate::host::HostError;

/// The request that is under way or was answered.
const REQUEST: &str = "request.json";
/// The answer.
const ANSWER: &str = "answer.json";

/// The folder, held by this run alone.
pub struct Slot<'a> {
    disk: &'a Disk,
    folder: PathBuf,
    _lock: File,
}

#[derive(Serialize, Deserialize)]
struct Asked {
    /// Which request: server, proof and body.
    request: Digest,
    /// Its idempotency key.
    key: String,
}

#[derive(Serialize, Deserialize)]
struct Answered {
    request: Digest,
    answer: Value,
}

impl<'a> Slot<'a> {
    /// Opens the folder, makes it where it is missing; [`ClientError::Busy`] where another run registers.
    pub fn open(disk: &'a Disk, device: &Device) -> Result<Self, ClientError> {
        let folder = disk.path(&device.store).join("registration");
        disk.make_folder(&folder)?;
        let path = folder.join("lock");
        let lock = File::options().create(true).append(true).open(&path).map_err(HostError::io("opening", &path))?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|_| ClientError::Busy { path })?;
        Ok(Self { disk, folder, _lock: lock })
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the idempotency key of a request: the one on disk where the request was sent before, else a fresh one, kept
    /// durably before it is used. What cannot be read counts as none.
    pub fn key(&self, request: Digest, random: &dyn Random) -> Result<String, ClientError> {
        let kept: Option<Asked> = self.read(REQUEST)?;
        match kept.filter(|kept| kept.request == request && kept.key.len() == 22) {
            Some(kept) => Ok(kept.key),
            None => self.fresh_key(request, random, "idempotency key"),
        }
    }

    /// Draws a key for a request and keeps it.
    pub fn fresh_key(&self, request: Digest, random: &dyn Random, purpose: &str) -> Result<String, ClientError> {
        let asked = Asked { request, key: word(random, purpose) };
        self.write(REQUEST, &to_json(&asked))?;
        Ok(asked.key)
    }

    /// Returns the answer that a request had.
    pub fn answer(&self, request: Digest) -> Result<Option<Registered>, ClientError> {
        let kept: Option<Answered> = self.read(ANSWER)?;
        let kept = kept.filter(|kept| kept.request == request);
        Ok(kept.and_then(|kept| serde_json::from_value(kept.answer).ok()))
    }

    /// Returns the answer that is kept, to whatever request.
    pub fn last(&self) -> Result<Option<Registered>, ClientError> {
        let kept: Option<Answered> = self.read(ANSWER)?;
        Ok(kept.and_then(|kept| serde_json::from_value(kept.answer).ok()))
    }

    /// Keeps a newer answer to the request whose answer is kept.
    pub fn renewed(&self, registered: &Registered, answer: Value) -> Result<(), ClientError> {
        let kept: Option<Answered> = self.read(ANSWER)?;
        let request = kept.map_or_else(|| Digest::of(b""), |kept| kept.request);
        self.keep(request, registered, answer)
    }

    /// Takes answer, request and credentials away.
    pub fn forget(&self, registered: &Registered) -> Result<(), ClientError> {
        for name in [ANSWER, REQUEST] {
            self.disk.remove(&self.disk.spot(&self.folder.join(name))?)?;
        }
        for made in &registered.credentials {
            self.disk.remove(&self.disk.spot(&self.folder.join(file_of(&made.name)))?)?;
        }
        Ok(())
    }

    /// Keeps an answer: first its credentials, then itself, so that an answer that is there is whole.
    pub fn keep(&self, request: Digest, registered: &Registered, answer: Value) -> Result<(), ClientError> {
        for credential in &registered.credentials {
            self.write(&file_of(&credential.name), credential.whole().as_bytes())?;
        }
        self.write(ANSWER, &to_json(&Answered { request, answer }))
    }

    fn read<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ClientError> {
        let spot = self.disk.spot(&self.folder.join(name))?;
        // Twice: what is kept is a little longer than what came.
        let found = self.disk.read(&spot, 2 * LONGEST)?;
        Ok(found.and_then(|found| found.bytes.expose(|bytes| serde_json::from_slice(bytes).ok())))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), ClientError> {
        self.disk.write(&self.disk.spot(&self.folder.join(name))?, bytes, 0o600, None)
    }
}

/// Returns the file's name of a credential: its certificate and the issuers.
pub fn file_of(credential: &str) -> String {
    format!("{credential}.pem")
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("texts and numbers become JSON")
}
