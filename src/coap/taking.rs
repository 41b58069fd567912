//! A request of the other side that comes in blocks (RFC 7959, section 2.5).

use std::time::Duration;

use zeroize::Zeroizing;

use super::words::{LONGEST_BODY, Request};
use super::written::{BAD_REQUEST, CONTINUE, INCOMPLETE, TOO_LARGE};
use crate::format::coap::{Block, Code};

/// The blocks so far; one request at a time.
pub(super) struct Taking {
    subject: Request,
    bytes: Zeroizing<Vec<u8>>,
    until: Duration,
}

impl Taking {
    /// Returns when it is forgotten.
    pub(super) fn until(&self) -> Duration {
        self.until
    }
}

/// Takes one block of a request; the last gives `request` the whole payload, each other is answered with the code.
pub(super) fn take(
    taking: &mut Option<Taking>,
    request: &mut Request,
    block: Block,
    until: Duration,
) -> Result<(), Code> {
    let (size, length) = (usize::from(block.size), request.payload.len());
    if length > size || (block.more && length < size) {
        return Err(BAD_REQUEST);
    }
    let subject = request.subject();
    if block.number == 0 {
        *taking = Some(Taking { subject, bytes: Zeroizing::default(), until });
    } else if taking.as_ref().is_none_or(|taking| taking.subject != subject) {
        return Err(INCOMPLETE);
    }
    let begun = taking.as_mut().ok_or(INCOMPLETE)?;
    let is_known = block.more && begun.bytes.get(block.offset()..).is_some_and(|end| end == request.payload.as_slice());
    if !is_known && begun.bytes.len() != block.offset() {
        return Err(INCOMPLETE);
    }
    if begun.bytes.len() + length > LONGEST_BODY {
        *taking = None;
        return Err(TOO_LARGE);
    }
    if !is_known {
        begun.bytes.extend_from_slice(&request.payload);
    }
    begun.until = until;
    if block.more {
        return Err(CONTINUE);
    }
    request.payload = std::mem::take(&mut begun.bytes);
    *taking = None;
    Ok(())
}
