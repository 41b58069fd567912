//! Devices of paper, on a network that loses, doubles and forges.

use std::cell::Cell;
use std::collections::VecDeque;

use crate::fleet::Secret;
use crate::format::coap::CoapOption;
use crate::host::surroundings::SeededRandom;

use super::*;

/// What a device does with a request; what it sends comes from the address beside it.
type Device = Box<dyn FnMut(&Message) -> Vec<(SocketAddr, Message)>>;

/// A network without time of its own: a wait ends at once, and counts.
struct Paper {
    devices: HashMap<SocketAddr, Device>,
    way: VecDeque<(SocketAddr, Vec<u8>)>,
    now: Duration,
    sent: Vec<(Duration, SocketAddr, Message)>,
}

impl Paper {
    fn of(devices: Vec<(&str, Device)>) -> Self {
        let devices = devices.into_iter().map(|(at, device)| (addr(at), device)).collect();
        Self { devices, way: VecDeque::new(), now: Duration::ZERO, sent: Vec::new() }
    }

    fn ask(&mut self, peers: &[&str], seconds: u64) -> Vec<Heard> {
        let peers: Vec<SocketAddr> = peers.iter().map(|peer| addr(peer)).collect();
        let question = Question { peers: &peers, path: "/.well-known/core", patience: Duration::from_secs(seconds) };
        let random = SeededRandom::new(&Secret::new(b"asking".to_vec()));
        ask(self, &random, &question, &|| false).unwrap()
    }
}

impl Datagrams for Paper {
    fn send(&mut self, to: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        let message = Message::decode(bytes).unwrap();
        if let Some(device) = self.devices.get_mut(&to) {
            let answers = device(&message);
            self.way.extend(answers.into_iter().map(|(from, answer)| (from, answer.encode().unwrap())));
        }
        self.sent.push((self.now, to, message));
        Ok(())
    }

    fn receive(&mut self, wait: Duration) -> io::Result<Option<(SocketAddr, Vec<u8>)>> {
        let came = self.way.pop_front();
        self.now += if came.is_some() { Duration::from_millis(1) } else { wait };
        Ok(came)
    }

    fn elapsed(&self) -> Duration {
        self.now
    }
}

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn content(kind: Kind, request: &Message, payload: &str) -> Message {
    let (id, token, payload) = (request.id, request.token.clone(), payload.as_bytes().to_vec());
    Message { token, payload, ..Message::new(kind, Code::CONTENT, id) }
}

const A: &str = "192.0.2.1:5683";
const B: &str = "192.0.2.2:5683";
const GROUP: &str = "224.0.1.187:5683";

fn heard(from: &str, text: &str) -> Heard {
    Heard { from: addr(from), answer: Ok(text.as_bytes().to_vec()) }
}

#[test]
fn an_answer_counts_only_with_its_token_and_from_whom_was_asked() {
    let device = |request: &Message| {
        let forged = Message { token: vec![0; 8], ..content(Kind::NonConfirmable, request, "forged") };
        let right = content(Kind::Acknowledgement, request, "</a>");
        vec![
            (addr(A), forged),
            (addr(B), content(Kind::NonConfirmable, request, "other")),
            (addr(A), right.clone()),
            (addr(A), right),
        ]
    };
    let mut net = Paper::of(vec![(A, Box::new(device))]);
    assert_eq!(net.ask(&[A], 10), [heard(A, "</a>")]);
    assert_eq!(net.sent.len(), 1);
}

#[test]
fn a_question_is_repeated_with_growing_pauses_and_then_given_up() {
    let mut net = Paper::of(Vec::new());
    assert_eq!(net.ask(&[A], 100), [Heard { from: addr(A), answer: Err(Unheard::Silent) }]);
    let at: Vec<u64> = net.sent.iter().map(|(at, ..)| at.as_secs()).collect();
    assert_eq!(at, [0, 2, 6, 14, 30]);
    assert!(net.sent.iter().all(|(.., message)| *message == net.sent[0].2), "a repetition is the same message");
}

#[test]
fn a_lost_question_is_asked_again_and_a_separate_answer_is_acknowledged() {
    let lost = Cell::new(2);
    let device = move |request: &Message| {
        if request.code == Code::EMPTY {
            return Vec::new();
        }
        if lost.get() > 0 {
            lost.set(lost.get() - 1);
            return Vec::new();
        }
        let separate = Message { id: 7, ..content(Kind::Confirmable, request, "</late>") };
        vec![(addr(A), Message::new(Kind::Acknowledgement, Code::EMPTY, request.id)), (addr(A), separate)]
    };
    let mut net = Paper::of(vec![(A, Box::new(device))]);
    assert_eq!(net.ask(&[A], 20), [heard(A, "</late>")]);
    let (.., last) = net.sent.last().unwrap();
    assert_eq!((last.kind, last.code, last.id), (Kind::Acknowledgement, Code::EMPTY, 7));
    assert_eq!(net.sent.len(), 4);
}

