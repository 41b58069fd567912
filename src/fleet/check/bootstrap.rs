//! `bootstrap:` and `manager:` of `serve: lwm2m:` against what they name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::file::{BootstrapChoice, Located, ProfileSpec, Section, ServerSpec};
use super::super::{CredentialKind, Faults, FleetFile, Protocol, Role, Security, Server};
use super::unknown::unknown;

pub(super) fn check_all(file: &FleetFile, faults: &mut Faults) {
    let spec = &file.bootstrap;
    for choice in spec.choices() {
        check_choice(file, choice, faults);
    }
    if let Some(named) = file.serve.lwm2m.as_ref().and_then(|lwm2m| lwm2m.manager.as_ref()) {
        check_manager(file, named, faults);
    }
    for (name, choice) in spec.profiles.iter().filter(|(name, _)| !file.profiles.contains_key(*name)) {
        unknown("profile", &Located { value: name.clone(), place: choice.place.clone() }, file.profiles.keys(), faults);
    }
    for (name, choice) in spec.groups.iter().filter(|(name, _)| !file.groups.contains_key(*name)) {
        if !file.is_broken(Section::Group, name) {
            let named = Located { value: name.clone(), place: choice.place.clone() };
            unknown("enrolment group", &named, file.groups.keys(), faults);
        }
    }
    for named in spec.secrets.iter().filter(|named| !file.secrets.contains_key(&named.value)) {
        if !file.is_broken(Section::Secret, &named.value) {
            unknown("secret", named, file.secrets.keys(), faults);
        }
    }
}

/// Returns the bootstrap servers of the fleet file.
pub(super) fn accounts(file: &FleetFile) -> BTreeMap<Arc<str>, Server> {
    let servers = file.servers.iter().map(|(name, spec)| (Arc::clone(name), spec.server.clone()));
    servers.filter(|(_, server)| is_of(server, Role::Bootstrap)).collect()
}

fn check_choice(file: &FleetFile, choice: &BootstrapChoice, faults: &mut Faults) {
    let spec = &file.bootstrap;
    if let Some(named) = choice.client.as_ref().filter(|named| spec.client(&named.value).is_none()) {
        unknown("kind of client", named, spec.clients.keys(), faults);
    }
    if let Some(named) = choice.procedure.as_ref().filter(|named| spec.procedure(&named.value).is_none()) {
        unknown("procedure", named, spec.procedures.keys(), faults);
    }
    let Some(named) = &choice.account else { return };
    match file.servers.get(&named.value).map(|spec| &spec.server) {
        Some(server) if is_of(server, Role::Bootstrap) => {}
        Some(_) => faults.add(named.place.clone(), format!("server {:?} is no bootstrap server of LwM2M", named.value)),
        None if file.is_broken(Section::Server, &named.value) => {}
        None => unknown("server", named, file.servers.keys(), faults),
    }
}

fn is_of(server: &Server, role: Role) -> bool {
    server.protocol == Protocol::Lwm2m && server.role == role
}

fn check_manager(file: &FleetFile, named: &Located<Arc<str>>, faults: &mut Faults) {
    match file.servers.get(&named.value) {
        Some(spec) if is_of(&spec.server, Role::Management) => {
            for (name, profile) in &file.profiles {
                check_identities(file, name, profile, (&named.value, spec), faults);
            }
        }
        Some(_) => {
            faults.add(named.place.clone(), format!("server {:?} is no management server of LwM2M", named.value));
        }
        None if file.is_broken(Section::Server, &named.value) => {}
        None => unknown("server", named, file.servers.keys(), faults),
    }
}

/// One socket bootstraps and manages, and a handshake says an identity before it proves a key: two keys of a device have two
/// identities there, or one of them is never found.
fn check_identities(
    file: &FleetFile,
    name: &str,
    profile: &ProfileSpec,
    (manager, spec): (&Arc<str>, &ServerSpec),
    faults: &mut Faults,
) {
    let is_used =
        |server: &Arc<str>| profile.servers.as_ref().is_none_or(|used| used.iter().any(|used| used.value == *server));
    let Some((credential, identity)) = psk(profile, &spec.server).filter(|_| is_used(manager)) else { return };
    let servers = file.servers.iter().filter(|(server, spec)| is_of(&spec.server, Role::Bootstrap) && is_used(server));
    let keys = servers.filter_map(|(_, spec)| psk(profile, &spec.server));
    if let Some((other, _)) = keys.into_iter().find(|(other, own)| *other != credential && *own == identity) {
        let message = format!(
            "credentials {other:?} and {credential:?} of profile {name:?} have one PSK identity, {identity:?}: `serve`, \
             which bootstraps and manages at one port, could not tell them apart"
        );
        let place = profile.credentials.get(credential).map_or(&spec.place, |found| &found.place);
        faults.add_with_hint(place.clone(), message, format!("identity: \"{{id}}-{credential}\""));
    }
}

/// Returns the name and the identity of the pre-shared key that a server has in a profile.
fn psk<'a>(profile: &'a ProfileSpec, server: &'a Server) -> Option<(&'a str, &'a str)> {
    let name = server.credential.as_deref().filter(|_| server.security == Security::Psk)?;
    match &profile.credentials.get(name)?.shape.as_ref()?.kind {
        CredentialKind::Psk { identity, .. } => Some((name, identity.as_deref().unwrap_or("{id}"))),
        _ => None,
    }
}
