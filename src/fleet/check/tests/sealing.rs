//! How bundles are sealed and addressed: faults with their places, and what becomes of it in a plan.

use super::super::super::{Recipient, Seal};
use super::*;

const AGE: &str = "age1v3utywv9x46x49hpkl8y2d2vf9w7g24e79zahsu8lhlp6y0xs9hs4wkp69";
const BUNDLE: &str = "seal: none, accept_plaintext: \"locked away\"";

/// The small fleet with another word on how its bundle is sealed.
fn sealed(how: &str) -> String {
    broken(BUNDLE, how)
}

#[test]
fn a_bundle_without_seal_is_a_plain_one_and_its_plan_is_as_it_was() {
    let said = sound(SMALL, ROWS).plan(&name("gw-1"), None).expect("a plan");
    let unsaid = sound(&sealed("accept_plaintext: \"locked away\""), ROWS).plan(&name("gw-1"), None).expect("a plan");
    assert_eq!(said, unsaid);
    let summary = said.summary(&|_, _| Digest::of(b""));
    let known = |object: &serde_json::Value| object.as_object().expect("a mapping").keys().cloned().collect::<Vec<_>>();
    let bundle = known(&summary["delivery"]["bundle"]);
    assert_eq!(
        bundle,
        ["name", "template", "template_digest", "seal", "accept_plaintext"],
        "no new version for nothing"
    );
    assert!(!known(&summary).iter().any(|key| key == "recipients" || key == "match"));
}

#[test]
fn what_is_encrypted_needs_no_word_of_consent_and_what_is_only_signed_does() {
    sound(&sealed("seal: sign+encrypt, recipients: [{batch: gateways}]"), ROWS);
    let faults = faults_of(&sealed("seal: sign"), ROWS);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("would leave in clear on the medium"), "{faults:?}");
}

#[test]
fn every_fault_of_sealing_has_message_line_and_column() {
    let cases: &[(&str, &[&str])] = &[
        ("seal: sign+encrypt", &["fleet.yaml:14:42: bundle \"site\" is to be encrypted and has no recipients"]),
        (
            "seal: sign, accept_plaintext: x, recipients: [{batch: b}]",
            &["fleet.yaml:14:82: bundle \"site\" has recipients and is not encrypted"],
        ),
        (
            "seal: sign+encrypt, recipients: [{batch: b}, {cose_key: wifi}]",
            &[
                "fleet.yaml:14:81: bundle \"site\" has recipients of age and of cose_key: a file is encrypted in one way",
            ],
        ),
        (
            "seal: sign+encrypt, recipients: [{cose_key: wifi}, {cose_key: wify}]",
            &[
                "fleet.yaml:14:87: bundle \"site\" has 2 cose_key recipients, 1 is possible",
                "fleet.yaml:14:87: there is no secret \"wify\"",
            ],
        ),
        (
            "seal: sign+encrypt, recipients: [{age: age1short}]",
            &[
                "fleet.yaml:14:75: \"profiles.gateway.bundles.site.recipients.0.age\" is \"age1short\", wanted is an age recipient: age1 and 58 more small letters and digits",
            ],
        ),
        (
            "seal: sign+encrypt, recipients: [{variable: kee}]",
            &["fleet.yaml:14:69: there is no column or variable \"kee\""],
        ),
        (
            "seal: sign+encrypt, recipients: [{batch: b}], match: [srial]",
            &[
                "fleet.yaml:14:90: \"profiles.gateway.bundles.site.match.0\" is \"srial\", wanted is one of: serial, mac, machine-id, dmi-serial, dt-serial, tpm-ek, model",
            ],
        ),
        (
            "seal: sign+encrypt, recipients: [{batch: b}], match: 5",
            &[
                "fleet.yaml:14:89: \"profiles.gateway.bundles.site.match\" is the number 5, wanted is a mapping or a list",
            ],
        ),
        (
            "seal: sign+encrypt, recipients: [{batch: b}], valid: 0d",
            &[
                "fleet.yaml:14:89: \"profiles.gateway.bundles.site.valid\" is \"0d\", wanted is a duration such as 1h (units s m h d w y)",
            ],
        ),
        (
            "seal: sign+encrypt, recipients: [{batch: b}], connect: {server: telmetry, within: 11m}",
            &[
                "fleet.yaml:14:100: there is no server \"telmetry\"",
                "fleet.yaml:14:118: \"connect.within\" is 660 s, at most 600 s are possible",
            ],
        ),
        (
            "seal: sign+encrypt, recipients: [{batch: b}], connect: {}",
            &["fleet.yaml:14:82: \"profiles.gateway.bundles.site.connect\" lacks \"server\""],
        ),
    ];
    for (how, expected) in cases {
        assert_eq!(faults_of(&sealed(how), ROWS), *expected, "{how}");
    }
}

