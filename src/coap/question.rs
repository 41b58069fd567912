//! One request of ours with all its blocks and all blocks of its answer (RFC 7959).

use super::drawn::Drawn;
use super::words::{LARGEST_BLOCK, LONGEST_BODY, Request, Response, Ticket, Timing, Unanswered};
use super::written::{CONTINUE, INCOMPLETE, TOO_LARGE, block, read_response, request_head};
use crate::format::coap::{Block, Code, Message, option};

/// A request and how far it got.
pub(super) struct Question {
    pub ticket: Ticket,
    request: Request,
    token: Vec<u8>,
    same_token: bool,
    /// Bytes of a block that we send, and that we want.
    size: u16,
    /// True once it was begun again because blocks got lost on the other side.
    begun_again: bool,
    stage: Stage,
}

enum Stage {
    /// The payload is sent, from here on.
    Sending { offset: usize },
    /// The answer is fetched; the bytes so far are in it.
    Fetching { answer: Response, etag: Option<Vec<u8>>, size: u16 },
}

/// What an answer leads to.
pub(super) enum Step {
    /// The next message is to be sent.
    Next,
    /// It is over.
    Done(Result<Response, Unanswered>),
}

impl Question {
    pub(super) fn new(ticket: Ticket, request: Request, timing: &Timing) -> Self {
        let (size, same_token) = (timing.block_size(), timing.same_token);
        let stage = Stage::Sending { offset: 0 };
        Self { ticket, request, token: Vec::new(), same_token, size, begun_again: false, stage }
    }

    pub(super) fn token(&self) -> &[u8] {
        &self.token
    }

    /// Returns the next message.
    pub(super) fn message(&mut self, drawn: &mut Drawn) -> Message {
        if self.token.is_empty() || !self.same_token {
            self.token = drawn.token();
        }
        let mut message = request_head(&self.request, drawn.id(), &self.token);
        match &self.stage {
            Stage::Sending { offset } => self.add_payload(*offset, &mut message),
            Stage::Fetching { answer, size, .. } => {
                let block = Block { number: number(answer.payload.len(), *size), more: false, size: *size };
                message.add_number(option::BLOCK2, block.encode());
            }
        }
        message
    }

    fn add_payload(&self, offset: usize, message: &mut Message) {
        let (payload, size) = (&self.request.payload, usize::from(self.size));
        let end = payload.len().min(offset + size);
        message.payload.extend(&payload[offset..end]);
        if let Some(format) = self.request.format {
            message.add_number(option::CONTENT_FORMAT, format.into());
        }
        if payload.len() > size {
            let block = Block { number: number(offset, self.size), more: end < payload.len(), size: self.size };
            message.add_number(option::BLOCK1, block.encode());
        } else if self.request.code == Code::GET && self.size < LARGEST_BLOCK {
            let wanted = Block { number: 0, more: false, size: self.size };
            message.add_number(option::BLOCK2, wanted.encode());
        }
    }

    /// Takes the answer to the last message.
    pub(super) fn answered(&mut self, mut message: Message) -> Step {
        let response = match read_response(&mut message) {
            Ok(response) => response,
            Err(why) => return Step::Done(Err(why)),
        };
        let step = match self.stage {
            Stage::Sending { offset } => self.sent(offset, &message, response),
            Stage::Fetching { .. } => self.fetched(&message, response),
        };
        step.unwrap_or_else(|reason| Step::Done(Err(Unanswered::Blocks(reason))))
    }

    /// A part of the payload was answered.
    fn sent(&mut self, offset: usize, message: &Message, response: Response) -> Result<Step, String> {
        let block = block(message, option::BLOCK1)?;
        match response.code {
            TOO_LARGE if let Some(size) = block.map(|block| block.size).filter(|size| *size < self.size) => {
                (self.size, self.stage) = (size, Stage::Sending { offset: 0 });
                Ok(Step::Next)
            }
            INCOMPLETE if self.in_blocks() && !self.begun_again => {
                // Some modems put blocks together by their token: the second time all have the same.
                (self.begun_again, self.same_token) = (true, true);
                self.token.clear();
                self.stage = Stage::Sending { offset: 0 };
                Ok(Step::Next)
            }
            code if code == CONTINUE || (code.class() == 2 && block.is_some() && self.rest(offset) > 0) => {
                self.go_on(offset, block)
            }
            _ => self.first_of_answer(message, response),
        }
    }

