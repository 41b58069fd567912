//! What is issued, and what is refused.

use super::*;
use crate::authority::Keys;
use crate::fleet::{CertificateProfile, Digest, Retain};
use crate::host::surroundings::{FixedClock, OsRandom, SeededRandom, SystemClock};
use std::collections::HashSet;
use time::macros::datetime;
use x509_parser::prelude::{ParsedExtension, asn1_rs, oid_registry, parse_x509_certificate};

struct Bench {
    authority: Authority,
    keys: Keys,
    _place: tempfile::TempDir,
}

fn bench(demo: bool) -> Bench {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("k");
    let keys = Keys::create(&folder, "desk", None, &OsRandom).unwrap();
    let clock = FixedClock(datetime!(2026-01-01 0:00 UTC));
    let authority = Authority::create(&folder, &keys, "CA", Some("ACME"), demo, &clock, &OsRandom).unwrap();
    Bench { authority, keys, _place: place }
}

fn x509(valid: Validity) -> CredentialKind {
    CredentialKind::X509 {
        key: KeyAlgorithm::P256,
        profile: CertificateProfile::Idevid,
        valid,
        made: KeyOrigin::Station,
    }
}

fn psk(bytes: u16, identity: Option<&str>) -> CredentialKind {
    CredentialKind::Psk { bytes, identity: identity.map(str::to_owned), group: None }
}

#[test]
fn a_key_of_a_group_is_derived_and_never_gets_into_a_rehearsal() {
    let bench = bench(true);
    let of_group = |bytes, generation| CredentialKind::Psk {
        bytes,
        identity: None,
        group: Some(KeyGroup { name: "gateways".into(), generation }),
    };
    let device = EndpointName::new("gw-0001").unwrap();
    for generation in [1, 2] {
        let issued = issue(&bench, of_group(32, generation)).unwrap();
        let wanted = bench.keys.fleet_key().device_key("acme", "gateways", generation, &device);
        assert_eq!(issued.private.expose(<[u8]>::to_vec), wanted.expose(<[u8]>::to_vec));
        let seeded = SeededRandom::new(&Secret::new(b"1".to_vec()));
        let rehearsed = issue_with(&bench, of_group(32, generation), None, &SystemClock, &seeded).unwrap();
        assert_ne!(rehearsed.private.expose(<[u8]>::to_vec), wanted.expose(<[u8]>::to_vec));
    }
    let error = issue(&bench, of_group(16, 1)).err().unwrap().to_string();
    assert!(error.contains("a derived key of 16 bytes is asked for, it has 32"), "{error}");
}

