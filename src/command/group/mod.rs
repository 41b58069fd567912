//! `firstlight group`: enrolment groups, their allow lists, and the block list.

use super::{Context, Status};

pub mod allow;
pub mod block;
pub mod list;
pub mod show;

/// Examples of the noun.
pub const EXAMPLES: &str = "\
Examples:
  $ firstlight group list
  $ firstlight group allow field gw-0007 gw-0008 --uses 1
  $ firstlight group block gw-0666 --reason \"stolen\"";

/// The subcommands of `firstlight group`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// List enrolment groups and how full they are.
    List(list::Args),
    /// Show what a group asks and how it is used.
    Show(show::Args),
    /// Put devices on a group's allow list.
    Allow(allow::Args),
    /// Take devices off a group's allow list.
    Disallow(allow::Off),
    /// List a group's allow list.
    Allowed(allow::Shown),
    /// Block devices, whatever they prove.
    Block(block::Args),
    /// Take devices off the block list.
    Unblock(block::Off),
    /// List blocked devices.
    Blocked(block::Shown),
}

/// Runs `firstlight group`.
pub fn run(action: Action, context: &Context) -> anyhow::Result<Status> {
    match action {
        Action::List(args) => list::run(args, context),
        Action::Show(args) => show::run(args, context),
        Action::Allow(args) => allow::run(args, context),
        Action::Disallow(args) => allow::off(args, context),
        Action::Allowed(args) => allow::shown(args, context),
        Action::Block(args) => block::run(args, context),
        Action::Unblock(args) => block::off(args, context),
        Action::Blocked(args) => block::shown(args, context),
    }
}
