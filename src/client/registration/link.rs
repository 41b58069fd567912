//! The way to the server: what the device was told, what it proves itself with, and the connection.

use std::path::Path;
use std::time::Duration;

use super::error::RegisterError;
use super::order::{ORDER_FILE, Placed};
use super::proof::Proof;
use super::talk::{Patience, Talk, Wait};
use crate::client::Disk;
use crate::client::clock::{Time, parse};
use crate::client::device::Device;
use crate::client::store::read_state;
use crate::delivery::{Clock, Random};
use crate::fleet::Secret;
use crate::host::http::{Http, HttpIdentity, HttpSettings};

/// How long one request may take.
const ONE_REQUEST: Duration = Duration::from_secs(30);

/// How the server is to be reached.
#[derive(Clone, Copy)]
pub struct LinkWish<'a> {
    /// `registration.json`, a path of the device; the usual place when absent.
    pub order: Option<&'a Path>,
    /// How long to try.
    pub within: Duration,
    /// Whether the proxies that the environment names count.
    pub environment_proxy: bool,
}

/// A way to the server.
pub struct Link<'a> {
    /// What the device was told.
    pub placed: Placed<'a>,
    proof: Proof,
    http: Http,
    by_challenge: bool,
}

impl<'a> Link<'a> {
    /// Reads what the device was told and has, and makes ready to connect; answers of at most `most` bytes are taken.
    pub fn open(
        disk: &'a Disk,
        device: &Device,
        clock: &dyn Clock,
        wish: &LinkWish<'_>,
        most: u64,
    ) -> Result<Self, RegisterError> {
        Self::showing(disk, device, clock, wish, most, None)
    }

    /// As [`Link::open`]; a device that proves itself by its certificate shows this one (PEM) in its place.
    pub fn showing(
        disk: &'a Disk,
        device: &Device,
        clock: &dyn Clock,
        wish: &LinkWish<'_>,
        most: u64,
        certificate: Option<&[u8]>,
    ) -> Result<Self, RegisterError> {
        let placed = Placed::read(disk, wish.order.unwrap_or(Path::new(ORDER_FILE)))?;
        let floor = read_state(&disk.path(&device.store))?.newest.as_deref().and_then(parse);
        let time = Time::look(disk.machine(), clock, floor);
        let mut proof = placed.proof()?;
        if let (Proof::Certificate { chain, .. }, Some(other)) = (&mut proof, certificate) {
            *chain = Secret::new(other.to_vec());
        }
        let http = connection(&placed, &proof, &time, wish, most)?;
        Ok(Self { placed, proof, http, by_challenge: time.trusted.is_none() })
    }

    /// Begins a talk.
    pub fn talk<'t>(
        &'t self,
        clock: &'t dyn Clock,
        random: &'t dyn Random,
        wait: &'t Wait<'t>,
        within: Duration,
    ) -> Talk<'t> {
        Talk {
            http: &self.http,
            order: &self.placed.order,
            proof: &self.proof,
            clock,
            random,
            wait,
            by_challenge: self.by_challenge,
            patience: Patience::new(within),
        }
    }
}

fn connection(
    placed: &Placed<'_>,
    proof: &Proof,
    time: &Time,
    wish: &LinkWish<'_>,
    most: u64,
) -> Result<Http, RegisterError> {
    let roots = placed.roots()?;
    let open = |identity: Option<HttpIdentity<'_>>| {
        Http::new(&HttpSettings {
            roots: roots.as_deref(),
            identity,
            now: if time.trusted.is_some() { None } else { Some(time.best()) },
            within: ONE_REQUEST.min(wish.within),
            most,
            environment_proxy: wish.environment_proxy,
        })
    };
    let http = match proof {
        Proof::Certificate { chain, key } => chain.expose(|chain| open(Some(HttpIdentity { chain, key }))),
        Proof::Bearer(_) | Proof::Claim { .. } | Proof::Jwt(_) => open(None),
    };
    Ok(http?)
}
