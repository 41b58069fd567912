//! `firstlight check`: validates everything and writes nothing.

use std::path::PathBuf;

use crate::command::{Context, Status};

const EXAMPLES: &str = "\
Examples:
  $ firstlight check
  $ firstlight check --fleet plant --json
  $ generate-inventory | firstlight check --inventory -";

/// Arguments of `firstlight check`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Read the inventory from PATH instead (`-`: standard input)
    #[arg(long, value_name = "PATH")]
    pub inventory: Option<PathBuf>,
}

/// Runs `firstlight check`.
pub fn run(_args: Args, _context: &Context) -> anyhow::Result<Status> {
    anyhow::bail!("\"check\" is not wired to its procedure yet")
}
