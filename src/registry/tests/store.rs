//! The store itself: chain, schema, groups of requests, lost connections.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fleet::EndpointName;
use crate::host::surroundings::SystemClock;
use crate::registry::{Allowed, Registry, RegistryError, RowEnd, chain};

use super::cluster::{empty_postgres, on_both_stores, stranger};
use super::world::{on_both_engines, open, policy};

fn name(text: &str) -> EndpointName {
    EndpointName::new(text).unwrap()
}

/// Runs a script on the store behind the registry's back.
fn by_hand(address: &str, script: &str) {
    if address.contains("://") {
        stranger(address).batch_execute(script).unwrap();
    } else {
        rusqlite::Connection::open(address).unwrap().execute_batch(script).unwrap();
    }
}

fn verified(registry: &Registry) -> Result<i64, i64> {
    registry.read(|reading| chain::verify(reading.sql, reading.tenant)).unwrap()
}

#[test]
fn a_chain_holds_and_every_kind_of_tampering_is_found() {
    for (script, first) in [
        ("UPDATE event SET actor = 'eve' WHERE seq = 2", 2),
        ("UPDATE event SET detail = '{}' WHERE seq = 3", 3),
        ("DELETE FROM event WHERE seq = 1", 1),
        ("DELETE FROM event WHERE seq = 3", 3),
    ] {
        on_both_stores(|address| {
            let registry = open(address);
            for device in ["a", "b", "c"] {
                registry.block("operator ann", &name(device), "lost").unwrap();
            }
            assert_eq!(verified(&registry), Ok(3));
            by_hand(address, script);
            let found = verified(&registry);
            assert!(found == Err(first), "{script} gives {found:?} in {address}");
        });
    }
}

#[test]
fn a_newer_schema_is_refused() {
    on_both_stores(|address| {
        drop(open(address));
        by_hand(address, "UPDATE registry_schema SET version = 99");
        let opened = Registry::open(address, "acme", Arc::new(SystemClock)).err();
        assert!(matches!(opened, Some(RegistryError::NewerSchema { found: 99, .. })), "{opened:?}");
    });
}

#[test]
fn a_file_that_is_no_database_is_refused_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter");
    let letter = "Dear Ann,\n".repeat(500);
    std::fs::write(&path, &letter).unwrap();
    let opened = Registry::open(path.to_str().unwrap(), "acme", Arc::new(SystemClock)).err();
    assert!(matches!(opened, Some(RegistryError::Damaged { .. })), "{opened:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), letter);
}

#[test]
fn many_that_open_a_store_at_once_make_it_once() {
    on_both_stores(|address| {
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..6).map(|_| scope.spawn(|| open(address).ping())).collect();
            all.into_iter().for_each(|one| one.join().unwrap().unwrap());
        });
        assert_eq!(verified(&open(address)), Ok(0));
    });
}

#[test]
fn one_of_many_requests_fails_alone() {
    on_both_engines(|registry| {
        std::thread::scope(|scope| {
            for number in 0..40 {
                scope.spawn(move || {
                    let device = name(&format!("d{number}"));
                    let done = registry.write(move |writing| {
                        let text = "INSERT INTO block (tenant, device, reason, since) VALUES ($1, $2, 'x', 0)";
                        writing.sql.execute(text, &[writing.tenant.into(), device.folded().into()])?;
                        let fails = number % 5 == 0;
                        if fails {
                            writing.sql.execute("INSERT INTO nowhere VALUES (1)", &[]).map(|_| ())
                        } else {
                            Ok(())
                        }
                    });
                    assert_eq!(done.is_err(), number % 5 == 0);
                });
            }
        });
        assert_eq!(registry.block_list("", 99).unwrap().len(), 32);
    });
}

#[test]
fn a_postgres_that_drops_every_connection_is_found_again() {
    let address = empty_postgres();
    let registry = open(&address);
    registry.block("operator ann", &name("a"), "lost").unwrap();
    assert_eq!(registry.block_list("", 9).unwrap().len(), 1);
    let dropped = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'firstlight'";
    by_hand(&address, dropped);
    assert_eq!(registry.block_list("", 9).unwrap().len(), 1);
    by_hand(&address, dropped);
    registry.block("operator ann", &name("b"), "lost").unwrap();
    assert_eq!((registry.block_list("", 9).unwrap().len(), verified(&registry)), (2, Ok(2)));
}

