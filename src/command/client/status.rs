//! `firstlight client status`: what is in force, whom this device trusts, what came last.

use crate::client::{self, Disk};
use crate::command::{Context, Status};
use crate::host::surroundings::clock_from_environment;

const EXAMPLES: &str = "\
Examples:
  $ firstlight client status
  $ firstlight client status --json";

/// Arguments of `firstlight client status`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Runs `firstlight client status`.
pub fn run(_args: Args, disk: &Disk, context: &Context) -> anyhow::Result<Status> {
    let status = client::status(disk, clock_from_environment()?.as_ref())?;
    context.printer.report(&status, || text(&status));
    Ok(Status::Done)
}

fn text(status: &client::Status) -> String {
    let or = |value: &Option<String>, none: &str| value.clone().unwrap_or_else(|| none.to_owned());
    let mut lines = vec![
        ("device", or(&status.device, "no name yet")),
        ("fleet", or(&status.fleet, "none yet")),
        ("in force", status.generation.map_or("nothing".into(), |number| format!("generation {number}"))),
    ];
    for part in &status.bundles {
        lines.push(("", format!("{} version {} of {}", part.bundle, part.version, part.lane)));
    }
    lines.push(("recipient", status.recipient.clone()));
    lines.push(("trust", format!("{} ({})", status.trusted.join(", "), status.trust)));
    lines.push(("clock", if status.clock_trusted { "trusted" } else { "not trusted" }.into()));
    lines.push(("not before", or(&status.not_earlier_than, "unknown")));
    if status.interrupted {
        lines.push(("to do", "an interrupted run is to be completed: firstlight client ingest".into()));
    }
    if let (Some(failures), Some(next)) = (status.failures, &status.next_try) {
        lines.push(("waiting", format!("failed {failures} times, tried again at {next}")));
    }
    for (property, values) in &status.properties {
        lines.push((property, values.join(", ")));
    }
    let last = status.last.as_ref().map_or("nothing".into(), |last| format!("{}, {}", last.line(), last.time));
    lines.push(("last", last));
    let lines: Vec<String> = lines.iter().map(|(name, value)| format!("{name:<11}{value}")).collect();
    lines.join("\n") + "\n"
}
