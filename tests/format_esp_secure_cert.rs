//! esp_secure_cert partitions against Espressif's own tool (esp-secure-cert-tool from PyPI): byte by byte, and by its parser.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "format/python.rs"]
mod python;

use firstlight::fleet::Secret;
use firstlight::format::esp_secure_cert::{
    self as secure_cert, Integrity, Kind, Record, SecureCertError, USUAL_SIZE, flags,
};
use proptest::prelude::*;
use serde_json::json;

const TOOL: &str = include_str!("format/secure_cert.py");

/// Kind, subtype, flags, value.
type Drawn = (u8, u8, u8, Vec<u8>);

fn records(drawn: &[Drawn]) -> Vec<Record> {
    let record = |(kind, subtype, flags, bytes): &Drawn| Record {
        kind: Kind(*kind),
        subtype: *subtype,
        flags: *flags,
        bytes: Secret::new(bytes.clone()),
    };
    drawn.iter().map(record).collect()
}

fn drawn_records() -> impl Strategy<Value = (Vec<Drawn>, bool)> {
    let kind = prop_oneof![0..9_u8, 51..56_u8];
    let length = prop_oneof![0..70_usize, 200..1500_usize];
    let bytes = length.prop_flat_map(|length| proptest::collection::vec(any::<u8>(), length));
    let flag =
        prop_oneof![Just(0), Just(flags::HMAC_ENCRYPTED), Just(flags::HMAC_DERIVED), Just(flags::ECDSA_PERIPHERAL)];
    let record = (kind, 0..6_u8, flag, bytes);
    (proptest::collection::vec(record, 0..9), any::<bool>()).prop_map(|(mut drawn, integrity)| {
        let mut seen = std::collections::HashSet::new();
        drawn.retain(|(kind, subtype, ..)| seen.insert((*kind, *subtype)));
        (drawn, integrity)
    })
}

fn integrity(added: bool) -> Integrity {
    if added { Integrity::Added } else { Integrity::Left }
}

/// The tool's file ends behind the last record; ours covers the partition.
#[track_caller]
fn assert_same(ours: &[u8], theirs: &[u8]) {
    assert!(ours[..theirs.len()] == *theirs, "{}\n{}", hex::encode(&ours[..theirs.len()]), hex::encode(theirs));
    assert!(ours[theirs.len()..].iter().all(|byte| *byte == 0xFF));
}

#[test]
fn partitions_are_byte_equal_to_the_tools_and_its_parser_finds_every_record_valid() {
    let drawn: Vec<_> = python::cases(150, drawn_records())
        .into_iter()
        .filter_map(|(drawn, added)| {
            let ours = secure_cert::encode(USUAL_SIZE, &records(&drawn), integrity(added)).ok()?;
            Some((drawn, added, ours.expose(<[u8]>::to_vec)))
        })
        .collect();
    assert!(drawn.len() > 120);
    let (certificate, key) = ("-----BEGIN CERTIFICATE-----", "-----BEGIN PRIVATE KEY-----");
    let issued = rcgen::generate_simple_self_signed(["gw-0007".to_owned()]).unwrap();
    let (certificate_pem, key_pem) = (issued.cert.pem(), issued.signing_key.serialize_pem());
    assert!(certificate_pem.starts_with(certificate) && key_pem.starts_with(key));
    let cases: Vec<_> = drawn
        .iter()
        .map(|(drawn, added, ours)| {
            let rows: Vec<_> = drawn.iter().map(|(kind, sub, flags, bytes)| json!([kind, sub, flags, hex::encode(bytes)])).collect();
            json!({"records": rows, "integrity": added, "ours": if is_parsed(drawn) { hex::encode(ours) } else { String::new() }})
        })
        .collect();
    let answers = python::ask(TOOL, &json!({"cases": cases, "certificate": certificate_pem, "key": key_pem}));
    let mut parsed = 0;
    for (number, (drawn, added, ours)) in drawn.iter().enumerate() {
        assert_same(ours, &python::bytes(&answers["built"][number]));
        assert_read_is(ours, drawn, *added);
        if is_parsed(drawn) {
            let said = answers["parsed"][number].as_str().unwrap();
            let expected = drawn.len() + usize::from(*added);
            assert_eq!(said.matches("✓ VALID").count(), expected, "{said}");
            assert!(!said.contains("✗ INVALID"), "{said}");
            parsed += 1;
        }
    }
    assert!(parsed > 60, "{parsed}");
    assert_pem_is_stored_as_the_tool_does(&python::bytes(&answers["by_pem"]), &certificate_pem);
}

