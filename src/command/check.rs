//! `firstlight check`: validates everything and writes nothing.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;

use crate::authority;
use crate::bundle;
use crate::command::{Context, Status};
use crate::fleet::{Class, Faults};
use crate::registration::Models;
use crate::station::load::{FleetFolder, LoadError};
use crate::station::post::PRIVATE_FOLDER;
use crate::station::{FlashError, Shelf, StationError, recipe, rehearse};
use crate::ui::measure::count;

use super::model::at_hand;
use super::{opened, registry};

const EXAMPLES: &str = "\
Examples:
  $ firstlight check
  $ firstlight check --fleet plant --json
  $ firstlight check --without-keys
  $ generate-inventory | firstlight check --inventory -";

/// Arguments of `firstlight check`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Read the inventory from PATH instead (`-`: standard input)
    #[arg(long, value_name = "PATH")]
    pub inventory: Option<PathBuf>,
    /// Do not ask for the keys and the ledger: for machines that are no station, such as CI
    #[arg(long)]
    pub without_keys: bool,
}

/// Runs `firstlight check`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let folder = match opened::folder(context, args.inventory.as_deref()) {
        Ok((folder, shelf)) => {
            check_rendering(&folder, &shelf)?;
            if let Err(error) = rehearse::check_fleet(&shelf, &folder.fleet) {
                return chips_as_data(error, context);
            }
            check_recipes(&folder)?;
            if let Err(error) = check_models(&folder, context) {
                return faults_as_data(error, context);
            }
            folder
        }
        Err(error) => return faults_as_data(error, context),
    };
    if !args.without_keys {
        check_keys(&folder, context)?;
    }
    let (fleet, devices) = (folder.fleet.name(), folder.fleet.len());
    if context.printer.is_json() {
        let nothing: [(); 0] = [];
        context.printer.document(&json!({ "ok": true, "fleet": fleet, "devices": devices, "faults": nothing }));
    }
    context.printer.talk(format_args!("fleet {fleet:?} with {}: everything is right", count(devices, "device")));
    Ok(Status::Done)
}

/// With `--json` the faults are the data that was asked for; any other error stays an error.
fn faults_as_data(error: anyhow::Error, context: &Context) -> anyhow::Result<Status> {
    let faults: Option<&Faults> = match error.downcast_ref::<LoadError>() {
        Some(LoadError::Faults(faults)) => Some(faults),
        _ => error.downcast_ref::<Faults>(),
    };
    match faults {
        Some(faults) if context.printer.is_json() => {
            context.printer.document(&json!({ "ok": false, "faults": faults.0 }));
            Ok(Status::Ended(Class::Input))
        }
        _ => Err(error),
    }
}

/// The same for what is wrong with chips: those faults have a device, not a line of a file.
fn chips_as_data(error: StationError, context: &Context) -> anyhow::Result<Status> {
    if context.printer.is_json()
        && let StationError::Flash(flash) = &error
        && let FlashError::Batch { count, told } = &**flash
    {
        let more = (*count > told.len()).then(|| format!("and {} more", count - told.len()));
        let faults: Vec<_> = told.iter().chain(&more).map(|fault| json!({ "message": fault })).collect();
        context.printer.document(&json!({ "ok": false, "faults": faults }));
        return Ok(Status::Ended(Class::Input));
    }
    Err(error.into())
}

/// Opens every lock recipe that the fleet names, as it would be opened on the line. A demo pins no key to check it with.
fn check_recipes(folder: &FleetFolder) -> anyhow::Result<()> {
    if folder.lock.is_none() {
        return Ok(());
    }
    let keys = recipe::keys(folder, None)?;
    let mut seen = BTreeSet::new();
    for device in folder.fleet.examples() {
        for delivery in folder.fleet.deliveries(device) {
            let plan = folder.fleet.plan(device, Some(&delivery))?;
            let Some(factory) = plan.delivery.carrier.factory() else { continue };
            let Some(lock) = &factory.lock else { continue };
            if seen.insert((lock.clone(), factory.chip.clone())) {
                recipe::open(&folder.root.join(&**lock), &keys)?.check_chip(&factory.chip)?;
            }
        }
    }
    Ok(())
}

/// Reads the folder of models, and looks at each model as it is looked at before it is published.
fn check_models(folder: &FleetFolder, context: &Context) -> anyhow::Result<()> {
    let own = at_hand::own(&folder.root, folder.fleet.models())?;
    let Err(error) = Models::judge_alone(&own.models) else { return Ok(()) };
    // What they extend may be in the registry.
    match registry::beside(context) {
        Ok(Some(registry)) => Ok(Models::open(registry, own.migrations)?.judge_models(&own.models)?),
        Ok(None) | Err(_) => Err(error.into()),
    }
}

/// Renders one device of each profile, so that a template which fails on values, not on its own text, fails here.
fn check_rendering(folder: &FleetFolder, shelf: &Shelf) -> anyhow::Result<()> {
    for device in folder.fleet.examples() {
        for delivery in folder.fleet.deliveries(device) {
            let plan = folder.fleet.plan(device, Some(&delivery))?;
            let template = shelf.template(&plan.delivery.bundle.template);
            let doing = || format!("rendering delivery {:?} of device {:?}", &*delivery, device.as_str());
            bundle::preview(&template, &plan).with_context(doing)?;
        }
    }
    Ok(())
}

/// A fleet that pins an authority needs it here; on a machine that is no station (CI), `--without-keys` says so.
fn check_keys(folder: &FleetFolder, context: &Context) -> anyhow::Result<()> {
    let private = folder.root.join(PRIVATE_FOLDER);
    let pinned = folder.lock.as_ref().map(|lock| lock.root_sha256);
    let demo = folder.fleet.authority().demo;
    if authority::guard(&private, pinned, demo)? != authority::State::Absent {
        opened::ledger(context)?;
    } else if !demo {
        context.printer.warn("the fleet has no authority yet; make one with: firstlight ca init");
    }
    Ok(())
}
