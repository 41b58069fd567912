//! `firstlight batch`: a stretch of a line's work with frozen inputs and a signed report.

use super::{Context, Status};

pub mod close;
pub mod open;
pub mod show;

/// Examples of the noun.
pub const EXAMPLES: &str = "\
Examples:
  $ firstlight batch open B-17
  $ firstlight batch show
  $ firstlight batch close";

/// The subcommands of `firstlight batch`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// Open a batch: freeze fleet, inventory, templates, authority, recipes, tool.
    Open(open::Args),
    /// Close the open batch with a signed report.
    Close(close::Args),
    /// Show a batch with its counts, or all of them.
    Show(show::Args),
}

/// Runs `firstlight batch`.
pub fn run(action: Action, context: &Context) -> anyhow::Result<Status> {
    match action {
        Action::Open(args) => open::run(args, context),
        Action::Close(args) => close::run(args, context),
        Action::Show(args) => show::run(args, context),
    }
}