    fn in_blocks(&self) -> bool {
        self.request.payload.len() > usize::from(self.size)
    }

    /// Returns the bytes after the block that begins here.
    fn rest(&self, offset: usize) -> usize {
        self.request.payload.len().saturating_sub(offset + usize::from(self.size))
    }

    fn go_on(&mut self, offset: usize, block: Option<Block>) -> Result<Step, String> {
        if self.rest(offset) == 0 {
            return Err("more was wanted after the last block".to_owned());
        }
        let (sent, block) = (number(offset, self.size), block.ok_or("more was wanted, but not of which block")?);
        if block.number != sent {
            return Err(format!("block {sent} was sent, and {} was acknowledged", block.number));
        }
        self.stage = Stage::Sending { offset: offset + usize::from(self.size) };
        self.size = self.size.min(block.size);
        Ok(Step::Next)
    }

    fn first_of_answer(&mut self, message: &Message, response: Response) -> Result<Step, String> {
        let Some(block) = block(message, option::BLOCK2)?.filter(|block| block.more || block.number > 0) else {
            return Ok(Step::Done(within_limit(response)));
        };
        if block.number != 0 {
            return Err(format!("the answer begins with block {}", block.number));
        }
        if response.payload.len() != usize::from(block.size) {
            return Err(format!("a block of {} bytes has {}", block.size, response.payload.len()));
        }
        let etag = message.option(option::ETAG).map(<[u8]>::to_vec);
        self.stage = Stage::Fetching { answer: response, etag, size: block.size };
        Ok(Step::Next)
    }

    /// A further part of the answer came.
    fn fetched(&mut self, message: &Message, response: Response) -> Result<Step, String> {
        let Stage::Fetching { answer, etag, size } = &mut self.stage else { return Ok(Step::Next) };
        let expected = number(answer.payload.len(), *size);
        let found = block(message, option::BLOCK2)?;
        let Some(block) = found.filter(|_| response.code == answer.code) else {
            return Err(format!("block {expected} was answered {} without a block", response.code));
        };
        if message.option(option::ETAG) != etag.as_deref() {
            return self.begin_again("what is read changed while it was read");
        }
        let begins = block.offset();
        if begins != answer.payload.len() {
            return Err(format!("byte {} was wanted, and a block from byte {begins} came", answer.payload.len()));
        }
        let is_full = response.payload.len() == usize::from(block.size);
        if (block.more && !is_full) || response.payload.len() > usize::from(block.size) {
            return Err(format!("a block of {} bytes has {}", block.size, response.payload.len()));
        }
        answer.payload.extend_from_slice(&response.payload);
        *size = block.size.min(*size);
        if block.more && answer.payload.len() <= LONGEST_BODY {
            return Ok(Step::Next);
        }
        let whole = std::mem::replace(answer, Response::new(answer.code));
        Ok(Step::Done(within_limit(whole)))
    }

    fn begin_again(&mut self, reason: &str) -> Result<Step, String> {
        if self.begun_again || self.request.code != Code::GET {
            return Err(reason.to_owned());
        }
        (self.begun_again, self.stage) = (true, Stage::Sending { offset: 0 });
        Ok(Step::Next)
    }
}

fn within_limit(response: Response) -> Result<Response, Unanswered> {
    if response.payload.len() > LONGEST_BODY {
        return Err(Unanswered::TooLong { limit: LONGEST_BODY });
    }
    Ok(response)
}

/// Returns the number of the block that begins here.
fn number(offset: usize, size: u16) -> u32 {
    u32::try_from(offset / usize::from(size)).unwrap_or(u32::MAX)
}
