//! Intel HEX and UF2 against programs that are not ours: intelhex, Microsoft's uf2conv and esptool (all from PyPI).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "format/python.rs"]
mod python;

use firstlight::format::Segment;
use firstlight::format::intel_hex::{self, Addressing, HexError, Start};
use firstlight::format::uf2::{self, Family, Uf2Error};
use proptest::prelude::*;
use serde_json::json;

type Pieces = Vec<(u64, Vec<u8>)>;

fn segments(pieces: &[(u64, Vec<u8>)]) -> Vec<Segment> {
    pieces.iter().map(|(address, bytes)| Segment::new(*address, bytes.clone())).collect()
}

fn pieces(segments: &[Segment]) -> Pieces {
    segments.iter().map(|segment| (segment.address, segment.bytes.expose(<[u8]>::to_vec))).collect()
}

fn hex_file(pieces: &[(u64, Vec<u8>)], addressing: Addressing, start: Option<Start>) -> Vec<u8> {
    intel_hex::encode(&segments(pieces), addressing, start).unwrap().expose(<[u8]>::to_vec)
}

/// Pieces that do not overlap: gaps and lengths in turn, from a start; some touch, some cross multiples of 64 KiB.
fn drawn_pieces(starts: impl Strategy<Value = u64>) -> impl Strategy<Value = Pieces> {
    let gap = prop_oneof![Just(0), 1..40_u64, 60_000..70_000_u64];
    let length = prop_oneof![1..40_usize, 250..700_usize];
    let piece = (gap, length, any::<u8>());
    (starts, proptest::collection::vec(piece, 1..6)).prop_map(|(start, drawn)| {
        let mut address = start;
        let mut made = Vec::new();
        for (gap, length, seed) in drawn {
            address += gap;
            made.push((
                address,
                (0..length).map(|at| seed.wrapping_add(at.wrapping_mul(7).to_le_bytes()[0])).collect(),
            ));
            address += length as u64;
        }
        made
    })
}

/// What touches is one piece.
fn joined(drawn: &Pieces) -> Pieces {
    let mut joined = Pieces::new();
    for (address, bytes) in drawn {
        match joined.last_mut() {
            Some((last, before)) if *last + before.len() as u64 == *address => before.extend(bytes),
            _ => joined.push((*address, bytes.clone())),
        }
    }
    joined
}

const INTELHEX: &str = r"
import io, json, sys
from intelhex import IntelHex
answers = []
for case in json.load(sys.stdin):
    read = IntelHex()
    read.loadhex(io.StringIO(case['ours']))
    pieces = [[start, read.tobinstr(start, end - 1).hex()] for start, end in read.segments()]
    made = IntelHex()
    for address, data in case['pieces']:
        made.puts(address, bytes.fromhex(data))
    if case['start'] is not None:
        made.start_addr = case['start']
    out = io.StringIO()
    made.write_hex_file(out, byte_count=case['row'])
    answers.append({'pieces': pieces, 'start': read.start_addr, 'text': out.getvalue()})
json.dump(answers, sys.stdout)
";

