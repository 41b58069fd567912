//! ESP-IDF partition tables against Espressif's own rules (esp-idf-defs from PyPI, which is taken from gen_esp32part.py).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "format/python.rs"]
mod python;

use std::fmt::Write as _;

use firstlight::format::esp_partition_table::{self as table, MOST_PARTITIONS, Partition, USUAL_OFFSET, flags};
use proptest::prelude::*;
use serde_json::json;

const RULES: &str = r"
import json, struct, sys
from esp_idf_defs.partitions import InputError, PartitionTable
answers = []
for text in json.load(sys.stdin):
    try:
        table = PartitionTable.from_csv(text)
        table.verify(0x8000)
        table.flash_size()
        binary = table.to_binary()
        again = PartitionTable.from_binary(binary)
        answers.append([binary.hex(), again.to_csv()])
    except (InputError, struct.error) as error:
        answers.append([None, str(error)])
json.dump(answers, sys.stdout)
";

/// The tables that ESP-IDF ships, and two with flags and blanks.
const TABLES: [&str; 4] = [
    "# Name,   Type, SubType, Offset,  Size, Flags
nvs,      data, nvs,     ,        0x6000,
phy_init, data, phy,     ,        0x1000,
factory,  app,  factory, ,        1M,
",
    "nvs,      data, nvs,     ,        0x4000,
otadata,  data, ota,     ,        0x2000,
phy_init, data, phy,     ,        0x1000,
factory,  0,    0,       ,        1M,
ota_0,    app,  ota_0,   ,        1M,
ota_1,    app,  ota_1,   ,        1M,
nvs_key,  data, nvs_keys,,        0x1000, encrypted
",
    "esp_secure_cert, 0x3F, , 0xD000, 0x2000, encrypted:readonly
fctry, data, nvs, 0x340000, 0x1000, readonly
storage, data, littlefs, , -0x400000,
",
    "",
];

#[test]
fn tables_are_byte_equal_to_the_generators() {
    let answers = python::ask(RULES, &json!(TABLES));
    for (text, answer) in TABLES.iter().zip(answers.as_array().unwrap()) {
        let partitions = table::from_csv(text, USUAL_OFFSET).unwrap();
        let binary = table::encode(&partitions).unwrap();
        assert_eq!(hex::encode(&binary), answer[0], "{text}");
        assert_eq!(table::decode(&binary).unwrap(), partitions);
        assert_eq!(in_their_words(&partitions), answer[1]);
    }
    let odd = table::from_csv(TABLES[2], USUAL_OFFSET).unwrap();
    assert_eq!(odd[0].flags, flags::ENCRYPTED | flags::READ_ONLY);
    assert_eq!((odd[2].offset, odd[2].end()), (0x34_1000, 0x40_0000));
}

fn in_their_words(partitions: &[Partition]) -> String {
    let mut text = String::from("# ESP-IDF Partition Table\n# Name, Type, SubType, Offset, Size, Flags\n");
    for partition in partitions {
        let kind = partition.kind_name().map_or_else(|| partition.kind.to_string(), str::to_owned);
        let subtype = partition.subtype_name().unwrap_or_else(|| partition.subtype.to_string());
        let size = match partition.size {
            size if size.is_multiple_of(1 << 20) => format!("{}M", size >> 20),
            size if size.is_multiple_of(1 << 10) => format!("{}K", size >> 10),
            size => format!("{size:#x}"),
        };
        let flags = match partition.flags {
            0 => "",
            1 => "encrypted",
            2 => "readonly",
            _ => "encrypted:readonly",
        };
        writeln!(text, "{},{kind},{subtype},{:#x},{size},{flags}", partition.name, partition.offset).unwrap();
    }
    text
}

