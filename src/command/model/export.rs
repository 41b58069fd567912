//! `firstlight model export`: models and devices in other people's words.

use std::path::PathBuf;

use serde_json::json;

use crate::command::{Context, Status};
use crate::fleet::EndpointName;
use crate::fleet::model::ModelRef;
use crate::host::files::write_atomically;
use crate::registration::ExportForm;

use super::at_hand;

const EXAMPLES: &str = "\
Examples:
  $ firstlight model export sensor@1.2.0
  $ firstlight model export sensor --as short --to sensor.yaml
  $ firstlight model export lwm2m-3303 --as ddf
  $ firstlight model export --device gw-0007";

/// Arguments of `firstlight model export`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
#[group(required = true, args = ["model", "device"])]
pub struct Args {
    /// The model
    pub model: Option<ModelRef>,
    /// The Thing Description of this device
    #[arg(long, value_name = "ID", conflicts_with = "form", value_parser = EndpointName::new)]
    pub device: Option<EndpointName>,
    /// How it is written
    #[arg(long = "as", value_enum, default_value = "wot", value_name = "FORM")]
    pub form: FormWord,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
}

/// Forms of an export.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum FormWord {
    /// The Thing Model as it was published
    Wot,
    /// The Thing Model with all that it extends
    Resolved,
    /// Short YAML
    Short,
    /// An LwM2M object definition (OMA DDF)
    Ddf,
}

impl From<FormWord> for ExportForm {
    fn from(word: FormWord) -> Self {
        match word {
            FormWord::Wot => ExportForm::Wot,
            FormWord::Resolved => ExportForm::Resolved,
            FormWord::Short => ExportForm::Short,
            FormWord::Ddf => ExportForm::Ddf,
        }
    }
}

/// Runs `firstlight model export`. What the form cannot say is told on standard error.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Status> {
    let (_, models) = at_hand::models(context)?;
    let exported = match (&args.model, &args.device) {
        (Some(model), _) => models.export(model, args.form.into())?,
        (None, Some(device)) => models.describe(device)?,
        (None, None) => return Ok(Status::Done),
    };
    for (place, words) in &exported.losses {
        context.printer.warn(format_args!("lost: {place}: {words}"));
    }
    match &args.to {
        Some(path) if context.globals.plan => return Ok(context.would(&format!("write {}", path.display()))),
        Some(path) => {
            write_atomically(path, exported.text.as_bytes(), 0o644)?;
            let said = json!({ "file": path.display().to_string(), "losses": exported.losses_json() });
            context.printer.report(&said, || format!("wrote {}\n", path.display()));
        }
        None => {
            let said = json!({ "text": exported.text, "losses": exported.losses_json() });
            context.printer.report(&said, || format!("{}\n", exported.text.trim_end()));
        }
    }
    Ok(Status::Done)
}
