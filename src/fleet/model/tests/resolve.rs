use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::model;
use crate::fleet::model::{Model, ResolveError, fill, resolve};

fn shelf(texts: &[&str]) -> Vec<Arc<Model>> {
    texts.iter().map(|text| Arc::new(model(text))).collect()
}

const BASE: &str = "
model: base
version: 1.0.0
title: Base
submodels: {battery: battery@1}
instance: {site: {type: string}}
properties:
  a: {type: number, minimum: 0, maximum: 10, access: r}
  b: {type: string, optional: true}
  c: {type: string, optional: true}
";

#[test]
fn a_model_restricts_adds_and_removes_what_it_extends() {
    let shelf = shelf(&[BASE, "model: battery\nversion: 1.3.0", "model: battery\nversion: 2.0.0"]);
    let child = model(
        "model: child\nversion: 3.0.0\nextends: base@1\ninstance: {room: {type: integer}}\nproperties:\n  a: {type: integer, maximum: 5}\n  b: {minLength: 1}\n  d: {type: boolean, optional: true}\n",
    );
    let resolved = resolve(&child, &shelf).expect("resolved");
    let canonical = resolved.model.canonical();
    assert_eq!(canonical["title"], json!("Base"));
    assert_eq!(canonical["id"], json!("urn:firstlight:model:child"));
    assert_eq!(canonical["version"]["model"], json!("3.0.0"));
    assert_eq!(canonical["properties"]["a"], json!({"type": "integer", "minimum": 0, "maximum": 5, "readOnly": true}));
    // What is said anew must be there; what is not said stays as it was.
    assert_eq!(canonical["tm:optional"], json!(["/properties/c", "/properties/d"]));
    assert_eq!(canonical["firstlight:instance"]["required"], json!(["site", "room"]));
    assert_eq!(resolved.bases.iter().map(ToString::to_string).collect::<Vec<_>>(), ["base@1.0.0"]);
    let parts: Vec<String> =
        resolved.parts.iter().map(|(name, part)| format!("{name}={}", part.model.reference())).collect();
    assert_eq!(parts, ["battery=battery@1.3.0"]);
    assert!(canonical["links"].as_array().is_some_and(|links| links.len() == 1));
    // Resolving what is resolved changes nothing.
    assert_eq!(resolve(&resolved.model, &shelf).expect("resolved").model.digest(), resolved.model.digest());
}

#[test]
fn null_removes_what_is_optional_only() {
    let shelf = shelf(&[BASE, "model: battery\nversion: 1.3.0"]);
    let mut canonical = model("model: child\nversion: 1.0.0\nextends: base").canonical().clone();
    canonical["properties"] = json!({"b": null});
    let resolved = resolve(&Model::from_canonical(canonical.clone()).expect("a model"), &shelf).expect("resolved");
    assert_eq!(resolved.model.canonical()["properties"].get("b"), None);
    canonical["properties"] = json!({"a": null});
    let error = resolve(&Model::from_canonical(canonical).expect("a model"), &shelf).expect_err("loosened");
    assert!(error.to_string().contains("\"/properties/a\": removes what is not optional"), "{error}");
}

#[test]
fn nothing_is_loosened() {
    let shelf = shelf(&[BASE, "model: battery\nversion: 1.3.0"]);
    for (properties, pointer) in [
        ("a: {minimum: -1}", "/properties/a/minimum"),
        ("a: {maximum: 11}", "/properties/a/maximum"),
        ("a: {type: string}", "/properties/a/type"),
        ("a: {access: rw}", "/properties/a/readOnly"),
        ("a: {optional: true}", "/properties/a"),
    ] {
        let child = model(&format!("model: child\nversion: 1.0.0\nextends: base@1.0.0\nproperties: {{{properties}}}"));
        match resolve(&child, &shelf) {
            Err(ResolveError::Loosened { faults, .. }) => assert_eq!(faults.0[0].pointer, pointer, "{properties}"),
            other => panic!("{properties}: {other:?}"),
        }
    }
}

#[test]
fn what_leads_nowhere_or_back_is_refused() {
    let cycle = shelf(&["model: a\nversion: 1.0.0\nextends: b", "model: b\nversion: 1.0.0\nsubmodels: {x: a@1}"]);
    let error = resolve(&cycle[0], &cycle).expect_err("a cycle");
    assert_eq!(error, ResolveError::Cycle { path: "a@1.0.0 -> b@1.0.0 -> a@1.0.0".to_owned() });
    let error = resolve(&cycle[0], &Vec::<Arc<Model>>::new()).expect_err("nothing there");
    assert_eq!(error.to_string(), "model \"a@1.0.0\" names \"b\", which is not there");
    let mut chain: Vec<String> =
        (0..8).map(|index| format!("model: m{index}\nversion: 1.0.0\nextends: m{}", index + 1)).collect();
    chain.push("model: m8\nversion: 1.0.0".to_owned());
    let chain = shelf(&chain.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(matches!(resolve(&chain[0], &chain), Err(ResolveError::TooDeep { .. })));
    assert!(resolve(&chain[1], &chain).is_ok());
}

#[test]
fn parts_of_parts_do_not_grow_beyond_the_bound() {
    let part = |level: usize| {
        let parts = (0..9).map(|index| format!("  p{index}: l{}\n", level + 1)).collect::<Vec<String>>().concat();
        format!("model: l{level}\nversion: 1.0.0\nsubmodels:\n{parts}")
    };
    let texts = [part(0), part(1), "model: l2\nversion: 1.0.0".to_owned()];
    let shelf = shelf(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(matches!(resolve(&shelf[0], &shelf), Err(ResolveError::TooMany { .. })));
    let mut foreign = model("model: f\nversion: 1.0.0").canonical().clone();
    foreign["links"] = json!([{"rel": "tm:extends", "href": "https://example.com/x.tm.json"}]);
    let error = resolve(&Model::from_canonical(foreign).expect("a model"), &shelf).expect_err("no link of ours");
    assert!(matches!(error, ResolveError::Link { .. }));
}

#[test]
fn placeholders_become_values_of_the_instance() {
    let text = "model: m\nversion: 1.0.0\ntitle: 'Sensor in {{SITE}}, floor {{ FLOOR }}'\nproperties: {a: {type: number, maximum: '{{MOST}}'}}";
    let values = |value: Value| -> Map<String, Value> { value.as_object().cloned().expect("an object") };
    let filled =
        fill(model(text).canonical(), &values(json!({"SITE": "hall", "FLOOR": 2, "MOST": 7.5}))).expect("filled");
    assert_eq!(filled["title"], json!("Sensor in hall, floor 2"));
    assert_eq!(filled["properties"]["a"]["maximum"], json!(7.5));
    let faults = fill(model(text).canonical(), &values(json!({"SITE": "hall"}))).expect_err("two are missing");
    assert_eq!(
        faults.0.iter().map(|fault| fault.pointer.as_str()).collect::<Vec<_>>(),
        ["/title", "/properties/a/maximum"]
    );
    // A value is put in once: what it holds is not looked at again.
    let again = fill(&json!("x{{A}}"), &values(json!({"A": "{{A}}"}))).expect("filled");
    assert_eq!(again, json!("x{{A}}"));
    let many = json!(vec!["{{A}}"; 300]);
    assert!(fill(&many, &values(json!({"A": "x".repeat(1024)}))).is_err());
}
