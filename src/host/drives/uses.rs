//! Who uses a drive: mounts, swap and what stands on it, through every layer up to `/`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;

use super::blocks::Blocks;
use super::mounts::{self, Mount};
use crate::host::Machine;

/// One use of a drive.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(tag = "use", rename_all = "kebab-case")]
pub enum Use {
    /// A file system on it, or on what stands on it, is mounted.
    Mounted {
        /// Where.
        at: PathBuf,
        /// The kernel name of the device mounted.
        device: String,
        /// True if the running system needs it.
        system: bool,
    },
    /// Swap.
    Swap {
        /// The kernel name of the swap device.
        device: String,
    },
    /// Another device stands on it (LVM, LUKS, md, bcache, a loop device).
    Held {
        /// That device, in words.
        by: String,
    },
}

/// The state of the machine that uses are read from.
pub(super) struct Surroundings {
    pub(super) blocks: Blocks,
    mounts: Vec<Mount>,
    system: Vec<bool>,
    swaps: Vec<PathBuf>,
}

impl Surroundings {
    /// Reads blocks, mounts and swaps once for all drives.
    pub(super) fn read(machine: &Machine) -> Self {
        let blocks = Blocks::read(machine);
        let mounts = mounts::read(machine);
        let swaps = mounts::swaps(machine);
        let system = system_mounts(&mounts, &swaps, &blocks);
        Self { blocks, mounts, system, swaps }
    }

    /// Returns every use of the drive `name`, sorted.
    pub(super) fn uses_of(&self, name: &str) -> Vec<Use> {
        let own = self.own_names(name);
        let mut uses = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open = vec![name.to_owned()];
        while let Some(device) = open.pop() {
            let Some(block) = self.blocks.get(&device) else { continue };
            if !seen.insert(device.clone()) {
                continue;
            }
            if !own.contains(&device) {
                uses.insert(Use::Held { by: block.title.clone() });
            }
            open.extend(block.partitions.iter().chain(&block.holders).cloned());
            for index in self.mounts_of(&device) {
                uses.insert(self.mounted(index, &device));
                open.extend(self.loops_on(index));
            }
            if self.swaps.iter().any(|swap| self.blocks.name_of_node(swap) == Some(&device)) {
                uses.insert(Use::Swap { device });
            }
        }
        uses.into_iter().collect()
    }

    /// The drive and its partitions.
    fn own_names(&self, name: &str) -> BTreeSet<String> {
        let partitions = self.blocks.get(name).map(|block| block.partitions.clone()).unwrap_or_default();
        partitions.into_iter().chain([name.to_owned()]).collect()
    }

    fn mounted(&self, index: usize, device: &str) -> Use {
        let at = self.mounts[index].point.clone();
        Use::Mounted { at, device: device.to_owned(), system: self.system[index] }
    }

    fn mounts_of<'a>(&'a self, device: &'a str) -> impl Iterator<Item = usize> + 'a {
        let is_on = move |mount: &Mount| devices_of(mount, &self.blocks).contains(device);
        (0..self.mounts.len()).filter(move |&index| is_on(&self.mounts[index]))
    }

    /// Loop devices whose file lies on this mount.
    fn loops_on(&self, index: usize) -> Vec<String> {
        let lies_here = |file: &PathBuf| mounts::holding(&self.mounts, file) == Some(index);
        let loops = self.blocks.iter().filter(|(_, block)| block.backing.as_ref().is_some_and(lies_here));
        loops.map(|(name, _)| name.clone()).collect()
    }
}

/// The devices a mount stands on: by number; where the file system has no single one, by its source and, for btrfs, by the
/// list of members.
fn devices_of(mount: &Mount, blocks: &Blocks) -> BTreeSet<String> {
    if let Some(name) = blocks.name_of(mount.device) {
        return BTreeSet::from([name.to_owned()]);
    }
    let sources = mount.source.split(':').filter_map(|node| blocks.name_of_node(node.as_ref()));
    let named: BTreeSet<String> = sources.map(str::to_owned).collect();
    if mount.filesystem != "btrfs" {
        return named;
    }
    let members = named.iter().filter_map(|name| blocks.btrfs_of(name)).flatten().cloned();
    members.chain(named.iter().cloned()).collect()
}

/// Which mounts the running system needs: by their point, as home of a swap file, as layer of an overlay, as home of the file
/// behind a loop device that the system needs.
fn system_mounts(mounts: &[Mount], swaps: &[PathBuf], blocks: &Blocks) -> Vec<bool> {
    let mut system: Vec<bool> = mounts.iter().map(|mount| mounts::is_system_point(&mount.point)).collect();
    for swap in swaps.iter().filter(|swap| !swap.starts_with("/dev")) {
        mark(&mut system, mounts::holding(mounts, swap));
    }
    loop {
        let before = system.clone();
        for (index, mount) in mounts.iter().enumerate().filter(|(index, _)| before[*index]) {
            for layer in mount.layers() {
                mark(&mut system, mounts::holding(mounts, layer).filter(|&below| below != index));
            }
            for name in devices_of(mount, blocks) {
                let file = blocks.get(&name).and_then(|block| block.backing.as_deref());
                mark(&mut system, file.and_then(|file| mounts::holding(mounts, file)));
            }
        }
        if system == before {
            return system;
        }
    }
}

fn mark(system: &mut [bool], index: Option<usize>) {
    if let Some(index) = index {
        system[index] = true;
    }
}
