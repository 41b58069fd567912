//! Allow lists of groups: one by one, or imported by the hundred thousand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;

use crate::fleet::EndpointName;

use super::groups::check_known;
use super::handle::{Registry, Writing};
use super::text::storable;
use super::times::{millis, of_millis};
use super::{Event, RegistryError, Row, Value, sql};

/// Rows of one transaction of an import.
const BATCH: usize = 4096;
/// Bytes of its attributes, after which no more rows are taken: long rows must not fill the memory.
const LARGEST_BATCH: usize = 4 << 20;
/// Most attributes of an entry.
const MOST_ATTRIBUTES: usize = 32;

/// A device that a group expects.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    /// The device; folded in what the store returns.
    pub device: String,
    /// Attributes it gets.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// Most registrations; any number when absent.
    #[serde(default)]
    pub max_uses: Option<u32>,
    /// When the entry ends.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub expires: Option<OffsetDateTime>,
}

/// What became of a row of an import.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowEnd {
    /// It is a new entry.
    Added,
    /// It replaced an entry; uses so far stay counted.
    Changed,
    /// It was there already.
    Same,
    /// It was left out.
    Refused(String),
}

/// The sum of an import.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Imported {
    /// Rows that are settled, from the first: an import that stopped goes on after these.
    pub rows: u64,
    /// New entries.
    pub added: u64,
    /// Replaced entries.
    pub changed: u64,
    /// Rows that were there already.
    pub same: u64,
    /// Rows left out.
    pub refused: u64,
    /// Why it stopped before the end.
    pub stopped: Option<RegistryError>,
}

impl Registry {
    /// Puts a device on a group's allow list, or replaces its entry there.
    pub fn allow(&self, actor: &str, group: &str, entry: &Allowed) -> Result<(), RegistryError> {
        let (actor, group, entry) = (storable("operator", actor)?, storable("group", group)?, checked(entry)?);
        self.write(move |writing| {
            check_known(writing.sql, writing.tenant, &group)?;
            put(writing, &group, std::iter::once(&entry))?;
            let (what, device) = ("allowed", Some(entry.device.clone()));
            writing.note(Event { what, device, actor: actor.clone(), detail: json!({ "group": group }) });
            Ok(())
        })
    }

    /// Takes a device off a group's allow list; a device that has registered stays registered.
    ///
    /// # Errors
    ///
    /// Not found where it is not on the list.
    pub fn disallow(&self, actor: &str, group: &str, device: &EndpointName) -> Result<(), RegistryError> {
        let (actor, group) = (storable("operator", actor)?, storable("group", group)?);
        let device = device.folded();
        self.write(move |writing| {
            let text = "DELETE FROM allow WHERE tenant = $1 AND grp = $2 AND device = $3";
            if writing.sql.execute(text, &[writing.tenant.into(), (&group).into(), (&device).into()])? == 0 {
                return Err(RegistryError::NotFound { what: "allowed device", name: device.clone() });
            }
            let (what, device) = ("disallowed", Some(device.clone()));
            writing.note(Event { what, device, actor: actor.clone(), detail: json!({ "group": group }) });
            Ok(())
        })
    }

    /// Returns up to `limit` entries of a group with their uses, whose device comes after `after` (folded; "" for the
    /// first), in byte order.
    pub fn allow_list(&self, group: &str, after: &str, limit: u32) -> Result<Vec<(Allowed, u64)>, RegistryError> {
        let text = "SELECT device, attributes, max_uses, expires, used FROM allow
            WHERE tenant = $1 AND grp = $2 AND device > $3 ORDER BY device LIMIT $4";
        self.read(|reading| {
            let values = [reading.tenant.into(), group.into(), after.into(), i64::from(limit).into()];
            let rows = reading.sql.query(text, &values)?;
            rows.iter().map(|row| Ok((stored(row)?, u64::try_from(row.integer(4)?).unwrap_or(0)))).collect()
        })
    }

    /// Imports rows into a group's allow list, a batch at a time; `told` hears of each row, by its number from 0, once it
    /// is on the disk. The later of two rows for one device holds. An import that stopped may be repeated as a whole.
    pub fn import_allowed(
        &self,
        actor: &str,
        group: &str,
        rows: impl IntoIterator<Item = Result<Allowed, String>>,
        told: &mut dyn FnMut(u64, &RowEnd),
    ) -> Imported {
        let mut sum = Imported::default();
        let mut rows = rows.into_iter();
        loop {
            let batch = batch(&mut rows);
            if batch.is_empty() {
                return sum;
            }
            match self.import_batch(actor, group, sum.rows, batch) {
                Ok(ends) => ends.iter().for_each(|end| sum.count(end, told)),
                Err(error) => return Imported { stopped: Some(error), ..sum },
            }
        }
    }

    /// Imports rows in one transaction, or none of them where one cannot be taken; `told` hears of each as above.
    pub(super) fn import_allowed_whole(
        &self,
        actor: &str,
        group: &str,
        rows: Vec<Result<Allowed, String>>,
        told: &mut dyn FnMut(u64, &RowEnd),
    ) -> Imported {
        let mut sum = Imported::default();
        let rows: Vec<_> = rows.into_iter().map(read).collect();
        let ends = if rows.iter().all(Result::is_ok) {
            self.import_batch(actor, group, 0, rows)
        } else {
            let other = || "another row is refused".to_owned();
            Ok(rows.into_iter().map(|row| RowEnd::Refused(row.err().unwrap_or_else(other))).collect())
        };
        match ends {
            Ok(ends) => ends.iter().for_each(|end| sum.count(end, told)),
            Err(error) => sum.stopped = Some(error),
        }
        sum
    }

