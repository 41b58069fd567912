//! What a bootstrap server tells a device over the network, and the keys by which devices are known there.

use std::sync::Arc;

use crate::authority::{CredentialRequest, GroupKeys};
use crate::bundle;
use crate::delivery::{PublicCredential, SealedMaterial};
use crate::fleet::lwm2m::Object;
use crate::fleet::{CredentialKind, DevicePlan, EndpointName, Protocol, Role, Secret, Server};
use crate::ledger::{CredentialState, GenerationState, LedgerError};
use crate::registry::{CredentialRow, Registry, RegistryError};

use super::error::StationError;
use super::issue;
use super::open::Station;

/// Why a device cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// A step of the station failed.
    #[error(transparent)]
    Station(#[from] StationError),
    /// The registry does not answer.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The private part of a credential was destroyed when it had been delivered.
    #[error("the private part of credential {name:?} of {device:?} was destroyed after its delivery")]
    Destroyed {
        /// The credential.
        name: Arc<str>,
        /// The device.
        device: EndpointName,
    },
}

/// The bootstrap server of a device, as its plan has it.
pub fn bootstrap_server(plan: &DevicePlan) -> Option<&Server> {
    plan.servers.values().find(|server| server.protocol == Protocol::Lwm2m && server.role == Role::Bootstrap)
}

/// The servers of a device that are this machine, as its plan and `serve: lwm2m:` have it: bootstrap and management server.
fn own_servers<'a>(station: &Station, plan: &'a DevicePlan) -> impl Iterator<Item = &'a Server> {
    let manager = manager(station).and_then(|name| plan.servers.get(&name));
    bootstrap_server(plan).into_iter().chain(manager)
}

/// The name of the management server that is this machine.
pub fn manager(station: &Station) -> Option<Arc<str>> {
    let lwm2m = station.folder().fleet.serve().lwm2m.as_ref()?;
    lwm2m.manager.as_ref().map(|name| Arc::clone(&name.value))
}

/// Returns the plan of a device as far as a bootstrap server tells it.
pub fn plan(station: &Station, device: &EndpointName) -> Result<DevicePlan, StationError> {
    Ok(station.folder().fleet.plan_of_servers(device)?)
}

/// What a device is told.
pub struct Told {
    /// The objects of its servers.
    pub objects: Vec<Object>,
    /// True if a credential was made for it now: the registry has not heard of it.
    pub is_new: bool,
}

/// Returns what a device is told of its servers; what is not issued yet is issued and recorded. The same each time. With
/// `new_account` its bootstrap account is in it.
pub fn objects(station: &Station, plan: &DevicePlan, new_account: bool) -> Result<Told, RemoteError> {
    let wanted = wanted(plan, new_account);
    told(station, plan, new_account, || states(station, plan, &wanted))
}

/// As [`objects`], with new credentials once the device has confirmed those that it was told before ([`confirm`]). What the
/// bootstrap account has too, and the account is not told, stays: else the device could not come back.
pub fn rotated_objects(station: &Station, plan: &DevicePlan, new_account: bool) -> Result<Told, RemoteError> {
    let (changing, staying) = by_change(plan, new_account);
    told(station, plan, new_account, || {
        let mut found = station.ledger().generations_to_rotate(plan, &changing)?;
        found.extend(states(station, plan, &staying)?);
        Ok(found)
    })
}

/// The credentials of the servers that a device is told: those that change, and those that must not.
fn by_change(plan: &DevicePlan, new_account: bool) -> (Vec<Arc<str>>, Vec<Arc<str>>) {
    let account = bootstrap_server(plan).filter(|_| !new_account).and_then(|server| server.credential.clone());
    wanted(plan, new_account).into_iter().partition(|name| account.as_ref() != Some(name))
}

/// A generation of a credential: its name and its number.
pub type Generation = (Arc<str>, u32);

/// What came of a confirmation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Confirmed {
    /// True if a credential came into force.
    pub any: bool,
    /// What waits until the device shows it here.
    pub awaits: Vec<Generation>,
}

