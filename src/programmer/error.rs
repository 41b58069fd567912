//! How a programmer fails.

use std::io;
use std::ops::Range;

use crate::fleet::{Class, Diagnose};

/// How a programmer fails.
#[derive(Debug, thiserror::Error)]
pub enum ProgrammerError {
    /// What was typed names no programmer.
    #[error("{text:?} names no programmer: {reason}")]
    Selector {
        /// As typed.
        text: String,
        /// Why not.
        reason: String,
    },
    /// Nothing answers to the selection.
    #[error("there is no programmer at {link}")]
    Absent {
        /// As selected.
        link: String,
    },
    /// Several answer to it.
    #[error("{link} fits {} programmers: {}", found.len(), found.join(", "))]
    Several {
        /// As selected.
        link: String,
        /// Each with its port.
        found: Vec<String>,
    },
    /// The system does not let us open it.
    #[error("no permission to open {link} ({node})")]
    Permission {
        /// The link.
        link: String,
        /// The device node.
        node: String,
    },
    /// Somebody else has it open.
    #[error("{link} is in use by another program")]
    Busy {
        /// The link.
        link: String,
    },
    /// No answer in time.
    #[error("{link} did not answer while {doing}")]
    Silent {
        /// The link.
        link: String,
        /// "connecting", "erasing" ...
        doing: &'static str,
    },
    /// Unplugged, or its server went away.
    #[error("{link} was unplugged while {doing}")]
    Gone {
        /// The link.
        link: String,
        /// "connecting", "erasing" ...
        doing: &'static str,
    },
    /// The system reports an error.
    #[error("{doing} by {link} failed")]
    Io {
        /// The link.
        link: String,
        /// "reading", "erasing" ...
        doing: &'static str,
        /// The system's words.
        source: io::Error,
    },
    /// The chip or its boot loader says no.
    #[error("{link} refuses {doing}: {answer}")]
    Device {
        /// The link.
        link: String,
        /// "erasing", "writing" ...
        doing: &'static str,
        /// Its status in words, with its number.
        answer: String,
    },
    /// It answers, but not as its protocol has it.
    #[error("{link} does not answer as it should while {doing}: {answer}")]
    Protocol {
        /// The link.
        link: String,
        /// "connecting" ...
        doing: &'static str,
        /// What came.
        answer: String,
    },
    /// The programmer is there, a chip is not.
    #[error("{link} finds no chip: {reason}")]
    NoChip {
        /// The link.
        link: String,
        /// Why.
        reason: String,
    },
    /// Another kind of chip than the profile is for.
    #[error("{link} is connected to {have:?}, the profile is for {want:?}")]
    WrongChip {
        /// The link.
        link: String,
        /// The profile's.
        want: String,
        /// What is there.
        have: String,
    },
    /// The name of the chip is not known to the link.
    #[error("chip {chip:?} is not known to {link}")]
    UnknownChip {
        /// The link.
        link: String,
        /// The profile's.
        chip: String,
        /// Names that are known and look like it; may be empty.
        near: Vec<String>,
    },
    /// Addresses that the chip does not have, or must not be written.
    #[error("addresses {:#x} to {:#x} cannot be written: {at:#x} {reason}", range.start, range.end)]
    Range {
        /// What was to be written.
        range: Range<u64>,
        /// The first address that is wrong.
        at: u64,
        /// "is not in the chip's memory", "is write-protected" ...
        reason: &'static str,
    },
    /// What is on the chip is not what was written.
    #[error("{link} reads back differently at {address:#x}: {finding}")]
    Differs {
        /// The link.
        link: String,
        /// First difference.
        address: u64,
        /// In words.
        finding: String,
    },
    /// The chip's read-out protection is on.
    #[error("the chip at {link} is locked: {reason}")]
    Locked {
        /// The link.
        link: String,
        /// What shows it.
        reason: String,
    },
    /// The link cannot do that.
    #[error("{link} cannot do this: {what}")]
    Unable {
        /// The link.
        link: String,
        /// "reading back" ...
        what: &'static str,
    },
    /// The code that drives the programmer broke down.
    #[error("the driver of {link} broke down while {doing}: {reason}")]
    Broken {
        /// The link.
        link: String,
        /// "connecting" ...
        doing: &'static str,
        /// The panic's words, or "no end within 60 s".
        reason: String,
    },
    /// A program that drives a programmer failed.
    #[error("{program:?} failed: {reason}")]
    Program {
        /// The program.
        program: String,
        /// What it said, or how it ended.
        reason: String,
        /// The class its exit status stands for.
        class: Class,
    },
}

impl Diagnose for ProgrammerError {
    fn class(&self) -> Class {
        use ProgrammerError as E;
        match self {
            E::Selector { .. } | E::UnknownChip { .. } | E::Range { .. } => Class::Input,
            E::Absent { .. }
            | E::Several { .. }
            | E::Busy { .. }
            | E::Silent { .. }
            | E::Gone { .. }
            | E::Io { .. }
            | E::Device { .. }
            | E::Protocol { .. }
            | E::NoChip { .. }
            | E::Broken { .. } => Class::Surroundings,
            E::Permission { .. } | E::WrongChip { .. } | E::Locked { .. } | E::Unable { .. } => Class::Refused,
            E::Differs { .. } => Class::Differs,
            E::Program { class, .. } => *class,
        }
    }

    fn hint(&self) -> Option<String> {
        use ProgrammerError as E;
        match self {
            E::Selector { .. } | E::Absent { .. } => {
                Some("see what is plugged in: firstlight programmers list".to_owned())
            }
            E::Several { .. } => Some("name one by its port: port=1-4.2".to_owned()),
            E::Permission { .. } => {
                Some("install the udev rule that `firstlight doctor` prints, then plug it in again".to_owned())
            }
            E::Busy { .. } => Some("stop the program that has it open, then run the same command again".to_owned()),
            E::Silent { .. } | E::Protocol { .. } | E::NoChip { .. } => Some(
                "check power and cable, and that the chip is in its boot loader; then run the same command again"
                    .to_owned(),
            ),
            E::Gone { .. } => Some("plug the same unit in again and run the same command: it resumes".to_owned()),
            E::Io { .. } | E::Device { .. } | E::Broken { .. } => {
                Some("run the same command again: it resumes; if it fails again, set the unit aside".to_owned())
            }
            E::WrongChip { .. } => Some("plug in the right unit, or choose the profile made for this chip".to_owned()),
            E::Differs { .. } => Some("reject this unit: it does not hold what it is given".to_owned()),
            E::Locked { .. } => Some("a locked chip was finished before; see: firstlight devices list".to_owned()),
            E::UnknownChip { near, .. } => (!near.is_empty()).then(|| format!("known here: {}", near.join(", "))),
            E::Range { .. } | E::Unable { .. } | E::Program { .. } => None,
        }
    }
}
