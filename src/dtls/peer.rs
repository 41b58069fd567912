//! One peer: its handshake with budget and timers, then what is said.

use std::net::SocketAddr;
use std::time::Duration;

use super::bounds::DtlsBounds;
use super::hello::ClientHello;
use super::outcome::{Departure, HandshakeFailure, PeerId};
use super::record::{ALERT, CHANGE_CIPHER_SPEC, DTLS_1_0, HANDSHAKE, Head, Record};
use super::stack::{Channel, Found, Heard, Named, Shaken};
use super::words::Proof;

/// Longest time between two sendings of one flight (RFC 6347, section 4.2.4.1).
const LONGEST_INTERVAL: Duration = Duration::from_mins(1);
/// The alert `decrypt_error`, fatal: what a wrong key gets, and so an unknown identity (RFC 4279, section 2).
const WRONG: [u8; 2] = [2, 51];

/// One peer.
pub(super) struct Peer {
    pub(super) id: PeerId,
    pub(super) from: SocketAddr,
    /// The earliest time that the agenda holds for it.
    pub(super) noted: Duration,
    channel: Box<dyn Channel>,
    random: [u8; 32],
    /// The number of our next record in the clear. We number, for a flight that is sent again needs new ones.
    sequence: u64,
    outgoing: Vec<Vec<u8>>,
    /// How the handshake ended before our answer, where it did: the version, say, was none of ours.
    stillborn: Option<Shaken>,
    stage: Stage,
    /// How long it may be silent, where that is not what holds for all.
    idle: Option<Duration>,
}

enum Stage {
    Shaking(Box<Handshake>),
    Joined { last: Duration },
}

/// What is kept during a handshake only.
struct Handshake {
    offered: Vec<u16>,
    ends: Duration,
    /// When our flight is sent again, until the peer begins to answer it.
    again: Option<Duration>,
    sent_at: Duration,
    interval: Duration,
    flight: Vec<Vec<u8>>,
    /// The furthest message of ours that was sent: the library's own timer repeats some, and ours counts.
    furthest: Option<(u16, u32)>,
    datagrams: usize,
    bytes: usize,
    /// After its identity the peer has switched to its keys, and then has said something under them.
    switched: bool,
    sealed: bool,
}

/// What happened to a peer.
pub(super) enum Event {
    Joined { proof: Proof, suite: String },
    Said(Vec<u8>),
    Left(Departure),
    Failed(HandshakeFailure),
}

impl Event {
    /// True if there is no peer any more.
    pub(super) fn is_end(&self) -> bool {
        matches!(self, Self::Left(_) | Self::Failed(_))
    }
}

impl Peer {
    /// Begins with a hello whose cookie is good. The library is shown the hello without cookie first, and what it answers
    /// to that is dropped: the gate has answered it long ago.
    pub(super) fn begin(
        id: PeerId,
        at: Duration,
        from: SocketAddr,
        mut channel: Box<dyn Channel>,
        hello: &ClientHello<'_>,
        bounds: &DtlsBounds,
    ) -> Self {
        channel.feed(hello.first());
        let stillborn = Some(channel.shake()).filter(|shaken| !matches!(shaken, Shaken::Waiting));
        if stillborn.is_none() {
            let _ = channel.sent();
        }
        let mut random = [0; 32];
        random.copy_from_slice(hello.random());
        let handshake = Handshake {
            offered: hello.suites(),
            ends: at.saturating_add(bounds.handshake_time),
            again: None,
            sent_at: at,
            interval: bounds.flight_interval,
            flight: Vec::new(),
            furthest: None,
            datagrams: 0,
            bytes: 0,
            switched: false,
            sealed: false,
        };
        let stage = Stage::Shaking(Box::new(handshake));
        Self {
            id,
            from,
            noted: Duration::MAX,
            channel,
            random,
            // Our answer to the first hello had that hello's number, which is below this one's, or both are 0.
            sequence: hello.sequence().max(1),
            outgoing: Vec::new(),
            stillborn,
            stage,
            idle: None,
        }
    }

    /// Lets it be silent so long.
    pub(super) fn keep(&mut self, idle: Option<Duration>) {
        self.idle = idle;
    }

    /// True if this hello began the association, or is another copy of what did.
    pub(super) fn is_of(&self, hello: &ClientHello<'_>) -> bool {
        self.random == hello.random()
    }

    pub(super) fn has_joined(&self) -> bool {
        matches!(self.stage, Stage::Joined { .. })
    }

    pub(super) fn named(&self) -> Option<Named> {
        self.channel.named()
    }

    /// True if it has said what would have completed the handshake if its key were the one that was tried.
    pub(super) fn has_another_key(&self) -> bool {
        matches!(&self.stage, Stage::Shaking(handshake) if handshake.sealed)
    }

