//! What a registered device goes back to its server for: to report, to renew its certificate, to end its registration.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use serde_json::{Value, json};

use super::clock::{Time, parse};
use super::device::Device;
use super::ingest::Client;
use super::place::placements;
use super::registration::answer::{Credential, Word, nonsense, refused, sort};
use super::registration::expiry::{is_due, public_key};
use super::registration::link::{Link, LinkWish};
use super::registration::order::Placed;
use super::registration::slot::{Slot, file_of};
use super::registration::talk::Wait;
use super::registration::{LONGEST, Proves, RegisterError, Registered};
use super::renewed;
use super::store::{Store, read_state};
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

/// Has the server certify the device's key anew, where its certificate's last third has begun or `now` says so. The new
/// certificate takes the place of the one that `registration.json` names once the server took it.
pub fn renew(client: &Client<'_>, wish: &LinkWish<'_>, now: bool, wait: &Wait<'_>) -> Result<Visited, RegisterError> {
    let visitor = Visitor::new(client, wish)?;
    let placed = &visitor.link.placed;
    let request = match (placed.request()?, placed.own_key()?) {
        (Some(request), _) => request,
        (None, Some(own)) => own.ok_or_else(not_p256)?.request(&placed.order.id),
        (None, None) => return Err(RegisterError::NothingToRenew),
    };
    if !now && !is_wanted(client, &visitor)? {
        return Ok(visitor.told("not-due"));
    }
    let body = json!({ "csr": BASE64.encode(request) });
    let answer = visitor.send(client, wish, wait, ("POST", "/renew"), Some(&body))?;
    match sort(&answer, &visitor.link.placed.order.id)? {
        Word::Assigned(registered, answer) => {
            let renewed = Replacement::find(&visitor.link.placed, &registered)?;
            if let Some(renewed) = &renewed {
                renewed.prove(client, wish, wait, &visitor)?;
            }
            visitor.slot.renewed(&registered, answer)?;
            renewed.map_or(Ok(()), |renewed| renewed.place(client))?;
            Ok(visitor.told("renewed"))
        }
        Word::Denied(error) => Err(error),
        Word::Pending { .. } | Word::Later(_) => Err(nonsense("it is no answer to a renewal")),
    }
}

fn not_p256() -> RegisterError {
    RegisterError::Unproven {
        reason: "the private key is not one of P-256, which this program makes requests for".into(),
    }
}

/// A renewed certificate for the key that `registration.json` names, and the place of the one before.
struct Replacement {
    destination: String,
    content: String,
}

impl Replacement {
    /// Finds it among what the server made; a certificate for another key has no place.
    fn find(placed: &Placed<'_>, registered: &Registered) -> Result<Option<Self>, RegisterError> {
        let (Some(destination), Some(Some(own))) = (placed.certificate_path(), placed.own_key()?) else {
            return Ok(None);
        };
        let is_ours =
            |made: &&Credential| public_key(made.certificate.as_bytes()).is_some_and(|key| key == own.public());
        let made = registered.credentials.iter().find(is_ours);
        let destination = format!("/{}", destination.trim_start_matches('/'));
        Ok(made.map(|made| Self { destination, content: made.whole() }))
    }

    /// Asks the server with it, where the device proves itself by its certificate.
    fn prove(
        &self,
        client: &Client<'_>,
        wish: &LinkWish<'_>,
        wait: &Wait<'_>,
        visitor: &Visitor<'_>,
    ) -> Result<(), RegisterError> {
        if visitor.link.placed.order.security != Proves::X509 {
            return Ok(());
        }
        let unproven = |error: RegisterError| RegisterError::Unproven { reason: error.to_string() };
        let device = Device::read(client.disk.machine())?;
        let shown = Some(self.content.as_bytes());
        let link = Link::showing(client.disk, &device, client.clock, wish, LONGEST, shown).map_err(unproven)?;
        let mut talk = link.talk(client.clock, client.random, wait, wish.within);
        let target = format!("/v1/registrations/{}", visitor.registered.registration);
        let answer = talk.whole("GET", &target, None, None).map_err(unproven)?;
        match answer.status {
            200..=202 => Ok(()),
            status => Err(unproven(refused(&answer, status))),
        }
    }

    /// Puts it where the one before is; where a bundle's file is there, it stands in for that one from now on.
    fn place(&self, client: &Client<'_>) -> Result<(), RegisterError> {
        let device = Device::read(client.disk.machine())?;
        let store = Store::open(client.disk, &device)?;
        if let Some(number) = store.state()?.current
            && let Some(bundles) = placements(client.disk, &store.generation(number)?)?.get(&self.destination)
        {
            renewed::remember(&store, &self.destination, &bundles.bytes()?, &self.content)?;
        }
        let spot = client.disk.guarded(&self.destination, false)?;
        let Some(spot) = spot else { return Ok(()) };
        let before = client.disk.read(&spot, LONGEST)?;
        let (mode, owner) = before.map_or((0o644, None), |before| (before.mode, Some(before.owner)));
        Ok(client.disk.write(&spot, self.content.as_bytes(), mode, owner)?)
    }
}

/// A certificate that is not there, or cannot be read, is wanted.
fn is_wanted(client: &Client<'_>, visitor: &Visitor<'_>) -> Result<bool, RegisterError> {
    let disk = client.disk;
    let device = Device::read(disk.machine())?;
    let floor = read_state(&disk.path(&device.store))?.newest.as_deref().and_then(parse);
    let now = Time::look(disk.machine(), client.clock, floor).best();
    let made = visitor.registered.credentials.iter();
    let made = made.map(|made| visitor.slot.folder().join(file_of(&made.name)));
    let own = visitor.link.placed.certificate_path().map(|path| disk.path(path));
    let due =
        made.chain(own).map(|path| is_due(&read_bounded(&path, LONGEST).unwrap_or_default(), now).unwrap_or(true));
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
