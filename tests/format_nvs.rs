//! NVS partitions against Espressif's own generator (esp-idf-nvs-partition-gen from PyPI), byte by byte.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "format/python.rs"]
mod python;

use std::fmt::Write as _;

use firstlight::fleet::Secret;
use firstlight::format::nvs::{self, IntegerType, Item, Keys, LONGEST_BLOB, NvsError, Partition, Value};
use proptest::prelude::*;
use serde_json::json;

const GENERATOR: &str = include_str!("format/nvs.py");
/// The longest text that the generator can place; NVS itself takes 3999 bytes.
const GENERATORS_LONGEST_TEXT: usize = 3967;

fn item(namespace: &str, key: &str, value: Value) -> Item {
    Item { namespace: namespace.into(), key: key.into(), value }
}

fn integer(kind: IntegerType, number: i128) -> Value {
    Value::Integer { kind, number }
}

fn text(text: &str) -> Value {
    Value::Text(Secret::new(text.as_bytes().to_vec()))
}

fn blob(bytes: &[u8]) -> Value {
    Value::Blob(Secret::new(bytes.to_vec()))
}

fn partition(size: u64) -> Partition {
    if size < nvs::LEAST_READ_WRITE { Partition::read_only(size) } else { Partition::read_write(size) }.unwrap()
}

fn image(size: u64, items: &[Item]) -> Vec<u8> {
    nvs::encode(partition(size), items).unwrap().expose(<[u8]>::to_vec)
}

/// The generator's words for a value.
fn words(value: &Value) -> (&'static str, String) {
    match value {
        Value::Integer { kind, number } => (kind.name(), number.to_string()),
        Value::Text(bytes) => ("string", bytes.expose(|bytes| String::from_utf8(bytes.to_vec()).unwrap())),
        Value::Blob(bytes) => ("hex2bin", bytes.expose(|bytes| hex::encode(bytes))),
    }
}

fn csv(items: &[Item]) -> String {
    let mut rows = String::from("key,type,encoding,value\n");
    let mut namespace = "";
    for item in items {
        if item.namespace != namespace {
            namespace = &item.namespace;
            writeln!(rows, "\"{}\",namespace,,", namespace.replace('"', "\"\"")).unwrap();
        }
        let (encoding, value) = words(&item.value);
        let quoted = |text: &str| text.replace('"', "\"\"");
        writeln!(rows, "\"{}\",data,{encoding},\"{}\"", quoted(&item.key), quoted(&value)).unwrap();
    }
    rows
}

fn by_command(size: u64, keys: Option<&[u8; 64]>, items: &[Item]) -> serde_json::Value {
    json!({"size": size, "keys": keys.map(hex::encode), "csv": csv(items)})
}

fn by_library(size: u64, keys: Option<&[u8; 64]>, items: &[Item]) -> serde_json::Value {
    let rows: Vec<_> = items
        .iter()
        .map(|item| {
            let (encoding, value) = words(&item.value);
            json!([item.namespace, item.key, encoding, value])
        })
        .collect();
    json!({"size": size, "keys": keys.map(hex::encode), "items": rows})
}

fn encrypted(keys: &[u8; 64], image: &Secret) -> Secret {
    Keys::new(&Secret::new(keys.to_vec())).unwrap().encrypt(image).unwrap()
}

fn some_keys(seed: u8) -> [u8; 64] {
    std::array::from_fn(|at| u8::try_from(at).unwrap().wrapping_mul(37).wrapping_add(seed))
}

/// Below three pages the generator leaves out the erased pages at the end; an image of ours covers its partition.
#[track_caller]
fn assert_same(found: &[u8], expected: &[u8], what: &str) {
    let (found, behind) = found.split_at(expected.len());
    assert!(behind.is_empty() || found.len() + behind.len() < 0x3000, "{what}");
    assert!(behind.iter().all(|byte| *byte == 0xFF), "{what}");
    if let Some(at) = (0..found.len()).find(|at| found[*at] != expected[*at]) {
        panic!("{what}: byte {at:#x} is {:02x}, the generator has {:02x}", found[at], expected[at]);
    }
}

