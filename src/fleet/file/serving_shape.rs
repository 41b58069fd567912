//! The tables of `store:` and `serve:`.

use super::super::shape::{DURATION, Record, Rule, SIZE, Shape, TEXT, TextRule, optional, required};
use super::lwm2m_serving::EndpointPattern;

/// `store:`.
pub(super) const STORE: Shape = Shape::TextOrMap(&ADDRESS, &Shape::Record(&STORE_BY_NAME));

static STORE_BY_NAME: Record = Record {
    fields: &[required("env", Shape::Text(&ENVIRONMENT), "name of an environment variable that holds the address")],
    rule: Rule::Free,
};

static ADDRESS: TextRule = TextRule {
    wanted: "an address of a PostgreSQL such as postgres://USER@HOST/DATABASE",
    pattern: r"^postgres(ql)?://[!-~]{1,1000}$",
    accepts: |text| {
        let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        rest.is_some_and(|rest| (1..=1000).contains(&rest.len()) && rest.chars().all(|c| c.is_ascii_graphic()))
    },
};

/// `serve:`.
pub(super) static SERVE: Record = Record {
    fields: &[
        optional("listen", Shape::Text(&LISTEN), "address and port to listen at, 127.0.0.1:8443 when absent"),
        optional(
            "names",
            Shape::List(&Shape::Text(&HOST)),
            "host names and addresses in the server's certificate, which the fleet's own authority makes",
        ),
        optional("certificate", Shape::Text(&TEXT), "path of a PEM file with the server's certificate and its issuers"),
        optional("key", Shape::Text(&TEXT), "path of a PEM file with the private key of the certificate"),
        optional("metrics", Shape::Boolean, "true shows metrics at /metrics without a token, false when absent"),
        optional("limits", Shape::Record(&LIMITS), "how much the server takes on"),
        optional("admins", Shape::List(&Shape::Record(&ADMIN)), "client certificates that may administer"),
        optional("lwm2m", Shape::Record(&LWM2M), "bootstraps LwM2M devices: where, and how much it takes on"),
    ],
    rule: Rule::Free,
};

/// `serve: lwm2m:`.
static LWM2M: Record = Record {
    fields: &[
        optional("coaps", Shape::Text(&LISTEN), "address and port where DTLS is spoken, such as 0.0.0.0:5684"),
        optional("coap", Shape::Text(&LISTEN), "address and port without protection, only together with `nosec: true`"),
        optional(
            "nosec",
            Shape::True,
            "true: keys may be sent in clear to devices whose bootstrap server has `security: none`",
        ),
        optional("endpoint", Shape::Text(&ENDPOINT), "what devices call themselves, {id} when absent"),
        optional(
            "peers",
            Shape::Integer { least: 1, most: 1_000_000 },
            "most devices that are talked with at a time over DTLS, 1500 when absent; without it eight times as many",
        ),
        optional("idle", Shape::Text(&DURATION), "how long a device may say nothing, at most 1h, 2m when absent"),
        optional("manager", Shape::Text(&TEXT), "the server of `servers:` that is this one: devices register here"),
        optional("transcripts", Shape::Text(&TEXT), "folder for a record of each bootstrap, without keys"),
    ],
    rule: Rule::Free,
};

static ENDPOINT: TextRule = TextRule {
    wanted: "a text with {id} or {serial} in it once, such as urn:dev:os:{serial}",
    pattern: r"^[^{}]{0,200}\{(id|serial)\}[^{}]{0,200}$",
    accepts: |text| text.chars().count() <= 200 && EndpointPattern::of(text).is_some(),
};

static LIMITS: Record = Record {
    fields: &[
        optional(
            "connections",
            Shape::Integer { least: 1, most: 100_000 },
            "most connections at a time, 1024 when absent",
        ),
        optional("body", Shape::Text(&SIZE), "longest body of a request, at most 16MiB, 64KiB when absent"),
        optional("header_timeout", Shape::Text(&DURATION), "how long headers may take, at most 5m, 10s when absent"),
        optional("rates", Shape::Record(&RATES), "requests a minute where a group says nothing"),
    ],
    rule: Rule::Free,
};

const RATE: Shape = Shape::Integer { least: 1, most: 1_000_000 };

/// `rates:`, of the server and of a group.
pub(super) static RATES: Record = Record {
    fields: &[
        required("source", RATE, "requests a minute from one IPv4 /24 or IPv6 /48"),
        required("group", RATE, "requests a minute of one group"),
        required("token", RATE, "requests a minute with one token"),
    ],
    rule: Rule::Free,
};

static ADMIN: Record = Record {
    fields: &[
        optional("fingerprint", Shape::Text(&SHA256), "SHA-256 of the client certificate (DER), hex"),
        optional("issuer", Shape::Text(&TEXT), "path of a PEM file with the certificates of who issues to people"),
        optional("name", Shape::Text(&TEXT), "common name, DNS name or mail address in a certificate of the issuer"),
        required(
            "role",
            Shape::Word(&["viewer", "technician", "approver", "admin"]),
            "what it may do: viewer, technician, approver or admin",
        ),
    ],
    rule: Rule::OneOf(&["fingerprint", "issuer"]),
};

static SHA256: TextRule = TextRule {
    wanted: "64 hexadecimal digits in small letters",
    pattern: "^[0-9a-f]{64}$",
    accepts: |text| text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
};

/// The schema cannot tell every IPv6 address from what only looks like one: `check` does.
static LISTEN: TextRule = TextRule {
    wanted: "an IP address and a port such as 127.0.0.1:8443 or [::]:8443",
    pattern: r"^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}|\[[0-9A-Fa-f:.]{2,45}\]):(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}|0)$",
    accepts: |text| {
        let address = text.parse::<std::net::SocketAddr>();
        // An address with a zone, or a port with zeros in front, is read by the parser but is not what is meant.
        address.is_ok_and(|address| !text.contains('%') && text.ends_with(&format!(":{}", address.port())))
    },
};

static HOST: TextRule = TextRule {
    wanted: "a host name or an IP address",
    pattern: r"^[0-9A-Za-z:.*-]{1,253}$",
    accepts: |text| {
        (1..=253).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || ":.*-".contains(c))
    },
};

pub(super) static ENVIRONMENT: TextRule = TextRule {
    wanted: "the name of an environment variable",
    pattern: "^[A-Za-z_][A-Za-z0-9_]{0,127}$",
    accepts: |text| {
        (1..=128).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    },
};
