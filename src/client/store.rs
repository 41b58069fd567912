//! The device's store: what it remembers, the generations, its own keys. A power cut leaves the old or the new.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use age::secrecy::ExposeSecret;
use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::device::{Device, read_age};
use super::disk::Disk;
use super::error::ClientError;
use super::generation::{FILES, Generation, NewBundle};
use super::state::State;
use crate::bundle::sealed::OpeningKey;
use crate::delivery::Random;
use crate::fleet::Secret;
use crate::host::HostError;
use crate::host::files::{folder_of, read_bounded};

/// The longest state that is read, in bytes.
const LONGEST_STATE: u64 = 4 << 20;
/// The device's own age identity.
const OWN_KEY: &str = "key.age";
/// How often and how long to wait for another run.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// The store, held by this run alone.
pub struct Store<'a> {
    disk: &'a Disk,
    folder: PathBuf,
    _lock: File,
}

impl<'a> Store<'a> {
    /// Opens the store, makes it where it is missing, waits for another run.
    pub fn open(disk: &'a Disk, device: &Device) -> Result<Self, ClientError> {
        let folder = disk.path(&device.store);
        for inner in ["generations", "originals"] {
            disk.make_folder(&folder.join(inner))?;
        }
        let path = folder.join("lock");
        let file = File::options().create(true).append(true).open(&path).map_err(HostError::io("opening", &path))?;
        lock(&file, &path)?;
        Ok(Self { disk, folder, _lock: file })
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the disk.
    pub fn disk(&self) -> &'a Disk {
        self.disk
    }

    /// Reads what the device remembers.
    pub fn state(&self) -> Result<State, ClientError> {
        read_state(&self.folder)
    }

    /// Replaces what the device remembers, durably.
    pub fn save(&self, state: &State) -> Result<(), ClientError> {
        let text = serde_json::to_vec_pretty(&State { format: 1, ..state.clone() }).expect("a state is plain data");
        self.disk.write(&self.disk.spot(&self.folder.join("state.json"))?, &text, 0o600, None)
    }

    /// Lets `current` lead to the generation in force.
    pub fn point(&self, state: &State) -> Result<(), ClientError> {
        let target = state.current.map(|number| format!("generations/{number}"));
        self.disk.point(&self.folder.join("current"), target.as_deref())
    }

    /// Takes away generations that nothing refers to, and what a run that was cut off left.
    pub fn prune(&self, state: &State) -> Result<(), ClientError> {
        let wanted = state.wanted();
        for (path, number) in self.generations()? {
            if number.is_none_or(|number| !wanted.contains(&number)) {
                self.disk.remove_folder(&path)?;
            }
        }
        Ok(())
    }

    fn generations(&self) -> Result<Vec<(PathBuf, Option<u64>)>, ClientError> {
        let folder = self.folder.join("generations");
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(HostError::io("reading", &folder))? {
            let entry = entry.map_err(HostError::io("reading", &folder))?;
            let number = entry.file_name().to_str().and_then(|name| name.parse().ok());
            found.push((entry.path(), number));
        }
        found.sort();
        Ok(found)
    }

    /// Writes bundles as a new generation that nothing refers to yet, and returns its number.
    pub fn stage(&self, state: &State, bundles: &[NewBundle]) -> Result<u64, ClientError> {
        let there = self.generations()?.into_iter().filter_map(|(_, number)| number);
        let number = there.chain(state.wanted()).max().unwrap_or(0) + 1;
        let beside = self.folder.join("generations").join(format!("{number}.new"));
        self.disk.remove_folder(&beside)?;
        for bundle in bundles {
            let folder = beside.join(&bundle.name);
            self.disk.make_folder(&folder)?;
            for (name, bytes) in &bundle.papers {
                self.disk.write(&self.disk.spot(&folder.join(name))?, bytes, 0o600, None)?;
            }
            for (name, bytes) in &bundle.files {
                let path = folder.join(FILES).join(name);
                self.disk.make_folder(folder_of(&path))?;
                let spot = self.disk.spot(&path)?;
                bytes.expose(|bytes| self.disk.write(&spot, bytes, 0o600, None))?;
            }
        }
        self.disk.rename_folder(&beside, &self.generation_folder(number))?;
        Ok(number)
    }

