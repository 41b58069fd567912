//! The first message of a DTLS client, and all that a stranger may send before and after it.
#![no_main]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use firstlight::delivery::Random;
use firstlight::dtls::{Associations, Candidate, ClientHello, DtlsBounds, PreSharedKeys};
use firstlight::fleet::Secret;
use libfuzzer_sys::fuzz_target;

struct Fixed;

impl Random for Fixed {
    fn fill(&self, _purpose: &str, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

impl PreSharedKeys for Fixed {
    fn keys(&self, identity: &[u8]) -> Vec<Candidate> {
        let key = || Candidate { key: Secret::new(b"0123456789abcdef".to_vec()), number: 1, is_new: false };
        (identity == b"gw-1").then(key).into_iter().collect()
    }
}

const AT: Duration = Duration::from_secs(1);

/// Gives the server the hello with a good cookie, so that what follows is read in the middle of a handshake.
fn greet(server: &mut Associations, from: SocketAddr, hello: &[u8]) {
    server.received(AT, from, hello);
    let Some((to, verify)) = server.datagram() else { return };
    assert_eq!(to, from);
    let cookie = &verify[28..];
    let Some(first) = ClientHello::read(hello) else { panic!("answered, and is no hello") };
    let [before, after] = first.constant();
    let length = u8::try_from(cookie.len()).expect("a cookie is short");
    let body = [before, &[length], cookie, after].concat();
    let size = &u32::try_from(body.len()).expect("a hello is short").to_be_bytes()[1..];
    let message = [&[1], size, &[0, 1, 0, 0, 0], size, &body].concat();
    let head = u16::try_from(message.len()).expect("a hello is short").to_be_bytes();
    let second = [&[22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 1][..], &head, &message].concat();
    assert!(ClientHello::read(&second).is_some(), "a hello with its cookie is one");
    server.received(AT, from, &second);
}

fuzz_target!(|bytes: &[u8]| {
    let (hello, rest) = bytes.split_at(bytes.first().map_or(0, |first| usize::from(*first)).min(bytes.len()));
    let hello = hello.get(1..).unwrap_or_default();
    let from = SocketAddr::from(([192, 0, 2, 1], 5684));
    let mut server = Associations::open(None, Arc::new(Fixed), DtlsBounds::default(), Arc::new(Fixed)).expect("it opens");
    greet(&mut server, from, hello);
    for datagram in rest.chunks(97) {
        server.received(AT, from, datagram);
        while server.datagram().is_some() || server.word().is_some() {}
    }
    assert!(server.live() <= 1);
});
