//! USB devices by port.

use rusb::{Context, Device, UsbContext};
use serde::Serialize;

use super::machine::attribute;
use super::{HostError, Machine};

/// The class code of a hub (USB 2.0, section 11.23.1).
const HUB: u8 = 9;

/// A USB device and the port it is plugged into.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct UsbPort {
    /// Port path such as `1-4.2`: bus, then the port of each hub on the way.
    pub port: String,
    /// Vendor id.
    pub vendor_id: u16,
    /// Product id.
    pub product_id: u16,
    /// Serial number, from sysfs: the device is not opened.
    pub serial: Option<String>,
    /// Product name, from sysfs.
    pub product: Option<String>,
    /// True for a hub.
    pub hub: bool,
}

/// Returns the USB devices of this machine, root hubs left out, sorted by port. A machine without USB has none.
pub fn usb_ports(machine: &Machine) -> Result<Vec<UsbPort>, HostError> {
    if !machine.path("/dev/bus/usb").exists() {
        return Ok(Vec::new());
    }
    let devices = Context::new().and_then(|context| context.devices());
    let devices = devices.map_err(|error| HostError::Usb { reason: error.to_string() })?;
    let mut ports: Vec<UsbPort> = devices.iter().filter_map(|device| read(machine, &device)).collect();
    ports.sort_by(|a, b| a.port.cmp(&b.port));
    Ok(ports)
}

fn read(machine: &Machine, device: &Device<Context>) -> Option<UsbPort> {
    let descriptor = device.device_descriptor().ok()?;
    let port = port_path(device.bus_number(), &device.port_numbers().ok()?)?;
    let folder = machine.path("/sys/bus/usb/devices").join(&port);
    Some(UsbPort {
        vendor_id: descriptor.vendor_id(),
        product_id: descriptor.product_id(),
        serial: attribute(&folder, "serial"),
        product: attribute(&folder, "product"),
        hub: descriptor.class_code() == HUB,
        port,
    })
}

/// Returns the name the device has in `/sys/bus/usb/devices`; none for a root hub, which has no ports on its way.
fn port_path(bus: u8, ports: &[u8]) -> Option<String> {
    let (first, more) = ports.split_first()?;
    Some(more.iter().fold(format!("{bus}-{first}"), |path, port| format!("{path}.{port}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_path_is_named_as_in_sysfs() {
        assert_eq!(port_path(1, &[4, 2]).as_deref(), Some("1-4.2"));
        assert_eq!(port_path(2, &[1]).as_deref(), Some("2-1"));
        assert_eq!(port_path(2, &[]), None);
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
