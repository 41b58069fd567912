//! `firstlight model diff`: what changed, and whether the version's number says so.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use crate::command::{Context, Status};
use crate::fleet::model::{Model, ModelRef, ModelShelf, diff, gate, resolve};
use crate::fleet::{Class, Diagnose, Faults};
use crate::registration::{ExportError, Models, Naming};
use crate::station::models::read_file;

use super::at_hand;

const EXAMPLES: &str = "\
Examples:
  $ firstlight model diff sensor@1.1.0 models/sensor.yaml
  $ firstlight model diff old.yaml new.yaml --json
  $ firstlight model diff sensor@1.1.0 sensor@1.2.0";

/// Arguments of `firstlight model diff`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The old version: a file, or a published model
    #[arg(value_name = "OLD")]
    pub old: String,
    /// The new version: a file, or a published model
    #[arg(value_name = "NEW")]
    pub new: String,
}

/// Where models that files extend are looked for: the registry, where one is needed.
struct Shelf {
    models: Option<Arc<Models>>,
}

impl ModelShelf for Shelf {
    fn get(&self, reference: &ModelRef) -> Option<Arc<Model>> {
        self.models.as_ref()?.find(reference).ok().flatten()
    }
}

/// Runs `firstlight model diff`. It ends with status 6 where the number does not match the change.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Status> {
    let files = [&args.old, &args.new].map(|text| Path::new(text).is_file());
    let (old, new) = (read(&args.old, files[0])?, read(&args.new, files[1])?);
    let extends = [&old, &new].iter().any(|model| model.as_ref().is_none_or(|model| has_links(model)));
    let models = if extends { Some(at_hand::models(context)?.1) } else { None };
    let shelf = Shelf { models };
    let (old, new) = (whole(&shelf, old, &args.old)?, whole(&shelf, new, &args.new)?);
    let changes = diff(&old, &new).changes;
    let refused = gate(&old, &new).err().unwrap_or_default();
    let words: Vec<String> = refused.iter().map(ToString::to_string).collect();
    let said = json!({ "from": old.reference(), "to": new.reference(), "changes": changes, "refused": words });
    context.printer.report(&said, || {
        let lines = changes.iter().map(|change| {
            let mark = if change.breaking { "breaks" } else { "      " };
            format!("{mark}  {}  {}\n", change.path, change.words)
        });
        lines.collect()
    });
    if refused.is_empty() {
        context.printer.talk(format_args!("{} may follow {}", new.reference(), old.reference()));
        return Ok(Status::Done);
    }
    words.iter().for_each(|word| context.printer.warn(word));
    if let Some(hint) = refused.iter().find_map(Diagnose::hint) {
        context.printer.talk(format_args!("hint: {hint}"));
    }
    Ok(Status::Ended(Class::Refused))
}

fn has_links(model: &Model) -> bool {
    model.canonical().get("links").is_some()
}

/// The model of a file; none for a reference.
fn read(text: &str, is_file: bool) -> anyhow::Result<Option<Model>> {
    if !is_file {
        return Ok(None);
    }
    let mut faults = Faults::default();
    let read = at_hand::read(&read_file(Path::new(text))?, None, &Naming::default(), &mut faults);
    let read = faults.or_value(read)?;
    Ok(read.models.into_iter().next().map(|(model, _)| model))
}

fn whole(shelf: &Shelf, model: Option<Model>, text: &str) -> anyhow::Result<Model> {
    let model = match model {
        Some(model) => model,
        None => {
            let reference: ModelRef = text.parse()?;
            let found = shelf.get(&reference).ok_or(ExportError::UnknownModel { model: reference })?;
            (*found).clone()
        }
    };
    Ok(resolve(&model, shelf)?.model)
}
