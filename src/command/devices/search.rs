//! `firstlight devices search`: looks for devices of the registry.

use serde_json::json;

use crate::command::{Context, Status, registry};
use crate::fleet::enrolment::Filter;
use crate::registry::{DeviceRow, LARGEST_PAGE};
use crate::ui::Table;
use crate::ui::measure::count;

const EXAMPLES: &str = "\
Conditions stand side by side, all must hold: state, group, model, version,
vendor, hardware, firmware, protocol, origin, serial, id, attributes.NAME.
A word alone is an id or a serial number; a * at the end: begins with.

Examples:
  $ firstlight devices search state=registered attributes.site=berlin
  $ firstlight devices search 'gw-*' 'firmware=1.*' --json
  $ firstlight devices search state=expected --count";

/// Arguments of `firstlight devices search`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What must hold; all devices without
    #[arg(value_name = "CONDITION")]
    pub conditions: Vec<String>,
    /// Go on after the device of this id: where the page before ended
    #[arg(long, value_name = "ID")]
    pub after: Option<String>,
    /// End after NUMBER devices; all without
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Say how many there are, and no more
    #[arg(long, conflicts_with_all = ["after", "limit"])]
    pub count: bool,
}

/// Runs `firstlight devices search`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let filter = Filter::parse(&args.conditions.join(" "))?;
    let registry = registry::existing(context)?;
    if args.count {
        let number = registry.count(&filter)?;
        context.printer.report(&json!({ "count": number }), || format!("{number}\n"));
        return Ok(Status::Done);
    }
    let mut table = Table::new(["device", "serial", "group", "state", "model", "firmware", "attributes"]);
    let (mut cursor, mut found) = (args.after.map(|id| id.to_ascii_lowercase()), 0);
    loop {
        let left = args.limit.map_or(LARGEST_PAGE as u64, |limit| limit - found);
        let page = registry.search(&filter, cursor.as_deref(), usize::try_from(left).unwrap_or(LARGEST_PAGE))?;
        found += page.devices.len() as u64;
        for device in page.devices {
            if context.printer.is_json() {
                context.printer.record(&device);
            } else {
                table.pour(cells(device), &context.printer);
            }
        }
        cursor = page.next;
        if cursor.is_none() || args.limit.is_some_and(|limit| found >= limit) {
            break;
        }
    }
    if !context.printer.is_json() && found > 0 {
        table.print(&context.printer);
    }
    context.printer.talk(count(usize::try_from(found).unwrap_or(usize::MAX), "device"));
    if let Some(next) = cursor {
        context.printer.event(&json!({ "event": "more", "after": next }));
        context.printer.talk(format_args!("there are more: --after {next}"));
    }
    Ok(Status::Done)
}

fn cells(device: DeviceRow) -> [String; 7] {
    let attributes: Vec<String> = device.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let model = super::show::model_of(&device).unwrap_or_default();
    [
        device.id,
        device.serial.unwrap_or_default(),
        device.group.unwrap_or_default(),
        device.state.as_str().to_owned(),
        model,
        device.firmware.unwrap_or_default(),
        attributes.join(" "),
    ]
}
