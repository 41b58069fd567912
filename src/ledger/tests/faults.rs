//! Every commit fails once, and the disk fills up at every page.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::world::*;
use crate::delivery::Step;
use crate::fleet::{Class, Diagnose};
use crate::ledger::writer::Point;
use crate::ledger::*;

/// A delivery that stops at the first error.
fn try_deliver(ledger: &Ledger, name: &str) -> Result<(), LedgerError> {
    let target = stick(name);
    let ticket = match begin(ledger, &plan(name), &target, None)? {
        Claim::Done(_) => return Ok(()),
        other => other.ticket(),
    };
    ledger.bind(&ticket, &target)?;
    if ticket.reached < Step::Sealed {
        ledger.sealed(&ticket, issue_missing(&ticket, "first"), artifact_of(&ticket), spool_of(&ticket))?;
    }
    if ticket.reached < Step::Exposed {
        ledger.exposed(&ticket)?;
    }
    ledger.verified(&ticket, &receipt(&ticket, &target))?;
    ledger.registered(&ticket)?;
    ledger.finish(ticket)
}

#[test]
fn every_commit_that_fails_is_an_error_and_the_next_run_ends_well() {
    for point in [Point::BeforeCommit, Point::AfterCommit] {
        for number in 1..=7 {
            let world = World::new();
            world.ledger.set_fault(Arc::new(move |at, commit, _| {
                let strikes = at == point && commit == number;
                if strikes { Err(LedgerError::Full { path: "here".into() }) } else { Ok(()) }
            }));
            let error = try_deliver(&world.ledger, "gw-1").unwrap_err();
            assert_eq!(error.class(), Class::Surroundings);
            world.is_sound();
            if number == 1 && point == Point::BeforeCommit {
                assert!(world.ledger.device(&id("gw-1")).unwrap().is_none());
            }
            try_deliver(&world.ledger, "gw-1").unwrap();
            assert_eq!(world.generations("gw-1"), ["identity 1 active", "management 1 active+"]);
            assert_eq!(world.deliveries("gw-1"), ["1 finished"]);
            world.is_sound();
        }
    }
}

#[test]
fn a_disk_that_fills_up_at_any_page_leaves_a_ledger_that_goes_on() {
    for more in 0..30 {
        let world = World::new();
        let full = Arc::new(AtomicBool::new(true));
        let limited = Arc::clone(&full);
        world.ledger.set_fault(Arc::new(move |point, commit, conn| {
            if point == Point::AfterCommit {
                let pages: i64 = conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
                let limit = if limited.load(Ordering::SeqCst) { pages.max(26) + more } else { 1 << 30 };
                if commit == 1 || limit == 1 << 30 {
                    conn.query_row(&format!("PRAGMA max_page_count = {limit}"), [], |_| Ok(()))?;
                }
            }
            Ok(())
        }));
        let mut failed = None;
        for number in 0..200 {
            if let Err(error) = try_deliver(&world.ledger, &format!("gw-{number}")) {
                failed = Some((number, error));
                break;
            }
        }
        let (number, error) = failed.expect("the disk fills up");
        assert!(matches!(&error, LedgerError::Full { path } if *path == world.path()), "{error}");
        world.is_sound();
        let world = world.restart();
        try_deliver(&world.ledger, &format!("gw-{number}")).unwrap();
        assert_eq!(world.generations(&format!("gw-{number}")), ["identity 1 active", "management 1 active+"]);
        world.is_sound();
        full.store(false, Ordering::SeqCst);
    }
}

#[test]
fn one_bad_request_does_not_spoil_the_others_of_its_group_nor_leave_a_trace() {
    let world = World::new();
    for number in (0..32).step_by(2) {
        world.deliver(&plan(&format!("gw-{number}")), &stick("A"));
    }
    let world = world.restart();
    world.ledger.set_fault(Arc::new(|_, _, _| {
        std::thread::sleep(std::time::Duration::from_millis(3));
        Ok(())
    }));
    std::thread::scope(|scope| {
        for number in 0..32 {
            let world = &world;
            scope.spawn(move || {
                let name = format!("gw-{number}");
                for _ in 0..4 {
                    if number % 2 == 0 {
                        // Refused only after version and delivery are in the tables.
                        let refused = world.begin(&zone(plan(&name), "UTC"), &stick("A"));
                        assert!(matches!(refused, Err(LedgerError::MaterialDestroyed { .. })));
                    } else if let Claim::Fresh(ticket) = world.begin(&plan(&name), &stick("A")).unwrap() {
                        drive(&world.ledger, ticket, &stick("A"), Step::Finished);
                    }
                }
            });
        }
    });
    for number in 0..32 {
        assert_eq!(world.deliveries(&format!("gw-{number}")), ["1 finished"]);
    }
    world.is_sound();
}
