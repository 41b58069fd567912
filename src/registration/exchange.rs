//! What a device asks and what it is told: the plain values between the sockets and registration.

use std::fmt;
use std::io::{self, Read};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use zeroize::Zeroizing;

pub use crate::fleet::enrolment::Role;

use crate::fleet::enrolment::{Rates, Refusal};

/// One request of a device, read whole and within bounds. There is no `Debug`: `authorization` may be a token.
pub struct Incoming {
    /// `GET`, `POST`, `DELETE`, as sent.
    pub method: String,
    /// The path with its query, as sent: what a claim signs.
    pub target: String,
    /// The body as sent, at most 64 KiB: what a claim signs.
    pub body: Vec<u8>,
    /// The body, read as JSON or CBOR: at most 16 deep, no key twice; null if there is no body.
    pub fields: Value,
    /// The `Authorization` header, at most 8 KiB.
    pub authorization: Option<Zeroizing<String>>,
    /// The `Idempotency-Key` header, at most 255 printable ASCII characters.
    pub idempotency_key: Option<String>,
    /// The `If-None-Match` header as sent, at most 255 characters.
    pub if_none_match: Option<String>,
    /// The `If-Match` header as sent, at most 255 characters.
    pub if_match: Option<String>,
    /// The `Accept` header as sent; none where it has over 1024 characters.
    pub accept: Option<String>,
    /// The `Content-Type` header as sent, at most 255 characters.
    pub content_type: Option<String>,
    /// The client's certificate and its chain (DER), as shown in the handshake. The handshake proves that the client holds
    /// the first one's key, and nothing else: who issued it is for registration to judge.
    pub certificates: Vec<Vec<u8>>,
    /// Who sends it.
    pub source: IpAddr,
}

impl Incoming {
    /// A request without headers and body.
    pub fn bare(method: &str, target: &str, source: IpAddr) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            body: Vec::new(),
            fields: Value::Null,
            authorization: None,
            idempotency_key: None,
            if_none_match: None,
            if_match: None,
            accept: None,
            content_type: None,
            certificates: Vec::new(),
            source,
        }
    }
}

/// What a source is asked for: its next piece, none at its end.
type Next = dyn FnMut() -> io::Result<Option<Vec<u8>>> + Send;

/// Bytes that are made piece by piece while they are sent.
#[derive(Clone)]
pub struct Source(Arc<Mutex<Box<Next>>>);

impl Source {
    /// Sends what `next` returns until it is nothing. An error breaks the answer off.
    pub fn new(next: impl FnMut() -> io::Result<Option<Vec<u8>>> + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Box::new(next))))
    }

    /// Returns the next piece; may wait for the disk or the registry.
    pub fn next(&self) -> io::Result<Option<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)()
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

/// What a reply carries.
#[derive(Clone, PartialEq, Debug)]
pub enum Content {
    /// Nothing.
    Empty,
    /// JSON or CBOR, as the device accepts.
    Fields(Value),
    /// Bytes of the named media type.
    Bytes {
        /// The `Content-Type`.
        media_type: &'static str,
        /// The body.
        bytes: Vec<u8>,
    },
    /// Bytes of the named media type, made while they are sent.
    Pulled {
        /// The `Content-Type`.
        media_type: &'static str,
        /// Where they come from.
        source: Source,
    },
    /// A problem (RFC 9457), as JSON or CBOR.
    Refused {
        /// Why: word, status, title and hint come from here.
        refusal: Refusal,
        /// What is particular to this request; holds no secret.
        detail: String,
        /// Further members of the problem, such as `pointers`; an object or null.
        more: Value,
    },
}

/// The answer to one request.
#[derive(Clone, PartialEq, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub content: Content,
    /// Seconds to wait before the next request (`Retry-After`).
    pub retry_after: Option<u32>,
    /// The version of the answer, without quotes (`ETag`).
    pub etag: Option<String>,
    /// The path of what was made (`Location`).
    pub location: Option<String>,
}

impl Reply {
    /// An answer of `fields`.
    pub fn fields(status: u16, fields: Value) -> Self {
        Self { content: Content::Fields(fields), ..Self::empty(status) }
    }

    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, content: Content::Empty, retry_after: None, etag: None, location: None }
    }

    /// An answer of `bytes`.
    pub fn bytes(media_type: &'static str, bytes: Vec<u8>) -> Self {
        Self { content: Content::Bytes { media_type, bytes }, ..Self::empty(200) }
    }

    /// A refusal; `detail` holds no secret.
    pub fn refused(refusal: Refusal, detail: impl Into<String>) -> Self {
        let content = Content::Refused { refusal, detail: detail.into(), more: Value::Null };
        Self { content, ..Self::empty(refusal.status()) }
    }

    /// With `Retry-After`.
    #[must_use]
    pub fn after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// Returns why the request was refused.
    pub fn refusal(&self) -> Option<Refusal> {
        match &self.content {
            Content::Refused { refusal, .. } => Some(*refusal),
            _ => None,
        }
    }
}

