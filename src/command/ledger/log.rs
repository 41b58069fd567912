//! `firstlight ledger log`: prints what happened, oldest first.

use crate::command::{Context, Status};

use crate::command::selection::endpoint_name;
use crate::fleet::EndpointName;

const EXAMPLES: &str = "\
Examples:
  $ firstlight ledger log
  $ firstlight ledger log gw-0007 --json
  $ firstlight ledger log --last 20";

/// Arguments of `firstlight ledger log`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Only this device
    #[arg(value_name = "ID", value_parser = endpoint_name)]
    pub id: Option<EndpointName>,
    /// Only the last N rows
    #[arg(long, value_name = "N")]
    pub last: Option<usize>,
}

/// Runs `firstlight ledger log`.
pub fn run(_args: Args, _context: &Context) -> anyhow::Result<Status> {
    anyhow::bail!("\"ledger log\" is not wired to its procedure yet")
}
