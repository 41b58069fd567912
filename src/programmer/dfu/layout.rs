//! What a device says of its DFU interface: configuration, functional descriptor, names of its alternate settings.

use crate::host::usb::Setup;
use crate::host::usb::UsbFault;
use crate::host::usb::descriptors::{descriptors, interface};

use super::control::{Control, LONGEST_TRANSFER};

/// GET_DESCRIPTOR (USB 2.0, section 9.4.3) and what it is asked for.
const GET_DESCRIPTOR: (u8, u8) = (0x80, 6);
const CONFIGURATION: u16 = 2;
const STRING: u16 = 3;
/// American English, the language that every device has.
const LANGUAGE: u16 = 0x0409;
/// Type of the functional descriptor (DFU 1.1, table 4.2).
const FUNCTIONAL: u8 = 0x21;
/// Class, subclass and protocol of DFU mode (DFU 1.1, table 4.4).
pub(super) const DFU_MODE: (u8, u8, u8) = (0xfe, 1, 2);
/// `bcdDFUVersion` of DfuSe (UM0424).
const DFUSE: u16 = 0x011a;
/// The fewest bytes of a transfer with which a device is usable: an address command has 5.
const SHORTEST_TRANSFER: usize = 8;
/// The most alternate settings that are looked at.
const MOST_ALTERNATES: usize = 32;

/// What a device says of its DFU interface.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::struct_excessive_bools)] // flags that do not depend on each other
pub(super) struct Layout {
    /// Number of the interface.
    pub(super) interface: u8,
    /// Bytes of one block: `wTransferSize`, at most what the control pipe takes.
    pub(super) transfer: usize,
    /// It takes downloads.
    pub(super) downloads: bool,
    /// It gives uploads (`bitCanUpload`).
    pub(super) uploads: bool,
    /// It stays in DFU mode after a download (`bitManifestationTolerant`).
    pub(super) tolerant: bool,
    /// It speaks DfuSe.
    pub(super) dfuse: bool,
    /// Its alternate settings, each with its name.
    pub(super) alternates: Vec<(u8, String)>,
}

/// Why the layout could not be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Unread {
    /// USB failed.
    Usb(UsbFault),
    /// It makes no sense.
    Nonsense(String),
}

impl From<UsbFault> for Unread {
    fn from(fault: UsbFault) -> Self {
        Self::Usb(fault)
    }
}

impl Layout {
    /// Asks the device.
    pub(super) fn ask(control: &mut dyn Control) -> Result<Self, Unread> {
        let configuration = configuration(control)?;
        let mut layout = Self::read(&configuration).map_err(Unread::Nonsense)?;
        let named: Vec<(u8, u8)> = alternates(&configuration).collect();
        for (alternate, name) in named.into_iter().take(MOST_ALTERNATES) {
            let text = match (string(control, name)?, layout.dfuse) {
                (None, true) => return Err(Unread::Nonsense(format!("no name of alternate setting {alternate}"))),
                (text, _) => text.unwrap_or_default(),
            };
            layout.alternates.push((alternate, text));
        }
        layout.dfuse |= layout.alternates.iter().any(|(_, name)| name.starts_with('@'));
        Ok(layout)
    }

    /// Reads a configuration descriptor with all that follows it.
    fn read(configuration: &[u8]) -> Result<Self, String> {
        let all = descriptors(configuration);
        let interface = all.iter().filter_map(|one| interface(*one)).find(|one| one.class == DFU_MODE);
        let interface = interface.ok_or("it has no interface in DFU mode")?.number;
        let functional = all.iter().find(|one| one.kind == FUNCTIONAL).ok_or("it has no DFU functional descriptor")?;
        // DFU 1.0 has no version in it.
        let (attributes, size, version) = match *functional.bytes {
            [_, _, attributes, _, _, low, high, minor, major, ..] => (attributes, [low, high], [minor, major]),
            [_, _, attributes, _, _, low, high] => (attributes, [low, high], [0, 1]),
            _ => return Err(format!("its DFU functional descriptor has {} bytes", functional.bytes.len())),
        };
        let transfer = usize::from(u16::from_le_bytes(size));
        if transfer < SHORTEST_TRANSFER {
            return Err(format!("its blocks have {transfer} bytes, at least {SHORTEST_TRANSFER} are needed"));
        }
        Ok(Self {
            interface,
            transfer: transfer.min(LONGEST_TRANSFER),
            downloads: attributes & 1 != 0,
            uploads: attributes & 2 != 0,
            tolerant: attributes & 4 != 0,
            dfuse: u16::from_le_bytes(version) == DFUSE,
            alternates: Vec::new(),
        })
    }
}

