//! littlefs images against littlefs-python from PyPI, which is the C library: it reads ours and goes on writing them, and we read
//! its own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "format/python.rs"]
mod python;

use firstlight::fleet::Secret;
use firstlight::format::littlefs::{self, Geometry, ImageFile, LittlefsError, Volume};
use proptest::prelude::*;
use serde_json::json;

const LITTLEFS: &str = include_str!("format/littlefs.py");

type Files = Vec<(String, Vec<u8>)>;

fn geometry(block_size: u32, block_count: u32) -> Geometry {
    Geometry { block_size, block_count, cache_size: block_size.min(64) }
}

fn build(geometry: &Geometry, files: &Files) -> Result<Vec<u8>, LittlefsError> {
    let secrets: Vec<(&str, Secret)> =
        files.iter().map(|(path, bytes)| (path.as_str(), Secret::new(bytes.clone()))).collect();
    let files: Vec<ImageFile<'_>> = secrets.iter().map(|(path, bytes)| ImageFile { path, bytes }).collect();
    littlefs::build(geometry, &files).map(|image| image.expose(<[u8]>::to_vec))
}

#[track_caller]
fn read(image: &[u8]) -> Files {
    let volume = Volume::open(image).unwrap();
    let content = |file| volume.read(file, 1 << 24).unwrap().expose(<[u8]>::to_vec);
    let mut files: Files = volume.files().iter().map(|file| (file.path.clone(), content(file))).collect();
    files.sort();
    files
}

fn sorted(mut files: Files) -> Files {
    files.sort();
    files
}

fn content(seed: usize, length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251 + seed * 7).to_le_bytes()[0]).collect()
}

fn said(files: &serde_json::Value) -> Files {
    let one = |file: &serde_json::Value| (file[0].as_str().unwrap().to_owned(), python::bytes(&file[1]));
    sorted(files.as_array().unwrap().iter().map(one).collect())
}

fn to_read(geometry: &Geometry, image: &[u8]) -> serde_json::Value {
    json!({"image": hex::encode(image), "block_size": geometry.block_size, "block_count": geometry.block_count,
           "cache": geometry.cache_size})
}

/// Names that begin alike, all lengths around inline files and chains, folders in folders.
fn everything() -> Files {
    let mut files = Files::new();
    for (number, length) in
        [0, 1, 15, 16, 17, 63, 64, 65, 127, 128, 129, 511, 512, 513, 1020, 4096, 10_000].iter().enumerate()
    {
        files.push((format!("sizes/file{length}"), content(number, *length)));
    }
    for name in ["a", "ab", "abc", "b", "B", "aba", "größe", "with space"] {
        files.push((name.to_owned(), content(name.len(), 20)));
        files.push((format!("deep/{name}x/{name}/f"), content(name.len(), 100)));
    }
    for number in 0..60 {
        files.push((format!("many/{}", "n".repeat(number % 20 + 1) + &number.to_string()), content(number, number)));
    }
    files
}

fn drawn_files() -> impl Strategy<Value = (usize, Files)> {
    let name = prop_oneof!["[ab]{1,4}", "[a-z0-9._-]{1,12}", "[a-zäö日 ]{1,30}"];
    let path = proptest::collection::vec(name, 1..4).prop_map(|names| names.join("/"));
    let length = prop_oneof![4 => 0..80_usize, 2 => 0..1200_usize, 1 => 0..9000_usize];
    let file = (path, length, 0..250_usize).prop_map(|(path, length, seed)| (path, content(seed, length)));
    (0..4_usize, proptest::collection::vec(file, 0..40))
}

/// Leaves out what cannot be beside the others.
fn possible(geometry: &Geometry, drawn: Files) -> Files {
    let mut files = Files::new();
    for file in drawn {
        files.push(file);
        match build(geometry, &files) {
            Ok(_) => {}
            Err(LittlefsError::Twice { .. } | LittlefsError::Name { .. } | LittlefsError::Full { .. }) => {
                drop(files.pop());
            }
            Err(other) => panic!("{other}"),
        }
    }
    files
}

