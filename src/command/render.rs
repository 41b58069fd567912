//! `firstlight render`: renders bootstrap bundles as plain files.

use std::path::PathBuf;

use crate::command::{Context, Status};
use crate::station::{self, StationFiles, TargetSpec};

use super::delivering::Work;
use super::opened;
use super::write::Again;

use super::selection::Selection;

const EXAMPLES: &str = "\
Examples:
  $ firstlight render --all --out bundles/
  $ firstlight render gw-0007 --out /tmp/look --delivery stick";

/// Arguments of `firstlight render`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which devices.
    #[command(flatten)]
    pub selection: Selection,
    /// Folder to make the bundles in, DIR/ID/...; secrets lie there in clear, mode 0600
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Which of the profile's deliveries, where there are several
    #[arg(long, value_name = "NAME")]
    pub delivery: Option<String>,
    /// Render again what is rendered, and why
    #[arg(long, value_name = "WHY", value_enum)]
    pub again: Option<Again>,
}

/// Runs `firstlight render`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let station = opened::station(context, args.selection.inventory.as_deref())?;
    let chosen = station::Selection::from_words(&args.selection.ids, args.selection.all, false)?;
    let devices = chosen.devices(&station.folder().fleet, station.ledger(), args.delivery.as_deref())?;
    let target = TargetSpec::folder_for_each(&args.out);
    let work = Work {
        station: &station,
        devices: &devices,
        targets: &[target],
        delivery: args.delivery.as_deref(),
        again: args.again.map(Into::into),
        jobs: None,
        eject: false,
    };
    if context.globals.plan {
        return work.show_plan(context);
    }
    work.run(context, &StationFiles { ledger: station.ledger().clone() })
}
