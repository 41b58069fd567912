//! Programmers as they are typed: `swd:`, `dfu:port=1-2`, `esp:/dev/ttyUSB0`, `exec:NAME`, `file:PATH`.

use super::ProgrammerError;

/// A programmer as typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ProgrammerSelector {
    /// A debug probe: `swd:`, `swd:port=1-2`, `swd:serial=ABC`, `swd:1d50:6018:127.0.0.1:4000`.
    Swd(UsbSelector),
    /// A device in USB DFU mode: `dfu:`, `dfu:port=1-2`, `dfu:serial=ABC`, `dfu:0483:df11`.
    Dfu(UsbSelector),
    /// The ROM loader of an ESP32: `esp:/dev/ttyUSB0`, `esp:port=1-4.2`, `esp:socket://HOST:PORT`.
    Esp(EspLine),
    /// A program of the fleet file's `programmers:`.
    Exec(String),
    /// A simulated chip in a folder.
    File(String),
    /// An image file for a programmer that is driven by hand: `image:out/{id}.hex`.
    Image(String),
    /// A slot of the fleet file.
    Slot(u32),
}

/// Which of the USB devices of one kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UsbSelector {
    /// The only one there is.
    Only,
    /// The one at a port path.
    Port(String),
    /// The one with a serial number.
    Serial(String),
    /// As its driver selects it: `VID:PID`, `VID:PID:SERIAL`, for a Black Magic Probe on a socket `VID:PID:HOST:PORT`.
    Driver(String),
}

/// The line to an ESP32's ROM loader.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EspLine {
    /// A serial port by its node.
    Node(String),
    /// The serial port of the USB device at a port path.
    Port(String),
    /// A TCP socket: host and port.
    Socket(String),
}

impl ProgrammerSelector {
    /// Reads a programmer as typed.
    pub fn parse(text: &str) -> Result<Self, ProgrammerError> {
        let wrong = |reason: &str| ProgrammerError::Selector { text: text.to_owned(), reason: reason.to_owned() };
        let Some((kind, rest)) = text.split_once(':') else {
            return Err(wrong("it has the form swd:, dfu:, esp:, exec:, file:, image: or slot:, and what follows"));
        };
        match kind {
            "swd" => usb(rest).map(Self::Swd).ok_or_else(|| wrong("nothing is named after =")),
            "dfu" => usb(rest).map(Self::Dfu).ok_or_else(|| wrong("nothing is named after =")),
            "esp" => line(rest).map(Self::Esp).ok_or_else(|| wrong("a serial port, port= or socket:// follows esp:")),
            "exec" | "file" | "image" if rest.is_empty() => Err(wrong("nothing is named")),
            "exec" => Ok(Self::Exec(rest.to_owned())),
            "file" => Ok(Self::File(rest.to_owned())),
            "image" => Ok(Self::Image(rest.to_owned())),
            "slot" => rest.parse().map(Self::Slot).map_err(|_| wrong("a slot is a number")),
            _ => Err(wrong("this kind of programmer is not known")),
        }
    }

    /// Returns the programmer as it was understood.
    pub fn words(&self) -> String {
        match self {
            Self::Swd(usb) => format!("swd:{}", usb.words()),
            Self::Dfu(usb) => format!("dfu:{}", usb.words()),
            Self::Esp(EspLine::Node(node)) => format!("esp:{node}"),
            Self::Esp(EspLine::Port(port)) => format!("esp:port={port}"),
            Self::Esp(EspLine::Socket(address)) => format!("esp:socket://{address}"),
            Self::Exec(name) => format!("exec:{name}"),
            Self::File(path) => format!("file:{path}"),
            Self::Image(path) => format!("image:{path}"),
            Self::Slot(slot) => format!("slot:{slot}"),
        }
    }
}

impl UsbSelector {
    /// Returns the selection as it is typed.
    pub fn words(&self) -> String {
        match self {
            Self::Only => String::new(),
            Self::Port(port) => format!("port={port}"),
            Self::Serial(serial) => format!("serial={serial}"),
            Self::Driver(selector) => selector.clone(),
        }
    }
}

fn usb(rest: &str) -> Option<UsbSelector> {
    match rest.split_once('=') {
        Some((_, "")) => None,
        Some(("port", port)) => Some(UsbSelector::Port(port.to_owned())),
        Some(("serial", serial)) => Some(UsbSelector::Serial(serial.to_owned())),
        _ if rest.is_empty() => Some(UsbSelector::Only),
        _ => Some(UsbSelector::Driver(rest.to_owned())),
    }
}

fn line(rest: &str) -> Option<EspLine> {
    if let Some(address) = rest.strip_prefix("socket://") {
        let (host, port) = address.rsplit_once(':')?;
        let is_address = !host.is_empty() && port.parse::<u16>().is_ok();
        return is_address.then(|| EspLine::Socket(address.to_owned()));
    }
    match rest.strip_prefix("port=") {
        Some(port) => (!port.is_empty()).then(|| EspLine::Port(port.to_owned())),
        None => (!rest.is_empty()).then(|| EspLine::Node(rest.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_said_back_as_typed() {
        for text in [
            "swd:",
            "swd:port=1-2",
            "swd:serial=X1",
            "swd:1d50:6018:127.0.0.1:4000",
            "dfu:",
            "dfu:0483:df11",
            "esp:/dev/ttyUSB0",
            "esp:port=1-4.2",
            "esp:socket://localhost:5555",
            "exec:jlink",
            "file:chips/",
            "image:out/x.hex",
            "slot:3",
        ] {
            assert_eq!(ProgrammerSelector::parse(text).unwrap().words(), text);
        }
    }

    #[test]
    fn what_names_no_programmer_is_refused() {
        for text in ["", "swd", "jtag:", "dfu:port=", "esp:", "esp:socket://", "esp:socket://x:y", "file:", "slot:x"] {
            assert!(ProgrammerSelector::parse(text).is_err(), "{text:?}");
        }
    }
}
