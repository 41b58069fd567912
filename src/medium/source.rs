//! A medium opened for reading: its volumes one after the other, each as a shelf.

use std::fs::File;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::inspect::InspectError;
use super::reader::DeviceReader;
use super::shelf::{FatShelf, FolderShelf};
use crate::delivery::Shelf;
use crate::format::fat::read::Volume;
use crate::format::partition;
use crate::format::{ReadAt, Window};
use crate::host::{BlockDevice, HostError};

/// A folder, an image file or a block device, opened for reading.
pub enum Source {
    /// A folder.
    Folder(PathBuf),
    /// The bytes of an image file or block device.
    Bytes(Box<dyn ReadAt>),
}

/// Looks at a volume, or hears why it cannot be read; true ends the walk.
pub type Visit<'v> = dyn FnMut(&VolumeSeen, Result<&dyn Shelf, String>) -> bool + 'v;

/// A volume of a medium.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VolumeSeen {
    /// Its first byte on the medium; 0 for a folder.
    pub offset: u64,
    /// Its bytes; 0 for a folder.
    pub size: u64,
    /// Its label; empty for none and for a folder.
    pub label: String,
}

impl Source {
    /// Opens what is at `path`; a block device past the page cache.
    pub fn open(path: &Path) -> Result<Self, InspectError> {
        let kind = std::fs::metadata(path).map_err(HostError::io("reading", path))?.file_type();
        if kind.is_dir() {
            return Ok(Source::Folder(path.to_owned()));
        }
        if kind.is_block_device() {
            let node = path.canonicalize().map_err(HostError::io("reading", path))?;
            return Ok(Source::Bytes(Box::new(DeviceReader::new(BlockDevice::open_for_reading(&node)?))));
        }
        if kind.is_file() {
            return Ok(Source::Bytes(Box::new(File::open(path).map_err(HostError::io("reading", path))?)));
        }
        Err(InspectError::NoMedium { name: path.display().to_string() })
    }

    /// Shows each volume to `visit`, until it returns true. A volume that cannot be read comes as the words why.
    pub fn volumes(&self, visit: &mut Visit<'_>) -> Result<(), String> {
        let source = match self {
            Source::Folder(path) => {
                visit(&VolumeSeen { offset: 0, size: 0, label: String::new() }, Ok(&FolderShelf::new(path)));
                return Ok(());
            }
            Source::Bytes(source) => source.as_ref(),
        };
        for slot in partition::find_volumes(source).map_err(|error| error.to_string())? {
            let window = Window::new(source, slot.offset, slot.size);
            // What is no FAT volume at all is another system's and none of ours.
            let Ok(volume) = Volume::open(&window) else { continue };
            let label = volume.label().unwrap_or_default();
            let seen = VolumeSeen { offset: slot.offset, size: slot.size, label };
            let done = match FatShelf::new(&volume) {
                Ok(shelf) => visit(&seen, Ok(&shelf)),
                Err(words) => visit(&seen, Err(words)),
            };
            if done {
                break;
            }
        }
        Ok(())
    }
}
