//! `firstlight model approve`, `dismiss`, `rollback`: a person decides about a device's model.

use std::path::PathBuf;

use serde_json::json;

use crate::command::place::operator;
use crate::command::{Context, Status, registry};
use crate::fleet::model::{Instance, Migration};
use crate::fleet::{Class, EndpointName, Faults};
use crate::station::models::read_file;
use crate::ui::Complaint;

use super::at_hand;

const APPROVE: &str = "\
Examples:
  $ firstlight model approve gw-0007
  $ firstlight model approve gw-0007 --migration sensor-1-to-2.yaml";

const DISMISS: &str = "\
Examples:
  $ firstlight model dismiss gw-0007 --reason \"stays on version 1\"
  $ firstlight model dismiss gw-0007 --reason \"stays\" --plan";

const ROLLBACK: &str = "\
Examples:
  $ firstlight model rollback gw-0007
  $ firstlight model rollback gw-0007 --plan";

/// Arguments of `firstlight model approve`.
#[derive(clap::Args, Debug)]
#[command(after_help = APPROVE)]
pub struct ApproveArgs {
    /// The device
    #[arg(value_name = "ID", value_parser = EndpointName::new)]
    pub device: EndpointName,
    /// A migration file; without, the one of the fleet's folder that fits
    #[arg(long, value_name = "FILE")]
    pub migration: Option<PathBuf>,
}

/// Arguments of `firstlight model dismiss`.
#[derive(clap::Args, Debug)]
#[command(after_help = DISMISS)]
pub struct DismissArgs {
    /// The device
    #[arg(value_name = "ID", value_parser = EndpointName::new)]
    pub device: EndpointName,
    /// Why, for the audit trail
    #[arg(long)]
    pub reason: String,
}

/// Arguments of `firstlight model rollback`.
#[derive(clap::Args, Debug)]
#[command(after_help = ROLLBACK)]
pub struct RollbackArgs {
    /// The device
    #[arg(value_name = "ID", value_parser = EndpointName::new)]
    pub device: EndpointName,
}

/// Runs `firstlight model approve`.
pub fn approve(args: &ApproveArgs, context: &Context) -> anyhow::Result<Status> {
    let migration = args.migration.as_ref().map(migration).transpose()?;
    if context.globals.plan {
        return Ok(context.would(&format!("approve the model proposed for device {}", args.device)));
    }
    let (_, models) = at_hand::models(context)?;
    let new = models.approve(&actor(context), &args.device, migration.as_ref())?;
    Ok(said(context, &args.device, "is of model", &new))
}

/// Runs `firstlight model dismiss`.
pub fn dismiss(args: &DismissArgs, context: &Context) -> anyhow::Result<Status> {
    if context.globals.plan {
        return Ok(context.would(&format!("dismiss the model proposed for device {}", args.device)));
    }
    let (_, registry) = registry::open(context)?;
    registry.dismiss_instance(&actor(context), &args.device, &args.reason)?;
    let said = json!({ "device": args.device, "dismissed": true });
    context.printer.report(&said, || format!("{} keeps its model\n", args.device));
    Ok(Status::Done)
}

/// Runs `firstlight model rollback`.
pub fn roll_back(args: &RollbackArgs, context: &Context) -> anyhow::Result<Status> {
    if context.globals.plan {
        return Ok(context.would(&format!("go back to the model that device {} had before", args.device)));
    }
    let (_, registry) = registry::open(context)?;
    let former = registry.roll_back_model(&actor(context), &args.device)?;
    Ok(said(context, &args.device, "is back at model", &former))
}

fn migration(path: &PathBuf) -> anyhow::Result<Migration> {
    let file = read_file(path)?;
    let text = String::from_utf8(file.bytes)
        .map_err(|_| Complaint::new(Class::Input, format!("{} is not UTF-8", path.display())))?;
    let mut faults = Faults::default();
    let read = Migration::parse(&file.name, &text, &mut faults);
    read.ok_or_else(|| anyhow::Error::from(faults))
}

fn actor(context: &Context) -> String {
    format!("operator {}", operator(&context.globals))
}

fn said(context: &Context, device: &EndpointName, words: &str, instance: &Instance) -> Status {
    context.printer.report(&json!({ "device": device, "instance": instance }), || {
        format!("{device} {words} {}@{}\n", instance.model, instance.version)
    });
    Status::Done
}
