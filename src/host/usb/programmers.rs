//! Programmers and boot loaders among the USB devices: what each is, how it is selected, and who may open it.

use std::path::PathBuf;

use rustix::fs::Access;
use serde::Serialize;

use super::super::{HostError, Machine};
use super::kind::ProgrammerKind;
use super::known::known;
use super::port::{UsbPort, usb_ports};

/// Class and subclass of DFU (DFU 1.1, sections 4.1.1 and 4.2.3).
const DFU: (u8, u8) = (0xfe, 1);
/// What a CMSIS-DAP probe has in its product name or in that of an interface (CMSIS-DAP, section "Communication via USB").
pub const CMSIS_DAP: &str = "CMSIS-DAP";

/// Whether this user may open a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// It may be opened.
    Granted,
    /// The system says no.
    Denied,
    /// There is no node: no driver made one, or this is a container without it.
    Absent,
}

/// A programmer or boot loader that is plugged in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SeenProgrammer {
    /// USB port path.
    pub port: String,
    /// `VID:PID` in hex.
    pub id: String,
    /// Serial number.
    pub serial: Option<String>,
    /// Its product name, else what people call it.
    pub product: Option<String>,
    /// What it is.
    pub kind: ProgrammerKind,
    /// What to type for it: `dfu:port=1-2`; none where we have no way to it.
    pub select: Option<String>,
    /// The node by which it is opened: USB node or serial line.
    pub node: Option<PathBuf>,
    /// Whether this user may open it.
    pub permission: Permission,
    /// What to do about it.
    pub advice: Option<&'static str>,
}

/// Returns the programmers and boot loaders that are plugged in, in the order of their ports; opens none.
pub fn programmers(machine: &Machine) -> Result<Vec<SeenProgrammer>, HostError> {
    let ports = usb_ports(machine)?;
    Ok(ports.iter().filter_map(|port| Some(seen(machine, port, kind_of(port)?))).collect())
}

/// Returns what kind of programmer a device is, if it is one.
pub fn kind_of(port: &UsbPort) -> Option<ProgrammerKind> {
    let has = |protocol| port.interfaces.iter().any(|it| it.class == (DFU.0, DFU.1, protocol));
    if has(2) {
        return Some(ProgrammerKind::Dfu);
    }
    let names = port.interfaces.iter().filter_map(|it| it.name.as_ref()).chain(&port.product);
    if names.into_iter().any(|name| name.contains(CMSIS_DAP)) {
        return Some(ProgrammerKind::Swd);
    }
    let known = known(port.vendor_id, port.product_id).map(|line| line.kind);
    known.or_else(|| has(1).then_some(ProgrammerKind::DfuRuntime))
}

fn seen(machine: &Machine, port: &UsbPort, kind: ProgrammerKind) -> SeenProgrammer {
    let node = if kind.is_line() { port.lines.first().cloned() } else { Some(port.node.clone()) };
    let permission = permission(machine, node.as_ref());
    SeenProgrammer {
        id: format!("{:04x}:{:04x}", port.vendor_id, port.product_id),
        serial: port.serial.clone(),
        product: port.product.clone().or_else(|| Some(known(port.vendor_id, port.product_id)?.name.to_owned())),
        select: select(kind, &port.port),
        advice: advice(kind, permission),
        port: port.port.clone(),
        kind,
        node,
        permission,
    }
}

fn permission(machine: &Machine, node: Option<&PathBuf>) -> Permission {
    let Some(path) = node.map(|node| machine.path(node)).filter(|path| path.exists()) else {
        return Permission::Absent;
    };
    match rustix::fs::access(path, Access::READ_OK | Access::WRITE_OK) {
        Ok(()) => Permission::Granted,
        Err(_) => Permission::Denied,
    }
}

fn select(kind: ProgrammerKind, port: &str) -> Option<String> {
    match kind {
        ProgrammerKind::Swd => Some(format!("swd:port={port}")),
        ProgrammerKind::Dfu => Some(format!("dfu:port={port}")),
        ProgrammerKind::Esp | ProgrammerKind::Serial => Some(format!("esp:port={port}")),
        _ => None,
    }
}

