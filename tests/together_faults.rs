//! Three devices on one stick, and everything that can go wrong on the way: power cuts, exchanged sticks, other sets.
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod common;
#[path = "common/memory.rs"]
mod memory;

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::TestFleet;
use firstlight::delivery::{Confirm, Effect, Event, Manifest, Preflight, Progress, Silent, Sink, SinkError, Step};
use firstlight::fleet::{Class, Diagnose, EndpointName};
use firstlight::ledger::{Again, DeviceHistory};
use firstlight::station::{AcceptPort, Delivered, Outcome, StationError, Together};
use memory::{MemoryDrive, Yes, open};

const DEVICES: [&str; 3] = ["gw-0001", "gw-0002", "gw-0003"];
/// Preflight, consent, begin, bind, sealed, exposed, written, read back, verified, registered, finished; for each device.
const STEPS: usize = Step::ALL.len() * DEVICES.len();

fn names(devices: &[&str]) -> Vec<EndpointName> {
    devices.iter().map(|device| EndpointName::new(device).unwrap()).collect()
}

struct Run<'a> {
    devices: &'a [&'a str],
    again: Option<Again>,
    confirm: &'a dyn Confirm,
    progress: &'a dyn Progress,
}

impl<'a> Run<'a> {
    fn of(devices: &'a [&'a str]) -> Self {
        Self { devices, again: None, confirm: &Yes, progress: &Silent }
    }

    fn on(&self, root: &Path, sink: &mut dyn Sink) -> Result<Vec<Outcome>, StationError> {
        let station = open(root)?;
        let together = Together {
            station: &station,
            devices: &names(self.devices),
            plan: &|device| Ok(station.folder().fleet.plan(device, None)?),
            confirm: self.confirm,
            again: self.again,
            progress: self.progress,
        };
        together.run(sink)
    }
}

fn deliver(root: &Path, devices: &[&str], sink: &mut dyn Sink) -> Result<Vec<Outcome>, StationError> {
    Run::of(devices).on(root, sink)
}

fn class_of(result: Result<Vec<Outcome>, StationError>) -> Class {
    result.expect_err("it must fail").class()
}

fn history(root: &Path, device: &str) -> Option<DeviceHistory> {
    open(root).unwrap().ledger().device(&EndpointName::new(device).unwrap()).unwrap()
}

/// Says for each device how far its newest delivery came.
fn reached(root: &Path, devices: &[&str]) -> Vec<String> {
    let report = open(root).unwrap().ledger().verify_chain().unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
    let newest = |device: &&str| {
        let history = history(root, device);
        let newest = history.as_ref().and_then(|history| history.deliveries.last());
        newest.map_or_else(|| "nothing".to_owned(), |delivery| delivery.reached.to_owned())
    };
    devices.iter().map(newest).collect()
}

fn serials(root: &Path) -> Vec<Vec<String>> {
    let of = |history: DeviceHistory| {
        let serials = history.generations.iter().filter_map(|generation| generation.public.certificate_serial());
        serials.map(str::to_owned).collect()
    };
    DEVICES.iter().map(|device| history(root, device).map(of).unwrap_or_default()).collect()
}

/// Kills its own process at the n-th step it hears of.
struct PowerCut {
    left: AtomicUsize,
}

impl Progress for PowerCut {
    fn event(&self, event: Event<'_>) {
        if matches!(event, Event::Step { .. }) && self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            let own = rustix::process::getpid();
            rustix::process::kill_process(own, rustix::process::Signal::KILL).unwrap();
        }
    }
}

const CHILD_FLEET: &str = "FIRSTLIGHT_TEST_FLEET";
const CHILD_STEP: &str = "FIRSTLIGHT_TEST_STEP";

