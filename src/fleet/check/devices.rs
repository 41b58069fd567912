//! Devices: identities that collide, profiles, serial numbers and variables of each row.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::super::file::{DeviceSpec, GivenValue};
use super::super::inventory::{Inventory, Row};
use super::super::template::SensitivityClass;
use super::super::{CredentialKind, EndpointName, Faults, FleetFile, Place, SerialNumber, nearest};
use super::coverage::{check_given, check_known, check_secret, note, wanted_by, wanted_of_devices};
use super::fleet::Fleet;
use super::profile::Profile;
use super::unknown::unknown;
use super::variables::{in_clear, typed};

/// Longest PSK identity (RFC 4279, section 5.3).
const LONGEST_PSK_IDENTITY: usize = 128;

/// Sorts the rows by folded endpoint name and notes names that collide.
pub(super) fn by_name(inventory: &Inventory, faults: &mut Faults) -> Vec<u32> {
    let rows = inventory.rows();
    let named = |index: &u32| rows[*index as usize].id.as_ref();
    let mut order: Vec<u32> = (0u32..).take(rows.len()).filter(|index| named(index).is_some()).collect();
    order.sort_by(|a, b| match (named(a), named(b)) {
        (Some(x), Some(y)) => compare_folded(x.as_str(), y.as_str()).then(a.cmp(b)),
        _ => Ordering::Equal,
    });
    let mut first = None;
    for index in &order {
        let (Some(name), Some(row)) = (named(index), rows.get(*index as usize)) else { continue };
        match first {
            Some((known, at)) if compare_folded(name.as_str(), EndpointName::as_str(known)).is_eq() => {
                let first = inventory.place(at);
                faults.add(inventory.place(row.at), repeated(name, known, &first));
            }
            _ => first = Some((name, row.at)),
        }
    }
    order
}

fn repeated(name: &EndpointName, known: &EndpointName, first: &Place) -> String {
    if name == known {
        format!("device {:?} stands here a second time, first at {first}", name.as_str())
    } else {
        format!("device {:?} differs only in case from {:?} at {first}", name.as_str(), known.as_str())
    }
}

/// Compares two names with ASCII case folded.
pub(super) fn compare_folded(a: &str, b: &str) -> Ordering {
    a.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(b.bytes().map(|byte| byte.to_ascii_lowercase()))
}

pub(super) fn check(fleet: &Fleet, file: &FleetFile, faults: &mut Faults) {
    check_overrides(fleet, file, faults);
    check_serials(fleet, faults);
    let secret = secret_somewhere(fleet);
    let wants: BTreeMap<&Arc<str>, ProfileWants<'_>> =
        fleet.profiles.iter().map(|(name, profile)| (name, ProfileWants::of(fleet, profile))).collect();
    for (index, row) in fleet.inventory.rows().iter().enumerate() {
        let profile = check_profile(fleet, row, faults);
        let device = row.id.as_ref().and_then(|id| fleet.overrides.get(id.as_str()));
        let wants = profile.and_then(|(name, _)| wants.get(name));
        let given = check_cells(fleet, index, profile.map(|(_, profile)| profile), &secret, file, faults);
        if let Some(wants) = wants {
            check_wants(fleet, (index, row), device, wants, &given, faults);
        }
    }
}

/// What a profile wants of each of its devices.
struct ProfileWants<'a> {
    variables: Vec<&'a Arc<str>>,
    /// Names and forms of PSK identities that are not simply the endpoint name.
    identities: Vec<(&'a Arc<str>, &'a str)>,
}

impl<'a> ProfileWants<'a> {
    fn of(fleet: &'a Fleet, profile: &'a Profile) -> Self {
        let identities = profile.credentials.iter().filter_map(|(name, shape)| match &shape.kind {
            CredentialKind::Psk { identity: Some(identity), .. } => Some((name, identity.as_str())),
            _ => None,
        });
        Self { variables: wanted_of_devices(fleet, profile), identities: identities.collect() }
    }
}

/// Returns the names of the variables that some template classes as secret.
fn secret_somewhere(fleet: &Fleet) -> BTreeSet<&str> {
    let used = fleet.profiles.values().flat_map(|profile| profile.templates.iter());
    used.flat_map(|used| used.variables.iter())
        .filter(|(_, wanted)| wanted.class == SensitivityClass::Secret)
        .map(|(name, _)| &**name)
        .collect()
}

fn check_profile<'a>(fleet: &'a Fleet, row: &Row, faults: &mut Faults) -> Option<(&'a Arc<str>, &'a Profile)> {
    let named = fleet.profile_name(row);
    let hint = || nearest::hint(named.map_or("", |name| name), fleet.profiles.keys().map(|name| &**name));
    match named {
        Some(name) => {
            let found = fleet.profiles.get_key_value(name);
            let overridden = row.profile.as_ref() != Some(name);
            if found.is_none() && !overridden {
                let place = fleet.inventory.place(row.profile_at);
                faults.add_with_hint(place, format!("there is no profile {name:?}"), hint().unwrap_or_default());
            }
            found
        }
        None if fleet.profiles.is_empty() => None,
        None => {
            let place = fleet.inventory.place(row.at);
            let known: Vec<&str> = fleet.profiles.keys().map(|name| &**name).take(12).collect();
            let message = "the device has no profile, and there are several";
            faults.add_with_hint(place, message, format!("profile is one of: {}", known.join(", ")));
            None
        }
    }
}

