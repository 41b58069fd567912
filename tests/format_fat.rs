//! FAT volumes against programs that are not ours: fsck.fat and mkfs.vfat (dosfstools), mtools, blkid.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use firstlight::delivery::{Content, Extent, TargetImage};
use firstlight::fleet::{Filesystem, Secret};
use firstlight::format::fat::read::Volume;
use firstlight::format::fat::{self, FatError, FatType, Geometry, VolumeFile, VolumeSpec};
use proptest::prelude::*;
use tempfile::TempDir;
use time::macros::datetime;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Paths and contents.
type Files = Vec<(String, Secret)>;

fn spec(filesystem: Filesystem, size: u64) -> VolumeSpec<'static> {
    VolumeSpec {
        filesystem,
        size,
        label: "cidata",
        volume_id: 0x1234_ABCD,
        modified: datetime!(2026-03-01 12:34:56 UTC),
        hidden_sectors: 2048,
    }
}

/// Bytes that differ from file to file and from place to place.
fn content(seed: u64, length: u64) -> Secret {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let bytes = (0..length).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    });
    Secret::new(bytes.collect())
}

fn files(lengths: &[(&str, u64)]) -> Files {
    lengths.iter().zip(1..).map(|((path, length), seed)| ((*path).to_owned(), content(seed, *length))).collect()
}

fn small_bundle() -> Files {
    files(&[
        ("user-data", 1700),
        ("meta-data", 60),
        ("network-config", 400),
        ("CONFIG.TXT", 10),
        ("config.toml", 512),
        ("certs/device.pem", 1400),
        ("certs/AmazonRootCA1.pem", 1188),
        ("certs/private/device-private-key.pem", 240),
        ("empty", 0),
        ("größe-日本語.txt", 4096),
    ])
}

fn build(spec: &VolumeSpec<'_>, files: &Files) -> Result<Vec<Extent>, FatError> {
    let files: Vec<VolumeFile<'_>> = files.iter().map(|(path, bytes)| VolumeFile { path, bytes }).collect();
    fat::build(spec, &files)
}

/// What lies on the medium before the volume is written.
#[derive(Clone, Copy, Debug)]
enum Before {
    Blank,
    /// 0xFF: everywhere up to a MiB behind the extents, and in the last MiB; a large file stays sparse between.
    Dirty,
}

struct Image {
    folder: TempDir,
    path: PathBuf,
}

fn write(extents: &[Extent], size: u64, before: Before) -> Image {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("volume.img");
    let file = File::create_new(&path).unwrap();
    file.set_len(size).unwrap();
    let dirty = matches!(before, Before::Dirty);
    if dirty {
        let last = extents.last().map_or(0, |extent| extent.offset + extent.length);
        soil(&file, 0, (last + MIB).min(size));
        soil(&file, size.saturating_sub(MIB), size);
    }
    for extent in extents {
        match &extent.content {
            Content::Data(bytes) => bytes.expose(|bytes| file.write_all_at(bytes, extent.offset).unwrap()),
            Content::Zero if dirty => zero(&file, extent),
            Content::Zero => {}
        }
    }
    Image { folder, path }
}

fn soil(file: &File, start: u64, end: u64) {
    let chunk = vec![0xFF; 1 << 20];
    for offset in (start..end).step_by(1 << 20) {
        let length = usize::try_from((end - offset).min(MIB)).unwrap();
        file.write_all_at(&chunk[..length], offset).unwrap();
    }
}

fn zero(mut file: &File, extent: &Extent) {
    file.seek(SeekFrom::Start(extent.offset)).unwrap();
    std::io::copy(&mut std::io::repeat(0).take(extent.length), &mut file).unwrap();
}

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .env("MTOOLSRC", "/dev/null")
        .output()
        .unwrap_or_else(|error| panic!("this test needs {program} (apt: dosfstools mtools util-linux): {error}"))
}

fn succeed(program: &str, arguments: &[&str]) -> String {
    let output = run(program, arguments);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && talk.is_empty(), "{program} {arguments:?}: {}\n{text}{talk}", output.status);
    text
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// fsck.fat says its version and counts files and clusters: nothing else.
fn assert_fsck_is_content(image: &Image) {
    let said = succeed("fsck.fat", &["-n", text(&image.path)]);
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines.len() == 2 && lines[0].starts_with("fsck.fat ") && lines[1].ends_with(" clusters"), "{said}");
}

