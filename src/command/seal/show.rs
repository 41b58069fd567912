//! `firstlight seal show`: shows the bundle keys and batch keys.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::authority::{BundleKeys, KeyState};
use crate::bundle::sealed::PublicKey;
use crate::command::{Context, Status};

use super::super::opened;

const EXAMPLES: &str = "\
Examples:
  $ firstlight seal show
  $ firstlight seal show --json";

/// Arguments of `firstlight seal show`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Runs `firstlight seal show`.
pub fn run(_args: Args, context: &Context) -> anyhow::Result<Status> {
    let station = opened::station(context, None)?;
    let keys = station.bundle_keys()?;
    context.printer.report(&document(&keys), || text(&keys));
    Ok(Status::Done)
}

/// Returns the keys as JSON: public halves only.
pub fn document(keys: &BundleKeys) -> Value {
    let key = |state: &KeyState| {
        json!({
            "key": public(state).name(),
            "public": public(state).line(),
            "created": state.created,
            "reason": state.reason,
            "retired": state.retired,
        })
    };
    let all: Vec<Value> = keys.states().iter().map(key).collect();
    json!({ "sequence": keys.sequence(), "keys": all, "batches": keys.batches() })
}

/// Returns the public half of a key.
pub fn public(state: &KeyState) -> PublicKey {
    PublicKey { id: state.id, key: state.public }
}

fn text(keys: &BundleKeys) -> String {
    let mut text = format!("bundle keys (list number {}):\n", keys.sequence());
    let mut first = true;
    for state in keys.states() {
        let role = match &state.retired {
            Some(when) => format!("retired {when}"),
            None if std::mem::take(&mut first) => "signs first".to_owned(),
            None => "signs too, until it is retired".to_owned(),
        };
        let why = state.reason.as_ref().map(|reason| format!(", {reason}")).unwrap_or_default();
        let _ = writeln!(text, "  {}  {role}; made {}{why}", public(&state).name(), state.created);
        if state.retired.is_none() {
            let _ = writeln!(text, "    {}", public(&state).line());
        }
    }
    let batches = keys.batches();
    text.push_str(if batches.is_empty() { "no batch keys\n" } else { "batch keys:\n" });
    for batch in batches {
        let _ = writeln!(text, "  {}  {}; made {}", batch.name, batch.recipient, batch.created);
    }
    text
}
