//! The table of `bootstrap:`.

use super::super::lwm2m::Path;
use super::super::shape::{DURATION, NAME, Record, Rule, Shape, TextRule, optional, required};
use super::enrolment_shape::{AS_ROOT, COMMAND, SHORT, SIGNED, TIMEOUT};

/// `bootstrap:`.
pub(super) static BOOTSTRAP: Record = Record {
    fields: &[
        optional("default", CHOICE, "what holds for every device"),
        optional("profiles", CHOICES, "what is different for the devices of a profile, by its name"),
        optional("groups", CHOICES, "what is different for the devices of an enrolment group, by its name"),
        optional("models", CHOICES, "what is different for the devices of a model, by its name"),
        optional("devices", CHOICES, "what is different for single devices, by id"),
        optional(
            "clients",
            Shape::Names { key: &NAME, value: &Shape::Record(&CLIENT), least: 0 },
            "what kinds of LwM2M clients can take, by name",
        ),
        optional(
            "procedures",
            Shape::Names { key: &NAME, value: &Shape::Record(&PROCEDURE), least: 0 },
            "what is done step by step, by name",
        ),
    ],
    rule: Rule::Free,
};

const CHOICE: Shape = Shape::Record(&CHOICE_RECORD);
const CHOICES: Shape = Shape::Names { key: &SHORT, value: &CHOICE, least: 0 };

static CHOICE_RECORD: Record = Record {
    fields: &[
        optional("client", Shape::Text(&NAME), "kind of client: standard, nb-iot, zephyr, or one of clients"),
        optional("procedure", Shape::Text(&NAME), "what is done: standard, or one of procedures"),
        optional(
            "rotate",
            Shape::Word(&["never", "each-bootstrap"]),
            "whether each bootstrap gives new credentials, never when absent",
        ),
        optional(
            "pack",
            Shape::Boolean,
            "whether clients that ask for all in one answer get it (LwM2M 1.2), true when absent",
        ),
        optional(
            "account",
            Shape::Text(&NAME),
            "name of the bootstrap server whose account takes the place of this one",
        ),
        optional("objects", Shape::List(&Shape::Record(&VALUE)), "further resources of any object"),
    ],
    rule: Rule::Free,
};

static VALUE: Record = Record {
    fields: &[
        required("path", Shape::Text(&RESOURCE), "where, such as /3/0/15"),
        optional("value", Shape::Value, "text, number, true or false, {hex: 00ff}, {base64: AP8=} or {link: \"3:0\"}"),
        optional(
            "values",
            Shape::Names { key: &NUMBER, value: &Shape::Value, least: 1 },
            "values of a resource with several instances, by number",
        ),
    ],
    rule: Rule::OneOf(&["value", "values"]),
};

static CLIENT: Record = Record {
    fields: &[
        optional("key_bytes", BYTES, "most bytes of a key, identity or certificate"),
        optional("payload_bytes", BYTES, "most bytes of one message's payload"),
        optional(
            "instances",
            Shape::Names { key: &NUMBER, value: &Shape::Integer { least: 1, most: 65_534 }, least: 0 },
            "most instances of an object, the bootstrap account counted, by object id",
        ),
        optional(
            "resources",
            Shape::Names { key: &NUMBER, value: &Shape::List(&Shape::Integer { least: 0, most: 65_534 }), least: 0 },
            "the resources that an object has, by object id; all when absent",
        ),
        optional(
            "account",
            Shape::Integer { least: 0, most: 65_534 },
            "instance of the bootstrap account, for clients that do not say it",
        ),
        optional(
            "format",
            Shape::Word(&["tlv", "senml-json", "senml-cbor", "lwm2m-cbor"]),
            "content format, what the client asks for when absent",
        ),
        optional("ack_timeout", Shape::Text(&DURATION), "pause before a message is repeated, 2s when absent"),
        optional("repetitions", Shape::Integer { least: 0, most: 10 }, "how often it is repeated, 4 when absent"),
        optional("answer_timeout", Shape::Text(&DURATION), "how long an answer may take, 93s when absent"),
        optional(
            "block",
            Shape::Integer { least: 16, most: 1024 },
            "bytes of a block, a power of two, 1024 when absent",
        ),
        optional("same_token", Shape::Boolean, "true sends all blocks of a message with one token"),
    ],
    rule: Rule::Free,
};

const BYTES: Shape = Shape::Integer { least: 1, most: 1_000_000 };

static PROCEDURE: Record = Record {
    fields: &[
        required("steps", STEPS, "what is done, in this order"),
        optional(
            "fallbacks",
            Shape::Names { key: &NAME, value: &STEPS, least: 0 },
            "steps that take the place of others after an error, by name",
        ),
        optional(
            "read_back",
            Shape::Word(&["before", "after", "both", "never"]),
            "when what was written is read and compared: before finish (when absent), after it, both, never",
        ),
        optional(
            "corrections",
            Shape::Integer { least: 0, most: 10 },
            "how often what is wrong is written again, 1 when absent",
        ),
    ],
    rule: Rule::Free,
};

const STEPS: Shape = Shape::List(&Shape::Record(&STEP));

