//! A tenant goes from one store to another, of the same engine or another: every table in batches, checked at the end.

use serde::Serialize;

use crate::fleet::Digest;

use super::{Engine, Registry, RegistryError, Row, Sql, Value, chain, sql};

/// Rows of one batch.
const BATCH: i64 = 500;

/// A table: its columns (the first one is the tenant) and how many of them, from the second on, are its key.
struct Table {
    name: &'static str,
    /// Without the tenant; the key's columns first, in the key's order.
    columns: &'static [&'static str],
    key: usize,
}

const fn table(name: &'static str, key: usize, columns: &'static [&'static str]) -> Table {
    Table { name, columns, key }
}

/// All tables but the tenant's own row, which is carried over last.
const TABLES: [Table; 24] = [
    table("grp", 1, &["id", "policy", "declared", "etag", "used", "changed", "narrowed"]),
    table("allow", 2, &["grp", "device", "attributes", "max_uses", "used", "expires"]),
    table("block", 1, &["device", "reason", "since", "expires"]),
    table(
        "token",
        1,
        &["hash", "id", "role", "grp", "device", "max_uses", "used", "expires", "revoked", "made_by", "made"],
    ),
    table(
        "device",
        1,
        &[
            "folded",
            "id",
            "serial",
            "grp",
            "state",
            "origin",
            "registration",
            "model",
            "model_version",
            "vendor",
            "hardware",
            "firmware",
            "protocol",
            "address",
            "objects",
            "attributes",
            "bundle",
            "lease_until",
            "seen",
            "reason",
            "etag",
            "created",
            "changed",
        ],
    ),
    table("attribute", 2, &["device", "name", "value"]),
    table(
        "credential",
        1,
        &[
            "fingerprint",
            "device",
            "name",
            "kind",
            "state",
            "public",
            "identity",
            "sealed_key",
            "sealed_body",
            "not_before",
            "not_after",
            "registration",
            "changed",
        ],
    ),
    table(
        "registration",
        1,
        &[
            "id",
            "request",
            "digest",
            "device",
            "grp",
            "state",
            "asked",
            "answer",
            "reason",
            "decided_by",
            "token",
            "listed",
            "created",
            "changed",
        ],
    ),
    table("nonce", 1, &["value", "expires"]),
    table("model", 2, &["id", "version", "state", "canonical", "digest", "source_format", "source", "published"]),
    table("model_rule", 1, &["id", "priority", "rule", "declared", "changed"]),
    table("instance", 2, &["device", "number", "model", "version", "model_values", "state", "origin", "changed"]),
    table("resource", 3, &["registration", "kind", "name", "device", "origin", "detail", "state", "changed"]),
    table("chore", 1, &["registration", "device", "grp", "kind", "due", "claim", "failures", "changed"]),
    table(
        "station",
        1,
        &["id", "public_key", "epoch", "mark", "quota", "certificates", "issued", "merged", "head", "synchronized"],
    ),
    table("lease", 1, &["device", "station", "state", "until", "changed"]),
    table("station_event", 2, &["station", "seq", "entry", "digest"]),
    table("event", 1, &["seq", "at", "actor", "what", "device", "detail", "digest"]),
    table("subscriber", 1, &["id", "seen", "failures", "due", "claim"]),
    table(
        "bootstrap_trigger",
        1,
        &[
            "device", "number", "via", "address", "goal", "state", "reason", "since", "due", "until", "claim",
            "failures", "rollout", "actor", "changed", "arrived",
        ],
    ),
    table("configured", 1, &["device", "mark", "finished"]),
    table(
        "rollout",
        1,
        &["number", "terms", "state", "is_back", "next", "forgiven", "reason", "actor", "created", "changed"],
    ),
    table("rollout_member", 2, &["rollout", "device", "position", "mark", "address", "state", "reason", "changed"]),
    TENANT,
];

/// The tenant's row has no tenant column of its own; only its end of the chain is compared.
const TENANT: Table = table("tenant", 0, &["events", "head", "models", "created", "challenge"]);

impl Table {
    fn is_tenant(&self) -> bool {
        self.name == TENANT.name
    }

    fn owner(&self) -> &'static str {
        if self.is_tenant() { "id" } else { "tenant" }
    }

    /// Returns the next rows after a key.
    fn batch(&self, sql: &mut dyn Sql, tenant: &str, after: Option<&[Value]>) -> Result<Vec<Row>, RegistryError> {
        let (columns, owner) = (self.columns.join(", "), self.owner());
        let mut text = format!("SELECT {columns} FROM {} WHERE {owner} = $1", self.name);
        let mut values = vec![tenant.into()];
        if let Some(after) = after {
            let places = (2..2 + self.key).map(|at| format!("${at}")).collect::<Vec<_>>().join(", ");
            text.push_str(&format!(" AND ({}) > ({places})", self.columns[..self.key].join(", ")));
            values.extend_from_slice(after);
        }
        if self.key > 0 {
            values.push(BATCH.into());
            text.push_str(&format!(" ORDER BY {} LIMIT ${}", self.columns[..self.key].join(", "), values.len()));
        }
        sql.query(&text, &values)
    }

    /// Returns the last key a store has: what was copied before an interruption is all up to there.
    fn last(&self, sql: &mut dyn Sql, tenant: &str) -> Result<Option<Vec<Value>>, RegistryError> {
        let key = &self.columns[..self.key];
        let order = key.iter().map(|column| format!("{column} DESC")).collect::<Vec<_>>().join(", ");
        let text = format!("SELECT {} FROM {} WHERE tenant = $1 ORDER BY {order} LIMIT 1", key.join(", "), self.name);
        Ok(sql.maybe_row(&text, &[tenant.into()])?.map(|row| row.values().to_vec()))
    }
}