fn issue_with(
    bench: &Bench,
    kind: CredentialKind,
    serial: Option<&str>,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<Credential, AuthorityError> {
    let device = EndpointName::new("gw-0001").unwrap();
    let serial = serial.map(|serial| SerialNumber::new(serial).unwrap());
    let shape = CredentialShape { kind, retain: Retain::Keep };
    let request = CredentialRequest {
        group_keys: Some(GroupKeys { fleet: "acme", key: bench.keys.fleet_key() }),
        device: &device,
        serial: serial.as_ref(),
        model: None,
        name: &Arc::from("identity"),
        generation: 1,
        shape: &shape,
    };
    bench.authority.issue(&request, clock, random)
}

fn issue(bench: &Bench, kind: CredentialKind) -> Result<Credential, AuthorityError> {
    issue_with(bench, kind, Some("SN-1/2"), &FixedClock(datetime!(2026-06-01 12:00:00.7 UTC)), &OsRandom)
}

fn der(credential: &Credential) -> Vec<u8> {
    match &credential.public.kind {
        PublicKind::X509 { certificate, .. } => certificate.clone(),
        _ => panic!("no certificate"),
    }
}

#[test]
fn no_attribute_of_the_subject_is_dropped() {
    let der = der(&issue(&bench(false), x509(Validity::Forever)).unwrap());
    let (_, certificate) = parse_x509_certificate(&der).unwrap();
    assert_eq!(certificate.subject().to_string(), "O=ACME, CN=gw-0001, serialNumber=SN-1/2");
    let number = certificate.subject().iter_by_oid(&oid_registry::OID_X509_SERIALNUMBER).next().unwrap();
    assert_eq!(number.attr_value().tag(), asn1_rs::Tag::PrintableString);
    let without = issue_with(&bench(false), x509(Validity::Forever), None, &SystemClock, &OsRandom).unwrap();
    let der = super::tests::der(&without);
    assert_eq!(parse_x509_certificate(&der).unwrap().1.subject().to_string(), "O=ACME, CN=gw-0001");
}

#[test]
fn a_device_may_authenticate_as_a_client_and_nothing_else() {
    let der = der(&issue(&bench(false), x509(Validity::Forever)).unwrap());
    let (_, certificate) = parse_x509_certificate(&der).unwrap();
    let constraints = certificate.basic_constraints().unwrap().unwrap();
    assert!(constraints.critical && !constraints.value.ca);
    let usage = certificate.key_usage().unwrap().unwrap();
    assert_eq!((usage.critical, usage.value.flags), (true, 1), "digitalSignature only");
    let purpose = certificate.extended_key_usage().unwrap().unwrap().value;
    assert!(purpose.client_auth && !purpose.any && !purpose.server_auth && !purpose.code_signing);
    assert!(purpose.other.is_empty() && !purpose.email_protection && !purpose.ocsp_signing);
    assert!(certificate.subject_alternative_name().unwrap().is_none());
    assert_eq!(certificate.extensions().len(), 5, "SKI, AKI, BasicConstraints, KU, EKU");
}

#[test]
fn the_issuers_key_identifier_is_there_and_is_the_issuers() {
    let bench = bench(false);
    let der = der(&issue(&bench, x509(Validity::Forever)).unwrap());
    let identifiers = |der: &[u8]| {
        let (_, certificate) = parse_x509_certificate(der).unwrap();
        let (mut own, mut above) = (None, None);
        for extension in certificate.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(id) => own = Some(id.0.to_vec()),
                ParsedExtension::AuthorityKeyIdentifier(id) => {
                    above = id.key_identifier.as_ref().map(|id| id.0.to_vec());
                }
                _ => {}
            }
        }
        (own.unwrap(), above.unwrap())
    };
    let [intermediate, root] = bench.authority.issuers();
    assert_eq!(identifiers(&der).1, identifiers(intermediate).0);
    assert_eq!(identifiers(intermediate).1, identifiers(root).0);
    assert_ne!(identifiers(&der).0, identifiers(intermediate).0);
}

#[test]
fn two_certificates_of_one_key_have_different_serials() {
    // rcgen derives the number from the key where none is given; ours is always drawn.
    let device = EndpointName::new("gw-1").unwrap();
    let span = Span { not_before: datetime!(2026-01-01 0:00 UTC), not_after: NO_EXPIRY };
    let bench = bench(false);
    let pair = KeyPair::draw(&OsRandom, "one key").unwrap();
    let serials: HashSet<Vec<u8>> = (0..2)
        .map(|_| {
            let serial = draw_serial(&OsRandom, "x");
            let params = device_params(&device, None, None, span, &serial).unwrap();
            let certificate = params.signed_by(&pair, &bench.authority.issuer).unwrap();
            parse_x509_certificate(certificate.der()).unwrap().1.raw_serial().to_vec()
        })
        .collect();
    assert_eq!(serials.len(), 2);
}

#[test]
fn serials_are_recorded_as_the_certificate_says_them_positive_and_all_different() {
    let bench = bench(false);
    let serials: HashSet<String> = (0..200)
        .map(|_| {
            let issued = issue(&bench, x509(Validity::Forever)).unwrap();
            let der = der(&issued);
            let (_, certificate) = parse_x509_certificate(&der).unwrap();
            let raw = certificate.raw_serial();
            assert!((0x40..0x80).contains(&raw[0]) && raw.len() == 17);
            assert_eq!(issued.public.certificate_serial(), Some(&*hex::encode(raw)));
            hex::encode(raw)
        })
        .collect();
    assert_eq!(serials.len(), 200);
}

#[test]
fn forever_is_generalized_time_of_the_year_9999() {
    let der = der(&issue(&bench(false), x509(Validity::Forever)).unwrap());
    let generalized = [&[0x18, 15][..], b"99991231235959Z"].concat();
    assert!(der.windows(17).any(|part| part == generalized));
    let utc = [&[0x17, 13][..], b"260601120000Z"].concat();
    assert!(der.windows(15).any(|part| part == utc), "notBefore in whole seconds");
}

