//! Asks devices for a resource by CoAP: many at once, each with its repetitions, the whole of long answers.
//!
//! RFC 7252, section 4.2 (repetition of confirmable messages) and 8 (groups), RFC 7959 (blocks). An answer counts only with
//! the token of its question, which is drawn, and, unless a group was asked, from whom was asked.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::delivery::Random;
use crate::format::coap::{Block, Code, Kind, LONGEST_LINKS, Message, option};
use crate::host::datagram::Datagrams;

/// The first pause before a question is repeated; each further one is twice as long (`ACK_TIMEOUT`).
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// How often a question is repeated (`MAX_RETRANSMIT`).
const MOST_REPETITIONS: u32 = 4;
/// How many single devices are asked at a time.
const AT_A_TIME: usize = 64;
/// Most devices that answer a question to a group.
const MOST_ANSWERS: usize = 10_000;
/// The longest wait without a look at whether we should stop.
const GLANCE: Duration = Duration::from_millis(100);

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question<'a> {
    /// Who: single devices, and groups (multicast addresses).
    pub peers: &'a [SocketAddr],
    /// The path: `/.well-known/core`.
    pub path: &'a str,
    /// How long a device has for its answer.
    pub patience: Duration,
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Heard {
    /// Who answered, or did not.
    pub from: SocketAddr,
    /// The answer's payload.
    pub answer: Result<Vec<u8>, Unheard>,
}

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unheard {
    /// Nothing came in time.
    #[error("no answer came")]
    Silent,
    /// It does not speak so.
    #[error("it refused the message")]
    Reset,
    /// Another code than 2.05.
    #[error("it answered {0}")]
    Code(Code),
    /// More than is taken.
    #[error("its answer is longer than {LONGEST_LINKS} bytes")]
    TooLong,
    /// It cannot be sent to.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
}

/// Asks; what was heard comes in the order of the peers, answers to groups at the end. `stop` ends it early.
pub fn ask(
    net: &mut dyn Datagrams,
    random: &dyn Random,
    question: &Question<'_>,
    stop: &dyn Fn() -> bool,
) -> io::Result<Vec<Heard>> {
    let mut number = [0; 2];
    random.fill("coap message", &mut number);
    let mut asking = Asking {
        net,
        random,
        question,
        next_id: u16::from_be_bytes(number),
        by_token: HashMap::new(),
        talks: Vec::new(),
        groups: Vec::new(),
    };
    let singles = question.peers.iter().filter(|peer| !peer.ip().is_multicast());
    let mut waiting = singles.copied().collect::<std::collections::VecDeque<_>>();
    for group in question.peers.iter().filter(|peer| peer.ip().is_multicast()) {
        asking.ask_group(*group)?;
    }
    while !stop() {
        while asking.open() < AT_A_TIME
            && let Some(peer) = waiting.pop_front()
        {
            asking.begin(peer);
        }
        if asking.open() == 0 && asking.groups.iter().all(|group| group.until <= asking.net.elapsed()) {
            break;
        }
        asking.turn()?;
    }
    Ok(asking
        .talks
        .into_iter()
        .map(|talk| Heard { from: talk.peer, answer: talk.end.unwrap_or(Err(Unheard::Silent)) })
        .collect())
}

type Token = [u8; 8];

struct Asking<'a> {
    net: &'a mut dyn Datagrams,
    random: &'a dyn Random,
    question: &'a Question<'a>,
    next_id: u16,
    by_token: HashMap<Token, usize>,
    talks: Vec<Talk>,
    groups: Vec<GroupTalk>,
}

/// A question to a group: any number answer it, until its time is over.
struct GroupTalk {
    token: Token,
    until: Duration,
    heard: HashMap<SocketAddr, usize>,
}

/// The talk with one device.
struct Talk {
    peer: SocketAddr,
    token: Token,
    id: u16,
    datagram: Vec<u8>,
    repeats: u32,
    repeat_at: Option<Duration>,
    pause: Duration,
    until: Duration,
    received: Vec<u8>,
    end: Option<Result<Vec<u8>, Unheard>>,
}

