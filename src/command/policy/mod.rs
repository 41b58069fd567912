//! `firstlight policy`: what the rules of enrolment would decide.

use super::{Context, Status};

pub mod test;

/// Examples of the noun.
pub const EXAMPLES: &str = "\
Examples:
  $ firstlight policy test request.json
  $ firstlight policy test request.json --proof x509 --json";

/// The subcommands of `firstlight policy`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// Say what would become of a registration, and why; nothing is stored.
    Test(test::Args),
}

/// Runs `firstlight policy`.
pub fn run(action: Action, context: &Context) -> anyhow::Result<Status> {
    match action {
        Action::Test(args) => test::run(args, context),
    }
}
