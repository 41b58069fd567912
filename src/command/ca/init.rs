//! `firstlight ca init`: makes the authority and pins it.

use crate::command::{Context, Status};

const EXAMPLES: &str = "\
Examples:
  $ firstlight ca init
  $ firstlight ca init --passphrase-fd 3 3< passphrase.txt";

/// Arguments of `firstlight ca init`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Protect the station key with a passphrase read from this file descriptor
    #[arg(long, value_name = "N")]
    pub passphrase_fd: Option<i32>,
}

/// Runs `firstlight ca init`.
pub fn run(_args: Args, _context: &Context) -> anyhow::Result<Status> {
    anyhow::bail!("\"ca init\" is not wired to its procedure yet")
}