    fn generation_folder(&self, number: u64) -> PathBuf {
        self.folder.join("generations").join(number.to_string())
    }

    /// Reads a generation.
    pub fn generation(&self, number: u64) -> Result<Generation, ClientError> {
        Generation::read(number, &self.generation_folder(number))
    }

    /// Returns the device's own age identity, made on the first run.
    pub fn own_key(&self) -> Result<OpeningKey, ClientError> {
        let path = self.folder.join(OWN_KEY);
        if !path.exists() {
            let identity = age::x25519::Identity::generate();
            let secret = identity.to_string();
            let text = format!("# public key: {}\n{}\n", identity.to_public(), secret.expose_secret());
            let text = Secret::new(text.into_bytes());
            let spot = self.disk.spot(&path)?;
            text.expose(|text| self.disk.write(&spot, text, 0o600, None))?;
        }
        read_age(&path)
    }

    /// Returns the recipient (`age1...`) of the device's own key.
    pub fn recipient(&self) -> Result<String, ClientError> {
        recipient_of(&self.own_key()?, &self.folder)
    }

    /// Returns the seed of the device's Ed25519 key that signs results, made on the first run.
    pub fn result_seed(&self, random: &dyn Random) -> Result<Secret, ClientError> {
        let path = self.folder.join("result.key");
        if !path.exists() {
            let mut seed = zeroize::Zeroizing::new([0; 32]);
            random.fill("result key", seed.as_mut());
            self.disk.write(&self.disk.spot(&path)?, seed.as_ref(), 0o600, None)?;
        }
        let seed = Secret::new(read_bounded(&path, 32)?);
        if seed.len() == 32 {
            return Ok(seed);
        }
        Err(ClientError::Device { path, reason: format!("it has {} bytes, a seed has 32 bytes", seed.len()) })
    }
}

/// Reads a generation of the store in `folder`, without holding the store.
pub fn read_generation(folder: &Path, number: u64) -> Result<Generation, ClientError> {
    Generation::read(number, &folder.join("generations").join(number.to_string()))
}

/// Reads what a device remembers from its store's folder; the memory of a new device where nothing is.
pub fn read_state(folder: &Path) -> Result<State, ClientError> {
    let path = folder.join("state.json");
    let bytes = match read_bounded(&path, LONGEST_STATE) {
        Err(error) if error.kind() == Some(std::io::ErrorKind::NotFound) => return Ok(State::default()),
        bytes => bytes?,
    };
    let damaged = |reason: String| ClientError::Damaged { path: path.clone(), reason };
    let state: State = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    match state.format {
        1 => Ok(state),
        other => Err(damaged(format!("it has format {other}, this program reads 1"))),
    }
}

/// Returns the recipient of the device's own key, where it was made already.
pub fn read_recipient(folder: &Path) -> Result<Option<String>, ClientError> {
    let path = folder.join(OWN_KEY);
    if !path.exists() {
        return Ok(None);
    }
    recipient_of(&read_age(&path)?, folder).map(Some)
}

fn recipient_of(key: &OpeningKey, folder: &Path) -> Result<String, ClientError> {
    match key {
        OpeningKey::Age(identity) => Ok(identity.to_public().to_string()),
        OpeningKey::Cose { .. } => {
            Err(ClientError::Device { path: folder.join(OWN_KEY), reason: "it is no age identity".into() })
        }
    }
}

fn lock(file: &File, path: &Path) -> Result<(), ClientError> {
    for _ in 0..LOCK_TRIES {
        match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK | Errno::INTR) => thread::sleep(LOCK_PAUSE),
            Err(error) => return Err(ClientError::io("locking", path)(error.into())),
            Ok(()) => return Ok(()),
        }
    }
    Err(ClientError::Busy { path: path.to_owned() })
}
