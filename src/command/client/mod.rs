//! `firstlight client`: the device's own side.

use std::path::PathBuf;

use crate::client::{Disk, Open};
use crate::host::Machine;

use super::{Context, Status};

pub mod forget;
pub mod ingest;
#[cfg(any(feature = "client", feature = "station"))]
pub mod register;
pub mod status;

const EXAMPLES: &str = "\
Examples:
  $ firstlight client ingest
  $ firstlight client status --json";

/// Arguments of `firstlight client`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, arg_required_else_help = true, subcommand_required = true)]
pub struct Args {
    /// The device's root folder, for making images and for tests; only root sets owners there
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
    /// Register this device with the server its bundle names.
    #[cfg(any(feature = "client", feature = "station"))]
    Register(register::Args),
    /// Show what is in force, whom this device trusts, what came last.
    Status(status::Args),
    /// Take the bundle in force away and restore what was before it.
    Forget(forget::Args),
}

/// Runs `firstlight client`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let machine = args.root.as_deref().map_or_else(|| context.machine(), Machine::at);
    let disk = Disk::new(machine, Box::new(Open));
    match args.action {
        Action::Ingest(args) => ingest::run(args, &disk, context),
        #[cfg(any(feature = "client", feature = "station"))]
        Action::Register(args) => register::run(args, &disk, context),
        Action::Status(args) => status::run(args, &disk, context),
        Action::Forget(args) => forget::run(args, &disk, context),
    }
}
