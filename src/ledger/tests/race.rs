//! Two processes at once on one file, and many threads in one.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use super::world::*;
use super::{crash, world};
use crate::delivery::Step;
use crate::ledger::*;

const DEVICES: usize = 200;

/// One of the racing processes: claims and delivers what it can get, and writes down what that was.
pub(super) fn claim_all(ledger: &Ledger, path: &Path, name: &str) {
    while !path.with_extension("go").exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let next = AtomicUsize::new(0);
    let got = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some(number) = Some(next.fetch_add(1, Ordering::SeqCst)).filter(|number| *number < DEVICES) {
                    let device = format!("gw-{number}");
                    match begin(ledger, &plan(&device), &image("a.img"), None) {
                        Ok(Claim::Fresh(ticket)) => {
                            drive(ledger, ticket, &image("a.img"), Step::Finished);
                            got.lock().unwrap().push(device);
                        }
                        Ok(Claim::Done(_)) | Err(LedgerError::InProgress { .. }) => {}
                        Ok(other) => panic!("{device}: {}", other.word()),
                        Err(error) => panic!("{device}: {error}"),
                    }
                }
            });
        }
    });
    std::fs::write(path.with_extension(name), got.into_inner().unwrap().join("\n")).unwrap();
}

#[test]
fn two_processes_share_the_devices_and_claim_each_once() {
    let folder = tempfile::tempdir().unwrap();
    // No ledger yet: making it is part of the race.
    let path = folder.path().join("ledger.db");
    let children = [crash::start("race one", &path), crash::start("race two", &path)];
    std::fs::write(path.with_extension("go"), "").unwrap();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let read = |name| std::fs::read_to_string(path.with_extension(name)).unwrap();
    let (one, two) = (read("one"), read("two"));
    let mut all: Vec<&str> = one.lines().chain(two.lines()).collect();
    all.sort_unstable();
    let before = all.len();
    all.dedup();
    assert_eq!((before, all.len()), (DEVICES, DEVICES), "each device is claimed exactly once");
    let ledger = world::open(&path, &Arc::new(Watch(AtomicI64::new(NOON))));
    assert!(ledger.verify_chain().unwrap().is_sound());
    assert_eq!(ledger.devices(&DeviceFilter::default()).unwrap().len(), DEVICES);
    let left = std::fs::read_dir(folder.path().join("holders")).unwrap().count();
    assert_eq!(left, 0, "both have taken their lock files away");
}

#[test]
fn requests_that_wait_together_are_committed_together() {
    let world = World::new();
    // A disk that takes its time: what is asked meanwhile waits, and goes in one group.
    world.ledger.set_fault(Arc::new(|_, _, _| {
        std::thread::sleep(Duration::from_millis(3));
        Ok(())
    }));
    std::thread::scope(|scope| {
        for slot in 0..16 {
            let world = &world;
            scope.spawn(move || {
                for number in 0..5 {
                    world.deliver(&plan(&format!("gw-{slot}-{number}")), &stick("A"));
                }
            });
        }
    });
    let (requests, commits) = world.ledger.writes();
    assert_eq!(requests, 16 * 5 * 7);
    assert!(commits * 4 < requests, "{commits} commits for {requests} requests");
    world.is_sound();
}

#[test]
fn threads_with_one_device_get_one_ticket() {
    let world = World::new();
    let tickets = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| match world.begin(&plan("gw-1"), &stick("A")) {
                Ok(claim) => tickets.lock().unwrap().push(claim.ticket()),
                Err(error) => assert!(matches!(error, LedgerError::InProgress { .. }), "{error}"),
            });
        }
    });
    assert_eq!(tickets.lock().unwrap().len(), 1);
}

#[test]
fn the_lock_files_of_the_dead_are_swept() {
    let world = World::new();
    let folder = world.folder.path().join("holders");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["00aa.lock", "00bb.lock"] {
        std::fs::write(folder.join(name), "").unwrap();
    }
    world.deliver(&plan("gw-1"), &stick("A"));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "ours is left");
}