impl Asking<'_> {
    fn open(&self) -> usize {
        self.talks.iter().filter(|talk| talk.end.is_none()).count()
    }

    fn id(&mut self) -> u16 {
        self.next_id = self.next_id.wrapping_add(1);
        self.next_id
    }

    /// Draws a token; the purpose has a number, for a seeded source gives the same bytes for the same purpose.
    fn token(&self) -> Token {
        let mut token = [0; 8];
        let number = self.by_token.len() + self.groups.len() + self.talks.len();
        self.random.fill(&format!("coap token {number}"), &mut token);
        token
    }

    fn ask_group(&mut self, group: SocketAddr) -> io::Result<()> {
        let (token, id) = (self.token(), self.id());
        let message = Message::get(Kind::NonConfirmable, id, &token, self.question.path);
        self.net.send(group, &message.encode().map_err(io::Error::other)?)?;
        let until = self.net.elapsed() + self.question.patience;
        self.groups.push(GroupTalk { token, until, heard: HashMap::new() });
        Ok(())
    }

    fn begin(&mut self, peer: SocketAddr) {
        let token = self.token();
        let at = self.add(peer, token);
        self.by_token.insert(token, at);
        self.send(at, None);
    }

    fn add(&mut self, peer: SocketAddr, token: Token) -> usize {
        let until = self.net.elapsed() + self.question.patience;
        self.talks.push(Talk {
            peer,
            token,
            id: 0,
            datagram: Vec::new(),
            repeats: 0,
            repeat_at: None,
            pause: FIRST_PAUSE,
            until,
            received: Vec::new(),
            end: None,
        });
        self.talks.len() - 1
    }

    /// Sends the question, or asks for a further block of the answer.
    fn send(&mut self, at: usize, block: Option<Block>) {
        let id = self.id();
        let now = self.net.elapsed();
        let talk = &mut self.talks[at];
        let mut message = Message::get(Kind::Confirmable, id, &talk.token, self.question.path);
        if let Some(block) = block {
            message.add_number(option::BLOCK2, block.encode());
        }
        match message.encode() {
            Ok(datagram) => talk.datagram = datagram,
            Err(error) => return talk.end = Some(Err(Unheard::Unreachable(error.to_string()))),
        }
        (talk.id, talk.repeats, talk.pause, talk.repeat_at) = (id, 0, FIRST_PAUSE, Some(now + FIRST_PAUSE));
        if let Err(error) = self.net.send(talk.peer, &talk.datagram) {
            talk.end = Some(Err(Unheard::Unreachable(error.to_string())));
        }
    }

    /// Repeats what is due, gives up what is over, and waits for one datagram.
    fn turn(&mut self) -> io::Result<()> {
        let now = self.net.elapsed();
        let mut next = now + GLANCE;
        for talk in self.talks.iter_mut().filter(|talk| talk.end.is_none()) {
            if talk.until <= now {
                talk.end = Some(Err(Unheard::Silent));
                continue;
            }
            if let Some(due) = talk.repeat_at.filter(|due| *due <= now) {
                talk.repeats += 1;
                talk.pause *= 2;
                talk.repeat_at = Some(due + talk.pause).filter(|_| talk.repeats < MOST_REPETITIONS);
                // A send that fails now may succeed the next time; until then the device is silent.
                let _ = self.net.send(talk.peer, &talk.datagram);
            }
            next = next.min(talk.until).min(talk.repeat_at.unwrap_or(talk.until));
        }
        if let Some((from, bytes)) = self.net.receive(next.saturating_sub(now))? {
            self.hear(from, &bytes);
        }
        Ok(())
    }

    fn hear(&mut self, from: SocketAddr, bytes: &[u8]) {
        // What is no message is nobody's answer.
        let Ok(message) = Message::decode(bytes) else { return };
        match message.kind {
            Kind::Reset => self.reset(from, message.id),
            Kind::Acknowledgement if message.code == Code::EMPTY => self.acknowledged(from, message.id),
            _ if message.code.is_response() => {
                let at = self.talk_of(from, &message);
                if message.kind == Kind::Confirmable {
                    self.acknowledge(from, &message, at.is_some());
                }
                if let Some(at) = at {
                    self.answer(at, message);
                }
            }
            _ => {}
        }
    }

    fn asked(&mut self, from: SocketAddr, id: u16) -> Option<&mut Talk> {
        self.talks.iter_mut().find(|talk| talk.end.is_none() && talk.peer == from && talk.id == id)
    }

    fn reset(&mut self, from: SocketAddr, id: u16) {
        if let Some(talk) = self.asked(from, id) {
            talk.end = Some(Err(Unheard::Reset));
        }
    }

    /// The answer comes separately: the question is not repeated any more.
    fn acknowledged(&mut self, from: SocketAddr, id: u16) {
        if let Some(talk) = self.asked(from, id) {
            talk.repeat_at = None;
        }
    }

    fn acknowledge(&mut self, from: SocketAddr, message: &Message, is_ours: bool) {
        let kind = if is_ours { Kind::Acknowledgement } else { Kind::Reset };
        if let Ok(bytes) = Message::new(kind, Code::EMPTY, message.id).encode() {
            let _ = self.net.send(from, &bytes);
        }
    }

    /// Returns the talk that an answer belongs to; the first one to a group begins one.
    fn talk_of(&mut self, from: SocketAddr, message: &Message) -> Option<usize> {
        let token = Token::try_from(message.token.as_slice()).ok()?;
        if let Some(at) = self.by_token.get(&token) {
            return Some(*at).filter(|at| self.talks[*at].peer == from);
        }
        let now = self.net.elapsed();
        let group = self.groups.iter().position(|group| group.token == token && group.until > now)?;
        if let Some(at) = self.groups[group].heard.get(&from) {
            return Some(*at);
        }
        if self.groups[group].heard.len() >= MOST_ANSWERS || from.ip().is_multicast() {
            return None;
        }
        // Further blocks are asked for with a token of their own.
        let own = self.token();
        let at = self.add(from, own);
        self.by_token.insert(own, at);
        self.groups[group].heard.insert(from, at);
        Some(at)
    }

    fn answer(&mut self, at: usize, message: Message) {
        let talk = &mut self.talks[at];
        if talk.end.is_some() {
            return;
        }
        if message.code != Code::CONTENT {
            return talk.end = Some(Err(Unheard::Code(message.code)));
        }
        let block = match message.number(option::BLOCK2).map(Block::decode) {
            None => Block { number: 0, more: false, size: 1024 },
            Some(Ok(block)) => block,
            Some(Err(_)) => return,
        };
        // A block that was there already, or one that was not asked for.
        if block.offset() != talk.received.len() {
            return;
        }
        talk.received.extend(&message.payload);
        if talk.received.len() > LONGEST_LINKS {
            return talk.end = Some(Err(Unheard::TooLong));
        }
        if !block.more {
            return talk.end = Some(Ok(std::mem::take(&mut talk.received)));
        }
        if message.payload.len() != usize::from(block.size) {
            return talk.end = Some(Err(Unheard::Silent));
        }
        self.send(at, Some(Block { number: block.number + 1, more: false, size: block.size }));
    }
}

#[cfg(test)]
#[path = "asking_tests.rs"]
mod tests;
