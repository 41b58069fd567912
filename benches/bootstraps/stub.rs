//! The least bootstrap server there can be: conversations and a fixed list of steps, no security, no registry, no disk.
//!
//! What it reaches is the share of UDP, of the exchange layer and of the devices in the figures of `firstlight serve`.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use firstlight::coap::{Conversation, Request, Response, Timing, Word};
use firstlight::fleet::lwm2m::{Content, Instance, Object, Path, Resource, SECURITY, SERVER, Value};
use firstlight::format::coap::Code;
use firstlight::format::payload::{PayloadFormat, encode};

/// How long a peer is kept that says nothing.
const IDLE: Duration = Duration::from_secs(10);

struct Peer {
    said: Conversation,
    /// How many of the steps were asked.
    asked: usize,
    /// The instance for the account: one that the bootstrap account is not in.
    instance: u16,
    last: Duration,
}

/// Serves for ever.
pub fn serve(socket: &UdpSocket) -> std::io::Result<()> {
    let (begun, mut peers) = (Instant::now(), HashMap::<SocketAddr, Peer>::new());
    let (mut buffer, mut looked) = ([0; 2_048], Duration::ZERO);
    socket.set_read_timeout(Some(Duration::from_millis(50)))?;
    loop {
        let received = socket.recv_from(&mut buffer);
        let now = begun.elapsed();
        if let Ok((length, from)) = received {
            let peer = peers.entry(from).or_insert_with(|| peer(from, now));
            peer.last = now;
            peer.said.received(now, &buffer[..length]);
            turn(peer, now);
            send(socket, from, peer);
        }
        if now >= looked + Duration::from_millis(50) {
            looked = now;
            peers.retain(|_, peer| peer.last + IDLE > now);
            for (to, peer) in &mut peers {
                peer.said.tick(now);
                turn(peer, now);
                send(socket, *to, peer);
            }
        }
    }
}

fn peer(from: SocketAddr, now: Duration) -> Peer {
    let mut seed = [0; 16];
    seed[..8].copy_from_slice(&now.as_nanos().to_be_bytes()[8..]);
    seed[8..10].copy_from_slice(&from.port().to_be_bytes());
    Peer { said: Conversation::new(Timing::default(), seed), asked: 0, instance: 0, last: now }
}

fn send(socket: &UdpSocket, to: SocketAddr, peer: &mut Peer) {
    while let Some(datagram) = peer.said.datagram() {
        let _ = socket.send_to(&datagram, to);
    }
}

fn turn(peer: &mut Peer, now: Duration) {
    while let Some(word) = peer.said.word() {
        match word {
            Word::Asked { asked, request, .. } if request.code == Code::GET => {
                let pack = [(Path::Root, 0)].map(|(path, instance)| payload(path, instance)).concat();
                peer.said.answer(now, asked, Response::new(Code::CONTENT).with(112, pack));
            }
            Word::Asked { asked, .. } => {
                peer.said.answer(now, asked, Response::new(Code(0x44)));
                peer.asked = 0;
                ask(peer, now);
            }
            Word::Answered { response, .. } => {
                if peer.asked == 1 {
                    peer.instance = u16::from(response.payload.windows(6).any(|part| part == b"</0/0>"));
                }
                ask(peer, now);
            }
            Word::Unanswered { .. } => {}
        }
    }
}

/// Asks the next step, as the default procedure does.
fn ask(peer: &mut Peer, now: Duration) {
    let security = Path::Instance(SECURITY, peer.instance);
    let write = |path: Path| {
        Request::new(Code::PUT, &path.to_string()).with(112, payload(path, path.instance().unwrap_or_default()))
    };
    let step = match peer.asked {
        0 | 7 => Request::new(Code::GET, "/").accepting(40),
        1 => Request::new(Code::DELETE, "/0"),
        2 => Request::new(Code::DELETE, "/1"),
        3 => write(security),
        4 => write(Path::Instance(SERVER, 0)),
        5 => Request::new(Code::POST, "/bs"),
        6 => Request::new(Code::GET, "/1").accepting(112),
        _ => return,
    };
    peer.asked += 1;
    peer.said.ask(now, step);
}

fn payload(path: Path, instance: u16) -> Vec<u8> {
    let resource = |id, value| Resource { id, content: Content::Single(value) };
    let security = vec![
        resource(0, Value::Text("coaps://lwm2m.example:5684".to_owned())),
        resource(1, Value::Boolean(false)),
        resource(2, Value::Integer(3)),
        resource(10, Value::Integer(101)),
    ];
    let server = vec![
        resource(0, Value::Integer(101)),
        resource(1, Value::Integer(86_400)),
        resource(6, Value::Boolean(false)),
        resource(7, Value::Text("U".to_owned())),
    ];
    let instance = if path == Path::Root { 7 } else { instance };
    let object = |id, resources| Object { id, instances: vec![Instance { id: instance, resources }] };
    let objects = [object(SECURITY, security), object(SERVER, server)];
    encode(PayloadFormat::SenmlCbor, path, &objects).expect("they are there").expose(<[u8]>::to_vec)
}
