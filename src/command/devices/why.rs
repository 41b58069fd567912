//! `firstlight devices why`: says why a device stands where it does.

use crate::command::{Context, Status};

use crate::command::selection::endpoint_name;
use crate::fleet::EndpointName;

const EXAMPLES: &str = "\
Examples:
  $ firstlight devices why gw-0007
  $ firstlight devices why gw-0007 --json";

/// Arguments of `firstlight devices why`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The device, by endpoint name
    #[arg(value_name = "ID", value_parser = endpoint_name)]
    pub id: EndpointName,
}

/// Runs `firstlight devices why`.
pub fn run(_args: Args, _context: &Context) -> anyhow::Result<Status> {
    anyhow::bail!("\"devices why\" is not wired to its procedure yet")
}
