//! `firstlight batch show`: shows a batch with its counts.

use serde_json::{Value, json};

use crate::command::{Context, Status, opened};
use crate::ledger::{BatchRecord, BatchState};
use crate::station::{BatchError, StationError, batches};
use crate::ui::Table;

const EXAMPLES: &str = "\
Examples:
  $ firstlight batch show
  $ firstlight batch show B-17 --json";

/// Arguments of `firstlight batch show`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The batch [default: all of them]
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

/// Runs `firstlight batch show`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let (folder, _) = opened::folder(context, None)?;
    let ledger = opened::ledger(context)?;
    let shown = |batch: BatchRecord| -> Result<Value, StationError> {
        let missing = ledger.missing(folder.fleet.devices())?.len();
        let counts = batches::counts(&ledger.tally(&batch.name)?, folder.fleet.len(), missing);
        let mut value = json!(batch);
        value["counts"] = counts;
        Ok(value)
    };
    if let Some(name) = args.name {
        let batch = ledger.batch(&name)?.ok_or(BatchError::Unknown { name })?;
        let value = shown(batch)?;
        context.printer.report(&value, || text(&value));
        return Ok(Status::Done);
    }
    let mut table = Table::new(["batch", "state", "opened", "counts"]);
    let mut any = false;
    for batch in ledger.batches()? {
        any |= batch.state == BatchState::Open;
        let value = shown(batch)?;
        if context.printer.is_json() {
            context.printer.record(&value);
        } else {
            let cell = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
            table.row([cell("name"), cell("state"), cell("opened"), in_words(&value["counts"])]);
        }
    }
    if !context.printer.is_json() {
        table.print(&context.printer);
        if !any {
            context.printer.talk("no batch is open");
        }
    }
    Ok(Status::Done)
}

/// Returns counts as a person reads them, those that are nothing left out but for what is finished.
pub(super) fn in_words(counts: &Value) -> String {
    let number = |name: &str| counts[name].as_u64().unwrap_or_default();
    let mut words = vec![format!("{} finished", number("finished"))];
    for name in ["rehearsed", "failed", "reworked", "retired"] {
        if number(name) > 0 {
            words.push(format!("{} {name}", number(name)));
        }
    }
    words.push(format!("{} of {} missing", number("missing"), number("inventory")));
    words.join(", ")
}

fn text(value: &Value) -> String {
    use std::fmt::Write as _;
    let word = |name: &str| value[name].as_str().unwrap_or_default();
    let mut text = format!("batch {}: {}, opened {}\n", word("name"), word("state"), word("opened"));
    let _ = writeln!(text, "  {}", in_words(&value["counts"]));
    for (name, digest) in value["frozen"].as_object().into_iter().flatten() {
        let _ = writeln!(text, "  frozen {name}: {}", digest.as_str().unwrap_or_default());
    }
    if value["report"].is_string() {
        let _ = writeln!(text, "  report sha256: {}", word("report"));
    }
    text
}
