//! Models, rules and instances, on both engines.

use std::sync::Arc;

use serde_json::{Map, json};

use crate::fleet::EndpointName;
use crate::fleet::model::{Instance, Model, ModelName, ModelRef, ModelRule, ModelVersion};
use crate::registry::instances::{Chosen, InstanceState, ModelChange, ModelJudge, ModelOf};
use crate::registry::models::{ModelSource, ModelState, Published};
use crate::registry::{ExpectedDevice, Registry, RegistryError};

use super::world::on_both_engines;

fn model(name: &str, version: &str, title: &str) -> Model {
    Model::from_canonical(json!({
        "@context": ["https://www.w3.org/2022/wot/td/v1.1"], "@type": "tm:ThingModel", "title": title,
        "id": format!("urn:firstlight:model:{name}"), "version": {"model": version},
    }))
    .unwrap()
}

fn source() -> ModelSource {
    ModelSource { format: "wot".into(), bytes: b"{}".to_vec() }
}

fn publish(registry: &Registry, model: Model) -> Result<Published, RegistryError> {
    Ok(registry.publish_models("operator ann", &[(model, source())], None)?.unwrap()[0])
}

fn rule(name: &str, assign: &str) -> ModelRule {
    ModelRule::from_json(&json!({"name": name, "assign": assign})).unwrap()
}

fn instance(version: &str, a: i64) -> Instance {
    let values = [("a".to_owned(), json!(a))].into_iter().collect::<Map<_, _>>();
    Instance { model: ModelName::new("sensor").unwrap(), version: version.parse().unwrap(), values }
}

fn device(registry: &Registry) -> EndpointName {
    let id = EndpointName::new("GW-1").unwrap();
    registry.expect_devices(vec![ExpectedDevice::named(id.clone())], "inventory", "operator ann").unwrap();
    id
}

fn whats(registry: &Registry) -> Vec<String> {
    registry.events(Some("gw-1"), 0, 100).unwrap().into_iter().map(|event| event.what).collect()
}

#[test]
fn a_version_never_changes_and_the_same_content_is_no_change() {
    on_both_engines(|registry| {
        let mark = registry.model_mark().unwrap();
        assert_eq!(publish(registry, model("sensor", "1.0.0", "A")), Ok(Published::New));
        let published = registry.model_mark().unwrap();
        assert_ne!(published, mark);
        assert_eq!(publish(registry, model("sensor", "1.0.0", "A")), Ok(Published::Same));
        assert_eq!(registry.model_mark().unwrap(), published, "nothing changed");
        let other = publish(registry, model("sensor", "1.0.0", "B"));
        assert!(matches!(other, Err(RegistryError::Conflict { .. })), "{other:?}");
        let name = ModelName::new("sensor").unwrap();
        let stored = registry.model(&name, ModelVersion::new(1, 0, 0)).unwrap().unwrap();
        assert_eq!((stored.model, stored.source), (model("sensor", "1.0.0", "A"), source()));
        // All or none: the second of these is refused, so the first is not there either.
        let both = [(model("lamp", "1.0.0", "L"), source()), (model("sensor", "1.0.0", "B"), source())];
        assert!(registry.publish_models("operator ann", &both, None).is_err());
        assert!(registry.model_versions(&ModelName::new("lamp").unwrap()).unwrap().is_empty());
    });
}

#[test]
fn a_model_judged_beside_others_that_changed_meanwhile_is_judged_again() {
    on_both_engines(|registry| {
        let judged = registry.model_mark().unwrap();
        publish(registry, model("sensor", "1.0.0", "A")).unwrap();
        let late = [(model("sensor", "1.1.0", "A"), source())];
        assert_eq!(registry.publish_models("operator ann", &late, Some(judged)), Ok(None));
        registry.put_rule("operator ann", &rule("all", "sensor")).unwrap();
        let mark = registry.model_mark().unwrap();
        registry.remove_rule("operator ann", "all").unwrap();
        registry.put_rule("operator ann", &rule("all", "sensor@1")).unwrap();
        assert_ne!(registry.model_mark().unwrap(), mark, "as many rules at the same moment, but another one");
    });
}

