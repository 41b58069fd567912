//! The table of the short YAML of a model.
//!
//! A data schema holds data schemas: the tables here name themselves, which the check walks as deep as the file goes.

use super::rule::ObjectVersion;
use super::version::{ModelName, ModelVersion};
use crate::fleet::shape::{Field, NAME, Record, Rule, Shape, TEXT, TextRule, optional, required};

/// The whole file.
pub(super) static MODEL: Record = Record {
    fields: &[
        required("model", Shape::Text(&MODEL_NAME), "name of the model"),
        required("version", Shape::Text(&MODEL_VERSION), "version such as 1.2.0, never published twice"),
        TITLE,
        DESCRIPTION,
        optional("extends", Shape::Value, "model that this one extends such as other@1"),
        optional(
            "submodels",
            Shape::Names { key: &NAME, value: &Shape::Value, least: 0 },
            "models that this one is made of, by name of the part",
        ),
        optional("instance", FIELDS, "values that every instance has, by name"),
        optional(
            "properties",
            Shape::Names { key: &NAME, value: &Shape::Record(&PROPERTY), least: 0 },
            "what can be read or set, by name",
        ),
        optional(
            "actions",
            Shape::Names { key: &NAME, value: &Shape::Record(&ACTION), least: 0 },
            "what can be done, by name",
        ),
        optional(
            "events",
            Shape::Names { key: &NAME, value: &Shape::Record(&EVENT), least: 0 },
            "what the device tells by itself, by name",
        ),
    ],
    rule: Rule::Free,
};

const TITLE: Field = optional("title", Shape::Text(&TEXT), "a few words for a person");
const DESCRIPTION: Field = optional("description", Shape::Text(&TEXT), "what it is");
const OPTIONAL: Field = optional("optional", Shape::Boolean, "true if it may be absent");
const REQUIRED: Field = optional("required", Shape::Boolean, "false if it may be absent");
const LWM2M: Field = optional("lwm2m", Shape::Text(&LWM2M_PATH), "LwM2M path such as /3303/0/5700");
const FIRMWARE: Field = optional("firmware", Shape::Value, "range of the firmware that has it such as \">=1.4\"");
const FIELDS: Shape = Shape::Names { key: &NAME, value: &Shape::Record(&FIELD), least: 0 };
const COUNT: Shape = Shape::Integer { least: 0, most: u32::MAX as i64 };
const SCHEMA: Shape = Shape::Record(&FIELD);

macro_rules! data_schema {
    ($($more:expr),* $(,)?) => {
        Record {
            fields: &[
                TITLE,
                DESCRIPTION,
                optional("type", Shape::Word(&TYPES), "type of the value"),
                optional("unit", Shape::Text(&TEXT), "unit of the value such as Cel"),
                optional("minimum", Shape::Value, "least value"),
                optional("maximum", Shape::Value, "greatest value"),
                optional("exclusiveMinimum", Shape::Value, "what the value is more than"),
                optional("exclusiveMaximum", Shape::Value, "what the value is less than"),
                optional("multipleOf", Shape::Value, "step of the values"),
                optional("minLength", COUNT, "least characters"),
                optional("maxLength", COUNT, "most characters"),
                optional("pattern", Shape::Text(&TEXT), "regular expression of the text"),
                optional("format", Shape::Text(&TEXT), "form of the text such as date-time"),
                optional("contentEncoding", Shape::Text(&TEXT), "encoding of the text such as base64"),
                optional("contentMediaType", Shape::Text(&TEXT), "media type of what the text holds"),
                optional("minItems", COUNT, "least items"),
                optional("maxItems", COUNT, "most items"),
                optional("items", Shape::Record(&FIELD), "what each item of a list is"),
                optional(
                    "properties",
                    Shape::Names { key: &NAME, value: &Shape::Record(&FIELD), least: 0 },
                    "fields of an object, by name",
                ),
                optional("enum", Shape::List(&Shape::Value), "the values it can have"),
                optional("const", Shape::Value, "the one value it has"),
                optional("default", Shape::Value, "value when nothing is said"),
                $($more),*
            ],
            rule: Rule::Free,
        }
    };
}

/// Words of `type:`, those of WoT TD 1.1, section 5.3.2.1.
static TYPES: [&str; 7] = ["boolean", "integer", "number", "string", "object", "array", "null"];
/// A data schema inside another, or a field of one.
static FIELD: Record = data_schema![OPTIONAL, REQUIRED];
static PROPERTY: Record = data_schema![
    optional("access", Shape::Word(&["r", "w", "rw"]), "r to read, w to set, rw for both (when absent too)"),
    optional("observe", Shape::Boolean, "true if the device tells changes by itself"),
    LWM2M,
    FIRMWARE,
    OPTIONAL,
    REQUIRED,
];
static ACTION: Record = Record {
    fields: &[
        TITLE,
        DESCRIPTION,
        optional("input", SCHEMA, "what it takes"),
        optional("output", SCHEMA, "what it returns"),
        optional("safe", Shape::Boolean, "true if it changes nothing"),
        optional("idempotent", Shape::Boolean, "true if doing it twice is doing it once"),
        LWM2M,
        FIRMWARE,
        OPTIONAL,
        REQUIRED,
    ],
    rule: Rule::Free,
};
static EVENT: Record = Record {
    fields: &[TITLE, DESCRIPTION, optional("data", SCHEMA, "what it tells"), LWM2M, FIRMWARE, OPTIONAL, REQUIRED],
    rule: Rule::Free,
};

static MODEL_NAME: TextRule = TextRule {
    wanted: "a model name of lower-case letters, digits, \"-\" and \".\" (at most 64, first a letter or digit)",
    pattern: ModelName::PATTERN,
    accepts: ModelName::fits,
};
static MODEL_VERSION: TextRule = TextRule {
    wanted: "a version of three numbers such as 1.2.0",
    pattern: ModelVersion::PATTERN,
    accepts: |text| text.parse::<ModelVersion>().is_ok(),
};
static LWM2M_PATH: TextRule = TextRule {
    wanted: "an LwM2M path such as /3303/0/5700",
    pattern: "^/[0-9]{1,5}/[0-9]{1,5}/[0-9]{1,5}$",
    accepts: is_lwm2m_path,
};

/// Returns true for `/OBJECT/INSTANCE/RESOURCE`, each at most 65,534 and as short as it can be written.
pub(super) fn is_lwm2m_path(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('/') else { return false };
    let parts: Vec<&str> = rest.split('/').collect();
    let number = |part: &&str| {
        part.parse::<ObjectVersion>().is_ok_and(|object| object.version.is_none() && object.id < u16::MAX)
            && (part.len() == 1 || !part.starts_with('0'))
    };
    parts.len() == 3 && parts.iter().all(number)
}
