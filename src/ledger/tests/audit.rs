//! Tampering is found: any column of any row, rows deleted, swapped, added, cut off.

use rusqlite::Connection;
use rusqlite::types::Value;

use super::world::*;
use crate::delivery::Step;
use crate::ledger::*;

/// A closed ledger with something in every table, its bytes, and a place for a tampered copy.
fn sample() -> (World, Vec<u8>) {
    let world = World::new();
    world.deliver(&plan("gw-1"), &stick("A"));
    world.deliver_to(&plan("gw-2"), &stick("B"), Step::Exposed);
    world.deliver(&zone(plan("gw-3"), "UTC"), &image("c.img"));
    let ticket = world.again(&plan("gw-1"), &stick("C"), Again::Lost).unwrap().ticket();
    drive(&world.ledger, ticket, &stick("C"), Step::Finished);
    world.is_sound();
    let world = world.restart();
    let bytes = std::fs::read(world.path()).unwrap();
    (world, bytes)
}

/// Applies `change` to a copy in memory of the file, and returns what the check finds.
fn tamper(world: &World, bytes: &[u8], change: impl FnOnce(&Connection)) -> ChainReport {
    let path = world.folder.path().join("tampered.db");
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
    std::fs::write(&path, bytes).unwrap();
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(
        "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;
         DROP TRIGGER events_are_never_changed; DROP TRIGGER events_are_never_deleted;",
    )
    .unwrap();
    change(&conn);
    drop(conn);
    open(&path, &world.watch).verify_chain().unwrap()
}

fn columns(conn: &Connection, table: &str) -> Vec<String> {
    let statement = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
    statement.column_names().map(str::to_owned).collect()
}

