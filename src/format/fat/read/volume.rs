//! A volume, its files, and their bytes.

use std::collections::{HashSet, VecDeque};

use zeroize::Zeroizing;

use crate::fleet::Secret;
use crate::format::ReadAt;
use crate::format::fat::geometry::{FatType, MOST_FOLDER_BYTES};
use crate::format::fat::names;
use crate::format::fat::tree::DEEPEST;

use super::ReadError;
use super::chains::{Chains, Length, Run};
use super::folder::{self, Member};
use super::parameters::Parameters;

/// Most files and folders of a volume.
const MOST_MEMBERS: u64 = 65_536;
/// Most bytes of all paths of a volume.
const MOST_PATH_BYTES: u64 = 16 << 20;

/// A FAT volume that is read.
pub struct Volume<'a> {
    source: &'a dyn ReadAt,
    parameters: Parameters,
}

/// A file of a volume.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileEntry {
    /// Where: names joined by `/`, long names where there are any.
    pub path: String,
    /// Bytes.
    pub size: u64,
    runs: Vec<Run>,
}

/// A folder that is still to be read.
struct Pending {
    path: String,
    depth: usize,
    cluster: u32,
}

impl<'a> Volume<'a> {
    /// Reads the boot sector of the volume that is the whole of `source`, and checks it.
    pub fn open(source: &'a dyn ReadAt) -> Result<Self, ReadError> {
        Ok(Self { source, parameters: Parameters::read(source)? })
    }

    /// Returns the type.
    pub fn fat_type(&self) -> FatType {
        self.parameters.fat_type
    }

    /// Returns the volume serial number.
    pub fn volume_id(&self) -> u32 {
        self.parameters.volume_id
    }

    /// Returns the bytes the volume claims, which may be fewer than the source has.
    pub fn size(&self) -> u64 {
        self.parameters.size
    }

    /// Returns the label: of the root directory, else of the boot sector; empty for none.
    pub fn label(&self) -> Result<String, ReadError> {
        let mut chains = Chains::new(self.source, &self.parameters);
        let root = self.root_directory(&mut chains)?;
        let in_boot_sector = Some(folder::label_text(&self.parameters.label)).filter(|label| label != "NO NAME");
        Ok(folder::label(&root).or(in_boot_sector).unwrap_or_default())
    }

    /// Returns false if the marks in the table say that the volume was not cleanly unmounted, or had errors. FAT12 has none.
    pub fn is_clean(&self) -> Result<bool, ReadError> {
        Chains::new(self.source, &self.parameters).is_clean()
    }

    /// Returns all files, folder by folder. Every chain has been followed: it is as long as the file, and no cluster is in
    /// two.
    pub fn files(&self) -> Result<Vec<FileEntry>, ReadError> {
        let mut chains = Chains::new(self.source, &self.parameters);
        let mut listing = Listing::default();
        let root = self.root_directory(&mut chains)?;
        self.list(&root, "", 1, &mut chains, &mut listing)?;
        while let Some(pending) = listing.pending.pop_front() {
            let runs = chains.follow(pending.cluster, self.folder_length(), &pending.path)?;
            let directory = self.directory(&runs)?;
            self.list(&directory, &pending.path, pending.depth + 1, &mut chains, &mut listing)?;
        }
        Ok(listing.files)
    }

    /// Returns the bytes of a file of this volume; an error if it has more than `most`.
    pub fn read(&self, file: &FileEntry, most: u64) -> Result<Secret, ReadError> {
        let too_large = || ReadError::TooLarge { path: file.path.clone(), size: file.size, most };
        let length = usize::try_from(file.size).ok().filter(|_| file.size <= most).ok_or_else(too_large)?;
        let mut bytes = Zeroizing::new(vec![0; length]);
        self.fill(&file.runs, &mut bytes)?;
        Ok(Secret::new(std::mem::take(&mut *bytes)))
    }

    /// Returns where the bytes of a file of this volume lie: offset and length of each piece, in the file's order.
    pub fn extents(&self, file: &FileEntry) -> Vec<(u64, u64)> {
        let mut left = file.size;
        let mut extents = Vec::with_capacity(file.runs.len());
        for &(first, clusters) in &file.runs {
            let length = (u64::from(clusters) * self.parameters.cluster_bytes).min(left);
            extents.push((self.parameters.cluster_offset(first), length));
            left -= length;
        }
        extents
    }

