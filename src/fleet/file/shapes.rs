//! The table of `fleet.yaml`: every key, what may stand under it and what it is for.

use super::super::model::MODELS;
use super::super::program::PROGRAMMERS;
use super::super::shape::{
    DURATION, Field, IDENTIFIER, NAME, Record, Rule, SIZE, Shape, TEXT, TextRule, VALIDITY, optional, required,
};
use super::bootstrap_shape::BOOTSTRAP;
use super::enrolment_shape::ENROLMENT;
use super::factory_shape::FACTORY;
use super::serving_shape::{ENVIRONMENT, SERVE, STORE};

/// The whole file.
pub(in super::super) static FLEET: Record = Record {
    fields: &[
        required("version", Shape::Integer { least: 1, most: 1 }, "version of this file's form, 1"),
        required("fleet", Shape::Text(&NAME), "name of the fleet"),
        required(
            "inventory",
            Shape::Text(&TEXT),
            "path of the inventory (CSV or YAML) in the fleet's folder, or - for standard input",
        ),
        required("authority", Shape::Record(&AUTHORITY), "the fleet's certificate authority"),
        optional(
            "secrets",
            Shape::Names { key: &NAME, value: &Shape::Record(&SECRET), least: 0 },
            "where secrets come from, by name",
        ),
        optional(
            "servers",
            Shape::Names { key: &NAME, value: &Shape::Record(&SERVER), least: 0 },
            "the servers devices are told about, by name",
        ),
        required(
            "profiles",
            Shape::Names { key: &NAME, value: &Shape::Record(&PROFILE), least: 1 },
            "how devices are made, by name",
        ),
        optional("variables", VARIABLES, "variables of every device"),
        optional(
            "devices",
            Shape::Names { key: &ENDPOINT, value: &Shape::Record(&DEVICE), least: 0 },
            "what is different for single devices, by id",
        ),
        optional(
            "slots",
            Shape::Names { key: &SLOT, value: &Shape::Text(&PORT), least: 0 },
            "USB port paths of the station's slots, by number",
        ),
        optional("programmers", PROGRAMMERS, "programs that drive programmers, by name"),
        optional("enrolment", Shape::Record(&ENROLMENT), "devices that register by themselves"),
        optional("store", STORE, "where the registry lies, in the fleet's folder when absent"),
        optional("serve", Shape::Record(&SERVE), "how the registry is served"),
        optional("models", Shape::Record(&MODELS), "where models lie and which device gets which"),
        optional("bootstrap", Shape::Record(&BOOTSTRAP), "how devices are bootstrapped over LwM2M"),
    ],
    rule: Rule::Free,
};

const VARIABLES: Shape = Shape::Names { key: &IDENTIFIER, value: &Shape::Value, least: 0 };

static AUTHORITY: Record = Record {
    fields: &[
        optional("demo", Shape::Boolean, "true makes an authority for trying out, refused on real hardware"),
        optional("common_name", Shape::Text(&SUBJECT), "common name of the root certificate"),
        optional("organization", Shape::Text(&SUBJECT), "organization in the certificates"),
        optional("key", KEY, "key algorithm, p256 when absent"),
        optional("valid", Shape::Text(&VALIDITY), "how long the authority is valid, forever when absent"),
    ],
    rule: Rule::Unless { flag: "demo", wanted: "common_name" },
};

const KEY: Shape = Shape::Word(&["p256"]);

static SECRET: Record = Record {
    fields: &[
        optional("age", Shape::Text(&TEXT), "path of an age file encrypted to the station"),
        optional("env", Shape::Text(&ENVIRONMENT), "name of an environment variable"),
        optional("file", Shape::Text(&TEXT), "path of a file that only its owner may read"),
        optional("fd", Shape::Integer { least: 0, most: 65_535 }, "number of an open file descriptor"),
        optional("prompt", Shape::True, "true asks on the terminal"),
    ],
    rule: Rule::OneOf(&["age", "env", "file", "fd", "prompt"]),
};

static SERVER: Record = Record {
    fields: &[
        required("protocol", Shape::Word(&["lwm2m", "mqtt", "https"]), "protocol spoken there: lwm2m, mqtt or https"),
        required("uri", Shape::Text(&URI), "where it is, such as coaps://host:5684"),
        optional(
            "role",
            Shape::Word(&["management", "bootstrap", "registration"]),
            "what it is to the device, management when absent",
        ),
        required(
            "security",
            Shape::Word(&["none", "psk", "rpk", "x509"]),
            "how the two sides prove themselves: none, psk, rpk or x509",
        ),
        optional("credential", Shape::Text(&NAME), "name of the profile's credential shown there"),
        optional(
            "trust",
            Shape::Text(&TEXT),
            "path of a PEM file with the certificates trusted there, the fleet's own root when absent",
        ),
        optional(
            "server_public_key",
            Shape::Text(&TEXT),
            "path of a PEM file with the server's public key (security rpk)",
        ),
        optional("short_server_id", Shape::Integer { least: 1, most: 65_534 }, "LwM2M short server id"),
        optional("lifetime", Shape::Text(&DURATION), "LwM2M registration lifetime such as 1h"),
        optional("binding", Shape::Text(&BINDING), "LwM2M binding such as U"),
        optional("access", Shape::List(&Shape::Record(&ACCESS)), "LwM2M access rights"),
        optional("recipient", Shape::Text(&RECIPIENT), "age recipient of the server, to which its PSKs are wrapped"),
    ],
    rule: Rule::Free,
};

