//! The rules of `begin`, and the nasty sequences.

use super::world::*;
use crate::delivery::Step;
use crate::fleet::{Class, CredentialKind, Diagnose, Retain, SerialNumber};
use crate::ledger::*;
use std::sync::Arc;

#[test]
fn a_rehearsal_to_an_image_does_not_make_the_stick_done_nor_the_other_way_round() {
    let world = World::new();
    world.deliver(&plan("gw-1"), &image("a.img"));
    assert_eq!(world.generations("gw-1"), ["identity 1 active+", "management 1 active+"]);
    assert_eq!(world.begin(&plan("gw-1"), &image("a.img")).unwrap().word(), "done");
    assert_eq!(world.begin(&plan("gw-1"), &image("b.img")).unwrap().word(), "fresh");

    let claim = world.begin(&plan("gw-1"), &stick("A")).unwrap();
    assert_eq!(claim.word(), "fresh");
    let ticket = claim.ticket();
    assert_eq!(ticket.version, 1);
    assert!(ticket.credentials.iter().all(|state| state.generation == 1 && state.issued.is_some()));
    drive(&world.ledger, ticket, &stick("A"), Step::Finished);
    assert_eq!(world.generations("gw-1"), ["identity 1 active", "management 1 active+"]);
    assert_eq!(world.begin(&plan("gw-1"), &stick("A")).unwrap().word(), "done");
    world.is_sound();

    let other = World::new();
    other.deliver(&keeping(plan("gw-1")), &stick("A"));
    let claim = other.begin(&keeping(plan("gw-1")), &image("a.img"));
    assert!(matches!(claim, Err(LedgerError::MaterialDestroyed { .. })), "issue_missing retains until delivered");
}

#[test]
fn done_changes_not_one_byte_of_the_file() {
    let world = World::new();
    world.deliver(&plan("gw-1"), &stick("A"));
    let world = world.restart();
    let before = (std::fs::read(world.path()).unwrap(), std::fs::metadata(world.path()).unwrap().modified().unwrap());
    for _ in 0..3 {
        assert_eq!(world.begin(&plan("gw-1"), &stick("B")).unwrap().word(), "done");
    }
    assert_eq!(world.ledger.writes(), (0, 0));
    let world = world.restart();
    let after = (std::fs::read(world.path()).unwrap(), std::fs::metadata(world.path()).unwrap().modified().unwrap());
    assert!(before == after);
}

