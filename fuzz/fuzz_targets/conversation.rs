//! Datagrams of a stranger, with pauses between them, to a conversation that asks and answers: no panic, each request of ours
//! ends once, and in the end it is quiet.
#![no_main]

use std::time::Duration;

use firstlight::coap::{Conversation, Request, Response, Timing, Word};
use firstlight::format::coap::{Code, Message};

libfuzzer_sys::fuzz_target!(|datagrams: Vec<(u8, Vec<u8>)>| {
    let mut talk = Conversation::new(Timing { block: 16, ..Timing::default() }, [1; 16]);
    let (mut at, mut awaited) = (Duration::ZERO, 0_usize);
    for (pause, mut datagram) in datagrams.into_iter().take(200) {
        at += Duration::from_millis(u64::from(pause) * 40);
        if pause % 16 == 0 {
            talk.ask(at, Request::new(Code::PUT, "/0/1").with(42, vec![1; 40]));
            awaited += 1;
        }
        aim(&mut talk, &mut datagram);
        talk.received(at, &datagram);
        talk.tick(at);
        awaited -= listen(&mut talk, at);
        while talk.datagram().is_some() {}
    }
    while let Some(due) = talk.deadline() {
        at = at.max(due);
        talk.tick(at);
        awaited -= listen(&mut talk, at);
        while talk.datagram().is_some() {}
    }
    assert!(talk.is_quiet() && awaited == 0, "each request of ours ends, {awaited} did not");
});

/// Gives an answer the id and token of what was sent last, so that it is one.
fn aim(talk: &mut Conversation, datagram: &mut [u8]) {
    let Some(sent) = talk.datagram().and_then(|sent| Message::decode(&sent).ok()) else { return };
    if datagram.len() >= 8 && datagram[0] & 0x2F == 0x24 {
        datagram[2..4].copy_from_slice(&sent.id.to_be_bytes());
        if let Some(token) = sent.token.first_chunk::<4>() {
            datagram[4..8].copy_from_slice(token);
        }
    }
}

/// Answers every other request; how many of ours ended.
fn listen(talk: &mut Conversation, at: Duration) -> usize {
    let mut ended = 0;
    while let Some(word) = talk.word() {
        match word {
            Word::Asked { asked, request, .. } if request.payload.len() % 2 == 0 => {
                talk.answer(at, asked, Response::new(Code::CONTENT).with(0, vec![2; 60]));
            }
            Word::Asked { .. } => {}
            Word::Answered { .. } | Word::Unanswered { .. } => ended += 1,
        }
    }
    ended
}
