//! `firstlight seal retire`: lets a bundle key sign no more.

use crate::command::{Context, Status};
use crate::station::seal;

use super::super::opened;
use super::show::document;

const EXAMPLES: &str = "\
Examples:
  $ firstlight seal retire 8A1F0C2277E9B3D4
  $ firstlight seal retire 8A1F0C2277E9B3D4 --plan";

/// Arguments of `firstlight seal retire`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The key, as `firstlight seal show` calls it
    #[arg(value_name = "KEY")]
    pub key: String,
}

/// Runs `firstlight seal retire`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let station = opened::station(context, None)?;
    let key = seal::named(&*station.bundle_keys()?, &args.key)?;
    if context.globals.plan {
        let name = key.name();
        return Ok(context.would(&format!("retire bundle key {name}: devices that trust no other take nothing more")));
    }
    let keys = seal::retire(&station, key.id)?;
    if context.printer.is_json() {
        context.printer.document(&document(&keys));
        return Ok(Status::Done);
    }
    context.printer.talk(format_args!("bundle key {} signs no more; its private half is destroyed", key.name()));
    Ok(Status::Done)
}
