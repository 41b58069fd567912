//! A USB device that is open: control transfers by rusb.

use std::time::{Duration, Instant};

use rusb::{Context, DeviceHandle, UsbContext};

use super::super::Machine;
use super::port::{UsbPort, usb_ports};

/// How long a device that just arrived may refuse to be opened: its node comes before its permissions.
const SETTLES_WITHIN: Duration = Duration::from_secs(3);
/// Between two tries.
const BETWEEN_TRIES: Duration = Duration::from_millis(100);
/// How long the system may take to say that a device which fails is gone.
const GONE_WITHIN: Duration = Duration::from_millis(600);

/// What fails at a USB device.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UsbFault {
    /// It refuses the request (STALL).
    #[error("it stalls the request")]
    Stalled,
    /// No answer in time.
    #[error("no answer in time")]
    Silent,
    /// Unplugged.
    #[error("it is gone")]
    Gone,
    /// The system does not let us open it.
    #[error("no permission")]
    Denied,
    /// Somebody else has it.
    #[error("another program has it")]
    Busy,
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// The head of a control request (USB 2.0, section 9.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Setup {
    /// `bmRequestType`.
    pub request_type: u8,
    /// `bRequest`.
    pub request: u8,
    /// `wValue`.
    pub value: u16,
    /// `wIndex`.
    pub index: u16,
}

/// An open USB device with one interface claimed; let go when dropped.
pub struct UsbHandle {
    handle: DeviceHandle<Context>,
    machine: Machine,
    port: UsbPort,
    interface: u8,
}

impl UsbHandle {
    /// Opens the device at `port` and claims an interface. Waits up to 3 s where the node is there before its permissions are.
    pub fn open(machine: &Machine, port: &UsbPort, interface: u8) -> Result<Self, UsbFault> {
        let until = Instant::now() + SETTLES_WITHIN;
        loop {
            match Self::try_open(machine, port, interface) {
                Err(UsbFault::Denied | UsbFault::Gone) if Instant::now() < until && is_there(machine, port) => {
                    std::thread::sleep(BETWEEN_TRIES);
                }
                done => return done,
            }
        }
    }

    fn try_open(machine: &Machine, port: &UsbPort, interface: u8) -> Result<Self, UsbFault> {
        // A fresh context each time: a long-lived one learns of arrivals by events, which not every container gets.
        let devices = Context::new().and_then(|context| context.devices()).map_err(fault)?;
        let device = devices.iter().find(|device| {
            device.address() == port.address && path(device.bus_number(), device.port_numbers().ok()) == port.port
        });
        let handle = device.ok_or(UsbFault::Gone)?.open().map_err(fault)?;
        // Not offered by every system, and no driver of the kernel is bound to a boot loader.
        let _ = handle.set_auto_detach_kernel_driver(true);
        handle.claim_interface(interface).map_err(fault)?;
        Ok(Self { handle, machine: machine.clone(), port: port.clone(), interface })
    }

    /// Asks the device for at most `buffer`'s length of bytes; returns how many came.
    pub fn ask(&self, setup: Setup, buffer: &mut [u8], within: Duration) -> Result<usize, UsbFault> {
        let Setup { request_type, request, value, index } = setup;
        let asked = self.handle.read_control(request_type, request, value, index, buffer, within);
        asked.map_err(|error| self.fault(error))
    }

    /// Tells the device `bytes`; fails if it does not take them all.
    pub fn tell(&self, setup: Setup, bytes: &[u8], within: Duration) -> Result<(), UsbFault> {
        let Setup { request_type, request, value, index } = setup;
        let told = self.handle.write_control(request_type, request, value, index, bytes, within);
        match told.map_err(|error| self.fault(error))? {
            taken if taken == bytes.len() => Ok(()),
            taken => Err(UsbFault::Other(format!("it took {taken} of {} bytes", bytes.len()))),
        }
    }

    /// Chooses an alternate setting of the claimed interface.
    pub fn alternate(&self, alternate: u8) -> Result<(), UsbFault> {
        self.handle.set_alternate_setting(self.interface, alternate).map_err(|error| self.fault(error))
    }

    /// Resets the device's port. The device may come back as another one.
    pub fn reset(&self) -> Result<(), UsbFault> {
        self.handle.reset().map_err(|error| self.fault(error))
    }

    /// An unplugged device fails in several ways before the system says that it is gone.
    fn fault(&self, error: rusb::Error) -> UsbFault {
        let fault = fault(error);
        if !matches!(fault, UsbFault::Other(_)) {
            return fault;
        }
        let until = Instant::now() + GONE_WITHIN;
        while is_there(&self.machine, &self.port) {
            if Instant::now() >= until {
                return fault;
            }
            std::thread::sleep(BETWEEN_TRIES);
        }
        UsbFault::Gone
    }
}

fn is_there(machine: &Machine, port: &UsbPort) -> bool {
    let same = |other: &UsbPort| other.port == port.port && other.address == port.address;
    usb_ports(machine).is_ok_and(|ports| ports.iter().any(same))
}

fn path(bus: u8, ports: Option<Vec<u8>>) -> String {
    let ports: Vec<String> = ports.unwrap_or_default().iter().map(ToString::to_string).collect();
    format!("{bus}-{}", ports.join("."))
}

fn fault(error: rusb::Error) -> UsbFault {
    match error {
        rusb::Error::Pipe => UsbFault::Stalled,
        rusb::Error::Timeout => UsbFault::Silent,
        rusb::Error::NoDevice | rusb::Error::NotFound => UsbFault::Gone,
        rusb::Error::Access => UsbFault::Denied,
        rusb::Error::Busy => UsbFault::Busy,
        other => UsbFault::Other(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_path_is_named_as_in_sysfs() {
        assert_eq!(path(1, Some(vec![4, 2])), "1-4.2");
        assert_eq!(path(2, Some(vec![1])), "2-1");
    }

    #[test]
    fn errors_of_the_library_are_told_apart() {
        assert_eq!(fault(rusb::Error::Pipe), UsbFault::Stalled);
        assert_eq!(fault(rusb::Error::NoDevice), UsbFault::Gone);
        assert_eq!(fault(rusb::Error::Timeout), UsbFault::Silent);
        assert!(matches!(fault(rusb::Error::Io), UsbFault::Other(_)));
    }
}
