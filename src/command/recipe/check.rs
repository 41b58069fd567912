//! `firstlight recipe check`: checks a recipe and its signature.

use std::path::PathBuf;

use crate::command::{Context, Status};
use crate::station::recipe;

use super::super::opened;
use super::tell::tell;

const EXAMPLES: &str = "\
Examples:
  $ firstlight recipe check locks/nrf52.yaml
  $ firstlight recipe check locks/stm32f4.yaml --json";

/// Arguments of `firstlight recipe check`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The recipe; its signature lies beside it, as FILE.minisig
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Runs `firstlight recipe check`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let (folder, _) = opened::folder(context, None)?;
    let keys = if folder.lock.is_some() {
        recipe::keys(&folder, None)?
    } else {
        let sight = opened::sight(context, None)?;
        recipe::keys(&folder, sight.station())?
    };
    let signed = recipe::open(&args.file, &keys)?;
    tell(context, &signed);
    Ok(Status::Done)
}
