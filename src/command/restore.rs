//! `firstlight restore`: brings keys and records back from a backup.

use std::path::PathBuf;

use crate::command::{Context, Status};

const EXAMPLES: &str = "\
Examples:
  $ firstlight restore plant-2026-03.age
  $ firstlight restore plant.age --identity key.txt";

/// Arguments of `firstlight restore`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// File that `firstlight backup` made
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Open it with the age identity in this file instead of a passphrase
    #[arg(long, value_name = "PATH", conflicts_with = "passphrase_fd")]
    pub identity: Option<PathBuf>,
    /// Read the passphrase from this file descriptor instead of asking
    #[arg(long, value_name = "N")]
    pub passphrase_fd: Option<i32>,
}

/// Runs `firstlight restore`.
pub fn run(_args: Args, _context: &Context) -> anyhow::Result<Status> {
    anyhow::bail!("\"restore\" is not wired to its procedure yet")
}
