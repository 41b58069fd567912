//! Drives for real, as far as loop devices go. Needs root and loop devices; fails with a clear message without them.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod media;

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use firstlight::delivery::{Cargo, Content, Effect, SealedArtifact, Sink, SinkError, TargetImage};
use firstlight::fleet::{Filesystem, MediumPlan, PartitionTable};
use firstlight::host::drives::Severity;
use firstlight::host::{Bus, Machine};
use firstlight::medium::{DriveSelector, DriveSink, encode, inspect_path, verify};
use media::{artifact_of, consent, deliver, need, noise, plan, run, run_well, small_artifact};
use tempfile::TempDir;

const MIB: u64 = 1 << 20;

/// A loop device over a file in a folder of its own; both go with it.
struct Loop {
    node: String,
    file: PathBuf,
    _folder: TempDir,
}

impl Loop {
    fn new(size: u64, content: u8, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("medium");
        if content == 0 {
            File::create(&file).unwrap().set_len(size).unwrap();
        } else {
            fs::write(&file, vec![content; usize::try_from(size).unwrap()]).unwrap();
        }
        let node = attach(&file, options);
        Self { node, file, _folder: folder }
    }

    fn numbered(number: u32, size: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("medium");
        File::create(&file).unwrap().set_len(size).unwrap();
        let node = format!("/dev/loop{number}");
        run_well("losetup", &[&node, file.to_str().unwrap()]);
        Self { node, file, _folder: folder }
    }

    fn sink(&self) -> DriveSink {
        sink(&self.node)
    }

