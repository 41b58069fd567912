//! `firstlight group show`: shows what a group asks and how it is used.

use serde_json::{Value, json};

use crate::command::{Context, Status, registry};
use crate::registry::{Group, GroupUsage, RegistryError};

use super::list::{state, word};

const EXAMPLES: &str = "\
Examples:
  $ firstlight group show field
  $ firstlight group show field --json | jq .policy";

/// Arguments of `firstlight group show`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The group
    #[arg(value_name = "GROUP")]
    pub group: String,
}

/// Runs `firstlight group show`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let (_, registry) = registry::open(context)?;
    let group = registry.group(&args.group)?;
    let group = group.ok_or_else(|| RegistryError::NotFound { what: "group", name: args.group.clone() })?;
    let usage = registry.group_usage(&args.group)?;
    let mut shown = json!(group);
    shown["usage"] = json!(usage);
    context.printer.report(&shown, || text(&group, &usage));
    Ok(Status::Done)
}

fn text(group: &Group, usage: &GroupUsage) -> String {
    let mut text = format!("{}: {}\n", group.id, state(group));
    let quota = usage.quota.map(|quota| format!(" of {quota}")).unwrap_or_default();
    text.push_str(&format!("  devices         {}{quota}\n", usage.used));
    for (state, number) in &usage.devices {
        text.push_str(&format!("    {state:<13} {number}\n"));
    }
    text.push_str(&format!("  allow list      {}\n", usage.allowed));
    // What the fleet file says, in its own words; what it leaves out is left out.
    if let Value::Object(policy) = json!(group.policy) {
        for (name, value) in policy.iter().filter(|(_, value)| !is_empty(value)) {
            text.push_str(&format!("  {name:<15} {}\n", words(value)));
        }
    }
    text
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_empty),
        _ => false,
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().map(word).collect::<Vec<_>>().join(" ")
        }
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !is_empty(value));
            fields.map(|(name, value)| format!("{name}: {}", words(value))).collect::<Vec<_>>().join(", ")
        }
        other => word(other),
    }
}
