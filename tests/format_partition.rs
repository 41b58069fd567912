//! Partition tables against programs that are not ours: sgdisk, sfdisk, blkid, wipefs, and the makers of what old uses
//! of a medium leave behind.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use firstlight::delivery::{Content, Extent, TargetImage};
use firstlight::fleet::{Filesystem, PartitionTable, Secret};
use firstlight::format::fat::read::Volume;
use firstlight::format::fat::{self, VolumeFile, VolumeSpec};
use firstlight::format::partition::{
    ALIGNMENT, PartitionError, Partitioned, Slot, SlotKind, clear_stale, encode, find_volumes,
};
use firstlight::format::{ReadAt, Window};
use proptest::prelude::*;
use tempfile::TempDir;
use time::macros::datetime;

const MIB: u64 = 1 << 20;
const SEED: [u8; 16] = *b"sixteen bytes of";

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).env("LC_ALL", "C.UTF-8").env("MTOOLSRC", "/dev/null").output().unwrap_or_else(
        |error| panic!("this test needs {program} (apt: gdisk fdisk util-linux e2fsprogs dosfstools mtools): {error}"),
    )
}

fn succeed(program: &str, arguments: &[&str]) -> String {
    let output = run(program, arguments);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {}\n{said}{talk}", output.status);
    said + &talk
}

/// A whole medium: table, volume with one file, stale signatures cleared.
fn medium(table: PartitionTable, filesystem: Filesystem, size: u64) -> (Partitioned, Vec<Extent>) {
    let partitioned = encode(table, filesystem, size, SEED).unwrap();
    let spec = VolumeSpec {
        filesystem,
        size: partitioned.volume_size,
        label: "CIDATA",
        volume_id: 0xCAFE_F00D,
        modified: datetime!(2026-03-01 0:00 UTC),
        hidden_sectors: u32::try_from(partitioned.volume_offset / 512).unwrap(),
    };
    let bytes = Secret::new(b"#cloud-config\n".to_vec());
    let volume = fat::build(&spec, &[VolumeFile { path: "user-data", bytes: &bytes }]).unwrap();
    let Partitioned { volume_offset, volume_size, extents } = partitioned;
    let (before, behind): (Vec<Extent>, Vec<Extent>) =
        extents.into_iter().partition(|extent| extent.offset < volume_offset);
    let moved = volume.into_iter().map(|extent| Extent { offset: extent.offset + volume_offset, ..extent });
    let all = before.into_iter().chain(moved).chain(behind).collect();
    let cleared = clear_stale(all, size, volume_offset, volume_size);
    (Partitioned { volume_offset, volume_size, extents: Vec::new() }, cleared)
}

struct Disk {
    _folder: TempDir,
    path: PathBuf,
    file: File,
}

fn blank(size: u64) -> Disk {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk.img");
    let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    file.set_len(size).unwrap();
    Disk { _folder: folder, path, file }
}

/// Writes data and zeros, as onto a medium that held something.
fn write(disk: &Disk, extents: &[Extent]) {
    for extent in extents {
        match &extent.content {
            Content::Data(bytes) => bytes.expose(|bytes| disk.file.write_all_at(bytes, extent.offset).unwrap()),
            Content::Zero => {
                let zeros = vec![0; usize::try_from(extent.length).unwrap()];
                disk.file.write_all_at(&zeros, extent.offset).unwrap();
            }
        }
    }
}

fn soil(disk: &Disk) {
    let size = disk.file.metadata().unwrap().len();
    disk.file.write_all_at(&vec![0xFF; usize::try_from(size).unwrap()], 0).unwrap();
}

/// Both tables, each FAT type, and sizes of whole MiB and odd ones.
fn cases() -> Vec<(PartitionTable, Filesystem, u64)> {
    let mut cases = Vec::new();
    for table in [PartitionTable::Mbr, PartitionTable::Gpt] {
        for (filesystem, size) in [
            (Filesystem::Fat12, 4 * MIB),
            (Filesystem::Fat16, 16 * MIB + 512 * 13),
            (Filesystem::Fat32, 64 * MIB),
            (Filesystem::Fat32, 67 * MIB - 512),
        ] {
            cases.push((table, filesystem, size));
        }
    }
    cases
}

