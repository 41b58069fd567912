//! `firstlight devices lease`: gives devices to a station, which alone may make them until the lease ends.

use std::path::PathBuf;

use serde_json::json;
use time::Duration;

use crate::authority::Keys;
use crate::command::place::operator;
use crate::command::selection::endpoint_name;
use crate::command::sharing::is_shared;
use crate::command::{Context, Status, opened, registry};
use crate::fleet::{Class, EndpointName};
use crate::host::files::read_bounded;
use crate::registry::Registry;
use crate::station::load::FleetFolder;
use crate::station::post::PRIVATE_FOLDER;
use crate::station::sharing;
use crate::ui::Complaint;
use crate::ui::measure::count;

const EXAMPLES: &str = "\
Examples:
  $ firstlight devices lease --count 200
  $ firstlight devices lease --station van-2 --count 200 --days 14
  $ firstlight devices lease gw-0007 gw-0008
  $ firstlight devices lease --station van-2 --quota 500 --certificates 2000
  $ firstlight devices lease --return gw-0007";

/// The longest list of devices, in bytes.
const LONGEST: u64 = 64 << 20;
/// Devices among which leases are asked for at a time.
const AMONG: usize = 10_000;

/// Arguments of `firstlight devices lease`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub struct Args {
    /// These devices, by endpoint name
    #[arg(value_name = "ID", value_parser = endpoint_name)]
    pub ids: Vec<EndpointName>,
    /// The devices in this file, one endpoint name a line
    #[arg(long, value_name = "FILE", conflicts_with = "ids")]
    pub rows: Option<PathBuf>,
    /// The next N of the inventory (or of the list) that nobody has
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub count: Option<u32>,
    /// To this station [default: this one]
    #[arg(long, value_name = "NAME")]
    pub station: Option<String>,
    /// For how many days
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub days: u32,
    /// Let the station hold at most so many leases at a time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32))]
    pub quota: Option<u32>,
    /// Let the station issue at most so many certificates
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32))]
    pub certificates: Option<u32>,
    /// Give leases back that were not used
    #[arg(long, conflicts_with_all = ["count", "free"])]
    pub r#return: bool,
    /// Give devices free that a lost ledger may have made, and has not
    #[arg(long, conflicts_with_all = ["count", "station"])]
    pub free: bool,
}

/// Runs `firstlight devices lease`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let (folder, _) = opened::folder(context, None)?;
    let own = Keys::station_name_in(&folder.root.join(PRIVATE_FOLDER)).ok();
    let station = args.station.clone().or_else(|| own.clone());
    let station = station.ok_or_else(|| Complaint::new(Class::Input, "this station has no name yet: say --station"))?;
    let named = named(&args)?;
    if context.globals.plan {
        return Ok(context.would(&format!("change the leases of station {station:?}")));
    }
    if own.as_ref() == Some(&station) && is_shared(&folder) {
        // A station that has a ledger of its own is known before it holds anything.
        return own_leases(&args, context, &station, &named);
    }
    let registry = registry::of_folder(context, &folder)?;
    change(&args, context, &registry, &folder, &station, &named)?;
    Ok(Status::Done)
}

/// Changes this station's own leases: what it has is told first, what it holds is kept here.
fn own_leases(args: &Args, context: &Context, name: &str, named: &[String]) -> anyhow::Result<Status> {
    let station = opened::station(context, None)?;
    let registry = registry::of_folder(context, station.folder())?;
    sharing::sync(&station, &registry, true)?;
    let changed = change(args, context, &registry, station.folder(), name, named);
    sharing::sync(&station, &registry, true)?;
    changed?;
    Ok(Status::Done)
}

fn change(
    args: &Args,
    context: &Context,
    registry: &Registry,
    folder: &FleetFolder,
    station: &str,
    named: &[String],
) -> anyhow::Result<()> {
    let actor = format!("operator {}", operator(&context.globals));
    if let Some(quota) = args.quota {
        registry.set_station_quota(station, Some(quota.into()), &actor)?;
    }
    if let Some(limit) = args.certificates {
        registry.set_certificate_limit(station, Some(limit.into()), &actor)?;
    }
    if args.r#return || args.free {
        let (verb, freed) = if args.free {
            ("free", registry.free_doubtful(named, &actor)?)
        } else {
            ("returned", registry.return_leases(station, named)?)
        };
        context.printer.report(&json!({ verb: freed }), String::new);
        context.printer.talk(format_args!("{} {verb}", count(usize::try_from(freed).unwrap_or(0), "device")));
        return Ok(());
    }
    if named.is_empty() && args.count.is_none() {
        return Ok(());
    }
    let got = lease(args, context, registry, folder, station, named)?;
    context.printer.report(&json!({ "station": station, "leased": got }), || got.join("\n") + "\n");
    let words = format!("{} leased to station {station:?} for {} days", count(got.len(), "device"), args.days);
    context.printer.talk(words);
    let wanted = args.count.map_or(named.len(), |count| count as usize);
    if got.len() < wanted {
        let words = format!("{} of {wanted} devices were free", got.len());
        let hint = "who has the others: firstlight devices leases";
        return Err(Complaint::new(Class::Partial, words).with_hint(hint).into());
    }
    Ok(())
}

fn lease(
    args: &Args,
    context: &Context,
    registry: &Registry,
    folder: &FleetFolder,
    station: &str,
    named: &[String],
) -> anyhow::Result<Vec<String>> {
    let until = context.clock.now() + Duration::days(args.days.into());
    let all: Vec<String>;
    let among = if named.is_empty() {
        all = folder.fleet.devices().map(EndpointName::folded).collect();
        &all
    } else {
        named
    };
    let wanted = args.count.map_or(among.len(), |count| count as usize);
    let mut got = Vec::new();
    for among in among.chunks(AMONG) {
        if got.len() < wanted {
            got.extend(registry.lease(station, wanted - got.len(), until, among)?);
        }
    }
    Ok(got)
}

/// Returns the devices that were named, folded.
fn named(args: &Args) -> anyhow::Result<Vec<String>> {
    let Some(path) = &args.rows else { return Ok(args.ids.iter().map(EndpointName::folded).collect()) };
    let bytes = read_bounded(path, LONGEST)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Complaint::new(Class::Input, format!("{:?} is no text", path.display().to_string())))?;
    let mut names = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let name = EndpointName::new(line.trim())
            .map_err(|error| Complaint::new(Class::Input, format!("{}:{}: {error}", path.display(), at + 1)))?;
        names.push(name.folded());
    }
    Ok(names)
}
