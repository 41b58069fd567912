//! `firstlight devices show`: shows all records of a device.

use serde_json::{Value, json};

use crate::command::selection::endpoint_name;
use crate::command::{Context, Status, registry};
use crate::fleet::EndpointName;
use crate::ledger::{DeviceHistory, LedgerError};
use crate::registry::{Blocked, CredentialRow, DeviceRow, Registry, RegistryError, StoredEvent};
use crate::ui::Table;
use crate::ui::measure::moment;

const EXAMPLES: &str = "\
Examples:
  $ firstlight devices show gw-0007
  $ firstlight devices show gw-0007 --json";

/// Arguments of `firstlight devices show`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The device, by endpoint name
    #[arg(value_name = "ID", value_parser = endpoint_name)]
    pub id: EndpointName,
}

/// Runs `firstlight devices show`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let records = registry::records_at_hand(context)?;
    let history = match &records.ledger {
        Some(ledger) => ledger.device(&args.id)?,
        None => None,
    };
    let known = match &records.registry {
        Some(registry) => Known::of(registry, &args.id)?,
        None => None,
    };
    if history.is_none() && known.is_none() {
        let device = args.id.to_string();
        return Err(match records.registry {
            Some(_) => RegistryError::NotFound { what: "device", name: device }.into(),
            None => LedgerError::Unknown { device }.into(),
        });
    }
    let mut shown = match &history {
        Some(history) => json!(history),
        None => json!({ "device": null, "generations": [], "versions": [], "deliveries": [] }),
    };
    if records.registry.is_some() {
        shown["registry"] = known.as_ref().map_or(Value::Null, Known::to_json);
    }
    let columns = context.printer.terminal().columns;
    context.printer.report(&shown, || {
        let parts = [known.map(|known| known.text(columns)), history.map(|history| text(&history, columns))];
        parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
    });
    Ok(Status::Done)
}

/// What the registry has of a device.
struct Known {
    device: DeviceRow,
    credentials: Vec<CredentialRow>,
    blocked: Option<Blocked>,
    bundle: Option<StoredEvent>,
    bootstrap: Option<StoredEvent>,
}

/// What a device said last of a bundle that it fetched.
const OUTCOMES: [&str; 3] = ["bundle-taken", "bundle-refused", "bundle-rolled-back"];
/// How a bootstrap ended.
const ENDINGS: [&str; 2] = ["bootstrap-finished", "bootstrap-failed"];
/// Events that are looked through for them, at most.
const LOOKED_AT: i64 = 1_000;

impl Known {
    fn of(registry: &Registry, id: &EndpointName) -> Result<Option<Self>, RegistryError> {
        let Some(device) = registry.device(id.as_str())? else { return Ok(None) };
        let credentials = registry.credentials(id.as_str())?;
        let events = registry.device_history(id.as_str(), LOOKED_AT)?;
        let newest_of = |what: &[&str]| events.iter().find(|event| what.contains(&event.what.as_str())).cloned();
        let (bundle, bootstrap) = (newest_of(&OUTCOMES), newest_of(&ENDINGS));
        Ok(Some(Self { device, credentials, blocked: registry.blocked(id)?, bundle, bootstrap }))
    }

    fn to_json(&self) -> Value {
        let mut shown = json!(self.device);
        shown["credentials"] = json!(self.credentials);
        shown["blocked"] = json!(self.blocked);
        shown["last_bundle"] = self.bundle.as_ref().map_or(Value::Null, |event| {
            let detail = |name: &str| event.detail[name].clone();
            let outcome = event.what.trim_start_matches("bundle-");
            json!({ "version": detail("version"), "outcome": outcome, "words": detail("words"), "at": moment(event.at) })
        });
        shown["last_bootstrap"] = self.bootstrap.as_ref().map_or(Value::Null, |event| {
            let outcome = event.what.trim_start_matches("bootstrap-");
            json!({ "outcome": outcome, "words": event.detail["result"].clone(), "at": moment(event.at) })
        });
        shown
    }

