//! `firstlight recipe`: lock recipes.

use super::{Context, Status};

pub mod check;
pub mod sign;
mod tell;

/// Examples of the noun.
pub const EXAMPLES: &str = "\
Examples:
  $ firstlight recipe sign locks/nrf52.yaml
  $ firstlight recipe check locks/nrf52.yaml";

/// The subcommands of `firstlight recipe`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// Sign a recipe with the fleet's bundle key.
    Sign(sign::Args),
    /// Check a recipe and its signature.
    Check(check::Args),
}

/// Runs `firstlight recipe`.
pub fn run(action: Action, context: &Context) -> anyhow::Result<Status> {
    match action {
        Action::Sign(args) => sign::run(args, context),
        Action::Check(args) => check::run(args, context),
    }
}
