//! Serial ports of USB devices, as sysfs shows them.

use std::path::Path;

use serde::Serialize;

use super::Machine;
use super::machine::{attribute, names};

/// A serial port and the USB device it belongs to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SerialPort {
    /// `/dev/ttyUSB0`.
    pub node: String,
    /// Port path of the USB device such as `1-4.2`.
    pub port: String,
    /// Vendor id.
    pub vendor_id: u16,
    /// Product id.
    pub product_id: u16,
    /// Serial number of the USB device.
    pub serial: Option<String>,
    /// Its product name.
    pub product: Option<String>,
}

/// Returns the serial ports of this machine that are USB devices, sorted by node. A machine without any has none.
pub fn serial_ports(machine: &Machine) -> Vec<SerialPort> {
    let class = machine.path("/sys/class/tty");
    names(&class).iter().filter_map(|name| read(&class.join(name), name)).collect()
}

/// Goes up from the port to the USB device: the first folder that has a vendor id.
fn read(class: &Path, name: &str) -> Option<SerialPort> {
    let device = class.join("device").canonicalize().ok()?;
    let folder = device.ancestors().take(8).find(|folder| folder.join("idVendor").exists())?;
    let id = |name| u16::from_str_radix(&attribute(folder, name)?, 16).ok();
    Some(SerialPort {
        node: format!("/dev/{name}"),
        port: folder.file_name()?.to_str()?.to_owned(),
        vendor_id: id("idVendor")?,
        product_id: id("idProduct")?,
        serial: attribute(folder, "serial"),
        product: attribute(folder, "product"),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_port_is_found_by_the_usb_device_it_belongs_to() {
        let root = tempfile::tempdir().unwrap();
        let device = root.path().join("sys/devices/pci0000:00/usb1/1-4/1-4.2");
        // One made by a driver of usb-serial, one by cdc-acm, and one that is no USB device.
        for (name, folder, class) in [
            ("ttyUSB0", "1-4.2:1.0/ttyUSB0", "1-4.2:1.0/ttyUSB0/tty/ttyUSB0"),
            ("ttyACM3", "1-4.2:1.1", "1-4.2:1.1/tty/ttyACM3"),
        ] {
            let class = device.join(class);
            fs::create_dir_all(&class).unwrap();
            symlink(device.join(folder), class.join("device")).unwrap();
            fs::create_dir_all(root.path().join("sys/class/tty")).unwrap();
            symlink(&class, root.path().join("sys/class/tty").join(name)).unwrap();
        }
        fs::create_dir_all(root.path().join("sys/class/tty/ttyS0")).unwrap();
        for (name, text) in [("idVendor", "303a\n"), ("idProduct", "1001\n"), ("serial", "7C:DF:A1:00:01:02\n")] {
            fs::write(device.join(name), text).unwrap();
        }
        let ports = serial_ports(&Machine::at(root.path()));
        let seen: Vec<_> = ports.iter().map(|port| (port.node.as_str(), port.port.as_str())).collect();
        assert_eq!(seen, [("/dev/ttyACM3", "1-4.2"), ("/dev/ttyUSB0", "1-4.2")]);
        assert_eq!((ports[0].vendor_id, ports[0].product_id), (0x303a, 0x1001));
        assert_eq!(ports[0].serial.as_deref(), Some("7C:DF:A1:00:01:02"));
    }

    #[test]
    fn a_machine_without_serial_ports_has_none() {
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(serial_ports(&Machine::at(empty.path())), []);
    }
}
