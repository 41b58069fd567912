//! `firstlight devices list`: lists devices and where each stands.

use crate::command::{Context, Status, opened};
use crate::ledger::{DeviceFilter, DeviceRecord};
use crate::ui::Table;
use crate::ui::measure::count;

const EXAMPLES: &str = "\
Examples:
  $ firstlight devices list
  $ firstlight devices list --json | jq -r .id";

/// Arguments of `firstlight devices list`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Only devices of this profile
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
}

/// Runs `firstlight devices list`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let ledger = opened::ledger(context)?;
    let filter = DeviceFilter { profile: args.profile, ..DeviceFilter::default() };
    if context.printer.is_json() {
        ledger.each_device(&filter, |record| context.printer.record(&record))?;
        return Ok(Status::Done);
    }
    let mut table =
        Table::new(["device", "serial", "profile", "state", "version", "delivered", "target"]).right("version");
    let mut listed = 0;
    ledger.each_device(&filter, |record| {
        listed += 1;
        table.pour(cells(record), &context.printer);
    })?;
    if listed > 0 {
        table.print(&context.printer);
    }
    context.printer.talk(count(listed, "device"));
    Ok(Status::Done)
}

fn cells(record: DeviceRecord) -> [String; 7] {
    [
        record.id.to_string(),
        record.serial.unwrap_or_default(),
        record.profile.unwrap_or_default(),
        record.state.name().to_owned(),
        record.version.map(|version| version.to_string()).unwrap_or_default(),
        record.delivered.unwrap_or_default(),
        record.target.unwrap_or_default(),
    ]
}
