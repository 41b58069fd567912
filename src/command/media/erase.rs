//! `firstlight media erase`: leaves nothing on a drive.

use std::time::Instant;

use serde_json::json;

use crate::command::{Context, Status, pick};
use crate::delivery::Confirm;
use crate::fleet::Class;
use crate::medium::engine::Moment;
use crate::medium::{DriveSelector, DriveSink};
use crate::station::{AcceptTarget, TargetSpec};
use crate::ui::consent::AskConsent;
use crate::ui::measure::size;
use crate::ui::{Complaint, Drawing};

const EXAMPLES: &str = "\
Examples:
  $ firstlight media erase
  $ firstlight media erase drive:/dev/sdb
  $ firstlight media erase drive:port=1-4.2 --accept-target 4f1c09a2b7d3";

/// Arguments of `firstlight media erase`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The drive: drive:/dev/sdb, drive:port=1-4.2 [default: ask, from a list of drives]
    #[arg(value_name = "TARGET")]
    pub target: Option<String>,
    /// Eject the drive when it is erased
    #[arg(long)]
    pub eject: bool,
    /// Erase the drive that `media list --json` printed this id for; good once
    #[arg(long, value_name = "ID", help_heading = "Erasing without a question", requires = "target")]
    pub accept_target: Option<String>,
}

/// Runs `firstlight media erase`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let mut sink = DriveSink::new(context.machine(), drive(&args, context)?, args.eject);
    let found = sink.survey()?;
    let name = found.target().name.clone();
    if context.globals.plan {
        return Ok(context.would(&format!("erase {name}")));
    }
    let consent = found.confirm(&*consent(&args, context))?;
    let drawing = Drawing::new(&context.printer);
    let began = Instant::now();
    let outcome = sink.erase(&consent, &|moment| {
        if let Moment::Bytes { done, total } = moment {
            drawing.amount("erasing", done, total);
        }
    });
    drop(drawing);
    let outcome = outcome?;
    let document = json!({ "target": consent.target(), "written": outcome.written, "compared": outcome.compared });
    context.printer.report(&document, || {
        let (read, seconds) = (size(outcome.compared), began.elapsed().as_secs_f64());
        format!("{name}: erased, {read} read back as zeros in {seconds:.1} s\n")
    });
    Ok(Status::Done)
}

fn drive(args: &Args, context: &Context) -> anyhow::Result<DriveSelector> {
    let target = match &args.target {
        Some(text) => TargetSpec::parse(text, false)?,
        None => pick::drive(context)?,
    };
    match target {
        TargetSpec::Drive(drive) => Ok(drive),
        other => {
            let words = format!("{} is no drive", other.words());
            Err(Complaint::new(Class::Input, words).with_hint("files and folders are removed like any other").into())
        }
    }
}

fn consent(args: &Args, context: &Context) -> Box<dyn Confirm> {
    match &args.accept_target {
        Some(id) => Box::new(AcceptTarget { ids: vec![id.clone()] }),
        None => Box::new(AskConsent { printer: context.printer.clone() }),
    }
}
