//! The process is killed (SIGKILL) before and after every commit; what was answered is there, nothing is made twice.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::world::*;
use crate::delivery::{PublicKind, Step};
use crate::ledger::writer::Point;
use crate::ledger::*;

const ROLE: &str = "FIRSTLIGHT_TEST_LEDGER_ROLE";
const STEPS: [Step; 7] =
    [Step::Begin, Step::Bind, Step::Sealed, Step::Exposed, Step::Verified, Step::Registered, Step::Finished];

/// Runs this very test program as another process that plays `role`.
fn play(role: &str, path: &Path) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ledger::tests::crash::the_other_process", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .env("FIRSTLIGHT_TEST_LEDGER", path)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap()
}

pub(super) fn run(role: &str, path: &Path) -> ExitStatus {
    let output = play(role, path).wait_with_output().unwrap();
    let killed = output.status.signal() == Some(9);
    assert!(killed || output.status.success(), "{role}: {}", String::from_utf8_lossy(&output.stderr));
    output.status
}

pub(super) fn start(role: &str, path: &Path) -> std::process::Child {
    play(role, path)
}

#[test]
fn the_other_process() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let path = std::path::PathBuf::from(std::env::var("FIRSTLIGHT_TEST_LEDGER").unwrap());
    let watch = Arc::new(Watch(AtomicI64::new(NOON)));
    let ledger = open(&path, &watch);
    let words: Vec<&str> = role.split(' ').collect();
    match words[..] {
        ["one", point, number] => {
            die_at(&ledger, point, number.parse().unwrap());
            one(&ledger);
        }
        ["many", number] => {
            die_at(&ledger, "before", number.parse().unwrap());
            many(&ledger, &path);
        }
        ["together", point, number] => {
            die_at(&ledger, point, number.parse().unwrap());
            super::load::die(&ledger);
        }
        ["race", name] => super::race::claim_all(&ledger, &path, name),
        _ => panic!("no role {role:?}"),
    }
}

fn die_at(ledger: &Ledger, point: &str, number: u64) {
    let wanted = if point == "before" { Point::BeforeCommit } else { Point::AfterCommit };
    ledger.set_fault(Arc::new(move |point, commit, _| {
        if point == wanted && commit == number {
            let ourselves = rustix::process::getpid();
            rustix::process::kill_process(ourselves, rustix::process::Signal::KILL).unwrap();
            std::thread::park();
        }
        Ok(())
    }));
}

fn one(ledger: &Ledger) {
    let ticket = begin(ledger, &plan("gw-1"), &stick("A"), None).unwrap().ticket();
    ledger.bind(&ticket, &stick("A")).unwrap();
    ledger.sealed(&ticket, issue_missing(&ticket, "victim"), artifact_of(&ticket), spool_of(&ticket)).unwrap();
    drive_rest(ledger, ticket, Step::Sealed);
}

fn drive_rest(ledger: &Ledger, mut ticket: Ticket, reached: Step) {
    ticket.reached = reached;
    drive(ledger, ticket, &stick("A"), Step::Finished);
}

#[test]
fn a_kill_before_or_after_any_commit_loses_nothing_and_makes_nothing_twice() {
    for (at, step) in STEPS.into_iter().enumerate() {
        for point in ["before", "after"] {
            let world = World::new();
            let killed = run(&format!("one {point} {}", at + 1), &world.path());
            assert_eq!(killed.signal(), Some(9), "{point} {step:?}");
            let durable = if point == "after" { Some(step) } else { at.checked_sub(1).map(|before| STEPS[before]) };
            check_after_kill(&world, durable);
        }
    }
}

fn check_after_kill(world: &World, durable: Option<Step>) {
    world.is_sound();
    let claim = world.begin(&plan("gw-1"), &stick("A")).unwrap();
    let expected = match durable {
        None => "fresh",
        Some(Step::Finished) => "done",
        Some(_) => "resume",
    };
    assert_eq!(claim.word(), expected, "{durable:?} was durable");
    if expected != "done" {
        let ticket = claim.ticket();
        assert_eq!(ticket.reached, durable.unwrap_or(Step::Begin));
        let sealed = durable >= Some(Step::Sealed);
        assert_eq!(ticket.spool.is_some(), sealed);
        assert!(ticket.spool.as_ref().is_none_or(|spool| *spool == spool_of(&ticket)));
        drive(&world.ledger, ticket, &stick("A"), Step::Finished);
    }
    assert_eq!(world.generations("gw-1"), ["identity 1 active", "management 1 active+"]);
    assert_eq!(world.deliveries("gw-1"), ["1 finished"]);
    let salt = if durable >= Some(Step::Sealed) { "victim" } else { "first" };
    let wanted = issue(&id("gw-1"), "identity", 1, crate::fleet::Retain::Keep, salt).public;
    assert_eq!(world.ledger.device(&id("gw-1")).unwrap().unwrap().generations[0].public, wanted);
    world.is_sound();
}