static STEP: Record = Record {
    fields: &[
        optional("name", Shape::Text(&NAME), "its name in logs, its place and deed when absent"),
        optional("discover", Shape::Text(&PATH), "asks what the client has: / or an object"),
        optional("read", Shape::Text(&PATH), "reads for later conditions"),
        optional("delete", Shape::Text(&PATH), "deletes an object or an instance, never the bootstrap account"),
        optional("clear", Shape::True, "deletes the accounts that are written anew, never the bootstrap account"),
        optional("write", Shape::Text(&PATH), "writes what is configured there or below, / for all"),
        optional("set", Shape::Record(&VALUE), "writes one resource"),
        optional("raw", Shape::Record(&RAW), "sends a message as it stands"),
        optional("consult", Shape::Record(&CONSULT), "asks a webhook or a program"),
        optional("finish", Shape::True, "ends the bootstrap, if what the device has is sound"),
        optional("when", Shape::List(&Shape::Record(&CONDITION)), "the step is passed over unless all of these hold"),
        optional(
            "on_error",
            Shape::Text(&POLICY),
            "what an error means: abort (when absent), skip, retry N, fallback NAME",
        ),
    ],
    rule: Rule::OneOf(&["discover", "read", "delete", "clear", "write", "set", "raw", "consult", "finish"]),
};

static CONSULT: Record = Record {
    fields: &[
        SIGNED,
        COMMAND,
        AS_ROOT,
        TIMEOUT,
        optional(
            "fail",
            Shape::Word(&["closed", "open"]),
            "what a failure of the service means: closed (when absent) ends the bootstrap, open lets it go on",
        ),
        optional(
            "cache",
            Shape::Text(&DURATION),
            "how long a yes is taken for the same question about the same device, at most 1d; each is asked when absent",
        ),
    ],
    rule: Rule::OneOf(&["webhook", "command"]),
};

static RAW: Record = Record {
    fields: &[
        required("method", Shape::Word(&["get", "put", "post", "delete"]), "the method"),
        required("path", Shape::Text(&PATH), "where"),
        optional("format", FORMAT, "number of the payload's content format, such as 11542"),
        optional("accept", FORMAT, "number of the content format that is wanted"),
        optional("text", Shape::Text(&SHORT), "the payload as text"),
        optional("hex", Shape::Text(&HEX), "the payload in hexadecimal digits"),
    ],
    rule: Rule::Free,
};

const FORMAT: Shape = Shape::Integer { least: 0, most: 65_535 };

static CONDITION: Record = Record {
    fields: &[
        optional("has", Shape::Text(&PATH), "the client said that it has this"),
        optional("lacks", Shape::Text(&PATH), "the client did not say that it has this"),
        optional("reads", Shape::Record(&READS), "a value that was read before"),
        optional("since", VERSION, "the client's version of LwM2M is this or later"),
        optional("before", VERSION, "the client's version of LwM2M is older than this"),
        optional("models", Shape::List(&Shape::Text(&SHORT)), "the device is of one of these models"),
        optional("firmware", Shape::Text(&SHORT), "range of firmware versions such as \">=1.2, <2\""),
        optional("consulted", Shape::Record(&CONSULTED), "an attribute that a service answered"),
    ],
    rule: Rule::OneOf(&["has", "lacks", "reads", "since", "before", "models", "firmware", "consulted"]),
};

const VERSION: Shape = Shape::Word(&["1.0", "1.1", "1.2"]);

static READS: Record = Record {
    fields: &[
        required("path", Shape::Text(&RESOURCE), "which resource"),
        required("value", Shape::Value, "what it must be"),
    ],
    rule: Rule::Free,
};

static CONSULTED: Record = Record {
    fields: &[
        required("key", Shape::Text(&NAME), "name of the attribute"),
        required("value", Shape::Value, "what it must be"),
    ],
    rule: Rule::Free,
};

static PATH: TextRule = TextRule {
    wanted: "a path such as /, /1, /1/0 or /1/0/1",
    pattern: r"^/$|^(/(0|[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-4])){1,3}$",
    accepts: |text| is_path(text, 0),
};

static RESOURCE: TextRule = TextRule {
    wanted: "the path of a resource such as /3/0/15",
    pattern: r"^(/(0|[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-4])){3}$",
    accepts: |text| is_path(text, 3),
};

fn is_path(text: &str, least: usize) -> bool {
    let numbers = text.parse::<Path>().ok().filter(|_| text == "/" || !text.ends_with('/')).map(Path::numbers);
    numbers.is_some_and(|numbers| (least..=3).contains(&numbers.len()))
}

static NUMBER: TextRule = TextRule {
    wanted: "a number of 0 to 65534",
    pattern: r"^(0|[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-4])$",
    accepts: |text| is_path(&format!("/{text}"), 1) && !text.contains('/'),
};

static HEX: TextRule = TextRule {
    wanted: "hexadecimal digits, two for each byte",
    pattern: "^([0-9A-Fa-f]{2}){0,4096}$",
    accepts: |text| text.len() <= 8192 && text.len() % 2 == 0 && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
};

static POLICY: TextRule = TextRule {
    wanted: "abort, skip, retry and a number of 1 to 10, or fallback and a name",
    pattern: "^(abort|skip|retry ([1-9]|10)|fallback [A-Za-z0-9][A-Za-z0-9_.-]{0,63})$",
    accepts: |text| super::bootstrap::policy(text).is_some(),
};
