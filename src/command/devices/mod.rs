//! `firstlight devices`: every record of a device, its state and the next step.

use super::{Context, Status};

pub mod add;
pub mod adopt;
pub mod copy;
pub mod edit;
pub mod export;
pub mod facts;
pub mod history;
pub mod import;
pub mod lease;
pub mod leases;
pub mod list;
pub mod retire;
pub mod scan;
pub mod search;
pub mod show;
pub mod verify;
pub mod watch;
pub mod why;

/// Examples of the noun.
pub const EXAMPLES: &str = "\
Examples:
  $ firstlight devices list
  $ firstlight devices why gw-0007
  $ firstlight devices search state=registered attributes.site=berlin";

/// The subcommands of `firstlight devices`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// List devices and where each stands.
    List(list::Args),
    /// Look for devices of the registry.
    Search(search::Args),
    /// Show all records of a device.
    Show(show::Args),
    /// Say why a device stands where it does, and what comes next.
    Why(why::Args),
    /// Give devices to a station, which alone may make them.
    Lease(lease::Args),
    /// List which station may make which devices.
    Leases(leases::Args),
    /// Say what happened to a device, oldest first.
    History(history::Args),
    /// Register a device by hand, before it comes.
    Add(add::Args),
    /// Change what the registry knows of a device.
    Edit(edit::Args),
    /// Take over devices of other tools, with their certificates.
    Adopt(adopt::Args),
    /// Bring devices into the registry before they come.
    Import(import::Args),
    /// Take in the lists of devices that others drop into a folder.
    Watch(watch::Args),
    /// Look for devices on the network, ask them, take them in.
    Scan(scan::Args),
    /// Write devices of the registry as JSON lines or CSV.
    Export(export::Args),
    /// Verify the registry's audit trail.
    Verify(verify::Args),
    /// Copy the whole registry into another store.
    Copy(copy::Args),
    /// Retire a device: its credentials become void.
    Retire(retire::Args),
}

/// Runs `firstlight devices`.
pub fn run(action: Action, context: &Context) -> anyhow::Result<Status> {
    match action {
        Action::List(args) => list::run(args, context),
        Action::Search(args) => search::run(args, context),
        Action::Show(args) => show::run(args, context),
        Action::Why(args) => why::run(args, context),
        Action::Lease(args) => lease::run(args, context),
        Action::Leases(args) => leases::run(args, context),
        Action::History(args) => history::run(args, context),
        Action::Add(args) => add::run(args, context),
        Action::Edit(args) => edit::run(args, context),
        Action::Adopt(args) => adopt::run(args, context),
        Action::Import(args) => import::run(args, context),
        Action::Watch(args) => watch::run(args, context),
        Action::Scan(args) => scan::run(args, context),
        Action::Export(args) => export::run(args, context),
        Action::Verify(args) => verify::run(args, context),
        Action::Copy(args) => copy::run(args, context),
        Action::Retire(args) => retire::run(args, context),
    }
}