/// How far a copy is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CopyProgress {
    /// The table.
    pub table: &'static str,
    /// Batches written so far, over all tables.
    pub batches: u64,
    /// Rows written so far, over all tables.
    pub rows: u64,
}

/// What was copied and compared.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Copied {
    /// Rows written by this call; fewer than there are where an earlier one was interrupted.
    pub written: u64,
    /// Each table: its name, rows and the digest of all of them, alike in both stores.
    pub tables: Vec<(&'static str, u64, Digest)>,
}

/// Copies a tenant from one store into an empty one and compares both: every row, and the end of the chain of events.
///
/// `told` hears of each batch and may break off; the same call later goes on where it ended. Nobody may write to the source
/// meanwhile: what differs at the end is refused. The target is in use only from the last step on.
pub fn copy(
    from: &Registry,
    to: &Registry,
    mut told: impl FnMut(&CopyProgress) -> Result<(), RegistryError>,
) -> Result<Copied, RegistryError> {
    check_stores(from, to)?;
    let mut progress = CopyProgress { table: "", batches: 0, rows: 0 };
    for table in TABLES.iter().filter(|table| !table.is_tenant()) {
        progress.table = table.name;
        let mut after = to.read(|reading| table.last(reading.sql, reading.tenant))?;
        loop {
            let rows = from.read(|reading| table.batch(reading.sql, reading.tenant, after.as_deref()))?;
            let Some(last) = rows.last() else { break };
            after = Some(last.values()[..table.key].to_vec());
            progress.rows += write(to, table, &rows)?;
            progress.batches += 1;
            told(&progress)?;
        }
    }
    let mut tables = compare(from, to)?;
    carry_head(from, to)?;
    tables.push(compare_one(from, to, &TENANT)?);
    Ok(Copied { written: progress.rows, tables })
}

fn check_stores(from: &Registry, to: &Registry) -> Result<(), RegistryError> {
    let refuse =
        |reason: String| Err(RegistryError::Refused { what: "copy into", name: to.store().to_owned(), reason });
    if from.tenant() != to.tenant() {
        return refuse(format!("it is of tenant {:?}, the source of {:?}", to.tenant(), from.tenant()));
    }
    if place(from)? == place(to)? {
        return refuse("it is the source".to_owned());
    }
    let (theirs, ours) = (head(from)?, head(to)?);
    let is_empty = ours.integer(0)? == 0 && ours.bytes(1)? == chain::genesis(to.tenant()).as_bytes();
    if !is_empty && ours.values()[..2] != theirs.values()[..2] {
        return refuse(format!("it is in use: it has {} events of its own", ours.integer(0)?));
    }
    Ok(())
}

