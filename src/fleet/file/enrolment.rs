//! `enrolment:` of the fleet file: the policies of its groups.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Component, Path};
use std::sync::Arc;

use serde_json::Value;

use super::super::bootstrap::Service;
use super::super::enrolment::{GroupPolicy, ProofKind, Subscription};
use super::super::yaml::{Entry, Node};
use super::super::{Faults, Place, quantity};
use super::located::{Located, entries, located, name};
use super::servers::{PemUse, ReadPem};

/// The longest a hook may take, in seconds.
const LONGEST_HOOK: u64 = 300;

/// One entry of `enrolment.groups`.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupSpec {
    /// Where its entry stands.
    pub place: Place,
    /// The policy; keys and certificates in it are PEM texts as soon as the files are read, and empty before.
    pub policy: GroupPolicy,
    /// Path of the certificates that issue (`x509.issuers`).
    pub x509_issuers: Option<Located<Arc<str>>>,
    /// Path of each key of `issuers`, in their order.
    pub issuer_keys: Vec<Located<Arc<str>>>,
    /// Names of its servers.
    pub servers: Vec<Located<Arc<str>>>,
    /// Name of its profile.
    pub profile: Option<Located<Arc<str>>>,
    /// Names of the secrets that its webhooks sign with.
    pub secrets: Vec<Located<Arc<str>>>,
}

impl GroupSpec {
    pub(super) fn read_pem_files(&mut self, read: &mut ReadPem<'_>) {
        if let (Some(path), Some(x509)) = (&self.x509_issuers, &mut self.policy.x509) {
            x509.issuers = Some(read(path, PemUse::Trust).map(|pem| pem.to_string()).unwrap_or_default());
        }
        for (path, issuer) in self.issuer_keys.iter().zip(&mut self.policy.issuers) {
            issuer.public_key = read(path, PemUse::PublicKey).map(|pem| pem.to_string()).unwrap_or_default();
        }
    }
}

/// Reads the groups. One with a fault is left out, and its name kept in the second part.
pub(super) fn read(root: &Node, faults: &mut Faults) -> (BTreeMap<Arc<str>, GroupSpec>, Vec<Arc<str>>) {
    let (mut groups, mut broken) = (BTreeMap::new(), Vec::new());
    let Some(enrolment) = root.get("enrolment") else { return (groups, broken) };
    for entry in entries(enrolment, "groups") {
        check(entry, faults);
        match group(entry) {
            Some(group) => {
                groups.entry(name(entry)).or_insert(group);
            }
            None => broken.push(name(entry)),
        }
    }
    (groups, broken)
}

/// What `enrolment` says beside its groups.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct EnrolmentSpec {
    /// Subscribers by name.
    pub subscribers: BTreeMap<Arc<str>, Subscription>,
    /// Names of the secrets that their webhooks sign with.
    pub secrets: Vec<Located<Arc<str>>>,
    /// Path of the access list for mosquitto.
    pub mqtt_acl: Option<Located<Arc<str>>>,
}

/// Reads what is not about groups. A subscriber with a fault is left out.
pub(super) fn read_rest(root: &Node, faults: &mut Faults) -> EnrolmentSpec {
    let Some(enrolment) = root.get("enrolment") else { return EnrolmentSpec::default() };
    let mut spec = EnrolmentSpec { mqtt_acl: located(enrolment, "mqtt_acl"), ..EnrolmentSpec::default() };
    if let Some(path) = &spec.mqtt_acl {
        check_acl(path, faults);
    }
    for entry in entries(enrolment, "subscribers") {
        check_hook(entry, faults);
        spec.secrets.extend(entry.value.get("webhook").and_then(|webhook| located(webhook, "secret")));
        if let Some(subscription) = subscription(&entry.value) {
            spec.subscribers.insert(name(entry), subscription);
        }
    }
    spec
}

/// What `serve` writes lies in the fleet's folder, and not where records lie.
fn check_acl(path: &Located<Arc<str>>, faults: &mut Faults) {
    let is_inside = Path::new(path.value.as_ref()).components().all(|part| match part {
        Component::Normal(name) => !name.as_encoded_bytes().starts_with(b"."),
        _ => false,
    });
    if !is_inside {
        let message = format!("{:?} is no path within the fleet's folder", path.value);
        faults.add_with_hint(path.place.clone(), message, "elsewhere: firstlight acl --out FILE");
    }
}

