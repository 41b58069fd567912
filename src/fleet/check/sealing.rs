//! How bundles are sealed: what of it does not depend on a device.

use std::sync::Arc;

use super::super::file::{BundleSpec, Located, ProfileSpec, Section};
use super::super::{ConnectPlan, Faults, FleetFile, Protocol, Recipient, Role, Seal, SealingPlan, Security, Server};
use super::profile::Addressed;
use super::unknown::unknown;

/// The longest time a device may try to connect, in seconds.
const LONGEST_CONNECT: u64 = 600;

/// Returns the plan of a bundle's sealing.
pub(super) fn plan(bundle: &BundleSpec) -> SealingPlan {
    let columns = bundle.matching.iter().map(|(property, column)| (Arc::clone(property), Arc::clone(&column.value)));
    SealingPlan {
        recipients: bundle.recipients.iter().map(|recipient| recipient.value.clone()).collect(),
        matching: columns.collect(),
        valid: bundle.valid,
        single_use: bundle.single_use,
        accept_without_clock: bundle.accept_without_clock,
        site: bundle.site,
        connect: bundle.connect.as_ref().map(|(server, within)| ConnectPlan {
            server: Arc::clone(&server.value),
            within: u32::try_from(within.value).unwrap_or(u32::MAX),
        }),
    }
}

/// Checks each bundle of a profile and returns those in whose address the devices have a part.
pub(super) fn addressed(file: &FleetFile, spec: &ProfileSpec, faults: &mut Faults) -> Vec<Addressed> {
    let mut addressed = Vec::new();
    for (name, bundle) in &spec.bundles {
        check_recipients(file, name, bundle, faults);
        check_connect(file, spec, name, bundle, faults);
        let columns = columns(bundle);
        if !columns.is_empty() {
            addressed.push(Addressed { bundle: Arc::clone(name), plan: plan(bundle), columns });
        }
    }
    addressed
}

fn columns(bundle: &BundleSpec) -> Vec<Located<Arc<str>>> {
    let recipients = bundle.recipients.iter().filter_map(|recipient| match &recipient.value {
        Recipient::Variable(name) => Some(Located { value: Arc::clone(name), place: recipient.place.clone() }),
        _ => None,
    });
    bundle.matching.values().cloned().chain(recipients).collect()
}

fn check_recipients(file: &FleetFile, name: &str, bundle: &BundleSpec, faults: &mut Faults) {
    match (bundle.seal, bundle.recipients.first()) {
        (Seal::SignEncrypt, None) => {
            let message = format!("bundle {name:?} is to be encrypted and has no recipients");
            let hint = "recipients: [{batch: NAME}], after: firstlight seal batch NAME";
            faults.add_with_hint(bundle.seal_place.clone(), message, hint);
        }
        (Seal::None | Seal::Sign, Some(first)) => {
            let message = format!("bundle {name:?} has recipients and is not encrypted");
            faults.add_with_hint(first.place.clone(), message, "write seal: sign+encrypt");
        }
        _ => {}
    }
    let is_cose = |recipient: &Located<Recipient>| matches!(recipient.value, Recipient::CoseKey(_));
    let first_kind = bundle.recipients.first().map(is_cose);
    if let Some(other) = bundle.recipients.iter().find(|recipient| Some(is_cose(recipient)) != first_kind) {
        let message = format!("bundle {name:?} has recipients of age and of cose_key: a file is encrypted in one way");
        faults.add_with_hint(other.place.clone(), message, "make two bundles, one for each kind");
    }
    let keys = bundle.recipients.iter().filter(|recipient| is_cose(recipient)).collect::<Vec<_>>();
    if let Some(second) = keys.get(1) {
        let message = format!("bundle {name:?} has {} cose_key recipients, 1 is possible", keys.len());
        faults.add(second.place.clone(), message);
    }
    for recipient in &bundle.recipients {
        if let Recipient::CoseKey(secret) = &recipient.value
            && !file.secrets.contains_key(secret)
            && !file.is_broken(Section::Secret, secret)
        {
            let named = Located { value: Arc::clone(secret), place: recipient.place.clone() };
            unknown("secret", &named, file.secrets.keys(), faults);
        }
    }
}

fn check_connect(file: &FleetFile, spec: &ProfileSpec, name: &str, bundle: &BundleSpec, faults: &mut Faults) {
    let Some((server, within)) = &bundle.connect else { return };
    if within.value > LONGEST_CONNECT {
        let message = format!("\"connect.within\" is {} s, at most {LONGEST_CONNECT} s are possible", within.value);
        faults.add(within.place.clone(), message);
    }
    let of_profile = spec.servers.as_ref().is_none_or(|names| names.iter().any(|known| known.value == server.value));
    match file.servers.get(&server.value).filter(|_| of_profile) {
        Some(found) => {
            if let Some(reason) = unprovable(&found.server) {
                let message = format!("bundle {name:?} cannot prove a connection to {:?}: {reason}", server.value);
                faults.add_with_hint(
                    server.place.clone(),
                    message,
                    "servers with mqtt://, mqtts:// and https:// can be",
                );
            }
        }
        None if file.is_broken(Section::Server, &server.value) => {}
        None if file.servers.contains_key(&server.value) => {
            let message = format!("server {:?} is not among the servers of the profile", server.value);
            faults.add(server.place.clone(), message);
        }
        None => unknown("server", server, file.servers.keys(), faults),
    }
}

/// Returns why a device's reader cannot prove a connection to a server, if it cannot.
fn unprovable(server: &Server) -> Option<String> {
    let scheme = server.uri.split("://").next().unwrap_or_default().to_ascii_lowercase();
    let streams = match server.protocol {
        Protocol::Mqtt | Protocol::Https => true,
        Protocol::Lwm2m => scheme.ends_with("+tcp"),
    };
    if !streams {
        return Some(format!("{scheme}:// goes over UDP"));
    }
    match server.security {
        Security::None | Security::X509 => None,
        // The key signs what goes through the connection; the connection itself wants none.
        Security::Psk if server.role == Role::Registration => None,
        Security::Psk => Some("its security is psk, a certificate is wanted".to_owned()),
        Security::Rpk => Some("its security is rpk, a certificate is wanted".to_owned()),
    }
}
