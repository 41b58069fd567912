//! The states of devices, generations and deliveries, and why a delivery is made once more.

use serde::{Deserialize, Serialize};

use crate::delivery::Step;

use super::LedgerError;

macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$each:meta])* $variant:ident = $name:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $type { $($(#[$each])* $variant),+ }

        impl $type {
            /// Returns the stable name used in the ledger and in JSON.
            pub fn name(self) -> &'static str {
                match self { $($type::$variant => $name),+ }
            }

            pub(super) fn parse(text: &str) -> Result<Self, LedgerError> {
                match text {
                    $($name => Ok($type::$variant),)+
                    _ => Err(LedgerError::unreadable(format!("{text:?} is no {}", stringify!($type)))),
                }
            }
        }
    };
}

named! {
    /// Why a delivery is made once more.
    Again {
        /// The first medium is lost: whoever finds it has the secrets, so they are revoked and issued anew.
        Lost = "lost",
        /// The first medium is broken and in our hands: nothing is revoked while the private part still exists.
        Damaged = "damaged",
        /// A second medium with the same secrets is wanted.
        Copy = "copy",
    }
}

named! {
    /// The life of a device.
    DeviceState {
        /// Seen: a delivery was begun or a credential issued.
        Known = "known",
        /// Delivered and recorded.
        Registered = "registered",
        /// Out of service; nothing is made for it any more.
        Retired = "retired",
    }
}

named! {
    /// The life of a credential generation.
    GenerationState {
        /// Issued, not yet verified on any target.
        Pending = "pending",
        /// Verified on a target.
        Active = "active",
        /// Replaced by a later one, or its device was retired.
        Retired = "retired",
        /// Must not be trusted any more.
        Revoked = "revoked",
    }
}

named! {
    /// The life of a delivery.
    DeliveryState {
        /// Under way or interrupted.
        Open = "open",
        /// Done.
        Finished = "finished",
        /// Its target is overwritten by a later version.
        Superseded = "superseded",
        /// Given up before anything left the station.
        Abandoned = "abandoned",
        /// Its target was reported lost.
        Lost = "lost",
        /// Its target was reported damaged.
        Damaged = "damaged",
    }
}

/// Reads the name of a step.
pub(super) fn parse_step(text: &str) -> Result<Step, LedgerError> {
    let step = Step::ALL.into_iter().find(|step| step.name() == text);
    step.ok_or_else(|| LedgerError::unreadable(format!("{text:?} is no step")))
}
