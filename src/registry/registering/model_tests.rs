//! The model of a device, in the transaction of its registration.

use std::sync::Arc;

use serde_json::json;

use super::tests::{World, asked, policy};
use super::*;
use crate::fleet::EndpointName;
use crate::fleet::enrolment::{GroupPolicy, Refusal, Reprovision};
use crate::fleet::model::{Instance, Model};
use crate::registry::instances::{Chosen, InstanceRow, InstanceState};
use crate::registry::models::{ModelSource, ModelState, Published};
use crate::registry::tests::cluster::BOTH;

fn reset() -> GroupPolicy {
    GroupPolicy { reprovision: Reprovision::Reset, ..policy() }
}

fn current(world: &World, id: &str) -> InstanceRow {
    let rows = world.registry.instances(&EndpointName::new(id).unwrap()).unwrap();
    let mut all = rows.into_iter().filter(|row| row.state == InstanceState::Current);
    let current = all.next().unwrap();
    assert_eq!(all.next(), None, "one is current");
    current
}

fn brought(title: &str) -> NewInstance {
    let canonical = json!({"@type": "tm:ThingModel", "id": "urn:firstlight:model:own", "title": title,
                           "version": {"model": "1.0.0"}});
    let model = Model::from_canonical(canonical).unwrap();
    let source = ModelSource { format: "wot".into(), bytes: b"{}".to_vec() };
    let supplied = Some(Arc::new(SuppliedModel { model, source }));
    NewInstance { model: "own".into(), version: "1.0.0".into(), values: json!({}), chosen: Chosen::Supplied, supplied }
}

#[test]
fn a_reset_gives_a_new_instance_and_keeps_the_former() {
    for engine in BOTH {
        let world = World::new(engine, reset());
        world.register(&asked(&reset(), "gw-1", "a"));
        world.register(&asked(&reset(), "gw-1", "b"));
        let rows = world.registry.instances(&EndpointName::new("gw-1").unwrap()).unwrap();
        let said: Vec<(i64, InstanceState)> = rows.iter().map(|row| (row.number, row.state)).collect();
        assert_eq!(said, [(2, InstanceState::Current), (1, InstanceState::Former)]);
    }
}

#[test]
fn what_a_person_chose_stays_and_the_answer_says_it() {
    for engine in BOTH {
        let world = World::new(engine, reset());
        world.register(&asked(&reset(), "gw-1", "a"));
        let id = EndpointName::new("gw-1").unwrap();
        let values = json!({"b": 2}).as_object().cloned().unwrap();
        let by_hand = Instance { model: "lamp".parse().unwrap(), version: "3.0.0".parse().unwrap(), values };
        world.registry.assign_model("operator ann", &id, by_hand.clone()).unwrap();
        let registration = world.registry.registration(&asked(&reset(), "gw-1", "a").registration).unwrap().unwrap();
        assert_eq!(registration.answer["model"], json!({"name": "lamp", "version": "3.0.0"}), "the device learns it");
        let again = world.register(&asked(&reset(), "gw-1", "b"));
        let Decision::Assigned { answer, .. } = again else { panic!("{again:?}") };
        assert_eq!((&answer["model"]["name"], &answer["instance"]), (&json!("lamp"), &json!({"b": 2})));
        assert_eq!((current(&world, "gw-1").instance, current(&world, "gw-1").chosen), (by_hand, Chosen::Hand));
        let row = world.registry.device("gw-1").unwrap().unwrap();
        assert_eq!(row.model.as_deref(), Some("lamp"));
        // The device itself may say otherwise, where its group lets it choose.
        let mut chooses = asked(&reset(), "gw-1", "c");
        chooses.instance.as_mut().unwrap().chosen = Chosen::Device;
        world.register(&chooses);
        assert_eq!(current(&world, "gw-1").instance.model.as_str(), "sensor");
    }
}

#[test]
fn a_model_that_a_device_brings_comes_with_its_registration_or_not_at_all() {
    for engine in BOTH {
        let closed = GroupPolicy { quota: Some(0), ..policy() };
        let world = World::new(engine, closed.clone());
        let mut first = asked(&closed, "gw-1", "a");
        first.instance = Some(brought("A"));
        assert_eq!(world.register(&first), Decision::Refused(Refusal::QuotaReached));
        assert_eq!(world.count("model"), 0, "a refused request leaves an audit row only");
    }
    for engine in BOTH {
        let world = World::new(engine, policy());
        for (id, title, wanted) in [("gw-1", "A", true), ("gw-2", "A", true), ("gw-3", "B", false)] {
            let mut mine = asked(&policy(), id, "a");
            mine.instance = Some(brought(title));
            let decision = world.register(&mine);
            assert_eq!(matches!(decision, Decision::Assigned { .. }), wanted, "{id} {decision:?}");
            if !wanted {
                assert_eq!(decision, Decision::Refused(Refusal::ModelInvalid));
            }
        }
        assert_eq!(world.count("model"), 1);
        let supplied = brought("A").supplied.unwrap();
        let stored = world.registry.model(supplied.model.name(), supplied.model.version()).unwrap().unwrap();
        assert_eq!(stored.row.state, ModelState::Quarantined);
        assert_eq!(world.registry.model_index().unwrap().1, [], "nobody else gets it");
        let mine = [(supplied.model.clone(), supplied.source.clone())];
        let published = world.registry.publish_models("operator ann", &mine, None).unwrap();
        assert_eq!(published, Some(vec![Published::Released]));
        assert_eq!(world.registry.model_index().unwrap().1.len(), 1);
    }
}

#[test]
fn a_report_stores_the_objects_that_rules_ask_for() {
    for engine in BOTH {
        let world = World::new(engine, policy());
        let mut first = asked(&policy(), "gw-1", "a");
        first.facts.objects = vec!["3303/1.1".into(), "3".into()];
        world.register(&first);
        let id = EndpointName::new("gw-1").unwrap();
        let objects = |world: &World| -> Vec<String> {
            world.registry.model_of(&id).unwrap().facts.objects.iter().map(ToString::to_string).collect()
        };
        assert_eq!(objects(&world), ["3303/1.1", "3"]);
        let visit = Visit { registration: first.registration.clone(), proof: Proof::Claim, nonce: None };
        let silent = Report { firmware: Some("2".into()), ..Report::default() };
        world.registry.report(visit.clone(), silent, None).unwrap().unwrap();
        assert_eq!(objects(&world), ["3303/1.1", "3"], "silence changes nothing");
        let said = Report { objects: vec!["3304".into()], ..Report::default() };
        world.registry.report(visit, said, None).unwrap().unwrap();
        assert_eq!(objects(&world), ["3304"]);
    }
}