/// Puts the credentials in force that a device was told by [`rotated_objects`] and has confirmed; what they replace is
/// retired. A pre-shared key in the place of another, of a server that is this machine, waits until the device shows it here
/// ([`confirm_shown`]): one that said yes and lost what it was told comes back with the old one.
pub fn confirm(station: &Station, plan: &DevicePlan, new_account: bool) -> Result<Confirmed, StationError> {
    let (changing, _) = by_change(plan, new_account);
    let history = station.ledger().device(&plan.device)?;
    let generations = history.map(|history| history.generations).unwrap_or_default();
    let (mut awaits, mut now) = (Vec::new(), Vec::new());
    for name in changing {
        let of = |state| {
            let mut own = generations.iter().filter(|known| known.public.name == name && known.state == state);
            own.next().map(|known| known.public.generation)
        };
        // With nothing in its place, there is nothing to come back with.
        match of(GenerationState::Active).and(of(GenerationState::Pending)) {
            Some(number) if is_shown_here(station, plan, &name) => awaits.push((name, number)),
            _ => now.push(name),
        }
    }
    Ok(Confirmed { any: !station.ledger().confirm_rotation(plan, &now)?.is_empty(), awaits })
}

/// Puts these in force: the device has said that it took them, and has shown another that it was told with them. Returns true
/// if any was not.
pub fn confirm_rest(station: &Station, device: &EndpointName, rest: &[Generation]) -> Result<bool, StationError> {
    let mut any = false;
    for (name, number) in rest {
        any |= station.ledger().confirm_generation(device, name, *number)?;
    }
    Ok(any)
}

/// Returns true if a device shows this credential to a server that is this machine, in a handshake.
fn is_shown_here(station: &Station, plan: &DevicePlan, name: &Arc<str>) -> bool {
    let is_psk = plan.credentials.get(name).is_some_and(|shape| matches!(shape.kind, CredentialKind::Psk { .. }));
    // As the fleet has it: a new bootstrap account may be that of another machine.
    let Ok(own) = self::plan(station, &plan.device) else { return false };
    is_psk && own_servers(station, &own).any(|server| server.credential.as_ref() == Some(name))
}

/// The credentials of the servers that a device is told.
fn wanted(plan: &DevicePlan, new_account: bool) -> Vec<Arc<str>> {
    let is_told =
        |server: &&Server| server.protocol == Protocol::Lwm2m && (new_account || server.role != Role::Bootstrap);
    plan.servers.values().filter(is_told).filter_map(|server| server.credential.clone()).collect()
}

fn told(
    station: &Station,
    plan: &DevicePlan,
    new_account: bool,
    states: impl Fn() -> Result<Vec<CredentialState>, StationError>,
) -> Result<Told, RemoteError> {
    let mut found = states()?;
    let is_new = found.iter().any(|state| state.issued.is_none());
    if is_new {
        // What two requests at once make is one: the ledger keeps the first.
        let (_, new) = issue::credentials(station, plan, &found)?;
        match station.ledger().record_issued_for(plan, new) {
            Ok(()) | Err(LedgerError::IssuedMeanwhile { .. }) => found = states()?,
            Err(error) => return Err(StationError::from(error).into()),
        }
    }
    let (credentials, _) = issue::credentials(station, plan, &found)?;
    let is_there = |name: &&Arc<str>| !credentials.iter().any(|credential| &credential.public.name == *name);
    if let Some(name) = wanted(plan, new_account).iter().find(is_there) {
        return Err(RemoteError::Destroyed { name: Arc::clone(name), device: plan.device.clone() });
    }
    let root = station.authority().root_der();
    let objects = bundle::accounts(plan, &credentials, root, new_account).map_err(StationError::from)?;
    Ok(Told { objects, is_new })
}

/// Returns true if all that a device would be told is issued: then [`objects`] makes nothing new.
pub fn is_issued(station: &Station, plan: &DevicePlan, new_account: bool) -> Result<bool, RemoteError> {
    Ok(states(station, plan, &wanted(plan, new_account))?.iter().all(|state| state.issued.is_some()))
}

fn states(station: &Station, plan: &DevicePlan, wanted: &[Arc<str>]) -> Result<Vec<CredentialState>, StationError> {
    let states = station.ledger().credentials_wanted(plan)?;
    Ok(states.into_iter().filter(|state| wanted.contains(&state.name)).collect())
}

/// A pre-shared key by which a device is known.
pub struct Known {
    /// The device.
    pub device: EndpointName,
    /// The credential's name.
    pub name: Arc<str>,
    /// The key.
    pub key: Secret,
    /// Its generation.
    pub generation: u32,
    /// True if the device was told it in place of another and has not shown yet that it took it.
    pub is_new: bool,
}

/// The most credentials of one identity that are looked at.
const MOST_OF_ONE_IDENTITY: u32 = 16;

