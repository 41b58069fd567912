//! Whole fleets: sample, plan, and every fault with message, line and column.

use super::super::{InventoryForm, Place};
use super::*;

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

fn sound(fleet: &str, inventory: &str) -> Fleet {
    let (fleet, faults) = assembled(fleet, inventory, &[("cloud-init", TEMPLATE)]);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    fleet.expect("a fleet without faults")
}

fn name(text: &str) -> EndpointName {
    EndpointName::new(text).expect("a name")
}

#[test]
fn the_sample_plans_each_device_with_precedence_fleet_profile_row_device() {
    let fleet = sound(SAMPLE, "id,serial,timezone\ngw-0001,A1,\ngw-0002,A2,Europe/Paris\ngw-0007,A7,Europe/Rome\n");
    let zone = |device: &str| fleet.plan(&name(device), None).expect("a plan").variables["timezone"].clone();
    assert_eq!(zone("gw-0001"), super::super::Variable::Plain("Europe/Berlin".into()));
    assert_eq!(zone("gw-0002"), super::super::Variable::Plain("Europe/Paris".into()));
    assert_eq!(zone("gw-0007"), super::super::Variable::Plain("Asia/Tokyo".into()));
    let plan = fleet.plan(&name("gw-0001"), Some("stick")).expect("a plan");
    assert_eq!(plan.delivery.medium.size, Some(64 << 20));
    assert_eq!(plan.variables["wifi_password"], super::super::Variable::Secret("wifi".into()));
    assert_eq!(plan.serial.map(|serial| serial.to_string()), Some("A1".to_owned()));
    assert_eq!(fleet.devices().map(EndpointName::as_str).collect::<Vec<_>>(), ["gw-0001", "gw-0002", "gw-0007"]);
}

fn place(line: u32, column: u32) -> Place {
    Place::new(&Arc::from("fleet.yaml"), line, column)
}
