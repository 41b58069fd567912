//! What a conversation promises, against another one and against strangers.

use std::time::Duration;

use proptest::prelude::*;

use super::simulated::{Simulated, Weather, numbered};
use super::{Asked, Conversation, LONGEST_BODY, Request, Response, Timing, Unanswered, Word};
use crate::format::coap::{Block, Code, Kind, Message, option};

const CHANGED: Code = Code(2 << 5 | 4);
const START: Duration = Duration::ZERO;
const SECOND: Duration = Duration::from_secs(1);

fn of_block(block: u16) -> Timing {
    Timing { block, ..Timing::default() }
}

fn talk() -> Conversation {
    Conversation::new(Timing::default(), [7; 16])
}

fn sent(talk: &mut Conversation) -> Option<Message> {
    talk.datagram().map(|bytes| Message::decode(&bytes).unwrap())
}

fn hear(talk: &mut Conversation, at: Duration, message: &Message) {
    talk.received(at, &message.encode().unwrap());
}

fn asked_of(talk: &mut Conversation) -> Option<(Asked, Request)> {
    match talk.word()? {
        Word::Asked { asked, request, .. } => Some((asked, request)),
        other => panic!("{other:?}"),
    }
}

/// All requests of both ends are answered with what was meant for them, and each was told once.
fn all_is_answered(simulated: &Simulated, requests: usize, why: &str) {
    for end in &simulated.ends {
        assert_eq!((end.asked.len(), end.heard.len()), (requests, requests), "{why}");
        for (number, (_, result)) in end.heard.iter().enumerate() {
            let response = result.as_ref().unwrap_or_else(|error| panic!("{why}: {error}"));
            assert_eq!(response.payload.first(), Some(&(number as u8)), "{why}");
        }
        assert!(end.talk.is_quiet(), "{why}");
    }
}

fn both_ask(weather: Weather, slow: u64, sizes: [usize; 2], blocks: [u16; 2]) -> Simulated {
    let mut simulated = Simulated::new(blocks.map(of_block), weather, 3);
    for end in 0..2 {
        (simulated.ends[end].slow, simulated.ends[end].answers) = (slow, sizes[1]);
        for number in 0..3 {
            simulated.ask(end, numbered(number, sizes[0]));
        }
    }
    simulated.run();
    simulated
}

#[test]
fn requests_and_answers_of_any_length_arrive_whole_both_ways() {
    for size in [0, 15, 16, 255, 1_023, 1_024, 1_025, 5_000, LONGEST_BODY - 1] {
        for blocks in [[1_024, 1_024], [1_024, 64], [128, 512]] {
            let simulated = both_ask(Weather::default(), 0, [size, size.max(1)], blocks);
            all_is_answered(&simulated, 3, &format!("{size} {blocks:?}"));
            assert_eq!(*simulated.ends[0].asked[2].payload, *numbered(2, size).payload);
            assert_eq!(simulated.now, START, "nothing had to be repeated");
        }
    }
}

/// A block of an answer that comes late, after an acknowledgement, is one too.
#[test]
fn late_answers_arrive_in_messages_of_their_own() {
    for slow in [500, 1_000, 1_001, 30_000, 90_000] {
        let simulated = both_ask(Weather::default(), slow, [3_000, 3_000], [256, 256]);
        all_is_answered(&simulated, 3, &format!("{slow} ms"));
    }
    let simulated = both_ask(Weather::default(), 94_000, [1, 1], [256, 256]);
    assert!(simulated.ends[0].heard.iter().all(|(_, result)| *result == Err(Unanswered::NoAnswer)));
}