    /// Puts another medium into the same drive. The node is free only when the last who looks at it has closed it, and another
    /// test may have taken it by then.
    fn exchange(&self, other: &Path) {
        run_well("losetup", &["-d", &self.node]);
        let began = Instant::now();
        while !run("losetup", &[&self.node, other.to_str().unwrap()]).status.success() {
            assert!(began.elapsed() < Duration::from_mins(2), "{} does not come free", self.node);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn name(&self) -> &str {
        self.node.strip_prefix("/dev/").unwrap()
    }

    fn content(&self) -> Vec<u8> {
        File::open(&self.node).unwrap().sync_all().unwrap();
        fs::read(&self.file).unwrap()
    }

    /// Write requests and bytes written since the device was made.
    fn written(&self) -> (u64, u64) {
        let text = fs::read_to_string(format!("/sys/block/{}/stat", self.name())).unwrap();
        let fields: Vec<u64> = text.split_whitespace().map(|field| field.parse().unwrap()).collect();
        (fields[4], fields[6] * 512)
    }

    /// The volume in a file of its own.
    fn volume(&self, offset: u64, size: u64) -> tempfile::NamedTempFile {
        let copy = tempfile::NamedTempFile::new().unwrap();
        let bytes = self.content();
        let range = usize::try_from(offset).unwrap()..usize::try_from(offset + size).unwrap();
        fs::write(copy.path(), &bytes[range]).unwrap();
        copy
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        run("losetup", &["-d", &self.node]);
    }
}

fn attach(file: &Path, options: &[&str]) -> String {
    let mut arguments = vec!["--find", "--show"];
    arguments.extend(options);
    arguments.push(file.to_str().unwrap());
    let output = run("losetup", &arguments);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "this test needs root and loop devices: {words}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn sink(node: &str) -> DriveSink {
    DriveSink::new(Machine::new(), DriveSelector::Node(node.into()), false)
}

fn mbr() -> MediumPlan {
    plan(PartitionTable::Mbr, Filesystem::Fat32, None)
}

fn zero_bytes(image: &TargetImage) -> u64 {
    image.extents().iter().filter(|extent| matches!(extent.content, Content::Zero)).map(|extent| extent.length).sum()
}

fn twenty_mib() -> SealedArtifact {
    let big = |seed| noise(5 << 20, seed);
    artifact_of(1, &[("f1", big(1)), ("f2", big(2)), ("f3", big(3)), ("f4", big(4)), ("config.txt", b"x".to_vec())])
}

fn assert_good(medium: &Loop, artifact: &SealedArtifact) {
    let found = inspect_path(Path::new(&medium.node)).unwrap();
    assert_eq!(verify(&found).unwrap().bundles()[0].digest, artifact.digest());
    let volume = &found.volumes[0];
    media::assert_fsck_clean(medium.volume(volume.offset, volume.size).path());
    media::assert_mtools_reads(Path::new(&medium.node), volume.offset, artifact);
}

#[test]
fn a_dirty_medium_is_right_and_gets_only_what_matters() {
    for (table, filesystem, size) in [
        (PartitionTable::None, Filesystem::Fat16, 64 * MIB),
        (PartitionTable::Gpt, Filesystem::Fat16, 64 * MIB),
        (PartitionTable::Mbr, Filesystem::Fat32, 256 * MIB),
    ] {
        let medium = Loop::new(size, 0xFF, &[]);
        let artifact = twenty_mib();
        let before = medium.written();
        let receipt = deliver(&mut medium.sink(), plan(table, filesystem, None), &artifact).unwrap();
        let after = medium.written();
        let image = encode(&Cargo::of(&artifact), &plan(table, filesystem, Some(size)), Some(size)).unwrap();
        let (requests, bytes) = (after.0 - before.0, after.1 - before.1);
        let limit = artifact.payload() + zero_bytes(&image) + 128 * 1024;
        assert!(bytes <= limit, "{table:?}: {bytes} bytes written, at most {limit}");
        assert!(requests <= 60, "{table:?}: {requests} write requests");
        assert_eq!(receipt.read_back, image.digest());
        assert_eq!(receipt.written, bytes);
        assert_good(&medium, &artifact);
    }
}

#[test]
fn a_blank_medium_gets_payload_and_200_kb_at_most_in_60_requests() {
    let medium = Loop::new(128 * MIB, 0, &[]);
    let artifact = twenty_mib();
    let before = medium.written();
    deliver(&mut medium.sink(), mbr(), &artifact).unwrap();
    let after = medium.written();
    let (requests, bytes) = (after.0 - before.0, after.1 - before.1);
    assert!(bytes <= artifact.payload() + 200_000, "{bytes} bytes for {} of payload", artifact.payload());
    assert!(requests <= 60, "{requests} write requests");
    assert_good(&medium, &artifact);
}

#[test]
fn a_small_bundle_on_a_blank_medium_writes_less_than_200_kb() {
    let medium = Loop::new(64 * MIB, 0, &[]);
    let artifact = small_artifact();
    let before = medium.written();
    deliver(&mut medium.sink(), mbr(), &artifact).unwrap();
    let bytes = medium.written().1 - before.1;
    assert!(bytes <= artifact.payload() + 200_000, "{bytes} bytes");
}

#[test]
fn signatures_and_tables_of_an_older_use_are_gone() {
    let medium = Loop::new(64 * MIB, 0, &[]);
    run_well("sgdisk", &["-n", "1:2048:0", &medium.node]);
    run_well("mkfs.ext4", &["-q", "-F", "-E", "offset=1048576", &medium.node, "61000k"]);
    let node = File::options().write(true).open(&medium.node).unwrap();
    for (place, mark) in
        [(4086, &b"SWAPSPACE2"[..]), (0x10040, b"_BHRfS_M"), (0x8001, b"CD001"), (0, b"LUKS\xba\xbe\0\x01")]
    {
        node.write_all_at(mark, place).unwrap();
        node.write_all_at(mark, MIB + place).unwrap();
    }
    node.sync_all().unwrap();
    drop(node);
    assert!(run_well("wipefs", &["--no-act", &medium.node]).contains("crypto_LUKS"));
    deliver(&mut medium.sink(), mbr(), &small_artifact()).unwrap();
    let wipefs = run_well("wipefs", &["--no-act", "--noheadings", "--output", "TYPE,OFFSET", &medium.node]);
    assert_eq!(wipefs.split_whitespace().collect::<Vec<_>>(), ["dos", "0x1fe"], "{wipefs}");
    let found = inspect_path(Path::new(&medium.node)).unwrap();
    let volume = medium.volume(found.volumes[0].offset, found.volumes[0].size);
    let path = volume.path().to_str().unwrap();
    let blkid = run_well("blkid", &["-p", path]);
    assert!(blkid.contains("LABEL=\"CIDATA\"") && blkid.contains("TYPE=\"vfat\""), "{blkid}");
    let wipefs = run_well("wipefs", &["--no-act", "--noheadings", "--output", "TYPE", path]);
    assert!(wipefs.split_whitespace().all(|kind| kind == "vfat" || kind == "dos"), "{wipefs}");

    let bare = Loop::new(16 * MIB, 0, &[]);
    run_well("mkfs.ext4", &["-q", "-F", &bare.node]);
    deliver(&mut bare.sink(), plan(PartitionTable::None, Filesystem::Fat, None), &small_artifact()).unwrap();
    let blkid = run_well("blkid", &["-p", &bare.node]);
    assert!(blkid.contains("TYPE=\"vfat\"") && blkid.contains("LABEL=\"CIDATA\""), "{blkid}");
}

#[test]
fn the_kernel_forgets_partitions_of_an_older_table() {
    let medium = Loop::new(64 * MIB, 0, &["--partscan"]);
    run_well("sgdisk", &["-n", "1:40960:0", &medium.node]);
    run_well("partx", &["--update", &medium.node]);
    let start = format!("/sys/block/{0}/{0}p1/start", medium.name());
    assert_eq!(fs::read_to_string(&start).unwrap().trim(), "40960");
    deliver(&mut medium.sink(), mbr(), &small_artifact()).unwrap();
    // A kernel that reads MBR tables shows ours now; one that reads none shows nothing.
    let now = fs::read_to_string(&start).map(|text| text.trim().to_owned());
    assert!(now.as_deref().unwrap_or("2048") == "2048", "the kernel still has the old partition: {now:?}");
}

#[test]
fn a_partition_is_refused_and_its_drive_named() {
    let medium = Loop::new(64 * MIB, 0, &["--partscan"]);
    run_well("sgdisk", &["-n", "1:2048:0", &medium.node]);
    run_well("partx", &["--update", &medium.node]);
    let error = deliver(&mut sink(&format!("{}p1", medium.node)), mbr(), &small_artifact()).unwrap_err();
    assert!(matches!(error, SinkError::Refused { .. }), "{error}");
    assert!(error.to_string().contains(&format!("the whole drive is {}", medium.node)), "{error}");
}

#[test]
fn a_mounted_medium_is_busy_and_its_mount_point_named() {
    let medium = Loop::new(16 * MIB, 0, &[]);
    run_well("mkfs.ext4", &["-q", "-F", &medium.node]);
    let point = tempfile::tempdir().unwrap();
    let point_text = point.path().to_str().unwrap();
    let before = medium.content();
    run_well("mount", &[&medium.node, point_text]);
    let error = deliver(&mut medium.sink(), mbr(), &small_artifact());
    run_well("umount", &[point_text]);
    let error = error.unwrap_err();
    assert!(matches!(&error, SinkError::Busy { holders, .. } if holders[0].contains(point_text)), "{error}");
    assert_eq!(before.len(), medium.content().len());
    deliver(&mut medium.sink(), plan(PartitionTable::Mbr, Filesystem::Fat, None), &small_artifact()).unwrap();
}

/// A machine whose tables show nothing mounted, with a node for the loop device.
fn blind_machine(medium: &Loop) -> (TempDir, Machine) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let root = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/sys", root.path().join("sys")).unwrap();
    fs::create_dir(root.path().join("dev")).unwrap();
    let device = rustix::fs::stat(&medium.node).unwrap().st_rdev;
    let node = root.path().join("dev").join(medium.name());
    mknodat(CWD, &node, FileType::BlockDevice, Mode::RUSR | Mode::WUSR, device).unwrap();
    // The file behind the loop device, where the fake machine looks for it.
    let file = root.path().join(medium.file.strip_prefix("/").unwrap());
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, b"").unwrap();
    let machine = Machine::at(root.path());
    (root, machine)
}

