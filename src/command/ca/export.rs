//! `firstlight ca export`: prints the authority's certificates as PEM.

use std::path::PathBuf;

use serde_json::json;

use crate::command::{Context, Status};
use crate::host::files;

use super::super::opened;

const EXAMPLES: &str = "\
Examples:
  $ firstlight ca export > acme-root.pem
  $ firstlight ca export --chain --out acme-chain.pem";

/// Arguments of `firstlight ca export`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The station's intermediate certificate too, before the root
    #[arg(long)]
    pub chain: bool,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Runs `firstlight ca export`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    if let (Some(path), true) = (&args.out, context.globals.plan) {
        return Ok(context.would(&format!("write the certificates to {}", path.display())));
    }
    let station = opened::station(context, None)?;
    let authority = station.authority();
    let mut pem = String::new();
    if args.chain {
        pem.push_str(authority.intermediate_pem());
    }
    pem.push_str(authority.root_pem());
    match &args.out {
        Some(path) => {
            files::write_atomically(path, pem.as_bytes(), 0o644)?;
            context.printer.talk(format_args!("certificates written to {}", path.display()));
        }
        None if context.printer.is_json() => context.printer.document(&json!({ "pem": pem })),
        None => context.printer.raw(pem.as_bytes()),
    }
    Ok(Status::Done)
}