#[test]
fn whichever_datagram_is_lost_all_is_answered_once() {
    for slow in [0, 1_500] {
        let whole = both_ask(Weather::default(), slow, [300, 300], [128, 128]).sent;
        for lost in 1..=whole {
            let weather = Weather { one_lost: Some(lost), ..Weather::default() };
            all_is_answered(&both_ask(weather, slow, [300, 300], [128, 128]), 3, &format!("{lost} of {whole} lost"));
        }
        for each in 3..=whole {
            let weather = Weather { each_lost: Some(each), ..Weather::default() };
            let simulated = both_ask(weather, slow, [300, 300], [128, 128]);
            all_is_answered(&simulated, 3, &format!("every {each} of {whole} lost, {slow} ms"));
        }
    }
}

#[test]
fn nothing_but_silence_ends_each_request_after_the_last_repetition() {
    let weather = Weather { lost: 100, ..Weather::default() };
    let simulated = both_ask(weather, 0, [10, 10], [1_024, 1_024]);
    for end in &simulated.ends {
        assert_eq!(end.heard.len(), 3);
        assert!(end.heard.iter().all(|(_, result)| *result == Err(Unanswered::Silent)));
    }
    assert_eq!(simulated.sent, 2 * 3 * 5, "a message and its four repetitions");
    let (least, most) = (3 * 62 * SECOND, 3 * 93 * SECOND);
    assert!(simulated.now >= least && simulated.now <= most, "{:?}", simulated.now);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// However the network loses, doubles, delays and reorders.
    #[test]
    fn each_request_is_told_once_and_answered_once_or_given_up_in_time(
        lost in 0_u16..40, doubled in 0_u16..40, delay in 0_u16..3_000, slow in 0_u64..5_000,
        request in 0_usize..3_000, answer in 1_usize..3_000, blocks in prop::array::uniform2(4_u32..11), seed: u8,
    ) {
        let weather = Weather { lost, doubled, delay, ..Weather::default() };
        let mut simulated = Simulated::new(blocks.map(|exponent| of_block(1 << exponent)), weather, seed);
        for end in 0..2 {
            (simulated.ends[end].slow, simulated.ends[end].answers) = (slow, answer);
            for number in 0..3 {
                simulated.ask(end, numbered(number, request));
            }
        }
        let took = simulated.run();
        let messages = 3 * (3 + (request + answer) / 16) as u32;
        prop_assert!(took < 2 * messages * (93 + 93) * SECOND, "{took:?}");
        for (end, other) in [(0, 1), (1, 0)] {
            prop_assert_eq!(simulated.ends[end].heard.len(), 3);
            prop_assert!(simulated.ends[end].talk.is_quiet());
            for number in 0..3 {
                let told = simulated.ends[other].asked.iter().filter(|asked| *asked.payload == *numbered(number, request).payload);
                let told = told.count();
                let (_, result) = &simulated.ends[end].heard[usize::from(number)];
                match result {
                    Ok(response) => {
                        prop_assert_eq!((told, response.payload.len()), (1, answer));
                        prop_assert_eq!(response.payload[0], number);
                    }
                    Err(Unanswered::Silent | Unanswered::NoAnswer) => prop_assert!(told <= 1),
                    Err(other) => prop_assert!(false, "{}", other),
                }
            }
            prop_assert!(simulated.ends[other].asked.len() <= 3);
        }
    }

    #[test]
    fn no_datagram_panics_or_makes_it_talk_for_ever(
        datagrams in prop::collection::vec((0_u64..300, prop::collection::vec(any::<u8>(), 0..40)), 0..200),
    ) {
        let mut talk = talk();
        let mut at = START;
        for (pause, mut datagram) in datagrams {
            at += Duration::from_secs(pause);
            if let Some(first) = datagram.first_mut() {
                *first = *first & 0x38 | 0x40;
            }
            talk.received(at, &datagram);
            while talk.word().is_some() {}
            let said = std::iter::from_fn(|| talk.datagram()).count();
            prop_assert!(said <= 1, "one datagram is answered with one");
        }
    }
}

