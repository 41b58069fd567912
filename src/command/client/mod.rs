//! `firstlight client`: the device's own side.

use std::path::PathBuf;

use crate::client::{Disk, Open};
use crate::host::Machine;

use super::{Context, Status};

#[cfg(any(feature = "client", feature = "station"))]
pub mod bootstrap;
pub mod forget;
pub mod ingest;
#[cfg(any(feature = "client", feature = "station"))]
pub mod link;
#[cfg(any(feature = "client", feature = "station"))]
pub mod register;
pub mod status;
#[cfg(any(feature = "client", feature = "station"))]
pub mod visit;

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
    /// Fetch the bundle for this device from its server, and take it.
    #[cfg(any(feature = "client", feature = "station"))]
    Bootstrap(bootstrap::Args),
    /// Tell the server this device's firmware and attributes as they are now.
    #[cfg(any(feature = "client", feature = "station"))]
    Report(visit::ReportArgs),
    /// Have the certificate of this device renewed before it expires.
    #[cfg(any(feature = "client", feature = "station"))]
    Renew(visit::RenewArgs),
    /// End the registration of this device.
    #[cfg(any(feature = "client", feature = "station"))]
    End(visit::EndArgs),
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
        #[cfg(any(feature = "client", feature = "station"))]
        Action::Bootstrap(args) => bootstrap::run(args, &disk, context),
        #[cfg(any(feature = "client", feature = "station"))]
        Action::Report(args) => visit::run_report(args, &disk, context),
        #[cfg(any(feature = "client", feature = "station"))]
        Action::Renew(args) => visit::run_renew(args, &disk, context),
        #[cfg(any(feature = "client", feature = "station"))]
        Action::End(args) => visit::run_end(args, &disk, context),
        Action::Status(args) => status::run(args, &disk, context),
        Action::Forget(args) => forget::run(args, &disk, context),
    }
}
