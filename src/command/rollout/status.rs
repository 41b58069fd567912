//! `firstlight rollout status`.

use serde_json::{Value, json};

use crate::command::{Context, Status, registry};
use crate::registry::{MemberState, Rollout, RolloutState};
use crate::ui::Table;

use super::proposed::changed;

const EXAMPLES: &str = "\
Without a number: the last rollout, and how many devices are to take what the
fleet file says now. Nothing of it happens by itself.

Examples:
  $ firstlight rollout status
  $ firstlight rollout status --devices
  $ firstlight rollout status 3 --devices --json";

/// Most devices that are listed.
const MOST: i64 = 10_000;

/// Arguments of `firstlight rollout status`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which rollout, by its number; the last one without it
    #[arg(value_name = "NUMBER")]
    pub number: Option<i64>,
    /// List its devices
    #[arg(long)]
    pub devices: bool,
}

/// Runs `firstlight rollout status`.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Status> {
    let (folder, registry) = registry::open(context)?;
    let rollout = registry.rollout(args.number)?;
    let proposed = changed(&folder.fleet, &registry, &[], false)?.len();
    if context.printer.is_json() {
        let mut shown = json!({ "rollout": rollout, "proposed": proposed });
        if let Some(rollout) = rollout.filter(|_| args.devices) {
            shown["devices"] = json!(registry.rollout_members(rollout.number, None, 0, MOST)?);
        }
        context.printer.document(&shown);
        return Ok(Status::Done);
    }
    match &rollout {
        Some(rollout) => tell(rollout, context),
        None => context.printer.line("there was no rollout yet"),
    }
    context.printer.line(format_args!("{proposed} devices have not taken what the fleet file says now"));
    if let Some(rollout) = rollout.filter(|_| args.devices) {
        let mut table = Table::new(["device", "state", "reason"]);
        for member in registry.rollout_members(rollout.number, None, 0, MOST)? {
            table.row([member.device, word(member.state).to_owned(), member.reason.unwrap_or_default()]);
        }
        table.print(&context.printer);
    }
    Ok(Status::Done)
}

/// Tells how a rollout stands.
pub(super) fn tell(rollout: &Rollout, context: &Context) {
    if context.printer.is_json() {
        let value: Value = json!(rollout);
        context.printer.document(&value);
        return;
    }
    let state = match rollout.state {
        RolloutState::Canary => "the first devices are under way",
        RolloutState::Running if rollout.is_back => "is being taken back",
        RolloutState::Running => "runs",
        RolloutState::Paused => "is paused",
        RolloutState::Stopped => "has stopped",
        RolloutState::Done if rollout.is_back => "was taken back",
        RolloutState::Done => "is done",
    };
    let reason = rollout.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let tally = rollout.tally;
    context.printer.line(format_args!(
        "rollout {}: {state}{reason}; {} done, {} failed, {} under way, {} to come, {} left as they are",
        rollout.number, tally.done, tally.failed, tally.started, tally.waiting, tally.left
    ));
}

fn word(state: MemberState) -> &'static str {
    match state {
        MemberState::Waiting => "to come",
        MemberState::Started => "under way",
        MemberState::Done => "done",
        MemberState::Failed => "failed",
        MemberState::Left => "left",
    }
}