#[track_caller]
fn assert_items_are(found: &[Item], expected: &[Item]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!((&found.namespace, &found.key), (&expected.namespace, &expected.key));
        assert!(found.value.is_same(&expected.value), "{} {} differs", found.namespace, found.key);
    }
}

/// Every type, both ends of every range, blobs of all interesting lengths, two namespaces.
fn everything() -> Vec<Item> {
    let mut items = Vec::new();
    for kind in IntegerType::ALL {
        let (least, most) = kind.range();
        items.push(item("numbers", &format!("{}_least", kind.name()), integer(kind, least)));
        items.push(item("numbers", &format!("{}_most", kind.name()), integer(kind, most)));
    }
    items.push(item("numbers", "i32_minus_one", integer(IntegerType::I32, -1)));
    for (number, length) in [0, 1, 31, 32, 33, 100, 4000, 4001, 9000].into_iter().enumerate() {
        let bytes: Vec<u8> = (0..=250).cycle().take(length).collect();
        items.push(item("blobs", &format!("blob_{number}"), blob(&bytes)));
        if length <= GENERATORS_LONGEST_TEXT {
            items.push(item("blobs", &format!("text_{number}"), text(&"x".repeat(length))));
        }
    }
    items.push(item("fifteen_letters", "fifteen_letters", text("größe, \"quoted\"")));
    items
}

#[test]
fn a_partition_with_every_type_is_byte_equal_in_clear_and_encrypted() {
    let (items, keys, size) = (everything(), some_keys(3), 0xA000);
    let cases = json!({"cases": [by_command(size, None, &items), by_command(size, Some(&keys), &items)]});
    let answers = python::ask(GENERATOR, &cases);
    let ours = nvs::encode(partition(size), &items).unwrap();
    ours.expose(|ours| assert_same(ours, &python::bytes(&answers[0]), "in clear"));
    let theirs = python::bytes(&answers[1]);
    encrypted(&keys, &ours).expose(|ours| assert_same(ours, &theirs, "encrypted"));
    let keys = Keys::new(&Secret::new(keys.to_vec())).unwrap();
    let read = keys.decrypt(&theirs).unwrap().expose(nvs::decode).unwrap();
    assert_items_are(&read.items, &items);
    assert_eq!((read.pages, read.used_pages), (10, 5));
}

/// What stands on each place of the last entries of a page: the generator's rounding decides.
#[test]
fn every_length_near_the_end_of_a_page_is_byte_equal() {
    let mut made = Vec::new();
    for before in [119, 120, 121, 122, 123, 124, 125, 126] {
        for length in [0, 1, 31, 32, 33, 63, 64, 65, 95, 96, 97, 127, 128, 129, 160, 4100] {
            let mut items: Vec<Item> = (1..before)
                .map(|number| item("filler", &format!("n{number}"), integer(IntegerType::U8, number % 256)))
                .collect();
            items.push(item("filler", "blob", blob(&vec![0xA5; length])));
            made.push(items);
            let mut items: Vec<Item> = (1..before)
                .map(|number| item("filler", &format!("n{number}"), integer(IntegerType::U8, number % 256)))
                .collect();
            items.push(item("filler", "text", text(&"t".repeat(length.min(GENERATORS_LONGEST_TEXT)))));
            items.push(item("behind", "last", integer(IntegerType::I16, -2)));
            made.push(items);
        }
    }
    let cases: Vec<_> = made.iter().map(|items| by_command(0x5000, None, items)).collect();
    let answers = python::ask(GENERATOR, &json!({"cases": cases}));
    for (number, items) in made.iter().enumerate() {
        let ours = image(0x5000, items);
        assert_same(&ours, &python::bytes(&answers[number]), &format!("case {number}"));
        assert_items_are(&nvs::decode(&ours).unwrap().items, items);
    }
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-z][a-z0-9_.]{0,14}", 1 => "[ -~]{1,15}"]
}

/// A value that a test may print.
#[derive(Clone, Debug)]
enum Plain {
    Integer(IntegerType, i128),
    Text(String),
    Blob(Vec<u8>),
}

