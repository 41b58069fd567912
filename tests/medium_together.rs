//! Several bundles on one medium: what other people's programs find there, and what a changed set leaves behind.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod media;

use std::fs;
use std::path::Path;

use firstlight::delivery::{Cargo, SealedArtifact};
use firstlight::fleet::{Filesystem, PartitionTable};
use firstlight::medium::{Folder, ImageFile, inspect_path, verify};
use media::{deliver, deliver_all, plan, run, small_artifact, small_artifact_of};

const MIB: u64 = 1 << 20;

fn artifacts() -> Vec<SealedArtifact> {
    ["gw-0001", "urn:dev:mac:2", "gw-0003"].map(small_artifact_of).into()
}

fn cargo(artifacts: &[SealedArtifact]) -> Cargo<'_> {
    Cargo::together(artifacts).unwrap()
}

fn medium(size: Option<u64>) -> firstlight::fleet::MediumPlan {
    plan(PartitionTable::Mbr, Filesystem::Fat, size)
}

/// Every file under a folder, `/`-separated.
fn tree(folder: &Path) -> Vec<String> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            let path = entry.path();
            found.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            if path.is_dir() {
                open.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_table_and_type_is_clean_for_fsck_and_mtools_reads_every_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = artifacts();
    for (table, filesystem, size) in [
        (PartitionTable::None, Filesystem::Fat12, 4),
        (PartitionTable::Mbr, Filesystem::Fat16, 32),
        (PartitionTable::Gpt, Filesystem::Fat32, 64),
    ] {
        let path = folder.path().join("a.img");
        let plan = plan(table, filesystem, Some(size * MIB));
        let receipt = deliver_all(&mut ImageFile::new(&path), plan, &cargo(&artifacts)).unwrap();
        assert_eq!(receipt.artifact, cargo(&artifacts).digest());
        let found = inspect_path(&path).unwrap();
        let (offset, end) = (found.volumes[0].offset, found.volumes[0].offset + found.volumes[0].size);
        for part in cargo(&artifacts).parts() {
            for file in part.artifact().files() {
                let image = format!("{}@@{offset}", path.display());
                let output = run("mtype", &["-i", &image, &format!("::/{}", part.place(&file.path))]);
                assert!(file.bytes.expose(|bytes| bytes == output.stdout), "{} differs", part.place(&file.path));
            }
        }
        let volume = folder.path().join("volume");
        let bytes = fs::read(&path).unwrap();
        fs::write(&volume, &bytes[usize::try_from(offset).unwrap()..usize::try_from(end).unwrap()]).unwrap();
        media::assert_fsck_clean(&volume);
    }
}

#[test]
fn signatures_and_the_room_for_a_result_are_of_the_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = artifacts();
    let cargo = cargo(&artifacts);
    deliver_all(&mut Folder::new(folder.path()), medium(None), &cargo).unwrap();
    assert!(
        tree(folder.path()).contains(&"firstlight/urn%3Adev%3Amac%3A2/firstlight-manifest.json.minisig".to_owned())
    );
    let verified = verify(&inspect_path(folder.path()).unwrap()).unwrap();
    let mut devices: Vec<_> = verified.bundles().iter().map(|bundle| bundle.manifest.device.to_string()).collect();
    devices.sort();
    assert_eq!(devices, ["gw-0001", "gw-0003", "urn:dev:mac:2"]);
    assert_eq!(inspect_path(folder.path()).unwrap().sole_bundles().len(), 3, "nothing is beside them");
}

