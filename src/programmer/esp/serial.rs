//! A serial port.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FlockOperation, flock};
use rustix::termios::{ControlModes, OptionalActions, QueueSelector, tcflush, tcgetattr, tcsetattr};

use super::lines::Lines;
use super::modem;
use super::wire::Wire;

/// The speed at which every ROM of the family is spoken to first; it measures it.
pub(super) const FIRST_SPEED: u32 = 115_200;
/// The longest that a request waits to be taken by the port.
const LONGEST_SEND: Duration = Duration::from_secs(10);

/// A serial port, ours alone.
pub(super) struct Serial {
    port: File,
    has_lines: bool,
    is_chips_usb: bool,
}

impl Serial {
    /// Opens a port, raw, 8N1, without flow control. A port that is open elsewhere is `ResourceBusy`.
    pub(super) fn open(node: &Path, is_chips_usb: bool) -> io::Result<Self> {
        let flags = libc::O_NOCTTY | libc::O_NONBLOCK;
        let port = OpenOptions::new().read(true).write(true).custom_flags(flags).open(node)?;
        // Root is not stopped by exclusive mode, but by a lock; other programs of the trade take one too.
        if flock(&port, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(io::Error::from(io::ErrorKind::ResourceBusy));
        }
        rustix::termios::ioctl_tiocexcl(&port)?;
        let has_lines = modem::bits(port.as_fd()).is_ok();
        let mut serial = Self { port, has_lines, is_chips_usb };
        serial.set_speed(FIRST_SPEED)?;
        tcflush(&serial.port, QueueSelector::IOFlush)?;
        Ok(serial)
    }

    /// Waits until the port can be read or written; false if the time is over.
    fn ready(&self, wanted: PollFlags, wait: Duration) -> io::Result<bool> {
        let deadline = Instant::now() + wait;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let limit = Timespec::try_from(left).map_err(io::Error::other)?;
            let mut fds = [PollFd::new(&self.port, wanted)];
            match poll(&mut fds, Some(&limit)) {
                Ok(0) => return Ok(false),
                // An error or a hang-up is told by the read or write that follows.
                Ok(_) => return Ok(true),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Drop for Serial {
    fn drop(&mut self) {
        // Exclusive mode outlives us on a port that somebody holds open; nothing can be done if it stays.
        let _ = rustix::termios::ioctl_tiocnxcl(&self.port);
    }
}

impl Wire for Serial {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let deadline = Instant::now() + LONGEST_SEND;
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.port.write(rest) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero)),
                Ok(sent) => rest = &rest[sent..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !self.ready(PollFlags::OUT, deadline.saturating_duration_since(Instant::now()))? {
                        return Err(io::Error::from(io::ErrorKind::TimedOut));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn receive(&mut self, into: &mut [u8], wait: Duration) -> io::Result<usize> {
        while self.ready(PollFlags::IN, wait)? {
            match self.port.read(into) {
                // A port that is ready and has nothing was hung up.
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
                taken => return taken,
            }
        }
        Ok(0)
    }

    fn set_speed(&mut self, baud: u32) -> io::Result<()> {
        let mut settings = tcgetattr(&self.port)?;
        settings.make_raw();
        settings.control_modes |= ControlModes::CLOCAL | ControlModes::CREAD;
        settings.control_modes &= !(ControlModes::CRTSCTS | ControlModes::CSTOPB);
        settings.set_speed(baud)?;
        tcsetattr(&self.port, OptionalActions::Now, &settings)?;
        Ok(())
    }

    fn lines(&mut self) -> Option<&mut dyn Lines> {
        if self.has_lines { Some(self) } else { None }
    }

    fn is_chips_usb(&self) -> bool {
        self.is_chips_usb
    }
}

impl Lines for Serial {
    fn set(&mut self, dtr: bool, rts: bool) -> io::Result<()> {
        modem::set(self.port.as_fd(), dtr, rts)
    }

    fn pause(&mut self, time: Duration) {
        std::thread::sleep(time);
    }
}