/// Returns whose an identity is, with the name of its credential, as [`keys_of`] has it. A peer has proved the key already:
/// where there is but one it is not opened again.
pub fn owner_of(
    station: &Station,
    registry: &Registry,
    identity: &[u8],
) -> Result<Option<(EndpointName, Arc<str>)>, RemoteError> {
    let rows = rows_of(registry, identity)?;
    if let [(device, row)] = rows.as_slice() {
        return Ok(held(station, device, row).map(|held| (held.device, held.name)));
    }
    let known = among(station, identity, &rows)?;
    Ok(known.into_iter().next().map(|known| (known.device, known.name)))
}

/// Returns whose an identity is, with the keys that the device may have, the one in force first. They are two while nobody
/// knows whether the device took what it was told: its answer may have been lost. As the registry has it, or derived where
/// the fleet derives the keys of its devices. It must be the key of the device's bootstrap server, or of the management
/// server that is this machine: what other servers hold too proves nothing here.
pub fn keys_of(station: &Station, registry: &Registry, identity: &[u8]) -> Result<Vec<Known>, RemoteError> {
    among(station, identity, &rows_of(registry, identity)?)
}

/// It is found by text in the registry; NUL would be refused there.
fn rows_of(registry: &Registry, identity: &[u8]) -> Result<Vec<(String, CredentialRow)>, RemoteError> {
    let text = std::str::from_utf8(identity).ok().filter(|text| !text.contains('\0'));
    Ok(text.map(|text| registry.keys_of_identity(text, MOST_OF_ONE_IDENTITY)).transpose()?.unwrap_or_default())
}

fn among(station: &Station, identity: &[u8], rows: &[(String, CredentialRow)]) -> Result<Vec<Known>, RemoteError> {
    if rows.is_empty() {
        return Ok(std::str::from_utf8(identity).ok().and_then(|text| derived(station, text)).into_iter().collect());
    }
    let open = |(device, row): &(String, CredentialRow)| held(station, device, row)?.open(station);
    let found: Vec<Known> = rows.iter().rev().filter_map(open).collect();
    // The newest of a device counts; of two devices nobody can say which one it is.
    let Some(device) = found.first().map(|first| first.device.clone()) else { return Ok(found) };
    if found.iter().any(|other| other.device != device) {
        return Ok(Vec::new());
    }
    if found.len() > 1 { in_question(station, found) } else { Ok(found) }
}

/// Returns those of a device's keys, the newest first, that it may have.
fn in_question(station: &Station, found: Vec<Known>) -> Result<Vec<Known>, RemoteError> {
    let history = station.ledger().device(&found[0].device).map_err(StationError::from)?;
    let generations = history.map(|history| history.generations).unwrap_or_default();
    Ok(either(found, |known| {
        let is_it = |public: &PublicCredential| {
            public.name.as_ref() == known.name.as_ref() && public.generation == known.generation
        };
        generations.iter().find(|own| is_it(&own.public)).map(|own| own.state)
    }))
}

/// The newest key that is not pending, then the newest other one of its name that the device may have: what it was told last;
/// and of keys that another station made, nobody here knows whether the device took them.
fn either(mut found: Vec<Known>, state: impl Fn(&Known) -> Option<GenerationState>) -> Vec<Known> {
    let taken = found.iter().position(|known| state(known) != Some(GenerationState::Pending)).unwrap_or(0);
    let taken = found.remove(taken);
    let may_have = |known: &Known| matches!(state(known), None | Some(GenerationState::Pending));
    let other = found.into_iter().find(|other| other.name == taken.name && may_have(other));
    let other = other.map(|other| Known { is_new: state(&other) == Some(GenerationState::Pending), ..other });
    [Some(taken), other].into_iter().flatten().collect()
}

/// Puts the key in force that a device was told in place of another and has shown now ([`Known::is_new`]): it took it,
/// though nobody heard it say so. Returns the device if it was not in force.
pub fn confirm_shown(
    station: &Station,
    registry: &Registry,
    identity: &[u8],
    generation: u32,
) -> Result<Option<EndpointName>, RemoteError> {
    let known = keys_of(station, registry, identity)?;
    let Some(shown) = known.iter().find(|known| known.is_new && known.generation == generation) else {
        return Ok(None);
    };
    let confirmed = station.ledger().confirm_generation(&shown.device, &shown.name, generation);
    Ok(confirmed.map_err(StationError::from)?.then(|| shown.device.clone()))
}