#[test]
fn seconds_count_from_issue() {
    let der = der(&issue(&bench(false), x509(Validity::Seconds(3600))).unwrap());
    let (_, certificate) = parse_x509_certificate(&der).unwrap();
    assert_eq!(certificate.validity().not_after.to_datetime(), datetime!(2026-06-01 13:00 UTC));
}

#[test]
fn impossible_lengths_are_refused() {
    let bench = bench(false);
    for seconds in [0, u64::MAX, i64::MAX.unsigned_abs(), 8000 * 366 * 86400] {
        let issued = issue(&bench, x509(Validity::Seconds(seconds)));
        assert!(matches!(issued, Err(AuthorityError::Shape { .. })), "{seconds}");
    }
}

#[test]
fn a_certificate_that_would_outlive_its_issuer_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("k");
    let keys = Keys::create(&folder, "desk", None, &OsRandom).unwrap();
    let span = Span { not_before: datetime!(2026-01-01 0:00 UTC), not_after: datetime!(2026-06-01 13:00 UTC) };
    let bench = Bench { authority: Authority::ending(&folder, &keys, span), keys, _place: place };
    for valid in [Validity::Forever, Validity::Seconds(3601)] {
        assert!(matches!(issue(&bench, x509(valid)), Err(AuthorityError::Outlives { .. })));
    }
    issue(&bench, x509(Validity::Seconds(3600))).unwrap();
}

#[test]
fn with_the_clock_set_back_a_certificate_begins_with_its_issuer() {
    let clock = FixedClock(OffsetDateTime::UNIX_EPOCH);
    let issued = issue_with(&bench(false), x509(Validity::Seconds(60)), None, &clock, &OsRandom).unwrap();
    let der = der(&issued);
    let validity = parse_x509_certificate(&der).unwrap().1.validity().clone();
    assert_eq!(validity.not_before.to_datetime(), datetime!(2026-01-01 0:00 UTC));
    assert_eq!(validity.not_after.to_datetime(), datetime!(2026-01-01 0:01 UTC));
}

#[test]
fn the_private_key_is_the_certificates_and_the_fingerprint_too() {
    let bench = bench(false);
    let issued = issue(&bench, x509(Validity::Forever)).unwrap();
    let der = der(&issued);
    let (_, certificate) = parse_x509_certificate(&der).unwrap();
    let pair = KeyPair::from_pkcs8(&issued.private, "x").unwrap();
    assert_eq!(pair.spki(), certificate.public_key().raw);
    assert_eq!(issued.public.key_fingerprint(), Some(Digest::of(certificate.public_key().raw)));
}

#[test]
fn a_raw_public_key_is_the_private_keys() {
    let issued = issue(&bench(false), CredentialKind::RawPublicKey { key: KeyAlgorithm::P256 }).unwrap();
    let PublicKind::RawPublicKey { public_key, key_fingerprint } = &issued.public.kind else {
        panic!("no raw public key");
    };
    assert_eq!(&KeyPair::from_pkcs8(&issued.private, "x").unwrap().spki(), public_key);
    assert_eq!(*key_fingerprint, Digest::of(public_key));
}

#[test]
fn a_psk_has_its_length_and_its_identity() {
    let bench = bench(false);
    for length in [16, 32, 64] {
        assert_eq!(issue(&bench, psk(length, None)).unwrap().private.len(), usize::from(length));
    }
    let identity = |template| match issue(&bench, psk(16, template)).unwrap().public.kind {
        PublicKind::Psk { identity } => identity,
        _ => panic!("no psk"),
    };
    assert_eq!(identity(None), "gw-0001");
    assert_eq!(identity(Some("urn:dev:{serial}:{id}")), "urn:dev:SN-1/2:gw-0001");
    assert_eq!(identity(Some("fixed")), "fixed");
}

#[test]
fn a_token_is_text_of_its_length_known_by_its_digest_and_ends() {
    let bench = bench(false);
    let token = |bytes, valid| issue(&bench, CredentialKind::Token { bytes, valid });
    let issued = token(32, 3600).unwrap();
    let text = issued.private.expose(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
    assert_eq!(text.len(), 43);
    assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)), "{text}");
    let PublicKind::Token { sha256, not_after } = issued.public.kind else { panic!("no token") };
    assert_eq!(sha256, Digest::of(text.as_bytes()));
    assert!(not_after.ends_with('Z') && not_after.len() == 20, "{not_after}");
    assert!(token(15, 3600).is_err() && token(65, 3600).is_err() && token(32, 0).is_err());
}

