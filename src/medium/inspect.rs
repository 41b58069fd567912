//! What is on a medium: table, volumes, files, bundle. Reads only, and believes nothing.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::bundle::{self, BundleFound, FileVerdict};
use super::magic;
use super::reader::DeviceReader;
use super::shelf::{FatShelf, FolderShelf};
use crate::delivery::Shelf;
use crate::fleet::{Class, Diagnose};
use crate::format::fat::FatType;
use crate::format::fat::read::Volume;
use crate::format::partition::{self, Slot, SlotKind};
use crate::format::{ReadAt, Window};
use crate::host::machine::{harmless, presentable};
use crate::host::{BlockDevice, HostError};

/// Bytes at both ends that must be zero for a medium to count as blank.
pub(super) const ENDS: u64 = 64 << 10;
/// Most devices that are named in one line.
const MOST_NAMES: usize = 8;

/// What was found on a medium.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Inspection {
    /// The medium, as it was named.
    pub name: String,
    /// Size in bytes; `None` for a folder.
    pub size: Option<u64>,
    /// Kind of table.
    pub table: TableFound,
    /// True if nothing is recognised and both ends are zero.
    pub blank: bool,
    /// The volumes; for a folder one, which is the folder.
    pub volumes: Vec<VolumeFound>,
    /// Why the table could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Kinds of table.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableFound {
    /// None.
    None,
    /// MBR.
    Mbr,
    /// GPT.
    Gpt,
    /// One that cannot be read.
    Damaged,
    /// A folder has no table.
    Folder,
}

/// A volume.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct VolumeFound {
    /// First byte on the medium.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
    /// `fat12`, `fat16`, `fat32`, `folder`, another file system's name, or `unknown`.
    pub filesystem: String,
    /// Label, made safe to show; empty for none.
    pub label: String,
    /// Path and size of every file.
    pub files: Vec<FileFound>,
    /// False if it was not cleanly unmounted.
    pub clean: bool,
    /// The bundles, where there are manifests: one at the root, or one in each folder of its device.
    #[serde(flatten)]
    pub bundles: Bundles,
    /// Files of no bundle, where there are bundles in folders and none at the root.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub strays: Vec<FileVerdict>,
    /// Why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// The bundles of a volume. In JSON `bundles`, and `bundle` too where there is exactly one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Bundles(pub Vec<BundleFound>);

impl Serialize for Bundles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let [only] = self.0.as_slice() {
            map.serialize_entry("bundle", only)?;
        }
        if !self.0.is_empty() {
            map.serialize_entry("bundles", &self.0)?;
        }
        map.end()
    }
}

/// A file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FileFound {
    /// Path.
    pub path: String,
    /// Bytes.
    pub size: u64,
}

/// Why a medium cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// It cannot be opened.
    #[error(transparent)]
    Host(#[from] HostError),
    /// It cannot be read.
    #[error("reading {name} at byte {offset} failed")]
    Io {
        /// The medium.
        name: String,
        /// Where.
        offset: u64,
        /// The system's words.
        source: io::Error,
    },
    /// Neither folder, file nor block device.
    #[error("{name:?} is no medium: neither a folder, nor an image file, nor a block device")]
    NoMedium {
        /// As it was named.
        name: String,
    },
}

impl Diagnose for InspectError {
    fn class(&self) -> Class {
        match self {
            InspectError::Host(error) => error.class(),
            InspectError::Io { .. } => Class::Surroundings,
            InspectError::NoMedium { .. } => Class::Input,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            InspectError::Host(error) => error.hint(),
            _ => None,
        }
    }
}

/// Looks at the folder, image file or block device at `path`. A block device is read past the page cache.
pub fn inspect_path(path: &Path) -> Result<Inspection, InspectError> {
    let name = path.display().to_string();
    match open(path)? {
        Some(source) => inspect(&name, &*source),
        None => Ok(inspect_folder(&name, path)),
    }
}

/// Opens an image file or block device for reading; `None` for a folder.
pub(super) fn open(path: &Path) -> Result<Option<Box<dyn ReadAt>>, InspectError> {
    let kind = std::fs::metadata(path).map_err(HostError::io("reading", path))?.file_type();
    if kind.is_dir() {
        return Ok(None);
    }
    if kind.is_block_device() {
        let node = path.canonicalize().map_err(HostError::io("reading", path))?;
        return Ok(Some(Box::new(DeviceReader::new(BlockDevice::open_for_reading(&node)?))));
    }
    if kind.is_file() {
        return Ok(Some(Box::new(File::open(path).map_err(HostError::io("reading", path))?)));
    }
    Err(InspectError::NoMedium { name: path.display().to_string() })
}