/// A key that is not opened yet.
struct Held {
    device: EndpointName,
    name: Arc<str>,
    generation: u32,
    material: SealedMaterial,
}

impl Held {
    fn open(self, station: &Station) -> Option<Known> {
        let Self { device, name, generation, material } = self;
        let key = issue::open_told(station, &device, &name, generation, &material)?;
        Some(Known { device, name, key, generation, is_new: false })
    }
}

/// Returns the key of a row if a server that is this machine takes it for a proof. `id`: the device's name as it is written.
fn held(station: &Station, id: &str, row: &CredentialRow) -> Option<Held> {
    let device = EndpointName::new(id).ok().filter(|_| row.kind == "psk")?;
    let plan = plan(station, &device).ok()?;
    if !own_servers(station, &plan).any(|server| server.credential.as_deref() == Some(row.name.as_str())) {
        return None;
    }
    let generation = row.public["generation"].as_u64().and_then(|number| u32::try_from(number).ok())?;
    let (key, body) = row.sealed_key.clone().zip(row.sealed_body.clone())?;
    let material = SealedMaterial { key: key.0, body: body.0 };
    Some(Held { device, name: row.name.as_str().into(), generation, material })
}

/// A device of the inventory whose key the fleet derives has it before anything was made for it.
fn derived(station: &Station, identity: &str) -> Option<Known> {
    let device = EndpointName::new(identity).ok()?;
    let plan = plan(station, &device).ok()?;
    let names: Vec<Arc<str>> = own_servers(station, &plan).filter_map(|server| server.credential.clone()).collect();
    names.into_iter().find_map(|name| derived_as(station, &plan, name, identity))
}

fn derived_as(station: &Station, plan: &DevicePlan, name: Arc<str>, identity: &str) -> Option<Known> {
    let shape = plan.credentials.get(&name)?;
    if !matches!(&shape.kind, CredentialKind::Psk { group: Some(_), .. }) {
        return None;
    }
    let request = CredentialRequest {
        device: &plan.device,
        serial: plan.serial.as_ref(),
        model: plan.model.as_deref(),
        name: &name,
        generation: 1,
        shape,
        group_keys: Some(GroupKeys { fleet: station.folder().fleet.name(), key: station.keys().fleet_key() }),
    };
    let around = station.surroundings();
    let made = station.authority().issue(&request, &*around.clock, &*around.random).ok()?;
    let is_it = matches!(&made.public.kind, crate::delivery::PublicKind::Psk { identity: own } if own == identity);
    is_it.then(|| Known { device: plan.device.clone(), name, key: made.private, generation: 1, is_new: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_keys_the_one_in_force_and_the_one_that_was_told_last_are_in_question() {
        use GenerationState::{Active, Pending, Retired};
        let picked = |keys: &[(&str, u32, Option<GenerationState>)]| {
            let known = |&(name, generation, _): &(&str, u32, Option<GenerationState>)| Known {
                device: EndpointName::new("gw-1").unwrap(),
                name: name.into(),
                key: Secret::new(vec![7; 16]),
                generation,
                is_new: false,
            };
            let state = |known: &Known| {
                let is_it =
                    |key: &&(&str, u32, Option<GenerationState>)| (key.0, key.1) == (&*known.name, known.generation);
                keys.iter().find(is_it).unwrap().2
            };
            let picked = either(keys.iter().map(known).collect(), state);
            picked.into_iter().map(|known| (known.generation, known.is_new)).collect::<Vec<_>>()
        };
        let (active, pending, retired) = (Some(Active), Some(Pending), Some(Retired));
        assert_eq!(picked(&[("boot", 2, pending), ("boot", 1, active)]), [(1, false), (2, true)]);
        // What the registry still has and the ledger has retired is not the other one.
        assert_eq!(picked(&[("boot", 3, pending), ("boot", 2, active), ("boot", 1, retired)]), [(2, false), (3, true)]);
        assert_eq!(picked(&[("boot", 2, active), ("boot", 1, retired)]), [(2, false)]);
        // Another station made them: either may be what the device has, and it is not for us to put one in force.
        assert_eq!(picked(&[("boot", 2, None), ("boot", 1, None)]), [(2, false), (1, false)]);
        // A key of another name is never tried in place of this one: others may hold it.
        assert_eq!(picked(&[("main", 9, pending), ("boot", 1, active)]), [(1, false)]);
        assert_eq!(picked(&[("boot", 2, pending), ("main", 1, None)]), [(1, false)]);
    }
}
