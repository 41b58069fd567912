//! To which of this host's addresses a datagram came, and answering from it: `IP_PKTINFO` of ip(7), `IPV6_PKTINFO` of RFC
//! 3542, section 4.
#![allow(unsafe_code)]

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::AsRawFd;

use libc::{c_int, c_uint, socklen_t};

/// Room for a control message of either kind, aligned as its head must be.
#[repr(C, align(8))]
struct Control([u8; 64]);

#[expect(clippy::cast_possible_truncation, reason = "all of them are a few bytes")]
const fn size<T>() -> socklen_t {
    size_of::<T>() as socklen_t
}

/// Has each datagram say to which address it came.
///
/// # Errors
///
/// The system does not know the option.
pub fn ask_for_destinations(socket: &UdpSocket) -> io::Result<()> {
    let (level, option) = match socket.local_addr()? {
        SocketAddr::V4(_) => (libc::IPPROTO_IP, libc::IP_PKTINFO),
        SocketAddr::V6(_) => (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO),
    };
    let on: c_int = 1;
    // SAFETY: the option takes a C int, which lives longer than the call.
    let done = unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const on).cast(), size::<c_int>()) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Receives a datagram: its length, whence it came, and to which address, where the system says that. What is longer than
/// `buffer` is cut off.
///
/// # Errors
///
/// As [`UdpSocket::recv_from`] gives them.
pub fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr, Option<IpAddr>)> {
    let mut control = Control([0; 64]);
    let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    // SAFETY: these are plain numbers and pointers, for which zero is a value. Every pointer in the head is to something that
    // lives longer than the call and is as long as the head says.
    unsafe {
        let mut from: libc::sockaddr_storage = zeroed();
        let mut head: libc::msghdr = zeroed();
        head.msg_name = (&raw mut from).cast();
        head.msg_namelen = size::<libc::sockaddr_storage>();
        head.msg_iov = &raw mut part;
        head.msg_iovlen = 1;
        head.msg_control = (&raw mut control).cast();
        head.msg_controllen = control.0.len() as _;
        let length = libc::recvmsg(socket.as_raw_fd(), &raw mut head, 0);
        let Ok(length) = usize::try_from(length) else { return Err(io::Error::last_os_error()) };
        Ok((length, source(&from)?, destination(&head)))
    }
}

/// Sends a datagram from one of this host's addresses.
///
/// # Errors
///
/// As [`UdpSocket::send_to`] gives them; also where the host does not have the address any more.
pub fn send(socket: &UdpSocket, bytes: &[u8], from: IpAddr, to: SocketAddr) -> io::Result<()> {
    let mut control = Control([0; 64]);
    let mut part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    // SAFETY: these are plain numbers and pointers, for which zero is a value. Every pointer in the head is to something that
    // lives longer than the call and is as long as the head says; sendmsg(2) writes through none of them. The control message
    // fits into its room, which `CMSG_FIRSTHDR` looks at, too.
    let sent = unsafe {
        let mut name: libc::sockaddr_storage = zeroed();
        let mut head: libc::msghdr = zeroed();
        head.msg_name = (&raw mut name).cast();
        head.msg_namelen = put_address(&mut name, to);
        head.msg_iov = &raw mut part;
        head.msg_iovlen = 1;
        head.msg_control = (&raw mut control).cast();
        match from {
            IpAddr::V4(from) => {
                let mut info: libc::in_pktinfo = zeroed();
                info.ipi_spec_dst.s_addr = u32::from(from).to_be();
                put_control(&mut head, libc::IPPROTO_IP, libc::IP_PKTINFO, info);
            }
            IpAddr::V6(from) => {
                let mut info: libc::in6_pktinfo = zeroed();
                info.ipi6_addr.s6_addr = from.octets();
                put_control(&mut head, libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info);
            }
        }
        libc::sendmsg(socket.as_raw_fd(), &raw const head, 0)
    };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Makes `info` the only control message of `head`.
///
/// # Safety
///
/// `msg_control` is to a [`Control`] of zeros, and `info` is as the kernel wants it for this option.
unsafe fn put_control<T>(head: &mut libc::msghdr, level: c_int, option: c_int, info: T) {
    let length = size::<T>() as c_uint;
    // SAFETY: both kinds of `info` need less than the 64 bytes of the room (20 and 12 after a head of 16).
    unsafe {
        head.msg_controllen = libc::CMSG_SPACE(length) as _;
        let control = libc::CMSG_FIRSTHDR(head);
        (*control).cmsg_level = level;
        (*control).cmsg_type = option;
        (*control).cmsg_len = libc::CMSG_LEN(length) as _;
        libc::CMSG_DATA(control).cast::<T>().write_unaligned(info);
    }
}

/// Returns to which address the datagram came, from the control messages that the kernel filled in.
///
/// # Safety
///
/// `head` is as recvmsg(2) left it.
unsafe fn destination(head: &libc::msghdr) -> Option<IpAddr> {
    // SAFETY: the macros stay within `msg_controllen`, and the kernel gives each option its own kind of data.
    unsafe {
        let mut control = libc::CMSG_FIRSTHDR(head);
        while !control.is_null() {
            let data = libc::CMSG_DATA(control);
            match ((*control).cmsg_level, (*control).cmsg_type) {
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    let info = data.cast::<libc::in_pktinfo>().read_unaligned();
                    return Some(Ipv4Addr::from(u32::from_be(info.ipi_spec_dst.s_addr)).into());
                }
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    let info = data.cast::<libc::in6_pktinfo>().read_unaligned();
                    return Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).into());
                }
                _ => control = libc::CMSG_NXTHDR(head, control),
            }
        }
    }
    None
}