#[test]
fn a_repeated_request_is_told_once_and_gets_the_same_answer_again() {
    let mut talk = talk();
    let request = Message::get(Kind::Confirmable, 9, b"tok", "/bs");
    hear(&mut talk, START, &request);
    let (asked, _) = asked_of(&mut talk).unwrap();
    talk.answer(START, asked, Response::new(CHANGED));
    let first = sent(&mut talk).unwrap();
    assert_eq!(
        (first.kind, first.id, first.token.as_slice(), first.code),
        (Kind::Acknowledgement, 9, &b"tok"[..], CHANGED)
    );
    hear(&mut talk, 246 * SECOND, &request);
    assert_eq!((sent(&mut talk), asked_of(&mut talk)), (Some(first), None));
    talk.answer(246 * SECOND, asked, Response::new(CHANGED));
    assert_eq!(sent(&mut talk), None, "it was answered");
    hear(&mut talk, 248 * SECOND, &request);
    assert!(asked_of(&mut talk).is_some(), "the id counts no more");
}

/// A device that was switched off and on begins with the same message id, but another token.
#[test]
fn the_id_of_before_a_reboot_is_another_request() {
    let mut talk = talk();
    hear(&mut talk, START, &Message::get(Kind::Confirmable, 1, b"old", "/bs"));
    let (asked, _) = asked_of(&mut talk).unwrap();
    talk.answer(START, asked, Response::new(CHANGED));
    hear(&mut talk, SECOND, &Message::get(Kind::Confirmable, 1, b"new", "/bs"));
    let (asked, _) = asked_of(&mut talk).unwrap();
    talk.answer(SECOND, asked, Response::new(Code::CONTENT));
    let codes: Vec<_> = std::iter::from_fn(|| sent(&mut talk)).map(|message| (message.token, message.code)).collect();
    assert_eq!(codes, [(b"old".to_vec(), CHANGED), (b"new".to_vec(), Code::CONTENT)]);
}

#[test]
fn what_takes_longer_is_acknowledged_before_it_is_repeated_and_answered_with_the_same_token() {
    let mut talk = talk();
    let request = Message::get(Kind::Confirmable, 9, b"tok", "/bs");
    hear(&mut talk, START, &request);
    let (asked, _) = asked_of(&mut talk).unwrap();
    assert_eq!(talk.deadline(), Some(SECOND));
    talk.tick(SECOND);
    let ack = Message::new(Kind::Acknowledgement, Code::EMPTY, 9);
    assert_eq!(sent(&mut talk), Some(ack.clone()));
    hear(&mut talk, 2 * SECOND, &request);
    assert_eq!((sent(&mut talk), asked_of(&mut talk)), (Some(ack), None));
    talk.ask(2 * SECOND, Request::new(Code::GET, "/"));
    let ours = sent(&mut talk).unwrap();
    talk.answer(3 * SECOND, asked, Response::new(CHANGED));
    assert_eq!(sent(&mut talk), None, "one confirmable message at a time");
    hear(&mut talk, 3 * SECOND, &Message::new(Kind::Acknowledgement, Code::EMPTY, ours.id));
    let answer = sent(&mut talk).unwrap();
    assert_eq!((answer.kind, answer.token.as_slice(), answer.code), (Kind::Confirmable, &b"tok"[..], CHANGED));
    hear(&mut talk, 3 * SECOND, &Message::new(Kind::Reset, Code::EMPTY, answer.id));
    assert!(!talk.is_quiet(), "the answer to our request is awaited");
}

#[test]
fn answers_count_only_with_the_id_and_token_of_the_request() {
    let mut talk = talk();
    let ticket = talk.ask(START, Request::new(Code::GET, "/"));
    let request = sent(&mut talk).unwrap();
    let answer = |kind, id, token: &[u8]| Message { token: token.to_vec(), ..Message::new(kind, Code::CONTENT, id) };
    hear(&mut talk, START, &answer(Kind::Acknowledgement, request.id, b"x"));
    hear(&mut talk, START, &answer(Kind::Acknowledgement, request.id ^ 1, &request.token));
    hear(&mut talk, START, &answer(Kind::NonConfirmable, 5, b"x"));
    assert_eq!((talk.word(), sent(&mut talk)), (None, None));
    hear(&mut talk, START, &answer(Kind::Confirmable, 6, b"x"));
    assert_eq!(sent(&mut talk), Some(Message::new(Kind::Reset, Code::EMPTY, 6)), "nobody asked for it");
    hear(&mut talk, START, &answer(Kind::NonConfirmable, 7, &request.token));
    assert_eq!(talk.word(), Some(Word::Answered { ticket, response: Response::new(Code::CONTENT) }));
    assert!(talk.is_quiet());
}

