//! `firstlight restore`: brings keys and records back from a backup.

use std::path::PathBuf;

use crate::authority::backup::{self, RestoreKey};
use crate::command::{Context, Status};
use crate::ui::measure::count;

use super::opened;
use super::place::fleet_folder;

const EXAMPLES: &str = "\
Examples:
  $ firstlight restore plant-2026-03.age
  $ firstlight restore plant.age --identity key.txt";

/// Arguments of `firstlight restore`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// File that `firstlight backup` made
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Open it with the age identity in this file instead of a passphrase
    #[arg(long, value_name = "PATH", conflicts_with = "passphrase_fd")]
    pub identity: Option<PathBuf>,
    /// Read the passphrase from this file descriptor instead of asking
    #[arg(long, value_name = "N")]
    pub passphrase_fd: Option<i32>,
}

/// Runs `firstlight restore`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let root = fleet_folder(&context.globals)?;
    let passphrase = match &args.identity {
        Some(_) => None,
        None => Some(opened::passphrase(context, args.passphrase_fd, "Passphrase of the backup", false)?),
    };
    let key = match (&args.identity, &passphrase) {
        (Some(path), _) => RestoreKey::Identity(path),
        (None, Some(passphrase)) => RestoreKey::Passphrase(passphrase),
        (None, None) => unreachable!("one of the two is there"),
    };
    let restored = backup::restore(&args.file, &root, key)?;
    context.printer.report(&restored, String::new);
    context.printer.talk(format_args!(
        "restored {} from the backup of {}; root {}",
        count(restored.files.len(), "file"),
        restored.created,
        restored.root_sha256
    ));
    context.printer.talk("deliveries made after that backup are unknown here: compare with your receipts before you go on");
    Ok(Status::Done)
}
