//! What changed between two data schemas, as sets of values: does the new one hold fewer, more, or others?

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::change::{ChangeKind, Changes, said};
use super::fault::join;
use super::units::same_unit;
use super::validate::{brief, is_multiple, key};

/// Who sends the values that a schema describes; it decides which change breaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Flow {
    /// To the device, or stored: a value that was valid must stay valid, so narrower breaks.
    In,
    /// From the device: a value that could not come must not come, so wider breaks. A new field does not: who reads passes
    /// over what it does not know.
    Out,
}

const WORDS: [&str; 4] = ["title", "description", "titles", "descriptions"];
/// Terms with a comparison of their own below.
const OWN: [&str; 17] = [
    "type",
    "enum",
    "const",
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "minItems",
    "maxLength",
    "maxItems",
    "items",
    "properties",
    "required",
    "unit",
    "default",
];
/// Terms that limit values in ways that cannot be compared.
const OPAQUE: [&str; 5] = ["pattern", "format", "contentEncoding", "contentMediaType", "oneOf"];

/// Notes what changed from `old` to `new`; terms in `besides` are somebody else's.
pub(super) fn compare(path: &str, old: &Value, new: &Value, flow: Flow, besides: &[&str], changes: &mut Changes) {
    let empty = Map::new();
    let (old, new) = (old.as_object().unwrap_or(&empty), new.as_object().unwrap_or(&empty));
    let mut terms = Terms { path, old, new, flow, changes };
    terms.words();
    terms.unit();
    terms.types();
    terms.choices();
    terms.bounds();
    terms.step();
    terms.counts();
    terms.items();
    terms.fields();
    terms.others(besides);
}

struct Terms<'a> {
    path: &'a str,
    old: &'a Map<String, Value>,
    new: &'a Map<String, Value>,
    flow: Flow,
    changes: &'a mut Changes,
}

