//! `serve: lwm2m:` of the fleet file: where `LwM2M` devices are bootstrapped, and how much that may take.

use std::net::SocketAddr;
use std::sync::Arc;

use super::super::Faults;
use super::super::quantity;
use super::super::yaml::Node;
use super::located::{Located, located, typed, word};

/// Where `LwM2M` devices are bootstrapped, and how much that may take.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServeLwm2m {
    /// Where unprotected requests are taken: only with `nosec`, and only of devices whose bootstrap server has no security.
    pub coap: Option<SocketAddr>,
    /// Where DTLS is spoken.
    pub coaps: Option<SocketAddr>,
    /// What devices call themselves, with `{id}` or `{serial}` for their own: `urn:dev:os:{serial}`.
    pub endpoint: EndpointPattern,
    /// Most devices that are talked with at a time over DTLS; without it, eight times as many.
    pub peers: u32,
    /// How long a peer may say nothing, in seconds.
    pub idle: u32,
    /// The server of `servers:` that is this one's management server; none where there is none.
    pub manager: Option<Located<Arc<str>>>,
    /// Folder for records of each bootstrap, as written; none where none are kept.
    pub transcripts: Option<Located<Arc<str>>>,
}

/// What devices call themselves: a text with `{id}` or `{serial}` in it, once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EndpointPattern {
    before: String,
    after: String,
    named: Named,
}

/// What an endpoint name holds of the device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Named {
    /// Its id.
    Id,
    /// Its serial number.
    Serial,
}

impl Default for EndpointPattern {
    fn default() -> Self {
        Self { before: String::new(), after: String::new(), named: Named::Id }
    }
}

impl EndpointPattern {
    /// Reads a pattern.
    pub(super) fn of(text: &str) -> Option<Self> {
        [("{id}", Named::Id), ("{serial}", Named::Serial)].into_iter().find_map(|(mark, named)| {
            let (before, after) = text.split_once(mark)?;
            (!before.contains(['{', '}']) && !after.contains(['{', '}'])).then(|| Self {
                before: before.to_owned(),
                after: after.to_owned(),
                named,
            })
        })
    }

    /// Returns what stands for the device in an endpoint name, and what that is; none if the name is not of this form.
    pub fn read<'a>(&self, endpoint: &'a str) -> Option<(Named, &'a str)> {
        let part = endpoint.strip_prefix(self.before.as_str())?.strip_suffix(self.after.as_str())?;
        (!part.is_empty()).then_some((self.named, part))
    }

    /// Returns true if a device of this id and serial number calls itself `endpoint`. Ids that differ in case only are one.
    pub fn is_of(&self, endpoint: &str, id: &str, serial: Option<&str>) -> bool {
        match self.read(endpoint) {
            Some((Named::Id, part)) => part.eq_ignore_ascii_case(id),
            Some((Named::Serial, part)) => Some(part) == serial,
            None => false,
        }
    }

    /// Returns the endpoint name of a device; none if it is made of a serial number and there is none.
    pub fn name(&self, id: &str, serial: Option<&str>) -> Option<String> {
        let part = match self.named {
            Named::Id => id,
            Named::Serial => serial?,
        };
        Some(format!("{}{part}{}", self.before, self.after))
    }
}

/// Most devices at a time where the file says nothing: behind DTLS each of them takes tens of kilobytes.
const USUAL_PEERS: u32 = 1_500;
/// How long a peer may say nothing where the file says nothing, in seconds: a request and all its repetitions.
const USUAL_IDLE: u32 = 120;
/// The longest a silent peer may be kept, in seconds.
const LONGEST_IDLE: u64 = 3_600;

pub(super) fn read(node: &Node, faults: &mut Faults) -> ServeLwm2m {
    let at = |key: &str| word(node, key).and_then(|text| text.parse().ok());
    let (coap, coaps): (Option<SocketAddr>, Option<SocketAddr>) = (at("coap"), at("coaps"));
    let nosec: bool = typed(node, "nosec").unwrap_or_default();
    if let Some(entry) = node.entry("coap").filter(|_| !nosec) {
        let hint = "add `nosec: true` if whoever listens may have the keys, or use `coaps` alone";
        faults.add_with_hint(entry.place.clone(), "\"serve.lwm2m.coap\" sends keys in clear", hint);
    }
    if node.entry("coap").is_none() && node.entry("coaps").is_none() {
        faults.add(node.place.clone(), "\"serve.lwm2m\" has neither \"coaps\" nor \"coap\"");
    }
    let idle = word(node, "idle").and_then(|text| quantity::duration(&text)).unwrap_or(u64::from(USUAL_IDLE));
    if let Some(node) = node.get("idle").filter(|_| !(1..=LONGEST_IDLE).contains(&idle)) {
        let message = format!("\"serve.lwm2m.idle\" is {idle} s, 1 to {LONGEST_IDLE} are taken");
        faults.add(node.place.clone(), message);
    }
    ServeLwm2m {
        coap: coap.filter(|_| nosec),
        coaps,
        endpoint: word(node, "endpoint").and_then(|text| EndpointPattern::of(&text)).unwrap_or_default(),
        peers: typed(node, "peers").unwrap_or(USUAL_PEERS),
        idle: u32::try_from(idle.clamp(1, LONGEST_IDLE)).unwrap_or(USUAL_IDLE),
        manager: located(node, "manager"),
        transcripts: located(node, "transcripts"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_name_says_whose_it_is() {
        let own = EndpointPattern::default();
        assert!(own.is_of("GW-1", "gw-1", None) && !own.is_of("gw-2", "gw-1", None) && !own.is_of("", "", None));
        let urn = EndpointPattern::of("urn:dev:os:{serial}-x").unwrap();
        assert_eq!(urn.read("urn:dev:os:77-x"), Some((Named::Serial, "77")));
        assert!(urn.is_of("urn:dev:os:77-x", "gw-1", Some("77")));
        assert!(!urn.is_of("urn:dev:os:78-x", "gw-1", Some("77")) && !urn.is_of("urn:dev:os:-x", "gw-1", None));
        assert_eq!(urn.name("gw-1", Some("77")).as_deref(), Some("urn:dev:os:77-x"));
        assert_eq!(urn.name("gw-1", None), None);
        for wrong in ["", "x", "{id}{id}", "{id}{serial}", "{x}"] {
            assert_eq!(EndpointPattern::of(wrong), None, "{wrong}");
        }
    }
}
