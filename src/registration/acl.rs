//! The access list for mosquitto (mosquitto.conf(5), `acl_file`): what every registered device may publish and read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::fleet::{Class, Diagnose, Digest, EndpointName};
use crate::host::HostError;
use crate::host::files::write_atomically;
use crate::registry::{Allocated, Registry, RegistryError};

/// The kind of resource that is a line of it: its name is the topic; its detail may give `access` (`read`, `write`,
/// `readwrite`, `deny`; `readwrite` when absent) and `user` (the device's id when absent).
pub const MQTT_ACL: &str = "mqtt-acl";
/// Rows read at a time.
const PAGE: u32 = 1_000;
/// The longest topic, in bytes (MQTT 3.1.1, section 1.5.3).
const LONGEST_TOPIC: usize = 65_535;
const HEAD: &str = "# Written by firstlight: do not change it here.\n";

/// An access list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessList {
    /// The text of the file.
    pub text: String,
    /// Lines.
    pub lines: u64,
    /// Resources of that kind that say nothing mosquitto could take, left out: device and topic.
    pub left_out: Vec<(String, String)>,
}

/// How writing an access list fails.
#[derive(Debug, thiserror::Error)]
pub enum AclError {
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The file.
    #[error(transparent)]
    Host(#[from] HostError),
}

impl Diagnose for AclError {
    fn class(&self) -> Class {
        match self {
            Self::Registry(error) => error.class(),
            Self::Host(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Registry(error) => error.hint(),
            Self::Host(error) => error.hint(),
        }
    }
}

impl AccessList {
    /// Makes the list of all devices that are registered and not blocked.
    pub fn of(registry: &Registry) -> Result<Self, RegistryError> {
        let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let (mut left_out, mut lines) = (Vec::new(), 0);
        let mut after = None;
        loop {
            let page = registry.allocated_resources(MQTT_ACL, after.as_ref(), PAGE)?;
            let Some(last) = page.last().cloned() else { break };
            for resource in page {
                match line(&resource) {
                    Some((user, line)) => {
                        lines += 1;
                        users.entry(user).or_default().push(line);
                    }
                    None => left_out.push((resource.device, resource.name)),
                }
            }
            after = Some(last);
        }
        let mut text = HEAD.to_owned();
        for (user, mut lines) in users {
            lines.sort();
            lines.dedup();
            text.push_str(&format!("\nuser {user}\n{}\n", lines.join("\n")));
        }
        Ok(Self { text, lines, left_out })
    }
}

/// Returns user and line of a resource; none where it is no line that mosquitto could take.
fn line(resource: &Allocated) -> Option<(String, String)> {
    let word = |name: &str, usual: &str| match &resource.detail[name] {
        serde_json::Value::Null => Some(usual.to_owned()),
        value => value.as_str().map(str::to_owned),
    };
    let access = word("access", "readwrite")?;
    let user = word("user", &resource.device)?;
    let is_access = ["read", "write", "readwrite", "deny"].contains(&access.as_str());
    (is_access && EndpointName::new(&user).is_ok() && is_filter(&resource.name))
        .then(|| (user, format!("topic {access} {}", resource.name)))
}

/// A topic filter (MQTT 3.1.1, section 4.7): wildcards stand for whole levels, `#` comes last.
fn is_filter(topic: &str) -> bool {
    let is_plain = (1..=LONGEST_TOPIC).contains(&topic.len())
        && !topic.contains(char::is_control)
        && !topic.starts_with(char::is_whitespace)
        && !topic.ends_with(char::is_whitespace);
    let levels: Vec<&str> = topic.split('/').collect();
    let mut numbered = levels.iter().enumerate();
    is_plain
        && numbered.all(|(at, level)| match *level {
            "#" => at + 1 == levels.len(),
            "+" => true,
            level => !level.contains(['+', '#']),
        })
}

/// The file, kept in step with the registry.
pub struct AclFile {
    path: PathBuf,
    written: Option<Digest>,
    turn: Option<i64>,
}

impl AclFile {
    /// Names the file.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), written: None, turn: None }
    }

    /// Writes it if anything changed since it was written by this value; returns the list that was written. The file is
    /// replaced as a whole, readable by its group: mosquitto takes it at its next SIGHUP.
    pub fn keep(&mut self, registry: &Registry) -> Result<Option<AccessList>, AclError> {
        let turn = registry.turn()?;
        if self.turn == Some(turn) {
            return Ok(None);
        }
        let list = AccessList::of(registry)?;
        let digest = Digest::of(list.text.as_bytes());
        if self.written == Some(digest) {
            self.turn = Some(turn);
            return Ok(None);
        }
        write_atomically(&self.path, list.text.as_bytes(), 0o640)?;
        (self.turn, self.written) = (Some(turn), Some(digest));
        Ok(Some(list))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resource(topic: &str, detail: serde_json::Value) -> Allocated {
        let (registration, device) = ("r".to_owned(), "gw-1".to_owned());
        Allocated { registration, device, name: topic.to_owned(), detail }
    }

    #[test]
    fn a_line_is_one_that_mosquitto_takes_or_none() {
        let plain = line(&resource("devices/gw-1/#", json!({}))).unwrap();
        assert_eq!(plain, ("gw-1".to_owned(), "topic readwrite devices/gw-1/#".to_owned()));
        let told = line(&resource("a/+/b c", json!({ "access": "read", "user": "u" }))).unwrap();
        assert_eq!(told, ("u".to_owned(), "topic read a/+/b c".to_owned()));
        for topic in ["", "a\nuser root\ntopic #", "a/#/b", "a+", "a/b#", " a", "a ", "a\u{0}"] {
            assert_eq!(line(&resource(topic, json!({}))), None, "{topic:?}");
        }
        for detail in [json!({ "access": "write\nuser x" }), json!({ "access": 1 }), json!({ "user": "a\nb" })] {
            assert_eq!(line(&resource("a", detail.clone())), None, "{detail}");
        }
    }
}
