//! Parameters, bodies and answers of an operation.

use serde_json::{Map, Value, json};

use super::super::problem::Fault;
use super::super::routes::{Call, Doing, Route};
use super::told::{Precondition, Told};
use super::values::of;
use crate::fleet::enrolment::Refusal;

/// Returns the parameters of a route.
pub(super) fn parameters(route: &Route, told: &Told) -> Vec<Value> {
    let of_path = route.names().map(|name| {
        let schema = match name {
            "id" => super::values::id(),
            "model" | "other" => super::models::reference(),
            "rule" => super::models::rule_name(),
            _ => json!({"type": "string", "minLength": 1, "maxLength": 128}),
        };
        json!({"name": name, "in": "path", "required": true, "schema": schema})
    });
    let of_query = told.query.iter().map(|word| of_query(word));
    of_path.chain(of_query).chain(headers(route, told.precondition)).collect()
}

fn of_query(word: &str) -> Value {
    let (name, is_required, schema, says) = match word {
        "after" => ("after", false, json!({"type": "string"}), "Where the page begins: \"next\" of the one before."),
        "after-event" => {
            ("after", false, json!({"type": "integer", "minimum": 0}), "The number of the last event known.")
        }
        "after-id" => ("after", false, super::values::id(), "Goes on after the row of this id."),
        "limit" => {
            ("limit", false, json!({"type": "integer", "minimum": 1, "maximum": 1000}), "Most rows of the page.")
        }
        "filter" => (
            "filter",
            false,
            json!({"type": "string"}),
            "Conditions such as: state=registered attributes.site=berlin gw-*",
        ),
        "total" => ("total", false, json!({"type": "boolean"}), "Counts the devices of the filter, up to 100,000."),
        "group" => ("group", true, json!({"type": "string", "minLength": 1}), "The enrolment group."),
        "atomic" => ("atomic", false, json!({"type": "boolean"}), "All rows or none."),
        "report" => ("report", false, json!({"enum": ["all", "refused"]}), "Which rows are reported."),
        "reason" => ("reason", false, json!({"type": "string"}), "Why."),
        "who" => ("id", true, super::values::id(), "The device that asks."),
        "of-group" => ("group", false, json!({"type": "string"}), "The enrolment group, if it is not the only one."),
        "as" => (
            "as",
            false,
            json!({"enum": ["wot", "resolved", "short", "ddf"]}),
            "Sends the model in this form, and nothing else.",
        ),
        "device" => ("device", false, super::values::id(), "Events of this device only."),
        _ => ("wait", false, json!({"type": "integer", "minimum": 0, "maximum": 60}), "Seconds to wait for an event."),
    };
    json!({"name": name, "in": "query", "required": is_required, "schema": schema, "description": says})
}

fn headers(route: &Route, precondition: Precondition) -> Vec<Value> {
    let header = |name: &str, is_required: bool, says: &str| {
        json!({"name": name, "in": "header", "required": is_required, "schema": {"type": "string", "maxLength": 255},
            "description": says})
    };
    let wanted = "The ETag of what was read, or *: another version is not changed.";
    let mut headers = match precondition {
        Precondition::Free => Vec::new(),
        Precondition::Match => vec![header("If-Match", true, wanted)],
        Precondition::MatchOrNew => vec![
            header("If-Match", false, wanted),
            header("If-None-Match", false, "* makes a device that is not there, and changes none."),
        ],
        Precondition::Cached => vec![header("If-None-Match", false, "The ETag of the version that is there already.")],
    };
    if route.doing == Doing::Device(Call::Register) {
        let says = "The same key with the same request gets the same answer.";
        headers.push(header("Idempotency-Key", false, says));
    }
    headers
}

/// Returns the body of a route.
pub(super) fn body(route: &Route, told: &Told) -> Option<Value> {
    if matches!(route.doing, Doing::Import(..)) {
        let lines = json!({"schema": {"type": "string"}});
        return Some(json!({"required": true, "content": {"application/x-ndjson": lines, "text/csv": lines}}));
    }
    if !route.takes_body {
        return None;
    }
    let schema = if told.body.is_empty() { json!({"type": "object"}) } else { of(told.body) };
    let schema = json!({"schema": schema});
    let mut content = json!({"application/json": schema, "application/cbor": schema});
    if route.method == "PATCH" {
        content["application/merge-patch+json"] = schema;
    }
    // A trigger without a word more is the usual one.
    let is_needed = told.body != "TriggerNew";
    Some(json!({"required": is_needed, "content": content}))
}