fn assert_mtools_read_back(image: &Image, files: &Files) {
    let target = image.folder.path().join("out");
    fs::create_dir(&target).unwrap();
    if !files.is_empty() {
        succeed("mcopy", &["-s", "-n", "-i", text(&image.path), "::*", text(&target)]);
    }
    let mut found = Vec::new();
    walk(&target, &target, &mut found);
    let mut expected: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
    for (path, bytes) in files {
        let read = fs::read(target.join(path)).unwrap();
        assert!(bytes.expose(|bytes| bytes == read), "{path} differs");
    }
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(root, &path, found);
        } else {
            found.push(text(path.strip_prefix(root).unwrap()).to_owned());
        }
    }
}

fn assert_our_reader_agrees(image: &Image, files: &Files) {
    let file = File::open(&image.path).unwrap();
    let volume = Volume::open(&file).unwrap();
    let found = volume.files().unwrap();
    assert_eq!(found.len(), files.len());
    for entry in found {
        let (_, expected) = files.iter().find(|(path, _)| *path == entry.path).expect(&entry.path);
        let read = volume.read(&entry, entry.size).unwrap();
        assert!(read.expose(|read| expected.expose(|expected| read == expected)), "{} differs", entry.path);
    }
    assert_eq!(volume.label().unwrap(), "CIDATA");
    assert_eq!(volume.volume_id(), 0x1234_ABCD);
    assert!(volume.is_clean().unwrap());
}

/// All judges, on a blank and on a dirty medium.
fn assert_good(filesystem: Filesystem, size: u64, files: &Files) {
    let extents = build(&spec(filesystem, size), files).unwrap();
    for before in [Before::Blank, Before::Dirty] {
        let image = write(&extents, size, before);
        assert_fsck_is_content(&image);
        assert_mtools_read_back(&image, files);
        assert_eq!(succeed("mlabel", &["-s", "-i", text(&image.path), "::"]).trim(), "Volume label is CIDATA");
        assert_our_reader_agrees(&image, files);
    }
}

/// Smallest and largest size that can hold a type.
fn limits(filesystem: Filesystem) -> (u64, u64) {
    match Geometry::plan(filesystem, 512, 1) {
        Err(FatError::Size { least, most, .. }) => (least, most),
        other => panic!("512 bytes: {other:?}"),
    }
}

#[test]
fn volumes_of_ordinary_sizes_please_fsck_and_mtools_on_blank_and_dirty_media() {
    for size in [1, 2, 4, 16, 32, 64, 128, 256, 512].map(|mebibytes| mebibytes * MIB) {
        assert_good(Filesystem::Fat, size, &small_bundle());
    }
}

#[test]
fn volumes_of_gibibytes_please_fsck_and_mtools() {
    for size in [2 * GIB, 8 * GIB, 32 * GIB] {
        assert_good(Filesystem::Fat, size, &small_bundle());
    }
}

#[test]
fn each_type_is_good_at_its_smallest_and_largest_size() {
    let tiny = files(&[("user-data", 700), ("meta-data", 1)]);
    for filesystem in [Filesystem::Fat12, Filesystem::Fat16] {
        let (least, most) = limits(filesystem);
        assert_good(filesystem, least.max(64 * KIB), &tiny);
        assert_good(filesystem, most, &tiny);
    }
    assert_good(Filesystem::Fat32, limits(Filesystem::Fat32).0, &tiny);
}

