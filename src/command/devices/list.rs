//! `firstlight devices list`: lists devices and where each stands.

use crate::command::{Context, Status};

const EXAMPLES: &str = "\
Examples:
  $ firstlight devices list
  $ firstlight devices list --json | jq -r .id";

/// Arguments of `firstlight devices list`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Only devices of this profile
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
}

/// Runs `firstlight devices list`.
pub fn run(_args: Args, _context: &Context) -> anyhow::Result<Status> {
    anyhow::bail!("\"devices list\" is not wired to its procedure yet")
}
