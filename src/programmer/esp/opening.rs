//! Opening the line: a socket, a serial port by its node, or by the port of the USB device it belongs to.

use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use crate::host::{Machine, SerialPort, serial_ports};

use super::super::{EspLine, Link, ProgrammerError};
use super::serial::Serial;
use super::socket::Socket;
use super::wire::Wire;

/// A USB product of Espressif's: the serial port that is part of the chip.
const CHIPS_USB: (u16, u16) = (0x303a, 0x1001);

/// Opens the line anew, and says where it hangs.
pub(super) type Opening = Box<dyn FnMut() -> Result<(Box<dyn Wire>, Link), ProgrammerError> + Send>;

/// Opens the line; a serial port is told by the USB device it belongs to.
pub(super) fn open_line(
    line: &EspLine,
    name: &str,
    machine: &Machine,
) -> Result<(Box<dyn Wire>, Link), ProgrammerError> {
    let failed = |node: &str, error: io::Error| not_opened(name, node, error);
    match line {
        EspLine::Socket(address) => {
            let socket = Socket::open(address).map_err(|error| failed(address, error))?;
            Ok((Box::new(socket), Link { name: name.to_owned(), port: None, serial: None }))
        }
        EspLine::Node(node) => {
            let path = machine.path(node);
            let real = path.canonicalize().map_err(|error| failed(node, error))?;
            let usb =
                serial_ports(machine).into_iter().find(|port| Path::new(&port.node).file_name() == real.file_name());
            open_port(&real, usb, name)
        }
        EspLine::Port(port) => {
            let mut found: Vec<SerialPort> =
                serial_ports(machine).into_iter().filter(|serial| serial.port == *port).collect();
            if found.len() > 1 {
                let found = found.into_iter().map(|serial| serial.node).collect();
                return Err(ProgrammerError::Several { link: name.to_owned(), found });
            }
            let serial = found.pop().ok_or_else(|| ProgrammerError::Absent { link: name.to_owned() })?;
            open_port(&machine.path(&serial.node), Some(serial), name)
        }
    }
}

fn open_port(node: &Path, usb: Option<SerialPort>, name: &str) -> Result<(Box<dyn Wire>, Link), ProgrammerError> {
    let failed = |error| not_opened(name, &node.to_string_lossy(), error);
    let is_port = std::fs::metadata(node).map_err(failed)?.file_type().is_char_device();
    if !is_port {
        let reason = format!("{} is no serial port", node.display());
        return Err(ProgrammerError::Selector { text: name.to_owned(), reason });
    }
    let is_chips_usb = usb.as_ref().is_some_and(|usb| (usb.vendor_id, usb.product_id) == CHIPS_USB);
    let serial = Serial::open(node, is_chips_usb).map_err(failed)?;
    let (port, number) = usb.map(|usb| (usb.port, usb.serial)).unzip();
    Ok((Box::new(serial), Link { name: name.to_owned(), port, serial: number.flatten() }))
}

fn not_opened(name: &str, node: &str, error: io::Error) -> ProgrammerError {
    use io::ErrorKind as K;
    let link = name.to_owned();
    match error.kind() {
        K::NotFound | K::ConnectionRefused => ProgrammerError::Absent { link },
        K::PermissionDenied => ProgrammerError::Permission { link, node: node.to_owned() },
        K::ResourceBusy => ProgrammerError::Busy { link },
        K::TimedOut => ProgrammerError::Silent { link, doing: "connecting" },
        _ => ProgrammerError::Io { link, doing: "connecting", source: error },
    }
}
