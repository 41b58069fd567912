//! `firstlight backup`: saves keys and records to one encrypted file.

use std::path::PathBuf;

use crate::command::{Context, Status};

const EXAMPLES: &str = "\
Examples:
  $ firstlight backup plant-2026-03.age
  $ firstlight backup plant.age --passphrase-fd 3 3< passphrase.txt
  $ firstlight backup plant.age --recipient age1q...";

/// Arguments of `firstlight backup`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// File to make; an existing one is never overwritten
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Encrypt to this age recipient instead of a passphrase; may be given several times
    #[arg(long, value_name = "AGE", conflicts_with = "passphrase_fd")]
    pub recipient: Vec<String>,
    /// Read the passphrase from this file descriptor instead of asking
    #[arg(long, value_name = "N")]
    pub passphrase_fd: Option<i32>,
}

/// Runs `firstlight backup`.
pub fn run(_args: Args, _context: &Context) -> anyhow::Result<Status> {
    anyhow::bail!("\"backup\" is not wired to its procedure yet")
}
