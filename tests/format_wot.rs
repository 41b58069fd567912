//! Thing Models and Thing Descriptions: our verdicts beside those of the WoT working group's playground.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "format/playground.rs"]
mod playground;

use std::collections::BTreeMap;
use std::path::Path;

use firstlight::format::wot::{self, Endpoint, Fault, Instance, Proof, Protocol, Warning};
use playground::{Document, accepted_by_playground, judge, modules};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Every example that comes with the playground.
fn examples() -> Vec<Document> {
    let root = modules().join("@thing-description-playground/core/examples");
    let mut documents = Vec::new();
    for (kind, folders) in
        [("tds", &["valid", "invalid", "warning", "notValidYet"][..]), ("tms", &["valid", "invalid"])]
    {
        for folder in folders {
            documents.extend(of_folder(&root.join(kind).join(folder), kind == "tms"));
        }
    }
    documents
}

fn of_folder(folder: &Path, is_model: bool) -> Vec<Document> {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let name =
        |path: &Path| format!("{}/{}", folder.file_name().unwrap().display(), path.file_name().unwrap().display());
    let document = |path: &Path| Document { name: name(path), is_model, text: std::fs::read_to_string(path).unwrap() };
    paths.iter().map(|path| document(path)).collect()
}

fn ours(document: &Document) -> Result<Vec<Warning>, Vec<Fault>> {
    let value = wot::read(document.text.as_bytes()).map_err(|fault| vec![fault])?;
    if document.is_model { wot::validate_thing_model(&value) } else { wot::validate_thing_description(&value) }
}

