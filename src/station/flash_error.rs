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
    /// The device is made for another kind of chip than the programmer was told.
    #[error("device {device:?} wants a {wants}, the programmer was told {here}")]
    OtherKind {
        /// The device.
        device: String,
        /// The chip of its profile.
        wants: String,
        /// The chip that the programmer was told.
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
    /// The recipe is not used.
    #[error("{reason}")]
    Recipe {
        /// Why.
        reason: String,
        /// The class of that.
        class: Class,
        /// What to do.
        hint: Option<String>,
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
    /// The chip is closed, and the device was being locked when something stopped: nothing can show that it is the same chip.
    #[error(
        "the chip at {target} is locked and does not say who it is; {device:?} was being locked ({lock:?}) when it stopped"
    )]
    ClosedMidway {
        /// The device.
        device: String,
        /// Its first lock that is not settled.
        lock: String,
        /// Where the chip is.
        target: String,
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
            FlashError::Recipe { class, .. } => *class,
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
            FlashError::OtherKind { device, .. } => format!("name the device: firstlight flash {device}"),
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
            FlashError::ClosedMidway { device, .. } => format!(
                "a locked chip proves nothing: erase it as its maker says and flash {device} again, or reject the unit and give {device} another chip: --again damaged"
            ),
            FlashError::Unobserved { .. } => {
                "give the step something to observe, or accept it: factory: {lock_passes: applied}".into()
            }
            FlashError::Recipe { hint, .. } => return hint.clone(),
            FlashError::Batch { .. } | FlashError::CannotLock { .. } | FlashError::Request { .. } => return None,
        })
    }
}
