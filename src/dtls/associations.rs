//! All peers of one socket.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::agenda::Agenda;
use super::bounds::{DtlsBounds, DtlsError, Identity};
use super::gate::Gate;
use super::hello::ClientHello;
use super::libssl::OpenSsl;
use super::outcome::{Departure, DtlsWord, PeerId};
use super::peer::{Event, Peer};
use super::stack::{Found, Named, Stack};
use super::turns::Turns;
use super::words::PreSharedKeys;
use crate::delivery::Random;

/// Datagrams that may wait to be sent before hellos are no longer answered.
const WAITING: usize = 4096;
/// A flight is not sent again sooner, whatever is asked for.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);

/// The server's end of one socket: the gate, the peers behind it, their timers.
///
/// After each call, take all datagrams and words. `at` is the time since the server began and never goes back.
pub struct Associations {
    stack: Box<dyn Stack>,
    turns: Arc<Turns>,
    gate: Gate,
    keys: Arc<dyn PreSharedKeys>,
    random: Arc<dyn Random>,
    bounds: DtlsBounds,
    peers: HashMap<PeerId, Peer>,
    by_address: HashMap<SocketAddr, PeerId>,
    half_open: HashMap<IpAddr, usize>,
    shaking: usize,
    agenda: Agenda,
    datagrams: VecDeque<(SocketAddr, Vec<u8>)>,
    words: VecDeque<DtlsWord>,
    peers_ever: u64,
    turned_away: u64,
}

impl Associations {
    /// Opens for peers with pre-shared keys and, with an identity, for peers with certificates.
    pub fn open(
        identity: Option<Identity>,
        keys: Arc<dyn PreSharedKeys>,
        bounds: DtlsBounds,
        random: Arc<dyn Random>,
    ) -> Result<Self, DtlsError> {
        let flight_interval = bounds.flight_interval.max(SHORTEST_INTERVAL);
        let bounds = DtlsBounds { flight_interval, ..bounds };
        let turns = Arc::<Turns>::default();
        let source = Arc::clone(&keys);
        let stack = OpenSsl::open(identity.as_ref(), source, Arc::clone(&turns), bounds.datagram, random.as_ref())?;
        Ok(Self {
            stack: Box::new(stack),
            turns,
            gate: Gate::new(random.as_ref()),
            keys,
            random,
            bounds,
            peers: HashMap::new(),
            by_address: HashMap::new(),
            half_open: HashMap::new(),
            shaking: 0,
            agenda: Agenda::default(),
            datagrams: VecDeque::new(),
            words: VecDeque::new(),
            peers_ever: 0,
            turned_away: 0,
        })
    }

    /// Proves itself with another certificate to whoever comes from now on. Whoever is there stays; where it cannot be used,
    /// all stays as it was.
    pub fn renew(&mut self, identity: Identity) -> Result<(), DtlsError> {
        let (keys, turns) = (Arc::clone(&self.keys), Arc::clone(&self.turns));
        let stack = OpenSsl::open(Some(&identity), keys, turns, self.bounds.datagram, self.random.as_ref())?;
        self.stack = Box::new(stack);
        Ok(())
    }

    /// Reads a datagram that came from an address.
    pub fn received(&mut self, at: Duration, from: SocketAddr, datagram: &[u8]) {
        if let Some(hello) = ClientHello::read(datagram) {
            return self.greeted(at, from, &hello, datagram);
        }
        if let Some(peer) = self.by_address.get(&from).and_then(|id| self.peers.get_mut(id)) {
            let id = peer.id;
            let events = peer.hear(at, datagram, &self.bounds);
            self.conclude(id, events);
        }
    }

    /// Says something to a peer, in one record; nothing happens if the peer is gone.
    pub fn send(&mut self, at: Duration, to: PeerId, bytes: &[u8]) {
        if let Some(peer) = self.peers.get_mut(&to) {
            let event = peer.say(at, bytes);
            self.conclude(to, event);
        }
    }