#[test]
fn an_import_tells_of_each_row_and_may_be_repeated() {
    on_both_engines(|registry| {
        registry.declare_groups("ann", &BTreeMap::from([("east".to_owned(), policy())])).unwrap();
        let entry = |device: String| Allowed { device, attributes: BTreeMap::new(), max_uses: None, expires: None };
        let rows = || (0..5000).map(|number| Ok(entry(format!("D{number:05}")))).chain([Err("line 9".to_owned())]);
        let mut last = None;
        let sum = registry.import_allowed("ann", "east", rows(), &mut |row, end| last = Some((row, end.clone())));
        assert_eq!((sum.rows, sum.added, sum.refused, sum.stopped), (5001, 5000, 1, None));
        assert_eq!(last, Some((5000, RowEnd::Refused("line 9".to_owned()))));
        assert_eq!(registry.import_allowed("ann", "east", rows(), &mut |_, _| ()).same, 5000);
        let twice = [Ok(entry("new".into())), Ok(Allowed { max_uses: Some(1), ..entry("NEW".into()) })];
        let sum = registry.import_allowed("ann", "east", twice, &mut |_, _| ());
        assert_eq!((sum.added, sum.changed), (1, 1));
        assert_eq!(registry.allow_list("east", "d04999", 9).unwrap()[0].0.max_uses, Some(1));
        assert_eq!(registry.group_usage("east").unwrap().allowed, 5001);
        registry.disallow("ann", "east", &name("new")).unwrap();
        assert!(registry.disallow("ann", "east", &name("new")).is_err());
        assert!(registry.import_allowed("ann", "north", rows(), &mut |_, _| ()).stopped.is_some());
    });
}

#[test]
fn a_denied_stranger_is_forgotten_and_an_approved_one_is_assigned() {
    on_both_stores(|address| {
        let registry = open(address);
        registry.declare_groups("ann", &BTreeMap::from([("east".to_owned(), policy())])).unwrap();
        let mut script = "UPDATE grp SET used = 3;".to_owned();
        for (device, origin) in [("a", "registered"), ("b", "registered"), ("c", "inventory")] {
            script += &format!(
                "INSERT INTO device (tenant, folded, id, grp, state, origin, registration, attributes, etag, created,
                    changed) VALUES ('acme', '{device}', '{device}', 'east', 'pending', '{origin}', 'r{device}', '{{}}',
                    1, 0, 0);
                INSERT INTO registration (tenant, id, request, digest, device, grp, state, asked, answer, listed, created,
                    changed)
                    VALUES ('acme', 'r{device}', 'q{device}', {}, '{device}', 'east', 'pending', '{{}}', '', 0, 0, 0);",
                if address.contains("://") { "'\\x00'" } else { "x'00'" }
            );
        }
        by_hand(address, &script);
        assert_eq!(registry.open_registrations("ra", 9).unwrap().len(), 2);
        registry.approve("ann", "ra", "known by sight").unwrap();
        registry.deny("ann", "rb", "stranger").unwrap();
        registry.deny("ann", "rc", "not today").unwrap();
        assert!(matches!(registry.approve("ann", "rb", ""), Err(RegistryError::Conflict { .. })));
        assert!(matches!(registry.deny("ann", "rx", ""), Err(RegistryError::NotFound { .. })));
        let usage = registry.group_usage("east").unwrap();
        let states: Vec<_> = usage.devices.iter().map(|(state, count)| (state.as_str(), *count)).collect();
        assert_eq!((usage.used, states), (1, vec![("expected", 1), ("registered", 1)]));
        assert!(registry.open_registrations("", 9).unwrap().is_empty());
        assert!(verified(&registry).is_ok());
    });
}

/// Before, PostgreSQL takes a list for short and goes through all of it for each row of the next piece.
#[test]
fn postgresql_counts_a_list_that_is_being_imported() {
    let address = empty_postgres();
    let registry = open(&address);
    registry.declare_groups("ann", &BTreeMap::from([("east".to_owned(), policy())])).unwrap();
    let entry = |device: String| Allowed { device, attributes: BTreeMap::new(), max_uses: None, expires: None };
    let row = |number| Ok(entry(format!("gw-{number}")));
    let rows_known = |rows: std::ops::Range<u32>| {
        let sum = registry.import_allowed("ann", "east", rows.map(row), &mut |_, _| ());
        assert!(sum.stopped.is_none(), "{sum:?}");
        let known = "SELECT reltuples FROM pg_class WHERE oid = 'allow'::regclass";
        stranger(&address).query_one(known, &[]).unwrap().get::<_, f32>(0)
    };
    assert!(rows_known(0..10) < 1.0);
    assert!(rows_known(10..3_000) >= 2_000.0);
}
