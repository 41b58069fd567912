//! `firstlight programmers`: what is plugged in that programs chips.

use super::{Context, Status};

pub mod list;
pub mod rule;

const EXAMPLES: &str = "\
Examples:
  $ firstlight programmers list
  $ firstlight programmers rule | sudo tee /etc/udev/rules.d/60-firstlight.rules";

/// Arguments of `firstlight programmers`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, arg_required_else_help = true, subcommand_required = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// The subcommands of `firstlight programmers`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// List programmers and boot loaders on USB, each with its port.
    List(list::Args),
    /// Print the udev rule that lets a technician open them.
    Rule(rule::Args),
}

/// Runs `firstlight programmers`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    match args.action {
        Action::List(args) => list::run(args, context),
        Action::Rule(args) => rule::run(args, context),
    }
}