/// Returns where a store lies: of one PostgreSQL every schema is a store of its own, whatever name it is reached by.
fn place(registry: &Registry) -> Result<String, RegistryError> {
    if registry.engine() == Engine::Sqlite {
        let path = std::fs::canonicalize(registry.store());
        return Ok(path.map_or_else(|_| registry.store().to_owned(), |path| path.display().to_string()));
    }
    let text = "SELECT current_database()::text || '/' || coalesce(current_schema()::text, '') || '/' ||
        (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint::text";
    let row = registry.read(|reading| reading.sql.maybe_row(text, &[]))?;
    row.ok_or_else(|| RegistryError::damaged(registry.store(), "it does not say which database it is"))?.text(0)
}

fn head(registry: &Registry) -> Result<Row, RegistryError> {
    let row = registry.read(|reading| Ok(TENANT.batch(reading.sql, reading.tenant, None)?.into_iter().next()))?;
    row.ok_or_else(|| RegistryError::damaged(registry.store(), "the tenant is not there"))
}

fn write(to: &Registry, table: &'static Table, rows: &[Row]) -> Result<u64, RegistryError> {
    let rows = rows.iter().map(|row| row.values().to_vec()).collect::<Vec<_>>();
    to.write(move |writing| {
        let owned = |row: &Vec<Value>| [&[writing.tenant.into()], row.as_slice()].concat();
        let rows = rows.iter().map(owned).collect::<Vec<_>>();
        let into = format!("{} (tenant, {})", table.name, table.columns.join(", "));
        sql::insert(writing.sql, &into, &rows, "ON CONFLICT DO NOTHING")
    })
}

fn compare(from: &Registry, to: &Registry) -> Result<Vec<(&'static str, u64, Digest)>, RegistryError> {
    TABLES.iter().filter(|table| !table.is_tenant()).map(|table| compare_one(from, to, table)).collect()
}

fn compare_one(
    from: &Registry,
    to: &Registry,
    table: &'static Table,
) -> Result<(&'static str, u64, Digest), RegistryError> {
    let (theirs, ours) = (digest(from, table)?, digest(to, table)?);
    if theirs != ours {
        let reason = format!(
            "table {} differs: {} rows {} in the source, {} rows {} here; the source was written to meanwhile, or this store",
            table.name,
            theirs.0,
            theirs.1.short(),
            ours.0,
            ours.1.short()
        );
        return Err(RegistryError::Refused { what: "copy into", name: to.store().to_owned(), reason });
    }
    Ok((table.name, ours.0, ours.1))
}

/// Returns how many rows a table has and a digest of them all, in the order of their keys, on one view of the store.
fn digest(registry: &Registry, table: &'static Table) -> Result<(u64, Digest), RegistryError> {
    registry.read(|reading| {
        let (mut count, mut digest) = (0, Digest::of(table.name.as_bytes()));
        let mut after: Option<Vec<Value>> = None;
        loop {
            let rows = table.batch(reading.sql, reading.tenant, after.as_deref())?;
            for row in &rows {
                let values = row.values().iter().map(in_bytes).collect::<Vec<_>>();
                let parts = [digest.as_bytes().as_slice()].into_iter().chain(values.iter().map(Vec::as_slice));
                digest = Digest::of_parts(parts);
                count += 1;
            }
            match rows.last() {
                Some(last) if table.key > 0 => after = Some(last.values()[..table.key].to_vec()),
                _ => return Ok((count, digest)),
            }
        }
    })
}

/// The kind of a value counts: no text is the bytes of the same name, and nothing is no empty text.
fn in_bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::Null => vec![0],
        Value::Integer(number) => [&[1], number.to_be_bytes().as_slice()].concat(),
        Value::Text(text) => [&[2], text.as_bytes()].concat(),
        Value::Bytes(bytes) => [&[3], bytes.as_slice()].concat(),
    }
}

