//! `firstlight ca export`: prints the authority's certificates as PEM.

use std::path::PathBuf;

use crate::command::{Context, Status};

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
pub fn run(_args: Args, _context: &Context) -> anyhow::Result<Status> {
    anyhow::bail!("\"ca export\" is not wired to its procedure yet")
}