/// Reads the service that a step of a bootstrap asks.
pub(super) fn service(node: &Node) -> Option<Service> {
    let mut value = node.value();
    in_seconds(&mut value, "timeout")?;
    in_seconds(&mut value, "cache")?;
    let cache = value.as_object_mut()?.shift_remove("cache");
    let cache = cache.map_or(Some(0), |cache| serde_json::from_value(cache).ok())?;
    Some(Service { target: serde_json::from_value(value).ok()?, cache })
}

fn subscription(node: &Node) -> Option<Subscription> {
    let mut value = node.value();
    in_seconds(&mut value, "timeout")?;
    let events = value.as_object_mut()?.shift_remove("events");
    let events = events.map_or(Some(Vec::new()), |events| serde_json::from_value(events).ok())?;
    Some(Subscription { target: serde_json::from_value(value).ok()?, events })
}

fn group(entry: &Entry) -> Option<GroupSpec> {
    let node = &entry.value;
    let issuers = node.get("issuers").map(Node::items).unwrap_or_default();
    Some(GroupSpec {
        place: entry.place.clone(),
        policy: policy(node)?,
        x509_issuers: node.get("x509").and_then(|x509| located(x509, "issuers")),
        issuer_keys: issuers.iter().map(|issuer| located(issuer, "public_key")).collect::<Option<_>>()?,
        servers: items(node, "servers").filter_map(text).collect(),
        profile: located(node, "profile"),
        secrets: hooks(node).filter_map(|hook| located(hook.value.get("webhook")?, "secret")).collect(),
    })
}

/// The policy's own serde form, with seconds for durations and nothing yet for the files that are named.
fn policy(node: &Node) -> Option<GroupPolicy> {
    let mut value = node.value();
    for key in ["lease", "interval"] {
        in_seconds(&mut value, key)?;
    }
    let hooks = value.get_mut("hooks").and_then(Value::as_object_mut);
    for hook in hooks.into_iter().flat_map(|hooks| hooks.values_mut()) {
        in_seconds(hook, "timeout")?;
    }
    if let Some(path) = value.get_mut("x509").and_then(|x509| x509.get_mut("issuers")) {
        *path = Value::String(String::new());
    }
    for issuer in value.get_mut("issuers").and_then(Value::as_array_mut).into_iter().flatten() {
        *issuer.get_mut("public_key")? = Value::String(String::new());
    }
    forget_nothing(&mut value, "attributes");
    for resource in value.get_mut("resources").and_then(Value::as_array_mut).into_iter().flatten() {
        forget_nothing(resource, "detail");
    }
    serde_json::from_value(value).ok()
}

fn in_seconds(value: &mut Value, key: &str) -> Option<()> {
    if let Some(duration) = value.get_mut(key) {
        *duration = Value::from(quantity::duration(duration.as_str()?)?);
    }
    Some(())
}

/// An empty mapping may be written as nothing at all.
fn forget_nothing(value: &mut Value, key: &str) {
    if value.get(key).is_some_and(Value::is_null)
        && let Some(map) = value.as_object_mut()
    {
        map.shift_remove(key);
    }
}

fn items<'a>(node: &'a Node, key: &str) -> impl Iterator<Item = &'a Node> {
    node.get(key).map(Node::items).unwrap_or_default().iter()
}

fn text(node: &Node) -> Option<Located<Arc<str>>> {
    Some(Located { value: Arc::from(node.text()?), place: node.place.clone() })
}

fn hooks(group: &Node) -> impl Iterator<Item = &Entry> {
    group.get("hooks").map(Node::entries).unwrap_or_default().iter()
}

/// What the table cannot see of a group by itself.
fn check(entry: &Entry, faults: &mut Faults) {
    let node = &entry.value;
    check_proofs(entry, faults);
    for pattern in node.get("admit").into_iter().flat_map(|admit| items(admit, "patterns")) {
        check_pattern(pattern, faults);
    }
    check_issuers(node, faults);
    for hook in hooks(node) {
        check_hook(hook, faults);
    }
}