/// Not a test of its own: the body of the child that dies.
#[test]
fn child_that_loses_power() {
    let (Ok(root), Ok(number)) = (std::env::var(CHILD_FLEET), std::env::var(CHILD_STEP)) else { return };
    let progress = PowerCut { left: AtomicUsize::new(number.parse().unwrap()) };
    let run = Run { progress: &progress, ..Run::of(&DEVICES) };
    let result = run.on(Path::new(&root), &mut MemoryDrive::new("A")).map(|outcomes| outcomes.len());
    panic!("the power was not cut at step {number}: {result:?}");
}

fn lose_power_at(root: &Path, number: usize) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_loses_power", "--nocapture"])
        .env(CHILD_FLEET, root)
        .env(CHILD_STEP, number.to_string())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.signal(), Some(9), "at {number}: {said}");
}

/// The number of the step that the last device is told.
fn number_of(step: Step) -> usize {
    (1 + Step::ALL.iter().position(|known| *known == step).unwrap()) * DEVICES.len()
}

fn assert_finishes_after_a_cut_at(number: usize) {
    let fleet = TestFleet::real(3);
    lose_power_at(fleet.path(), number);
    let stood = reached(fleet.path(), &DEVICES);
    let is_sealing = stood.iter().all(|step| ["bind", "sealed"].contains(&step.as_str()));
    assert!(is_sealing || stood.windows(2).all(|pair| pair[0] == pair[1]), "at {number}: {stood:?}");
    let before = serials(fleet.path());
    let mut drive = MemoryDrive::new("A");
    let outcomes = deliver(fleet.path(), &DEVICES, &mut drive).unwrap_or_else(|error| panic!("at {number}: {error}"));
    assert_eq!(outcomes.len(), 3);
    assert_eq!(reached(fleet.path(), &DEVICES), ["finished"; 3], "at {number}");
    let after = serials(fleet.path());
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(after.len(), 1, "at {number}: one identity");
        assert!(before.is_empty() || before == after, "at {number}: the same identity goes on");
    }
    for device in DEVICES {
        assert_eq!(history(fleet.path(), device).unwrap().versions.len(), 1, "at {number}");
    }
    let again = deliver(fleet.path(), &DEVICES, &mut MemoryDrive::new("A")).unwrap();
    assert!(again.iter().all(|outcome| matches!(outcome.result, Ok(Delivered::Before(_)))), "at {number}");
}

#[test]
fn a_power_cut_at_any_step_of_any_device_leaves_all_at_one_step_and_a_rerun_finishes_all() {
    let next = AtomicUsize::new(1);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number > STEPS {
                        return;
                    }
                    assert_finishes_after_a_cut_at(number);
                }
            });
        }
    });
}

#[test]
fn after_exposure_only_the_same_stick_resumes_all_of_them() {
    let fleet = TestFleet::real(3);
    lose_power_at(fleet.path(), number_of(Step::Exposed));
    assert_eq!(class_of(deliver(fleet.path(), &DEVICES, &mut MemoryDrive::new("B"))), Class::Refused);
    assert_eq!(class_of(deliver(fleet.path(), &DEVICES[..1], &mut MemoryDrive::new("B"))), Class::Refused);
    let outcomes = deliver(fleet.path(), &DEVICES, &mut MemoryDrive::new("A")).unwrap();
    let is_resumed = |outcome: &Outcome| matches!(outcome.result, Ok(Delivered::Now { resumed: true, version: 1, .. }));
    assert!(outcomes.iter().all(is_resumed), "{outcomes:?}");
}

/// Says yes and keeps what it was shown.
#[derive(Default)]
struct Witness(Mutex<Vec<String>>);

impl Confirm for Witness {
    fn confirm(&self, preflight: &Preflight) -> Result<(), SinkError> {
        if let Effect::Overwrites(lost) = preflight.effect() {
            self.0.lock().unwrap().extend(lost.iter().cloned());
        }
        Ok(())
    }
}

/// A drive on which something is recognised.
fn used(serial: &'static str) -> MemoryDrive {
    MemoryDrive { lost: vec!["fat32 with 3 bundles".into()], ..MemoryDrive::new(serial) }
}

