//! `firstlight devices list`: lists devices and where each stands.

use serde_json::Value;

use crate::command::{Context, Status, registry};
use crate::fleet::enrolment::Filter;
use crate::ledger::{DeviceFilter, DeviceRecord, Ledger};
use crate::registry::{DeviceRow, LARGEST_PAGE, Registry, RegistryError};
use crate::ui::Table;
use crate::ui::measure::count;

const EXAMPLES: &str = "\
What this station made and, where the fleet has a registry, who is registered.

Examples:
  $ firstlight devices list
  $ firstlight devices list --json | jq -r .id";

/// Arguments of `firstlight devices list`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Only devices that this station made by this profile
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
}

/// Runs `firstlight devices list`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let records = registry::records_at_hand(context)?;
    let filter = DeviceFilter { profile: args.profile.clone(), ..DeviceFilter::default() };
    let mut listed = Listed::new(context, records.registry.is_some());
    match (&records.registry, &records.ledger) {
        (Some(registry), ledger) => {
            let only_made = args.profile.is_some();
            both(registry, ledger.as_ref(), &filter, only_made, &mut |made, known| listed.row(made, known))?;
        }
        (None, Some(ledger)) => ledger.each_device(&filter, |record| listed.row(Some(record), None))?,
        (None, None) => {}
    }
    listed.end();
    Ok(Status::Done)
}

/// Calls `each` for every device of either, in the order of their folded names; neither is held as a whole.
fn both(
    registry: &Registry,
    ledger: Option<&Ledger>,
    filter: &DeviceFilter,
    only_made: bool,
    each: &mut dyn FnMut(Option<DeviceRecord>, Option<DeviceRow>),
) -> anyhow::Result<()> {
    let mut known = Known { registry, page: Vec::new().into_iter(), cursor: Some(String::new()), peeked: None };
    let mut failed = None;
    if let Some(ledger) = ledger {
        ledger.each_device(filter, |record| {
            let folded = record.id.folded();
            let met = known.up_to(&folded, &mut |row| {
                if !only_made {
                    each(None, Some(row));
                }
            });
            match met {
                Ok(row) => each(Some(record), row),
                Err(error) => drop(failed.get_or_insert(error)),
            }
        })?;
    }
    if let Some(error) = failed {
        return Err(error.into());
    }
    if !only_made {
        while let Some(row) = known.next()? {
            each(None, Some(row));
        }
    }
    Ok(())
}

/// The devices of the registry, page after page.
struct Known<'a> {
    registry: &'a Registry,
    page: std::vec::IntoIter<DeviceRow>,
    cursor: Option<String>,
    peeked: Option<DeviceRow>,
}

impl Known<'_> {
    fn next(&mut self) -> Result<Option<DeviceRow>, RegistryError> {
        if let Some(row) = self.peeked.take().or_else(|| self.page.next()) {
            return Ok(Some(row));
        }
        let Some(cursor) = self.cursor.take() else { return Ok(None) };
        let after = Some(cursor.as_str()).filter(|cursor| !cursor.is_empty());
        let page = self.registry.search(&Filter::default(), after, LARGEST_PAGE)?;
        (self.page, self.cursor) = (page.devices.into_iter(), page.next);
        Ok(self.page.next())
    }

    /// Hands on the devices before a folded name; returns the one of that name.
    fn up_to(&mut self, folded: &str, before: &mut dyn FnMut(DeviceRow)) -> Result<Option<DeviceRow>, RegistryError> {
        while let Some(row) = self.next()? {
            match row.folded.as_str().cmp(folded) {
                std::cmp::Ordering::Less => before(row),
                std::cmp::Ordering::Equal => return Ok(Some(row)),
                std::cmp::Ordering::Greater => {
                    self.peeked = Some(row);
                    break;
                }
            }
        }
        Ok(None)
    }
}

/// Prints the rows: a table, or a line of JSON for each.
struct Listed<'a> {
    context: &'a Context,
    table: Table,
    has_registry: bool,
    rows: usize,
}

impl<'a> Listed<'a> {
    fn new(context: &'a Context, has_registry: bool) -> Self {
        let table = if has_registry {
            Table::new(["device", "serial", "group", "registry", "model", "made", "version", "delivered", "target"])
        } else {
            Table::new(["device", "serial", "profile", "state", "version", "delivered", "target"])
        };
        Self { context, table: table.right("version"), has_registry, rows: 0 }
    }

    fn row(&mut self, made: Option<DeviceRecord>, known: Option<DeviceRow>) {
        self.rows += 1;
        if self.context.printer.is_json() {
            return self.context.printer.record(&line(made.as_ref(), known.as_ref(), self.has_registry));
        }
        if self.has_registry {
            self.table.pour(wide_cells(made, known), &self.context.printer);
        } else if let Some(made) = made {
            self.table.pour(cells(made), &self.context.printer);
        }
    }

    fn end(mut self) {
        if self.context.printer.is_json() {
            return;
        }
        if self.rows > 0 {
            self.table.print(&self.context.printer);
        }
        self.context.printer.talk(count(self.rows, "device"));
    }
}

/// The fields of the ledger's record, null where it has none, and the registry's beside them.
fn line(made: Option<&DeviceRecord>, known: Option<&DeviceRow>, has_registry: bool) -> Value {
    const MADE: [&str; 11] =
        ["id", "serial", "model", "profile", "state", "reason", "version", "target", "delivered", "seen", "changed"];
    let mut line = match made {
        Some(made) => serde_json::json!(made),
        None => MADE.iter().map(|name| ((*name).to_owned(), Value::Null)).collect(),
    };
    if let (None, Some(known)) = (made, known) {
        line["id"] = known.id.clone().into();
        line["serial"] = known.serial.clone().into();
    }
    if has_registry {
        line["registry"] = serde_json::json!(known);
    }
    line
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

fn wide_cells(made: Option<DeviceRecord>, known: Option<DeviceRow>) -> [String; 9] {
    let id = made.as_ref().map(|made| made.id.to_string());
    let serial = made.as_ref().and_then(|made| made.serial.clone());
    let model = known.as_ref().and_then(super::show::model_of).unwrap_or_default();
    let made_state = made.as_ref().map(|made| made.state.name().to_owned()).unwrap_or_default();
    let version = made.as_ref().and_then(|made| made.version).map(|version| version.to_string()).unwrap_or_default();
    let (delivered, target) = made.map(|made| (made.delivered, made.target)).unwrap_or_default();
    let state = known.as_ref().map(|known| known.state.as_str().to_owned()).unwrap_or_default();
    let (known_id, known_serial, group) =
        known.map(|known| (Some(known.id), known.serial, known.group)).unwrap_or_default();
    [
        id.or(known_id).unwrap_or_default(),
        serial.or(known_serial).unwrap_or_default(),
        group.unwrap_or_default(),
        state,
        model,
        made_state,
        version,
        delivered.unwrap_or_default(),
        target.unwrap_or_default(),
    ]
}
