//! `manager:` of `serve: lwm2m:`: a management server beside the bootstrap server, at one port.

use super::*;

/// A device with a key for each of the two; `serve` is both.
const MANAGED: &str = "\
version: 1
fleet: acme
inventory: devices.csv
authority: {common_name: ACME Device CA}
serve: {lwm2m: {coaps: \"127.0.0.1:5684\", manager: main}}
servers:
  boot: {protocol: lwm2m, role: bootstrap, uri: \"coaps://h\", security: psk, credential: boot}
  main: {protocol: lwm2m, uri: \"coaps://h\", short_server_id: 101, security: psk, credential: main}
profiles:
  gateway:
    credentials:
      boot: {kind: psk}
      main: {kind: psk, identity: \"{id}-main\"}
    bundles: {site: {template: cloud-init, seal: none, accept_plaintext: \"locked away\"}}
    deliveries: {stick: {bundle: site}}
    variables: {timezone: UTC}
";

fn told(from: &str, to: &str) -> Vec<String> {
    assert!(MANAGED.contains(from), "{from}");
    let template = TEMPLATE.replace("  - {path: ca.pem, mode: \"0644\", trust: telemetry}\n", "");
    assembled(&MANAGED.replacen(from, to, 1), ROWS, &[("cloud-init", &template)]).1
}

#[test]
fn two_keys_of_a_device_have_two_identities_where_one_port_takes_both() {
    let fault = |at: &str, identity: &str| {
        vec![format!(
            "fleet.yaml:{at}: credentials \"boot\" and \"main\" of profile \"gateway\" have one PSK identity, {identity:?}: \
             `serve`, which bootstraps and manages at one port, could not tell them apart"
        )]
    };
    assert!(told("{id}-main", "{id}-main").is_empty(), "{:?}", told("{id}-main", "{id}-main"));
    assert_eq!(told(", identity: \"{id}-main\"", ""), fault("13:7", "{id}"));
    assert_eq!(told("{id}-main", "{id}"), fault("13:7", "{id}"));
    // One key for both is one identity; another machine that manages asks nobody here for its keys.
    assert!(told("credential: main}", "credential: boot}").is_empty());
    assert!(told(", manager: main", "").is_empty());
    let elsewhere = MANAGED.replacen(", manager: main", "", 1).replacen(", identity: \"{id}-main\"", "", 1);
    let template = TEMPLATE.replace("  - {path: ca.pem, mode: \"0644\", trust: telemetry}\n", "");
    assert!(assembled(&elsewhere, ROWS, &[("cloud-init", &template)]).1.is_empty());
}

#[test]
fn the_manager_is_a_management_server_of_the_fleet_file() {
    assert_eq!(
        told("manager: main", "manager: boot"),
        ["fleet.yaml:5:51: server \"boot\" is no management server of LwM2M"]
    );
    let unknown = told("manager: main", "manager: mian");
    assert!(unknown.len() == 1 && unknown[0].starts_with("fleet.yaml:5:51: "), "{unknown:?}");
}
