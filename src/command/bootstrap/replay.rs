//! `firstlight bootstrap replay`: tells a recorded bootstrap beside what would be said now.

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;

use crate::bootstrap::{LONGEST_TRANSCRIPT, Replayed, StepResult, Transcript, replay};
use crate::command::devices::import::open;
use crate::command::{Context, Status};
use crate::fleet::Class;

use super::wanted::configuration;

const EXAMPLES: &str = "\
The record is one that serve wrote (serve.lwm2m.transcripts); it holds no key.
The device is played by its recorded answers, so no network is used. It exits
with 6 where something else would be said now.

Examples:
  $ firstlight bootstrap replay transcripts/gw-0007.2026-11-21.jsonl
  $ firstlight bootstrap replay - --json < gw-0007.jsonl";

/// Arguments of `firstlight bootstrap replay`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The record; `-` is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// What is told.
#[derive(Serialize)]
struct Told {
    device: String,
    steps: Vec<Replayed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    same: bool,
}

/// Runs `firstlight bootstrap replay`.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Status> {
    let shown = args.file.display();
    let mut text = String::new();
    let limit = LONGEST_TRANSCRIPT as u64 + 1;
    open(&args.file)?.take(limit).read_to_string(&mut text).with_context(|| format!("reading \"{shown}\""))?;
    let transcript = Transcript::read(&text)?;
    let steps = replay(&transcript, configuration(&transcript.head.device, context)?);
    let same = steps.iter().all(|step| step.differs.is_empty());
    let told = Told { device: transcript.head.device.clone(), steps, ended: transcript.ended, same };
    context.printer.report(&told, || words(&told));
    Ok(if same { Status::Done } else { Status::Ended(Class::Refused) })
}

fn words(told: &Told) -> String {
    let mut text = format!("{}\n", told.device);
    for step in &told.steps {
        let asked = step.then.asked.as_ref();
        let asked = asked.map_or(String::new(), |asked| format!("{} {} ", asked.method, asked.path));
        let note = step.then.note.as_ref().map_or(String::new(), |note| format!("  {note}"));
        text.push_str(&format!("  {:<9} {asked}-> {}{note}\n", step.then.step, result(&step.then.result)));
        for words in &step.differs {
            text.push_str(&format!("            now: {words}\n"));
        }
    }
    if let Some(ended) = &told.ended {
        text.push_str(&format!("it ended: {ended}\n"));
    }
    text.push_str(if told.same { "the same would be said now\n" } else { "something else would be said now\n" });
    text
}

fn result(result: &StepResult) -> String {
    match result {
        StepResult::Answered { code, .. } => code.clone(),
        StepResult::Silent(why) | StepResult::Failed(why) => why.clone(),
        StepResult::Consulted(_) => "the service agreed".into(),
        StepResult::Passed => "passed over".into(),
        StepResult::Withheld => "not sent".into(),
    }
}
