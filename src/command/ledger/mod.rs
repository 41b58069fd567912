//! `firstlight ledger`: what this station did.

use super::{Context, Status};

pub mod log;
pub mod pending;
pub mod reconcile;
pub mod status;
pub mod sync;
pub mod verify;

/// Examples of the noun.
pub const EXAMPLES: &str = "\
Examples:
  $ firstlight ledger pending
  $ firstlight ledger log gw-0007";

/// The subcommands of `firstlight ledger`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// Print what happened, oldest first.
    Log(log::Args),
    /// List deliveries that were begun and not finished.
    Pending(pending::Args),
    /// Verify the ledger's hash chain.
    Verify(verify::Args),
    /// Tell the registry what this station did; ask what it may make.
    Sync(sync::Args),
    /// Say where this station stands with the registry.
    Status(status::Args),
    /// Go on with a ledger from a backup, or with one of two copies.
    Reconcile(reconcile::Args),
}

/// Runs `firstlight ledger`.
pub fn run(action: Action, context: &Context) -> anyhow::Result<Status> {
    match action {
        Action::Log(args) => log::run(args, context),
        Action::Pending(args) => pending::run(args, context),
        Action::Verify(args) => verify::run(args, context),
        Action::Sync(args) => sync::run(args, context),
        Action::Status(args) => status::run(args, context),
        Action::Reconcile(args) => reconcile::run(args, context),
    }
}