    fn text(&self, columns: Option<usize>) -> String {
        let device = &self.device;
        let mut text = format!("{}: {} in the registry\n", device.id, device.state.as_str());
        let model = model_of(device);
        let facts = [
            ("serial", &device.serial),
            ("group", &device.group),
            ("model", &model),
            ("vendor", &device.vendor),
            ("hardware", &device.hardware),
            ("firmware", &device.firmware),
            ("protocol", &device.protocol),
            ("address", &device.address),
            ("reason", &device.reason),
        ];
        for (what, value) in facts {
            if let Some(value) = value {
                text.push_str(&format!("  {what:<9} {value}\n"));
            }
        }
        text.push_str(&format!("  origin    {}\n", device.origin));
        for (what, at) in [("seen", device.seen), ("holds to", device.lease_until), ("changed", Some(device.changed))] {
            if let Some(at) = at {
                text.push_str(&format!("  {what:<9} {}\n", moment(at)));
            }
        }
        if let Some(version) = device.bundle {
            text.push_str(&format!("  bundle    version {version} is in force\n"));
        }
        if let Some(event) = self.bundle.as_ref().filter(|event| event.what != "bundle-taken") {
            text.push_str(&not_in_force(event));
        }
        if let Some(event) = &self.bootstrap {
            let words = event.detail["result"].as_str().unwrap_or_default().escape_debug().to_string();
            text.push_str(&format!("  bootstrap {}: {words}\n", moment(event.at)));
        }
        for (name, value) in &device.attributes {
            text.push_str(&format!("  {name} = {value}\n"));
        }
        text.push_str(&format!("  mark      {}\n", device.etag));
        if let Some(blocked) = &self.blocked {
            text.push_str(&format!("  blocked since {}: {}\n", moment(blocked.since), blocked.reason));
        }
        if !self.credentials.is_empty() {
            text.push('\n');
            text.push_str(&self.credential_table().render(columns));
        }
        text
    }

    fn credential_table(&self) -> Table {
        let mut table = Table::new(["credential", "kind", "state", "until", "fingerprint"]);
        for row in &self.credentials {
            let until = row.not_after.map(moment).unwrap_or_default();
            let state = row.state.as_str().to_owned();
            table.row([row.name.clone(), row.kind.clone(), state, until, row.fingerprint.to_string()]);
        }
        table
    }
}

/// Says of which version the device keeps none, and why.
fn not_in_force(event: &StoredEvent) -> String {
    let outcome = if event.what == "bundle-refused" { "refused" } else { "rolled back" };
    let words = event.detail["words"].as_str().unwrap_or("it does not say why").escape_debug().to_string();
    format!("            version {} was {outcome} {}: {words}\n", event.detail["version"], moment(event.at))
}

/// Returns model and version as one word.
pub(super) fn model_of(device: &DeviceRow) -> Option<String> {
    let model = device.model.as_ref()?;
    Some(device.version.as_ref().map_or_else(|| model.clone(), |version| format!("{model}@{version}")))
}

fn text(history: &DeviceHistory, columns: Option<usize>) -> String {
    let device = &history.device;
    let mut text = format!("{}: {}\n", device.id, device.state.name());
    for (what, value) in [("serial", &device.serial), ("model", &device.model), ("profile", &device.profile)] {
        if let Some(value) = value {
            text.push_str(&format!("  {what:<8} {value}\n"));
        }
    }
    for table in [credentials(history), versions(history), deliveries(history)] {
        if !table.is_empty() {
            text.push('\n');
            text.push_str(&table.render(columns));
        }
    }
    text
}

fn credentials(history: &DeviceHistory) -> Table {
    let mut table =
        Table::new(["credential", "generation", "kind", "state", "private part", "issued"]).right("generation");
    for record in &history.generations {
        let private = if record.private { "kept, sealed" } else { "destroyed" };
        let public = &record.public;
        let state = record.state.name().to_owned();
        let kind = public.word().to_owned();
        table.row([
            public.name.to_string(),
            public.generation.to_string(),
            kind,
            state,
            private.to_owned(),
            record.issued.clone(),
        ]);
    }
    table
}

fn versions(history: &DeviceHistory) -> Table {
    let mut table = Table::new(["version", "delivery", "made", "what changed"]).right("version");
    for record in &history.versions {
        let changes = record.changes.join("; ");
        table.row([record.version.to_string(), record.delivery.clone(), record.created.clone(), changes]);
    }
    table
}

fn deliveries(history: &DeviceHistory) -> Table {
    let mut table = Table::new(["delivery", "version", "state", "reached", "target", "since"]).right("version");
    for record in &history.deliveries {
        let (state, reached) = (record.state.name().to_owned(), record.reached.to_owned());
        let target = record.target.name.clone();
        table.row([record.name.clone(), record.version.to_string(), state, reached, target, record.changed.clone()]);
    }
    table
}
