//! Peers in virtual time: the other side is a conversation of our own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use time::OffsetDateTime;

use crate::bootstrap::{Configuration, Ending, Outcome, Refused};
use crate::coap::{Conversation, Request, Response, Timing, Word};
use crate::delivery::{Clock, Random};
use crate::dtls::Proof;
use crate::fleet::EndpointName;
use crate::fleet::bootstrap::{ClientLimits, Procedure};
use crate::fleet::lwm2m::{Accounts, Opaque, SecurityAccount, SecurityMode, ServerAccount};
use crate::format::coap::Code;
use crate::server::log::NoLog;

use super::config::Lwm2mBounds;
use super::peers::{Done, Ground, Peers, Task, TaskResult};
use super::watch::Watch;

struct Still;

impl Clock for Still {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH
    }
}

impl Random for Still {
    fn fill(&self, purpose: &str, bytes: &mut [u8]) {
        let digest = crate::fleet::Digest::of(purpose.as_bytes());
        bytes.iter_mut().zip(digest.as_bytes()).for_each(|(to, from)| *to = *from);
    }
}

const BOUNDS: Lwm2mBounds = Lwm2mBounds {
    peers: 4,
    idle: Duration::from_mins(2),
    linger: Duration::from_secs(3),
    session: Duration::from_mins(30),
    workers: 1,
    queue: 100,
    receive_buffer: 0,
};

/// The server's side and its clients, on a wire that loses nothing.
struct World {
    at: Duration,
    peers: Peers<SocketAddr>,
    watch: Watch,
    clients: BTreeMap<SocketAddr, Conversation>,
    proofs: BTreeMap<SocketAddr, Proof>,
    /// What each client was asked, and the code of what it was answered.
    said: Vec<(SocketAddr, String)>,
    ended: Vec<(String, Outcome)>,
    /// Clients that do not hear any more.
    deaf: Vec<SocketAddr>,
}

fn address(number: u8) -> SocketAddr {
    format!("192.0.2.{number}:5683").parse().unwrap()
}

fn configuration(device: &str) -> Arc<Configuration> {
    let empty = || Opaque::new(Vec::new());
    let security = SecurityAccount {
        uri: "coap://lwm2m.example".into(),
        bootstrap: false,
        mode: SecurityMode::NoSec,
        identity: empty(),
        server_key: empty(),
        secret_key: empty(),
        short_server_id: Some(1),
        certificate_usage: None,
    };
    let server = ServerAccount { short_server_id: 1, lifetime: 60, binding: "U".into() };
    let accounts = Accounts { security: vec![security], servers: vec![server], access: vec![] };
    Arc::new(Configuration {
        device: EndpointName::new(device).unwrap(),
        model: None,
        firmware: None,
        objects: accounts.into_objects(),
        new_account: false,
        procedure: Arc::new(Procedure::standard()),
        limits: ClientLimits::default(),
        timing: Timing::default(),
        pack: true,
    })
}

impl World {
    fn new() -> Self {
        let watch = Watch { counts: Arc::default(), log: Arc::new(NoLog), clock: Arc::new(Still) };
        let ground = Ground {
            bounds: BOUNDS,
            timing: Timing::default(),
            random: Arc::new(Still),
            watch: watch.clone(),
            front: None,
            keeps_records: false,
        };
        Self {
            at: Duration::ZERO,
            peers: Peers::new(ground),
            watch,
            clients: BTreeMap::new(),
            proofs: BTreeMap::new(),
            said: Vec::new(),
            ended: Vec::new(),
            deaf: Vec::new(),
        }
    }

    fn ask(&mut self, from: SocketAddr, endpoint: &str, proof: &Proof) {
        let client = self.clients.entry(from).or_insert_with(|| Conversation::new(Timing::default(), [7; 16]));
        let mut request = Request::new(Code::POST, "/bs");
        request.query.push(format!("ep={endpoint}"));
        client.ask(self.at, request);
        self.proofs.insert(from, proof.clone());
        self.flow();
    }

    /// Carries everything until nothing moves; devices refuse what they are asked but for Discover.
    fn flow(&mut self) {
        for _ in 0..200 {
            let mut moved = false;
            for (from, client) in &mut self.clients {
                client.tick(self.at);
                while let Some(datagram) = client.datagram() {
                    moved = true;
                    if !self.deaf.contains(from) {
                        self.peers.received(self.at, *from, *from, &self.proofs[from], &datagram);
                    }
                }
                while let Some(word) = client.word() {
                    moved = true;
                    match word {
                        Word::Asked { asked, request, .. } => {
                            self.said.push((*from, format!("{request:?}")));
                            let links = b"</>;lwm2m=1.1,</0/0>,</1>".to_vec();
                            let is_discover = request.code == Code::GET;
                            let response = if is_discover {
                                Response::new(Code::CONTENT).with(40, links)
                            } else {
                                Response::new(Code(5 << 5))
                            };
                            client.answer(self.at, asked, response);
                        }
                        Word::Answered { response, .. } => self.said.push((*from, response.code.to_string())),
                        Word::Unanswered { .. } => {}
                    }
                }
            }
            self.peers.tick(self.at);
            while let Some(work) = self.peers.work() {
                moved = true;
                let result = match work.task {
                    Task::Configure { asked, .. } => match asked.endpoint.as_deref() {
                        Some("stranger") => Err(Refused::Unknown("nobody knows it".into())),
                        Some(name) => Ok(configuration(name)),
                        None => Err(Refused::Nameless),
                    },
                    Task::End { device, outcome, .. } => {
                        self.ended.push((device.to_string(), outcome));
                        continue;
                    }
                    Task::Consult { .. } | Task::Front { .. } => continue,
                };
                let done = Done { number: work.number, peer: work.peer, result: TaskResult::Configured(result) };
                self.peers.done(self.at, done);
            }
            while let Some((to, datagram)) = self.peers.datagram() {
                moved = true;
                let client = self.clients.get_mut(&to).filter(|_| !self.deaf.contains(&to));
                if let Some(client) = client {
                    client.received(self.at, &datagram);
                }
            }
            if !moved {
                return;
            }
        }
        panic!("it never comes to rest: {:?}", self.said);
    }

    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.at += Duration::from_secs(1);
            self.flow();
        }
    }

    fn live(&self) -> u64 {
        self.watch.counts.peers.load(Ordering::Relaxed)
    }

    fn endings(&self, device: &str) -> Vec<String> {
        self.ended.iter().filter(|(name, _)| name == device).map(|(_, outcome)| outcome.words()).collect()
    }
}

