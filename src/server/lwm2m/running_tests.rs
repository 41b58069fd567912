//! The server on real sockets: what a panic costs, who is turned away, how patient it is.

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;

use crate::bootstrap::{BootstrapRequest, Configuration, Configurations, Consultation, Outcome, Refused};
use crate::coap::Timing;
use crate::delivery::{Clock, Random};
use crate::dtls::{Candidate, PreSharedKeys, Proof};
use crate::fleet::EndpointName;
use crate::server::log::NoLog;

use super::config::{Lwm2mBounds, Lwm2mConfig};
use super::running::{Lwm2mGround, Lwm2mServer};

/// Panics whatever it is asked.
struct Panicking;

impl Configurations for Panicking {
    fn configuration(
        &self,
        _proof: &Proof,
        _asked: &BootstrapRequest,
        _from: SocketAddr,
    ) -> Result<Arc<Configuration>, Refused> {
        panic!("nothing can be found out")
    }

    fn ended(&self, _device: &EndpointName, _outcome: &Outcome, _finish: Option<OffsetDateTime>) {
        panic!("nothing can be noted")
    }

    fn consult(&self, _device: &EndpointName, _consultation: &Consultation) -> Result<Value, String> {
        panic!("nobody can be consulted")
    }
}

impl PreSharedKeys for Panicking {
    fn keys(&self, _identity: &[u8]) -> Vec<Candidate> {
        panic!("no key can be looked up")
    }
}

impl Clock for Panicking {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH
    }
}

impl Random for Panicking {
    fn fill(&self, purpose: &str, bytes: &mut [u8]) {
        let digest = crate::fleet::Digest::of(purpose.as_bytes());
        bytes.iter_mut().zip(digest.as_bytes()).for_each(|(to, from)| *to = *from);
    }
}

fn config(bounds: Lwm2mBounds) -> Lwm2mConfig {
    Lwm2mConfig {
        coap: None,
        coaps: None,
        identity: None,
        slow_links: false,
        timing: Timing::default(),
        bounds,
        transcripts: None,
    }
}

/// Answers nobody before the gate is open.
struct Waiting(Arc<Mutex<()>>);

impl Configurations for Waiting {
    fn configuration(
        &self,
        _proof: &Proof,
        _asked: &BootstrapRequest,
        _from: SocketAddr,
    ) -> Result<Arc<Configuration>, Refused> {
        drop(self.0.lock());
        Err(Refused::Nameless)
    }

    fn ended(&self, _device: &EndpointName, _outcome: &Outcome, _finish: Option<OffsetDateTime>) {}

    fn consult(&self, _device: &EndpointName, _consultation: &Consultation) -> Result<Value, String> {
        Ok(Value::Null)
    }
}

fn start(config: &Lwm2mConfig) -> Lwm2mServer {
    start_with(config, Arc::new(Panicking))
}

fn start_with(config: &Lwm2mConfig, configurations: Arc<dyn Configurations>) -> Lwm2mServer {
    let panicking = Arc::new(Panicking);
    let ground = Lwm2mGround {
        configurations,
        keys: Arc::clone(&panicking) as _,
        front: None,
        clock: Arc::clone(&panicking) as _,
        random: panicking,
        log: Arc::new(NoLog),
    };
    Lwm2mServer::start(config, ground).unwrap()
}

fn anywhere() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

fn client(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(server).unwrap();
    socket.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    socket
}

fn heard(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = vec![0; 2048];
    let length = socket.recv(&mut buffer).expect("the server answers");
    buffer.truncate(length);
    buffer
}

#[test]
fn work_that_panics_is_answered_and_takes_no_place_from_the_next() {
    // Work beyond the first is passed over: were one lost, no other device would be heard.
    let bounds = Lwm2mBounds { workers: 1, queue: 1, ..Lwm2mBounds::default() };
    let server = start(&Lwm2mConfig { coap: Some(anywhere()), ..config(bounds) });
    for number in 1..=5 {
        let device = client(server.coap().unwrap());
        // A confirmable POST to /bs?ep=x (RFC 7252).
        device.send(&[b"\x41\x02\x00", &[number][..], b"t\xb2bs\x44ep=x"].concat()).unwrap();
        // Piggybacked, with the same token: 5.00.
        assert_eq!(heard(&device)[..5], [0x61, 0xa0, 0, number, b't']);
    }
}

