//! `firstlight media verify`: compares a medium with its manifest.

use std::path::PathBuf;

use crate::command::{Context, Status};

const EXAMPLES: &str = "\
Examples:
  $ firstlight media verify out/gw-0007.img
  $ firstlight media verify /dev/sdb && echo good";

/// Arguments of `firstlight media verify`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// An image file, a folder or a drive
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
}

/// Runs `firstlight media verify`.
pub fn run(_args: Args, _context: &Context) -> anyhow::Result<Status> {
    anyhow::bail!("\"media verify\" is not wired to its procedure yet")
}
