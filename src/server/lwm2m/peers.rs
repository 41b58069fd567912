//! All peers of one socket: what they ask, what they are told, and when they are forgotten. No socket and no clock.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::hash::Hash;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;

use crate::bootstrap::{BootstrapRequest, Configuration, Consultation, Outcome, Refused};
use crate::coap::{Asked, Conversation, Request, Response, Ticket, Timing, Unanswered, Word};
use crate::delivery::Random;
use crate::dtls::Proof;
use crate::fleet::EndpointName;
use crate::format::coap::Code;
use crate::management::{Errand, Front, Peer as Whence, WishId};

use super::config::Lwm2mBounds;
use super::peer::{Awaits, HELD, PackWish, Peer, Stage};
use super::request::{Aim, aim};
use super::watch::Watch;

/// How long a peer is kept after all was said even where there is no room.
const SHORTEST_LINGER: Duration = Duration::from_millis(20);

/// What is to be done on a thread that may wait.
pub(super) struct Work {
    /// Its number.
    pub(super) number: u64,
    /// The peer it is for.
    pub(super) peer: u64,
    /// What.
    pub(super) task: Task,
}

/// What may wait.
pub(super) enum Task {
    /// Find out what a device is to be told.
    Configure { proof: Proof, asked: BootstrapRequest, from: SocketAddr },
    /// Answer a request to the management server.
    Front { asked: Asked, whence: Whence, proof: Proof, request: Request },
    /// Ask an outside service.
    Consult { device: EndpointName, consultation: Consultation },
    /// Tell what came of it, and write it down.
    End { device: EndpointName, outcome: Outcome, record: Option<String>, time: String, finish: Option<OffsetDateTime> },
}

/// What came of it.
pub(super) struct Done {
    pub(super) number: u64,
    pub(super) peer: u64,
    pub(super) result: TaskResult,
}

/// What came of it.
pub(super) enum TaskResult {
    Configured(Result<Arc<Configuration>, Refused>),
    Consulted(Result<Value, String>),
    Fronted { asked: Asked, response: Response, leaves: bool },
}

/// All peers of one socket; `K` is how one is reached.
pub(super) struct Peers<K> {
    bounds: Lwm2mBounds,
    timing: Timing,
    random: Arc<dyn Random>,
    pub(super) watch: Watch,
    front: Option<Arc<Front>>,
    pub(super) keeps_records: bool,
    pub(super) by_number: HashMap<u64, Peer<K>>,
    by_key: HashMap<K, u64>,
    /// Whose bootstrap is at work, by the folded name of the device.
    pub(super) by_device: HashMap<String, u64>,
    due: BinaryHeap<Reverse<(Duration, u64)>>,
    out: VecDeque<(K, Vec<u8>)>,
    pub(super) work: VecDeque<Work>,
    left: Vec<K>,
    kept: Vec<(K, Option<Duration>)>,
    /// Work that was given out and did not come back.
    at_work: usize,
    pub(super) last: u64,
}

/// What the peers of a socket need.
pub(super) struct Ground {
    pub(super) bounds: Lwm2mBounds,
    pub(super) timing: Timing,
    pub(super) random: Arc<dyn Random>,
    pub(super) watch: Watch,
    pub(super) front: Option<Arc<Front>>,
    pub(super) keeps_records: bool,
}

impl<K: Copy + Eq + Hash> Peers<K> {
    pub(super) fn new(ground: Ground) -> Self {
        let Ground { bounds, timing, random, watch, front, keeps_records } = ground;
        Self {
            bounds,
            timing,
            random,
            watch,
            front,
            keeps_records,
            by_number: HashMap::new(),
            by_key: HashMap::new(),
            by_device: HashMap::new(),
            due: BinaryHeap::new(),
            out: VecDeque::new(),
            work: VecDeque::new(),
            left: Vec::new(),
            kept: Vec::new(),
            at_work: 0,
            last: 0,
        }
    }

    /// Takes a message of a peer.
    pub(super) fn received(&mut self, at: Duration, key: K, from: SocketAddr, proof: &Proof, datagram: &[u8]) {
        let Some(number) = self.known(at, key, from, proof, datagram) else { return };
        self.with(at, number, |peer| {
            peer.heard = at;
            peer.conversation.received(at, datagram);
        });
    }

    /// Forgets a peer that is gone.
    #[cfg(feature = "dtls")]
    pub(super) fn gone(&mut self, at: Duration, key: K, why: &str) {
        if let Some(number) = self.by_key.get(&key).copied() {
            self.end_session(at, number, why);
            self.forget(at, number);
        }
    }

    /// Returns the peer of a key; a stranger becomes one only with a request, and only while there is room.
    fn known(&mut self, at: Duration, key: K, from: SocketAddr, proof: &Proof, datagram: &[u8]) -> Option<u64> {
        if let Some(number) = self.by_key.get(&key) {
            return Some(*number);
        }
        let is_full = self.by_number.len() >= self.bounds.peers || self.at_work >= self.bounds.queue;
        if is_full {
            self.watch.counts.passed_over.fetch_add(1, Ordering::Relaxed);
        }
        if is_full || !super::request::is_request(datagram) {
            return None;
        }
        Some(self.admit(at, key, from, proof))
    }

