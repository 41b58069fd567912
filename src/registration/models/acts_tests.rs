//! Models administered over HTTP.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::fleet::enrolment::Refusal;
use crate::host::surroundings::OsRandom;

use super::super::administration::Office;
use super::super::exchange::{Act, Administration, Asked, Content, Incoming, Reply, Role};
use super::tests::{SENSOR_1, SENSOR_2, World};

/// Asks as an administrator whose role is enough.
fn ask(office: &Office, act: Act, names: &[&str], query: &[(&str, &str)], fields: Value) -> Reply {
    let source = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let asked = Asked {
        act,
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        query: query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        incoming: Incoming { fields, ..Incoming::bare("POST", "/v1/models", source) },
    };
    office.act("token t", Role::Admin, &asked)
}

fn fields(reply: Reply) -> Value {
    match reply.content {
        Content::Fields(fields) => fields,
        other => panic!("{other:?}"),
    }
}

fn text(reply: Reply) -> String {
    match reply.content {
        Content::Bytes { bytes, .. } => String::from_utf8(bytes).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn office(world: &World) -> Office {
    Office::new(world.registry.clone(), Arc::new(OsRandom)).with_models(Arc::clone(&world.models))
}

#[test]
fn models_are_imported_listed_compared_and_exported() {
    let world = World::new(&json!({}), json!([]));
    let office = office(&world);
    let import = |body: Value| ask(&office, Act::ImportModel, &[], &[], body);
    let made = import(json!({"format": "short", "text": SENSOR_1}));
    assert_eq!(made.status, 201);
    assert_eq!(fields(made)["items"][0]["published"], "new");
    assert_eq!(import(json!({"text": SENSOR_1})).status, 200, "again, and told by its first letter");
    assert_eq!(import(json!({"text": SENSOR_2})).status, 201);
    let model = json!({"@context": "https://www.w3.org/2022/wot/td/v1.1", "@type": "tm:ThingModel", "title": "Lamp"});
    assert_eq!(import(json!({"model": model, "name": "lamp", "version": "1.0.0"})).status, 201);
    for (body, refusal) in [
        (json!({"text": SENSOR_1.replace("title: Sensor", "title: Other")}), Refusal::Conflict),
        (
            json!({"text": SENSOR_1.replace("1.0.0", "1.0.1").replace("maxLength: 8", "maxLength: 4")}),
            Refusal::Conflict,
        ),
        (json!({"text": "model: sensor\nversion: one\n"}), Refusal::ModelInvalid),
        (json!({"text": "<LWM2M/>"}), Refusal::ModelInvalid),
        (json!({"model": model}), Refusal::ModelInvalid),
        (json!({}), Refusal::MalformedRequest),
        (json!({"text": "x", "format": "csv"}), Refusal::MalformedRequest),
    ] {
        assert_eq!(import(body.clone()).refusal(), Some(refusal), "{body}");
    }
    let first = fields(ask(&office, Act::ListModels, &[], &[("limit", "2")], Value::Null));
    let next = first["next"].as_str().unwrap();
    let second = fields(ask(&office, Act::ListModels, &[], &[("after", next)], Value::Null));
    let names = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|row| format!("{}", row["name"])).collect()
    };
    assert_eq!((names(&first).len(), names(&second)), (2, vec!["\"sensor\"".to_owned()]));
    let shown = fields(ask(&office, Act::ShowModel, &["sensor@1"], &[], Value::Null));
    assert_eq!((&shown["version"], shown["versions"].as_array().unwrap().len()), (&json!("1.0.0"), 2));
    let short = text(ask(&office, Act::ShowModel, &["sensor@2"], &[("as", "short")], Value::Null));
    assert!(short.contains("model: sensor"), "{short}");
    let wot: Value =
        serde_json::from_str(&text(ask(&office, Act::ShowModel, &["lamp"], &[("as", "wot")], Value::Null))).unwrap();
    assert_eq!(wot["id"], "urn:firstlight:model:lamp");
    let diff = fields(ask(&office, Act::DiffModels, &["sensor@1", "sensor@2"], &[], Value::Null));
    assert_eq!((diff["refused"].as_array().unwrap().len(), diff["changes"].as_array().unwrap().is_empty()), (0, false));
    assert_eq!(ask(&office, Act::ShowModel, &["none"], &[], Value::Null).refusal(), Some(Refusal::NotFound));
    let state = |name: &str, state: &str| ask(&office, Act::SetModelState, &[name], &[], json!({"state": state}));
    assert_eq!(state("sensor@1.0.0", "deprecated").status, 204);
    assert_eq!(state("sensor@1", "deprecated").refusal(), Some(Refusal::MalformedRequest));
    assert_eq!(state("sensor@1.0.0", "quarantined").refusal(), Some(Refusal::MalformedRequest));
    assert_eq!(state("sensor@9.0.0", "published").refusal(), Some(Refusal::NotFound));
}

