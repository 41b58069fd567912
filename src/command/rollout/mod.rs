//! `firstlight rollout`: many devices take a changed configuration, paced.

use super::{Context, Status};

mod acts;
mod proposed;
pub mod start;
pub mod status;

/// Examples of the noun.
pub const EXAMPLES: &str = "\
Examples:
  $ firstlight rollout start --all --pace 30 --canary 5 --stop 5
  $ firstlight rollout status
  $ firstlight rollout pause";

const PAUSE: &str = "\
Devices that are under way go on; no further one is started.

Examples:
  $ firstlight rollout pause
  $ firstlight rollout pause --json";

const RESUME: &str = "\
Goes on where it was paused or stopped. Failures so far do not count any more.

Examples:
  $ firstlight rollout resume
  $ firstlight rollout resume --json";

const BACK: &str = "\
Put the former configuration into the fleet file first: devices that were
started bootstrap anew and take it; all others are left as they are.

Examples:
  $ firstlight rollout back
  $ firstlight rollout back --plan";

/// The subcommands of `firstlight rollout`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// Begin to bootstrap devices anew whose configuration changed.
    Start(start::Args),
    /// Say how the last rollout stands, and what a new one would do.
    Status(status::Args),
    /// Start no further device.
    #[command(after_help = PAUSE)]
    Pause,
    /// Go on.
    #[command(after_help = RESUME)]
    Resume,
    /// Bring devices that were started back to the former configuration.
    #[command(after_help = BACK)]
    Back,
}

/// Runs `firstlight rollout`.
pub fn run(action: Action, context: &Context) -> anyhow::Result<Status> {
    match action {
        Action::Start(args) => start::run(args, context),
        Action::Status(args) => status::run(&args, context),
        Action::Pause => acts::pause(context),
        Action::Resume => acts::resume(context),
        Action::Back => acts::back(context),
    }
}
