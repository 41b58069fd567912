//! Object definitions of LwM2M: what is read, told, turned into models and back. The files are our own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "format/playground.rs"]
mod playground;

use std::path::{Path, PathBuf};

use firstlight::fleet::Diagnose;
use firstlight::format::ddf::{
    self, DdfError, Import, ObjectDefinition, Operations, Range, ResourceDefinition, ResourceType,
};
use firstlight::format::wot;
use playground::{Document, accepted_by_playground};
use proptest::prelude::*;
use serde_json::{Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format/ddf")
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap()
}

fn import(name: &str) -> Import {
    ddf::read(&file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn files(prefix: &str) -> Vec<String> {
    let names = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.starts_with(prefix)).collect();
    names.sort();
    assert!(!names.is_empty(), "no file begins with {prefix}");
    names
}

fn told(import: &Import, words: &str) -> bool {
    import.notes.iter().any(|note| note.words.contains(words))
}

#[test]
fn a_file_by_the_schema_is_read_without_a_note() {
    for name in files("plain_") {
        assert_eq!(import(&name).notes, [], "{name}");
    }
}

#[test]
fn every_member_of_a_definition_is_read() {
    let object = import("plain_types.xml").objects.remove(0);
    assert_eq!((object.id, object.version.as_str(), object.lwm2m_version.as_str()), (33000, "1.2", "1.1"));
    assert_eq!((object.name.as_str(), object.urn.as_str()), ("Every Type", "urn:oma:lwm2m:x:33000:1.2"));
    assert!(object.multiple && !object.mandatory);
    let kinds: Vec<Option<ResourceType>> = object.resources.iter().map(|resource| resource.kind).collect();
    let all: Vec<Option<ResourceType>> = [
        ResourceType::String,
        ResourceType::Integer,
        ResourceType::UnsignedInteger,
        ResourceType::Float,
        ResourceType::Boolean,
        ResourceType::Opaque,
        ResourceType::Time,
        ResourceType::ObjectLink,
        ResourceType::CoreLink,
    ]
    .into_iter()
    .map(Some)
    .chain([None])
    .collect();
    assert_eq!(kinds, all);
    let warmth = &object.resources[3];
    assert_eq!((warmth.units.as_str(), warmth.mandatory, warmth.operations.letters()), ("Cel", true, "R"));
}

#[test]
fn an_odd_file_is_read_and_what_is_odd_is_told() {
    let order = import("odd_order.xml");
    assert!(told(&order, "\"Operations\" stands after \"Type\""), "{:?}", order.notes);
    assert_eq!((order.objects[0].resources[0].operations.letters(), order.notes[0].line), ("R", 13));
    let strays = import("odd_strays.xml");
    assert!(
        told(&strays, "\"Author\" was passed over") && told(&strays, "\"Note\" was passed over"),
        "{:?}",
        strays.notes
    );
    let numbers = import("odd_numbers.xml");
    assert!(
        told(&numbers, "resource 1 is defined twice") && told(&numbers, "\"70000\"") && told(&numbers, "is missing")
    );
    assert_eq!(numbers.objects[0].resources.len(), 1);
    let words = import("odd_words.xml");
    for part in [
        "\"single\": taken as Single",
        "\"yes\": taken as Optional",
        "\"Double\": taken as String",
        "\"X\": taken as none",
        "executed only",
        "no version",
        "does not name object 33006",
        "is executed and has a value",
    ] {
        assert!(told(&words, part), "{part}: {:?}", words.notes);
    }
    assert_eq!(words.objects[0].resources[0].kind, Some(ResourceType::Integer));
    let short = import("odd_short.xml");
    assert!(told(&short, "without Name") && short.objects[0].name == "Object 33007");
    let latin = import("odd_latin1.xml");
    assert!(told(&latin, "Latin-1") && latin.objects[0].name == "Ger\u{e4}t");
    assert!(told(&import("odd_bom_empty.xml"), "no resource is defined"));
}

#[test]
fn what_is_no_definition_is_refused() {
    let refused = |name: &str| ddf::read(&file(name)).unwrap_err();
    assert!(matches!(refused("refused_doctype.xml"), DdfError::Xml { .. }));
    assert!(matches!(refused("refused_cut.xml"), DdfError::Xml { .. }));
    assert!(matches!(refused("refused_no_number.xml"), DdfError::NoObject { .. }));
    assert_eq!(refused("refused_root.xml"), DdfError::Root { found: "units".into() });
    let large = vec![b' '; ddf::LARGEST + 1];
    let error = ddf::read(&large).unwrap_err();
    assert_eq!(error.to_string(), "the object definition has 1048577 bytes, at most 1048576 are read");
    assert_eq!(error.class().exit_status(), 1);
}

#[test]
fn a_file_full_of_open_elements_or_of_one_element_is_refused() {
    for open in ["<a>", "<a b=\"/>\">", "<!--", "<a b='-->'>"] {
        let deep = open.repeat(ddf::LARGEST / open.len());
        assert!(matches!(ddf::read(deep.as_bytes()), Err(DdfError::Xml { .. })), "{open}");
    }
    let many = format!("<LWM2M>{}</LWM2M>", "<Item/>".repeat(140_000));
    assert!(matches!(ddf::read(many.as_bytes()), Err(DdfError::NoObject { .. })));
}

#[test]
fn what_is_written_reads_the_same() {
    for name in files("plain_").into_iter().chain(files("odd_")) {
        let objects = import(&name).objects;
        let again = ddf::read(ddf::write(&objects).as_bytes()).unwrap();
        assert_eq!(again.objects, objects, "{name}");
    }
}

#[test]
fn what_is_written_for_a_plain_file_brings_no_note() {
    for name in files("plain_") {
        let again = ddf::read(ddf::write(&import(&name).objects).as_bytes()).unwrap();
        assert_eq!(again.notes, [], "{name}");
    }
}

#[test]
fn every_model_of_a_definition_is_valid_for_us_and_for_the_playground() {
    let mut documents = Vec::new();
    for name in files("plain_").into_iter().chain(files("odd_")) {
        for object in import(&name).objects {
            let (model, _) = ddf::to_thing_model(&object);
            wot::validate_thing_model(&model).unwrap_or_else(|faults| panic!("{name}: {faults:?}"));
            documents.push(Document::model(&name, &model));
        }
    }
    accepted_by_playground(&documents);
}

#[test]
fn a_model_says_what_the_definition_says() {
    let (model, losses) = ddf::to_thing_model(&import("plain_types.xml").objects[0]);
    assert_eq!(model["version"], json!({ "model": "1.2.0" }));
    assert_eq!(model["id"], "urn:firstlight:model:lwm2m-33000");
    let warmth = &model["properties"]["warmth"];
    assert_eq!(
        (&warmth["type"], &warmth["unit"], &warmth["readOnly"]),
        (&json!("number"), &json!("Cel"), &json!(true))
    );
    assert_eq!((&warmth["minimum"], &warmth["maximum"]), (&json!(-40.0), &json!(125.0)));
    assert_eq!(warmth["firstlight:lwm2m"], "/33000/0/3");
    assert_eq!(model["properties"]["total"]["maximum"], json!(u64::MAX));
    assert_eq!(model["properties"]["blob"]["maxLength"], 88);
    assert_eq!(model["properties"]["blob"]["writeOnly"], true);
    assert!(model["actions"]["startOver"].is_object());
    let optional = json!(["/properties/neighbour", "/properties/links", "/actions/startOver"]);
    assert_eq!(model["tm:optional"], optional);
    assert!(losses.iter().any(|loss| loss.pointer == "/33000/0/0" && loss.words.contains("bytes")), "{losses:?}");
}

#[test]
fn only_a_range_that_is_clear_limits_a_model_and_the_others_are_told() {
    let (model, losses) = ddf::to_thing_model(&import("plain_ranges.xml").objects[0]);
    let of = |index: usize, name: &str| model["properties"][format!("range{index}")][name].clone();
    assert_eq!((of(1, "minimum"), of(1, "maximum")), (json!(0), json!(255)));
    assert_eq!(of(2, "enum"), json!([1, 2, 3]));
    assert_eq!(of(6, "enum"), json!(["ON", "OFF"]));
    assert_eq!(of(11, "enum"), json!([3]), "3 and 3.0 are one value");
    let unclear: Vec<&str> =
        losses.iter().filter(|loss| loss.words.starts_with("the range")).map(|loss| loss.pointer.as_str()).collect();
    assert_eq!(unclear, ["/33001/0/7", "/33001/0/9", "/33001/0/10"]);
}

#[test]
fn names_for_programs_are_plain_and_differ() {
    let (model, _) = ddf::to_thing_model(&import("plain_multiple.xml").objects[0]);
    let names: Vec<&String> = model["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["voltage", "voltage1", "grE", "resource3dLage", "resource4", "secretKey"]);
    assert_eq!(model["properties"]["voltage"]["items"]["maximum"], 5);
}

#[test]
fn a_definition_comes_back_from_its_model() {
    for name in files("plain_").into_iter().chain(files("odd_")) {
        for mut object in import(&name).objects {
            let (model, _) = ddf::to_thing_model(&object);
            object.resources.sort_by_key(|resource| resource.id);
            assert_eq!(ddf::from_thing_model(&model).unwrap(), (object, vec![]), "{name}");
        }
    }
}

#[test]
fn a_model_that_lacks_our_terms_gives_no_definition() {
    let (model, _) = ddf::to_thing_model(&import("plain_types.xml").objects[0]);
    let broken = |change: &dyn Fn(&mut Value)| {
        let mut model = model.clone();
        change(&mut model);
        ddf::from_thing_model(&model).unwrap_err().to_string()
    };
    let path = "/properties/warmth/firstlight:lwm2m";
    for (place, with) in [
        ("/firstlight:object", json!(null)),
        ("/firstlight:object/id", json!(65536)),
        ("/firstlight:object/multiple", json!("yes")),
        (path, json!("/1/0/3")),
        (path, json!("/33000/0/65536")),
        (path, json!(7)),
        ("/properties/warmth/firstlight:resource/type", json!("Double")),
        ("/properties/warmth/firstlight:resource/operations", json!("Q")),
        ("/properties/warmth", json!([])),
    ] {
        let words = broken(&|model| *model.pointer_mut(place).unwrap() = with.clone());
        assert!(words.contains(place), "{place}: {words}");
    }
    assert!(broken(&|model| model["properties"]["warmth"]["firstlight:lwm2m"] = "/33000/0/0".into()).contains("two"));
    assert!(ddf::from_thing_model(&json!("text")).is_err());
}

#[test]
fn what_a_definition_has_no_room_for_is_told() {
    let (mut model, _) = ddf::to_thing_model(&import("plain_types.xml").objects[0]);
    model["events"] = json!({ "alarm": {} });
    model["properties"]["warmth"]["titles"] = json!({ "en": "Warmth" });
    let (_, losses) = ddf::from_thing_model(&model).unwrap();
    let places: Vec<&str> = losses.iter().map(|loss| loss.pointer.as_str()).collect();
    assert_eq!(places, ["/properties/warmth/titles", "/events"]);
}

fn text() -> impl Strategy<Value = String> {
    // What a reader trims, and what XML has no character for, cannot come back.
    "[ -~\u{e4}\u{4e2d}\u{1f600}\n\t\r]{0,20}".prop_map(|text| text.trim().to_owned())
}

fn definition() -> impl Strategy<Value = ObjectDefinition> {
    let resource = (text(), "[RW]{1,2}|E|", any::<[bool; 2]>(), 0..9_usize, text(), text(), text());
    let resources = proptest::collection::btree_map(any::<u16>(), resource, 1..6);
    (any::<u16>(), text(), text(), any::<[bool; 2]>(), resources).prop_map(
        |(id, name, description, flags, resources)| {
            let resources =
                resources.into_iter().map(|(id, (name, letters, flags, kind, range, units, description))| {
                    let has = |letter| letters.contains(letter);
                    let operations = Operations { read: has('R'), write: has('W'), execute: has('E') };
                    let kind = (!operations.execute).then_some(ResourceType::NAMED[kind].1);
                    ResourceDefinition {
                        id,
                        name: format!("a{name}"),
                        operations,
                        multiple: flags[0],
                        mandatory: flags[1],
                        kind,
                        range: Range::parse(&range, kind),
                        units,
                        description,
                    }
                });
            ObjectDefinition {
                id,
                urn: format!("urn:oma:lwm2m:x:{id}"),
                name: format!("a{name}"),
                description,
                remarks: String::new(),
                version: "1.0".into(),
                lwm2m_version: "1.0".into(),
                multiple: flags[0],
                mandatory: flags[1],
                resources: resources.collect(),
            }
        },
    )
}

proptest! {
    #[test]
    fn any_definition_survives_xml_and_the_model(object in definition()) {
        let again = ddf::read(ddf::write(std::slice::from_ref(&object)).as_bytes()).unwrap();
        prop_assert_eq!(&again.objects[0], &object);
        let (model, _) = ddf::to_thing_model(&object);
        prop_assert!(wot::validate_thing_model(&model).is_ok(), "{:?}", wot::validate_thing_model(&model));
        prop_assert_eq!(ddf::from_thing_model(&model).unwrap().0, object);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = ddf::read(&bytes);
    }

    #[test]
    fn no_change_of_a_file_makes_the_reader_panic(at in any::<prop::sample::Index>(), with in "[<>&/=\" a-zA-Z0-9!\\[\\]-]{0,9}", cut in 0..40_usize) {
        for name in files("plain_") {
            let mut bytes = file(&name);
            let from = at.index(bytes.len());
            let to = (from + cut).min(bytes.len());
            bytes.splice(from..to, with.bytes());
            if let Ok(import) = ddf::read(&bytes) {
                for object in import.objects {
                    let (model, _) = ddf::to_thing_model(&object);
                    prop_assert!(wot::validate_thing_model(&model).is_ok());
                }
            }
        }
    }
}