fn drawn_value() -> impl Strategy<Value = Plain> {
    let number = (0..8_usize, any::<i128>(), any::<bool>()).prop_map(|(kind, number, at_edge)| {
        let kind = IntegerType::ALL[kind];
        let (least, most) = kind.range();
        let within = least + number.rem_euclid(most - least + 1);
        Plain::Integer(kind, if at_edge { least } else { within })
    });
    let long_text = (0..=GENERATORS_LONGEST_TEXT, "[a-zäö€😀]")
        .prop_map(|(length, unit)| Plain::Text(unit.repeat(length / unit.len())));
    let bytes = |most| proptest::collection::vec(any::<u8>(), 0..most).prop_map(Plain::Blob);
    prop_oneof![
        6 => number,
        4 => "[ -~äöü€😀]{0,80}".prop_map(Plain::Text),
        1 => long_text,
        3 => bytes(200),
        2 => bytes(9000),
        1 => (0..4_usize).prop_map(|pages| Plain::Blob(vec![0x77; pages * 4000])),
    ]
}

/// Namespace, key, value.
type Drawn = (String, String, Plain);

/// Up to 40 values in up to four namespaces that stand together, and a size of 4 to 64 KiB.
fn drawn_partition() -> impl Strategy<Value = (u64, u8, Vec<Drawn>)> {
    let names = proptest::collection::btree_set(name(), 1..5);
    let values = proptest::collection::vec((0..4_usize, name(), drawn_value()), 0..40);
    (1..17_u64, any::<u8>(), names, values).prop_map(|(pages, seed, names, mut values)| {
        let names: Vec<String> = names.into_iter().collect();
        values.sort_by_key(|(namespace, ..)| namespace % names.len());
        let mut drawn: Vec<Drawn> = Vec::new();
        for (namespace, key, value) in values {
            let namespace = &names[namespace % names.len()];
            let hidden = key.starts_with("sta.") || key.starts_with("ap.");
            if !hidden && !drawn.iter().any(|(before, other, _)| before == namespace && *other == key) {
                drawn.push((namespace.clone(), key, value));
            }
        }
        (pages * 0x1000, seed, drawn)
    })
}

fn items_of(drawn: Vec<Drawn>) -> Vec<Item> {
    let value = |plain| match plain {
        Plain::Integer(kind, number) => integer(kind, number),
        Plain::Text(plain) => text(&plain),
        Plain::Blob(bytes) => blob(&bytes),
    };
    drawn.into_iter().map(|(namespace, key, plain)| item(&namespace, &key, value(plain))).collect()
}

#[test]
fn any_partition_is_byte_equal_and_has_no_room_when_the_generator_has_none() {
    let drawn = python::cases(400, drawn_partition());
    let drawn: Vec<(u64, u8, Vec<Item>)> =
        drawn.into_iter().map(|(size, seed, drawn)| (size, seed, items_of(drawn))).collect();
    let mut cases = Vec::new();
    for (size, seed, items) in &drawn {
        cases.push(by_command(*size, None, items));
        cases.push(by_library(*size, Some(&some_keys(*seed)), items));
    }
    let answers = python::ask(GENERATOR, &json!({"cases": cases}));
    let (mut full, mut good) = (0, 0);
    for (number, (size, seed, items)) in drawn.iter().enumerate() {
        let (clear, secret) = (&answers[2 * number], &answers[2 * number + 1]);
        match nvs::encode(partition(*size), items) {
            Ok(ours) => {
                let what = format!("case {number} of {size:#x} bytes:\n{}", csv(items));
                ours.expose(|ours| assert_same(ours, &python::bytes(clear), &what));
                encrypted(&some_keys(*seed), &ours).expose(|ours| assert_same(ours, &python::bytes(secret), &what));
                assert_items_are(&ours.expose(nvs::decode).unwrap().items, items);
                good += 1;
            }
            Err(NvsError::Full { need, have }) => {
                assert!(clear.is_null() && secret.is_null(), "case {number}: {need} of {have}");
                assert!(have == *size && need > have && need.is_multiple_of(4096));
                full += 1;
            }
            Err(other) => panic!("case {number}: {other}"),
        }
    }
    assert!(good > 100 && full > 40, "{good} good, {full} full");
}

