//! CoAP messages (RFC 7252, section 3) with their options, block-wise numbers (RFC 7959) and link lists (RFC 6690).

mod block;
mod link;
mod message;

pub use block::{Block, BlockError};
pub use link::{LONGEST_LINKS, Link, LinkError, links};
pub use message::{CoapError, CoapOption, Code, Kind, LONGEST_MESSAGE, LONGEST_TOKEN, Message, option};
