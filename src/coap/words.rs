//! A request and its answer, without the messages that carry them.

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::format::coap::{CoapError, Code};

/// The longest payload that is put together out of blocks, in bytes.
pub const LONGEST_BODY: usize = 1 << 16;
/// Bytes of the largest block (RFC 7959, section 2.2).
pub(super) const LARGEST_BLOCK: u16 = 1024;
/// Bytes of the smallest.
const SMALLEST_BLOCK: u16 = 16;

/// What one side asks of the other (RFC 7252, section 5.1), whole: blocks have been put together.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub code: Code,
    /// The path, a segment each.
    pub path: Vec<String>,
    /// The query, a part each: `ep=gw-1`.
    pub query: Vec<String>,
    /// The content format of the payload.
    pub format: Option<u16>,
    /// The content format that is wanted.
    pub accept: Option<u16>,
    /// The payload, which may be a key.
    pub payload: Zeroizing<Vec<u8>>,
}

/// What is answered, whole.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The code.
    pub code: Code,
    /// The content format of the payload.
    pub format: Option<u16>,
    /// Where what was made lies, a segment each (`Location-Path`).
    pub location: Vec<String>,
    /// The payload.
    pub payload: Zeroizing<Vec<u8>>,
}

impl Request {
    /// A request without payload; `path` with slashes, as `/1/0`.
    pub fn new(code: Code, path: &str) -> Self {
        let path = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        Self { code, path, query: Vec::new(), format: None, accept: None, payload: Zeroizing::default() }
    }

    /// Returns what is asked about, without the payload: all blocks of a request have it in common.
    pub(super) fn subject(&self) -> Self {
        let (path, query) = (self.path.clone(), self.query.clone());
        Self { path, query, format: None, payload: Zeroizing::default(), ..*self }
    }

    /// With a payload.
    #[must_use]
    pub fn with(self, format: u16, payload: Vec<u8>) -> Self {
        Self { format: Some(format), payload: Zeroizing::new(payload), ..self }
    }

    /// Wants the answer in this content format.
    #[must_use]
    pub fn accepting(self, format: u16) -> Self {
        Self { accept: Some(format), ..self }
    }
}

impl Response {
    /// An answer without payload.
    pub fn new(code: Code) -> Self {
        Self { code, format: None, location: Vec::new(), payload: Zeroizing::default() }
    }

    /// With a payload.
    #[must_use]
    pub fn with(self, format: u16, payload: Vec<u8>) -> Self {
        Self { format: Some(format), payload: Zeroizing::new(payload), ..self }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, query) = (self.path.join("/"), self.query.join("&"));
        write!(f, "{} /{path}?{query} <{} bytes>", self.code, self.payload.len())
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <{} bytes>", self.code, self.payload.len())
    }
}

/// How patient one side is with the other (RFC 7252, section 4.8); by profile, for radio links are slow.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Timing {
    /// The first pause before a message is repeated (`ACK_TIMEOUT`).
    pub ack_timeout: Duration,
    /// How often it is repeated (`MAX_RETRANSMIT`).
    pub most_repetitions: u32,
    /// How long an answer may take after the request was acknowledged.
    pub answer_timeout: Duration,
    /// For how long a message id counts (`EXCHANGE_LIFETIME`).
    pub exchange_lifetime: Duration,
    /// Bytes of a block, a power of two from 16 to 1024.
    pub block: u16,
    /// True if all blocks of one request have one token: some modems refuse new ones.
    pub same_token: bool,
}

impl Timing {
    /// Returns the bytes of a block: what is set, made a size that there is.
    pub(super) fn block_size(&self) -> u16 {
        1 << self.block.clamp(SMALLEST_BLOCK, LARGEST_BLOCK).ilog2()
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ack_timeout: Duration::from_secs(2),
            most_repetitions: 4,
            answer_timeout: Duration::from_secs(93),
            exchange_lifetime: Duration::from_secs(247),
            block: 1024,
            same_token: false,
        }
    }
}

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unanswered {
    /// Nothing came, however often it was repeated.
    #[error("no answer came")]
    Silent,
    /// It was acknowledged, and then nothing came.
    #[error("it was acknowledged, but no answer came")]
    NoAnswer,
    /// The other side does not want it.
    #[error("the other side refused the message")]
    Reset,
    /// Blocks that do not fit together.
    #[error("the blocks of the answer do not fit together: {0}")]
    Blocks(String),
    /// An option that must be understood and is not.
    #[error("the answer bears option {number}, which nobody here understands")]
    Unknown {
        /// Its number.
        number: u16,
    },
    /// It cannot be written as messages.
    #[error("the request cannot be sent: {0}")]
    Unsendable(#[from] CoapError),
    /// More than is taken.
    #[error("the answer is longer than {limit} bytes")]
    TooLong {
        /// Bytes that are taken.
        limit: usize,
    },
}

/// A request of ours, until it is answered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(pub(super) u64);

/// A request of the other side, until it is answered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Asked(pub(super) u64);

/// What was heard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Word {
    /// The other side asks; it is told once, however often it was repeated.
    Asked {
        /// What the answer names.
        asked: Asked,
        /// True if the other side repeats it until it is answered.
        confirmable: bool,
        /// What is asked, whole.
        request: Request,
    },
    /// A request was answered.
    Answered {
        /// Which.
        ticket: Ticket,
        /// The answer, whole.
        response: Response,
    },
    /// A request will not be answered.
    Unanswered {
        /// Which.
        ticket: Ticket,
        /// Why.
        why: Unanswered,
    },
}