/// Returns the alternate settings of the interface in DFU mode, each with the number of the string that names it.
fn alternates(configuration: &[u8]) -> impl Iterator<Item = (u8, u8)> {
    let all = descriptors(configuration).into_iter().filter_map(interface);
    let found: Vec<_> = all.filter(|one| one.class == DFU_MODE).collect();
    let first = found.first().map(|one| one.number);
    found.into_iter().filter(move |one| Some(one.number) == first).map(|one| (one.alternate, one.name))
}

fn configuration(control: &mut dyn Control) -> Result<Vec<u8>, UsbFault> {
    let setup =
        Setup { request_type: GET_DESCRIPTOR.0, request: GET_DESCRIPTOR.1, value: CONFIGURATION << 8, index: 0 };
    Ok(control.ask(setup, LONGEST_TRANSFER)?.to_vec())
}

/// Asks for a string; a device may name none, or stall the question.
fn string(control: &mut dyn Control, number: u8) -> Result<Option<String>, UsbFault> {
    if number == 0 {
        return Ok(None);
    }
    let value = STRING << 8 | u16::from(number);
    let setup = Setup { request_type: GET_DESCRIPTOR.0, request: GET_DESCRIPTOR.1, value, index: LANGUAGE };
    let bytes = match control.ask(setup, 255) {
        Ok(bytes) => bytes,
        Err(UsbFault::Stalled) => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let length = usize::from(bytes.first().copied().unwrap_or(0)).min(bytes.len());
    let text = bytes.get(2..length).unwrap_or_default();
    let units: Vec<u16> = text.chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]])).collect();
    Ok(Some(String::from_utf16_lossy(&units)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(functional: &[u8]) -> Vec<u8> {
        [
            &[9, 2, 0, 0, 1, 1, 0, 0x80, 50][..],
            &[9, 4, 0, 0, 0, 0xfe, 1, 2, 4],
            &[9, 4, 0, 1, 0, 0xfe, 1, 2, 5],
            functional,
        ]
        .concat()
    }

    #[test]
    fn the_functional_descriptor_is_read() {
        let layout = Layout::read(&configuration(&[9, 0x21, 0x0b, 255, 0, 0, 8, 0x1a, 1])).unwrap();
        assert_eq!((layout.transfer, layout.downloads, layout.uploads, layout.tolerant), (2048, true, true, false));
        assert!(layout.dfuse);
        assert_eq!(alternates(&configuration(&[])).collect::<Vec<_>>(), [(0, 4), (1, 5)]);
    }

    #[test]
    fn a_block_is_never_longer_than_the_control_pipe_takes() {
        let layout = Layout::read(&configuration(&[9, 0x21, 7, 255, 0, 0xff, 0xff, 0x10, 1])).unwrap();
        assert_eq!((layout.transfer, layout.dfuse, layout.tolerant), (4096, false, true));
    }

    #[test]
    fn nonsense_is_refused() {
        for functional in
            [&[][..], &[5, 0x21, 7, 0, 0], &[9, 0x21, 7, 255, 0, 0, 0, 0x10, 1], &[9, 0x21, 7, 255, 0, 7, 0, 0x1a, 1]]
        {
            assert!(Layout::read(&configuration(functional)).is_err(), "{functional:?}");
        }
        assert!(Layout::read(&[]).is_err());
    }
}
