//! `firstlight seal export`: writes what a device image needs.

use std::path::PathBuf;

use serde_json::json;

use crate::command::{Context, Status};
use crate::station::seal;

use super::super::opened;

const EXAMPLES: &str = "\
Examples:
  $ firstlight seal export --out image/etc/firstlight
  $ firstlight seal export --out image/etc/firstlight --batch gateways";

/// Arguments of `firstlight seal export`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Folder to make; it must be empty or absent. It becomes the image's /etc/firstlight
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Batch key whose private half the image shall carry, or secret with a
    /// pre-shared key; once for each
    #[arg(long, value_name = "NAME")]
    pub batch: Vec<String>,
}

/// Runs `firstlight seal export`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    if context.globals.plan {
        return Ok(context.would(&format!("write anchors and a device file to {}", args.out.display())));
    }
    let station = opened::station(context, None)?;
    let files = seal::export(&station, &args.out, &args.batch)?;
    if context.printer.is_json() {
        context.printer.document(&json!({ "out": args.out, "files": files }));
        return Ok(Status::Done);
    }
    for file in &files {
        context.printer.talk(format_args!("{}", args.out.join(file).display()));
    }
    if !args.batch.is_empty() {
        context.printer.talk("keys/ holds private keys: whoever reads them opens every bundle of the batch");
    }
    Ok(Status::Done)
}
