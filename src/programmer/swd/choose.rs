//! Which of the probes that are plugged in.

use std::net::TcpStream;

use probe_rs::probe::list::{Accessibility, Lister, ProbeListItem};
use probe_rs::probe::{DebugProbeInfo, DebugProbeSelector, Probe};

use crate::host::Machine;
use crate::host::machine::harmless;
use crate::host::usb::{UsbPort, usb_ports};

use super::failure::of_probe;
use super::order::{Choice, Failure};

/// A probe, chosen and there.
pub(super) struct Chosen {
    selector: DebugProbeSelector,
    /// Its USB port, where one device alone is meant.
    pub(super) port: Option<String>,
    /// Its serial number.
    pub(super) serial: Option<String>,
}

impl Chosen {
    /// Opens it.
    pub(super) fn open(&self) -> Result<Probe, Failure> {
        // Where nobody listens on the socket, probe-rs goes on to serial ports and USB and reports what it misses there.
        let judge = |error| if self.is_deserted() { Failure::Absent } else { of_probe(&error) };
        Lister::new().open(self.selector.clone()).map_err(judge)
    }

    /// True for a socket on which nobody listens.
    fn is_deserted(&self) -> bool {
        let address = self.selector.serial_number.as_deref().filter(|_| is_socket(&self.selector));
        address.is_some_and(|address| TcpStream::connect(address).is_err())
    }
}

/// Finds the probe that is meant; none and several are failures.
pub(super) fn probe(choice: &Choice) -> Result<Chosen, Failure> {
    let ports = usb_ports(&Machine::new()).unwrap_or_default();
    let Choice::Driver(text) = choice else { return listed(choice, &ports, &Lister::new().list_all_with_access()) };
    let selector: DebugProbeSelector =
        text.parse().map_err(|error| Failure::Protocol(format!("{text:?} selects no probe: {error}")))?;
    if is_socket(&selector) {
        return Ok(Chosen { selector, port: None, serial: None });
    }
    let found = Lister::new().list_with_access(Some(&selector));
    listed(choice, &ports, &found)
}

/// A Black Magic Probe on a socket has host and port for a serial number.
fn is_socket(selector: &DebugProbeSelector) -> bool {
    let address = selector.serial_number.as_deref().and_then(|serial| serial.rsplit_once(':'));
    (selector.vendor_id, selector.product_id) == (0x1d50, 0x6018)
        && address.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

fn listed(choice: &Choice, ports: &[UsbPort], found: &[ProbeListItem]) -> Result<Chosen, Failure> {
    let wanted: Vec<&ProbeListItem> = found.iter().filter(|item| is_meant(choice, ports, &item.info)).collect();
    // A probe with several interfaces is listed once for each.
    let mut distinct: Vec<&ProbeListItem> = Vec::new();
    for item in wanted {
        if !distinct.iter().any(|known| is_same_device(&known.info, &item.info)) {
            distinct.push(item);
        }
    }
    match distinct[..] {
        [] => Err(Failure::Absent),
        [one] => chosen(choice, ports, one),
        _ => Err(Failure::Several(distinct.iter().flat_map(|item| shown(ports, &item.info)).collect())),
    }
}

fn chosen(choice: &Choice, ports: &[UsbPort], item: &ProbeListItem) -> Result<Chosen, Failure> {
    let devices = devices(ports, &item.info);
    // probe-rs selects by identity, not by port: twins with one serial number cannot be told apart.
    if devices.len() > 1 {
        return Err(Failure::Several(shown(ports, &item.info)));
    }
    if item.accessibility == Accessibility::PermissionDenied {
        let node = devices.first().map_or("its USB node".to_owned(), |device| format!("USB port {}", device.port));
        return Err(Failure::Permission(node));
    }
    let port = match choice {
        Choice::Port(port) => Some(port.clone()),
        _ => devices.first().map(|device| device.port.clone()),
    };
    Ok(Chosen {
        selector: DebugProbeSelector { interface: None, ..DebugProbeSelector::from(&item.info) },
        port,
        serial: item.info.serial_number.as_deref().map(harmless),
    })
}

fn is_meant(choice: &Choice, ports: &[UsbPort], probe: &DebugProbeInfo) -> bool {
    match choice {
        Choice::Only | Choice::Driver(_) => true,
        Choice::Serial(serial) => probe.serial_number.as_deref() == Some(serial),
        Choice::Port(port) => devices(ports, probe).iter().any(|device| device.port == *port),
    }
}

fn is_same_device(a: &DebugProbeInfo, b: &DebugProbeInfo) -> bool {
    (a.vendor_id, a.product_id, &a.serial_number) == (b.vendor_id, b.product_id, &b.serial_number)
}

/// Returns the USB devices that have the probe's identity.
fn devices<'a>(ports: &'a [UsbPort], probe: &DebugProbeInfo) -> Vec<&'a UsbPort> {
    let is_it = |device: &&UsbPort| {
        (device.vendor_id, device.product_id) == (probe.vendor_id, probe.product_id)
            && (probe.serial_number.is_none() || device.serial == probe.serial_number)
    };
    ports.iter().filter(is_it).collect()
}

