//! `firstlight programmers rule`: prints the udev rule.

use serde_json::json;

use crate::command::{Context, Status};
use crate::host::usb::udev::{RULE_FILE, rule};

const EXAMPLES: &str = "\
Examples:
  $ firstlight programmers rule
  $ firstlight programmers rule | sudo tee /etc/udev/rules.d/60-firstlight.rules";

/// Arguments of `firstlight programmers rule`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Runs `firstlight programmers rule`.
pub fn run(_args: Args, context: &Context) -> anyhow::Result<Status> {
    context.printer.report(&json!({ "file": RULE_FILE, "rule": rule() }), rule);
    Ok(Status::Done)
}
