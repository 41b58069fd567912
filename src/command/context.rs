//! What every command is given: the printer, the globals, the surroundings.

use std::path::PathBuf;
#[cfg(feature = "station")]
use std::sync::Arc;

#[cfg(feature = "station")]
use crate::delivery::{Clock, Random};
use crate::fleet::Class;
#[cfg(feature = "station")]
use crate::fleet::Secret;
use crate::host::Machine;
#[cfg(feature = "station")]
use crate::host::surroundings::{OsRandom, SeededRandom, clock_from_environment};
use crate::ui::{Interrupt, Printer};

use super::Globals;

/// How a command ended that did not fail: done, or with a class of its own (a batch that failed in part).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// Done, or nothing left to do.
    Done,
    /// Everything there is to say has been said; this is the exit status.
    Ended(Class),
}

impl Status {
    /// Returns the exit status.
    pub fn exit_status(self) -> u8 {
        match self {
            Status::Done => 0,
            Status::Ended(class) => class.exit_status(),
        }
    }
}

/// What a command works with; nothing of the machine is looked up behind its back.
pub struct Context {
    /// The way to stdout and stderr.
    pub printer: Printer,
    /// The options every command takes.
    pub globals: Globals,
    /// Where the machine's `/sys`, `/proc` and `/dev` are: `/`, but for tests.
    pub machine_root: PathBuf,
    /// The wish that we stop.
    pub interrupt: Interrupt,
    /// The time: the system's, or the one of `SOURCE_DATE_EPOCH`.
    #[cfg(feature = "station")]
    pub clock: Arc<dyn Clock>,
    /// Random bytes: the system's, or foretold from `--seed`.
    #[cfg(feature = "station")]
    pub random: Arc<dyn Random>,
}

impl Context {
    /// Looks at environment and signals, once.
    pub fn new(printer: Printer, globals: Globals) -> anyhow::Result<Self> {
        let interrupt = Interrupt::listen().unwrap_or_else(|error| {
            printer.warn(format_args!("Ctrl-C ends at once instead of after the step at work: {error}"));
            Interrupt::default()
        });
        Ok(Self {
            machine_root: machine_root(),
            #[cfg(feature = "station")]
            clock: Arc::from(clock_from_environment()?),
            #[cfg(feature = "station")]
            random: random(globals.seed.as_deref()),
            printer,
            globals,
            interrupt,
        })
    }

    /// Answers `--plan` of a command that would do one thing; `words` go on after "would".
    #[cfg(feature = "station")]
    pub fn would(&self, words: &str) -> Status {
        self.printer.report(&serde_json::json!({ "event": "plan", "would": words }), || format!("would {words}\n"));
        Status::Done
    }

    /// Returns the machine this program runs on, or the made-up one of a test.
    pub fn machine(&self) -> Machine {
        Machine::at(&self.machine_root)
    }

    /// Returns a procedure's question whether to go on: `Some` is why it should stop.
    #[cfg(feature = "station")]
    pub fn stop(&self) -> Arc<dyn Fn() -> Option<Class> + Send + Sync> {
        let interrupt = self.interrupt.clone();
        Arc::new(move || interrupt.asked())
    }
}

#[cfg(feature = "station")]
fn random(seed: Option<&str>) -> Arc<dyn Random> {
    match seed {
        Some(seed) => Arc::new(SeededRandom::new(&Secret::new(seed.as_bytes().to_vec()))),
        None => Arc::new(OsRandom),
    }
}

/// A made-up machine is for tests of our own: a release build knows only the real one.
fn machine_root() -> PathBuf {
    let made_up = std::env::var_os("FIRSTLIGHT_MACHINE_ROOT").filter(|_| cfg!(debug_assertions));
    made_up.map_or_else(|| PathBuf::from("/"), PathBuf::from)
}