#[test]
fn a_reset_ends_a_request_and_an_unknown_critical_option_an_answer() {
    let mut talk = talk();
    let ticket = talk.ask(START, Request::new(Code::GET, "/"));
    let second = talk.ask(START, Request::new(Code::GET, "/1"));
    let id = sent(&mut talk).unwrap().id;
    hear(&mut talk, START, &Message::new(Kind::Reset, Code::EMPTY, id));
    assert_eq!(talk.word(), Some(Word::Unanswered { ticket, why: Unanswered::Reset }));
    let request = sent(&mut talk).unwrap();
    let mut answer = Message { token: request.token, ..Message::new(Kind::Acknowledgement, Code::CONTENT, request.id) };
    answer.add(9, Vec::new());
    hear(&mut talk, START, &answer);
    let why = Unanswered::Unknown { number: 9 };
    assert_eq!(talk.word(), Some(Word::Unanswered { ticket: second, why }));
}

#[test]
fn pings_and_what_cannot_be_read_are_reset_and_nothing_else() {
    let reset = |id| Some(Message::new(Kind::Reset, Code::EMPTY, id));
    for (datagram, reply) in [
        (&[0x40, 0, 0, 5][..], reset(5)),
        (&[0x49, 1, 0, 6], reset(6)),
        (&[0x40, 1, 0, 7, 0xFF], reset(7)),
        (&[0x40, 0xE1, 0, 8], reset(8)),
        (&[0x50, 0, 0, 5], None),
        (&[0x59, 1, 0, 6], None),
        (&[0x60, 1, 0, 6], None),
        (&[0x70, 0, 0, 6], None),
        (&[0x80, 1, 0, 6], None),
        (&[0x40, 1, 0], None),
        (&[], None),
    ] {
        let mut talk = talk();
        talk.received(START, datagram);
        assert_eq!((sent(&mut talk), talk.word()), (reply, None), "{datagram:?}");
    }
}

#[test]
fn options_that_must_be_understood_and_are_not_are_refused() {
    for (number, times, code) in [(9, 1, 0x82), (option::ACCEPT, 2, 0x82), (35, 1, 0xA5), (option::BLOCK1, 2, 0x82)] {
        for kind in [Kind::Confirmable, Kind::NonConfirmable] {
            let mut talk = talk();
            let mut request = Message::get(kind, 1, b"t", "/bs");
            for _ in 0..times {
                request.add(number, vec![0]);
            }
            hear(&mut talk, START, &request);
            assert_eq!(talk.word(), None);
            let expected = (kind == Kind::Confirmable || code == 0xA5).then_some(Code(code));
            assert_eq!(sent(&mut talk).map(|answer| answer.code), expected, "{number}");
        }
    }
    let mut talk = talk();
    let mut request = Message::get(Kind::NonConfirmable, 1, b"t", "/bs");
    request.add(option::OBSERVE, Vec::new());
    hear(&mut talk, START, &request);
    let Some(Word::Asked { confirmable: false, asked, .. }) = talk.word() else { panic!("it is elective") };
    talk.answer(START, asked, Response::new(CHANGED));
    assert_eq!(sent(&mut talk).unwrap().kind, Kind::NonConfirmable);
}

fn block1(number: u32, more: bool, size: u16, payload: &[u8], id: u16) -> Message {
    let mut message = Message { payload: payload.to_vec(), ..Message::get(Kind::Confirmable, id, &[id as u8], "/rd") };
    message.code = Code::POST;
    message.add_number(option::BLOCK1, Block { number, more, size }.encode());
    message
}