    fn import_batch(
        &self,
        actor: &str,
        group: &str,
        first: u64,
        batch: Vec<Result<Allowed, String>>,
    ) -> Result<Vec<RowEnd>, RegistryError> {
        let (actor, group) = (storable("operator", actor)?, storable("group", group)?);
        self.write(move |writing| {
            check_known(writing.sql, writing.tenant, &group)?;
            let mut known = found(writing, &group, &batch)?;
            let mut puts = BTreeMap::new();
            let mut ends = Vec::with_capacity(batch.len());
            for row in &batch {
                ends.push(match row {
                    Err(reason) => RowEnd::Refused(reason.clone()),
                    Ok(entry) => match known.insert(entry.device.clone(), entry.clone()) {
                        Some(before) if before == *entry => RowEnd::Same,
                        before => {
                            puts.insert(&entry.device, entry);
                            if before.is_some() { RowEnd::Changed } else { RowEnd::Added }
                        }
                    },
                });
            }
            put(writing, &group, puts.values().copied())?;
            let detail = json!({ "group": group, "first": first, "rows": batch.len(), "entries": puts.len() });
            writing.note(Event { what: "allow-imported", device: None, actor: actor.clone(), detail });
            Ok(ends)
        })
    }
}

impl Imported {
    fn count(&mut self, end: &RowEnd, told: &mut dyn FnMut(u64, &RowEnd)) {
        told(self.rows, end);
        self.rows += 1;
        *match end {
            RowEnd::Added => &mut self.added,
            RowEnd::Changed => &mut self.changed,
            RowEnd::Same => &mut self.same,
            RowEnd::Refused(_) => &mut self.refused,
        } += 1;
    }
}

/// Reads the rows of one transaction; none at the end.
fn batch(rows: &mut impl Iterator<Item = Result<Allowed, String>>) -> Vec<Result<Allowed, String>> {
    let (mut batch, mut bytes) = (Vec::new(), 0);
    while batch.len() < BATCH && bytes < LARGEST_BATCH {
        let Some(row) = rows.next().map(read) else { break };
        bytes += match &row {
            Ok(entry) => entry.attributes.iter().map(|(name, value)| name.len() + value.len()).sum(),
            Err(reason) => reason.len(),
        };
        batch.push(row);
    }
    batch
}

fn read(row: Result<Allowed, String>) -> Result<Allowed, String> {
    row.and_then(|entry| checked(&entry).map_err(|error| error.to_string()))
}

/// Returns the entry as it is stored: its device folded, its time in milliseconds.
fn checked(entry: &Allowed) -> Result<Allowed, RegistryError> {
    let refused = |reason: String| {
        let name = entry.device.chars().take(40).filter(|letter| !letter.is_control()).collect();
        RegistryError::Refused { what: "device", name, reason }
    };
    let device = EndpointName::new(&entry.device).map_err(|error| refused(error.to_string()))?.folded();
    if entry.attributes.len() > MOST_ATTRIBUTES {
        return Err(refused(format!(
            "it has {} attributes, at most {MOST_ATTRIBUTES} are kept",
            entry.attributes.len()
        )));
    }
    for (name, value) in &entry.attributes {
        storable("attribute", name)?;
        storable("attribute", value)?;
    }
    let expires = entry.expires.map(|expires| of_millis(millis(expires)));
    Ok(Allowed { device, attributes: entry.attributes.clone(), max_uses: entry.max_uses, expires })
}

/// Returns the entries that the batch's devices have already.
fn found(
    writing: &mut Writing<'_>,
    group: &str,
    batch: &[Result<Allowed, String>],
) -> Result<BTreeMap<String, Allowed>, RegistryError> {
    let keys: Vec<Value> = batch.iter().flatten().map(|entry| Value::from(&entry.device)).collect();
    let text = "SELECT device, attributes, max_uses, expires FROM allow WHERE tenant = $1 AND grp = $2 AND device IN";
    let rows = sql::query_in(writing.sql, text, &[writing.tenant.into(), group.into()], &keys)?;
    rows.iter().map(|row| stored(row).map(|entry| (entry.device.clone(), entry))).collect()
}

/// Writes entries, each for another device.
fn put<'a>(
    writing: &mut Writing<'_>,
    group: &str,
    entries: impl Iterator<Item = &'a Allowed>,
) -> Result<(), RegistryError> {
    let row = |entry: &Allowed| {
        let attributes = serde_json::to_string(&entry.attributes).expect("texts are JSON");
        vec![
            writing.tenant.into(),
            group.into(),
            Value::from(&entry.device),
            attributes.into(),
            entry.max_uses.map(i64::from).into(),
            0.into(),
            entry.expires.map(millis).into(),
        ]
    };
    let rows: Vec<_> = entries.map(row).collect();
    let into = "allow (tenant, grp, device, attributes, max_uses, used, expires)";
    let ending = "ON CONFLICT (tenant, grp, device) DO UPDATE SET attributes = excluded.attributes,
        max_uses = excluded.max_uses, expires = excluded.expires";
    sql::insert(writing.sql, into, rows, ending).map(|_| ())
}

fn stored(row: &Row) -> Result<Allowed, RegistryError> {
    let attributes = serde_json::from_str(&row.text(1)?);
    Ok(Allowed {
        device: row.text(0)?,
        attributes: attributes
            .map_err(|error| RegistryError::damaged("", format!("attributes are no JSON: {error}")))?,
        max_uses: row.maybe_integer(2)?.and_then(|most| u32::try_from(most).ok()),
        expires: row.maybe_integer(3)?.map(of_millis),
    })
}