#[test]
fn the_exclusive_open_finds_a_mount_that_the_tables_do_not_show() {
    let medium = Loop::new(16 * MIB, 0, &[]);
    run_well("mkfs.ext4", &["-q", "-F", &medium.node]);
    let (_root, machine) = blind_machine(&medium);
    let mut sink = DriveSink::new(machine, DriveSelector::Node(medium.node.clone().into()), false);
    let artifact = small_artifact();
    let consent = consent(&mut sink, &need(mbr_small(), &artifact)).unwrap();
    let point = tempfile::tempdir().unwrap();
    run_well("mount", &[&medium.node, point.path().to_str().unwrap()]);
    let error = sink.commit(&Cargo::of(&artifact), consent, &|_| ());
    run_well("umount", &[point.path().to_str().unwrap()]);
    let error = error.unwrap_err();
    assert!(matches!(error, SinkError::Busy { .. }), "{error}");
}

#[test]
fn a_drive_without_a_tray_is_written_and_not_ejected() {
    let medium = Loop::new(16 * MIB, 0, &[]);
    let mut sink = DriveSink::new(Machine::new(), DriveSelector::Node(medium.node.clone().into()), true);
    deliver(&mut sink, mbr_small(), &small_artifact()).unwrap();
    assert!(!sink.was_ejected());
    assert_good(&medium, &small_artifact());
}

