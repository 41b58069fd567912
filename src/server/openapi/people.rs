//! Schemas of what people and their programs ask and are told.

use serde_json::{Value, json};

use super::values::{at_least, attributes, exactly, id, maybe, moment, number, of, page, text, texts};

/// Names and schemas.
pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let string = json!({"type": "string"});
    let cursor = maybe(&string);
    let mut all = devices();
    all.extend(lists());
    all.extend([
        ("Group", group()),
        ("GroupNarrow", exactly(&[], json!({"open": maybe(&json!({"type": "boolean"})), "quota": maybe(&number(0))}))),
        ("Groups", page("Group", &cursor)),
        ("Token", token()),
        ("Tokens", page("Token", &cursor)),
        ("TokenNew", token_new()),
        ("TokenMade", json!({"allOf": [of("Token"), at_least(&["token"], json!({"token": string}))]})),
        ("OpenRegistration", open_registration()),
        ("OpenRegistrations", page("OpenRegistration", &cursor)),
        ("Reason", exactly(&["reason"], json!({"reason": text()}))),
        ("Event", event()),
        ("Events", page("Event", &number(0))),
        ("History", page("Event", &maybe(&number(1)))),
        ("Stats", stats()),
    ]);
    all
}

fn devices() -> Vec<(&'static str, Value)> {
    let cursor = maybe(&json!({"type": "string"}));
    let page = at_least(
        &["items", "next"],
        json!({"items": {"type": "array", "items": of("Device")}, "next": cursor,
            "total": number(0), "total_is_exact": {"type": "boolean"}}),
    );
    vec![
        ("Device", device()),
        ("Devices", page),
        ("DeviceNew", exactly(&["id"], told_of_device())),
        ("DevicePut", exactly(&[], told_of_device())),
        ("DeviceEdit", exactly(&[], edited())),
        ("DeviceAdopt", exactly(&["certificate"], adopted())),
        ("TriggerNew", exactly(&[], trigger_new())),
        ("Trigger", trigger()),
        ("Credential", credential()),
        ("Credentials", super::values::page("Credential", &cursor)),
        ("Why", why()),
    ]
}

fn told_of_device() -> Value {
    json!({
        "id": id(), "serial": {"type": "string", "pattern": "^[A-Za-z0-9_.:+@=-]{1,64}$"}, "group": text(),
        "model": text(), "version": text(), "vendor": text(), "hardware": text(), "firmware": text(),
        "protocol": text(), "address": text(), "attributes": attributes(),
    })
}

fn edited() -> Value {
    let mut members = told_of_device();
    let members = members.as_object_mut().expect("it is an object");
    for fixed in ["id", "model", "version"] {
        members.remove(fixed);
    }
    json!(members)
}

fn adopted() -> Value {
    let mut members = told_of_device();
    members["certificate"] =
        json!({"type": "string", "maxLength": 32768, "description": "The certificate it has, PEM."});
    members["name"] = text();
    members
}

fn trigger_new() -> Value {
    json!({
        "via": {"enum": ["registration", "webhook", "push"]}, "address": text(), "goal": {"enum": ["finish", "registration"]},
        "at": moment(), "within": {"type": "integer", "minimum": 1, "maximum": 2_592_000},
    })
}

fn trigger() -> Value {
    let word = maybe(&json!({"type": "string"}));
    at_least(
        &["device", "number", "via", "goal", "state", "at", "until", "failures", "actor", "changed"],
        json!({
            "device": {"type": "string"}, "number": number(1), "via": {"enum": ["registration", "webhook", "push"]},
            "address": word, "goal": {"enum": ["finish", "registration"]},
            "state": {"enum": ["waiting", "sent", "begun", "finished", "done", "failed", "cancelled"]}, "reason": word,
            "at": moment(), "until": moment(), "failures": number(0), "rollout": maybe(&number(1)),
            "actor": {"type": "string"}, "changed": moment(),
        }),
    )
}

fn device() -> Value {
    let word = maybe(&json!({"type": "string"}));
    at_least(
        &["id", "state", "origin", "attributes", "etag", "created", "changed"],
        json!({
            "id": id(), "state": {"enum": ["expected", "pending", "assigning", "registered", "retired"]},
            "origin": {"type": "string"}, "serial": word, "group": word, "registration": word, "model": word,
            "version": word, "vendor": word, "hardware": word, "firmware": word, "protocol": word, "address": word,
            "attributes": texts(), "bundle": maybe(&json!({"type": "integer"})), "lease_until": maybe(&moment()),
            "seen": maybe(&moment()), "reason": word, "etag": number(0), "created": moment(), "changed": moment(),
            "credentials": {"type": "array", "items": of("Credential")},
        }),
    )
}

