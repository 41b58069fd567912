//! Which model a device gets: rules over what is known of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::range::VersionRange;
use super::version::{ModelRef, VersionError, shown};
use crate::fleet::Place;

/// A rule that assigns a model.
#[derive(Clone, PartialEq, Debug)]
pub struct ModelRule {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// The fitting rule with the greatest priority decides; 0 when absent.
    pub priority: i64,
    /// What must hold, all of it; with nothing it fits every device.
    pub when: RuleCondition,
    /// The model it assigns.
    pub assign: ModelRef,
}

/// What a rule wants of a device; absent parts want nothing.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RuleCondition {
    /// Vendors, one of which it is; `*` at the end stands for any rest. Case counts, here and below.
    pub vendor: Vec<String>,
    /// Model designations of the vendor.
    pub model: Vec<String>,
    /// Hardware revisions.
    pub hardware: Vec<String>,
    /// Range of the firmware.
    pub firmware: Option<VersionRange>,
    /// Range of the serial number.
    pub serial: Option<SerialRange>,
    /// LwM2M objects, all of which the device has.
    pub objects: Vec<ObjectVersion>,
}

/// A range of serial numbers: a prefix, then digits only.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct SerialRange {
    /// What comes before the number.
    pub prefix: String,
    /// Least number.
    pub from: Option<u64>,
    /// Greatest number.
    pub to: Option<u64>,
}

/// An LwM2M object and perhaps its version: `3303` or `3303/1.1`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ObjectVersion {
    /// Object id.
    pub id: u16,
    /// Major and minor version. A device that says none has 1.0 (OMA LwM2M 1.2 Core, section 7.2.2).
    pub version: Option<(u8, u8)>,
}

/// What is known of a device when its model is chosen.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeviceFacts {
    /// Vendor.
    pub vendor: Option<String>,
    /// The vendor's model designation.
    pub model: Option<String>,
    /// Hardware revision.
    pub hardware: Option<String>,
    /// Firmware as the device reports it.
    pub firmware: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// LwM2M objects it registered with.
    pub objects: Vec<ObjectVersion>,
}

/// What the rules say about a device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Assignment {
    /// A rule decides.
    Rule {
        /// Its name.
        name: String,
        /// The model.
        assign: ModelRef,
    },
    /// No rule fits: the opaque model.
    Fallback,
    /// Several rules of the same priority fit and assign different models: a person must decide.
    Ambiguous {
        /// Their names, in the order of the file.
        names: Vec<String>,
    },
}

/// How one rule fared with a device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RuleOutcome {
    /// The rule's name.
    pub rule: String,
    /// Its priority.
    pub priority: i64,
    /// The model it would assign.
    pub assign: ModelRef,
    /// What did not fit; empty if the rule fits.
    pub misses: Vec<Miss>,
    /// True if it decided.
    pub decided: bool,
}

/// One condition that does not hold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Miss {
    /// The condition's key: `vendor`, `firmware` ...
    pub condition: &'static str,
    /// What is wanted.
    pub wanted: String,
    /// What the device says; none if it says nothing.
    pub found: Option<String>,
}

/// Returns what the rules assign to a device.
pub fn assign(rules: &[ModelRule], facts: &DeviceFacts) -> Assignment {
    let fitting: Vec<&ModelRule> = rules.iter().filter(|rule| rule.when.misses(facts).is_empty()).collect();
    let Some(greatest) = fitting.iter().map(|rule| rule.priority).max() else { return Assignment::Fallback };
    let mut first = fitting.iter().filter(|rule| rule.priority == greatest);
    match first.next() {
        Some(rule) if first.all(|other| other.assign == rule.assign) => {
            Assignment::Rule { name: rule.name.clone(), assign: rule.assign.clone() }
        }
        _ => Assignment::Ambiguous {
            names: fitting.iter().filter(|rule| rule.priority == greatest).map(|rule| rule.name.clone()).collect(),
        },
    }
}

/// Returns how every rule fared, greatest priority first: why a device got its model, or did not.
pub fn explain(rules: &[ModelRule], facts: &DeviceFacts) -> Vec<RuleOutcome> {
    let decided = match assign(rules, facts) {
        Assignment::Rule { name, .. } => Some(name),
        Assignment::Fallback | Assignment::Ambiguous { .. } => None,
    };
    let mut outcomes: Vec<RuleOutcome> = rules
        .iter()
        .map(|rule| RuleOutcome {
            rule: rule.name.clone(),
            priority: rule.priority,
            assign: rule.assign.clone(),
            misses: rule.when.misses(facts),
            decided: decided.as_ref() == Some(&rule.name),
        })
        .collect();
    outcomes.sort_by_key(|outcome| std::cmp::Reverse(outcome.priority));
    outcomes
}

