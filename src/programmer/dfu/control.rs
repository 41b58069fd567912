//! The few things the protocol asks of USB; a test puts a device made of software under it.

use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::host::usb::{Setup, UsbFault, UsbHandle};

/// The most bytes of one control transfer: what the kernel takes at once.
pub(super) const LONGEST_TRANSFER: usize = 4096;
/// How long one transfer may take.
const WITHIN: Duration = Duration::from_secs(4);

/// A claimed interface of an open device.
pub(super) trait Control: Send {
    /// Asks for at most `most` bytes, which are at most [`LONGEST_TRANSFER`].
    fn ask(&mut self, setup: Setup, most: usize) -> Result<Zeroizing<Vec<u8>>, UsbFault>;
    /// Tells it bytes.
    fn tell(&mut self, setup: Setup, bytes: &[u8]) -> Result<(), UsbFault>;
    /// Chooses an alternate setting of the interface.
    fn alternate(&mut self, alternate: u8) -> Result<(), UsbFault>;
    /// Resets its port.
    fn reset(&mut self) -> Result<(), UsbFault>;
    /// Lets time pass.
    fn pause(&mut self, time: Duration);
    /// How much time has passed, from any moment on.
    fn clock(&self) -> Duration;
}

/// A device of this machine.
pub(super) struct Real {
    handle: UsbHandle,
    since: Instant,
}

impl Real {
    /// Takes an open device.
    pub(super) fn new(handle: UsbHandle) -> Self {
        Self { handle, since: Instant::now() }
    }
}

impl Control for Real {
    fn ask(&mut self, setup: Setup, most: usize) -> Result<Zeroizing<Vec<u8>>, UsbFault> {
        let mut bytes = Zeroizing::new(vec![0; most.min(LONGEST_TRANSFER)]);
        let came = self.handle.ask(setup, &mut bytes, WITHIN)?;
        bytes.truncate(came);
        Ok(bytes)
    }

    fn tell(&mut self, setup: Setup, bytes: &[u8]) -> Result<(), UsbFault> {
        self.handle.tell(setup, bytes, WITHIN)
    }

    fn alternate(&mut self, alternate: u8) -> Result<(), UsbFault> {
        self.handle.alternate(alternate)
    }

    fn reset(&mut self) -> Result<(), UsbFault> {
        self.handle.reset()
    }

    fn pause(&mut self, time: Duration) {
        std::thread::sleep(time);
    }

    fn clock(&self) -> Duration {
        self.since.elapsed()
    }
}
