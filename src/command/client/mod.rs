//! `firstlight client`: the device's own side.

use std::path::PathBuf;

use crate::client::{Disk, Open};
use crate::host::Machine;

use super::{Context, Status};

pub mod ingest;

const EXAMPLES: &str = "\
Examples:
  $ firstlight client ingest
  $ firstlight client status --json";

/// Arguments of `firstlight client`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, arg_required_else_help = true, subcommand_required = true)]
pub struct Args {
    /// The device's root folder, for making images and for tests
    #[arg(long, global = true, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// The subcommands of `firstlight client`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// Take the bundle for this device from a medium, or let the copy serve.
    Ingest(ingest::Args),
}

/// Runs `firstlight client`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let machine = args.root.as_deref().map_or_else(|| context.machine(), Machine::at);
    let disk = Disk::new(machine, Box::new(Open));
    match args.action {
        Action::Ingest(args) => ingest::run(args, &disk, context),
    }
}
