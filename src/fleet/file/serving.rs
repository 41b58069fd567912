//! `store:` and `serve:` of the fleet file: where the registry lies and how it is served.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::super::enrolment::{Rates, Role};
use super::super::yaml::Node;
use super::super::{Digest, Faults, quantity};
use super::located::{Located, located, typed, word};
use super::lwm2m_serving::{self, ServeLwm2m};

/// Where the registry lies.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum StoreSpec {
    /// In the fleet's private folder: `.firstlight/registry.db`.
    #[default]
    Folder,
    /// At an address without a password: `postgres://...`.
    Address(Arc<str>),
    /// At the address that an environment variable of this name holds.
    Env(Arc<str>),
}

/// How the registry is served.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServeSpec {
    /// Address and port to listen at; 127.0.0.1:8443 where the file says nothing.
    pub listen: SocketAddr,
    /// How the server proves itself.
    pub certificate: ServeCertificate,
    /// True if metrics are shown without a token.
    pub metrics: bool,
    /// How much it takes on.
    pub limits: ServeLimits,
    /// Client certificates that may administer.
    pub admins: Vec<AdminSpec>,
    /// Where `LwM2M` devices are bootstrapped, if they are.
    pub lwm2m: Option<ServeLwm2m>,
}

/// How the server proves itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ServeCertificate {
    /// By a certificate of the fleet's own authority for these host names and addresses.
    Own {
        /// Host names and IP addresses.
        names: Vec<Arc<str>>,
    },
    /// By a certificate from elsewhere.
    Files {
        /// Path of a PEM file with the certificate and its issuers, as written.
        certificate: Located<Arc<str>>,
        /// Path of a PEM file with the private key, as written.
        key: Located<Arc<str>>,
    },
}

/// How much a server takes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ServeLimits {
    /// Most connections at a time.
    pub connections: u32,
    /// Longest body of a request, in bytes.
    pub body: u64,
    /// How long the headers of a request may take, in seconds.
    pub header_timeout: u32,
    /// Requests a minute where a group says nothing.
    pub rates: Rates,
}

/// Whose client certificates may administer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AdminSpec {
    /// Which certificates.
    pub holder: AdminHolder,
    /// What their holders may do.
    pub role: Role,
}

/// Which client certificates are meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AdminHolder {
    /// The one of this SHA-256 (DER).
    Fingerprint(Digest),
    /// All of an issuer's for a name.
    Named {
        /// Path of a PEM file with the issuer's certificates, as written.
        issuer: Located<Arc<str>>,
        /// Common name, DNS name or mail address of the holder.
        name: Arc<str>,
    },
}

/// The longest body a server may be told to take, in bytes.
const LONGEST_BODY: u64 = 16 << 20;
/// The longest that headers may take, in seconds.
const LONGEST_HEADERS: u64 = 300;

impl Default for ServeLimits {
    fn default() -> Self {
        let rates = Rates { source: 600, group: 6_000, token: 600 };
        Self { connections: 1_024, body: 64 << 10, header_timeout: 10, rates }
    }
}

impl Default for ServeSpec {
    fn default() -> Self {
        let listen = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8443);
        Self {
            listen,
            certificate: ServeCertificate::Own { names: own_names(listen) },
            metrics: false,
            limits: ServeLimits::default(),
            admins: Vec::new(),
            lwm2m: None,
        }
    }
}

/// Names of a server that was given none.
fn own_names(listen: SocketAddr) -> Vec<Arc<str>> {
    vec![Arc::from("localhost"), Arc::from(listen.ip().to_string())]
}

pub(super) fn read_store(node: Option<&Node>, faults: &mut Faults) -> StoreSpec {
    let Some(node) = node else { return StoreSpec::Folder };
    if let Some(name) = word(node, "env") {
        return StoreSpec::Env(name);
    }
    let Some(address) = node.text() else { return StoreSpec::Folder };
    if holds_password(address) {
        let hint = "put the address into an environment variable and write store: {env: NAME}";
        faults.add_with_hint(node.place.clone(), "\"store\" holds a password in clear", hint);
        return StoreSpec::Folder;
    }
    StoreSpec::Address(Arc::from(address))
}

/// `user:password@` before the host, or a parameter `password` (libpq, "Connection URIs"). A password may hold a slash or a
/// question mark that nobody escaped: what stands before the last `@` is looked at whole.
fn holds_password(address: &str) -> bool {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let in_front = rest.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    let mut parameters = rest.split_once('?').map_or("", |(_, query)| query).split('&');
    in_front
        || parameters
            .any(|part| part.split('=').next().is_some_and(|name| name.to_ascii_lowercase().contains("password")))
}

