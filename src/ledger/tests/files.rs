//! The file: whose it is, what it is, who may read it.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use super::world::*;
use crate::delivery::Clock;
use crate::fleet::{Class, Diagnose};
use crate::ledger::*;

fn try_open(path: &std::path::Path, fleet: &str, world: &World) -> Result<Ledger, LedgerError> {
    Ledger::open(path, fleet, provenance(), Arc::clone(&world.watch) as Arc<dyn Clock>)
}

#[test]
fn a_new_ledger_is_readable_by_its_owner_only() {
    let world = World::new();
    world.deliver(&plan("gw-1"), &stick("A"));
    for entry in std::fs::read_dir(world.folder.path()).unwrap().flatten() {
        let mode = entry.metadata().unwrap().permissions().mode() & 0o7777;
        let wanted = if entry.file_type().unwrap().is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, wanted, "{:?}", entry.path());
    }
    assert!(Ledger::exists(&world.path()) && !Ledger::exists(&world.folder.path().join("none")));
}

#[test]
fn a_newer_schema_is_refused_with_both_numbers_and_left_alone() {
    let world = World::new();
    world.deliver(&plan("gw-1"), &stick("A"));
    let world = world.restart();
    rusqlite::Connection::open(world.path()).unwrap().pragma_update(None, "user_version", 7).unwrap();
    let error = try_open(&world.path(), "acme", &world).err().unwrap();
    assert!(matches!(error, LedgerError::NewerSchema { found: 7, known: 3, .. }), "{error}");
    assert_eq!(error.class(), Class::Input);
}

#[test]
fn another_fleets_ledger_is_refused() {
    let world = World::new();
    let error = try_open(&world.path(), "umbrella", &world).err().unwrap();
    assert!(matches!(&error, LedgerError::OtherFleet { found, .. } if found == "acme"), "{error}");
}

#[test]
fn what_is_no_ledger_is_named_and_left_alone() {
    let world = World::new();
    let path = world.folder.path().join("strange.db");
    for content in ["not a database at all, but long enough to be taken for one ".repeat(20), "short".into()] {
        std::fs::write(&path, &content).unwrap();
        let error = try_open(&path, "acme", &world).err().unwrap();
        assert!(matches!(&error, LedgerError::Corrupt { path: named, .. } if *named == path), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    }
    std::fs::remove_file(&path).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    assert!(matches!(try_open(&path, "acme", &world), Err(LedgerError::Corrupt { .. })));
}

#[test]
fn a_damaged_ledger_is_an_error_with_its_path_never_a_panic() {
    let world = World::new();
    for number in 0..20 {
        world.deliver(&plan(&format!("gw-{number}")), &stick("A"));
    }
    let world = world.restart();
    let good = std::fs::read(world.path()).unwrap();
    let whole = content(&world.ledger);
    let broken = world.folder.path().join("broken.db");
    for start in (0..good.len()).step_by(good.len() / 40) {
        let mut bytes = good.clone();
        let end = (start + 64).min(bytes.len());
        bytes[start..end].fill(0xA5);
        std::fs::write(&broken, &bytes).unwrap();
        match try_open(&broken, "acme", &world) {
            Err(error) => assert!(error.to_string().contains("broken.db"), "{error}"),
            Ok(ledger) => {
                let sound = ledger.verify_chain().is_ok_and(|report| report.is_sound());
                assert!(!sound || content(&ledger) == whole, "damage at {start} was not noticed");
                let _ = (ledger.pending(), content(&ledger));
            }
        }
    }
}

/// All that can be read, or nothing if something cannot. Damage in the unused part of a page changes nothing of it.
fn content(ledger: &Ledger) -> Option<String> {
    let devices = ledger.devices(&DeviceFilter::default()).ok()?;
    let histories: Result<Vec<_>, _> = devices.iter().map(|record| ledger.device(&record.id)).collect();
    serde_json::to_string(&(histories.ok()?, ledger.log(10_000, None).ok()?)).ok()
}

#[test]
fn a_place_where_no_file_can_be_is_a_failure_of_the_surroundings() {
    let world = World::new();
    for path in ["absent/ledger.db", "ledger.db/ledger.db"] {
        let path = world.folder.path().join(path);
        let error = try_open(&path, "acme", &world).err().unwrap();
        assert_eq!(error.class(), Class::Surroundings, "{error}");
        assert!(error.to_string().contains(&*path.to_string_lossy()));
    }
}

#[test]
fn a_snapshot_is_a_whole_sound_ledger() {
    let world = World::new();
    world.deliver(&plan("gw-1"), &stick("A"));
    let to = world.folder.path().join("copy.db");
    world.ledger.snapshot(&to).unwrap();
    assert_eq!(std::fs::metadata(&to).unwrap().permissions().mode() & 0o7777, 0o600);
    let copy = open(&to, &world.watch);
    assert!(copy.verify_chain().unwrap().is_sound());
    assert_eq!(begin(&copy, &plan("gw-1"), &stick("A"), None).unwrap().word(), "done");
    assert!(world.ledger.snapshot(&to).is_err(), "a file that is there is not overwritten");
}
