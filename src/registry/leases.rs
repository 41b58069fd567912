//! Leases: which station may make which devices while it is out of reach. An id is held by one station at most.

use std::collections::HashSet;

use time::OffsetDateTime;

use super::devices::DeviceState;
use super::times::millis;
use super::{Event, Registry, RegistryError, Value, Writing, sql};

/// The most ids of one request.
const MOST: usize = 100_000;

impl Registry {
    /// Sets how many ids a station may hold at a time; none: as many as it asks for. Makes the station known.
    pub fn set_station_quota(&self, station: &str, quota: Option<i64>, actor: &str) -> Result<(), RegistryError> {
        check_station(station)?;
        let (station, actor) = (station.to_owned(), actor.to_owned());
        self.write(move |writing| {
            make_known(writing, &station)?;
            let text = "UPDATE station SET quota = $1 WHERE tenant = $2 AND id = $3";
            writing.sql.execute(text, &[quota.into(), writing.tenant.into(), station.as_str().into()])?;
            let detail = serde_json::json!({"station": station, "quota": quota});
            writing.note(Event { what: "station-quota-set", device: None, actor: actor.clone(), detail });
            Ok(())
        })
    }

    /// Hands `count` ids out of `among` to a station until a time, fewer where fewer are free.
    ///
    /// Free is what no other station holds, what was not used, and what no device of a later state has taken. What the
    /// station holds already does not count as free. Ids are folded. Refused where it would exceed the station's quota.
    pub fn lease(
        &self,
        station: &str,
        count: usize,
        until: OffsetDateTime,
        among: &[String],
    ) -> Result<Vec<String>, RegistryError> {
        check_station(station)?;
        if among.len() > MOST {
            return Err(refused(station, format!("it asks among {} ids, at most {MOST} are possible", among.len())));
        }
        let mut seen = HashSet::new();
        let among: Vec<String> =
            among.iter().map(|id| id.to_ascii_lowercase()).filter(|id| seen.insert(id.clone())).collect();
        let station = station.to_owned();
        self.write(move |writing| {
            if millis(until) <= writing.millis() {
                return Err(refused(&station, "the lease would be over already".to_owned()));
            }
            make_known(writing, &station)?;
            let taken = taken(writing, &among)?;
            let free: Vec<String> = among.iter().filter(|id| !taken.contains(*id)).take(count).cloned().collect();
            check_quota(writing, &station, free.len())?;
            hand_out(writing, &station, until, &free)?;
            Ok(free)
        })
    }

    /// Takes ids back that a station did not use; returns how many it held. Ids of others are left alone.
    pub fn return_leases(&self, station: &str, ids: &[String]) -> Result<u64, RegistryError> {
        let ids = ids.iter().map(|id| id.to_ascii_lowercase()).collect::<HashSet<_>>();
        let station = station.to_owned();
        self.write(move |writing| {
            let mut returned = 0;
            let now = writing.millis();
            for id in &ids {
                let text = "UPDATE lease SET state = 'returned', until = NULL, changed = $1
                    WHERE tenant = $2 AND device = $3 AND station = $4 AND state = 'leased'";
                let values = [now.into(), writing.tenant.into(), id.as_str().into(), station.as_str().into()];
                returned += writing.sql.execute(text, &values)?;
            }
            if returned > 0 {
                let detail = serde_json::json!({"station": station, "count": returned});
                writing.note(Event { what: "lease-returned", device: None, actor: actor(&station), detail });
            }
            Ok(returned)
        })
    }

    /// Returns true if a station holds an id now.
    pub fn is_leased_to(&self, station: &str, id: &str) -> Result<bool, RegistryError> {
        Ok(self.leased_to(id)?.as_deref() == Some(station))
    }

    /// Returns which station holds an id now.
    pub fn leased_to(&self, id: &str) -> Result<Option<String>, RegistryError> {
        let (folded, now) = (id.to_ascii_lowercase(), millis(self.now()));
        self.read(|reading| {
            let text =
                "SELECT station FROM lease WHERE tenant = $1 AND device = $2 AND state = 'leased' AND until > $3";
            let values = [reading.tenant.into(), Value::from(&folded), now.into()];
            reading.sql.maybe_row(text, &values)?.map(|row| row.text(0)).transpose()
        })
    }
}

/// Notes that a station used an id; returns the other station that holds or used it, if one does.
pub(super) fn take(writing: &mut Writing<'_>, station: &str, folded: &str) -> Result<Option<String>, RegistryError> {
    let now = writing.millis();
    let text = "SELECT station, state, until FROM lease WHERE tenant = $1 AND device = $2";
    if let Some(row) = writing.sql.maybe_row(text, &[writing.tenant.into(), folded.into()])? {
        let (holder, state, until) = (row.text(0)?, row.text(1)?, row.maybe_integer(2)?);
        let is_held =
            state == "used" || state == "doubtful" || state == "leased" && until.is_some_and(|until| until > now);
        if is_held && holder != station {
            return Ok(Some(holder));
        }
    }
    let text =
        "INSERT INTO lease (tenant, device, station, state, until, changed) VALUES ($1, $2, $3, 'used', NULL, $4)
        ON CONFLICT (tenant, device) DO UPDATE SET station = excluded.station, state = 'used', until = NULL,
        changed = excluded.changed";
    writing.sql.execute(text, &[writing.tenant.into(), folded.into(), station.into(), now.into()])?;
    Ok(None)
}

