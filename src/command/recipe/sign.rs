//! `firstlight recipe sign`: signs a recipe.

use std::path::PathBuf;

use crate::command::{Context, Status};
use crate::station::recipe;

use super::super::opened;
use super::tell::tell;

const EXAMPLES: &str = "\
Examples:
  $ firstlight recipe sign locks/nrf52.yaml
  $ firstlight recipe sign locks/stm32f4.yaml --json";

/// Arguments of `firstlight recipe sign`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The recipe; its signature comes beside it, as FILE.minisig
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Runs `firstlight recipe sign`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    if context.globals.plan {
        return Ok(context.would(&format!("sign recipe {:?}", args.file)));
    }
    let station = opened::station(context, None)?;
    let signed = recipe::sign(&station, &args.file)?;
    tell(context, &signed);
    Ok(Status::Done)
}