#[test]
fn versions_are_listed_page_by_page_with_their_states() {
    on_both_engines(|registry| {
        for version in ["1.0.0", "1.10.0", "1.9.0"] {
            publish(registry, model("sensor", version, "A")).unwrap();
        }
        publish(registry, model("lamp", "1.0.0", "A")).unwrap();
        let name = ModelName::new("sensor").unwrap();
        let oldest = ModelVersion::new(1, 0, 0);
        registry.set_model_state("operator ann", &name, oldest, ModelState::Deprecated).unwrap();
        let (mut after, mut found) = (String::new(), Vec::new());
        loop {
            let rows = registry.models(&after, 2).unwrap();
            let Some(last) = rows.last() else { break };
            after = format!("{}@{}", last.name, last.version);
            found.extend(rows.iter().map(|row| format!("{}@{} {}", row.name, row.version, row.state.as_str())));
        }
        let wanted =
            ["lamp@1.0.0 published", "sensor@1.0.0 deprecated", "sensor@1.10.0 published", "sensor@1.9.0 published"];
        assert_eq!(found, wanted);
        let versions: Vec<String> =
            registry.model_versions(&name).unwrap().iter().map(|row| row.version.to_string()).collect();
        assert_eq!(versions, ["1.0.0", "1.9.0", "1.10.0"], "by number, not by letter");
        let missing = registry.set_model_state("ann", &name, ModelVersion::new(9, 0, 0), ModelState::Published);
        assert!(matches!(missing, Err(RegistryError::NotFound { .. })));
        assert!(registry.set_model_state("ann", &name, oldest, ModelState::Quarantined).is_err());
    });
}

#[test]
fn the_rules_of_the_fleet_file_and_those_of_a_person_do_not_touch_each_other() {
    on_both_engines(|registry| {
        registry.put_rule("operator ann", &rule("mine", "sensor@1")).unwrap();
        let declared =
            registry.declare_rules("operator ann", &[rule("theirs", "sensor@2"), rule("old", "lamp")]).unwrap();
        assert_eq!(declared.put, ["theirs", "old"]);
        let mark = registry.model_mark().unwrap();
        registry.declare_rules("operator ann", &[rule("theirs", "sensor@2"), rule("old", "lamp")]).unwrap();
        assert_eq!(registry.model_mark().unwrap(), mark, "the same again is no change");
        let declared = registry.declare_rules("operator ann", &[rule("theirs", "sensor@3")]).unwrap();
        assert_eq!((declared.put, declared.withdrawn), (vec!["theirs".to_owned()], vec!["old".to_owned()]));
        let rules: Vec<(String, bool)> =
            registry.model_rules().unwrap().iter().map(|each| (each.rule.name.clone(), each.declared)).collect();
        assert_eq!(rules, [("mine".to_owned(), false), ("theirs".to_owned(), true)]);
        assert!(matches!(
            registry.put_rule("operator ann", &rule("theirs", "lamp")),
            Err(RegistryError::Conflict { .. })
        ));
        assert!(registry.remove_rule("operator ann", "theirs").is_err());
        assert!(registry.declare_rules("operator ann", &[rule("mine", "lamp")]).is_err());
        assert!(matches!(registry.remove_rule("operator ann", "none"), Err(RegistryError::NotFound { .. })));
    });
}

/// Says the same whatever is known.
struct Says(ModelChange);

impl ModelJudge for Says {
    fn judge(&self, _: &ModelOf) -> Option<ModelChange> {
        Some(self.0.clone())
    }
}