/// The chain goes on in the target where it ends in the source.
fn carry_head(from: &Registry, to: &Registry) -> Result<(), RegistryError> {
    let values = head(from)?.values().to_vec();
    to.write(move |writing| {
        let text = "UPDATE tenant SET events = $1, head = $2, models = $3, created = $4, challenge = $5 WHERE id = $6";
        let values = [values.as_slice(), &[writing.tenant.into()]].concat();
        writing.sql.execute(text, &values).map(|_| ())
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::host::surroundings::FixedClock;
    use crate::registry::ExpectedDevice;

    fn registry(folder: &Path, name: &str) -> Registry {
        let clock = Arc::new(FixedClock(time::macros::datetime!(2026-01-01 0:00 UTC)));
        Registry::open(folder.join(name).to_str().unwrap(), "fleet", clock).unwrap()
    }

    /// One row at least in every table, and several batches of devices, attributes and events.
    fn filled(folder: &Path) -> Registry {
        let source = registry(folder, "from.db");
        let device = |number: usize| {
            let mut device = ExpectedDevice::named(format!("Device-{number:04}").try_into().unwrap());
            device.serial = Some(format!("SN{number}").try_into().unwrap());
            device.attributes.insert("site".to_owned(), format!("hall {}", number % 3));
            device
        };
        source.expect_devices((0..1_100).map(device).collect(), "inventory", "operator ann").unwrap();
        source
            .write(|writing| {
                for table in TABLES.iter().filter(|table| !table.is_tenant() && table.name != "event") {
                    let row = sample(writing.sql, table)?;
                    let into = format!("{} (tenant, {})", table.name, table.columns.join(", "));
                    sql::insert(writing.sql, &into, &[row], "")?;
                }
                Ok(())
            })
            .unwrap();
        source
    }

    /// A row made from what the schema says of the columns.
    fn sample(sql: &mut dyn Sql, table: &Table) -> Result<Vec<Value>, RegistryError> {
        let mut row = vec![Value::from("fleet")];
        for column in table.columns {
            let text = format!("SELECT type FROM pragma_table_info('{}') WHERE name = $1", table.name);
            let kind = sql.maybe_row(&text, &[(*column).into()])?.unwrap().text(0)?;
            row.push(match (table.name, *column, kind.as_str()) {
                ("device", "state", _) => "retired".into(),
                ("device", "attributes", _) => "{}".into(),
                ("credential", "state", _) => "active".into(),
                ("registration", "state", _) => "denied".into(),
                ("model", "state", _) => "published".into(),
                ("instance", "state", _) => "current".into(),
                ("resource", "state", _) => "wanted".into(),
                ("resource", "origin", _) => "hook".into(),
                ("chore", "kind", _) => "release".into(),
                ("lease", "state", _) => "used".into(),
                ("bootstrap_trigger", "via", _) => "push".into(),
                ("bootstrap_trigger", "goal", _) => "finish".into(),
                ("bootstrap_trigger" | "rollout" | "rollout_member", "state", _) => "done".into(),
                (_, "max_uses", _) => Value::Null,
                (_, _, "TEXT") => format!("{column} ü").into(),
                (_, _, "INTEGER") => 7.into(),
                _ => vec![0_u8, 255].into(),
            });
        }
        Ok(row)
    }

    #[test]
    fn every_column_of_every_table_is_copied() {
        let folder = tempfile::tempdir().unwrap();
        let store = registry(folder.path(), "r.db");
        let text = "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
            WHERE m.type = 'table' AND m.name <> 'registry_schema'";
        let rows = store.read(|reading| reading.sql.query(text, &[])).unwrap();
        let found: BTreeSet<_> = rows.iter().map(|row| (row.text(0).unwrap(), row.text(1).unwrap())).collect();
        let own = [("tenant", "id"), ("tenant", "turn")].map(|(t, c)| (t.to_owned(), c.to_owned()));
        let mut wanted = BTreeSet::from(own);
        for table in &TABLES {
            wanted.extend(table.columns.iter().map(|column| (table.name.to_owned(), (*column).to_owned())));
            wanted.insert((table.name.to_owned(), table.owner().to_owned()));
        }
        assert_eq!(found, wanted);
        let text = "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
            WHERE m.type = 'table' AND m.name <> 'registry_schema' AND c.pk > 0";
        let rows = store.read(|reading| reading.sql.query(text, &[])).unwrap();
        let found: BTreeSet<_> = rows.iter().map(|row| (row.text(0).unwrap(), row.text(1).unwrap())).collect();
        let mut keys = BTreeSet::from([("tenant".to_owned(), "id".to_owned())]);
        for table in &TABLES {
            keys.extend(table.columns[..table.key].iter().map(|column| (table.name.to_owned(), (*column).to_owned())));
            if !matches!(table.name, "token" | "tenant") {
                keys.insert((table.name.to_owned(), "tenant".to_owned()));
            }
        }
        assert_eq!(found, keys);
    }

    #[test]
    fn a_copy_broken_off_at_any_batch_goes_on_and_is_equal() {
        let folder = tempfile::tempdir().unwrap();
        let source = filled(folder.path());
        let whole = copy(&source, &registry(folder.path(), "whole.db"), |_| Ok(())).unwrap();
        assert!(whole.tables.iter().all(|(name, rows, _)| *rows > 0 || panic!("{name} is empty")));
        for stop in 1.. {
            let target = registry(folder.path(), &format!("to{stop}.db"));
            let away = || RegistryError::Away { store: String::new(), reason: "stopped".to_owned() };
            let broken = copy(&source, &target, |progress| if progress.batches == stop { Err(away()) } else { Ok(()) });
            if broken.is_ok() {
                assert!(stop > 20, "there were only {stop} batches");
                break;
            }
            let resumed = copy(&source, &target, |_| Ok(())).unwrap();
            assert_eq!(resumed.tables, whole.tables);
            assert!(resumed.written < whole.written);
            assert_eq!(target.verify_events().unwrap(), source.verify_events().unwrap());
            target.retire_device("device-0001", None, "worn", "operator ann").unwrap();
            assert_eq!(target.verify_events().unwrap(), Ok(1_101));
        }
    }

    #[test]
    fn a_store_in_use_or_a_source_that_changed_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let source = filled(folder.path());
        let used = registry(folder.path(), "used.db");
        used.expect_devices(vec![ExpectedDevice::named("x".to_owned().try_into().unwrap())], "inventory", "ann")
            .unwrap();
        assert!(matches!(copy(&source, &used, |_| Ok(())), Err(RegistryError::Refused { .. })));
        assert!(copy(&source, &source.clone(), |_| Ok(())).is_err());
        let target = registry(folder.path(), "to.db");
        let mut is_changed = false;
        let copied = copy(&source, &target, |progress| {
            if progress.table == "attribute" && !is_changed {
                is_changed = true;
                source.retire_device("device-0003", None, "worn", "operator ann")?;
            }
            Ok(())
        });
        assert!(matches!(copied, Err(RegistryError::Refused { .. })), "{copied:?}");
        assert!(target.verify_events().unwrap().is_err(), "a copy that failed must not look whole");
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn a_copy_to_the_other_engine_and_back_is_equal() {
        let folder = tempfile::tempdir().unwrap();
        let source = filled(folder.path());
        let clock = Arc::new(FixedClock(time::macros::datetime!(2026-01-01 0:00 UTC)));
        let server = Registry::open(&crate::registry::tests::cluster::empty_postgres(), "fleet", clock).unwrap();
        // Two schemas of one server are two stores, and one schema under two names is one.
        let clock = Arc::new(FixedClock(time::macros::datetime!(2026-01-01 0:00 UTC)));
        let address = crate::registry::tests::cluster::empty_postgres();
        let beside = Registry::open(&address, "fleet", Arc::<FixedClock>::clone(&clock)).unwrap();
        let same = Registry::open(&address, "fleet", clock).unwrap();
        assert_eq!(copy(&source, &beside, |_| Ok(())).unwrap().tables.len(), TABLES.len());
        assert!(matches!(copy(&beside, &same, |_| Ok(())), Err(RegistryError::Refused { .. })));
        assert_eq!(beside.store(), server.store());
        // Broken off once on the way: the last key is found in the order of the other engine too.
        let away = || RegistryError::Away { store: String::new(), reason: "stopped".to_owned() };
        let broken = copy(&source, &server, |progress| if progress.batches == 4 { Err(away()) } else { Ok(()) });
        assert!(broken.is_err());
        let there = copy(&beside, &server, |_| Ok(())).unwrap();
        let back = registry(folder.path(), "back.db");
        let here = copy(&server, &back, |_| Ok(())).unwrap();
        assert_eq!(there.tables, here.tables);
        assert!(here.tables.iter().all(|(name, rows, _)| *rows > 0 || panic!("{name} is empty")));
        for store in [&server, &back] {
            assert_eq!(store.verify_events().unwrap(), source.verify_events().unwrap());
            store.retire_device("device-0001", None, "worn", "operator ann").unwrap();
            assert_eq!(store.verify_events().unwrap(), Ok(1_101));
        }
    }
}
