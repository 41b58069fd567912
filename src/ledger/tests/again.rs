//! Deliveries made once more: lost, damaged, copy.

use super::world::*;
use crate::delivery::Step;
use crate::fleet::Retain;
use crate::ledger::*;

#[test]
fn a_lost_stick_means_new_generations_and_a_new_version() {
    let world = World::new();
    world.deliver(&plan("gw-1"), &stick("A"));
    let claim = world.again(&plan("gw-1"), &stick("B"), Again::Lost).unwrap();
    assert_eq!(claim.word(), "changed");
    let ticket = claim.ticket();
    assert_eq!(ticket.version, 2);
    assert_eq!(ticket.changes, ["credential identity: generation 1 -> 2", "credential management: generation 1 -> 2"]);
    assert!(ticket.credentials.iter().all(|state| state.generation == 2 && state.issued.is_none()));
    drive(&world.ledger, ticket, &stick("B"), Step::Finished);
    assert_eq!(
        world.generations("gw-1"),
        ["identity 1 revoked", "identity 2 active", "management 1 revoked", "management 2 active+"]
    );
    assert_eq!(world.begin(&plan("gw-1"), &stick("C")).unwrap().word(), "done", "without the word nothing is left");
    world.is_sound();
}

#[test]
fn a_stick_that_dies_after_exposed_is_given_up_as_lost() {
    let world = World::new();
    world.deliver_to(&plan("gw-1"), &stick("A"), Step::Exposed);
    let ticket = world.again(&plan("gw-1"), &stick("B"), Again::Lost).unwrap().ticket();
    assert!(ticket.credentials.iter().all(|state| state.generation == 2));
    drive(&world.ledger, ticket, &stick("B"), Step::Finished);
    assert_eq!(world.deliveries("gw-1"), ["1 lost", "2 finished"]);
    world.is_sound();
}

#[test]
fn lost_revokes_only_what_left_the_station() {
    let world = World::new();
    world.deliver_to(&plan("gw-1"), &stick("A"), Step::Sealed);
    let ticket = world.again(&plan("gw-1"), &stick("B"), Again::Lost).unwrap().ticket();
    assert!(ticket.credentials.iter().all(|state| state.generation == 1 && state.issued.is_some()));
    assert_eq!(world.deliveries("gw-1"), ["1 abandoned", "1 open"]);
    world.is_sound();
}

#[test]
fn lost_counts_for_an_image_that_a_person_copied_to_the_medium() {
    let world = World::new();
    world.deliver(&plan("gw-1"), &image("a.img"));
    let ticket = world.again(&plan("gw-1"), &image("a.img"), Again::Lost).unwrap().ticket();
    assert!(ticket.credentials.iter().all(|state| state.generation == 2));
    world.is_sound();
}

#[test]
fn an_interrupted_lost_run_started_again_revokes_nothing_more() {
    for last in [Step::Begin, Step::Sealed, Step::Exposed, Step::Verified] {
        let world = World::new();
        world.deliver(&plan("gw-1"), &stick("A"));
        let ticket = world.again(&plan("gw-1"), &stick("B"), Again::Lost).unwrap().ticket();
        drive(&world.ledger, ticket, &stick("B"), last);
        let world = world.restart();
        let claim = world.again(&plan("gw-1"), &stick("B"), Again::Lost).unwrap();
        assert_eq!(claim.word(), "resume", "after {last:?}");
        drive(&world.ledger, claim.ticket(), &stick("B"), Step::Finished);
        assert_eq!(
            world.generations("gw-1"),
            ["identity 1 revoked", "identity 2 active", "management 1 revoked", "management 2 active+"]
        );
        world.is_sound();
    }
}

#[test]
fn the_replacement_of_a_lost_stick_can_be_lost_too() {
    let world = World::new();
    world.deliver(&plan("gw-1"), &stick("A"));
    let ticket = world.again(&plan("gw-1"), &stick("B"), Again::Lost).unwrap().ticket();
    drive(&world.ledger, ticket, &stick("B"), Step::Exposed);
    let ticket = world.again(&plan("gw-1"), &stick("C"), Again::Lost).unwrap().ticket();
    assert!(ticket.credentials.iter().all(|state| state.generation == 3));
    drive(&world.ledger, ticket, &stick("C"), Step::Finished);
    assert_eq!(world.deliveries("gw-1"), ["1 finished", "2 lost", "3 finished"]);
    world.is_sound();
}

#[test]
fn a_damaged_stick_gets_the_same_generation_while_its_private_part_exists() {
    let world = World::new();
    world.deliver_to(&plan("gw-1"), &stick("A"), Step::Exposed);
    let claim = world.again(&plan("gw-1"), &stick("B"), Again::Damaged).unwrap();
    assert_eq!(claim.word(), "fresh");
    let ticket = claim.ticket();
    assert_eq!(ticket.version, 1);
    assert!(ticket.credentials.iter().all(|state| state.generation == 1 && state.issued.is_some()));
    drive(&world.ledger, ticket, &stick("B"), Step::Finished);
    assert_eq!(world.deliveries("gw-1"), ["1 damaged", "1 finished"]);
    assert_eq!(world.begin(&plan("gw-1"), &stick("C")).unwrap().word(), "done");
    world.is_sound();
}

