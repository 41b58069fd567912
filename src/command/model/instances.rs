//! `firstlight model instances`: what a device is now, was before, and may become.

use crate::command::{Context, Status, registry};
use crate::fleet::EndpointName;
use crate::registry::RegistryError;
use crate::registry::instances::{InstanceRow, InstanceState};

const EXAMPLES: &str = "\
Examples:
  $ firstlight model instances gw-0007
  $ firstlight model instances --proposed";

/// Proposals of one page.
const PAGE: u32 = 500;

/// Arguments of `firstlight model instances`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
#[group(required = true, args = ["device", "proposed"])]
pub struct Args {
    /// The device
    #[arg(value_name = "ID", value_parser = EndpointName::new)]
    pub device: Option<EndpointName>,
    /// What waits for a person, of all devices
    #[arg(long)]
    pub proposed: bool,
}

/// Runs `firstlight model instances`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let (_, registry) = registry::open(context)?;
    if let Some(device) = &args.device {
        if registry.device(device.as_str())?.is_none() {
            return Err(RegistryError::NotFound { what: "device", name: device.to_string() }.into());
        }
        registry.instances(device)?.iter().for_each(|row| tell(row, context));
        return Ok(Status::Done);
    }
    let mut after = String::new();
    loop {
        let rows = registry.proposed_instances(&after, PAGE)?;
        let Some(last) = rows.last() else { return Ok(Status::Done) };
        after.clone_from(&last.device);
        rows.iter().for_each(|row| tell(row, context));
    }
}

fn tell(row: &InstanceRow, context: &Context) {
    context.printer.report(row, || {
        let state = match row.state {
            InstanceState::Current => "current",
            InstanceState::Proposed => "proposed",
            InstanceState::Former => "former",
        };
        let (instance, values) = (&row.instance, serde_json::Value::Object(row.instance.values.clone()));
        let model = format!("{}@{}", instance.model, instance.version);
        format!("{}  {}  {state}  {model}  by {}  {values}\n", row.device, row.number, row.chosen.as_str())
    });
}