/// The tool writes an EC key anew in its older form (SEC 1), so the key is taken from what it made.
#[track_caller]
fn assert_pem_is_stored_as_the_tool_does(theirs: &[u8], certificate: &str) {
    let read = secure_cert::decode(theirs).unwrap();
    let key = read[2].bytes.expose(|bytes| bytes.strip_suffix(b"\0").unwrap().to_vec());
    assert!(key.starts_with(b"-----BEGIN EC PRIVATE KEY-----"));
    let certificate = Secret::new(certificate.as_bytes().to_vec());
    let mut configuration = vec![0; 40];
    configuration[0] = 5;
    let ours = [
        Record::pem(Kind::CA_CERTIFICATE, &certificate),
        Record::pem(Kind::DEVICE_CERTIFICATE, &certificate),
        Record::pem(Kind::PRIVATE_KEY, &Secret::new(key)),
        Record::new(Kind::SECURITY_CONFIGURATION, Secret::new(configuration)),
    ];
    let ours = secure_cert::encode(USUAL_SIZE, &ours, Integrity::Added).unwrap();
    ours.expose(|ours| assert_same(ours, theirs));
}

/// The tool's parser ends in an exception of its own at a private key with flags.
fn is_parsed(drawn: &[Drawn]) -> bool {
    drawn.iter().all(|(kind, _, flags, _)| *kind != Kind::PRIVATE_KEY.0 || *flags == 0)
}

#[track_caller]
fn assert_read_is(bytes: &[u8], drawn: &[Drawn], added: bool) {
    let read = secure_cert::decode(bytes).unwrap();
    assert_eq!(read.len(), drawn.len() + usize::from(added));
    for (record, (kind, subtype, flags, bytes)) in read.iter().zip(drawn) {
        assert_eq!((record.kind, record.subtype, record.flags), (Kind(*kind), *subtype, *flags));
        assert!(record.bytes.expose(|found| found == bytes));
    }
}

fn sample() -> (Vec<Drawn>, Vec<u8>) {
    let drawn = vec![(1, 0, 0, vec![7; 100]), (2, 0, flags::HMAC_ENCRYPTED, vec![9; 16]), (51, 3, 0, vec![])];
    let image = secure_cert::encode(1024, &records(&drawn), Integrity::Added).unwrap();
    (drawn, image.expose(<[u8]>::to_vec))
}

#[test]
fn every_changed_byte_is_an_error() {
    let (drawn, mut image) = sample();
    assert_read_is(&image, &drawn, true);
    for place in 0..image.len() {
        for change in [0x01, 0x80, 0xFF] {
            image[place] ^= change;
            assert!(secure_cert::decode(&image).is_err(), "byte {place} ^ {change:02x}");
            image[place] ^= change;
        }
    }
}

#[test]
fn a_partition_that_is_cut_off_is_an_error_or_ends_between_records() {
    let (_, image) = sample();
    for end in 0..image.len() {
        match secure_cert::decode(&image[..end]) {
            Ok(read) => assert!(read.len() == 4 || [0, 128, 160, 176].contains(&end), "{} at {end}", read.len()),
            Err(error) => assert!(error.to_string().contains("ends inside a record"), "{error}"),
        }
    }
}

#[test]
fn what_does_not_fit_is_refused_with_both_numbers() {
    let error = |size, drawn: &[Drawn], added| {
        secure_cert::encode(size, &records(drawn), integrity(added)).err().unwrap().to_string()
    };
    for (said, expected) in [
        (
            error(0x2000, &[(2, 1, 0, vec![0; 65_536])], false),
            "esp_secure_cert private key 1 has 65536 bytes, a record holds at most 65535",
        ),
        (
            error(0x2000, &[(2, 255, 0, vec![])], false),
            "esp_secure_cert private key has subtype 255, the highest is 254",
        ),
        (
            error(0x2000, &[(51, 0, 0, vec![]), (51, 0, 0, vec![])], false),
            "esp_secure_cert user data 1 0 is there twice",
        ),
        (error(0x2000, &[(9, 0, 0, vec![])], true), "esp_secure_cert integrity 0 is there twice"),
        (
            error(96, &[(0, 0, 0, vec![0; 33])], true),
            "the esp_secure_cert records need 112 bytes, the partition has 96 bytes",
        ),
        (error(1 << 21, &[], false), "esp_secure_cert partition of 2097152 bytes is larger than 1048576"),
    ] {
        assert_eq!(said, expected);
    }
    assert!(secure_cert::encode(112, &records(&[(0, 0, 0, vec![0; 33])]), Integrity::Added).is_ok());
}

#[test]
fn a_wrong_digest_is_an_error_even_with_right_checksums() {
    let drawn = vec![(1, 0, 0, vec![7; 10]), (9, 0, 0, vec![0; 32])];
    let image = secure_cert::encode(1024, &records(&drawn), Integrity::Left).unwrap();
    let error = image.expose(secure_cert::decode).err().unwrap();
    assert!(matches!(&error, SecureCertError::Damaged { offset: 32, reason } if reason.contains("digest")), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hostile_bytes_end_in_a_result(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), signed in any::<bool>()) {
        if signed && bytes.len() >= 4 {
            bytes[..4].copy_from_slice(&[0x11, 0xBA, 0x5E, 0xBA]);
        }
        let _ = secure_cert::decode(&bytes);
    }
}
