//! `firstlight ledger verify`: verifies the ledger's hash chain.

use crate::command::{Context, Status};

const EXAMPLES: &str = "\
Examples:
  $ firstlight ledger verify
  $ firstlight ledger verify --fleet plant --json";

/// Arguments of `firstlight ledger verify`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Runs `firstlight ledger verify`.
pub fn run(_args: Args, _context: &Context) -> anyhow::Result<Status> {
    anyhow::bail!("\"ledger verify\" is not wired to its procedure yet")
}
