//! `firstlight devices export`: writes devices of the registry as JSON lines or CSV.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::command::{Context, Status, registry};
use crate::fleet::enrolment::Filter;
use crate::host::files;
use crate::registry::{ExchangeForm, Registry};
use crate::ui::measure::count;
use crate::ui::{Complaint, Printer};

const EXAMPLES: &str = "\
Examples:
  $ firstlight devices export > devices.jsonl
  $ firstlight devices export state=registered --form csv --out devices.csv";

/// Arguments of `firstlight devices export`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which devices, as for `devices search`; all without
    #[arg(value_name = "CONDITION")]
    pub conditions: Vec<String>,
    /// How they are written; by the file's name without (.csv), else lines
    #[arg(long, value_enum)]
    pub form: Option<Form>,
    /// Into this new file; to standard output without
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Go on after the device of this id
    #[arg(long, value_name = "ID")]
    pub after: Option<String>,
}

/// How devices are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Form {
    /// One JSON object a line
    Lines,
    /// CSV with a header
    Csv,
}

impl Form {
    /// Returns the form that is said, else the one of the file's name.
    pub fn of(said: Option<Form>, path: Option<&Path>) -> ExchangeForm {
        let is_csv = path.and_then(Path::extension).is_some_and(|end| end.eq_ignore_ascii_case("csv"));
        match said {
            Some(Form::Csv) => ExchangeForm::Csv,
            None if is_csv => ExchangeForm::Csv,
            Some(Form::Lines) | None => ExchangeForm::Lines,
        }
    }
}

/// Runs `firstlight devices export`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let filter = Filter::parse(&args.conditions.join(" "))?;
    let form = Form::of(args.form, args.out.as_deref());
    let registry = registry::existing(context)?;
    let Some(path) = &args.out else {
        let written = registry.export(&filter, args.after.as_deref(), form, &mut Data(&context.printer))?;
        context.printer.talk(told(written));
        return Ok(Status::Done);
    };
    if context.globals.plan {
        return Ok(context.would(&format!("write devices to \"{}\"", path.display())));
    }
    let written = to_file(&registry, &filter, args.after.as_deref(), form, path)?;
    if context.printer.is_json() {
        context.printer.document(&json!({ "file": path.to_string_lossy(), "devices": written }));
    }
    context.printer.talk(told(written));
    Ok(Status::Done)
}

/// Writes beside, then gives it its name: what has the name is whole.
fn to_file(
    registry: &Registry,
    filter: &Filter,
    after: Option<&str>,
    form: ExchangeForm,
    path: &Path,
) -> anyhow::Result<u64> {
    if path.exists() {
        let words = format!("refusing to overwrite \"{}\"", path.display());
        return Err(Complaint::new(crate::fleet::Class::Refused, words).into());
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let beside = path.with_file_name(name);
    let write = || -> anyhow::Result<u64> {
        let mut out = BufWriter::new(File::create_new(&beside)?);
        let written = registry.export(filter, after, form, &mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        std::fs::hard_link(&beside, path)?;
        Ok(written)
    };
    let written = write();
    let _ = std::fs::remove_file(&beside);
    files::sync_folder(files::folder_of(path))?;
    written
}

/// Standard output, through the printer.
struct Data<'a>(&'a Printer);

impl Write for Data<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.raw(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn told(written: u64) -> String {
    count(usize::try_from(written).unwrap_or(usize::MAX), "device")
}