#[test]
fn blocks_that_do_not_follow_or_are_too_many_are_refused() {
    let mut talk = talk();
    let mut say = |message: &Message| {
        hear(&mut talk, START, message);
        (sent(&mut talk).map(|answer| answer.code.to_string()), asked_of(&mut talk))
    };
    let code = |code: &str| (Some(code.to_owned()), None);
    assert_eq!(say(&block1(1, true, 16, &[1; 16], 1)), code("4.08"), "no first one");
    assert_eq!(say(&block1(0, true, 16, &[1; 15], 2)), code("4.00"), "not full");
    assert_eq!(say(&block1(0, true, 16, &[1; 16], 3)), code("2.31"));
    assert_eq!(say(&block1(0, true, 16, &[2; 16], 4)), code("2.31"), "begun again");
    assert_eq!(say(&block1(2, true, 16, &[2; 16], 5)), code("4.08"), "one is missing");
    assert_eq!(say(&block1(1, true, 16, &[3; 16], 6)), code("2.31"));
    assert_eq!(say(&block1(1, true, 16, &[3; 16], 7)), code("2.31"), "the same again");
    assert_eq!(say(&block1(1, true, 16, &[4; 16], 8)), code("4.08"), "another one in its place");
    let (answer, asked) = say(&block1(2, false, 16, &[5; 3], 9));
    assert_eq!((answer, asked.unwrap().1.payload.to_vec()), (None, [&[2; 16][..], &[3; 16], &[5; 3]].concat()));
    let blocks = (LONGEST_BODY / 1_024) as u32;
    for number in 0..blocks {
        assert_eq!(say(&block1(number, true, 1_024, &[1; 1_024], 100 + number as u16)), code("2.31"));
    }
    assert_eq!(say(&block1(blocks, false, 1_024, &[1], 999)), code("4.13"));
}

/// Answers the next message of a talk that asks.
fn reply(talk: &mut Conversation, code: u8, blocks: &[(u16, Block)], payload: &[u8]) -> Message {
    let request = sent(talk).expect("a request");
    let mut answer =
        Message { token: request.token.clone(), ..Message::new(Kind::Acknowledgement, Code(code), request.id) };
    for (option, block) in blocks {
        answer.add_number(*option, block.encode());
    }
    answer.payload = payload.to_vec();
    hear(talk, START, &answer);
    request
}

fn block_of(message: &Message, option: u16) -> Option<(u32, bool, u16)> {
    message
        .number(option)
        .map(|value| Block::decode(value).unwrap())
        .map(|block| (block.number, block.more, block.size))
}

#[test]
fn smaller_blocks_are_sent_where_the_other_side_wants_them() {
    let mut talk = talk();
    talk.ask(START, numbered(0, 1_499));
    let smaller = |number, more| (option::BLOCK1, Block { number, more, size: 512 });
    let first = reply(&mut talk, 0x5F, &[smaller(0, true)], b"");
    assert_eq!(block_of(&first, option::BLOCK1), Some((0, true, 1_024)));
    let second = reply(&mut talk, 0x44, &[smaller(2, false)], b"");
    assert_eq!((block_of(&second, option::BLOCK1), second.payload.len()), (Some((2, false, 512)), 476));
    assert!(first.token != second.token && matches!(talk.word(), Some(Word::Answered { .. })));

    let ticket = talk.ask(START, numbered(0, 99));
    let whole = reply(&mut talk, 0x8D, &[(option::BLOCK1, Block { number: 0, more: false, size: 64 })], b"");
    assert_eq!((block_of(&whole, option::BLOCK1), whole.payload.len()), (None, 100));
    let first = reply(&mut talk, 0x8D, &[], b"");
    assert_eq!(block_of(&first, option::BLOCK1), Some((0, true, 64)));
    let response = Response::new(Code(0x8D));
    assert_eq!(talk.word(), Some(Word::Answered { ticket, response }), "it says no smaller size");
}

