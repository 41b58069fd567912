//! Devices and their models, from the request to the store.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::delivery::{Clock, Random};
use crate::fleet::EndpointName;
use crate::fleet::enrolment::{GroupPolicy, Refusal};
use crate::fleet::model::{Instance, Model, ModelRef, ModelRule};
use crate::host::surroundings::OsRandom;
use crate::registry::instances::{Chosen, InstanceRow, InstanceState, ModelChange, ModelJudge, ModelOf};
use crate::registry::models::ModelSource;
use crate::registry::registering::NewInstance;
use crate::registry::{Registry, Scope};

use super::super::desk::{Certified, Desk, Equipment, Issuer};
use super::super::exchange::{Content, Incoming, Registration, Reply};
use super::super::hooks::NoHooks;
use super::super::nothing::Nothing;
use super::choice::{ModelQuestion, Pointed};
use super::files::{ModelFormat, Naming, read_models};
use super::shelf::{Models, Ready};

struct Still;

impl Clock for Still {
    fn now(&self) -> OffsetDateTime {
        time::macros::datetime!(2026-11-21 12:00 UTC)
    }
}

/// Other bytes each time.
#[derive(Default)]
struct Counted(std::sync::atomic::AtomicU64);

impl Random for Counted {
    fn fill(&self, _: &str, bytes: &mut [u8]) {
        let number = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst).to_be_bytes();
        bytes.iter_mut().rev().zip(number.iter().rev()).for_each(|(byte, drawn)| *byte = *drawn);
    }
}

struct Only(Arc<Models>);

impl Issuer for Only {
    fn certify(&self, _: &EndpointName, _: &[u8]) -> Result<Certified, String> {
        Err("no certificates here".to_owned())
    }

    fn servers(&self, _: &EndpointName, _: Option<&[String]>) -> Value {
        json!([])
    }

    fn model(&self, question: &ModelQuestion<'_>) -> Result<Option<NewInstance>, Pointed> {
        self.0.choose(question).map(Some)
    }

    fn models(&self) -> Option<&Arc<Models>> {
        Some(&self.0)
    }
}

pub(in crate::registration) struct World {
    desk: Desk,
    pub(in crate::registration) models: Arc<Models>,
    pub(in crate::registration) registry: Registry,
    token: String,
    _folder: tempfile::TempDir,
}

pub(in crate::registration) const SENSOR_1: &str = "
model: sensor
version: 1.0.0
title: Sensor
instance: {site: {type: string, maxLength: 8}, floor: {type: integer, optional: true}}
";
const SENSOR_1_1: &str = "
model: sensor
version: 1.1.0
title: Sensor
instance:
  site: {type: string, maxLength: 8}
  floor: {type: integer, optional: true}
  room: {type: string, optional: true}
";
pub(in crate::registration) const SENSOR_2: &str = "
model: sensor
version: 2.0.0
title: Sensor
instance: {place: {type: string}}
";
const MIGRATION: &str = "
from: sensor@1
to: sensor@2.0.0
steps:
- rename: {from: /site, to: /place}
- remove: /floor
";

fn read(text: &str) -> (Model, ModelSource) {
    let mut faults = crate::fleet::Faults::default();
    let read = read_models(&"test".into(), text.as_bytes(), ModelFormat::Short, &Naming::default(), &mut faults);
    read.unwrap_or_else(|| panic!("{faults}")).models.remove(0)
}

fn rules(rules: Value) -> Vec<ModelRule> {
    rules.as_array().unwrap().iter().map(|rule| ModelRule::from_json(rule).unwrap()).collect()
}

