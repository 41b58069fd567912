//! `firstlight ledger pending`: lists deliveries begun and not finished.

use crate::command::{Context, Status};

const EXAMPLES: &str = "\
Examples:
  $ firstlight ledger pending
  $ firstlight ledger pending --json";

/// Arguments of `firstlight ledger pending`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Runs `firstlight ledger pending`.
pub fn run(_args: Args, _context: &Context) -> anyhow::Result<Status> {
    anyhow::bail!("\"ledger pending\" is not wired to its procedure yet")
}