#[test]
fn sgdisk_finds_no_fault_in_a_gpt_on_a_dirty_medium() {
    for (_, filesystem, size) in cases().into_iter().filter(|case| case.0 == PartitionTable::Gpt) {
        let disk = blank(size);
        soil(&disk);
        let (partitioned, extents) = medium(PartitionTable::Gpt, filesystem, size);
        write(&disk, &extents);
        let said = succeed("sgdisk", &["-v", text(&disk.path)]);
        assert!(said.contains("No problems found") && !said.contains("Warning"), "{said}");
        let said = succeed("sgdisk", &["-i", "1", text(&disk.path)]);
        assert!(said.contains("EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"), "{said}");
        assert!(said.contains("Partition name: 'bootstrap'"), "{said}");
        let last = (partitioned.volume_offset + partitioned.volume_size) / 512 - 1;
        assert!(said.contains("First sector: 2048 ") && said.contains(&format!("Last sector: {last} ")), "{said}");
    }
}

#[test]
fn sfdisk_reads_the_same_partition_and_finds_no_fault() {
    for (table, filesystem, size) in cases() {
        let disk = blank(size);
        soil(&disk);
        let (partitioned, extents) = medium(table, filesystem, size);
        write(&disk, &extents);
        let said = succeed("sfdisk", &["--verify", text(&disk.path)]);
        assert!(said.contains("No errors detected"), "{said}");
        let dump: serde_json::Value = serde_json::from_str(&succeed("sfdisk", &["--json", text(&disk.path)])).unwrap();
        let (label, kind) = match (table, filesystem) {
            (PartitionTable::Gpt, _) => ("gpt", "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"),
            (_, Filesystem::Fat12) => ("dos", "1"),
            (_, Filesystem::Fat16) => ("dos", "e"),
            _ => ("dos", "c"),
        };
        let table = &dump["partitiontable"];
        assert_eq!(table["label"], label);
        let partitions = table["partitions"].as_array().unwrap();
        assert_eq!(partitions.len(), 1);
        assert_eq!(partitions[0]["start"], ALIGNMENT / 512);
        assert_eq!(partitions[0]["size"], partitioned.volume_size / 512);
        assert_eq!(partitions[0]["type"], kind);
        assert!(partitions[0].get("bootable").is_none());
    }
}

#[test]
fn mtools_and_our_reader_find_the_volume_behind_the_table() {
    for (table, filesystem, size) in cases() {
        let disk = blank(size);
        soil(&disk);
        let (partitioned, extents) = medium(table, filesystem, size);
        write(&disk, &extents);
        let place = format!("{}@@{}", text(&disk.path), partitioned.volume_offset);
        assert_eq!(succeed("mtype", &["-i", &place, "::user-data"]), "#cloud-config\n");
        let slots = find_volumes(&disk.file).unwrap();
        assert_eq!(slots.len(), 1);
        assert_eq!((slots[0].offset, slots[0].size), (partitioned.volume_offset, partitioned.volume_size));
        let window = Window::new(&disk.file, slots[0].offset, slots[0].size);
        let volume = Volume::open(&window).unwrap();
        assert_eq!((volume.label().unwrap().as_str(), volume.volume_id()), ("CIDATA", 0xCAFE_F00D));
        assert_eq!(volume.files().unwrap()[0].path, "user-data");
    }
}

#[test]
fn tables_that_sfdisk_made_are_read() {
    for (script, expected) in [
        ("label: dos\n2048 8192 c\n10240 4096 83\n", vec![(2048, 8192), (10240, 4096)]),
        ("label: gpt\nstart=2048 size=8192\nstart=12288 size=4096\n", vec![(2048, 8192), (12288, 4096)]),
    ] {
        let disk = blank(16 * MIB);
        sfdisk(&disk, script);
        let found: Vec<(u64, u64)> =
            find_volumes(&disk.file).unwrap().iter().map(|slot| (slot.offset / 512, slot.size / 512)).collect();
        assert_eq!(found, expected, "{script}");
    }
    let disk = blank(16 * MIB);
    sfdisk(&disk, "label: dos\n2048 4096 c\n8192 8192 5\n");
    let error = find_volumes(&disk.file).unwrap_err();
    assert_eq!(error.to_string(), "the mbr table has an extended partition (type 0x05), which is not read");
}