static ACCESS: Record = Record {
    fields: &[
        required("object", Shape::Integer { least: 0, most: 65_534 }, "object id"),
        required(
            "instance",
            Shape::Integer { least: 0, most: 65_535 },
            "object instance id, 65535 for the right to create",
        ),
        required(
            "rights",
            Shape::Integer { least: 0, most: 31 },
            "sum of 1 read, 2 write, 4 execute, 8 delete, 16 create",
        ),
    ],
    rule: Rule::Free,
};

static PROFILE: Record = Record {
    fields: &[
        optional(
            "credentials",
            Shape::Names { key: &NAME, value: &CREDENTIAL, least: 0 },
            "credentials of each device, by name",
        ),
        optional(
            "bundles",
            Shape::Names { key: &NAME, value: &Shape::Record(&BUNDLE), least: 0 },
            "bootstrap bundles, by name",
        ),
        required(
            "deliveries",
            Shape::Names { key: &NAME, value: &Shape::Record(&DELIVERY), least: 1 },
            "how bundles reach the device, by name",
        ),
        optional("variables", VARIABLES, "variables of the profile's devices"),
        optional(
            "servers",
            Shape::List(&Shape::Text(&NAME)),
            "names of the servers these devices are told about, all when absent",
        ),
        optional("model", Shape::Text(&TEXT), "model of the profile's devices where the inventory names none"),
        optional("group", Shape::Text(&NAME), "name of the enrolment group in which these devices register"),
    ],
    rule: Rule::Free,
};

const RETAIN: Field = optional(
    "retain",
    Shape::Word(&["never", "until-delivered", "keep"]),
    "how long the station keeps the private part: never, until-delivered (default of key pairs) or keep (default of PSKs)",
);

static CREDENTIAL: Shape = Shape::Tagged {
    tag: "kind",
    says: "kind of credential: x509, psk, rpk or token",
    variants: &[
        (
            "x509",
            Record {
                fields: &[
                    optional("key", KEY, "key algorithm, p256 when absent"),
                    optional("profile", Shape::Word(&["idevid"]), "what the certificate is for, idevid when absent"),
                    optional("valid", Shape::Text(&VALIDITY), "how long it is valid, forever when absent"),
                    optional(
                        "made",
                        Shape::Word(&["station", "device"]),
                        "where its key pair is made: station (when absent), or device, which never shows the private half",
                    ),
                    RETAIN,
                ],
                rule: Rule::Free,
            },
        ),
        (
            "psk",
            Record {
                fields: &[
                    optional(
                        "bytes",
                        Shape::Integer { least: 16, most: 64 },
                        "length of the key in bytes, 16 when absent",
                    ),
                    optional(
                        "identity",
                        Shape::Text(&PSK_IDENTITY),
                        "PSK identity with {id} and {serial} for the device's own, {id} when absent",
                    ),
                    optional(
                        "group",
                        Shape::Text(&NAME),
                        "name of the enrolment group from whose key it is derived (32 bytes), drawn at random when absent",
                    ),
                    RETAIN,
                ],
                rule: Rule::Free,
            },
        ),
        (
            "rpk",
            Record { fields: &[optional("key", KEY, "key algorithm, p256 when absent"), RETAIN], rule: Rule::Free },
        ),
        (
            "token",
            Record {
                fields: &[
                    optional(
                        "bytes",
                        Shape::Integer { least: 16, most: 64 },
                        "length of the token in random bytes, 32 when absent",
                    ),
                    optional("valid", Shape::Text(&DURATION), "how long it may be exchanged, 7d when absent"),
                    RETAIN,
                ],
                rule: Rule::Free,
            },
        ),
    ],
};