pub(super) fn read_serve(node: Option<&Node>, faults: &mut Faults) -> ServeSpec {
    let usual = ServeSpec::default();
    let Some(node) = node else { return usual };
    let listen = word(node, "listen").and_then(|text| text.parse().ok()).unwrap_or(usual.listen);
    ServeSpec {
        listen,
        certificate: certificate(node, listen, faults),
        metrics: typed(node, "metrics").unwrap_or_default(),
        limits: node.get("limits").map(|node| limits(node, faults)).unwrap_or_default(),
        admins: admins(node, faults),
        lwm2m: node.get("lwm2m").map(|node| lwm2m_serving::read(node, faults)),
    }
}

fn certificate(node: &Node, listen: SocketAddr, faults: &mut Faults) -> ServeCertificate {
    let names = node.get("names");
    for (there, lacking) in [("certificate", "key"), ("key", "certificate")] {
        if let Some(entry) = node.entry(there).filter(|_| node.entry(lacking).is_none()) {
            faults.add(entry.place.clone(), format!("\"serve\" has {there:?} and no {lacking:?}"));
        }
    }
    if let (Some(certificate), Some(key)) = (located(node, "certificate"), located(node, "key")) {
        if let Some(names) = node.entry("names") {
            let message = "\"serve\" has \"names\" and \"certificate\", which has its own names";
            faults.add(names.place.clone(), message);
        }
        return ServeCertificate::Files { certificate, key };
    }
    let given: Vec<Arc<str>> =
        names.map(Node::items).unwrap_or_default().iter().filter_map(|name| name.text().map(Arc::from)).collect();
    if let Some(names) =
        names.filter(|names| matches!(names.kind, super::super::yaml::Kind::List(_)) && given.is_empty())
    {
        faults.add(names.place.clone(), "\"serve.names\" is empty");
    }
    if names.is_none() && node.entry("certificate").is_none() && listen.ip().is_unspecified() {
        let place = node.get("listen").unwrap_or(node).place.clone();
        let message = format!("\"serve\" listens at every address ({listen}) and has no names for its certificate");
        faults.add_with_hint(place, message, "names: the host names and addresses that devices are told");
    }
    ServeCertificate::Own { names: if given.is_empty() { own_names(listen) } else { given } }
}

fn limits(node: &Node, faults: &mut Faults) -> ServeLimits {
    let usual = ServeLimits::default();
    let body = word(node, "body").and_then(|text| quantity::size(&text)).unwrap_or(usual.body);
    let header_timeout = word(node, "header_timeout").and_then(|text| quantity::duration(&text));
    let header_timeout = header_timeout.unwrap_or(u64::from(usual.header_timeout));
    for (key, value, most, unit) in
        [("body", body, LONGEST_BODY, "bytes"), ("header_timeout", header_timeout, LONGEST_HEADERS, "s")]
    {
        if let Some(node) = node.get(key).filter(|_| value > most) {
            faults
                .add(node.place.clone(), format!("\"serve.limits.{key}\" is {value} {unit}, at most {most} are taken"));
        }
    }
    ServeLimits {
        connections: typed(node, "connections").unwrap_or(usual.connections),
        body: body.min(LONGEST_BODY),
        header_timeout: u32::try_from(header_timeout.min(LONGEST_HEADERS)).unwrap_or(usual.header_timeout),
        rates: typed(node, "rates").unwrap_or(usual.rates),
    }
}

fn admins(node: &Node, faults: &mut Faults) -> Vec<AdminSpec> {
    let mut admins: Vec<AdminSpec> = Vec::new();
    for item in node.get("admins").map(Node::items).unwrap_or_default() {
        for (there, lacking) in [("issuer", "name"), ("name", "issuer")] {
            if let Some(entry) = item.entry(there).filter(|_| item.entry(lacking).is_none()) {
                faults.add(entry.place.clone(), format!("an admin has {there:?} and no {lacking:?}"));
            }
        }
        let Some(admin) = admin(item) else { continue };
        if let AdminHolder::Fingerprint(fingerprint) = &admin.holder
            && admins.iter().any(|known| known.holder == admin.holder)
        {
            faults.add(item.place.clone(), format!("admin {fingerprint} is there twice"));
        }
        admins.push(admin);
    }
    admins
}

fn admin(node: &Node) -> Option<AdminSpec> {
    let role = typed(node, "role")?;
    if let Some(text) = word(node, "fingerprint") {
        let bytes = hex::decode(&*text).ok()?;
        return Some(AdminSpec { holder: AdminHolder::Fingerprint(Digest::from_bytes(bytes.try_into().ok()?)), role });
    }
    Some(AdminSpec { holder: AdminHolder::Named { issuer: located(node, "issuer")?, name: word(node, "name")? }, role })
}