/// Looks at the medium `source`, called `name` in messages. A damaged table or volume is no error here: it is a finding.
pub fn inspect(name: &str, source: &dyn ReadAt) -> Result<Inspection, InspectError> {
    let failed = |offset| move |error| InspectError::Io { name: name.to_owned(), offset, source: error };
    let ends_are_zero = ends_are_zero(source).map_err(failed(0))?;
    let (table, slots, problem) = match partition::find_volumes(source) {
        Ok(slots) => (table_of(&slots), slots, None),
        Err(partition::PartitionError::Io { offset, source: error }) => return Err(failed(offset)(error)),
        Err(error) => (TableFound::Damaged, Vec::new(), Some(error.to_string())),
    };
    let mut volumes: Vec<VolumeFound> = slots.iter().map(|slot| look(source, slot)).collect();
    if volumes.is_empty() && !ends_are_zero {
        volumes.extend(unpartitioned(source));
    }
    let blank = volumes.is_empty() && problem.is_none() && ends_are_zero;
    Ok(Inspection { name: name.to_owned(), size: Some(source.size()), table, blank, volumes, problem })
}

fn inspect_folder(name: &str, path: &Path) -> Inspection {
    let mut volume = unknown(0, 0, "folder");
    fill(&mut volume, &FolderShelf::new(path));
    volume.size = volume.files.iter().map(|file| file.size).sum();
    let blank = volume.files.is_empty() && volume.problem.is_none();
    let volumes = vec![volume];
    Inspection { name: name.to_owned(), size: None, table: TableFound::Folder, blank, volumes, problem: None }
}

impl Inspection {
    /// What is no medium: an image of `size` bytes without table and volumes.
    pub fn of_image(name: &str, size: u64) -> Self {
        let (table, volumes) = (TableFound::None, Vec::new());
        Self { name: name.to_owned(), size: Some(size), table, blank: false, volumes, problem: None }
    }

    /// Returns true if something is there, and nothing of it is known.
    pub fn is_unrecognised(&self) -> bool {
        self.table == TableFound::None && self.volumes.is_empty() && !self.blank
    }

    /// Returns the bundles found, in the order of volumes and folders.
    pub fn bundles(&self) -> impl Iterator<Item = &BundleFound> {
        self.volumes.iter().flat_map(|volume| &volume.bundles.0)
    }

    /// Returns the bundles of the only volume, if all of them are whole and nothing but them is on the medium; else none.
    pub fn sole_bundles(&self) -> &[BundleFound] {
        let is_alone = |bundle: &BundleFound| bundle.files.iter().all(|file| file.state.is_of_bundle());
        match self.volumes.as_slice() {
            [one] if one.problem.is_none() && one.strays.is_empty() && one.bundles.0.iter().all(is_alone) => {
                &one.bundles.0
            }
            _ => &[],
        }
    }

    /// Returns the bundles of the only volume, if every file of them is right; other files may lie beside them. Else none.
    pub fn whole_bundles(&self) -> &[BundleFound] {
        match self.volumes.as_slice() {
            [one] if one.problem.is_none() && one.bundles.0.iter().all(BundleFound::is_whole) => &one.bundles.0,
            _ => &[],
        }
    }

    /// Returns what would be lost by writing over it, one line each; none for a blank medium.
    pub fn losses(&self) -> Vec<String> {
        if self.blank {
            return Vec::new();
        }
        let mut lines: Vec<String> = self.volumes.iter().map(VolumeFound::summary).collect();
        lines.extend(self.problem.clone());
        if lines.is_empty() {
            lines.push("content that is not recognised".into());
        }
        lines
    }

    /// Returns one line on what is there.
    pub fn summary(&self) -> String {
        let losses = self.losses();
        if losses.is_empty() { "it is blank".into() } else { losses.join("; ") }
    }
}

