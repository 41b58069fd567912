//! The hook that allocates and releases.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::listener::{Answer, Listener, Seen};
use super::world::{World, fields, on_both, policy, registration, until, webhook, words};
use crate::fleet::enrolment::Refusal;
use crate::registration::exchange::Registration as _;
use crate::registry::{ChoreKind, Engine};

fn queue(fields: &Value) -> Answer {
    let name = format!("queue-{}", fields["device"]["id"].as_str().unwrap());
    Answer::Says(json!({ "ok": true, "resources": [{ "kind": "queue", "name": name, "detail": { "size": 3 } }] }))
}

fn allocating(hook: &Listener, fail: &str, more: &Value) -> crate::fleet::enrolment::GroupPolicy {
    policy(&json!({ "allocate": webhook(&hook.url, fail) }), more)
}

#[test]
fn what_a_hook_allocates_is_told_to_the_device_and_released_at_its_end() {
    on_both(|engine| {
        let hook = Listener::new(|fields, _| queue(fields));
        let declared = json!({ "resources": [{ "kind": "topic", "name": "devices/{id}" }] });
        let world = World::new(engine, &allocating(&hook, "closed", &declared));
        let first = world.register(json!({ "id": "gw-1" }));
        assert_eq!((first.status, &fields(&first)["state"]), (202, &json!("assigning")));
        assert!(first.retry_after.is_some());
        let rid = registration(&first);
        let reply = world.settled(&rid);
        assert_eq!(reply.status, 200, "{reply:?}");
        let wanted = json!([{ "kind": "topic", "name": "devices/gw-1", "detail": {} },
            { "kind": "queue", "name": "queue-gw-1", "detail": { "size": 3 } }]);
        assert_eq!(fields(&reply)["resources"], wanted);
        let asked = hook.of("allocate");
        assert_eq!((asked.len(), &asked[0]["key"]), (1, &json!(rid)));
        assert_eq!(asked[0]["resources"], json!([{ "kind": "topic", "name": "devices/gw-1", "detail": {} }]));
        assert_eq!(world.end(&rid).status, 204);
        let told = until(|| hook.of("release").pop());
        assert_eq!(told["key"], json!(rid));
        assert_eq!(told["resources"].as_array().unwrap().len(), 2);
        until(|| world.events().contains(&"resources-released".to_owned()).then_some(()));
        assert_eq!(world.register(json!({ "id": "gw-1" })).status, 202, "it can come again");
    });
}

#[test]
fn a_no_of_the_hook_fails_the_registration_and_gives_everything_back() {
    on_both(|engine| {
        let hook = Listener::new(|fields, _| match fields["step"].as_str() {
            Some("allocate") => Answer::Says(json!({ "ok": false, "message": "no room" })),
            _ => Answer::Text(204, String::new()),
        });
        let world = World::new(engine, &allocating(&hook, "closed", &json!({ "quota": 1 })));
        for _ in 0..2 {
            let rid = registration(&world.register(json!({ "id": "gw-1" })));
            let reply = world.settled(&rid);
            assert_eq!(words(&reply), (Refusal::DeniedByHook, "no room".to_owned()));
            assert_eq!((world.used_of_token(), world.registry.device("gw-1").unwrap()), (0, None));
            assert_eq!(world.registry.group_usage("line-a").unwrap().used, 0, "the quota is free again");
            until(|| hook.of("release").iter().any(|told| told["registration"] == json!(rid)).then_some(()));
        }
    });
}

#[test]
fn an_allocation_that_fails_is_tried_again_with_the_same_key_then_given_up_or_gone_without() {
    on_both(|engine| {
        let hook = Listener::new(|fields, _| match fields["step"].as_str() {
            Some("allocate") => Answer::Text(500, String::new()),
            _ => Answer::Text(204, String::new()),
        });
        let world = World::new(engine, &allocating(&hook, "closed", &json!({})));
        let rid = registration(&world.register(json!({ "id": "gw-1" })));
        let reply = world.settled(&rid);
        assert_eq!(words(&reply).0, Refusal::HookFailed);
        let asked = hook.of("allocate");
        assert_eq!(asked.len(), 5);
        assert!(asked.iter().all(|asked| asked["key"] == json!(rid)));
        assert_eq!(world.used_of_token(), 0);
        until(|| (hook.of("release").len() == 1).then_some(()));
        let world = World::new(engine, &allocating(&hook, "open", &json!({})));
        let rid = registration(&world.register(json!({ "id": "gw-1" })));
        assert_eq!(world.settled(&rid).status, 200, "the group lets it go on without");
    });
}

#[test]
fn a_crash_between_allocation_and_commit_asks_again_with_the_same_key_and_assigns_once() {
    on_both(|engine| {
        let hook = Listener::new(|fields, _| queue(fields));
        // It waits for a person, so that no worker takes the chore before the one that crashes.
        let mut world = World::new(engine, &allocating(&hook, "closed", &json!({ "approval": "always" })));
        let rid = registration(&world.register(json!({ "id": "gw-1" })));
        drop(world.desk.take());
        world.registry.approve("ann", &rid, "ok").unwrap();
        let times = BTreeMap::from([("line-a".to_owned(), 1)]);
        let crashed = world.registry.claim_chore(&times, 1).unwrap().unwrap();
        assert_eq!(
            (crashed.kind, crashed.claim, crashed.registration.as_str()),
            (ChoreKind::Allocate, 1, rid.as_str())
        );
        world.desk = Some(world.another());
        assert_eq!(world.settled(&rid).status, 200);
        assert!(!world.registry.allocated(&crashed, &[]).unwrap(), "who comes back too late changes nothing");
        assert_eq!(world.status(&rid).status, 200);
        assert_eq!(hook.of("allocate").iter().filter(|asked| asked["key"] == json!(rid)).count(), 1);
        assert_eq!(world.events().iter().filter(|what| *what == "registered").count(), 1);
    });
}

