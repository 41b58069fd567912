//! Answers on the wire: problems (RFC 9457) and bodies, as JSON or CBOR.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use hyper::body::{Frame, SizeHint};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::activity::Activity;
use super::decode::{Notation, written};
use crate::fleet::enrolment::Refusal;
use crate::registration::exchange::{Content, Reply, Source};

/// What goes wrong with HTTP itself, before it is a matter of registration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    NoSuchPath,
    MethodNotAllowed,
    BodyTooSlow,
    RoleTooLow,
    Internal,
}

impl Fault {
    pub(super) const ALL: [Self; 5] =
        [Self::NoSuchPath, Self::MethodNotAllowed, Self::BodyTooSlow, Self::RoleTooLow, Self::Internal];

    fn row(self) -> (&'static str, u16, &'static str, &'static str) {
        match self {
            Self::NoSuchPath => ("no-such-path", 404, "There is nothing at this path.", "look at /openapi.json"),
            Self::MethodNotAllowed => {
                ("method-not-allowed", 405, "The path does not take this method.", "look at /openapi.json")
            }
            Self::BodyTooSlow => {
                ("body-too-slow", 408, "The body did not come in time.", "send it at once, or try again")
            }
            Self::RoleTooLow => {
                ("role-too-low", 403, "The token's role is too low for this.", "use a token of a higher role")
            }
            Self::Internal => ("internal", 500, "The server made a mistake.", "look at the server's log"),
        }
    }

    pub(super) fn code(self) -> &'static str {
        self.row().0
    }

    pub(super) fn status(self) -> u16 {
        self.row().1
    }
}

/// How a request ends.
pub(super) enum Outcome {
    Reply(Box<Reply>),
    Fault(Fault),
}

impl Outcome {
    pub(super) fn refused(refusal: Refusal, detail: impl Into<String>) -> Self {
        Self::Reply(Box::new(Reply::refused(refusal, detail)))
    }

    /// The stable word of what went wrong, if something did.
    pub(super) fn code(&self) -> Option<&'static str> {
        match self {
            Self::Reply(reply) => reply.refusal().map(Refusal::code),
            Self::Fault(fault) => Some(fault.code()),
        }
    }

    /// Writes the answer. Its body is sent in pieces, each of which shows that the connection is alive.
    pub(super) fn response(self, notation: Notation, activity: Option<Arc<Activity>>) -> Response<Body> {
        let reply = match self {
            Self::Reply(reply) => *reply,
            Self::Fault(fault) => {
                let (code, status, title, hint) = fault.row();
                let body = problem(code, status, title, hint, "", &Value::Null);
                return finish(status, problem_type(notation), written(notation, &body), activity);
            }
        };
        let Reply { status, content, retry_after, etag, location } = reply;
        let mut response = match content {
            Content::Empty => finish(status, "", Vec::new(), activity),
            Content::Fields(value) => finish(status, media_type(notation), written(notation, &value), activity),
            Content::Bytes { media_type, bytes } => finish(status, media_type, bytes, activity),
            Content::Pulled { media_type, source } => {
                let mut response = finish(status, media_type, Vec::new(), None);
                *response.body_mut() = Body::new(Pulled::new(source, activity));
                response
            }
            Content::Refused { refusal, detail, more } => {
                let body = problem(refusal.code(), refusal.status(), refusal.says(), refusal.hint(), &detail, &more);
                finish(refusal.status(), problem_type(notation), written(notation, &body), activity)
            }
        };
        let mut set = |name: HeaderName, value: Option<String>| {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                response.headers_mut().insert(name, value);
            }
        };
        set(header::RETRY_AFTER, retry_after.map(|seconds| seconds.to_string()));
        set(header::ETAG, etag.map(|version| format!("\"{version}\"")));
        set(header::LOCATION, location);
        response
    }
}

fn media_type(notation: Notation) -> &'static str {
    match notation {
        Notation::Json => "application/json",
        Notation::Cbor => "application/cbor",
    }
}

/// RFC 9457 names no type for CBOR, and RFC 9290's has other members: the same object goes as plain CBOR.
fn problem_type(notation: Notation) -> &'static str {
    match notation {
        Notation::Json => "application/problem+json",
        Notation::Cbor => "application/cbor",
    }
}

fn problem(code: &str, status: u16, title: &str, hint: &str, detail: &str, more: &Value) -> Value {
    let mut problem = json!({"type": "about:blank", "title": title, "status": status, "code": code, "hint": hint});
    if !detail.is_empty() {
        problem["detail"] = detail.into();
    }
    for (name, value) in more.as_object().into_iter().flatten() {
        // Nothing overwrites what every problem has.
        if problem.get(name).is_none() {
            problem[name] = value.clone();
        }
    }
    problem
}

fn finish(status: u16, media_type: &'static str, bytes: Vec<u8>, activity: Option<Arc<Activity>>) -> Response<Body> {
    let body = Body::new(Pieces { left: Bytes::from(bytes), activity });
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if !media_type.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if status == 401 {
        let schemes = HeaderValue::from_static("Bearer realm=\"firstlight\", Firstlight-Claim realm=\"firstlight\"");
        headers.insert(header::WWW_AUTHENTICATE, schemes);
    }
    response
}

/// A body whose pieces are made while it is sent: each is asked for once the one before is gone, on a thread that may wait.
struct Pulled {
    source: Source,
    making: Option<JoinHandle<io::Result<Option<Vec<u8>>>>>,
    activity: Option<Arc<Activity>>,
}

impl Pulled {
    fn new(source: Source, activity: Option<Arc<Activity>>) -> Self {
        Self { source, making: None, activity }
    }
}

impl hyper::body::Body for Pulled {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        let source = &this.source;
        let making = this.making.get_or_insert_with(|| {
            let source = source.clone();
            tokio::task::spawn_blocking(move || source.next())
        });
        let made = std::task::ready!(Pin::new(making).poll(context));
        this.making = None;
        if let Some(activity) = &this.activity {
            activity.touch();
        }
        Poll::Ready(match made {
            Ok(Ok(piece)) => piece.map(|piece| Ok(Frame::data(Bytes::from(piece)))),
            Ok(Err(error)) => Some(Err(error)),
            Err(_) => Some(Err(io::Error::other("a piece was not made"))),
        })
    }
}

/// A body in pieces of 64 KiB.
struct Pieces {
    left: Bytes,
    activity: Option<Arc<Activity>>,
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        if this.left.is_empty() {
            return Poll::Ready(None);
        }
        if let Some(activity) = &this.activity {
            activity.touch();
        }
        let piece = this.left.split_to(this.left.len().min(64 * 1024));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}