    /// Says goodbye to a peer and forgets it.
    pub fn close(&mut self, _at: Duration, peer: PeerId) {
        if let Some(known) = self.peers.get_mut(&peer).filter(|known| known.has_joined()) {
            known.close();
            self.conclude(peer, [Event::Left(Departure::Dismissed)]);
        }
    }

    /// Lets a peer be silent for longer than others (`idle`), or as long as they.
    pub fn keep(&mut self, peer: PeerId, idle: Option<Duration>) {
        if let Some(known) = self.peers.get_mut(&peer) {
            known.keep(idle);
            self.note(peer);
        }
    }

    /// Does what the time asks for.
    pub fn tick(&mut self, at: Duration) {
        while let Some((noted, id)) = self.agenda.due(at) {
            let Some(peer) = self.peers.get_mut(&id).filter(|peer| peer.noted == noted) else { continue };
            peer.noted = Duration::MAX;
            let event = peer.tick(at, &self.bounds);
            self.conclude(id, event);
        }
    }

    /// Returns when [`Self::tick`] is wanted next.
    pub fn deadline(&self) -> Option<Duration> {
        self.agenda.next()
    }

    /// Takes the next datagram to be sent.
    pub fn datagram(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        self.datagrams.pop_front()
    }

    /// Takes the next word.
    pub fn word(&mut self) -> Option<DtlsWord> {
        self.words.pop_front()
    }

    /// Returns how many peers there are, those in the middle of their handshake included.
    pub fn live(&self) -> usize {
        self.peers.len()
    }

    /// Returns how many of them are in the middle of their handshake.
    pub fn half_open(&self) -> usize {
        self.shaking
    }

    /// Returns how many hellos with a good cookie went unanswered, for want of room.
    pub fn turned_away(&self) -> u64 {
        self.turned_away
    }

    /// A hello: of nobody yet, of a peer's handshake once more, or of a device that begins anew.
    fn greeted(&mut self, at: Duration, from: SocketAddr, hello: &ClientHello<'_>, datagram: &[u8]) {
        let known = self.by_address.get(&from).copied();
        if let Some(peer) = known.and_then(|id| self.peers.get_mut(&id)).filter(|peer| peer.is_of(hello)) {
            if !hello.cookie().is_empty() {
                peer.hear_again(at);
            }
            let id = peer.id;
            return self.conclude(id, None);
        }
        match hello.message() {
            1 if self.gate.knows(at, from, hello) => self.admit(at, from, hello, datagram, known),
            0 if self.datagrams.len() < WAITING => {
                let cookie = self.gate.cookie(at, from, hello);
                self.datagrams.push_back((from, hello.verify_request(&cookie)));
            }
            // A late cookie: the client begins anew by itself, and cannot be brought to it in this handshake.
            _ => {}
        }
    }

    /// Lets a peer in whose address has answered, in place of the one that was there.
    fn admit(
        &mut self,
        at: Duration,
        from: SocketAddr,
        hello: &ClientHello<'_>,
        datagram: &[u8],
        known: Option<PeerId>,
    ) {
        if !self.has_room(from, known) {
            self.turned_away += 1;
            return;
        }
        let Ok(channel) = self.stack.accept(hello.cookie(), host(from)) else {
            self.turned_away += 1;
            return;
        };
        if let Some(known) = known {
            self.replace(known);
        }
        let id = PeerId(self.peers_ever);
        self.peers_ever += 1;
        let mut peer = Peer::begin(id, at, from, channel, hello, &self.bounds);
        let events = peer.hear(at, datagram, &self.bounds);
        self.peers.insert(id, peer);
        self.by_address.insert(from, id);
        *self.half_open.entry(host(from)).or_default() += 1;
        self.shaking += 1;
        self.conclude(id, events);
    }

