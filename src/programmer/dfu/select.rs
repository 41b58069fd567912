//! Which device: by port path, serial number, `VID:PID`, or the only one in DFU mode.

use crate::host::Machine;
use crate::host::usb::{UsbPort, usb_ports};
use crate::programmer::{ProgrammerError, UsbSelector};

use super::layout::DFU_MODE;

/// Finds the device in DFU mode that is selected.
pub(super) fn find(machine: &Machine, select: &UsbSelector) -> Result<UsbPort, ProgrammerError> {
    let link = format!("dfu:{}", select.words());
    let wanted = Wanted::read(select, &link)?;
    let ports = usb_ports(machine);
    let ports = ports.map_err(|error| ProgrammerError::Io {
        link: link.clone(),
        doing: "listing USB devices",
        source: std::io::Error::other(error.to_string()),
    })?;
    let mut fitting: Vec<UsbPort> = ports.into_iter().filter(|port| wanted.fits(port)).collect();
    let elsewhere = fitting.iter().any(runs_firmware);
    fitting.retain(in_dfu_mode);
    match fitting.len() {
        1 => Ok(fitting.remove(0)),
        0 if elsewhere && *select != UsbSelector::Only => {
            let reason = "it runs its firmware; put it into its boot loader".to_owned();
            Err(ProgrammerError::NoChip { link, reason })
        }
        0 => Err(ProgrammerError::Absent { link }),
        _ => Err(ProgrammerError::Several { link, found: fitting.iter().map(shown).collect() }),
    }
}

/// What is asked for.
enum Wanted {
    Any,
    Port(String),
    Serial(String),
    Product { vendor: u16, product: u16, serial: Option<String> },
}

impl Wanted {
    fn read(select: &UsbSelector, link: &str) -> Result<Self, ProgrammerError> {
        Ok(match select {
            UsbSelector::Only => Self::Any,
            UsbSelector::Port(port) => Self::Port(port.clone()),
            UsbSelector::Serial(serial) => Self::Serial(serial.clone()),
            UsbSelector::Driver(text) => Self::product(text).ok_or_else(|| ProgrammerError::Selector {
                text: link.to_owned(),
                reason: "port=, serial= or VID:PID follows dfu:".to_owned(),
            })?,
        })
    }

    /// Reads `VID:PID` or `VID:PID:SERIAL`.
    fn product(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let mut id = || {
            parts
                .next()
                .filter(|digits| digits.len() == 4 && !digits.starts_with('+'))
                .and_then(|digits| u16::from_str_radix(digits, 16).ok())
        };
        let (vendor, product) = (id()?, id()?);
        Some(Self::Product { vendor, product, serial: parts.next().map(str::to_owned) })
    }

    fn fits(&self, port: &UsbPort) -> bool {
        match self {
            Self::Any => true,
            Self::Port(path) => *path == port.port,
            Self::Serial(serial) => port.serial.as_ref() == Some(serial),
            Self::Product { vendor, product, serial } => {
                (*vendor, *product) == (port.vendor_id, port.product_id)
                    && serial.as_ref().is_none_or(|serial| port.serial.as_ref() == Some(serial))
            }
        }
    }
}

fn in_dfu_mode(port: &UsbPort) -> bool {
    port.interfaces.iter().any(|interface| interface.class == DFU_MODE)
}

/// Protocol 1 is DFU's of a running firmware (DFU 1.1, section 4.1.1).
fn runs_firmware(port: &UsbPort) -> bool {
    port.interfaces.iter().any(|interface| interface.class == (DFU_MODE.0, DFU_MODE.1, 1))
}

fn shown(port: &UsbPort) -> String {
    match &port.serial {
        Some(serial) => format!("port={} (serial {serial})", port.port),
        None => format!("port={}", port.port),
    }
}