fn rows(conn: &Connection, table: &str) -> Vec<i64> {
    let mut statement = conn.prepare(&format!("SELECT rowid FROM {table} ORDER BY rowid")).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn other(value: Value) -> Value {
    match value {
        Value::Null => Value::Integer(1),
        Value::Integer(number) => Value::Integer(number + 1_000),
        Value::Text(text) => Value::Text(format!("{text} ")),
        Value::Blob(mut bytes) => {
            bytes[0] ^= 1;
            Value::Blob(bytes)
        }
        Value::Real(number) => Value::Real(number + 1.0),
    }
}

#[test]
fn a_change_of_any_column_of_any_row_is_found() {
    let (world, bytes) = sample();
    let conn = Connection::open(world.path()).unwrap();
    assert!(tamper(&world, &bytes, |_| ()).is_sound(), "dropping the triggers alone changes no row");
    for table in ["events", "devices", "generations", "versions", "deliveries", "spools", "ledger"] {
        for row in rows(&conn, table) {
            for column in columns(&conn, table) {
                if (table, column.as_str()) == ("ledger", "fleet") || (table, column.as_str()) == ("ledger", "one") {
                    continue;
                }
                let place = format!("{table} {row} {column}");
                let mut applied = false;
                let report = tamper(&world, &bytes, |conn| {
                    let get = format!("SELECT {column} FROM {table} WHERE rowid = ?1");
                    let value: Value = conn.query_row(&get, [row], |row| row.get(0)).unwrap();
                    let nullable_integer = [("events", "delivery"), ("devices", "version"), ("devices", "hardware")];
                    let new = match other(value.clone()) {
                        Value::Integer(1) if value == Value::Null => {
                            let integer = nullable_integer.contains(&(table, column.as_str()));
                            if integer { Value::Integer(1) } else { Value::Text("x".into()) }
                        }
                        new => new,
                    };
                    let set = format!("UPDATE {table} SET {column} = ?2 WHERE rowid = ?1");
                    let as_text = conn.execute(&set, rusqlite::params![row, new]);
                    let as_blob = || conn.execute(&set, rusqlite::params![row, Value::Blob(vec![1])]);
                    applied = as_text.or_else(|_| as_blob()).is_ok();
                });
                // What the table itself does not take (a second device of that number, say) cannot be tampered with.
                assert!(!applied || !report.is_sound(), "{place} was changed and not found");
                assert!(applied || table == "generations" || table == "deliveries", "{place} could not be changed");
            }
        }
    }
}

#[test]
fn the_sample_has_a_spool_to_tamper_with() {
    let (world, _) = sample();
    assert_eq!(rows(&Connection::open(world.path()).unwrap(), "spools").len(), 1);
}

#[test]
fn another_fleets_name_breaks_the_chain() {
    let (world, bytes) = sample();
    let path = world.folder.path().join("renamed.db");
    std::fs::write(&path, bytes).unwrap();
    Connection::open(&path).unwrap().execute("UPDATE ledger SET fleet = 'other'", []).unwrap();
    let ledger = Ledger::open(&path, "other", provenance(), world.watch.clone()).unwrap();
    assert!(!ledger.verify_chain().unwrap().is_sound());
}

#[test]
fn a_deleted_row_is_found_wherever_it_was() {
    let (world, bytes) = sample();
    let conn = Connection::open(world.path()).unwrap();
    for table in ["events", "devices", "generations", "versions", "deliveries", "spools"] {
        for row in rows(&conn, table) {
            let report = tamper(&world, &bytes, |conn| {
                conn.execute(&format!("DELETE FROM {table} WHERE rowid = ?1"), [row]).unwrap();
            });
            assert!(!report.is_sound(), "{table} {row} was deleted and not found");
        }
    }
}

#[test]
fn swapped_rows_are_found() {
    let (world, bytes) = sample();
    let conn = Connection::open(world.path()).unwrap();
    let numbers = rows(&conn, "events");
    for pair in numbers.windows(2) {
        let report = tamper(&world, &bytes, |conn| {
            conn.execute("UPDATE events SET seq = -1 WHERE seq = ?1", [pair[0]]).unwrap();
            conn.execute("UPDATE events SET seq = ?1 WHERE seq = ?2", [pair[0], pair[1]]).unwrap();
            conn.execute("UPDATE events SET seq = ?1 WHERE seq = -1", [pair[1]]).unwrap();
        });
        assert!(!report.is_sound(), "{pair:?}");
    }
}

#[test]
fn cut_off_rows_are_found_by_the_states_even_if_the_note_of_the_end_is_mended() {
    let (world, bytes) = sample();
    let report = tamper(&world, &bytes, |conn| {
        conn.execute("DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)", []).unwrap();
        conn.execute(
            "UPDATE ledger SET events = (SELECT max(seq) FROM events),
             head = (SELECT digest FROM events ORDER BY seq DESC LIMIT 1)",
            [],
        )
        .unwrap();
    });
    assert!(report.findings.iter().any(|finding| finding.place.starts_with("deliveries")), "{:?}", report.findings);
}

#[test]
fn a_row_added_beside_the_ledger_is_found() {
    let (world, bytes) = sample();
    let report = tamper(&world, &bytes, |conn| {
        conn.execute(
            "INSERT INTO devices (folded, id, state, seen, changed) VALUES ('x', 'x', 'known', 'now', 'now')",
            [],
        )
        .unwrap();
    });
    assert_eq!(report.count, 1, "{:?}", report.findings);
    assert!(report.findings[0].finding.contains("does not know"));
}

#[test]
fn altered_shared_content_is_found() {
    let (world, bytes) = sample();
    let report = tamper(&world, &bytes, |conn| {
        conn.execute("UPDATE contents SET body = x'00' WHERE digest = (SELECT digest FROM contents LIMIT 1)", [])
            .unwrap();
    });
    assert_eq!(report.count, 1, "{:?}", report.findings);
}

#[test]
fn missing_shared_content_is_found() {
    let (world, bytes) = sample();
    let report = tamper(&world, &bytes, |conn| {
        conn.execute("DELETE FROM contents", []).unwrap();
    });
    assert!(!report.is_sound());
}

#[test]
fn rows_of_the_ledger_cannot_be_changed_by_ordinary_means() {
    let (world, _) = sample();
    let conn = Connection::open(world.path()).unwrap();
    assert!(conn.execute("UPDATE events SET operator = 'eve'", []).is_err());
    assert!(conn.execute("DELETE FROM events", []).is_err());
}