/// Makes a station known.
pub(super) fn make_known(writing: &mut Writing<'_>, station: &str) -> Result<(), RegistryError> {
    let text = "INSERT INTO station (tenant, id, epoch, issued, merged) VALUES ($1, $2, 0, 0, 0)
        ON CONFLICT (tenant, id) DO NOTHING";
    writing.sql.execute(text, &[writing.tenant.into(), station.into()]).map(|_| ())
}

pub(super) fn check_station(station: &str) -> Result<(), RegistryError> {
    if station.is_empty() || station.len() > 128 || station.contains('\0') {
        return Err(refused(station, "its name is empty, holds NUL or has over 128 bytes".to_owned()));
    }
    Ok(())
}

/// Returns which of the ids cannot be handed out.
fn taken(writing: &mut Writing<'_>, among: &[String]) -> Result<HashSet<String>, RegistryError> {
    let keys = among.iter().map(Value::from).collect::<Vec<_>>();
    let now = writing.millis();
    let tenant = [Value::from(writing.tenant)];
    let text = "SELECT device, state, until FROM lease WHERE tenant = $1 AND device IN";
    let mut taken = HashSet::new();
    for row in sql::query_in(writing.sql, text, &tenant, &keys)? {
        let state = row.text(1)?;
        if state == "used"
            || state == "doubtful"
            || state == "leased" && row.maybe_integer(2)?.is_none_or(|until| until > now)
        {
            taken.insert(row.text(0)?);
        }
    }
    let text = "SELECT folded, state FROM device WHERE tenant = $1 AND folded IN";
    for row in sql::query_in(writing.sql, text, &tenant, &keys)? {
        if row.text(1)? != DeviceState::Expected.as_str() {
            taken.insert(row.text(0)?);
        }
    }
    Ok(taken)
}

fn check_quota(writing: &mut Writing<'_>, station: &str, more: usize) -> Result<(), RegistryError> {
    let text = "SELECT quota FROM station WHERE tenant = $1 AND id = $2";
    let row = writing.sql.maybe_row(text, &[writing.tenant.into(), station.into()])?;
    let Some(quota) = row.map(|row| row.maybe_integer(0)).transpose()?.flatten() else { return Ok(()) };
    let now = writing.millis();
    let text = "SELECT count(*) FROM lease WHERE tenant = $1 AND station = $2 AND state = 'leased' AND until > $3";
    let row = writing.sql.maybe_row(text, &[writing.tenant.into(), station.into(), now.into()])?;
    let held = row.map_or(Ok(0), |row| row.integer(0))?;
    let wanted = held.saturating_add(i64::try_from(more).unwrap_or(i64::MAX));
    if wanted > quota {
        return Err(refused(station, format!("it holds {held} ids and would hold {wanted}, its quota is {quota}")));
    }
    Ok(())
}

fn hand_out(
    writing: &mut Writing<'_>,
    station: &str,
    until: OffsetDateTime,
    free: &[String],
) -> Result<(), RegistryError> {
    if free.is_empty() {
        return Ok(());
    }
    let now = writing.millis();
    let row = |id: &String| -> Vec<Value> {
        vec![writing.tenant.into(), id.into(), station.into(), "leased".into(), millis(until).into(), now.into()]
    };
    let rows = free.iter().map(row).collect::<Vec<_>>();
    let ending = "ON CONFLICT (tenant, device) DO UPDATE SET station = excluded.station, state = excluded.state,
        until = excluded.until, changed = excluded.changed";
    sql::insert(writing.sql, "lease (tenant, device, station, state, until, changed)", &rows, ending)?;
    let until = millis(until);
    let detail = serde_json::json!({"station": station, "count": free.len(), "until": until, "first": free[0]});
    writing.note(Event { what: "leased", device: None, actor: actor(station), detail });
    Ok(())
}

pub(super) fn actor(station: &str) -> String {
    format!("station {station}")
}

pub(super) fn refused(station: &str, reason: String) -> RegistryError {
    RegistryError::Refused { what: "station", name: station.to_owned(), reason }
}

#[cfg(test)]
#[cfg(feature = "postgres")]
mod model {
    use std::collections::HashMap;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use proptest::prelude::*;

    use super::*;
    use crate::delivery::Clock;
    use crate::registry::tests::cluster::{BOTH, place};

    struct Hand(AtomicI64);

