//! `firstlight ledger status`: where this station stands with the registry. Asks nobody.

use serde_json::json;

use crate::authority::Keys;
use crate::command::place::fleet_folder;
use crate::command::{Context, Status, opened};
use crate::ledger::Membership;
use crate::station::post::PRIVATE_FOLDER;
use crate::ui::measure::count;

use super::sync::to_usize;

const EXAMPLES: &str = "\
Examples:
  $ firstlight ledger status
  $ firstlight ledger status --json";

/// Arguments of `firstlight ledger status`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Runs `firstlight ledger status`.
pub fn run(_args: Args, context: &Context) -> anyhow::Result<Status> {
    let membership = opened::ledger(context)?.membership()?;
    let private = fleet_folder(&context.globals)?.join(PRIVATE_FOLDER);
    let station = Keys::station_name_in(&private).unwrap_or_default();
    context.printer.report(&json!({ "station": station, "registry": membership }), || {
        format!("{}\n", lines(&station, &membership).join("\n"))
    });
    Ok(Status::Done)
}

/// Says it in sentences.
pub fn lines(station: &str, membership: &Membership) -> Vec<String> {
    let mut lines = vec![format!("this is station {station:?}")];
    if !membership.shared {
        lines.push("the registry is this station's own: no lease is needed".to_owned());
    } else {
        let until = membership.until.as_ref().map(|until| format!(", the first until {until}")).unwrap_or_default();
        lines.push(format!("{} leased and not made yet{until}", count(to_usize(membership.leased), "device")));
    }
    if let Some(limit) = membership.certificates {
        lines.push(format!("{} of {limit} certificates issued", membership.issued));
    }
    match &membership.synchronized {
        Some(when) => lines.push(format!("the registry last heard of this ledger at {when}")),
        None => lines.push("the registry has not heard of this ledger yet".to_owned()),
    }
    lines.push(format!("{} to tell it", count(to_usize(membership.unsent), "row")));
    if membership.conflicts > 0 {
        lines
            .push(format!("it could not act upon {} entries: firstlight ledger sync told which", membership.conflicts));
    }
    lines
}
