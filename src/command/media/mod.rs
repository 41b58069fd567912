//! `firstlight media`: drives and what is on them.

use super::{Context, Status};

#[cfg(feature = "station")]
pub mod content;
#[cfg(feature = "station")]
pub mod erase;
pub mod inspect;
#[cfg(feature = "station")]
pub mod list;
pub mod sealed;
pub mod verify;

/// Examples of the noun.
#[cfg(feature = "station")]
pub const EXAMPLES: &str = "\
Examples:
  $ firstlight media list
  $ firstlight media verify out/gw-0007.img";

/// Examples of the noun.
#[cfg(not(feature = "station"))]
pub const EXAMPLES: &str = "\
Examples:
  $ firstlight media inspect /dev/sda
  $ firstlight media verify /dev/sda";

/// The subcommands of `firstlight media`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// List drives, each with our verdict and its reasons.
    #[cfg(feature = "station")]
    List(list::Args),
    /// Make every byte of a drive zero and read it back.
    #[cfg(feature = "station")]
    Erase(erase::Args),
    /// Show what is on a medium or in an image, without its secrets.
    Inspect(inspect::Args),
    /// Compare a medium with its manifest.
    Verify(verify::Args),
}

/// Runs `firstlight media`.
pub fn run(action: Action, context: &Context) -> anyhow::Result<Status> {
    match action {
        #[cfg(feature = "station")]
        Action::List(args) => list::run(args, context),
        #[cfg(feature = "station")]
        Action::Erase(args) => erase::run(args, context),
        Action::Inspect(args) => inspect::run(args, context),
        Action::Verify(args) => verify::run(args, context),
    }
}
