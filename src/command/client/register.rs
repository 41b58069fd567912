//! `firstlight client register`: registers this device with its server.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::register::{RegisterWish, Registration, register};
use crate::client::{Client, Disk};
use crate::command::{Context, Status};
use crate::fleet::quantity;
use crate::host::surroundings::{OsRandom, clock_from_environment};

const EXAMPLES: &str = "\
Examples:
  $ firstlight client register
  $ firstlight client register --within 1h
  $ firstlight client register --again --json";

/// How often a signal is looked for.
const LOOK: Duration = Duration::from_millis(200);

/// Arguments of `firstlight client register`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What the device was told of its registration
    /// [default: /etc/firstlight.d/registration.json]
    #[arg(long, value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// How long to try, and to wait for a decision
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    pub within: Duration,
    /// Ask the server even if its answer is kept
    #[arg(long)]
    pub again: bool,
    /// Go through the proxy that the environment names (HTTPS_PROXY)
    #[arg(long)]
    pub proxy: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    quantity::duration(text).map(Duration::from_secs).ok_or_else(|| "it is no time such as 90s, 5m or 1h".to_owned())
}

/// Runs `firstlight client register`.
pub fn run(args: Args, disk: &Disk, context: &Context) -> anyhow::Result<Status> {
    let clock = clock_from_environment()?;
    let client = Client { disk, clock: clock.as_ref(), random: &OsRandom };
    let wish = RegisterWish {
        order: args.config.as_deref(),
        again: args.again,
        within: args.within,
        environment_proxy: args.proxy,
    };
    let wait = |pause: Duration| {
        context.printer.detail(format_args!("waiting {} s", pause.as_secs()));
        let until = Instant::now() + pause;
        while Instant::now() < until {
            if let Some(class) = context.interrupt.asked() {
                return Some(class);
            }
            thread::sleep(LOOK.min(until.saturating_duration_since(Instant::now())));
        }
        context.interrupt.asked()
    };
    let registration = register(&client, &wish, &wait)?;
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
