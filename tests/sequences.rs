//! The nasty sequences: power cuts at every step, a second medium, an edit in between, a swapped target, a lost authority.
//!
//! The station's procedures run here on a drive that exists only in memory, with a real authority and a real ledger on disk.
//! Power cuts are real: a child process kills itself (SIGKILL) when it has come through the step named.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/memory.rs"]
mod memory;

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;

use common::TestFleet;
use firstlight::delivery::{Event, Progress, Silent, Sink, Step};
use firstlight::fleet::{Class, Diagnose, EndpointName};
use firstlight::ledger::{Again, DeviceHistory, GenerationState};
use firstlight::medium::ImageFile;
use firstlight::station::{Delivered, Delivery, StationError};
use memory::{MemoryDrive, Yes, open};

fn deliver_with(
    root: &Path,
    sink: &mut dyn Sink,
    again: Option<Again>,
    progress: &dyn Progress,
) -> Result<Delivered, StationError> {
    let station = open(root)?;
    let device = EndpointName::new("gw-0001").unwrap();
    let plan = station.folder().fleet.plan(&device, None)?;
    Delivery { station: &station, plan: &plan, again, confirm: &Yes, progress, aftercare: None, rework: None }.run(sink)
}

fn deliver(root: &Path, sink: &mut dyn Sink, again: Option<Again>) -> Result<Delivered, StationError> {
    deliver_with(root, sink, again, &Silent)
}

fn history(root: &Path) -> DeviceHistory {
    let station = open(root).unwrap();
    let report = station.ledger().verify_chain().unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
    station.ledger().device(&EndpointName::new("gw-0001").unwrap()).unwrap().expect("the device is known")
}

fn serials(history: &DeviceHistory, state: GenerationState) -> Vec<String> {
    let chosen = history.generations.iter().filter(|generation| generation.state == state);
    chosen.filter_map(|generation| generation.public.certificate_serial().map(str::to_owned)).collect()
}

fn version_of(delivered: Delivered) -> u32 {
    match delivered {
        Delivered::Now { version, .. } => version,
        Delivered::Before(finished) => panic!("was done before as version {}", finished.version),
    }
}

fn class_of(result: Result<Delivered, StationError>) -> Class {
    result.map(version_of).expect_err("the delivery must fail").class()
}

/// Kills its own process when it has come through `step`.
struct PowerCut {
    step: Step,
}