/// Kills the child when the test ends.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_medium_locked_by_another_process_is_busy_and_the_process_named() {
    let medium = Loop::new(16 * MIB, 0, &[]);
    let mut command = Command::new("flock");
    command.args(["--exclusive", "--no-fork", &medium.node, "sh", "-c", "echo locked; exec sleep 600"]);
    let mut child = Killed(command.stdout(Stdio::piped()).spawn().expect("flock is needed for this test"));
    let mut first = [0; 6];
    std::io::Read::read_exact(child.0.stdout.as_mut().unwrap(), &mut first).unwrap();
    let error = deliver(&mut medium.sink(), mbr_small(), &small_artifact()).unwrap_err();
    let process = format!("process {}", child.0.id());
    assert!(matches!(&error, SinkError::Busy { holders, .. } if holders[0].contains(&process)), "{error}");
    assert_eq!(medium.content(), vec![0; 16 << 20], "nothing is written");
}

fn mbr_small() -> MediumPlan {
    plan(PartitionTable::Mbr, Filesystem::Fat, None)
}

#[test]
fn what_is_no_drive_is_an_error_and_never_becomes_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain");
    fs::write(&plain, b"text").unwrap();
    for node in ["/dev/sdzz9", "/dev/loop-nothing", plain.to_str().unwrap(), "/dev/null", "/tmp"] {
        let error = deliver(&mut sink(node), mbr_small(), &small_artifact()).unwrap_err();
        assert!(matches!(&error, SinkError::Absent { what: "block device", .. }), "{node}: {error}");
    }
    assert!(!Path::new("/dev/sdzz9").exists() && !Path::new("/dev/loop-nothing").exists());
    assert_eq!(fs::read(plain).unwrap(), b"text");
    let error = deliver(&mut DriveSink::by_port(Machine::new(), "77-7.7", false), mbr_small(), &small_artifact());
    assert!(matches!(error.unwrap_err(), SinkError::Absent { what: "drive", .. }));
}

#[test]
fn a_medium_that_is_too_small_or_protected_is_refused_before_the_first_byte() {
    let small = Loop::new(4 * MIB, 0, &[]);
    let before = small.written();
    let larger = plan(PartitionTable::Mbr, Filesystem::Fat, Some(8 * MIB));
    let error = deliver(&mut small.sink(), larger, &small_artifact()).unwrap_err();
    assert!(matches!(error, SinkError::TooSmall { need, have, .. } if (need, have) == (8 * MIB, 4 * MIB)), "{error}");
    let big = artifact_of(1, &[("big", noise(5 << 20, 9))]);
    let error = deliver(&mut small.sink(), mbr_small(), &big).unwrap_err();
    assert!(matches!(error, SinkError::TooSmall { .. }), "{error}");
    assert_eq!(small.written(), before);

    let protected = Loop::new(16 * MIB, 0, &["--read-only"]);
    let error = deliver(&mut protected.sink(), mbr_small(), &small_artifact()).unwrap_err();
    assert!(matches!(error, SinkError::ReadOnly { .. }), "{error}");
}

#[test]
fn a_medium_exchanged_after_the_consent_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other");
    File::create(&other).unwrap().set_len(16 * MIB).unwrap();
    // A number of its own, which no parallel test is given while it is free.
    let medium = Loop::numbered(100 + std::process::id() % 900, 16 * MIB);
    let artifact = small_artifact();
    let mut sink = medium.sink();
    let consent = consent(&mut sink, &need(mbr_small(), &artifact)).unwrap();
    medium.exchange(&other);
    let error = sink.commit(&Cargo::of(&artifact), consent, &|_| ()).unwrap_err();
    assert!(matches!(&error, SinkError::Swapped { difference, .. } if difference.contains("sequence")), "{error}");
    assert_eq!(fs::read(&other).unwrap(), vec![0; 16 << 20]);
    assert_eq!(medium.content(), vec![0; 16 << 20]);
}

