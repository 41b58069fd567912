//! Somebody else's validator and our own check give the same verdict on the same file.

use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::fleet::{Faults, FleetFile, TemplateShape, yaml};

/// A fleet file that uses every key there is.
const FULL: &str = r#"version: 1
fleet: acme
inventory: "-"
authority: {common_name: ACME CA, organization: ACME, key: p256, valid: 20y}
secrets:
  wifi: {age: secrets/wifi.age}
  a: {env: WIFI_KEY}
  b: {file: /run/key}
  c: {fd: 3}
  d: {prompt: true}
servers:
  management:
    protocol: lwm2m
    uri: coaps://h:5684
    role: management
    security: psk
    credential: management
    short_server_id: 101
    lifetime: 1h
    binding: UQ
    access: [{object: 3, instance: 0, rights: 15}]
    recipient: age1qqqqqqqqqqqqqqqqqqqq
  telemetry: {protocol: mqtt, uri: "mqtts://h", security: x509, credential: identity, trust: root.pem}
  raw: {protocol: lwm2m, uri: "coaps://h", security: rpk, credential: raw, server_public_key: pub.pem, short_server_id: 1}
profiles:
  gateway:
    model: GW1
    group: gateways
    servers: [management, telemetry]
    credentials:
      identity: {kind: x509, key: p256, profile: idevid, valid: forever, retain: never}
      management: {kind: psk, bytes: 16, identity: "sn {serial}", group: gateways, retain: keep}
      raw: {kind: rpk, key: p256, retain: until-delivered}
    bundles:
      site: {template: cloud-init, seal: none, accept_plaintext: why}
    deliveries:
      stick: {bundle: site, medium: {table: gpt, filesystem: fat32, label: CIDATA, size: 64MiB}}
    variables: {timezone: UTC, wifi: {secret: wifi}, nested: {a: [1, null, {b: 2.5}]}, off: null}
variables: {n: 1}
devices:
  gw-0007: {serial: A-1, model: GW2, profile: gateway, variables: {timezone: Asia/Tokyo}}
slots: {3: "1-4.2"}
programmers:
  jlink: {command: [tools/jlink, "{op}", "{image}"], files: [tools/jlink.cfg], timeout: 2m, as_root: false,
    exit: {2: refused}, reads_back: true, locks: true, knows_uid: true, makes_keys: false}
store: postgres://ann@db.example/fleet
serve:
  listen: 127.0.0.1:8443
  names: [fleet.example]
  certificate: tls/server.pem
  key: tls/server.key
  metrics: true
  limits: {connections: 99, body: 1MiB, header_timeout: 5s, rates: {source: 1, group: 2, token: 3}}
  admins: [{fingerprint: "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", role: approver}]
enrolment:
  groups:
    gateways:
      proofs: [token, x509, claim, jwt]
      open: true
      admit: {listed: true, patterns: ["gw-[0-9]+"], models: [sensor], firmware: ">=1.2"}
      quota: 1000
      reprovision: rotate
      approval: unlisted
      x509: {issuers: certs/vendor.pem, id: "x-{cn}"}
      issuers: [{kid: k1, public_key: certs/k1.pem}]
      key_generation: 2
      models: {chosen: [sensor], supplied: true, fallback: opaque}
      hooks:
        validate: {webhook: {url: "https://h/x", secret: a}, timeout: 5s, fail: open}
        allocate: {command: [tools/allocate, "--x"]}
      resources: [{kind: mqtt-acl, name: "t/{id}", detail: {access: "{group}"}}]
      attributes: {site: north}
      servers: [telemetry]
      profile: gateway
      lease: 30d
      interval: 2h
      rates: {source: 1, group: 2, token: 3}
"#;

