//! Contact with a shared registry before anything is made: is this ledger the one, and what may it make?

use std::fs::File;
use std::path::{Path, PathBuf};

use time::Duration;

use crate::fleet::EndpointName;
use crate::ledger::{Ledger, Taking};
use crate::registry::{CheckIn, Mark, Registry, RegistryError, Standing};
use crate::station::Station;
use crate::station::post::PRIVATE_FOLDER;

use super::{SharingError, place};

/// How long a lease lasts that is taken in passing.
const PASSING: Duration = Duration::hours(24);
/// Devices among which leases are asked for at a time.
const AMONG: usize = 10_000;

/// What entering brought.
#[derive(Debug, Default)]
pub struct Entered {
    /// Why the registry cannot be reached, if it cannot: only what is leased already can be made.
    pub away: Option<RegistryError>,
    /// Why nothing more was leased, if something was wanted.
    pub unleased: Option<RegistryError>,
    /// True if the station's quota kept more from being leased.
    pub is_at_quota: bool,
    /// How many devices were leased.
    pub leased: usize,
}

/// Gets ready to make devices of a shared registry: checks that this ledger is the one that may go on, brings the leases up
/// to date and leases those of `wanted` that are not this station's yet, at most `most`. Where the registry is away, what is
/// leased already can be made.
pub fn enter(
    station: &Station,
    registry: Result<&Registry, RegistryError>,
    wanted: &[EndpointName],
    most: usize,
) -> Result<Entered, SharingError> {
    let (ledger, private) = (station.ledger(), private(station));
    ledger.share(true)?;
    check_place(ledger, &private)?;
    let mut entered = Entered::default();
    let registry = match registry {
        Ok(registry) => registry,
        Err(error) if error.is_passing() => return Ok(Entered { away: Some(error), ..entered }),
        Err(error) => return Err(error.into()),
    };
    let turn = place::take_turn(&private)?;
    let standing = match check_in(station, registry, &turn) {
        Err(SharingError::Registry(error)) if error.is_passing() => {
            return Ok(Entered { away: Some(error), ..entered });
        }
        standing => standing?,
    };
    let missing: Vec<String> = ledger.unleased(wanted)?.iter().map(EndpointName::folded).collect();
    let mut taking = taking(&standing, mark_of(ledger)?);
    let until = registry.now() + PASSING;
    let room = standing.quota.map_or(usize::MAX, |quota| usize::try_from(quota).unwrap_or(0));
    let room = room.saturating_sub(standing.leases.len());
    for among in missing.chunks(AMONG) {
        let more = most.min(room).saturating_sub(entered.leased).min(among.len());
        if more == 0 {
            break;
        }
        match registry.lease(station.keys().station_name(), more, until, among) {
            Ok(got) => {
                entered.leased += got.len();
                taking.leases.extend(got.into_iter().map(|folded| (folded, until)));
            }
            Err(error) => {
                entered.unleased = Some(error);
                break;
            }
        }
    }
    entered.is_at_quota = entered.leased == room && room < most.min(missing.len());
    if entered.leased > 0 {
        ledger.take(taking)?;
    }
    Ok(entered)
}

fn mark_of(ledger: &Ledger) -> Result<Mark, SharingError> {
    Ok(ledger.membership()?.mark.unwrap_or_default())
}

/// Tells the registry that this station is here, and keeps what it says. `_turn` is the right to do so.
pub(super) fn check_in(station: &Station, registry: &Registry, _turn: &File) -> Result<Standing, SharingError> {
    let (ledger, private) = (station.ledger(), private(station));
    let (mark, proposed) = ledger.propose(fresh_mark(station))?;
    let (name, key) = (station.keys().station_name().to_owned(), station.keys().recipient());
    let standing = registry.check_in(CheckIn { station: name, key, mark, proposed })?;
    if !place::is_noted(&private) && mark.is_none() {
        place::note(&private)?;
    }
    ledger.take(taking(&standing, proposed))?;
    Ok(standing)
}

/// A ledger that has met the registry lies where it lay then.
pub(super) fn check_place(ledger: &Ledger, private: &Path) -> Result<(), SharingError> {
    if ledger.membership()?.mark.is_some() { place::check(private) } else { Ok(()) }
}

pub(super) fn taking(standing: &Standing, mark: Mark) -> Taking {
    Taking { mark, epoch: standing.epoch, certificates: standing.certificates, leases: standing.leases.clone() }
}

/// A mark must be nobody else's: in a rehearsal it is drawn from the system all the same.
pub(super) fn fresh_mark(_: &Station) -> Mark {
    let mut mark = Mark::default();
    crate::delivery::Random::fill(&crate::host::surroundings::OsRandom, "station mark", &mut mark);
    mark
}

pub(super) fn private(station: &Station) -> PathBuf {
    station.folder().root.join(PRIVATE_FOLDER)
}