#[test]
fn a_device_that_begins_anew_is_released_before_it_is_allocated_for_again() {
    on_both(|engine| {
        let hook = Listener::new(|fields, _| queue_or_heard(fields));
        let world = World::new(engine, &allocating(&hook, "closed", &json!({ "reprovision": "reset" })));
        let first = registration(&world.register_own(json!({ "id": "gw-1", "firmware": "1.0" })));
        assert_eq!(world.settled(&first).status, 200);
        let second = registration(&world.register_own(json!({ "id": "gw-1", "firmware": "2.0" })));
        assert_ne!(first, second);
        assert_eq!(world.settled(&second).status, 200);
        let seen: Vec<(String, String)> = hook
            .seen()
            .iter()
            .map(Seen::fields)
            .map(|fields| {
                (fields["step"].as_str().unwrap().to_owned(), fields["registration"].as_str().unwrap().to_owned())
            })
            .collect();
        let wanted = [("allocate", &first), ("release", &first), ("allocate", &second)];
        assert_eq!(seen, wanted.map(|(step, rid)| (step.to_owned(), rid.clone())));
        assert_eq!(words(&world.status(&first)).0, Refusal::NotRegistered);
    });
}

fn queue_or_heard(fields: &Value) -> Answer {
    if fields["step"] == "allocate" { queue(fields) } else { Answer::Text(204, String::new()) }
}

#[test]
fn two_servers_on_one_store_allocate_once_for_each_device() {
    on_both(|engine| {
        let hook = Listener::new(|fields, _| queue(fields));
        let world = World::new(engine, &allocating(&hook, "closed", &json!({})));
        let _others = [world.another(), world.another()];
        let all: Vec<String> =
            (0..12).map(|number| registration(&world.register(json!({ "id": format!("gw-{number}") })))).collect();
        for rid in &all {
            assert_eq!(world.settled(rid).status, 200);
        }
        let mut keys: Vec<_> = hook.of("allocate").iter().map(|asked| asked["key"].to_string()).collect();
        keys.sort();
        let asked = keys.len();
        keys.dedup();
        assert_eq!((asked, keys.len()), (12, 12));
    });
}

#[test]
fn a_server_that_does_not_know_the_hook_yet_asks_it_all_the_same() {
    on_both(|engine| {
        let hook = Listener::new(|fields, _| queue_or_heard(fields));
        let world = World::new(engine, &policy(&json!({}), &json!({})));
        let allocating = allocating(&hook, "closed", &json!({ "approval": "always" }));
        world.registry.declare_groups("ann", &[("line-a".to_owned(), allocating)].into()).unwrap();
        let knows = world.another();
        let reply = knows.register(world.incoming("POST", "/v1/register", json!({ "id": "gw-1" })));
        drop(knows);
        world.registry.approve("ann", &registration(&reply), "ok").unwrap();
        assert_eq!(world.settled(&registration(&reply)).status, 200);
        assert_eq!(hook.of("allocate").len(), 1);
    });
}

#[test]
fn a_device_that_goes_while_its_hook_works_is_released_after_it() {
    let (begun, go) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (theirs, their_go) = (Arc::clone(&begun), Arc::clone(&go));
    let hook = Listener::new(move |fields, _| {
        if fields["step"] == "allocate" {
            theirs.store(true, Ordering::SeqCst);
            until(|| their_go.load(Ordering::SeqCst).then_some(()));
            return queue(fields);
        }
        Answer::Text(204, String::new())
    });
    let slow = json!({ "allocate": { "webhook": { "url": hook.url, "secret": "hooks" }, "timeout": 60 } });
    let world = World::new(Engine::Sqlite, &policy(&slow, &json!({})));
    let rid = registration(&world.register(json!({ "id": "gw-1" })));
    until(|| begun.load(Ordering::SeqCst).then_some(()));
    world.registry.retire_device("gw-1", None, "lost", "ann").unwrap();
    assert!(hook.of("release").is_empty(), "nothing is released while it is being allocated");
    go.store(true, Ordering::SeqCst);
    until(|| (hook.of("release").len() == 1).then_some(()));
    assert_eq!(words(&world.status(&rid)).0, Refusal::DeviceRetired);
    assert_eq!(world.registry.group_usage("line-a").unwrap().used, 0);
}

#[test]
fn a_denied_registration_gives_its_token_and_its_place_back() {
    on_both(|engine| {
        let hook = Listener::new(|fields, _| queue(fields));
        let world = World::new(engine, &allocating(&hook, "closed", &json!({ "approval": "always", "quota": 1 })));
        let rid = registration(&world.register(json!({ "id": "gw-1" })));
        assert_eq!(world.used_of_token(), 1);
        world.registry.deny("ann", &rid, "unknown").unwrap();
        assert_eq!(words(&world.status(&rid)), (Refusal::ApprovalDenied, "unknown".to_owned()));
        assert_eq!((world.used_of_token(), world.registry.group_usage("line-a").unwrap().used), (0, 0));
        let rid = registration(&world.register(json!({ "id": "gw-2" })));
        world.registry.approve("ann", &rid, "ok").unwrap();
        assert_eq!(world.settled(&rid).status, 200, "an approval does not pass the hook by");
        assert_eq!(hook.of("allocate").len(), 1);
        assert!(hook.of("release").is_empty(), "nothing was allocated for the denied one");
    });
}