fn advice(kind: ProgrammerKind, permission: Permission) -> Option<&'static str> {
    match (permission, kind) {
        (Permission::Denied, _) => Some("install the udev rule that `firstlight doctor` prints, then plug it in again"),
        (Permission::Absent, kind) if kind.is_line() => {
            Some("no driver made a serial line of it: see what the kernel says with `sudo dmesg`")
        }
        (Permission::Absent, _) => Some("its node is not here: share /dev/bus/usb with this container"),
        (_, ProgrammerKind::DfuRuntime) => Some("it runs its firmware: put it into its boot loader first"),
        (_, ProgrammerKind::Uf2) => Some("copy a UF2 file to its drive, or use a debug probe"),
        (_, ProgrammerKind::NordicSerialDfu | ProgrammerKind::SpiI2c) => {
            Some("name a program that drives it under `programmers:` in fleet.yaml")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::port::tests::MadeUp;
    use super::*;

    fn listed(it: &MadeUp) -> Vec<(ProgrammerKind, Option<String>)> {
        programmers(&it.machine()).unwrap().into_iter().map(|seen| (seen.kind, seen.select)).collect()
    }

    #[test]
    fn what_a_device_is_shows_in_its_class_its_name_or_its_number() {
        let it = MadeUp::new();
        it.plug("1-1", "1209:db42", "A", "Any boot loader");
        it.interface("1-1", (0xfe, 1, 2), "flash");
        it.plug("1-2", "c251:f001", "B", "Some CMSIS-DAP probe");
        it.plug("1-3", "1366:0105", "C", "J-Link");
        it.plug("1-4", "1209:0001", "D", "Keyboard");
        it.interface("1-4", (3, 1, 1), "");
        it.plug("1-5", "1209:0002", "E", "Probe");
        it.interface("1-5", (0xff, 0, 0), "Board CMSIS-DAP v2");
        it.plug("1-6", "1209:0003", "F", "Radio");
        it.interface("1-6", (0xfe, 1, 1), "DFU");
        let select = |text: &str| Some(text.to_owned());
        assert_eq!(
            listed(&it),
            [
                (ProgrammerKind::Dfu, select("dfu:port=1-1")),
                (ProgrammerKind::Swd, select("swd:port=1-2")),
                (ProgrammerKind::Swd, select("swd:port=1-3")),
                (ProgrammerKind::Swd, select("swd:port=1-5")),
                (ProgrammerKind::DfuRuntime, None),
            ]
        );
    }

    #[test]
    fn a_serial_line_is_opened_by_its_own_node() {
        let it = MadeUp::new();
        it.plug("1-1", "10c4:ea60", "0001", "CP2102");
        let without = &programmers(&it.machine()).unwrap()[0];
        assert_eq!((without.permission, without.node.clone()), (Permission::Absent, None));
        assert!(without.advice.is_some());
        it.line("1-1", "ttyUSB3");
        let seen = &programmers(&it.machine()).unwrap()[0];
        assert_eq!((seen.permission, seen.node.clone()), (Permission::Granted, Some(PathBuf::from("/dev/ttyUSB3"))));
        assert_eq!((seen.select.as_deref(), seen.advice), (Some("esp:port=1-1"), None));
    }

    #[test]
    fn a_node_that_is_not_shared_with_a_container_is_said() {
        let it = MadeUp::new();
        it.plug("1-1", "1366:0105", "C", "J-Link");
        let node = it.machine().path(&usb_ports(&it.machine()).unwrap()[0].node);
        std::fs::remove_file(node).unwrap();
        let seen = &programmers(&it.machine()).unwrap()[0];
        assert_eq!(seen.permission, Permission::Absent);
        assert!(seen.advice.unwrap().contains("/dev/bus/usb"));
    }
}
