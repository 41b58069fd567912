//! The table of `factory:`: every key, what may stand under it and what it is for.

use super::super::factory::ValueKind;
use super::super::program::HOOK;
use super::super::shape::{IDENTIFIER, NAME, Record, Rule, SIZE, Shape, TEXT, TextRule, optional, required};

/// The section.
pub(super) static FACTORY: Record = Record {
    fields: &[
        required("chip", Shape::Text(&CHIP), "name of the chip, as its programmer knows it"),
        optional("partition_table", Shape::Text(&TEXT), "path of the ESP-IDF partition table (CSV) the chip must have"),
        optional(
            "partition_table_offset",
            Shape::Integer { least: 0x1000, most: 0x00FF_F000 },
            "where that table lies in flash, 0x8000 when absent",
        ),
        required("parts", Shape::List(&Shape::Record(&PART)), "the parts of the flash that are written"),
        optional(
            "serials",
            Shape::Word(&["mes", "chip", "pool"]),
            "where serial numbers come from: mes (the inventory, when absent), chip, or pool",
        ),
        optional("serial_pool", Shape::Record(&POOL), "the numbers that this station counts (serials: pool)"),
        optional(
            "identity",
            Shape::Word(&["required", "none"]),
            "none takes a chip that cannot say who it is; required when absent",
        ),
        optional("lock", Shape::Text(&TEXT), "path of the signed lock recipe"),
        optional(
            "lock_passes",
            Shape::Word(&["observed", "applied"]),
            "what a unit needs to pass: its lock observed (when absent), or applied where nothing can show it",
        ),
        optional("hooks", Shape::Record(&HOOKS), "programs that are told of a step and may say no"),
        optional("label", Shape::Record(&LABEL), "the label of a unit that passed"),
        optional("accept_plaintext", Shape::Text(&TEXT), "why secrets may lie in clear in the chip"),
    ],
    rule: Rule::Free,
};

static HOOKS: Record = Record {
    fields: &[
        optional("before_connect", Shape::Record(&HOOK), "before the programmer connects"),
        optional("after_write", Shape::Record(&HOOK), "when the chip was read back and holds what it should"),
        optional("after_boot", Shape::Record(&HOOK), "when the chip was let go and runs its firmware"),
    ],
    rule: Rule::Free,
};

static LABEL: Record = Record {
    fields: &[
        required("code", Shape::Text(&TEXT), "what the QR code says, with {id}, {serial}, {uid}, {mac} and {model}"),
        optional("lines", Shape::List(&Shape::Text(&TEXT)), "lines beside it, with the same placeholders"),
        optional("width", Shape::Integer { least: 10, most: 200 }, "width of the label in millimetres, 50 when absent"),
        optional("height", Shape::Integer { least: 10, most: 200 }, "its height in millimetres, 25 when absent"),
        optional("dpi", Shape::Integer { least: 203, most: 300 }, "dots an inch, 203 (when absent) or 300"),
    ],
    rule: Rule::Free,
};

static PART: Record = Record {
    fields: &[
        optional("partition", Shape::Text(&PARTITION), "name of the partition"),
        optional("address", ADDRESS, "address of the first byte, where it is no partition"),
        optional("size", Shape::Text(&SIZE), "length such as 4KiB, with address"),
        required(
            "format",
            Shape::Word(&["nvs", "esp_secure_cert", "littlefs", "cbor", "raw"]),
            "form: nvs, esp_secure_cert, littlefs, cbor or raw",
        ),
        required("entries", Shape::List(&Shape::Record(&ENTRY)), "what it holds"),
        optional("read_only", Shape::Boolean, "true uses every page of an NVS partition that the device never writes"),
        optional("encrypt", Shape::Record(&ENCRYPT), "encrypts an NVS partition"),
        optional("block_size", Shape::Integer { least: 128, most: 131_072 }, "block of a littlefs, 4096 when absent"),
    ],
    rule: Rule::OneOf(&["partition", "address"]),
};

const ADDRESS: Shape = Shape::Integer { least: 0, most: 0xFFFF_FFFF };

static ENCRYPT: Record = Record {
    fields: &[
        required("credential", Shape::Text(&NAME), "name of a psk credential of 64 bytes, the two keys of XTS"),
        optional("keys_partition", Shape::Text(&PARTITION), "partition the keys are written to"),
    ],
    rule: Rule::Free,
};

static ENTRY: Record = Record {
    fields: &[
        optional("namespace", Shape::Text(&PARTITION), "NVS namespace, device when absent"),
        optional("key", Shape::Text(&TEXT), "key; of esp_secure_cert the record"),
        optional("path", Shape::Text(&TEXT), "path in a littlefs"),
        optional("offset", ADDRESS, "offset in a raw part"),
        optional("length", Shape::Integer { least: 1, most: 1 << 24 }, "bytes reserved in a raw part"),
        optional("type", Shape::Word(&ValueKind::WORDS), "how it is written: u8 to i64, string or blob"),
        optional("credential", Shape::Text(&PART_OF), "part of a credential, NAME.PART"),
        optional("as", Shape::Word(&["der", "pem", "raw", "hex", "base64"]), "encoding of a credential's part"),
        optional("variable", Shape::Text(&IDENTIFIER), "name of a variable or column"),
        optional("secret", Shape::Boolean, "true for a variable that may be given as a secret only"),
        optional("text", Shape::Text(&TEXT), "text with expressions such as {{ device.serial }} or {{ chip.mac }}"),
        optional("trust", Shape::Text(&NAME), "name of the server whose trusted certificates these are"),
        optional("objects", Shape::Word(&["senml-cbor", "tlv"]), "the LwM2M objects of the device's servers"),
        optional("object", Shape::Integer { least: 0, most: 65_534 }, "the one object that tlv encodes"),
    ],
    rule: Rule::OneOf(&["credential", "variable", "text", "trust", "objects"]),
};

static POOL: Record = Record {
    fields: &[
        optional("prefix", Shape::Text(&PREFIX), "what stands in front of the number"),
        required("first", Shape::Integer { least: 0, most: i64::MAX }, "the first number"),
        required("last", Shape::Integer { least: 0, most: i64::MAX }, "the last number"),
        optional("digits", Shape::Integer { least: 1, most: 18 }, "digits, filled with zeros; 1 when absent"),
    ],
    rule: Rule::Free,
};

static CHIP: TextRule = TextRule {
    wanted: "the name of a chip: letters, digits, \"-\" and \"_\" (at most 64)",
    pattern: "^[A-Za-z0-9_-]{1,64}$",
    accepts: |text| {
        (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
    },
};

/// ESP-IDF: 15 characters for a namespace and for a partition's label (its 16th byte is the NUL).
static PARTITION: TextRule = TextRule {
    wanted: "a name of 1 to 15 printable characters without blanks",
    pattern: "^[!-~]{1,15}$",
    accepts: |text| (1..=15).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic()),
};

static PART_OF: TextRule = TextRule {
    wanted: "a part of a credential such as identity.certificate",
    pattern: r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\.[a-z_]{1,32}$",
    accepts: |text| {
        let Some((name, part)) = text.rsplit_once('.') else { return false };
        (NAME.accepts)(name) && !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    },
};

static PREFIX: TextRule = TextRule {
    wanted: "a text of at most 24 letters, digits, \"-\", \"_\" and \".\"",
    pattern: "^[A-Za-z0-9_.-]{1,24}$",
    accepts: |text| text.len() <= 24 && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)),
};