#[test]
fn hex_files_are_byte_equal_to_intelhex_and_both_read_each_other() {
    let start = prop_oneof![0..0x200_u64, 0xFF00..0x1_0100_u64, 0x1000_0000..0x1000_0040_u64, Just(0xFFF0_0000)];
    let rows = prop_oneof![Just(16_u8), Just(1), Just(32), Just(255)];
    let drawn = python::cases(200, (drawn_pieces(start), 0..3_u8, any::<u32>(), rows));
    let begin = |which, word: u32| match which {
        0 => None,
        1 => Some(Start::Linear(word)),
        _ => Some(Start::Segment { cs: u16::try_from(word >> 16).unwrap(), ip: u16::try_from(word & 0xFFFF).unwrap() }),
    };
    let cases: Vec<_> = drawn
        .iter()
        .map(|(made, which, word, row)| {
            let start = match begin(*which, *word) {
                None => json!(null),
                Some(Start::Linear(word)) => json!({"EIP": word}),
                Some(Start::Segment { cs, ip }) => json!({"CS": cs, "IP": ip}),
            };
            let ours = String::from_utf8(hex_file(made, Addressing::Linear, begin(*which, *word))).unwrap();
            let rows: Vec<_> = made.iter().map(|(address, bytes)| json!([address, hex::encode(bytes)])).collect();
            json!({"ours": ours, "pieces": rows, "start": start, "row": row})
        })
        .collect();
    let answers = python::ask(INTELHEX, &json!(cases));
    for (number, (made, which, word, row)) in drawn.iter().enumerate() {
        let (answer, expected) = (&answers[number], joined(made));
        let rows: Vec<_> = expected.iter().map(|(address, bytes)| json!([address, hex::encode(bytes)])).collect();
        assert_eq!(answer["pieces"], json!(rows));
        assert_eq!(answer["start"], cases[number]["start"]);
        let theirs = answer["text"].as_str().unwrap();
        if *row == 16 {
            assert_eq!(cases[number]["ours"], theirs);
        }
        for text in [theirs.to_owned(), theirs.to_lowercase().replace('\n', "\r\n")] {
            let read = intel_hex::decode(text.as_bytes()).unwrap();
            assert_eq!(pieces(&read.segments), expected);
            assert_eq!(read.start, begin(*which, *word));
        }
    }
}

#[test]
fn segmented_addresses_are_read_by_intelhex_and_by_us() {
    let made = vec![(0xFFF8, (0..40).collect::<Vec<u8>>()), (0xFFFF0, vec![9; 16])];
    let ours = hex_file(&made, Addressing::Segmented, None);
    assert_eq!(String::from_utf8_lossy(&ours).matches(":02000002").count(), 3);
    let text = String::from_utf8(ours.clone()).unwrap();
    let answers = python::ask(INTELHEX, &json!([{"ours": text, "pieces": [], "start": null, "row": 16}]));
    let rows: Vec<_> = made.iter().map(|(address, bytes)| json!([address, hex::encode(bytes)])).collect();
    assert_eq!(answers[0]["pieces"], json!(rows));
    assert_eq!(pieces(&intel_hex::decode(&ours).unwrap().segments), made);
}

/// The example of Intel's specification: 16 bytes at 0x0100 and their checksum.
#[test]
fn the_published_record_comes_out() {
    let bytes = hex::decode("214601360121470136007EFE09D21901").unwrap();
    let text = hex_file(&[(0x100, bytes)], Addressing::Linear, None);
    assert_eq!(text, b":10010000214601360121470136007EFE09D2190140\n:00000001FF\n");
}

#[test]
fn hex_files_that_cannot_be_meant_are_refused() {
    let read = |text: &str| intel_hex::decode(text.as_bytes()).err().unwrap().to_string();
    let end = ":00000001FF\n";
    for (text, words) in [
        (String::new(), "no end record after line 1: it is cut off"),
        (":0100000001FE\n".into(), "cut off"),
        (format!(":0100000001FF\n{end}"), "line 1 of the Intel HEX file has a wrong checksum"),
        (format!(":0200000001FD\n{end}"), "holds 1 data bytes, it says 2"),
        (format!(":01000000\n{end}"), "is cut off"),
        (format!("0100000001FE\n{end}"), "does not begin with a colon"),
        (format!(":0100000001F\n{end}"), "pairs of hexadecimal digits"),
        (format!(":01000000xxFE\n{end}"), "pairs of hexadecimal digits"),
        (format!(":0100000001FE\n:0100000002FD\n{end}"), "two pieces of the Intel HEX data hold the address 0x0"),
        (format!("{end}:0100000001FE\n"), "line 2 of the Intel HEX file follows the end record"),
        (format!(":00000006FA\n{end}"), "the unknown type 06"),
        (format!(":0100000401FA\n{end}"), "type 04 with 1 data bytes"),
        (format!(":020000021000EC\n:02FFFF000102FD\n{end}"), "runs over the last address"),
        (format!(":02000004FFFFFC\n:02FFFF000102FD\n{end}"), "runs over the last address"),
        (format!(":0400000500000000F7\n:0400000500000000F7\n{end}"), "a second start address"),
    ] {
        assert!(read(&text).contains(words), "{text}: {}", read(&text));
    }
}

