//! The table of `enrolment:`.

use super::super::program::PLAIN;
use super::super::shape::{DURATION, Field, NAME, Record, Rule, Shape, TEXT, TextRule, optional, required};
use super::serving_shape::RATES;

/// `enrolment:`.
pub(super) static ENROLMENT: Record = Record {
    fields: &[
        required(
            "groups",
            Shape::Names { key: &NAME, value: &Shape::Record(&GROUP), least: 0 },
            "enrolment groups, by name",
        ),
        optional(
            "subscribers",
            Shape::Names { key: &NAME, value: &Shape::Record(&SUBSCRIBER), least: 0 },
            "who is told of events of the whole fleet, at least once each, by name",
        ),
        optional("mqtt_acl", Shape::Text(&TEXT), "path of the access list that serve writes for mosquitto"),
    ],
    rule: Rule::Free,
};

static SUBSCRIBER: Record = Record {
    fields: &[
        SIGNED,
        optional("command", WORDS, "program and arguments: JSON in"),
        AS_ROOT,
        TIMEOUT,
        optional("events", Shape::List(&Shape::Text(&NAME)), "names of events, all when absent"),
    ],
    rule: Rule::OneOf(&["webhook", "command"]),
};

static GROUP: Record = Record {
    fields: &[
        required(
            "proofs",
            Shape::List(&Shape::Word(&["token", "x509", "claim", "jwt"])),
            "kinds of proof that are taken, any one of them is enough: token, x509, claim, jwt",
        ),
        optional("open", Shape::Boolean, "false while the group takes no registrations, true when absent"),
        optional("admit", Shape::Record(&ADMIT), "which devices are admitted: every rule given must hold"),
        optional("quota", Shape::Integer { least: 1, most: 1_000_000_000 }, "most devices of the group"),
        optional(
            "reprovision",
            Shape::Word(&["deny", "same", "rotate", "move", "reset"]),
            "what happens when a registered device registers again, same when absent",
        ),
        optional(
            "approval",
            Shape::Word(&["none", "unlisted", "always"]),
            "whether a person must agree, none when absent",
        ),
        optional("x509", Shape::Record(&X509), "rules for proofs by certificate"),
        optional("issuers", Shape::List(&Shape::Record(&ISSUER)), "keys whose JWTs are taken, beside the devices' own"),
        optional(
            "key_generation",
            Shape::Integer { least: 1, most: 1_000_000 },
            "number of the group's key, counted up to make a new one, 1 when absent",
        ),
        optional("models", Shape::Record(&MODELS), "which models devices may bring or choose"),
        optional("hooks", Shape::Record(&HOOKS), "the operator's own checks and allocations"),
        optional("resources", Shape::List(&Shape::Record(&RESOURCE)), "what every device gets allocated"),
        optional("attributes", TEXTS, "attributes of every device of the group"),
        optional(
            "servers",
            Shape::List(&Shape::Text(&NAME)),
            "names of the servers a device is told, all of its profile when absent",
        ),
        optional("profile", Shape::Text(&NAME), "profile of devices that no inventory lists"),
        optional("lease", Shape::Text(&DURATION), "how long a registration is valid such as 30d, for ever when absent"),
        optional("interval", Shape::Text(&DURATION), "after how long a device should report again, 1h when absent"),
        optional("rates", Shape::Record(&RATES), "requests a minute, where the server's own are not meant"),
    ],
    rule: Rule::Free,
};

const TEXTS: Shape = Shape::Names { key: &NAME, value: &Shape::Text(&SHORT), least: 0 };
const REFERENCES: Shape = Shape::List(&Shape::Text(&SHORT));

static ADMIT: Record = Record {
    fields: &[
        optional("listed", Shape::Boolean, "true admits known devices only: of the inventory, imported or allowed"),
        optional("patterns", Shape::List(&Shape::Text(&SHORT)), "regular expressions, one must fit the whole id"),
        optional("models", REFERENCES, "names of models that devices say they are"),
        optional("firmware", Shape::Text(&SHORT), "range of firmware versions such as \">=1.2, <2\""),
    ],
    rule: Rule::Free,
};

static X509: Record = Record {
    fields: &[
        optional(
            "issuers",
            Shape::Text(&TEXT),
            "path of a PEM file with the certificates that issue, the fleet's own authority when absent",
        ),
        required("id", Shape::Text(&ID), "how the id is read from the certificate: {cn} {serial} {dns} {uri}"),
    ],
    rule: Rule::Free,
};