#[test]
fn an_instance_is_migrated_kept_for_the_way_back_and_taken_back() {
    on_both_engines(|registry| {
        let id = device(registry);
        registry.assign_model("operator ann", &id, instance("1.0.0", 1)).unwrap();
        let migrate = ModelChange::Migrate(instance("1.1.0", 1), Chosen::Rule);
        registry.change_model("rules", &id, Arc::new(Says(migrate))).unwrap();
        let states = |registry: &Registry| -> Vec<(InstanceState, String)> {
            let rows = registry.instances(&id).unwrap();
            rows.iter().map(|row| (row.state, row.instance.version.to_string())).collect()
        };
        let (current, former) = (InstanceState::Current, InstanceState::Former);
        assert_eq!(states(registry), [(current, "1.1.0".to_owned()), (former, "1.0.0".to_owned())]);
        let row = registry.device("gw-1").unwrap().unwrap();
        assert_eq!((row.model.as_deref(), row.version.as_deref()), (Some("sensor"), Some("1.1.0")));
        assert_eq!(registry.roll_back_model("operator ann", &id).unwrap(), instance("1.0.0", 1));
        assert_eq!(states(registry), [(current, "1.0.0".to_owned()), (former, "1.1.0".to_owned())]);
        assert_eq!(registry.instances(&id).unwrap()[0].chosen, Chosen::Hand, "no rule takes it forward again");
        assert_eq!(registry.device("gw-1").unwrap().unwrap().version.as_deref(), Some("1.0.0"));
        assert_eq!(registry.roll_back_model("operator ann", &id).unwrap(), instance("1.1.0", 1), "and forth");
        let noted = whats(registry);
        for what in ["model.assigned", "model.migrated", "model.rolled-back"] {
            assert!(noted.iter().any(|noted| noted == what), "{what} in {noted:?}");
        }
    });
}

#[test]
fn a_proposal_waits_and_only_the_one_that_was_looked_at_is_approved() {
    on_both_engines(|registry| {
        let id = device(registry);
        registry.assign_model("operator ann", &id, instance("1.0.0", 1)).unwrap();
        let to: ModelRef = "sensor@2.0.0".parse().unwrap();
        let propose = || Arc::new(Says(ModelChange::Propose(to.clone(), Chosen::Rule)));
        registry.change_model("rules", &id, propose()).unwrap();
        registry.change_model("rules", &id, propose()).unwrap();
        let waiting = registry.proposed_instances("", 10).unwrap();
        assert_eq!(waiting.len(), 1, "the same proposal twice is one");
        assert_eq!(waiting[0].instance, instance("2.0.0", 1), "its values are those of the current one");
        let current = registry.model_of(&id).unwrap().current.unwrap();
        assert_eq!(current.instance, instance("1.0.0", 1), "nothing happens without a person");
        for (from, new) in [(current.number + 7, "2.0.0"), (current.number, "2.1.0")] {
            let wrong = registry.approve_instance("operator ann", &id, from, instance(new, 2));
            assert!(matches!(wrong, Err(RegistryError::Conflict { .. })), "{wrong:?}");
        }
        registry.approve_instance("operator ann", &id, current.number, instance("2.0.0", 2)).unwrap();
        let known = registry.model_of(&id).unwrap();
        assert_eq!((known.current.unwrap().instance, known.proposed), (instance("2.0.0", 2), None));
        assert!(registry.approve_instance("operator ann", &id, current.number, instance("2.0.0", 2)).is_err());
        assert_eq!(registry.roll_back_model("operator ann", &id).unwrap(), instance("1.0.0", 1));
        registry.change_model("rules", &id, propose()).unwrap();
        registry.dismiss_instance("operator ann", &id, "not now").unwrap();
        assert_eq!(registry.proposed_instances("", 10).unwrap(), []);
        let noted = whats(registry);
        assert!(noted.ends_with(&["model.proposed".to_owned(), "model.dismissed".to_owned()]), "{noted:?}");
    });
}

#[test]
fn former_instances_do_not_pile_up_and_the_newest_are_kept() {
    on_both_engines(|registry| {
        let id = device(registry);
        for number in 0..25 {
            registry.assign_model("operator ann", &id, instance("1.0.0", number)).unwrap();
        }
        let rows = registry.instances(&id).unwrap();
        assert_eq!(rows.len(), 17, "the current one and 16 former ones");
        let values: Vec<i64> = rows.iter().map(|row| row.instance.values["a"].as_i64().unwrap()).collect();
        assert_eq!(values, (8..25).rev().collect::<Vec<_>>());
    });
}
