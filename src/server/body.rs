//! A request, read whole and within bounds.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, header, request::Parts};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use zeroize::Zeroizing;

use super::activity::Activity;
use super::decode::{Notation, object_within, too_large};
use super::problem::{Fault, Outcome};
use crate::fleet::enrolment::Refusal;
use crate::registration::exchange::Incoming;

/// Longest `Authorization`, in bytes.
const LONGEST_PROOF: usize = 8 * 1024;
/// Most that is read away of a body that nobody wanted, in bytes.
const MOST_DRAINED: usize = 1024 * 1024;
/// Longest path with its query, in bytes.
const LONGEST_TARGET: usize = 2048;

/// The other side of a connection; each request carries it as an extension.
#[derive(Clone)]
pub(super) struct Peer {
    pub(super) source: IpAddr,
    pub(super) certificates: Arc<Vec<Vec<u8>>>,
    pub(super) activity: Arc<Activity>,
}

fn malformed(detail: impl Into<String>) -> Outcome {
    Outcome::refused(Refusal::MalformedRequest, detail)
}

/// Returns the one value of a header. A header that comes twice means two things.
fn single(headers: &HeaderMap, name: &HeaderName, longest: usize) -> Result<Option<String>, Outcome> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(malformed(format!("the header {name} is there twice")));
    }
    match value.to_str() {
        Ok(text) if text.len() <= longest => Ok(Some(text.to_owned())),
        _ => Err(malformed(format!("the header {name} is longer than {longest} or not printable ASCII"))),
    }
}

/// Returns the `Authorization` header.
pub(super) fn authorization(headers: &HeaderMap) -> Result<Option<Zeroizing<String>>, Outcome> {
    Ok(single(headers, &header::AUTHORIZATION, LONGEST_PROOF)?.map(Zeroizing::new))
}

/// What a route takes as its body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Takes {
    /// None.
    Nothing,
    /// One object of at most so many bytes.
    Object(usize),
    /// A list that is read later, while it comes.
    Stream,
}

/// Reads the rest of a request.
pub(super) async fn incoming(
    parts: &Parts,
    body: &mut Body,
    takes: Takes,
    peer: &Peer,
    within: Duration,
) -> Result<Incoming, Outcome> {
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    if target.len() > LONGEST_TARGET {
        return Err(Outcome::refused(Refusal::RequestTooLarge, format!("the path is longer than {LONGEST_TARGET}")));
    }
    let authorization = authorization(&parts.headers)?;
    let idempotency_key = single(&parts.headers, &HeaderName::from_static("idempotency-key"), 255)?;
    let if_none_match = single(&parts.headers, &header::IF_NONE_MATCH, 255)?;
    let if_match = single(&parts.headers, &header::IF_MATCH, 255)?;
    let content_type = single(&parts.headers, &header::CONTENT_TYPE, 255)?;
    plain_coding(&parts.headers)?;
    let (body, fields) = match takes {
        Takes::Stream => (Vec::new(), Value::Null),
        Takes::Nothing => {
            fields(content_type.as_deref(), &[], 0)?;
            // A body that nobody wants is not read: one byte of it is enough to refuse.
            match whole(body, 0, within).await {
                Ok(none) => (none, Value::Null),
                Err(Outcome::Fault(fault)) => return Err(Outcome::Fault(fault)),
                Err(Outcome::Reply(_)) => return Err(malformed("this request takes no body")),
            }
        }
        Takes::Object(longest) => {
            let body = whole(body, longest, within).await?;
            let fields = fields(content_type.as_deref(), &body, longest)?;
            (body, fields)
        }
    };
    Ok(Incoming {
        method: parts.method.as_str().to_owned(),
        target,
        body,
        fields,
        authorization,
        idempotency_key,
        if_none_match,
        if_match,
        accept: accepted(&parts.headers),
        content_type,
        certificates: peer.certificates.to_vec(),
        source: peer.source,
    })
}

/// All `Accept` headers as one (RFC 9110, section 5.3); none where they are too long to matter.
fn accepted(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(header::ACCEPT).iter().map(|value| value.to_str().ok());
    let all = values.collect::<Option<Vec<_>>>()?.join(",");
    Some(all).filter(|all| (1..=1024).contains(&all.len()))
}