/// In a table that goes back to an earlier namespace, the generator's command puts values into the wrong one; its library,
/// told the number, does not.
#[test]
fn a_namespace_that_comes_again_keeps_its_number() {
    let number = |number| integer(IntegerType::U16, number);
    let items = [
        item("one", "a", number(1)),
        item("two", "a", number(2)),
        item("one", "b", number(3)),
        item("three", "a", number(4)),
        item("two", "b", number(5)),
    ];
    let answers = python::ask(GENERATOR, &json!({"cases": [by_library(0x3000, None, &items)]}));
    assert_same(&image(0x3000, &items), &python::bytes(&answers[0]), "by library");
    assert_items_are(&nvs::decode(&image(0x3000, &items)).unwrap().items, &items);
}

#[test]
fn wifi_entries_are_added_when_asked_and_only_then() {
    let items = || {
        vec![
            item("nvs.net80211", "sta.ssid", blob(b"a network")),
            item("nvs.net80211", "other", integer(IntegerType::U8, 1)),
            item("nvs.net80211", "sta.pswd", blob(b"a password")),
            item("nvs.net80211", "ap.authmode", integer(IntegerType::U8, 3)),
            item("nvs.net80211", "ap.ssid", text("own network")),
            item("nvs.net80211", "ap.passwd", text("own password")),
        ]
    };
    let answers = python::ask(GENERATOR, &json!({"cases": [by_command(0x4000, None, &items())]}));
    let expected = python::bytes(&answers[0]);
    let asked = nvs::with_wifi_entries(items());
    let keys: Vec<&str> = asked.iter().map(|item| item.key.as_str()).collect();
    assert_eq!(keys[..4], ["sta.ssid", "sta.apinfo", "sta.pmk", "sta.apsw"]);
    assert_eq!(keys[7..], ["ap.ssid", "ap.pmk_info", "ap.passwd"]);
    assert_same(&image(0x4000, &asked), &expected, "asked for");
    assert_eq!(nvs::decode(&image(0x4000, &items())).unwrap().items.len(), 6);
}

const KEYS: &str = r"
import contextlib, json, os, sys
from types import SimpleNamespace
from esp_idf_nvs_partition_gen import nvs_partition_gen as gen
asked = json.load(sys.stdin)
with open('hmac.bin', 'wb') as file:
    file.write(bytes.fromhex(asked['efuse']))
with open('partition.bin', 'wb') as file:
    file.write(bytes.fromhex(asked['image']))
with open('own.bin', 'wb') as file:
    file.write(bytes.fromhex(asked['keys']))
with contextlib.redirect_stdout(sys.stderr):
    gen.generate_key(SimpleNamespace(keyfile='k.bin', outdir=os.getcwd(), key_protect_hmac=True, kp_hmac_keygen=False,
                                     kp_hmac_keyfile=None, kp_hmac_inputkey='hmac.bin'))
    gen.generate_key(SimpleNamespace(keyfile='r.bin', outdir=os.getcwd(), key_protect_hmac=False))
    gen.decrypt(SimpleNamespace(input='partition.bin', key='own.bin', output='clear.bin', outdir=os.getcwd()))
read = lambda path: open(path, 'rb').read().hex()
json.dump([read('keys/k.bin'), read('keys/r.bin'), read('clear.bin')], sys.stdout)
";

#[test]
fn keys_partitions_are_the_generators_and_it_decrypts_what_we_encrypt() {
    let (efuse, keys) = ([0x42_u8; 32], some_keys(9));
    let items = everything();
    let clear = image(0xA000, &items);
    let ours = Keys::new(&Secret::new(keys.to_vec())).unwrap();
    let secret = encrypted(&keys, &Secret::new(clear.clone()));
    let asked = json!({"efuse": hex::encode(efuse), "image": secret.expose(|bytes| hex::encode(bytes)),
                       "keys": ours.partition().expose(|bytes| hex::encode(bytes))});
    let answers = python::ask(KEYS, &asked);
    let derived = Keys::from_efuse_key(&Secret::new(efuse.to_vec())).unwrap();
    derived.partition().expose(|page| assert_same(page, &python::bytes(&answers[0]), "derived keys"));
    let drawn = Keys::from_partition(&python::bytes(&answers[1])).unwrap();
    drawn.partition().expose(|page| assert_same(page, &python::bytes(&answers[1]), "drawn keys"));
    assert_same(&python::bytes(&answers[2]), &clear, "decrypted by the generator");
}

