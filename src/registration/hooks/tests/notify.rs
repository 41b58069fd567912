//! Those who are told of events.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::listener::{Answer, Listener};
use super::world::{World, on_both, policy, registration, until, webhook};
use crate::fleet::enrolment::Subscription;

fn heard(hook: &Listener) -> Vec<(i64, String)> {
    let events = hook.of("notify").into_iter().flat_map(|told| told["events"].as_array().cloned().unwrap());
    events.map(|event| (event["seq"].as_i64().unwrap(), event["what"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn events_come_in_order_at_least_once_over_failures_and_restarts() {
    on_both(|engine| {
        let is_up = Arc::new(AtomicBool::new(false));
        let mind = Arc::clone(&is_up);
        let hook = Listener::new(move |_, _| {
            let status = if mind.load(Ordering::SeqCst) { 204 } else { 500 };
            Answer::Text(status, String::new())
        });
        let mut world = World::new(engine, &policy(&json!({ "notify": webhook(&hook.url, "closed") }), &json!({})));
        until(|| world.registry.subscriber("group/line-a").ok());
        for number in 0..3 {
            assert_eq!(world.register(json!({ "id": format!("gw-{number}") })).status, 201, "nobody waits for it");
        }
        until(|| (hook.of("notify").len() > 1).then_some(()));
        assert_eq!(heard(&hook)[0].1, "registered");
        drop(world.desk.take());
        let rid = world.registry.events(None, 0, 100).unwrap().len();
        is_up.store(true, Ordering::SeqCst);
        let before = hook.of("notify").len();
        world.desk = Some(world.another());
        until(|| {
            (world.registry.subscriber("group/line-a").unwrap().seen == i64::try_from(rid).unwrap()).then_some(())
        });
        let last: Vec<Value> = hook.of("notify").split_off(before);
        let seqs: Vec<i64> = last
            .iter()
            .flat_map(|told| told["events"].as_array().unwrap())
            .map(|e| e["seq"].as_i64().unwrap())
            .collect();
        assert_eq!(seqs.len(), 3, "all three, once they are taken: {seqs:?}");
        assert!(seqs.is_sorted());
        assert_eq!(world.registry.subscriber("group/line-a").unwrap().failures, 0);
    });
}

#[test]
fn a_subscriber_hears_the_events_it_wants_and_a_group_its_own() {
    on_both(|engine| {
        let (all, own) = (
            Listener::new(|_, _| Answer::Text(200, "x".to_owned())),
            Listener::new(|_, _| Answer::Text(204, String::new())),
        );
        let target = serde_json::from_value(webhook(&all.url, "closed")).unwrap();
        let events = vec!["registration-ended".to_owned()];
        let subscriptions = BTreeMap::from([("crm".to_owned(), Subscription { target, events })]);
        let hooks = json!({ "notify": webhook(&own.url, "closed") });
        let world = World::with(engine, &policy(&hooks, &json!({})), subscriptions);
        until(|| world.registry.subscriber("group/line-a").ok().and(world.registry.subscriber("fleet/crm").ok()));
        let rid = registration(&world.register(json!({ "id": "gw-1" })));
        world.registry.block("ann", &"gw-9".to_owned().try_into().unwrap(), "stolen").unwrap();
        assert_eq!(world.end(&rid).status, 204);
        until(|| heard(&own).iter().any(|(_, what)| what == "registration-ended").then_some(()));
        until(|| (!heard(&all).is_empty()).then_some(()));
        let names = |hook| heard(hook).into_iter().map(|(_, what)| what).collect::<Vec<_>>();
        assert_eq!(names(&all), ["registration-ended"]);
        assert_eq!(
            names(&own),
            ["registered", "token-made", "registration-ended"],
            "what is no group's is not told to a group"
        );
    });
}
