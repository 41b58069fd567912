//! Plans of devices, and why there is none.

use super::super::super::{Class, Diagnose, PartitionTable, Variable};
use super::*;

#[test]
fn the_sample_plans_each_device_with_precedence_fleet_profile_row_device() {
    let fleet = sound(SAMPLE, "id,serial,timezone\ngw-0001,A1,\ngw-0002,A2,Europe/Paris\ngw-0007,A7,Europe/Rome\n");
    let zone = |device: &str| fleet.plan(&name(device), None).expect("a plan").variables["timezone"].clone();
    assert_eq!(zone("gw-0001"), Variable::Plain("Europe/Berlin".into()));
    assert_eq!(zone("gw-0002"), Variable::Plain("Europe/Paris".into()));
    assert_eq!(zone("gw-0007"), Variable::Plain("Asia/Tokyo".into()));
    let plan = fleet.plan(&name("gw-0001"), Some("stick")).expect("a plan");
    assert_eq!(plan.delivery.carrier.medium().unwrap().size, Some(64 << 20));
    assert_eq!(plan.variables["wifi_password"], Variable::Secret("wifi".into()));
    assert_eq!(plan.serial.map(|serial| serial.to_string()), Some("A1".to_owned()));
    assert_eq!(fleet.devices().map(EndpointName::as_str).collect::<Vec<_>>(), ["gw-0001", "gw-0002", "gw-0007"]);
}

#[test]
fn cells_take_the_type_that_the_template_wants() {
    let rows = "id,vlan,packages,owner\na,42,curl; jq,Ann\nb,,\"[\"\"x;y\"\"]\",\n";
    let fleet = sound(SMALL, rows);
    let a = fleet.plan(&name("a"), None).expect("a plan").variables;
    assert_eq!(a["vlan"], Variable::Plain(42.into()));
    assert_eq!(a["packages"], Variable::Plain(serde_json::json!(["curl", "jq"])));
    assert_eq!(a["owner"], Variable::Pii("Ann".into()));
    let b = fleet.plan(&name("b"), None).expect("a plan").variables;
    assert_eq!(b["vlan"], Variable::Plain(1.into()), "the default");
    assert_eq!(b["packages"], Variable::Plain(serde_json::json!(["x;y"])));
    assert_eq!(
        faults_of(SMALL, "id,vlan\na,4x2\n"),
        ["devices:2:3: variable \"vlan\" is \"4x2\", wanted is a whole number"]
    );
}

#[test]
fn several_profiles_want_each_device_to_name_its_own() {
    let two = SMALL.replace(
        "profiles:\n",
        "profiles:\n  sensor:\n    servers: []\n    bundles: {b: {template: bare, seal: none}}\n    deliveries: {d: {bundle: b}, e: {bundle: b}}\n    model: S1\n",
    );
    let bare =
        "consumer: c\ndescription: d\nmedium: {label: X}\nvariables: {apn: {type: string, default: x}}\nfiles: []\n";
    let texts = [("cloud-init", TEMPLATE), ("bare", bare)];
    let (_, faults) = assembled(&two, "id,profile,apn\na,sensor,net\nb,,\n", &texts);
    assert_eq!(faults, ["devices:3:1: the device has no profile, and there are several"]);
    let (fleet, faults) = assembled(&two, "id,profile,apn\na,sensor,net\nb,gateway,passed-over\n", &texts);
    assert!(faults.is_empty(), "{faults:?}");
    let fleet = fleet.expect("a fleet");
    let plan = fleet.plan(&name("a"), Some("e")).expect("a plan");
    assert_eq!((plan.model.as_deref(), plan.servers.len()), (Some("S1"), 0));
    assert!(!fleet.plan(&name("b"), None).expect("a plan").variables.contains_key("apn"));
    let ambiguous = fleet.plan(&name("a"), None).expect_err("two deliveries");
    assert_eq!(ambiguous.to_string(), "device \"a\" has 2 deliveries: d, e");
    assert_eq!(ambiguous.hint().as_deref(), Some("choose one: --delivery d"));
}

#[test]
fn an_unknown_device_or_delivery_names_what_there_is() {
    let fleet = sound(SMALL, ROWS);
    let error = fleet.plan(&name("gw-3"), None).expect_err("no such device");
    assert_eq!(error.to_string(), "there is no device \"gw-3\" in fleet \"acme\"");
    assert_eq!(error.hint().as_deref(), Some("did you mean gw-1 or gw-2?"));
    assert_eq!(error.class(), Class::Input);
    let cased = fleet.plan(&name("GW-1"), None).expect_err("another case is another name");
    assert!(matches!(cased, PlanError::UnknownDevice { near, .. } if near[0] == "gw-1"));
    let delivery = fleet.plan(&name("gw-1"), Some("card")).expect_err("no such delivery");
    assert_eq!(delivery.to_string(), "profile \"gateway\" of device \"gw-1\" has no delivery \"card\"");
    assert_eq!(delivery.hint().as_deref(), Some("deliveries here: stick"));
}

#[test]
fn plans_share_what_devices_have_in_common() {
    let fleet = sound(SMALL, ROWS);
    let (a, b) = (fleet.plan(&name("gw-1"), None).expect("a plan"), fleet.plan(&name("gw-2"), None).expect("a plan"));
    assert!(
        Arc::ptr_eq(&a.delivery, &b.delivery)
            && Arc::ptr_eq(&a.credentials, &b.credentials)
            && Arc::ptr_eq(&a.servers, &b.servers)
    );
}

#[test]
fn the_label_is_written_in_capitals_and_absent_parts_come_from_the_template() {
    let plan = sound(&broken("{bundle: site}", "{bundle: site, medium: {label: cidata, table: gpt}}"), ROWS)
        .plan(&name("gw-1"), None);
    let medium = plan.expect("a plan").delivery.carrier.medium().unwrap().clone();
    assert_eq!(medium.label, "CIDATA");
    assert_eq!(medium.table, PartitionTable::Gpt);
    assert_eq!(medium.size, Some(64 << 20));
}