    /// Takes the datagrams to be sent.
    pub(super) fn outgoing(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.outgoing)
    }

    /// When the peer wants attention next.
    pub(super) fn due(&self, bounds: &DtlsBounds) -> Duration {
        match &self.stage {
            Stage::Shaking(handshake) => handshake.again.map_or(handshake.ends, |again| again.min(handshake.ends)),
            Stage::Joined { last } => last.saturating_add(self.idle.unwrap_or(bounds.idle)),
        }
    }

    /// Reads a datagram.
    pub(super) fn hear(&mut self, at: Duration, datagram: &[u8], bounds: &DtlsBounds) -> Vec<Event> {
        let Stage::Shaking(handshake) = &mut self.stage else { return self.hear_joined(at, datagram) };
        handshake.datagrams += 1;
        handshake.bytes += datagram.len();
        let (datagrams, bytes) = (handshake.datagrams, handshake.bytes);
        if datagrams > bounds.handshake_datagrams || bytes > bounds.handshake_bytes {
            return vec![Event::Failed(HandshakeFailure::OverBudget { datagrams, bytes })];
        }
        handshake.note(datagram);
        self.channel.feed(renumbered(datagram));
        self.shake(at, datagram, bounds)
    }

    /// The hello came again: our answer was lost, or was slow. Sends it again, unless it was just sent.
    pub(super) fn hear_again(&mut self, at: Duration) {
        let Stage::Shaking(handshake) = &mut self.stage else { return };
        let rested = at.saturating_sub(handshake.sent_at) >= handshake.interval / 4;
        if handshake.again.is_some() && rested {
            handshake.sent_at = at;
            self.resend();
        }
    }

    /// Does what the time asks for.
    pub(super) fn tick(&mut self, at: Duration, bounds: &DtlsBounds) -> Option<Event> {
        let idle = self.due(bounds) <= at;
        let handshake = match &mut self.stage {
            Stage::Joined { .. } if idle => {
                self.close();
                return Some(Event::Left(Departure::Idle));
            }
            Stage::Joined { .. } => return None,
            Stage::Shaking(handshake) => handshake,
        };
        if handshake.ends <= at {
            return Some(self.give_up());
        }
        if handshake.again.is_some_and(|again| again <= at) {
            handshake.interval = (handshake.interval * 2).min(LONGEST_INTERVAL.max(handshake.interval));
            handshake.again = Some(at.saturating_add(handshake.interval));
            handshake.sent_at = at;
            self.resend();
        }
        None
    }

    /// Says something.
    pub(super) fn say(&mut self, at: Duration, bytes: &[u8]) -> Option<Event> {
        let Stage::Joined { last } = &mut self.stage else { return None };
        *last = at;
        let written = self.channel.write(bytes);
        self.collect();
        written.err().map(|why| Event::Left(Departure::Broken(why)))
    }

    /// Says goodbye.
    pub(super) fn close(&mut self) {
        if self.has_joined() {
            self.channel.close();
            self.collect();
        }
    }

    fn hear_joined(&mut self, at: Duration, datagram: &[u8]) -> Vec<Event> {
        let mut protected = Vec::with_capacity(datagram.len());
        // Whatever is in the clear proves nothing any more.
        Record::all(datagram).filter(|record| record.epoch() > 0).for_each(|record| record.copied(&mut protected));
        if protected.is_empty() {
            return Vec::new();
        }
        self.channel.feed(protected);
        self.read(at)
    }

    fn shake(&mut self, at: Duration, datagram: &[u8], bounds: &DtlsBounds) -> Vec<Event> {
        let shaken = self.stillborn.take().unwrap_or_else(|| self.channel.shake());
        self.collect();
        let Stage::Shaking(handshake) = &mut self.stage else { return Vec::new() };
        match shaken {
            Shaken::Done => {
                self.stage = Stage::Joined { last: at };
                let joined = Event::Joined { proof: self.channel.proof(), suite: self.channel.suite() };
                let mut events = vec![joined];
                events.extend(self.read(at));
                events
            }
            Shaken::Waiting => {
                handshake.arm(at);
                if self.channel.named().is_some() {
                    handshake.doubt(datagram);
                }
                if handshake.sealed {
                    // With the right key it would be complete. Forgers can bring this about too: so not at once.
                    handshake.ends = handshake.ends.min(at.saturating_add(bounds.flight_interval));
                }
                Vec::new()
            }
            Shaken::Apart => {
                let offered = std::mem::take(&mut handshake.offered);
                vec![Event::Failed(HandshakeFailure::NoSharedSuite { offered })]
            }
            Shaken::Broken(why) => vec![Event::Failed(self.cause(HandshakeFailure::Refused(why)))],
        }
    }

    /// Ends a handshake that took too long. What the peer sees does not depend on whether its identity is known.
    fn give_up(&mut self) -> Event {
        let doubt = matches!(&self.stage, Stage::Shaking(handshake) if handshake.sealed);
        let otherwise = if doubt { HandshakeFailure::WrongKey } else { HandshakeFailure::TimedOut };
        if doubt {
            let mut alert = Vec::new();
            Head { kind: ALERT, version: DTLS_1_0, sequence: self.number() }.write(&WRONG, &mut alert);
            self.outgoing.push(alert);
        }
        Event::Failed(self.cause(otherwise))
    }

    /// The cause behind a failure: without a key there was never a chance.
    fn cause(&self, otherwise: HandshakeFailure) -> HandshakeFailure {
        match self.channel.named().map(|named| named.key) {
            Some(Found::Nothing) => HandshakeFailure::UnknownIdentity,
            Some(Found::Unusable(length)) => HandshakeFailure::UnusableKey { length },
            Some(Found::Key(_)) | None => otherwise,
        }
    }

    fn read(&mut self, at: Duration) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let event = match self.channel.read() {
                Heard::Nothing => break,
                Heard::Said(bytes) => Event::Said(bytes),
                Heard::Closed => {
                    self.channel.close();
                    Event::Left(Departure::Closed)
                }
                Heard::Broken(why) => Event::Left(Departure::Broken(why)),
            };
            self.stage = Stage::Joined { last: at };
            let ended = event.is_end();
            events.push(event);
            if ended {
                break;
            }
        }
        self.collect();
        events
    }

    /// Takes what the library wants to send, numbers it, and keeps a flight that may have to be sent again.
    fn collect(&mut self) {
        for datagram in self.channel.sent() {
            let mut numbered = Vec::with_capacity(datagram.len());
            let mut is_flight = false;
            for record in Record::all(&datagram) {
                if record.epoch() > 0 {
                    record.copied(&mut numbered);
                    continue;
                }
                if let (Some(place), Stage::Shaking(handshake)) = (record.place(), &mut self.stage) {
                    if handshake.furthest.is_some_and(|furthest| place <= furthest) {
                        continue;
                    }
                    handshake.furthest = Some(place);
                    is_flight = true;
                }
                record.renumbered(self.number(), &mut numbered);
            }
            if let (true, Stage::Shaking(handshake)) = (is_flight, &mut self.stage) {
                handshake.flight.push(numbered.clone());
            }
            if !numbered.is_empty() {
                self.outgoing.push(numbered);
            }
        }
    }

    /// Sends our flight again, under new numbers.
    fn resend(&mut self) {
        let Stage::Shaking(handshake) = &mut self.stage else { return };
        let flight = std::mem::take(&mut handshake.flight);
        for datagram in &flight {
            let mut numbered = Vec::with_capacity(datagram.len());
            for record in Record::all(datagram) {
                record.renumbered(self.number(), &mut numbered);
            }
            self.outgoing.push(numbered);
        }
        if let Stage::Shaking(handshake) = &mut self.stage {
            handshake.flight = flight;
        }
    }

    fn number(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence - 1
    }
}