fn drawn_row() -> impl Strategy<Value = String> {
    let kind = prop_oneof![3 => Just("app, ota_1"), 1 => Just("app, "), 2 => Just("app, factory"), 3 => Just("data, nvs"),
        1 => Just("data, ota"), 1 => Just("data, coredump"), 1 => Just("data, tee_ota"), 3 => Just("Data, "),
        1 => Just("data, nonsense"), 1 => Just("0x40, 7"), 1 => Just("64, nvs"), 1 => Just("1, 0x83"), 1 => Just("app, tee_1"),
        1 => Just("app, TEST"), 1 => Just("300, 1"), 1 => Just(", 1")];
    let offset = prop_oneof![8 => Just(String::new()), 1 => (0..64_u32).prop_map(|at| format!("{:#x}", at * 0x8000)),
        1 => (0..0x4000_u32).prop_map(|at| (at * 0x800).to_string()), 1 => Just("64K".to_owned()), 1 => Just("2m".to_owned())];
    let size = prop_oneof![4 => (0..40_u32).prop_map(|size| format!("{:#x}", size * 0x1000)), 2 => Just("1M".to_owned()),
        2 => Just("0x2000".to_owned()), 1 => Just("8K".to_owned()), 1 => Just("100".to_owned()), 1 => Just("-0x300000".to_owned()),
        1 => Just("010".to_owned()), 1 => Just(String::new()), 1 => Just("0xFFFFFFFF".to_owned()), 1 => Just("x".to_owned())];
    let flag = prop_oneof![6 => Just(""), 1 => Just("encrypted"), 2 => Just("readonly"), 1 => Just("readonly:encrypted"),
        1 => Just("other"), 1 => Just("encrypted: readonly")];
    let name = prop_oneof![8 => "[a-z_]{2,16}", 1 => Just("same".to_owned())];
    (name, kind, offset, size, flag)
        .prop_map(|(name, kind, offset, size, flag)| format!("{name}, {kind}, {offset}, {size}, {flag}"))
}