/// Checks the variables of a row; returns the names it gives.
fn check_cells<'a>(
    fleet: &'a Fleet,
    index: usize,
    profile: Option<&Profile>,
    secret: &BTreeSet<&str>,
    file: &FleetFile,
    faults: &mut Faults,
) -> Vec<&'a str> {
    let mut given = Vec::new();
    for variable in fleet.inventory.variables(index) {
        let name = &*variable.column.name;
        given.push(name);
        let place = || fleet.inventory.place(variable.at);
        let clear = matches!(variable.value, GivenValue::Clear(_) | GivenValue::Cell(_));
        if clear && secret.contains(name) {
            note(place(), in_clear(name), faults);
            continue;
        }
        if let GivenValue::Secret(secret) = &variable.value {
            check_secret(secret, &place(), file, faults);
        }
        for wanted in profile.into_iter().flat_map(|profile| wanted_by(name, profile)) {
            if let Err(mismatch) = typed(name, &variable.value, wanted) {
                note(place(), mismatch, faults);
            }
        }
    }
    given
}

fn check_wants(
    fleet: &Fleet,
    (index, row): (usize, &Row),
    device: Option<&DeviceSpec>,
    wants: &ProfileWants<'_>,
    given: &[&str],
    faults: &mut Faults,
) {
    let Some(id) = &row.id else { return };
    for name in &wants.variables {
        let overridden = device.is_some_and(|device| device.variables.contains_key(*name));
        if !overridden && !given.contains(&&***name) {
            let place = fleet.inventory.place(fleet.inventory.blank(index, name).unwrap_or(row.at));
            faults.add(place, format!("device {:?} lacks variable {name:?}, which its template needs", id.as_str()));
        }
    }
    let serial = device.and_then(|device| device.serial.as_ref().map(|serial| &serial.value)).or(row.serial.as_ref());
    for (name, form) in &wants.identities {
        check_identity(name, form, id, serial, fleet.inventory.place(row.at), faults);
    }
}

fn check_identity(
    name: &str,
    form: &str,
    id: &EndpointName,
    serial: Option<&SerialNumber>,
    place: Place,
    faults: &mut Faults,
) {
    if form.contains("{serial}") && serial.is_none() {
        let message =
            format!("device {:?} has no serial, which the PSK identity of credential {name:?} holds", id.as_str());
        faults.add(place, message);
        return;
    }
    let identity = form.replace("{id}", id.as_str()).replace("{serial}", serial.map_or("", SerialNumber::as_str));
    if identity.len() > LONGEST_PSK_IDENTITY {
        let message = format!(
            "the PSK identity of credential {name:?} has {} bytes for device {:?}, at most {LONGEST_PSK_IDENTITY} are possible",
            identity.len(),
            id.as_str()
        );
        faults.add(place, message);
    }
}

fn check_overrides(fleet: &Fleet, file: &FleetFile, faults: &mut Faults) {
    let tells_all = fleet.inventory.tells_all();
    for (name, device) in &fleet.overrides {
        let row = fleet.row_of(name);
        if tells_all && row.is_none() && EndpointName::new(name).is_ok() {
            let message = format!("device {name:?} is not in the inventory");
            match fleet.near_devices(name).first() {
                Some(near) => faults.add_with_hint(device.place.clone(), message, format!("did you mean {near:?}?")),
                None => faults.add(device.place.clone(), message),
            }
        }
        if let Some(profile) = &device.profile
            && !fleet.profiles.contains_key(&profile.value)
        {
            unknown("profile", profile, fleet.profiles.keys(), faults);
        }
        let profile = match row {
            Some((_, row)) => fleet.profile_name(row).and_then(|name| fleet.profiles.get(name)),
            None => None,
        };
        for (variable, given) in &device.variables {
            if let Some(profile) = profile {
                check_known(variable, &given.place, &[profile], faults);
                check_given(variable, given, profile, file, faults);
            }
        }
    }
}

/// Notes serial numbers that two devices have, case folded (X.520 compares serialNumber so).
fn check_serials(fleet: &Fleet, faults: &mut Faults) {
    let mut known: HashMap<String, Place> = HashMap::new();
    for row in fleet.inventory.rows() {
        let device = row.id.as_ref().and_then(|id| fleet.overrides.get(id.as_str()));
        let overriding = device.and_then(|device| device.serial.as_ref());
        let (serial, place) = match (overriding, &row.serial) {
            (Some(serial), _) => (&serial.value, serial.place.clone()),
            (None, Some(serial)) => (serial, fleet.inventory.place(row.serial_at)),
            (None, None) => continue,
        };
        let folded = serial.as_str().to_ascii_lowercase();
        match known.get(&folded) {
            Some(first) => {
                let message = format!("serial {:?} stands here a second time, first at {first}", serial.as_str());
                faults.add(place, message);
            }
            None => {
                known.insert(folded, place);
            }
        }
    }
}