fn source(from: &libc::sockaddr_storage) -> io::Result<SocketAddr> {
    let place = std::ptr::from_ref(from);
    match c_int::from(from.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says which kind it is; the storage is large enough and aligned for each.
            let from = unsafe { *place.cast::<libc::sockaddr_in>() };
            let address = Ipv4Addr::from(u32::from_be(from.sin_addr.s_addr));
            Ok(SocketAddrV4::new(address, u16::from_be(from.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let from = unsafe { *place.cast::<libc::sockaddr_in6>() };
            let address = Ipv6Addr::from(from.sin6_addr.s6_addr);
            let port = u16::from_be(from.sin6_port);
            Ok(SocketAddrV6::new(address, port, from.sin6_flowinfo, from.sin6_scope_id).into())
        }
        _ => Err(io::Error::other("a datagram of no address of the internet")),
    }
}

/// Puts an address into `name`; returns how long it is there.
#[expect(clippy::cast_possible_truncation, reason = "families are small numbers")]
fn put_address(name: &mut libc::sockaddr_storage, address: SocketAddr) -> socklen_t {
    let place = std::ptr::from_mut(name);
    match address {
        SocketAddr::V4(address) => {
            // SAFETY: the storage is large enough and aligned for each kind, and its zeros are a value of it.
            let name = unsafe { &mut *place.cast::<libc::sockaddr_in>() };
            name.sin_family = libc::AF_INET as libc::sa_family_t;
            name.sin_port = address.port().to_be();
            name.sin_addr.s_addr = u32::from(*address.ip()).to_be();
            size::<libc::sockaddr_in>()
        }
        SocketAddr::V6(address) => {
            // SAFETY: as above.
            let name = unsafe { &mut *place.cast::<libc::sockaddr_in6>() };
            name.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            name.sin6_port = address.port().to_be();
            name.sin6_flowinfo = address.flowinfo();
            name.sin6_addr.s6_addr = address.ip().octets();
            name.sin6_scope_id = address.scope_id();
            size::<libc::sockaddr_in6>()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(at: &str) -> UdpSocket {
        let socket = UdpSocket::bind(at).unwrap();
        ask_for_destinations(&socket).unwrap();
        socket
    }

    /// A socket that takes nothing but what comes from `host`.
    fn client(from: &str, host: &str, server: &UdpSocket) -> UdpSocket {
        let socket = UdpSocket::bind(from).unwrap();
        socket.connect((host, server.local_addr().unwrap().port())).unwrap();
        socket.set_read_timeout(Some(std::time::Duration::from_mins(1))).unwrap();
        socket
    }

    fn answered(server: &UdpSocket, client: &UdpSocket) -> IpAddr {
        client.send(b"a question").unwrap();
        let mut buffer = [0; 4];
        let (length, from, to) = receive(server, &mut buffer).unwrap();
        assert_eq!((&buffer[..length], from.port()), (&b"a qu"[..], client.local_addr().unwrap().port()));
        send(server, b"an answer", to.unwrap(), from).unwrap();
        let mut buffer = [0; 64];
        let length = client.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"an answer");
        to.unwrap()
    }

    #[test]
    fn it_answers_from_the_address_that_was_spoken_to() {
        let server = server("0.0.0.0:0");
        for host in ["127.0.0.1", "127.0.0.2", "127.3.2.1"] {
            assert_eq!(answered(&server, &client("127.0.0.1:0", host, &server)), host.parse::<IpAddr>().unwrap());
        }
        let nobodys = send(&server, b"x", "192.0.2.1".parse().unwrap(), server.local_addr().unwrap());
        assert!(nobodys.is_err());
    }

    #[test]
    fn one_socket_for_both_families_does_so_for_each() {
        if !std::path::Path::new("/proc/net/if_inet6").exists() {
            return assert!(UdpSocket::bind("[::]:0").is_err());
        }
        let server = server("[::]:0");
        let mapped = answered(&server, &client("127.0.0.1:0", "127.0.0.2", &server));
        assert_eq!(mapped, "::ffff:127.0.0.2".parse::<IpAddr>().unwrap());
        if let Ok(socket) = UdpSocket::bind("[::1]:0") {
            drop(socket);
            assert_eq!(answered(&server, &client("[::1]:0", "::1", &server)), Ipv6Addr::LOCALHOST);
        }
    }
}
