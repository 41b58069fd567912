//! When a simulated chip fails: its operations are counted, and the faults of `chip.json` hit the n-th.

use std::io;

use crate::programmer::ProgrammerError;

use super::description::{Fault, Mishap, Operation};

/// What has happened to the chip since it was opened.
#[derive(Default)]
pub(super) struct Fate {
    counts: [u64; 8],
    away: bool,
}

/// How much of an operation takes place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// All of it.
    Whole,
    /// The first half; then power is gone.
    Half,
    /// Nothing, and nobody is told.
    Nothing,
}

impl Fate {
    /// Counts an operation and says how much of it takes place.
    pub(super) fn meet(&mut self, operation: Operation, faults: &[Fault], link: &str) -> Result<Way, ProgrammerError> {
        let doing = words(operation);
        if self.away {
            return Err(gone(link, doing));
        }
        let count = &mut self.counts[operation as usize];
        *count += 1;
        let hit = faults.iter().find_map(|fault| match fault {
            Fault::At { on, nth, does } if *on == operation && (*nth == 0 || nth == count) => Some(*does),
            _ => None,
        });
        match hit {
            None => Ok(Way::Whole),
            Some(Mishap::Ignored) => Ok(Way::Nothing),
            Some(Mishap::Fail) => Err(refused(link, doing, format!("fault on operation {count}"))),
            Some(Mishap::Silent) => Err(ProgrammerError::Silent { link: link.to_owned(), doing }),
            Some(Mishap::Gone) => {
                self.away = true;
                Err(gone(link, doing))
            }
            Some(Mishap::StopHere) => {
                self.away = true;
                Ok(Way::Half)
            }
        }
    }
}

/// Returns what an operation is called in errors.
pub(super) fn words(operation: Operation) -> &'static str {
    match operation {
        Operation::Connect => "connecting",
        Operation::Read => "reading",
        Operation::Erase => "erasing",
        Operation::Program => "writing",
        Operation::ReadWord => "reading a word",
        Operation::WriteWord => "writing a word",
        Operation::Reset => "resetting",
        Operation::MakeKey => "making a key",
    }
}

pub(super) fn gone(link: &str, doing: &'static str) -> ProgrammerError {
    ProgrammerError::Gone { link: link.to_owned(), doing }
}

pub(super) fn refused(link: &str, doing: &'static str, answer: String) -> ProgrammerError {
    ProgrammerError::Device { link: link.to_owned(), doing, answer }
}

pub(super) fn io(link: &str, doing: &'static str) -> impl FnOnce(io::Error) -> ProgrammerError {
    let link = link.to_owned();
    move |source| ProgrammerError::Io { link, doing, source }
}
