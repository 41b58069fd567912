//! The `LwM2M` objects of a device: its servers and credentials as Security, Server and Access Control accounts.

use std::collections::BTreeMap;
use std::sync::Arc;

use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::delivery::{Credential, PublicKind};
use crate::fleet::lwm2m::{
    ANY_INSTANCE, AccessControl, Accounts, CertificateUsage, Content, Object, Opaque, SERVER, SecurityAccount,
    SecurityMode, ServerAccount, Value,
};
use crate::fleet::{DevicePlan, Protocol, Role, Security, Server};

use super::address::Address;
use super::context::{Issued, pem_blocks};
use super::error::RenderError;

/// Registration lifetime where the fleet says nothing: a day (the default of LwM2M 1.0).
const USUAL_LIFETIME: u32 = 86_400;
/// What a server may do with its own account among several: read, write, execute.
const OWN_ACCOUNT: u8 = 7;

/// Returns the objects for the plan's `LwM2M` servers. Without `issued` keys and certificates are words in angle brackets.
pub(super) fn objects(plan: &DevicePlan, issued: Option<Issued<'_>>) -> Result<Vec<Object>, RenderError> {
    let servers = lwm2m_servers(plan);
    let alone = servers.iter().filter(|(_, server)| server.role == Role::Management).count() == 1;
    let mut accounts = Accounts::default();
    for (name, server) in &servers {
        let short_server_id = short_server_id(name, server, alone)?;
        accounts.security.push(security(name, server, short_server_id, issued)?);
        accounts.servers.extend(short_server_id.map(|id| server_account(id, server)));
    }
    if accounts.servers.len() > 1 {
        accounts.access = access(&servers);
    }
    accounts.check()?;
    Ok(accounts.into_objects())
}

/// Returns the objects that a bootstrap server writes: those of the management servers, or, with `new_account`, of all; the
/// device has its bootstrap account already. `root` is the fleet's root certificate (DER).
pub fn accounts(
    plan: &DevicePlan,
    credentials: &[Credential],
    root: &[u8],
    new_account: bool,
) -> Result<Vec<Object>, RenderError> {
    let is_told = |server: &Server| new_account || server.role != Role::Bootstrap;
    let told = plan.servers.iter().filter(|(_, server)| is_told(server));
    let plan = DevicePlan {
        servers: Arc::new(told.map(|(name, server)| (Arc::clone(name), server.clone())).collect()),
        ..plan.clone()
    };
    let none = BTreeMap::new();
    objects(&plan, Some(Issued { credentials, secrets: &none, root, chip: None }))
}

/// Returns what lies in clear in the Security object: the private halves of the servers' credentials.
pub(super) fn secrets(plan: &DevicePlan) -> Vec<String> {
    let mut secrets: Vec<String> = lwm2m_servers(plan)
        .iter()
        .filter_map(|(_, server)| {
            let name = server.credential.as_ref()?;
            Some(format!(
                "{} of credential {name}",
                if server.security == Security::Psk { "key" } else { "private key" }
            ))
        })
        .collect();
    secrets.dedup();
    secrets
}

/// The bootstrap server first, so that its account is instance 0 wherever there is one; then by name.
fn lwm2m_servers(plan: &DevicePlan) -> Vec<(&Arc<str>, &Server)> {
    let mut servers: Vec<_> = plan.servers.iter().filter(|(_, server)| server.protocol == Protocol::Lwm2m).collect();
    servers.sort_by_key(|(_, server)| server.role != Role::Bootstrap);
    servers
}

fn short_server_id(name: &Arc<str>, server: &Server, alone: bool) -> Result<Option<u16>, RenderError> {
    match (server.role, server.short_server_id) {
        // A registration server speaks HTTPS: the check has said so.
        (Role::Bootstrap | Role::Registration, _) => Ok(None),
        (Role::Management, None) if alone => Ok(Some(1)),
        (Role::Management, None) => {
            let reason = "has no short_server_id, which tells it from the other LwM2M servers";
            Err(refuse(name, reason.to_owned()))
        }
        (Role::Management, id) => Ok(id),
    }
}

