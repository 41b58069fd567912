//! Several deliveries to one target: every step is taken by all of them or by none.

use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;

use super::crash;
use super::world::*;
use crate::delivery::{Receipt, Step, TargetIdentity};
use crate::ledger::writer::Point;
use crate::ledger::*;

const NAMES: [&str; 3] = ["gw-1", "gw-2", "gw-3"];
/// Begin, bind, three times sealed, exposed, verified, conclude.
const COMMITS: u64 = 8;

fn begin_all(ledger: &Ledger, names: &[&str], target: &TargetIdentity) -> Result<Vec<Claim>, LedgerError> {
    let plans: Vec<_> = names.iter().map(|name| plan(name)).collect();
    let summaries: Vec<_> = plans.iter().map(summary).collect();
    let asked = plans.iter().zip(&summaries);
    let asked: Vec<_> =
        asked.map(|(plan, summary)| Beginning { plan, summary, target, again: None, rework: None }).collect();
    ledger.begin_all(&asked)
}

fn receipts(tickets: &[Ticket], target: &TargetIdentity) -> Vec<Receipt> {
    tickets.iter().map(|ticket| receipt(ticket, target)).collect()
}

/// Takes all of them to the end, or stops at the first error.
fn carry(ledger: &Ledger, names: &[&str], target: &TargetIdentity) -> Result<(), LedgerError> {
    let claims = begin_all(ledger, names, target)?;
    if claims.iter().all(|claim| claim.word() == "done") {
        return Ok(());
    }
    let tickets: Vec<Ticket> = claims.into_iter().map(Claim::ticket).collect();
    if tickets.iter().all(|ticket| ticket.reached < Step::Verified) {
        ledger.bind_all(&tickets, target)?;
        for ticket in tickets.iter().filter(|ticket| ticket.reached < Step::Sealed) {
            ledger.sealed(ticket, issue_missing(ticket, "first"), artifact_of(ticket), spool_of(ticket))?;
        }
        ledger.exposed_all(&tickets)?;
        ledger.verified_all(&tickets, receipts(&tickets, target))?;
    }
    ledger.conclude_all(tickets)
}

fn reached(world: &World) -> Vec<&'static str> {
    world.ledger.pending().unwrap().iter().map(|pending| pending.reached).collect()
}

fn lying(world: &World, target: &TargetIdentity) -> Vec<String> {
    let lying = world.ledger.lying_on(target).unwrap();
    lying.iter().map(|lying| format!("{} {}", lying.device, lying.state.name())).collect()
}

fn assert_all_finished(world: &World) {
    for name in NAMES {
        assert_eq!(world.deliveries(name), ["1 finished"]);
        assert_eq!(world.generations(name), ["identity 1 active", "management 1 active+"]);
    }
    assert_eq!(lying(world, &stick("A")), ["gw-1 finished", "gw-2 finished", "gw-3 finished"]);
    world.is_sound();
}

/// All stand at one step; while they are sealed one after the other, at that one or the one before.
fn assert_together(world: &World, when: &str) {
    let reached = reached(world);
    let is_sealing = reached.iter().all(|step| ["bind", "sealed"].contains(step));
    assert!(is_sealing || reached.windows(2).all(|pair| pair[0] == pair[1]), "{when}: {reached:?}");
    assert!([0, 3].contains(&reached.len()), "{when}: {reached:?}");
}

#[test]
fn any_commit_that_fails_leaves_all_at_one_step_and_the_next_run_ends_well() {
    for point in [Point::BeforeCommit, Point::AfterCommit] {
        for number in 1..=COMMITS {
            let world = World::new();
            world.ledger.set_fault(Arc::new(move |at, commit, _| {
                let strikes = at == point && commit == number;
                if strikes { Err(LedgerError::Full { path: "here".into() }) } else { Ok(()) }
            }));
            carry(&world.ledger, &NAMES, &stick("A")).unwrap_err();
            assert_together(&world, &format!("{point:?} {number}"));
            carry(&world.ledger, &NAMES, &stick("A")).unwrap();
            assert_all_finished(&world);
        }
    }
}

#[test]
fn a_kill_before_or_after_any_commit_leaves_all_at_one_step_and_the_next_run_ends_well() {
    for number in 1..=COMMITS {
        for point in ["before", "after"] {
            let world = World::new();
            let killed = crash::run(&format!("together {point} {number}"), &world.path());
            assert_eq!(killed.signal(), Some(9), "{point} {number}");
            assert_together(&world, &format!("{point} {number}"));
            carry(&world.ledger, &NAMES, &stick("A")).unwrap();
            assert_all_finished(&world);
        }
    }
}

