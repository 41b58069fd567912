//! UDP: datagrams out to anybody, and whatever comes back, with a limit on every wait.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The longest datagram that is taken.
const LONGEST: usize = 65_535;

/// A way to send and receive datagrams; its own clock counts the waits.
pub trait Datagrams {
    /// Sends a datagram.
    fn send(&mut self, to: SocketAddr, bytes: &[u8]) -> io::Result<()>;
    /// Waits for a datagram, `wait` at the longest; none came otherwise.
    fn receive(&mut self, wait: Duration) -> io::Result<Option<(SocketAddr, Vec<u8>)>>;
    /// Returns how long it has been open.
    fn elapsed(&self) -> Duration;
}

/// The machine's own: a port of the system's choice, for IPv4 and IPv6 as far as there is either.
pub struct UdpPort {
    sockets: Vec<UdpSocket>,
    began: Instant,
}

impl UdpPort {
    /// Opens it.
    pub fn open() -> io::Result<Self> {
        let four = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0));
        let six = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0));
        let sockets = match (four, six) {
            (Err(error), Err(_)) => return Err(error),
            (four, six) => four.into_iter().chain(six).collect::<Vec<_>>(),
        };
        for socket in &sockets {
            socket.set_nonblocking(true)?;
        }
        Ok(Self { sockets, began: Instant::now() })
    }

    fn taken(&self) -> io::Result<Option<(SocketAddr, Vec<u8>)>> {
        let mut bytes = vec![0; LONGEST];
        for socket in &self.sockets {
            match socket.recv_from(&mut bytes) {
                Ok((length, from)) => {
                    bytes.truncate(length);
                    return Ok(Some((from, bytes)));
                }
                // An ICMP message about a datagram sent before: that peer stays silent, which is told in the end.
                Err(error) if is_of_a_peer(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

fn is_of_a_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, Interrupted, NetworkUnreachable, WouldBlock};
    matches!(error.kind(), WouldBlock | Interrupted | ConnectionRefused | HostUnreachable | NetworkUnreachable)
}

impl Datagrams for UdpPort {
    fn send(&mut self, to: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        let fits = |socket: &&UdpSocket| socket.local_addr().is_ok_and(|own| own.is_ipv4() == to.is_ipv4());
        let socket = self.sockets.iter().find(fits);
        let socket = socket.ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))?;
        socket.send_to(bytes, to).map(|_| ())
    }

    fn receive(&mut self, wait: Duration) -> io::Result<Option<(SocketAddr, Vec<u8>)>> {
        if let Some(taken) = self.taken()? {
            return Ok(Some(taken));
        }
        let mut watched: Vec<PollFd<'_>> =
            self.sockets.iter().map(|socket| PollFd::new(socket, PollFlags::IN)).collect();
        let wait = Timespec::try_from(wait).map_err(io::Error::other)?;
        match poll(&mut watched, Some(&wait)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        self.taken()
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_arrives_with_its_sender_in_both_families() {
        let mut port = UdpPort::open().unwrap();
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(peer) = UdpSocket::bind(host) else { continue };
            let to = peer.local_addr().unwrap();
            port.send(to, b"hello").unwrap();
            let mut bytes = [0; 16];
            let (length, from) = peer.recv_from(&mut bytes).unwrap();
            assert_eq!(&bytes[..length], b"hello");
            peer.send_to(b"you", from).unwrap();
            let (sender, bytes) = port.receive(Duration::from_mins(1)).unwrap().unwrap();
            assert_eq!((sender, bytes.as_slice()), (to, &b"you"[..]));
        }
        assert_eq!(port.receive(Duration::from_millis(1)).unwrap(), None);
    }
}
