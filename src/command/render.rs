//! `firstlight render`: renders bootstrap bundles as plain files.

use std::path::PathBuf;

use crate::command::{Context, Status};
use crate::station::{self, StationFiles, TargetSpec};

use super::delivering::Work;
use super::opened;
use super::planning::Planning;
use super::write::Again;

use super::selection::Selection;
use super::sharing::{Sharing, Wanted};

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
    let chosen = station::Selection::from_words(&args.selection.ids, args.selection.all)?;
    let (inventory, delivery) = (args.selection.inventory.as_deref(), args.delivery.as_deref());
    let again = args.again.map(Into::into);
    let targets = [TargetSpec::folder_for_each(&args.out)];
    if context.globals.plan {
        let sight = opened::sight(context, inventory)?;
        let devices = sight.devices(&chosen, delivery)?;
        return Planning { sight: &sight, devices: &devices, targets: &targets, delivery, again, together: false }
            .show(context);
    }
    let station = opened::station(context, inventory)?;
    let sharing = Sharing::enter(context, &station, &Wanted::Chosen(&chosen))?;
    let devices = chosen.devices(&station.folder().fleet, Some(station.ledger()), delivery)?;
    let work = Work {
        station: &station,
        devices: &devices,
        targets: &targets,
        delivery,
        again,
        jobs: None,
        eject: false,
        together: false,
    };
    let fleet = station.folder().fleet.name().to_string();
    let done = work.run(context, &StationFiles { ledger: station.ledger().clone(), fleet });
    sharing.tell(context, &station);
    done
}
