//! `firstlight model check`: model files by themselves, before anything is stored.

use std::path::PathBuf;

use serde_json::json;

use crate::command::{Context, Status, opened};
use crate::fleet::Faults;
use crate::registration::{Models, Naming};
use crate::station::models::read_file;
use crate::ui::measure::count;

use super::at_hand::{self, OwnModels};

const EXAMPLES: &str = "\
Examples:
  $ firstlight model check
  $ firstlight model check models/sensor.yaml models/base.yaml";

/// Arguments of `firstlight model check`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Model files; without any, those of the fleet's folder
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Runs `firstlight model check`.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Status> {
    let own = if args.files.is_empty() {
        let (folder, _) = opened::folder(context, None)?;
        at_hand::own(&folder.root, folder.fleet.models())?
    } else {
        named(args)?
    };
    for note in &own.notes {
        context.printer.warn(note);
    }
    Models::judge_alone(&own.models)?;
    for (model, _) in &own.models {
        let said = json!({ "model": model.reference(), "digest": model.digest() });
        context.printer.report(&said, || format!("{}  {}\n", model.reference(), model.digest().short()));
    }
    context.printer.talk(format_args!(
        "{} and {} are right",
        count(own.models.len(), "model"),
        count(own.migrations.len(), "migration")
    ));
    Ok(Status::Done)
}

fn named(args: &Args) -> anyhow::Result<OwnModels> {
    let (mut own, mut faults) = (OwnModels::default(), Faults::default());
    for path in &args.files {
        let read = at_hand::read(&read_file(path)?, None, &Naming::default(), &mut faults);
        own.models.extend(read.models);
        own.notes.extend(read.notes);
    }
    Ok(faults.or_value(own)?)
}
