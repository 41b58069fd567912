//! One peer: the conversation with it, and how far its bootstrap has come.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::bootstrap::{BootstrapRequest, Configuration, Session};
use crate::coap::{Asked, Conversation, Response, Ticket};
use crate::dtls::Proof;
use crate::management::WishId;

use super::config::Lwm2mBounds;
use super::transcript::Record;

/// One peer.
pub(super) struct Peer<K> {
    /// How it is reached.
    pub(super) key: K,
    pub(super) from: SocketAddr,
    pub(super) proof: Proof,
    pub(super) conversation: Conversation,
    pub(super) stage: Stage,
    /// Requests of the management server that are not answered yet.
    pub(super) errands: Vec<(Ticket, WishId)>,
    /// When it was last heard, or was last told what to wait for.
    pub(super) heard: Duration,
    /// True while it is registered at the management server over its association: what is asked of it goes that way.
    pub(super) is_held: bool,
    /// When it is looked at next; none where it is not in the heap.
    pub(super) scheduled: Option<Duration>,
}

/// How far a peer's bootstrap has come.
pub(super) enum Stage {
    /// It has asked nothing, or what it asked is settled.
    Idle,
    /// It is being found out what it is to be told.
    Deciding(Deciding),
    /// It is being told.
    Running(Box<Running>),
    /// All was said, then.
    Over(Duration),
}

/// What a device wants in one answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct PackWish {
    /// The content format it accepts, where it says one.
    pub(super) accept: Option<u16>,
}

/// A request whose answer is being found out.
pub(super) struct Deciding {
    /// The number of the work.
    pub(super) work: u64,
    /// None where the server begins by itself.
    pub(super) asked: Option<Asked>,
    pub(super) request: BootstrapRequest,
    /// The content format that is wanted of a Bootstrap-Pack, if it is one.
    pub(super) pack: Option<PackWish>,
}

/// A bootstrap at work.
pub(super) struct Running {
    pub(super) configuration: Arc<Configuration>,
    pub(super) session: Session,
    pub(super) awaits: Awaits,
    pub(super) began: Duration,
    pub(super) record: Record,
    /// When it was asked to finish, or was given all at once.
    pub(super) finish: Option<OffsetDateTime>,
}

/// What a bootstrap waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Awaits {
    /// Nothing: it can go on.
    Nothing,
    /// The device's answer.
    Answer(Ticket),
    /// An outside service, asked by the work of this number.
    Service(u64),
}

/// How long a peer that is registered may say nothing: the usual lifetime of a registration, and a little.
pub(super) const HELD: Duration = Duration::from_hours(25);

impl<K> Peer<K> {
    /// Answers what it asked, if it did.
    pub(super) fn answer(&mut self, at: Duration, asked: Option<Asked>, response: Response) {
        if let Some(asked) = asked {
            self.conversation.answer(at, asked, response);
        }
    }

    /// Returns when the peer is to be looked at, however little happens.
    pub(super) fn due(&self, bounds: &Lwm2mBounds) -> Duration {
        let end = self.end(bounds);
        self.conversation.deadline().map_or(end, |deadline| deadline.min(end))
    }

    /// Returns when it is forgotten, if nothing happens until then.
    pub(super) fn end(&self, bounds: &Lwm2mBounds) -> Duration {
        let is_unused = self.errands.is_empty();
        match &self.stage {
            Stage::Running(running) => running.began + bounds.session,
            _ if self.is_held => self.heard + HELD.max(bounds.idle),
            Stage::Over(at) if is_unused => *at + bounds.linger,
            // Anybody can seem to send from an address: it has no place longer than it takes. Behind DTLS there is a peer.
            Stage::Idle if is_unused && self.proof == Proof::None && self.conversation.is_quiet() => {
                self.heard + bounds.linger
            }
            // A thread that waits for a slow service is its own limit; without an answer the peer asks again.
            Stage::Idle | Stage::Deciding(_) | Stage::Over(_) => self.heard + bounds.idle,
        }
    }
}

/// A device that is to be bootstrapped without having asked.
pub(super) struct Push {
    pub(super) endpoint: String,
    pub(super) to: SocketAddr,
}
