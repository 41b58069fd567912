//! What is wanted of a registered device, and the requests that this takes.

use crate::coap::{Request, Response, Unanswered};
use crate::fleet::lwm2m::{Enabler, Path};
use crate::format::coap::Code;

use super::client::{Client, Peer};

/// Text, as a content format.
const TEXT: u16 = 0;

/// The number of a wish.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct WishId(pub(super) u64);

/// What is wanted of a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Want {
    /// Reads an object, an instance or a resource. The answer is in a format of the device's choice.
    Read(Path),
    /// Executes a resource.
    Execute(Path),
    /// Has it ask the bootstrap server anew: `Execute /1/x/9`, where x is the account of this server (LwM2M 1.1).
    Bootstrap,
}

/// A request that is to be sent to a device; what comes of it is told to the front.
#[derive(Debug)]
pub struct Errand {
    /// Whose request.
    pub wish: WishId,
    /// To whom.
    pub peer: Peer,
    /// What.
    pub request: Request,
}

/// Why a wish did not come true.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WishFailure {
    /// It is not registered here, or not any more.
    #[error("the device is not registered at this management server")]
    NotHere,
    /// As much as possible is wanted already.
    #[error("as many requests as possible are under way")]
    Busy,
    /// Its version cannot do it.
    #[error("the device speaks LwM2M 1.0, which has no Bootstrap-Request Trigger")]
    TooOld,
    /// It lists no Server object.
    #[error("the device lists no instance of the Server object (/1)")]
    NoAccount,
    /// None of several accounts has our number.
    #[error("none of the device's Server objects shows the short server id {0}, which is ours")]
    NotOurs(u16),
    /// Our number is not known.
    #[error("the device has {0} Server objects, and the short server id of this server is not known")]
    NoNumber(usize),
    /// It cannot be bootstrapped.
    #[error(
        "the device answers 4.05 to the Bootstrap-Request Trigger: it has no bootstrap account any more, or its client has \
         no such resource (restart it, so that it asks by itself)"
    )]
    NoBootstrap,
    /// It says no.
    #[error("the device answers {0}")]
    Refused(Code),
    /// Nothing, or nothing sound, came back.
    #[error("{0}")]
    Unanswered(Unanswered),
}

/// How far a wish is.
pub(super) enum Stage {
    /// One request.
    Plain(Request),
    /// Looking for our own account among these instances, the last one first.
    Looking(Vec<u16>),
    /// Telling it to bootstrap, by this instance.
    Telling(u16),
}

/// What comes next.
pub(super) enum Onward {
    /// Another request.
    Stage(Stage),
    /// It is over.
    Over(Result<Response, WishFailure>),
}

impl Stage {
    /// Returns how a wish begins.
    pub(super) fn first(want: Want, client: &Client) -> Result<Self, WishFailure> {
        match want {
            Want::Read(path) => Ok(Self::Plain(Request::new(Code::GET, &client.path(&path.to_string())))),
            Want::Execute(path) => Ok(Self::Plain(Request::new(Code::POST, &client.path(&path.to_string())))),
            Want::Bootstrap if client.enabler == Enabler::V1_0 => Err(WishFailure::TooOld),
            Want::Bootstrap => match client.servers()[..] {
                [] => Err(WishFailure::NoAccount),
                // It is registered here, so its only account is ours.
                [only] => Ok(Self::Telling(only)),
                _ => Ok(Self::Looking(client.servers().into_iter().rev().collect())),
            },
        }
    }

    /// Returns the request of this stage.
    pub(super) fn request(&self, client: &Client) -> Request {
        match self {
            Self::Plain(request) => request.clone(),
            Self::Looking(left) => {
                let instance = left.last().copied().unwrap_or_default();
                Request::new(Code::GET, &client.path(&format!("/1/{instance}/0"))).accepting(TEXT)
            }
            Self::Telling(instance) => Request::new(Code::POST, &client.path(&format!("/1/{instance}/9"))),
        }
    }

    /// Says what an answer means; `ours` is the short server id of this server.
    pub(super) fn onward(self, answered: Result<Response, Unanswered>, ours: Option<u16>) -> Onward {
        let response = match answered {
            Ok(response) => response,
            Err(why) => return Onward::Over(Err(WishFailure::Unanswered(why))),
        };
        match self {
            Self::Looking(left) => looked(left, &response, ours),
            Self::Telling(_) if response.code == METHOD_NOT_ALLOWED => Onward::Over(Err(WishFailure::NoBootstrap)),
            _ if response.code.class() != 2 => Onward::Over(Err(WishFailure::Refused(response.code))),
            Self::Plain(_) | Self::Telling(_) => Onward::Over(Ok(response)),
        }
    }
}

/// 4.05 Method Not Allowed.
const METHOD_NOT_ALLOWED: Code = Code(4 << 5 | 5);

fn looked(mut left: Vec<u16>, response: &Response, ours: Option<u16>) -> Onward {
    let Some(ours) = ours else { return Onward::Over(Err(WishFailure::NoNumber(left.len()))) };
    let read = left.pop().filter(|_| response.code.class() == 2 && number(response) == Some(ours));
    match read {
        Some(instance) => Onward::Stage(Stage::Telling(instance)),
        None if left.is_empty() => Onward::Over(Err(WishFailure::NotOurs(ours))),
        None => Onward::Stage(Stage::Looking(left)),
    }
}

/// The one number in an answer: text, or a single resource in TLV.
fn number(response: &Response) -> Option<u16> {
    const TLV: u16 = 11_542;
    let bytes = &response.payload[..];
    match response.format.unwrap_or(TEXT) {
        TEXT => std::str::from_utf8(bytes).ok()?.trim().parse().ok(),
        TLV => match *bytes {
            [0xC1, 0, value] => Some(u16::from(value)),
            [0xC2, 0, high, low] => Some(u16::from_be_bytes([high, low])),
            _ => None,
        },
        _ => None,
    }
}
