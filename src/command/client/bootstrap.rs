//! `firstlight client bootstrap`: fetches the bundle for this device.

use crate::client::bootstrap::{Bootstrapped, bootstrap};
use crate::client::{Client, Disk};
use crate::command::{Context, Status};
use crate::host::surroundings::{OsRandom, clock_from_environment};

use super::ingest::tell;
use super::link::{LinkArgs, waiting};

const EXAMPLES: &str = "\
Examples:
  $ firstlight client bootstrap
  $ firstlight client bootstrap --within 1h --json";

/// Arguments of `firstlight client bootstrap`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The server.
    #[command(flatten)]
    pub link: LinkArgs,
    /// Try a bundle that could not prove itself at once, not at its next time
    #[arg(long)]
    pub now: bool,
}

/// Runs `firstlight client bootstrap`.
pub fn run(args: Args, disk: &Disk, context: &Context) -> anyhow::Result<Status> {
    let clock = clock_from_environment()?;
    let client = Client { disk, clock: clock.as_ref(), random: &OsRandom };
    let done = bootstrap(&client, &args.link.wish(), args.now, &waiting(context))?;
    if let Some(words) = done.result.as_deref().filter(|words| *words != "told") {
        context.printer.warn(format_args!("the server does not know what came of it, the next run tells: {words}"));
    }
    let Some(record) = &done.record else {
        context.printer.report(&done, || text(&done));
        return Ok(Status::Done);
    };
    if context.printer.is_json() {
        context.printer.report(&done, String::new);
    }
    Ok(tell(record, context, !context.printer.is_json()))
}

fn text(done: &Bootstrapped) -> String {
    match &done.version {
        Some(version) => format!("in force already: version {version}\n"),
        None => "in force already\n".to_owned(),
    }
}
