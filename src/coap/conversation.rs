//! All that is said with one peer.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use super::drawn::Drawn;
use super::flight::Flight;
use super::question::{Question, Step};
use super::remembered::{Again, Remembered};
use super::serving::{Serving, is_long, part};
use super::taking::{Taking, take};
use super::words::{Asked, LONGEST_BODY, Request, Response, Ticket, Timing, Unanswered, Word};
use super::written::{BAD_OPTION, CONTINUE, INCOMPLETE, TOO_LARGE, UNAVAILABLE, encode, read_request, response_head};
use crate::format::coap::{Block, CoapError, Code, Kind, Message, option};

/// Most requests of the peer that are answered at a time; one that keeps to the rules has one.
const MOST_OPEN: usize = 4;
/// Most datagrams that wait to be sent; more are lost as on any network.
const MOST_WAITING: usize = 64;
/// The longest a peer waits for its acknowledgement: less than the usual first pause.
const LATEST_ACK: Duration = Duration::from_secs(1);

/// What is said with one peer, in both directions.
///
/// The time is counted from any moment, and never goes back. After each call there may be datagrams, words and a new deadline.
/// What a peer makes it keep is bounded: 256 message ids, 8 replies, 4 open requests, one request and one answer in blocks.
pub struct Conversation {
    timing: Timing,
    drawn: Drawn,
    out: VecDeque<Zeroizing<Vec<u8>>>,
    words: VecDeque<Word>,
    last: u64,
    flight: Option<Flight>,
    asking: Asking,
    /// Answers to be sent as messages of their own.
    answers: VecDeque<(u16, Zeroizing<Vec<u8>>)>,
    heard: Remembered,
    open: Vec<Open>,
    taking: Option<Taking>,
    serving: Option<Serving>,
}

/// What we ask: one request at a time (`NSTART`, RFC 7252, section 4.7).
#[derive(Default)]
struct Asking {
    waiting: VecDeque<(Ticket, Request)>,
    question: Option<Question>,
    /// True if the next message of the question has not been sent.
    is_next: bool,
    /// When an acknowledged request is given up.
    answer_by: Option<Duration>,
}

/// A request of the peer that has no answer yet.
struct Open {
    asked: Asked,
    id: u16,
    token: Vec<u8>,
    confirmable: bool,
    /// When it is acknowledged if there is no answer; none once it is.
    ack_by: Option<Duration>,
    until: Duration,
    subject: Request,
    block1: Option<Block>,
    block2: Option<Block>,
}

impl Conversation {
    /// Begins; `seed` makes message ids, tokens and the jitter of repetitions.
    pub fn new(timing: Timing, seed: [u8; 16]) -> Self {
        Self {
            timing,
            drawn: Drawn::new(seed),
            out: VecDeque::new(),
            words: VecDeque::new(),
            last: 0,
            flight: None,
            asking: Asking::default(),
            answers: VecDeque::new(),
            heard: Remembered::default(),
            open: Vec::new(),
            taking: None,
            serving: None,
        }
    }

    /// Sets how patient it is with what is sent from now on.
    pub fn set_timing(&mut self, timing: Timing) {
        self.timing = timing;
    }

    /// Takes a datagram of the peer.
    pub fn received(&mut self, at: Duration, datagram: &[u8]) {
        self.forget(at);
        match Message::decode(datagram) {
            Err(error) => self.refuse(datagram, &error),
            Ok(message) => match message.kind {
                Kind::Acknowledgement => self.acknowledged(at, message),
                Kind::Reset => self.reset(&message),
                Kind::Confirmable | Kind::NonConfirmable => self.told(at, message, datagram),
            },
        }
        self.send_next(at);
    }

    /// Asks the peer, after all that was asked before.
    pub fn ask(&mut self, at: Duration, request: Request) -> Ticket {
        let ticket = Ticket(self.count());
        self.asking.waiting.push_back((ticket, request));
        self.send_next(at);
        ticket
    }

