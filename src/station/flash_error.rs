//! How a chip fails to become a device.

use crate::fleet::{Class, Diagnose};

/// How a chip fails to become a device.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FlashError {
    /// The chip is bound to another record.
    #[error("refusing to make chip {chip:?} device {device:?}: it is device {owner:?}")]
    ChipOfAnother {
        /// The chip's number.
        chip: String,
        /// Whose it is.
        owner: String,
        /// Whose it was to be.
        device: String,
    },
    /// The record was delivered to another chip.
    #[error("refusing to give device {device:?} a second chip: it is on chip {done:?}, here is chip {here:?}")]
    OtherChip {
        /// The device.
        device: String,
        /// Its chip.
        done: String,
        /// The chip there now.
        here: String,
    },
    /// No serial number where one is wanted.
    #[error("device {device:?} has no serial number")]
    NoSerial {
        /// The device.
        device: String,
    },
    /// The input of a batch has faults; nothing was begun.
    #[error("{} in the batch, nothing was begun:{}", faults_of(*count), listed(*count, told))]
    Batch {
        /// How many.
        count: usize,
        /// The first of them, each with its device.
        told: Vec<String>,
    },
    /// The chip's certificate request is no good.
    #[error("the key that device {device:?} made is not taken: {reason}")]
    Request {
        /// The device.
        device: String,
        /// Why.
        reason: String,
    },
    /// No row has the scanned code.
    #[error("no device of the fleet has the label {code:?}")]
    UnknownCode {
        /// As it was scanned.
        code: String,
    },
    /// The recipe was not tried on a simulated chip.
    #[error("refusing to apply lock recipe {recipe:?} to hardware: it was never run on a simulated chip")]
    NotRehearsed {
        /// The recipe.
        recipe: String,
    },
    /// No person confirmed the first article.
    #[error("refusing to apply lock recipe {recipe:?} to {target}: {reason}")]
    NotConfirmed {
        /// The recipe.
        recipe: String,
        /// The chip.
        target: String,
        /// "nobody confirmed it", "there is no terminal to ask on" ...
        reason: String,
    },
    /// The target has nothing that could be locked.
    #[error("{target} cannot be locked")]
    CannotLock {
        /// The target.
        target: String,
    },
    /// The recipe changed while a delivery was on its way.
    #[error("lock recipe {recipe:?} is another than the one that this delivery was begun with")]
    OtherRecipe {
        /// The recipe.
        recipe: String,
    },
    /// The lock was applied and is seen not to hold.
    #[error("lock {lock:?} does not hold after it was applied")]
    NotLocked {
        /// The lock.
        lock: String,
    },
    /// Nothing can show whether the lock holds, and the profile wants it seen.
    #[error("lock {lock:?} cannot be seen to hold")]
    Unobserved {
        /// The lock.
        lock: String,
    },
}

fn faults_of(count: usize) -> String {
    if count == 1 { "1 fault".to_owned() } else { format!("{count} faults") }
}

/// One line for each fault that is told, and how many are not.
fn listed(count: usize, told: &[String]) -> String {
    let mut lines: Vec<String> = told.iter().map(|fault| format!("\n  {fault}")).collect();
    if count > told.len() {
        lines.push(format!("\n  and {} more", count - told.len()));
    }
    lines.concat()
}

impl Diagnose for FlashError {
    fn class(&self) -> Class {
        match self {
            FlashError::NoSerial { .. } | FlashError::UnknownCode { .. } | FlashError::Batch { .. } => Class::Input,
            FlashError::NotLocked { .. } | FlashError::Request { .. } => Class::Differs,
            _ => Class::Refused,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            FlashError::ChipOfAnother { owner, .. } => {
                format!("to give the chip to another device say why: --rework REASON (revokes {owner}'s credentials)")
            }
            FlashError::OtherChip { .. } => {
                "if the first is lost add --again lost, if it is broken --again damaged; a second copy is --again copy"
                    .into()
            }
            FlashError::NoSerial { .. } => {
                "give the inventory a column `serial`, or let this station count: serials: pool".into()
            }
            FlashError::UnknownCode { .. } => "see the devices with: firstlight devices list".into(),
            FlashError::NotRehearsed { .. } => "run it once: firstlight flash ID --programmer file:rehearsal".into(),
            FlashError::NotConfirmed { .. } => {
                "a person has to confirm the first article of a batch at a terminal; --yes never does".into()
            }
            FlashError::OtherRecipe { .. } => {
                "bring the recipe back that it was begun with, or add --again damaged".into()
            }
            FlashError::NotLocked { .. } => "reject this unit: it holds its secrets and is open".into(),
            FlashError::Unobserved { .. } => {
                "give the step something to observe, or accept it: factory: {lock_passes: applied}".into()
            }
            FlashError::Batch { .. } | FlashError::CannotLock { .. } | FlashError::Request { .. } => return None,
        })
    }
}
