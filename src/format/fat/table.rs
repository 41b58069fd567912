//! Which cluster belongs to what: everything lies in one piece, one after the other, from the first cluster on.

use super::geometry::{FatType, Geometry};
use super::tree::{Node, Tree};
use super::{FatError, VolumeFile};

/// Media descriptor of a fixed medium.
pub(super) const MEDIA: u8 = 0xF8;

/// A stretch of clusters, at least one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Run {
    pub(super) first: u32,
    pub(super) clusters: u32,
}

/// The clusters of every folder and file.
pub(super) struct Allocation {
    /// By folder number; none for the root of FAT12 and FAT16, which has a place of its own.
    folders: Vec<Option<Run>>,
    /// By file number; none for an empty file.
    files: Vec<Option<Run>>,
    next: u32,
}

impl Allocation {
    /// Gives out the clusters: folders first, then files in the tree's order.
    pub(super) fn of(tree: &Tree<'_>, files: &[VolumeFile<'_>], geometry: &Geometry) -> Result<Self, FatError> {
        let cluster_bytes = geometry.cluster_bytes();
        let need = clusters_needed(tree, files, geometry);
        if need > u64::from(geometry.clusters) {
            let have = u64::from(geometry.clusters) * cluster_bytes;
            return Err(FatError::Full { need: need * cluster_bytes, have });
        }
        let mut allocation = Self { folders: Vec::new(), files: vec![None; files.len()], next: 2 };
        for folder in 0..tree.folder_count() {
            let run = allocation.take(folder_clusters(tree, folder, geometry));
            allocation.folders.push(run);
        }
        for file in tree.files() {
            allocation.files[file] = allocation.take((files[file].bytes.len() as u64).div_ceil(cluster_bytes));
        }
        Ok(allocation)
    }

    fn take(&mut self, clusters: u64) -> Option<Run> {
        let clusters = u32::try_from(clusters).expect("the sum was compared with the volume");
        if clusters == 0 {
            return None;
        }
        let run = Run { first: self.next, clusters };
        self.next += clusters;
        Some(run)
    }

    /// Returns the clusters of a folder or file.
    pub(super) fn run(&self, node: Node) -> Option<Run> {
        match node {
            Node::Folder(number) => self.folders[number],
            Node::File(number) => self.files[number],
        }
    }

    /// Returns the first cluster that nothing lies in.
    pub(super) fn next_free(&self) -> u32 {
        self.next
    }

    /// Returns the beginning of a table, up to its last entry in use; whatever follows is zero.
    ///
    /// The first two entries hold the media descriptor and the marks "cleanly unmounted, no errors" (section "FAT Data
    /// Structure").
    pub(super) fn table(&self, fat_type: FatType) -> Vec<u8> {
        let end = fat_type.end_of_chain();
        let mut entries: Vec<u32> = (1..=self.next).collect();
        entries[0] = end & !0xFF | u32::from(MEDIA);
        entries[1] = end;
        let lasts = self.folders.iter().chain(&self.files).flatten();
        for last in lasts.map(|run| run.first + run.clusters - 1) {
            entries[last as usize] = end;
        }
        encode(&entries, fat_type)
    }
}

fn encode(entries: &[u32], fat_type: FatType) -> Vec<u8> {
    match fat_type {
        FatType::Fat12 => entries
            .chunks(2)
            .flat_map(|pair| {
                let both = pair[0] | pair.get(1).unwrap_or(&0) << 12;
                let bytes = both.to_le_bytes();
                bytes.into_iter().take(if pair.len() == 2 { 3 } else { 2 })
            })
            .collect(),
        FatType::Fat16 => entries.iter().flat_map(|entry| entry.to_le_bytes().into_iter().take(2)).collect(),
        FatType::Fat32 => entries.iter().flat_map(|entry| entry.to_le_bytes()).collect(),
    }
}

/// Returns the clusters that folders and files take together.
pub(super) fn clusters_needed(tree: &Tree<'_>, files: &[VolumeFile<'_>], geometry: &Geometry) -> u64 {
    let folders: u64 = (0..tree.folder_count()).map(|folder| folder_clusters(tree, folder, geometry)).sum();
    let file_clusters = files.iter().map(|file| (file.bytes.len() as u64).div_ceil(geometry.cluster_bytes()));
    folders + file_clusters.sum::<u64>()
}

fn folder_clusters(tree: &Tree<'_>, folder: usize, geometry: &Geometry) -> u64 {
    if folder == 0 && geometry.fat_type != FatType::Fat32 {
        return 0;
    }
    (tree.entries(folder) * 32).div_ceil(geometry.cluster_bytes()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_packed_as_each_type_wants_them() {
        let entries = [0x123, 0x456, 0x789];
        assert_eq!(encode(&entries, FatType::Fat12), [0x23, 0x61, 0x45, 0x89, 0x07]);
        assert_eq!(encode(&entries, FatType::Fat16), [0x23, 0x01, 0x56, 0x04, 0x89, 0x07]);
        assert_eq!(encode(&entries[..1], FatType::Fat32), [0x23, 0x01, 0, 0]);
    }

    #[test]
    fn chains_run_on_and_end() {
        let allocation = Allocation {
            folders: vec![Some(Run { first: 2, clusters: 1 })],
            files: vec![Some(Run { first: 3, clusters: 3 }), None],
            next: 6,
        };
        let expected: Vec<u8> =
            [0xFFF8u16, 0xFFFF, 0xFFFF, 4, 5, 0xFFFF].into_iter().flat_map(u16::to_le_bytes).collect();
        assert_eq!(allocation.table(FatType::Fat16), expected);
    }
}
