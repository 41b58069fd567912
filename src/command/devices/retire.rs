//! `firstlight devices retire`: retires a device.

use crate::command::{Context, Status};

use crate::command::selection::endpoint_name;
use crate::fleet::EndpointName;

const EXAMPLES: &str = "\
Examples:
  $ firstlight devices retire gw-0007 --reason \"returned broken\"
  $ firstlight devices retire gw-0007 --reason scrapped --yes";

/// Arguments of `firstlight devices retire`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The device, by endpoint name
    #[arg(value_name = "ID", value_parser = endpoint_name)]
    pub id: EndpointName,
    /// Why, for the ledger
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Runs `firstlight devices retire`.
pub fn run(_args: Args, _context: &Context) -> anyhow::Result<Status> {
    anyhow::bail!("\"devices retire\" is not wired to its procedure yet")
}
