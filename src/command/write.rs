//! `firstlight write`: writes bootstrap media and reads them back.

use crate::command::{Context, Status};
use crate::delivery::Confirm;
use crate::ledger;
use crate::station::{AcceptPort, AcceptTarget, Selection, Station, StationError, StationFiles, TargetSpec};
use crate::ui::consent::AskConsent;
use crate::ui::measure::parse_size;

use super::delivering::Work;
use super::planning::Planning;
use super::selection;
use super::sharing::{Sharing, Wanted};
use super::{opened, pick};

const EXAMPLES: &str = "\
Targets:
  image:out/             one image file a device, out/ID.img
  image:out/{id}-a.img   the same under names of your own
  folder:/mnt/stick      plain files in a folder
  drive:/dev/sdb         a stick or card by its node
  drive:port=1-4.2       whatever is plugged into this USB port

Examples:
  $ firstlight write --all --to image:out/
  $ firstlight write gw-0007
  $ firstlight write gw-0007 --to drive:/dev/sdb --eject
  $ firstlight write --next --to drive:port=1-4.2 --accept-port 1-4.2 \\
      --max-size 64GB
  $ firstlight write gw-0007 --to drive:/dev/sdb --again lost
  $ firstlight write --all --together --to drive:/dev/sdb";

/// Arguments of `firstlight write`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which devices.
    #[command(flatten)]
    pub selection: selection::Selection,
    /// The next device of the inventory that still lacks this delivery
    #[arg(long, conflicts_with_all = ["ids", "all"])]
    pub next: bool,
    /// Where to; may be given several times [default: ask, from a list of drives]
    #[arg(long, value_name = "TARGET")]
    pub to: Vec<String>,
    /// All devices on one medium, each in a folder of its own
    #[arg(long, conflicts_with_all = ["next", "jobs"])]
    pub together: bool,
    /// Which of the profile's deliveries, where there are several
    #[arg(long, value_name = "NAME")]
    pub delivery: Option<String>,
    /// Deliver again what is delivered, and why
    #[arg(long, value_name = "WHY", value_enum)]
    pub again: Option<Again>,
    /// How many devices at a time [default: 32 for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// Eject the drive when it is written and read back
    #[arg(long)]
    pub eject: bool,
    /// Overwrite the drive that `media list --json` printed this id for; good once
    #[arg(long, value_name = "ID", help_heading = "Overwriting without a question", conflicts_with = "accept_port")]
    pub accept_target: Option<String>,
    /// Overwrite what is in this USB port, if it is blank or finished by this fleet
    #[arg(long, value_name = "PATH", help_heading = "Overwriting without a question", requires = "max_size")]
    pub accept_port: Option<String>,
    /// ... and not larger than this (32GB, 64GiB)
    #[arg(long, value_name = "SIZE", help_heading = "Overwriting without a question", value_parser = parse_size)]
    #[arg(requires = "accept_port")]
    pub max_size: Option<u64>,
}

/// Why something delivered is delivered again; it decides on the old credentials.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Again {
    /// The medium is gone: new credentials, the old ones are revoked
    Lost,
    /// The medium is broken and in our hands: the same credentials
    Damaged,
    /// One more of the same
    Copy,
}

impl From<Again> for ledger::Again {
    fn from(again: Again) -> Self {
        match again {
            Again::Lost => ledger::Again::Lost,
            Again::Damaged => ledger::Again::Damaged,
            Again::Copy => ledger::Again::Copy,
        }
    }
}

/// Runs `firstlight write`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let chosen = chosen(&args)?;
    if context.globals.plan {
        return plan(&args, &chosen, context);
    }
    let station = opened::station(context, args.selection.inventory.as_deref())?;
    let sharing = Sharing::enter(context, &station, &Wanted::Chosen(&chosen))?;
    let devices = chosen.devices(&station.folder().fleet, Some(station.ledger()), args.delivery.as_deref())?;
    let targets = targets(&args, context, devices.len())?;
    let work = Work {
        station: &station,
        devices: &devices,
        targets: &targets,
        delivery: args.delivery.as_deref(),
        again: args.again.map(Into::into),
        jobs: args.jobs.map(usize::from),
        eject: args.eject,
        together: args.together,
    };
    let confirm = consent(&args, context, &station, &targets);
    let done = work.run(context, &*confirm);
    sharing.tell(context, &station);
    done
}

/// Returns which devices were asked for. The next one for an image file is the next that has no file either.
fn chosen(args: &Args) -> Result<Selection, StationError> {
    if !args.next {
        return Selection::from_words(&args.selection.ids, args.selection.all);
    }
    let mut hardware = args.to.is_empty();
    for text in &args.to {
        hardware |= TargetSpec::parse(text, false)?.is_drive();
    }
    Ok(Selection::Next { hardware })
}

fn plan(args: &Args, chosen: &Selection, context: &Context) -> anyhow::Result<Status> {
    let sight = opened::sight(context, args.selection.inventory.as_deref())?;
    let devices = sight.devices(chosen, args.delivery.as_deref())?;
    let targets = targets(args, context, devices.len())?;
    let again = args.again.map(Into::into);
    let (delivery, together) = (args.delivery.as_deref(), args.together);
    Planning { sight: &sight, devices: &devices, targets: &targets, delivery, again, together }.show(context)
}

/// Returns the targets as typed; a person who named none picks a drive from a list, which has no default.
fn targets(args: &Args, context: &Context, devices: usize) -> anyhow::Result<Vec<TargetSpec>> {
    if args.to.is_empty() {
        return Ok(vec![pick::drive(context)?]);
    }
    Ok(args.to.iter().map(|text| TargetSpec::parse(text, devices > 1 && !args.together)).collect::<Result<_, _>>()?)
}

/// Returns who gives the leave to write: files of this station need none but their own rule, drives a person or a flag.
fn consent(args: &Args, context: &Context, station: &Station, targets: &[TargetSpec]) -> Box<dyn Confirm> {
    let ledger = station.ledger().clone();
    if !targets.iter().any(TargetSpec::is_drive) {
        return Box::new(StationFiles { ledger, fleet: station.folder().fleet.name().to_string() });
    }
    match (&args.accept_target, &args.accept_port) {
        (Some(id), _) => Box::new(AcceptTarget { ids: vec![id.clone()] }),
        (None, Some(port)) => Box::new(AcceptPort {
            port: port.clone(),
            max_size: args.max_size.unwrap_or(0),
            ledger,
            fleet: station.folder().fleet.name().to_string(),
        }),
        (None, None) => Box::new(AskConsent { printer: context.printer.clone() }),
    }
}
