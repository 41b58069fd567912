//! `firstlight programmers list`: lists programmers and boot loaders on USB.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::command::{Context, Status, place};
use crate::host::usb::{Permission, SeenProgrammer, programmers};
use crate::station::load::slots;
use crate::ui::Table;
use crate::ui::measure::count;

const EXAMPLES: &str = "\
Examples:
  $ firstlight programmers list
  $ firstlight programmers list --json | jq -r .select";

/// Arguments of `firstlight programmers list`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// The slots of the fleet, where there is one: number and USB port path.
type Slots = Option<BTreeMap<u32, Arc<str>>>;

/// Runs `firstlight programmers list`.
pub fn run(_args: Args, context: &Context) -> anyhow::Result<Status> {
    let slots = slots_here(context)?;
    let seen = programmers(&context.machine())?;
    if context.printer.is_json() {
        seen.iter().for_each(|one| context.printer.record(&record(one, &slots)));
        return Ok(Status::Done);
    }
    let table = if slots.is_some() { with_slots(&seen, &slots) } else { without_slots(&seen) };
    if !seen.is_empty() {
        context.printer.raw(table.render(context.printer.terminal().columns).as_bytes());
    }
    context.printer.talk(count(seen.len(), "programmer"));
    for one in &seen {
        if let Some(advice) = one.advice {
            context.printer.talk(format_args!("{}: {advice}", one.port));
        }
    }
    Ok(Status::Done)
}

/// Outside of a fleet there are no slots; a fleet that was named must be there.
fn slots_here(context: &Context) -> anyhow::Result<Slots> {
    match place::fleet_folder(&context.globals) {
        Ok(folder) => Ok(Some(slots(&folder)?)),
        Err(complaint) if context.globals.fleet.is_some() => Err(complaint.into()),
        Err(_) => Ok(None),
    }
}

fn slot(one: &SeenProgrammer, slots: &Slots) -> Option<u32> {
    let mut slots = slots.iter().flatten();
    slots.find(|(_, port)| ***port == *one.port).map(|(number, _)| *number)
}

fn record(one: &SeenProgrammer, slots: &Slots) -> Value {
    let mut record = serde_json::to_value(one).expect("a programmer is plain data");
    record["slot"] = json!(slot(one, slots));
    record
}

fn with_slots(seen: &[SeenProgrammer], slots: &Slots) -> Table {
    let headings = ["slot", "port", "select", "what", "id", "serial", "product", "permission"];
    let mut table = Table::new(headings).right("slot");
    for one in seen {
        let number = slot(one, slots).map(|number| number.to_string()).unwrap_or_default();
        let [port, select, what, id, serial, product, permission] = cells(one);
        table.row([number, port, select, what, id, serial, product, permission]);
    }
    table
}

fn without_slots(seen: &[SeenProgrammer]) -> Table {
    let mut table = Table::new(["port", "select", "what", "id", "serial", "product", "permission"]);
    seen.iter().for_each(|one| table.row(cells(one)));
    table
}

fn cells(one: &SeenProgrammer) -> [String; 7] {
    let node = one.node.as_ref().map(|node| node.display().to_string()).unwrap_or_default();
    let permission = match one.permission {
        Permission::Granted => "granted".to_owned(),
        Permission::Denied => format!("no permission to open {node}"),
        Permission::Absent if node.is_empty() => "no serial line".to_owned(),
        Permission::Absent => format!("{node} is not here"),
    };
    [
        one.port.clone(),
        one.select.clone().unwrap_or_default(),
        one.kind.words().to_owned(),
        one.id.clone(),
        one.serial.clone().unwrap_or_default(),
        one.product.clone().unwrap_or_default(),
        permission,
    ]
}
