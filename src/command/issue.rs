//! `firstlight issue`: issues the credentials of devices.

use crate::command::{Context, Status};

use super::selection::Selection;

const EXAMPLES: &str = "\
Examples:
  $ firstlight issue --all
  $ firstlight issue gw-0007 gw-0008 --json
  $ firstlight issue --all --plan";

/// Arguments of `firstlight issue`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which devices.
    #[command(flatten)]
    pub selection: Selection,
}

/// Runs `firstlight issue`.
pub fn run(_args: Args, _context: &Context) -> anyhow::Result<Status> {
    anyhow::bail!("\"issue\" is not wired to its procedure yet")
}
