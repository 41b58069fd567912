//! What a device says of itself.

use serde::Serialize;

use super::clock::{Time, parse, text};
use super::device::Device;
use super::disk::Disk;
use super::error::ClientError;
use super::facts::Facts;
use super::generation::Generation;
use super::outcome::{Part, Record};
use super::store::{Store, read_recipient, read_state};
use super::trust::Trust;
use crate::delivery::{Clock, Property};

/// What a device says of itself; nothing of it is secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Status {
    /// The device's name, once a bundle was taken.
    pub device: Option<String>,
    /// The fleet it belongs to.
    pub fleet: Option<String>,
    /// The generation in force.
    pub generation: Option<u64>,
    /// Its bundles.
    pub bundles: Vec<Part>,
    /// The recipient of the device's own key: what a fleet's inventory wants.
    pub recipient: String,
    /// The names of the bundle keys that are trusted, as minisign prints them.
    pub trusted: Vec<String>,
    /// Where they come from: `image`, `learned`, `first-use` or `nothing`.
    pub trust: &'static str,
    /// The number of the learned list.
    pub sequence: Option<u32>,
    /// Whether the system's time is trusted.
    pub clock_trusted: bool,
    /// The newest signed time seen: it is not earlier than this.
    pub not_earlier_than: Option<String>,
    /// True if a run was interrupted: the next completes it.
    pub interrupted: bool,
    /// How often the bundle that waits failed to prove itself.
    pub failures: Option<u32>,
    /// When it is tried again.
    pub next_try: Option<String>,
    /// What bundles may ask for: property and values.
    pub properties: std::collections::BTreeMap<&'static str, Vec<String>>,
    /// What came of the last run.
    pub last: Option<Record>,
}

/// Reads what a device says of itself. On a new device its own key is made.
pub fn status(disk: &Disk, clock: &dyn Clock) -> Result<Status, ClientError> {
    let machine = disk.machine();
    let device = Device::read(machine)?;
    let folder = disk.path(&device.store);
    let recipient = match read_recipient(&folder)? {
        Some(recipient) => recipient,
        None => Store::open(disk, &device)?.recipient()?,
    };
    let state = read_state(&folder)?;
    let trust = Trust::now(machine, &device, &state)?;
    let time = Time::look(machine, clock, state.newest.as_deref().and_then(parse));
    let generation = state.current.map(|number| {
        let folder = folder.join("generations").join(number.to_string());
        Generation::read(number, &folder)
    });
    let bundles = generation.transpose()?.map(|generation| generation.record()).unwrap_or_default();
    let facts = Facts::read(machine, &device);
    let values = Property::ALL.into_iter().map(|property| (property.word(), facts.values(property)));
    let next = state.waiting.as_ref().and_then(|w| time::OffsetDateTime::from_unix_timestamp(w.next).ok());
    Ok(Status {
        device: state.device.clone(),
        fleet: trust.owner.clone(),
        generation: state.current,
        bundles,
        recipient,
        trust: match () {
            () if state.learned.is_some() => "learned",
            () if !trust.keys.is_empty() => "image",
            () if trust.first_use => "first-use",
            () => "nothing",
        },
        trusted: trust.keys.iter().map(crate::bundle::sealed::PublicKey::name).collect(),
        sequence: state.learned.as_ref().map(|learned| learned.sequence),
        clock_trusted: time.trusted.is_some(),
        not_earlier_than: time.floor.map(text),
        interrupted: state.attempt.is_some(),
        failures: state.waiting.as_ref().map(|waiting| waiting.failures),
        next_try: next.map(text),
        properties: values.filter(|(_, values)| !values.is_empty()).collect(),
        last: state.last,
    })
}
