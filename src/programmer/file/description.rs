//! `chip.json`: what a simulated chip is, what its words do, and how it is to fail.

use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::host::files::{read_bounded, write_atomically};
use crate::programmer::{Capabilities, Mac, Memory, Region};

/// The longest `chip.json`, in bytes.
const LONGEST: u64 = 1 << 20;
/// Bytes of memory of the largest simulated chip.
const LARGEST: u64 = 256 << 20;
/// Words, locks, regions and faults of each, at most.
const MOST: usize = 4096;

/// A number that people write as `"0x08000000"` or 134217728.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct Number(pub(super) u64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:#x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Plain(u64),
            Hex(String),
        }
        let wrong = || serde::de::Error::custom("wanted is a number, or one as \"0x1f\"");
        match Written::deserialize(deserializer).map_err(|_| wrong())? {
            Written::Plain(number) => Ok(Self(number)),
            Written::Hex(text) => {
                let digits = text.strip_prefix("0x").filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
                digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).map(Self).ok_or_else(wrong)
            }
        }
    }
}

/// The simulated chip.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Description {
    /// The chip's name.
    pub(super) name: String,
    /// Its unique number, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) uid: Option<String>,
    /// Its MAC address, `02:00:5e:10:20:30`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
    /// What it can do.
    #[serde(default)]
    pub(super) can: Abilities,
    /// True lets it stand for hardware: what goes into it counts as gone out. For tests of a line's rules.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) stands_for_hardware: bool,
    /// How many bytes a second cross its link; as many as there are when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bytes_per_second: Option<u64>,
    /// Its memory by rising address. `flash.bin` holds the regions one behind the other.
    pub(super) memory: Vec<Part>,
    /// Its words beside memory.
    #[serde(default)]
    pub(super) words: Vec<Word>,
    /// What closes it.
    #[serde(default)]
    pub(super) locks: Vec<Lock>,
    /// How it fails.
    #[serde(default)]
    pub(super) faults: Vec<Fault>,
}

/// What the chip can do; see [`Capabilities`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_excessive_bools)] // flags that do not depend on each other
pub(super) struct Abilities {
    pub(super) reads_back: bool,
    pub(super) locks: bool,
    pub(super) knows_uid: bool,
    pub(super) makes_keys: bool,
}

impl Default for Abilities {
    fn default() -> Self {
        Self { reads_back: true, locks: true, knows_uid: true, makes_keys: false }
    }
}

impl From<Abilities> for Capabilities {
    fn from(can: Abilities) -> Self {
        let Abilities { reads_back, locks, knows_uid, makes_keys } = can;
        Self { reads_back, locks, knows_uid, makes_keys }
    }
}

/// A region of memory with pages of one size.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    pub(super) start: Number,
    pub(super) length: Number,
    pub(super) page: Number,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub(super) writable: bool,
    /// Without it, single words written here change nothing. (A whole write brings its own key along, as flash algorithms do.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) needs: Option<Condition>,
}

fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes it so
fn is_yes(flag: &bool) -> bool {
    *flag
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes it so
fn is_no(flag: &bool) -> bool {
    !*flag
}

/// The masked word at `register` has `value`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Condition {
    pub(super) register: Number,
    pub(super) mask: Number,
    pub(super) value: Number,
}

/// A word that is no memory.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Word {
    pub(super) address: Number,
    /// What it is now.
    #[serde(default)]
    pub(super) value: Number,
    /// What a reset makes of it; `value` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) at_reset: Option<Number>,
    /// Fuses: a write only sets bits, for good.
    #[serde(default, skip_serializing_if = "is_no")]
    pub(super) one_way: bool,
    /// A write changes nothing.
    #[serde(default, skip_serializing_if = "is_no")]
    pub(super) read_only: bool,
    /// Without it a write changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) needs: Option<Condition>,
    /// Bits that, when set, make the rest of the word outlast a reset; they clear themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) saves: Option<Number>,
    /// Written one after the other they clear `opens`; one wrong one and no more keys are taken until a reset.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) keys: Vec<Number>,
    /// What the keys open; a reset closes it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) opens: Option<Bits>,
    /// It is the command of a fuse controller; it is done at once and reads 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) burns: Option<Burns>,
}

/// Burning fuses: what was laid down in `words` words from `from` on is set in those from `to` on, for good.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Burns {
    /// Bits of a command that burns.
    pub(super) command: Number,
    pub(super) from: Number,
    pub(super) to: Number,
    pub(super) words: u8,
}

/// Bits of a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bits {
    pub(super) register: Number,
    pub(super) mask: Number,
}

