//! Devices that are found: asked what they offer, and taken in as registrations that wait for a person.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::delivery::Random;
use crate::fleet::enrolment::Refusal;
use crate::format::coap::{Link, links};
use crate::host::datagram::Datagrams;
use crate::registry::registering::{Asked, Decision};
use crate::registry::{Registrar, Registry, RegistryError};

use super::super::drafts::{as_found, draft};
use super::super::groups::{Group, Groups};
use super::super::request::{Refused, Request};
use super::asking::{Heard, Question, ask};

/// Where a device says what it offers (RFC 6690, section 4).
const CORE: &str = "/.well-known/core";
/// The attribute of a link that names the device (RFC 9176, section 9).
const ENDPOINT: &str = "ep";
/// Links that are shown to the person who decides.
const MOST_SHOWN: usize = 64;

/// Where to look, and how a device says its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Search<'a> {
    /// Single devices, and groups (multicast addresses).
    pub peers: &'a [SocketAddr],
    /// A resource that holds the device's name, where its links do not say it (`ep=`).
    pub name_at: Option<&'a str>,
    /// How long a device has for an answer.
    pub patience: Duration,
}

/// A device that answered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Found {
    /// Where.
    pub address: SocketAddr,
    /// Its name, if it says one.
    pub id: Option<String>,
    /// What it offers: the targets of its links, 64 at most.
    pub links: Vec<String>,
}

/// What a search brought.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Findings {
    /// Those that answered.
    pub found: Vec<Found>,
    /// Those that were asked by their address and did not answer, and why.
    pub silent: Vec<(SocketAddr, String)>,
}

/// Asks around; `stop` ends it early with what was found so far.
pub fn search(
    net: &mut dyn Datagrams,
    random: &dyn Random,
    terms: &Search<'_>,
    stop: &dyn Fn() -> bool,
) -> io::Result<Findings> {
    let question = Question { peers: terms.peers, path: CORE, patience: terms.patience };
    let mut findings = Findings::default();
    for heard in ask(net, random, &question, stop)? {
        match read(heard) {
            Ok(found) => findings.found.push(found),
            Err(silent) => findings.silent.push(silent),
        }
    }
    if let Some(path) = terms.name_at {
        name(net, random, path, terms.patience, &mut findings.found, stop)?;
    }
    Ok(findings)
}

fn read(heard: Heard) -> Result<Found, (SocketAddr, String)> {
    let from = heard.from;
    let payload = heard.answer.map_err(|error| (from, error.to_string()))?;
    let text = String::from_utf8(payload).map_err(|_| (from, "its links are no UTF-8".to_owned()))?;
    let links = links(&text).map_err(|error| (from, error.to_string()))?;
    let id = links.iter().find_map(|link| link.attribute(ENDPOINT)).map(str::to_owned);
    Ok(Found { address: from, id, links: links.into_iter().map(target).take(MOST_SHOWN).collect() })
}

fn target(link: Link) -> String {
    link.target
}

/// Asks those that did not say their name for it.
fn name(
    net: &mut dyn Datagrams,
    random: &dyn Random,
    path: &str,
    patience: Duration,
    found: &mut [Found],
    stop: &dyn Fn() -> bool,
) -> io::Result<()> {
    let nameless: Vec<SocketAddr> =
        found.iter().filter(|found| found.id.is_none()).map(|found| found.address).collect();
    if nameless.is_empty() {
        return Ok(());
    }
    for heard in ask(net, random, &Question { peers: &nameless, path, patience }, stop)? {
        let text = heard.answer.ok().and_then(|payload| String::from_utf8(payload).ok());
        let named = found.iter_mut().find(|found| found.address == heard.from && found.id.is_none());
        if let (Some(named), Some(text)) = (named, text) {
            named.id = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        }
    }
    Ok(())
}

