//! How a drive is connected: bus, port, serial number, card.

use std::path::{Path, PathBuf};

use super::Bus;
use crate::host::machine::{attribute, names, number};

/// What sysfs tells about the way to a drive.
#[derive(Default)]
pub(super) struct Connection {
    pub(super) bus: Option<Bus>,
    pub(super) port: Option<String>,
    pub(super) serial: Option<String>,
    pub(super) cid: Option<String>,
    pub(super) vendor: Option<String>,
    pub(super) model: Option<String>,
    /// The USB device says that it cannot be unplugged.
    pub(super) built_in: bool,
    /// A reader whose serial number is its own, not the card's.
    pub(super) card_reader: bool,
}

/// Follows `/sys/block/NAME/device`; `block` is the folder of the drive with all links resolved.
pub(super) fn follow(block: &Path, name: &str) -> Connection {
    let device = block.join("device").canonicalize().unwrap_or_default();
    if name.starts_with("loop") {
        return Connection { bus: Some(Bus::Loop), ..Connection::default() };
    }
    if let Some(host) = part_after(block, "mmc_host") {
        return card(&device, host);
    }
    match device.ancestors().find(|folder| folder.join("idVendor").exists()) {
        Some(usb) => usb_drive(usb, &device),
        None => Connection { bus: Some(other_bus(block, name)), ..described(&device) },
    }
}

fn card(device: &Path, host: String) -> Connection {
    let kind = attribute(device, "type").unwrap_or_default();
    Connection {
        bus: Some(if kind.starts_with("SD") { Bus::Sd } else { Bus::Emmc }),
        port: Some(host),
        cid: attribute(device, "cid"),
        serial: attribute(device, "serial"),
        model: attribute(device, "name"),
        ..Connection::default()
    }
}

fn usb_drive(usb: &Path, device: &Path) -> Connection {
    let described = described(device);
    let vendor = described.vendor.or_else(|| attribute(usb, "manufacturer"));
    let model = described.model.or_else(|| attribute(usb, "product"));
    let unit = unit_of(device);
    let product = attribute(usb, "product");
    let port = usb.file_name().map(|name| name.to_string_lossy().into_owned());
    Connection {
        bus: Some(Bus::Usb),
        port: port.map(|port| if unit == 0 { port } else { format!("{port}:{unit}") }),
        serial: attribute(usb, "serial"),
        card_reader: has_several_units(device)
            || [&product, &model].into_iter().flatten().any(|name| names_a_reader(name)),
        built_in: attribute(usb, "removable").as_deref() == Some("fixed"),
        vendor,
        model,
        cid: None,
    }
}

fn described(device: &Path) -> Connection {
    Connection {
        vendor: attribute(device, "vendor").filter(|vendor| !vendor.starts_with("0x")),
        model: attribute(device, "model"),
        serial: attribute(device, "serial"),
        ..Connection::default()
    }
}

/// The logical unit: last part of the SCSI address `0:0:0:1`. Readers with several slots have one for each.
fn unit_of(device: &Path) -> u64 {
    let address = device.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    address.rsplit_once(':').and_then(|(_, unit)| unit.parse().ok()).unwrap_or(0)
}

/// A sibling unit means a slot of its own, so the serial number is the reader's.
fn has_several_units(device: &Path) -> bool {
    let target = device.parent().map(names).unwrap_or_default();
    target.iter().filter(|name| name.matches(':').count() == 3).count() > 1
}

fn names_a_reader(product: &str) -> bool {
    let product = product.to_ascii_lowercase();
    ["reader", "sd/mmc", "multi-card", "multicard", "microsd", "micro sd", "card slot", "-sd", "sdxc"]
        .iter()
        .any(|word| product.contains(word))
}

fn other_bus(block: &Path, name: &str) -> Bus {
    let has_part =
        |test: &dyn Fn(&str) -> bool| block.components().any(|part| part.as_os_str().to_str().is_some_and(test));
    if name.starts_with("nvme") {
        Bus::Nvme
    } else if has_part(&|part| part.starts_with("virtio")) {
        Bus::Virtio
    } else if has_part(&|part| part.strip_prefix("ata").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))) {
        Bus::Ata
    } else if has_part(&|part| part.starts_with("host")) {
        Bus::Scsi
    } else {
        Bus::Other
    }
}

fn part_after(path: &Path, name: &str) -> Option<String> {
    let mut parts = path.components().skip_while(|part| part.as_os_str() != name).skip(1);
    parts.next().map(|part| part.as_os_str().to_string_lossy().into_owned())
}

/// Returns the logical and physical block sizes, in bytes.
pub(super) fn block_sizes(block: &Path) -> (u32, u32) {
    let queue: PathBuf = block.join("queue");
    let size = |name| number(&queue, name).and_then(|size| u32::try_from(size).ok()).unwrap_or(512);
    (size("logical_block_size"), size("physical_block_size"))
}
