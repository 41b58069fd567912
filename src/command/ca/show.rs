//! `firstlight ca show`: shows the authority and how its key is protected.

use crate::command::{Context, Status};

const EXAMPLES: &str = "\
Examples:
  $ firstlight ca show
  $ firstlight ca show --json";

/// Arguments of `firstlight ca show`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Runs `firstlight ca show`.
pub fn run(_args: Args, _context: &Context) -> anyhow::Result<Status> {
    anyhow::bail!("\"ca show\" is not wired to its procedure yet")
}