/// What a lock keeps from us.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Protects {
    /// Reading memory. If it opens again, all memory is erased.
    Read,
    /// Erasing and programming memory.
    Write,
    /// Everything: the chip does not even say who it is.
    Debug,
}

/// A lock: it holds while the masked word has a value, or (`unless`) while it has not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lock {
    pub(super) register: Number,
    pub(super) mask: Number,
    pub(super) value: Number,
    #[serde(default, skip_serializing_if = "is_no")]
    pub(super) unless: bool,
    pub(super) protects: Protects,
    /// The word is looked at only when the chip is reset.
    #[serde(default, skip_serializing_if = "is_no")]
    pub(super) after_reset: bool,
    /// True while it holds.
    #[serde(default)]
    pub(super) holds: bool,
}

/// A way to fail.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Fault {
    /// The n-th operation of a kind since the chip was opened (for `nth` 0 each of them) goes wrong.
    At { on: Operation, nth: u64, does: Mishap },
    /// After a write that programmed its page this bit (0 to 7) of the byte at an address is the other way round.
    Flip { address: Number, bit: u8 },
    /// It says it is another chip.
    Says { name: String },
}

/// What a fault can hit; erasing, programming and reading count by page, the last two of a word by word.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Operation {
    Connect,
    Read,
    Erase,
    Program,
    ReadWord,
    WriteWord,
    Reset,
    MakeKey,
}

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Mishap {
    /// The chip refuses; nothing is done.
    Fail,
    /// It does not answer; nothing is done.
    Silent,
    /// It is unplugged before the operation, until it is opened anew.
    Gone,
    /// Power fails in the middle of the operation: half of the page is done, and the chip is away until it is opened anew.
    StopHere,
    /// It says it has done it and has not.
    Ignored,
}

