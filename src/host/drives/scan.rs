//! The list of drives.

use std::fs;
use std::path::{Path, PathBuf};

use super::connection::{self, Connection};
use super::uses::Surroundings;
use super::{Bus, Drive, Partition};
use crate::host::machine::{attribute, device_number, flag, names, number};
use crate::host::{HostError, Machine};

/// Sysfs counts in sectors of this many bytes, whatever the device's own block size.
const SECTOR: u64 = 512;

impl Machine {
    /// Returns the whole drives of this machine, sorted by name; what has no hardware of its own (device-mapper, md, zram,
    /// nbd ...) is left out, except loop devices that have a file. Needs no privilege and opens no device.
    pub fn drives(&self) -> Result<Vec<Drive>, HostError> {
        let folder = self.path("/sys/block");
        fs::metadata(&folder).map_err(HostError::io("reading", &folder))?;
        let surroundings = Surroundings::read(self);
        let found = names(&folder).into_iter().filter_map(|name| read_drive(self, &surroundings, name));
        Ok(found.collect())
    }

    /// Returns the drive that has, or whose partition has, this device number.
    pub fn drive_with(&self, number: (u32, u32)) -> Result<Option<Drive>, HostError> {
        let is_it = |drive: &Drive| drive.number == number || drive.partitions.iter().any(|part| part.number == number);
        Ok(self.drives()?.into_iter().find(is_it))
    }
}

fn read_drive(machine: &Machine, surroundings: &Surroundings, name: String) -> Option<Drive> {
    let block = machine.path("/sys/block").join(&name).canonicalize().ok()?;
    if is_unlisted(&name, &block) {
        return None;
    }
    let connection = connection::follow(&block, &name);
    let backing = attribute(&block, "loop/backing_file").map(PathBuf::from);
    let bus = bus_of(machine, &name, &connection);
    let removable = flag(&block, "removable");
    let (logical_block, physical_block) = connection::block_sizes(&block);
    Some(Drive {
        node: node_of(&name),
        number: device_number(&block)?,
        size: number(&block, "size")?.saturating_mul(SECTOR),
        hotplug: is_hotplug(bus, removable, connection.built_in),
        bus,
        removable,
        read_only: flag(&block, "ro") || flag(&block, "force_ro"),
        diskseq: number(&block, "diskseq"),
        logical_block,
        physical_block,
        partitions: partitions(&block),
        uses: surroundings.uses_of(&name),
        backing_is_file: backing.as_ref().is_some_and(|file| machine.path(file).is_file()),
        backing,
        vendor: connection.vendor,
        model: connection.model,
        serial: connection.serial,
        cid: connection.cid,
        port: connection.port,
        card_reader: connection.card_reader,
        name,
    })
}

/// What is no drive: without hardware of its own, optical, floppy, raw flash, a hidden path, a part of an eMMC.
fn is_unlisted(name: &str, block: &Path) -> bool {
    let is_virtual = block
        .components()
        .collect::<Vec<_>>()
        .windows(2)
        .any(|pair| pair[0].as_os_str() == "devices" && pair[1].as_os_str() == "virtual");
    let unlisted = ["sr", "fd", "mtdblock", "ram", "zram", "dm-", "md", "nbd"];
    let is_loop = name.starts_with("loop");
    let is_empty_loop = is_loop && !block.join("loop/backing_file").exists();
    is_empty_loop
        || (is_virtual && !is_loop && !name.starts_with("nvme"))
        || unlisted.iter().any(|prefix| name.starts_with(prefix))
        || flag(block, "hidden")
        || is_emmc_part(name)
}

fn is_emmc_part(name: &str) -> bool {
    name.starts_with("mmcblk") && ["boot", "rpmb", "gp"].iter().any(|part| name.contains(part))
}

/// A card that has boot partitions is an eMMC, whatever it says.
fn bus_of(machine: &Machine, name: &str, connection: &Connection) -> Bus {
    let bus = connection.bus.unwrap_or(Bus::Other);
    let has_boot_partitions = machine.path("/sys/block").join(format!("{name}boot0")).exists();
    if bus == Bus::Sd && has_boot_partitions { Bus::Emmc } else { bus }
}

fn is_hotplug(bus: Bus, removable: bool, built_in: bool) -> bool {
    match bus {
        Bus::Sd => true,
        Bus::Usb => !built_in,
        Bus::Emmc | Bus::Loop => false,
        _ => removable,
    }
}

fn partitions(block: &Path) -> Vec<Partition> {
    let read = |name: String| {
        let folder = block.join(&name);
        number(&folder, "partition")?;
        let size = number(&folder, "size")?.saturating_mul(SECTOR);
        Some(Partition { node: node_of(&name), number: device_number(&folder)?, size, name })
    };
    names(block).into_iter().filter_map(read).collect()
}

/// The kernel writes `/` in a device's name as `!` in sysfs.
fn node_of(name: &str) -> PathBuf {
    Path::new("/dev").join(name.replace('!', "/"))
}