fn sfdisk(disk: &Disk, script: &str) {
    let input = disk.path.with_extension("sfdisk");
    std::fs::write(&input, script).unwrap();
    let output = Command::new("sfdisk").args(["-q", text(&disk.path)]).stdin(File::open(&input).unwrap()).output();
    let output = output.unwrap_or_else(|error| panic!("this test needs sfdisk (apt: fdisk): {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_bare_volume_is_found_and_a_blank_medium_has_none() {
    let disk = blank(4 * MIB);
    assert_eq!(find_volumes(&disk.file).unwrap(), []);
    write(&disk, &medium(PartitionTable::None, Filesystem::Fat, 4 * MIB).1);
    let expected = Slot { offset: 0, size: 4 * MIB, kind: SlotKind::Superfloppy };
    assert_eq!(find_volumes(&disk.file).unwrap(), [expected]);
    let foreign = blank(64 * MIB);
    succeed("mkfs.vfat", &["-F", "32", text(&foreign.path)]);
    assert_eq!(find_volumes(&foreign.file).unwrap()[0].kind, SlotKind::Superfloppy);
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_gives_others() {
    let digest = |table, seed| {
        TargetImage::new(64 * MIB, encode(table, Filesystem::Fat, 64 * MIB, seed).unwrap().extents).digest().to_string()
    };
    for table in [PartitionTable::Mbr, PartitionTable::Gpt] {
        assert_eq!(digest(table, SEED), digest(table, SEED));
        assert_ne!(digest(table, SEED), digest(table, [0; 16]));
    }
    assert_eq!(digest(PartitionTable::Mbr, SEED), "fbd48a46d4fc7f0bf715fa136197b4a5b5fc2339d0df3f8ad7875395eae52222");
    assert_eq!(digest(PartitionTable::Gpt, SEED), "75dc5d3b752e6bd23974a4574c884090830e66a97471c259ce8a49230f0c5607");
}

/// What `wipefs` finds, one type a line.
fn signatures(path: &Path) -> Vec<String> {
    let said = succeed("wipefs", &["--noheadings", "--output", "TYPE", text(path)]);
    said.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// Puts bytes that no program at hand makes without a device or a daemon at the places their readers look.
fn plant(disk: &Disk, places: &[(u64, &[u8])]) {
    for (offset, bytes) in places {
        disk.file.write_all_at(bytes, *offset).unwrap();
    }
}

/// ZFS: uberblocks of its four labels.
fn plant_zfs(disk: &Disk, size: u64) {
    for label in [0, 256 << 10, size - (512 << 10), size - (256 << 10)] {
        for slot in 0..8 {
            plant(disk, &[(label + (128 << 10) + slot * 1024, &0x00BA_B10C_u64.to_le_bytes())]);
        }
    }
}

/// LVM: a label in sector 1 with its checksum, whose seed is LVM's own.
fn plant_lvm(disk: &Disk, _size: u64) {
    let mut label = [0; 512];
    label[..8].copy_from_slice(b"LABELONE");
    label[8] = 1;
    label[20] = 32;
    label[24..32].copy_from_slice(b"LVM2 001");
    label[32..64].fill(b'x');
    let sum = label[20..].iter().fold(0xF597_A6CF_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 })
    });
    label[16..20].copy_from_slice(&sum.to_le_bytes());
    plant(disk, &[(512, &label)]);
}

type Maker = (&'static str, fn(&Disk, u64));

/// Old uses of a medium, by the name that wipefs gives them.
const MAKERS: [Maker; 11] = [
    ("ext4", |disk, _| drop(succeed("mkfs.ext4", &["-q", "-F", text(&disk.path)]))),
    ("swap", |disk, _| drop(succeed("mkswap", &[text(&disk.path)]))),
    ("gpt", |disk, _| sfdisk(disk, "label: gpt\nstart=2048 size=4096\n")),
    ("dos", |disk, _| sfdisk(disk, "label: dos\n63 4096 83\n")),
    ("vfat", |disk, _| drop(succeed("mkfs.vfat", &[text(&disk.path)]))),
    ("btrfs", |disk, _| plant(disk, &[(65536 + 64, b"_BHRfS_M")])),
    ("LVM2_member", plant_lvm),
    ("crypto_LUKS", |disk, _| plant(disk, &[(0, b"LUKS\xBA\xBE\0\x01")])),
    ("iso9660", |disk, _| plant(disk, &[(32768, b"\x01CD001\x01\0"), (34816, b"\xFFCD001\x01")])),
    ("linux_raid_member", |disk, size| {
        let offset = size / 65536 * 65536 - 65536;
        plant(disk, &[(offset, &0xA92B_4EFC_u32.to_le_bytes()), (offset + 8, &90u32.to_le_bytes())]);
    }),
    ("zfs_member", plant_zfs),
];

#[test]
fn nothing_is_left_of_an_older_use_of_the_medium() {
    let size = 80 * MIB;
    for (name, make) in MAKERS {
        for table in [PartitionTable::None, PartitionTable::Mbr, PartitionTable::Gpt] {
            let disk = blank(size);
            make(&disk, size);
            let before = signatures(&disk.path);
            assert!(before.iter().any(|found| found == name), "{name} was not planted: {before:?}");
            write(&disk, &medium(table, Filesystem::Fat, size).1);
            assert_only_ours(&disk, table, name);
        }
    }
}

#[test]
fn nothing_is_left_of_an_older_use_of_the_partition() {
    let size = 80 * MIB;
    for (name, make) in MAKERS {
        for table in [PartitionTable::Mbr, PartitionTable::Gpt] {
            let (partitioned, extents) = medium(table, Filesystem::Fat, size);
            let old = blank(partitioned.volume_size);
            make(&old, partitioned.volume_size);
            assert!(signatures(&old.path).iter().any(|found| found == name), "{name} was not planted");
            let disk = blank(size);
            let mut bytes = vec![0; usize::try_from(partitioned.volume_size).unwrap()];
            old.file.read_exact_at(&mut bytes, 0).unwrap();
            disk.file.write_all_at(&bytes, partitioned.volume_offset).unwrap();
            write(&disk, &extents);
            assert_only_ours(&disk, table, name);
            let volume = blank(partitioned.volume_size);
            disk.file.read_exact_at(&mut bytes, partitioned.volume_offset).unwrap();
            volume.file.write_all_at(&bytes, 0).unwrap();
            assert_only_ours(&volume, PartitionTable::None, name);
        }
    }
}

/// wipefs lists each place of a signature: FAT and GPT have several.
fn assert_only_ours(disk: &Disk, table: PartitionTable, was: &str) {
    let mut found = signatures(&disk.path);
    found.sort();
    found.dedup();
    let expected: &[&str] = match table {
        PartitionTable::None => &["vfat"],
        PartitionTable::Mbr => &["dos"],
        PartitionTable::Gpt => &["PMBR", "gpt"],
    };
    assert_eq!(found, expected, "after {was} under {table:?}");
    let key = if table == PartitionTable::None { "TYPE=vfat" } else { "PTTYPE=" };
    let said = succeed("blkid", &["-p", "-o", "export", text(&disk.path)]);
    assert!(said.contains(key), "after {was} under {table:?}: {said}");
}

fn in_memory(table: PartitionTable) -> Vec<u8> {
    let mut bytes = vec![0; 3 << 20];
    for extent in encode(table, Filesystem::Fat12, 3 * MIB, SEED).unwrap().extents {
        if let Content::Data(data) = &extent.content {
            let start = usize::try_from(extent.offset).unwrap();
            data.expose(|data| bytes[start..start + data.len()].copy_from_slice(data));
        }
    }
    bytes
}

#[test]
fn any_changed_byte_of_a_gpt_header_or_array_is_noticed() {
    let mut disk = in_memory(PartitionTable::Gpt);
    assert_eq!(find_volumes(&disk).unwrap().len(), 1);
    for place in (512..512 + 92).chain((1024..1024 + 16384).step_by(7)) {
        disk[place] ^= 0x10;
        assert!(matches!(find_volumes(&disk), Err(PartitionError::Damaged { table: "gpt", .. })), "{place}");
        disk[place] ^= 0x10;
    }
}

#[test]
fn partitions_outside_the_medium_or_across_each_other_are_refused() {
    let entry = |first: u32, sectors: u32| {
        let mut entry = [0; 16];
        entry[4] = 0x0C;
        entry[8..12].copy_from_slice(&first.to_le_bytes());
        entry[12..].copy_from_slice(&sectors.to_le_bytes());
        entry
    };
    for (one, two) in [
        (entry(0, 100), entry(200, 1)),
        (entry(1, 100), entry(100, 10)),
        (entry(1, u32::MAX), entry(0, 0)),
        (entry(u32::MAX, u32::MAX), entry(0, 0)),
    ] {
        let mut disk = in_memory(PartitionTable::Mbr);
        disk[446..462].copy_from_slice(&one);
        disk[462..478].copy_from_slice(&two);
        assert!(matches!(find_volumes(&disk), Err(PartitionError::Damaged { table: "mbr", .. })));
    }
}

fn config(count: u32) -> ProptestConfig {
    ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn changed_tables_end_in_a_result(
        gpt in any::<bool>(),
        changes in proptest::collection::vec((0usize..2048, any::<u8>()), 1..20),
    ) {
        let mut disk = in_memory(if gpt { PartitionTable::Gpt } else { PartitionTable::Mbr });
        for (place, value) in changes {
            disk[place] = value;
        }
        if let Ok(slots) = find_volumes(&disk) {
            prop_assert!(slots.iter().all(|slot| slot.offset + slot.size <= disk.size()));
        }
    }

    #[test]
    fn random_sectors_end_in_a_result(mut bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
        if bytes.len() >= 512 {
            bytes[510] = 0x55;
            bytes[511] = 0xAA;
        }
        drop(find_volumes(&bytes));
    }
}