fn check_proofs(entry: &Entry, faults: &mut Faults) {
    let Some(proofs) = entry.value.entry("proofs") else { return };
    if proofs.value.items().is_empty() {
        if matches!(proofs.value.kind, super::super::yaml::Kind::List(_)) {
            let message = format!("group {:?} takes no proof at all", entry.key);
            faults.add_with_hint(proofs.value.place.clone(), message, "proofs: [token], x509, claim or jwt");
        }
        return;
    }
    let takes = |kind: ProofKind| {
        proofs
            .value
            .items()
            .iter()
            .any(|proof| serde_json::from_value(proof.value()).is_ok_and(|taken: ProofKind| taken == kind))
    };
    match (entry.value.entry("x509"), takes(ProofKind::X509)) {
        (None, true) => {
            let message = format!("group {:?} takes proofs by x509 and lacks \"x509\"", entry.key);
            faults.add_with_hint(entry.place.clone(), message, "x509: {id: \"{cn}\"}");
        }
        (Some(rule), false) => {
            let message = format!("group {:?} has rules for x509, which is none of its proofs", entry.key);
            faults.add(rule.place.clone(), message);
        }
        _ => {}
    }
    if let Some(issuers) = entry.value.entry("issuers").filter(|_| !takes(ProofKind::Jwt)) {
        let message = format!("group {:?} has issuers of JWTs, and jwt is none of its proofs", entry.key);
        faults.add(issuers.place.clone(), message);
    }
}

fn check_pattern(node: &Node, faults: &mut Faults) {
    let Some(pattern) = node.text().filter(|pattern| pattern.len() <= 1024) else { return };
    // Alone first: "a)(b" must not become sound by the brackets around it.
    let compiled = regex_lite::Regex::new(pattern).and_then(|_| regex_lite::Regex::new(&format!("^(?:{pattern})$")));
    if let Err(error) = compiled {
        faults.add(node.place.clone(), format!("{pattern:?} is no regular expression: {error}"));
    }
}

fn check_issuers(node: &Node, faults: &mut Faults) {
    let mut known = Vec::new();
    for kid in items(node, "issuers").filter_map(|issuer| issuer.get("kid")) {
        let Some(text) = kid.text() else { continue };
        if known.contains(&text) {
            faults.add(kid.place.clone(), format!("issuer {text:?} is there twice"));
        }
        known.push(text);
    }
}

pub(super) fn check_hook(entry: &Entry, faults: &mut Faults) {
    let node = &entry.value;
    if let Some(command) = node.get("command")
        && matches!(&command.kind, super::super::yaml::Kind::List(words) if words.is_empty())
    {
        faults.add(command.place.clone(), format!("the command of hook {:?} is empty", entry.key));
    }
    if let Some(limit) = node.get("timeout")
        && let Some(seconds) = limit.text().and_then(quantity::duration).filter(|seconds| *seconds > LONGEST_HOOK)
    {
        let message = format!("hook {:?} may take {seconds} s, at most {LONGEST_HOOK} s are waited for", entry.key);
        faults.add(limit.place.clone(), message);
    }
    if let Some(url) = node.get("webhook").and_then(|webhook| webhook.get("url")) {
        check_url(&entry.key, url, faults);
    }
}

fn check_url(hook: &str, node: &Node, faults: &mut Faults) {
    let Some((scheme, rest)) = node.text().and_then(|url| url.split_once("://")) else { return };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    if authority.contains('@') {
        let message = format!("the webhook of hook {hook:?} holds a user name or a password in clear");
        faults.add_with_hint(node.place.clone(), message, "webhooks are signed: secret: the name of a secret");
        return;
    }
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    if host.is_empty() {
        faults.add(node.place.clone(), format!("the webhook of hook {hook:?} names no host"));
    } else if scheme == "http" && !is_loopback(host) {
        let message = format!("the webhook of hook {hook:?} is http to {host:?}, which is not this machine");
        faults.add_with_hint(node.place.clone(), message, "use https");
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
