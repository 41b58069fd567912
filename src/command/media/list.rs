//! `firstlight media list`: lists drives with the verdict on each.

use crate::command::{Context, Status};

const EXAMPLES: &str = "\
Examples:
  $ firstlight media list
  $ firstlight media list --all --json";

/// Arguments of `firstlight media list`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Also internal and system disks, with the reason why they are refused
    #[arg(long)]
    pub all: bool,
}

/// Runs `firstlight media list`.
pub fn run(_args: Args, _context: &Context) -> anyhow::Result<Status> {
    anyhow::bail!("\"media list\" is not wired to its procedure yet")
}
