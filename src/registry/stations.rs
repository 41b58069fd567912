//! Stations: each has one ledger, and the registry knows which. A copy of it, or one put back from a backup, is found at its
//! first contact: it does not know what was agreed at the last one.

use serde::Serialize;
use time::OffsetDateTime;

use crate::fleet::Digest;

use super::leases::{actor, check_station, make_known, refused};
use super::merge::digest_of;
use super::times::{millis, of_millis};
use super::{Event, Registry, RegistryError, Row, Value, Writing, sql};

/// What a station and the registry agree on at each contact: 16 random bytes.
pub type Mark = [u8; 16];

/// A station's contact with the registry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckIn {
    /// Its name.
    pub station: String,
    /// Its public key: two stations of one name are two.
    pub key: String,
    /// What was agreed at the last contact; none at the first.
    pub mark: Option<Mark>,
    /// What shall be agreed at this one.
    pub proposed: Mark,
}

/// Where a station stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// How often it was reconciled.
    pub epoch: i64,
    /// How many certificates it may issue.
    pub certificates: Option<i64>,
    /// Its last entry here, and its digest.
    pub head: (i64, Digest),
    /// How many ids it may hold at a time.
    pub quota: Option<i64>,
    /// What it holds, folded, and until when.
    pub leases: Vec<(String, OffsetDateTime)>,
}

/// A station as the registry holds it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct StationRow {
    /// Its name.
    pub station: String,
    /// Its public key; none before its first contact.
    pub key: Option<String>,
    /// How often it was reconciled.
    pub epoch: i64,
    /// How many ids it may hold at a time.
    pub quota: Option<i64>,
    /// How many certificates it may issue.
    pub certificates: Option<i64>,
    /// How many it has issued, as far as it has told.
    pub issued: i64,
    /// Its last entry here.
    pub merged: i64,
    /// When it last told something.
    #[serde(with = "time::serde::rfc3339::option")]
    pub synchronized: Option<OffsetDateTime>,
}

/// A lease as the registry holds it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LeaseRow {
    /// The device, folded.
    pub device: String,
    /// The station.
    pub station: String,
    /// `leased`, `expired`, `used`, `returned`, or `doubtful`: the station lost its ledger and may have used it.
    pub state: String,
    /// Until when.
    #[serde(with = "time::serde::rfc3339::option")]
    pub until: Option<OffsetDateTime>,
    /// When it last changed.
    #[serde(with = "time::serde::rfc3339")]
    pub changed: OffsetDateTime,
}

/// A device that a station has made, or may have made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MadeDevice {
    /// Its folded name.
    pub folded: String,
    /// Its serial number.
    pub serial: Option<String>,
    /// True if the station has told of it, false if it may have made it.
    pub is_told: bool,
    /// The fingerprints of all its credentials.
    pub fingerprints: Vec<Digest>,
}

impl Registry {
    /// Takes note of a station's contact and says where it stands. The mark proposed is the one to present at the next.
    ///
    /// Refused where another station goes by its name, and ([`RegistryError::Forked`]) where its ledger is not the one that
    /// was here last.
    pub fn check_in(&self, check_in: CheckIn) -> Result<Standing, RegistryError> {
        check_station(&check_in.station)?;
        self.write(move |writing| {
            let CheckIn { station, key, mark, proposed } = &check_in;
            let known = known(writing, station, key)?;
            if let Some(reason) =
                divergence(known.as_ref().and_then(|known| known.mark.as_deref()), mark.as_ref(), proposed)
            {
                return Err(RegistryError::Forked { station: station.clone(), reason: reason.to_owned() });
            }
            make_known(writing, station)?;
            let is_new = known.is_none_or(|known| known.key.is_none());
            set_mark(writing, station, key, proposed)?;
            if is_new {
                let detail = serde_json::json!({"station": station, "key": key});
                writing.note(Event { what: "station-joined", device: None, actor: actor(station), detail });
            }
            standing(writing, station)
        })
    }

    /// Lets a station go on with another ledger than the one that was here last. What it held is doubtful from now on: the
    /// lost ledger may have used it.
    pub fn reconcile_station(&self, station: &str, key: &str, proposed: Mark) -> Result<Standing, RegistryError> {
        check_station(station)?;
        let (station, key) = (station.to_owned(), key.to_owned());
        self.write(move |writing| {
            known(writing, &station, &key)?;
            make_known(writing, &station)?;
            set_mark(writing, &station, &key, &proposed)?;
            let text = "UPDATE station SET epoch = epoch + 1 WHERE tenant = $1 AND id = $2";
            writing.sql.execute(text, &[writing.tenant.into(), station.as_str().into()])?;
            let text = "UPDATE lease SET state = 'doubtful', until = NULL, changed = $1
                WHERE tenant = $2 AND station = $3 AND state = 'leased'";
            let now = writing.millis();
            let doubtful = writing.sql.execute(text, &[now.into(), writing.tenant.into(), station.as_str().into()])?;
            let detail = serde_json::json!({"station": station, "doubtful": doubtful});
            writing.note(Event { what: "station-reconciled", device: None, actor: actor(&station), detail });
            standing(writing, &station)
        })
    }