impl Handshake {
    /// Notes what a datagram tells of the peer's progress.
    fn note(&mut self, datagram: &[u8]) {
        for record in Record::all(datagram) {
            // The second message of the peer after the hello is its answer to our flight, whole or in part.
            if record.place().is_some_and(|(message, _)| message > 1) {
                self.again = None;
                self.flight.clear();
            }
        }
    }

    /// Sets the timer once the flight is out.
    fn arm(&mut self, at: Duration) {
        if self.again.is_none() && !self.flight.is_empty() {
            self.again = Some(at.saturating_add(self.interval));
            self.sent_at = at;
        }
    }

    /// Notes what a datagram tells once the peer's identity is known. With the right key, keys switched to in this order
    /// and a message under them complete the handshake; what overtook the identity or the switch may have been dropped.
    fn doubt(&mut self, datagram: &[u8]) {
        for record in Record::all(datagram) {
            self.switched |= record.kind() == CHANGE_CIPHER_SPEC && record.epoch() == 0;
            self.sealed |= self.switched && record.kind() == HANDSHAKE && record.epoch() > 0;
        }
    }
}

/// The peer's records in the clear get numbers one higher: the library has seen the rebuilt hello under 0.
fn renumbered(datagram: &[u8]) -> Vec<u8> {
    let mut fed = Vec::with_capacity(datagram.len());
    for record in Record::all(datagram) {
        if record.epoch() == 0 {
            record.renumbered(record.sequence().saturating_add(1), &mut fed);
        } else {
            record.copied(&mut fed);
        }
    }
    fed
}