#[test]
fn both_sides_of_every_change_of_cluster_size_keep_the_type() {
    let tiny = files(&[("user-data", 700)]);
    for filesystem in [Filesystem::Fat12, Filesystem::Fat16, Filesystem::Fat32] {
        let (least, most) = limits(filesystem);
        let sizes = cluster_size_changes(filesystem, least, most.min(4 * GIB));
        assert!(sizes.len() >= 12, "{filesystem:?} {sizes:?}");
        for size in sizes {
            let geometry = Geometry::plan(filesystem, size, 2).unwrap();
            assert_eq!(geometry.fat_type.filesystem(), filesystem);
            let image = write(&build(&spec(filesystem, size), &tiny).unwrap(), size, Before::Blank);
            assert_fsck_is_content(&image);
            let said = succeed("minfo", &["-i", text(&image.path), "::"]);
            let line = format!("disk type=\"{}   \"", geometry.fat_type.name().to_uppercase());
            assert!(said.contains(&line), "{filesystem:?} {size}\n{said}");
            assert_eq!(kind_by_blkid(&image), geometry.fat_type.name().to_uppercase(), "{size}");
        }
    }
}

/// blkid counts clusters and compares with the limits of the specification, whatever the boot sector says in words.
fn kind_by_blkid(image: &Image) -> String {
    let said = succeed("blkid", &["-p", "-o", "value", "-s", "VERSION", text(&image.path)]);
    said.trim().to_owned()
}

/// The sizes on both sides of each change.
fn cluster_size_changes(filesystem: Filesystem, least: u64, most: u64) -> Vec<u64> {
    let sectors_per_cluster = |size| Geometry::plan(filesystem, size, 2).unwrap().sectors_per_cluster;
    let mut sizes = Vec::new();
    let mut low = least;
    while low < most {
        let high = (low + low / 8 / 512 * 512 + 512).min(most);
        if sectors_per_cluster(low) != sectors_per_cluster(high) {
            let (mut below, mut above) = (low, high);
            while above - below > 512 {
                let middle = u64::midpoint(below, above) / 512 * 512;
                if sectors_per_cluster(middle) == sectors_per_cluster(low) { below = middle } else { above = middle }
            }
            sizes.extend([below, above]);
        }
        low = high;
    }
    sizes
}

#[test]
fn odd_numbers_of_sectors_are_good() {
    for size in [4 * MIB + 512, 63 * MIB + 512 * 77, 600 * MIB - 512] {
        assert_good(Filesystem::Fat, size, &small_bundle());
    }
}

#[test]
fn the_fields_are_those_that_blkid_and_minfo_show() {
    for (filesystem, size, version) in [
        (Filesystem::Fat12, 4 * MIB, "FAT12"),
        (Filesystem::Fat16, 64 * MIB, "FAT16"),
        (Filesystem::Fat32, 64 * MIB, "FAT32"),
    ] {
        let image = write(&build(&spec(filesystem, size), &small_bundle()).unwrap(), size, Before::Dirty);
        let said = succeed("blkid", &["-p", "-o", "export", text(&image.path)]);
        let version = format!("VERSION={version}");
        for line in ["LABEL=CIDATA", "LABEL_FATBOOT=CIDATA", "UUID=1234-ABCD", "TYPE=vfat", &version] {
            assert!(said.lines().any(|found| found == line), "{line} is not in\n{said}");
        }
        let said = succeed("minfo", &["-i", text(&image.path), "::"]).to_lowercase();
        for line in ["hidden sectors: 2048", "media descriptor byte: 0xf8", "reserved=0x0", "physical drive id: 0x80"] {
            assert!(said.contains(line), "{line} is not in\n{said}");
        }
    }
}

#[test]
fn a_volume_without_a_label_has_none() {
    let bare = VolumeSpec { label: "", ..spec(Filesystem::Fat32, 64 * MIB) };
    let image = write(&build(&bare, &small_bundle()).unwrap(), bare.size, Before::Dirty);
    assert_fsck_is_content(&image);
    assert!(succeed("mlabel", &["-s", "-i", text(&image.path), "::"]).contains("has no label"));
    assert!(!succeed("blkid", &["-p", text(&image.path)]).contains("LABEL"));
    assert_eq!(Volume::open(&File::open(&image.path).unwrap()).unwrap().label().unwrap(), "");
}