/// Returns the answers of a route.
pub(super) fn responses(route: &Route, told: &Told) -> Map<String, Value> {
    let mut all = Map::new();
    for (status, what) in told.good {
        all.insert(status.to_string(), good(route, *status, what));
    }
    let problem = json!({"schema": of("Problem")});
    for status in refused(route, told) {
        let mut response = json!({
            "description": reason(status),
            "content": {"application/problem+json": problem, "application/cbor": problem},
        });
        if matches!(status, 429 | 503) {
            response["headers"] = json!({"Retry-After": {"schema": {"type": "integer", "minimum": 0}}});
        }
        all.insert(status.to_string(), response);
    }
    all
}

fn good(route: &Route, status: u16, what: &str) -> Value {
    let mut response = json!({"description": meaning(status)});
    response["content"] = match what {
        "" => json!({}),
        "application/x-tar" | "text/plain" => json!({what: {"schema": {"type": "string"}}}),
        "application/td+json" => json!({what: {"schema": {"type": "object"}}}),
        "OpenApi" => json!({"application/json": {"schema": {"type": "object"}}}),
        "RowReport" => json!({
            "application/x-ndjson": {"schema": {"type": "string"}, "description": "Lines, each a RowReport."},
            "application/json": {"schema": of("RowReport")},
        }),
        schema => json!({"application/json": {"schema": of(schema)}, "application/cbor": {"schema": of(schema)}}),
    };
    if what == "ModelShown" {
        for map in ["application/tm+json", "application/yaml"] {
            response["content"][map] = json!({"schema": {"type": "object"}});
        }
        response["content"]["application/xml"] = json!({"schema": {}});
    }
    if route.word == "listDevices" {
        for list in ["application/x-ndjson", "text/csv"] {
            response["content"][list] = json!({"schema": {"type": "string"}});
        }
    }
    let mut headers = Map::new();
    let text = json!({"schema": {"type": "string"}});
    if matches!(what, "Device" | "Group" | "ModelShown" | "application/x-tar") {
        headers.insert("ETag".to_owned(), text.clone());
    }
    if status == 201 {
        headers.insert("Location".to_owned(), text);
    }
    if !headers.is_empty() {
        response["headers"] = headers.into();
    }
    response
}

/// The statuses of refusals that a route may give.
fn refused(route: &Route, told: &Told) -> Vec<u16> {
    let every = [400, 413, 429, 500, 503];
    let mut statuses = match route.doing {
        Doing::Health => return vec![400, 413, 415],
        Doing::Document => return vec![400, 413, 415, 429, 500],
        Doing::Metrics => [every.as_slice(), &[401, 403]].concat(),
        Doing::Admin(..) | Doing::Import(..) => [every.as_slice(), &[401, 403, 404, 409, 422]].concat(),
        Doing::Ready | Doing::Device(Call::Challenge) => every.to_vec(),
        Doing::Device(_) => {
            let all = Refusal::ALL.into_iter().map(Refusal::status).filter(|status| ![412, 428].contains(status));
            every.into_iter().chain(all).collect()
        }
    };
    // A body, wanted or not, may come late or in the wrong notation.
    statuses.extend([408, 415]);
    if matches!(told.precondition, Precondition::Match | Precondition::MatchOrNew) {
        statuses.extend([412, 428]);
    }
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

fn meaning(status: u16) -> &'static str {
    match status {
        201 => "It was made.",
        202 => "It is not decided yet; ask again after Retry-After.",
        204 => "It is done.",
        304 => "Nothing changed since the version in If-None-Match.",
        _ => "The answer.",
    }
}

/// What a status of a refusal says (RFC 9110, section 15.5; RFC 6585).
fn reason(status: u16) -> String {
    let of_refusals = Refusal::ALL.iter().filter(|refusal| refusal.status() == status).map(|refusal| refusal.code());
    let of_faults = Fault::ALL.iter().filter(|fault| fault.status() == status).map(|fault| fault.code());
    format!("A problem (RFC 9457): {}.", of_refusals.chain(of_faults).collect::<Vec<_>>().join(", "))
}
