//! `firstlight devices why`: says why a device stands where it does.

use serde_json::json;

use crate::command::selection::endpoint_name;
use crate::command::{Context, Status, opened, registry};
use crate::fleet::EndpointName;
use crate::ledger::{LedgerError, Why};
use crate::registration::why::{Explained, explain};

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
    let records = registry::records_at_hand(context)?;
    let explained = match &records.registry {
        Some(registry) => explain(registry, &args.id)?,
        None => None,
    };
    let made = records.ledger.map(|ledger| ledger.why(&args.id)).transpose();
    let why = match made {
        Ok(Some(why)) => why,
        // The registry has more to say of it than that nothing was begun here.
        Ok(None) | Err(LedgerError::Unknown { .. }) if explained.is_some() => Why::not_made(args.id.clone()),
        Ok(None) | Err(LedgerError::Unknown { .. }) => {
            not_begun(&args.id, context).ok_or(LedgerError::Unknown { device: args.id.to_string() })?
        }
        Err(error) => return Err(error.into()),
    };
    let mut document = json!(why);
    if records.registry.is_some() {
        document["registry"] = json!(explained);
    }
    context.printer.report(&document, || text(&why, explained.as_ref()));
    Ok(Status::Done)
}

/// A device that the ledger does not know may stand in the inventory. One that cannot be read is no matter here.
fn not_begun(id: &EndpointName, context: &Context) -> Option<Why> {
    let (folder, _) = opened::folder(context, None).ok()?;
    let known = folder.fleet.devices().find(|known| known.folded() == id.folded())?;
    Some(Why::not_begun(known.clone()))
}

fn text(why: &Why, explained: Option<&Explained>) -> String {
    let mut text = format!("{}\n", why.id);
    if let Some(explained) = explained {
        text.push_str(" in the registry\n");
        for line in &explained.lines {
            text.push_str(&format!("  {line}\n"));
        }
        text.push_str(" at this station\n");
    }
    for line in &why.lines {
        text.push_str(&format!("  {line}\n"));
    }
    let next = explained.and_then(|explained| explained.next.as_ref()).or(why.next.as_ref());
    match next {
        Some(command) => text.push_str(&format!("next: {command}\n")),
        None => text.push_str("next: nothing is left to do\n"),
    }
    text
}
