//! Flash images as files, for programmers that are driven by hand: read by the tools of others.

use std::fs;

use serde_json::json;

use super::line::Line;
use super::python;

const READER: &str = r"
import json, sys
from intelhex import IntelHex
asked = json.load(sys.stdin)
image = IntelHex(asked['path'])
parts = [bytes(image.tobinarray(start=start, size=4096)) for start in asked['starts']]
print(json.dumps([part.hex() for part in parts]))
";

/// What a chip of the same device would hold; the number of the chip is the one thing a file cannot know.
const FACTORY: &str = "          chip: rp2040
          accept_plaintext: \"a test\"
          serials: pool
          serial_pool: {prefix: SN-, first: 1, last: 500, digits: 6}
          parts:
            - address: 0x10100000
              size: 4KiB
              format: raw
              entries:
                - {offset: 0, length: 32, text: \"{{ device.id }}\"}
                - {offset: 32, length: 32, text: \"{{ device.serial }}\"}
                - {offset: 64, length: 32, credential: management.key}
            - address: 0x10102000
              size: 4KiB
              format: cbor
              entries: [{key: id, text: \"{{ device.id }}\"}]
";

fn line(devices: usize) -> Line {
    Line::with(super::line::CREDENTIALS, FACTORY, &super::line::ids(devices))
}

#[test]
fn intel_hex_uf2_and_raw_bytes_are_the_same_image() {
    let line = line(1);
    for form in ["hex", "uf2", "bin"] {
        line.fleet.run(&["flash", "sn-1", "--programmer", &format!("image:out/{{id}}.{form}")]).ok();
    }
    let raw = fs::read(line.fleet.file("out/sn-1.bin")).unwrap();
    assert_eq!(raw.len(), 0x3000);
    assert!(raw.starts_with(b"sn-1\xFF") && raw[32..].starts_with(b"SN-000001\xFF"));
    assert!(raw[0x1000..0x2000].iter().all(|byte| *byte == 0xFF), "the gap is blank");
    let asked = json!({"path": line.fleet.file("out/sn-1.hex"), "starts": [0x1010_0000, 0x1010_2000]});
    let read = python::ask(READER, &asked);
    assert_eq!(read[0].as_str().unwrap(), hex::encode(&raw[..0x1000]));
    assert_eq!(read[1].as_str().unwrap(), hex::encode(&raw[0x2000..]));
    let uf2 = fs::read(line.fleet.file("out/sn-1.uf2")).unwrap();
    assert_eq!(uf2[..4], 0x0A32_4655_u32.to_le_bytes());
    assert_eq!(uf2[28..32], 0xE48B_FF56_u32.to_le_bytes(), "the family of the RP2040");
    let blocks: Vec<&[u8]> = uf2.chunks(512).collect();
    let first = u32::from_le_bytes(blocks[0][12..16].try_into().unwrap());
    assert_eq!((first, &blocks[0][32..36]), (0x1010_0000, &b"sn-1"[..]));
}

#[test]
fn a_second_run_leaves_images_alone_and_makes_what_was_altered_only_with_a_word() {
    let line = line(2);
    let all = ["flash", "--all", "--programmer", "image:out/{id}.hex"];
    line.fleet.run(&all).ok().says(&["2 written"]);
    let image = fs::read(line.fleet.file("out/sn-1.hex")).unwrap();
    line.fleet.run(&all).ok().says(&["nothing is left to do"]);
    assert_eq!(fs::read(line.fleet.file("out/sn-1.hex")).unwrap(), image);
    fs::write(line.fleet.file("out/sn-1.hex"), b":00000001FF\n").unwrap();
    line.fleet.run(&["flash", "sn-1", "--programmer", "image:out/{id}.hex"]).exits(6);
    assert_eq!(fs::read(line.fleet.file("out/sn-1.hex")).unwrap(), b":00000001FF\n", "a stranger's file is left alone");
}

#[test]
fn an_end_of_the_name_that_says_no_form_is_refused() {
    let line = line(1);
    line.fleet.run(&["flash", "sn-1", "--programmer", "image:out/{id}.img"]).exits(6).says(&[".hex, .uf2 or .bin"]);
}