const GEOMETRIES: [(u32, u32); 4] = [(128, 1500), (256, 300), (512, 128), (4096, 64)];

#[test]
fn the_c_library_reads_our_images_and_goes_on_writing_them() {
    let mut made: Vec<(Geometry, Files)> =
        [(512, 512), (4096, 128), (256, 1000)].map(|(size, count)| (geometry(size, count), everything())).into();
    made.push((geometry(4096, 2), Files::new()));
    for (which, drawn) in python::cases(60, drawn_files()) {
        let (size, count) = GEOMETRIES[which];
        made.push((geometry(size, count), possible(&geometry(size, count), drawn)));
    }
    let images: Vec<Vec<u8>> = made.iter().map(|(geometry, files)| build(geometry, files).unwrap()).collect();
    // Room is left for what the test adds, but in the image of two blocks, where there is none.
    let with_room: Vec<usize> = (0..made.len()).filter(|number| has_room(&made[*number].0, &images[*number])).collect();
    assert!(with_room.len() > 50, "{}", with_room.len());
    let cases: Vec<_> = with_room.iter().map(|number| to_read(&made[*number].0, &images[*number])).collect();
    let answers = python::ask(LITTLEFS, &json!({"read": cases, "write": []}));
    for (answer, number) in answers["read"].as_array().unwrap().iter().zip(with_room) {
        let expected = sorted(made[number].1.clone());
        assert!(said(&answer[0]) == expected, "case {number}: {:?}", made[number].0);
        assert!(read(&images[number]) == expected, "case {number}");
        assert!(read(&python::bytes(&answer[2])) == said(&answer[1]), "case {number} after it was written to");
    }
    assert_eq!(read(&images[3]), Files::new());
}

fn has_room(geometry: &Geometry, image: &[u8]) -> bool {
    let blocks = image.chunks_exact(geometry.block_size as usize);
    let free = blocks.rev().take_while(|block| block.iter().all(|byte| *byte == 0xFF)).count();
    free >= 8 && free * geometry.block_size as usize > 5000
}

#[derive(Clone, Debug)]
enum Step {
    Put(usize, usize),
    Add(usize, usize),
    Move(usize, usize),
    Remove(usize),
}

fn drawn_steps() -> impl Strategy<Value = (usize, bool, Vec<Step>)> {
    let length = prop_oneof![3 => 0..100_usize, 1 => 0..3000_usize];
    let step = prop_oneof![
        5 => (0..40_usize, length.clone()).prop_map(|(path, length)| Step::Put(path, length)),
        2 => (0..40_usize, length).prop_map(|(path, length)| Step::Add(path, length)),
        1 => (0..40_usize, 0..40_usize).prop_map(|(from, to)| Step::Move(from, to)),
        2 => (0..40_usize).prop_map(Step::Remove),
    ];
    (0..4_usize, any::<bool>(), proptest::collection::vec(step, 0..60))
}

/// What the steps leave, and the steps that are possible in their order.
fn played(steps: &[Step]) -> Vec<serde_json::Value> {
    let path = |number: usize| format!("d{}/{}{number}", number % 3, "x".repeat(number % 7));
    let mut there = std::collections::BTreeSet::new();
    let mut rows = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Step::Put(at, length) => {
                there.insert(at);
                rows.push(json!(["put", path(at), hex::encode(content(number, length))]));
            }
            Step::Add(at, length) if there.contains(&at) => {
                rows.push(json!(["add", path(at), hex::encode(content(number, length))]));
            }
            Step::Move(from, to)
                if from != to && there.contains(&from) && there.iter().any(|other| other % 3 == to % 3) =>
            {
                there.remove(&from);
                there.insert(to);
                rows.push(json!(["move", path(from), path(to)]));
            }
            Step::Remove(at) if there.remove(&at) => rows.push(json!(["remove", path(at), ""])),
            _ => {}
        }
    }
    rows
}