/// Every key of `bootstrap:`; a file of its own, for a corpus of broken files costs by the square of its file.
const BOOTSTRAP: &str = r#"version: 1
fleet: acme
inventory: "-"
authority: {common_name: ACME CA}
profiles: {gateway: {bundles: {b: {template: t}}, deliveries: {d: {bundle: b}}}}
bootstrap:
  default: {client: modem, procedure: careful, rotate: each-bootstrap, pack: true, account: management, objects: [{path: /3/0/15, value: UTC}]}
  profiles: {gateway: {client: nb-iot}}
  groups: {gateways: {objects: [{path: /3303/0/5, values: {0: 1, 7: {hex: 00ff}}}]}}
  models: {GW1: {rotate: never}}
  devices: {gw-0007: {pack: false}}
  clients:
    modem: {key_bytes: 64, payload_bytes: 900, instances: {0: 3}, resources: {0: [0, 1]}, account: 1, format: tlv,
      ack_timeout: 20s, repetitions: 3, answer_timeout: 2m, block: 256, same_token: true}
  procedures:
    careful:
      read_back: both
      corrections: 2
      steps:
        - {name: look, discover: /, on_error: retry 2}
        - {read: /1, when: [{has: /1/0}, {lacks: /5}, {since: "1.1"}, {before: "1.2"}]}
        - {delete: /5/0, when: [{reads: {path: /1/0/1, value: 60}}, {models: [GW1]}, {firmware: ">=1"}, {consulted: {key: a, value: 1}}]}
        - {consult: {command: [tools/decide], timeout: 5s, fail: open, cache: 10m}, on_error: skip}
        - {clear: true}
        - {write: /, on_error: fallback plain}
        - {set: {path: /3/0/14, value: "+01:00"}}
        - {raw: {method: put, path: /3/0/14, format: 0, accept: 0, text: x}}
        - {raw: {method: put, path: /3/0/14, hex: 00ff}}
        - {finish: true}
      fallbacks:
        plain: [{clear: true}, {finish: true}]
"#;

const TEMPLATE_FULL: &str = r#"consumer: cloud-init
description: One paragraph.
medium: {table: none, filesystem: fat, label: CIDATA, size: 64MiB}
credentials:
  identity: {kinds: [x509], required: false}
variables:
  timezone: {type: string, default: UTC, class: plain, description: zone, choices: [UTC, CET], longest: 64}
files:
  - {path: user-data, mode: "0600", template: user-data.j2, syntax: yaml}
  - {path: tls/key.pem, mode: "0600", credential: identity.private_key, encoding: pem, when: "credentials.identity is defined"}
  - {path: ca.pem, mode: "0644", trust: telemetry}
  - {path: bootstrap.cbor, mode: "0600", lwm2m: senml-cbor}
  - {path: security.tlv, mode: "0600", lwm2m: tlv, object: 0}
"#;

/// Keys of YAML are texts for JSON; the numbers of slots become texts.
fn as_json(text: &str) -> Value {
    let mut faults = Faults::default();
    yaml::parse(&Arc::from("f"), text, &mut faults).unwrap_or_else(|| panic!("{faults}")).value()
}

fn structural_faults(text: &str) -> Faults {
    let mut faults = Faults::default();
    let root = yaml::parse(&Arc::from("f"), text, &mut faults).expect("the corpus is YAML");
    crate::fleet::shape::check("the fleet file", &root, &FLEET, &mut faults);
    faults
}

fn validator(schema: &Value) -> jsonschema::Validator {
    jsonschema::draft202012::new(schema).expect("a schema that its own meta schema accepts")
}

#[test]
fn the_schemas_are_valid_json_schemas_of_2020_12() {
    for schema in [json_schema(), template_schema()] {
        assert!(jsonschema::draft202012::meta::is_valid(&schema));
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    }
}

#[test]
fn a_file_with_every_key_is_accepted_by_schema_and_check() {
    let errors: Vec<String> =
        validator(&json_schema()).iter_errors(&as_json(FULL)).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(structural_faults(FULL).to_string(), "");
    let errors: Vec<String> =
        validator(&json_schema()).iter_errors(&as_json(BOOTSTRAP)).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(structural_faults(BOOTSTRAP).to_string(), "");
    assert!(validator(&template_schema()).is_valid(&as_json(TEMPLATE_FULL)));
    let mut faults = Faults::default();
    assert!(TemplateShape::parse(&Arc::from("t"), &Arc::from("f"), TEMPLATE_FULL, &mut faults).is_some(), "{faults}");
}

