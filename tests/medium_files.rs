//! Image files and folders: what is under the final name is whole, what fails leaves nothing.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod media;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use firstlight::delivery::{Cargo, Effect, Event, Sink, SinkError, Step};
use firstlight::fleet::{Filesystem, PartitionTable};
use firstlight::medium::{Folder, ImageFile, inspect_path, verify};
use media::{artifact_of, consent, deliver, need, noise, plan, small_artifact};

const MIB: u64 = 1 << 20;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_table_and_type_is_read_by_fsck_and_mtools_and_by_us() {
    let folder = tempfile::tempdir().unwrap();
    let artifact = small_artifact();
    for (table, filesystem, size) in [
        (PartitionTable::None, Filesystem::Fat12, 4),
        (PartitionTable::Mbr, Filesystem::Fat16, 32),
        (PartitionTable::Mbr, Filesystem::Fat32, 64),
        (PartitionTable::Gpt, Filesystem::Fat32, 64),
        (PartitionTable::None, Filesystem::Fat, 8),
    ] {
        let path = folder.path().join("a.img");
        let plan = plan(table, filesystem, Some(size * MIB));
        let receipt = deliver(&mut ImageFile::new(&path), plan, &artifact).unwrap();
        assert_eq!(receipt.image, receipt.read_back);
        assert_eq!(receipt.artifact, artifact.digest());
        let found = inspect_path(&path).unwrap();
        assert_eq!((found.volumes.len(), found.volumes[0].label.as_str()), (1, "CIDATA"));
        let verified = verify(&found).unwrap();
        let [bundle] = verified.bundles() else { panic!("{verified:?}") };
        assert_eq!((bundle.files, bundle.digest), (3, artifact.digest()));
        let offset = found.volumes[0].offset;
        media::assert_mtools_reads(&path, offset, &artifact);
        let volume = folder.path().join("volume");
        let bytes = fs::read(&path).unwrap();
        let end = offset + found.volumes[0].size;
        fs::write(&volume, &bytes[usize::try_from(offset).unwrap()..usize::try_from(end).unwrap()]).unwrap();
        media::assert_fsck_clean(&volume);
    }
}

#[test]
fn an_image_takes_less_than_200_kb_of_disk_and_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.img");
    let artifact = small_artifact();
    deliver(&mut ImageFile::new(&path), plan(PartitionTable::Mbr, Filesystem::Fat32, Some(64 * MIB)), &artifact)
        .unwrap();
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!((metadata.len(), metadata.permissions().mode() & 0o777), (64 * MIB, 0o600));
    assert!(metadata.blocks() * 512 < 200_000, "{} bytes of disk", metadata.blocks() * 512);
    assert_eq!(names(folder.path()), ["a.img"]);
}

#[test]
fn the_same_artifact_makes_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("1.img"), folder.path().join("2.img"));
    for path in [&one, &two] {
        let plan = plan(PartitionTable::Gpt, Filesystem::Fat, Some(16 * MIB));
        deliver(&mut ImageFile::new(path), plan, &small_artifact()).unwrap();
    }
    assert!(fs::read(one).unwrap() == fs::read(two).unwrap());
}

#[test]
fn an_image_that_is_not_ours_is_named_as_lost_and_our_own_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.img");
    let artifact = small_artifact();
    let plan = plan(PartitionTable::Mbr, Filesystem::Fat, Some(8 * MIB));
    let need = need(plan.clone(), &artifact);
    let mut sink = ImageFile::new(&path);
    assert_eq!(*sink.preflight(&need).unwrap().effect(), Effect::Creates);
    fs::write(&path, b"somebody's thesis").unwrap();
    match sink.preflight(&need).unwrap().effect() {
        Effect::Overwrites(lines) => assert!(lines[0].contains("17 bytes"), "{lines:?}"),
        Effect::Creates => panic!("a stranger's file is lost without a word"),
    }
    assert_eq!(fs::read(&path).unwrap(), b"somebody's thesis", "preflight changes nothing");
    deliver(&mut sink, plan, &artifact).unwrap();
    assert_eq!(*sink.preflight(&need).unwrap().effect(), Effect::Creates);
}