#[test]
fn addresses_that_hex_cannot_write_are_refused_with_both_numbers() {
    let error = |pieces: Pieces, addressing| intel_hex::encode(&segments(&pieces), addressing, None).err().unwrap();
    let said = error(vec![(0xF_FFFF, vec![1, 2])], Addressing::Segmented).to_string();
    assert_eq!(said, "the Intel HEX data ends at 0x100001, such addresses reach to 0x100000");
    let said = error(vec![(0xFFFF_FFFF, vec![1, 2])], Addressing::Linear).to_string();
    assert_eq!(said, "the Intel HEX data ends at 0x100000001, such addresses reach to 0x100000000");
    let overlap = error(vec![(4, vec![1, 2]), (5, vec![1])], Addressing::Linear);
    assert_eq!(overlap, HexError::Overlap { address: 5 });
}

#[test]
fn every_changed_character_of_a_hex_file_is_an_error_or_changes_nothing() {
    let made = vec![(0xFFF8, (0..40).collect::<Vec<u8>>()), (0x2_0000, vec![9; 3])];
    let mut text = hex_file(&made, Addressing::Linear, Some(Start::Linear(0x2_0001)));
    for place in 0..text.len() {
        let right = text[place];
        for change in [0x01, 0x04, 0x20, 0x80, 0xFF, b'\n' ^ right, b':' ^ right, b'0' ^ right] {
            text[place] = right ^ change;
            if let Ok(read) = intel_hex::decode(&text) {
                assert_eq!(pieces(&read.segments), made, "character {place} ^ {change:02x}");
            }
        }
        text[place] = right;
    }
}

const UF2CONV: &str = r"
import json, sys
from adafruit_uf2 import uf2conv
from esptool.uf2_writer import UF2Writer
asked = json.load(sys.stdin)
answers = []
out, sys.stdout = sys.stdout, sys.stderr
for case in asked:
    uf2conv.familyid = case['family']
    data = bytes.fromhex(case['data'])
    uf2conv.appstartaddr = case['address']
    answer = {'made': uf2conv.convert_to_uf2(data).hex()}
    with UF2Writer(case['family'], 'out.uf2', 256, md5_enabled=False) as writer:
        writer.add_file(case['address'], data)
    answer['esptool'] = open('out.uf2', 'rb').read().hex()
    with UF2Writer(case['family'], 'out.uf2', None) as writer:
        writer.add_file(case['address'], data)
    answer['md5'] = open('out.uf2', 'rb').read().hex()
    with UF2Writer(case['family'], 'out.uf2', 256, md5_enabled=False) as writer:
        writer.add_file(case['address'], data)
        writer.add_file(case['address'] + 0x10000, data)
    answer['joined'] = open('out.uf2', 'rb').read().hex()
    ours = bytes.fromhex(case['ours'])
    assert uf2conv.is_uf2(ours)
    answer['read'] = uf2conv.convert_from_uf2(ours).hex()
    answer['from'] = uf2conv.appstartaddr
    answers.append(answer)
json.dump({'answers': answers, 'families': uf2conv.load_families()}, out)
";