#[test]
fn schema_and_check_agree_on_broken_bootstraps() {
    let validator = validator(&json_schema());
    let mut refused = 0;
    for text in broken_files(BOOTSTRAP) {
        let faults = structural_faults(&text);
        let valid = validator.is_valid(&as_json(&text));
        assert_eq!(valid, faults.is_empty(), "schema says {valid}, check says {faults:?} of\n{text}");
        refused += u32::from(!valid);
    }
    assert!(refused > 300, "{refused} refused");
}

/// Each value of the file in turn is replaced by other ones; each key in turn is dropped or misspelt.
#[test]
fn schema_and_check_agree_on_a_corpus_of_broken_files() {
    let validator = validator(&json_schema());
    let (mut accepted, mut refused) = (0, 0);
    for text in broken_files(FULL) {
        let faults = structural_faults(&text);
        let valid = validator.is_valid(&as_json(&text));
        assert_eq!(valid, faults.is_empty(), "schema says {valid}, check says {faults:?} of\n{text}");
        if valid { accepted += 1 } else { refused += 1 }
    }
    assert!(accepted > 50 && refused > 1_000, "{accepted} accepted, {refused} refused");
}

#[test]
fn schema_and_check_agree_on_broken_templates() {
    let validator = validator(&template_schema());
    for text in broken_files(TEMPLATE_FULL) {
        let mut faults = Faults::default();
        let root = yaml::parse(&Arc::from("f"), &text, &mut faults).expect("the corpus is YAML");
        crate::fleet::shape::check("the template", &root, &TEMPLATE, &mut faults);
        let valid = validator.is_valid(&as_json(&text));
        assert_eq!(valid, faults.is_empty(), "schema says {valid}, check says {faults:?} of\n{text}");
    }
}

fn broken_files(text: &str) -> Vec<String> {
    let root = as_json(text);
    let mut files = Vec::new();
    for pointer in pointers("", &root) {
        let values = [
            "x",
            "null",
            "true",
            "7",
            "-1",
            "99999",
            "1.5",
            "[]",
            "{}",
            "[7]",
            "{x: 1}",
            "\"\"",
            "\"a b\"",
            "\"..\"",
            "\"1h\"",
            "\"é\"",
            "\"{id}{\"",
            "none",
            "\"mqtts://h\"",
            "{secret: 1}",
            "{secret: w}",
        ];
        for value in values {
            let mut changed = root.clone();
            *changed.pointer_mut(&pointer).expect("a pointer into the file") = as_json(value);
            files.push(changed.to_string());
        }
        if let Some((parent, key)) = pointer.rsplit_once('/') {
            let mut changed = root.clone();
            if let Some(Value::Object(entries)) = changed.pointer_mut(parent) {
                let value = entries.shift_remove(key).expect("the key");
                files.push(changed.to_string());
                if let Some(Value::Object(entries)) = changed.pointer_mut(parent) {
                    entries.insert(format!("{key}x"), value);
                }
                files.push(changed.to_string());
            }
        }
    }
    files
}

fn pointers(path: &str, value: &Value) -> Vec<String> {
    let inner: Vec<String> = match value {
        Value::Object(entries) => {
            entries.iter().flat_map(|(key, value)| pointers(&format!("{path}/{key}"), value)).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(at, value)| pointers(&format!("{path}/{at}"), value)).collect()
        }
        _ => Vec::new(),
    };
    let own = if path.is_empty() { None } else { Some(path.to_owned()) };
    own.into_iter().chain(inner).collect()
}

#[test]
fn the_samples_of_the_design_are_accepted() {
    let sample = "version: 1\nfleet: a\ninventory: d.csv\nauthority: {demo: true}\nprofiles: {p: {bundles: {b: {template: plain, seal: none}}, deliveries: {d: {bundle: b}}}}\nsecrets:\n";
    assert!(validator(&json_schema()).is_valid(&as_json(sample)));
    let mut faults = Faults::default();
    assert!(FleetFile::parse(&Arc::from("f"), sample, &mut faults).is_some() && faults.is_empty(), "{faults}");
}