impl Terms<'_> {
    fn narrowed(&mut self, term: &str, words: String) {
        let breaks = self.flow == Flow::In;
        self.changes.add(join(self.path, term), ChangeKind::Narrowed, breaks, words);
    }

    fn widened(&mut self, term: &str, words: String) {
        let breaks = self.flow == Flow::Out;
        self.changes.add(join(self.path, term), ChangeKind::Widened, breaks, words);
    }

    fn replaced(&mut self, term: &str, words: String) {
        self.changes.add(join(self.path, term), ChangeKind::Changed, true, words);
    }

    fn words(&mut self) {
        for term in WORDS {
            self.changes.words(self.path, term, self.old.get(term), self.new.get(term));
        }
        let (old, new) = (self.old.get("default"), self.new.get("default"));
        if old != new {
            self.changes.add(join(self.path, "default"), ChangeKind::Changed, false, said("default", old, new));
        }
    }

    /// Another label of the same unit is words; another unit changes what every number means.
    fn unit(&mut self) {
        let text = |map: &Map<String, Value>| map.get("unit").map(|unit| unit.as_str().unwrap_or_default().to_owned());
        let path = join(self.path, "unit");
        match (text(self.old), text(self.new)) {
            (Some(old), Some(new)) if old == new => {}
            (Some(old), Some(new)) if same_unit(&old, &new) => {
                self.changes.add(path, ChangeKind::Words, false, format!("unit {old:?} is now written {new:?}"));
            }
            (Some(old), Some(new)) => self.replaced("unit", format!("unit was {old:?}, is {new:?}")),
            (Some(old), None) => self.changes.add(path, ChangeKind::Removed, true, format!("unit {old:?} is gone")),
            (None, Some(new)) => self.changes.add(path, ChangeKind::Added, false, format!("unit {new:?} is new")),
            (None, None) => {}
        }
    }

    fn types(&mut self) {
        let (old, new) = (self.old.get("type"), self.new.get("type"));
        let word = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or("any").to_owned();
        match (word(old), word(new)) {
            (a, b) if a == b => {}
            (a, b) if b == "any" || (a == "integer" && b == "number") => {
                self.widened("type", format!("type was {a}, is {b}"));
            }
            (a, b) if a == "any" || (a == "number" && b == "integer") => {
                self.narrowed("type", format!("type was {a}, is {b}"));
            }
            (a, b) => self.replaced("type", format!("type was {a}, is {b}")),
        }
    }

    fn choices(&mut self) {
        for term in ["enum", "const"] {
            let (old, new) = (choices(self.old.get(term), term), choices(self.new.get(term), term));
            match (old, new) {
                (None, None) => {}
                (Some(_), None) => self.widened(term, format!("{term} is gone, any value is allowed")),
                (None, Some(_)) => self.narrowed(term, format!("{term} is new")),
                (Some(old), Some(new)) => self.compare_choices(term, &old, &new),
            }
        }
    }

    fn compare_choices(&mut self, term: &str, old: &[&Value], new: &[&Value]) {
        let missing = |from: &[&Value], among: &[&Value]| -> Vec<String> {
            let among: BTreeSet<String> = among.iter().map(|value| key(value)).collect();
            from.iter().filter(|value| !among.contains(&key(value))).take(12).map(|value| brief(value)).collect()
        };
        let (gone, added) = (missing(old, new), missing(new, old));
        if !gone.is_empty() {
            self.narrowed(term, format!("no longer allowed: {}", gone.join(", ")));
        }
        if !added.is_empty() {
            self.widened(term, format!("now allowed: {}", added.join(", ")));
        }
    }

    fn bounds(&mut self) {
        for (plain, open, sign, word) in
            [("minimum", "exclusiveMinimum", 1.0, "least"), ("maximum", "exclusiveMaximum", -1.0, "greatest")]
        {
            if [plain, open].iter().all(|term| self.old.get(*term) == self.new.get(*term)) {
                continue;
            }
            // A bound that is no number is a placeholder: what it becomes is not known here.
            let unknown = |map: &Map<String, Value>| {
                [plain, open].iter().any(|term| map.get(*term).is_some_and(|bound| !bound.is_number()))
            };
            if unknown(self.old) || unknown(self.new) {
                self.replaced(plain, format!("{word} value cannot be compared"));
                continue;
            }
            let (old, new) = (bound(self.old, plain, open, sign), bound(self.new, plain, open, sign));
            let words = format!("{word} value was {}, is {}", spoken(old, sign), spoken(new, sign));
            match compare_bounds(old, new) {
                std::cmp::Ordering::Less => self.narrowed(plain, words),
                std::cmp::Ordering::Greater => self.widened(plain, words),
                std::cmp::Ordering::Equal => {
                    self.changes.add(
                        join(self.path, plain),
                        ChangeKind::Changed,
                        false,
                        format!("{word} value is written anew"),
                    );
                }
            }
        }
    }

    fn step(&mut self) {
        let step = |map: &Map<String, Value>| map.get("multipleOf").cloned();
        let (old, new) = (step(self.old), step(self.new));
        let words = said("step", old.as_ref(), new.as_ref());
        match (old.as_ref().map(Value::as_f64), new.as_ref().map(Value::as_f64)) {
            _ if old == new => {}
            (None, Some(_)) => self.narrowed("multipleOf", words),
            (Some(_), None) => self.widened("multipleOf", words),
            (Some(Some(old)), Some(Some(new))) if is_multiple(old, new) => self.widened("multipleOf", words),
            (Some(Some(old)), Some(Some(new))) if is_multiple(new, old) => self.narrowed("multipleOf", words),
            _ => self.replaced("multipleOf", words),
        }
    }

    fn counts(&mut self) {
        for (term, least) in [("minLength", true), ("minItems", true), ("maxLength", false), ("maxItems", false)] {
            let open = if least { 0 } else { u64::MAX };
            let count = |map: &Map<String, Value>| map.get(term).and_then(Value::as_u64).unwrap_or(open);
            let (old, new) = (count(self.old), count(self.new));
            let words = said(term, self.old.get(term), self.new.get(term));
            if (least && new > old) || (!least && new < old) {
                self.narrowed(term, words);
            } else if new != old {
                self.widened(term, words);
            } else if self.old.get(term) != self.new.get(term) {
                self.changes.add(join(self.path, term), ChangeKind::Changed, false, words);
            }
        }
    }

    fn items(&mut self) {
        match (self.old.get("items"), self.new.get("items")) {
            (None, None) => {}
            (Some(_), None) => self.widened("items", "items may be anything now".to_owned()),
            (None, Some(_)) => self.narrowed("items", "items were anything, are of one kind".to_owned()),
            (Some(old), Some(new)) if old.is_object() && new.is_object() => {
                compare(&join(self.path, "items"), old, new, self.flow, &[], self.changes);
            }
            (Some(old), Some(new)) if old == new => {}
            _ => self.replaced("items", "items are of other kinds".to_owned()),
        }
    }

    fn fields(&mut self) {
        let (wanted_then, wanted_now) = (names(self.old.get("required")), names(self.new.get("required")));
        let map = |map: &Map<String, Value>| map.get("properties").and_then(Value::as_object).cloned();
        let (old, new) = (map(self.old), map(self.new));
        match (&old, &new) {
            (Some(_), None) => self.widened("properties", "fields may be anything now".to_owned()),
            (None, Some(_)) => self.narrowed("properties", "fields were anything, are named now".to_owned()),
            (Some(old), Some(new)) => self.compare_fields(old, new, &wanted_then, &wanted_now),
            (None, None) => {}
        }
        for name in wanted_now.iter().filter(|name| !wanted_then.contains(*name)) {
            self.narrowed("required", format!("{name:?} must be there now"));
        }
        for name in wanted_then.iter().filter(|name| !wanted_now.contains(*name)) {
            self.widened("required", format!("{name:?} may be absent now"));
        }
    }

    fn compare_fields(
        &mut self,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
        then: &BTreeSet<&str>,
        now: &BTreeSet<&str>,
    ) {
        let path = join(self.path, "properties");
        for (name, schema) in old {
            let path = join(&path, name);
            if let Some(other) = new.get(name) {
                compare(&path, schema, other, self.flow, &[], self.changes);
            } else {
                let breaks = self.flow == Flow::In || then.contains(name.as_str());
                self.changes.add(path, ChangeKind::Removed, breaks, format!("{name:?} is gone"));
            }
        }
        for name in new.keys().filter(|name| !old.contains_key(*name)) {
            let must = if now.contains(name.as_str()) { ", and must be there" } else { "" };
            self.changes.add(join(&path, name), ChangeKind::Added, false, format!("{name:?} is new{must}"));
        }
    }

    fn others(&mut self, besides: &[&str]) {
        let known = |term: &str| WORDS.contains(&term) || OWN.contains(&term) || besides.contains(&term);
        let mut terms: Vec<&String> =
            self.old.keys().chain(self.new.keys().filter(|key| !self.old.contains_key(*key))).collect();
        terms.retain(|term| !known(term));
        for term in terms {
            let (old, new) = (self.old.get(term), self.new.get(term));
            let words = said(term, old, new);
            match (old, new) {
                _ if old == new => {}
                (None, Some(_)) if OPAQUE.contains(&term.as_str()) => self.narrowed(term, words),
                (Some(_), None) if OPAQUE.contains(&term.as_str()) => self.widened(term, words),
                (None, Some(_)) => self.changes.add(join(self.path, term), ChangeKind::Added, false, words),
                _ => self.replaced(term, words),
            }
        }
    }
}

