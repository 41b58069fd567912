//! Registers this device with the server its bundle names: the order of the steps.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::device::Device;
use super::facts::Facts;
use super::ingest::Client;
use super::registration::answer::{LONGEST, Word};
use super::registration::link::{Link, LinkWish};
use super::registration::order::{Placed, Proves};
use super::registration::slot::{Slot, file_of};
use super::registration::talk::{Talk, Wait};
use super::registration::{ORDER_FILE, RegisterError, Registered, request};
use crate::fleet::Digest;

/// What is wished of a registration.
pub struct RegisterWish<'a> {
    /// `registration.json`, a path of the device; the usual place when absent.
    pub order: Option<&'a Path>,
    /// Ask the server though an answer to this request is kept.
    pub again: bool,
    /// How long to try.
    pub within: Duration,
    /// Whether the proxies that the environment names count.
    pub environment_proxy: bool,
}

/// What came of it; nothing of it is secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Registration {
    /// Its name at the server.
    pub registration: String,
    /// The device.
    pub id: String,
    /// Its enrolment group.
    pub group: String,
    /// True if the server was asked; false if the kept answer served.
    pub asked: bool,
    /// Names of the servers to talk with.
    pub servers: Vec<String>,
    /// Files of the credentials that were made.
    pub credentials: Vec<PathBuf>,
    /// Kind and name of what was made elsewhere.
    pub resources: Vec<String>,
    /// How often to report, in seconds.
    pub interval: Option<u64>,
    /// Until when it holds.
    pub lease_until: Option<String>,
    /// Whether a bundle waits at the server.
    pub bootstrap: bool,
    /// Whether a certificate request went along: this program makes none itself.
    pub certificate_requested: bool,
    /// The whole answer, mode 0600.
    pub answer: PathBuf,
}

/// Registers. The same request is sent with the same idempotency key in every run, so a lost reply costs nothing; an answer
/// that is kept serves without a talk until what the device says of itself changes.
pub fn register(client: &Client<'_>, wish: &RegisterWish<'_>, wait: &Wait<'_>) -> Result<Registration, RegisterError> {
    let disk = client.disk;
    let device = Device::read(disk.machine())?;
    let link = LinkWish { order: wish.order, within: wish.within, environment_proxy: wish.environment_proxy };
    let placed = Placed::read(disk, wish.order.unwrap_or(Path::new(ORDER_FILE)))?;
    let body = request::body(&placed, &Facts::read(disk.machine(), &device))?;
    let digest = digest(&placed, &body);
    let slot = Slot::open(disk, &device)?;
    let is_requested = placed.order.request.is_some();
    if let Some(registered) = slot.answer(digest)?.filter(|_| !wish.again) {
        return Ok(told(&slot, &registered, is_requested, false));
    }
    let link = Link::open(disk, &device, client.clock, &link, LONGEST)?;
    let mut talk = link.talk(client.clock, client.random, wait, wish.within);
    let (registered, answer) = decided(&mut talk, &slot, digest, &body, wish.again)?;
    slot.keep(digest, &registered, answer)?;
    Ok(told(&slot, &registered, is_requested, true))
}

/// Asks with the request's key; where the server has seen that key with another request, once more with a fresh one.
fn decided(
    talk: &mut Talk<'_>,
    slot: &Slot<'_>,
    digest: Digest,
    body: &[u8],
    again: bool,
) -> Result<(Registered, Value), RegisterError> {
    let is_answered = again && slot.answer(digest)?.is_some();
    let mut key = if is_answered {
        slot.fresh_key(digest, talk.random, "idempotency key again")?
    } else {
        slot.key(digest, talk.random)?
    };
    let mut is_second = false;
    loop {
        match talk.register(body, &key)? {
            Word::Assigned(registered, answer) => return Ok((*registered, answer)),
            Word::Denied(RegisterError::Denied { code, .. }) if code == "idempotency-key-reused" && !is_second => {
                is_second = true;
                key = slot.fresh_key(digest, talk.random, "idempotency key in place of a used one")?;
            }
            Word::Denied(error) => return Err(error),
            Word::Pending { registration, state } => {
                return Err(RegisterError::Pending { registration, state, seconds: talk.patience.seconds() });
            }
            Word::Later(reason) => return Err(RegisterError::Late { seconds: talk.patience.seconds(), reason }),
        }
    }
}

/// Which request it is: where it goes, how it is proved, what it says.
fn digest(placed: &Placed<'_>, body: &[u8]) -> Digest {
    let order = &placed.order;
    let proves = match order.security {
        Proves::X509 => "x509",
        Proves::Psk => "psk",
        Proves::Token => "token",
        Proves::Claim => "claim",
        Proves::Jwt => "jwt",
    };
    Digest::of_parts([order.base().as_bytes(), b"\0", proves.as_bytes(), b"\0", body])
}

fn told(slot: &Slot<'_>, registered: &Registered, certificate_requested: bool, asked: bool) -> Registration {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let of =
        |value: &Value| [text(value, "kind"), text(value, "name")].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let server = |value: &Value| text(value, "name").or_else(|| text(value, "uri"));
    Registration {
        registration: registered.registration.clone(),
        id: registered.id.clone(),
        group: registered.group.clone(),
        asked,
        servers: registered.servers.iter().filter_map(server).collect(),
        credentials: registered.credentials.iter().map(|made| slot.folder().join(file_of(&made.name))).collect(),
        resources: registered.resources.iter().map(of).collect(),
        interval: registered.interval,
        lease_until: registered.lease_until.clone(),
        bootstrap: registered.bootstrap,
        certificate_requested,
        answer: slot.folder().join("answer.json"),
    }
}