#[test]
fn our_verdict_is_the_playgrounds_on_all_of_its_examples() {
    let documents = examples();
    assert_eq!(documents.len(), 90, "41 + 22 + 6 + 2 descriptions and 13 + 6 models");
    let mut differ = Vec::new();
    for (document, theirs) in documents.iter().zip(judge(&documents)) {
        let ours = ours(document);
        if ours.is_ok() != theirs.accepted {
            differ.push(format!("{}: ours {ours:?}, theirs {theirs:?}", document.name));
        }
        if theirs.accepted && theirs.warned && ours.is_ok_and(|warnings| warnings.is_empty()) {
            differ.push(format!("{}: theirs warns {}", document.name, theirs.why));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

fn model() -> Value {
    json!({
        "@context": [wot::CONTEXT, { "firstlight": wot::NAMESPACE }],
        "@type": wot::THING_MODEL,
        "title": "Meter {{SERIES}}",
        "version": { "model": "1.2.0" },
        "links": [{ "rel": "tm:extends", "href": "urn:a:base", "type": "application/tm+json" }, { "rel": "manual", "href": "https://a.example/{{SERIES}}" }],
        "tm:optional": ["/events/alarm"],
        "properties": {
            "warmth": { "type": "number", "readOnly": true, "observable": true, "unit": "Cel", "maximum": "{{HOTTEST}}", "firstlight:lwm2m": "/3303/0/5700" },
            "limit value": { "type": "integer", "minimum": 0, "maximum": 9 },
            "secret": { "type": "string", "writeOnly": true },
        },
        "actions": { "reset": { "input": { "type": "string" }, "output": { "type": "boolean" }, "uriVariables": { "when": { "type": "string" } } } },
        "events": { "alarm": { "data": { "type": "string" } } },
    })
}

fn description() -> Value {
    let form = json!([{ "href": "https://a.example/a" }]);
    json!({
        "@context": wot::CONTEXT,
        "title": "Meter",
        "securityDefinitions": { "nosec_sc": { "scheme": "nosec" } },
        "security": "nosec_sc",
        "properties": { "a": { "type": "integer", "forms": form } },
        "actions": { "b": { "forms": form } },
        "events": { "c": { "forms": form } },
    })
}

fn changed(mut document: Value, place: &str, with: Value) -> Value {
    let (parent, name) = place.rsplit_once('/').unwrap();
    document.pointer_mut(parent).unwrap()[name] = with;
    document
}

#[test]
fn each_broken_rule_of_a_model_is_told_at_its_place() {
    assert!(wot::validate_thing_model(&model()).is_ok(), "{:?}", wot::validate_thing_model(&model()));
    for (place, with, at) in [
        ("/@type", json!("Thing"), "/@type"),
        ("/@context", json!("https://a.example"), "/@context"),
        ("/@context", json!([wot::CONTEXT, wot::CONTEXT_1_0]), "/@context"),
        ("/title", json!(7), "/title"),
        ("/version", json!({ "instance": "1.0.0" }), "/version/instance"),
        ("/tm:optional", json!(["/properties/none"]), "/tm:optional/0"),
        ("/tm:optional", json!(["/properties/warmth/unit"]), "/tm:optional/0"),
        ("/tm:optional", json!("/properties/warmth"), "/tm:optional"),
        ("/properties/{{NAME}}", json!({}), "/properties/{{NAME}}"),
        ("/properties/warmth/maximum", json!("{HOTTEST}"), "/properties/warmth/maximum"),
        ("/properties/warmth/type", json!("double"), "/properties/warmth/type"),
        ("/properties/warmth/minimum", json!(true), "/properties/warmth/minimum"),
        ("/properties/warmth/enum", json!([]), "/properties/warmth/enum"),
        ("/properties/warmth/enum", json!([1, 1.0]), "/properties/warmth/enum"),
        ("/properties/warmth/multipleOf", json!(0), "/properties/warmth/multipleOf"),
        ("/properties/limit value/minimum", json!(10), "/properties/limit value"),
        ("/properties/limit value/exclusiveMaximum", json!(0), "/properties/limit value"),
        ("/properties/limit value/tm:ref", json!("a b"), "/properties/limit value/tm:ref"),
        ("/properties/secret/maxLength", json!(-1), "/properties/secret/maxLength"),
        ("/properties/secret/items", json!([7]), "/properties/secret/items/0"),
        ("/properties/a~1b", json!([]), "/properties/a~01b"),
        ("/actions/reset/input", json!([]), "/actions/reset/input"),
        ("/actions/reset/forms", json!([]), "/actions/reset/forms"),
        ("/actions/reset/forms", json!([{ "op": "readproperty" }]), "/actions/reset/forms/0/op"),
        ("/forms", json!([{ "op": "invokeaction" }]), "/forms/0/op"),
        ("/links", json!([{ "rel": "a", "href": "b", "sizes": "1x1" }]), "/links/0/sizes"),
        ("/links", json!([{ "rel": "tm:submodel" }]), "/links/0"),
        ("/links", json!([{ "rel": "type", "href": "a" }, { "rel": "type", "href": "b" }]), "/links"),
        ("/links", json!([{ "href": "a", "instanceName": "x" }, { "href": "b", "instanceName": "x" }]), "/links"),
        ("/titles", json!({ "d": "Meter" }), "/titles/d"),
    ] {
        let faults = wot::validate_thing_model(&changed(model(), place, with.clone())).expect_err(place);
        assert!(faults.iter().any(|fault| fault.pointer == at), "{place} {with}: {faults:?}");
    }
}

#[test]
fn each_broken_rule_of_a_description_is_told_at_its_place() {
    assert_eq!(wot::validate_thing_description(&description()), Ok(vec![]));
    let schemes = |scheme: Value| json!({ "nosec_sc": { "scheme": "nosec" }, "x": scheme });
    for (place, with, at) in [
        ("/@type", json!(["a", wot::THING_MODEL]), "/@type"),
        ("/id", json!("no address"), "/id"),
        ("/created", json!("yesterday"), "/created"),
        ("/version", json!({ "model": "1.0.0" }), "/version"),
        ("/security", json!("none_sc"), "/security"),
        ("/security", json!([]), "/security"),
        ("/securityDefinitions", json!({}), "/securityDefinitions"),
        ("/securityDefinitions", schemes(json!({ "scheme": "mine" })), "/securityDefinitions/x/scheme"),
        ("/securityDefinitions", schemes(json!({ "scheme": "basic", "in": "uri" })), "/securityDefinitions/x/in"),
        (
            "/securityDefinitions",
            schemes(json!({ "scheme": "combo", "oneOf": ["nosec_sc", "y"] })),
            "/securityDefinitions/x",
        ),
        (
            "/securityDefinitions",
            schemes(json!({ "scheme": "combo", "allOf": ["nosec_sc", "x"] })),
            "/securityDefinitions/x",
        ),
        ("/securityDefinitions", schemes(json!({ "scheme": "combo" })), "/securityDefinitions/x"),
        ("/properties/a", json!({}), "/properties/a"),
        ("/properties/a/forms", json!([{}]), "/properties/a/forms/0"),
        ("/properties/a/forms", json!([{ "href": "a", "security": "y" }]), "/properties/a/forms/0/security"),
        ("/properties/a/forms", json!([{ "href": "a", "op": [] }]), "/properties/a/forms/0/op"),
        ("/properties/a/forms", json!([{ "href": "a", "response": {} }]), "/properties/a/forms/0/response"),
        (
            "/properties/a/forms",
            json!([{ "href": "a", "additionalResponses": [{ "schema": "y" }] }]),
            "/properties/a/forms/0/additionalResponses/0",
        ),
        ("/properties/a/maximum", json!("{{MOST}}"), "/properties/a/maximum"),
        ("/properties/a/tm:ref", json!("a#/b"), "/properties/a/tm:ref"),
        ("/forms", json!([{ "href": "a" }]), "/forms/0"),
        ("/links", json!([{ "rel": "a" }]), "/links/0"),
        ("/links", json!([{ "rel": "tm:extends", "href": "a" }]), "/links/0/rel"),
        ("/schemaDefinitions", json!({}), "/schemaDefinitions"),
    ] {
        let faults = wot::validate_thing_description(&changed(description(), place, with.clone())).expect_err(place);
        assert!(faults.iter().any(|fault| fault.pointer == at), "{place} {with}: {faults:?}");
    }
}

#[test]
fn what_is_odd_is_warned_of_and_accepted() {
    for (place, with, words) in [
        ("/version", json!({ "model": "1.0" }), "semantic"),
        ("/properties/secret/default", json!(7), "not of the type"),
        ("/properties/secret/minimum", json!(7), "says nothing"),
        ("/properties/secret/readOnly", json!(true), "both"),
        ("/properties/warmth/forms", json!([{}]), "works against readOnly"),
        ("/title", json!("{{some name}}"), "placeholder"),
    ] {
        let warnings = wot::validate_thing_model(&changed(model(), place, with)).unwrap();
        assert!(warnings.iter().any(|warning| warning.words.contains(words)), "{place}: {warnings:?}");
    }
}

#[test]
fn a_document_beyond_the_bounds_is_refused() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(wot::read(nested(wot::DEEPEST).as_bytes()).is_ok());
    assert!(wot::read(nested(wot::DEEPEST + 1).as_bytes()).unwrap_err().words.contains("deeper than 64"));
    assert!(wot::read(nested(300_000).as_bytes()).is_err());
    assert!(wot::read(&vec![b' '; wot::LARGEST + 1]).unwrap_err().words.contains("1048577"));
    assert!(wot::read(br#"{"a": 1, "b": {"c": 1, "c": 2}}"#).unwrap_err().words.contains("\"c\" stands twice"));
    assert!(wot::read(b"{} {}").is_err());
    let mut deep = json!(0);
    for _ in 0..=wot::DEEPEST {
        deep = json!({ "items": deep });
    }
    for verdict in [wot::validate_thing_model(&deep), wot::validate_thing_description(&deep)] {
        assert!(verdict.unwrap_err()[0].words.contains("deeper"));
    }
}

fn instance(protocol: Option<Protocol>, proof: Proof) -> Instance {
    let uri = match protocol {
        Some(Protocol::Http) => "https://meter.example/api/",
        Some(Protocol::Mqtt) => "mqtts://broker.example:8883/meters/7/",
        _ => "coaps://meter.example:5684/",
    };
    Instance {
        id: "urn:dev:ops:32473-meter-7".into(),
        title: "Meter 7".into(),
        version: None,
        endpoint: protocol.map(|protocol| Endpoint { protocol, uri: uri.into() }),
        placeholders: BTreeMap::from([("SERIES".into(), json!("A")), ("HOTTEST".into(), json!(99))]),
        proof,
        model: "urn:firstlight:model:meter:1.2.0".into(),
    }
}

#[test]
fn every_description_of_a_device_is_valid_for_us_and_for_the_playground() {
    let proofs = [
        Proof::None,
        Proof::PreSharedKey { identity: Some("meter-7".into()) },
        Proof::Certificate,
        Proof::Bearer { authorization: Some("https://tokens.example".into()) },
    ];
    let mut documents = Vec::new();
    for protocol in [None, Some(Protocol::Http), Some(Protocol::Mqtt), Some(Protocol::Coap)] {
        for proof in &proofs {
            for placeholders in [true, false] {
                let mut instance = instance(protocol, proof.clone());
                if !placeholders {
                    instance.placeholders.clear();
                }
                let (thing, losses) = wot::describe(&model(), &instance);
                wot::validate_thing_description(&thing).unwrap_or_else(|faults| panic!("{faults:?} {thing}"));
                let unfilled = losses.iter().any(|loss| loss.words.contains("placeholder"));
                assert_eq!(unfilled, !placeholders, "{losses:?}");
                let name = format!("{protocol:?} {proof:?} {placeholders}");
                documents.push(Document { name, is_model: false, text: thing.to_string() });
            }
        }
    }
    accepted_by_playground(&documents);
}

#[test]
fn a_description_says_how_each_affordance_is_reached() {
    let of = |protocol| wot::describe(&model(), &instance(Some(protocol), Proof::None)).0;
    let http = of(Protocol::Http);
    assert_eq!(http["base"], "https://meter.example/api/");
    assert_eq!(http["properties"]["warmth"]["maximum"], 99);
    assert_eq!(http["properties"]["limit value"]["forms"][0]["href"], "properties/limit%20value");
    assert_eq!(http["properties"]["limit value"]["forms"][0]["op"], json!(["readproperty", "writeproperty"]));
    assert_eq!(http["actions"]["reset"]["forms"][0]["href"], "actions/reset{?when}");
    assert_eq!(
        http["links"][0],
        json!({ "rel": "type", "href": "urn:firstlight:model:meter:1.2.0", "type": "application/tm+json" })
    );
    assert_eq!(http["links"].as_array().unwrap().len(), 2, "the model's own parent is not the device's");
    let coap = of(Protocol::Coap);
    assert_eq!(coap["properties"]["warmth"]["forms"][0]["href"], "3303/0/5700");
    assert_eq!(coap["properties"]["warmth"]["forms"][1]["subprotocol"], "cov:observe");
    let mqtt = of(Protocol::Mqtt);
    assert_eq!(mqtt["properties"]["secret"]["forms"][0]["href"], "properties/secret/set");
    assert_eq!(mqtt["properties"]["secret"]["forms"][0]["mqv:controlPacket"], "publish");
}

#[test]
fn what_a_description_cannot_say_is_told() {
    let (thing, losses) = wot::describe(&model(), &instance(None, Proof::Certificate));
    assert!(thing.get("properties").is_none());
    let told =
        |pointer: &str, words: &str| losses.iter().any(|loss| loss.pointer == pointer && loss.words.contains(words));
    assert!(told("/properties/limit value", "no known endpoint"), "{losses:?}");
    assert!(told("/security", "certificates") && told("/version", "no version"), "{losses:?}");
    assert_eq!(wot::describe(&json!(7), &instance(None, Proof::None)).0, Value::Null);
}

fn anything() -> impl Strategy<Value = Value> {
    let names = "@context|@type|title|titles|properties|actions|events|forms|href|op|links|rel|sizes|type|enum|items|oneOf|required|minimum|maximum|version|model|instance|security|securityDefinitions|scheme|tm:optional|tm:ref|uriVariables|\\{\\{A\\}\\}|[a-z/~]{0,3}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "combo|tm:extends|readproperty|\\{\\{[A-Z]{0,2}\\}\\}|/properties/a|.{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((names, inner), 0..6).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_document_makes_a_check_panic(document in anything(), place in any::<prop::sample::Index>()) {
        let names = ["properties", "actions", "events", "links", "forms", "securityDefinitions", "tm:optional", "@context", "version"];
        let hostile = changed(model(), &format!("/{}", names[place.index(names.len())]), document.clone());
        for document in [&document, &hostile] {
            let _ = wot::validate_thing_description(document);
            let _ = wot::validate_thing_model(document);
            let _ = wot::describe(document, &instance(Some(Protocol::Coap), Proof::None));
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = wot::read(&bytes);
    }
}
