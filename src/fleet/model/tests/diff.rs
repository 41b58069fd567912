//! Changes and the gate; the gate against an oracle that knows nothing of changes, only of values.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::model;
use super::stable::schema;
use crate::fleet::model::{Change, ChangeKind, GateError, Instance, Model, diff, gate};

fn with(version: &str, rest: &str) -> Model {
    model(&format!("model: m\nversion: {version}\n{rest}"))
}

fn changes(old: &str, new: &str) -> Vec<(String, ChangeKind, bool)> {
    let found = diff(&with("1.0.0", old), &with("1.1.0", new));
    found.changes.into_iter().map(|Change { path, kind, breaking, .. }| (path, kind, breaking)).collect()
}

#[test]
fn every_change_has_its_kind_and_breaks_or_not() {
    use ChangeKind::{Added, Changed, Narrowed, Removed, Widened, Words};
    let p = |inner: &str| format!("properties: {{a: {{type: integer, {inner}}}}}");
    let input = |inner: &str| format!("actions: {{a: {{input: {{{inner}}}}}}}");
    let data = |inner: &str| format!("events: {{a: {{data: {{{inner}}}}}}}");
    for (old, new, path, kind, breaking) in [
        (p("title: x"), p("title: y"), "/properties/a/title", Words, false),
        (p("unit: Cel"), p("unit: degC"), "/properties/a/unit", Words, false),
        (p("unit: Cel"), p("unit: degF"), "/properties/a/unit", Changed, true),
        (p(""), p("unit: Cel"), "/properties/a/unit", Added, false),
        (p("minimum: 1"), p("minimum: 2"), "/properties/a/minimum", Narrowed, true),
        (p("minimum: 1"), p("minimum: 0"), "/properties/a/minimum", Widened, false),
        (p("minimum: 1"), p("exclusiveMinimum: 1"), "/properties/a/minimum", Narrowed, true),
        (p("maximum: 9"), p(""), "/properties/a/maximum", Widened, false),
        (p(""), p("maximum: 9"), "/properties/a/maximum", Narrowed, true),
        (p("multipleOf: 2"), p("multipleOf: 4"), "/properties/a/multipleOf", Narrowed, true),
        (p("multipleOf: 4"), p("multipleOf: 2"), "/properties/a/multipleOf", Widened, false),
        (p("multipleOf: 4"), p("multipleOf: 3"), "/properties/a/multipleOf", Changed, true),
        (p("enum: [1, 2]"), p("enum: [1]"), "/properties/a/enum", Narrowed, true),
        (p("enum: [1]"), p("enum: [1, 2]"), "/properties/a/enum", Widened, false),
        (p(""), "properties: {a: {type: number}}".to_owned(), "/properties/a/type", Widened, false),
        (p(""), "properties: {a: {type: string}}".to_owned(), "/properties/a/type", Changed, true),
        (p(""), p("access: r"), "/properties/a/readOnly", Narrowed, true),
        (p("access: r"), p("access: rw"), "/properties/a/readOnly", Widened, false),
        (p("observe: true"), p(""), "/properties/a/observable", Narrowed, true),
        (p("default: 1"), p("default: 2"), "/properties/a/default", Changed, false),
        (p(""), p("optional: true"), "/properties/a", Widened, true),
        (p("optional: true"), p(""), "/properties/a", Narrowed, false),
        (p("lwm2m: /3303/0/5700"), p("lwm2m: /3303/0/5701"), "/properties/a/firstlight:lwm2m", Changed, true),
        (p(""), p("firmware: '>=2'"), "/properties/a/firstlight:firmware", Added, true),
        (p("firmware: '>=2'"), p(""), "/properties/a/firstlight:firmware", Removed, false),
        (p(""), String::new(), "/properties/a", Removed, true),
        (String::new(), p(""), "/properties/a", Added, false),
        (input("maximum: 9"), input("maximum: 8"), "/actions/a/input/maximum", Narrowed, true),
        (input("maximum: 8"), input("maximum: 9"), "/actions/a/input/maximum", Widened, false),
        (data("maximum: 9"), data("maximum: 8"), "/events/a/data/maximum", Narrowed, false),
        (data("maximum: 8"), data("maximum: 9"), "/events/a/data/maximum", Widened, true),
        ("actions: {a: {}}".to_owned(), input(""), "/actions/a/input", Added, true),
        (data(""), "events: {a: {}}".to_owned(), "/events/a/data", Removed, true),
        ("submodels: {b: b@1}".to_owned(), "submodels: {b: b@1.2.0}".to_owned(), "/links", Changed, false),
        ("submodels: {b: b@1}".to_owned(), "submodels: {b: b@2}".to_owned(), "/links", Changed, true),
        ("submodels: {b: b@1}".to_owned(), String::new(), "/links", Removed, true),
    ] {
        assert_eq!(changes(&old, &new), [(path.to_owned(), kind, breaking)], "{old} to {new}");
    }
}