    /// Returns the devices that a station has made or may have made, by name, after `after`, at most `limit`.
    pub fn made_by(&self, station: &str, after: &str, limit: i64) -> Result<Vec<MadeDevice>, RegistryError> {
        self.read(|reading| {
            let text = "SELECT l.device, l.state, d.serial FROM lease l
                LEFT JOIN device d ON d.tenant = l.tenant AND d.folded = l.device
                WHERE l.tenant = $1 AND l.station = $2 AND l.state IN ('used', 'doubtful') AND l.device > $3
                ORDER BY l.device LIMIT $4";
            let values = [reading.tenant.into(), station.into(), after.into(), limit.into()];
            let rows = reading.sql.query(text, &values)?;
            let mut made = rows.iter().map(made_device).collect::<Result<Vec<_>, _>>()?;
            let keys = made.iter().map(|device| Value::from(&device.folded)).collect::<Vec<_>>();
            let text = "SELECT device, fingerprint FROM credential WHERE tenant = $1 AND device IN";
            for row in sql::query_in(reading.sql, text, &[reading.tenant.into()], &keys)? {
                let (device, fingerprint) = (row.text(0)?, digest_of(Some(row.bytes(1)?), station)?);
                // They are in the order of their names.
                if let Ok(at) = made.binary_search_by(|made| made.folded.as_str().cmp(&device)) {
                    made[at].fingerprints.push(fingerprint);
                }
            }
            Ok(made)
        })
    }

    /// Returns all stations, by name.
    pub fn stations(&self) -> Result<Vec<StationRow>, RegistryError> {
        self.read(|reading| {
            let text = "SELECT id, public_key, epoch, quota, certificates, issued, merged, synchronized FROM station
                WHERE tenant = $1 ORDER BY id";
            reading.sql.query(text, &[reading.tenant.into()])?.iter().map(station_row).collect()
        })
    }

    /// Returns leases, of one station or of all, by device, after `after`, at most `limit`.
    pub fn lease_rows(&self, station: Option<&str>, after: &str, limit: i64) -> Result<Vec<LeaseRow>, RegistryError> {
        let now = millis(self.now());
        self.read(|reading| {
            let text = "SELECT device, station, state, until, changed FROM lease
                WHERE tenant = $1 AND device > $2 AND ($3 = '' OR station = $3) ORDER BY device LIMIT $4";
            let values = [reading.tenant.into(), after.into(), station.unwrap_or_default().into(), limit.into()];
            reading.sql.query(text, &values)?.iter().map(|row| lease_row(row, now)).collect()
        })
    }

    /// Sets how many certificates a station may issue; none: as many as it likes. Makes the station known.
    pub fn set_certificate_limit(&self, station: &str, limit: Option<i64>, by: &str) -> Result<(), RegistryError> {
        check_station(station)?;
        let (station, by) = (station.to_owned(), by.to_owned());
        self.write(move |writing| {
            make_known(writing, &station)?;
            let text = "UPDATE station SET certificates = $1 WHERE tenant = $2 AND id = $3";
            writing.sql.execute(text, &[limit.into(), writing.tenant.into(), station.as_str().into()])?;
            let detail = serde_json::json!({"station": station, "certificates": limit});
            writing.note(Event { what: "station-limit-set", device: None, actor: by.clone(), detail });
            Ok(())
        })
    }

    /// Frees ids that a person found unused although the station that held them lost its ledger; returns how many.
    pub fn free_doubtful(&self, ids: &[String], by: &str) -> Result<u64, RegistryError> {
        let ids = ids.iter().map(|id| id.to_ascii_lowercase()).collect::<Vec<_>>();
        let by = by.to_owned();
        self.write(move |writing| {
            let mut freed = 0;
            let now = writing.millis();
            for id in &ids {
                let text = "UPDATE lease SET state = 'returned', changed = $1
                    WHERE tenant = $2 AND device = $3 AND state = 'doubtful'";
                let values = [now.into(), writing.tenant.into(), id.as_str().into()];
                if writing.sql.execute(text, &values)? > 0 {
                    freed += 1;
                    let detail = serde_json::json!({});
                    writing.note(Event { what: "lease-freed", device: Some(id.clone()), actor: by.clone(), detail });
                }
            }
            Ok(freed)
        })
    }
}