#[test]
fn uf2_files_are_byte_equal_to_uf2conv_and_esptool_and_all_read_each_other() {
    let drawn = python::cases(60, (0..64_u64, 1..3000_usize, any::<u8>()));
    let drawn: Vec<(u64, Vec<u8>)> =
        drawn.into_iter().map(|(block, length, seed)| (0x1000_0000 + block * 256, vec![seed; length])).collect();
    let rp2040 = Family::from_name("rp2040").unwrap();
    let made = |piece: &(u64, Vec<u8>)| {
        uf2::encode(&segments(std::slice::from_ref(piece)), Some(rp2040), 0).unwrap().expose(<[u8]>::to_vec)
    };
    let cases: Vec<_> = drawn
        .iter()
        .map(|piece| {
            json!({"family": rp2040.0, "address": piece.0, "data": hex::encode(&piece.1), "ours": hex::encode(made(piece))})
        })
        .collect();
    let said = python::ask(UF2CONV, &json!(cases));
    for (number, piece) in drawn.iter().enumerate() {
        let (answer, ours) = (&said["answers"][number], made(piece));
        assert_eq!(hex::encode(&ours), answer["made"]);
        let mut whole = piece.1.clone();
        whole.resize(piece.1.len().next_multiple_of(256), 0);
        assert_eq!(answer["read"], hex::encode(&whole));
        assert_eq!(answer["from"], piece.0);
        assert_eq!(read_one(&ours, Some(rp2040)), [(piece.0, whole)]);
        assert_eq!(read_one(&python::bytes(&answer["esptool"]), Some(rp2040)), std::slice::from_ref(piece));
        assert_eq!(read_one(&python::bytes(&answer["md5"]), Some(rp2040)), std::slice::from_ref(piece));
        let joined = [piece.clone(), (piece.0 + 0x1_0000, piece.1.clone())];
        assert_eq!(read_one(&python::bytes(&answer["joined"]), Some(rp2040)), joined, "each file counts by itself");
        if piece.1.len().is_multiple_of(256) {
            assert_eq!(hex::encode(&ours), answer["esptool"]);
        }
    }
    for (name, family) in Family::NAMES {
        let theirs = said["families"][name].as_u64();
        assert_eq!(theirs, Some(u64::from(family.0)), "{name}");
        assert_eq!((Family::from_name(name), family.name()), (Some(family), Some(name)));
    }
}

#[track_caller]
fn read_one(file: &[u8], family: Option<Family>) -> Pieces {
    let images = uf2::decode(file).unwrap();
    assert_eq!(images.len(), 1);
    assert_eq!(images[0].family, family);
    pieces(&images[0].segments)
}

/// The layout of microsoft/uf2: every word of a block at its place.
#[test]
fn a_block_has_the_published_layout() {
    let file = uf2::encode(&segments(&[(0x1000_0104, vec![0xAB; 2])]), Some(Family(0xE48B_FF56)), 0xFF).unwrap();
    let block = file.expose(<[u8]>::to_vec);
    assert_eq!(block.len(), 512);
    let head = "5546320a 57515d9e 00200000 00010010 00010000 00000000 01000000 56ff8be4".replace(' ', "");
    assert_eq!(hex::encode(&block[..32]), head);
    assert_eq!(block[32..40], [0xFF, 0xFF, 0xFF, 0xFF, 0xAB, 0xAB, 0xFF, 0xFF]);
    assert!(block[38..288].iter().all(|byte| *byte == 0xFF) && block[288..508].iter().all(|byte| *byte == 0));
    assert_eq!(hex::encode(&block[508..]), "306fb10a");
}

#[test]
fn gaps_and_pieces_in_one_block_are_kept() {
    let made = vec![(0x100, vec![1; 10]), (0x10A, vec![2; 3]), (0x120, vec![3; 0x200]), (0x9000, vec![4; 256])];
    let file = uf2::encode(&segments(&made), None, 0xFF).unwrap().expose(<[u8]>::to_vec);
    assert_eq!(file.len(), 4 * 512);
    let read = read_one(&file, None);
    assert_eq!(
        read.iter().map(|(address, bytes)| (*address, bytes.len())).collect::<Vec<_>>(),
        [(0x100, 0x300), (0x9000, 256)]
    );
    let first = &read[0].1;
    assert_eq!(first[..13], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2]);
    assert!(first[13..32].iter().all(|byte| *byte == 0xFF) && first[32..0x220].iter().all(|byte| *byte == 3));
}

#[test]
fn blocks_of_two_families_in_any_order_are_told_apart() {
    let (one, two) = (Family(1), Family(2));
    let a = uf2::encode(&segments(&[(0x1000, vec![1; 512])]), Some(one), 0).unwrap().expose(<[u8]>::to_vec);
    let b = uf2::encode(&segments(&[(0x1000, vec![2; 256])]), Some(two), 0).unwrap().expose(<[u8]>::to_vec);
    let file = [&a[512..], &b, &a[..512]].concat();
    let images = uf2::decode(&file).unwrap();
    assert_eq!(images.iter().map(|image| image.family).collect::<Vec<_>>(), [Some(one), Some(two)]);
    assert_eq!(pieces(&images[0].segments), [(0x1000, vec![1; 512])]);
    assert_eq!(pieces(&images[1].segments), [(0x1000, vec![2; 256])]);
}

