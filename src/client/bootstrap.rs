//! Fetches this device's bundle from its server, takes it as one from a medium is taken, and says what came of it.

use serde::Serialize;

use super::device::Device;
use super::fetched::Fetched;
use super::ingest::{Client, Wish, ingest};
use super::outcome::Record;
use super::registration::RegisterError;
use super::registration::answer::{nonsense, refused};
use super::registration::link::{Link, LinkWish};
use super::registration::talk::Wait;
use super::store::{read_generation, read_state};
use crate::delivery::Scope;

/// What came of it; nothing of it is secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Bootstrapped {
    /// True if the server had another version than the one in force.
    pub fetched: bool,
    /// The version that the server named.
    pub version: Option<String>,
    /// What came of the bundle; absent where nothing was fetched.
    pub record: Option<Record>,
    /// Whether the server knows what came of it: `told`, or why not.
    pub result: Option<String>,
}

/// Fetches and takes the bundle. A result that could not be told in an earlier run is told first.
pub fn bootstrap(
    client: &Client<'_>,
    wish: &LinkWish<'_>,
    now: bool,
    wait: &Wait<'_>,
) -> Result<Bootstrapped, RegisterError> {
    let disk = client.disk;
    let device = Device::read(disk.machine())?;
    let store = disk.path(&device.store);
    let fetched = Fetched::in_store(&store);
    let most = Fetched::longest(device.limits);
    let link = Link::open(disk, &device, client.clock, wish, most)?;
    if fetched.result().is_some() {
        tell(client, &link, &fetched, wish, wait)?;
    }
    let in_force = version_in_force(&store)?;
    let tag = in_force.map(|version| format!("\"{version}\""));
    let header = tag.as_deref().map(|tag| ("If-None-Match", tag));
    let mut talk = link.talk(client.clock, client.random, wait, wish.within);
    let answer = talk.whole("GET", "/v1/bootstrap", None, header)?;
    let version = answer.header("etag").map(|tag| tag.trim_matches('"').to_owned());
    match answer.status {
        304 => return Ok(Bootstrapped { fetched: false, version, record: None, result: None }),
        200 => {}
        status => return Err(refused(&answer, status)),
    }
    let unpacked = answer.body.expose(|body| fetched.unpack(body, device.limits))?;
    if let Err(words) = unpacked {
        fetched.remove()?;
        return Err(nonsense(&format!("its bundle is no archive of one: {words}")));
    }
    let record = ingest(client, Wish { from: Some(fetched.path()), now, without_medium: false })?;
    // What was taken may have changed what this device proves itself with.
    let after = Link::open(disk, &device, client.clock, wish, most);
    let told = after.and_then(|link| tell(client, &link, &fetched, wish, wait));
    let result = Some(told.map_or_else(|error| format!("not told: {error}"), |()| "told".to_owned()));
    Ok(Bootstrapped { fetched: true, version, record: Some(record), result })
}

/// Tells the server what came of what was fetched, and takes it away; there may be nothing to tell.
fn tell(
    client: &Client<'_>,
    link: &Link<'_>,
    fetched: &Fetched,
    wish: &LinkWish<'_>,
    wait: &Wait<'_>,
) -> Result<(), RegisterError> {
    if let Some(result) = fetched.result() {
        let mut talk = link.talk(client.clock, client.random, wait, wish.within);
        let answer = talk.whole("POST", "/v1/bootstrap/result", Some(&result), None)?;
        if answer.status != 204 {
            return Err(refused(&answer, answer.status));
        }
    }
    Ok(fetched.remove()?)
}

/// The version of the device's own bundle in force.
fn version_in_force(store: &std::path::Path) -> Result<Option<u32>, RegisterError> {
    let Some(number) = read_state(store)?.current else { return Ok(None) };
    let generation = read_generation(store, number)?;
    let own = generation.parts.iter().find(|part| part.manifest.scope == Scope::Device);
    Ok(own.map(|part| part.manifest.version))
}