#[test]
fn a_new_value_that_every_instance_must_have_breaks() {
    let old = with("1.0.0", "instance: {a: {type: string}}");
    let optional = with("1.1.0", "instance: {a: {type: string}, b: {type: string, optional: true}}");
    let required = with("1.1.0", "instance: {a: {type: string}, b: {type: string}}");
    assert_eq!(gate(&old, &optional), Ok(()));
    assert!(matches!(gate(&old, &required).as_ref().map_err(Vec::as_slice), Err([GateError::Breaking { .. }])));
    let first = with("1.1.0", "instance: {a: {type: string}}");
    assert!(gate(&with("1.0.0", ""), &first).is_err());
}

#[test]
fn a_patch_changes_words_only_and_a_major_version_anything() {
    let old = with("1.0.0", "title: x\nproperties: {a: {type: string}}");
    assert_eq!(gate(&old, &with("1.0.1", "title: y\nproperties: {a: {type: string}}")), Ok(()));
    let wider = "title: x\nproperties: {a: {type: string}, b: {type: string}}";
    assert!(matches!(
        gate(&old, &with("1.0.1", wider)).as_ref().map_err(Vec::as_slice),
        Err([GateError::MoreThanWords { .. }])
    ));
    assert_eq!(gate(&old, &with("1.1.0", wider)), Ok(()));
    assert_eq!(gate(&old, &with("2.0.0", "")), Ok(()));
    for version in ["1.0.0", "0.9.0"] {
        let same = with(version, "title: x\nproperties: {a: {type: string}}");
        assert!(matches!(gate(&old, &same).as_ref().map_err(Vec::as_slice), Err([GateError::NotNewer { .. }])));
    }
    let other = model("model: n\nversion: 1.1.0");
    assert!(matches!(gate(&old, &other).as_ref().map_err(Vec::as_slice), Err([GateError::OtherModel { .. }])));
}

#[test]
fn what_is_not_understood_breaks() {
    let mut canonical = with("1.0.0", "properties: {a: {type: string}}").canonical().clone();
    canonical["properties"]["a"]["ex:secret"] = json!(1);
    canonical["security"] = json!("nosec");
    let old = Model::from_canonical(canonical).expect("a model");
    let found = diff(&old, &with("1.1.0", "properties: {a: {type: string}}"));
    let paths: Vec<&str> = found.changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(paths, ["/properties/a/ex:secret", "/security"]);
    assert!(found.changes.iter().all(|change| change.breaking));
}

