//! Models drawn at random: reading and writing is stable, nothing panics.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::read;
use crate::fleet::Faults;
use crate::fleet::model::{Instance, Migration, Model, canonical_bytes, diff, fill, render, resolve};

/// A data schema, up to `depth` levels of objects and lists.
pub(super) fn schema(depth: u32) -> BoxedStrategy<Value> {
    let number = (prop::bool::ANY, prop::option::of(-9i64..4), prop::option::of(4i64..20), prop::option::of(1i64..4));
    let number = number.prop_map(|(whole, least, most, step)| {
        let mut schema = json!({"type": if whole { "integer" } else { "number" }});
        for (term, bound) in [("minimum", least), ("maximum", most), ("multipleOf", step)] {
            if let Some(bound) = bound {
                schema[term] = json!(bound);
            }
        }
        schema
    });
    let text = (prop::option::of(0u32..3), prop::option::of(3u32..6)).prop_map(|(least, most)| {
        let mut schema = json!({"type": "string"});
        for (term, bound) in [("minLength", least), ("maxLength", most)] {
            if let Some(bound) = bound {
                schema[term] = json!(bound);
            }
        }
        schema
    });
    let words = prop::collection::btree_set("[a-d]", 1..4).prop_map(|words| json!({"enum": words}));
    let flat = prop_oneof![number, text, words, Just(json!({"type": "boolean"}))];
    if depth == 0 {
        return flat.boxed();
    }
    let object = prop::collection::btree_map("[a-c]", (schema(depth - 1), prop::bool::ANY), 0..3).prop_map(|fields| {
        let required: Vec<&String> = fields.iter().filter(|(_, (_, must))| *must).map(|(name, _)| name).collect();
        let mut object = json!({"type": "object"});
        let named: Map<String, Value> =
            fields.iter().map(|(name, (schema, _))| (name.clone(), schema.clone())).collect();
        object["properties"] = Value::Object(named);
        if !required.is_empty() {
            object["required"] = json!(required);
        }
        object
    });
    let list = (schema(depth - 1), prop::option::of(1u32..4)).prop_map(|(items, most)| {
        let mut list = json!({"type": "array", "items": items});
        if let Some(most) = most {
            list["maxItems"] = json!(most);
        }
        list
    });
    prop_oneof![3 => flat, 1 => object, 1 => list].boxed()
}

/// A canonical model whose short form loses nothing.
fn canonical() -> impl Strategy<Value = Value> {
    let instance = prop::collection::btree_map("[a-c]", (schema(1), prop::bool::ANY), 0..3);
    let properties = prop::collection::btree_map("[m-p]", (schema(2), prop::bool::ANY), 0..4);
    let events = prop::collection::btree_map("[x-z]", schema(1), 0..3);
    ("\\PC{1,20}", instance, properties, events).prop_map(|(title, instance, properties, events)| {
        let mut model = super::model("model: drawn\nversion: 1.0.0").canonical().clone();
        model["title"] = json!(title);
        if !instance.is_empty() {
            let required: Vec<&String> = instance.iter().filter(|(_, (_, must))| *must).map(|(name, _)| name).collect();
            let named: Map<String, Value> =
                instance.iter().map(|(name, (schema, _))| (name.clone(), schema.clone())).collect();
            model["firstlight:instance"] = json!({"type": "object", "properties": named});
            if !required.is_empty() {
                model["firstlight:instance"]["required"] = json!(required);
            }
        }
        let mut absent = Vec::new();
        for (name, (schema, optional)) in properties {
            // A property wants its type said.
            let mut schema = schema;
            if schema.get("type").is_none() {
                schema["type"] = json!("string");
            }
            if optional {
                absent.push(format!("/properties/{name}"));
            }
            model["properties"][name] = schema;
        }
        for (name, data) in events {
            model["events"][name] = json!({"data": data});
        }
        if !absent.is_empty() {
            model["tm:optional"] = json!(absent);
        }
        model
    })
}

/// Any JSON, with the words of models in it.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
        prop::sample::select(vec!["{{a}}", "tm:extends", "/properties/a", "integer", "urn:firstlight:model:a@1", "("])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let key = prop::sample::select(vec![
            "properties",
            "actions",
            "events",
            "links",
            "rel",
            "href",
            "tm:optional",
            "firstlight:instance",
            "required",
            "type",
            "minimum",
            "exclusiveMaximum",
            "enum",
            "items",
            "oneOf",
            "multipleOf",
            "a",
            "data",
            "input",
            "unit",
            "uriVariables",
            "readOnly",
            "firstlight:lwm2m",
            "firstlight:firmware",
            "title",
            "pattern",
            "maxItems",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..5).prop_map(|entries| {
                entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>().into()
            }),
        ]
    })
}

fn wild(parts: Value) -> Option<Model> {
    let mut canonical = super::model("model: wild\nversion: 1.0.0").canonical().clone();
    for (key, value) in parts.as_object()? {
        canonical[key] = value.clone();
    }
    Model::from_canonical(canonical).ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn yaml_to_canonical_and_back_is_stable(canonical in canonical()) {
        let rendered = render(&canonical);
        prop_assert_eq!(&rendered.lost, &Vec::<String>::new(), "{}", rendered.text);
        let again = read(&rendered.text).expect("it was read before");
        prop_assert_eq!(canonical_bytes(again.canonical()), canonical_bytes(&canonical));
        prop_assert_eq!(render(again.canonical()).text, rendered.text);
    }

    #[test]
    fn a_model_differs_in_nothing_from_itself(canonical in canonical()) {
        let model = Model::from_canonical(canonical).expect("a model");
        prop_assert!(diff(&model, &model).is_empty());
    }

    #[test]
    fn no_model_panics(a in any_json(), b in any_json(), values in any_json()) {
        let values = values.as_object().cloned().unwrap_or_default();
        let shelf: Vec<Arc<Model>> = [&a, &b].into_iter().filter_map(|parts| wild(parts.clone())).map(Arc::new).collect();
        for model in &shelf {
            prop_assert!(diff(model, model).is_empty());
            for other in &shelf {
                let _ = diff(model, other);
            }
            let rendered = render(model.canonical());
            if let Ok(again) = read(&rendered.text) {
                prop_assert_eq!(rendered.lost.is_empty(), again.canonical() == model.canonical() || rendered.lost.is_empty());
            }
            let _ = resolve(model, &shelf);
            let _ = fill(model.canonical(), &values);
            let _ = Instance::of(model, values.clone());
        }
    }

    #[test]
    fn no_text_panics(text in "(model|version|steps|properties|from|to|: |- |\\{|\\}|\\[|\\]|\n|  |sensor@1|1\\.2\\.0|\\PC){0,40}") {
        let _ = read(&text);
        let mut faults = Faults::default();
        let migration = Migration::parse(&Arc::from("m.yaml"), &text, &mut faults);
        prop_assert_eq!(migration.is_some(), faults.is_empty());
    }
}
