//! A made-up device in a folder, bundle keys, bundles and media for it, and the binary run on it.
#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub, clippy::missing_panics_doc)]

pub mod authority;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use age::secrecy::ExposeSecret as _;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use firstlight::bundle::sealed::{PublicKey, Signature};
use firstlight::delivery::{
    ArtifactFile, Content, Encryption, Extent, Manifest, Match, Property, Scope, SealedArtifact, Signer, TrustedKeys,
};
use firstlight::fleet::{EndpointName, Filesystem, PartitionTable, Secret};
use firstlight::format::fat::{self, VolumeFile, VolumeSpec};
use firstlight::format::partition;
use serde_json::{Value, json};
use tempfile::TempDir;

pub const BINARY: &str = env!("CARGO_BIN_EXE_firstlight");

/// A bundle key.
pub struct Key {
    pair: Ed25519KeyPair,
    id: [u8; 8],
}

impl Key {
    pub fn new(seed: u8) -> Self {
        Self { pair: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap(), id: [seed; 8] }
    }

    pub fn public(&self) -> PublicKey {
        PublicKey::of(self)
    }

    pub fn line(&self) -> String {
        self.public().line()
    }
}

impl Signer for Key {
    fn key_id(&self) -> [u8; 8] {
        self.id
    }

    fn public_key(&self) -> [u8; 32] {
        self.pair.public_key().as_ref().try_into().unwrap()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], String> {
        Ok(self.pair.sign(message).as_ref().try_into().unwrap())
    }
}

/// Returns the manifest of a bundle of version `version` for the device of [`Device::new`].
pub fn manifest(version: u32) -> Manifest {
    let mut manifest = Manifest::new("acme", EndpointName::new("gw-0007").unwrap(), "site", version);
    manifest.matching = Match([(Property::Serial, vec!["SN-7".to_owned()])].into());
    manifest.created = format!("2026-01-{:02}T00:00:00Z", version.clamp(1, 28));
    manifest
}

/// Returns the manifest of a site's bundle.
pub fn site(name: &str, version: u32) -> Manifest {
    let mut site = Manifest { device: EndpointName::new(name).unwrap(), scope: Scope::Site, ..manifest(version) };
    site.matching = Match::default();
    site
}

pub fn trusted(sequence: u32, keys: &[&Key]) -> TrustedKeys {
    TrustedKeys { sequence, keys: keys.iter().map(|key| key.line()).collect() }
}

/// A file of a bundle: name, content, destination; empty for none.
pub type File<'a> = (&'a str, &'a [u8], &'a str);

/// A device in a folder, removed at the end.
pub struct Device {
    folder: TempDir,
    identity: age::x25519::Identity,
}

/// What a run of the binary left.
pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    #[track_caller]
    pub fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, status, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.stdout, self.stderr))
    }

    /// Asserts exit status, outcome and reason.
    #[track_caller]
    pub fn came_to(self, status: i32, outcome: &str, reason: &str) -> Value {
        let record = self.exits(status).json();
        let reason = if reason.is_empty() { Value::Null } else { reason.into() };
        assert_eq!((&record["outcome"], &record["reason"]), (&outcome.into(), &reason), "{record:#}");
        record
    }
}

impl Device {
    /// A device with the serial number SN-7 that trusts the key of seed 1.
    pub fn new() -> Self {
        // Syncing files is most of the work: where there is memory for it, the device lies there.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let device = Self { folder: folder.unwrap(), identity: age::x25519::Identity::generate() };
        device.configure(&json!({ "format": 1, "serial_file": "/run/serial" }));
        device.put("run/serial", b"SN-7\n");
        device.put("etc/firstlight/anchors/a.pub", Key::new(1).public().to_file("a").as_bytes());
        let secret = device.identity.to_string();
        device.put("etc/firstlight/keys/batch.age", secret.expose_secret().as_bytes());
        device
    }

