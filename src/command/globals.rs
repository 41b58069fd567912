//! Options that every command takes.

#[cfg(feature = "station")]
use std::path::PathBuf;

use crate::ui::{Format, Level};

/// Options that every command takes.
#[derive(clap::Args, Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Globals {
    /// The fleet's folder [default: the nearest with a fleet.yaml, upward]
    #[cfg(feature = "station")]
    #[arg(long, global = true, value_name = "DIR", env = "FIRSTLIGHT_FLEET", hide_env_values = true)]
    #[arg(help_heading = "Global options")]
    pub fleet: Option<PathBuf>,
    /// Print data as JSON: one object, or one a line for events
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// Say only what went wrong
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    pub quiet: bool,
    /// Say each step
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub verbose: bool,
    /// Who works here, for the ledger [default: the login name]
    #[cfg(feature = "station")]
    #[arg(long, global = true, value_name = "NAME", env = "FIRSTLIGHT_OPERATOR", hide_env_values = true)]
    #[arg(help_heading = "Global options")]
    pub operator: Option<String>,
    /// Answer harmless questions with yes (never: overwriting a drive)
    #[arg(long, global = true, help_heading = "Global options")]
    pub yes: bool,
    /// Say what would happen and touch nothing
    #[cfg(feature = "station")]
    #[arg(long, global = true, help_heading = "Global options")]
    pub plan: bool,
    /// Read the passphrase of the station key from this file descriptor
    #[cfg(feature = "station")]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    #[arg(help_heading = "Global options")]
    pub passphrase_fd: Option<i32>,
    /// Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware
    #[cfg(feature = "station")]
    #[arg(long, global = true, value_name = "TEXT", help_heading = "Global options")]
    pub seed: Option<String>,
}

impl Globals {
    /// Returns who reads our output.
    pub fn format(&self) -> Format {
        if self.json { Format::Json } else { Format::Text }
    }

    /// Returns how much talk is wanted.
    pub fn level(&self) -> Level {
        match (self.quiet, self.verbose) {
            (true, _) => Level::Quiet,
            (_, true) => Level::Verbose,
            _ => Level::Normal,
        }
    }
}
