//! `firstlight bootstrap trigger`: has devices ask the bootstrap server anew.

use std::net::SocketAddr;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::command::selection::endpoint_name;
use crate::command::{Context, Status, registry};
use crate::fleet::{Class, EndpointName, quantity};
use crate::registry::{Goal, NewTrigger, Registry, Trigger, TriggerState, Via};
use crate::ui::Complaint;

const EXAMPLES: &str = "\
What is wished lies in the registry; `firstlight serve` does it, also where it
runs on another machine. A device has one trigger at a time.

Examples:
  $ firstlight bootstrap trigger gw-0007
  $ firstlight bootstrap trigger gw-0007 gw-0008 --wait
  $ firstlight bootstrap trigger gw-0007 --via push --to 192.0.2.7:5683
  $ firstlight bootstrap trigger gw-0007 --at 2030-01-31T02:00:00Z
  $ firstlight bootstrap trigger gw-0007 --cancel";

/// How often a trigger is looked at that is waited for.
const LOOK: Duration = Duration::from_millis(250);

/// How a device is told.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// Over its registration at the management server of `serve` (LwM2M 1.1)
    Registration,
    /// By your own management server, which is told by webhook
    Webhook,
    /// By beginning without being asked (LwM2M 1.0)
    Push,
}

impl From<Way> for Via {
    fn from(way: Way) -> Self {
        match way {
            Way::Registration => Self::Registration,
            Way::Webhook => Self::Webhook,
            Way::Push => Self::Push,
        }
    }
}

/// What ends it well.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The device took its configuration
    Finish,
    /// It then registered at the management server of `serve`
    Registration,
}

impl From<End> for Goal {
    fn from(end: End) -> Self {
        match end {
            End::Finish => Self::Finish,
            End::Registration => Self::Registration,
        }
    }
}

/// Arguments of `firstlight bootstrap trigger`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The devices, by endpoint name
    #[arg(value_name = "ID", value_parser = endpoint_name, required = true)]
    pub ids: Vec<EndpointName>,
    /// How the devices are told
    #[arg(long, value_name = "WAY", default_value = "registration")]
    pub via: Way,
    /// Where the device is, for a push; where the registry has it, without
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub to: Option<SocketAddr>,
    /// Not before this time, such as 2030-01-31T02:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub at: Option<OffsetDateTime>,
    /// How long a device has, such as 30s, 10m, 1h
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = span)]
    pub within: u32,
    /// What ends it well
    #[arg(long, value_name = "END", default_value = "finish")]
    pub until: End,
    /// Wait until it has ended, and say how
    #[arg(long)]
    pub wait: bool,
    /// Take it back instead
    #[arg(long, conflicts_with_all = ["to", "at", "wait"])]
    pub cancel: bool,
}

/// Runs `firstlight bootstrap trigger`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let wished = args.ids.iter().map(|id| args.wish(id)).collect::<Result<Vec<_>, _>>();
    let wished = wished.map_err(|words| Complaint::new(Class::Input, words))?;
    let names = args.ids.iter().map(EndpointName::as_str).collect::<Vec<_>>().join(", ");
    if context.globals.plan {
        let what = if args.cancel { "take back the trigger of" } else { "trigger a bootstrap of" };
        return Ok(context.would(&format!("{what} {names}")));
    }
    let registry = registry::existing(context)?;
    let actor = registry::actor(context);
    if args.cancel {
        for id in &args.ids {
            registry.cancel_trigger(id.as_str(), &actor)?;
            show(&registry, id.as_str(), context)?;
        }
        return Ok(Status::Done);
    }
    for new in &wished {
        let trigger = registry.add_trigger(new, &actor)?;
        tell(&trigger, context);
    }
    if args.wait { wait(&registry, &args.ids, context) } else { Ok(Status::Done) }
}

impl Args {
    fn wish(&self, id: &EndpointName) -> Result<NewTrigger, String> {
        let new = NewTrigger {
            device: id.to_string(),
            via: self.via.into(),
            address: self.to.map(|address| address.to_string()),
            goal: self.until.into(),
            at: self.at,
            within: self.within,
        };
        new.check().map(|()| new)
    }
}

/// Follows the triggers until the last one has ended. Fails in part where one has not ended well.
fn wait(registry: &Registry, ids: &[EndpointName], context: &Context) -> anyhow::Result<Status> {
    let mut left: Vec<(String, Option<TriggerState>)> = ids.iter().map(|id| (id.folded(), None)).collect();
    let mut is_good = true;
    while !left.is_empty() && context.interrupt.asked().is_none() {
        let mut open = Vec::with_capacity(left.len());
        for (device, seen) in left {
            let Some(trigger) = registry.trigger(&device)? else { continue };
            if Some(trigger.state) != seen {
                tell(&trigger, context);
            }
            if trigger.state.is_open() {
                open.push((device, Some(trigger.state)));
            } else {
                is_good &= trigger.state == TriggerState::Done;
            }
        }
        left = open;
        if !left.is_empty() {
            std::thread::sleep(LOOK);
        }
    }
    if is_good {
        return Ok(Status::Done);
    }
    Err(Complaint::new(Class::Surroundings, "not every device was bootstrapped anew")
        .with_hint("see why: firstlight devices history ID")
        .into())
}

fn show(registry: &Registry, device: &str, context: &Context) -> anyhow::Result<()> {
    if let Some(trigger) = registry.trigger(device)? {
        tell(&trigger, context);
    }
    Ok(())
}

fn tell(trigger: &Trigger, context: &Context) {
    if context.printer.is_json() {
        context.printer.record(trigger);
        return;
    }
    let reason = trigger.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    context.printer.line(format_args!("{}: {}{reason}", trigger.device, words(trigger.state)));
}

/// A state in a person's words.
fn words(state: TriggerState) -> &'static str {
    match state {
        TriggerState::Waiting => "is to be told",
        TriggerState::Sent => "was told",
        TriggerState::Begun => "is being bootstrapped",
        TriggerState::Finished => "took its configuration, is to register",
        TriggerState::Done => "is bootstrapped anew",
        TriggerState::Failed => "failed",
        TriggerState::Cancelled => "was taken back",
    }
}

fn moment(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| format!("{text:?} is no time like 2030-01-31T02:00:00Z"))
}

/// Reads a span of time, in seconds.
pub fn span(text: &str) -> Result<u32, String> {
    let seconds = quantity::duration(text).and_then(|seconds| u32::try_from(seconds).ok());
    let fits = seconds.filter(|seconds| (1..=NewTrigger::MOST_WITHIN).contains(seconds));
    fits.ok_or_else(|| format!("{text:?} is no time from 1s to 30d, such as 10m"))
}
