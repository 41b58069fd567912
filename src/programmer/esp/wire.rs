//! A line of bytes to a ROM loader.

use std::io;
use std::time::Duration;

use super::lines::Lines;

/// The most bytes that are thrown away when a line is emptied; a line that never ends is left talking.
const MOST_DISCARDED: usize = 1 << 16;

/// A line of bytes.
pub(super) trait Wire: Send {
    /// Sends all of `bytes`; waits no longer than a few seconds.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Takes what has come, and waits for the first byte at most so long; zero if nothing came. The end of the line is an
    /// error of kind `UnexpectedEof`.
    fn receive(&mut self, into: &mut [u8], wait: Duration) -> io::Result<usize>;

    /// Changes the line's speed; a line without one says `Unsupported`.
    fn set_speed(&mut self, baud: u32) -> io::Result<()>;

    /// Returns the control lines that reset the chip, where there are any.
    fn lines(&mut self) -> Option<&mut dyn Lines>;

    /// True if the chip's own USB port is at the other end.
    fn is_chips_usb(&self) -> bool;

    /// Throws away what comes until nothing comes for so long.
    fn discard(&mut self, quiet: Duration) -> io::Result<()> {
        let (mut buffer, mut discarded) = ([0; 1024], 0);
        while discarded < MOST_DISCARDED {
            match self.receive(&mut buffer, quiet)? {
                0 => break,
                taken => discarded += taken,
            }
        }
        Ok(())
    }
}

/// True if the error means that whoever was at the other end is not there any more.
pub(super) fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    // EIO, ENXIO and ENODEV: what a serial port says whose device was pulled.
    matches!(
        error.kind(),
        K::UnexpectedEof | K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe | K::NotConnected
    ) || matches!(error.raw_os_error(), Some(libc::EIO | libc::ENXIO | libc::ENODEV))
}
