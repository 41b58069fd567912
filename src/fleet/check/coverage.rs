//! Variables of the fleet, its profiles and the inventory's columns: each must be known to a template and have the type it
//! wants; each that a template requires must be given.
//!
//! A profile's and a device's own variables must be known to that profile's templates. Variables of the fleet and columns of
//! the inventory serve all profiles: it is enough that one knows them; the others pass them over.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::file::{Given, GivenValue, Located, Section};
use super::super::template::TemplateVariable;
use super::super::{Faults, FleetFile, Place, nearest};
use super::fleet::Fleet;
use super::profile::Profile;
use super::unknown::unknown;
use super::variables::{Mismatch, typed};

pub(super) fn check(fleet: &Fleet, file: &FleetFile, faults: &mut Faults) {
    let all: Vec<&Profile> = fleet.profiles.values().collect();
    for (name, given) in &fleet.variables {
        check_known(name, &given.place, &all, faults);
        for profile in &all {
            check_given(name, given, profile, file, faults);
        }
    }
    for profile in &all {
        for (name, given) in &profile.variables {
            check_known(name, &given.place, &[profile], faults);
            check_given(name, given, profile, file, faults);
        }
    }
    for column in fleet.inventory.columns() {
        check_known(&column.name, &column.place, &all, faults);
    }
    check_required(fleet, faults);
}

/// Notes a variable that no template of these profiles knows.
pub(super) fn check_known(name: &str, place: &Place, profiles: &[&Profile], faults: &mut Faults) {
    let known = || profiles.iter().flat_map(|profile| profile.templates.iter()).flat_map(|used| used.variables.keys());
    let complete = profiles.iter().all(|profile| profile.complete);
    let addresses = |profile: &&Profile| profile.addressed.iter().any(|bundle| bundle.names(name));
    if !complete || known().any(|known| **known == *name) || profiles.iter().any(addresses) {
        return;
    }
    let templates: BTreeSet<&str> =
        profiles.iter().flat_map(|profile| profile.templates.iter()).map(|used| &*used.name).collect();
    let templates: Vec<&str> = templates.into_iter().collect();
    let message = format!("no template here has a variable {name:?} (templates: {})", templates.join(", "));
    let names: BTreeSet<&str> = known().map(|name| &**name).collect();
    match nearest::hint(name, names.iter().copied()) {
        Some(hint) => faults.add_with_hint(place.clone(), message, hint),
        None => faults.add(place.clone(), message),
    }
}

/// Checks a value against every template of a profile that knows the variable.
pub(super) fn check_given(name: &str, given: &Given, profile: &Profile, file: &FleetFile, faults: &mut Faults) {
    for wanted in wanted_by(name, profile) {
        if let Err(mismatch) = typed(name, &given.value, wanted) {
            note(given.value_place.clone(), mismatch, faults);
        }
    }
    if let GivenValue::Secret(secret) = &given.value {
        check_secret(secret, &given.value_place, file, faults);
    }
}

pub(super) fn check_secret(secret: &Arc<str>, place: &Place, file: &FleetFile, faults: &mut Faults) {
    if !file.secrets.contains_key(secret) && !file.is_broken(Section::Secret, secret) {
        let named = Located { value: Arc::clone(secret), place: place.clone() };
        unknown("secret", &named, file.secrets.keys(), faults);
    }
}

/// Returns what each template of a profile wants of a variable.
pub(super) fn wanted_by<'a>(name: &'a str, profile: &'a Profile) -> impl Iterator<Item = &'a TemplateVariable> {
    profile.templates.iter().filter_map(move |used| used.variables.get(name))
}

pub(super) fn note(place: Place, mismatch: Mismatch, faults: &mut Faults) {
    match mismatch.hint {
        Some(hint) => faults.add_with_hint(place, mismatch.message, hint),
        None => faults.add(place, mismatch.message),
    }
}

/// Notes each required variable that neither fleet, profile, any column nor any device gives. Where some rows give it,
/// the rows that do not are noted one by one.
fn check_required(fleet: &Fleet, faults: &mut Faults) {
    for (profile_name, profile) in &fleet.profiles {
        for used in &profile.templates {
            for name in open(fleet, profile).filter(|name| used.variables.get(*name).is_some_and(is_required)) {
                if !is_given_somewhere(fleet, name) {
                    let message = format!(
                        "profile {profile_name:?} lacks variable {name:?}, which template {:?} needs",
                        used.name
                    );
                    let hint = format!("give it under variables, or as a column of the inventory: {name}");
                    faults.add_with_hint(used.place.clone(), message, hint);
                }
            }
        }
    }
}

fn is_given_somewhere(fleet: &Fleet, name: &str) -> bool {
    fleet.inventory.columns().iter().any(|column| *column.name == *name)
        || fleet.overrides.values().any(|device| device.variables.contains_key(name))
}

/// Returns the required variables of a profile that neither fleet nor profile gives, so that each device must.
pub(super) fn open<'a>(fleet: &'a Fleet, profile: &'a Profile) -> impl Iterator<Item = &'a Arc<str>> {
    let names: BTreeSet<&Arc<str>> = profile
        .templates
        .iter()
        .flat_map(|used| used.variables.iter())
        .filter(|(name, wanted)| {
            is_required(wanted) && !fleet.variables.contains_key(*name) && !profile.variables.contains_key(*name)
        })
        .map(|(name, _)| name)
        .collect();
    names.into_iter()
}

fn is_required(wanted: &TemplateVariable) -> bool {
    wanted.default.is_none()
}

/// Returns the required variables of a profile that each device itself must give: those that some device does give.
pub(super) fn wanted_of_devices<'a>(fleet: &'a Fleet, profile: &'a Profile) -> Vec<&'a Arc<str>> {
    open(fleet, profile).filter(|name| is_given_somewhere(fleet, name)).collect()
}
