//! What can be asked.

use super::world::*;
use crate::delivery::Step;
use crate::fleet::Class;
use crate::ledger::*;

fn three() -> World {
    let world = World::new();
    world.deliver(&plan("gw-1"), &stick("A"));
    world.deliver_to(&plan("gw-2"), &stick("B"), Step::Exposed);
    world.deliver(&plan("gw-3"), &image("c.img"));
    world
}

#[test]
fn devices_come_in_pages_in_the_order_of_their_names() {
    let world = three();
    let names = |filter: &DeviceFilter| -> Vec<String> {
        world.ledger.devices(filter).unwrap().into_iter().map(|record| record.id.to_string()).collect()
    };
    assert_eq!(names(&DeviceFilter::default()), ["gw-1", "gw-2", "gw-3"]);
    assert_eq!(names(&DeviceFilter { limit: Some(1), after: Some(id("gw-1")), ..Default::default() }), ["gw-2"]);
    assert_eq!(names(&DeviceFilter { state: Some(DeviceState::Registered), ..Default::default() }), ["gw-1", "gw-3"]);
    assert!(names(&DeviceFilter { profile: Some("sensor".into()), ..Default::default() }).is_empty());
}

#[test]
fn pending_names_the_step_the_target_and_the_failure() {
    let world = World::new();
    let ticket = world.begin(&plan("gw-1"), &stick("A")).unwrap().ticket();
    world.ledger.bind(&ticket, &stick("A")).unwrap();
    world.ledger.failed(&ticket, Class::Surroundings, &"x".repeat(5_000)).unwrap();
    let pending = world.ledger.pending().unwrap();
    assert_eq!((pending.len(), pending[0].reached, pending[0].under_way), (1, "bind", false));
    assert_eq!(pending[0].failure.as_ref().unwrap().len(), 2_000);
    serde_json::to_string(&pending).unwrap();
}

#[test]
fn a_target_is_known_by_what_was_finished_on_it_last() {
    let world = three();
    assert_eq!(world.ledger.finished_on(&stick("A")).unwrap()[0].device, id("gw-1"));
    assert!(world.ledger.finished_on(&stick("B")).unwrap().is_empty());
    assert!(world.ledger.finished_on(&stick("Z")).unwrap().is_empty());
    assert_eq!(world.ledger.interrupted_on(&stick("B")).unwrap().unwrap().device, id("gw-2"));
    assert!(world.ledger.interrupted_on(&stick("A")).unwrap().is_none());
    world.deliver_to(&plan("gw-4"), &stick("A"), Step::Exposed);
    assert!(world.ledger.finished_on(&stick("A")).unwrap().is_empty(), "gw-4 is half written over it");
}

#[test]
fn the_next_device_is_the_first_that_has_nothing_yet() {
    let world = three();
    world.ledger.retire(&id("gw-2"), "gone").ok();
    let ids = ["gw-1", "gw-3", "gw-5"].map(id);
    assert_eq!(
        world.ledger.next_undelivered(&ids, "stick", true).unwrap(),
        Some(&ids[1]),
        "a rehearsal does not count"
    );
    assert_eq!(world.ledger.next_undelivered(&ids, "stick", false).unwrap(), Some(&ids[2]));
    assert_eq!(world.ledger.next_undelivered(&ids[..1], "stick", true).unwrap(), None);
    assert_eq!(world.ledger.next_undelivered(&ids[..1], "card", true).unwrap(), Some(&ids[0]));
}

#[test]
fn why_tells_every_record_and_the_next_command() {
    let world = three();
    let why = world.ledger.why(&id("GW-2")).unwrap();
    assert_eq!(why.lines[0], "known, never delivered");
    assert!(why.lines.iter().any(|line| line.contains("credential identity generation 1 is pending")));
    assert!(why.next.as_ref().unwrap().contains("firstlight write gw-2 --to drive:"));
    assert!(why.events.iter().all(|entry| entry.device.as_deref() == Some("gw-2")));
    assert_eq!(why.events.len(), 4);
    assert_eq!(world.ledger.why(&id("gw-1")).unwrap().next, None);
    assert!(matches!(world.ledger.why(&id("gw-9")), Err(LedgerError::Unknown { .. })));
    serde_json::to_string(&why).unwrap();
}

#[test]
fn every_row_says_who_where_for_what_and_with_which_tool() {
    let world = three();
    for entry in world.ledger.log(100, None).unwrap() {
        assert_eq!(
            (entry.operator.as_str(), entry.station.as_str(), entry.batch.as_deref(), entry.tool.as_str()),
            ("ada", "bench-1", Some("B7"), "firstlight 0.1.0")
        );
    }
    let last = world.ledger.log(2, Some(&id("gw-1"))).unwrap();
    assert_eq!(last.iter().map(|entry| entry.kind.as_str()).collect::<Vec<_>>(), ["registered", "finished"]);
}

#[test]
fn no_row_of_the_ledger_holds_a_secret() {
    let world = three();
    let text = serde_json::to_string(&world.ledger.log(1_000, None).unwrap()).unwrap();
    let history = serde_json::to_string(&world.ledger.device(&id("gw-1")).unwrap()).unwrap();
    for secret in ["sealed body", "wrapped key", "spool body", "for hub"] {
        for form in [secret.to_owned(), hex::encode(secret)] {
            assert!(!text.contains(&form) && !history.contains(&form), "{secret}");
        }
    }
}
