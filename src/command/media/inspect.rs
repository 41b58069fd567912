//! `firstlight media inspect`: shows what is on a medium.

use std::path::PathBuf;

use crate::command::{Context, Status};

const EXAMPLES: &str = "\
Examples:
  $ firstlight media inspect out/gw-0007.img
  $ firstlight media inspect /dev/sdb --json";

/// Arguments of `firstlight media inspect`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// An image file, a folder or a drive
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
}

/// Runs `firstlight media inspect`.
pub fn run(_args: Args, _context: &Context) -> anyhow::Result<Status> {
    anyhow::bail!("\"media inspect\" is not wired to its procedure yet")
}
