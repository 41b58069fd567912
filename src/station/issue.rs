//! Credentials for one device: those there are, opened; those that are wanted, made.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::authority::{CredentialRequest, FleetKey, GroupKeys, wrap_for_recipient};
use crate::delivery::{Credential, SealedMaterial};
use crate::fleet::check::Fleet;
use crate::fleet::{CredentialKind, DevicePlan, EndpointName, Secret};
use crate::ledger::{CredentialState, Ledger, NewCredential};

use super::error::StationError;
use super::open::Station;

/// Workers for each processor: most of them wait for the ledger's group commit while the others sign.
const WAITERS_FOR_EACH_PROCESSOR: usize = 32;

/// Returns the credentials of `states`, opened or newly made, and for each new one what the ledger stores of it.
///
/// A generation whose private material was destroyed by its retain rule cannot come back: the ledger refuses such a
/// delivery before it gets here.
pub fn credentials(
    station: &Station,
    plan: &DevicePlan,
    states: &[CredentialState],
) -> Result<(Vec<Credential>, Vec<NewCredential>), StationError> {
    let mut credentials = Vec::with_capacity(states.len());
    let mut new = Vec::new();
    for state in states {
        if let Some(credential) = reopen(station.keys().fleet_key(), &plan.device, state)? {
            credentials.push(credential);
        } else if state.issued.is_none() {
            let credential = make(station, plan, state)?;
            new.push(for_storage(station, plan, &credential)?);
            credentials.push(credential);
        }
    }
    Ok((credentials, new))
}

/// Issues what `plan` wants and the ledger does not have yet, and records it. Returns how many were made.
pub fn issue(station: &Station, plan: &DevicePlan) -> Result<usize, StationError> {
    let wanted: Vec<CredentialState> =
        station.ledger().credentials_wanted(plan)?.into_iter().filter(|state| state.issued.is_none()).collect();
    if wanted.is_empty() {
        return Ok(0);
    }
    let (_, new) = credentials(station, plan, &wanted)?;
    let made = new.len();
    station.ledger().record_issued(&plan.device, plan.serial.as_ref(), new)?;
    Ok(made)
}

/// Returns a credential with its private half, where it was issued and that is still kept.
pub(super) fn reopen(
    key: &FleetKey,
    device: &EndpointName,
    state: &CredentialState,
) -> Result<Option<Credential>, StationError> {
    let Some(issued) = &state.issued else { return Ok(None) };
    let Some(material) = &issued.material else { return Ok(None) };
    let private = key.unseal(&material_context(device, &state.name, state.generation), material)?;
    Ok(Some(Credential { public: issued.public.clone(), private }))
}

/// Opens private material that a station of this fleet told the registry of; none if it was sealed by another key.
pub fn open_told(
    station: &Station,
    device: &EndpointName,
    name: &str,
    generation: u32,
    material: &SealedMaterial,
) -> Option<Secret> {
    station.keys().fleet_key().unseal(&material_context(device, name, generation), material).ok()
}

fn make(station: &Station, plan: &DevicePlan, state: &CredentialState) -> Result<Credential, StationError> {
    let request = CredentialRequest {
        device: &plan.device,
        serial: plan.serial.as_ref(),
        model: plan.model.as_deref(),
        name: &state.name,
        generation: state.generation,
        shape: &plan.credentials[&state.name],
        group_keys: Some(GroupKeys { fleet: station.folder().fleet.name(), key: station.keys().fleet_key() }),
    };
    let surroundings = station.surroundings();
    Ok(station.authority().issue(&request, &*surroundings.clock, &*surroundings.random)?)
}

fn for_storage(station: &Station, plan: &DevicePlan, credential: &Credential) -> Result<NewCredential, StationError> {
    let public = &credential.public;
    let context = material_context(&plan.device, &public.name, public.generation);
    let random = &*station.surroundings().random;
    Ok(NewCredential {
        public: public.clone(),
        material: station.keys().fleet_key().seal(&context, &credential.private, random),
        retain: plan.credentials[&public.name].retain,
        wraps: server_wraps(plan, credential)?,
    })
}

/// A PSK is also wrapped to each server that needs it and has a recipient key.
fn server_wraps(plan: &DevicePlan, credential: &Credential) -> Result<Vec<(String, Vec<u8>)>, StationError> {
    let name = &credential.public.name;
    if !matches!(plan.credentials[name].kind, CredentialKind::Psk { .. }) {
        return Ok(Vec::new());
    }
    let mut wraps = Vec::new();
    for (server_name, server) in plan.servers.iter() {
        let uses = server.credential.as_ref() == Some(name);
        if let (true, Some(recipient)) = (uses, &server.recipient) {
            wraps.push((server_name.to_string(), wrap_for_recipient(recipient, &credential.private)?));
        }
    }
    Ok(wraps)
}

/// What private material is sealed for: it opens for no other device, name or generation.
fn material_context(device: &EndpointName, name: &str, generation: u32) -> String {
    format!("credential:{device}:{name}:{generation}")
}

/// What was issued for one device.
pub struct Issued<'a> {
    /// The device.
    pub device: &'a EndpointName,
    /// How many credentials were made now; 0 if it has all.
    pub made: usize,
}

/// Returns the credentials of a device that are still to be issued; without a ledger none is.
pub fn wanted(
    fleet: &Fleet,
    ledger: Option<&Ledger>,
    device: &EndpointName,
) -> Result<Vec<CredentialState>, StationError> {
    let plan = fleet.plan_of_credentials(device)?;
    let first = |name: &Arc<str>| CredentialState { name: Arc::clone(name), generation: 1, issued: None };
    let states = match ledger {
        Some(ledger) => ledger.credentials_wanted(&plan)?,
        None => plan.credentials.keys().map(first).collect(),
    };
    Ok(states.into_iter().filter(|state| state.issued.is_none()).collect())
}

/// Issues for all `devices` on all processors; `each` hears of every device. Returns how many credentials were made.
pub fn issue_all(
    station: &Station,
    devices: &[EndpointName],
    each: &(dyn Fn(&Issued<'_>) + Sync),
) -> Result<usize, StationError> {
    let next = AtomicUsize::new(0);
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = (processors * WAITERS_FOR_EACH_PROCESSOR).min(devices.len().max(1));
    let work = || -> Result<usize, StationError> {
        let mut sum = 0;
        while let Some(device) = devices.get(next.fetch_add(1, Ordering::Relaxed)) {
            station.check_interrupt()?;
            let plan = station.folder().fleet.plan_of_credentials(device)?;
            let made = issue(station, &plan)?;
            each(&Issued { device, made });
            sum += made;
        }
        Ok(sum)
    };
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let sums = handles.into_iter().map(|handle| handle.join().expect("a worker does not panic"));
        sums.collect::<Result<Vec<usize>, _>>().map(|sums| sums.iter().sum())
    })
}
