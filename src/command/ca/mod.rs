//! `firstlight ca`: the fleet's certificate authority.

use super::{Context, Status};

pub mod export;
pub mod init;
pub mod show;

/// Examples of the noun.
pub const EXAMPLES: &str = "\
Examples:
  $ firstlight ca show
  $ firstlight ca export > acme-root.pem";

/// The subcommands of `firstlight ca`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// Make the authority and pin it in fleet.lock.
    Init(init::Args),
    /// Show the authority, its validity and how its key is protected.
    Show(show::Args),
    /// Print the authority's certificates as PEM.
    Export(export::Args),
}

/// Runs `firstlight ca`.
pub fn run(action: Action, context: &Context) -> anyhow::Result<Status> {
    match action {
        Action::Init(args) => init::run(args, context),
        Action::Show(args) => show::run(args, context),
        Action::Export(args) => export::run(args, context),
    }
}
