//! `firstlight doctor`: checks this machine and this fleet, each fault with its fix.

use crate::fleet::Class;
use crate::ui::measure::count;

use super::{Context, Status};

pub mod check;
pub mod fleet;
pub mod machine;

use check::State;

const EXAMPLES: &str = "\
Examples:
  $ firstlight doctor
  $ firstlight doctor --json
  $ firstlight doctor --fleet plant --quiet || echo 'not ready'";

/// Arguments of `firstlight doctor`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Runs `firstlight doctor`.
pub fn run(_args: Args, context: &Context) -> anyhow::Result<Status> {
    let mut checks = machine::checks(context);
    checks.extend(fleet::checks(context));
    context.printer.report(&serde_json::json!({ "checks": checks }), || check::text(&checks));
    let number = |state| checks.iter().filter(|check| check.state == state).count();
    let (failed, warned) = (number(State::Fail), number(State::Warn));
    context.printer.talk(verdict(failed, warned));
    Ok(if failed == 0 { Status::Done } else { Status::Ended(Class::Surroundings) })
}

fn verdict(failed: usize, warned: usize) -> String {
    match (failed, warned) {
        (0, 0) => "no problems found".to_owned(),
        (0, _) => format!("no problems found, {}", count(warned, "warning")),
        _ => format!("{}, {}", count(failed, "problem"), count(warned, "warning")),
    }
}