impl Description {
    /// Returns a chip without memory.
    pub(super) fn empty(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            uid: None,
            mac: None,
            can: Abilities::default(),
            stands_for_hardware: false,
            bytes_per_second: None,
            memory: Vec::new(),
            words: Vec::new(),
            locks: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// Reads `path`; the error is in words.
    pub(super) fn load(path: &Path) -> Result<Self, String> {
        let bytes = read_bounded(path, LONGEST).map_err(|error| with_source(&error))?;
        let description: Self = serde_json::from_slice(&bytes).map_err(|error| format!("{path:?}: {error}"))?;
        description.check().map_err(|reason| format!("{path:?}: {reason}"))?;
        Ok(description)
    }

    /// Writes `path`, durably, for the owner only.
    pub(super) fn save(&self, path: &Path) -> Result<(), String> {
        let mut text = serde_json::to_string_pretty(self).expect("a description is plain data");
        text.push('\n');
        write_atomically(path, text.as_bytes(), 0o600).map_err(|error| with_source(&error))
    }

    /// Says that it has this MAC address.
    pub(super) fn set_mac(&mut self, mac: Mac) {
        self.mac = Some(mac.to_string());
    }

    /// Returns the MAC address.
    pub(super) fn mac(&self) -> Option<Mac> {
        let text = self.mac.as_deref()?;
        let pairs: Vec<u8> = text.split(':').filter_map(pair).collect();
        (text.len() == 17).then_some(Mac(pairs.try_into().ok()?))
    }

    /// Returns the memory map.
    pub(super) fn map(&self) -> Memory {
        let region = |part: &Part| Region {
            range: part.start.0..part.start.0.saturating_add(part.length.0),
            page: part.page.0,
            writable: part.writable,
        };
        Memory(self.memory.iter().map(region).collect())
    }

    /// Returns where in `flash.bin` the byte at `address` lies.
    pub(super) fn offset(&self, address: u64) -> Option<u64> {
        let mut before = 0;
        for part in &self.memory {
            match address.checked_sub(part.start.0) {
                Some(within) if within < part.length.0 => return Some(before + within),
                _ => before += part.length.0,
            }
        }
        None
    }

    fn check(&self) -> Result<(), String> {
        let counts = [self.memory.len(), self.words.len(), self.locks.len(), self.faults.len()];
        if counts.iter().any(|count| *count > MOST) {
            return Err(format!("more than {MOST} of a kind"));
        }
        if self.name.is_empty() || self.name.len() > 64 || self.name.contains(char::is_control) {
            return Err("\"name\" is no chip's name".to_owned());
        }
        if self.uid.as_ref().is_some_and(|uid| !is_uid(uid)) {
            return Err("\"uid\" is not 1 to 32 bytes in lower-case hex".to_owned());
        }
        if self.mac.is_some() && self.mac().is_none() {
            return Err("\"mac\" is no MAC address".to_owned());
        }
        if self.bytes_per_second == Some(0) {
            return Err("\"bytes_per_second\" is 0".to_owned());
        }
        self.check_memory()?;
        self.check_words()
    }

    fn check_memory(&self) -> Result<(), String> {
        let mut free = 0;
        let mut total: u64 = 0;
        for part in &self.memory {
            let (start, length, page) = (part.start.0, part.length.0, part.page.0);
            let end = start.checked_add(length).filter(|_| start >= free && length > 0 && length <= LARGEST);
            let whole = page > 0 && page.is_multiple_of(4) && length.is_multiple_of(page) && start.is_multiple_of(4);
            let Some(end) = end.filter(|_| whole) else {
                return Err(format!("the region at {start:#x} overlaps, is too large, or is not made of whole pages"));
            };
            (free, total) = (end, total + length);
        }
        if total > LARGEST {
            return Err(format!("{total} bytes of memory, at most {LARGEST} are simulated"));
        }
        Ok(())
    }

    fn check_words(&self) -> Result<(), String> {
        let mut seen = std::collections::BTreeSet::new();
        for word in &self.words {
            let at = word.address.0;
            if !at.is_multiple_of(4) || !seen.insert(at) {
                return Err(format!("the word at {at:#x} is there twice, or its address is no multiple of 4"));
            }
            let numbers = [Some(word.value), word.at_reset, word.saves];
            let numbers = numbers.into_iter().flatten().chain(word.keys.iter().copied());
            if numbers.into_iter().any(|number| u32::try_from(number.0).is_err()) {
                return Err(format!("the word at {at:#x} has more than 32 bits"));
            }
        }
        let bit = |fault: &Fault| matches!(fault, Fault::Flip { bit, .. } if *bit > 7);
        if self.faults.iter().any(bit) {
            return Err("a byte has bits 0 to 7".to_owned());
        }
        Ok(())
    }
}

fn pair(text: &str) -> Option<u8> {
    (text.len() == 2 && text.bytes().all(|b| b.is_ascii_hexdigit())).then(|| u8::from_str_radix(text, 16).ok())?
}

fn is_uid(text: &str) -> bool {
    let digits = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    digits && (2..=64).contains(&text.len()) && text.len().is_multiple_of(2)
}

fn with_source(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(json: &serde_json::Value) -> Result<(), String> {
        serde_json::from_value::<Description>(json.clone()).map_err(|error| error.to_string())?.check()
    }

    #[test]
    fn numbers_are_read_in_both_ways_and_written_in_hex() {
        assert_eq!(serde_json::from_str::<Number>("\"0x1F\"").unwrap(), Number(31));
        assert_eq!(serde_json::from_str::<Number>("31").unwrap(), Number(31));
        assert_eq!(serde_json::to_string(&Number(31)).unwrap(), "\"0x1f\"");
        for wrong in ["\"31\"", "-1", "\"0x\"", "\"0x+1\"", "true", "1.5"] {
            assert!(serde_json::from_str::<Number>(wrong).is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_description_makes_us_panic(bytes: Vec<u8>, start: u64, length: u64, page: u64, address: u64) {
            let json = serde_json::json!({"name": "x", "memory": [{"start": start, "length": length, "page": page}]});
            if checked(&json).is_ok() {
                let chip: Description = serde_json::from_value(json).unwrap();
                let _ = (chip.offset(address), chip.map().page(address));
            }
            proptest::prop_assert!(serde_json::from_slice::<Description>(&bytes).is_err());
        }
    }

    #[test]
    fn what_is_no_chip_is_refused() {
        let right = serde_json::json!({"name": "x", "uid": "00ff", "mac": "02:00:00:00:00:ff",
            "memory": [{"start": 0, "length": 64, "page": 16}], "words": [{"address": 64, "value": 1}]});
        assert_eq!(checked(&right), Ok(()));
        let changes = [
            ("/name", serde_json::json!("")),
            ("/uid", serde_json::json!("0F")),
            ("/mac", serde_json::json!("02:00:00:00:00")),
            ("/memory/0/page", serde_json::json!(0)),
            ("/memory/0/page", serde_json::json!(24)),
            ("/memory/0/length", serde_json::json!(0)),
            ("/memory/0/start", serde_json::json!(u64::MAX)),
            ("/memory/0/length", serde_json::json!(LARGEST + 16)),
            ("/words/0/address", serde_json::json!(2)),
            ("/words/0/value", serde_json::json!("0x100000000")),
        ];
        for (at, value) in changes {
            let mut wrong = right.clone();
            *wrong.pointer_mut(at).unwrap() = value;
            assert!(checked(&wrong).is_err(), "{at}");
        }
        let mut unknown = right;
        unknown["more"] = serde_json::json!(1);
        assert!(checked(&unknown).is_err());
    }
}
