use std::sync::Arc;

use crate::fleet::model::{Assignment, DeviceFacts, ModelRule, ModelsSpec, ObjectVersion, assign, explain};
use crate::fleet::{Faults, FleetFile};

const HEAD: &str = "version: 1\nfleet: f\ninventory: i.csv\nauthority: {demo: true}\nprofiles: {p: {}}\n";

fn section(text: &str) -> (ModelsSpec, Vec<String>) {
    let mut faults = Faults::default();
    let before = {
        let mut faults = Faults::default();
        FleetFile::parse(&Arc::from("fleet.yaml"), HEAD, &mut faults);
        faults
    };
    let file = FleetFile::parse(&Arc::from("fleet.yaml"), &format!("{HEAD}models:\n{text}"), &mut faults);
    let own = faults.0.into_iter().filter(|fault| !before.0.contains(fault));
    let lines = own.map(|fault| format!("{}: {}", fault.place, fault.message)).collect();
    (file.expect("a mapping").models, lines)
}

fn rules(text: &str) -> Vec<ModelRule> {
    let (spec, faults) = section(text);
    assert_eq!(faults, Vec::<String>::new());
    spec.rules
}

const RULES: &str = r#"
  folder: models/
  rules:
    - {name: any-acme, when: {vendor: [ACME, "Acme*"]}, assign: acme}
    - name: new-acme
      priority: 10
      when:
        vendor: ACME
        hardware: [2, "2.1"]
        firmware: ">=1.4 <2"
        serial: {prefix: "A-", from: 100, to: 199}
        objects: [3, 3303/1.1]
      assign: acme@2
"#;

fn acme() -> DeviceFacts {
    DeviceFacts {
        vendor: Some("ACME".to_owned()),
        hardware: Some("2.1".to_owned()),
        firmware: Some("v1.4.2".to_owned()),
        serial: Some("A-0150".to_owned()),
        objects: ["3", "3303/1.2"].map(|text| text.parse().expect("an object")).to_vec(),
        ..DeviceFacts::default()
    }
}

fn assigned(rules: &[ModelRule], facts: &DeviceFacts) -> String {
    match assign(rules, facts) {
        Assignment::Rule { name, assign } => format!("{name}: {assign}"),
        Assignment::Fallback => "fallback".to_owned(),
        Assignment::Ambiguous { names } => format!("ambiguous: {}", names.join(" ")),
    }
}

#[test]
fn the_fitting_rule_with_the_greatest_priority_decides() {
    let rules = rules(RULES);
    assert_eq!(assigned(&rules, &acme()), "new-acme: acme@2");
    assert_eq!(assigned(&rules, &DeviceFacts { vendor: Some("Acme Ltd".to_owned()), ..acme() }), "any-acme: acme");
    assert_eq!(assigned(&rules, &DeviceFacts { vendor: Some("acme".to_owned()), ..acme() }), "fallback");
    assert_eq!(assigned(&rules, &DeviceFacts::default()), "fallback");
}

#[test]
fn every_condition_decides() {
    let rules = rules(RULES);
    let text = |text: &str| Some(text.to_owned());
    let objects =
        |texts: &[&str]| -> Vec<ObjectVersion> { texts.iter().map(|text| text.parse().expect("an object")).collect() };
    for (facts, condition) in [
        (DeviceFacts { hardware: text("3"), ..acme() }, "hardware"),
        (DeviceFacts { hardware: None, ..acme() }, "hardware"),
        (DeviceFacts { firmware: text("2.0"), ..acme() }, "firmware"),
        (DeviceFacts { firmware: text("garbage"), ..acme() }, "firmware"),
        (DeviceFacts { serial: text("A-99"), ..acme() }, "serial"),
        (DeviceFacts { serial: text("A-200"), ..acme() }, "serial"),
        (DeviceFacts { serial: text("A-15x"), ..acme() }, "serial"),
        (DeviceFacts { serial: text("150"), ..acme() }, "serial"),
        (DeviceFacts { objects: objects(&["3"]), ..acme() }, "objects"),
        // A device that says no version has 1.0.
        (DeviceFacts { objects: objects(&["3", "3303"]), ..acme() }, "objects"),
        (DeviceFacts { objects: objects(&["3", "3303/2.1"]), ..acme() }, "objects"),
    ] {
        assert_eq!(assigned(&rules, &facts), "any-acme: acme", "{facts:?}");
        let outcomes = explain(&rules, &facts);
        let missed = &outcomes[0].misses;
        assert_eq!((outcomes[0].rule.as_str(), missed.len()), ("new-acme", 1));
        assert_eq!(missed[0].condition, condition);
        assert!(outcomes[1].decided && !outcomes[0].decided);
    }
}

#[test]
fn rules_that_contradict_each_other_decide_nothing() {
    let two = "  rules:\n    - {name: a, assign: x@1}\n    - {name: b, when: {vendor: ACME}, assign: x@2}\n";
    assert_eq!(assigned(&rules(two), &acme()), "ambiguous: a b");
    assert_eq!(assigned(&rules(&two.replace("x@2", "x@1")), &acme()), "a: x@1");
    assert!(explain(&rules(two), &acme()).iter().all(|outcome| !outcome.decided));
}

#[test]
fn a_rule_with_a_fault_is_named_and_left_out() {
    let (spec, faults) = section(
        "  folder: models/
  rules:
    - {name: a, when: {firmware: '^1'}, assign: x@1}
    - {name: b, assign: X}
    - {name: c, when: {serial: {from: 2, to: 1}}, assign: x}
    - {name: d, when: {objects: [70000]}, assign: x}
    - {name: e, when: {vendr: y}, assign: x}
    - {name: f, assign: x}
    - {name: f, assign: y}
    - {name: g, when: {vendor: []}, assign: x}
    - {name: h, when: {vendor: {a: b}}, assign: x}
    - {name: i, when: {serial: {}}, assign: x}
",
    );
    let lines: Vec<&str> = faults.iter().filter_map(|fault| fault.split(':').nth(1)).collect();
    assert_eq!(lines.len(), 9, "{faults:#?}");
    for line in 9..=17 {
        let wanted = line != 14;
        assert_eq!(lines.contains(&line.to_string().as_str()), wanted || lines.contains(&"14"), "{line}: {faults:#?}");
    }
    assert!(spec.folder.is_some_and(|(folder, place)| &*folder == "models/" && place.line == 7));
    let names: Vec<&str> = spec.rules.iter().map(|rule| rule.name.as_str()).collect();
    // The shape's own fault (an unknown key) stops the command; the rule itself can be read.
    assert_eq!(names, ["e", "f"]);
}
