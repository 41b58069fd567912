//! `firstlight render`: renders bootstrap bundles as plain files.

use std::path::PathBuf;

use crate::command::{Context, Status};

use super::selection::Selection;

const EXAMPLES: &str = "\
Examples:
  $ firstlight render --all --out bundles/
  $ firstlight render gw-0007 --out /tmp/look --delivery stick";

/// Arguments of `firstlight render`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which devices.
    #[command(flatten)]
    pub selection: Selection,
    /// Folder to make the bundles in, DIR/ID/...; secrets lie there in clear, mode 0600
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Which of the profile's deliveries, where there are several
    #[arg(long, value_name = "NAME")]
    pub delivery: Option<String>,
}

/// Runs `firstlight render`.
pub fn run(_args: Args, _context: &Context) -> anyhow::Result<Status> {
    anyhow::bail!("\"render\" is not wired to its procedure yet")
}
