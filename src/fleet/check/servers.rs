//! Rules of `servers:` that hold whatever profile uses them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::file::ServerSpec;
use super::super::{Faults, FleetFile, Protocol, Role, Security, Server};

pub(super) fn check_all(file: &FleetFile, faults: &mut Faults) {
    let mut numbers: BTreeMap<u16, &Arc<str>> = BTreeMap::new();
    for (name, spec) in &file.servers {
        check_address(name, spec, faults);
        check_credential(name, spec, faults);
        check_lwm2m(name, spec, faults);
        check_registration(name, spec, faults);
        if let Some(number) = spec.server.short_server_id
            && let Some(other) = numbers.insert(number, name)
        {
            let message = format!("server {name:?} has short server id {number}, which server {other:?} has too");
            faults.add(spec.place_of("short_server_id").clone(), message);
        }
    }
}

fn check_address(name: &str, spec: &ServerSpec, faults: &mut Faults) {
    let server = &spec.server;
    let scheme = server.uri.split_once("://").map_or("", |(scheme, _)| scheme);
    let allowed = schemes(server);
    if !scheme.is_empty() && !allowed.contains(&scheme) {
        let (protocol, security) = (word(&server.protocol), word(&server.security));
        let message = format!(
            "server {name:?} has scheme {scheme:?}; {protocol} with security {security} has {}",
            allowed.join(" or ")
        );
        faults.add(spec.place_of("uri").clone(), message);
    }
}

/// OMA LwM2M transport bindings; MQTT and HTTPS by what their clients call it.
fn schemes(server: &Server) -> &'static [&'static str] {
    match (server.protocol, server.security) {
        (Protocol::Lwm2m, Security::None) => &["coap", "coap+tcp"],
        (Protocol::Lwm2m, _) => &["coaps", "coaps+tcp"],
        (Protocol::Mqtt, Security::None) => &["mqtt", "mqtts", "ws", "wss"],
        (Protocol::Mqtt, _) => &["mqtts", "wss"],
        (Protocol::Https, _) => &["https"],
    }
}

fn check_credential(name: &str, spec: &ServerSpec, faults: &mut Faults) {
    let server = &spec.server;
    match (&server.credential, server.security) {
        (Some(_), Security::None) => {
            let message = format!("server {name:?} has security none and a credential");
            faults.add(spec.place_of("credential").clone(), message);
        }
        (None, Security::Psk | Security::Rpk | Security::X509) => {
            let message = format!("server {name:?} has security {} and no credential", word(&server.security));
            let hint = "credential: the name of one of the profile's credentials";
            faults.add_with_hint(spec.place.clone(), message, hint);
        }
        _ => {}
    }
    if spec.server_public_key.is_some() && server.security != Security::Rpk {
        let message = format!("server {name:?} has a public key and security {}", word(&server.security));
        faults.add(spec.place_of("server_public_key").clone(), message);
    }
    if spec.trust.is_some() && server.security == Security::Rpk {
        let message = format!("server {name:?} has trusted certificates and security rpk");
        faults.add(spec.place_of("trust").clone(), message);
    }
}

fn check_registration(name: &str, spec: &ServerSpec, faults: &mut Faults) {
    let server = &spec.server;
    if server.role != Role::Registration {
        return;
    }
    if server.protocol != Protocol::Https {
        let protocol = word(&server.protocol);
        let message =
            format!("server {name:?} has role registration, which is spoken by https; its protocol is {protocol}");
        faults.add(spec.place_of("role").clone(), message);
    }
    if server.security == Security::Rpk {
        let message =
            format!("server {name:?} has role registration and security rpk, which HTTPS clients do not speak");
        faults.add(spec.place_of("security").clone(), message);
    }
}

fn check_lwm2m(name: &str, spec: &ServerSpec, faults: &mut Faults) {
    let server = &spec.server;
    if server.protocol == Protocol::Lwm2m {
        if server.role == Role::Management && !has(spec, "short_server_id") {
            let message = format!("server {name:?} lacks \"short_server_id\", which an LwM2M management server has");
            faults.add_with_hint(spec.place.clone(), message, "short_server_id: a number from 1 to 65534");
        }
        if server.security == Security::Rpk && !has(spec, "server_public_key") {
            let message = format!("server {name:?} lacks \"server_public_key\", which security rpk needs");
            faults.add_with_hint(spec.place.clone(), message, "server_public_key: path of a PEM file");
        }
        if server.lifetime == Some(u32::MAX) {
            let message = format!("server {name:?} has a lifetime over {} seconds", u32::MAX - 1);
            faults.add(spec.place_of("lifetime").clone(), message);
        }
        return;
    }
    let foreign = ["short_server_id", "lifetime", "binding", "access"];
    let bootstrap = (server.role == Role::Bootstrap).then_some("role");
    for key in foreign.into_iter().filter(|key| has(spec, key)).chain(bootstrap) {
        let message =
            format!("server {name:?} has {key:?}, which only LwM2M knows; its protocol is {}", word(&server.protocol));
        faults.add(spec.place_of(key).clone(), message);
    }
}

fn has(spec: &ServerSpec, key: &str) -> bool {
    spec.places.iter().any(|(known, _)| known == key)
}

/// Returns the fleet file's word for a value.
pub(super) fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
