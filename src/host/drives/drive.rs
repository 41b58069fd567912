//! A drive as the kernel sees it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Use;
use crate::delivery::{TargetIdentity, TargetKind};

/// The way a drive is connected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bus {
    /// USB.
    Usb,
    /// SD card in a slot of the machine itself.
    Sd,
    /// Soldered eMMC.
    Emmc,
    /// NVMe.
    Nvme,
    /// ATA, SATA.
    Ata,
    /// SCSI, SAS.
    Scsi,
    /// A virtual machine's disk.
    Virtio,
    /// A file of this machine, shown as a drive.
    Loop,
    /// Anything else.
    Other,
}

/// A partition the kernel knows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Partition {
    /// Kernel name.
    pub name: String,
    /// Device node.
    pub node: PathBuf,
    /// Device number.
    pub number: (u32, u32),
    /// Size in bytes.
    pub size: u64,
}

/// A whole drive. Texts come from the device and are made safe to show.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is one fact of the kernel's, printed by its own name")]
pub struct Drive {
    /// Kernel name such as `sdb`.
    pub name: String,
    /// Device node such as `/dev/sdb`.
    pub node: PathBuf,
    /// Device number.
    pub number: (u32, u32),
    /// Size in bytes; 0 where a reader holds no card.
    pub size: u64,
    /// Maker.
    pub vendor: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Serial number: of the USB device, or of the card.
    pub serial: Option<String>,
    /// Card identification register, hex.
    pub cid: Option<String>,
    /// Bus.
    pub bus: Bus,
    /// What the kernel's `removable` says: 0 for SD cards in a machine's own slot and for USB SSDs.
    pub removable: bool,
    /// True if it can be unplugged while the machine runs.
    pub hotplug: bool,
    /// True if the kernel refuses writes.
    pub read_only: bool,
    /// USB port path (`1-4.2`; with `:1` for the second slot of a reader), or the card slot (`mmc0`).
    pub port: Option<String>,
    /// The kernel's number for this appearance of the disk.
    pub diskseq: Option<u64>,
    /// Smallest unit of a write, in bytes.
    pub logical_block: u32,
    /// Smallest unit the device itself writes, in bytes.
    pub physical_block: u32,
    /// Partitions.
    pub partitions: Vec<Partition>,
    /// Who uses it.
    pub uses: Vec<Use>,
    /// True if the serial number is a card reader's and tells nothing about the card.
    pub card_reader: bool,
    /// The file behind a loop device.
    pub backing: Option<PathBuf>,
    /// True if that file is a regular one.
    #[serde(skip)]
    pub(super) backing_is_file: bool,
}

impl Drive {
    /// Returns the identity by which consent is given and a delivery is bound. The serial number of a card reader is left
    /// out: it stays when the card changes.
    pub fn identity(&self) -> TargetIdentity {
        TargetIdentity {
            kind: TargetKind::Drive,
            name: self.node.display().to_string(),
            path: self.node.display().to_string(),
            size: Some(self.size),
            port: self.port.clone(),
            serial: self.serial.clone().filter(|_| !self.card_reader),
            cid: self.cid.clone(),
            diskseq: self.diskseq,
            chip: None,
        }
    }

    /// Returns maker and model, or the file behind a loop device.
    pub fn title(&self) -> String {
        let words: Vec<&str> = [&self.vendor, &self.model].into_iter().flatten().map(String::as_str).collect();
        match &self.backing {
            Some(file) => file.display().to_string(),
            None if words.is_empty() => "unnamed drive".to_owned(),
            None => words.join(" "),
        }
    }
}
