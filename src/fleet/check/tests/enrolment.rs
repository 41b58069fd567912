//! `store:`, `serve:` and `enrolment:`: what they say, and every fault with its place.

use std::collections::BTreeMap;

use super::super::super::enrolment::Role;
use super::super::super::enrolment::{HookFailure, ProofKind, Rates};
use super::super::super::file::PemUse;
use super::super::super::{
    AdminHolder, AdminSpec, CredentialKind, Digest, KeyGroup, ServeCertificate, ServeSpec, StoreSpec,
};
use super::*;

/// Lines 18 and on of a fleet file.
const ENROLMENT: &str = "\
enrolment:
  groups:
    gateways:
      proofs: [token, x509, claim, jwt]
      x509: {issuers: vendor.pem, id: \"{cn}\"}
      issuers: [{kid: k1, public_key: k1.pem}]
      admit: {patterns: [\"gw-[0-9]+\"]}
      key_generation: 3
      hooks:
        validate: {webhook: {url: \"https://h/x\", secret: wifi}, timeout: 5s, fail: open}
        allocate: {command: [tools/x]}
      lease: 30d
      servers: [telemetry]
      profile: gateway
";

fn whole(more: &str) -> String {
    format!("{SMALL}{more}")
}

fn file(text: &str) -> FleetFile {
    let mut faults = Faults::default();
    let file = FleetFile::parse(&Arc::from("fleet.yaml"), text, &mut faults);
    assert!(faults.is_empty(), "{faults}");
    file.expect("a file without faults")
}

#[test]
fn what_the_file_leaves_out_has_its_usual_value() {
    let fleet = sound(SMALL, ROWS);
    assert_eq!((fleet.store(), fleet.serve()), (&StoreSpec::Folder, &ServeSpec::default()));
    assert_eq!(fleet.serve().listen.to_string(), "127.0.0.1:8443");
    assert!(fleet.groups().is_empty() && fleet.group_of_profile("gateway").is_none());
    let names = ServeCertificate::Own { names: vec!["localhost".into(), "127.0.0.1".into()] };
    assert_eq!(fleet.serve().certificate, names);
}

#[test]
fn store_and_serve_are_read_as_written() {
    let text = "store: postgresql://ann@db.example/fleet?sslmode=require\nserve:\n  listen: \"[::1]:9000\"\n  \
                certificate: a.pem\n  key: b.pem\n  metrics: true\n  limits: {connections: 9, body: 1MiB, \
                header_timeout: 1m, rates: {source: 1, group: 2, token: 3}}\n  admins: [{fingerprint: \
                abababababababababababababababababababababababababababababababab, role: approver}, \
                {issuer: people.pem, name: ann@example.org, role: viewer}]\n";
    let fleet = sound(&whole(text), ROWS);
    assert_eq!(*fleet.store(), StoreSpec::Address("postgresql://ann@db.example/fleet?sslmode=require".into()));
    let serve = fleet.serve();
    let ServeCertificate::Files { certificate, key } = &serve.certificate else { panic!("{serve:?}") };
    assert_eq!((&*certificate.value, &*key.value), ("a.pem", "b.pem"));
    assert_eq!((serve.listen.to_string().as_str(), serve.metrics), ("[::1]:9000", true));
    let limits = serve.limits;
    assert_eq!((limits.connections, limits.body, limits.header_timeout), (9, 1 << 20, 60));
    assert_eq!(limits.rates, Rates { source: 1, group: 2, token: 3 });
    let fingerprint = AdminHolder::Fingerprint(Digest::from_bytes([0xab; 32]));
    assert_eq!(serve.admins[0], AdminSpec { holder: fingerprint, role: Role::Approver });
    let AdminHolder::Named { issuer, name } = &serve.admins[1].holder else { panic!("{:?}", serve.admins) };
    assert_eq!((&*issuer.value, &**name, serve.admins[1].role), ("people.pem", "ann@example.org", Role::Viewer));
    assert_eq!(*sound(&whole("store: {env: DB}\n"), ROWS).store(), StoreSpec::Env("DB".into()));
}

#[test]
fn a_group_is_read_with_all_it_says_and_its_files() {
    let mut file = file(&whole(ENROLMENT));
    assert_eq!(file.groups["gateways"].policy.issuers[0].public_key, "", "no path where a key is meant");
    let mut read = BTreeMap::new();
    file.read_pem_files(&mut |path, purpose| {
        read.insert(path.value.to_string(), purpose);
        Some(Arc::from(format!("PEM of {}", path.value)))
    });
    let wanted = [("k1.pem".to_owned(), PemUse::PublicKey), ("vendor.pem".to_owned(), PemUse::Trust)];
    assert_eq!(read, wanted.into());
    let policy = &file.groups["gateways"].policy;
    assert_eq!(policy.proofs, [ProofKind::Token, ProofKind::X509, ProofKind::Claim, ProofKind::Jwt]);
    assert_eq!(policy.x509.as_ref().unwrap().issuers.as_deref(), Some("PEM of vendor.pem"));
    assert_eq!(policy.issuers[0].public_key, "PEM of k1.pem");
    assert_eq!((policy.lease, policy.interval, policy.key_generation), (Some(2_592_000), 3_600, 3));
    let validate = policy.hooks.validate.as_ref().unwrap();
    assert_eq!((validate.timeout, validate.fail), (5, HookFailure::Open));
    assert_eq!(policy.hooks.allocate.as_ref().unwrap().command, ["tools/x"]);
}

#[test]
fn a_derived_key_knows_the_generation_of_its_group() {
    let text = whole(ENROLMENT).replace(
        "    credentials:\n",
        "    group: gateways\n    credentials:\n      own: {kind: psk, group: gateways}\n",
    );
    let file = file(&text);
    let shape = file.profiles["gateway"].credentials["own"].shape.as_ref().unwrap();
    let group = Some(KeyGroup { name: "gateways".into(), generation: 3 });
    assert_eq!(shape.kind, CredentialKind::Psk { bytes: 32, identity: None, group });
    assert_eq!(sound(&text, ROWS).group_of_profile("gateway").map(|group| &**group), Some("gateways"));
}

#[test]
fn every_fault_of_store_and_serve_has_its_place() {
    let cases: &[(&str, &str)] = &[
        ("store: postgres://ann:pw@db/x\n", "fleet.yaml:18:8: \"store\" holds a password in clear"),
        ("store: postgres://ann:p/w@db/x\n", "fleet.yaml:18:8: \"store\" holds a password in clear"),
        ("store: \"postgres://db/x?user=a&Password=b\"\n", "fleet.yaml:18:8: \"store\" holds a password in clear"),
        ("store: {}\n", "fleet.yaml:18:1: \"store\" lacks \"env\""),
        ("serve: {certificate: a.pem}\n", "fleet.yaml:18:9: \"serve\" has \"certificate\" and no \"key\""),
        ("serve: {key: a.pem}\n", "fleet.yaml:18:9: \"serve\" has \"key\" and no \"certificate\""),
        (
            "serve: {certificate: a.pem, key: b.pem, names: [x]}\n",
            "fleet.yaml:18:41: \"serve\" has \"names\" and \"certificate\", which has its own names",
        ),
        ("serve: {names: []}\n", "fleet.yaml:18:16: \"serve.names\" is empty"),
        (
            "serve: {listen: \"0.0.0.0:1\"}\n",
            "fleet.yaml:18:17: \"serve\" listens at every address (0.0.0.0:1) and has no names for its certificate",
        ),
        (
            "serve: {limits: {body: 17MiB}}\n",
            "fleet.yaml:18:24: \"serve.limits.body\" is 17825792 bytes, at most 16777216 are taken",
        ),
        (
            "serve: {limits: {header_timeout: 6m}}\n",
            "fleet.yaml:18:34: \"serve.limits.header_timeout\" is 360 s, at most 300 are taken",
        ),
        (
            "serve: {listen: localhost}\n",
            "fleet.yaml:18:17: \"serve.listen\" is \"localhost\", wanted is an IP address and a port such as 127.0.0.1:8443 or [::]:8443",
        ),
    ];
    for (text, wanted) in cases {
        assert_eq!(faults_of(&whole(text), ROWS), [*wanted], "{text}");
    }
    let twice = "{fingerprint: abababababababababababababababababababababababababababababababab, role: admin}";
    let told = faults_of(&whole(&format!("serve: {{admins: [{twice}, {twice}]}}\n")), ROWS);
    assert!(told.len() == 1 && told[0].ends_with(" is there twice"), "{told:?}");
    let lacking = faults_of(&whole("serve: {admins: [{issuer: a.pem, role: admin}]}\n"), ROWS);
    assert!(lacking.len() == 1 && lacking[0].ends_with("an admin has \"issuer\" and no \"name\""), "{lacking:?}");
}

#[test]
fn every_fault_of_a_group_has_its_place() {
    let cases: &[(&str, &str, &str)] = &[
        (
            "[token, x509, claim, jwt]",
            "[token, jwt]",
            "22:7: group \"gateways\" has rules for x509, which is none of its proofs",
        ),
        (
            "[token, x509, claim, jwt]",
            "[x509]",
            "23:7: group \"gateways\" has issuers of JWTs, and jwt is none of its proofs",
        ),
        ("[token, x509, claim, jwt]", "[]", "21:15: group \"gateways\" takes no proof at all"),
        (
            "      x509: {issuers: vendor.pem, id: \"{cn}\"}\n",
            "",
            "20:5: group \"gateways\" takes proofs by x509 and lacks \"x509\"",
        ),
        (
            "id: \"{cn}\"",
            "id: \"{sn}\"",
            "22:39: \"enrolment.groups.gateways.x509.id\" is \"{sn}\", wanted is 1 to 256 characters with at least one of {cn} {serial} {dns} {uri} and no other braces",
        ),
        (
            "{kid: k1, public_key: k1.pem}",
            "{kid: k1, public_key: k1.pem}, {kid: k1, public_key: k2.pem}",
            "23:54: issuer \"k1\" is there twice",
        ),
        (
            "      key_generation: 3",
            "      quota: 0",
            "25:14: \"enrolment.groups.gateways.quota\" is 0, wanted is a whole number from 1 to 1000000000",
        ),
        (
            "https://h/x",
            "http://h/x",
            "27:35: the webhook of hook \"validate\" is http to \"h\", which is not this machine",
        ),
        (
            "https://h/x",
            "http://127.0.0.1.example/x",
            "27:35: the webhook of hook \"validate\" is http to \"127.0.0.1.example\", which is not this machine",
        ),
        (
            "https://h/x",
            "https://a:b@h/x",
            "27:35: the webhook of hook \"validate\" holds a user name or a password in clear",
        ),
        ("https://h/x", "https:///x", "27:35: the webhook of hook \"validate\" names no host"),
        ("timeout: 5s", "timeout: 6m", "27:74: hook \"validate\" may take 360 s, at most 300 s are waited for"),
        ("secret: wifi", "secret: wify", "27:58: there is no secret \"wify\""),
        ("{command: [tools/x]}", "{command: []}", "28:29: the command of hook \"allocate\" is empty"),
        (
            "{command: [tools/x]}",
            "{}",
            "28:9: \"enrolment.groups.gateways.hooks.allocate\" holds none of them, wanted is one of: webhook, command",
        ),
        ("servers: [telemetry]", "servers: [telemetri]", "30:17: there is no server \"telemetri\""),
        ("profile: gateway", "profile: gateways", "31:16: there is no profile \"gateways\""),
    ];
    let mut unexpected = Vec::new();
    for (from, to, wanted) in cases {
        let text = whole(ENROLMENT);
        assert!(text.contains(from), "{from}");
        let told = faults_of(&text.replacen(from, to, 1), ROWS);
        if told != [format!("fleet.yaml:{wanted}")] {
            unexpected.push((wanted, told));
        }
    }
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    for url in ["http://localhost:80/x", "http://127.9.9.9/x", "http://[::1]:80/x"] {
        assert!(faults_of(&whole(ENROLMENT).replace("https://h/x", url), ROWS).is_empty(), "{url}");
    }
}

#[test]
fn patterns_must_be_regular_expressions_by_themselves() {
    for pattern in ["gw-[0-9", "a)(b", "(", "a{99999999}"] {
        let told = faults_of(&whole(ENROLMENT).replace("gw-[0-9]+", pattern), ROWS);
        let begin = format!("fleet.yaml:24:26: {pattern:?} is no regular expression: ");
        assert!(told.len() == 1 && told[0].starts_with(&begin), "{told:?}");
    }
    let long = "a".repeat(257);
    let told = faults_of(&whole(ENROLMENT).replace("gw-[0-9]+", &long), ROWS);
    assert!(told.len() == 1 && told[0].contains("wanted is 1 to 256 characters"), "{told:?}");
}

#[test]
fn faults_of_profiles_that_name_groups_have_their_place() {
    let with = |line: &str| {
        let text = whole(ENROLMENT).replace("    credentials:\n", &format!("{line}    credentials:\n"));
        faults_of(&text, ROWS)
    };
    assert_eq!(with("    group: gatewys\n"), ["fleet.yaml:11:12: there is no enrolment group \"gatewys\""]);
    let text = |own: &str| whole(ENROLMENT).replace("    bundles:\n", &format!("      own: {own}\n    bundles:\n"));
    assert_eq!(
        faults_of(&text("{kind: psk, group: other}"), ROWS),
        ["fleet.yaml:13:31: there is no enrolment group \"other\""]
    );
    assert_eq!(
        faults_of(&text("{kind: psk, bytes: 16, group: gateways}"), ROWS),
        ["fleet.yaml:13:31: credential \"own\" has 16 bytes, a key derived from the key of group \"gateways\" has 32"]
    );
    assert!(faults_of(&text("{kind: psk, bytes: 32, group: gateways, retain: never}"), ROWS).is_empty());
}