impl VolumeFound {
    fn summary(&self) -> String {
        let label = if self.label.is_empty() { String::new() } else { format!(" {:?}", self.label) };
        match self.bundles.0.as_slice() {
            [] => {}
            [only] => return format!("{}{label} with {}{}", self.filesystem, only.words(), self.trouble()),
            many => return format!("{}{label} with {}{}", self.filesystem, names(many), self.trouble()),
        }
        match &self.problem {
            Some(problem) => format!("{}{label}: {problem}", self.filesystem),
            None if self.is_read() => format!("{}{label} with {} files", self.filesystem, self.files.len()),
            None => format!("{}{label} of {} bytes", self.filesystem, self.size),
        }
    }

    fn trouble(&self) -> String {
        self.problem.as_ref().map(|problem| format!("; {problem}")).unwrap_or_default()
    }

    fn is_read(&self) -> bool {
        self.filesystem.starts_with("fat") || self.filesystem == "folder"
    }
}

fn table_of(slots: &[Slot]) -> TableFound {
    match slots.first().map(|slot| slot.kind) {
        None | Some(SlotKind::Superfloppy) => TableFound::None,
        Some(SlotKind::Mbr { .. }) => TableFound::Mbr,
        Some(SlotKind::Gpt { .. }) => TableFound::Gpt,
    }
}

fn look(source: &dyn ReadAt, slot: &Slot) -> VolumeFound {
    let window = Window::new(source, slot.offset, slot.size);
    let Ok(volume) = Volume::open(&window) else {
        return unknown(slot.offset, slot.size, magic::recognise(&window).unwrap_or("unknown"));
    };
    let filesystem = match volume.fat_type() {
        FatType::Fat12 => "fat12",
        FatType::Fat16 => "fat16",
        FatType::Fat32 => "fat32",
    };
    let mut found = unknown(slot.offset, slot.size, filesystem);
    found.label = presentable(&volume.label().unwrap_or_default());
    found.clean = volume.is_clean().unwrap_or(false);
    match FatShelf::new(&volume) {
        Ok(shelf) => fill(&mut found, &shelf),
        Err(problem) => found.problem = Some(problem),
    }
    found
}

fn fill(found: &mut VolumeFound, shelf: &dyn Shelf) {
    match shelf.list() {
        Ok(files) => {
            let shown = |(path, size): (String, u64)| FileFound { path: harmless(&path), size };
            found.files = files.into_iter().map(shown).collect();
        }
        Err(problem) => found.problem = Some(problem),
    }
    match bundle::judge(shelf) {
        Ok(judged) => {
            found.problem = found.problem.take().or((!judged.problems.is_empty()).then(|| judged.problems.join("; ")));
            found.bundles = Bundles(judged.bundles);
            found.strays = judged.strays;
        }
        Err(problem) => found.problem = Some(problem),
    }
}

/// Several bundles in words: how many, and whose.
fn names(bundles: &[BundleFound]) -> String {
    let shown: Vec<&str> = bundles.iter().take(MOST_NAMES).map(|bundle| bundle.manifest.device.as_str()).collect();
    let more = if bundles.len() > MOST_NAMES { " ..." } else { "" };
    format!("{} bundles, for {}{more}", bundles.len(), shown.join(", "))
}

/// A file system over the whole medium that is none of ours.
fn unpartitioned(source: &dyn ReadAt) -> Option<VolumeFound> {
    magic::recognise(source).map(|name| unknown(0, source.size(), name))
}

fn unknown(offset: u64, size: u64, filesystem: &str) -> VolumeFound {
    VolumeFound {
        offset,
        size,
        filesystem: filesystem.to_owned(),
        label: String::new(),
        files: Vec::new(),
        clean: true,
        bundles: Bundles::default(),
        strays: Vec::new(),
        problem: None,
    }
}

fn ends_are_zero(source: &dyn ReadAt) -> io::Result<bool> {
    let (front, back) = ends(source)?;
    Ok(front.iter().chain(&back).all(|byte| *byte == 0))
}

/// The first and the last [`ENDS`] bytes; overlapping on a small medium.
pub(super) fn ends(source: &dyn ReadAt) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let length = ENDS.min(source.size());
    let mut front = vec![0; usize::try_from(length).expect("64 KiB")];
    let mut back = front.clone();
    source.read_at(0, &mut front)?;
    source.read_at(source.size() - length, &mut back)?;
    Ok((front, back))
}