fn server_account(short_server_id: u16, server: &Server) -> ServerAccount {
    ServerAccount {
        short_server_id,
        lifetime: server.lifetime.unwrap_or(USUAL_LIFETIME),
        binding: server.binding.clone().unwrap_or_else(|| "U".into()),
    }
}

fn security(
    name: &Arc<str>,
    server: &Server,
    short_server_id: Option<u16>,
    issued: Option<Issued<'_>>,
) -> Result<SecurityAccount, RenderError> {
    check_scheme(name, server)?;
    let keys = keys(name, server, issued)?;
    Ok(SecurityAccount {
        uri: server.uri.clone(),
        bootstrap: server.role == Role::Bootstrap,
        mode: match server.security {
            Security::None => SecurityMode::NoSec,
            Security::Psk => SecurityMode::Psk,
            Security::Rpk => SecurityMode::Rpk,
            Security::X509 => SecurityMode::X509,
        },
        identity: keys.identity,
        server_key: keys.server_key,
        secret_key: keys.secret_key,
        short_server_id,
        certificate_usage: keys.usage,
    })
}

/// A client takes the transport from the scheme and the keys from the mode: where the two disagree it never connects.
fn check_scheme(name: &Arc<str>, server: &Server) -> Result<(), RenderError> {
    let scheme = Address::of(&server.uri).map(|address| address.scheme).unwrap_or_default();
    match (scheme.as_str(), server.security) {
        ("coap" | "coap+tcp", Security::None)
        | ("coaps" | "coaps+tcp", Security::Psk | Security::Rpk | Security::X509) => Ok(()),
        ("coap" | "coap+tcp", _) => Err(refuse(name, format!("{:?} is not protected, but `security` is", server.uri))),
        ("coaps" | "coaps+tcp", _) => Err(refuse(name, format!("{:?} is protected, but `security: none`", server.uri))),
        _ => Err(refuse(name, format!("{:?} is no LwM2M address: coap, coaps, coap+tcp or coaps+tcp", server.uri))),
    }
}

struct Keys {
    identity: Opaque,
    server_key: Opaque,
    secret_key: Opaque,
    usage: Option<CertificateUsage>,
}

fn keys(name: &Arc<str>, server: &Server, issued: Option<Issued<'_>>) -> Result<Keys, RenderError> {
    let empty = || Opaque::new(Vec::new());
    if server.security == Security::None {
        return Ok(Keys { identity: empty(), server_key: empty(), secret_key: empty(), usage: None });
    }
    let wanted = server.credential.as_ref().ok_or_else(|| refuse(name, "names no credential".into()))?;
    let Some(issued) = issued else { return Ok(unmade(wanted, server)) };
    let credential = issued
        .credential(wanted)
        .ok_or_else(|| refuse(name, format!("names credential {wanted:?}, which the profile does not have")))?;
    let secret_key = Opaque::of(credential.private.duplicate());
    match (server.security, &credential.public.kind) {
        (Security::Psk, PublicKind::Psk { identity }) => {
            Ok(Keys { identity: opaque(identity.as_bytes()), server_key: empty(), secret_key, usage: None })
        }
        (Security::Rpk, PublicKind::RawPublicKey { public_key, .. }) => {
            let text = server.server_public_key.as_ref();
            let text =
                text.ok_or_else(|| refuse(name, "has no server_public_key, which `security: rpk` needs".into()))?;
            let server_key = opaque(&pem_blocks(name, text, "PUBLIC KEY")?[0]);
            Ok(Keys { identity: opaque(public_key), server_key, secret_key, usage: None })
        }
        (Security::X509, PublicKind::X509 { certificate, .. }) => {
            let (server_key, usage) = trust(name, server, issued)?;
            Ok(Keys { identity: opaque(certificate), server_key, secret_key, usage })
        }
        _ => Err(wrong_kind(name, server, credential)),
    }
}

/// Resource 4 of the X.509 mode holds one certificate. An authority's is marked as trust anchor (LwM2M 1.1); the
/// server's own needs no mark and works with 1.0 too.
fn trust(
    name: &Arc<str>,
    server: &Server,
    issued: Issued<'_>,
) -> Result<(Opaque, Option<CertificateUsage>), RenderError> {
    let certificate = match &server.trust {
        Some(text) => pem_blocks(name, text, "CERTIFICATE")?.swap_remove(0),
        None => issued.root.to_vec(),
    };
    let authority = X509Certificate::from_der(&certificate).is_ok_and(|(_, certificate)| certificate.is_ca());
    Ok((Opaque::new(certificate), authority.then_some(CertificateUsage::TrustAnchor)))
}

