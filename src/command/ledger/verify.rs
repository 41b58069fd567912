//! `firstlight ledger verify`: verifies the ledger's hash chain.

use crate::command::{Context, Status, opened};
use crate::fleet::Class;
use crate::ledger::ChainReport;

const EXAMPLES: &str = "\
Examples:
  $ firstlight ledger verify
  $ firstlight ledger verify --fleet plant --json";

/// Arguments of `firstlight ledger verify`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Runs `firstlight ledger verify`.
pub fn run(_args: Args, context: &Context) -> anyhow::Result<Status> {
    let report = opened::ledger(context)?.verify_chain()?;
    context.printer.report(&report, || text(&report));
    Ok(if report.is_sound() { Status::Done } else { Status::Ended(Class::Differs) })
}

fn text(report: &ChainReport) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        text.push_str(&format!("{}: {}\n", finding.place, finding.finding));
    }
    let verdict = if report.is_sound() { "the chain is whole" } else { "the ledger was changed from outside" };
    text.push_str(&format!("{verdict}: {} rows, {} states, head {}\n", report.events, report.states, report.head));
    text
}