#[test]
fn a_connection_over_udp_or_without_a_certificate_cannot_be_proved() {
    let udp = sealed("seal: sign+encrypt, recipients: [{batch: b}], connect: {server: rd}")
        .replace("servers:\n", "servers:\n  rd: {protocol: lwm2m, uri: \"coap://rd.example\", security: none}\n");
    let faults = faults_of(&udp, ROWS);
    assert!(faults.iter().any(|fault| fault.contains("\"rd\": coap:// goes over UDP")), "{faults:?}");
}

#[test]
fn each_devices_own_values_are_checked_where_they_stand() {
    let fleet = sealed("seal: sign+encrypt, recipients: [{variable: key}], match: {mac: mac, serial: serial}");
    let rows = format!("id,serial,mac,key\na,S1,02-00-00-00-00-0A;02:00:00:00:00:0b,{AGE}\n");
    let plan = sound(&fleet, &rows).plan(&name("a"), None).expect("a plan");
    assert_eq!(plan.delivery.bundle.seal, Seal::SignEncrypt);
    assert_eq!(plan.addressee.recipients, [Recipient::Age(AGE.into())]);
    let macs: Vec<&str> = plan.addressee.matching["mac"].iter().map(|mac| &**mac).collect();
    assert_eq!(macs, ["02:00:00:00:00:0a", "02:00:00:00:00:0b"]);
    assert_eq!(plan.addressee.matching["serial"], ["S1".into()]);
    let wrong = format!("id,serial,mac,key\na,S1,02:00,{AGE}\nb,,02:00:00:00:00:01,age1x\nc,S3,,\n");
    assert_eq!(
        faults_of(&fleet, &wrong),
        [
            "devices:2:6: device \"a\" has \"mac\" \"02:00\", wanted is the address of a network interface such as 02:00:00:00:00:01 (bundle \"site\")",
            "devices:3:1: device \"b\" has no serial (bundle \"site\")",
            "devices:3:22: device \"b\" has \"key\" \"age1x\", which is no age recipient (age1...) (bundle \"site\")",
            "devices:4:6: device \"c\" has no \"mac\" (bundle \"site\")",
            "devices:4:7: device \"c\" has no \"key\" (bundle \"site\")",
        ]
    );
}

#[test]
fn a_new_recipient_or_match_makes_a_new_version_and_a_new_pre_shared_key_too() {
    let summary = |how: &str, key: &'static [u8]| {
        let plan = sound(&sealed(how), ROWS).plan(&name("gw-1"), None).expect("a plan");
        plan.summary(&|_, _| Digest::of(key))
    };
    let (batch, cose) =
        ("seal: sign+encrypt, recipients: [{batch: b}]", "seal: sign+encrypt, recipients: [{cose_key: wifi}]");
    assert_ne!(summary(batch, b""), summary("seal: sign+encrypt, recipients: [{batch: c}]", b""));
    assert_ne!(summary(batch, b""), summary("seal: sign+encrypt, recipients: [{batch: b}], match: [serial]", b""));
    assert_ne!(summary(cose, b"one"), summary(cose, b"two"));
    let plan = sound(&sealed(cose), ROWS).plan(&name("gw-1"), None).expect("a plan");
    assert!(plan.secrets().any(|secret| &**secret == "wifi"), "it is resolved with the others");
}