/// What the registry knows of a station that is in contact.
struct Known {
    key: Option<String>,
    mark: Option<Vec<u8>>,
}

/// Returns what is known of a station; refuses one that goes by the name of another.
fn known(writing: &mut Writing<'_>, station: &str, key: &str) -> Result<Option<Known>, RegistryError> {
    let text = "SELECT public_key, mark FROM station WHERE tenant = $1 AND id = $2";
    let Some(row) = writing.sql.maybe_row(text, &[writing.tenant.into(), station.into()])? else { return Ok(None) };
    let known = Known { key: row.maybe_text(0)?, mark: row.maybe_bytes(1)? };
    match &known.key {
        Some(theirs) if theirs != key => {
            Err(refused(station, "another station with a key of its own goes by this name".to_owned()))
        }
        _ => Ok(Some(known)),
    }
}

/// Says why a ledger is not the one that was here last, if it is not.
fn divergence(stored: Option<&[u8]>, mark: Option<&Mark>, proposed: &Mark) -> Option<&'static str> {
    match (stored, mark) {
        (None, None) => None,
        (None, Some(_)) => Some("this registry has never met its ledger: it is another store, or an older copy"),
        (Some(stored), _) if stored == proposed => None,
        (Some(stored), Some(mark)) if stored == mark => None,
        (Some(_), None) => Some("its ledger was here before, and this one knows nothing of it: it is an older copy"),
        (Some(_), Some(_)) => Some("its ledger was here since this copy of it was made: there are two copies"),
    }
}

fn set_mark(writing: &mut Writing<'_>, station: &str, key: &str, mark: &Mark) -> Result<(), RegistryError> {
    let text = "UPDATE station SET public_key = $1, mark = $2 WHERE tenant = $3 AND id = $4";
    writing.sql.execute(text, &[key.into(), mark.as_slice().into(), writing.tenant.into(), station.into()]).map(|_| ())
}

fn standing(writing: &mut Writing<'_>, station: &str) -> Result<Standing, RegistryError> {
    let text = "SELECT epoch, certificates, merged, head, quota FROM station WHERE tenant = $1 AND id = $2";
    let row = writing.sql.maybe_row(text, &[writing.tenant.into(), station.into()])?;
    let row = row.ok_or_else(|| RegistryError::NotFound { what: "station", name: station.to_owned() })?;
    let text = "SELECT device, until FROM lease
        WHERE tenant = $1 AND station = $2 AND state = 'leased' AND until > $3 ORDER BY device";
    let now = writing.millis();
    let leases = writing.sql.query(text, &[writing.tenant.into(), station.into(), now.into()])?;
    Ok(Standing {
        epoch: row.integer(0)?,
        certificates: row.maybe_integer(1)?,
        head: (row.integer(2)?, digest_of(row.maybe_bytes(3)?, station)?),
        quota: row.maybe_integer(4)?,
        leases: leases
            .iter()
            .map(|row| Ok((row.text(0)?, of_millis(row.integer(1)?))))
            .collect::<Result<_, RegistryError>>()?,
    })
}

fn made_device(row: &Row) -> Result<MadeDevice, RegistryError> {
    let is_told = row.text(1)? == "used";
    Ok(MadeDevice { folded: row.text(0)?, serial: row.maybe_text(2)?, is_told, fingerprints: Vec::new() })
}

fn station_row(row: &Row) -> Result<StationRow, RegistryError> {
    Ok(StationRow {
        station: row.text(0)?,
        key: row.maybe_text(1)?,
        epoch: row.integer(2)?,
        quota: row.maybe_integer(3)?,
        certificates: row.maybe_integer(4)?,
        issued: row.integer(5)?,
        merged: row.integer(6)?,
        synchronized: row.maybe_integer(7)?.map(of_millis),
    })
}

fn lease_row(row: &Row, now: i64) -> Result<LeaseRow, RegistryError> {
    let (state, until) = (row.text(2)?, row.maybe_integer(3)?);
    let is_over = state == "leased" && until.is_none_or(|until| until <= now);
    Ok(LeaseRow {
        device: row.text(0)?,
        station: row.text(1)?,
        state: if is_over { "expired".to_owned() } else { state },
        until: until.map(of_millis),
        changed: of_millis(row.integer(4)?),
    })
}