impl World {
    pub(in crate::registration) fn new(accepted: &Value, declared: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = folder.path().join("r.db");
        let registry = Registry::open(address.to_str().unwrap(), "acme", Arc::new(Still)).unwrap();
        let policy: GroupPolicy = serde_json::from_value(json!({"proofs": ["token"], "models": accepted})).unwrap();
        registry.declare_groups("operator ann", &[("line".to_owned(), policy)].into()).unwrap();
        registry.declare_rules("operator ann", &rules(declared)).unwrap();
        let random = Arc::new(Counted::default());
        let scope = Scope::Group("line".to_owned());
        let (secret, _) = registry.make_token("operator ann", &scope, None, None, &*random).unwrap();
        let token = secret.expose(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
        let mut faults = crate::fleet::Faults::default();
        let migration = crate::fleet::model::Migration::parse(&"m".into(), MIGRATION, &mut faults);
        let migrations = vec![migration.unwrap_or_else(|| panic!("{faults}"))];
        let models = Arc::new(Models::open(registry.clone(), migrations).unwrap());
        let desk = Desk::open(Equipment {
            registry: registry.clone(),
            keys: Arc::new(Nothing),
            issuer: Arc::new(Only(Arc::clone(&models))),
            bundles: Arc::new(Nothing),
            hooks: Arc::new(NoHooks),
            subscriptions: std::collections::BTreeMap::new(),
            root: Vec::new(),
            clock: Arc::new(Still),
            random,
            alarm: Arc::new(|error| panic!("{error}")),
        })
        .unwrap();
        Self { desk, models, registry, token, _folder: folder }
    }

    pub(in crate::registration) fn publish(&self, text: &str) {
        self.models.publish("operator ann", &[read(text)]).unwrap();
    }

    /// A request with a token that is the device's alone.
    fn own(&self, device: &str, method: &str, target: &str, fields: Value) -> Incoming {
        let scope = Scope::Device { group: "line".to_owned(), device: device.to_ascii_lowercase() };
        let (secret, _) = self.registry.make_token("operator ann", &scope, None, None, &OsRandom).unwrap();
        let token = secret.expose(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
        let authorization = Some(Zeroizing::new(format!("Bearer {token}")));
        Incoming { authorization, ..self.incoming(method, target, fields) }
    }

    fn incoming(&self, method: &str, target: &str, fields: Value) -> Incoming {
        let authorization = Some(Zeroizing::new(format!("Bearer {}", self.token)));
        Incoming { fields, authorization, ..Incoming::bare(method, target, IpAddr::V4(Ipv4Addr::LOCALHOST)) }
    }

    fn register(&self, fields: Value) -> Reply {
        let device = fields["id"].as_str().unwrap_or_default().to_owned();
        self.desk.register(self.own(&device, "POST", "/v1/register", fields))
    }

    /// Registers and returns the answer.
    pub(in crate::registration) fn registered(&self, fields: Value) -> Value {
        let reply = self.register(fields);
        let Content::Fields(answer) = reply.content else { panic!("{reply:?}") };
        assert_eq!(reply.status, 201);
        answer
    }

    pub(in crate::registration) fn report(&self, answer: &Value, fields: Value) -> Value {
        let id = answer["registration"].as_str().unwrap();
        let reply = self.desk.report(id, self.own(answer["id"].as_str().unwrap(), "POST", "/r", fields));
        let Content::Fields(answer) = reply.content else { panic!("{reply:?}") };
        answer
    }

    fn instances(&self, id: &str) -> Vec<(InstanceState, String, Chosen)> {
        let rows = self.registry.instances(&EndpointName::new(id).unwrap()).unwrap();
        let said =
            |row: &InstanceRow| (row.state, format!("{}@{}", row.instance.model, row.instance.version), row.chosen);
        rows.iter().map(said).collect()
    }
}

fn refused(reply: &Reply) -> (Refusal, Value) {
    match &reply.content {
        Content::Refused { refusal, more, .. } => (*refusal, more.clone()),
        other => panic!("{other:?}"),
    }
}

use InstanceState::{Current, Former, Proposed};

#[test]
fn a_device_lists_what_it_may_choose_and_gets_what_it_chooses() {
    let world = World::new(&json!({"chosen": ["sensor@1"]}), json!([]));
    world.publish(SENSOR_1);
    world.publish(SENSOR_1_1);
    world.publish(SENSOR_2);
    let reply = world.desk.models(world.incoming("GET", "/v1/register/models?id=gw-1&group=line", Value::Null));
    let Content::Fields(listed) = reply.content else { panic!("{reply:?}") };
    let names: Vec<&str> =
        listed["items"].as_array().unwrap().iter().map(|item| item["ref"].as_str().unwrap()).collect();
    assert_eq!((names, &listed["supplied"]), (vec!["sensor@1.0.0", "sensor@1.1.0"], &json!(false)));
    let answer = world.registered(json!({"id": "gw-1", "model": {"ref": "sensor@1"}, "values": {"site": "hall"}}));
    assert_eq!(answer["model"], json!({"name": "sensor", "version": "1.1.0"}));
    assert_eq!(world.instances("gw-1"), [(Current, "sensor@1.1.0".to_owned(), Chosen::Device)]);
    for (reference, wanted) in [
        ("sensor@2", Refusal::ModelNotAllowed),
        ("sensor", Refusal::ModelNotAllowed),
        ("lamp", Refusal::ModelNotAllowed),
        ("sensor@1.9.0", Refusal::ModelUnknown),
        ("Sensor!", Refusal::ModelUnknown),
    ] {
        let reply = world.register(json!({"id": "gw-2", "model": {"ref": reference}, "values": {"site": "x"}}));
        assert_eq!(refused(&reply).0, wanted, "{reference}");
    }
}

#[test]
fn who_lists_models_must_prove_itself() {
    let world = World::new(&json!({"chosen": ["sensor"]}), json!([]));
    let stranger = |token: &str, target: &str| {
        let authorization = Some(Zeroizing::new(format!("Bearer {token}")));
        let reply = world.desk.models(Incoming { authorization, ..world.incoming("GET", target, Value::Null) });
        refused(&reply).0
    };
    assert_eq!(stranger("wrong", "/v1/register/models?id=gw-1"), Refusal::TokenUnknown);
    for target in ["/m", "/m?id=gw-1&id=gw-2", "/m?id=gw%2", "/m?id=gw-1&x=1"] {
        assert_eq!(stranger("wrong", target), Refusal::MalformedRequest, "{target}");
    }
    world.registry.block("operator ann", &EndpointName::new("gw-1").unwrap(), "lost").unwrap();
    assert_eq!(stranger(&world.token, "/m?id=gw%2D1"), Refusal::DeviceBlocked);
}

#[test]
fn values_that_do_not_fit_are_refused_with_their_places() {
    let world = World::new(&json!({}), json!([{"name": "all", "assign": "sensor@1"}]));
    world.publish(SENSOR_1);
    let reply = world.register(json!({"id": "gw-1", "values": {"site": "far too long", "floor": "up"}}));
    let (refusal, more) = refused(&reply);
    assert_eq!(refusal, Refusal::InstanceInvalid);
    let places: Vec<&str> =
        more["pointers"].as_array().unwrap().iter().map(|each| each["pointer"].as_str().unwrap()).collect();
    assert_eq!(places, ["/values/site", "/values/floor"]);
    assert_eq!(refused(&world.register(json!({"id": "gw-1", "values": []}))).0, Refusal::InstanceInvalid);
    assert_eq!(world.instances("gw-1"), []);
    // A silent device may be known by its attributes.
    let answer = world.registered(json!({"id": "gw-1", "attributes": {"site": "hall", "floor": "1"}}));
    assert_eq!(answer["instance"], json!({"site": "hall"}));
}

#[test]
fn a_model_that_a_device_brings_is_checked_and_its_own() {
    let world = World::new(&json!({"supplied": true}), json!([]));
    world.publish(SENSOR_1);
    let inline = |title: &str| {
        json!({"@context": "https://www.w3.org/2022/wot/td/v1.1", "@type": "tm:ThingModel", "title": title,
               "id": "urn:firstlight:model:own", "version": {"model": "1.0.0"},
               "properties": {"level": {"type": "number"}}})
    };
    let answer = world.registered(json!({"id": "gw-1", "model": {"inline": inline("A")}, "values": {"level": 2}}));
    assert_eq!(answer["model"]["name"], "own");
    assert_eq!(world.instances("gw-1"), [(Current, "own@1.0.0".to_owned(), Chosen::Supplied)]);
    let other = world.register(json!({"id": "gw-2", "model": {"inline": inline("B")}}));
    assert_eq!(refused(&other).0, Refusal::ModelInvalid, "one name, one content");
    let mut wrong = inline("A");
    wrong["properties"]["level"]["type"] = json!("nummer");
    let (refusal, more) = refused(&world.register(json!({"id": "gw-3", "model": {"inline": wrong}})));
    assert_eq!(refusal, Refusal::ModelInvalid);
    assert_eq!(more["pointers"][0]["pointer"], "/model/inline/properties/level/type");
    let mut sensor = inline("A");
    sensor["id"] = json!("urn:firstlight:model:sensor");
    assert_eq!(refused(&world.register(json!({"id": "gw-3", "model": {"inline": sensor}}))).0, Refusal::ModelInvalid);
    let mut opaque = inline("A");
    opaque["id"] = json!("urn:firstlight:model:opaque");
    assert_eq!(refused(&world.register(json!({"id": "gw-3", "model": {"inline": opaque}}))).0, Refusal::ModelInvalid);
    let strict = World::new(&json!({"chosen": ["sensor"]}), json!([]));
    let reply = strict.register(json!({"id": "gw-1", "model": {"inline": inline("A")}}));
    assert_eq!(refused(&reply).0, Refusal::ModelNotAllowed);
}

#[test]
fn the_server_decides_by_rule_then_fallback_then_opaque() {
    let declared = json!([{"name": "new", "assign": "sensor@1.1.0", "when": {"vendor": ["ACME"], "firmware": ">=2"}},
                          {"name": "typed", "assign": "sensor@1.0.0", "when": {"model": ["X-1"]}},
                          {"name": "gone", "assign": "lamp", "when": {"vendor": ["Lux"]}}]);
    let world = World::new(&json!({"fallback": "sensor@1.0.0"}), declared);
    world.publish(SENSOR_1);
    world.publish(SENSOR_1_1);
    let of = |fields: Value| world.registered(fields)["model"]["version"].clone();
    let values = json!({"site": "hall"});
    assert_eq!(of(json!({"id": "a", "vendor": "ACME", "firmware": "2.1", "values": values})), "1.1.0");
    assert_eq!(of(json!({"id": "b", "vendor": "ACME", "firmware": "1.9", "values": values})), "1.0.0");
    // Where devices may not choose, what they say they are is a fact for the rules.
    assert_eq!(of(json!({"id": "c", "model": {"ref": "X-1"}, "values": values})), "1.0.0");
    assert_eq!(world.instances("c")[0].2, Chosen::Rule);
    assert_eq!(of(json!({"id": "d", "vendor": "Lux", "values": values})), "1.0.0", "a missing model locks nobody out");
    let bare = World::new(&json!({}), json!([]));
    let answer = bare.registered(json!({"id": "a", "values": {"anything": 1}}));
    assert_eq!((&answer["model"]["name"], &answer["instance"]), (&json!("opaque"), &json!({"anything": 1})));
    assert_eq!(bare.instances("a"), [(Current, "opaque@1.0.0".to_owned(), Chosen::Fallback)]);
}

#[test]
fn a_firmware_report_migrates_a_minor_version_and_proposes_a_major_one() {
    let declared = json!([{"name": "one", "assign": "sensor@1.0.0", "when": {"firmware": "<2"}},
                          {"name": "two", "assign": "sensor@1.1.0", "when": {"firmware": ">=2 <3"}},
                          {"name": "three", "assign": "sensor@2", "when": {"firmware": ">=3"}}]);
    let world = World::new(&json!({}), declared);
    for text in [SENSOR_1, SENSOR_1_1, SENSOR_2] {
        world.publish(text);
    }
    let values = json!({"site": "hall", "floor": 3});
    let answer = world.registered(json!({"id": "gw-1", "firmware": "1.0", "values": values}));
    assert_eq!(answer["model"]["version"], "1.0.0");
    let told = world.report(&answer, json!({"firmware": "2.0"}));
    assert_eq!(
        (&told["model"]["version"], &told["instance"]),
        (&json!("1.1.0"), &values),
        "the device learns it at once"
    );
    let minor = (Current, "sensor@1.1.0".to_owned(), Chosen::Rule);
    assert_eq!(world.instances("gw-1"), [minor.clone(), (Former, "sensor@1.0.0".to_owned(), Chosen::Rule)]);
    let told = world.report(&answer, json!({"firmware": "3.0"}));
    assert_eq!(told["model"]["version"], "1.1.0", "a major version waits for a person");
    assert_eq!(world.instances("gw-1")[..2], [(Proposed, "sensor@2.0.0".to_owned(), Chosen::Rule), minor.clone()]);
    world.report(&answer, json!({"firmware": "2.5"}));
    assert_eq!(world.instances("gw-1")[0], minor, "what is not wanted any more does not wait");
    world.report(&answer, json!({"firmware": "3.0"}));
    let id = EndpointName::new("gw-1").unwrap();
    let new = world.models.approve("operator ann", &id, None).unwrap();
    assert_eq!(Value::Object(new.values), json!({"place": "hall"}));
    assert_eq!(world.instances("gw-1")[0], (Current, "sensor@2.0.0".to_owned(), Chosen::Rule));
    let former = world.registry.roll_back_model("operator ann", &id).unwrap();
    assert_eq!(Value::Object(former.values), values, "nothing was lost on the way");
    world.report(&answer, json!({"firmware": "3.1"}));
    assert_eq!(world.instances("gw-1")[0].2, Chosen::Hand, "what a person took back stays");
    let whats: Vec<String> =
        world.registry.events(Some("gw-1"), 0, 100).unwrap().into_iter().map(|event| event.what).collect();
    for what in ["model.migrated", "model.proposed", "model.withdrawn", "model.rolled-back"] {
        assert!(whats.iter().any(|noted| noted == what), "{what} in {whats:?}");
    }
}

/// Proposes the same whatever is known.
struct Says(ModelRef);

impl ModelJudge for Says {
    fn judge(&self, _: &ModelOf) -> Option<ModelChange> {
        Some(ModelChange::Propose(self.0.clone(), Chosen::Rule))
    }
}

#[test]
fn without_a_migration_file_a_major_version_is_refused() {
    let declared = json!([{"name": "all", "assign": "lamp"}]);
    let world = World::new(&json!({}), declared);
    world.publish(SENSOR_1);
    let id = EndpointName::new("gw-1").unwrap();
    let answer = world.registered(json!({"id": "gw-1", "values": {"site": "hall"}}));
    assert_eq!(answer["model"]["name"], "opaque");
    let sensor: ModelRef = "sensor@1".parse().unwrap();
    let nothing = world.models.approve("operator ann", &id, None);
    assert!(nothing.unwrap_err().to_string().contains("no model is proposed"));
    world.models.assign_by_hand("operator ann", &id, &sensor, Map::new()).unwrap_err();
    let values = json!({"site": "hall"}).as_object().cloned().unwrap();
    world.models.assign_by_hand("operator ann", &id, &sensor, values).unwrap();
    world.publish("model: lamp\nversion: 1.0.0\ntitle: Lamp\n");
    world.report(&answer, json!({"firmware": "9"}));
    assert_eq!(world.instances("gw-1")[0], (Current, "sensor@1.0.0".to_owned(), Chosen::Hand), "by hand it stays");
    let to: ModelRef = "lamp@1.0.0".parse().unwrap();
    world.registry.change_model("rules", &id, Arc::new(Says(to))).unwrap();
    let refused = world.models.approve("operator ann", &id, None).unwrap_err();
    assert!(refused.to_string().contains("without a migration file"), "{refused}");
}

#[test]
fn an_opaque_device_gets_its_model_once_there_is_one_and_keeps_its_values() {
    let world = World::new(&json!({}), json!([{"name": "all", "assign": "sensor@1"}]));
    let answer = world.registered(json!({"id": "gw-1", "values": {"site": "hall"}}));
    world.registered(json!({"id": "gw-2", "values": {"colour": "red"}}));
    assert_eq!(answer["model"]["name"], "opaque");
    world.publish(SENSOR_1);
    let done = world.models.reassign("operator ann").unwrap();
    assert_eq!((done.looked, done.changed, done.proposed), (2, 1, 1));
    assert_eq!(world.instances("gw-1")[0], (Current, "sensor@1.0.0".to_owned(), Chosen::Rule));
    // Its value would be lost: a person decides.
    assert_eq!(world.instances("gw-2")[0].0, Proposed);
    assert_eq!(world.instances("gw-2")[1].1, "opaque@1.0.0");
    let again = world.models.reassign("operator ann").unwrap();
    assert_eq!((again.changed, again.proposed), (0, 0), "a second look finds nothing to do");
}

#[test]
fn publishing_is_judged_beside_what_is_there() {
    let world = World::new(&json!({}), json!([]));
    world.publish(SENSOR_1_1);
    let refused = |text: &str| world.models.publish("operator ann", &[read(text)]).unwrap_err().to_string();
    let breaking = SENSOR_1_1.replace("1.1.0", "1.2.0").replace("maxLength: 8", "maxLength: 4");
    assert!(refused(&breaking).contains("holds a change that breaks"));
    let between = SENSOR_2.replace("2.0.0", "1.0.5");
    assert!(refused(&between).contains("refusing to publish"), "also against the version after it");
    assert!(refused(&SENSOR_1_1.replace("title: Sensor", "title: Other")).contains("another content"));
    assert!(refused("model: opaque\nversion: 2.0.0\ntitle: O\n").contains("built-in"));
    assert!(refused("model: sub\nversion: 1.0.0\ntitle: S\nextends: nobody@1\n").contains("which is not there"));
    // Together they may name each other, whatever their order.
    let both = [
        read("model: sub\nversion: 1.0.0\ntitle: S\nextends: base@1\n"),
        read("model: base\nversion: 1.0.0\ntitle: B\n"),
    ];
    assert_eq!(world.models.publish("operator ann", &both).unwrap().len(), 2);
}

fn schemas() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(vec!["string", "integer", "number", "boolean"]);
    prop::collection::btree_map(prop::sample::select(vec!["a", "b", "c", "d"]), (kind, any::<bool>()), 0..4).prop_map(
        |map| {
            let required: Vec<&str> = map.iter().filter(|(_, (_, needed))| *needed).map(|(name, _)| *name).collect();
            let properties: Map<String, Value> =
                map.iter().map(|(name, (kind, _))| ((*name).to_owned(), json!({"type": kind}))).collect();
            json!({"type": "object", "properties": properties, "required": required})
        },
    )
}

fn values() -> impl Strategy<Value = Map<String, Value>> {
    let value = prop_oneof![Just(json!("x")), Just(json!(1)), Just(json!(1.5)), Just(json!(true))];
    prop::collection::btree_map(prop::sample::select(vec!["a", "b", "c", "d"]), value, 0..4)
        .prop_map(|map| map.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn canonical(name: &str, version: &str, schema: &Value) -> Model {
    Model::from_canonical(json!({"@type": "tm:ThingModel", "id": format!("urn:firstlight:model:{name}"),
        "version": {"model": version}, "firstlight:instance": schema}))
    .unwrap()
}

proptest! {
    #[test]
    fn a_change_without_a_person_loses_no_value(
        schema in schemas(), values in values(), has in prop::sample::select(vec!["m", "opaque"]),
        name in prop::sample::select(vec!["m", "n"]), version in prop::sample::select(vec!["1.0.0", "1.1.0", "2.0.0"]),
    ) {
        let ready = Ready::of(vec![canonical(name, version, &schema)], rules(json!([{"name": "all", "assign": name}])));
        let instance = Instance { model: has.parse().unwrap(), version: "1.0.0".parse().unwrap(), values: values.clone() };
        let row = InstanceRow {
            device: "gw-1".into(), number: 1, instance, state: Current, chosen: Chosen::Fallback,
            changed: OffsetDateTime::UNIX_EPOCH,
        };
        let known = ModelOf {
            device: EndpointName::new("gw-1").unwrap(), facts: crate::fleet::model::DeviceFacts::default(),
            attributes: std::collections::BTreeMap::new(), current: Some(row), proposed: None,
        };
        if let Some(ModelChange::Assign(new, _) | ModelChange::Migrate(new, _)) = ready.judge(&known) {
            for (name, value) in &values {
                prop_assert_eq!(new.values.get(name), Some(value));
            }
            prop_assert!(new.validate(&canonical(name, version, &schema)).is_ok());
        }
    }
}