#[test]
fn keys_that_cannot_be_meant_are_refused() {
    let error = |bytes: Vec<u8>| Keys::new(&Secret::new(bytes)).err().unwrap().to_string();
    assert_eq!(error(vec![1; 63]), "the NVS keys have 63 bytes, not 64");
    assert_eq!(error(vec![1; 64]), "the NVS keys for data and tweaks are the same");
    let error = Keys::from_efuse_key(&Secret::new(vec![1; 16])).err().unwrap().to_string();
    assert_eq!(error, "the NVS keys are derived from 32 bytes, there are 16");
    let error = Keys::from_partition(&[0xFF; 67]).err().unwrap().to_string();
    assert_eq!(error, "the NVS keys lie in a partition of 67 bytes, at least 68 are needed");
    let mut page = Keys::new(&Secret::new(some_keys(1).to_vec())).unwrap().partition().expose(<[u8]>::to_vec);
    page[5] ^= 1;
    assert!(Keys::from_partition(&page).err().unwrap().to_string().contains("checksum"));
}

#[test]
fn wrong_keys_are_an_error_with_a_way_out() {
    let secret = encrypted(&some_keys(1), &Secret::new(image(0x3000, &[item("a", "b", text("c"))])));
    let error = secret.expose(nvs::decode).err().unwrap();
    assert!(matches!(error, NvsError::Checksum { offset: 64, .. }), "{error}");
    let other = Keys::new(&Secret::new(some_keys(2).to_vec())).unwrap();
    let read = secret.expose(|bytes| other.decrypt(bytes)).unwrap();
    assert!(read.expose(nvs::decode).is_err());
}

/// The longest text fills a page alone, as the device's own library places it.
#[test]
fn the_longest_text_has_a_page_of_its_own() {
    for length in [3967, 3968, 3998, 3999] {
        let items = [
            item("a", "first", integer(IntegerType::U8, 7)),
            item("a", "long", text(&"y".repeat(length))),
            item("a", "z", text("")),
        ];
        let image = image(0x4000, &items);
        assert_items_are(&nvs::decode(&image).unwrap().items, &items);
        assert_eq!(image[0x1000 + 64 + 1], 0x21, "the text begins the second page");
    }
}

