//! `firstlight init`: sets up a fleet that works at once.

use std::path::PathBuf;

use crate::command::{Context, Status};

const EXAMPLES: &str = "\
Examples:
  $ firstlight init my-fleet
  $ firstlight init lab --template cloud-init --devices 12 --demo
  $ firstlight init plant --template lwm2m --server coaps://lwm2m.example:5684";

/// Arguments of `firstlight init`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Folder to make; it must be empty or absent [default: the working folder]
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// What reads the media: cloud-init, raspberry-pi, mqtt, lwm2m, plain
    #[arg(long, value_name = "NAME")]
    pub template: Option<String>,
    /// The fleet's name [default: the folder's]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// How many example devices the inventory begins with
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub devices: Option<u32>,
    /// Where the devices' server is, with scheme; may be given several times
    #[arg(long, value_name = "URI")]
    pub server: Vec<String>,
    /// Use a throw-away authority whose certificates no real device may carry
    #[arg(long)]
    pub demo: bool,
    /// Protect the station key with a passphrase read from this file descriptor
    #[arg(long, value_name = "N", conflicts_with = "demo")]
    pub passphrase_fd: Option<i32>,
}

/// Runs `firstlight init`.
pub fn run(_args: Args, _context: &Context) -> anyhow::Result<Status> {
    anyhow::bail!("\"init\" is not wired to its procedure yet")
}