/// A modem that puts blocks together by their token answers 4.08 to the second.
#[test]
fn blocks_that_got_lost_on_the_other_side_are_sent_once_again_with_one_token() {
    let mut talk = talk();
    let ticket = talk.ask(START, numbered(0, 1_499));
    let more = (option::BLOCK1, Block { number: 0, more: true, size: 1_024 });
    let last = (option::BLOCK1, Block { number: 1, more: false, size: 1_024 });
    let first = reply(&mut talk, 0x5F, &[more], b"");
    let second = reply(&mut talk, 0x88, &[], b"");
    assert_ne!(first.token, second.token);
    let first = reply(&mut talk, 0x5F, &[more], b"");
    assert_eq!(block_of(&first, option::BLOCK1), Some((0, true, 1_024)));
    let second = reply(&mut talk, 0x88, &[last], b"");
    assert_eq!(first.token, second.token);
    assert_eq!(talk.word(), Some(Word::Answered { ticket, response: Response::new(Code(0x88)) }), "not for ever");

    talk.set_timing(Timing { same_token: true, ..Timing::default() });
    talk.ask(START, numbered(0, 1_499));
    let tokens = [reply(&mut talk, 0x5F, &[more], b"").token, reply(&mut talk, 0x44, &[last], b"").token];
    assert_eq!(tokens[0], tokens[1]);
}

#[test]
fn answers_whose_blocks_do_not_fit_are_errors() {
    let block = |number, more| (option::BLOCK2, Block { number, more, size: 16 });
    let full = [1; 16];
    for (replies, expected) in [
        (vec![(block(1, true), &full[..])], "begins with block 1"),
        (vec![(block(0, true), &full[..15])], "has 15"),
        (vec![(block(0, true), &full), (block(2, true), &full)], "byte 16 was wanted"),
        (vec![(block(0, true), &full), (block(1, true), &full[..3])], "has 3"),
        (vec![(block(0, true), &full), ((option::SIZE2, block(0, true).1), &full)], "without a block"),
    ] {
        let mut talk = talk();
        talk.ask(START, Request::new(Code::GET, "/"));
        for (block, payload) in replies {
            reply(&mut talk, 0x45, &[block], payload);
        }
        match talk.word() {
            Some(Word::Unanswered { why: Unanswered::Blocks(why), .. }) => assert!(why.contains(expected), "{why}"),
            other => panic!("{expected}: {other:?}"),
        }
        assert!(talk.is_quiet());
    }
}

#[test]
fn the_other_side_may_choose_smaller_blocks_in_the_middle_of_its_answer() {
    let mut talk = talk();
    talk.ask(START, Request::new(Code::GET, "/"));
    let block = |number, more, size| [(option::BLOCK2, Block { number, more, size })];
    reply(&mut talk, 0x45, &block(0, true, 64), &[1; 64]);
    assert_eq!(block_of(&reply(&mut talk, 0x45, &block(4, true, 16), &[2; 16]), option::BLOCK2), Some((1, false, 64)));
    assert_eq!(block_of(&reply(&mut talk, 0x45, &block(5, false, 16), &[3]), option::BLOCK2), Some((5, false, 16)));
    let whole = [&[1; 64][..], &[2; 16], &[3]].concat();
    assert!(matches!(talk.word(), Some(Word::Answered { response, .. }) if *response.payload == whole));
}

#[test]
fn a_block_that_was_not_sent_is_not_acknowledged() {
    let mut talk = talk();
    talk.ask(START, numbered(0, 3_000));
    reply(&mut talk, 0x5F, &[(option::BLOCK1, Block { number: 1, more: true, size: 1_024 })], b"");
    assert!(matches!(talk.word(), Some(Word::Unanswered { why: Unanswered::Blocks(_), .. })));
}

