//! `firstlight write`: writes bootstrap media and reads them back.

use crate::command::{Context, Status};
use crate::ui::measure::parse_size;

use super::selection::Selection;

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
  $ firstlight write gw-0007 --to drive:/dev/sdb --again lost";

/// Arguments of `firstlight write`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which devices.
    #[command(flatten)]
    pub selection: Selection,
    /// The next device of the inventory that still lacks this delivery
    #[arg(long, conflicts_with_all = ["ids", "all"])]
    pub next: bool,
    /// Where to; may be given several times [default: ask, from a list of drives]
    #[arg(long, value_name = "TARGET")]
    pub to: Vec<String>,
    /// Which of the profile's deliveries, where there are several
    #[arg(long, value_name = "NAME")]
    pub delivery: Option<String>,
    /// Deliver again what is delivered, and why
    #[arg(long, value_name = "WHY", value_enum)]
    pub again: Option<Again>,
    /// How many devices at a time [default: one for each processor]
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

/// Runs `firstlight write`.
pub fn run(_args: Args, _context: &Context) -> anyhow::Result<Status> {
    anyhow::bail!("\"write\" is not wired to its procedure yet")
}