/// A schema and a slightly changed one: two draws alone would hardly ever pass the gate.
fn pair() -> impl Strategy<Value = (Value, Value)> {
    let change = prop_oneof![
        (prop::sample::select(vec!["minimum", "maximum", "multipleOf", "minLength", "maxLength", "maxItems"]), 0u32..8)
            .prop_map(|(term, number)| (term, if term == "multipleOf" { json!(number + 1) } else { json!(number) })),
        Just(("type", json!("number"))),
        Just(("type", json!("integer"))),
        prop::collection::vec("[a-d]", 1..4).prop_map(|words| ("enum", json!(words))),
        Just(("required", json!(["a"]))),
        Just(("required", Value::Null)),
        Just(("minimum", Value::Null)),
        Just(("maximum", Value::Null)),
        Just(("enum", Value::Null)),
        Just(("items", json!({"type": "integer"}))),
        schema(0).prop_map(|field| ("properties", json!({"a": field}))),
    ];
    (schema(2), prop::collection::vec(change, 0..3)).prop_map(|(old, edits)| {
        let mut new = old.clone();
        for (term, value) in edits {
            let map = new.as_object_mut().expect("a schema is an object");
            if value.is_null() {
                map.shift_remove(term);
            } else {
                map.insert(term.to_owned(), value);
            }
        }
        (old, new)
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        3 => (-10i64..21).prop_map(Value::from),
        1 => (-40i32..80).prop_map(|number| json!(f64::from(number) / 4.0)),
        3 => "[a-d]{0,6}".prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c]", inner, 0..3)
                .prop_map(|map| map.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

fn with_schema(version: &str, schema: &Value, kind: &str) -> Model {
    let mut canonical = with(version, "").canonical().clone();
    match kind {
        "instance" => canonical["firstlight:instance"] = json!({"type": "object", "properties": {"v": schema}}),
        "event" => canonical["events"] = json!({"v": {"data": schema}}),
        _ => canonical["properties"] = json!({"v": schema}),
    }
    Model::from_canonical(canonical).expect("a model")
}

/// The oracle asks `jsonschema`, which shares no line with the rules here. Objects are closed there as they are here.
fn valid(schema: &Value, value: &Value) -> bool {
    fn closed(schema: &Value) -> Value {
        let mut closed_one = schema.clone();
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            closed_one["additionalProperties"] = json!(false);
            closed_one["properties"] =
                properties.iter().map(|(name, schema)| (name.clone(), closed(schema))).collect::<Map<_, _>>().into();
        }
        if let Some(items) = schema.get("items") {
            closed_one["items"] = closed(items);
        }
        closed_one
    }
    jsonschema::draft202012::new(&closed(schema)).expect("a schema").is_valid(value)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn our_validator_agrees_with_another(pair in pair(), value in value()) {
        let model = with_schema("1.0.0", &pair.1, "instance");
        let values = Map::from_iter([("v".to_owned(), value.clone())]);
        prop_assert_eq!(Instance::of(&model, values).is_ok(), valid(&pair.1, &value), "{} in {}", value, pair.1);
    }

    #[test]
    fn what_was_valid_stays_valid_in_a_minor_version(pair in pair(), values in prop::collection::vec(value(), 1..40)) {
        for kind in ["instance", "property"] {
            if gate(&with_schema("1.0.0", &pair.0, kind), &with_schema("1.1.0", &pair.1, kind)).is_ok() {
                for value in &values {
                    prop_assert!(!valid(&pair.0, value) || valid(&pair.1, value), "{} was in {}, is not in {}", value, pair.0, pair.1);
                }
            }
        }
    }

    #[test]
    fn what_can_come_in_a_minor_version_could_come_before(pair in pair(), values in prop::collection::vec(value(), 1..40)) {
        // A new field is passed over by who reads: the old schema is open for the fields that it does not name.
        let named = |schema: &Value| schema.get("properties").is_some();
        if named(&pair.0) || named(&pair.1) {
            return Ok(());
        }
        if gate(&with_schema("1.0.0", &pair.0, "event"), &with_schema("1.1.0", &pair.1, "event")).is_ok() {
            for value in &values {
                prop_assert!(!valid(&pair.1, value) || valid(&pair.0, value), "{} is in {}, was not in {}", value, pair.1, pair.0);
            }
        }
    }
}
