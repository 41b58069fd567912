//! A UDP socket with a large receive buffer, and waiting for it or for a call.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::net::sockopt;

use crate::host::pktinfo;

/// The longest datagram that is taken.
const LONGEST: usize = 65_535;
/// Of so many peers at least it is known to which address they spoke, and of twice as many at most.
const REMEMBERED: usize = if cfg!(test) { 3 } else { 65_536 };

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
    /// Where all addresses of the host are listened at: a peer drops what comes from another than the one it spoke to.
    spoken_to: Option<SpokenTo>,
    /// Bytes of the receive buffer that the system gave.
    pub(super) given: usize,
}

impl Socket {
    /// Listens, with a receive buffer of so many bytes where the system gives that.
    pub(super) fn open(at: SocketAddr, wanted: usize) -> io::Result<Self> {
        let socket = UdpSocket::bind(at)?;
        socket.set_nonblocking(true)?;
        let spoken_to = at.ip().is_unspecified().then(SpokenTo::default);
        if spoken_to.is_some() {
            pktinfo::ask_for_destinations(&socket)?;
        }
        // Beyond net.core.rmem_max only for who may administer the network.
        if sockopt::set_socket_recv_buffer_size_force(&socket, wanted).is_err() {
            sockopt::set_socket_recv_buffer_size(&socket, wanted)?;
        }
        // The system doubles what is asked, for its own use (socket(7), SO_RCVBUF).
        let given = sockopt::socket_recv_buffer_size(&socket)? / 2;
        let bell = Bell(Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?));
        Ok(Self { udp: socket, bell, buffer: vec![0; LONGEST], spoken_to, given })
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
            let received = match &mut self.spoken_to {
                None => self.udp.recv_from(&mut self.buffer),
                Some(spoken_to) => pktinfo::receive(&self.udp, &mut self.buffer).map(|(length, from, to)| {
                    spoken_to.note(from, to);
                    (length, from)
                }),
            };
            match received {
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
        let ours = self.spoken_to.as_ref().and_then(|spoken_to| spoken_to.of(to));
        // An address that the host has no more is no reason to be silent.
        if ours.is_none_or(|ours| pktinfo::send(&self.udp, bytes, ours, to).is_err()) {
            let _ = self.udp.send_to(bytes, to);
        }
    }
}

/// To which of our addresses peers spoke last: two generations, of which the older is forgotten when the younger is full.
#[derive(Default)]
struct SpokenTo {
    young: HashMap<SocketAddr, IpAddr>,
    old: HashMap<SocketAddr, IpAddr>,
}

impl SpokenTo {
    fn note(&mut self, peer: SocketAddr, ours: Option<IpAddr>) {
        let Some(ours) = ours else { return };
        if self.young.len() >= REMEMBERED && !self.young.contains_key(&peer) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(peer, ours);
    }

    fn of(&self, peer: SocketAddr) -> Option<IpAddr> {
        self.young.get(&peer).or_else(|| self.old.get(&peer)).copied()
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

    #[test]
    fn whoever_speaks_to_one_of_our_addresses_is_answered_from_it() {
        let mut socket = Socket::open("0.0.0.0:0".parse().unwrap(), 1 << 16).unwrap();
        let port = socket.address().unwrap().port();
        for host in ["127.0.0.2", "127.0.0.1"] {
            let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
            peer.connect((host, port)).unwrap();
            peer.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
            peer.send(b"hello").unwrap();
            socket.wait(Duration::from_mins(1)).unwrap();
            let (from, _) = socket.receive().unwrap().unwrap();
            socket.send(from, b"welcome");
            let mut buffer = [0; 16];
            assert_eq!(peer.recv(&mut buffer).unwrap(), 7);
        }
        assert!(socket.receive().unwrap().is_none());
    }

    #[test]
    fn of_so_many_peers_it_is_known_and_of_no_more_than_twice_as_many() {
        let mut spoken_to = SpokenTo::default();
        let peer = |number: u16| SocketAddr::from(([192, 0, 2, 1], number));
        let ours = Some(IpAddr::from([192, 0, 2, 9]));
        for number in 1..=100 {
            spoken_to.note(peer(number), ours);
            spoken_to.note(peer(number), ours);
            let known = (1..=number).rev().take_while(|number| spoken_to.of(peer(*number)) == ours).count();
            assert!(known >= REMEMBERED.min(usize::from(number)), "{known} of {number}");
            assert!(spoken_to.young.len() + spoken_to.old.len() <= 2 * REMEMBERED);
        }
        spoken_to.note(peer(200), None);
        assert_eq!(spoken_to.of(peer(200)), None);
    }
}