/// Returns how a probe is named in a list: by what it is and each port that its identity is found at.
fn shown(ports: &[UsbPort], probe: &DebugProbeInfo) -> Vec<String> {
    let name = harmless(&probe.identifier);
    let devices = devices(ports, probe);
    if devices.is_empty() {
        return vec![name];
    }
    devices.iter().map(|device| format!("{name} at port={}", device.port)).collect()
}

#[cfg(test)]
mod tests {
    use probe_rs::probe::blackmagic::BlackMagicProbeFactory;

    use super::*;

    fn item(serial: &str) -> ProbeListItem {
        let serial = Some(serial.to_owned());
        let info = DebugProbeInfo::new("Probe", 0x1209, 0xda42, serial, &BlackMagicProbeFactory, None, false);
        ProbeListItem::accessible(info)
    }

    fn port(path: &str, serial: &str) -> UsbPort {
        let (vendor_id, product_id) = (0x1209, 0xda42);
        let serial = Some(serial.to_owned());
        let (node, interfaces, lines) = (std::path::PathBuf::new(), Vec::new(), Vec::new());
        let (port, product) = (path.to_owned(), None);
        UsbPort { port, vendor_id, product_id, serial, product, hub: false, node, address: 0, interfaces, lines }
    }

    #[test]
    fn a_probe_is_chosen_by_port_or_serial_and_alone_without() {
        let (ports, found) = ([port("1-2", "A"), port("1-3", "B")], [item("A"), item("B")]);
        let by = |choice| listed(&choice, &ports, &found);
        let chosen = by(Choice::Port("1-3".to_owned())).ok().unwrap();
        assert_eq!((chosen.port.as_deref(), chosen.serial.as_deref()), (Some("1-3"), Some("B")));
        assert_eq!(by(Choice::Serial("A".to_owned())).ok().unwrap().port.as_deref(), Some("1-2"));
        assert_eq!(by(Choice::Serial("C".to_owned())).err(), Some(Failure::Absent));
        let Some(Failure::Several(names)) = by(Choice::Only).err() else { panic!("one was taken") };
        assert_eq!(names, ["Probe at port=1-2", "Probe at port=1-3"]);
        assert!(listed(&Choice::Only, &ports, &found[..1]).is_ok());
    }

    #[test]
    fn twins_with_one_serial_number_are_never_guessed() {
        let (ports, found) = ([port("1-2", "A"), port("1-3", "A")], [item("A"), item("A")]);
        for choice in [Choice::Only, Choice::Port("1-2".to_owned()), Choice::Serial("A".to_owned())] {
            assert!(matches!(listed(&choice, &ports, &found), Err(Failure::Several(_))), "{choice:?}");
        }
    }

    #[test]
    fn a_probe_on_a_socket_is_told_from_one_with_a_serial_number() {
        let is = |text: &str| is_socket(&text.parse().unwrap());
        assert!(is("1d50:6018:127.0.0.1:4000"));
        assert!(is("1d50:6018:bench-3.lab:4000"));
        assert!(!is("1d50:6018:7ABA4DC1"));
        assert!(!is("303a:1001:7c:df:a1:00:01:ff"));
    }
}