#[test]
fn mdir_shows_the_aliases_and_the_time_of_the_volume() {
    let image = write(&build(&spec(Filesystem::Fat16, 16 * MIB), &small_bundle()).unwrap(), 16 * MIB, Before::Dirty);
    let said = succeed("mdir", &["-i", text(&image.path), "::"]);
    let words: Vec<String> = said.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "USER-D~1 1700 2026-03-01 12:34 user-data",
        "CONFIG TXT 10 2026-03-01 12:34",
        "CONFIG~1 TOM 512 2026-03-01 12:34 config.toml",
        "CERTS <DIR> 2026-03-01 12:34 certs",
    ] {
        assert!(words.iter().any(|found| found == line), "{line:?} is not in\n{said}");
    }
}

#[test]
fn four_hundred_colliding_long_names_all_read_back() {
    let numbered = |number| (format!("device-certificate-{number:03}.conf"), content(number, number * 7));
    let mut files: Files = (0..400).map(numbered).collect();
    files.extend((0..40).map(|number| (format!("DEVICE~{number}.CON"), content(1000 + number, 100))));
    assert_good(Filesystem::Fat12, 7 * MIB, &files);
    assert_good(Filesystem::Fat32, 64 * MIB, &files);
    let image = write(&build(&spec(Filesystem::Fat16, 32 * MIB), &files).unwrap(), 32 * MIB, Before::Dirty);
    let said = succeed("mdir", &["-i", text(&image.path), "::"]);
    let aliases: Vec<&str> = said.lines().filter(|line| line.contains(" CON ")).map(|line| &line[..12]).collect();
    assert_eq!((aliases.len(), aliases.iter().collect::<HashSet<_>>().len()), (440, 440), "{said}");
}

#[test]
fn long_deep_empty_and_exactly_full_files_read_back() {
    let long = format!("{}.txt", "n".repeat(251));
    let wide = "ü".repeat(120);
    let deep = format!("{}/deep.txt", vec!["folder-in-folder"; 20].join("/"));
    for (filesystem, size) in
        [(Filesystem::Fat12, 4 * MIB), (Filesystem::Fat16, 64 * MIB), (Filesystem::Fat32, 64 * MIB)]
    {
        let cluster = Geometry::plan(filesystem, size, 1).unwrap().cluster_bytes();
        let lengths = [
            (long.as_str(), 100),
            (wide.as_str(), 1),
            (deep.as_str(), 300),
            ("empty", 0),
            ("less", cluster - 1),
            ("one", cluster),
            ("two", 2 * cluster),
            ("more", 2 * cluster + 1),
            ("thirty-two", 32 * KIB),
        ];
        assert_good(filesystem, size, &files(&lengths));
    }
}

#[test]
fn a_volume_without_files_is_good() {
    for (filesystem, size) in [(Filesystem::Fat12, MIB), (Filesystem::Fat16, 16 * MIB), (Filesystem::Fat32, 64 * MIB)] {
        assert_good(filesystem, size, &Files::new());
    }
}

#[test]
fn a_volume_filled_to_its_last_cluster_is_good_and_one_byte_more_is_refused() {
    for (filesystem, size) in
        [(Filesystem::Fat12, 2 * MIB), (Filesystem::Fat16, 5 * MIB), (Filesystem::Fat32, 40 * MIB)]
    {
        let geometry = Geometry::plan(filesystem, size, 2).unwrap();
        let of_root = u32::from(filesystem == Filesystem::Fat32);
        let room = u64::from(geometry.clusters - of_root) * geometry.cluster_bytes();
        let have = u64::from(geometry.clusters) * geometry.cluster_bytes();
        assert_good(filesystem, size, &files(&[("FULL.BIN", room)]));
        let error = build(&spec(filesystem, size), &files(&[("FULL.BIN", room + 1)])).err().unwrap();
        assert_eq!(error, FatError::Full { need: have + geometry.cluster_bytes(), have });
    }
}

#[test]
fn the_minimum_size_is_enough_and_a_mebibyte_less_is_not() {
    for filesystem in [Filesystem::Fat, Filesystem::Fat12, Filesystem::Fat16, Filesystem::Fat32] {
        for length in [10 * KIB, 3 * MIB, 20 * MIB] {
            let files = files(&[("payload.bin", length), ("folder/small", 10)]);
            let borrowed: Vec<VolumeFile<'_>> = files.iter().map(|(path, bytes)| VolumeFile { path, bytes }).collect();
            let least = fat::minimum_size(filesystem, "CIDATA", &borrowed).unwrap();
            assert!(build(&spec(filesystem, least), &files).is_ok(), "{filesystem:?} {length} {least}");
            assert!(build(&spec(filesystem, least - MIB), &files).is_err(), "{filesystem:?} {length} {least}");
        }
    }
}