static BUNDLE: Record = Record {
    fields: &[
        required("template", Shape::Text(&NAME), "name of a built-in template, or of a folder under templates/"),
        optional(
            "seal",
            Shape::Word(&["none", "sign", "sign+encrypt"]),
            "how the bundle is protected; none, as when absent, leaves plain files",
        ),
        optional("accept_plaintext", Shape::Text(&TEXT), "why secrets may lie in clear on the medium"),
        optional(
            "recipients",
            Shape::List(&Shape::Record(&RECIPIENT_OF)),
            "who can open it (seal: sign+encrypt), all by age or all by cose_key",
        ),
        optional(
            "match",
            Shape::MapOrList(&Shape::Record(&MATCH), &Shape::List(&Shape::Word(&PROPERTIES))),
            "what a device must be to take it: property and the column with its value; a list means columns of that name",
        ),
        optional("valid", Shape::Text(&DURATION), "how long after it was made it may be taken, for ever when absent"),
        optional("single_use", Shape::Boolean, "true lets a device take it once only"),
        optional(
            "without_clock",
            Shape::Word(&["refuse", "accept"]),
            "what a device without trusted time does where validity counts, refuse when absent",
        ),
        optional(
            "for",
            Shape::Word(&["device", "site"]),
            "whose it is: one device's, or a site's with settings for all",
        ),
        optional("connect", Shape::Record(&CONNECT), "the connection that proves it good on the device"),
        optional(
            "credentials",
            Shape::List(&Shape::Text(&NAME)),
            "names of the credentials it carries, all that its template uses when absent",
        ),
    ],
    rule: Rule::Free,
};

/// The properties of a device that a bundle may ask for.
pub(in super::super) const PROPERTIES: [&str; 7] =
    ["serial", "mac", "machine-id", "dmi-serial", "dt-serial", "tpm-ek", "model"];

static RECIPIENT_OF: Record = Record {
    fields: &[
        optional("variable", Shape::Text(&IDENTIFIER), "name of the column or variable with an age recipient"),
        optional("age", Shape::Text(&AGE_RECIPIENT), "an age recipient"),
        optional("batch", Shape::Text(&NAME), "name of a batch key that device images carry"),
        optional("cose_key", Shape::Text(&NAME), "name of a secret with a key of 16 or 32 bytes, hex or base64"),
    ],
    rule: Rule::OneOf(&["variable", "age", "batch", "cose_key"]),
};

const VALUE_OF: Shape = Shape::Text(&IDENTIFIER);

static MATCH: Record = Record {
    fields: &[
        optional("serial", VALUE_OF, "column with the serial number"),
        optional("mac", VALUE_OF, "column with the address of a network interface"),
        optional("machine-id", VALUE_OF, "column with systemd's machine id"),
        optional("dmi-serial", VALUE_OF, "column with the DMI serial number"),
        optional("dt-serial", VALUE_OF, "column with the device tree's serial number"),
        optional("tpm-ek", VALUE_OF, "column with the SHA-256 of the TPM's endorsement key"),
        optional("model", VALUE_OF, "column with the model"),
    ],
    rule: Rule::Free,
};

static CONNECT: Record = Record {
    fields: &[
        required("server", Shape::Text(&NAME), "name of the server"),
        optional("within", Shape::Text(&DURATION), "how long it may take, at most 10m, 30s when absent"),
    ],
    rule: Rule::Free,
};

/// An X25519 recipient: 32 bytes and a checksum in bech32 (age-encryption.org/v1; BIP 173).
static AGE_RECIPIENT: TextRule = TextRule {
    wanted: "an age recipient: age1 and 58 more small letters and digits",
    pattern: "^age1[02-9ac-hj-np-z]{58}$",
    accepts: is_age_recipient,
};

/// Returns true if `text` has the form of an age recipient; whether its checksum is right is not looked at.
pub(in super::super) fn is_age_recipient(text: &str) -> bool {
    const SYMBOLS: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    text.strip_prefix("age1").is_some_and(|rest| rest.len() == 58 && rest.chars().all(|c| SYMBOLS.contains(c)))
}

static DELIVERY: Record = Record {
    fields: &[
        optional("bundle", Shape::Text(&NAME), "name of one of the profile's bundles"),
        optional("medium", Shape::Record(&MEDIUM), "the volume, where it differs from what the template wants"),
        optional("factory", Shape::Record(&FACTORY), "what goes where in a chip's flash, by a programmer"),
    ],
    rule: Rule::OneOf(&["bundle", "factory"]),
};

/// The volume; a template's own too.
pub(in super::super) static MEDIUM: Record = Record {
    fields: &[
        optional("table", Shape::Word(&["none", "mbr", "gpt"]), "partition table: none, mbr or gpt"),
        optional("filesystem", Shape::Word(&["fat", "fat12", "fat16", "fat32"]), "file system; fat chooses by size"),
        optional("label", Shape::Text(&LABEL), "volume label, at most 11 characters"),
        optional("size", Shape::Text(&SIZE), "size of the whole image such as 64MiB"),
    ],
    rule: Rule::Free,
};

