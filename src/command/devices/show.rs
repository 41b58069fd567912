//! `firstlight devices show`: shows all records of a device.

use crate::command::{Context, Status};

use crate::command::selection::endpoint_name;
use crate::fleet::EndpointName;

const EXAMPLES: &str = "\
Examples:
  $ firstlight devices show gw-0007
  $ firstlight devices show gw-0007 --json";

/// Arguments of `firstlight devices show`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The device, by endpoint name
    #[arg(value_name = "ID", value_parser = endpoint_name)]
    pub id: EndpointName,
}

/// Runs `firstlight devices show`.
pub fn run(_args: Args, _context: &Context) -> anyhow::Result<Status> {
    anyhow::bail!("\"devices show\" is not wired to its procedure yet")
}
