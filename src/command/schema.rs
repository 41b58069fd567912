//! `firstlight schema`: prints the JSON Schema of what firstlight reads.

use crate::command::{Context, Status};
use crate::fleet::schema;

/// Documents with a schema.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Document {
    /// fleet.yaml
    #[default]
    Fleet,
    /// template.yaml of a template of your own
    Template,
}

const EXAMPLES: &str = "\
Examples:
  $ firstlight schema > fleet.schema.json
  $ firstlight schema template";

/// Arguments of `firstlight schema`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which document
    #[arg(value_enum, default_value_t)]
    pub document: Document,
}

/// Runs `firstlight schema`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let document = match args.document {
        Document::Fleet => schema::json_schema(),
        Document::Template => schema::template_schema(),
    };
    context.printer.document(&document);
    Ok(Status::Done)
}