static DEVICE: Record = Record {
    fields: &[
        optional("variables", VARIABLES, "variables of this device"),
        optional("profile", Shape::Text(&NAME), "its profile"),
        optional("serial", Shape::Text(&SERIAL), "its serial number"),
        optional("model", Shape::Text(&TEXT), "its model"),
    ],
    rule: Rule::Free,
};

static SUBJECT: TextRule = TextRule {
    wanted: "a text of 1 to 64 characters without control characters",
    pattern: r"^[^\x00-\x1f\x7f-\x9f]{1,64}$",
    accepts: |text| (1..=64).contains(&text.chars().count()) && !text.contains(char::is_control),
};

/// `scheme://something`, printable ASCII, at most 255 bytes (OMA LwM2M, Security object, resource 0).
static URI: TextRule = TextRule {
    wanted: "an address with scheme such as coaps://host:5684, at most 255 characters",
    pattern: "^(?=.{1,255}$)[a-z][a-z0-9+]*://[!-~]+$",
    accepts: |text| {
        let Some((scheme, rest)) = text.split_once("://") else { return false };
        text.len() <= 255
            && scheme.starts_with(|c: char| c.is_ascii_lowercase())
            && scheme.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '+')
            && !rest.is_empty()
            && rest.chars().all(|c| c.is_ascii_graphic())
    },
};

static BINDING: TextRule = TextRule {
    wanted: "an LwM2M binding of the letters U M H T S N Q, each once",
    pattern: "^(?!.*(.).*\\1)[UMHTSNQ]{1,7}$",
    accepts: |text| {
        !text.is_empty()
            && text.chars().all(|c| "UMHTSNQ".contains(c))
            && text.chars().enumerate().all(|(at, c)| !text[..at].contains(c))
    },
};

static RECIPIENT: TextRule = TextRule {
    wanted: "an age recipient (age1...)",
    pattern: "^age1[a-z0-9]{10,2000}$",
    accepts: |text| {
        text.strip_prefix("age1").is_some_and(|rest| {
            (10..=2000).contains(&rest.len()) && rest.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
    },
};

/// RFC 4279, section 5.3: implementations support identities of up to 128 bytes.
pub(super) static PSK_IDENTITY: TextRule = TextRule {
    wanted: "1 to 128 printable ASCII characters, of braces only {id} and {serial}",
    pattern: r"^(?=.{1,128}$)([ -z|~]|\{id\}|\{serial\})+$",
    accepts: |text| {
        let bare = text.replace("{id}", "-").replace("{serial}", "-");
        (1..=128).contains(&text.len())
            && bare.chars().all(|c| (c.is_ascii_graphic() || c == ' ') && c != '{' && c != '}')
    },
};

/// A FAT volume label (Microsoft FAT specification, BS_VolLab): 11 bytes; small letters are written as capitals.
static LABEL: TextRule = TextRule {
    wanted: "1 to 11 ASCII letters, digits, spaces and !#$%&'()-@^_`{}~, first no space",
    pattern: r"^[A-Za-z0-9!#$%&'()@^_`{}~-][A-Za-z0-9 !#$%&'()@^_`{}~-]{0,10}$",
    accepts: |text| {
        (1..=11).contains(&text.len())
            && !text.starts_with(' ')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || " !#$%&'()-@^_`{}~".contains(c))
    },
};

/// See `identity::EndpointName`.
static ENDPOINT: TextRule = TextRule {
    wanted: "an endpoint name of letters, digits and -_.:+@= (at most 64, first a letter or digit, no \"..\")",
    pattern: r"^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9_.:+@=-]{0,63}$",
    accepts: |text| super::super::EndpointName::new(text).is_ok(),
};

/// See `identity::SerialNumber`.
static SERIAL: TextRule = TextRule {
    wanted: "a serial number of letters, digits and -.:/+=()',? (at most 64, first a letter or digit, no \"..\")",
    pattern: r"^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9.:/+=()',?-]{0,63}$",
    accepts: |text| super::super::SerialNumber::new(text).is_ok(),
};

static SLOT: TextRule = TextRule {
    wanted: "a slot number from 1 to 999",
    pattern: "^[1-9][0-9]{0,2}$",
    accepts: |text| slot(text).is_some(),
};

/// Returns the number of a slot.
pub(super) fn slot(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    ((1..=999).contains(&number) && number.to_string() == text).then_some(number)
}

/// The kernel's name of a USB port: bus, then the port on each hub.
static PORT: TextRule = TextRule {
    wanted: "a USB port path such as 1-4.2",
    pattern: r"^[1-9][0-9]{0,2}-[1-9][0-9]{0,2}(\.[1-9][0-9]{0,2}){0,6}$",
    accepts: |text| {
        let Some((bus, ports)) = text.split_once('-') else { return false };
        slot(bus).is_some() && ports.split('.').count() <= 7 && ports.split('.').all(|port| slot(port).is_some())
    },
};