#[test]
fn what_is_no_request_takes_no_place_and_beyond_the_bound_devices_come_later() {
    let mut world = World::new();
    for length in 0..100 {
        world.peers.received(world.at, address(99), address(99), &Proof::None, &vec![0x5a; length]);
    }
    assert_eq!(world.live(), 0);
    for number in 1..=6 {
        world.ask(address(number), "stranger", &Proof::None);
    }
    assert_eq!((world.live(), world.watch.counts.passed_over.load(Ordering::Relaxed)), (4, 2));
    let refused = |world: &World| world.said.iter().filter(|(_, code)| code == "4.00").count();
    assert_eq!(refused(&world), 4);
    // Those that were passed over repeat themselves; when the first are forgotten there is room, and nothing stays for ever.
    world.pass(400);
    assert_eq!(world.live(), 0);
}

#[test]
fn the_less_room_there_is_the_sooner_a_peer_goes_with_whom_all_was_said() {
    let mut world = World::new();
    world.ask(address(1), "gw-1", &Proof::None);
    world.pass(1);
    assert_eq!((world.live(), world.ended.len()), (1, 1), "there is room");
    for number in 2..=4 {
        world.ask(address(number), &format!("gw-{number}"), &Proof::None);
    }
    assert_eq!((world.live(), world.ended.len()), (4, 4));
    world.pass(1);
    assert_eq!(world.live(), 1, "three have made room, and so the last may stay");
    world.pass(1);
    assert_eq!(world.live(), 0);
}

#[test]
fn an_error_of_the_device_ends_its_bootstrap_and_is_told() {
    let mut world = World::new();
    world.ask(address(1), "gw-1", &Proof::None);
    assert_eq!(world.said[0].1, "2.04");
    let [(device, outcome)] = world.ended.as_slice() else { panic!("{:?}", world.ended) };
    assert!(device == "gw-1" && matches!(outcome.ending, Ending::Failed { .. }), "{outcome:?}");
    assert!(!world.said.iter().any(|(_, said)| said.starts_with("0.02 /bs")), "no Finish: {:?}", world.said);
    world.pass(10);
    assert_eq!(world.live(), 0, "forgotten when all was said");
}

#[test]
fn a_device_that_falls_silent_is_given_up_and_forgotten() {
    let mut world = World::new();
    world.deaf.push(address(1));
    let mut request = Request::new(Code::POST, "/bs");
    request.query.push("ep=gw-1".into());
    let mut client = Conversation::new(Timing::default(), [7; 16]);
    client.ask(world.at, request);
    let datagram = client.datagram().unwrap();
    world.peers.received(world.at, address(1), address(1), &Proof::None, &datagram);
    world.flow();
    assert!(world.endings("gw-1").is_empty());
    world.pass(400);
    assert_eq!(world.endings("gw-1").len(), 1, "{:?}", world.ended);
    assert_eq!(world.live(), 0);
    assert_eq!(world.watch.counts.sessions.load(Ordering::Relaxed), 0);
}

#[test]
fn a_new_request_by_the_same_proof_takes_the_place_of_the_old_and_another_proof_does_not() {
    let mut world = World::new();
    let silent = |world: &mut World, number: u8, proof: &Proof| {
        let mut request = Request::new(Code::POST, "/bs");
        request.query.push("ep=gw-1".into());
        let seed = [u8::try_from(world.deaf.len()).unwrap(); 16];
        let mut client = Conversation::new(Timing::default(), seed);
        client.ask(world.at, request);
        let datagram = client.datagram().unwrap();
        world.peers.received(world.at, address(number), address(number), proof, &datagram);
        world.deaf.push(address(number));
        world.flow();
    };
    let own = Proof::Psk(b"gw-1".to_vec());
    silent(&mut world, 1, &own);
    silent(&mut world, 2, &Proof::None);
    assert!(world.endings("gw-1").is_empty(), "another proof ends nothing: {:?}", world.ended);
    silent(&mut world, 3, &own);
    let endings = world.endings("gw-1");
    assert!(endings.len() == 1 && endings[0].contains("two devices have this name"), "{endings:?}");
    assert_eq!(world.watch.counts.sessions.load(Ordering::Relaxed), 1);
    // The same peer asks once more, with another message.
    silent(&mut world, 3, &own);
    world.peers.stop(world.at);
    world.flow();
    assert_eq!(world.watch.counts.sessions.load(Ordering::Relaxed), 0);
}