fn data_extents(extents: &[Extent]) -> usize {
    extents.iter().filter(|extent| matches!(extent.content, Content::Data(_))).count()
}

#[test]
fn twenty_mebibytes_take_few_writes() {
    let files = files(&[
        ("user-data", 2000),
        ("a.bin", 5 * MIB),
        ("b.bin", 5 * MIB + 17),
        ("c.bin", 5 * MIB - 1),
        ("folder/d.bin", 5 * MIB),
        ("meta-data", 40),
    ]);
    for (filesystem, size) in [(Filesystem::Fat32, 64 * MIB), (Filesystem::Fat, 64 * MIB), (Filesystem::Fat, 2 * GIB)] {
        let extents = build(&spec(filesystem, size), &files).unwrap();
        assert!(data_extents(&extents) <= 8, "{} data extents in {filesystem:?} of {size}", data_extents(&extents));
    }
}

/// Prints the numbers that are quoted; the limits are the promise.
#[test]
fn a_small_bundle_sends_little() {
    let files = files(&[("user-data", 5000), ("meta-data", 100), ("certs/device.pem", 1500), ("certs/key.pem", 3640)]);
    for (filesystem, size, most_data, most_zero) in [
        (Filesystem::Fat32, 64 * MIB, 48 * KIB, 1056 * KIB),
        (Filesystem::Fat, 64 * MIB, 64 * KIB, 96 * KIB),
        (Filesystem::Fat32, 32 * GIB, 32 * KIB, 8448 * KIB),
    ] {
        let extents = build(&spec(filesystem, size), &files).unwrap();
        let all: u64 = extents.iter().map(|extent| extent.length).sum();
        let count = data_extents(&extents);
        let data = TargetImage::new(size, extents).data_bytes();
        println!("{filesystem:?} of {} MiB: {data} bytes of data in {count}, {} of zeros", size / MIB, all - data);
        assert!(data <= most_data && all - data <= most_zero, "{data} {}", all - data);
    }
}

#[test]
fn extents_are_whole_sectors_in_order() {
    for size in [MIB, 64 * MIB, 2 * GIB] {
        let extents = build(&spec(Filesystem::Fat, size), &small_bundle()).unwrap();
        let whole = |extent: &Extent| {
            extent.offset.is_multiple_of(512) && extent.length.is_multiple_of(512) && extent.length > 0
        };
        assert!(extents.iter().all(whole));
        assert!(extents.windows(2).all(|pair| pair[0].offset + pair[0].length <= pair[1].offset));
        assert!(matches!(extents[0].content, Content::Data(_)) && extents[0].offset == 0);
    }
}

#[test]
fn the_same_input_gives_the_same_bytes_in_whatever_order_it_comes() {
    let digest = |files: &Files| {
        let extents = build(&spec(Filesystem::Fat32, 64 * MIB), files).unwrap();
        TargetImage::new(64 * MIB, extents).digest().to_string()
    };
    let turned: Files = small_bundle().into_iter().rev().collect();
    assert_eq!(digest(&small_bundle()), digest(&turned));
    assert_eq!(digest(&small_bundle()), "40960a02a32f5e93fdeff4dd6ba586e0c410dbb907b71fb3aee154e4d0f9dafe");
}

