//! `firstlight devices`: every record of a device, its state and the next step.

use super::{Context, Status};

pub mod lease;
pub mod leases;
pub mod list;
pub mod retire;
pub mod show;
pub mod why;

const EXAMPLES: &str = "\
Examples:
  $ firstlight devices list
  $ firstlight devices why gw-0007";

/// Arguments of `firstlight devices`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, arg_required_else_help = true, subcommand_required = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// The subcommands of `firstlight devices`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// List devices and where each stands.
    List(list::Args),
    /// Show all records of a device.
    Show(show::Args),
    /// Say why a device stands where it does, and what comes next.
    Why(why::Args),
    /// Give devices to a station, which alone may make them.
    Lease(lease::Args),
    /// List which station may make which devices.
    Leases(leases::Args),
    /// Retire a device: its credentials become void.
    Retire(retire::Args),
}

/// Runs `firstlight devices`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    match args.action {
        Action::List(args) => list::run(args, context),
        Action::Show(args) => show::run(args, context),
        Action::Why(args) => why::run(args, context),
        Action::Lease(args) => lease::run(args, context),
        Action::Leases(args) => leases::run(args, context),
        Action::Retire(args) => retire::run(args, context),
    }
}
