//! A UDP socket with a large receive buffer, and waiting for it or for a call.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::net::sockopt;

/// The longest datagram that is taken.
const LONGEST: usize = 65_535;

/// Ends the wait of a [`Socket`].
#[derive(Clone)]
pub(super) struct Bell(Arc<OwnedFd>);

impl Bell {
    /// Rings; a wait that is yet to come ends at once.
    pub(super) fn ring(&self) {
        // It can fail only where it has rung 2^64 times.
        let _ = rustix::io::write(&*self.0, &1_u64.to_ne_bytes());
    }

    fn hush(&self) {
        let mut count = [0; 8];
        let _ = rustix::io::read(&*self.0, &mut count);
    }
}

/// A UDP socket.
pub(super) struct Socket {
    udp: UdpSocket,
    bell: Bell,
    buffer: Vec<u8>,
    /// Bytes of the receive buffer that the system gave.
    pub(super) given: usize,
}

impl Socket {
    /// Listens, with a receive buffer of so many bytes where the system gives that.
    pub(super) fn open(at: SocketAddr, wanted: usize) -> io::Result<Self> {
        let socket = UdpSocket::bind(at)?;
        socket.set_nonblocking(true)?;
        // Beyond net.core.rmem_max only for who may administer the network.
        if sockopt::set_socket_recv_buffer_size_force(&socket, wanted).is_err() {
            sockopt::set_socket_recv_buffer_size(&socket, wanted)?;
        }
        // The system doubles what is asked, for its own use (socket(7), SO_RCVBUF).
        let given = sockopt::socket_recv_buffer_size(&socket)? / 2;
        let bell = Bell(Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?));
        Ok(Self { udp: socket, bell, buffer: vec![0; LONGEST], given })
    }

    /// Returns where it listens.
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.udp.local_addr()
    }

    /// Returns what ends a wait.
    pub(super) fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// Waits for a datagram or the bell, `at_most` at the longest.
    pub(super) fn wait(&self, at_most: Duration) -> io::Result<()> {
        let mut watched = [
            PollFd::new(&self.udp, PollFlags::IN),
            PollFd::from_borrowed_fd(std::os::fd::AsFd::as_fd(&*self.bell.0), PollFlags::IN),
        ];
        let wait = Timespec::try_from(at_most).map_err(io::Error::other)?;
        match poll(&mut watched, Some(&wait)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        self.bell.hush();
        Ok(())
    }

    /// Returns a datagram that is there.
    pub(super) fn receive(&mut self) -> io::Result<Option<(SocketAddr, &[u8])>> {
        loop {
            match self.udp.recv_from(&mut self.buffer) {
                Ok((length, from)) => return Ok(Some((from, &self.buffer[..length]))),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                // An ICMP message about a datagram sent before: that peer stays silent, which is noticed in time.
                Err(error) if is_of_a_peer(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends; what the system does not take is lost, as any datagram may be.
    pub(super) fn send(&self, to: SocketAddr, bytes: &[u8]) {
        let _ = self.udp.send_to(bytes, to);
    }
}

fn is_of_a_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, Interrupted, NetworkUnreachable};
    matches!(error.kind(), Interrupted | ConnectionRefused | HostUnreachable | NetworkUnreachable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_and_the_bell_end_a_wait() {
        let mut socket = Socket::open("127.0.0.1:0".parse().unwrap(), 1 << 16).unwrap();
        assert!(socket.given >= 1 << 16, "{}", socket.given);
        assert!(socket.receive().unwrap().is_none());
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        peer.send_to(b"hello", socket.address().unwrap()).unwrap();
        socket.wait(Duration::from_mins(1)).unwrap();
        assert_eq!(socket.receive().unwrap(), Some((peer.local_addr().unwrap(), &b"hello"[..])));
        let bell = socket.bell();
        let ringing = std::thread::spawn(move || bell.ring());
        socket.wait(Duration::from_mins(1)).unwrap();
        ringing.join().unwrap();
        assert!(socket.receive().unwrap().is_none());
        // Nobody listens there: what comes back is no fault of ours.
        let gone = peer.local_addr().unwrap();
        drop(peer);
        socket.send(gone, b"x");
        assert!(socket.receive().unwrap().is_none());
    }
}