#[test]
fn our_reader_reads_what_mkfs_and_mcopy_wrote() {
    for (bits, size, fat_type) in
        [("12", 4 * MIB, FatType::Fat12), ("16", 32 * MIB, FatType::Fat16), ("32", 64 * MIB, FatType::Fat32)]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("foreign.img");
        File::create_new(&path).unwrap().set_len(size).unwrap();
        succeed("mkfs.vfat", &["-F", bits, "-n", "FOREIGN", "-i", "CAFE0001", text(&path)]);
        let mut files = small_bundle();
        for (name, bytes) in &files {
            mcopy_in(&path, folder.path(), name, bytes);
        }
        // A larger file takes the clusters of a deleted small one and goes on behind all others.
        succeed("mdel", &["-i", text(&path), "::user-data"]);
        files[0].1 = content(77, 100 * KIB);
        mcopy_in(&path, folder.path(), "user-data", &files[0].1);
        let source = File::open(&path).unwrap();
        let volume = Volume::open(&source).unwrap();
        assert_eq!((volume.fat_type(), volume.volume_id()), (fat_type, 0xCAFE_0001));
        assert_eq!(volume.label().unwrap(), "FOREIGN");
        let found = volume.files().unwrap();
        assert_eq!(found.len(), files.len());
        for entry in found {
            let (_, expected) = files.iter().find(|(path, _)| *path == entry.path).expect(&entry.path);
            let read = volume.read(&entry, MIB).unwrap();
            assert!(read.expose(|read| expected.expose(|expected| read == expected)), "{} differs", entry.path);
        }
    }
}

fn mcopy_in(image: &Path, folder: &Path, name: &str, bytes: &Secret) {
    let local = folder.join("local");
    bytes.expose(|bytes| File::create(&local).unwrap().write_all(bytes)).unwrap();
    for (slash, _) in name.match_indices('/') {
        let target = format!("::{}", &name[..slash]);
        if !run("mdir", &["-i", text(image), &target]).status.success() {
            succeed("mmd", &["-i", text(image), &target]);
        }
    }
    succeed("mcopy", &["-i", text(image), text(&local), &format!("::{name}")]);
}

#[test]
fn a_file_larger_than_the_caller_takes_is_refused_with_both_numbers() {
    let bytes = in_memory(Filesystem::Fat12, 256 * KIB);
    let volume = Volume::open(&bytes).unwrap();
    let entry = volume.files().unwrap().into_iter().find(|entry| entry.path == "user-data").unwrap();
    let error = volume.read(&entry, 1699).err().unwrap().to_string();
    assert_eq!(error, r#"file "user-data" has 1700 bytes, at most 1699 are taken"#);
}

fn in_memory(filesystem: Filesystem, size: u64) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(size).unwrap()];
    for extent in build(&spec(filesystem, size), &small_bundle()).unwrap() {
        if let Content::Data(data) = &extent.content {
            let start = usize::try_from(extent.offset).unwrap();
            data.expose(|data| bytes[start..start + data.len()].copy_from_slice(data));
        }
    }
    bytes
}

/// Reads all there is; returns whether all went well.
fn read_everything(bytes: &[u8]) -> bool {
    let Ok(volume) = Volume::open(&bytes) else { return false };
    let (label, clean) = (volume.label(), volume.is_clean());
    let Ok(files) = volume.files() else { return false };
    files.iter().all(|file| volume.read(file, MIB).is_ok()) && label.is_ok() && clean.is_ok()
}

#[test]
fn every_single_changed_byte_of_the_structures_ends_in_a_result() {
    let mut volume = in_memory(Filesystem::Fat12, 256 * KIB);
    assert!(read_everything(&volume));
    // Boot sector, tables, root directory and the two folders; behind them lie files.
    let end = Geometry::plan(Filesystem::Fat12, 256 * KIB, 30).unwrap().cluster_offset(4);
    for place in 0..usize::try_from(end).unwrap() {
        let right = volume[place];
        for value in [0, 1, 2, 5, 0x0F, 0x10, 0x41, 0x7F, 0xE5, 0xF7, 0xFF] {
            volume[place] = value;
            read_everything(&volume);
        }
        volume[place] = right;
    }
}