#[test]
fn psks_that_cannot_be_are_refused() {
    let bench = bench(false);
    for (bytes, identity) in [
        (15, None),
        (65, None),
        (0, None),
        (16, Some("")),
        (16, Some("{model}")),
        (16, Some("{")),
        (16, Some("a}")),
        (16, Some("{{id}}")),
    ] {
        let issued = issue(&bench, psk(bytes, identity));
        assert!(matches!(issued, Err(AuthorityError::Shape { .. })), "{bytes} {identity:?}");
    }
    assert!(issue(&bench, psk(16, Some(&"x".repeat(129)))).is_err());
    assert!(issue_with(&bench, psk(16, Some("{serial}")), None, &SystemClock, &OsRandom).is_err());
}

#[test]
fn a_seed_gives_the_same_bytes_and_everything_is_marked() {
    let bench = bench(true);
    let seeded = || SeededRandom::new(&Secret::new(b"1".to_vec()));
    let clock = FixedClock(datetime!(2026-06-01 0:00 UTC));
    for kind in [x509(Validity::Forever), psk(16, None), CredentialKind::RawPublicKey { key: KeyAlgorithm::P256 }] {
        let one = issue_with(&bench, kind.clone(), None, &clock, &seeded()).unwrap();
        let two = issue_with(&bench, kind.clone(), None, &clock, &seeded()).unwrap();
        assert!(one.public == two.public && one.public.demo);
        assert!(one.private.expose(|one| two.private.expose(|two| one == two)));
        let unseeded = issue_with(&bench, kind, None, &clock, &OsRandom).unwrap();
        assert!(unseeded.public.demo, "a demo authority marks all it makes");
        assert!(one.private.expose(|one| unseeded.private.expose(|other| one != other)));
    }
}

#[test]
fn a_production_authority_makes_nothing_from_a_seed_and_marks_nothing() {
    let bench = bench(false);
    let seeded = SeededRandom::new(&Secret::new(b"1".to_vec()));
    for kind in [x509(Validity::Forever), psk(16, None)] {
        let issued = issue_with(&bench, kind.clone(), None, &SystemClock, &seeded);
        assert!(matches!(issued, Err(AuthorityError::Foretold)));
        assert!(!issue(&bench, kind).unwrap().public.demo);
    }
}

#[test]
fn devices_names_and_generations_draw_different_keys_from_one_seed() {
    let bench = bench(true);
    let seeded = SeededRandom::new(&Secret::new(b"1".to_vec()));
    let shape = CredentialShape { kind: psk(16, None), retain: Retain::Keep };
    let mut seen = HashSet::new();
    for device in ["a", "b"] {
        for name in ["x", "y"] {
            for generation in [1, 2] {
                let request = CredentialRequest {
                    group_keys: None,
                    device: &EndpointName::new(device).unwrap(),
                    serial: None,
                    model: None,
                    name: &Arc::from(name),
                    generation,
                    shape: &shape,
                };
                let issued = bench.authority.issue(&request, &SystemClock, &seeded).unwrap();
                assert!(seen.insert(issued.private.expose(<[u8]>::to_vec)));
            }
        }
    }
}

#[test]
fn threads_issue_side_by_side() {
    let bench = bench(false);
    let serials: HashSet<String> = std::thread::scope(|scope| {
        let run = || (0..20).map(|_| der(&issue(&bench, x509(Validity::Forever)).unwrap())).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        let issued = threads.into_iter().flat_map(|thread| thread.join().unwrap());
        issued.map(|der| hex::encode(parse_x509_certificate(&der).unwrap().1.raw_serial())).collect()
    });
    assert_eq!(serials.len(), 80);
}

#[test]
fn the_issuer_in_a_device_certificate_is_the_intermediates_name_to_the_byte() {
    let bench = bench(false);
    let der = der(&issue(&bench, x509(Validity::Forever)).unwrap());
    let [intermediate, _] = bench.authority.issuers();
    let (_, leaf) = parse_x509_certificate(&der).unwrap();
    let (_, above) = parse_x509_certificate(intermediate).unwrap();
    assert_eq!(leaf.issuer().as_raw(), above.subject().as_raw());
}