fn credential() -> Value {
    at_least(
        &["fingerprint", "device", "name", "kind", "state", "changed"],
        json!({
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"}, "device": {"type": "string"},
            "name": {"type": "string"}, "kind": {"type": "string"}, "state": {"enum": ["active", "retired", "revoked"]},
            "public": {}, "not_before": maybe(&moment()), "not_after": maybe(&moment()), "changed": moment(),
        }),
    )
}

fn why() -> Value {
    at_least(
        &["id", "state", "blocked", "decision", "events"],
        json!({
            "id": {"type": "string"}, "state": maybe(&json!({"type": "string"})),
            "reason": maybe(&json!({"type": "string"})), "blocked": maybe(&of("Blocked")),
            "decision": maybe(&of("Event")), "events": {"type": "array", "items": of("Event")},
        }),
    )
}

fn lists() -> Vec<(&'static str, Value)> {
    let cursor = maybe(&json!({"type": "string"}));
    let allowed = json!({"device": {"type": "string"}, "attributes": texts(), "max_uses": maybe(&number(0)),
        "expires": maybe(&moment()), "used": number(0)});
    let allow = json!({"group": text(), "id": id(), "max_uses": {"type": "integer", "minimum": 0, "maximum": 4_294_967_295_u32},
        "expires": moment(), "attributes": attributes()});
    let blocked = json!({"device": {"type": "string"}, "reason": {"type": "string"}, "since": moment(), "expires": maybe(&moment())});
    let put = json!({"enum": ["made", "updated", "unchanged", "added", "changed", "same"]});
    let row = json!({"row": number(1), "id": maybe(&json!({"type": "string"})), "put": put,
        "refused": {"type": "string"}, "tally": {"type": "object", "additionalProperties": number(0)}});
    vec![
        ("Allowed", at_least(&["device", "attributes", "used"], allowed)),
        ("AllowedList", page("Allowed", &cursor)),
        ("Allow", exactly(&["group", "id"], allow)),
        ("Blocked", at_least(&["device", "reason", "since"], blocked)),
        ("BlockedList", page("Blocked", &cursor)),
        ("Block", exactly(&["id", "reason"], json!({"id": id(), "reason": text(), "expires": moment()}))),
        ("RowReport", at_least(&[], row)),
    ]
}

fn group() -> Value {
    let usage = at_least(
        &["used", "quota", "devices", "allowed"],
        json!({"used": number(0), "quota": maybe(&number(0)), "devices": {"type": "object", "additionalProperties": number(0)},
            "allowed": number(0)}),
    );
    at_least(
        &["id", "policy", "narrowed", "declared", "etag", "used"],
        json!({"id": {"type": "string"}, "narrowed": {"type": "object"}, "policy": {"type": "object"}, "declared": {"type": "boolean"}, "etag": number(0),
            "used": number(0), "usage": usage}),
    )
}

fn token() -> Value {
    at_least(
        &["id", "scope", "used", "made_by", "made"],
        json!({"id": {"type": "string"}, "scope": {"type": "object"}, "max_uses": maybe(&number(0)), "used": number(0),
            "expires": maybe(&moment()), "revoked": maybe(&moment()), "made_by": {"type": "string"}, "made": moment()}),
    )
}

fn token_new() -> Value {
    let nothing = json!({"type": "null"});
    let days = json!({"type": "integer", "minimum": 1, "maximum": 36_500});
    let of_role = json!({"role": {"enum": ["viewer", "technician", "approver", "admin"]}, "expires": moment(), "days": days,
        "group": nothing, "id": nothing, "max_uses": nothing});
    let of_group =
        json!({"group": text(), "id": id(), "max_uses": number(1), "expires": moment(), "days": days, "role": nothing});
    json!({"oneOf": [exactly(&["role"], of_role), exactly(&["group"], of_group)]})
}

fn open_registration() -> Value {
    at_least(
        &["registration", "device", "group", "asked", "since"],
        json!({"registration": {"type": "string"}, "device": {"type": "string"}, "group": {"type": "string"},
            "asked": {"type": "object"}, "since": moment()}),
    )
}

fn event() -> Value {
    at_least(
        &["seq", "at", "actor", "what", "detail", "digest"],
        json!({"seq": number(1), "at": moment(), "actor": {"type": "string"}, "what": {"type": "string"},
            "device": maybe(&json!({"type": "string"})), "detail": {}, "digest": {"type": "string"}}),
    )
}

fn stats() -> Value {
    at_least(
        &["fleet", "devices", "events"],
        json!({"fleet": {"type": "string"}, "devices": {"type": "object", "additionalProperties": number(0)}, "events": number(0)}),
    )
}
