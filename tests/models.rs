//! `firstlight model`: from files to the registry, to devices, and out again in other people's words.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;
#[path = "format/playground.rs"]
mod playground;

use std::fs;

use common::{Ran, TestFleet};
use playground::{Document, accepted_by_playground};
use serde_json::Value;

const SENSOR: &str = "\
model: sensor
version: 1.0.0
title: Sensor {{site}}
instance:
  site: {type: string, maxLength: 64}
properties:
  temperature: {type: number, unit: Cel, minimum: -40, maximum: 85, access: r, observe: true, lwm2m: /3303/0/5700}
actions:
  calibrate: {input: {type: number}, optional: true}
events:
  alarm: {data: {type: string, enum: [low, high]}}
";
const INDOOR: &str = "\
model: indoor
version: 1.0.0
title: Indoor sensor
extends: sensor@1
properties:
  humidity: {type: number, minimum: 0, maximum: 100, access: r}
";
/// An object definition as vendors write them: with a range that is words, and an unknown element.
const OBJECT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<LWM2M><Object ObjectType="MODefinition">
<Name>Pump</Name><Description1>A pump.</Description1><ObjectID>33000</ObjectID>
<ObjectURN>urn:oma:lwm2m:x:33000</ObjectURN><LWM2MVersion>1.0</LWM2MVersion><ObjectVersion>1.0</ObjectVersion>
<MultipleInstances>Multiple</MultipleInstances><Mandatory>Optional</Mandatory>
<Resources>
<Item ID="0"><Name>Speed</Name><Operations>RW</Operations><MultipleInstances>Single</MultipleInstances>
<Mandatory>Mandatory</Mandatory><Type>Integer</Type><RangeEnumeration>0..100</RangeEnumeration><Units>%</Units>
<Description>How fast.</Description></Item>
<Item ID="1"><Name>Stop</Name><Operations>E</Operations><MultipleInstances>Single</MultipleInstances>
<Mandatory>Optional</Mandatory><Type></Type><RangeEnumeration></RangeEnumeration><Units></Units>
<Description>Stops it.</Description></Item>
</Resources><Description2></Description2><Vendor>ACME</Vendor></Object></LWM2M>
"#;

/// Fails unless the words were printed, on whichever stream.
#[track_caller]
fn prints(ran: &Ran, words: &[&str]) {
    for word in words {
        let there = ran.stdout.contains(word) || ran.stderr.contains(word);
        assert!(there, "not printed: {word:?}\n{}\n{}", ran.stdout, ran.stderr);
    }
}

fn fleet() -> TestFleet {
    let fleet = TestFleet::demo(2);
    fleet.run(&["issue", "--all"]).ok();
    fs::create_dir(fleet.file("models")).unwrap();
    fleet.write("models/sensor.yaml", SENSOR);
    fleet.write("models/indoor.yaml", INDOOR);
    fleet
}

#[test]
fn what_the_folder_holds_is_checked_published_and_listed() {
    let fleet = fleet();
    prints(&fleet.run(&["model", "check"]).ok(), &["indoor@1.0.0", "2 models and 0 migrations are right"]);
    fleet.run(&["model", "publish", "--plan"]).ok();
    assert_eq!(fleet.run(&["model", "list", "--json"]).ok().json_lines().len(), 0, "a plan changes nothing");
    prints(&fleet.run(&["model", "publish"]).ok(), &["published  sensor@1.0.0", "published  indoor@1.0.0"]);
    prints(&fleet.run(&["model", "publish"]).ok(), &["unchanged  sensor@1.0.0"]);
    let listed = fleet.run(&["model", "list", "--json"]).ok().json_lines();
    let names: Vec<&str> = listed.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["indoor", "sensor"]);
    fleet.run(&["model", "deprecate", "sensor@1.0.0"]).ok();
    let shown = fleet.run(&["model", "show", "sensor@1.0.0", "--json"]).ok().json();
    assert_eq!(shown["state"], "deprecated");
    fleet.run(&["model", "publish", "sensor@1.0.0"]).ok();
    fleet.write("models/sensor.yaml", &SENSOR.replace("type: number", "type: nummer"));
    let faults = fleet.run(&["model", "check"]).exits(1);
    let whole = fleet.run(&["check"]).exits(1);
    assert_eq!(whole.stderr, faults.stderr, "the fleet's check looks into the folder of models, too");
    let shown = fleet.run(&["check", "--json"]).exits(1).json();
    assert!(shown["ok"] == false && !shown["faults"].as_array().unwrap().is_empty(), "{shown}");
    assert!(faults.stderr.contains("models/sensor.yaml:7"), "{}", faults.stderr);
}

#[test]
fn a_change_that_breaks_wants_a_new_major_version() {
    let fleet = fleet();
    fleet.run(&["model", "publish"]).ok();
    let breaking = SENSOR.replace("maxLength: 64", "maxLength: 8");
    for (version, status) in [("1.0.1", 6), ("1.1.0", 6), ("2.0.0", 0)] {
        fleet.write("new.yaml", &breaking.replace("version: 1.0.0", &format!("version: {version}")));
        let diff = fleet.run(&["model", "diff", "sensor@1.0.0", "new.yaml", "--json"]).exits(status).json();
        assert_eq!(diff["changes"][0]["breaking"], true, "{diff}");
        assert_eq!(diff["refused"].as_array().unwrap().is_empty(), status == 0);
        fleet.run(&["model", "import", "new.yaml"]).exits(status);
    }
    fleet.write("same.yaml", &SENSOR.replace("title: Sensor", "title: Other"));
    let refused = fleet.run(&["model", "import", "same.yaml"]);
    assert_ne!(refused.status, 0);
    assert!(refused.stderr.contains("another content"), "{}", refused.stderr);
}

