//! `firstlight model assign`: a model by hand, for a device that says nothing of itself.

use serde_json::{Map, Value, json};

use crate::command::place::operator;
use crate::command::{Context, Status};
use crate::fleet::model::ModelRef;
use crate::fleet::{Class, EndpointName};
use crate::ui::Complaint;

use super::at_hand;

const EXAMPLES: &str = "\
Examples:
  $ firstlight model assign gw-0007 sensor@1
  $ firstlight model assign gw-0007 sensor@1.2.0 --values '{\"site\": \"hall\"}'";

/// Arguments of `firstlight model assign`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The device
    #[arg(value_name = "ID", value_parser = EndpointName::new)]
    pub device: EndpointName,
    /// The model: sensor, sensor@1, sensor@1.2.0, or opaque
    pub model: ModelRef,
    /// Values of the instance, a JSON object
    #[arg(long, value_name = "JSON")]
    pub values: Option<String>,
}

/// Runs `firstlight model assign`.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Status> {
    let values = values(args.values.as_deref())?;
    if context.globals.plan {
        return Ok(context.would(&format!("give device {} model {}", args.device, args.model)));
    }
    let (_, models) = at_hand::models(context)?;
    let actor = format!("operator {}", operator(&context.globals));
    let new = models.assign_by_hand(&actor, &args.device, &args.model, values)?;
    context.printer.report(&json!({ "device": args.device, "instance": new }), || {
        format!("{} is of model {}@{}\n", args.device, new.model, new.version)
    });
    Ok(Status::Done)
}

fn values(text: Option<&str>) -> Result<Map<String, Value>, Complaint> {
    let Some(text) = text else { return Ok(Map::new()) };
    serde_json::from_str(text)
        .map_err(|error| Complaint::new(Class::Usage, format!("the values are no JSON object: {error}")))
}
