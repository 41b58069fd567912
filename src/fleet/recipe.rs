//! Locks and other steps that cannot be taken back, as data: words to write, words to read.

use serde::{Deserialize, Serialize};

/// One step of a lock recipe.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockStep {
    /// Its name in the ledger: `read-out-protection`.
    pub name: String,
    /// What applies it, in order.
    pub apply: Vec<Act>,
    /// What shows that it holds; empty if nothing can, which makes it unobservable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observe: Vec<Probe>,
}

/// One act.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Act {
    /// Writes a word.
    Write {
        /// Where.
        address: u64,
        /// What.
        value: u32,
    },
    /// Waits until the masked word has a value; at most so many milliseconds, 1 to 10,000.
    Wait {
        /// Where.
        address: u64,
        /// Bits that count.
        mask: u32,
        /// What they must become.
        value: u32,
        /// Limit in milliseconds.
        within: u32,
    },
    /// Resets the chip and connects again.
    Reset,
}

/// One look at the chip.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Probe {
    /// The masked word has this value.
    Equals {
        /// Where.
        address: u64,
        /// Bits that count.
        mask: u32,
        /// What they are when the lock holds.
        value: u32,
    },
    /// Reading this word is refused by the chip.
    Refused {
        /// Where.
        address: u64,
    },
}
