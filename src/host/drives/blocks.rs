//! Block devices and how they stand on each other: partitions, device-mapper, md, loop devices, btrfs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::host::Machine;
use crate::host::machine::{attribute, device_number, names};

/// One block device: whole or partition.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    /// Its partitions' names.
    pub(super) partitions: Vec<String>,
    /// Names of the devices that stand on it.
    pub(super) holders: Vec<String>,
    /// What kind of holder it is itself, in words, where it is one: `LUKS "root"`.
    pub(super) title: String,
    /// The file behind a loop device.
    pub(super) backing: Option<PathBuf>,
}

/// All block devices by kernel name.
pub(super) struct Blocks {
    by_name: BTreeMap<String, Block>,
    by_number: BTreeMap<(u32, u32), String>,
    by_mapper_name: BTreeMap<String, String>,
    btrfs: Vec<BTreeSet<String>>,
}

impl Blocks {
    /// Reads `/sys/block` and `/sys/fs/btrfs`.
    pub(super) fn read(machine: &Machine) -> Self {
        let mut blocks = Self {
            by_name: BTreeMap::new(),
            by_number: BTreeMap::new(),
            by_mapper_name: BTreeMap::new(),
            btrfs: btrfs_members(machine),
        };
        let folder = machine.path("/sys/block");
        for name in names(&folder) {
            blocks.add_disk(&folder.join(&name), name);
        }
        blocks
    }

    /// Returns the device of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Block> {
        self.by_name.get(name)
    }

    /// Returns names and devices.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Block)> {
        self.by_name.iter()
    }

    /// Returns the name for a device number.
    pub(super) fn name_of(&self, number: (u32, u32)) -> Option<&str> {
        self.by_number.get(&number).map(String::as_str)
    }

    /// Returns the kernel name for a node path such as `/dev/sda1` or `/dev/mapper/root`.
    pub(super) fn name_of_node(&self, node: &Path) -> Option<&str> {
        let name = node.strip_prefix("/dev").ok()?.to_str()?;
        if let Some(mapped) = name.strip_prefix("mapper/") {
            return self.by_mapper_name.get(mapped).map(String::as_str);
        }
        let kernel_name = name.replace('/', "!");
        self.by_name.get_key_value(&kernel_name).map(|(name, _)| name.as_str())
    }

    /// Returns all members of the btrfs file system that `name` is one of.
    pub(super) fn btrfs_of(&self, name: &str) -> Option<&BTreeSet<String>> {
        self.btrfs.iter().find(|members| members.contains(name))
    }

    fn add_disk(&mut self, folder: &Path, name: String) {
        let inside = names(folder).into_iter().filter(|inner| folder.join(inner).join("partition").exists());
        let partitions: Vec<String> = inside.collect();
        for partition in &partitions {
            self.add(&folder.join(partition), partition.clone(), Vec::new());
        }
        self.add(folder, name, partitions);
    }

    fn add(&mut self, folder: &Path, name: String, partitions: Vec<String>) {
        if let Some(number) = device_number(folder) {
            self.by_number.insert(number, name.clone());
        }
        if let Some(mapped) = attribute(folder, "dm/name") {
            self.by_mapper_name.insert(mapped, name.clone());
        }
        let block = Block {
            partitions,
            holders: names(&folder.join("holders")),
            title: title(folder, &name),
            backing: attribute(folder, "loop/backing_file").map(PathBuf::from),
        };
        self.by_name.insert(name, block);
    }
}

fn btrfs_members(machine: &Machine) -> Vec<BTreeSet<String>> {
    let folder = machine.path("/sys/fs/btrfs");
    let members = names(&folder).into_iter().map(|uuid| names(&folder.join(uuid).join("devices")));
    members.filter(|members| !members.is_empty()).map(|members| members.into_iter().collect()).collect()
}

fn title(folder: &Path, name: &str) -> String {
    if let Some(mapped) = attribute(folder, "dm/name") {
        let uuid = attribute(folder, "dm/uuid").unwrap_or_default();
        let kind = match uuid.split('-').next() {
            Some("LVM") => "LVM volume",
            Some("CRYPT") => "LUKS volume",
            Some("mpath") => "multipath",
            _ => "device-mapper",
        };
        return format!("{kind} {mapped:?} ({name})");
    }
    match attribute(folder, "md/level") {
        Some(level) => format!("{level} array {name}"),
        None => name.to_owned(),
    }
}
