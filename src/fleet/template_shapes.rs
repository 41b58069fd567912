//! The table of `template.yaml`: every key, what may stand under it and what it is for.

use super::file::MEDIUM;
use super::shape::{IDENTIFIER, NAME, Record, Rule, Shape, TEXT, TextRule, optional, required};
use super::template::EVERY_CREDENTIAL;

/// The whole file.
pub(super) static TEMPLATE: Record = Record {
    fields: &[
        required("consumer", Shape::Text(&TEXT), "what reads the medium, in a person's words"),
        required("description", Shape::Text(&TEXT), "one paragraph"),
        optional("medium", Shape::Record(&MEDIUM), "the medium the consumer looks for, where it looks for one"),
        optional(
            "credentials",
            Shape::Names { key: &CREDENTIAL_NAME, value: &Shape::Record(&CREDENTIAL), least: 0 },
            "the credentials the template uses, by name; \"*\" stands for every other one of the profile",
        ),
        optional(
            "variables",
            Shape::Names { key: &IDENTIFIER, value: &Shape::Record(&VARIABLE), least: 0 },
            "the variables the template knows, by name",
        ),
        required("files", Shape::List(&Shape::Record(&FILE)), "the files of the bundle"),
        optional(
            "actions",
            Shape::List(&Shape::Record(&ACTION)),
            "what the device's reader does after the files are in place, in this order",
        ),
    ],
    rule: Rule::Free,
};

static CREDENTIAL: Record = Record {
    fields: &[
        required(
            "kinds",
            Shape::List(&Shape::Word(&["x509", "psk", "rpk", "token"])),
            "kinds it can use: x509, psk, rpk, token",
        ),
        optional("required", Shape::Boolean, "false if the template does without, true when absent"),
    ],
    rule: Rule::Free,
};

static VARIABLE: Record = Record {
    fields: &[
        required("type", Shape::Word(&["string", "integer", "boolean", "list", "map"]), "type of its value"),
        optional("default", Shape::Value, "value when nobody gives one; without a default it must be given"),
        optional("class", Shape::Word(&["plain", "pii", "secret"]), "who may read it, plain when absent"),
        optional("description", Shape::Text(&TEXT), "what it is for"),
        optional("choices", Shape::List(&Shape::Value), "the values possible"),
        optional("longest", Shape::Integer { least: 1, most: 1_000_000 }, "longest text in bytes"),
    ],
    rule: Rule::Free,
};

static FILE: Record = Record {
    fields: &[
        required("path", Shape::Text(&PATH), "path in the bundle"),
        required("mode", Shape::Text(&MODE), "Unix mode such as \"0600\""),
        optional("template", Shape::Text(&PATH), "MiniJinja file of the template's folder"),
        optional(
            "syntax",
            Shape::Word(&["yaml", "json", "toml", "toml-line", "shell", "text"]),
            "syntax its values are quoted for",
        ),
        optional("credential", Shape::Text(&PART), "part of a credential, NAME.PART"),
        optional(
            "encoding",
            Shape::Word(&["pem", "der", "hex", "base64", "raw"]),
            "encoding of the part, pem when absent",
        ),
        optional("trust", Shape::Text(&NAME), "name of the server whose trusted certificates these are"),
        optional("lwm2m", Shape::Word(&["senml-cbor", "tlv"]), "encoding of the LwM2M objects"),
        optional("object", Shape::Integer { least: 0, most: 2 }, "for tlv: 0 Security, 1 Server, 2 Access Control"),
        optional("when", Shape::Text(&TEXT), "MiniJinja expression; the file is left out unless it is true"),
        optional(
            "destination",
            Shape::Text(&LINE),
            "where the device's reader puts it, an absolute path; may hold {{ expressions }}",
        ),
        optional("owner", Shape::Text(&LINE), "whose it is there, user or user:group, root when absent"),
    ],
    rule: Rule::OneOf(&["template", "credential", "trust", "lwm2m"]),
};

static ACTION: Record = Record {
    fields: &[
        optional("hostname", Shape::Text(&LINE), "sets the host name; may hold {{ expressions }}"),
        optional("network_connection", Shape::Text(&LINE), "path of a bundle file that is a NetworkManager keyfile"),
        optional("restart", Shape::Text(&LINE), "units to restart, blanks between; may hold {{ expressions }}"),
        optional("hook", Shape::Text(&LINE), "name of a hook that the device image allows"),
    ],
    rule: Rule::OneOf(&["hostname", "network_connection", "restart", "hook"]),
};

/// One line that may hold expressions of the template.
static LINE: TextRule = TextRule {
    wanted: "one line of at most 500 characters",
    pattern: r"^[^\x00-\x1f\x7f]{1,500}$",
    accepts: |text| (1..=500).contains(&text.chars().count()) && !text.contains(char::is_control),
};

/// A path that every file system and consumer takes: relative, "/"-separated, no empty part, no "." and no "..".
static PATH: TextRule = TextRule {
    wanted: "a relative path without \"..\", of letters, digits and \"-_.+@/\", at most 200 characters",
    pattern: r"^(?=.{1,200}$)(?!(.*/)?\.{1,2}(/|$))[A-Za-z0-9._+@-]+(/[A-Za-z0-9._+@-]+)*$",
    accepts: |text| {
        (1..=200).contains(&text.len())
            && text.split('/').all(|part| {
                !matches!(part, "" | "." | "..")
                    && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+@".contains(c))
            })
    },
};

static CREDENTIAL_NAME: TextRule = TextRule {
    wanted: "a name of letters, digits, \"-\", \"_\" and \".\", or \"*\" for every credential",
    pattern: r"^(\*|[A-Za-z0-9][A-Za-z0-9_.-]{0,63})$",
    accepts: |text| text == EVERY_CREDENTIAL || (NAME.accepts)(text),
};

static MODE: TextRule = TextRule {
    wanted: "a Unix mode in quotes such as \"0600\"",
    pattern: "^0?[0-7]{3}$",
    accepts: |text| mode(text).is_some(),
};

static PART: TextRule = TextRule {
    wanted: "a part of a credential such as identity.private_key",
    pattern: r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.[a-z_]{1,32}$",
    accepts: |text| {
        text.split_once('.').is_some_and(|(name, part)| {
            (NAME.accepts)(name)
                && (1..=32).contains(&part.len())
                && part.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        })
    },
};

/// Returns the Unix mode that `text` writes in octal.
pub(super) fn mode(text: &str) -> Option<u32> {
    let digits = if text.len() == 4 { text.strip_prefix('0')? } else { text };
    let octal = digits.len() == 3 && digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    octal.then(|| u32::from_str_radix(digits, 8).ok()).flatten()
}