impl RuleCondition {
    /// Returns what does not hold for a device; empty if the condition fits.
    pub fn misses(&self, facts: &DeviceFacts) -> Vec<Miss> {
        let words = [
            ("vendor", &self.vendor, &facts.vendor),
            ("model", &self.model, &facts.model),
            ("hardware", &self.hardware, &facts.hardware),
        ];
        let mut misses: Vec<Miss> = words
            .into_iter()
            .filter_map(|(condition, wanted, found)| miss_word(condition, wanted, found.as_ref()))
            .collect();
        if let Some(range) = &self.firmware {
            // "*" wants a firmware too: a device that says none is in no range.
            if !facts.firmware.as_deref().is_some_and(|firmware| range.matches(firmware)) {
                misses.push(Miss { condition: "firmware", wanted: range.to_string(), found: facts.firmware.clone() });
            }
        }
        if let Some(range) = &self.serial
            && !facts.serial.as_deref().is_some_and(|serial| range.holds(serial))
        {
            misses.push(Miss { condition: "serial", wanted: range.to_string(), found: facts.serial.clone() });
        }
        misses.extend(self.objects.iter().filter_map(|wanted| miss_object(*wanted, &facts.objects)));
        misses
    }
}

fn miss_word(condition: &'static str, wanted: &[String], found: Option<&String>) -> Option<Miss> {
    let fits = |wanted: &String, found: &str| match wanted.strip_suffix('*') {
        Some(start) => found.starts_with(start),
        None => wanted == found,
    };
    let holds = found.is_some_and(|found| wanted.iter().any(|wanted| fits(wanted, found)));
    (!wanted.is_empty() && !holds).then(|| Miss { condition, wanted: wanted.join(" or "), found: found.cloned() })
}

fn miss_object(wanted: ObjectVersion, found: &[ObjectVersion]) -> Option<Miss> {
    if found.iter().any(|found| found.serves(wanted)) {
        return None;
    }
    let there = found.iter().find(|found| found.id == wanted.id);
    Some(Miss { condition: "objects", wanted: wanted.to_string(), found: there.map(ToString::to_string) })
}

impl SerialRange {
    /// Returns true if `serial` is in the range. Without numbers the prefix decides alone.
    pub fn holds(&self, serial: &str) -> bool {
        let Some(rest) = serial.strip_prefix(self.prefix.as_str()) else { return false };
        if self.from.is_none() && self.to.is_none() {
            return true;
        }
        let digits = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
        let number: Option<u64> = digits.then(|| rest.parse().ok()).flatten();
        number
            .is_some_and(|number| self.from.is_none_or(|from| number >= from) && self.to.is_none_or(|to| number <= to))
    }
}

impl ObjectVersion {
    /// Returns true if a device with this object serves a rule that wants `wanted`: a minor version adds only.
    fn serves(self, wanted: Self) -> bool {
        let (major, minor) = self.version.unwrap_or((1, 0));
        self.id == wanted.id && wanted.version.is_none_or(|wanted| major == wanted.0 && minor >= wanted.1)
    }
}

impl FromStr for ObjectVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = |text: &str| !text.is_empty() && text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = |text: &str| digits(text).then(|| text.parse::<u8>().ok()).flatten();
        let read = || {
            let (id, version) = text.split_once('/').map_or((text, None), |(id, version)| (id, Some(version)));
            let id = digits(id).then(|| id.parse().ok()).flatten()?;
            let version = match version {
                None => None,
                Some(version) => {
                    let (major, minor) = version.split_once('.')?;
                    Some((number(major)?, number(minor)?))
                }
            };
            Some(Self { id, version })
        };
        read().ok_or_else(|| VersionError::Version(shown(text)))
    }
}

impl fmt::Display for ObjectVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Some((major, minor)) => write!(f, "{}/{major}.{minor}", self.id),
            None => write!(f, "{}", self.id),
        }
    }
}

impl fmt::Display for SerialRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.prefix)?;
        match (self.from, self.to) {
            (None, None) => f.write_str("*"),
            (Some(from), None) => write!(f, "{from} and above"),
            (None, Some(to)) => write!(f, "0 to {to}"),
            (Some(from), Some(to)) => write!(f, "{from} to {to}"),
        }
    }
}

impl Serialize for ObjectVersion {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ObjectVersion {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
