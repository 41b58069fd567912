//! Enrolment groups against what they name, and profiles against the groups they name.

use std::sync::Arc;

use super::super::file::{GroupSpec, Located, Section};
use super::super::{CredentialKind, Faults, FleetFile};
use super::unknown::unknown;

/// Length of a key derived from a group's key, in bytes.
const DERIVED: u16 = 32;

pub(super) fn check_all(file: &FleetFile, faults: &mut Faults) {
    for group in file.groups.values() {
        check_group(file, group, faults);
    }
    for named in file.enrolment.secrets.iter().filter(|named| !file.secrets.contains_key(&named.value)) {
        if !file.is_broken(Section::Secret, &named.value) {
            unknown("secret", named, file.secrets.keys(), faults);
        }
    }
    for profile in file.profiles.values() {
        if let Some(named) = &profile.group {
            check_named(file, named, faults);
        }
        for (name, credential) in &profile.credentials {
            if let Some(named) = &credential.group {
                check_named(file, named, faults);
            }
            let Some(CredentialKind::Psk { bytes, group: Some(group), .. }) =
                credential.shape.as_ref().map(|shape| &shape.kind)
            else {
                continue;
            };
            if *bytes != DERIVED {
                let message = format!(
                    "credential {name:?} has {bytes} bytes, a key derived from the key of group {:?} has {DERIVED}",
                    group.name
                );
                faults.add(credential.bytes_place.clone(), message);
            }
        }
    }
}

fn check_group(file: &FleetFile, group: &GroupSpec, faults: &mut Faults) {
    for named in group.servers.iter().filter(|named| !file.servers.contains_key(&named.value)) {
        if !file.is_broken(Section::Server, &named.value) {
            unknown("server", named, file.servers.keys(), faults);
        }
    }
    for named in group.secrets.iter().filter(|named| !file.secrets.contains_key(&named.value)) {
        if !file.is_broken(Section::Secret, &named.value) {
            unknown("secret", named, file.secrets.keys(), faults);
        }
    }
    if let Some(named) = group.profile.as_ref().filter(|named| !file.profiles.contains_key(&named.value)) {
        unknown("profile", named, file.profiles.keys(), faults);
    }
}

fn check_named(file: &FleetFile, named: &Located<Arc<str>>, faults: &mut Faults) {
    if !file.groups.contains_key(&named.value) && !file.is_broken(Section::Group, &named.value) {
        unknown("enrolment group", named, file.groups.keys(), faults);
    }
}
