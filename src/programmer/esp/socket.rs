//! A serial port behind a TCP socket, as `socat` and emulators offer it: bytes, and no control lines.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use super::lines::Lines;
use super::wire::Wire;

/// How long each of the host's addresses is tried.
const LONGEST_CONNECT: Duration = Duration::from_secs(5);
/// The most addresses of a host that are tried.
const MOST_ADDRESSES: usize = 4;
/// The longest that a request waits to be taken by the socket.
const LONGEST_SEND: Duration = Duration::from_secs(10);

/// A TCP socket.
pub(super) struct Socket(TcpStream);

impl Socket {
    /// Connects to `host:port`.
    pub(super) fn open(address: &str) -> io::Result<Self> {
        let mut failed = io::Error::from(io::ErrorKind::NotFound);
        for address in address.to_socket_addrs()?.take(MOST_ADDRESSES) {
            match TcpStream::connect_timeout(&address, LONGEST_CONNECT) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    stream.set_write_timeout(Some(LONGEST_SEND))?;
                    return Ok(Self(stream));
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }
}

impl Wire for Socket {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => io::Error::from(io::ErrorKind::TimedOut),
            _ => error,
        })
    }

    fn receive(&mut self, into: &mut [u8], wait: Duration) -> io::Result<usize> {
        // Zero would mean for ever.
        self.0.set_read_timeout(Some(wait.max(Duration::from_millis(1))))?;
        loop {
            match self.0.read(into) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
                taken => return taken,
            }
        }
    }

    fn set_speed(&mut self, _baud: u32) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    fn lines(&mut self) -> Option<&mut dyn Lines> {
        None
    }

    fn is_chips_usb(&self) -> bool {
        false
    }
}