#[test]
fn we_read_what_the_c_library_wrote_added_to_moved_and_removed() {
    let drawn = python::cases(80, drawn_steps());
    let cases: Vec<_> = drawn
        .iter()
        .map(|(which, is_old, steps)| {
            let (block_size, block_count) = GEOMETRIES[*which];
            json!({"block_size": block_size, "block_count": block_count, "cache": 64,
                   "version": if *is_old { 0x0002_0000 } else { 0x0002_0001 }, "steps": played(steps)})
        })
        .collect();
    let answers = python::ask(LITTLEFS, &json!({"read": [], "write": cases}));
    let mut chained = 0;
    for (number, answer) in answers["write"].as_array().unwrap().iter().enumerate() {
        let image = python::bytes(&answer[1]);
        assert!(read(&image) == said(&answer[0]), "case {number}: {:?}", drawn[number]);
        let volume = Volume::open(&image).unwrap();
        assert_eq!(volume.blocks(), GEOMETRIES[drawn[number].0]);
        assert_eq!(volume.version(), (2, u32::from(!drawn[number].1)));
        chained += volume.files().iter().filter(|file| file.size > 2 * u64::from(volume.blocks().0)).count();
    }
    assert!(chained > 20, "{chained}");
}

/// Superblock and first tags as SPEC.md has them.
#[test]
fn the_superblock_has_the_published_layout() {
    let image = build(&geometry(512, 4), &vec![("a".into(), vec![0xAA])]).unwrap();
    assert_eq!(image[..4], [1, 0, 0, 0]);
    assert_eq!(hex::encode(&image[4..8]), "f00ffff7", "the first tag, mixed with ones");
    assert_eq!(&image[8..16], b"littlefs");
    assert_eq!(hex::encode(&image[16..20]), "2fe00010", "an inline struct of 24 bytes, mixed with the tag before");
    let fields = "00000200 00020000 04000000 ff000000 ffffff7f fe030000".replace(' ', "");
    assert_eq!(hex::encode(&image[20..44]), fields);
    assert!(image[512..].iter().all(|byte| *byte == 0xFF));
}

#[test]
fn the_same_files_make_the_same_image_whatever_their_order() {
    let mut files = everything();
    let image = build(&geometry(512, 512), &files).unwrap();
    files.reverse();
    assert!(build(&geometry(512, 512), &files).unwrap() == image);
}

