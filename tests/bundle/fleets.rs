//! Whole fleets: what `init` writes, and the examples, pass `check` and render.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use firstlight::bundle::{ScaffoldAnswers, ScaffoldError, Template, scaffold};
use firstlight::fleet::{Faults, Fleet, FleetFile, Inventory, InventoryForm};

use super::fixture::{fleet, plan, rendered, template};

fn answers(servers: &[&str]) -> ScaffoldAnswers {
    ScaffoldAnswers {
        fleet: "my-fleet".into(),
        devices: 3,
        servers: servers.iter().map(|uri| (*uri).to_owned()).collect(),
        demo: true,
        organization: Some("ACME \"Widgets\": #1".into()),
        registration: None,
    }
}

/// Passes `check` and renders its first device.
fn works(name: &str, answers: &ScaffoldAnswers) -> Vec<String> {
    let made = scaffold(name, answers).unwrap();
    let template = template(name, &[]).unwrap();
    let fleet = fleet(&template, &made.fleet_yaml, &made.devices_csv);
    let fleet = fleet.unwrap_or_else(|faults| panic!("{name}: {faults}\n{}", made.fleet_yaml));
    assert_eq!(fleet.len(), answers.devices as usize);
    let artifact = rendered(&template, &plan(&template, &made.fleet_yaml, &made.devices_csv));
    artifact.files().iter().map(|file| file.path.clone()).collect()
}

#[test]
fn what_init_writes_for_each_template_works_at_once() {
    for name in Template::builtin_names() {
        for demo in [true, false] {
            let files = works(name, &ScaffoldAnswers { demo, organization: None, ..answers(&[]) });
            assert!(!files.is_empty(), "{name}");
        }
    }
}

#[test]
fn servers_of_every_protocol_find_their_place() {
    let mixed =
        ["coaps://a.example", "coap://b.example", "mqtts://c.example", "https://d.example", "mqtt://e.example:1884"];
    for name in Template::builtin_names() {
        works(name, &answers(&mixed));
    }
    let files = works("lwm2m", &answers(&["coaps://a.example:5684", "coap://b.example"]));
    assert!(files.contains(&"access.tlv".to_owned()), "{files:?}");
    works("mqtt", &answers(&["wss://c.example/mqtt"]));
}

#[test]
fn a_fleet_whose_devices_register_is_served_where_they_come() {
    let made = |uri: &str| {
        let answers = ScaffoldAnswers { registration: Some(uri.to_owned()), ..answers(&[]) };
        assert!(works("linux", &answers).contains(&"registration.json".to_owned()));
        scaffold("linux", &answers).unwrap().fleet_yaml
    };
    assert!(made("localhost:8443").contains(r#"serve: {listen: "127.0.0.1:8443", names: ["localhost"]}"#));
    assert!(made("https://[::1]:9000").contains(r#"listen: "[::1]:9000""#));
    assert!(made("https://plant.example").contains(r#"serve: {listen: "0.0.0.0:443", names: ["plant.example"]}"#));
}

#[test]
fn registration_is_refused_where_bundles_could_not_tell_of_it() {
    let refused = |template: &str, uri: &str| {
        scaffold(template, &ScaffoldAnswers { registration: Some(uri.to_owned()), ..answers(&[]) }).unwrap_err()
    };
    assert_eq!(refused("mqtt", "localhost:1"), ScaffoldError::Registration { template: "mqtt".into() });
    assert_eq!(refused("esp-idf", "localhost:1"), ScaffoldError::Registration { template: "esp-idf".into() });
    assert!(matches!(refused("linux", "http://localhost:1"), ScaffoldError::Server { .. }));
}

#[test]
fn answers_that_make_no_fleet_are_refused() {
    let refused = |name: &str, servers: &[&str]| scaffold(name, &answers(servers)).unwrap_err();
    assert_eq!(refused("nothing", &[]), ScaffoldError::Template { name: "nothing".into() });
    assert!(matches!(refused("mqtt", &["ftp://a.example"]), ScaffoldError::Server { .. }));
    assert!(matches!(refused("mqtt", &["a.example"]), ScaffoldError::Server { .. }));
    assert!(matches!(refused("lwm2m", &["mqtts://a.example"]), ScaffoldError::Protocol { scheme: "coaps", .. }));
}

#[test]
fn the_example_fleet_checks_and_every_device_renders() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/gateways");
    let (text, rows) = (
        fs::read_to_string(folder.join("fleet.yaml")).unwrap(),
        fs::read_to_string(folder.join("devices.csv")).unwrap(),
    );
    let templates: BTreeMap<Arc<str>, Template> =
        ["cloud-init", "lwm2m"].map(|name| (Arc::from(name), template(name, &[]).unwrap())).into();
    let mut faults = Faults::default();
    let file = FleetFile::parse(&Arc::from("fleet.yaml"), &text, &mut faults).unwrap();
    let inventory =
        Inventory::parse(&Arc::from("devices.csv"), InventoryForm::of("devices.csv", &rows), &rows, &mut faults);
    let shapes =
        templates.iter().map(|(name, made)| (Arc::clone(name), (made.shape().clone(), made.digest()))).collect();
    let fleet = Fleet::assemble(file, inventory, &shapes, &mut faults);
    assert!(faults.is_empty(), "{faults}");
    let mut made = BTreeMap::<Arc<str>, usize>::new();
    for device in fleet.devices() {
        let plan = fleet.plan(device, None).unwrap();
        let artifact = rendered(&templates[&plan.delivery.bundle.template], &plan);
        assert!(!artifact.files().is_empty());
        *made.entry(plan.profile).or_default() += 1;
    }
    assert_eq!(made, BTreeMap::from([(Arc::from("gateway"), 8), (Arc::from("sensor"), 4)]));
}
