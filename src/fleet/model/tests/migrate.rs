use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::model;
use crate::fleet::Faults;
use crate::fleet::Place;
use crate::fleet::model::{
    DeviceFacts, Instance, Migration, MigrationError, Model, ModelRule, Reevaluation, RuleCondition, migrate_minor,
    reevaluate,
};

const OLD: &str = "
model: sensor
version: 1.2.0
instance:
  site: {type: string}
  limit: {type: number}
  mode: {type: string, enum: ['on', 'off']}
  junk: {type: string, optional: true}
";
const NEW: &str = "
model: sensor
version: 2.0.0
instance:
  place: {type: object, properties: {name: {type: string}, floor: {type: integer}}}
  limit: {type: integer, maximum: 250}
  mode: {type: string, enum: [active, idle]}
  old-site: {type: string, optional: true}
";
const UP: &str = "
from: sensor@1.x
to: sensor@2.0.0
steps:
  - rename: {from: /site, to: /place/name}
  - default: {at: /place/floor, value: 0}
  - copy: {from: /site, to: /old-site}
  - convert: {at: /limit, from: Cel, to: degF, round: true}
  - map: {at: /mode, values: {'on': active, 'off': idle}}
  - remove: /junk
";
const DOWN: &str = "
from: sensor@2
to: sensor@1.2.0
steps:
  - rename: {from: /place/name, to: /site}
  - remove: /place
  - remove: /old-site
  - convert: {at: /limit, from: degF, to: Cel, round: true}
  - map: {at: /mode, values: {active: 'on', idle: 'off'}}
";

fn migration(text: &str) -> Migration {
    let mut faults = Faults::default();
    Migration::parse(&Arc::from("up.yaml"), text, &mut faults).unwrap_or_else(|| panic!("{faults}"))
}

fn faults(text: &str) -> Vec<String> {
    let mut faults = Faults::default();
    assert!(Migration::parse(&Arc::from("up.yaml"), text, &mut faults).is_none());
    faults.0.iter().map(|fault| format!("{}: {}", fault.place, fault.message)).collect()
}