/// A bound as how far it reaches, so that a greater one always allows less; and whether it is itself outside.
fn bound(map: &Map<String, Value>, plain: &str, open: &str, sign: f64) -> Option<(f64, bool)> {
    let number = |term: &str| map.get(term).and_then(Value::as_f64).map(|number| number * sign);
    match (number(plain), number(open)) {
        (Some(plain), Some(open)) if plain > open => Some((plain, false)),
        (_, Some(open)) => Some((open, true)),
        (plain, None) => plain.map(|plain| (plain, false)),
    }
}

/// Less: the new bound allows less.
fn compare_bounds(old: Option<(f64, bool)>, new: Option<(f64, bool)>) -> std::cmp::Ordering {
    match (old, new) {
        (Some(old), Some(new)) => old.0.total_cmp(&new.0).then(old.1.cmp(&new.1)),
        (old, new) => old.is_some().cmp(&new.is_some()),
    }
}

fn spoken(bound: Option<(f64, bool)>, sign: f64) -> String {
    match bound {
        None => "open".to_owned(),
        Some((number, open)) => format!("{}{}", number * sign, if open { " (itself outside)" } else { "" }),
    }
}

fn choices<'a>(value: Option<&'a Value>, term: &str) -> Option<Vec<&'a Value>> {
    let value = value?;
    match value.as_array() {
        Some(items) if term == "enum" => Some(items.iter().collect()),
        _ => Some(vec![value]),
    }
}

fn names(value: Option<&Value>) -> BTreeSet<&str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}
