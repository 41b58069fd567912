//! Requests and answers as messages, and back.

use zeroize::{Zeroize, Zeroizing};

use super::words::{Request, Response, Unanswered};
use crate::format::coap::{Block, CoapError, Code, Kind, Message, option};

// Codes: three bits of class, five of detail (RFC 7252, section 5.2; RFC 7959, section 2.9).
pub(super) const CONTINUE: Code = Code(0x5F);
pub(super) const BAD_REQUEST: Code = Code(0x80);
pub(super) const BAD_OPTION: Code = Code(0x82);
pub(super) const INCOMPLETE: Code = Code(0x88);
pub(super) const TOO_LARGE: Code = Code(0x8D);
pub(super) const UNAVAILABLE: Code = Code(0xA3);
const NO_PROXY: Code = Code(0xA5);
/// Options that ask for a proxy (RFC 7252, section 5.10.2).
const PROXY: [u16; 2] = [35, 39];

/// Critical options of a request that are understood, and whether they may come more than once.
const OF_REQUESTS: [(u16, bool); 7] = [
    (option::URI_HOST, false),
    (option::URI_PORT, false),
    (option::URI_PATH, true),
    (option::URI_QUERY, true),
    (option::ACCEPT, false),
    (option::BLOCK2, false),
    (option::BLOCK1, false),
];
/// Those of an answer.
const OF_RESPONSES: [(u16, bool); 2] = [(option::BLOCK2, false), (option::BLOCK1, false)];

/// A request as it stands in one message.
pub(super) struct Read {
    /// The request, with the payload of this message.
    pub request: Request,
    /// Which block of the request it is.
    pub block1: Option<Block>,
    /// Which block of the answer is wanted.
    pub block2: Option<Block>,
}

/// Writes a message and wipes it; its payload may be a key.
pub(super) fn encode(mut message: Message) -> Result<Zeroizing<Vec<u8>>, CoapError> {
    let bytes = message.encode();
    message.payload.zeroize();
    bytes.map(Zeroizing::new)
}

/// Returns a request without its payload.
pub(super) fn request_head(request: &Request, id: u16, token: &[u8]) -> Message {
    let mut message = Message { token: token.to_vec(), ..Message::new(Kind::Confirmable, request.code, id) };
    for segment in &request.path {
        message.add(option::URI_PATH, segment.as_bytes().to_vec());
    }
    for part in &request.query {
        message.add(option::URI_QUERY, part.as_bytes().to_vec());
    }
    if let Some(format) = request.accept {
        message.add_number(option::ACCEPT, format.into());
    }
    message
}

/// Returns an answer without its payload.
pub(super) fn response_head(response: &Response) -> Message {
    let mut message = Message::new(Kind::NonConfirmable, response.code, 0);
    for segment in &response.location {
        message.add(option::LOCATION_PATH, segment.as_bytes().to_vec());
    }
    if let Some(format) = response.format {
        message.add_number(option::CONTENT_FORMAT, format.into());
    }
    message
}

/// Reads a request; the code is what is answered to one that is none.
pub(super) fn read_request(message: &mut Message) -> Result<Read, Code> {
    if let Some(number) = unknown(message, &OF_REQUESTS) {
        return Err(if PROXY.contains(&number) { NO_PROXY } else { BAD_OPTION });
    }
    let accept = match message.option(option::ACCEPT) {
        None => None,
        Some(_) => Some(number(message, option::ACCEPT).ok_or(BAD_OPTION)?),
    };
    let request = Request {
        code: message.code,
        path: texts(message, option::URI_PATH).ok_or(BAD_OPTION)?,
        query: texts(message, option::URI_QUERY).ok_or(BAD_OPTION)?,
        format: number(message, option::CONTENT_FORMAT),
        accept,
        payload: Zeroizing::new(std::mem::take(&mut message.payload)),
    };
    let block = |number| block(message, number).map_err(|_| BAD_REQUEST);
    Ok(Read { request, block1: block(option::BLOCK1)?, block2: block(option::BLOCK2)? })
}

/// Reads an answer, with the payload of this message.
pub(super) fn read_response(message: &mut Message) -> Result<Response, Unanswered> {
    if let Some(number) = unknown(message, &OF_RESPONSES) {
        return Err(Unanswered::Unknown { number });
    }
    Ok(Response {
        code: message.code,
        format: number(message, option::CONTENT_FORMAT),
        location: texts(message, option::LOCATION_PATH).unwrap_or_default(),
        payload: Zeroizing::new(std::mem::take(&mut message.payload)),
    })
}

/// Reads a block option.
pub(super) fn block(message: &Message, number: u16) -> Result<Option<Block>, String> {
    if message.option(number).is_none() {
        return Ok(None);
    }
    let value = message.number(number).ok_or_else(|| "a block option of more than four bytes".to_owned())?;
    Block::decode(value).map(Some).map_err(|error| error.to_string())
}

/// Returns the first critical option that is not understood; one too many of its kind is none (section 5.4.5).
fn unknown(message: &Message, known: &[(u16, bool)]) -> Option<u16> {
    let critical = message.options.iter().map(|option| option.number).filter(|number| number % 2 == 1);
    let mut seen = Vec::new();
    for number in critical {
        match known.iter().find(|(one, _)| *one == number) {
            Some((_, true)) => {}
            Some((_, false)) if !seen.contains(&number) => seen.push(number),
            _ => return Some(number),
        }
    }
    None
}

fn number(message: &Message, option: u16) -> Option<u16> {
    message.number(option)?.try_into().ok()
}

fn texts(message: &Message, number: u16) -> Option<Vec<String>> {
    let values = message.options.iter().filter(|option| option.number == number);
    values.map(|option| String::from_utf8(option.value.clone()).ok()).collect()
}
