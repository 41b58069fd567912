//! `firstlight bootstrap`: Remote Bootstrap of LwM2M, told, told again, and asked for.

use super::{Context, Status};

#[cfg(feature = "server")]
pub mod doctor;
pub mod explain;
pub mod replay;
pub mod trigger;
mod wanted;

/// Examples of the noun.
pub const EXAMPLES: &str = "\
Examples:
  $ firstlight bootstrap explain gw-0007
  $ firstlight bootstrap trigger gw-0007 --wait
  $ firstlight bootstrap doctor gw-0007";

/// The subcommands of `firstlight bootstrap`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// Say what a device would be told, message by message; without a network.
    Explain(explain::Args),
    /// Tell a recorded bootstrap step by step beside what would be said now.
    Replay(replay::Args),
    /// Say why a device does not get through its bootstrap.
    #[cfg(feature = "server")]
    Doctor(doctor::Args),
    /// Have devices ask the bootstrap server anew.
    Trigger(trigger::Args),
}

/// Runs `firstlight bootstrap`.
pub fn run(action: Action, context: &Context) -> anyhow::Result<Status> {
    match action {
        Action::Explain(args) => explain::run(&args, context),
        Action::Replay(args) => replay::run(&args, context),
        #[cfg(feature = "server")]
        Action::Doctor(args) => doctor::run(args, context),
        Action::Trigger(args) => trigger::run(args, context),
    }
}
