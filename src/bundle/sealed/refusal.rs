//! Why a bundle is not taken: a closed list of reasons, each with a code that does not change.

use serde::{Deserialize, Serialize};

use crate::fleet::{Class, Diagnose};

/// Why a bundle is not taken. The codes are documented in docs/bundle-format.md.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// There is no signature where one is wanted.
    Unsigned,
    /// No key that is trusted here made any of the signatures.
    NotOurs,
    /// A trusted key's signature does not fit the manifest, or a file is not the one that was signed.
    Altered,
    /// A file is missing or shorter than the manifest says, or the manifest ends too early.
    Truncated,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// Its validity cannot be judged without trusted time.
    ClockUntrusted,
    /// A newer version was taken before.
    OlderVersion,
    /// Another bundle of the same version was taken before.
    VersionConflict,
    /// It is single-use and was taken before.
    Used,
    /// It is for another device.
    OtherDevice,
    /// No key of this device opens it.
    CannotDecrypt,
    /// It is larger than this device takes.
    TooBig,
    /// A path or destination leads where none may lead.
    UnsafePath,
    /// It is of a format that this program does not know.
    UnknownFormat,
    /// Several bundles are for this device and none is the newest.
    Ambiguous,
    /// It asks for something that this device does not allow: a hook, an owner, a destination.
    NotAllowed,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 17] = [
        Reason::Unsigned,
        Reason::NotOurs,
        Reason::Altered,
        Reason::Truncated,
        Reason::Expired,
        Reason::NotYetValid,
        Reason::ClockUntrusted,
        Reason::OlderVersion,
        Reason::VersionConflict,
        Reason::Used,
        Reason::OtherDevice,
        Reason::CannotDecrypt,
        Reason::TooBig,
        Reason::UnsafePath,
        Reason::UnknownFormat,
        Reason::Ambiguous,
        Reason::NotAllowed,
    ];

    /// Returns its code.
    pub fn code(self) -> &'static str {
        match self {
            Reason::Unsigned => "unsigned",
            Reason::NotOurs => "not-ours",
            Reason::Altered => "altered",
            Reason::Truncated => "truncated",
            Reason::Expired => "expired",
            Reason::NotYetValid => "not-yet-valid",
            Reason::ClockUntrusted => "clock-untrusted",
            Reason::OlderVersion => "older-version",
            Reason::VersionConflict => "version-conflict",
            Reason::Used => "used",
            Reason::OtherDevice => "other-device",
            Reason::CannotDecrypt => "cannot-decrypt",
            Reason::TooBig => "too-big",
            Reason::UnsafePath => "unsafe-path",
            Reason::UnknownFormat => "unknown-format",
            Reason::Ambiguous => "ambiguous",
            Reason::NotAllowed => "not-allowed",
        }
    }
}

/// A bundle that is not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}: {what}", reason.code())]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// The same in words, with names and both numbers.
    pub what: String,
}

impl Refusal {
    /// Returns a refusal.
    pub fn new(reason: Reason, what: impl Into<String>) -> Self {
        Self { reason, what: what.into() }
    }
}

impl Diagnose for Refusal {
    fn class(&self) -> Class {
        match self.reason {
            Reason::Altered | Reason::Truncated => Class::Differs,
            Reason::TooBig | Reason::UnsafePath | Reason::UnknownFormat => Class::Input,
            Reason::ClockUntrusted => Class::Surroundings,
            _ => Class::Refused,
        }
    }
}
