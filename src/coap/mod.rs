//! Exchanges of CoAP with one peer: repetition, deduplication, one request at a time, separate answers, blocks.
//!
//! RFC 7252, sections 4 and 5; RFC 7959. No socket and no clock: datagrams and the time come in, datagrams and what was said
//! go out.

mod conversation;
#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "a test counts small numbers")]
mod conversation_tests;
mod drawn;
mod flight;
mod question;
mod remembered;
mod serving;
#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "a test counts small numbers")]
mod simulated;
mod taking;
mod words;
mod written;

pub use conversation::Conversation;
pub use words::{Asked, LONGEST_BODY, Request, Response, Ticket, Timing, Unanswered, Word};
