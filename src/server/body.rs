//! A request, read whole and within bounds.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, header, request::Parts};
use http_body_util::BodyExt as _;
use serde_json::Value;
use zeroize::Zeroizing;

use super::activity::Activity;
use super::decode::{LONGEST, Notation, object, too_large};
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

/// Reads the rest of a request.
pub(super) async fn incoming(
    parts: &Parts,
    body: &mut Body,
    takes_body: bool,
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
    let notation = notation(&parts.headers)?;
    let body = whole(body, within).await?;
    let fields = fields(notation, &body, takes_body)?;
    Ok(Incoming {
        method: parts.method.as_str().to_owned(),
        target,
        body,
        fields,
        authorization,
        idempotency_key,
        if_none_match,
        certificates: peer.certificates.to_vec(),
        source: peer.source,
    })
}

fn notation(headers: &HeaderMap) -> Result<Option<Notation>, Outcome> {
    let unsupported = |detail: &str| Outcome::refused(Refusal::UnsupportedMediaType, detail);
    if single(headers, &header::CONTENT_ENCODING, 64)?.is_some_and(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return Err(unsupported("the body is compressed"));
    }
    let Some(text) = single(headers, &header::CONTENT_TYPE, 255)? else { return Ok(None) };
    Notation::of_content_type(&text).map(Some).ok_or_else(|| unsupported("the Content-Type is another"))
}

fn fields(notation: Option<Notation>, body: &[u8], takes_body: bool) -> Result<Value, Outcome> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    if !takes_body {
        return Err(malformed("this request takes no body"));
    }
    let notation =
        notation.ok_or_else(|| Outcome::refused(Refusal::UnsupportedMediaType, "there is no Content-Type"))?;
    object(notation, body).map_err(|(refusal, detail)| Outcome::refused(refusal, detail))
}

async fn whole(body: &mut Body, within: Duration) -> Result<Vec<u8>, Outcome> {
    let refuse = |size| {
        let (refusal, detail) = too_large(size);
        Outcome::refused(refusal, detail)
    };
    let announced = hyper::body::Body::size_hint(body).lower();
    if announced > LONGEST as u64 {
        return Err(refuse(usize::try_from(announced).unwrap_or(usize::MAX)));
    }
    let reading = async {
        let mut whole = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| malformed("the body broke off"))?;
            whole.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
            if whole.len() > LONGEST {
                return Err(refuse(whole.len()));
            }
        }
        Ok(whole)
    };
    tokio::time::timeout(within, reading).await.unwrap_or(Err(Outcome::Fault(Fault::BodyTooSlow)))
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
