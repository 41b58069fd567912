//! `firstlight client report`, `renew` and `end`: what a registered device goes back to its server for.

use crate::client::visit::{Visited, end, renew, report};
use crate::client::{Client, Disk};
use crate::command::{Context, Status};
use crate::host::surroundings::{OsRandom, clock_from_environment};

use super::link::{LinkArgs, waiting};

const REPORT: &str = "\
Examples:
  $ firstlight client report
  $ firstlight client report --within 10m --json";

const RENEW: &str = "\
Examples:
  $ firstlight client renew
  $ firstlight client renew --now";

const END: &str = "\
Examples:
  $ firstlight client end
  $ firstlight client end --within 30s --json";

/// Arguments of `firstlight client report`.
#[derive(clap::Args, Debug)]
#[command(after_help = REPORT)]
pub struct ReportArgs {
    /// The server.
    #[command(flatten)]
    pub link: LinkArgs,
}

/// Arguments of `firstlight client renew`.
#[derive(clap::Args, Debug)]
#[command(after_help = RENEW)]
pub struct RenewArgs {
    /// The server.
    #[command(flatten)]
    pub link: LinkArgs,
    /// Renew though more than a third of its time is left
    #[arg(long)]
    pub now: bool,
}

/// Arguments of `firstlight client end`.
#[derive(clap::Args, Debug)]
#[command(after_help = END)]
pub struct EndArgs {
    /// The server.
    #[command(flatten)]
    pub link: LinkArgs,
}

/// Runs `firstlight client report`.
pub fn run_report(args: ReportArgs, disk: &Disk, context: &Context) -> anyhow::Result<Status> {
    let clock = clock_from_environment()?;
    let client = Client { disk, clock: clock.as_ref(), random: &OsRandom };
    Ok(tell(&report(&client, &args.link.wish(), &waiting(context))?, context))
}

/// Runs `firstlight client renew`.
pub fn run_renew(args: RenewArgs, disk: &Disk, context: &Context) -> anyhow::Result<Status> {
    let clock = clock_from_environment()?;
    let client = Client { disk, clock: clock.as_ref(), random: &OsRandom };
    Ok(tell(&renew(&client, &args.link.wish(), args.now, &waiting(context))?, context))
}

/// Runs `firstlight client end`.
pub fn run_end(args: EndArgs, disk: &Disk, context: &Context) -> anyhow::Result<Status> {
    let clock = clock_from_environment()?;
    let client = Client { disk, clock: clock.as_ref(), random: &OsRandom };
    Ok(tell(&end(&client, &args.link.wish(), &waiting(context))?, context))
}

fn tell(visited: &Visited, context: &Context) -> Status {
    context.printer.report(visited, || format!("{}: registration {}\n", visited.done, visited.registration));
    Status::Done
}
