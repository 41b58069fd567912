//! A folder that looks like a machine with USB devices.

use std::fs;
use std::path::Path;

/// A device at a port: id `0483:df11`, serial number, product, and perhaps a serial line.
pub fn plug(machine: &Path, port: &str, id: &str, serial: &str, product: &str, line: Option<&str>) {
    let folder = machine.join("sys/bus/usb/devices").join(port);
    fs::create_dir_all(&folder).unwrap();
    let (vendor, product_id) = id.split_once(':').unwrap();
    let number = port.bytes().map(u32::from).sum::<u32>() % 100;
    let number = number.to_string();
    for (name, value) in [
        ("idVendor", vendor),
        ("idProduct", product_id),
        ("serial", serial),
        ("product", product),
        ("bDeviceClass", "00"),
        ("busnum", "1"),
        ("devnum", &number),
    ] {
        fs::write(folder.join(name), format!("{value}\n")).unwrap();
    }
    let nodes = machine.join("dev/bus/usb/001");
    fs::create_dir_all(&nodes).unwrap();
    fs::write(nodes.join(format!("{number:0>3}")), "").unwrap();
    if let Some(line) = line {
        let interface = machine.join(format!("sys/bus/usb/devices/{port}:1.0"));
        fs::create_dir_all(interface.join(line)).unwrap();
        fs::write(machine.join("dev").join(line), "").unwrap();
    }
}

/// Gives the device at a port one interface in DFU mode.
pub fn dfu(machine: &Path, port: &str) {
    let path = machine.join("sys/bus/usb/devices").join(port).join("descriptors");
    fs::write(path, [9, 4, 0, 0, 0, 0xfe, 1, 2, 4]).unwrap();
}