/// What comes of a registration.
pub enum Told {
    /// The reply.
    Reply(Reply),
    /// The policy it was judged by is no more: the same request, to be judged again by `register`.
    Again(Incoming),
}

/// Is told what came of a registration, once. It may be called on the registry's thread, so it must not wait.
pub type Tell = Box<dyn FnOnce(Told) + Send>;

/// What devices can ask. Each is called on a thread of its own that may wait (for the registry, for the disk).
pub trait Registration: Send + Sync {
    /// `POST /v1/register`.
    fn register(&self, incoming: Incoming) -> Reply;
    /// As `register`, but no thread waits for the disk: `tell` is called when the registration is on it.
    fn register_then(&self, incoming: Incoming, tell: Tell) {
        tell(Told::Reply(self.register(incoming)));
    }
    /// Returns true where `register_then` neither waits for anything nor calculates for long.
    fn is_quick(&self, incoming: &Incoming) -> bool {
        let _ = incoming;
        false
    }
    /// `GET /v1/register/models`: the models a device may choose from.
    fn models(&self, incoming: Incoming) -> Reply {
        let _ = incoming;
        Reply::fields(200, serde_json::json!({ "items": [], "supplied": false }))
    }
    /// `GET /v1/challenge`.
    fn challenge(&self, incoming: Incoming) -> Reply;
    /// `GET /v1/registrations/{registration}`.
    fn status(&self, registration: &str, incoming: Incoming) -> Reply;
    /// `POST /v1/registrations/{registration}/renew`.
    fn renew(&self, registration: &str, incoming: Incoming) -> Reply;
    /// `POST /v1/registrations/{registration}/report`.
    fn report(&self, registration: &str, incoming: Incoming) -> Reply;
    /// `DELETE /v1/registrations/{registration}`.
    fn end(&self, registration: &str, incoming: Incoming) -> Reply;
    /// `GET /v1/bootstrap`.
    fn bootstrap(&self, incoming: Incoming) -> Reply;
    /// `POST /v1/bootstrap/result`.
    fn bootstrap_result(&self, incoming: Incoming) -> Reply;
    /// Returns the rates of the group that a request is for, where the group has its own; `group` as it is named there.
    fn rates(&self, group: Option<&str>) -> Option<Rates>;
    /// Returns true while the registry answers: for `/healthz`.
    fn is_ready(&self) -> bool;
}

/// What people and their programs can do over HTTP.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)] // `server/routes.rs` says each in words, once, for the OpenAPI document
pub enum Act {
    ListDevices,
    AddDevice,
    ImportDevices,
    ShowDevice,
    PutDevice,
    EditDevice,
    RetireDevice,
    AdoptDevice,
    TriggerBootstrap,
    ShowTrigger,
    CancelTrigger,
    DeviceCredentials,
    DeviceHistory,
    WhyDevice,
    ListGroups,
    ShowGroup,
    NarrowGroup,
    ListAllowed,
    Allow,
    ImportAllowed,
    Disallow,
    ListBlocked,
    Block,
    Unblock,
    ListTokens,
    MakeToken,
    RevokeToken,
    ListApprovals,
    Approve,
    Deny,
    ListModels,
    ShowModel,
    ImportModel,
    SetModelState,
    DiffModels,
    ListRules,
    PutRule,
    RemoveRule,
    ListProposals,
    DeviceModel,
    AssignModel,
    DecideModel,
    DescribeDevice,
    ListEvents,
    Stats,
}

/// One request of a person or a program.
pub struct Asked {
    /// What is asked.
    pub act: Act,
    /// The variable parts of the path in order, percent-decoded.
    pub names: Vec<String>,
    /// The query, percent-decoded, in order.
    pub query: Vec<(String, String)>,
    /// The request.
    pub incoming: Incoming,
}

/// What a person or a program shows of itself.
pub struct Credentials<'a> {
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The client's certificate and its chain (DER); the handshake proved that it holds the first one's key.
    pub certificates: &'a [Vec<u8>],
}

/// What an administration is: it judges the credentials of each request itself.
pub trait Administration: Send + Sync {
    /// Returns who asks, and as what; a refusal without (good) credentials. It is called before the body is judged.
    fn who(&self, credentials: &Credentials<'_>) -> Result<(String, Role), Refusal>;
    /// Does what is asked by `actor`, whose role is enough for it.
    fn act(&self, actor: &str, role: Role, asked: &Asked) -> Reply;
    /// Does what is asked by `actor` with a body that is read while it comes; reading fails where the client breaks off
    /// or sends too much (`ErrorKind::FileTooLarge`).
    fn import(&self, actor: &str, role: Role, asked: &Asked, stream: &mut dyn Read) -> Reply;
    /// Further lines for `/metrics` (Prometheus text), such as the number of devices by state.
    fn figures(&self) -> String;
}