#[test]
fn an_endless_answer_is_cut() {
    let mut talk = talk();
    let ticket = talk.ask(START, Request::new(Code::GET, "/"));
    for number in 0.. {
        if let Some(word) = talk.word() {
            assert_eq!(word, Word::Unanswered { ticket, why: Unanswered::TooLong { limit: LONGEST_BODY } });
            break;
        }
        assert!(number <= 64);
        reply(&mut talk, 0x45, &[(option::BLOCK2, Block { number, more: true, size: 1_024 })], &[1; 1_024]);
    }
    assert!(talk.is_quiet());
}

#[test]
fn what_changes_while_it_is_read_is_read_once_again() {
    let mut talk = talk();
    talk.ask(START, Request::new(Code::GET, "/"));
    let mut numbers = Vec::new();
    for (etag, number, more) in [(1, 0, true), (2, 1, true), (2, 0, true), (2, 1, false)] {
        let request = sent(&mut talk).unwrap();
        numbers.push(block_of(&request, option::BLOCK2).map(|(number, ..)| number));
        let mut answer =
            Message { token: request.token, ..Message::new(Kind::Acknowledgement, Code::CONTENT, request.id) };
        answer.add(option::ETAG, vec![etag]);
        answer.add_number(option::BLOCK2, Block { number, more, size: 16 }.encode());
        answer.payload = vec![etag; 16];
        hear(&mut talk, START, &answer);
    }
    assert_eq!(numbers, [None, Some(1), None, Some(1)]);
    assert!(matches!(talk.word(), Some(Word::Answered { response, .. }) if *response.payload == [2; 32]));
}

#[test]
fn a_wanted_block_is_served_from_the_answer_that_was_given_and_none_beyond_its_end() {
    let mut talk = talk();
    let ask = |talk: &mut Conversation, number, size, id| {
        let mut request = Message::get(Kind::Confirmable, id, b"t", "/bspack");
        request.add_number(option::BLOCK2, Block { number, more: false, size }.encode());
        hear(talk, START, &request);
    };
    ask(&mut talk, 0, 32, 1);
    let (asked, _) = asked_of(&mut talk).unwrap();
    talk.answer(START, asked, Response::new(Code::CONTENT).with(112, (0..100).collect()));
    let first = sent(&mut talk).unwrap();
    assert_eq!((block_of(&first, option::BLOCK2), first.payload.len()), (Some((0, true, 32)), 32));
    ask(&mut talk, 3, 32, 2);
    let last = sent(&mut talk).unwrap();
    assert_eq!((block_of(&last, option::BLOCK2), last.payload.clone()), (Some((3, false, 32)), vec![96, 97, 98, 99]));
    assert_eq!((first.option(option::ETAG), asked_of(&mut talk)), (last.option(option::ETAG), None));
    ask(&mut talk, 4, 32, 3);
    assert_eq!(sent(&mut talk).unwrap().code.to_string(), "4.00");
}

#[test]
fn a_peer_that_asks_and_asks_is_refused_and_forgotten() {
    let mut talk = talk();
    for id in 0..2_000 {
        hear(&mut talk, START, &Message::get(Kind::Confirmable, id, &id.to_be_bytes(), "/bs"));
        assert!(sent(&mut talk).is_none_or(|answer| answer.code.to_string() == "5.03"));
    }
    assert_eq!(std::iter::from_fn(|| asked_of(&mut talk)).count(), 4);
    talk.tick(SECOND);
    assert_eq!(std::iter::from_fn(|| sent(&mut talk)).filter(|ack| ack.code == Code::EMPTY).count(), 4);
    assert!(!talk.is_quiet());
    talk.tick(247 * SECOND);
    assert!(talk.is_quiet() && talk.deadline().is_none());
}

#[test]
fn neither_keys_nor_tokens_are_shown() {
    let mut talk = talk();
    talk.ask(START, Request::new(Code::PUT, "/0/1").with(42, b"secret".to_vec()));
    assert_eq!(format!("{talk:?}"), "conversation, 1 datagrams to be sent, 0 requests open");
}