#[test]
fn preflight_changes_nothing_names_the_loss_and_its_id_follows_the_content() {
    let medium = Loop::new(16 * MIB, 0, &[]);
    let artifact = small_artifact();
    let before = medium.written();
    let look = || medium.sink().preflight(&need(mbr_small(), &artifact)).unwrap();
    let blank = look();
    assert_eq!(*blank.effect(), Effect::Overwrites(vec![]));
    assert_eq!(blank.accept_id(), look().accept_id());
    assert_eq!(blank.layout().medium().unwrap().size, Some(16 * MIB));
    assert_eq!(medium.written(), before);
    deliver(&mut medium.sink(), mbr_small(), &artifact).unwrap();
    let ours = look();
    assert!(matches!(ours.effect(), Effect::Overwrites(lines) if lines[0].contains("version 1 for gw-0001")));
    assert_ne!(blank.accept_id(), ours.accept_id(), "an id is good for one state only");
    run_well("mkfs.ext4", &["-q", "-F", &medium.node]);
    assert!(matches!(look().effect(), Effect::Overwrites(lines) if lines[0].contains("ext2/3/4")));
}

#[test]
fn a_second_delivery_on_the_same_medium_replaces_the_first() {
    let medium = Loop::new(16 * MIB, 0xA5, &[]);
    deliver(&mut medium.sink(), mbr_small(), &small_artifact()).unwrap();
    let next = artifact_of(2, &[("user-data", b"new".to_vec())]);
    deliver(&mut medium.sink(), mbr_small(), &next).unwrap();
    assert_good(&medium, &next);
    let content = medium.content();
    assert!(!content.windows(4).any(|window| window == b"meta"), "the old directory is gone");
}

#[test]
fn an_erased_medium_holds_nothing_and_only_what_was_there_is_written() {
    let medium = Loop::new(64 * MIB, 0, &[]);
    let gpt = plan(PartitionTable::Gpt, Filesystem::Fat16, None);
    deliver(&mut medium.sink(), gpt, &twenty_mib()).unwrap();
    let before = medium.written();
    let found = medium.sink().survey().unwrap();
    assert!(matches!(found.effect(), Effect::Overwrites(lost) if !lost.is_empty()), "what is lost is said");
    let consent = found.confirm(&media::Yes).unwrap();
    let outcome = medium.sink().erase(&consent, &|_| ()).unwrap();
    assert!(medium.content().iter().all(|byte| *byte == 0), "not a byte is left, at the end neither");
    assert_eq!(outcome.compared, 64 * MIB);
    let written = medium.written().1 - before.1;
    assert_eq!(written, outcome.written);
    assert!(written < 40 * MIB, "zeros stay as they are: {written} bytes were written");
    let blank = medium.sink().survey().unwrap();
    assert_eq!(*blank.effect(), Effect::Overwrites(Vec::new()));
}

#[test]
fn erasing_by_the_program_wants_the_id_and_prints_what_is_documented() {
    let medium = Loop::new(4 * MIB, 0xFF, &[]);
    let target = format!("drive:{}", medium.node);
    let erase = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_firstlight"));
        command.args(["media", "erase", &target, "--json"]).args(more).stdin(Stdio::null()).output().unwrap()
    };
    assert_eq!(erase(&[]).status.code(), Some(6));
    assert_eq!(erase(&["--accept-target", "0123456789ab"]).status.code(), Some(6));
    assert!(medium.content().iter().all(|byte| *byte == 0xFF), "nothing was touched");
    let found = medium.sink().survey().unwrap();
    let erased = erase(&["--accept-target", found.accept_id().unwrap()]);
    assert!(erased.status.success(), "{}", String::from_utf8_lossy(&erased.stderr));
    let printed: serde_json::Value = serde_json::from_slice(&erased.stdout).unwrap();
    let fields: Vec<_> = printed.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["target", "written", "compared"], "as docs/json.md says");
    assert_eq!((&printed["written"], &printed["compared"]), (&(4 * MIB).into(), &(4 * MIB).into()));
    assert!(medium.content().iter().all(|byte| *byte == 0));
}

