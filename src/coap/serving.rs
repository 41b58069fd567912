//! An answer of ours that is longer than a block (RFC 7959, section 2.4).

use std::time::Duration;

use super::words::{Request, Response};
use super::written::{BAD_REQUEST, response_head};
use crate::format::coap::{Block, Message, option};

/// An answer whose further blocks may be asked for; the latest alone is kept.
pub(super) struct Serving {
    subject: Request,
    response: Response,
    etag: u32,
    until: Duration,
}

impl Serving {
    pub(super) fn new(subject: Request, response: Response, etag: u32, until: Duration) -> Self {
        Self { subject, response, etag, until }
    }

    /// Returns when it is forgotten.
    pub(super) fn until(&self) -> Duration {
        self.until
    }

    /// Returns true if it answers this.
    pub(super) fn answers(&self, subject: &Request) -> bool {
        self.subject == *subject
    }

    /// Returns the block that is wanted, and keeps the answer for longer.
    pub(super) fn block(&mut self, wanted: Block, largest: u16, until: Duration) -> Message {
        self.until = until;
        part(&self.response, Some(wanted), largest, self.etag)
    }
}

/// Returns true if an answer does not fit into one message.
pub(super) fn is_long(response: &Response, wanted: Option<Block>, largest: u16) -> bool {
    response.payload.len() > usize::from(wanted.map_or(largest, |block| block.size.min(largest)))
}

/// Returns an answer, or the part of it that is wanted.
pub(super) fn part(response: &Response, wanted: Option<Block>, largest: u16, etag: u32) -> Message {
    let size = wanted.map_or(largest, |block| block.size.min(largest));
    let offset = wanted.map_or(0, Block::offset);
    let (length, step) = (response.payload.len(), usize::from(size));
    if offset > 0 && offset >= length {
        return response_head(&Response::new(BAD_REQUEST));
    }
    let mut message = response_head(response);
    let end = length.min(offset + step);
    message.payload.extend(&response.payload[offset..end]);
    if is_long(response, wanted, largest) {
        message.add(option::ETAG, etag.to_be_bytes().to_vec());
    }
    if wanted.is_some() || end < length {
        let number = u32::try_from(offset / step).unwrap_or(u32::MAX);
        message.add_number(option::BLOCK2, Block { number, more: end < length, size }.encode());
    }
    message
}