fn unsupported(detail: &str) -> Outcome {
    Outcome::refused(Refusal::UnsupportedMediaType, detail)
}

fn plain_coding(headers: &HeaderMap) -> Result<(), Outcome> {
    match single(headers, &header::CONTENT_ENCODING, 64)? {
        Some(coding) if !coding.eq_ignore_ascii_case("identity") => Err(unsupported("the body is compressed")),
        _ => Ok(()),
    }
}

fn fields(content_type: Option<&str>, body: &[u8], longest: usize) -> Result<Value, Outcome> {
    let notation = match content_type {
        None => None,
        Some(text) => Some(Notation::of_content_type(text).ok_or_else(|| unsupported("the Content-Type is another"))?),
    };
    if body.is_empty() {
        return Ok(Value::Null);
    }
    let notation = notation.ok_or_else(|| unsupported("there is no Content-Type"))?;
    object_within(notation, body, longest).map_err(|(refusal, detail)| Outcome::refused(refusal, detail))
}

async fn whole(body: &mut Body, longest: usize, within: Duration) -> Result<Vec<u8>, Outcome> {
    let refuse = |size| {
        let (refusal, detail) = too_large(size, longest);
        Outcome::refused(refusal, detail)
    };
    let announced = hyper::body::Body::size_hint(body).lower();
    if announced > longest as u64 {
        return Err(refuse(usize::try_from(announced).unwrap_or(usize::MAX)));
    }
    let reading = async {
        let mut whole = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| malformed("the body broke off"))?;
            whole.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
            if whole.len() > longest {
                return Err(refuse(whole.len()));
            }
        }
        Ok(whole)
    };
    tokio::time::timeout(within, reading).await.unwrap_or(Err(Outcome::Fault(Fault::BodyTooSlow)))
}

/// Sends the pieces of a body to who reads it as a stream, until its end. What goes wrong is told there.
pub(super) async fn pour(body: &mut Body, longest: u64, within: Duration, to: Sender<io::Result<Bytes>>) {
    let mut left = longest;
    loop {
        let piece = match tokio::time::timeout(within, body.frame()).await {
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the body did not come in time")),
            Ok(None) => return,
            Ok(Some(Err(_))) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the body broke off")),
            Ok(Some(Ok(frame))) => {
                let Ok(piece) = frame.into_data() else { continue };
                if let Some(rest) = left.checked_sub(piece.len() as u64) {
                    left = rest;
                    Ok(piece)
                } else {
                    let words = format!("the list has over {longest} bytes, which is the most that is taken");
                    Err(io::Error::new(io::ErrorKind::FileTooLarge, words))
                }
            }
        };
        let is_last = piece.is_err();
        if to.send(piece).await.is_err() || is_last {
            return;
        }
    }
}

/// What is poured, read on a thread that may wait.
pub(super) struct Poured {
    from: Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

impl Poured {
    /// Makes both ends: little is kept between them, so who sends faster than it is read has to wait.
    pub(super) fn new() -> (Sender<io::Result<Bytes>>, Self) {
        let (to, from) = channel(4);
        (to, Self { from, piece: Bytes::new() })
    }
}

impl io::Read for Poured {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.from.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let size = buffer.len().min(self.piece.len());
        buffer[..size].copy_from_slice(&self.piece.split_to(size));
        Ok(size)
    }
}

/// Reads away what is left of a body that nobody wanted, within bounds: a client that still sends would lose the answer to
/// a reset (RFC 9113, section 8.1).
pub(super) async fn drain(mut body: Body, within: Duration) {
    let reading = async {
        let mut left = MOST_DRAINED;
        while let Some(Ok(frame)) = body.frame().await {
            let size = frame.data_ref().map_or(0, axum::body::Bytes::len);
            let Some(rest) = left.checked_sub(size) else { return };
            left = rest;
        }
    };
    let _ = tokio::time::timeout(within, reading).await;
}

/// Returns the notation of the answer: as the client accepts, else as it sends, else JSON.
pub(super) fn answered_in(headers: &HeaderMap) -> Notation {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let accepted = text(header::ACCEPT).and_then(Notation::of_accept);
    accepted.or_else(|| text(header::CONTENT_TYPE).and_then(Notation::of_content_type)).unwrap_or(Notation::Json)
}
