//! The form by which an affordance is reached at a device's endpoint.
//!
//! Addresses are relative to the description's `base`. The terms of a protocol are those of the WoT binding documents.

use serde_json::{Map, Value, json};

use super::endpoint::{Endpoint, Protocol};
use super::finding::Loss;
use super::name;

/// What is reached.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A property.
    Property,
    /// An action.
    Action,
    /// An event.
    Event,
}

/// The context of a protocol's terms, where forms use any.
pub(super) fn terms(protocol: Protocol) -> Option<Value> {
    match protocol {
        Protocol::Http => None,
        Protocol::Mqtt => Some(json!({ "mqv": "http://www.w3.org/2018/wot/mqtt#" })),
        Protocol::Coap => Some(json!({ "cov": "http://www.w3.org/2019/wot/coap#" })),
    }
}

/// Writes the forms of an affordance.
pub(super) fn forms(
    affordance: &Map<String, Value>,
    kind: Kind,
    name: &str,
    endpoint: &Endpoint,
    at: &str,
    losses: &mut Vec<Loss>,
) -> Vec<Value> {
    let path = affordance.get("firstlight:lwm2m").and_then(Value::as_str).filter(|path| path.starts_with('/'));
    let place = match kind {
        Kind::Property => "properties",
        Kind::Action => "actions",
        Kind::Event => "events",
    };
    let own = format!("{place}/{}", name::segment(name));
    match (endpoint.protocol, path) {
        (Protocol::Http, _) => http(affordance, kind, &own),
        (Protocol::Mqtt, _) => mqtt(affordance, kind, &own, at, losses),
        // A base with a path of its own keeps it.
        (Protocol::Coap, Some(path)) => coap(affordance, kind, path.trim_start_matches('/'), "application/senml+json"),
        (Protocol::Coap, None) => coap(affordance, kind, &own, "application/json"),
    }
}

/// Puts the variables of the affordance behind the addresses, as a query (RFC 6570, section 3.2.8).
pub(super) fn variables(
    affordance: &Map<String, Value>,
    protocol: Protocol,
    at: &str,
    forms: &mut [Value],
    losses: &mut Vec<Loss>,
) {
    let Some(variables) = affordance.get("uriVariables").and_then(Value::as_object) else { return };
    let plain = |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let names: Vec<&str> = variables.keys().map(String::as_str).filter(plain).collect();
    if protocol == Protocol::Mqtt || names.len() < variables.len() {
        losses.push(Loss::new(format!("{at}/uriVariables"), "not every variable can stand in the address"));
    }
    if protocol == Protocol::Mqtt || names.is_empty() {
        return;
    }
    for form in forms {
        if let Some(href) = form.get("href").and_then(Value::as_str) {
            let href = format!("{href}{{?{}}}", names.join(","));
            form["href"] = href.into();
        }
    }
}

fn is(affordance: &Map<String, Value>, name: &str) -> bool {
    affordance.get(name) == Some(&Value::Bool(true))
}

/// Returns the operations for reading and writing that the property allows.
fn operations(affordance: &Map<String, Value>) -> Vec<&'static str> {
    match (is(affordance, "readOnly"), is(affordance, "writeOnly")) {
        (true, _) => vec!["readproperty"],
        (false, true) => vec!["writeproperty"],
        (false, false) => vec!["readproperty", "writeproperty"],
    }
}

fn is_observed(affordance: &Map<String, Value>) -> bool {
    is(affordance, "observable") && !is(affordance, "writeOnly")
}

fn http(affordance: &Map<String, Value>, kind: Kind, href: &str) -> Vec<Value> {
    let events =
        |op: [&str; 2]| json!({ "href": href, "contentType": "text/event-stream", "subprotocol": "sse", "op": op });
    let plain = |op: Vec<&str>| json!({ "href": href, "contentType": "application/json", "op": op });
    match kind {
        Kind::Property => {
            let mut forms = vec![plain(operations(affordance))];
            if is_observed(affordance) {
                forms.push(events(["observeproperty", "unobserveproperty"]));
            }
            forms
        }
        Kind::Action => vec![plain(vec!["invokeaction"])],
        Kind::Event => vec![events(["subscribeevent", "unsubscribeevent"])],
    }
}

/// A broker has no answer to a question: what a device says is subscribed to, what it is told is published.
fn mqtt(affordance: &Map<String, Value>, kind: Kind, href: &str, at: &str, losses: &mut Vec<Loss>) -> Vec<Value> {
    let form = |op: Vec<&str>, packet: &str| json!({ "href": href, "contentType": "application/json", "op": op, "mqv:controlPacket": packet });
    match kind {
        Kind::Property => {
            let mut forms = Vec::new();
            if !is(affordance, "writeOnly") {
                losses.push(Loss::new(at, "is read over MQTT by waiting for the next message"));
                forms.push(form(vec!["readproperty", "observeproperty", "unobserveproperty"], "subscribe"));
            }
            if !is(affordance, "readOnly") {
                let mut write = form(vec!["writeproperty"], "publish");
                write["href"] = format!("{href}/set").into();
                forms.push(write);
            }
            // Both flags at once leave nothing to do; a description needs a form nevertheless.
            if forms.is_empty() {
                forms.push(form(vec!["observeproperty", "unobserveproperty"], "subscribe"));
            }
            forms
        }
        Kind::Action => {
            if affordance.contains_key("output") {
                losses.push(Loss::new(format!("{at}/output"), "an action over MQTT has no answer"));
            }
            vec![form(vec!["invokeaction"], "publish")]
        }
        Kind::Event => vec![form(vec!["subscribeevent", "unsubscribeevent"], "subscribe")],
    }
}

fn coap(affordance: &Map<String, Value>, kind: Kind, href: &str, content_type: &str) -> Vec<Value> {
    let form = |op: Vec<&str>| json!({ "href": href, "contentType": content_type, "op": op });
    let observed = |op: [&str; 2]| json!({ "href": href, "contentType": content_type, "op": op, "cov:method": "GET", "subprotocol": "cov:observe" });
    match kind {
        Kind::Property => {
            let mut forms = vec![form(operations(affordance))];
            if is_observed(affordance) {
                forms.push(observed(["observeproperty", "unobserveproperty"]));
            }
            forms
        }
        Kind::Action => {
            let mut invoke = form(vec!["invokeaction"]);
            invoke["cov:method"] = "POST".into();
            vec![invoke]
        }
        Kind::Event => vec![observed(["subscribeevent", "unsubscribeevent"])],
    }
}
