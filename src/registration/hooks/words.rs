//! What a hook is asked and what it may say.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::registry::registering::NewResource;

use super::super::request;

/// Version of the objects that hooks get.
const VERSION: u32 = 1;
/// Most characters of a hook's words.
const LONGEST_WORDS: usize = 300;
/// Most resources of one allocation; bytes of a kind, a name, a detail.
const MOST_RESOURCES: usize = 32;
const LONGEST_KIND: usize = 64;
const LONGEST_NAME: usize = 256;
const LONGEST_DETAIL: usize = 4096;

/// One question, or one message, to a hook.
pub(in crate::registration) struct Ask<'a> {
    /// `validate`, `allocate`, `release`, `notify`.
    pub(in crate::registration) step: &'static str,
    /// The fleet.
    pub(in crate::registration) fleet: &'a str,
    /// The group; none for subscribers of the whole fleet.
    pub(in crate::registration) group: Option<&'a str>,
    /// The same for the same question: a hook that hears it twice does it once.
    pub(in crate::registration) key: &'a str,
    /// Further members.
    pub(in crate::registration) more: Value,
}

impl Ask<'_> {
    /// Returns the object as it is sent.
    pub(super) fn text(&self) -> String {
        let mut object = json!({ "version": VERSION, "step": self.step, "fleet": self.fleet, "key": self.key });
        if let Some(group) = self.group {
            object["group"] = json!(group);
        }
        if let (Some(object), Some(more)) = (object.as_object_mut(), self.more.as_object()) {
            object.extend(more.clone());
        }
        object.to_string()
    }
}

/// Returns what a device asked, as hooks and people see it: its certificate request says nothing to them.
pub(in crate::registration) fn of_device(asked: &Value) -> Value {
    let mut device = asked.clone();
    if let Some(device) = device.as_object_mut() {
        device.retain(|name, _| name != "csr");
    }
    device
}

/// What a hook says.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::registration) struct Said {
    /// False if the device must not go on.
    pub(in crate::registration) ok: bool,
    /// Why, for the device and its operator.
    #[serde(default)]
    message: Option<String>,
    /// True if a person must agree (`validate`).
    #[serde(default)]
    pub(in crate::registration) hold: bool,
    /// Attributes that are added or changed (`validate`).
    #[serde(default)]
    attributes: Map<String, Value>,
    /// What was allocated (`allocate`).
    #[serde(default)]
    resources: Vec<SaidResource>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SaidResource {
    kind: String,
    name: String,
    #[serde(default)]
    detail: Map<String, Value>,
}

impl Said {
    /// Reads an answer; the error is in words.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| format!("its answer is none: {error}"))
    }

    /// Returns its words, shortened and printable.
    pub(in crate::registration) fn words(&self) -> String {
        let message = self.message.as_deref().unwrap_or_default();
        let printable = message.chars().map(|c| if c.is_control() { ' ' } else { c });
        printable.take(LONGEST_WORDS).collect::<String>().trim().to_owned()
    }

    /// Returns the attributes it sets.
    pub(in crate::registration) fn attributes(&self) -> Result<BTreeMap<String, String>, String> {
        let object = json!({ "attributes": self.attributes });
        let object = object.as_object().expect("it was made an object");
        request::attributes(object).map_err(|(_, words)| format!("its attributes cannot be taken: {words}"))
    }

    /// Returns what it allocated.
    pub(in crate::registration) fn resources(&self) -> Result<Vec<NewResource>, String> {
        if self.resources.len() > MOST_RESOURCES {
            return Err(format!("{} resources are more than {MOST_RESOURCES}", self.resources.len()));
        }
        self.resources.iter().map(SaidResource::checked).collect()
    }
}

impl SaidResource {
    fn checked(&self) -> Result<NewResource, String> {
        let is_kind = (1..=LONGEST_KIND).contains(&self.kind.len())
            && self.kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        let is_name = (1..=LONGEST_NAME).contains(&self.name.len()) && !self.name.contains(char::is_control);
        let detail = Value::Object(self.detail.clone());
        if !is_kind || !is_name || detail.to_string().len() > LONGEST_DETAIL {
            return Err("a resource's kind, name or detail is none".to_owned());
        }
        Ok(NewResource { kind: self.kind.clone(), name: self.name.clone(), detail })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(value: &Value) -> Result<Said, String> {
        Said::read(value.to_string().as_bytes())
    }

    #[test]
    fn an_answer_is_taken_or_refused_as_a_whole() {
        let said_all = said(&json!({ "ok": true, "attributes": { "site": "hall" }, "hold": true,
            "resources": [{ "kind": "queue", "name": "q-1", "detail": { "size": 3 } }] }));
        let said_all = said_all.unwrap();
        assert_eq!(said_all.attributes().unwrap()["site"], "hall");
        let queue = NewResource { kind: "queue".to_owned(), name: "q-1".to_owned(), detail: json!({ "size": 3 }) };
        assert_eq!(said_all.resources(), Ok(vec![queue]));
        for bad in ["", "true", "{}", "{\"ok\":1}", "{\"ok\":true,\"okay\":true}", "{\"ok\":true} x", "\u{0}"] {
            assert!(Said::read(bad.as_bytes()).is_err(), "{bad}");
        }
        for bad in [
            json!({ "ok": true, "resources": [{ "kind": "a b", "name": "n" }] }),
            json!({ "ok": true, "resources": [{ "kind": "a", "name": "n\n" }] }),
            json!({ "ok": true, "resources": [{ "kind": "a", "name": "n", "detail": { "x": "y".repeat(5000) } }] }),
            json!({ "ok": true, "resources": vec![json!({ "kind": "a", "name": "n" }); 33] }),
        ] {
            assert!(said(&bad).unwrap().resources().is_err(), "{bad}");
        }
        assert!(said(&json!({ "ok": true, "attributes": { "a b": "c" } })).unwrap().attributes().is_err());
    }

    #[test]
    fn words_are_short_and_printable() {
        let words = said(&json!({ "ok": false, "message": format!("no\u{1b}[2J\n{}", "x".repeat(999)) })).unwrap();
        assert_eq!(words.words().chars().count(), LONGEST_WORDS);
        assert!(!words.words().contains(char::is_control));
    }
}
