//! `firstlight restore`: brings keys and records back from a backup.

use std::path::PathBuf;

use crate::authority::backup::{self, RestoreKey};
use crate::command::{Context, Status};
use crate::fleet::Secret;
use crate::host::files;
use crate::station::load;
use crate::station::post::PRIVATE_FOLDER;
use crate::ui::measure::count;

use super::backup::INSTEAD;
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
    #[arg(long, value_name = "PATH", conflicts_with = "backup_passphrase_fd")]
    pub identity: Option<PathBuf>,
    /// Read the backup's passphrase from this file descriptor instead of asking
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    pub backup_passphrase_fd: Option<i32>,
}

/// The longest identity file, in bytes.
const LONGEST_IDENTITY: u64 = 64 << 10;

/// Runs `firstlight restore`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let root = fleet_folder(&context.globals)?;
    let pinned = load::pinned(&root)?;
    if context.globals.plan {
        let words =
            format!("restore keys and ledger from {} to {}", args.file.display(), root.join(PRIVATE_FOLDER).display());
        return Ok(context.would(&words));
    }
    let restored = if let Some(path) = &args.identity {
        let identity = Secret::new(files::read_bounded(path, LONGEST_IDENTITY)?);
        backup::restore(&args.file, &root, RestoreKey::Identity(&identity), pinned)?
    } else {
        let passphrase =
            opened::passphrase(context, args.backup_passphrase_fd, "Passphrase of the backup", false, INSTEAD)?;
        backup::restore(&args.file, &root, RestoreKey::Passphrase(&passphrase), pinned)?
    };
    context.printer.report(&restored, String::new);
    context.printer.talk(format_args!(
        "restored {} from the backup of {}",
        count(restored.files.len(), "file"),
        restored.created
    ));
    let words = match opened::ledger(context)?.membership()? {
        met if met.mark.is_some() => {
            "the registry knows what was made after that backup, this ledger does not; next: firstlight ledger reconcile"
        }
        fresh if fresh.issued == 0 && fresh.synchronized.is_none() => return Ok(Status::Done),
        _ => "deliveries made after that backup are unknown here: compare with your receipts before you go on",
    };
    context.printer.talk(words);
    Ok(Status::Done)
}