#[test]
fn a_file_that_appears_after_the_consent_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.img");
    let artifact = small_artifact();
    let mut sink = ImageFile::new(&path);
    let consent =
        consent(&mut sink, &need(plan(PartitionTable::Mbr, Filesystem::Fat, Some(8 * MIB)), &artifact)).unwrap();
    fs::write(&path, b"late").unwrap();
    let error = sink.commit(&Cargo::of(&artifact), consent, &|_| ()).unwrap_err();
    assert!(matches!(error, SinkError::Swapped { .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"late");
}

#[test]
fn a_leftover_of_a_killed_run_is_taken_over_and_a_running_one_is_busy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.img");
    let leftover = folder.path().join(".a.img.part");
    let artifact = small_artifact();
    let plan = plan(PartitionTable::Mbr, Filesystem::Fat, Some(8 * MIB));
    fs::write(&leftover, vec![0xFF; 9 << 20]).unwrap();
    let held = fs::File::open(&leftover).unwrap();
    held.lock().unwrap();
    let error = deliver(&mut ImageFile::new(&path), plan.clone(), &artifact).unwrap_err();
    assert!(matches!(error, SinkError::Busy { .. }), "{error}");
    assert_eq!(fs::metadata(&leftover).unwrap().len(), 9 << 20, "the other run is not disturbed");
    drop(held);
    deliver(&mut ImageFile::new(&path), plan, &artifact).unwrap();
    assert_eq!(names(folder.path()), ["a.img"]);
    verify(&inspect_path(&path).unwrap()).unwrap();
}

#[test]
fn a_bundle_that_does_not_fit_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.img");
    let artifact = artifact_of(1, &[("big", noise(5 << 20, 3))]);
    let error =
        deliver(&mut ImageFile::new(&path), plan(PartitionTable::Mbr, Filesystem::Fat, Some(4 * MIB)), &artifact)
            .unwrap_err();
    assert!(matches!(&error, SinkError::Layout { reason } if reason.contains("bytes")), "{error}");
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn a_missing_folder_or_size_is_an_error_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let artifact = small_artifact();
    let with_size = plan(PartitionTable::Mbr, Filesystem::Fat, Some(8 * MIB));
    let error = deliver(&mut ImageFile::new(folder.path().join("no/a.img")), with_size, &artifact).unwrap_err();
    assert!(matches!(error, SinkError::Absent { what: "folder", .. }), "{error}");
    let without = plan(PartitionTable::Mbr, Filesystem::Fat, None);
    let error = deliver(&mut ImageFile::new(folder.path().join("a.img")), without, &artifact).unwrap_err();
    assert!(matches!(&error, SinkError::Layout { reason } if reason.contains("size: 64MiB")), "{error}");
    let error =
        deliver(&mut ImageFile::new("/dev/null"), plan(PartitionTable::Mbr, Filesystem::Fat, Some(8 * MIB)), &artifact);
    assert!(error.is_err());
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn a_flipped_byte_anywhere_in_a_file_is_found_by_verify() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.img");
    let artifact = small_artifact();
    deliver(&mut ImageFile::new(&path), plan(PartitionTable::None, Filesystem::Fat12, Some(4 * MIB)), &artifact)
        .unwrap();
    let bytes = fs::read(&path).unwrap();
    let place = bytes.windows(14).position(|window| window == b"instance-id: g").unwrap();
    let mut changed = bytes.clone();
    changed[place] ^= 1;
    fs::write(&path, &changed).unwrap();
    let error = verify(&inspect_path(&path).unwrap()).unwrap_err().to_string();
    assert!(error.contains("\"meta-data\" differs"), "{error}");
}

#[test]
fn verify_names_missing_and_extra_files_and_forgives_litter() {
    let folder = tempfile::tempdir().unwrap();
    let artifact = small_artifact();
    let plan = plan(PartitionTable::Mbr, Filesystem::Fat, None);
    deliver(&mut Folder::new(folder.path()), plan, &artifact).unwrap();
    fs::create_dir(folder.path().join("System Volume Information")).unwrap();
    fs::write(folder.path().join("System Volume Information/IndexerVolumeGuid"), b"x").unwrap();
    let verified = verify(&inspect_path(folder.path()).unwrap()).unwrap();
    assert_eq!(verified.litter().collect::<Vec<_>>(), ["System Volume Information/IndexerVolumeGuid"]);
    fs::write(folder.path().join("autorun.inf"), b"x").unwrap();
    fs::remove_file(folder.path().join("meta-data")).unwrap();
    let error = verify(&inspect_path(folder.path()).unwrap()).unwrap_err().to_string();
    assert!(error.contains("\"meta-data\" is missing; \"autorun.inf\" is not of this bundle"), "{error}");
    let empty = tempfile::tempdir().unwrap();
    let error = verify(&inspect_path(empty.path()).unwrap()).unwrap_err().to_string();
    assert!(error.contains("there is no bundle") && error.contains("blank"), "{error}");
}

