//! `bootstrap:`: what is chosen for whom, and what is refused at its place.

use std::sync::Arc;

use super::super::bootstrap::{Act, Condition, ErrorPolicy, GivenContent, GivenValue};
use super::super::{Faults, FleetFile};
use super::BootstrapSpec;

const HEAD: &str = "version: 1\nfleet: acme\ninventory: devices.csv\nauthority: {common_name: ACME}\nprofiles:\n  p: {bundles: {b: {template: t}}, deliveries: {d: {bundle: b}}}\n";

fn read(bootstrap: &str) -> (BootstrapSpec, String) {
    let mut faults = Faults::default();
    let text = format!("{HEAD}bootstrap:\n{bootstrap}");
    let file = FleetFile::parse(&Arc::from("fleet.yaml"), &text, &mut faults).expect("it is a mapping");
    (file.bootstrap, faults.to_string())
}

#[test]
fn a_slow_kind_of_client_that_somebody_has_makes_the_links_slow() {
    for (bootstrap, is_slow) in [
        ("  default: {client: zephyr}\n", false),
        ("  groups: {g: {client: nb-iot}}\n", true),
        ("  devices: {gw-1: {client: own}}\n  clients: {own: {ack_timeout: 10s}}\n", true),
        ("  default: {client: own}\n  clients: {own: {ack_timeout: 9s}, unused: {ack_timeout: 20s}}\n", false),
    ] {
        let (spec, faults) = read(bootstrap);
        assert_eq!((spec.has_slow_links(), faults.as_str()), (is_slow, ""), "{bootstrap}");
    }
}

#[test]
fn the_narrower_goes_before_the_wider() {
    let (spec, faults) = read(concat!(
        "  default: {client: nb-iot, rotate: each-bootstrap, objects: [{path: /3/0/15, value: UTC}]}\n",
        "  profiles: {p: {client: small}}\n",
        "  models: {m: {rotate: never, pack: false}}\n",
        "  devices: {gw-1: {procedure: mine, objects: [{path: /3/0/15, value: CET}, {path: /4/0/1, value: 7}]}}\n",
        "  clients: {small: {key_bytes: 16, instances: {0: 2}, ack_timeout: 3s, block: 64}}\n",
        "  procedures: {mine: {steps: [{discover: /}, {finish: true, on_error: retry 2}]}}\n",
    ));
    assert_eq!(faults, "");
    let plain = spec.of("other", None, None, "gw-2");
    assert_eq!((plain.client.timing.ack_timeout.as_secs(), plain.rotate, plain.pack), (20, true, true));
    assert_eq!(plain.procedure.name, "standard");
    let all = spec.of("p", Some("g"), Some("m"), "gw-1");
    assert_eq!((all.client.limits.key_bytes, all.client.limits.instances.get(&0)), (Some(16), Some(&2)));
    assert_eq!((all.client.timing.block, all.rotate, all.pack), (64, false, false));
    assert_eq!((all.procedure.name.as_str(), all.procedure.steps.len()), ("mine", 2));
    assert_eq!(all.procedure.steps[1].on_error, ErrorPolicy::Retry(2));
    assert_eq!(all.objects.len(), 2);
    assert_eq!(all.objects[0].content, GivenContent::Single(GivenValue::Text("CET".into())));
}

#[test]
fn steps_are_read_with_their_conditions() {
    let (spec, faults) = read(concat!(
        "  procedures:\n    mine:\n      steps:\n",
        "        - {name: look, discover: /0}\n",
        "        - {set: {path: /3/0/14, value: \"+01:00\"}, when: [{since: \"1.1\"}, {lacks: /5}], on_error: skip}\n",
        "        - {raw: {method: put, path: /9/0/1, format: 42, hex: 00ff}, on_error: fallback plain}\n",
        "        - {finish: true}\n",
        "      fallbacks: {plain: [{finish: true}]}\n",
    ));
    assert_eq!(faults, "");
    let steps = &spec.procedures["mine"].steps;
    assert_eq!((steps[0].name.as_str(), steps[1].name.as_str()), ("look", "2 set"));
    assert_eq!(steps[1].when.len(), 2);
    assert!(matches!(steps[1].when[1], Condition::Lacks(_)));
    assert!(matches!(&steps[2].act, Act::Raw(raw) if raw.payload == [0, 255]));
}

#[test]
fn what_would_go_wrong_is_said_at_its_place() {
    for (text, wanted) in [
        ("  default: {objects: [{path: /0/0/0, value: x}]}\n", "written whole"),
        ("  default: {objects: [{path: /1/0/1, value: x}]}\n", "another data type"),
        ("  default: {objects: [{path: /3/0, value: x}]}\n", "the path of a resource"),
        ("  default: {objects: [{path: /3/0/1, value: {hexx: 00}}]}\n", "none of LwM2M"),
        ("  clients: {c: {block: 100}}\n", "a block of 100 bytes"),
        ("  procedures: {x: {steps: [{discover: /}]}}\n", "never comes to finish"),
        ("  procedures: {x: {steps: [{delete: /21}, {finish: true}]}}\n", "/21 cannot be deleted"),
        ("  procedures: {x: {steps: [{delete: /0/1/2}, {finish: true}]}}\n", "only objects and instances"),
        ("  procedures: {x: {steps: [{finish: true, on_error: fallback no}]}}\n", "which is not there"),
        ("  procedures: {x: {steps: [{finish: true, on_error: retry 99}]}}\n", "a number of 1 to 10"),
        ("  procedures: {x: {steps: [{finish: true, when: [{firmware: \">=x y\"}]}]}}\n", "no range of versions"),
        ("  procedures: {x: {steps: [{consult: {command: [x], timeout: 1h}}, {finish: true}]}}\n", "at most 300 s"),
        ("  procedures: {x: {steps: [{consult: {command: [x], cache: 2d}}, {finish: true}]}}\n", "86400 s at most"),
    ] {
        let (_, faults) = read(text);
        assert!(faults.contains(wanted), "{text}: {faults:?}");
        assert!(faults.contains("fleet.yaml:"), "{faults}");
    }
}