#[test]
fn a_server_of_all_addresses_answers_from_the_one_that_was_spoken_to() {
    let server = start(&Lwm2mConfig { coap: Some(([0, 0, 0, 0], 0).into()), ..config(Lwm2mBounds::default()) });
    // Not the address that the system takes to answer itself.
    let device = client(([127, 0, 0, 2], server.coap().unwrap().port()).into());
    device.send(b"\x41\x02\x00\x01t\xb2bs\x44ep=x").unwrap();
    assert_eq!(heard(&device)[..5], [0x61, 0xa0, 0, 1, b't']);
}

#[test]
fn without_dtls_there_is_room_for_eight_devices_in_the_place_of_one() {
    let gate = Arc::new(Mutex::new(()));
    let config = Lwm2mConfig { coap: Some(anywhere()), ..config(Lwm2mBounds { peers: 1, ..Lwm2mBounds::default() }) };
    let server = start_with(&config, Arc::new(Waiting(Arc::clone(&gate))));
    let figures = server.figures();
    let shut = gate.lock();
    let devices: Vec<UdpSocket> = (0..9).map(|_| client(server.coap().unwrap())).collect();
    for device in &devices {
        device.send(b"\x41\x02\x00\x01t\xb2bs\x44ep=x").unwrap();
    }
    while !figures().contains("\nfirstlight_lwm2m_passed_over_total 1\n") {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(figures().contains("\nfirstlight_lwm2m_peers 8\n"), "{}", figures());
    drop(shut);
}

#[cfg(feature = "dtls")]
#[test]
fn who_is_turned_away_for_want_of_room_is_counted() {
    let server =
        start(&Lwm2mConfig { coaps: Some(anywhere()), ..config(Lwm2mBounds { peers: 1, ..Lwm2mBounds::default() }) });
    let figures = server.figures();
    let line = |count| format!("\nfirstlight_lwm2m_turned_away_total {count}\n");
    assert!(figures().contains(&line(0)), "{}", figures());
    let first = client(server.coaps().unwrap());
    greet(&first);
    heard(&first);
    let second = client(server.coaps().unwrap());
    greet(&second);
    while !figures().contains(&line(1)) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Says hello, and says it again with the cookie that the server gives (RFC 6347, section 4.2.1).
#[cfg(feature = "dtls")]
fn greet(socket: &UdpSocket) {
    socket.send(&hello(0, &[])).unwrap();
    let verify = heard(socket);
    socket.send(&hello(1, &verify[28..])).unwrap();
}

#[cfg(feature = "dtls")]
fn hello(number: u8, cookie: &[u8]) -> Vec<u8> {
    let length = u8::try_from(cookie.len()).unwrap();
    // Version, random, no session, cookie, TLS_PSK_WITH_AES_128_CCM_8, no compression.
    let body = [b"\xfe\xfd", &[7; 32][..], &[0, length], cookie, b"\x00\x02\xc0\xa8\x01\x00"].concat();
    let size = [0, 0, u8::try_from(body.len()).unwrap()];
    let message = [&[1][..], &size, &[0, number, 0, 0, 0], &size, &body].concat();
    let head = [22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, number, 0, u8::try_from(message.len()).unwrap()];
    [&head[..], &message].concat()
}

#[cfg(feature = "dtls")]
#[test]
fn dtls_is_as_patient_as_the_slowest_kind_of_client_wants() {
    use super::running::dtls_bounds;

    let quick = config(Lwm2mBounds::default());
    let slow = Lwm2mConfig { slow_links: true, ..quick.clone() };
    let seconds = |config: &Lwm2mConfig| {
        let bounds = dtls_bounds(config);
        (bounds.flight_interval.as_secs(), bounds.handshake_time.as_secs(), bounds.live)
    };
    assert_eq!((seconds(&quick), seconds(&slow)), ((2, 60, 1500), (20, 240, 1500)));
}
