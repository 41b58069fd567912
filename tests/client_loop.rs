//! A medium that is a real block device, as far as loop devices go. Needs root and loop devices; fails with a clear message
//! without them.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod device;

use std::fs;
use std::path::Path;
use std::process::Command;

use device::{Device, Key, image, manifest};
use firstlight::delivery::result::{Outcome, ResultRoom};

/// A loop device over a file.
struct Loop(String);

impl Loop {
    fn new(file: &Path, options: &[&str]) -> Self {
        let output = Command::new("losetup").args(options).args(["--find", "--show"]).arg(file).output();
        let output = output.expect("losetup is missing (package mount)");
        assert!(output.status.success(), "needs root and loop devices: {}", String::from_utf8_lossy(&output.stderr));
        Self(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = Command::new("losetup").args(["-d", &self.0]).status();
    }
}

/// A device and the image of a stick for it, on a disk: memory has no direct access.
fn scene() -> (Device, tempfile::TempDir, Vec<u8>) {
    let device = Device::new();
    let folder = tempfile::tempdir().unwrap();
    let artifact = device.artifact(manifest(3), &[("config", b"one", "/etc/app/config")], &[&Key::new(1)]);
    image(&folder.path().join("stick"), &artifact, "FIRSTLIGHT");
    let before = fs::read(folder.path().join("stick")).unwrap();
    (device, folder, before)
}

#[test]
fn a_drive_is_read_raw_and_its_result_lies_in_the_files_own_sectors() {
    let (device, folder, before) = scene();
    let file = folder.path().join("stick");
    let record = {
        let drive = Loop::new(&file, &[]);
        device.ingest(Path::new(&drive.0)).came_to(0, "applied", "")
    };
    assert_eq!(record["result"], "written");
    assert_eq!(device.text("etc/app/config"), "one");
    let after = fs::read(&file).unwrap();
    let changed: Vec<usize> = (0..before.len()).filter(|at| before[*at] != after[*at]).collect();
    let start =
        before.windows(4096).position(|room| ResultRoom::read(room) == ResultRoom::Blank && room[4095] == b'\n');
    let start = start.unwrap();
    assert!(changed.iter().all(|at| (start..start + 4096).contains(at)));
    let ResultRoom::File(_, body) = ResultRoom::read(&after[start..start + 4096]) else { panic!("no result") };
    assert_eq!((body.outcome, body.version), (Outcome::Ingested, 3));
}

#[test]
fn a_drive_that_is_write_protected_is_taken_all_the_same() {
    let (device, folder, before) = scene();
    let file = folder.path().join("stick");
    let record = {
        let drive = Loop::new(&file, &["--read-only"]);
        device.ingest(Path::new(&drive.0)).came_to(0, "applied", "")
    };
    assert!(record["result"].as_str().unwrap().starts_with("not written: "), "{record:#}");
    assert_eq!(fs::read(&file).unwrap(), before);
}