#[test]
fn a_device_gets_a_model_by_hand_and_is_described() {
    let fleet = fleet();
    fleet.run(&["model", "publish"]).ok();
    let assign = ["model", "assign", "gw-0001", "indoor@1"];
    let missing = fleet.run(&assign).exits(1);
    assert!(missing.stderr.contains("\"/site\": is missing"), "{}", missing.stderr);
    let given = [&assign[..], &["--values", "{\"site\": \"hall\"}"]].concat();
    prints(&fleet.run(&given).ok(), &["gw-0001 is of model indoor@1.0.0"]);
    let described = fleet.run(&["model", "export", "--device", "gw-0001", "--json"]).ok().json();
    let thing: Value = serde_json::from_str(described["text"].as_str().unwrap()).unwrap();
    assert_eq!(thing["title"], "gw-0001");
    assert!(!described["losses"].as_array().unwrap().is_empty(), "without an address nothing can be reached");
    fleet.run(&["model", "assign", "gw-0001", "opaque"]).ok();
    prints(&fleet.run(&["model", "rollback", "gw-0001"]).ok(), &["gw-0001 is back at model indoor@1.0.0"]);
    let rows = fleet.run(&["model", "instances", "gw-0001", "--json"]).ok().json_lines();
    let states: Vec<&str> = rows.iter().map(|row| row["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["current", "former"]);
    let unknown = fleet.run(&["model", "assign", "gw-0099", "opaque"]);
    assert_eq!(unknown.status, 1, "{}", unknown.stderr);
}

#[test]
fn rules_of_the_fleet_file_and_by_hand_are_told_and_explained() {
    let fleet = fleet();
    fleet.edit(
        "fleet.yaml",
        "profiles:\n",
        "models:\n  rules:\n  - {name: acme, when: {vendor: ACME}, assign: sensor@1}\nprofiles:\n",
    );
    fleet.run(&["model", "rules", "set", "rest", "--assign", "opaque", "--priority", "-5"]).ok();
    let rules = fleet.run(&["model", "rules", "list", "--json"]).ok().json_lines();
    let said: Vec<(&str, bool)> =
        rules.iter().map(|rule| (rule["name"].as_str().unwrap(), rule["declared"] == true)).collect();
    assert_eq!(said, [("acme", true), ("rest", false)]);
    fleet.run(&["model", "assign", "gw-0001", "opaque"]).ok();
    let told = fleet.run(&["model", "rules", "explain", "gw-0001"]).ok();
    prints(&told, &["decides  rest  opaque", "misses  acme  sensor@1  vendor is nothing, wanted ACME"]);
    let declared = fleet.run(&["model", "rules", "remove", "acme"]);
    assert!(declared.stderr.contains("declared by the fleet file"), "{}", declared.stderr);
    fleet.run(&["model", "rules", "remove", "rest"]).ok();
}

#[test]
fn models_of_others_come_in_and_go_out_again() {
    let fleet = fleet();
    fleet.write("pump.xml", OBJECT);
    let imported = fleet.run(&["model", "import", "pump.xml"]).ok();
    assert!(imported.stderr.contains("Vendor"), "what is odd is told: {}", imported.stderr);
    let back = fleet.run(&["model", "export", "lwm2m-33000", "--as", "ddf"]).ok().stdout;
    fleet.write("again.xml", &back);
    prints(&fleet.run(&["model", "import", "again.xml"]).ok(), &["unchanged  lwm2m-33000@1.0.0"]);
    fleet.write(
        "lamp.json",
        r#"{"@context": "https://www.w3.org/2022/wot/td/v1.1", "@type": "tm:ThingModel",
        "id": "urn:example:lamp", "title": "Lamp", "properties": {"on": {"type": "boolean"}}}"#,
    );
    fleet.run(&["model", "import", "lamp.json"]).exits(1);
    let named = ["model", "import", "lamp.json", "--name", "lamp", "--model-version", "1.0.0"];
    prints(&fleet.run(&named).ok(), &["published  lamp@1.0.0"]);
    fleet.run(&["model", "export", "lamp", "--as", "short", "--to", "lamp.yaml"]).ok();
    assert!(fleet.read("lamp.yaml").contains("model: lamp"));
    fleet.run(&["model", "export"]).exits(2);
    let hand_made = fleet.run(&["model", "export", "lamp", "--as", "ddf"]);
    assert_eq!(hand_made.status, 1, "{}", hand_made.stderr);
}

#[test]
fn the_playground_accepts_what_is_exported() {
    let fleet = fleet();
    fleet.run(&["model", "publish"]).ok();
    fleet.write("pump.xml", OBJECT);
    fleet.run(&["model", "import", "pump.xml"]).ok();
    let mut documents = Vec::new();
    for (model, form) in
        [("sensor", "wot"), ("indoor", "wot"), ("indoor", "resolved"), ("lwm2m-33000", "wot"), ("opaque", "wot")]
    {
        let text = fleet.run(&["model", "export", model, "--as", form]).ok().stdout;
        documents.push(Document { name: format!("{model} {form}"), is_model: true, text });
    }
    for (device, model) in [("gw-0001", "indoor"), ("gw-0002", "opaque")] {
        fleet.run(&["model", "assign", device, model, "--values", "{\"site\": \"hall\"}"]).ok();
        let text = fleet.run(&["model", "export", "--device", device]).ok().stdout;
        documents.push(Document { name: format!("device {device}"), is_model: false, text });
    }
    accepted_by_playground(&documents);
}
