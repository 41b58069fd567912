//! `firstlight devices watch`: takes in the lists of devices that others drop into a folder.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::command::{Context, Status, registry};
use crate::fleet::Class;
use crate::registration::found::drop_folder::{DropError, DropFolder, Taken};

const EXAMPLES: &str = "\
A list is a file NAME.csv or NAME.jsonl as for `devices import`. It is taken
when it is complete: written and closed, or moved here. It ends in done/, or in
failed/ if a row of it was refused, with NAME.report.json beside it.

Examples:
  $ firstlight devices watch /srv/new-devices
  $ firstlight devices watch /srv/new-devices --once --atomic";

/// How long between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// How long until a file is tried again when the registry was away.
const AWAY: Duration = Duration::from_secs(10);

/// Arguments of `firstlight devices watch`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The folder
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// All rows of a file or none; at most 100,000
    #[arg(long)]
    pub atomic: bool,
    /// Take all files that are there now, then end
    #[arg(long)]
    pub once: bool,
}

/// Runs `firstlight devices watch`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    if context.globals.plan {
        return Ok(context.would(&format!("take in the lists in \"{}\"", args.folder.display())));
    }
    let mut folder = DropFolder::open(&args.folder)?;
    let (_, registry) = registry::open(context)?;
    let (actor, began, mut failed) = (registry::actor(context), Instant::now(), 0);
    context.printer.event(&json!({ "event": "watching", "folder": args.folder.to_string_lossy() }));
    context.printer.talk(format_args!("watching \"{}\"", args.folder.display()));
    loop {
        let mut pause = PAUSE;
        for name in folder.ready(began.elapsed(), args.once)? {
            if context.interrupt.asked().is_some() {
                break;
            }
            match folder.take(&name, &registry, args.atomic, &actor) {
                Ok(taken) => {
                    failed += usize::from(taken.end == "failed");
                    tell(&taken, context);
                }
                Err(DropError::Registry(error)) if !args.once => {
                    context.printer.warn(format_args!("{}: {error}; it waits", name.display()));
                    pause = AWAY;
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
        if args.once || is_stopped(pause, context) {
            break;
        }
    }
    if !args.once {
        return Ok(Status::Done);
    }
    Ok(if failed == 0 { Status::Done } else { Status::Ended(Class::Partial) })
}

/// Waits; returns true as soon as we should stop.
pub(super) fn is_stopped(pause: Duration, context: &Context) -> bool {
    let until = Instant::now() + pause;
    while Instant::now() < until && context.interrupt.asked().is_none() {
        std::thread::sleep(Duration::from_millis(50));
    }
    context.interrupt.asked().is_some()
}

fn tell(taken: &Taken, context: &Context) {
    if context.printer.is_json() {
        let mut line = json!(taken);
        line["event"] = "taken".into();
        return context.printer.record(&line);
    }
    let tally = &taken.tally;
    let words = match &taken.error {
        Some(error) => error.clone(),
        None => format!(
            "{} new, {} changed, {} unchanged, {} refused",
            tally.made, tally.updated, tally.unchanged, tally.refused
        ),
    };
    context.printer.line(format_args!("{}: {}: {words}", taken.file, taken.end));
}
