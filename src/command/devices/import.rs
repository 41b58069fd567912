//! `firstlight devices import`: brings devices into the registry before they come.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;

use crate::command::{Context, Status, registry};
use crate::fleet::Class;
use crate::registry::{ImportTally, ImportTerms, RowReport};
use crate::ui::{Complaint, Counting};

use super::export::Form;

const EXAMPLES: &str = "\
A row has an id, and serial, group, model, version, vendor, hardware, firmware,
protocol, address, bundle and attributes as far as they are known. CSV names
its columns; attributes.site is the attribute site. What a row does not say is
left as it is, and the same file again changes nothing.

Examples:
  $ firstlight devices import devices.csv
  $ firstlight devices import - --form lines --atomic < devices.jsonl
  $ firstlight devices import devices.csv --after gw-0400";

/// Arguments of `firstlight devices import`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The file; `-` is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How it is written; by the file's name without (.csv), else lines
    #[arg(long, value_enum)]
    pub form: Option<Form>,
    /// All rows or none; at most 100,000
    #[arg(long)]
    pub atomic: bool,
    /// Go on after the row of this id
    #[arg(long, value_name = "ID")]
    pub after: Option<String>,
    /// Tell of every row, not only of those that are refused
    #[arg(long)]
    pub report: bool,
}

/// Runs `firstlight devices import`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    if context.globals.plan {
        return Ok(context.would(&format!("import \"{}\"", args.file.display())));
    }
    let mut stream = open(&args.file)?;
    let (_, registry) = registry::open(context)?;
    let terms = ImportTerms {
        form: Form::of(args.form, Some(&args.file)),
        atomic: args.atomic,
        after: args.after.clone(),
        origin: "import".to_owned(),
        actor: registry::actor(context),
    };
    let mut counting = Counting::new(&context.printer, "rows");
    let tally = registry.import(&terms, &mut *stream, &mut |row| {
        counting.one();
        tell(row, args.report, context);
    })?;
    drop(counting);
    if context.printer.is_json() {
        context.printer.record(&json!({ "event": "imported", "tally": tally }));
    } else {
        context.printer.raw(said(&tally).as_bytes());
    }
    Ok(end(&tally, args.atomic))
}

/// Opens a file or, for `-`, standard input.
pub fn open(path: &Path) -> anyhow::Result<Box<dyn Read>> {
    if path == Path::new("-") {
        return Ok(Box::new(std::io::stdin()));
    }
    let file = File::open(path).with_context(|| format!("opening \"{}\"", path.display()))?;
    if file.metadata().is_ok_and(|about| about.is_dir()) {
        return Err(Complaint::new(Class::Input, format!("\"{}\" is a folder", path.display())).into());
    }
    Ok(Box::new(file))
}

/// Tells what became of a row.
fn tell(row: &RowReport, all: bool, context: &Context) {
    let printer = &context.printer;
    if row.refused.is_none() && !all {
        return;
    }
    if printer.is_json() {
        return printer.record(row);
    }
    let id = row.id.as_deref().unwrap_or("-");
    match &row.refused {
        Some(reason) => printer.warn(format_args!("row {} ({id}): {reason}", row.row)),
        None => printer.line(format_args!("{id}: {}", row.put.map(|put| json!(put)).unwrap_or_default())),
    }
}

fn said(tally: &ImportTally) -> String {
    let ImportTally { made, updated, unchanged, refused, .. } = tally;
    format!("{made} new, {updated} changed, {unchanged} unchanged, {refused} refused\n")
}

fn end(tally: &ImportTally, atomic: bool) -> Status {
    let has_written = tally.made + tally.updated + tally.unchanged > 0;
    match tally.refused {
        0 => Status::Done,
        _ if atomic || !has_written => Status::Ended(Class::Input),
        _ => Status::Ended(Class::Partial),
    }
}