#[test]
fn chains_that_contradict_themselves_are_errors() {
    let size = 40 * MIB;
    let volume = in_memory(Filesystem::Fat32, size);
    let table = usize::try_from(Geometry::plan(Filesystem::Fat32, size, 1).unwrap().table_sector(0) * 512).unwrap();
    let with_entry = |cluster: usize, next: u32| {
        let mut changed = volume.clone();
        changed[table + 4 * cluster..][..4].copy_from_slice(&next.to_le_bytes());
        Volume::open(&changed).unwrap().files().expect_err("is an error").to_string()
    };
    // The root directory begins at cluster 2, the first folder behind it.
    let last = (2..200).rev().find(|cluster| volume[table + 4 * cluster..][..4] != [0; 4]).unwrap();
    for (cluster, next, reason) in [
        (2, 2, "in two chains"),
        (2, 0, "leads to cluster 0"),
        (2, 1, "leads to cluster 1"),
        (2, 0x0FFF_FFF7, "leads to cluster 268435447"),
        (2, 0x00FF_0000, "leads to cluster 16711680"),
        (last, 3, "more than"),
    ] {
        let error = with_entry(cluster, next);
        assert!(error.contains(reason), "{cluster} -> {next}: {error}");
    }
}

#[test]
fn a_chain_that_is_shorter_than_its_file_is_an_error() {
    let mut volume = in_memory(Filesystem::Fat16, 5 * MIB);
    let table = usize::try_from(Geometry::plan(Filesystem::Fat16, 5 * MIB, 1).unwrap().table_sector(0) * 512).unwrap();
    let second = (2..50).find(|cluster| volume[table + 2 * cluster..][..2] != [0xFF, 0xFF]).unwrap();
    volume[table + 2 * second..][..2].copy_from_slice(&[0xFF, 0xFF]);
    let error = Volume::open(&volume).unwrap().files().err().unwrap().to_string();
    assert!(error.contains("its chain has 1 clusters, its size needs"), "{error}");
}

#[test]
fn absurd_parameter_blocks_are_refused() {
    let volume = in_memory(Filesystem::Fat12, 256 * KIB);
    for (place, bytes, reason) in [
        (510, &[0, 0][..], "no signature"),
        (11, &[0, 0], "sectors of 0 bytes"),
        (11, &[1, 2], "sectors of 513 bytes"),
        (13, &[0], "clusters of 0 sectors"),
        (13, &[3], "clusters of 3 sectors"),
        (14, &[0, 0], "no reserved sector"),
        (16, &[0], "0 allocation tables"),
        (16, &[255], "255 allocation tables"),
        (19, &[255, 255], "it claims 33553920 bytes, there are 262144"),
        (22, &[0, 0], "hold no cluster behind"),
        (22, &[1, 0], "a table of 512 bytes, "),
        (22, &[255, 255], "hold no cluster behind"),
        (17, &[255, 255], "hold no cluster behind"),
    ] {
        let mut changed = volume.clone();
        changed[place..place + bytes.len()].copy_from_slice(bytes);
        let error = Volume::open(&changed).err().expect(reason).to_string();
        assert!(error.contains(reason), "{reason:?} is not in {error:?}");
    }
    assert!(Volume::open(&vec![0u8; 100]).is_err());
}

#[test]
fn folders_that_contain_themselves_or_go_too_deep_are_errors() {
    let mut volume = in_memory(Filesystem::Fat12, 256 * KIB);
    let geometry = Geometry::plan(Filesystem::Fat12, 256 * KIB, 20).unwrap();
    let folder = usize::try_from(geometry.cluster_offset(2)).unwrap();
    let inner = volume[folder..].chunks(32).position(|entry| entry[..11] == *b"PRIVATE    ").unwrap();
    volume[folder + 32 * inner + 26] = 2;
    let error = Volume::open(&volume).unwrap().files().err().unwrap().to_string();
    assert!(error.contains("in two chains"), "{error}");

    let deepest = files(&[(&vec!["d"; 32].join("/"), 5)]);
    let image = write(&build(&spec(Filesystem::Fat, MIB), &deepest).unwrap(), MIB, Before::Blank);
    assert_our_reader_agrees(&image, &deepest);
    succeed("mmd", &["-i", text(&image.path), &format!("::{}/e", vec!["d"; 31].join("/"))]);
    let file = File::open(&image.path).unwrap();
    let error = Volume::open(&file).unwrap().files().err().unwrap().to_string();
    assert!(error.contains("more than 31 levels of folders"), "{error}");
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9._-]{0,18}[a-z0-9]",
        "[A-Z0-9~_]{1,8}(\\.[A-Z0-9]{1,3})?",
        "[a-zA-Zäöüß日本é+=\\[\\];,][a-zA-Zäöüß日本é +=\\[\\];,.]{0,40}[a-z]",
    ]
}

