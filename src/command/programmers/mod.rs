//! `firstlight programmers`: what is plugged in that programs chips.

use super::{Context, Status};

pub mod list;
pub mod rule;

/// Examples of the noun.
pub const EXAMPLES: &str = "\
Examples:
  $ firstlight programmers list
  $ firstlight programmers rule | sudo tee /etc/udev/rules.d/60-firstlight.rules";

/// The subcommands of `firstlight programmers`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// List programmers and boot loaders on USB, each with its port.
    List(list::Args),
    /// Print the udev rule that lets a technician open them.
    Rule(rule::Args),
}

/// Runs `firstlight programmers`.
pub fn run(action: Action, context: &Context) -> anyhow::Result<Status> {
    match action {
        Action::List(args) => list::run(args, context),
        Action::Rule(args) => rule::run(args, context),
    }
}
