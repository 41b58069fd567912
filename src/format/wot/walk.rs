//! A walk over a document: where it stands, what it found, and the plain rules on single members.

use serde_json::{Map, Value};

use super::finding::{Fault, Warning};
use super::placeholder;

/// An object of a document.
pub(super) type Members = Map<String, Value>;

/// Faults (and warnings) beyond this number are not told: a person mends the first ones first.
const MOST_FINDINGS: usize = 100;

/// Which rules hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Those of Thing Models: parts may be missing, placeholders may stand for values.
    Model,
    /// Those of Thing Descriptions.
    Description,
}

/// A walk and its findings.
pub(super) struct Walk {
    pub(super) kind: Kind,
    place: Vec<String>,
    faults: Vec<Fault>,
    warnings: Vec<Warning>,
}

impl Walk {
    pub(super) fn new(kind: Kind) -> Walk {
        Walk { kind, place: Vec::new(), faults: Vec::new(), warnings: Vec::new() }
    }

    /// Ends the walk: the warnings, or the faults if there is one.
    pub(super) fn end(self) -> Result<Vec<Warning>, Vec<Fault>> {
        if self.faults.is_empty() { Ok(self.warnings) } else { Err(self.faults) }
    }

    pub(super) fn fault(&mut self, words: impl Into<String>) {
        if self.faults.len() < MOST_FINDINGS {
            self.faults.push(Fault { pointer: self.pointer(), words: words.into() });
        }
    }

    pub(super) fn warn(&mut self, words: impl Into<String>) {
        if self.warnings.len() < MOST_FINDINGS {
            self.warnings.push(Warning { pointer: self.pointer(), words: words.into() });
        }
    }

    /// States a fault of the member `name`.
    pub(super) fn fault_at(&mut self, name: &str, words: impl Into<String>) {
        let words = words.into();
        self.enter(name, |walk| walk.fault(words));
    }

    /// States a warning about the member `name`.
    pub(super) fn warn_at(&mut self, name: &str, words: impl Into<String>) {
        let words = words.into();
        self.enter(name, |walk| walk.warn(words));
    }

    fn pointer(&self) -> String {
        let steps = self.place.iter().map(|step| step.replace('~', "~0").replace('/', "~1"));
        steps.fold(String::new(), |pointer, step| pointer + "/" + &step)
    }

    /// Runs `check` one step further in.
    pub(super) fn enter(&mut self, step: impl ToString, check: impl FnOnce(&mut Walk)) {
        self.place.push(step.to_string());
        check(self);
        self.place.pop();
    }

    /// Returns whether a placeholder of a Thing Model stands for the value.
    pub(super) fn stands_in(&self, value: &Value) -> bool {
        self.kind == Kind::Model && value.as_str().is_some_and(placeholder::is_in)
    }

    /// Takes an object; in a model no name may be a placeholder (TD 1.1, section 10.3.5).
    pub(super) fn object<'v>(&mut self, value: &'v Value) -> Option<&'v Members> {
        let Some(map) = value.as_object() else {
            self.fault(format!("is {}, must be an object", kind_of(value)));
            return None;
        };
        if self.kind == Kind::Model {
            for name in map.keys().filter(|name| placeholder::is_in(name)) {
                self.fault_at(name, "a placeholder may stand for a value, never for a name");
            }
        }
        Some(map)
    }

    /// Checks every value of the object `name`, where there is one.
    pub(super) fn each(&mut self, map: &Members, name: &str, mut check: impl FnMut(&mut Walk, &str, &Value)) {
        let Some(value) = map.get(name) else { return };
        self.enter(name, |walk| {
            let Some(inner) = walk.object(value) else { return };
            for (key, value) in inner {
                walk.enter(key, |walk| check(walk, key, value));
            }
        });
    }

    /// Checks every item of the array `name`, where there is one.
    pub(super) fn items(&mut self, map: &Members, name: &str, least: usize, mut check: impl FnMut(&mut Walk, &Value)) {
        let Some(value) = map.get(name) else { return };
        self.enter(name, |walk| {
            let Some(items) = value.as_array() else {
                return walk.fault(format!("is {}, must be an array", kind_of(value)));
            };
            if items.len() < least {
                walk.fault(format!("has {} items, needs at least {least}", items.len()));
            }
            for (index, item) in items.iter().enumerate() {
                walk.enter(index, |walk| check(walk, item));
            }
        });
    }

    /// The members `names` are texts, where they are there.
    pub(super) fn texts(&mut self, map: &Members, names: &[&str]) {
        self.each_of(map, names, "a text", false, Value::is_string);
    }

    /// The members `names` are true or false.
    pub(super) fn flags(&mut self, map: &Members, names: &[&str]) {
        self.each_of(map, names, "true or false", true, Value::is_boolean);
    }

    /// The members `names` are numbers.
    pub(super) fn numbers(&mut self, map: &Members, names: &[&str], placeholders: bool) {
        self.each_of(map, names, "a number", placeholders, Value::is_number);
    }

    /// The members `names` are whole numbers from 0.
    pub(super) fn counts(&mut self, map: &Members, names: &[&str]) {
        self.each_of(map, names, "a whole number from 0", true, is_count);
    }

    fn each_of(&mut self, map: &Members, names: &[&str], what: &str, placeholders: bool, is: fn(&Value) -> bool) {
        for name in names {
            let Some(value) = map.get(*name) else { continue };
            let stands_in = placeholders && self.stands_in(value);
            if !is(value) && !stands_in {
                self.fault_at(name, format!("is {}, must be {what}", kind_of(value)));
            }
        }
    }

    /// The member `name` is a text, or an array of at least `least` texts; they are returned.
    pub(super) fn one_or_more<'v>(&mut self, map: &'v Members, name: &str, least: usize) -> Vec<&'v str> {
        match map.get(name) {
            None => Vec::new(),
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(_)) => {
                self.items(map, name, least, |walk, item| {
                    if !item.is_string() {
                        walk.fault(format!("is {}, must be a text", kind_of(item)));
                    }
                });
                map.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
            }
            Some(other) => {
                self.fault_at(name, format!("is {}, must be a text or an array of texts", kind_of(other)));
                Vec::new()
            }
        }
    }

    /// The member `name` must be there.
    pub(super) fn required(&mut self, map: &Members, name: &str) {
        if !map.contains_key(name) {
            self.fault(format!("\"{name}\" is missing"));
        }
    }
}

fn is_count(value: &Value) -> bool {
    // JSON Schema takes 3.0 for a whole number.
    value.is_u64() || value.as_f64().is_some_and(|number| number >= 0.0 && number.fract() == 0.0)
}

/// Says what a value is.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
