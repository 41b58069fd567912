//! `firstlight media list`: lists drives with the verdict on each.

use serde_json::{Value, json};

use crate::command::{Context, Status};
use crate::delivery::{Effect, Preflight};
use crate::host::drives::{Decision, Severity};
use crate::host::{Drive, Machine};
use crate::medium::{DriveSelector, DriveSink};
use crate::ui::Table;
use crate::ui::measure::{count, size};

const EXAMPLES: &str = "\
Examples:
  $ firstlight media list
  $ firstlight media list --all --json";

/// Arguments of `firstlight media list`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Also internal and system disks, with the reason why they are refused
    #[arg(long)]
    pub all: bool,
}

/// Runs `firstlight media list`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let machine = context.machine();
    let mut drives = machine.drives()?;
    if !args.all && !context.printer.is_json() {
        drives.retain(|drive| !drive.verdict().weighs(Severity::Forbids));
    }
    let looked: Vec<(Drive, Look)> =
        drives.into_iter().map(|drive| (look(&machine, &drive), drive)).map(|(l, d)| (d, l)).collect();
    if context.printer.is_json() {
        looked.iter().for_each(|(drive, look)| context.printer.record(&record(drive, look)));
        return Ok(Status::Done);
    }
    if !looked.is_empty() {
        context.printer.raw(table(&looked).render(context.printer.terminal().columns).as_bytes());
    }
    let hint = if args.all { "" } else { " that could carry a bundle (--all shows the others, with the reason)" };
    context.printer.talk(format_args!("{}{hint}", count(looked.len(), "drive")));
    Ok(Status::Done)
}

/// What a look at a drive gave: what is on it and the id that accepts it, or why it could not be looked at.
type Look = Result<Preflight, String>;

/// Looks without asking for any particular room.
fn look(machine: &Machine, drive: &Drive) -> Look {
    let sink = DriveSink::new(machine.clone(), DriveSelector::Node(drive.node.clone()), false);
    sink.survey().map_err(|error| error.to_string())
}

fn content(look: &Look) -> Vec<String> {
    match look {
        Ok(preflight) => match preflight.effect() {
            Effect::Overwrites(lost) if lost.is_empty() => vec!["blank".to_owned()],
            Effect::Overwrites(lost) => lost.clone(),
            Effect::Creates => Vec::new(),
        },
        Err(why) => vec![why.clone()],
    }
}

fn record(drive: &Drive, look: &Look) -> Value {
    let mut record = serde_json::to_value(drive).expect("a drive is plain data");
    record["verdict"] = json!(drive.verdict());
    record["content"] = json!(look.is_ok().then(|| content(look)));
    record["problem"] = json!(look.as_ref().err());
    record["accept_id"] = json!(look.as_ref().ok().and_then(Preflight::accept_id));
    record
}

fn table(looked: &[(Drive, Look)]) -> Table {
    let mut table = Table::new(["drive", "size", "name", "port", "verdict", "content", "accept id"]).right("size");
    for (drive, look) in looked {
        let verdict = drive.verdict();
        let words = match verdict.decision {
            Decision::Writable => "may be written".to_owned(),
            Decision::Refused => format!("refused: {}", verdict.words(Severity::Blocks).join("; ")),
        };
        let what = if verdict.decision == Decision::Refused { String::new() } else { content(look).join("; ") };
        let id = look.as_ref().ok().and_then(Preflight::accept_id).unwrap_or_default();
        table.row([
            drive.node.display().to_string(),
            size(drive.size),
            drive.title(),
            drive.port.clone().unwrap_or_default(),
            words,
            what,
            id.to_owned(),
        ]);
    }
    table
}
