//! What a program says on its standard output: one JSON object a line.

use serde::Deserialize;

use crate::programmer::{Chip, Mac, Memory, Region};

/// Most regions of a chip.
const MOST_REGIONS: usize = 1024;

/// One line.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Event {
    /// Who is there.
    Chip {
        name: String,
        #[serde(default)]
        uid: Option<String>,
        #[serde(default)]
        mac: Option<String>,
        memory: Vec<Said>,
    },
    /// How far it is.
    Progress { done: u64, total: u64 },
    /// Its data lie in this file, by the name within the folder it was given.
    Data { file: String },
    /// The word it read.
    Word { value: u32 },
    /// Why it will fail.
    Error {
        #[serde(default)]
        kind: Kind,
        message: String,
    },
}

/// A region as it is said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    start: u64,
    length: u64,
    page: u64,
    #[serde(default = "yes")]
    writable: bool,
}

fn yes() -> bool {
    true
}

/// Kinds of errors that the station treats in their own way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// Its exit status says what it is.
    #[default]
    Other,
    /// The chip is locked.
    Locked,
    /// The chip refuses.
    Refused,
    /// There is no chip.
    NoChip,
    /// It was unplugged.
    Gone,
    /// It does not answer.
    Silent,
}

/// Reads a line; the error is in words.
pub(super) fn parse(line: &[u8]) -> Result<Event, String> {
    serde_json::from_slice(line).map_err(|error| {
        let text: String = String::from_utf8_lossy(line).chars().take(60).collect();
        format!("{text:?} is no event: {error}")
    })
}

/// Makes a chip of what was said; the error is in words.
pub(super) fn chip(name: String, uid: Option<String>, mac: Option<&str>, said: &[Said]) -> Result<Chip, String> {
    let is_word = |text: &str| (1..=64).contains(&text.len()) && !text.contains(char::is_control);
    if !is_word(&name) {
        return Err(format!("{:?} is no chip's name", name.chars().take(64).collect::<String>()));
    }
    if uid.as_deref().is_some_and(|uid| !(is_word(uid) && uid.bytes().all(is_lower_hex))) {
        return Err("\"uid\" is not in lower-case hex, at most 64 digits".to_owned());
    }
    let mac = mac.map(|text| address(text).ok_or("\"mac\" is no MAC address")).transpose()?;
    Ok(Chip { name, uid, mac, memory: memory(said)? })
}

fn memory(said: &[Said]) -> Result<Memory, String> {
    if said.is_empty() || said.len() > MOST_REGIONS {
        return Err(format!("it says {} regions of memory, 1 to {MOST_REGIONS} are possible", said.len()));
    }
    let mut free = 0;
    let mut regions = Vec::with_capacity(said.len());
    for region in said {
        let Said { start, length, page, writable } = *region;
        let end = start.checked_add(length).filter(|end| start >= free && *end > start);
        let Some(end) = end.filter(|_| page > 0 && length.is_multiple_of(page) && page <= 16 << 20) else {
            return Err(format!("the region of memory at {start:#x} overlaps, is empty, or has no whole pages"));
        };
        free = end;
        regions.push(Region { range: start..end, page, writable });
    }
    Ok(Memory(regions))
}

fn is_lower_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

fn address(text: &str) -> Option<Mac> {
    let pairs: Vec<&str> = text.split(':').collect();
    let is_pair = |pair: &&str| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
    if !pairs.iter().all(is_pair) {
        return None;
    }
    let bytes: Vec<u8> = pairs.iter().filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect();
    Some(Mac(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn heard(text: &str) -> Result<Chip, String> {
        match parse(text.as_bytes())? {
            Event::Chip { name, uid, mac, memory } => chip(name, uid, mac.as_deref(), &memory),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn a_chip_is_understood() {
        let chip = heard(
            r#"{"event":"chip","name":"x1","uid":"00ff","mac":"02:00:00:00:00:0A",
                "memory":[{"start":0,"length":64,"page":16},{"start":64,"length":8,"page":8,"writable":false}]}"#,
        );
        let chip = chip.unwrap();
        assert_eq!((chip.uid.as_deref(), chip.mac), (Some("00ff"), Some(Mac([2, 0, 0, 0, 0, 10]))));
        assert_eq!((chip.memory.page(20), chip.memory.first_unwritable(60..66)), (Some(16..32), Some(64)));
    }

    #[test]
    fn what_is_no_chip_is_refused() {
        let region = |text: &str| format!(r#"{{"event":"chip","name":"x","memory":[{text}]}}"#);
        for text in [
            region(""),
            region(r#"{"start":0,"length":0,"page":16}"#),
            region(r#"{"start":0,"length":64,"page":0}"#),
            region(r#"{"start":0,"length":64,"page":24}"#),
            region(r#"{"start":18446744073709551615,"length":64,"page":16}"#),
            region(r#"{"start":0,"length":64,"page":16},{"start":32,"length":64,"page":16}"#),
            region(r#"{"start":0,"length":64,"page":16}"#).replace("\"x\"", "\"\""),
            region(r#"{"start":0,"length":64,"page":16}"#).replace("\"x\"", r#""x","uid":"0G""#),
            region(r#"{"start":0,"length":64,"page":16}"#).replace("\"x\"", r#""x","mac":"02:00""#),
            region(r#"{"start":0,"length":64,"page":16}"#).replace("\"x\"", r#""x","more":1"#),
            "hello".to_owned(),
            r#"{"event":"unheard-of"}"#.to_owned(),
            r#"{"event":"word","value":4294967296}"#.to_owned(),
        ] {
            assert!(heard(&text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_said_makes_us_panic(line: Vec<u8>, start: u64, length: u64, page: u64) {
            let _ = parse(&line);
            let _ = memory(&[Said { start, length, page, writable: true }]);
        }
    }
}