    /// Returns the peer of a key, a new one where there is none.
    pub(super) fn admit(&mut self, at: Duration, key: K, from: SocketAddr, proof: &Proof) -> u64 {
        if let Some(number) = self.by_key.get(&key) {
            return *number;
        }
        self.last += 1;
        let mut seed = [0; 16];
        self.random.fill(&format!("conversation {} with {from}", self.last), &mut seed);
        let conversation = Conversation::new(self.timing, seed);
        let peer = Peer {
            key,
            from,
            proof: proof.clone(),
            conversation,
            stage: Stage::Idle,
            errands: Vec::new(),
            heard: at,
            is_held: false,
            scheduled: None,
        };
        self.by_number.insert(self.last, peer);
        self.by_key.insert(key, self.last);
        self.watch.counts.peers.fetch_add(1, Ordering::Relaxed);
        self.last
    }

    /// Takes what came of work.
    pub(super) fn done(&mut self, at: Duration, done: Done) {
        self.at_work = self.at_work.saturating_sub(1);
        match done.result {
            TaskResult::Configured(result) => self.configured(at, done.peer, done.number, result),
            TaskResult::Fronted { asked, response, leaves } => {
                if response.code.class() == 2 {
                    self.hold(done.peer, !leaves);
                }
                self.answer(at, done.peer, asked, response);
                self.with(at, done.peer, |_| {});
            }
            TaskResult::Consulted(result) => {
                if let Some(running) =
                    self.running(done.peer).filter(|running| running.awaits == Awaits::Service(done.number))
                {
                    running.awaits = Awaits::Nothing;
                    running.session.consulted(result);
                }
                self.with(at, done.peer, |_| {});
            }
        }
    }

    /// Does what is due.
    pub(super) fn tick(&mut self, at: Duration) {
        let mut due_now = Vec::new();
        while self.due.peek().is_some_and(|Reverse((due, _))| *due <= at) {
            due_now.extend(self.due.pop());
        }
        for Reverse((due, number)) in due_now {
            let Some(peer) = self.by_number.get_mut(&number).filter(|peer| peer.scheduled == Some(due)) else {
                continue;
            };
            peer.scheduled = None;
            if self.is_to_go(at, number) {
                self.end_session(at, number, "it took too long");
                self.forget(at, number);
            } else {
                self.with(at, number, |peer| peer.conversation.tick(at));
            }
        }
    }

    fn is_to_go(&self, at: Duration, number: u64) -> bool {
        let bounds = self.bounds_now();
        self.by_number.get(&number).is_some_and(|peer| at >= peer.end(&bounds))
    }

    /// The less room there is, the sooner those go with whom all was said: in a storm others wait for their places.
    fn bounds_now(&self) -> Lwm2mBounds {
        let free = self.bounds.peers.saturating_sub(self.by_number.len()) * 1000 / self.bounds.peers.max(1);
        let free = u32::try_from(free).unwrap_or(1000);
        let linger = self.bounds.linger * free / 1000 * free / 1000;
        Lwm2mBounds { linger: linger.max(SHORTEST_LINGER.min(self.bounds.linger)), ..self.bounds }
    }

