//! `firstlight devices history`: what happened to a device, at this station and in the registry.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::command::selection::endpoint_name;
use crate::command::{Context, Status, registry};
use crate::fleet::EndpointName;
use crate::ledger::Entry;
use crate::registration::why::in_words;
use crate::registry::StoredEvent;
use crate::ui::Table;

const EXAMPLES: &str = "\
Examples:
  $ firstlight devices history gw-0007
  $ firstlight devices history gw-0007 --last 20 --json";

/// Arguments of `firstlight devices history`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The device, by endpoint name
    #[arg(value_name = "ID", value_parser = endpoint_name)]
    pub id: EndpointName,
    /// Only the last NUMBER rows
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub last: u32,
}

/// A row of either trail.
struct Row {
    at: String,
    source: &'static str,
    actor: String,
    what: String,
    words: String,
    whole: Value,
}

/// Runs `firstlight devices history`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let records = registry::records_at_hand(context)?;
    let mut rows = Vec::new();
    if let Some(ledger) = &records.ledger {
        rows.extend(ledger.log(args.last, Some(&args.id))?.into_iter().map(of_ledger));
    }
    if let Some(registry) = &records.registry {
        rows.extend(registry.device_history(args.id.as_str(), args.last.into())?.into_iter().rev().map(of_registry));
    }
    // Each is in its order already, and ties stay as they were.
    rows.sort_by_key(|row| OffsetDateTime::parse(&row.at, &Rfc3339).ok());
    let passed = rows.len().saturating_sub(args.last as usize);
    rows.drain(..passed);
    if context.printer.is_json() {
        rows.iter().for_each(|row| context.printer.record(&row.to_json()));
        return Ok(Status::Done);
    }
    let mut table = Table::new(["at", "where", "who", "what"]);
    for row in rows {
        table.row([row.at, row.source.to_owned(), row.actor, row.words]);
    }
    if table.is_empty() {
        context.printer.talk(format_args!("nothing happened to {} yet", args.id));
    } else {
        table.print(&context.printer);
    }
    Ok(Status::Done)
}

impl Row {
    fn to_json(&self) -> Value {
        json!({ "at": self.at, "where": self.source, "actor": self.actor, "what": self.what, "event": self.whole })
    }
}

fn of_ledger(entry: Entry) -> Row {
    let words = format!("{} {}", entry.kind, entry.body);
    let whole = json!(entry);
    Row { at: entry.at, source: "station", actor: entry.operator, what: entry.kind, words, whole }
}

fn of_registry(event: StoredEvent) -> Row {
    let words = in_words(&event);
    let whole = json!(event);
    let at = whole["at"].as_str().unwrap_or_default().to_owned();
    Row { at, source: "registry", actor: event.actor, what: event.what, words, whole }
}