    /// Answers the peer; nothing happens where that was done before or the request is forgotten.
    pub fn answer(&mut self, at: Duration, asked: Asked, response: Response) {
        let Some(found) = self.open.iter().position(|open| open.asked == asked) else { return };
        let open = self.open.swap_remove(found);
        let (largest, etag) = (self.timing.block_size(), u32::from(self.drawn.id()));
        let message = part(&response, open.block2, largest, etag);
        if is_long(&response, open.block2, largest) {
            let until = at.saturating_add(self.timing.exchange_lifetime);
            self.serving = Some(Serving::new(open.subject.clone(), response, etag, until));
        }
        self.say(&open, message);
        self.send_next(at);
    }

    /// Does what is due.
    pub fn tick(&mut self, at: Duration) {
        self.forget(at);
        if let Some(flight) = self.flight.as_mut().filter(|flight| flight.due() <= at) {
            if flight.repeat(at) {
                let bytes = flight.bytes().to_vec();
                self.put(bytes);
            } else if self.flight.take().is_some_and(|flight| flight.asks) {
                self.conclude(Step::Done(Err(Unanswered::Silent)));
            }
        }
        if self.asking.answer_by.is_some_and(|by| by <= at) {
            self.conclude(Step::Done(Err(Unanswered::NoAnswer)));
        }
        let late = self.open.iter().filter(|open| open.ack_by.is_some_and(|by| by <= at));
        for asked in late.map(|open| open.asked).collect::<Vec<_>>() {
            self.acknowledge_asked(asked);
        }
        self.send_next(at);
    }

    /// Returns when `tick` is due.
    pub fn deadline(&self) -> Option<Duration> {
        let flight = self.flight.as_ref().map(Flight::due);
        let open = self.open.iter().map(|open| open.ack_by.map_or(open.until, |by| by.min(open.until))).min();
        [flight, self.asking.answer_by, open].into_iter().flatten().min()
    }

    /// Returns the next datagram to be sent.
    pub fn datagram(&mut self) -> Option<Vec<u8>> {
        self.out.pop_front().map(|mut bytes| std::mem::take(&mut *bytes))
    }

    /// Returns what was heard next.
    pub fn word(&mut self) -> Option<Word> {
        self.words.pop_front()
    }

    /// Returns true while nothing is to be sent, repeated or awaited. What it remembers for `exchange_lifetime` may still be
    /// needed to know repeated messages.
    pub fn is_quiet(&self) -> bool {
        let asks = self.asking.question.is_some() || !self.asking.waiting.is_empty();
        let says = !self.out.is_empty() || self.flight.is_some() || !self.answers.is_empty();
        !asks && !says && self.words.is_empty() && self.open.is_empty()
    }