    /// Returns when `tick` is due.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.due.peek().map(|Reverse((due, _))| *due)
    }

    /// Returns the next datagram to be sent.
    pub(super) fn datagram(&mut self) -> Option<(K, Vec<u8>)> {
        self.out.pop_front()
    }

    /// Returns the next work.
    pub(super) fn work(&mut self) -> Option<Work> {
        self.work.pop_front()
    }

    /// Returns a peer that was forgotten: whoever keeps something for it may let it go.
    pub(super) fn left(&mut self) -> Option<K> {
        self.left.pop()
    }

    /// Returns a peer that may be silent for longer from now on, or no longer.
    pub(super) fn kept(&mut self) -> Option<(K, Option<Duration>)> {
        self.kept.pop()
    }

    /// Who is registered over an association is reached by nothing else. Without one, its address is enough.
    fn hold(&mut self, number: u64, is_held: bool) {
        let Some(peer) = self.by_number.get_mut(&number).filter(|peer| peer.proof != Proof::None) else { return };
        peer.is_held = is_held;
        self.kept.push((peer.key, is_held.then_some(HELD)));
    }

    /// Ends everything that is at work.
    pub(super) fn stop(&mut self, at: Duration) {
        for number in self.by_number.keys().copied().collect::<Vec<_>>() {
            self.end_session(at, number, "the server stops");
        }
    }

    /// Does something with a peer, then all that follows from it.
    pub(super) fn with(&mut self, at: Duration, number: u64, act: impl FnOnce(&mut Peer<K>)) {
        let Some(peer) = self.by_number.get_mut(&number) else { return };
        act(peer);
        while let Some(word) = self.by_number.get_mut(&number).and_then(|peer| peer.conversation.word()) {
            match word {
                Word::Asked { asked, confirmable, request } => self.asked(at, number, asked, confirmable, &request),
                Word::Answered { ticket, response } => self.heard(at, number, ticket, Ok(response)),
                Word::Unanswered { ticket, why } => self.heard(at, number, ticket, Err(why)),
            }
        }
        self.advance(at, number);
        self.settle(number);
    }

    /// Hands out what is to be sent and puts the peer where it is looked at next.
    pub(super) fn settle(&mut self, number: u64) {
        let bounds = self.bounds_now();
        let Some(peer) = self.by_number.get_mut(&number) else { return };
        while let Some(datagram) = peer.conversation.datagram() {
            self.out.push_back((peer.key, datagram));
        }
        let due = peer.due(&bounds);
        if peer.scheduled.is_none_or(|scheduled| due < scheduled) {
            peer.scheduled = Some(due);
            self.due.push(Reverse((due, number)));
        }
    }

    fn asked(&mut self, at: Duration, number: u64, asked: Asked, confirmable: bool, request: &Request) {
        let pack = match aim(request) {
            Aim::Bootstrap => None,
            Aim::Pack => Some(PackWish { accept: request.accept }),
            Aim::Front => return self.for_front(at, number, asked, request),
            Aim::Nothing(code) => return self.answer(at, number, asked, Response::new(code)),
        };
        // LwM2M TS Core, section 6.1.4: the Bootstrap-Request is confirmable.
        let read = if confirmable {
            BootstrapRequest::read(request).map_err(|error| error.to_string())
        } else {
            Err("it is not confirmable".into())
        };
        match read {
            Ok(read) => self.decide(at, number, Some(asked), read, pack),
            Err(why) => {
                self.note_refused(number, None, "malformed", &why);
                self.answer(at, number, asked, Response::new(BAD_REQUEST));
            }
        }
    }

    fn for_front(&mut self, at: Duration, number: u64, asked: Asked, request: &Request) {
        let (Some(_), Some(peer)) = (&self.front, self.by_number.get(&number)) else {
            return self.answer(at, number, asked, Response::new(NOT_FOUND));
        };
        let association = (peer.proof != Proof::None).then_some(number);
        let whence = Whence { from: peer.from, association };
        let task = Task::Front { asked, whence, proof: peer.proof.clone(), request: request.clone() };
        self.last += 1;
        self.give_out(Work { number: self.last, peer: number, task });
    }

    /// Sends a request of the management server to a device that registered.
    pub(super) fn errand(&mut self, at: Duration, errand: Errand, key: impl FnOnce(SocketAddr) -> Option<K>) {
        let Errand { wish, peer: whence, request } = errand;
        let known = match whence.association {
            Some(number) => self.by_number.contains_key(&number).then_some(number),
            None => key(whence.from).map(|key| self.admit(at, key, whence.from, &Proof::None)),
        };
        let Some(number) = known else { return self.tell_front(at, wish, Err(Unanswered::Silent)) };
        self.with(at, number, |peer| {
            peer.heard = at;
            let ticket = peer.conversation.ask(at, request);
            peer.errands.push((ticket, wish));
        });
    }

    fn tell_front(&self, at: Duration, wish: WishId, answer: Result<Response, Unanswered>) {
        if let Some(front) = &self.front {
            front.heard(at, wish, answer);
        }
    }

    pub(super) fn answer(&mut self, at: Duration, number: u64, asked: impl Into<Option<Asked>>, response: Response) {
        if let Some(peer) = self.by_number.get_mut(&number) {
            peer.answer(at, asked.into(), response);
        }
    }

    pub(super) fn give_out(&mut self, work: Work) {
        self.at_work += 1;
        self.work.push_back(work);
    }

    fn heard(&mut self, at: Duration, number: u64, ticket: Ticket, answer: Result<Response, Unanswered>) {
        let errands = self.by_number.get_mut(&number).map(|peer| &mut peer.errands);
        let found = errands.and_then(|errands| {
            let place = errands.iter().position(|(known, _)| *known == ticket)?;
            Some(errands.swap_remove(place))
        });
        if let Some((_, wish)) = found {
            return self.tell_front(at, wish, answer);
        }
        if let Some(running) = self.running(number).filter(|running| running.awaits == Awaits::Answer(ticket)) {
            running.awaits = Awaits::Nothing;
            running.session.heard(answer);
        }
    }

    fn forget(&mut self, at: Duration, number: u64) {
        let Some(peer) = self.by_number.remove(&number) else { return };
        for (_, wish) in peer.errands {
            self.tell_front(at, wish, Err(Unanswered::Silent));
        }
        self.watch.counts.peers.fetch_sub(1, Ordering::Relaxed);
        self.by_key.remove(&peer.key);
        self.left.push(peer.key);
    }
}

const BAD_REQUEST: Code = Code(4 << 5);
const NOT_FOUND: Code = Code(4 << 5 | 4);