#[test]
fn a_model_in_quarantine_is_published_only_if_it_may_be() {
    let world = World::new(&json!({"supplied": true}), json!([]));
    let office = office(&world);
    let inline = json!({"@context": "https://www.w3.org/2022/wot/td/v1.1", "@type": "tm:ThingModel", "title": "Own",
                        "id": "urn:firstlight:model:own", "version": {"model": "1.0.0"}});
    world.registered(json!({"id": "gw-1", "model": {"inline": inline}}));
    let listed = fields(ask(&office, Act::ListModels, &[], &[], Value::Null));
    assert_eq!(listed["items"][0]["state"], "quarantined");
    assert_eq!(ask(&office, Act::SetModelState, &["own@1.0.0"], &[], json!({"state": "published"})).status, 204);
    let listed = fields(ask(&office, Act::ListModels, &[], &[], Value::Null));
    assert_eq!(listed["items"][0]["state"], "published");
}

#[test]
fn rules_and_the_models_of_devices_are_changed_over_http() {
    let world = World::new(&json!({}), json!([{"name": "old", "assign": "sensor@1", "when": {"firmware": "<2"}}]));
    let office = office(&world);
    world.publish(SENSOR_1);
    world.publish(SENSOR_2);
    let put = |rule: Value| ask(&office, Act::PutRule, &[], &[], rule);
    assert_eq!(put(json!({"name": "new", "assign": "sensor@2", "when": {"firmware": ">=2"}})).status, 204);
    assert_eq!(put(json!({"name": "old", "assign": "sensor@2"})).refusal(), Some(Refusal::Conflict));
    assert_eq!(put(json!({"name": "x"})).refusal(), Some(Refusal::MalformedRequest));
    let rules = fields(ask(&office, Act::ListRules, &[], &[], Value::Null));
    assert_eq!(rules["items"].as_array().unwrap().len(), 2);
    let answer = world.registered(json!({"id": "gw-1", "firmware": "1", "values": {"site": "hall"},
                                         "endpoint": {"protocol": "coaps", "address": "10.0.0.7:5684"}}));
    world.report(&answer, json!({"firmware": "2"}));
    let waiting = fields(ask(&office, Act::ListProposals, &[], &[], Value::Null));
    assert_eq!((&waiting["items"][0]["device"], &waiting["items"][0]["version"]), (&json!("gw-1"), &json!("2.0.0")));
    let decide = |body: Value| ask(&office, Act::DecideModel, &["gw-1"], &[], body);
    assert_eq!(decide(json!({"decision": "maybe"})).refusal(), Some(Refusal::MalformedRequest));
    for wrong in ["sensor@1.0.0", "sensor@2.0.1"] {
        let other = decide(json!({"decision": "approve", "model": wrong}));
        assert_eq!(other.refusal(), Some(Refusal::Conflict), "he saw another proposal");
    }
    let approved = fields(decide(json!({"decision": "approve", "model": "sensor@2.0.0"})));
    assert_eq!((&approved["version"], &approved["values"]), (&json!("2.0.0"), &json!({"place": "hall"})));
    assert_eq!(decide(json!({"decision": "approve"})).refusal(), Some(Refusal::Conflict), "once");
    assert_eq!(fields(decide(json!({"decision": "roll-back"})))["version"], "1.0.0");
    let shown = fields(ask(&office, Act::DeviceModel, &["gw-1"], &[], Value::Null));
    assert_eq!(shown["items"].as_array().unwrap().len(), 2);
    let assign = |body: Value| ask(&office, Act::AssignModel, &["gw-1"], &[], body);
    assert_eq!(fields(assign(json!({"model": "opaque", "values": {"a": 1}})))["model"], "opaque");
    assert_eq!(assign(json!({"model": "sensor@2"})).refusal(), Some(Refusal::InstanceInvalid));
    assert_eq!(assign(json!({"model": "none"})).refusal(), Some(Refusal::ModelUnknown));
    assert_eq!(ask(&office, Act::RemoveRule, &["new"], &[], Value::Null).status, 204);
    let thing: Value =
        serde_json::from_str(&text(ask(&office, Act::DescribeDevice, &["gw-1"], &[], Value::Null))).unwrap();
    assert_eq!((&thing["title"], &thing["base"]), (&json!("gw-1"), &json!("coaps://10.0.0.7:5684/")));
    assert_eq!(ask(&office, Act::DescribeDevice, &["gw-9"], &[], Value::Null).refusal(), Some(Refusal::NotFound));
    assert_eq!(ask(&office, Act::DeviceModel, &["gw-9"], &[], Value::Null).refusal(), Some(Refusal::NotFound));
}