impl Progress for PowerCut {
    fn event(&self, event: Event<'_>) {
        if matches!(event, Event::Step { step, .. } if step == self.step) {
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
    let (Ok(root), Ok(step)) = (std::env::var(CHILD_FLEET), std::env::var(CHILD_STEP)) else { return };
    let step = Step::ALL.into_iter().find(|known| known.name() == step).expect("a step's name");
    let result = deliver_with(Path::new(&root), &mut MemoryDrive::new("A"), None, &PowerCut { step });
    panic!("the power was not cut after {}: {:?}", step.name(), result.map(version_of));
}

fn lose_power_after(root: &Path, step: Step) {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_loses_power", "--nocapture"])
        .env(CHILD_FLEET, root)
        .env(CHILD_STEP, step.name())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&status.stderr).into_owned();
    assert_eq!(status.status.signal(), Some(9), "after {}: {said}", step.name());
}

#[test]
fn a_power_cut_after_any_step_leaves_one_identity_and_a_rerun_finishes() {
    for step in Step::ALL {
        let fleet = TestFleet::real(1);
        lose_power_after(fleet.path(), step);
        let before = open(fleet.path()).unwrap();
        let known = before.ledger().device(&EndpointName::new("gw-0001").unwrap()).unwrap();
        let issued: Vec<String> = known
            .iter()
            .flat_map(|history| &history.generations)
            .filter_map(|generation| generation.public.certificate_serial().map(str::to_owned))
            .collect();
        assert!(issued.len() <= 1, "after {}: {issued:?}", step.name());
        drop(before);
        let mut drive = MemoryDrive::new("A");
        let again = deliver(fleet.path(), &mut drive, None).unwrap_or_else(|e| panic!("after {}: {e}", step.name()));
        if let Delivered::Now { version, .. } = again {
            assert_eq!(version, 1, "after {}", step.name());
        }
        let history = history(fleet.path());
        let active = serials(&history, GenerationState::Active);
        assert_eq!(active.len(), 1, "after {}", step.name());
        assert!(issued.is_empty() || issued == active, "after {}: the same identity goes on", step.name());
        assert_eq!(history.generations.len(), 1, "after {}: no second generation", step.name());
        assert_eq!(history.versions.len(), 1, "after {}", step.name());
        assert!(matches!(deliver(fleet.path(), &mut MemoryDrive::new("A"), None), Ok(Delivered::Before(_))));
    }
}

#[test]
fn after_exposure_only_the_same_hardware_resumes() {
    let fleet = TestFleet::real(1);
    lose_power_after(fleet.path(), Step::Exposed);
    let refused = deliver(fleet.path(), &mut MemoryDrive::new("B"), None);
    assert_eq!(class_of(refused), Class::Refused);
    let resumed = deliver(fleet.path(), &mut MemoryDrive::new("A"), None).unwrap();
    assert!(matches!(resumed, Delivered::Now { resumed: true, version: 1, .. }), "{resumed:?}");
}

#[test]
fn a_medium_that_died_after_exposure_costs_its_generation() {
    let fleet = TestFleet::real(1);
    assert_eq!(class_of(deliver(fleet.path(), &mut MemoryDrive::dying("A"), None)), Class::Surroundings);
    let first = serials(&history(fleet.path()), GenerationState::Pending);
    assert_eq!(class_of(deliver(fleet.path(), &mut MemoryDrive::new("B"), None)), Class::Refused);
    let second = deliver(fleet.path(), &mut MemoryDrive::new("B"), Some(Again::Lost)).unwrap();
    assert_eq!(version_of(second), 2);
    let history = history(fleet.path());
    assert_eq!(serials(&history, GenerationState::Revoked), first);
    assert_eq!(serials(&history, GenerationState::Active).len(), 1);
    assert_ne!(serials(&history, GenerationState::Active), first);
}

#[test]
fn a_rehearsal_to_an_image_does_not_make_the_stick_done() {
    let fleet = TestFleet::real(1);
    let image = fleet.file("gw-0001.img");
    assert_eq!(version_of(deliver(fleet.path(), &mut ImageFile::new(image.clone()), None).unwrap()), 1);
    let mut drive = MemoryDrive::new("A");
    assert_eq!(version_of(deliver(fleet.path(), &mut drive, None).unwrap()), 1, "the same bundle version");
    assert!(drive.content.lock().unwrap().is_some());
    let history = history(fleet.path());
    assert_eq!(history.generations.len(), 1, "the same identity");
    assert!(!history.generations[0].private, "verified hardware ends the private key's stay");
    assert!(matches!(deliver(fleet.path(), &mut ImageFile::new(image), None), Ok(Delivered::Before(_))));
}

#[test]
fn the_stick_first_and_then_a_rehearsal_is_refused_for_the_key_is_gone() {
    let fleet = TestFleet::real(1);
    deliver(fleet.path(), &mut MemoryDrive::new("A"), None).unwrap();
    let image = fleet.file("late.img");
    assert_eq!(class_of(deliver(fleet.path(), &mut ImageFile::new(image.clone()), None)), Class::Refused);
    assert!(!image.exists());
}

#[test]
fn an_edit_between_rehearsal_and_stick_makes_a_new_version_of_the_same_identity() {
    let fleet = TestFleet::real(1);
    let image = fleet.file("gw-0001.img");
    deliver(fleet.path(), &mut ImageFile::new(image), None).unwrap();
    fleet.edit("fleet.yaml", "mqtt.test.example:8883", "mqtt2.test.example:8883");
    let delivered = deliver(fleet.path(), &mut MemoryDrive::new("A"), None).unwrap();
    let Delivered::Now { version, changes, .. } = delivered else { panic!("was done before") };
    assert_eq!(version, 2);
    assert!(changes.iter().any(|line| line.contains("uri") && line.contains("mqtt2")), "{changes:?}");
    assert_eq!(history(fleet.path()).generations.len(), 1);
}

#[test]
fn an_edit_after_the_stick_needs_a_word_on_the_old_credentials() {
    let fleet = TestFleet::real(1);
    deliver(fleet.path(), &mut MemoryDrive::new("A"), None).unwrap();
    fleet.edit("fleet.yaml", "mqtt.test.example:8883", "mqtt2.test.example:8883");
    assert_eq!(class_of(deliver(fleet.path(), &mut MemoryDrive::new("A"), None)), Class::Refused);
    let again = deliver(fleet.path(), &mut MemoryDrive::new("B"), Some(Again::Damaged)).unwrap();
    assert_eq!(version_of(again), 2);
    let history = history(fleet.path());
    assert_eq!(serials(&history, GenerationState::Retired).len(), 1);
    assert_eq!(serials(&history, GenerationState::Active).len(), 1);
}

#[test]
fn a_copy_carries_the_same_identity_while_its_key_is_kept() {
    let fleet = TestFleet::real(1);
    fleet.edit("fleet.yaml", "valid: forever}", "valid: forever, retain: keep}");
    deliver(fleet.path(), &mut MemoryDrive::new("A"), None).unwrap();
    assert_eq!(version_of(deliver(fleet.path(), &mut MemoryDrive::new("B"), Some(Again::Copy)).unwrap()), 1);
    assert_eq!(history(fleet.path()).generations.len(), 1);
}

#[test]
fn without_its_root_a_fleet_refuses_and_makes_no_other() {
    let fleet = TestFleet::real(1);
    std::fs::rename(fleet.file(".firstlight"), fleet.file("elsewhere")).unwrap();
    let refused = deliver(fleet.path(), &mut MemoryDrive::new("A"), None);
    assert_eq!(class_of(refused), Class::Input);
    assert!(!fleet.file(".firstlight").exists());
    std::fs::rename(fleet.file("elsewhere"), fleet.file(".firstlight")).unwrap();
    std::fs::remove_file(fleet.file(".firstlight/authority/root.pem")).unwrap();
    assert_eq!(class_of(deliver(fleet.path(), &mut MemoryDrive::new("A"), None)), Class::Input);
}

#[test]
fn demo_and_seeded_credentials_never_reach_hardware() {
    let fleet = TestFleet::demo(1);
    assert_eq!(class_of(deliver(fleet.path(), &mut MemoryDrive::new("A"), None)), Class::Refused);
}

#[test]
fn a_retired_device_gets_nothing_more() {
    let fleet = TestFleet::real(1);
    deliver(fleet.path(), &mut MemoryDrive::new("A"), None).unwrap();
    fleet.run(&["devices", "retire", "gw-0001", "--reason", "scrapped", "--yes"]).ok();
    let refused = deliver(fleet.path(), &mut MemoryDrive::new("A"), Some(Again::Lost));
    assert_eq!(class_of(refused), Class::Refused);
}