#[test]
fn the_question_names_whose_bundles_a_stick_loses() {
    let fleet = TestFleet::real(4);
    deliver(fleet.path(), &DEVICES[..2], &mut MemoryDrive::new("A")).unwrap();
    let witness = Witness::default();
    let run = Run { confirm: &witness, ..Run::of(&["gw-0003", "gw-0004"]) };
    run.on(fleet.path(), &mut used("A")).unwrap();
    let shown = witness.0.into_inner().unwrap();
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert!(shown[1].contains("\"gw-0001\", version 1, delivered ") && shown[2].contains("\"gw-0002\""), "{shown:?}");
    assert_eq!(reached(fleet.path(), &DEVICES), ["finished"; 3], "what was finished stays so: a stick goes round");
}

#[test]
fn another_set_over_an_interrupted_one_resumes_its_own_and_names_the_rest() {
    let fleet = TestFleet::real(4);
    lose_power_at(fleet.path(), number_of(Step::Exposed));
    let witness = Witness::default();
    let run = Run { confirm: &witness, ..Run::of(&["gw-0001", "gw-0002", "gw-0004"]) };
    run.on(fleet.path(), &mut used("A")).unwrap();
    let shown = witness.0.into_inner().unwrap();
    assert_eq!(shown[1..], ["the interrupted delivery of \"gw-0003\", which only this target resumes"]);
    assert_eq!(
        reached(fleet.path(), &["gw-0001", "gw-0002", "gw-0003", "gw-0004"]),
        ["finished", "finished", "exposed", "finished"]
    );
    assert_eq!(class_of(deliver(fleet.path(), &["gw-0003"], &mut MemoryDrive::new("B"))), Class::Refused);
    deliver(fleet.path(), &["gw-0003"], &mut MemoryDrive::new("A")).unwrap();
}

#[test]
fn a_stick_exchanged_after_the_consent_gets_nothing_and_exposes_nobody() {
    let fleet = TestFleet::real(3);
    let mut drive = MemoryDrive { exchanged_at: Some(2), ..MemoryDrive::new("A") };
    let error = deliver(fleet.path(), &DEVICES, &mut drive).unwrap_err();
    assert!(matches!(error, StationError::Sink(SinkError::Swapped { .. })), "{error}");
    assert!(drive.content.lock().unwrap().is_none());
    assert_eq!(reached(fleet.path(), &DEVICES), ["sealed"; 3]);
    deliver(fleet.path(), &DEVICES, &mut MemoryDrive::new("B")).unwrap();
}

#[test]
fn a_stick_that_dies_costs_all_their_generations_and_lost_makes_new_ones() {
    let fleet = TestFleet::real(3);
    assert_eq!(class_of(deliver(fleet.path(), &DEVICES, &mut MemoryDrive::dying("A"))), Class::Surroundings);
    assert_eq!(class_of(deliver(fleet.path(), &DEVICES, &mut MemoryDrive::new("B"))), Class::Refused);
    let run = Run { again: Some(Again::Lost), ..Run::of(&DEVICES) };
    run.on(fleet.path(), &mut MemoryDrive::new("B")).unwrap();
    assert!(serials(fleet.path()).iter().all(|serials| serials.len() == 2), "new identities");
}

#[test]
fn devices_that_are_done_do_not_go_along_without_a_word() {
    let fleet = TestFleet::real(3);
    deliver(fleet.path(), &DEVICES[..1], &mut MemoryDrive::new("A")).unwrap();
    let mut drive = MemoryDrive::new("B");
    let error = deliver(fleet.path(), &DEVICES, &mut drive).unwrap_err();
    assert_eq!(error.to_string(), "1 of 3 devices are delivered already: gw-0001");
    assert!(drive.content.lock().unwrap().is_none());
    let run = Run { again: Some(Again::Damaged), ..Run::of(&DEVICES) };
    run.on(fleet.path(), &mut drive).unwrap();
    assert_eq!(reached(fleet.path(), &DEVICES), ["finished"; 3]);
}

