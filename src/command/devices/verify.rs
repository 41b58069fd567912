//! `firstlight devices verify`: verifies the registry's audit trail.

use serde_json::json;

use crate::command::{Context, Status, registry};
use crate::fleet::Class;
use crate::ui::measure::count;

const EXAMPLES: &str = "\
Examples:
  $ firstlight devices verify
  $ firstlight devices verify --fleet plant --json";

/// Arguments of `firstlight devices verify`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Runs `firstlight devices verify`.
pub fn run(_args: Args, context: &Context) -> anyhow::Result<Status> {
    let (events, first_wrong) = match registry::existing(context)?.verify_events()? {
        Ok(events) => (Some(events), None),
        Err(first) => (None, Some(first)),
    };
    context.printer.report(&json!({ "events": events, "first_wrong": first_wrong }), || match (events, first_wrong) {
        (Some(events), _) => {
            let events = usize::try_from(events).unwrap_or(usize::MAX);
            format!("the audit trail is whole: {}\n", count(events, "event"))
        }
        (None, first) => {
            format!("the audit trail was changed from outside: event {} is not what was written\n", first.unwrap_or(0))
        }
    });
    Ok(if first_wrong.is_none() { Status::Done } else { Status::Ended(Class::Differs) })
}
