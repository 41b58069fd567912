//! A device that is registered.

use std::net::SocketAddr;
use std::time::Duration;

use crate::dtls::Proof;
use crate::fleet::EndpointName;
use crate::fleet::lwm2m::{Enabler, SERVER};

use super::asked::Objects;

/// Where a device is reached.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Peer {
    /// Its address.
    pub from: SocketAddr,
    /// The number of its DTLS association; none without.
    pub association: Option<u64>,
}

/// A device that is registered here.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its name.
    pub device: EndpointName,
    /// Where it was heard of last.
    pub peer: Peer,
    /// The name of its registration, the second part of `/rd/ID`.
    pub location: String,
    /// What it speaks.
    pub enabler: Enabler,
    /// How it is reached, such as `U`.
    pub binding: String,
    /// True if it listens only for a while after it spoke (Queue mode).
    pub is_queued: bool,
    /// When it registered.
    pub since: Duration,
    /// When it was heard of last.
    pub heard: Duration,
    pub(super) awake: Duration,
    /// For how many seconds a sign of life counts; none for ever.
    pub lifetime: Option<u32>,
    pub(super) proof: Proof,
    pub(super) objects: Objects,
}

impl Client {
    /// Returns object and instance of what it has, by rising numbers.
    pub fn objects(&self) -> &[(u16, Option<u16>)] {
        &self.objects.list
    }

    /// Returns when it counts as gone, if nothing is heard until then.
    pub(super) fn until(&self, grace: Duration) -> Option<Duration> {
        Some(self.heard + Duration::from_secs(u64::from(self.lifetime?)) + grace)
    }

    /// Returns its instances of the Server object.
    pub(super) fn servers(&self) -> Vec<u16> {
        let servers = self.objects.list.iter().filter(|(object, _)| *object == SERVER);
        servers.filter_map(|(_, instance)| *instance).collect()
    }

    /// Returns a path below the one that stands before its objects.
    pub(super) fn path(&self, path: &str) -> String {
        self.objects.root.as_ref().map_or_else(|| path.to_owned(), |root| format!("/{root}{path}"))
    }
}