#[test]
fn a_damaged_stick_gets_a_new_generation_of_what_was_destroyed_only() {
    let world = World::new();
    world.deliver(&plan("gw-1"), &stick("A"));
    let ticket = world.again(&plan("gw-1"), &stick("B"), Again::Damaged).unwrap().ticket();
    assert_eq!(ticket.changes, ["credential identity: generation 1 -> 2"]);
    drive(&world.ledger, ticket, &stick("B"), Step::Finished);
    assert_eq!(world.generations("gw-1"), ["identity 1 retired", "identity 2 active", "management 1 active+"]);
    assert_eq!(world.begin(&plan("gw-1"), &stick("C")).unwrap().word(), "done");
    world.is_sound();
}

#[test]
fn a_copy_carries_the_same_generation_and_needs_its_private_part() {
    let world = World::new();
    world.deliver(&plan("gw-1"), &image("a.img"));
    let claim = world.again(&plan("gw-1"), &image("b.img"), Again::Copy).unwrap();
    assert_eq!(claim.word(), "fresh");
    drive(&world.ledger, claim.ticket(), &image("b.img"), Step::Finished);
    let ticket = world.again(&plan("gw-1"), &stick("A"), Again::Copy).unwrap().ticket();
    drive(&world.ledger, ticket, &stick("A"), Step::Finished);
    assert_eq!(world.deliveries("gw-1"), ["1 finished", "1 finished", "1 finished"]);
    let refused = world.again(&plan("gw-1"), &stick("B"), Again::Copy);
    assert!(matches!(refused, Err(LedgerError::MaterialDestroyed { .. })));
    assert_eq!(world.begin(&plan("gw-1"), &stick("B")).unwrap().word(), "done");
    world.is_sound();
}

#[test]
fn a_copy_does_not_leave_a_half_written_stick_behind() {
    let world = World::new();
    world.deliver_to(&plan("gw-1"), &stick("A"), Step::Exposed);
    let refused = world.again(&plan("gw-1"), &stick("B"), Again::Copy);
    assert!(matches!(refused, Err(LedgerError::ExposedElsewhere { .. })));
}

#[test]
fn a_copy_to_another_image_interrupted_before_sealing_is_not_forgotten() {
    let world = World::new();
    world.deliver(&plan("gw-1"), &image("a.img"));
    let ticket = world.again(&plan("gw-1"), &image("b.img"), Again::Copy).unwrap().ticket();
    drive(&world.ledger, ticket, &image("b.img"), Step::Bind);
    let claim = world.again(&plan("gw-1"), &image("c.img"), Again::Copy).unwrap();
    assert_eq!(claim.word(), "fresh", "the copy is still wanted, on the other target");
    world.is_sound();
}

#[test]
fn a_rotated_credential_replaces_the_old_one_when_the_device_has_it() {
    let world = World::new();
    let names = ["identity".into()];
    let numbers = |world: &World| {
        let states = world.ledger.generations_to_rotate(&plan("gw-1"), &names).unwrap();
        states.iter().map(|state| (state.generation, state.issued.is_some())).collect::<Vec<_>>()
    };
    let make = |number, seed| {
        let new = vec![issue(&id("gw-1"), "identity", number, Retain::Keep, seed)];
        world.ledger.record_issued_for(&plan("gw-1"), new).unwrap();
    };
    assert_eq!(numbers(&world), [(1, false)]);
    make(1, "a");
    // Asked again before it was confirmed: the same one.
    assert_eq!(numbers(&world), [(1, true)]);
    assert_eq!(world.ledger.confirm_rotation(&plan("gw-1"), &names).unwrap(), ["identity"]);
    assert_eq!(numbers(&world), [(2, false)]);
    make(2, "b");
    let state = |number: u32| {
        let history = world.ledger.device(&id("gw-1")).unwrap().unwrap();
        let found = history.generations.into_iter().find(|known| known.public.generation == number).unwrap();
        found.state
    };
    // The old one holds until the new one is confirmed.
    assert_eq!((state(1), state(2)), (GenerationState::Active, GenerationState::Pending));
    assert_eq!(numbers(&world), [(2, true)]);
    world.ledger.confirm_rotation(&plan("gw-1"), &names).unwrap();
    assert_eq!((state(1), state(2)), (GenerationState::Retired, GenerationState::Active));
    assert!(world.ledger.confirm_rotation(&plan("gw-1"), &names).unwrap().is_empty());
    world.is_sound();
}

#[test]
fn a_new_generation_that_a_device_shows_is_in_force_though_it_never_said_so() {
    let world = World::new();
    for (number, seed) in [(1, "a"), (2, "b")] {
        let new = vec![issue(&id("gw-1"), "identity", number, Retain::Keep, seed)];
        world.ledger.record_issued_for(&plan("gw-1"), new).unwrap();
        if number == 1 {
            world.ledger.confirm_rotation(&plan("gw-1"), &["identity".into()]).unwrap();
        }
    }
    let shows = |number| world.ledger.confirm_generation(&id("gw-1"), &"identity".into(), number).unwrap();
    let states = || {
        let mut known = world.ledger.device(&id("gw-1")).unwrap().unwrap().generations;
        known.sort_by_key(|known| known.public.generation);
        known.into_iter().map(|known| known.state).collect::<Vec<_>>()
    };
    // What is in force and what was never made changes nothing.
    assert!(!shows(1) && !shows(3));
    assert_eq!(states(), [GenerationState::Active, GenerationState::Pending]);
    assert!(shows(2));
    assert_eq!(states(), [GenerationState::Retired, GenerationState::Active]);
    assert!(!shows(2) && !shows(1));
    assert!(!world.ledger.confirm_generation(&id("nobody"), &"identity".into(), 1).unwrap());
    world.is_sound();
}
