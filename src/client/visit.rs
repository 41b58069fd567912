//! What a registered device goes back to its server for: to report, to renew its certificate, to end its registration.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use serde_json::{Value, json};

use super::clock::{Time, parse};
use super::device::Device;
use super::ingest::Client;
use super::registration::answer::{Word, nonsense, refused, sort};
use super::registration::expiry::is_due;
use super::registration::link::{Link, LinkWish};
use super::registration::slot::{Slot, file_of};
use super::registration::talk::Wait;
use super::registration::{LONGEST, RegisterError, Registered};
use super::store::read_state;
use crate::host::files::read_bounded;
use crate::host::http::HttpAnswer;

/// What came of a visit; nothing of it is secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Visited {
    /// The registration's name at the server.
    pub registration: String,
    /// What was done: `reported`, `renewed`, `not-due`, `ended`.
    pub done: &'static str,
}

/// A device at its server's door.
struct Visitor<'a> {
    slot: Slot<'a>,
    link: Link<'a>,
    registered: Registered,
}

impl<'a> Visitor<'a> {
    fn new(client: &Client<'a>, wish: &LinkWish<'_>) -> Result<Self, RegisterError> {
        let device = Device::read(client.disk.machine())?;
        let link = Link::open(client.disk, &device, client.clock, wish, LONGEST)?;
        let slot = Slot::open(client.disk, &device)?;
        let registered = slot.last()?.ok_or(RegisterError::Unregistered)?;
        Ok(Self { slot, link, registered })
    }

    fn send(
        &self,
        client: &Client<'_>,
        wish: &LinkWish<'_>,
        wait: &Wait<'_>,
        (method, what): (&str, &str),
        body: Option<&Value>,
    ) -> Result<HttpAnswer, RegisterError> {
        let mut talk = self.link.talk(client.clock, client.random, wait, wish.within);
        let target = format!("/v1/registrations/{}{what}", self.registered.registration);
        let body = body.map(|body| body.to_string().into_bytes());
        talk.whole(method, &target, body.as_deref(), None)
    }

    fn told(self, done: &'static str) -> Visited {
        Visited { registration: self.registered.registration, done }
    }
}

/// Tells the server the firmware, the objects and the attributes as they are now.
pub fn report(client: &Client<'_>, wish: &LinkWish<'_>, wait: &Wait<'_>) -> Result<Visited, RegisterError> {
    let visitor = Visitor::new(client, wish)?;
    let placed = &visitor.link.placed;
    let mut body = serde_json::Map::new();
    body.extend(placed.firmware()?.map(|firmware| ("firmware".to_owned(), json!(firmware))));
    if !placed.order.objects.is_empty() {
        body.insert("objects".to_owned(), json!(placed.order.objects));
    }
    if !placed.order.attributes.is_empty() {
        body.insert("attributes".to_owned(), json!(placed.order.attributes));
    }
    let answer = visitor.send(client, wish, wait, ("POST", "/report"), Some(&body.into()))?;
    match answer.status {
        200..=202 => Ok(visitor.told("reported")),
        status => Err(refused(&answer, status)),
    }
}

/// Has the server certify the device's request anew, where its certificate's last third has begun or `now` says so.
pub fn renew(client: &Client<'_>, wish: &LinkWish<'_>, now: bool, wait: &Wait<'_>) -> Result<Visited, RegisterError> {
    let visitor = Visitor::new(client, wish)?;
    let Some(request) = visitor.link.placed.request()? else { return Err(RegisterError::NothingToRenew) };
    if !now && !is_wanted(client, &visitor)? {
        return Ok(visitor.told("not-due"));
    }
    let body = json!({ "csr": BASE64.encode(request) });
    let answer = visitor.send(client, wish, wait, ("POST", "/renew"), Some(&body))?;
    match sort(&answer, &visitor.link.placed.order.id)? {
        Word::Assigned(registered, answer) => {
            visitor.slot.renewed(&registered, answer)?;
            Ok(visitor.told("renewed"))
        }
        Word::Denied(error) => Err(error),
        Word::Pending { .. } | Word::Later(_) => Err(nonsense("it is no answer to a renewal")),
    }
}

/// A certificate that is not there, or cannot be read, is wanted.
fn is_wanted(client: &Client<'_>, visitor: &Visitor<'_>) -> Result<bool, RegisterError> {
    let disk = client.disk;
    let device = Device::read(disk.machine())?;
    let floor = read_state(&disk.path(&device.store))?.newest.as_deref().and_then(parse);
    let now = Time::look(disk.machine(), client.clock, floor).best();
    let due = visitor.registered.credentials.iter().map(|made| {
        let pem = read_bounded(&visitor.slot.folder().join(file_of(&made.name)), LONGEST).unwrap_or_default();
        is_due(&pem, now).unwrap_or(true)
    });
    Ok(due.reduce(|one, other| one || other).unwrap_or(true))
}

/// Ends the registration at the server, and forgets it here.
pub fn end(client: &Client<'_>, wish: &LinkWish<'_>, wait: &Wait<'_>) -> Result<Visited, RegisterError> {
    let visitor = Visitor::new(client, wish)?;
    let answer = visitor.send(client, wish, wait, ("DELETE", ""), None)?;
    match answer.status {
        204 => {
            visitor.slot.forget(&visitor.registered)?;
            Ok(visitor.told("ended"))
        }
        status => Err(refused(&answer, status)),
    }
}