#[test]
fn an_edited_variable_makes_a_new_version_and_says_what_changed() {
    let world = World::new();
    world.deliver(&plan("gw-1"), &image("a.img"));
    let claim = world.begin(&zone(plan("gw-1"), "Asia/Tokyo"), &image("a.img")).unwrap();
    assert_eq!(claim.word(), "changed");
    let ticket = claim.ticket();
    assert_eq!(ticket.version, 2);
    assert_eq!(
        ticket.changes,
        [r#"variables.timezone: {"plain":"Europe/Berlin"} -> {"plain":"Asia/Tokyo"}"#
            .replace(r#"{"plain":"Europe/Berlin"}"#, "\"Europe/Berlin\"")
            .replace(r#"{"plain":"Asia/Tokyo"}"#, "\"Asia/Tokyo\"")]
    );
    assert!(ticket.credentials.iter().all(|state| state.generation == 1), "generations survive edits");
    drive(&world.ledger, ticket, &image("a.img"), Step::Finished);
    let history = world.ledger.device(&id("gw-1")).unwrap().unwrap();
    assert_eq!(history.versions[1].changes, ["variables.timezone: \"Europe/Berlin\" -> \"Asia/Tokyo\""]);
    assert_eq!(world.begin(&zone(plan("gw-1"), "Asia/Tokyo"), &image("a.img")).unwrap().word(), "done");
    world.is_sound();
}

#[test]
fn an_edit_that_never_left_and_is_taken_back_leaves_the_device_done() {
    let world = World::new();
    world.deliver(&keeping(plan("gw-1")), &image("a.img"));
    world.deliver_to(&zone(keeping(plan("gw-1")), "Asia/Tokyo"), &image("a.img"), Step::Sealed);
    assert_eq!(world.begin(&keeping(plan("gw-1")), &image("a.img")).unwrap().word(), "done");
    assert_eq!(world.deliveries("gw-1"), ["1 finished", "2 abandoned"]);
    let third = world.begin(&zone(keeping(plan("gw-1")), "UTC"), &image("a.img")).unwrap().ticket();
    assert_eq!(third.version, 3, "a number is never given twice");
    world.is_sound();
}

#[test]
fn a_version_never_goes_back_once_a_newer_one_has_left() {
    let world = World::new();
    world.deliver(&keeping(plan("gw-1")), &image("a.img"));
    world.deliver(&zone(keeping(plan("gw-1")), "UTC"), &image("a.img"));
    let back = world.begin(&keeping(plan("gw-1")), &image("a.img")).unwrap();
    assert_eq!(back.word(), "changed");
    assert_eq!(back.ticket().version, 3);
}

#[test]
fn an_interrupted_delivery_resumes_with_the_same_generations_and_spool() {
    for last in [Step::Begin, Step::Bind, Step::Sealed, Step::Exposed, Step::Verified, Step::Registered] {
        for target in [image("a.img"), stick("A")] {
            let world = World::new();
            let first = world.begin(&plan("gw-1"), &target).unwrap().ticket();
            let (delivery, version, created) = (first.delivery, first.version, first.created);
            let spool = spool_of(&first);
            drive(&world.ledger, first, &target, last);
            let world = world.restart();
            let claim = world.begin(&plan("gw-1"), &target).unwrap();
            assert_eq!(claim.word(), "resume", "after {last:?}");
            let ticket = claim.ticket();
            assert_eq!((ticket.delivery, ticket.version, ticket.created), (delivery, version, created));
            assert_eq!(ticket.reached, last);
            assert_eq!(ticket.spool.is_some(), last >= Step::Sealed);
            assert!(ticket.spool.as_ref().is_none_or(|found| found.body == spool.body && found.key == spool.key));
            assert!(ticket.credentials.iter().all(|state| state.issued.is_some() == (last >= Step::Sealed)));
            drive(&world.ledger, ticket, &target, Step::Finished);
            assert_eq!(world.deliveries("gw-1"), ["1 finished"]);
            assert_eq!(world.generations("gw-1").len(), 2);
            world.is_sound();
        }
    }
}

#[test]
fn before_anything_left_another_target_begins_anew_with_what_was_issued() {
    let world = World::new();
    world.deliver_to(&plan("gw-1"), &stick("A"), Step::Sealed);
    let claim = world.begin(&plan("gw-1"), &stick("B")).unwrap();
    assert_eq!(claim.word(), "fresh");
    let ticket = claim.ticket();
    assert!(ticket.spool.is_none());
    assert!(ticket.credentials.iter().all(|state| state.generation == 1 && state.issued.is_some()));
    drive(&world.ledger, ticket, &stick("B"), Step::Finished);
    assert_eq!(world.deliveries("gw-1"), ["1 abandoned", "1 finished"]);
    world.is_sound();
}

#[test]
fn after_secrets_left_only_the_same_hardware_resumes() {
    let world = World::new();
    world.deliver_to(&plan("gw-1"), &stick("A"), Step::Exposed);
    for other in [stick("B"), image("a.img")] {
        let refused = world.begin(&plan("gw-1"), &other).unwrap_err();
        assert!(matches!(&refused, LedgerError::ExposedElsewhere { target, .. } if target == "/dev/A"), "{refused}");
        assert_eq!(refused.class(), Class::Refused);
        assert!(refused.hint().unwrap().contains("--again lost"));
    }
    let mut replugged = stick("A");
    replugged.name = "/dev/sdq".into();
    replugged.port = Some("3-1".into());
    replugged.diskseq = Some(99);
    assert_eq!(world.begin(&plan("gw-1"), &replugged).unwrap().word(), "resume");
    world.is_sound();
}

#[test]
fn a_changed_plan_overwrites_the_same_hardware_with_the_same_generation() {
    let world = World::new();
    world.deliver_to(&plan("gw-1"), &stick("A"), Step::Exposed);
    let claim = world.begin(&zone(plan("gw-1"), "UTC"), &stick("A")).unwrap();
    assert_eq!(claim.word(), "changed");
    let ticket = claim.ticket();
    assert_eq!((ticket.version, ticket.changes.len(), ticket.spool.is_some()), (2, 1, false));
    assert!(ticket.credentials.iter().all(|state| state.generation == 1 && state.issued.is_some()));
    drive(&world.ledger, ticket, &stick("A"), Step::Finished);
    assert_eq!(world.deliveries("gw-1"), ["1 superseded", "2 finished"]);
    let changed = world.begin(&zone(plan("gw-1"), "PST"), &stick("B"));
    assert!(matches!(changed, Err(LedgerError::MaterialDestroyed { .. })));
    world.is_sound();
}

#[test]
fn half_written_hardware_stays_locked_while_a_changed_plan_is_on_its_way_over_it() {
    let world = World::new();
    world.deliver_to(&plan("gw-1"), &stick("A"), Step::Exposed);
    world.deliver_to(&zone(plan("gw-1"), "UTC"), &stick("A"), Step::Sealed);
    for edited in [plan("gw-1"), zone(plan("gw-1"), "UTC"), zone(plan("gw-1"), "CET")] {
        let refused = world.begin(&edited, &stick("B"));
        assert!(matches!(refused, Err(LedgerError::ExposedElsewhere { .. })), "{refused:?}");
    }
    assert_eq!(world.ledger.interrupted_on(&stick("A")).unwrap().unwrap().version, 2);
    world.deliver(&zone(plan("gw-1"), "CET"), &stick("A"));
    assert_eq!(world.deliveries("gw-1"), ["1 superseded", "2 superseded", "3 finished"]);
    world.is_sound();
}

#[test]
fn an_exposed_image_locks_nothing() {
    let world = World::new();
    world.deliver_to(&plan("gw-1"), &image("a.img"), Step::Exposed);
    assert_eq!(world.begin(&plan("gw-1"), &stick("A")).unwrap().word(), "fresh");
    assert_eq!(world.deliveries("gw-1"), ["1 abandoned", "1 open"]);
}

#[test]
fn a_verified_delivery_needs_its_stick_no_more() {
    let world = World::new();
    world.deliver_to(&plan("gw-1"), &stick("A"), Step::Verified);
    let world = world.restart();
    assert_eq!(world.begin(&plan("gw-1"), &stick("B")).unwrap().word(), "done");
    assert_eq!(world.deliveries("gw-1"), ["1 finished"]);
    let history = world.ledger.device(&id("gw-1")).unwrap().unwrap();
    assert_eq!((history.device.state, history.device.version), (DeviceState::Registered, Some(1)));
    world.is_sound();
}

#[test]
fn what_was_delivered_and_destroyed_is_not_made_again_without_a_word() {
    let world = World::new();
    world.deliver(&plan("gw-1"), &stick("A"));
    let refused = world.begin(&zone(plan("gw-1"), "UTC"), &stick("A")).unwrap_err();
    assert!(
        matches!(&refused, LedgerError::MaterialDestroyed { credential, generation: 1, .. } if credential == "identity")
    );
    assert_eq!(refused.class(), Class::Refused);
    assert!(refused.hint().unwrap().contains("--again"));
    let history = world.ledger.device(&id("gw-1")).unwrap().unwrap();
    assert_eq!((history.versions.len(), history.deliveries.len()), (1, 1), "a refusal leaves no trace");
    assert_eq!(world.begin(&plan("gw-1"), &stick("A")).unwrap().word(), "done");
}

#[test]
fn another_shape_of_a_credential_makes_a_new_generation_that_replaces_the_old_one_when_verified() {
    let world = World::new();
    world.deliver(&plan("gw-1"), &image("a.img"));
    let mut longer = plan("gw-1");
    Arc::make_mut(&mut longer.credentials).get_mut("management").unwrap().kind =
        CredentialKind::Psk { bytes: 32, identity: None, group: None };
    let ticket = world.begin(&longer, &image("a.img")).unwrap().ticket();
    assert_eq!(ticket.changes.last().unwrap(), "credential management: generation 1 -> 2");
    drive(&world.ledger, ticket, &image("a.img"), Step::Sealed);
    assert_eq!(
        world.generations("gw-1"),
        ["identity 1 active+", "management 1 active+", "management 2 pending+"],
        "the old one serves until the new one is verified"
    );
    let ticket = world.begin(&longer, &image("a.img")).unwrap().ticket();
    drive(&world.ledger, ticket, &image("a.img"), Step::Finished);
    assert_eq!(world.generations("gw-1"), ["identity 1 active+", "management 1 retired+", "management 2 active+"]);
    world.is_sound();
}

#[test]
fn a_pending_generation_of_a_shape_no_longer_wanted_is_retired() {
    let world = World::new();
    let mut longer = plan("gw-1");
    Arc::make_mut(&mut longer.credentials).get_mut("management").unwrap().kind =
        CredentialKind::Psk { bytes: 32, identity: None, group: None };
    world.deliver_to(&longer, &image("a.img"), Step::Sealed);
    world.deliver(&plan("gw-1"), &image("a.img"));
    assert_eq!(world.generations("gw-1"), ["identity 1 active+", "management 1 retired+", "management 2 active+"]);
    world.is_sound();
}

#[test]
fn retain_never_is_destroyed_by_a_rehearsal_too() {
    let world = World::new();
    let mut strict = plan("gw-1");
    retain(&mut strict, "identity", Retain::Never);
    let ticket = world.begin(&strict, &image("a.img")).unwrap().ticket();
    world.ledger.bind(&ticket, &image("a.img")).unwrap();
    let new =
        ticket.credentials.iter().map(|state| issue(&ticket.device, &state.name, 1, Retain::Never, "x")).collect();
    world.ledger.sealed(&ticket, new, artifact_of(&ticket), spool_of(&ticket)).unwrap();
    world.ledger.exposed(&ticket).unwrap();
    assert_eq!(world.generations("gw-1"), ["identity 1 pending+", "management 1 pending+"]);
    world.ledger.verified(&ticket, &receipt(&ticket, &image("a.img"))).unwrap();
    assert_eq!(world.generations("gw-1"), ["identity 1 active", "management 1 active"]);
    drop(ticket);
    let resumed = world.begin(&strict, &image("a.img")).unwrap();
    assert_eq!(resumed.word(), "resume", "the spool of the running delivery still holds it");
    world.is_sound();
}

#[test]
fn two_devices_cannot_have_one_serial_number_or_names_that_differ_in_case_only() {
    let world = World::new();
    world.deliver(&plan("gw-1"), &image("a.img"));
    let mut second = plan("gw-2");
    second.serial = Some(SerialNumber::new("S-gw-1").unwrap());
    let refused = world.begin(&second, &image("b.img")).unwrap_err();
    assert!(matches!(&refused, LedgerError::Taken { what: "serial number", holder, .. } if holder == "gw-1"));
    assert_eq!(refused.class(), Class::Input);
    assert!(world.ledger.device(&id("gw-2")).unwrap().is_none());

    let mut shouting = plan("GW-1");
    shouting.serial = None;
    let refused = world.begin(&shouting, &image("b.img")).unwrap_err();
    assert!(matches!(refused, LedgerError::Taken { what: "endpoint name", .. }));
    world.is_sound();
}

#[test]
fn a_certificate_serial_or_key_is_recorded_once_in_the_whole_store() {
    let world = World::new();
    world.deliver(&plan("gw-1"), &image("a.img"));
    let stolen = issue(&id("gw-1"), "identity", 1, Retain::Keep, "first");
    for (what, change) in [("certificate serial", 0), ("key fingerprint", 1)] {
        let mut new = issue(&id("gw-2"), "identity", 1, Retain::Keep, "first");
        if let (
            crate::delivery::PublicKind::X509 { serial, key_fingerprint, .. },
            crate::delivery::PublicKind::X509 { serial: other, key_fingerprint: key, .. },
        ) = (&mut new.public.kind, &stolen.public.kind)
        {
            if change == 0 { serial.clone_from(other) } else { *key_fingerprint = *key }
        }
        let refused = world.ledger.record_issued(&id("gw-2"), None, vec![new]).unwrap_err();
        assert!(matches!(&refused, LedgerError::Taken { what: found, .. } if *found == what), "{refused}");
    }
    assert!(world.ledger.device(&id("gw-2")).unwrap().is_none());
}

#[test]
fn a_retired_device_is_not_served_and_its_serial_number_becomes_free() {
    let world = World::new();
    world.deliver(&plan("gw-1"), &image("a.img"));
    world.ledger.retire(&id("gw-1"), "wrong name on the label").unwrap();
    assert_eq!(world.generations("gw-1"), ["identity 1 retired", "management 1 retired+"]);
    let refused = world.begin(&plan("gw-1"), &image("a.img")).unwrap_err();
    assert!(matches!(&refused, LedgerError::Retired { reason, .. } if reason == "wrong name on the label"));
    assert!(world.ledger.retire(&id("gw-1"), "again").is_err());
    let mut renamed = plan("gw-9");
    renamed.serial = Some(SerialNumber::new("S-gw-1").unwrap());
    world.deliver(&renamed, &image("a.img"));
    world.is_sound();
}

#[test]
fn a_delivery_whose_ticket_is_out_is_not_given_twice() {
    let world = World::new();
    let ticket = world.begin(&plan("gw-1"), &image("a.img")).unwrap().ticket();
    let refused = world.begin(&plan("gw-1"), &image("a.img")).unwrap_err();
    assert!(matches!(refused, LedgerError::InProgress { .. }));
    assert_eq!(refused.class(), Class::Surroundings);
    assert!(world.ledger.retire(&id("gw-1"), "x").is_err());
    drop(ticket);
    assert_eq!(world.begin(&plan("gw-1"), &image("a.img")).unwrap().word(), "resume");
}

#[test]
fn a_second_handle_on_the_file_sees_the_first_one_alive_until_it_is_closed() {
    let world = World::new();
    let second = open(&world.path(), &world.watch);
    let ticket = begin(&second, &plan("gw-1"), &image("a.img"), None).unwrap().ticket();
    assert!(matches!(world.begin(&plan("gw-1"), &image("a.img")), Err(LedgerError::InProgress { .. })));
    drop(ticket);
    assert!(matches!(world.begin(&plan("gw-1"), &image("a.img")), Err(LedgerError::InProgress { .. })));
    assert!(world.ledger.pending().unwrap()[0].under_way);
    drop(second);
    assert!(!world.ledger.pending().unwrap()[0].under_way);
    assert_eq!(world.begin(&plan("gw-1"), &image("a.img")).unwrap().word(), "resume");
}

#[test]
fn a_failure_lets_go_of_the_delivery_at_once() {
    let world = World::new();
    let second = open(&world.path(), &world.watch);
    let ticket = begin(&second, &plan("gw-1"), &stick("A"), None).unwrap().ticket();
    second.failed(&ticket, Class::Surroundings, "unplugged").unwrap();
    let resumed = world.begin(&plan("gw-1"), &stick("A")).unwrap().ticket();
    assert!(matches!(second.bind(&ticket, &stick("A")), Err(LedgerError::ClaimLost { .. })));
    drive(&world.ledger, resumed, &stick("A"), Step::Finished);
    assert_eq!(world.deliveries("gw-1"), ["1 finished"]);
    world.is_sound();
}

#[test]
fn two_deliveries_of_one_device_never_issue_one_generation_twice() {
    let world = World::new();
    let mut card = plan("gw-1");
    Arc::make_mut(&mut card.delivery).name = "card".into();
    let one = world.begin(&plan("gw-1"), &image("a.img")).unwrap().ticket();
    let two = world.begin(&card, &image("b.img")).unwrap().ticket();
    assert_eq!((one.version, two.version), (1, 2));
    world.ledger.bind(&one, &image("a.img")).unwrap();
    world.ledger.bind(&two, &image("b.img")).unwrap();
    world.ledger.sealed(&one, issue_missing(&one, "one"), artifact_of(&one), spool_of(&one)).unwrap();
    let refused = world.ledger.sealed(&two, issue_missing(&two, "two"), artifact_of(&two), spool_of(&two)).unwrap_err();
    assert!(matches!(refused, LedgerError::IssuedMeanwhile { .. }));
    drop(two);
    let two = world.begin(&card, &image("b.img")).unwrap().ticket();
    assert!(two.credentials.iter().all(|state| state.issued.is_some()));
    drive(&world.ledger, two, &image("b.img"), Step::Finished);
    world.is_sound();
}

#[test]
fn credentials_issued_before_are_used_by_the_delivery() {
    let world = World::new();
    let wanted = world.ledger.credentials_wanted(&plan("gw-1")).unwrap();
    assert!(wanted.iter().all(|state| state.generation == 1 && state.issued.is_none()));
    let new = wanted.iter().map(|state| issue(&id("gw-1"), &state.name, 1, Retain::UntilDelivered, "i")).collect();
    world.ledger.record_issued_for(&plan("gw-1"), new).unwrap();
    assert!(world.ledger.credentials_wanted(&plan("gw-1")).unwrap().iter().all(|state| state.issued.is_some()));
    let again = vec![issue(&id("gw-1"), "identity", 1, Retain::Keep, "j")];
    let refused = world.ledger.record_issued_for(&plan("gw-1"), again).unwrap_err();
    assert!(matches!(refused, LedgerError::IssuedMeanwhile { .. }));
    let ticket = world.begin(&plan("gw-1"), &stick("A")).unwrap().ticket();
    let public = &ticket.credentials[0].issued.as_ref().unwrap().public;
    assert_eq!(*public, issue(&id("gw-1"), "identity", 1, Retain::Keep, "i").public, "certificates come back whole");
    world.is_sound();
}
