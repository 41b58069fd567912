//! From files to the extents of a volume.

use crate::delivery::Extent;
use crate::fleet::Filesystem;

use super::boot::Boot;
use super::entry::Stamp;
use super::geometry::{Geometry, SECTOR, TABLES};
use super::pieces::{Pieces, Source};
use super::table::{self, Allocation};
use super::tree::{Node, Tree};
use super::{FatError, VolumeFile, VolumeSpec, check_label};

/// Sizes that [`minimum_size`] returns are multiples of this.
const SIZE_STEP: u64 = 1 << 20;

/// Builds a volume: extents from its first byte, sorted, not overlapping, each starting at a sector and whole sectors long.
///
/// Boot sectors, tables, folders and files are data; the rest of tables, root directory and folders, and the reserved
/// sectors, are [`Zero`](crate::delivery::Content::Zero). Free clusters, and what a file leaves of its last cluster, are don't-care.
/// Same input, same bytes; the order of `files` does not matter. Fails if label, a name or the size is impossible, or if
/// the files do not fit; never panics on any input.
pub fn build(spec: &VolumeSpec<'_>, files: &[VolumeFile<'_>]) -> Result<Vec<Extent>, FatError> {
    let label = check_label(spec.label)?;
    let tree = Tree::of(files, !label.is_empty())?;
    let geometry = Geometry::plan(spec.filesystem, spec.size, tree.entries(0))?;
    let allocation = Allocation::of(&tree, files, &geometry)?;
    let mut pieces = Pieces::default();
    pieces.zero(0, geometry.data_sector() * SECTOR);
    add_boot(spec, &label, &geometry, &allocation, &mut pieces);
    add_tables(&geometry, &allocation, &mut pieces);
    add_folders(spec, &label, &tree, files, &geometry, &allocation, &mut pieces);
    for file in tree.files() {
        if let Some(run) = allocation.run(Node::File(file)) {
            pieces.data(geometry.cluster_offset(run.first), Source::File(files[file].bytes));
        }
    }
    Ok(pieces.into_extents())
}

fn add_boot(spec: &VolumeSpec<'_>, label: &str, geometry: &Geometry, allocation: &Allocation, pieces: &mut Pieces<'_>) {
    let boot = Boot {
        geometry,
        label,
        volume_id: spec.volume_id,
        hidden_sectors: spec.hidden_sectors,
        next_free: allocation.next_free(),
    };
    pieces.data(0, Source::Made(boot.sectors()));
}

fn add_tables(geometry: &Geometry, allocation: &Allocation, pieces: &mut Pieces<'_>) {
    let table = allocation.table(geometry.fat_type);
    for number in 0..TABLES {
        pieces.data(geometry.table_sector(number) * SECTOR, Source::Made(table.clone()));
    }
}

fn add_folders(
    spec: &VolumeSpec<'_>,
    label: &str,
    tree: &Tree<'_>,
    files: &[VolumeFile<'_>],
    geometry: &Geometry,
    allocation: &Allocation,
    pieces: &mut Pieces<'_>,
) {
    let place = |node: Node| {
        let first = allocation.run(node).map_or(0, |run| run.first);
        let size = match node {
            Node::File(file) => u32::try_from(files[file].bytes.len()).expect("the tree checked it"),
            Node::Folder(_) => 0,
        };
        (first, size)
    };
    let stamp = Stamp::of(spec.modified);
    for folder in 0..tree.folder_count() {
        let bytes = tree.directory(folder, label, stamp, &place);
        match allocation.run(Node::Folder(folder)) {
            Some(run) => {
                let start = geometry.cluster_offset(run.first);
                pieces.zero(start, start + u64::from(run.clusters) * geometry.cluster_bytes());
                pieces.data(start, Source::Made(bytes));
            }
            None => pieces.data(geometry.root_sector() * SECTOR, Source::Made(bytes)),
        }
    }
}

/// Returns the smallest whole number of MiB, in bytes, for which [`build`] takes these files; an error if none does.
pub fn minimum_size(filesystem: Filesystem, label: &str, files: &[VolumeFile<'_>]) -> Result<u64, FatError> {
    let tree = Tree::of(files, !check_label(label)?.is_empty())?;
    let mut size = SIZE_STEP;
    loop {
        let missing = match Geometry::plan(filesystem, size, tree.entries(0)) {
            Ok(geometry) => missing_bytes(&tree, files, &geometry),
            Err(FatError::Size { least, .. }) if least > size => least - size,
            Err(error) => return Err(error),
        };
        if missing == 0 {
            return Ok(size);
        }
        size += missing.next_multiple_of(SIZE_STEP);
    }
}

fn missing_bytes(tree: &Tree<'_>, files: &[VolumeFile<'_>], geometry: &Geometry) -> u64 {
    let need = table::clusters_needed(tree, files, geometry);
    need.saturating_sub(u64::from(geometry.clusters)) * geometry.cluster_bytes()
}
