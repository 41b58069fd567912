//! `firstlight seal`: the keys that seal bundles.

use super::{Context, Status};

pub mod batch;
pub mod export;
pub mod retire;
pub mod rotate;
pub mod show;

/// Examples of the noun.
pub const EXAMPLES: &str = "\
Examples:
  $ firstlight seal show
  $ firstlight seal export --out image/ --batch gateways";

/// The subcommands of `firstlight seal`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// Show the bundle keys and batch keys.
    Show(show::Args),
    /// Make a new bundle key; the old ones sign too until they are retired.
    Rotate(rotate::Args),
    /// Let a bundle key sign no more.
    Retire(retire::Args),
    /// Write what a device image needs to check and open bundles.
    Export(export::Args),
    /// Make a batch key, to be baked into device images.
    Batch(batch::Args),
}

/// Runs `firstlight seal`.
pub fn run(action: Action, context: &Context) -> anyhow::Result<Status> {
    match action {
        Action::Show(args) => show::run(args, context),
        Action::Rotate(args) => rotate::run(args, context),
        Action::Retire(args) => retire::run(args, context),
        Action::Export(args) => export::run(args, context),
        Action::Batch(args) => batch::run(args, context),
    }
}