#[test]
fn another_set_leaves_nothing_of_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = artifacts();
    deliver_all(&mut Folder::new(folder.path()), medium(None), &cargo(&artifacts)).unwrap();
    deliver_all(&mut Folder::new(folder.path()), medium(None), &cargo(&artifacts[2..])).unwrap();
    let names = tree(folder.path());
    assert!(names.iter().all(|name| name == "firstlight" || name.starts_with("firstlight/gw-0003")), "{names:?}");
    deliver(&mut Folder::new(folder.path()), medium(None), &small_artifact()).unwrap();
    let names = tree(folder.path());
    let ours = ["certificates", "certificates/identity.pem", "firstlight-manifest.json", "meta-data", "user-data"];
    assert_eq!(names, ours);
    deliver_all(&mut Folder::new(folder.path()), medium(None), &cargo(&artifacts[..1])).unwrap();
    let names = tree(folder.path());
    assert!(names.iter().all(|name| name == "firstlight" || name.starts_with("firstlight/gw-0001")), "{names:?}");
}

#[test]
fn what_somebody_put_beside_a_bundle_stays() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = artifacts();
    deliver_all(&mut Folder::new(folder.path()), medium(None), &cargo(&artifacts)).unwrap();
    fs::write(folder.path().join("firstlight/gw-0001/notes.txt"), "mine").unwrap();
    fs::write(folder.path().join("firstlight/gw-0001/user-data"), "edited by hand").unwrap();
    deliver_all(&mut Folder::new(folder.path()), medium(None), &cargo(&artifacts[2..])).unwrap();
    let left: Vec<String> =
        tree(folder.path()).into_iter().filter(|name| name.starts_with("firstlight/gw-0001/")).collect();
    assert_eq!(left, ["firstlight/gw-0001/notes.txt", "firstlight/gw-0001/user-data"]);
}

#[test]
fn a_folder_that_fails_half_way_shows_no_manifest_of_any() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = artifacts();
    deliver_all(&mut Folder::new(folder.path()), medium(None), &cargo(&artifacts)).unwrap();
    fs::remove_file(folder.path().join("firstlight/gw-0003/user-data")).unwrap();
    fs::create_dir(folder.path().join("firstlight/gw-0003/user-data")).unwrap();
    assert!(deliver_all(&mut Folder::new(folder.path()), medium(None), &cargo(&artifacts)).is_err());
    let names = tree(folder.path());
    assert!(names.iter().all(|name| !name.ends_with("firstlight-manifest.json")), "{names:?}");
}

#[test]
fn a_folder_of_bundles_that_is_a_link_is_not_followed() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let artifacts = artifacts();
    deliver_all(&mut Folder::new(outside.path()), medium(None), &cargo(&artifacts)).unwrap();
    let before = tree(outside.path());
    std::os::unix::fs::symlink(outside.path().join("firstlight"), folder.path().join("firstlight")).unwrap();
    assert!(deliver_all(&mut Folder::new(folder.path()), medium(None), &cargo(&artifacts[2..])).is_err());
    deliver(&mut Folder::new(folder.path()), medium(None), &small_artifact()).unwrap();
    assert_eq!(tree(outside.path()), before);
}

#[test]
fn a_bundle_at_the_root_and_others_in_folders_are_all_judged() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = artifacts();
    deliver(&mut Folder::new(folder.path()), medium(None), &small_artifact()).unwrap();
    let other = tempfile::tempdir().unwrap();
    deliver_all(&mut Folder::new(other.path()), medium(None), &cargo(&artifacts)).unwrap();
    fs::rename(other.path().join("firstlight"), folder.path().join("firstlight")).unwrap();
    let verified = verify(&inspect_path(folder.path()).unwrap()).unwrap();
    let places: Vec<&str> = verified.bundles().iter().map(|bundle| &*bundle.folder).collect();
    assert_eq!(places, ["", "firstlight/gw-0001", "firstlight/gw-0003", "firstlight/urn%3Adev%3Amac%3A2"]);
    fs::write(folder.path().join("firstlight/gw-0003/user-data"), "x").unwrap();
    let error = verify(&inspect_path(folder.path()).unwrap()).unwrap_err().to_string();
    assert!(error.contains("\"firstlight/gw-0003/user-data\" differs") && !error.contains("gw-0001"), "{error}");
}