#[test]
fn what_nvs_cannot_hold_is_refused_with_its_name_and_both_numbers() {
    let error = |items: &[Item]| nvs::encode(partition(0x3000), items).err().unwrap().to_string();
    let one = |key: &str, value| error(&[item("space", key, value)]);
    for (said, expected) in [
        (one("sixteen_letters_", text("")), r#"NVS key "sixteen_letters_" has 16 bytes, it can have 1 to 15"#),
        (one("", text("")), r#"NVS key "" has 0 bytes, it can have 1 to 15"#),
        (one("größe", text("")), r#"NVS key "größe" holds 'ö', only printable ASCII can stand there"#),
        (one("a\0b", text("")), "NVS key \"a\\0b\" holds '\\0', only printable ASCII can stand there"),
        (
            error(&[item("sixteen_letters_", "a", text(""))]),
            r#"NVS namespace "sixteen_letters_" has 16 bytes, it can have 1 to 15"#,
        ),
        (one("n", integer(IntegerType::U8, 256)), r#"NVS key "n" has the value 256, u8 holds 0 to 255"#),
        (
            one("n", integer(IntegerType::I64, 1 << 63)),
            r#"NVS key "n" has the value 9223372036854775808, i64 holds -9223372036854775808 to 9223372036854775807"#,
        ),
        (one("n", integer(IntegerType::U32, -1)), r#"NVS key "n" has the value -1, u32 holds 0 to 4294967295"#),
        (one("t", text(&"x".repeat(4000))), r#"NVS key "t" has 4000 bytes, a string holds at most 3999"#),
        (one("t", text("ab\0c")), r#"NVS key "t" has a NUL at byte 2 of its text, where a device would stop reading"#),
        (one("b", blob(&vec![0; LONGEST_BLOB + 1])), r#"NVS key "b" has 508001 bytes, a blob holds at most 508000"#),
        (
            error(&[item("a", "b", text("")), item("c", "b", text("")), item("a", "b", blob(&[]))]),
            r#"NVS key "b" is there twice in namespace "a""#,
        ),
        (one("b", blob(&[0; 9000])), "the NVS values need a partition of 16384 bytes, it has 12288 bytes"),
    ] {
        assert_eq!(said, expected);
    }
    let many: Vec<Item> = (0..255).map(|number| item(&format!("space{number}"), "k", text(""))).collect();
    assert_eq!(error(&many), "there are 255 NVS namespaces, a partition holds at most 254");
    let crowded = [item("a", "first", blob(&[0; 3990])), item("a", "b", blob(&vec![0; LONGEST_BLOB]))];
    let said = nvs::encode(partition(0x10_0000), &crowded).err().unwrap().to_string();
    assert_eq!(said, r#"NVS key "b" would need 128 chunks, a blob has at most 127"#);
}

#[test]
fn partition_sizes_that_nvs_cannot_have_are_refused() {
    let read_write = |size| Partition::read_write(size).err().unwrap().to_string();
    let too_small = "NVS partition of 8192 bytes is too small, one that the device writes to has at least 12288";
    assert_eq!(read_write(0x2000), too_small);
    assert_eq!(read_write(0x3001), "NVS partition of 12289 bytes is no multiple of 4096");
    assert_eq!(read_write(0x100_1000), "NVS partition of 16781312 bytes is larger than 16777216");
    assert_eq!(Partition::read_only(0).err().unwrap().to_string(), "NVS partition of 0 bytes is no multiple of 4096");
    assert!(Partition::read_only(0x1000).is_ok());
}

fn small() -> (Vec<Item>, Vec<u8>) {
    let items = vec![
        item("net", "port", integer(IntegerType::U16, 5684)),
        item("net", "host", text("coaps://lwm2m.example")),
        item("keys", "psk", blob(&[0xA5; 70])),
        item("keys", "long", blob(&[0x5A; 4200])),
    ];
    let image = image(0x4000, &items);
    (items, image)
}

/// The bitmap has no checksum: there a changed bit may delete an entry, as a device would.
#[test]
fn every_changed_byte_is_an_error_or_changes_nothing_that_is_read() {
    let (items, mut image) = small();
    for place in 0..image.len() {
        let right = image[place];
        for change in [0x01, 0x80, 0xFF, right] {
            image[place] = right ^ change;
            match nvs::decode(&image) {
                Ok(_) if change == 0 || (32..64).contains(&(place % 4096)) => {}
                Ok(read) => assert_items_are(&read.items, &items),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
        image[place] = right;
    }
}

#[test]
fn a_buffer_used_again_holds_nothing_of_the_device_before() {
    let (items, expected) = small();
    let mut buffer = vec![0; 0x4000];
    nvs::encode_into(partition(0x4000), &everything()[..20], &mut buffer).unwrap();
    nvs::encode_into(partition(0x4000), &items, &mut buffer).unwrap();
    assert_same(&buffer, &expected, "the second device");
    assert!(matches!(nvs::encode_into(partition(0x4000), &everything(), &mut buffer), Err(NvsError::Full { .. })));
    assert_same(&buffer, &expected, "refused before a byte is placed");
    let error = nvs::encode_into(partition(0x4000), &items, &mut buffer[1..]).unwrap_err().to_string();
    assert_eq!(error, "NVS partition of 16383 bytes is not one of 16384 bytes");
}

#[test]
fn deleted_entries_are_passed_over() {
    let (_, mut image) = small();
    // The entries: namespace, port, host (two), namespace, ... : the bits of number 1 are cleared.
    assert_eq!(image[32] & 0b1100, 0b1000);
    image[32] &= !0b1100;
    let read = nvs::decode(&image).unwrap();
    assert_eq!(read.items.len(), 3);
    assert_eq!(read.items[0].key, "host");
}

/// Writes the checksums of a changed entry anew: what is then wrong is wrong in meaning.
fn with_entry(image: &[u8], number: usize, change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut image = image.to_vec();
    let entry = &mut image[64 + 32 * number..][..32];
    change(entry);
    // The ROM's checksum: a state of zeros at the beginning, inverted at the end.
    let covered = entry[..4].iter().chain(&entry[8..]);
    let sum = covered.fold(0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 })
    });
    entry[4..8].copy_from_slice(&(!sum).to_le_bytes());
    image
}

#[test]
fn entries_that_contradict_each_other_are_errors() {
    let (_, image) = small();
    let error =
        |number, change: fn(&mut [u8])| nvs::decode(&with_entry(&image, number, change)).err().unwrap().to_string();
    for (said, expected) in [
        (error(0, |entry| entry[24] = 0), "the number of none"),
        (error(0, |entry| entry[1] = 2), "no number"),
        (error(1, |entry| entry[0] = 9), r#"key "port" is in no namespace"#),
        (error(1, |entry| entry[1] = 0x33), "the type 33"),
        (error(1, |entry| entry[2] = 0), "spans 0"),
        (error(1, |entry| entry[2] = 127), "spans 127"),
        (error(1, |entry| entry[8] = 0), "no name"),
        (error(1, |entry| entry[9] = 0), "no name"),
        (error(1, |entry| entry[8..24].fill(b'a')), "no name"),
        (error(1, |entry| entry[8] = 7), "no name"),
        (error(2, |entry| entry[24] = 70), "need 4"),
        (error(2, |entry| entry[24] = 21), "checksum"),
        (error(4, |entry| entry[24] = 1), "twice"),
        (error(5, |entry| entry[3] = 0xFF), "no number"),
        (error(5, |entry| entry[3] = 1), "has 0 chunks of 0 bytes, its index says 1 of 70 bytes"),
        (error(9, |entry| entry[24] = 71), "its index says 1 of 71 bytes"),
        (error(9, |entry| entry[28] = 0), "has 0 chunks"),
        (error(9, |entry| entry[28] = 200), "has 200 chunks"),
        (error(9, |entry| entry[29] = 7), "from number 7"),
        (error(9, |entry| entry[8..11].copy_from_slice(b"abc")), "blob \"abc\" has 0 chunks"),
    ] {
        assert!(said.contains(expected), "{expected:?} is not in {said:?}");
    }
    let twice = with_entry(&image, 9, |entry| {
        entry[1] = 0x01;
        entry[8..24].copy_from_slice(b"long\0\0\0\0\0\0\0\0\0\0\0\0");
    });
    let said = nvs::decode(&twice).err().unwrap().to_string();
    assert_eq!(said, r#"NVS key "long" is there twice in namespace "keys""#);
}

#[test]
fn pages_that_cannot_be_meant_are_errors() {
    let (_, image) = small();
    let error = |change: fn(&mut Vec<u8>)| {
        let mut image = image.clone();
        change(&mut image);
        nvs::decode(&image).err().unwrap().to_string()
    };
    for (said, expected) in [
        (error(|image| image.truncate(100)), "no multiple of 4096"),
        (error(|image| image.truncate(0)), "of 0 bytes"),
        (error(|image| image.resize((16 << 20) + 4096, 0xFF)), "larger than 16777216"),
        (error(|image| image[0] = 0), "the state"),
        (error(|image| image[8] = 0), "checksum"),
        (error(|image| image[0x3FFF] = 0), "not erased"),
        (error(|image| image.copy_within(..0x1000, 0x3000)), "two pages have the number 0"),
        (error(|image| image[32] = 0b0101), "erased and never written"),
    ] {
        assert!(said.contains(expected), "{expected:?} is not in {said:?}");
    }
}

#[test]
fn pages_are_read_by_their_numbers_wherever_they_lie() {
    let (items, image) = small();
    let mut moved = image.clone();
    moved[..0x1000].copy_from_slice(&image[0x1000..0x2000]);
    moved[0x1000..0x2000].copy_from_slice(&image[..0x1000]);
    assert_items_are(&nvs::decode(&moved).unwrap().items, &items);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_partitions_end_in_a_result(changes in proptest::collection::vec((0..0x4000_usize, any::<u8>()), 1..8)) {
        let (_, mut image) = small();
        for (place, value) in changes {
            image[place] = value;
        }
        let _ = nvs::decode(&image);
        let keys = Keys::new(&Secret::new(some_keys(1).to_vec())).unwrap();
        let _ = keys.decrypt(&image).unwrap().expose(nvs::decode);
    }
}
