//! `firstlight doctor`: checks this machine, each fault with its fix.

use crate::command::{Context, Status};

const EXAMPLES: &str = "\
Examples:
  $ firstlight doctor
  $ firstlight doctor --json";

/// Arguments of `firstlight doctor`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Runs `firstlight doctor`.
pub fn run(_args: Args, _context: &Context) -> anyhow::Result<Status> {
    anyhow::bail!("\"doctor\" is not wired to its procedure yet")
}
