//! The steps: their order, their targets, their proofs.

use super::world::*;
use crate::delivery::{SealedMaterial, Step};
use crate::fleet::{Class, Diagnose, Digest};
use crate::ledger::*;

#[test]
fn steps_out_of_order_are_refused_and_change_nothing() {
    let world = World::new();
    let ticket = world.begin(&plan("gw-1"), &stick("A")).unwrap().ticket();
    let faults = [
        world.ledger.sealed(&ticket, issue_missing(&ticket, "x"), artifact_of(&ticket), spool_of(&ticket)),
        world.ledger.exposed(&ticket),
        world.ledger.verified(&ticket, &receipt(&ticket, &stick("A"))),
        world.ledger.registered(&ticket),
    ];
    for fault in faults {
        assert_eq!(fault.unwrap_err().class(), Class::Fault);
    }
    assert!(world.generations("gw-1").is_empty());
    world.is_sound();
}

#[test]
fn a_swapped_target_is_refused_by_bind() {
    let world = World::new();
    let ticket = world.begin(&plan("gw-1"), &stick("A")).unwrap().ticket();
    let refused = world.ledger.bind(&ticket, &stick("B")).unwrap_err();
    assert!(matches!(refused, LedgerError::BoundElsewhere { .. }));
    assert_eq!(refused.class(), Class::Refused);
    world.ledger.bind(&ticket, &stick("A")).unwrap();
    assert!(world.ledger.bind(&ticket, &image("a.img")).is_err());
}

#[test]
fn a_step_done_twice_is_recorded_once() {
    let world = World::new();
    let ticket = world.begin(&plan("gw-1"), &stick("A")).unwrap().ticket();
    let twice = |step: &dyn Fn() -> Result<(), LedgerError>| {
        step().unwrap();
        step().unwrap();
    };
    twice(&|| world.ledger.bind(&ticket, &stick("A")));
    world.ledger.sealed(&ticket, issue_missing(&ticket, "x"), artifact_of(&ticket), spool_of(&ticket)).unwrap();
    twice(&|| world.ledger.exposed(&ticket));
    twice(&|| world.ledger.verified(&ticket, &receipt(&ticket, &stick("A"))));
    twice(&|| world.ledger.registered(&ticket));
    world.ledger.finish(ticket).unwrap();
    let kinds: Vec<String> = world.ledger.log(100, None).unwrap().into_iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, ["begin", "bind", "sealed", "exposed", "verified", "registered", "finished"]);
    world.is_sound();
}

#[test]
fn a_receipt_of_something_else_is_no_proof() {
    let world = World::new();
    let ticket = world.begin(&plan("gw-1"), &stick("A")).unwrap().ticket();
    world.ledger.bind(&ticket, &stick("A")).unwrap();
    world.ledger.sealed(&ticket, issue_missing(&ticket, "x"), artifact_of(&ticket), spool_of(&ticket)).unwrap();
    world.ledger.exposed(&ticket).unwrap();
    let good = receipt(&ticket, &stick("A"));
    let mut others = [good.clone(), good.clone(), good.clone()];
    others[0].target = stick("B");
    others[1].artifact = Digest::of(b"other");
    others[2].read_back = Digest::of(b"other");
    for other in others {
        assert!(world.ledger.verified(&ticket, &other).is_err());
    }
    assert_eq!(world.generations("gw-1"), ["identity 1 pending+", "management 1 pending+"]);
    world.ledger.verified(&ticket, &good).unwrap();
}

#[test]
fn credentials_that_the_delivery_did_not_ask_for_or_that_miss_are_refused_whole() {
    let world = World::new();
    let ticket = world.begin(&plan("gw-1"), &stick("A")).unwrap().ticket();
    world.ledger.bind(&ticket, &stick("A")).unwrap();
    let mut wrong = issue_missing(&ticket, "x");
    wrong[0].public.generation = 2;
    let mut few = issue_missing(&ticket, "x");
    few.pop();
    for new in [wrong, few] {
        let refused = world.ledger.sealed(&ticket, new, artifact_of(&ticket), spool_of(&ticket)).unwrap_err();
        assert_eq!(refused.class(), Class::Fault);
        assert!(world.generations("gw-1").is_empty());
    }
}

