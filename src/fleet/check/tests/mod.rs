//! Whole fleets: what the tests of faults and plans share.

use std::sync::Arc;

use super::super::{Digest, EndpointName, Faults, FleetFile, Inventory, InventoryForm, TemplateShape};
use super::{Fleet, PlanError, Templates};

mod enrolment;
mod faults;
mod managing;
mod plans;
mod sealing;

/// The sample of the design, with what it needs to be whole.
pub(super) const SAMPLE: &str = r#"version: 1
fleet: acme-gateways
inventory: devices.csv
authority: {common_name: ACME Device CA, organization: ACME, key: p256}
secrets:
  wifi: {age: secrets/wifi.age}
servers:
  management: {protocol: lwm2m, uri: "coaps://lwm2m.acme.example:5684", short_server_id: 101, lifetime: 1h, security: psk, credential: management}
  telemetry:  {protocol: mqtt, uri: "mqtts://mqtt.acme.example:8883", security: x509, credential: identity, trust: certs/acme-root.pem}
profiles:
  gateway:
    credentials:
      identity:   {kind: x509, key: p256, profile: idevid, valid: forever}
      management: {kind: psk, bytes: 16}
    bundles:
      site: {template: cloud-init, seal: none, accept_plaintext: "cloud-init reads plain files; stick stays in the cabinet"}
    deliveries:
      stick: {bundle: site, medium: {filesystem: fat32, label: CIDATA, size: 64MiB}}
    variables: {timezone: Europe/Berlin, wifi_password: {secret: wifi}}
devices:
  gw-0007: {variables: {timezone: Asia/Tokyo}}
"#;

pub(super) const TEMPLATE: &str = r#"consumer: cloud-init, NoCloud data source
description: One paragraph.
medium: {table: none, filesystem: fat, label: CIDATA, size: 64MiB}
credentials:
  identity: {kinds: [x509], required: false}
variables:
  timezone: {type: string, default: UTC, class: plain, description: "zone", longest: 64}
  wifi_password: {type: string, default: null, class: secret}
  vlan: {type: integer, default: 1}
  channel: {type: string, default: stable, choices: [stable, beta]}
  owner: {type: string, default: null, class: pii}
  packages: {type: list, default: []}
files:
  - {path: user-data, mode: "0600", template: user-data.j2, syntax: yaml}
  - {path: tls/key.pem, mode: "0600", credential: identity.private_key, encoding: pem, when: "credentials.identity is defined"}
  - {path: ca.pem, mode: "0644", trust: telemetry}
"#;

pub(super) fn templates(texts: &[(&str, &str)]) -> Templates {
    let mut faults = Faults::default();
    let mut templates = Templates::new();
    for (name, text) in texts {
        let name: Arc<str> = Arc::from(*name);
        let shape = TemplateShape::parse(&name, &Arc::from("template.yaml"), text, &mut faults);
        templates.insert(Arc::clone(&name), (shape.unwrap_or_else(|| panic!("{faults}")), Digest::of(text.as_bytes())));
    }
    templates
}

pub(super) fn assembled(fleet: &str, inventory: &str, texts: &[(&str, &str)]) -> (Option<Fleet>, Vec<String>) {
    let mut faults = Faults::default();
    let file = FleetFile::parse(&Arc::from("fleet.yaml"), fleet, &mut faults);
    let form = InventoryForm::of("", inventory);
    let inventory = Inventory::parse(&Arc::from("devices"), form, inventory, &mut faults);
    let fleet = file.map(|file| Fleet::assemble(file, inventory, &templates(texts), &mut faults));
    faults.sort();
    (fleet, faults.0.iter().map(|fault| format!("{}: {}", fault.place, fault.message)).collect())
}

pub(super) fn sound(fleet: &str, inventory: &str) -> Fleet {
    let (fleet, faults) = assembled(fleet, inventory, &[("cloud-init", TEMPLATE)]);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    fleet.expect("a fleet without faults")
}

pub(super) fn name(text: &str) -> EndpointName {
    EndpointName::new(text).expect("a name")
}

/// A small fleet to break, one key a line.
pub(super) const SMALL: &str = "\
version: 1
fleet: acme
inventory: devices.csv
authority: {common_name: ACME Device CA, valid: 20y}
secrets:
  wifi: {env: WIFI}
servers:
  telemetry: {protocol: mqtt, uri: \"mqtts://mqtt.example\", security: x509, credential: identity}
profiles:
  gateway:
    credentials:
      identity: {kind: x509, valid: 10y}
    bundles:
      site: {template: cloud-init, seal: none, accept_plaintext: \"locked away\"}
    deliveries:
      stick: {bundle: site}
    variables: {timezone: UTC}
";

pub(super) const ROWS: &str = "id,serial\ngw-1,A1\ngw-2,A2\n";

/// Replaces a piece of [`SMALL`], which must hold it.
pub(super) fn broken(from: &str, to: &str) -> String {
    assert!(SMALL.contains(from), "{from}");
    SMALL.replacen(from, to, 1)
}

pub(super) fn faults_of(fleet: &str, inventory: &str) -> Vec<String> {
    assembled(fleet, inventory, &[("cloud-init", TEMPLATE)]).1
}