const MANY: usize = 40;

/// Delivers 40 devices from 8 threads; after each `sealed` that was answered it notes what was issued.
fn many(ledger: &Ledger, path: &Path) {
    let salt = std::process::id().to_string();
    std::thread::scope(|scope| {
        for slot in 0..8 {
            let (ledger, salt) = (ledger.clone(), &salt);
            scope.spawn(move || {
                for number in (slot..MANY).step_by(8) {
                    carry(&ledger, &format!("gw-{number}"), salt, path);
                }
            });
        }
    });
}

fn carry(ledger: &Ledger, name: &str, salt: &str, path: &Path) {
    let target = stick(name);
    let ticket = match begin(ledger, &plan(name), &target, None).unwrap() {
        Claim::Done(_) => return,
        other => other.ticket(),
    };
    ledger.bind(&ticket, &target).unwrap();
    if ticket.reached >= Step::Sealed {
        drive(ledger, ticket, &target, Step::Finished);
        return;
    }
    ledger.sealed(&ticket, issue_missing(&ticket, salt), artifact_of(&ticket), spool_of(&ticket)).unwrap();
    let notes = path.with_extension("notes");
    let mut notes = std::fs::OpenOptions::new().append(true).create(true).open(notes).unwrap();
    notes.write_all(format!("{name} {salt}\n").as_bytes()).unwrap();
    let mut ticket = ticket;
    ticket.reached = Step::Sealed;
    drive(ledger, ticket, &target, Step::Finished);
}

#[test]
fn a_batch_killed_again_and_again_ends_with_every_device_delivered_once() {
    let world = World::new();
    let mut lives = 0;
    for number in [3, 1, 5, 2, 8, 4, 6, 9, 7, 10] {
        lives += 1;
        if run(&format!("many {number}"), &world.path()).success() {
            break;
        }
        world.is_sound();
    }
    assert!(lives > 5, "the batch was to be killed several times, it lived {lives} times");
    run("many 1000000", &world.path());
    world.is_sound();
    assert!(world.ledger.pending().unwrap().is_empty());
    let notes = std::fs::read_to_string(world.path().with_extension("notes")).unwrap();
    let notes: BTreeMap<&str, &str> = notes.lines().filter_map(|line| line.split_once(' ')).collect();
    for number in 0..MANY {
        let name = format!("gw-{number}");
        assert_eq!(world.generations(&name), ["identity 1 active", "management 1 active+"]);
        let Some(salt) = notes.get(name.as_str()) else { continue };
        let history = world.ledger.device(&id(&name)).unwrap().unwrap();
        let PublicKind::X509 { certificate, .. } = &history.generations[0].public.kind else {
            panic!("no certificate")
        };
        assert_eq!(
            *certificate,
            format!("{name}/identity/1/{salt}").into_bytes(),
            "what was answered is what is there"
        );
    }
    assert!(world.watch.0.load(Ordering::SeqCst) >= NOON);
}

#[test]
fn a_log_torn_by_a_power_cut_loses_only_what_was_not_yet_answered() {
    let world = World::new();
    world.deliver(&plan("gw-1"), &stick("A"));
    let database = std::fs::read(world.path()).unwrap();
    let log = std::fs::read(world.folder.path().join("ledger.db-wal")).unwrap();
    assert!(log.len() > 20_000, "the log holds the whole delivery");
    // A folder of its own: the lock file of the process that wrote is no longer there.
    let elsewhere = tempfile::tempdir().unwrap();
    let torn = elsewhere.path().join("torn.db");
    let mut known = 0;
    for end in (0..=log.len()).step_by(1_771).chain([log.len()]) {
        std::fs::write(&torn, &database).unwrap();
        std::fs::write(torn.with_extension("db-wal"), &log[..end]).unwrap();
        let _ = std::fs::remove_file(torn.with_extension("db-shm"));
        let ledger = open(&torn, &world.watch);
        let report = ledger.verify_chain().unwrap();
        assert!(report.is_sound(), "cut at {end}: {:?}", report.findings);
        assert!(report.events >= known, "a longer log never knows less");
        known = report.events;
        match begin(&ledger, &plan("gw-1"), &stick("A"), None).unwrap() {
            Claim::Done(_) => {}
            other => drop(drive(&ledger, other.ticket(), &stick("A"), Step::Finished)),
        }
        assert_eq!(ledger.device(&id("gw-1")).unwrap().unwrap().generations.len(), 2);
    }
    assert_eq!(known, 7);
}
