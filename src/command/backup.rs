//! `firstlight backup`: saves keys and records to one encrypted file.

use std::path::PathBuf;

use serde_json::json;

use crate::authority::backup::BackupKey;
use crate::command::{Context, Status};
use crate::station::{Station, StationError, save};

use super::opened;

const EXAMPLES: &str = "\
Examples:
  $ firstlight backup plant-2026-03.age
  $ firstlight backup plant.age --backup-passphrase-fd 3 3< secret
  $ firstlight backup plant.age --recipient age1q...
  $ firstlight backup van-2.age --station van-2";

/// Arguments of `firstlight backup`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// File to make; an existing one is never overwritten
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Encrypt to this age recipient instead of a passphrase
    #[arg(long, value_name = "AGE", conflicts_with = "backup_passphrase_fd")]
    pub recipient: Option<String>,
    /// Save what a further station of this name needs instead: own keys, an empty ledger
    #[arg(long, value_name = "NAME")]
    pub station: Option<String>,
    /// Read the backup's passphrase from this file descriptor instead of asking
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    pub backup_passphrase_fd: Option<i32>,
}

/// What a script says instead of typing.
pub const INSTEAD: &str = "pass it with --backup-passphrase-fd N (N< FILE)";

/// Runs `firstlight backup`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    if context.globals.plan {
        let root = opened::sight(context, None)?.folder().root.clone();
        let words = format!("save keys and ledger of {} to {}", root.display(), args.file.display());
        return Ok(context.would(&words));
    }
    let station = opened::station(context, None)?;
    let root = &station.folder().root;
    if let Some(recipient) = &args.recipient {
        write(&args, &station, BackupKey::Recipient(recipient))?;
    } else {
        let passphrase =
            opened::passphrase(context, args.backup_passphrase_fd, "Passphrase for the backup", true, INSTEAD)?;
        write(&args, &station, BackupKey::Passphrase(&passphrase))?;
    }
    if context.printer.is_json() {
        context.printer.document(&json!({ "fleet": station.folder().fleet.name(), "file": args.file }));
    }
    if let Some(name) = &args.station {
        context.printer.talk(format_args!("saved what station {name:?} begins with to {}", args.file.display()));
        context
            .printer
            .talk("on its machine, in a copy of the fleet's folder without .firstlight: firstlight restore FILE");
        return Ok(Status::Done);
    }
    context.printer.talk(format_args!("saved keys and ledger of {} to {}", root.display(), args.file.display()));
    context.printer.talk("keep it apart from this machine, and the passphrase or identity apart from it");
    Ok(Status::Done)
}

fn write(args: &Args, station: &Station, key: BackupKey<'_>) -> Result<(), StationError> {
    match &args.station {
        Some(name) => save::save_new_station(station, name, &args.file, key),
        None => save::save(station, &args.file, key),
    }
}
