//! `firstlight media`: drives and what is on them.

use crate::bundle::sealed::PublicKey;

use super::{Context, Status};

pub mod inspect;
#[cfg(feature = "station")]
pub mod list;
pub mod sealed;
pub mod verify;

#[cfg(feature = "station")]
const EXAMPLES: &str = "\
Examples:
  $ firstlight media list
  $ firstlight media verify out/gw-0007.img";

#[cfg(not(feature = "station"))]
const EXAMPLES: &str = "\
Examples:
  $ firstlight media inspect /dev/sda
  $ firstlight media verify /dev/sda";

/// Arguments of `firstlight media`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, arg_required_else_help = true, subcommand_required = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// The subcommands of `firstlight media`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// List drives, each with our verdict and its reasons.
    #[cfg(feature = "station")]
    List(list::Args),
    /// Show what is on a medium, without its secrets.
    Inspect(inspect::Args),
    /// Compare a medium with its manifest.
    Verify(verify::Args),
}

/// Runs `firstlight media`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    match args.action {
        #[cfg(feature = "station")]
        Action::List(args) => list::run(args, context),
        Action::Inspect(args) => inspect::run(args, context),
        Action::Verify(args) => verify::run(args, context),
    }
}

/// Returns the bundle keys that the fleet at hand pins; `None` where no fleet is at hand, or it pins none (a demo).
#[cfg(feature = "station")]
fn fleet_keys(context: &Context) -> anyhow::Result<Option<Vec<PublicKey>>> {
    let root = match super::place::fleet_folder(&context.globals) {
        Ok(root) => root,
        Err(complaint) if context.globals.fleet.is_some() => return Err(complaint.into()),
        Err(_) => return Ok(None),
    };
    let lines = crate::station::load::lock(&root)?.map(|lock| lock.bundle_keys).unwrap_or_default();
    let keys: Vec<PublicKey> = lines.iter().filter_map(|line| PublicKey::parse(line)).collect();
    Ok(Some(keys).filter(|keys| !keys.is_empty()))
}

/// A device has no fleet at hand; its reader judges by the keys that it trusts.
#[cfg(not(feature = "station"))]
#[allow(clippy::unnecessary_wraps, reason = "the station's has more to say")]
fn fleet_keys(_context: &Context) -> anyhow::Result<Option<Vec<PublicKey>>> {
    Ok(None)
}
