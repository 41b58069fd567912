use serde_json::json;

use super::{model, read};
use crate::fleet::model::render;

const CLIMATE: &str = r#"
model: climate-sensor
version: 1.2.0
title: Climate sensor
extends: sensor@1
submodels: {battery: battery@1.0.3}
instance:
  site: {type: string, maxLength: 64}
  floor: {type: integer, optional: true}
properties:
  temperature: {type: number, unit: Cel, minimum: -40, maximum: 85.5, access: r, observe: true, lwm2m: /3303/0/5700}
  mode: {type: string, enum: [low, high], default: low, access: rw, required: false}
  place:
    type: object
    properties: {lat: {type: number}, name: {type: string, optional: true}}
actions:
  calibrate: {input: {type: number}, output: {type: boolean}, firmware: ">=1.4", optional: true, safe: false}
events:
  alarm: {data: {type: array, items: {type: string}, maxItems: 3}, firmware: 1.4}
"#;

#[test]
fn short_yaml_becomes_a_thing_model() {
    let urn = "urn:firstlight:model:";
    let wanted = json!({
        "@context": ["https://www.w3.org/2022/wot/td/v1.1", {"firstlight": "https://firstlight.invalid/ns/model#"}],
        "@type": "tm:ThingModel",
        "id": format!("{urn}climate-sensor"),
        "version": {"model": "1.2.0"},
        "title": "Climate sensor",
        "links": [
            {"rel": "tm:extends", "href": format!("{urn}sensor@1"), "type": "application/tm+json"},
            {"rel": "tm:submodel", "href": format!("{urn}battery@1.0.3"), "type": "application/tm+json",
             "instanceName": "battery"},
        ],
        "firstlight:instance": {"type": "object", "required": ["site"],
            "properties": {"site": {"type": "string", "maxLength": 64}, "floor": {"type": "integer"}}},
        "properties": {
            "temperature": {"type": "number", "unit": "Cel", "minimum": -40, "maximum": 85.5, "readOnly": true,
                "observable": true, "firstlight:lwm2m": "/3303/0/5700"},
            "mode": {"type": "string", "enum": ["low", "high"], "default": "low", "readOnly": false, "writeOnly": false},
            "place": {"type": "object", "required": ["lat"],
                "properties": {"lat": {"type": "number"}, "name": {"type": "string"}}},
        },
        "actions": {"calibrate": {"input": {"type": "number"}, "output": {"type": "boolean"}, "safe": false,
            "firstlight:firmware": ">=1.4"}},
        "events": {"alarm": {"data": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
            "firstlight:firmware": "1.4"}},
        "tm:optional": ["/properties/mode", "/actions/calibrate"],
    });
    assert_eq!(model(CLIMATE).canonical(), &wanted);
}

#[test]
fn rendering_loses_nothing_of_short_yaml() {
    let first = model(CLIMATE);
    let rendered = render(first.canonical());
    assert_eq!(rendered.lost, Vec::<String>::new(), "{}", rendered.text);
    assert_eq!(model(&rendered.text).digest(), first.digest());
}

#[test]
fn rendering_says_what_it_loses() {
    let mut canonical = model(CLIMATE).canonical().clone();
    canonical["forms"] = json!([{"href": "coap://x", "op": "readallproperties"}]);
    canonical["properties"]["mode"]["oneOf"] = json!([{"type": "string"}]);
    canonical["properties"]["a b"] = json!({"type": "string"});
    canonical["properties"]["temperature"]["minimum"] = json!("cold");
    canonical["events"]["alarm"]["data"]["items"] = json!([{"type": "string"}]);
    let rendered = render(&canonical);
    assert_eq!(
        rendered.lost,
        [
            "/properties/temperature/minimum",
            "/properties/mode/oneOf",
            "/properties/a b",
            "/events/alarm/data/items",
            "/forms",
        ]
    );
}

#[test]
fn every_fault_of_a_model_has_its_place() {
    let text = "model: Sensor
version: 1.2
titel: x
extends: other@one
instance: {a: {type: string}}
properties:
  a: {type: text}
  b: {minimum: 5, maximum: 3}
  c: {type: number, multipleOf: 0, required: true, optional: true}
  d: {type: string, pattern: '(', lwm2m: /3303/0}
  e: {type: string, enum: [], firmware: '>>1', access: w, observe: true}
events:
  f: {data: {items: {type: [x]}}}
";
    let faults = read(text).expect_err("faults");
    assert_eq!(
        faults,
        [
            "m.yaml:1:8: \"model\" is \"Sensor\", wanted is a model name of lower-case letters, digits, \"-\" and \".\" (at most 64, first a letter or digit)",
            "m.yaml:2:10: \"version\" is the number 1.2, wanted is a version of three numbers such as 1.2.0",
            "m.yaml:3:1: unknown key \"titel\" in the model",
            "m.yaml:7:13: \"properties.a.type\" is \"text\", wanted is one of: boolean, integer, number, string, object, array, null",
            "m.yaml:10:42: \"properties.d.lwm2m\" is \"/3303/0\", wanted is an LwM2M path such as /3303/0/5700",
            "m.yaml:13:28: \"events.f.data.items.type\" is a list, wanted is one of: boolean, integer, number, string, object, array, null",
        ]
    );
    let faults = read(&text.replace("Sensor", "sensor").replace("1.2\n", "1.2.0\n")).expect_err("faults");
    for wanted in [
        "m.yaml:4:10: \"other@one\" is no model reference, wanted is sensor, sensor@1 or sensor@1.2.0",
        "m.yaml:5:12: \"a\" is a value of the instance and a property, wanted is one of them",
        "m.yaml:8:6: \"minimum\" 5 is above \"maximum\" 3, no value fits",
        "m.yaml:9:33: \"multipleOf\" is the number 0, wanted is a number above 0",
        "m.yaml:9:36: \"required\" and \"optional\" say the same thing, wanted is one of them",
        "m.yaml:10:30: \"pattern\" is no regular expression that can be read here",
        "m.yaml:11:27: \"enum\" is empty, at least one value is wanted",
        "m.yaml:11:41: \">>1\" is no version range, wanted is such as \">=1.4 <2\", \"1.x\" or \"*\"",
        "m.yaml:11:3: property \"e\" is set only, it cannot be observed",
    ] {
        assert!(faults.iter().any(|fault| fault == wanted), "{wanted} not in {faults:#?}");
    }
    assert!(read("model: a\nversion: 1.0.0\nproperties: {b: {}}").expect_err("faults")[0].contains("lacks \"type\""));
    assert!(read("model: a\nversion: 1.0.0\nextends: c\nproperties: {b: {}}").is_ok());
}

#[test]
fn a_model_beyond_the_bounds_is_refused() {
    let many = (0..513).map(|index| format!("  e{index}: {{}}\n")).collect::<Vec<String>>().concat();
    let faults = read(&format!("model: a\nversion: 1.0.0\nevents:\n{many}")).expect_err("faults");
    assert_eq!(
        faults,
        ["m.yaml:1:1: the model has 513 properties, actions, events and links, at most 512 are allowed"]
    );
    let large = format!("model: a\nversion: 1.0.0\ndescription: {}", "x".repeat(262_144));
    assert!(read(&large).expect_err("faults")[0].contains("at most 262144 are allowed"));
}
