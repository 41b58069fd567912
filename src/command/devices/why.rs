//! `firstlight devices why`: says why a device stands where it does.

use crate::command::{Context, Status, opened};
use crate::ledger::{LedgerError, Why};

use crate::command::selection::endpoint_name;
use crate::fleet::EndpointName;

const EXAMPLES: &str = "\
Examples:
  $ firstlight devices why gw-0007
  $ firstlight devices why gw-0007 --json";

/// Arguments of `firstlight devices why`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The device, by endpoint name
    #[arg(value_name = "ID", value_parser = endpoint_name)]
    pub id: EndpointName,
}

/// Runs `firstlight devices why`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let why = match opened::ledger(context)?.why(&args.id) {
        Err(LedgerError::Unknown { device }) => not_begun(&args.id, context).ok_or(LedgerError::Unknown { device })?,
        explained => explained?,
    };
    context.printer.report(&why, || text(&why));
    Ok(Status::Done)
}

/// A device that the ledger does not know may stand in the inventory. One that cannot be read is no matter here.
fn not_begun(id: &EndpointName, context: &Context) -> Option<Why> {
    let (folder, _) = opened::folder(context, None).ok()?;
    let known = folder.fleet.devices().find(|known| known.folded() == id.folded())?;
    Some(Why::not_begun(known.clone()))
}

fn text(why: &Why) -> String {
    let mut text = format!("{}\n", why.id);
    for line in &why.lines {
        text.push_str(&format!("  {line}\n"));
    }
    match &why.next {
        Some(command) => text.push_str(&format!("next: {command}\n")),
        None => text.push_str("next: nothing is left to do\n"),
    }
    text
}