    fn fill(&self, runs: &[Run], bytes: &mut [u8]) -> Result<(), ReadError> {
        let mut rest = bytes;
        for &(first, clusters) in runs {
            let there = u64::from(clusters) * self.parameters.cluster_bytes;
            let length = usize::try_from(there).map_or(rest.len(), |there| there.min(rest.len()));
            let (part, behind) = rest.split_at_mut(length);
            let offset = self.parameters.cluster_offset(first);
            self.source.read_at(offset, part).map_err(|source| ReadError::Io { offset, source })?;
            rest = behind;
        }
        Ok(())
    }

    fn root_directory(&self, chains: &mut Chains<'_>) -> Result<Vec<u8>, ReadError> {
        let parameters = &self.parameters;
        if parameters.fat_type == FatType::Fat32 {
            let runs = chains.follow(parameters.root_cluster, self.folder_length(), "")?;
            return self.directory(&runs);
        }
        let mut bytes = vec![0; usize::try_from(parameters.root_bytes).expect("at most 2 MiB")];
        let offset = parameters.root_offset;
        self.source.read_at(offset, &mut bytes).map_err(|source| ReadError::Io { offset, source })?;
        Ok(bytes)
    }

    /// A folder's chain says how long it is; more than any driver takes is damage.
    fn folder_length(&self) -> Length {
        Length::AtMost(MOST_FOLDER_BYTES.div_ceil(self.parameters.cluster_bytes))
    }

    fn directory(&self, runs: &[Run]) -> Result<Vec<u8>, ReadError> {
        let clusters: u64 = runs.iter().map(|run| u64::from(run.1)).sum();
        let mut bytes = vec![0; usize::try_from(clusters * self.parameters.cluster_bytes).expect("at most 2 MiB")];
        self.fill(runs, &mut bytes)?;
        Ok(bytes)
    }

    fn list(
        &self,
        directory: &[u8],
        parent: &str,
        depth: usize,
        chains: &mut Chains<'_>,
        listing: &mut Listing,
    ) -> Result<(), ReadError> {
        let mut seen = HashSet::new();
        for member in folder::members(directory, parent)? {
            if !seen.insert(names::folded(&member.name)) {
                return Err(ReadError::damaged(parent, format!("two entries have the name {:?}", member.name)));
            }
            let path = if parent.is_empty() { member.name.clone() } else { format!("{parent}/{}", member.name) };
            listing.count(&path)?;
            if member.is_folder {
                listing.pending.push_back(self.pending(path, depth, &member)?);
            } else {
                listing.files.push(self.file(path, &member, chains)?);
            }
        }
        Ok(())
    }

    fn pending(&self, path: String, depth: usize, member: &Member) -> Result<Pending, ReadError> {
        if depth >= DEEPEST {
            return Err(ReadError::TooMuch { what: "levels of folders", most: DEEPEST as u64 - 1 });
        }
        if !self.parameters.is_cluster(member.cluster) {
            return Err(ReadError::damaged(&path, format!("it begins at cluster {}", member.cluster)));
        }
        Ok(Pending { path, depth, cluster: member.cluster })
    }

    fn file(&self, path: String, member: &Member, chains: &mut Chains<'_>) -> Result<FileEntry, ReadError> {
        let size = u64::from(member.size);
        let runs = match size.div_ceil(self.parameters.cluster_bytes) {
            0 => Vec::new(),
            clusters => chains.follow(member.cluster, Length::Exactly(clusters), &path)?,
        };
        Ok(FileEntry { path, size, runs })
    }
}

/// What was found so far, counted.
#[derive(Default)]
struct Listing {
    files: Vec<FileEntry>,
    pending: VecDeque<Pending>,
    members: u64,
    path_bytes: u64,
}

impl Listing {
    fn count(&mut self, path: &str) -> Result<(), ReadError> {
        self.members += 1;
        self.path_bytes += path.len() as u64;
        if self.members > MOST_MEMBERS {
            return Err(ReadError::TooMuch { what: "files and folders", most: MOST_MEMBERS });
        }
        if self.path_bytes > MOST_PATH_BYTES {
            return Err(ReadError::TooMuch { what: "bytes of paths", most: MOST_PATH_BYTES });
        }
        Ok(())
    }
}
