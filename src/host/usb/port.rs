//! USB devices by the port they are plugged into, from sysfs.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::super::machine::{attribute, names, number};
use super::super::{HostError, Machine, files};
use super::descriptors;

/// The class code of a hub (USB 2.0, section 11.23.1).
const HUB: u64 = 9;
/// The most bytes of descriptors that are read; one configuration has at most 65,535.
const MOST_DESCRIPTORS: u64 = 128 << 10;

/// A USB device and the port it is plugged into.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct UsbPort {
    /// Port path such as `1-4.2`: bus, then the port of each hub on the way.
    pub port: String,
    /// Vendor id.
    pub vendor_id: u16,
    /// Product id.
    pub product_id: u16,
    /// Serial number; clones share theirs.
    pub serial: Option<String>,
    /// Product name.
    pub product: Option<String>,
    /// True for a hub.
    pub hub: bool,
    /// The node by which it is opened: `/dev/bus/usb/001/005`; another one after each replug.
    pub node: PathBuf,
    /// Its number on the bus; another one after each replug.
    pub address: u8,
    /// Its interfaces, each alternate setting on its own.
    pub interfaces: Vec<UsbInterface>,
    /// Its serial lines: `/dev/ttyUSB0`, `/dev/ttyACM0`.
    pub lines: Vec<PathBuf>,
}

/// One alternate setting of an interface.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct UsbInterface {
    /// Interface number.
    pub number: u8,
    /// Alternate setting.
    pub alternate: u8,
    /// Class, subclass and protocol.
    pub class: (u8, u8, u8),
    /// Its name, known without opening the device for the setting in use only.
    pub name: Option<String>,
}

/// Returns the USB devices of this machine, root hubs left out, in the order of their ports. A machine without USB has none.
pub fn usb_ports(machine: &Machine) -> Result<Vec<UsbPort>, HostError> {
    let folder = machine.path("/sys/bus/usb/devices");
    if !folder.exists() {
        return Ok(Vec::new());
    }
    std::fs::read_dir(&folder).map_err(HostError::io("reading", &folder))?;
    let mut ports: Vec<UsbPort> = names(&folder).into_iter().filter_map(|name| read(&folder, name)).collect();
    ports.sort_by_key(|port| rank(&port.port));
    Ok(ports)
}

/// Returns the ports' numbers, bus first; none if `name` is not that of a device at a port.
fn rank(name: &str) -> Option<Vec<u8>> {
    let (bus, ports) = name.split_once('-')?;
    let numbers = std::iter::once(bus).chain(ports.split('.'));
    numbers.map(|number| number.parse().ok()).collect()
}

fn read(devices: &Path, port: String) -> Option<UsbPort> {
    rank(&port)?;
    let folder = devices.join(&port);
    let (bus, address) = (number(&folder, "busnum")?, number(&folder, "devnum")?);
    let functions = functions(devices, &port);
    Some(UsbPort {
        vendor_id: hex(&folder, "idVendor")?,
        product_id: hex(&folder, "idProduct")?,
        serial: attribute(&folder, "serial"),
        product: attribute(&folder, "product"),
        hub: hex(&folder, "bDeviceClass").map(u64::from) == Some(HUB),
        node: PathBuf::from(format!("/dev/bus/usb/{bus:03}/{address:03}")),
        address: u8::try_from(address).ok()?,
        interfaces: interfaces(&folder, &functions),
        lines: functions.iter().flat_map(|(_, folder)| lines(folder)).collect(),
        port,
    })
}

fn hex(folder: &Path, name: &str) -> Option<u16> {
    u16::from_str_radix(&attribute(folder, name)?, 16).ok()
}

/// Returns the interfaces that have a folder beside the device's: number, and folder `1-2:1.0`.
fn functions(devices: &Path, port: &str) -> Vec<(u8, PathBuf)> {
    let of_port = |name: &String| name.split_once(':').is_some_and(|(device, _)| device == port);
    let number = |name: &str| name.rsplit_once('.')?.1.parse().ok();
    // Links in one flat folder: the interfaces' folders lie inside of the device's, too, but not in every made-up machine.
    let found = names(devices).into_iter().filter(of_port);
    found.filter_map(|name| Some((number(&name)?, devices.join(name)))).collect()
}

fn interfaces(folder: &Path, functions: &[(u8, PathBuf)]) -> Vec<UsbInterface> {
    let bytes = files::read_bounded(&folder.join("descriptors"), MOST_DESCRIPTORS).unwrap_or_default();
    let name = |of: u8, alternate: u8| {
        let (_, folder) = functions.iter().find(|(number, _)| *number == of)?;
        let in_use = attribute(folder, "bAlternateSetting").and_then(|text| text.parse().ok()).unwrap_or(0u8);
        attribute(folder, "interface").filter(|_| in_use == alternate)
    };
    let found = descriptors::interfaces(&bytes).into_iter().map(|it| UsbInterface {
        number: it.number,
        alternate: it.alternate,
        class: it.class,
        name: name(it.number, it.alternate),
    });
    found.collect()
}