    impl Clock for Hand {
        fn now(&self) -> OffsetDateTime {
            OffsetDateTime::from_unix_timestamp(self.0.load(Ordering::SeqCst)).unwrap()
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Lease { station: usize, count: usize, seconds: i64, from: usize },
        Return { station: usize, id: usize },
        Use { station: usize, id: usize },
        Pass { seconds: i64 },
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (0..3_usize, 0..6_usize, 1..9_i64, 0..8_usize)
                .prop_map(|(station, count, seconds, from)| Step::Lease { station, count, seconds, from }),
            2 => (0..3_usize, 0..12_usize).prop_map(|(station, id)| Step::Return { station, id }),
            2 => (0..3_usize, 0..12_usize).prop_map(|(station, id)| Step::Use { station, id }),
            1 => (1..6_i64).prop_map(|seconds| Step::Pass { seconds }),
        ];
        prop::collection::vec(step, 1..24)
    }

    const STATIONS: [&str; 3] = ["north", "south", "west"];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn no_two_stations_ever_hold_one_id(steps in steps()) {
            for engine in BOTH {
            let place = place(engine);
            let clock = Arc::new(Hand(AtomicI64::new(1_000_000)));
            let registry = Registry::open(&place.address, "t", Arc::<Hand>::clone(&clock)).unwrap();
            let ids: Vec<String> = (0..12).map(|id| format!("d{id:02}")).collect();
            // id -> (station, until); used ones hold for ever
            let mut held: HashMap<String, (usize, i64)> = HashMap::new();
            for step in steps.clone() {
                let now = clock.0.load(Ordering::SeqCst);
                let free = |held: &HashMap<String, (usize, i64)>, id: &String| held.get(id).is_none_or(|(_, until)| *until <= now);
                match step {
                    Step::Lease { station, count, seconds, from } => {
                        let until = OffsetDateTime::from_unix_timestamp(now + seconds).unwrap();
                        let got = registry.lease(STATIONS[station], count, until, &ids[from..]).unwrap();
                        let wanted: Vec<String> = ids[from..].iter().filter(|id| free(&held, id)).take(count).cloned().collect();
                        prop_assert_eq!(&got, &wanted);
                        held.extend(got.into_iter().map(|id| (id, (station, now + seconds))));
                    }
                    Step::Return { station, id } => {
                        let returned = registry.return_leases(STATIONS[station], &ids[id..=id]).unwrap();
                        if returned == 1 {
                            let was = held.remove(&ids[id]);
                            prop_assert!(was.is_some_and(|(holder, until)| holder == station && until < i64::MAX));
                        }
                    }
                    Step::Use { station, id } => {
                        let id = ids[id].clone();
                        let folded = id.clone();
                        let other = registry.write(move |writing| take(writing, STATIONS[station], &folded)).unwrap();
                        let holder = held.get(&id).filter(|(_, until)| *until > now).map(|(holder, _)| *holder);
                        let wanted = holder.filter(|holder| *holder != station).map(|holder| STATIONS[holder].to_owned());
                        prop_assert_eq!(&other, &wanted);
                        if other.is_none() {
                            held.insert(id, (station, i64::MAX));
                        }
                    }
                    Step::Pass { seconds } => { clock.0.fetch_add(seconds, Ordering::SeqCst); }
                }
                let now = clock.0.load(Ordering::SeqCst);
                for id in &ids {
                    let wanted = held.get(id).filter(|(_, until)| *until > now && *until < i64::MAX);
                    let wanted = wanted.map(|(holder, _)| STATIONS[*holder].to_owned());
                    prop_assert_eq!(registry.leased_to(id).unwrap(), wanted);
                }
            }
            prop_assert!(registry.verify_events().unwrap().is_ok());
            }
        }
    }

    #[test]
    fn a_quota_is_never_exceeded_and_devices_that_came_are_not_handed_out() {
        for engine in BOTH {
            let place = place(engine);
            let clock = Arc::new(Hand(AtomicI64::new(1_000_000)));
            let registry = Registry::open(&place.address, "t", clock).unwrap();
            let until = OffsetDateTime::from_unix_timestamp(1_000_100).unwrap();
            let ids: Vec<String> = (0..5).map(|id| format!("d{id}")).collect();
            registry.set_station_quota("north", Some(2), "operator ann").unwrap();
            assert!(matches!(registry.lease("north", 3, until, &ids), Err(RegistryError::Refused { .. })));
            assert_eq!(registry.lease("north", 2, until, &ids).unwrap(), ["d0", "d1"]);
            assert!(registry.lease("north", 1, until, &ids).is_err());
            assert!(registry.is_leased_to("north", "D0").unwrap() && !registry.is_leased_to("south", "d0").unwrap());
            let device = super::super::ExpectedDevice::named("d2".to_owned().try_into().unwrap());
            registry.expect_devices(vec![device], "inventory", "operator ann").unwrap();
            registry.retire_device("d2", None, "lost", "operator ann").unwrap();
            assert_eq!(registry.lease("south", 9, until, &ids).unwrap(), ["d3", "d4"]);
            assert!(registry.lease("south", 1, OffsetDateTime::UNIX_EPOCH, &ids).is_err());
        }
    }
}