#[test]
fn any_table_is_taken_or_refused_as_the_generator_does() {
    let line = prop_oneof![12 => drawn_row(), 1 => Just("# a comment".to_owned()), 1 => Just(String::new())];
    let mut drawn = python::cases(400, proptest::collection::vec(line.clone(), 1..3));
    drawn.extend(python::cases(200, proptest::collection::vec(line, 1..7)));
    let texts: Vec<String> = drawn.iter().map(|lines| lines.join("\n")).collect();
    let answers = python::ask(RULES, &json!(texts));
    let (mut good, mut bad) = (0, 0);
    for (text, answer) in texts.iter().zip(answers.as_array().unwrap()) {
        match table::from_csv(text, USUAL_OFFSET) {
            Ok(partitions) => {
                assert_eq!(json!(hex::encode(table::encode(&partitions).unwrap())), answer[0], "{text}\n{}", answer[1]);
                good += 1;
            }
            Err(error) => {
                // A partition that ends beyond 4 GiB is one that the generator does not see.
                let beyond = error.to_string().contains("beyond 4 GiB");
                assert!(answer[0].is_null() || beyond, "{text}\n{error}");
                bad += 1;
            }
        }
    }
    assert!(good > 60 && bad > 200, "{good} good, {bad} bad");
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_name_and_both_numbers() {
    let error = |text: &str| table::from_csv(text, USUAL_OFFSET).err().unwrap().to_string();
    for (text, expected) in [
        (
            "nvs, data, nvs, 0x8000, 0x6000",
            "line 1 of the partition table begins at 0x8000, what lies before ends at 0x9000",
        ),
        ("nvs, data, nvs, 0x9100, 0x6000", r#"partition "nvs" begins at 0x9100, which is no multiple of 0x1000"#),
        ("f, app, factory, 0x18000, 1M", r#"partition "f" begins at 0x18000, which is no multiple of 0x10000"#),
        ("f, app, factory, , 100", r#"partition "f" has 0x64 bytes, which is no multiple of 0x1000"#),
        ("n, data, nvs, , 0x2000", r#"partition "n" has 0x2000 bytes; NVS below 0x3000 must be flagged readonly"#),
        ("o, data, ota, , 0x1000", r#"partition "o" has 0x1000 bytes, it must have 0x2000"#),
        (
            "o, data, ota, , 0x2000\np, data, ota, , 0x2000",
            r#"partition "p" says which program starts, and so does "o""#,
        ),
        ("o, data, coredump, , 0x2000, readonly", r#"partition "o" is readonly, and the device must write to it"#),
        ("a, data, , , 4K\na, data, , , 4K", r#"partition "a" has a name that is there already"#),
        (
            "a, data, , , 4K\n\nb, data, , 0x9000, 4K",
            "line 3 of the partition table begins at 0x9000, what lies before ends at 0xa000",
        ),
        ("seventeen_letters, data, , , 4K", "line 1 of the partition table has a name of 17 bytes, it can have 16"),
        (", data, , , 4K", "line 1 of the partition table has no name"),
        ("a\0b, data, , , 4K", "line 1 of the partition table has a NUL in its name"),
        ("a, app, , , 4K", "line 1 of the partition table has no subtype, which an app needs"),
        (
            "a, bootloader, primary, , 4K",
            r#"line 1 of the partition table has the type "bootloader", whose place no partition table file says"#,
        ),
        (
            "a, data, , $OFFSET, 4K",
            "line 1 of the partition table names a variable of a build, which is not known here",
        ),
        ("a, data, , 0xFFFFF000, 8K", r#"partition "a" has 0x2000 bytes at 0xfffff000, which ends beyond 4 GiB"#),
        ("a, data, , 0x20000, -0x10000", "line 1 of the partition table ends at 0x10000, before it begins at 0x20000"),
    ] {
        assert_eq!(error(text), expected);
    }
    let many: Vec<String> = (0..=MOST_PARTITIONS).map(|number| format!("p{number}, data, , , 4K")).collect();
    assert_eq!(error(&many.join("\n")), "the partition table has 95 partitions, it can hold 94");
    assert_eq!(error(&"#".repeat((256 << 10) + 1)), "the partition table has 262145 bytes, at most 262144 are read");
    let fits: Vec<String> = (0..MOST_PARTITIONS).map(|number| format!("p{number}, data, , , 4K")).collect();
    let full = table::encode(&table::from_csv(&fits.join("\n"), USUAL_OFFSET).unwrap()).unwrap();
    assert_eq!(table::decode(&full).unwrap().len(), MOST_PARTITIONS);
}

#[test]
fn every_changed_byte_of_a_table_is_an_error() {
    let partitions = table::from_csv(TABLES[1], USUAL_OFFSET).unwrap();
    let mut binary = table::encode(&partitions).unwrap();
    let used = 32 * (partitions.len() + 1);
    for place in 0..binary.len() {
        for change in [0x01, 0x80, 0xFF] {
            binary[place] ^= change;
            match table::decode(&binary) {
                // Fourteen bytes beside the MD5's magic, and what lies behind the end.
                Ok(read) => {
                    assert_eq!(read, partitions, "byte {place}");
                    assert!(place >= used + 32 || (used - 30..used - 16).contains(&place), "byte {place}");
                }
                Err(error) => assert!(error.to_string().contains("damaged"), "{error}"),
            }
            binary[place] ^= change;
        }
    }
}

#[test]
fn tables_without_md5_are_read_and_ones_without_end_are_not() {
    let partitions = table::from_csv(TABLES[0], USUAL_OFFSET).unwrap();
    let mut binary = table::encode(&partitions).unwrap();
    binary[96..128].fill(0xFF);
    assert_eq!(table::decode(&binary).unwrap(), partitions);
    let error = table::decode(&binary[..96]).err().unwrap().to_string();
    assert_eq!(error, "the partition table is damaged at byte 96: the table has no end");
    assert!(table::decode(&[]).is_err());
}

proptest! {
    #[test]
    fn hostile_bytes_end_in_a_result(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "([a-z0-9x, :K-]{0,30}\n){0,4}") {
        let _ = table::decode(&bytes);
        let _ = table::from_csv(&text, USUAL_OFFSET);
    }
}
