//! `firstlight rollout start`.

use crate::command::bootstrap::trigger::{End, Way, span};
use crate::command::selection::endpoint_name;
use crate::command::{Context, Status, registry};
use crate::fleet::{Class, EndpointName};
use crate::registry::Terms;
use crate::ui::Complaint;

use super::proposed::changed;
use super::status::tell;

const EXAMPLES: &str = "\
Takes devices whose configuration in the fleet file is not the one that they
took last. What is wished lies in the registry; `firstlight serve` does it.

Examples:
  $ firstlight rollout start --all --plan
  $ firstlight rollout start --all --pace 30 --canary 5 --stop 5
  $ firstlight rollout start gw-0007 gw-0008 --again";

/// Arguments of `firstlight rollout start`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Devices, by endpoint name, in this order
    #[arg(value_name = "ID", value_parser = endpoint_name, conflicts_with = "all", required_unless_present = "all")]
    pub ids: Vec<EndpointName>,
    /// All devices of the inventory
    #[arg(long)]
    pub all: bool,
    /// Devices started in a minute, and most under way at a time
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub pace: u32,
    /// How many go first, alone
    #[arg(long, value_name = "N", default_value = "1")]
    pub canary: u32,
    /// Stop at so many percent of failures; 0 for the first one
    #[arg(long, value_name = "PERCENT", default_value = "5", value_parser = clap::value_parser!(u32).range(0..=100))]
    pub stop: u32,
    /// Pause after the canary: go on with `rollout resume`
    #[arg(long)]
    pub hold: bool,
    /// Also devices that have the configuration already: for new credentials
    #[arg(long)]
    pub again: bool,
    /// How the devices are told
    #[arg(long, value_name = "WAY", default_value = "registration")]
    pub via: Way,
    /// What ends a device's part well
    #[arg(long, value_name = "END")]
    pub until: Option<End>,
    /// How long a device has, such as 10m, 1h
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = span)]
    pub within: u32,
}

/// Runs `firstlight rollout start`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let (folder, registry) = registry::open(context)?;
    let members = changed(&folder.fleet, &registry, &args.ids, args.again)?;
    if members.is_empty() {
        let words = "no device in service has a configuration to take";
        return Err(Complaint::new(Class::Refused, words)
            .with_hint("to have devices take the same once more: --again")
            .into());
    }
    if context.globals.plan {
        return Ok(context.would(&format!("bootstrap {} devices anew, {} a minute", members.len(), args.pace)));
    }
    let rollout = registry.start_rollout(&args.terms(), &members, &registry::actor(context))?;
    tell(&rollout, context);
    Ok(Status::Done)
}

impl Args {
    fn terms(&self) -> Terms {
        // Who is registered here comes back to be registered.
        let usual = if self.via == Way::Registration { End::Registration } else { End::Finish };
        Terms {
            pace: self.pace,
            canary: self.canary,
            stop: self.stop,
            hold: self.hold,
            again: self.again,
            via: self.via.into(),
            goal: self.until.unwrap_or(usual).into(),
            within: self.within,
        }
    }
}