fn drawn_files() -> impl Strategy<Value = Vec<(String, u16)>> {
    let path = proptest::collection::vec(name(), 1..4).prop_map(|names| names.join("/"));
    proptest::collection::vec((path, 0u16..9000), 0..40)
}

/// Leaves out what FAT cannot hold beside the others: one path the folder of another, names that differ in case.
fn possible(drawn: Vec<(String, u16)>) -> Files {
    let mut files = Files::new();
    for ((path, length), seed) in drawn.into_iter().zip(1..) {
        files.push((path, content(seed, u64::from(length))));
        match build(&spec(Filesystem::Fat16, 32 * MIB), &files) {
            Ok(_) => {}
            Err(FatError::Twice { .. }) => drop(files.pop()),
            Err(other) => panic!("{other}"),
        }
    }
    files
}

fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn any_files_come_back_from_our_reader(drawn in drawn_files(), which in 0usize..4) {
        let files = possible(drawn);
        let (filesystem, size) = [
            (Filesystem::Fat12, 4 * MIB),
            (Filesystem::Fat16, 32 * MIB),
            (Filesystem::Fat32, 40 * MIB),
            (Filesystem::Fat, GIB),
        ][which];
        let extents = build(&spec(filesystem, size), &files).unwrap();
        assert_our_reader_agrees(&write(&extents, size, Before::Dirty), &files);
    }
}

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn any_files_come_back_from_mtools(drawn in drawn_files()) {
        assert_good(Filesystem::Fat, 16 * MIB, &possible(drawn));
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn random_bytes_end_in_a_result(mut bytes in proptest::collection::vec(any::<u8>(), 0..8192), signed in any::<bool>()) {
        if signed && bytes.len() >= 512 {
            bytes[510] = 0x55;
            bytes[511] = 0xAA;
            bytes[11..14].copy_from_slice(&[0, 2, 1]);
            bytes[14..24].copy_from_slice(&[1, 0, 1, 16, 0, 16, 0, 0xF8, 1, 0]);
        }
        read_everything(&bytes);
    }
}

/// Places in the structures: the boot sector, the beginning of the first table, of the root directory and of folders.
fn structure_place(filesystem: Filesystem, size: u64) -> impl Strategy<Value = usize> {
    let geometry = Geometry::plan(filesystem, size, 30).unwrap();
    let root = usize::try_from(geometry.root_sector() * 512).unwrap();
    let table = usize::try_from(geometry.table_sector(0) * 512).unwrap();
    let data = usize::try_from(geometry.cluster_offset(2)).unwrap();
    prop_oneof![0usize..90, table..table + 256, root..root + 800, data..data + 2048]
}

fn changes(filesystem: Filesystem, size: u64) -> impl Strategy<Value = Vec<(usize, u8)>> {
    let value = prop_oneof![any::<u8>(), Just(0), Just(1), Just(2), Just(3), Just(0x0F), Just(0x10), Just(0xFF)];
    proptest::collection::vec((structure_place(filesystem, size), value), 1..12)
}

fn read_changed(filesystem: Filesystem, size: u64, changes: Vec<(usize, u8)>) {
    let mut volume = in_memory(filesystem, size);
    for (place, value) in changes {
        volume[place] = value;
    }
    read_everything(&volume);
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn changed_fat12_volumes_end_in_a_result(changes in changes(Filesystem::Fat12, 256 * KIB)) {
        read_changed(Filesystem::Fat12, 256 * KIB, changes);
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn changed_fat16_volumes_end_in_a_result(changes in changes(Filesystem::Fat16, 5 * MIB)) {
        read_changed(Filesystem::Fat16, 5 * MIB, changes);
    }

    #[test]
    fn changed_fat32_volumes_end_in_a_result(changes in changes(Filesystem::Fat32, 40 * MIB)) {
        read_changed(Filesystem::Fat32, 40 * MIB, changes);
    }
}
