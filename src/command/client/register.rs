//! `firstlight client register`: registers this device with its server.

use crate::client::register::{RegisterWish, Registration, register};
use crate::client::{Client, Disk};
use crate::command::{Context, Status};
use crate::host::surroundings::{OsRandom, clock_from_environment};

use super::link::{LinkArgs, waiting};

const EXAMPLES: &str = "\
Examples:
  $ firstlight client register
  $ firstlight client register --within 1h
  $ firstlight client register --again --json";

/// Arguments of `firstlight client register`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The server.
    #[command(flatten)]
    pub link: LinkArgs,
    /// Ask the server even if its answer is kept
    #[arg(long)]
    pub again: bool,
}

/// Runs `firstlight client register`.
pub fn run(args: Args, disk: &Disk, context: &Context) -> anyhow::Result<Status> {
    let clock = clock_from_environment()?;
    let client = Client { disk, clock: clock.as_ref(), random: &OsRandom };
    let wish = RegisterWish {
        order: args.link.config.as_deref(),
        again: args.again,
        within: args.link.within,
        environment_proxy: args.link.proxy,
    };
    let registration = register(&client, &wish, &waiting(context))?;
    context.printer.report(&registration, || text(&registration));
    Ok(Status::Done)
}

fn text(registration: &Registration) -> String {
    let Registration { id, group, registration: name, .. } = registration;
    let mut text = format!("{id} is registered in group {group} as {name}");
    if !registration.asked {
        text.push_str(" (the answer that is kept; --again asks the server)");
    }
    let files = registration.credentials.iter().map(|path| format!("{path:?}"));
    for (name, values) in [
        ("servers", registration.servers.clone()),
        ("credentials", files.collect()),
        ("resources", registration.resources.clone()),
        ("until", registration.lease_until.iter().cloned().collect()),
    ] {
        if !values.is_empty() {
            text.push_str(&format!("\n{name:<12}{}", values.join(", ").escape_debug()));
        }
    }
    if !registration.certificate_requested {
        text.push_str(
            "\nno certificate was asked for: registration.json names no \"request\", and this program makes none",
        );
    }
    text + "\n"
}