/// Returns the nodes of the serial lines of an interface: usb-serial has `ttyUSB0/tty/ttyUSB0`, cdc-acm `tty/ttyACM0`.
fn lines(folder: &Path) -> Vec<PathBuf> {
    let is_line = |name: &String| name.starts_with("ttyUSB") || name.starts_with("ttyACM");
    let found = names(folder).into_iter().chain(names(&folder.join("tty"))).filter(is_line);
    found.map(|name| Path::new("/dev").join(name)).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;

    use super::*;

    /// A folder that looks like a machine with USB devices.
    pub(crate) struct MadeUp(pub(crate) tempfile::TempDir);

    impl MadeUp {
        pub(crate) fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir_all(folder.path().join("sys/bus/usb/devices")).unwrap();
            fs::create_dir_all(folder.path().join("dev/bus/usb/001")).unwrap();
            Self(folder)
        }

        pub(crate) fn machine(&self) -> Machine {
            Machine::at(self.0.path())
        }

        fn attribute(&self, device: &str, name: &str, value: &[u8]) {
            let path = self.0.path().join("sys/bus/usb/devices").join(device).join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, value).unwrap();
        }

        /// Plugs in a device; `id` is like `0483:df11`.
        pub(crate) fn plug(&self, port: &str, id: &str, serial: &str, product: &str) {
            let (vendor, product_id) = id.split_once(':').unwrap();
            let address = port.bytes().map(u32::from).sum::<u32>() % 100;
            for (name, value) in [
                ("idVendor", vendor),
                ("idProduct", product_id),
                ("serial", serial),
                ("product", product),
                ("bDeviceClass", "00"),
                ("busnum", "1"),
                ("devnum", &address.to_string()),
            ] {
                self.attribute(port, name, format!("{value}\n").as_bytes());
            }
            fs::write(self.0.path().join(format!("dev/bus/usb/001/{address:03}")), "").unwrap();
        }

        /// Gives a device one interface of a class.
        pub(crate) fn interface(&self, port: &str, class: (u8, u8, u8), name: &str) {
            self.attribute(port, "descriptors", &[9, 4, 0, 0, 0, class.0, class.1, class.2, 4]);
            self.attribute(&format!("{port}:1.0"), "interface", name.as_bytes());
        }

        /// Gives a device a serial line.
        pub(crate) fn line(&self, port: &str, name: &str) {
            let folder = if name.starts_with("ttyACM") { format!("tty/{name}") } else { format!("{name}/tty/{name}") };
            self.attribute(&format!("{port}:1.0"), &format!("{folder}/dev"), b"188:0\n");
            fs::write(self.0.path().join("dev").join(name), "").unwrap();
        }

        pub(crate) fn unplug(&self, port: &str) {
            fs::remove_dir_all(self.0.path().join("sys/bus/usb/devices").join(port)).unwrap();
        }
    }

    #[test]
    fn devices_are_in_the_order_of_their_ports_and_root_hubs_left_out() {
        let it = MadeUp::new();
        for port in ["1-10", "1-2", "1-2.3", "usb1", "1-2:1.0", "x-1"] {
            it.plug(port, "0483:df11", "A1", "Boot");
        }
        let ports: Vec<String> = usb_ports(&it.machine()).unwrap().into_iter().map(|port| port.port).collect();
        assert_eq!(ports, ["1-2", "1-2.3", "1-10"]);
    }

    #[test]
    fn interfaces_names_and_lines_are_read() {
        let it = MadeUp::new();
        it.plug("1-4.2", "10c4:ea60", "0001", "CP2102 Bridge");
        it.interface("1-4.2", (0xff, 0, 0), "Enhanced UART");
        it.line("1-4.2", "ttyUSB0");
        it.plug("1-3", "303a:1001", "", "USB JTAG/serial debug unit");
        it.line("1-3", "ttyACM1");
        let ports = usb_ports(&it.machine()).unwrap();
        assert_eq!(ports[0].lines, [PathBuf::from("/dev/ttyACM1")]);
        assert_eq!((ports[0].serial.as_deref(), ports[1].serial.as_deref()), (None, Some("0001")));
        assert_eq!(ports[1].lines, [PathBuf::from("/dev/ttyUSB0")]);
        assert_eq!(ports[1].interfaces[0].class, (0xff, 0, 0));
        assert_eq!(ports[1].interfaces[0].name.as_deref(), Some("Enhanced UART"));
    }

    #[test]
    fn a_machine_without_usb_has_no_devices_and_no_error() {
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(usb_ports(&Machine::at(empty.path())).unwrap(), []);
    }

    #[test]
    fn looking_at_this_machine_is_no_error() {
        usb_ports(&Machine::new()).unwrap();
    }
}