fn values(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

fn old() -> Instance {
    Instance::of(&model(OLD), values(json!({"site": "hall", "limit": 100, "mode": "on", "junk": "x"}))).expect("valid")
}

#[test]
fn an_instance_goes_up_and_comes_back() {
    let up = migration(UP).apply(&old(), &model(NEW)).expect("migrated");
    assert_eq!(
        Value::Object(up.values.clone()),
        json!({"limit": 212, "mode": "active", "place": {"name": "hall", "floor": 0}, "old-site": "hall"})
    );
    let down = migration(DOWN).apply(&up, &model(OLD)).expect("migrated back");
    assert_eq!(Value::Object(down.values), json!({"limit": 100, "mode": "on", "site": "hall"}));
}

#[test]
fn a_step_that_does_not_fit_is_named() {
    for (change, step) in [
        (("copy: {from: /site, to: /old-site}", "rename: {from: /mode, to: /limit}"), 3),
        (("'on': active, ", ""), 5),
        (("/limit, from: Cel, to: degF", "/place/name, scale: 2"), 4),
        (("/place/floor, value: 0", "/limit/x/y, value: 0"), 2),
    ] {
        let text = UP.replace(change.0, change.1);
        match migration(&text).apply(&old(), &model(NEW)) {
            Err(MigrationError::Step { step: found, .. }) => assert_eq!(found, step, "{text}"),
            other => panic!("{other:?}"),
        }
    }
    let hot = Instance { values: values(json!({"site": "hall", "limit": 900, "mode": "on"})), ..old() };
    assert!(matches!(migration(UP).apply(&hot, &model(NEW)), Err(MigrationError::Invalid { .. })));
    assert!(matches!(migration(DOWN).apply(&old(), &model(OLD)), Err(MigrationError::OtherSource { .. })));
    assert!(matches!(migration(UP).apply(&old(), &model(OLD)), Err(MigrationError::OtherTarget { .. })));
}

#[test]
fn every_fault_of_a_migration_has_its_place() {
    let found = faults(
        "from: sensor@^1
to: sensor@2
steps:
  - {rename: {from: /a, to: /a/b}}
  - {convert: {at: /a, from: Cel, to: bar}}
  - {convert: {at: /a, from: Cel, to: K, scale: 2}}
  - {convert: {at: /a, scale: 0}}
  - {remove: a}
  - {remove: /a, default: {at: /b, value: 1}}
  - {map: {at: /a, values: {}}}
  - {remove: /a~2}
",
    );
    let lines: Vec<&str> = found.iter().filter_map(|fault| fault.split(':').nth(1)).collect();
    assert_eq!(lines, ["1", "2", "4", "5", "6", "7", "8", "9", "10", "11"], "{found:#?}");
    let many = format!("from: a@1\nto: a@2.0.0\nsteps:\n{}", "  - remove: /a\n".repeat(257));
    assert_eq!(faults(&many), ["up.yaml:3:1: the migration has 257 steps, at most 256 are allowed"]);
}

#[test]
fn nesting_does_not_grow_beyond_the_bound() {
    let deep = "/x".repeat(16);
    let steps = (0..8)
        .map(|index| {
            format!("  - rename: {{from: /{}, to: /{}{deep}}}\n", ["a", "b"][index % 2], ["b", "a"][index % 2])
        })
        .collect::<Vec<String>>()
        .concat();
    let text = format!("from: sensor@1\nto: sensor@2.0.0\nsteps:\n  - copy: {{from: /site, to: /a}}\n{steps}");
    // A pointer has at most 16 segments, this one has 17.
    assert!(!faults(&text).is_empty());
    let text = text.replace(&deep, &"/x".repeat(15));
    assert!(matches!(migration(&text).apply(&old(), &model(NEW)), Err(MigrationError::Step { .. })));
}

#[test]
fn a_report_keeps_moves_or_asks() {
    let shelf: Vec<Arc<Model>> = ["1.0.0", "1.2.0", "2.0.0"]
        .map(|version| Arc::new(model(&format!("model: sensor\nversion: {version}"))))
        .to_vec();
    let rule = |name: &str, firmware: &str, assign: &str| ModelRule {
        name: name.to_owned(),
        place: Place::new(&Arc::from("fleet.yaml"), 1, 1),
        priority: 0,
        when: RuleCondition { firmware: Some(firmware.parse().expect("a range")), ..RuleCondition::default() },
        assign: assign.parse().expect("a reference"),
    };
    let rules = [
        rule("one", "1.x", "sensor@1"),
        rule("two", "2.x", "sensor@2"),
        rule("four", "4.x", "sensor@4"),
        rule("both", "5.x", "a"),
        rule("of", "5.x", "b"),
    ];
    let name = shelf[0].name().clone();
    let seen = |firmware: &str, current: Option<&str>| {
        let facts = DeviceFacts { firmware: Some(firmware.to_owned()), ..DeviceFacts::default() };
        let current = current.map(|version| (&name, version.parse().expect("a version")));
        match reevaluate(&rules, &facts, current, &shelf) {
            Reevaluation::Keep => "keep".to_owned(),
            Reevaluation::Assign { to } => format!("assign {to}"),
            Reevaluation::Minor { to } => format!("minor {to}"),
            Reevaluation::Major { to, needs } => format!("major {to} from {}", needs.from),
            Reevaluation::Ambiguous { names } => format!("ambiguous {}", names.join(" ")),
            Reevaluation::Missing { model } => format!("missing {model}"),
        }
    };
    assert_eq!(seen("1.5", None), "assign sensor@1.2.0");
    assert_eq!(seen("1.5", Some("1.2.0")), "keep");
    assert_eq!(seen("1.5", Some("1.0.0")), "minor sensor@1.2.0");
    assert_eq!(seen("2.0", Some("1.2.0")), "major sensor@2.0.0 from sensor@1.2.0");
    assert_eq!(seen("1.5", Some("2.0.0")), "major sensor@1.2.0 from sensor@2.0.0");
    assert_eq!(seen("1.5", Some("1.3.0")), "major sensor@1.2.0 from sensor@1.3.0");
    assert_eq!(seen("3.0", Some("1.2.0")), "keep");
    assert_eq!(seen("4.0", Some("1.2.0")), "missing sensor@4");
    assert_eq!(seen("5.0", Some("1.2.0")), "ambiguous both of");
}

#[test]
fn a_minor_step_keeps_the_values_and_a_major_one_is_refused() {
    let newer = model(&OLD.replace("1.2.0", "1.3.0"));
    let moved = migrate_minor(&old(), &newer).expect("moved");
    assert_eq!((moved.version, &moved.values), (newer.version(), &old().values));
    assert!(matches!(migrate_minor(&old(), &model(NEW)), Err(MigrationError::NotMinor { .. })));
}