#[test]
fn a_folder_gets_files_with_modes_and_the_manifest_last() {
    let folder = tempfile::tempdir().unwrap();
    let artifact = small_artifact();
    let need = need(plan(PartitionTable::Mbr, Filesystem::Fat, None), &artifact);
    let mut sink = Folder::new(folder.path());
    let consent = consent(&mut sink, &need).unwrap();
    let steps = std::sync::Mutex::new(Vec::new());
    let receipt = sink
        .commit(&Cargo::of(&artifact), consent, &|event| {
            let there = folder.path().join("firstlight-manifest.json").exists();
            match event {
                Event::Bytes { done, total, .. } if done < total => assert!(!there, "the manifest is not the last"),
                Event::Step { step, .. } => steps.lock().unwrap().push((step, there)),
                _ => {}
            }
        })
        .unwrap();
    assert_eq!(*steps.lock().unwrap(), [(Step::Written, true), (Step::ReadBack, true)]);
    assert_eq!((receipt.read_back, receipt.image), (artifact.digest(), artifact.digest()));
    let mode = fs::metadata(folder.path().join("certificates/identity.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(names(folder.path()), ["certificates", "firstlight-manifest.json", "meta-data", "user-data"]);
}

#[test]
fn a_new_version_replaces_the_old_one_and_removes_what_only_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(PartitionTable::Mbr, Filesystem::Fat, None);
    deliver(&mut Folder::new(folder.path()), plan.clone(), &small_artifact()).unwrap();
    fs::write(folder.path().join("meta-data"), b"edited by hand").unwrap();
    fs::write(folder.path().join("notes.txt"), b"mine").unwrap();
    let new = artifact_of(2, &[("user-data", b"new".to_vec())]);
    let mut sink = Folder::new(folder.path());
    let preflight = sink.preflight(&need(plan.clone(), &new)).unwrap();
    assert!(matches!(preflight.effect(), Effect::Overwrites(lines) if lines[0].contains("version 1 for gw-0001")));
    deliver(&mut sink, plan, &new).unwrap();
    assert!(!folder.path().join("certificates/identity.pem").exists(), "an old key stays behind");
    assert_eq!(fs::read(folder.path().join("meta-data")).unwrap(), b"edited by hand");
    assert_eq!(fs::read(folder.path().join("notes.txt")).unwrap(), b"mine");
    assert_eq!(fs::read(folder.path().join("user-data")).unwrap(), b"new");
}

#[test]
fn symbolic_links_in_a_folder_are_refused_and_never_followed() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("identity.pem"), b"precious").unwrap();
    for link in ["certificates", "user-data"] {
        let folder = tempfile::tempdir().unwrap();
        let target = if link == "user-data" { outside.path().join("identity.pem") } else { outside.path().into() };
        symlink(target, folder.path().join(link)).unwrap();
        let plan = plan(PartitionTable::Mbr, Filesystem::Fat, None);
        let error = deliver(&mut Folder::new(folder.path()), plan, &small_artifact()).unwrap_err();
        assert!(matches!(error, SinkError::Refused { .. }), "{link}: {error}");
        assert!(!folder.path().join("firstlight-manifest.json").exists());
    }
    assert_eq!(fs::read(outside.path().join("identity.pem")).unwrap(), b"precious");
    assert_eq!(names(outside.path()), ["identity.pem"]);
}

#[test]
fn a_folder_that_fails_half_way_shows_no_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(PartitionTable::Mbr, Filesystem::Fat, None);
    deliver(&mut Folder::new(folder.path()), plan.clone(), &small_artifact()).unwrap();
    fs::remove_file(folder.path().join("user-data")).unwrap();
    fs::create_dir(folder.path().join("user-data")).unwrap();
    assert!(deliver(&mut Folder::new(folder.path()), plan, &small_artifact()).is_err());
    assert!(!folder.path().join("firstlight-manifest.json").exists());
    assert!(names(folder.path()).iter().all(|name| !name.contains("part")));
}

#[test]
fn rubbish_is_inspected_without_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rubbish");
    for (length, seed) in [(0, 1), (1, 2), (511, 3), (512, 4), (70_000, 5), (1 << 20, 6)] {
        let mut bytes = noise(length, seed);
        fs::write(&path, &bytes).unwrap();
        assert!(verify(&inspect_path(&path).unwrap()).is_err());
        if length >= 512 {
            bytes[510..512].copy_from_slice(&[0x55, 0xAA]);
            fs::write(&path, &bytes).unwrap();
            assert!(verify(&inspect_path(&path).unwrap()).is_err());
        }
    }
    assert!(inspect_path(Path::new("/dev/null")).is_err());
}