#[test]
fn conclude_does_the_last_two_steps_in_one() {
    let world = World::new();
    let ticket = world.begin(&plan("gw-1"), &stick("A")).unwrap().ticket();
    drive_to_verified(&world, &ticket);
    world.ledger.conclude(ticket).unwrap();
    assert_eq!(world.deliveries("gw-1"), ["1 finished"]);
    let device = world.ledger.device(&id("gw-1")).unwrap().unwrap().device;
    assert_eq!((device.state, device.target.as_deref()), (DeviceState::Registered, Some("/dev/A")));
    world.is_sound();
}

fn drive_to_verified(world: &World, ticket: &Ticket) {
    world.ledger.bind(ticket, &stick("A")).unwrap();
    world.ledger.sealed(ticket, issue_missing(ticket, "x"), artifact_of(ticket), spool_of(ticket)).unwrap();
    world.ledger.exposed(ticket).unwrap();
    world.ledger.verified(ticket, &receipt(ticket, &stick("A"))).unwrap();
}

/// Delivers with private material and spool of many pages.
fn deliver_at_length(world: &World, name: &str, last: Step) {
    let target = stick(name);
    let long = |what: &str| format!("{what} of {name} ").repeat(1_000).into_bytes();
    let ticket = world.begin(&plan(name), &target).unwrap().ticket();
    world.ledger.bind(&ticket, &target).unwrap();
    let mut new = issue_missing(&ticket, "x");
    for credential in &mut new {
        let which = &credential.public.name;
        credential.material =
            SealedMaterial { key: long(&format!("{which} key")), body: long(&format!("{which} body")) };
    }
    let spool = SealedMaterial { key: long("spool key"), body: long("spool body") };
    world.ledger.sealed(&ticket, new, artifact_of(&ticket), spool).unwrap();
    if last == Step::Finished {
        world.ledger.exposed(&ticket).unwrap();
        world.ledger.verified(&ticket, &receipt(&ticket, &target)).unwrap();
        world.ledger.conclude(ticket).unwrap();
    }
}

#[test]
fn destroyed_material_and_spools_are_in_no_byte_of_the_file() {
    let world = World::new();
    deliver_at_length(&world, "gw-1", Step::Finished);
    deliver_at_length(&world, "gw-2", Step::Sealed);
    deliver_at_length(&world, "gw-3", Step::Finished);
    let world = world.restart();
    let bytes = std::fs::read(world.path()).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    for there in ["identity body of gw-2", "spool body of gw-2", "management body of gw-1", "management key of gw-3"] {
        assert!(holds(there), "the test would notice what is there: {there}");
    }
    for gone in ["identity body", "identity key", "spool body", "spool key"] {
        for device in ["gw-1", "gw-3"] {
            assert!(!holds(&format!("{gone} of {device}")), "{gone} of {device}");
        }
    }
    let log = std::fs::read(world.folder.path().join("ledger.db-wal")).unwrap_or_default();
    assert!(log.is_empty());
}

#[test]
fn a_clock_set_back_does_not_set_the_ledger_back() {
    let world = World::new();
    world.deliver(&plan("gw-1"), &stick("A"));
    world.watch.0.store(NOON - 1_000_000, std::sync::atomic::Ordering::SeqCst);
    world.deliver(&plan("gw-2"), &stick("B"));
    let times: Vec<String> = world.ledger.log(100, None).unwrap().into_iter().map(|entry| entry.at).collect();
    assert!(times.is_sorted());
    world.is_sound();
}

#[test]
fn a_rehearsal_after_the_stick_does_not_overwrite_where_the_device_was_delivered() {
    let world = World::new();
    let new = |ticket: &Ticket| {
        let names = ticket.credentials.iter().filter(|state| state.issued.is_none());
        names.map(|state| issue(&ticket.device, &state.name, 1, crate::fleet::Retain::Keep, "k")).collect::<Vec<_>>()
    };
    for target in [image("a.img"), stick("A"), image("b.img")] {
        let ticket = world.begin(&plan("gw-1"), &target).unwrap().ticket();
        world.ledger.bind(&ticket, &target).unwrap();
        world.ledger.sealed(&ticket, new(&ticket), artifact_of(&ticket), spool_of(&ticket)).unwrap();
        world.ledger.exposed(&ticket).unwrap();
        world.ledger.verified(&ticket, &receipt(&ticket, &target)).unwrap();
        world.ledger.conclude(ticket).unwrap();
    }
    let device = world.ledger.device(&id("gw-1")).unwrap().unwrap().device;
    assert_eq!(device.target.as_deref(), Some("/dev/A"));
    world.is_sound();
}