    pub fn configure(&self, device: &Value) {
        self.put("etc/firstlight/device", device.to_string().as_bytes());
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn file(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.file(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn script(&self, path: &str, text: &str) {
        self.put(path, format!("#!/bin/sh\n{text}\n").as_bytes());
        fs::set_permissions(self.file(path), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The text of a file of the device; empty where it is not there.
    pub fn text(&self, path: &str) -> String {
        fs::read_to_string(self.file(path)).unwrap_or_default()
    }

    pub fn state(&self) -> Value {
        serde_json::from_str(&self.text("var/lib/firstlight/state.json")).unwrap_or(Value::Null)
    }

    /// A file of the bundle, encrypted to the device's key.
    pub fn sealed(&self, (name, bytes, destination): File<'_>) -> ArtifactFile {
        let encrypted = age::encrypt(&self.identity.to_public(), bytes).unwrap();
        let mut file = ArtifactFile::plain(&format!("{name}.age"), 0o640, Secret::new(encrypted));
        file.encryption = Some(Encryption::Age);
        file.destination = (!destination.is_empty()).then(|| destination.to_owned());
        file
    }

    pub fn artifact(&self, manifest: Manifest, files: &[File<'_>], keys: &[&Key]) -> SealedArtifact {
        let files = files.iter().map(|file| self.sealed(*file)).collect();
        sign(SealedArtifact::seal(manifest, files).unwrap(), keys)
    }

    /// A folder with a bundle at its root; the number keeps media of one test apart.
    pub fn medium(&self, name: &str, artifact: &SealedArtifact) -> PathBuf {
        let folder = self.file(&format!("media/{name}"));
        lay(&folder, artifact);
        folder
    }

    /// Writes a signed and encrypted bundle with one file for `/etc/app/config` and returns its medium.
    pub fn stick(&self, version: u32, content: &str) -> PathBuf {
        self.stick_of(manifest(version), content)
    }

    pub fn stick_of(&self, manifest: Manifest, content: &str) -> PathBuf {
        let name = format!("{}-{}-{content}", manifest.device, manifest.version);
        let artifact = self.artifact(manifest, &[("config", content.as_bytes(), "/etc/app/config")], &[&Key::new(1)]);
        self.medium(&name, &artifact)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(["client", arguments[0], "--json", "--root"]).arg(self.root()).args(&arguments[1..]);
        command.env_clear().env("PATH", std::env::var("PATH").unwrap()).stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        ran(&mut self.command(arguments))
    }

    pub fn ingest(&self, medium: &Path) -> Ran {
        self.run(&["ingest", "--from", medium.to_str().unwrap()])
    }

    /// The same at a time, SOURCE_DATE_EPOCH.
    pub fn ingest_at(&self, medium: &Path, time: i64) -> Ran {
        ran(self.command(&["ingest", "--from", medium.to_str().unwrap()]).env("SOURCE_DATE_EPOCH", time.to_string()))
    }

    pub fn boot(&self) -> Ran {
        self.run(&["ingest", "--no-medium"])
    }
}

/// The same command by another user, without groups (setpriv of util-linux). Only root can ask for it. The user may pass
/// through folders that others closed, for the binary may lie in one.
pub fn as_user(user: u32, command: &Command) -> Command {
    let mut other = Command::new("setpriv");
    other.arg(format!("--reuid={user}")).arg(format!("--regid={user}")).arg("--clear-groups");
    other.args(["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]);
    other.arg(command.get_program()).args(command.get_args());
    other.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    other
}

fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { status: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

pub fn sign(artifact: SealedArtifact, keys: &[&Key]) -> SealedArtifact {
    let sign = |key: &&Key| Signature::make(*key, artifact.document(), "test").unwrap().to_file().into_bytes();
    let signatures = keys.iter().map(sign).collect();
    artifact.with_signatures(signatures)
}

/// Writes a bundle's files into a folder.
pub fn lay(folder: &Path, artifact: &SealedArtifact) {
    let put = |path: &str, bytes: &[u8]| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    put("firstlight-manifest.json", artifact.document());
    for file in artifact.files() {
        file.bytes.expose(|bytes| put(&file.path, bytes));
    }
    for attachment in artifact.attachments() {
        put(&attachment.path, &attachment.bytes);
    }
}

/// Writes a bundle as the image of a whole medium with a partition table and a FAT volume.
pub fn image(path: &Path, artifact: &SealedArtifact, label: &str) {
    let size = 8 << 20;
    let disk = partition::encode(PartitionTable::Mbr, Filesystem::Fat, size, [7; 16]).unwrap();
    let spec = VolumeSpec {
        filesystem: Filesystem::Fat,
        size: disk.volume_size,
        label,
        volume_id: 7,
        modified: time::OffsetDateTime::UNIX_EPOCH,
        hidden_sectors: u32::try_from(disk.volume_offset / 512).unwrap(),
    };
    let own = |bytes: &[u8]| Secret::new(bytes.to_vec());
    let mut files = vec![("firstlight-manifest.json", own(artifact.document()))];
    files.extend(artifact.files().iter().map(|file| (file.path.as_str(), file.bytes.duplicate())));
    files.extend(artifact.attachments().iter().map(|attached| (attached.path.as_str(), own(&attached.bytes))));
    let files: Vec<VolumeFile<'_>> = files.iter().map(|(path, bytes)| VolumeFile { path, bytes }).collect();
    let volume = fat::build(&spec, &files).unwrap().into_iter();
    let volume = volume.map(|extent| Extent { offset: extent.offset + disk.volume_offset, ..extent });
    let mut bytes = vec![0; usize::try_from(size).unwrap()];
    for extent in disk.extents.into_iter().chain(volume) {
        if let Content::Data(data) = &extent.content {
            let at = usize::try_from(extent.offset).unwrap();
            data.expose(|data| bytes[at..at + data.len()].copy_from_slice(data));
        }
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}