#[test]
fn one_device_alone_resumes_on_the_stick_it_was_to_share() {
    let fleet = TestFleet::real(3);
    lose_power_at(fleet.path(), number_of(Step::Verified));
    assert_eq!(reached(fleet.path(), &DEVICES), ["verified"; 3]);
    let error = deliver(fleet.path(), &["gw-0001", "gw-0009"], &mut MemoryDrive::new("A")).unwrap_err();
    assert_eq!(error.class(), Class::Input, "{error}");
    let outcomes = deliver(fleet.path(), &DEVICES[..2], &mut MemoryDrive::new("A")).unwrap();
    assert!(outcomes.iter().all(|outcome| matches!(outcome.result, Ok(Delivered::Now { resumed: true, .. }))));
    assert_eq!(reached(fleet.path(), &DEVICES), ["finished", "finished", "verified"]);
}

#[test]
fn a_demo_and_a_device_twice_are_refused() {
    let demo = TestFleet::demo(2);
    assert_eq!(class_of(deliver(demo.path(), &DEVICES[..2], &mut MemoryDrive::new("A"))), Class::Refused);
    let error = deliver(demo.path(), &["gw-0001", "gw-0002", "gw-0001"], &mut MemoryDrive::new("A")).unwrap_err();
    assert!(matches!(error, StationError::Twice { .. }), "{error}");
    assert!(matches!(deliver(demo.path(), &[], &mut MemoryDrive::new("A")), Err(StationError::NoDevice)));
}

#[test]
fn the_ledger_is_written_in_proportion_to_the_devices() {
    let commits = |devices: usize| {
        let fleet = TestFleet::real(devices);
        let station = open(fleet.path()).unwrap();
        let all: Vec<EndpointName> = station.folder().fleet.devices().cloned().collect();
        let together = Together {
            station: &station,
            devices: &all,
            plan: &|device| Ok(station.folder().fleet.plan(device, None)?),
            confirm: &Yes,
            again: None,
            progress: &Silent,
        };
        together.run(&mut MemoryDrive::new("A")).unwrap();
        station.ledger().writes().1
    };
    assert_eq!([commits(1), commits(10), commits(30)], [6, 15, 35], "one for each bundle, and five for all");
}

#[test]
fn a_dedicated_port_takes_a_finished_stick_of_three_only_as_it_was_written() {
    let fleet = TestFleet::real(3);
    deliver(fleet.path(), &DEVICES, &mut MemoryDrive::new("A")).unwrap();
    let station = open(fleet.path()).unwrap();
    let target = station.ledger().device(&names(&DEVICES)[0]).unwrap().unwrap().deliveries[0].target.clone();
    let accept = AcceptPort {
        port: "1-1".into(),
        max_size: 1 << 30,
        ledger: station.ledger().clone(),
        fleet: "test-fleet".into(),
    };
    let confirmed = |carried: &[(&str, u32)]| {
        let layout = station.folder().fleet.plan(&names(&DEVICES)[0], None).unwrap().delivery.carrier.clone();
        let manifests =
            carried.iter().map(|(id, version)| Manifest::new("test-fleet", names(&[id])[0].clone(), "site", *version));
        let lost = Effect::Overwrites(vec!["fat32 with bundles".into()]);
        let preflight = Preflight::new(target.clone(), lost, layout, None).carrying(manifests);
        accept.confirm(&preflight).is_ok()
    };
    assert!(confirmed(&[("gw-0003", 1), ("gw-0001", 1), ("gw-0002", 1)]));
    assert!(!confirmed(&[("gw-0001", 1), ("gw-0002", 1)]), "one is missing");
    assert!(!confirmed(&[("gw-0001", 1), ("gw-0002", 1), ("gw-0003", 2)]), "one is another version");
    assert!(!confirmed(&[("gw-0001", 1), ("gw-0002", 1), ("gw-0003", 1), ("gw-0009", 1)]), "one is a stranger's");
    assert!(!confirmed(&[]));
}
