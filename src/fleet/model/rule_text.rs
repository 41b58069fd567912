//! A rule as JSON: how it lies in a registry and goes over the wire, in the words of the fleet file.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::range::VersionRange;
use super::rule::{ModelRule, ObjectVersion, RuleCondition, SerialRange};
use super::version::ModelRef;
use crate::fleet::Place;

/// Greatest priority, and with the sign turned the least.
const GREATEST: i64 = 1_000_000;
/// Most words of a condition, and most objects.
const MOST_WORDS: usize = 64;
/// Longest word of a condition, in bytes.
const LONGEST_WORD: usize = 256;
/// Longest name, in bytes.
const LONGEST_NAME: usize = 64;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    #[serde(default)]
    priority: i64,
    #[serde(default)]
    when: When,
    assign: ModelRef,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct When {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vendor: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    model: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hardware: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    firmware: Option<VersionRange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<Serials>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    objects: Vec<ObjectVersion>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Serials {
    #[serde(skip_serializing_if = "String::is_empty")]
    prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<u64>,
}

impl ModelRule {
    /// Returns the rule as JSON, without its place.
    pub fn to_json(&self) -> Value {
        let RuleCondition { vendor, model, hardware, firmware, serial, objects } = self.when.clone();
        let serial = serial.map(|range| Serials { prefix: range.prefix, from: range.from, to: range.to });
        let when = When { vendor, model, hardware, firmware, serial, objects };
        let written = Written { name: self.name.clone(), priority: self.priority, when, assign: self.assign.clone() };
        serde_json::to_value(written).expect("a rule is made of texts and numbers")
    }

    /// Reads a rule from JSON; the error says what is wrong.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        let written = Written::deserialize(value).map_err(|error| error.to_string())?;
        let Written { name, priority, when, assign } = written;
        check(&name, priority, &when)?;
        let serial = when.serial.map(|range| SerialRange { prefix: range.prefix, from: range.from, to: range.to });
        let When { vendor, model, hardware, firmware, objects, .. } = when;
        Ok(Self {
            name,
            place: Place::new(&Arc::from("registry"), 1, 1),
            priority,
            when: RuleCondition { vendor, model, hardware, firmware, serial, objects },
            assign,
        })
    }
}

fn check(name: &str, priority: i64, when: &When) -> Result<(), String> {
    let is_word = |text: &str, most: usize| (1..=most).contains(&text.len()) && !text.chars().any(char::is_control);
    if !is_word(name, LONGEST_NAME) || name.contains('/') {
        return Err(format!("{name:?} is no name of a rule, wanted are 1 to {LONGEST_NAME} bytes without \"/\""));
    }
    if !(-GREATEST..=GREATEST).contains(&priority) {
        return Err(format!("priority {priority} is not within {GREATEST} of 0"));
    }
    for (key, words) in [("vendor", &when.vendor), ("model", &when.model), ("hardware", &when.hardware)] {
        if words.len() > MOST_WORDS || !words.iter().all(|word| is_word(word, LONGEST_WORD)) {
            return Err(format!("{key:?} has empty or long words, or more than {MOST_WORDS}"));
        }
    }
    if when.objects.len() > MOST_WORDS {
        return Err(format!("\"objects\" has {}, at most {MOST_WORDS} are possible", when.objects.len()));
    }
    let Some(serial) = &when.serial else { return Ok(()) };
    let is_empty = serial.prefix.is_empty() && serial.from.is_none() && serial.to.is_none();
    if is_empty || matches!((serial.from, serial.to), (Some(from), Some(to)) if from > to) {
        return Err("\"serial\" holds nothing".to_owned());
    }
    if !serial.prefix.is_empty() && !is_word(&serial.prefix, LONGEST_NAME) {
        return Err("\"serial.prefix\" has more than 64 bytes, or control characters".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rule_comes_back_as_it_was() {
        let written = json!({"name": "new", "priority": 5, "assign": "sensor@2", "when": {
            "vendor": ["ACME*"], "model": ["X-1"], "hardware": ["b"], "firmware": ">=1.4 <2",
            "serial": {"prefix": "SN", "from": 7}, "objects": ["3303/1.1"]}});
        let rule = ModelRule::from_json(&written).expect("a rule");
        assert_eq!(rule.to_json(), written);
        let again = ModelRule::from_json(&rule.to_json()).expect("a rule");
        assert_eq!(again, rule);
        let least = ModelRule::from_json(&json!({"name": "all", "assign": "sensor"})).expect("a rule");
        assert_eq!((least.priority, least.when), (0, RuleCondition::default()));
    }

    #[test]
    fn what_would_fit_more_devices_than_meant_is_refused() {
        for wrong in [
            json!({"name": "a", "assign": "sensor", "when": {"vendro": ["x"]}}),
            json!({"name": "a", "assign": "sensor", "when": {"serial": {}}}),
            json!({"name": "a", "assign": "sensor", "when": {"serial": {"from": 9, "to": 1}}}),
            json!({"name": "a", "assign": "sensor", "when": {"firmware": "about 2"}}),
            json!({"name": "a", "assign": "sensor", "when": {"vendor": [""]}}),
            json!({"name": "a/b", "assign": "sensor"}),
            json!({"name": "", "assign": "sensor"}),
            json!({"name": "a", "assign": "Sensor!"}),
            json!({"name": "a", "assign": "sensor", "priority": 10_000_000}),
            json!([]),
        ] {
            assert!(ModelRule::from_json(&wrong).is_err(), "{wrong}");
        }
    }
}