/// The body of the process that dies.
pub(super) fn die(ledger: &Ledger) {
    carry(ledger, &NAMES, &stick("A")).unwrap();
}

#[test]
fn one_that_is_refused_keeps_all_of_them_from_beginning() {
    let world = World::new();
    world.deliver(&plan("gw-2"), &stick("B"));
    world.ledger.retire(&id("gw-2"), "scrapped").unwrap();
    begin_all(&world.ledger, &NAMES, &stick("A")).unwrap_err();
    assert!(world.ledger.pending().unwrap().is_empty());
    assert!(world.ledger.device(&id("gw-1")).unwrap().is_none(), "nothing was begun");
    world.is_sound();
}

#[test]
fn once_exposed_only_the_same_hardware_takes_any_of_them() {
    let world = World::new();
    let tickets = expose(&world, &NAMES, &stick("A"));
    drop(tickets);
    for names in [&NAMES[..], &NAMES[..1], &["gw-4", "gw-3"]] {
        let refused = begin_all(&world.ledger, names, &stick("B"));
        assert!(matches!(refused, Err(LedgerError::ExposedElsewhere { .. })), "{names:?}");
    }
    carry(&world.ledger, &NAMES, &stick("A")).unwrap();
    assert_all_finished(&world);
}

fn expose(world: &World, names: &[&str], target: &TargetIdentity) -> Vec<Ticket> {
    let claims = begin_all(&world.ledger, names, target).unwrap();
    let tickets: Vec<Ticket> = claims.into_iter().map(Claim::ticket).collect();
    world.ledger.bind_all(&tickets, target).unwrap();
    for ticket in tickets.iter().filter(|ticket| ticket.reached < Step::Sealed) {
        world.ledger.sealed(ticket, issue_missing(ticket, "first"), artifact_of(ticket), spool_of(ticket)).unwrap();
    }
    world.ledger.exposed_all(&tickets).unwrap();
    tickets
}

#[test]
fn another_set_on_the_same_stick_is_what_lies_there_from_then_on() {
    let world = World::new();
    drop(expose(&world, &NAMES, &stick("A")));
    assert_eq!(lying(&world, &stick("A")), ["gw-1 open", "gw-2 open", "gw-3 open"]);
    assert!(world.ledger.finished_on(&stick("A")).unwrap().is_empty());
    carry(&world.ledger, &["gw-2", "gw-4"], &stick("A")).unwrap();
    assert_eq!(lying(&world, &stick("A")), ["gw-2 finished", "gw-4 finished"]);
    assert_eq!(world.deliveries("gw-1"), ["1 open"], "it is resumed on this stick only");
    carry(&world.ledger, &["gw-1"], &stick("A")).unwrap();
    assert_eq!(lying(&world, &stick("A")), ["gw-1 finished"]);
    assert_eq!(world.deliveries("gw-2"), ["1 finished"], "a stick goes round: what was finished stays so");
    world.is_sound();
}

#[test]
fn exposing_the_same_set_again_writes_nothing() {
    let world = World::new();
    drop(expose(&world, &NAMES, &stick("A")));
    let commits = world.ledger.writes().1;
    let claims = begin_all(&world.ledger, &NAMES, &stick("A")).unwrap();
    let tickets: Vec<Ticket> = claims.into_iter().map(Claim::ticket).collect();
    world.ledger.exposed_all(&tickets).unwrap();
    assert_eq!(world.ledger.writes().1, commits + 1, "only the resumption is noted");
}

#[test]
fn a_receipt_for_too_few_or_of_another_bundle_proves_nothing() {
    let world = World::new();
    let tickets = expose(&world, &NAMES, &stick("A"));
    let mut proofs = receipts(&tickets, &stick("A"));
    proofs.swap(0, 1);
    assert!(matches!(world.ledger.verified_all(&tickets, proofs.clone()), Err(LedgerError::Misuse { .. })));
    proofs.pop();
    assert!(matches!(world.ledger.verified_all(&tickets, proofs), Err(LedgerError::Misuse { .. })));
    assert_eq!(reached(&world), ["exposed"; 3]);
    world.is_sound();
}
