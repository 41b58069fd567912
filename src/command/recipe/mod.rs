//! `firstlight recipe`: lock recipes.

use super::{Context, Status};

pub mod check;
pub mod sign;
mod tell;

const EXAMPLES: &str = "\
Examples:
  $ firstlight recipe sign locks/nrf52.yaml
  $ firstlight recipe check locks/nrf52.yaml";

/// Arguments of `firstlight recipe`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, arg_required_else_help = true, subcommand_required = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// The subcommands of `firstlight recipe`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// Sign a recipe with the fleet's bundle key.
    Sign(sign::Args),
    /// Check a recipe and its signature.
    Check(check::Args),
}

/// Runs `firstlight recipe`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    match args.action {
        Action::Sign(args) => sign::run(args, context),
        Action::Check(args) => check::run(args, context),
    }
}
