//! A bundle that came over the network, unpacked beside the store as a medium's folder: nothing in it is believed yet.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::device::DeviceLimits;
use super::error::ClientError;
use crate::delivery::artifact::path_is_safe;
use crate::delivery::manifest::{RESULT_NAME, RESULT_SIZE};
use crate::delivery::result::{ResultFile, ResultRoom};
use crate::format::tar::{Entry, copy_content, next_entry};
use crate::host::HostError;
use crate::host::files::{folder_of, read_bounded};

/// The folder's name in the store.
const FOLDER: &str = "fetched";
/// Files beside those of the manifest: itself, its signatures, the result.
const BESIDE: usize = 8;
/// Bytes that these and the headers may take.
const OVERHEAD: u64 = 4 << 20;

/// The folder of what was fetched last.
pub struct Fetched(PathBuf);

impl Fetched {
    /// Returns the folder in the store, there or not.
    pub fn in_store(store: &Path) -> Self {
        Self(store.join(FOLDER))
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Returns the longest archive, in bytes.
    pub fn longest(limits: DeviceLimits) -> u64 {
        limits.bytes.saturating_add(OVERHEAD).saturating_add(1024 * limits.files as u64)
    }

    /// Unpacks an archive in place of what was there. The outer error is the device's own; the inner one says what is wrong
    /// with the archive.
    pub fn unpack(&self, archive: &[u8], limits: DeviceLimits) -> Result<Result<(), String>, ClientError> {
        self.remove()?;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0).map_err(HostError::io("making", &self.0))?;
        let mut source = archive;
        let mut files = 0;
        loop {
            let entry = match next_entry(&mut source) {
                Ok(Some(entry)) => entry,
                Ok(None) => return Ok(Ok(())),
                Err(error) => return Ok(Err(error.to_string())),
            };
            files += 1;
            if files > limits.files + BESIDE {
                return Ok(Err(format!("it holds more than {} files", limits.files + BESIDE)));
            }
            if let Err(words) = self.take(&entry, &mut source)? {
                return Ok(Err(words));
            }
        }
    }

    fn take(&self, entry: &Entry, source: &mut &[u8]) -> Result<Result<(), String>, ClientError> {
        if !path_is_safe(&entry.name) {
            return Ok(Err(format!("{:?} is no name of a bundle's file", entry.name)));
        }
        if entry.size > source.len() as u64 {
            return Ok(Err("it is cut short".to_owned()));
        }
        let path = self.0.join(&entry.name);
        let folder = folder_of(&path);
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        if made.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists) {
            return Ok(Err(format!("{:?} lies below a file", entry.name)));
        }
        made.map_err(HostError::io("making", folder))?;
        let file = File::options().write(true).create_new(true).mode(0o600).open(&path);
        if file.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists) {
            return Ok(Err(format!("{:?} is there twice", entry.name)));
        }
        let mut file = file.map_err(HostError::io("creating", &path))?;
        let mut content = Vec::new();
        if let Err(error) = copy_content(entry, source as &mut dyn Read, &mut content) {
            return Ok(Err(error.to_string()));
        }
        file.write_all(&content).map_err(HostError::io("writing", &path))?;
        Ok(Ok(()))
    }

    /// Returns the result that the device's reader left in it, as it is told to the server.
    pub fn result(&self) -> Option<Vec<u8>> {
        let bytes = read_bounded(&self.0.join(RESULT_NAME), RESULT_SIZE as u64).ok()?;
        let is_told = matches!(ResultRoom::read(&bytes), ResultRoom::File(ResultFile { .. }, _));
        is_told.then_some(bytes)
    }

    /// Takes it away.
    pub fn remove(&self) -> Result<(), ClientError> {
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(HostError::io("removing", &self.0)(error).into())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::tar::ArchiveWriter;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ArchiveWriter::new(Vec::new(), 0);
        for (name, bytes) in files {
            writer.add(name, 0o600, bytes.len() as u64, &mut &**bytes).unwrap();
        }
        writer.finish().unwrap()
    }

    #[test]
    fn an_archive_is_unpacked_inside_its_folder_or_not_at_all() {
        let store = tempfile::tempdir().unwrap();
        let fetched = Fetched::in_store(store.path());
        let unpack = |bytes: &[u8]| fetched.unpack(bytes, DeviceLimits::default()).unwrap();
        let good = archive(&[("a", b"one"), ("b/c", b"two")]);
        assert_eq!(unpack(&good), Ok(()));
        assert_eq!(fs::read(fetched.path().join("b/c")).unwrap(), b"two");
        for wrong in ["../x", "/etc/x", "a/../../x", ".", ""] {
            assert!(unpack(&archive(&[(wrong, b"x")])).is_err(), "{wrong:?}");
        }
        assert!(unpack(&archive(&[("a", b"x"), ("a", b"y")])).is_err());
        assert!(unpack(&archive(&[("a", b"x"), ("a/b", b"y")])).is_err());
        for at in 0..good.len() {
            assert!(unpack(&good[..at]).is_err(), "cut at {at}");
        }
        let many: Vec<String> = (0..20).map(|number| format!("f{number}")).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
        let few = DeviceLimits { files: 4, ..DeviceLimits::default() };
        assert!(fetched.unpack(&archive(&many), few).unwrap().is_err());
    }
}
