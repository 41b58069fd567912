//! A CoAP datagram from a stranger: no panic, and what is read is written the same again; its payload as links.
#![no_main]

use firstlight::format::coap::{Block, Message, links, option};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(message) = Message::decode(bytes) {
        let written = message.encode().expect("what we read we can write");
        assert_eq!(Message::decode(&written).expect("what we write we can read"), message, "nothing is lost on the way");
        if let Some(Ok(block)) = message.number(option::BLOCK2).map(Block::decode) {
            assert_eq!(Block::decode(block.encode()), Ok(block));
        }
        if let Ok(text) = std::str::from_utf8(&message.payload) {
            let _ = links(text);
        }
    }
});