static ISSUER: Record = Record {
    fields: &[
        required("kid", Shape::Text(&SHORT), "the kid of its JWTs"),
        required("public_key", Shape::Text(&TEXT), "path of a PEM file with its public key (P-256)"),
    ],
    rule: Rule::Free,
};

static MODELS: Record = Record {
    fields: &[
        optional("chosen", REFERENCES, "models a device may choose by reference"),
        optional("supplied", Shape::Boolean, "true lets a device bring a model of its own"),
        optional("fallback", Shape::Text(&SHORT), "the model of devices that no rule fits"),
    ],
    rule: Rule::Free,
};

static HOOKS: Record = Record {
    fields: &[
        optional("validate", HOOK, "asked before anything is stored: may deny, may set attributes"),
        optional("allocate", HOOK, "asked when a device is assigned: says what was allocated, is told to release it"),
        optional("notify", HOOK, "told of every event, at least once"),
    ],
    rule: Rule::Free,
};

const HOOK: Shape = Shape::Record(&HOOK_TARGET);

/// What all have that call somebody: hooks, subscribers, services that a bootstrap asks.
pub(super) const SIGNED: Field = optional("webhook", Shape::Record(&WEBHOOK), "a signed webhook");
const WORDS: Shape = Shape::List(&Shape::Text(&PLAIN));
pub(super) const COMMAND: Field = optional("command", WORDS, "program and arguments: JSON in, JSON out");
pub(super) const AS_ROOT: Field = optional("as_root", Shape::Boolean, "true lets the program run as root");
pub(super) const TIMEOUT: Field =
    optional("timeout", Shape::Text(&DURATION), "how long it may take, at most 5m, 3s when absent");

static HOOK_TARGET: Record = Record {
    fields: &[
        SIGNED,
        COMMAND,
        AS_ROOT,
        TIMEOUT,
        optional(
            "fail",
            Shape::Word(&["closed", "open"]),
            "what a failure of the hook means: closed (when absent) refuses the device, open lets it go on",
        ),
    ],
    rule: Rule::OneOf(&["webhook", "command"]),
};

static WEBHOOK: Record = Record {
    fields: &[
        required("url", Shape::Text(&URL), "where: https://..., http:// on this machine only"),
        required("secret", Shape::Text(&NAME), "name of the secret that signs"),
    ],
    rule: Rule::Free,
};

static RESOURCE: Record = Record {
    fields: &[
        required("kind", Shape::Text(&NAME), "what it is; mqtt-acl is written for mosquitto"),
        required("name", Shape::Text(&PLACED), "its name, with {id} {group} {serial} for the device's own"),
        optional(
            "detail",
            Shape::Names { key: &NAME, value: &Shape::Text(&PLACED), least: 0 },
            "particulars, with the same placeholders",
        ),
    ],
    rule: Rule::Free,
};

/// A text of one line.
pub(super) static SHORT: TextRule = TextRule {
    wanted: "1 to 256 characters without control characters",
    pattern: r"^[^\x00-\x1f\x7f-\x9f]{1,256}$",
    accepts: |text| is_short(text),
};

static PLACED: TextRule = TextRule {
    wanted: "1 to 256 characters, of braces only {id} {group} {serial}",
    pattern: r"^(?=.{1,256}$)([^\x00-\x1f\x7f-\x9f{}]|\{(id|group|serial)\})+$",
    accepts: |text| is_short(text) && knows_only(text, &["id", "group", "serial"]),
};

static ID: TextRule = TextRule {
    wanted: "1 to 256 characters with at least one of {cn} {serial} {dns} {uri} and no other braces",
    pattern: r"^(?=.{1,256}$)(?=.*\{)([^\x00-\x1f\x7f-\x9f{}]|\{(cn|serial|dns|uri)\})+$",
    accepts: |text| is_short(text) && text.contains('{') && knows_only(text, &["cn", "serial", "dns", "uri"]),
};

static URL: TextRule = TextRule {
    wanted: "an address such as https://host/path",
    pattern: r"^https?://[!-~]{1,1000}$",
    accepts: |text| {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        rest.is_some_and(|rest| (1..=1000).contains(&rest.len()) && rest.chars().all(|c| c.is_ascii_graphic()))
    },
};

fn is_short(text: &str) -> bool {
    (1..=256).contains(&text.chars().count()) && !text.contains(char::is_control)
}

fn knows_only(text: &str, names: &[&str]) -> bool {
    let bare = names.iter().fold(text.to_owned(), |text, name| text.replace(&format!("{{{name}}}"), "-"));
    !bare.contains(['{', '}'])
}
