//! What a thousand devices cost, counted in commits and bytes, not in seconds.

use rusqlite::StatementStatus;

use super::world::*;
use crate::delivery::Step;
use crate::ledger::*;

#[test]
fn a_thousand_devices_take_few_commits_and_few_bytes() {
    let world = World::new();
    std::thread::scope(|scope| {
        for slot in 0..32 {
            let world = &world;
            scope.spawn(move || {
                for number in (slot..1_000).step_by(32) {
                    world.deliver(&plan(&format!("gw-{number}")), &stick("A"));
                }
            });
        }
    });
    let (requests, commits) = world.ledger.writes();
    assert_eq!(requests, 7_000);
    assert!(commits * 4 < requests, "{commits} commits for {requests} requests");
    let world = world.restart();
    let size = std::fs::metadata(world.path()).unwrap().len();
    assert!(size < 1_000 * 10_000, "{size} bytes for a thousand devices");
    assert_eq!(world.ledger.devices(&DeviceFilter::default()).unwrap().len(), 1_000);
    world.is_sound();
}

#[test]
fn what_devices_share_is_stored_once() {
    let world = World::new();
    for number in 0..20 {
        world.deliver_to(&plan(&format!("gw-{number}")), &stick("A"), Step::Sealed);
    }
    let world = world.restart();
    let bytes = std::fs::read(world.path()).unwrap();
    let reason = "a reason that is long enough to be shared".as_bytes();
    let found = bytes.windows(reason.len()).filter(|window| *window == reason).count();
    assert_eq!(found, 5, "the text stands five times in the one plan, and in no other row");
}

#[test]
fn no_statement_is_planned_again_for_another_value() {
    let world = World::new();
    world.deliver(&plan("gw-1"), &stick("A"));
    let conn = connection::open(&world.path()).unwrap();
    let question = "SELECT row FROM deliveries WHERE device = ?1 AND name = ?2 AND state = 'open'";
    let mut statement = conn.prepare(question).unwrap();
    for device in 1..4 {
        let _ = statement.exists((device, "stick")).unwrap();
    }
    assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
}

#[test]
fn what_a_savepoint_keeps_goes_to_no_file_elsewhere() {
    let world = World::new();
    let conn = connection::open(&world.path()).unwrap();
    let place: i64 = conn.query_row("PRAGMA temp_store", [], |row| row.get(0)).unwrap();
    assert_eq!(place, 2, "2 is memory");
}
