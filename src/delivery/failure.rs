//! How a sink fails.

use std::io;

use crate::fleet::{Class, Diagnose};

/// How a sink fails. No flag names here; numbers on both sides.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// No such target.
    #[error("there is no {what} at {path:?}")]
    Absent {
        /// "drive", "folder" ...
        what: &'static str,
        /// As the user named it.
        path: String,
    },
    /// Somebody holds it.
    #[error("{target} is busy: {}", holders.join(", "))]
    Busy {
        /// The target.
        target: String,
        /// Who: mount points, swap, device-mapper names, processes.
        holders: Vec<String>,
    },
    /// Does not fit.
    #[error("{target} holds {have} bytes, the image needs {need} bytes")]
    TooSmall {
        /// The target.
        target: String,
        /// Bytes needed.
        need: u64,
        /// Bytes there.
        have: u64,
    },
    /// The bundle does not fit the volume.
    #[error("the bundle does not fit: {reason}")]
    Layout {
        /// Why, with numbers.
        reason: String,
    },
    /// Write-protected.
    #[error("{target} is write-protected")]
    ReadOnly {
        /// The target.
        target: String,
    },
    /// Not permitted by the system.
    #[error("no permission to open {target}")]
    Permission {
        /// The target.
        target: String,
    },
    /// Our own guard, or the person asked.
    #[error("refusing to write {target}: {reason}")]
    Refused {
        /// The target.
        target: String,
        /// Why.
        reason: String,
        /// What a person could do.
        hint: Option<String>,
    },
    /// The person asked pressed Ctrl-C instead of answering.
    #[error("interrupted at the question; {target} was not touched")]
    Interrupted {
        /// The target.
        target: String,
    },
    /// Another target than the one consented to, or than the one an interrupted delivery went to.
    #[error("{target} is not the target that was agreed on: {difference}")]
    Swapped {
        /// The target.
        target: String,
        /// What differs.
        difference: String,
    },
    /// The target went away.
    #[error("{target} was unplugged while {doing}")]
    Gone {
        /// The target.
        target: String,
        /// "writing", "reading back".
        doing: &'static str,
    },
    /// The system reports an error.
    #[error("{doing} {target} failed at byte {offset}")]
    Io {
        /// The target.
        target: String,
        /// "writing", "reading back" ...
        doing: &'static str,
        /// Where.
        offset: u64,
        /// The system's words.
        source: io::Error,
    },
    /// A programmer's own words: its errors know their class and their hint.
    #[error("{source}")]
    Link {
        /// Their class.
        class: Class,
        /// What a person could do.
        hint: Option<String>,
        /// The words.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What was read back is not what was written.
    #[error("{target} reads back differently at byte {offset}: {finding}")]
    Differs {
        /// The target.
        target: String,
        /// First difference.
        offset: u64,
        /// What kind of difference: zeros, another place's content, a single bit, stale content.
        finding: String,
    },
}

impl Diagnose for SinkError {
    fn class(&self) -> Class {
        match self {
            SinkError::Absent { .. } | SinkError::Layout { .. } => Class::Input,
            SinkError::Busy { .. } | SinkError::TooSmall { .. } | SinkError::Gone { .. } | SinkError::Io { .. } => {
                Class::Surroundings
            }
            SinkError::ReadOnly { .. } => Class::Surroundings,
            SinkError::Permission { .. } | SinkError::Refused { .. } | SinkError::Swapped { .. } => Class::Refused,
            SinkError::Differs { .. } => Class::Differs,
            SinkError::Interrupted { .. } => Class::Interrupted,
            SinkError::Link { class, .. } => *class,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            SinkError::Refused { hint, .. } | SinkError::Link { hint, .. } => hint.clone(),
            SinkError::Absent { what: "folder", path } => {
                Some(format!("make it, or mount what belongs there: mkdir -p '{path}'"))
            }
            SinkError::Absent { what: "block device", .. } => {
                Some("see what is plugged in: firstlight media list".into())
            }
            SinkError::Busy { .. } => Some("unmount it or stop what holds it, then run the same command again".into()),
            SinkError::TooSmall { .. } => Some("use a larger medium, or a smaller size in the fleet file".into()),
            SinkError::ReadOnly { .. } => Some("move the lock switch of the card, or use another medium".into()),
            SinkError::Permission { target } if target.starts_with("/dev/") => {
                Some(format!("join the group that owns {target} (often disk), or run with sudo"))
            }
            SinkError::Permission { target } => Some(format!("see who may write there: ls -ld '{target}'")),
            SinkError::Gone { .. } => Some("plug the same medium in again and run the same command: it resumes".into()),
            SinkError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Some("make room there, then run the same command again: it resumes".into())
            }
            SinkError::Io { .. } => Some("run the same command again; if it fails again, use another medium".into()),
            SinkError::Differs { .. } => Some("reject this medium: it does not hold what it is given".into()),
            _ => None,
        }
    }
}
