//! Targets as they are typed, and the sinks they open.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::delivery::Sink;
use crate::fleet::EndpointName;
use crate::host::Machine;
use crate::medium::{DriveSelector, DriveSink, Folder, ImageFile};

use super::error::StationError;

/// The part of a path that stands for the device's endpoint name.
const PLACEHOLDER: &str = "{id}";

/// A target as typed: `image:out/`, `image:out/{id}.img`, `folder:/mnt`, `drive:/dev/sdb`, `drive:port=1-4.2`, `slot:3`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TargetSpec {
    /// An image file; the path may hold `{id}`.
    Image(String),
    /// A folder; the path may hold `{id}`.
    Folder(String),
    /// A drive by its node, its USB port, its serial number or its card id.
    Drive(DriveSelector),
    /// A slot of the fleet's `slots:`, which names a USB port.
    Slot(u32),
}

impl TargetSpec {
    /// Reads a target. A bare path is taken only if it is a block device. `many` is true if there are several devices, so
    /// that a folder without `{id}` holds a folder a device.
    pub fn parse(text: &str, many: bool) -> Result<Self, StationError> {
        let wrong = |reason: &str| StationError::Target { text: text.to_owned(), reason: reason.to_owned() };
        let (kind, rest) = text.split_once(':').unwrap_or(("", text));
        match kind {
            _ if rest.is_empty() => Err(wrong("nothing is named")),
            "image" => Ok(Self::Image(image_pattern(rest, many))),
            "folder" => Ok(Self::Folder(folder_pattern(rest, many))),
            "drive" if rest.ends_with('=') => Err(wrong("nothing is named")),
            "drive" => Ok(Self::Drive(DriveSelector::parse(rest))),
            "slot" => rest.parse().map(Self::Slot).map_err(|_| wrong("a slot is a number")),
            "" if is_block_device(Path::new(text)) => Ok(Self::Drive(DriveSelector::Node(PathBuf::from(text)))),
            "" => Err(wrong("a bare path must be a block device")),
            _ => Err(wrong("this kind of target is not known")),
        }
    }

    /// Returns the target that gives each device a folder of its own in `folder`.
    pub fn folder_for_each(folder: &Path) -> Self {
        Self::Folder(folder.join(PLACEHOLDER).display().to_string())
    }

    /// Returns the target as a person reads it, for one device.
    pub fn shown(&self, device: &EndpointName) -> String {
        match self {
            Self::Image(path) | Self::Folder(path) => path.replace(PLACEHOLDER, device.as_str()),
            Self::Drive(drive) => drive.words(),
            Self::Slot(slot) => format!("whatever is in slot {slot}"),
        }
    }

    /// Returns the target as it was understood, for every device.
    pub fn words(&self) -> String {
        match self {
            Self::Image(path) => format!("image:{path}"),
            Self::Folder(path) => format!("folder:{path}"),
            Self::Drive(drive) => drive.words(),
            Self::Slot(slot) => format!("slot:{slot}"),
        }
    }

    /// Returns true if this one target takes any number of devices.
    pub fn takes_many(&self) -> bool {
        match self {
            Self::Image(path) | Self::Folder(path) => path.contains(PLACEHOLDER),
            Self::Drive(_) | Self::Slot(_) => false,
        }
    }

    /// Returns true if this is hardware, which a person has to agree to.
    pub fn is_drive(&self) -> bool {
        !matches!(self, Self::Image(_) | Self::Folder(_))
    }

    /// Makes the folders that the devices' files go to; what exists stays as it is. A single folder as target is never
    /// made: it may be a mount point.
    pub fn prepare(&self, devices: &[EndpointName]) -> Result<(), StationError> {
        let pattern = match self {
            Self::Image(pattern) => pattern,
            Self::Folder(pattern) if pattern.contains(PLACEHOLDER) => pattern,
            _ => return Ok(()),
        };
        let mut made = None;
        for device in devices {
            let path = filled(pattern, device);
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).map(Path::to_owned);
            if let Some(folder) = folder.as_ref().filter(|_| folder != made) {
                std::fs::create_dir_all(folder).map_err(|source| StationError::File {
                    doing: "creating",
                    path: folder.clone(),
                    source,
                })?;
            }
            made = folder;
        }
        Ok(())
    }

    /// Opens the sink for one device.
    pub fn sink(
        &self,
        device: &EndpointName,
        machine: &Machine,
        slots: &BTreeMap<u32, Arc<str>>,
        eject: bool,
    ) -> Result<Box<dyn Sink>, StationError> {
        Ok(match self {
            Self::Image(pattern) => Box::new(ImageFile::new(filled(pattern, device))),
            Self::Folder(pattern) if pattern.contains(PLACEHOLDER) => Box::new(Folder::made(filled(pattern, device))),
            Self::Folder(pattern) => Box::new(Folder::new(filled(pattern, device))),
            Self::Drive(drive) => Box::new(DriveSink::new(machine.clone(), drive.clone(), eject)),
            Self::Slot(slot) => {
                let port = slots.get(slot).ok_or_else(|| StationError::Target {
                    text: format!("slot:{slot}"),
                    reason: "the fleet file's `slots:` does not name it".to_owned(),
                })?;
                Box::new(DriveSink::by_port(machine.clone(), port, eject))
            }
        })
    }
}

fn filled(pattern: &str, device: &EndpointName) -> PathBuf {
    PathBuf::from(pattern.replace(PLACEHOLDER, device.as_str()))
}

fn image_pattern(path: &str, many: bool) -> String {
    let is_folder = path.ends_with('/') || Path::new(path).is_dir() || (many && !path.contains(PLACEHOLDER));
    if is_folder { format!("{}/{PLACEHOLDER}.img", path.trim_end_matches('/')) } else { path.to_owned() }
}

fn folder_pattern(path: &str, many: bool) -> String {
    if many && !path.contains(PLACEHOLDER) {
        return format!("{}/{PLACEHOLDER}", path.trim_end_matches('/'));
    }
    path.to_owned()
}

fn is_block_device(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_block_device())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_target_is_read_as_documented() {
        let read = |text, many| TargetSpec::parse(text, many).unwrap();
        assert_eq!(read("image:out/", true), TargetSpec::Image("out/{id}.img".into()));
        assert_eq!(read("image:out/{id}.bin", true), TargetSpec::Image("out/{id}.bin".into()));
        assert_eq!(read("image:one.img", false), TargetSpec::Image("one.img".into()));
        assert_eq!(read("folder:/mnt", false), TargetSpec::Folder("/mnt".into()));
        assert_eq!(read("folder:/srv/x", true), TargetSpec::Folder("/srv/x/{id}".into()));
        assert_eq!(read("drive:/dev/sdb", false), TargetSpec::Drive(DriveSelector::Node("/dev/sdb".into())));
        assert_eq!(read("drive:port=1-4.2", false), TargetSpec::Drive(DriveSelector::Port("1-4.2".into())));
        assert_eq!(read("slot:3", false), TargetSpec::Slot(3));
    }

    #[test]
    fn a_bare_path_that_is_no_block_device_is_refused() {
        for text in ["/dev/nothing-here", "out.img", "", "drive:", "image:", "slot:x", "drive:port=", "ftp:x"] {
            assert!(TargetSpec::parse(text, false).is_err(), "{text:?}");
        }
    }
}
