//! `firstlight model import`: models of files into the registry.

use std::path::PathBuf;

use serde_json::json;

use crate::command::place::operator;
use crate::command::{Context, Status};
use crate::fleet::Faults;
use crate::fleet::model::{Model, ModelName, ModelVersion};
use crate::registration::{ModelFormat, Naming};
use crate::registry::models::{ModelSource, Published};
use crate::station::models::read_file;

use super::at_hand;

const EXAMPLES: &str = "\
Examples:
  $ firstlight model import sensor.yaml
  $ firstlight model import 3303.xml
  $ firstlight model import lamp.tm.json --name lamp --model-version 1.0.0";

/// Arguments of `firstlight model import`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Files: short YAML, Thing Models (JSON), LwM2M object definitions (XML)
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// What the file is written in; told by its first letter without
    #[arg(long, value_enum)]
    pub format: Option<FormatWord>,
    /// The model's name, where the file has none of ours
    #[arg(long)]
    pub name: Option<ModelName>,
    /// The model's version, where the file has none of ours
    #[arg(long, value_name = "VERSION")]
    pub model_version: Option<ModelVersion>,
}

/// Formats of model files.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum FormatWord {
    /// Short YAML
    Short,
    /// A Thing Model
    Wot,
    /// LwM2M object definitions (OMA DDF)
    Ddf,
}

impl From<FormatWord> for ModelFormat {
    fn from(word: FormatWord) -> Self {
        match word {
            FormatWord::Short => ModelFormat::Short,
            FormatWord::Wot => ModelFormat::Wot,
            FormatWord::Ddf => ModelFormat::Ddf,
        }
    }
}

/// Runs `firstlight model import`.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Status> {
    let naming = Naming { name: args.name.clone(), version: args.model_version };
    let (mut read, mut faults) = (Vec::new(), Faults::default());
    for path in &args.files {
        let file = at_hand::read(&read_file(path)?, args.format.map(Into::into), &naming, &mut faults);
        for note in &file.notes {
            context.printer.warn(note);
        }
        read.extend(file.models);
    }
    let read = faults.or_value(read)?;
    let (_, models) = at_hand::models(context)?;
    if context.globals.plan {
        models.judge_models(&read)?;
        let names: Vec<String> = read.iter().map(|(model, _)| model.reference().to_string()).collect();
        return Ok(context.would(&format!("publish {}", names.join(", "))));
    }
    let actor = format!("operator {}", operator(&context.globals));
    let published = models.publish(&actor, &read)?;
    tell(&read, &published, context);
    Ok(Status::Done)
}

/// Says what became of each model.
pub fn tell(models: &[(Model, ModelSource)], published: &[Published], context: &Context) {
    for ((model, _), published) in models.iter().zip(published) {
        let said = json!({ "model": model.reference(), "digest": model.digest(), "published": published });
        let word = match published {
            Published::New => "published",
            Published::Same => "unchanged",
            Published::Released => "released",
        };
        context.printer.report(&said, || format!("{word}  {}\n", model.reference()));
    }
}