#[test]
fn uf2_files_that_contradict_themselves_are_refused() {
    let good = uf2::encode(&segments(&[(0x1000, vec![1; 600])]), Some(Family(7)), 0).unwrap().expose(<[u8]>::to_vec);
    let error = |change: fn(&mut Vec<u8>)| {
        let mut file = good.clone();
        change(&mut file);
        uf2::decode(&file).err().unwrap().to_string()
    };
    for (said, words) in [
        (error(|file| file.truncate(1000)), "1000 bytes, which is no multiple of 512"),
        (error(|file| file.truncate(1024)), "has 2 of 3 blocks for family 0x00000007, block number 2 is missing"),
        (error(|file| drop(file.drain(..512))), "block number 0 is missing"),
        (error(|file| file[0] = 0), "block 0 of the UF2 file is none"),
        (error(|file| file[511] = 0), "is none"),
        (
            error(|file| file[16..20].copy_from_slice(&477_u32.to_le_bytes())),
            "says it holds 477 bytes, it can hold 1 to 476",
        ),
        (error(|file| file[17] = 0), "says it holds 0 bytes"),
        (error(|file| file[20] = 3), "has the number 3 of 3"),
        (error(|file| file[20] = 1), "block 1 of the UF2 file has the number 1, which is there already"),
        (error(|file| file[512 + 24] = 4), "counts 4 blocks, the first one counts 3"),
        (error(|file| file[512 + 13] = 0x10), "two pieces of the UF2 data hold the address 0x1000"),
        (error(|file| file[9] |= 0x10), "holds a part of a file"),
        (error(|file| file[12..16].fill(0xFF)), "ends beyond the last address"),
    ] {
        assert!(said.contains(words), "{words:?} is not in {said:?}");
    }
    let error = |made: Pieces| uf2::encode(&segments(&made), None, 0).err().unwrap();
    assert_eq!(error(vec![(5, vec![0; 2]), (6, vec![0])]), Uf2Error::Overlap { address: 6 });
    assert_eq!(
        error(vec![(0xFFFF_FFFF, vec![0; 2])]).to_string(),
        "the UF2 data ends at 0x100000001, such addresses reach to 0x100000000"
    );
    assert!(matches!(error(vec![(0, vec![0; 65 << 20])]), Uf2Error::TooLong { .. }));
}

#[test]
fn every_changed_byte_of_a_uf2_file_ends_in_a_result() {
    let made = segments(&[(0x1000, vec![1; 600])]);
    let mut file = uf2::encode(&made, Some(Family(7)), 0).unwrap().expose(<[u8]>::to_vec);
    let right = read_one(&file, Some(Family(7)));
    for place in 0..file.len() {
        for change in [0x01, 0x80, 0xFF] {
            file[place] ^= change;
            // The format has no checksum: addresses, data, flags and family may be others, and nothing else.
            let within = place % 512;
            if let Ok(read) = uf2::decode(&file) {
                let same = read.len() == 1 && read[0].family == Some(Family(7)) && pieces(&read[0].segments) == right;
                assert!(same || matches!(within, 8..16 | 16..20 | 28..32 | 32..288), "byte {place}");
            }
            file[place] ^= change;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_uf2_holds_comes_back(made in drawn_pieces(0..0x10_0000_u64), fill: u8) {
        let file = uf2::encode(&segments(&made), None, fill).unwrap().expose(<[u8]>::to_vec);
        let read = read_one(&file, None);
        for (address, bytes) in joined(&made) {
            let (from, around) = read.iter().rfind(|(from, _)| *from <= address).unwrap();
            let at = usize::try_from(address - from).unwrap();
            prop_assert_eq!(&around[at..at + bytes.len()], &bytes[..]);
        }
    }

    #[test]
    fn hostile_text_ends_in_a_result(text in "(:[0-9A-F]{10,14}\n){0,4}(:00000001FF)?", bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = intel_hex::decode(text.as_bytes());
        let _ = intel_hex::decode(&bytes);
    }
}