#[test]
fn what_does_not_fit_is_refused_with_both_numbers() {
    let error = |geometry: Geometry, files: &[(&str, usize)]| {
        let files = files.iter().map(|(path, length)| ((*path).to_owned(), vec![7; *length])).collect();
        build(&geometry, &files).err().unwrap().to_string()
    };
    let small = geometry(512, 4);
    for (said, expected) in [
        (error(small, &[("a", 2000)]), "the files need 6 blocks, the littlefs image has 4 blocks"),
        (error(small, &[("a/b/c", 1)]), "the files need 6 blocks, the littlefs image has 4 blocks"),
        (error(small, &[("a", 1), ("a", 2)]), r#"files "a" and "a" cannot both be there"#),
        (error(small, &[("a", 1), ("a/b", 2)]), r#"files "a" and "a/b" cannot both be there"#),
        (error(small, &[("a//b", 1)]), r#"file name "a//b" has a part "", which names nothing"#),
        (error(small, &[("../b", 1)]), r#"file name "../b" has a part "..", which names nothing"#),
        (error(small, &[("/b", 1)]), r#"file name "/b" has a part "", which names nothing"#),
        (error(small, &[("a\0", 1)]), r#"file name "a\0" holds a NUL, which no driver can ask for"#),
        (error(geometry(100, 9), &[]), "littlefs block size of 100 is no power of two from 128 to 131072"),
        (error(geometry(512, 1), &[]), "littlefs block count of 1 is not between 2 and 524288 for blocks of 512 bytes"),
        (
            error(geometry(512, 524_289), &[]),
            "littlefs block count of 524289 is not between 2 and 524288 for blocks of 512 bytes",
        ),
        (
            error(Geometry { cache_size: 100, ..small }, &[]),
            "littlefs cache size of 100 does not divide the block size of 512",
        ),
        (
            error(small, &[(&"x".repeat(256), 1)]),
            &format!("file name \"{}\" has a part of 256 bytes, littlefs holds at most 255", "x".repeat(256)),
        ),
        (
            error(geometry(128, 9), &[(&"x".repeat(97), 1)]),
            &format!("file name \"{}\" has 97 bytes, blocks of 128 bytes hold names of at most 88", "x".repeat(97)),
        ),
        (
            error(small, &[(&"d/".repeat(33), 1)]),
            &format!("file name \"{}\" is in 33 folders, at most 32 are made", "d/".repeat(33)),
        ),
    ] {
        assert_eq!(said, *expected);
    }
    let volume = build(&small, &vec![("a".into(), vec![1; 600])]).unwrap();
    let volume = Volume::open(&volume).unwrap();
    let error = volume.read(&volume.files()[0], 599).err().unwrap().to_string();
    assert_eq!(error, r#"file "a" has 600 bytes, at most 599 are taken"#);
}

fn read_everything(image: &[u8]) -> Option<Files> {
    let volume = Volume::open(image).ok()?;
    let read = |file: &littlefs::FileEntry<'_>| {
        Some((file.path.clone(), volume.read(file, 1 << 20).ok()?.expose(<[u8]>::to_vec)))
    };
    volume.files().iter().map(read).collect()
}

/// Blocks of file content have no checksum; all else is an error or as before.
#[test]
fn every_changed_byte_of_the_metadata_is_an_error_or_changes_nothing() {
    let files =
        sorted(vec![("a/x".into(), content(1, 40)), ("a/y".into(), content(2, 700)), ("b".into(), content(3, 10))]);
    let mut image = build(&geometry(256, 12), &files).unwrap();
    assert_eq!(read(&image), files);
    let chains = 4 * 256;
    for place in 0..image.len() {
        for change in [0x01, 0x80, 0xFF] {
            image[place] ^= change;
            if let Some(read) = read_everything(&image) {
                assert!(read == files || place >= chains, "byte {place} ^ {change:02x}");
            }
            image[place] ^= change;
        }
    }
}

#[test]
fn images_that_are_none_are_refused() {
    let image = build(&geometry(512, 4), &Files::new()).unwrap();
    let error = |image: &[u8]| Volume::open(image).err().unwrap().to_string();
    assert!(error(&[]).contains("neither of the first two blocks"));
    assert!(error(&vec![0xFF; 4096]).contains("neither of the first two blocks"));
    assert_eq!(error(&image[..2000]), "there is no littlefs: the superblock claims 2048 bytes, there are 2000");
}

#[test]
fn the_second_block_is_read_where_the_first_is_gone() {
    let files = vec![("b".to_owned(), content(3, 10))];
    let mut image = build(&geometry(256, 12), &files).unwrap();
    image.copy_within(..256, 256);
    image[..256].fill(0xFF);
    assert_eq!(read(&image), files);
    assert_eq!(Volume::open(&image).unwrap().blocks(), (256, 12));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_images_end_in_a_result(changes in proptest::collection::vec((0..3072_usize, any::<u8>()), 1..6)) {
        let files = vec![("a/x".into(), content(1, 40)), ("a/y".into(), content(2, 700)), ("b".into(), content(3, 10))];
        let mut image = build(&geometry(256, 12), &files).unwrap();
        for (place, value) in changes {
            image[place] = value;
        }
        read_everything(&image);
    }
}