    fn count(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn put(&mut self, bytes: Vec<u8>) {
        if self.out.len() < MOST_WAITING {
            self.out.push_back(Zeroizing::new(bytes));
        }
    }

    fn put_empty(&mut self, kind: Kind, id: u16) -> Vec<u8> {
        let bytes = Message::new(kind, Code::EMPTY, id).encode().expect("an empty message is short");
        self.put(bytes.clone());
        bytes
    }

    /// Forgets what is over.
    fn forget(&mut self, at: Duration) {
        self.heard.forget(at);
        self.open.retain(|open| open.until > at);
        self.taking.take_if(|taking| taking.until() <= at);
        self.serving.take_if(|serving| serving.until() <= at);
    }

    /// Sends what may be sent now: one confirmable message at a time, answers first.
    fn send_next(&mut self, at: Duration) {
        while self.flight.is_none() {
            if let Some((id, bytes)) = self.answers.pop_front() {
                self.fly(at, id, false, bytes);
            } else if self.asking.is_next {
                self.send_question(at);
            } else if self.asking.question.is_none()
                && let Some((ticket, request)) = self.asking.waiting.pop_front()
            {
                self.asking.question = Some(Question::new(ticket, request, &self.timing));
                self.asking.is_next = true;
            } else {
                return;
            }
        }
    }

    fn send_question(&mut self, at: Duration) {
        self.asking.is_next = false;
        let Some(question) = &mut self.asking.question else { return };
        let message = question.message(&mut self.drawn);
        let id = message.id;
        match encode(message) {
            Ok(bytes) => self.fly(at, id, true, bytes),
            Err(error) => self.conclude(Step::Done(Err(error.into()))),
        }
    }

    fn fly(&mut self, at: Duration, id: u16, asks: bool, bytes: Zeroizing<Vec<u8>>) {
        self.put(bytes.to_vec());
        self.flight = Some(Flight::new(at, id, asks, bytes, (&self.timing, &mut self.drawn)));
    }

    /// A request of ours got further.
    fn conclude(&mut self, step: Step) {
        self.asking.answer_by = None;
        match step {
            Step::Next => self.asking.is_next = true,
            Step::Done(result) => {
                let Some(ticket) = self.asking.question.take().map(|question| question.ticket) else { return };
                self.words.push_back(match result {
                    Ok(response) => Word::Answered { ticket, response },
                    Err(why) => Word::Unanswered { ticket, why },
                });
            }
        }
    }

    /// Tells the peer that a message cannot be read, if it waits for a word about it (RFC 7252, section 4.2).
    fn refuse(&mut self, datagram: &[u8], error: &CoapError) {
        let is_version = matches!(error, CoapError::Version { .. });
        if let [first, _, high, low, ..] = datagram
            && !is_version
            && first & 0x30 == 0
        {
            self.put_empty(Kind::Reset, u16::from_be_bytes([*high, *low]));
        }
    }

    /// What we sent was acknowledged, perhaps with the answer.
    fn acknowledged(&mut self, at: Duration, message: Message) {
        let Some(flight) = self.flight.take_if(|flight| flight.id == message.id) else { return };
        if !flight.asks {
            return;
        }
        let is_answer = self.asking.question.as_ref().is_some_and(|question| question.token() == message.token);
        if message.code == Code::EMPTY {
            self.asking.answer_by = Some(at.saturating_add(self.timing.answer_timeout));
        } else if message.code.is_response() && is_answer {
            self.answered(message);
        } else {
            self.flight = Some(flight);
        }
    }

    fn answered(&mut self, message: Message) {
        if let Some(question) = &mut self.asking.question {
            let step = question.answered(message);
            self.conclude(step);
        }
    }

    /// What we sent is not wanted.
    fn reset(&mut self, message: &Message) {
        let flight = self.flight.take_if(|flight| flight.id == message.id && message.code == Code::EMPTY);
        if flight.is_some_and(|flight| flight.asks) {
            self.conclude(Step::Done(Err(Unanswered::Reset)));
        }
    }

    /// The peer says something of its own: once, however often it comes.
    fn told(&mut self, at: Duration, message: Message, datagram: &[u8]) {
        let confirmable = message.kind == Kind::Confirmable;
        match self.heard.again(message.id, datagram) {
            Some(Again::Reply(bytes)) => self.put(bytes),
            Some(Again::Asked(asked)) => self.acknowledge_asked(asked),
            None if message.code.class() == 0 && message.code != Code::EMPTY => self.asked(at, message, datagram),
            None if message.code.is_response() && self.awaits(&message.token) => {
                self.heard.add(message.id, datagram, None, at.saturating_add(self.timing.exchange_lifetime));
                if confirmable {
                    let bytes = self.put_empty(Kind::Acknowledgement, message.id);
                    self.heard.reply(message.id, &bytes);
                }
                self.flight.take_if(|flight| flight.asks);
                self.answered(message);
            }
            None if confirmable => {
                self.put_empty(Kind::Reset, message.id);
            }
            None | Some(Again::Nothing) => {}
        }
    }

    /// Returns true if a message of the question with this token was sent and is not answered.
    fn awaits(&self, token: &[u8]) -> bool {
        !self.asking.is_next && self.asking.question.as_ref().is_some_and(|question| question.token() == token)
    }

    /// The peer asks.
    fn asked(&mut self, at: Duration, mut message: Message, datagram: &[u8]) {
        let (asked, confirmable) = (Asked(self.count()), message.kind == Kind::Confirmable);
        let until = at.saturating_add(self.timing.exchange_lifetime);
        self.heard.add(message.id, datagram, Some(asked), until);
        let read = read_request(&mut message);
        let mut open = Open {
            asked,
            id: message.id,
            token: std::mem::take(&mut message.token),
            confirmable,
            ack_by: confirmable.then(|| at.saturating_add(LATEST_ACK.min(self.timing.ack_timeout / 2))),
            until,
            subject: Request::new(message.code, ""),
            block1: None,
            block2: None,
        };
        match read {
            Ok(read) => {
                (open.subject, open.block1, open.block2) = (read.request.subject(), read.block1, read.block2);
                self.listen(open, read.request);
            }
            Err(BAD_OPTION) if !confirmable => {}
            Err(code) => self.say(&open, response_head(&Response::new(code))),
        }
    }

    /// Puts blocks together, answers with blocks that are kept, and tells what is new.
    fn listen(&mut self, open: Open, mut request: Request) {
        if let Some(block) = open.block1
            && let Err(code) = take(&mut self.taking, &mut request, block, open.until)
        {
            return self.say(&open, response_head(&Response::new(code)));
        }
        if let Some(wanted) = open.block2.filter(|block| block.number > 0) {
            let kept = self.serving.as_mut().filter(|serving| serving.answers(&open.subject));
            if let Some(message) = kept.map(|kept| kept.block(wanted, self.timing.block_size(), open.until)) {
                return self.say(&open, message);
            }
            if open.subject.code != Code::GET {
                return self.say(&open, response_head(&Response::new(INCOMPLETE)));
            }
        }
        if self.open.len() >= MOST_OPEN {
            return self.say(&open, response_head(&Response::new(UNAVAILABLE)));
        }
        self.words.push_back(Word::Asked { asked: open.asked, confirmable: open.confirmable, request });
        self.open.push(open);
    }

    /// Says the answer to a request: with its acknowledgement while that is due, else in a message of its own.
    fn say(&mut self, open: &Open, mut message: Message) {
        message.token.clone_from(&open.token);
        if let Some(block) = open.block1 {
            self.add_block1(block, &mut message);
        }
        let acknowledges = open.confirmable && open.ack_by.is_some();
        message.id = if acknowledges { open.id } else { self.drawn.id() };
        message.kind = match (open.confirmable, acknowledges) {
            (true, true) => Kind::Acknowledgement,
            (true, false) => Kind::Confirmable,
            (false, _) => Kind::NonConfirmable,
        };
        let id = message.id;
        let Ok(bytes) = encode(message) else { return };
        if acknowledges {
            self.heard.reply(id, &bytes);
        }
        if open.confirmable && !acknowledges {
            self.answers.push_back((id, bytes));
        } else {
            self.put(bytes.to_vec());
        }
    }

    /// Says which block of the request was taken, and which size is wanted.
    fn add_block1(&self, block: Block, message: &mut Message) {
        let (more, size) = (message.code == CONTINUE, block.size.min(self.timing.block_size()));
        message.add_number(option::BLOCK1, Block { more, size, ..block }.encode());
        if message.code == TOO_LARGE {
            message.add_number(option::SIZE1, u32::try_from(LONGEST_BODY).unwrap_or(u32::MAX));
        }
    }

    /// Says that a request was heard and will be answered later.
    fn acknowledge_asked(&mut self, asked: Asked) {
        let Some(open) = self.open.iter_mut().find(|open| open.asked == asked && open.ack_by.is_some()) else { return };
        open.ack_by = None;
        let id = open.id;
        let bytes = self.put_empty(Kind::Acknowledgement, id);
        self.heard.reply(id, &bytes);
    }
}

impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "conversation, {} datagrams to be sent, {} requests open", self.out.len(), self.open.len())
    }
}