    fn has_room(&self, from: SocketAddr, known: Option<PeerId>) -> bool {
        let freed = usize::from(known.is_some());
        let of_host = self.half_open.get(&host(from)).copied().unwrap_or_default();
        self.peers.len() < self.bounds.live.saturating_add(freed)
            && self.shaking < self.bounds.half_open
            && of_host < self.bounds.half_open_per_host
    }

    /// Forgets a peer without a word to its address, which is another's now.
    fn replace(&mut self, id: PeerId) {
        let joined = self.peers.get(&id).is_some_and(Peer::has_joined);
        self.forget(id);
        if joined {
            self.words.push_back(DtlsWord::Left { peer: id, why: Departure::Replaced });
        }
    }

    /// Passes on what happened to a peer, sends what it wants sent, and sets its timer.
    fn conclude(&mut self, id: PeerId, events: impl IntoIterator<Item = Event>) {
        let mut ended = false;
        for event in events {
            ended |= event.is_end();
            if matches!(event, Event::Joined { .. }) {
                self.no_longer_shaking(id);
                self.note_proved(id);
            }
            self.pass_on(id, event);
        }
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let from = peer.from;
        self.datagrams.extend(peer.outgoing().into_iter().map(|datagram| (from, datagram)));
        if ended {
            self.forget(id);
        } else {
            self.note(id);
        }
    }

    fn pass_on(&mut self, id: PeerId, event: Event) {
        let Some(peer) = self.peers.get(&id) else { return };
        self.words.push_back(match event {
            Event::Joined { proof, suite } => DtlsWord::Joined { peer: id, from: peer.from, proof, suite },
            Event::Said(bytes) => DtlsWord::Said { peer: id, bytes },
            Event::Left(why) => DtlsWord::Left { peer: id, why },
            Event::Failed(why) => {
                let identity = peer.named().map(|named| named.identity);
                DtlsWord::Failed { from: peer.from, identity, why }
            }
        });
    }

    /// Writes a peer into the agenda where it wants attention earlier than is noted.
    fn note(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let due = peer.due(&self.bounds);
        if due < peer.noted {
            peer.noted = due;
            self.agenda.note(due, id);
        }
        let peers = &self.peers;
        self.agenda.tidy(peers.len(), |at, id| peers.get(&id).is_some_and(|peer| peer.noted == at));
    }

    fn forget(&mut self, id: PeerId) {
        if self.peers.get(&id).is_some_and(|peer| !peer.has_joined()) {
            self.no_longer_shaking(id);
            self.note_failed(id);
        }
        if let Some(peer) = self.peers.remove(&id)
            && self.by_address.get(&peer.from) == Some(&id)
        {
            self.by_address.remove(&peer.from);
        }
    }

    /// The key that was tried is the one that the device has.
    fn note_proved(&mut self, id: PeerId) {
        let Some((from, Named { identity, key: Found::Key(choice) })) = self.named(id) else { return };
        self.turns.proved(&identity, host(from), &choice);
        if choice.is_new {
            self.words.push_back(DtlsWord::Proved { identity, number: choice.number });
        }
    }

    /// It is not: the next handshake tries another, where there is one.
    fn note_failed(&self, id: PeerId) {
        let is_another = self.peers.get(&id).is_some_and(Peer::has_another_key);
        if let (true, Some((from, Named { identity, key: Found::Key(choice) }))) = (is_another, self.named(id)) {
            self.turns.failed(&identity, host(from), &choice);
        }
    }

    fn named(&self, id: PeerId) -> Option<(SocketAddr, Named)> {
        let peer = self.peers.get(&id)?;
        Some((peer.from, peer.named()?))
    }

    fn no_longer_shaking(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get(&id) else { return };
        self.shaking = self.shaking.saturating_sub(1);
        if let Entry::Occupied(mut count) = self.half_open.entry(host(peer.from)) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// What counts as one host: an IPv4 address, or the network of an IPv6 address.
fn host(from: SocketAddr) -> IpAddr {
    match from.ip().to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}