fn unmade(credential: &str, server: &Server) -> Keys {
    let shown = |text: String| opaque(text.as_bytes());
    let (identity, key) = match server.security {
        Security::Psk => ("identity", "key"),
        Security::Rpk => ("public key", "private key"),
        Security::X509 | Security::None => ("certificate", "private key"),
    };
    let server_key = match server.security {
        Security::X509 => shown("<trusted certificate>".into()),
        Security::Rpk => shown("<public key of the server>".into()),
        Security::Psk | Security::None => opaque(b""),
    };
    Keys {
        identity: shown(format!("<{identity} of credential {credential}>")),
        server_key,
        secret_key: shown(format!("<secret {key} of credential {credential}>")),
        usage: None,
    }
}

/// Rights as the fleet gives them, and each server's on its own account. A server owns its account; of anything else the
/// one with the lowest short server id of those with rights is the owner; the right to create belongs to the bootstrap
/// server.
fn access(servers: &[(&Arc<str>, &Server)]) -> Vec<AccessControl> {
    let mut rights: BTreeMap<(u16, u16), BTreeMap<u16, u8>> = BTreeMap::new();
    let management = || servers.iter().filter(|(_, server)| server.role == Role::Management);
    for (_, server) in management() {
        for entry in &server.access {
            let target = rights.entry((entry.object, entry.instance)).or_default();
            *target.entry(server.short_server_id.unwrap_or_default()).or_default() |= entry.rights;
        }
    }
    if rights.is_empty() {
        return Vec::new();
    }
    let mut owners = BTreeMap::new();
    for (instance, (_, server)) in (0..).zip(management()) {
        let id = server.short_server_id.unwrap_or_default();
        rights.entry((SERVER, instance)).or_default().entry(id).or_insert(OWN_ACCOUNT);
        owners.insert((SERVER, instance), id);
    }
    let control = |((object, instance), rights): ((u16, u16), BTreeMap<u16, u8>)| {
        let lowest = rights.keys().next().copied().filter(|_| instance != ANY_INSTANCE);
        let owner = owners.get(&(object, instance)).copied().or(lowest).unwrap_or(ANY_INSTANCE);
        AccessControl { object, instance, rights, owner }
    };
    rights.into_iter().map(control).collect()
}

fn opaque(bytes: &[u8]) -> Opaque {
    Opaque::new(bytes.to_vec())
}

fn wrong_kind(name: &Arc<str>, server: &Server, credential: &Credential) -> RenderError {
    let wanted = match server.security {
        Security::Psk => "psk",
        Security::Rpk => "rpk",
        Security::X509 | Security::None => "x509",
    };
    let (found, credential) = (credential.public.word(), &credential.public.name);
    refuse(name, format!("`security: {wanted}`, but credential {credential:?} is of kind {found}"))
}

fn refuse(server: &Arc<str>, reason: String) -> RenderError {
    RenderError::Server { server: Arc::clone(server), reason }
}

/// Shows objects as a person reads them: `/0/0/1 = false`.
pub(super) fn shown(objects: &[Object]) -> String {
    let mut out = String::new();
    let mut line = |path: &str, value: &Value| {
        for part in [path, " = ", &shown_value(value), "\n"] {
            out.push_str(part);
        }
    };
    for object in objects {
        for instance in &object.instances {
            for resource in &instance.resources {
                let path = format!("/{}/{}/{}", object.id, instance.id, resource.id);
                match &resource.content {
                    Content::Single(value) => line(&path, value),
                    Content::Multiple(values) => {
                        for (id, value) in values {
                            line(&format!("{path}/{id}"), value);
                        }
                    }
                }
            }
        }
    }
    out
}

fn shown_value(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Unsigned(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(yes) => yes.to_string(),
        Value::Link { object, instance } => format!("{object}:{instance}"),
        Value::Opaque(bytes) => bytes.expose(|bytes| String::from_utf8_lossy(bytes).into_owned()),
    }
}
