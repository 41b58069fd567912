//! Two conversations and a network between them that loses, doubles, delays and reorders; all in virtual time.

use std::collections::BTreeMap;
use std::time::Duration;

use zeroize::Zeroizing;

use super::drawn::Drawn;
use super::{Asked, Conversation, Request, Response, Ticket, Timing, Unanswered, Word};
use crate::format::coap::Code;

/// How bad the network is.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Weather {
    /// Of 100 datagrams.
    pub lost: u16,
    /// Of 100 datagrams.
    pub doubled: u16,
    /// Milliseconds, at most.
    pub delay: u16,
    /// Every one of this number is lost.
    pub each_lost: Option<u64>,
    /// The one of this number is lost.
    pub one_lost: Option<u64>,
}

/// One end.
pub(super) struct End {
    pub talk: Conversation,
    /// Milliseconds until it answers.
    pub slow: u64,
    /// Bytes of its answers.
    pub answers: usize,
    pub asked: Vec<Request>,
    pub heard: Vec<(Ticket, Result<Response, Unanswered>)>,
    to_answer: Vec<(Duration, Asked, Response)>,
}

impl End {
    pub(super) fn new(timing: Timing, seed: u8) -> Self {
        let talk = Conversation::new(timing, [seed; 16]);
        Self { talk, slow: 0, answers: 10, asked: Vec::new(), heard: Vec::new(), to_answer: Vec::new() }
    }

    /// Answers what was asked, when it is time, with the bytes of the request before its own.
    fn listen(&mut self, now: Duration) {
        while let Some(word) = self.talk.word() {
            match word {
                Word::Asked { asked, request, .. } => {
                    let mut payload = request.payload.to_vec();
                    payload.resize(self.answers, b'a');
                    let response = Response::new(Code::CONTENT).with(42, payload);
                    self.to_answer.push((now + Duration::from_millis(self.slow), asked, response));
                    self.asked.push(request);
                }
                Word::Answered { ticket, response } => self.heard.push((ticket, Ok(response))),
                Word::Unanswered { ticket, why } => self.heard.push((ticket, Err(why))),
            }
        }
        let (due, later) = self.to_answer.drain(..).partition(|(at, ..)| *at <= now);
        self.to_answer = later;
        for (_, asked, response) in due {
            self.talk.answer(now, asked, response);
        }
    }

    fn deadline(&self) -> Option<Duration> {
        let answer = self.to_answer.iter().map(|(at, ..)| *at).min();
        [answer, self.talk.deadline()].into_iter().flatten().min()
    }
}

/// Both ends, and what is on its way.
pub(super) struct Simulated {
    pub ends: [End; 2],
    pub now: Duration,
    pub sent: u64,
    weather: Weather,
    drawn: Drawn,
    on_its_way: BTreeMap<(Duration, u64), (usize, Vec<u8>)>,
}

impl Simulated {
    pub(super) fn new(timings: [Timing; 2], weather: Weather, seed: u8) -> Self {
        let [first, second] = timings;
        let ends = [End::new(first, seed), End::new(second, seed.wrapping_add(1))];
        let drawn = Drawn::new([seed.wrapping_add(2); 16]);
        Self { ends, now: Duration::ZERO, sent: 0, weather, drawn, on_its_way: BTreeMap::new() }
    }

    pub(super) fn ask(&mut self, end: usize, request: Request) -> Ticket {
        self.ends[end].talk.ask(self.now, request)
    }

    /// Lets time pass until nothing happens any more; how long that took.
    pub(super) fn run(&mut self) -> Duration {
        loop {
            for end in 0..2 {
                self.ends[end].listen(self.now);
                while let Some(datagram) = self.ends[end].talk.datagram() {
                    self.send(1 - end, &datagram);
                }
            }
            let arrival = self.on_its_way.keys().next().map(|(at, _)| *at);
            let Some(next) = self.ends.iter().filter_map(End::deadline).chain(arrival).min() else { return self.now };
            self.now = self.now.max(next);
            while let Some(entry) = self.on_its_way.first_entry().filter(|entry| entry.key().0 <= self.now) {
                let (to, datagram) = entry.remove();
                self.ends[to].talk.received(self.now, &datagram);
            }
            for end in &mut self.ends {
                end.talk.tick(self.now);
            }
        }
    }

    fn draw(&mut self, below: u16) -> u16 {
        let token = self.drawn.token();
        u16::from_be_bytes([token[0], token[1]]) % below.max(1)
    }

    fn send(&mut self, to: usize, datagram: &[u8]) {
        self.sent += 1;
        let Weather { lost, doubled, delay, each_lost, one_lost } = self.weather;
        let is_lost = each_lost.is_some_and(|each| self.sent.is_multiple_of(each)) || one_lost == Some(self.sent);
        if is_lost || self.draw(100) < lost {
            return;
        }
        for _ in 0..if self.draw(100) < doubled { 2 } else { 1 } {
            let at = self.now + Duration::from_millis(self.draw(delay + 1).into());
            let number = self.on_its_way.len() as u64 + self.sent * 1_000;
            self.on_its_way.insert((at, number), (to, datagram.to_vec()));
        }
    }
}

/// Returns a request whose payload begins with its number.
pub(super) fn numbered(number: u8, bytes: usize) -> Request {
    let mut payload = vec![number];
    payload.extend((0..bytes).map(|at| (at % 251) as u8));
    Request { payload: Zeroizing::new(payload), format: Some(11542), ..Request::new(Code::PUT, "/0/1") }
}
