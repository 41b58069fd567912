//! What the station asks of the process that has the probe, and what that answers.

use serde::{Deserialize, Serialize};

use crate::programmer::ProgrammerError;

/// Which probe.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Choice {
    /// The only one there is.
    Only,
    /// The one on the USB port with this path.
    Port(String),
    /// The one with this serial number.
    Serial(String),
    /// As probe-rs selects it.
    Driver(String),
}

/// One order; each has one answer, before which there may be progress.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// Open the probe, connect to the chip, stop it, ask who it is.
    Connect { choice: Choice, chip: Option<String> },
    /// Read memory; answered by data.
    Read { address: u64, length: u32 },
    /// Erase and program whole pages: address of each run. Its bytes follow as one frame of data each.
    Write { runs: Vec<u64> },
    /// Read a word.
    Read32 { address: u64 },
    /// Write a word.
    Write32 { address: u64, value: u32 },
    /// Reset the chip and stop it again.
    Reset,
    /// Reset the chip and let it run; the process ends.
    Release,
}

/// What came of an order.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// It is done.
    Done,
    /// So many of so many bytes are.
    Progress { done: u64, of: u64 },
    /// The word that was read.
    Word(u32),
    /// Who is there.
    Found(Box<Found>),
    /// It failed.
    Failed(Failure),
}

/// The probe and the chip that a connection found.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Found {
    /// Name of the chip.
    pub name: String,
    /// Unique number.
    pub uid: Option<String>,
    /// Factory MAC address.
    pub mac: Option<[u8; 6]>,
    /// Regions: start, end, bytes of a page, writable.
    pub memory: Vec<(u64, u64, u64, bool)>,
    /// USB port of the probe.
    pub port: Option<String>,
    /// Serial number of the probe.
    pub serial: Option<String>,
}

/// A failure without the names of link and deed, which the station adds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Failure {
    Absent,
    Several(Vec<String>),
    Permission(String),
    Busy,
    Silent,
    Gone,
    NoChip(String),
    WrongChip { want: String, have: String },
    UnknownChip { chip: String, near: Vec<String> },
    Locked(String),
    Device(String),
    Protocol(String),
    Differs { address: u64, finding: String },
    Broken(String),
}

impl Failure {
    /// Returns it as the error of `link` while `doing`.
    pub(super) fn at(self, link: &str, doing: &'static str) -> ProgrammerError {
        use ProgrammerError as E;
        let link = link.to_owned();
        match self {
            Self::Absent => E::Absent { link },
            Self::Several(found) => E::Several { link, found },
            Self::Permission(node) => E::Permission { link, node },
            Self::Busy => E::Busy { link },
            Self::Silent => E::Silent { link, doing },
            Self::Gone => E::Gone { link, doing },
            Self::NoChip(reason) => E::NoChip { link, reason },
            Self::WrongChip { want, have } => E::WrongChip { link, want, have },
            Self::UnknownChip { chip, near } => E::UnknownChip { link, chip, near },
            Self::Locked(reason) => E::Locked { link, reason },
            Self::Device(answer) => E::Device { link, doing, answer },
            Self::Protocol(answer) => E::Protocol { link, doing, answer },
            Self::Differs { address, finding } => E::Differs { link, address, finding },
            Self::Broken(reason) => E::Broken { link, doing, reason },
        }
    }
}