#[test]
fn a_long_answer_comes_block_by_block_in_whatever_size_the_device_likes() {
    let whole = "</x>,".repeat(100);
    let text = whole.clone();
    let device = move |request: &Message| {
        let asked = request
            .number(option::BLOCK2)
            .map_or(Block { number: 0, more: false, size: 64 }, |value| Block::decode(value).unwrap());
        let part = text.get(asked.offset()..text.len().min(asked.offset() + 64)).unwrap();
        let block = Block { more: asked.offset() + 64 < text.len(), ..asked };
        let mut answer = content(Kind::Acknowledgement, request, part);
        answer.add_number(option::BLOCK2, block.encode());
        // Twice: the network doubled it.
        vec![(addr(A), answer.clone()), (addr(A), answer)]
    };
    let mut net = Paper::of(vec![(A, Box::new(device))]);
    assert_eq!(net.ask(&[A], 10), [heard(A, &whole)]);
    assert_eq!(net.sent.len(), whole.len().div_ceil(64));
}

#[test]
fn an_answer_without_end_is_given_up() {
    let device = |request: &Message| {
        let number = request.number(option::BLOCK2).map_or(0, |value| Block::decode(value).unwrap().number);
        let mut answer = content(Kind::Acknowledgement, request, &"x".repeat(1024));
        answer.add_number(option::BLOCK2, Block { number, more: true, size: 1024 }.encode());
        vec![(addr(A), answer)]
    };
    let mut net = Paper::of(vec![(A, Box::new(device))]);
    assert_eq!(net.ask(&[A], 10)[0].answer, Err(Unheard::TooLong));
}

#[test]
fn a_group_is_asked_once_and_all_that_answer_in_time_are_heard() {
    let device = |request: &Message| {
        assert_eq!(request.kind, Kind::NonConfirmable);
        let answer = |text: &str| content(Kind::NonConfirmable, request, text);
        vec![(addr(A), answer("</a>")), (addr(B), answer("</b>")), (addr(A), answer("</a>"))]
    };
    let mut net = Paper::of(vec![(GROUP, Box::new(device))]);
    assert_eq!(net.ask(&[GROUP], 3), [heard(A, "</a>"), heard(B, "</b>")]);
    assert_eq!(net.sent.len(), 1);
    assert!(net.now >= Duration::from_secs(3), "others may come as long as there is time");
}

#[test]
fn refusals_are_told_and_odd_datagrams_change_nothing() {
    let answers =
        |answer: fn(&Message) -> Message| -> Device { Box::new(move |request| vec![(addr(A), answer(request))]) };
    let cases: [(Device, Unheard); 4] = [
        (answers(|request| Message::new(Kind::Reset, Code::EMPTY, request.id)), Unheard::Reset),
        (
            answers(|request| Message { code: Code(0x84), ..content(Kind::Acknowledgement, request, "") }),
            Unheard::Code(Code(0x84)),
        ),
        (answers(|request| Message::get(Kind::Confirmable, 1, &request.token, "/x")), Unheard::Silent),
        (
            answers(|request| {
                let odd = CoapOption { number: option::BLOCK2, value: vec![0x17] };
                Message { options: vec![odd], ..content(Kind::Acknowledgement, request, "x") }
            }),
            Unheard::Silent,
        ),
    ];
    for (device, end) in cases {
        assert_eq!(Paper::of(vec![(A, device)]).ask(&[A], 5)[0].answer, Err(end));
    }
}

#[test]
fn many_are_asked_a_few_at_a_time_and_told_in_their_order() {
    let peers: Vec<String> = (1..=200).map(|number| format!("192.0.2.{number}:5683")).collect();
    let peers: Vec<&str> = peers.iter().map(String::as_str).collect();
    let devices = peers.iter().map(|peer| {
        let at = addr(peer);
        let device: Device =
            Box::new(move |request| vec![(at, content(Kind::Acknowledgement, request, &at.to_string()))]);
        (*peer, device)
    });
    let mut net = Paper::of(devices.collect());
    let found = net.ask(&peers, 5);
    let expected: Vec<Heard> = peers.iter().map(|peer| heard(peer, peer)).collect();
    assert_eq!(found, expected);
}