/// What became of a device that was found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TakenIn {
    /// `pending`, `assigned`, `same`, `assigning` or `refused`.
    pub decision: &'static str,
    /// The registration.
    pub registration: Option<String>,
    /// The stable code of a refusal.
    pub code: Option<&'static str>,
    /// Why it is refused.
    pub says: Option<String>,
    /// What to do about it.
    pub hint: Option<&'static str>,
}

/// Takes found devices in: by the rules of their group, as registrations that wait for a person whatever the group says.
/// What it says of itself is proof of nothing.
pub struct Intake {
    registrar: Registrar,
    group: std::sync::Arc<Group>,
}

impl Intake {
    /// Opens the intake of a group.
    pub fn open(registry: &Registry, group: &str) -> Result<Self, RegistryError> {
        let groups = Groups::new(registry.clone(), &[]);
        groups.refresh()?;
        let unknown = || RegistryError::NotFound { what: "group", name: group.to_owned() };
        Ok(Self { registrar: Registrar::start(registry.clone()), group: groups.get(Some(group)).ok_or_else(unknown)? })
    }

    /// Takes a device in. The same one a second time changes nothing.
    pub fn take(&self, found: &Found, random: &dyn Random, now: OffsetDateTime) -> Result<TakenIn, RegistryError> {
        let asked = match self.asked(found, random, now) {
            Ok(asked) => asked,
            Err((refusal, words)) => return Ok(refused(refusal, words)),
        };
        Ok(match self.registrar.register(asked)? {
            Decision::Pending { registration } => taken("pending", registration),
            Decision::Assigned { registration, .. } => taken("assigned", registration),
            Decision::Same { registration, .. } => taken("same", registration),
            Decision::Assigning { registration } => taken("assigning", registration),
            Decision::Refused(refusal) => refused(refusal, refusal.says().to_owned()),
            Decision::Stale => refused(Refusal::TryLater, "the group's policy was changed".to_owned()),
        })
    }

    fn asked(&self, found: &Found, random: &dyn Random, now: OffsetDateTime) -> Result<Asked, Refused> {
        let nameless = || (Refusal::InvalidIdentifier, "it does not say its name".to_owned());
        let id = found.id.as_ref().ok_or_else(nameless)?;
        let address = format!("coap://{}", found.address);
        let mut fields = json!({
            "id": id,
            "group": self.group.name,
            "endpoint": { "protocol": "coap", "address": address },
        });
        let request = Request::read(&fields)?;
        self.group.admit(&request)?;
        let mut asked = draft(&fields, &request, &self.group, &drawn(&request.device.folded(), random, now))?;
        fields["links"] = json!(found.links);
        asked.answer = answer(&asked).into();
        asked.asked = fields;
        as_found(&mut asked);
        asked.source = found.address.ip().to_string();
        Ok(asked)
    }
}

/// The id of a registration, as the desk draws it: in the order of time, with 80 random bits.
fn drawn(device: &str, random: &dyn Random, now: OffsetDateTime) -> String {
    let mut bytes = [0; 10];
    random.fill(&format!("registration of {device}"), &mut bytes);
    format!("{:012x}{}", now.unix_timestamp_nanos() / 1_000_000, hex::encode(bytes))
}

/// The answer that the device would get if it asked by itself: it is registered, and brought no key.
fn answer(asked: &Asked) -> Value {
    json!({
        "registration": asked.registration,
        "id": asked.device,
        "group": asked.group,
        "state": "assigned",
        "servers": [],
        "credentials": [],
        "resources": asked.resources.iter().map(|resource| {
            json!({ "kind": resource.kind, "name": resource.name, "detail": resource.detail })
        }).collect::<Vec<_>>(),
        "interval": asked.policy.interval,
    })
}

fn taken(decision: &'static str, registration: String) -> TakenIn {
    TakenIn { decision, registration: Some(registration), code: None, says: None, hint: None }
}

fn refused(refusal: Refusal, words: String) -> TakenIn {
    let (code, hint) = (Some(refusal.code()), Some(refusal.hint()));
    TakenIn { decision: "refused", registration: None, code, says: Some(words), hint }
}
