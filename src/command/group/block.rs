//! `firstlight group block`, `unblock` and `blocked`: the block list, which holds for all groups.

use serde_json::json;

use crate::command::registry::Change;
use crate::command::selection::endpoint_name;
use crate::command::{Context, Status, registry};
use crate::fleet::EndpointName;
use crate::ui::Table;
use crate::ui::measure::{count, moment};

const EXAMPLES: &str = "\
A blocked device cannot register in any group; one that is registered stays so
until it is retired.

Examples:
  $ firstlight group block gw-0666 --reason \"stolen\"
  $ firstlight group block gw-0666 gw-0667 --reason \"stolen\" --json";

const OFF: &str = "\
Examples:
  $ firstlight group unblock gw-0666
  $ firstlight group unblock gw-0666 gw-0667";

const SHOWN: &str = "\
Examples:
  $ firstlight group blocked
  $ firstlight group blocked --json | jq -r .device";

/// Devices of one page.
const PAGE: u32 = 1_000;

/// Arguments of `firstlight group block`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The devices
    #[arg(value_name = "ID", value_parser = endpoint_name, required = true)]
    pub ids: Vec<EndpointName>,
    /// Why, for the audit trail
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Arguments of `firstlight group unblock`.
#[derive(clap::Args, Debug)]
#[command(after_help = OFF)]
pub struct Off {
    /// The devices
    #[arg(value_name = "ID", value_parser = endpoint_name, required = true)]
    pub ids: Vec<EndpointName>,
}

/// Arguments of `firstlight group blocked`.
#[derive(clap::Args, Debug)]
#[command(after_help = SHOWN)]
pub struct Shown {}

/// Runs `firstlight group block`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let ids = names(&args.ids);
    let said = format!("blocked {ids}");
    let done = json!({ "blocked": args.ids, "reason": args.reason });
    let change = Change { would: format!("block {ids}: {}", args.reason), done, said: &said };
    registry::change(context, change, |registry, actor| {
        args.ids.iter().try_for_each(|id| registry.block(actor, id, &args.reason))
    })
}

/// Runs `firstlight group unblock`.
pub fn off(args: Off, context: &Context) -> anyhow::Result<Status> {
    let ids = names(&args.ids);
    let said = format!("no longer blocked: {ids}");
    let change = Change { would: format!("unblock {ids}"), done: json!({ "unblocked": args.ids }), said: &said };
    registry::change(context, change, |registry, actor| args.ids.iter().try_for_each(|id| registry.unblock(actor, id)))
}

/// Runs `firstlight group blocked`.
pub fn shown(_: Shown, context: &Context) -> anyhow::Result<Status> {
    let registry = registry::existing(context)?;
    let mut table = Table::new(["device", "since", "reason"]);
    let (mut number, mut after) = (0, String::new());
    loop {
        let page = registry.block_list(&after, PAGE)?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.device);
        number += page.len();
        for blocked in page {
            if context.printer.is_json() {
                context.printer.record(&blocked);
            } else {
                table.pour([blocked.device, moment(blocked.since), blocked.reason], &context.printer);
            }
        }
    }
    if !table.is_empty() {
        table.print(&context.printer);
    }
    context.printer.talk(count(number, "blocked device"));
    Ok(Status::Done)
}

pub(super) fn names(ids: &[EndpointName]) -> String {
    ids.iter().map(EndpointName::as_str).collect::<Vec<_>>().join(", ")
}
