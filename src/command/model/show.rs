//! `firstlight model show`: one version of a model.

use serde_json::json;

use crate::command::{Context, Status};
use crate::fleet::model::ModelRef;
use crate::registration::{ExportError, ExportForm};

use super::at_hand;

const EXAMPLES: &str = "\
Examples:
  $ firstlight model show sensor
  $ firstlight model show sensor@1.2.0 --json";

/// Arguments of `firstlight model show`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The model: sensor, sensor@1 or sensor@1.2.0
    pub model: ModelRef,
}

/// Runs `firstlight model show`.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Status> {
    let (registry, models) = at_hand::models(context)?;
    let unknown = || ExportError::UnknownModel { model: args.model.clone() };
    let model = models.find(&args.model)?.ok_or_else(unknown)?;
    let stored = registry.model(model.name(), model.version())?;
    let short = models.export(&model.reference(), ExportForm::Short)?;
    let row = stored.map(|stored| stored.row);
    let state = row.as_ref().map_or("built in", |row| row.state.as_str());
    let shown = json!({ "name": model.name(), "version": model.version(), "state": state,
                        "digest": model.digest(), "model": model.canonical() });
    context
        .printer
        .report(&shown, || format!("# {} is {state}, {}\n{}", model.reference(), model.digest().short(), short.text));
    Ok(Status::Done)
}