#[test]
fn a_medium_exchanged_after_the_consent_is_not_erased() {
    let medium = Loop::new(64 * MIB, 0xFF, &[]);
    let consent = medium.sink().survey().unwrap().confirm(&media::Yes).unwrap();
    let other = medium.file.with_file_name("other");
    fs::write(&other, vec![0xEE; 1 << 20]).unwrap();
    medium.exchange(&other);
    let error = medium.sink().erase(&consent, &|_| ()).unwrap_err();
    assert!(matches!(error, SinkError::Swapped { .. }), "{error}");
    assert!(fs::read(&other).unwrap().iter().all(|byte| *byte == 0xEE));
}

#[test]
fn a_byte_changed_in_the_field_is_found_by_inspecting_the_drive() {
    let medium = Loop::new(16 * MIB, 0, &[]);
    let artifact = small_artifact();
    deliver(&mut medium.sink(), mbr_small(), &artifact).unwrap();
    let place = medium.content().windows(13).position(|window| window == b"#cloud-config").unwrap();
    let node = File::options().write(true).open(&medium.node).unwrap();
    node.write_all_at(b"!", place as u64).unwrap();
    node.sync_all().unwrap();
    let error = verify(&inspect_path(Path::new(&medium.node)).unwrap()).unwrap_err().to_string();
    assert!(error.contains("\"user-data\" differs"), "{error}");
}

/// A small file system in memory, unmounted at the end.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn new(size: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        run_well("mount", &["-t", "tmpfs", "-o", &options, "tmpfs", folder.path().to_str().unwrap()]);
        Self(folder)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        run("umount", &["-l", self.0.path().to_str().unwrap()]);
    }
}

#[test]
fn a_medium_that_fails_in_mid_write_is_left_without_a_first_sector() {
    let disk = SmallDisk::new("4m");
    let file = disk.0.path().join("medium");
    File::create(&file).unwrap().set_len(64 * MIB).unwrap();
    File::options().write(true).open(&file).unwrap().write_all_at(b"old", 0).unwrap();
    let node = attach(&file, &[]);
    let artifact = artifact_of(1, &[("big", noise(8 << 20, 5))]);
    let error = deliver(&mut sink(&node), mbr(), &artifact);
    run("losetup", &["-d", &node]);
    let error = error.unwrap_err();
    assert!(matches!(error, SinkError::TooSmall { have, .. } if have < 8 * MIB), "{error}");
    let mut first = [1; 512];
    File::open(&file).unwrap().read_exact_at(&mut first, 0).unwrap();
    assert_eq!(first, [0; 512]);
}

#[test]
fn an_image_file_on_a_full_disk_says_so_and_leaves_nothing() {
    let disk = SmallDisk::new("1m");
    let path = disk.0.path().join("a.img");
    let artifact = artifact_of(1, &[("big", noise(2 << 20, 5))]);
    let plan = plan(PartitionTable::Mbr, Filesystem::Fat, Some(16 * MIB));
    let mut image = firstlight::medium::ImageFile::new(&path);
    let error = deliver(&mut image, plan.clone(), &artifact).unwrap_err();
    assert!(
        matches!(&error, SinkError::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull),
        "{error}"
    );
    // Without a known payload the disk is found full only while writing.
    let footprint = firstlight::delivery::Footprint { carrier: plan.into(), payload: None };
    let consent = consent(&mut image, &footprint).unwrap();
    let error = image.commit(&Cargo::of(&artifact), consent, &|_| ()).unwrap_err();
    assert!(matches!(&error, SinkError::Io { source, .. } if source.raw_os_error() == Some(28)), "{error}");
    assert_eq!(fs::read_dir(disk.0.path()).unwrap().count(), 0);
}

#[test]
fn the_disk_this_system_runs_from_is_refused_whatever_is_asked() {
    let drives = Machine::new().drives().unwrap();
    let root = rustix::fs::stat("/").unwrap().st_dev;
    let root = (rustix::fs::major(root), rustix::fs::minor(root));
    for drive in drives.iter().filter(|drive| drive.bus != Bus::Loop) {
        let holds_root = drive.number == root || drive.partitions.iter().any(|partition| partition.number == root);
        if holds_root {
            assert!(drive.verdict().weighs(Severity::Forbids), "{:?}", drive.verdict());
        }
        if drive.verdict().weighs(Severity::Forbids) {
            let node = drive.node.to_str().unwrap();
            let error = sink(node).preflight(&need(mbr_small(), &small_artifact())).unwrap_err();
            assert!(matches!(error, SinkError::Refused { .. }), "{error}");
        }
    }
    assert!(!drives.is_empty(), "this test needs a machine with a disk");
}
