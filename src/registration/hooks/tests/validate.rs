//! The hook that is asked before anything is stored.

use std::process::Command;

use serde_json::{Value, json};

use super::listener::{Answer, Listener, Seen};
use super::world::{SECRET, World, fields, on_both, policy, registration, webhook, words};
use crate::fleet::enrolment::Refusal;
use crate::registration::exchange::{Registration as _, Reply};

fn mind(fields: &Value, _: usize) -> Answer {
    match fields["device"]["id"].as_str() {
        Some("bad") => Answer::Says(json!({ "ok": false, "message": "not on our list" })),
        Some("odd") => Answer::Says(json!({ "ok": true, "hold": true })),
        _ => Answer::Says(json!({ "ok": true, "attributes": { "site": "hall-7" } })),
    }
}

#[test]
fn a_check_denies_holds_and_sets_attributes_and_is_not_asked_in_vain() {
    on_both(|engine| {
        let hook = Listener::new(mind);
        let world = World::new(engine, &policy(&json!({ "validate": webhook(&hook.url, "closed") }), &json!({})));
        let bad = world.register(json!({ "id": "bad" }));
        assert_eq!(words(&bad), (Refusal::DeniedByHook, "not on our list".to_owned()));
        assert_eq!(world.used_of_token(), 0, "a refused request leaves only an audit line");
        assert_eq!(world.registry.device("bad").unwrap(), None);
        assert_eq!(world.events().last().unwrap(), "registration-refused");
        let good = world.register(json!({ "id": "good", "csr": Value::Null }));
        assert_eq!(good.status, 201, "{good:?}");
        assert_eq!(world.registry.device("good").unwrap().unwrap().attributes["site"], "hall-7");
        let odd = world.register(json!({ "id": "odd" }));
        assert_eq!((odd.status, &fields(&odd)["state"]), (202, &json!("pending")));
        world.registry.approve("ann", &registration(&odd), "known by sight").unwrap();
        assert_eq!(world.status(&registration(&odd)).status, 200);
        let asked = hook.seen().len();
        assert_eq!(world.register(json!({ "id": "good", "csr": Value::Null })).status, 200, "a repetition");
        let mut stranger = world.incoming("POST", "/v1/register", json!({ "id": "good-2" }));
        stranger.authorization = Some(zeroize::Zeroizing::new("Bearer flt_unknown".to_owned()));
        let refused = world.desk().register(stranger);
        assert_eq!(refused.refusal(), Some(Refusal::TokenUnknown));
        assert_eq!(hook.seen().len(), asked, "strangers and repetitions cost the operator's hook nothing");
    });
}

#[test]
fn a_check_that_fails_refuses_or_lets_go_on_as_the_group_says() {
    for (answer, told) in [
        (Answer::Hangs, "did not answer within"),
        (Answer::Dies, "cannot be talked with"),
        (Answer::Floods, "is longer than"),
        (Answer::Text(200, "rubbish".to_owned()), "its answer is none"),
        (Answer::Text(200, "{\"ok\":true,\"attributes\":{\"a b\":\"c\"}}".to_owned()), ""),
        (Answer::Text(500, "{\"ok\":true}".to_owned()), "it answers 500"),
        (Answer::Text(302, "{\"ok\":true}".to_owned()), "followed"),
    ] {
        let said = answer.clone();
        let hook = Listener::new(move |_, _| said.clone());
        for (fail, status) in [("closed", 503), ("open", 201)] {
            let engine = crate::registry::Engine::Sqlite;
            let world = World::new(engine, &policy(&json!({ "validate": webhook(&hook.url, fail) }), &json!({})));
            let reply = world.register(json!({ "id": "gw-1" }));
            assert_eq!(reply.status, status, "{answer:?} {reply:?}");
            if fail == "closed" {
                assert_eq!(words(&reply), (Refusal::HookFailed, Refusal::HookFailed.says().to_owned()));
                assert!(reply.retry_after.is_some());
                assert_eq!((world.used_of_token(), world.registry.device("gw-1").unwrap()), (0, None));
            }
            let failures = world.failures.lock().unwrap().clone();
            assert!(told.is_empty() || failures.iter().any(|words| words.contains(told)), "{answer:?} {failures:?}");
        }
    }
}

fn checked_by_others(seen: &Seen) {
    let signature = seen.header("firstlight-signature");
    let parts: Vec<&str> = signature.split(',').collect();
    let (time, mac) = (parts[0].strip_prefix("t=").unwrap(), parts[1].strip_prefix("v1=").unwrap());
    let script = "import hmac, sys; s, t, b = sys.argv[1:]; print(hmac.new(s.encode(), f'{t}.{b}'.encode(), 'sha256').hexdigest())";
    let said = Command::new("python3").args(["-c", script, SECRET, time, &seen.body]).output();
    let said = said.expect("python3 is missing (tests/run names it)");
    assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), mac);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert!(now.abs_diff(time.parse().unwrap()) < 600);
}

#[test]
fn the_signature_is_one_that_python_agrees_with_and_no_secret_goes_out() {
    let hook = Listener::new(mind);
    let world = World::new(
        crate::registry::Engine::Sqlite,
        &policy(&json!({ "validate": webhook(&hook.url, "closed") }), &json!({})),
    );
    assert_eq!(world.register(json!({ "id": "gw-ü".replace('ü', "1"), "vendor": "Äcme" })).status, 201);
    let seen = hook.seen().remove(0);
    checked_by_others(&seen);
    let token = world.token.expose(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
    assert!(!seen.body.contains(&token) && !seen.headers.contains(&token));
    assert_eq!(seen.header("firstlight-hook"), "validate");
    let fields = seen.fields();
    assert_eq!(seen.header("idempotency-key"), fields["key"].as_str().unwrap());
    assert_eq!((&fields["fleet"], &fields["group"], &fields["version"]), (&json!("acme"), &json!("line-a"), &json!(1)));
}

#[test]
fn a_hook_that_is_down_is_left_alone_after_five_failures() {
    let hook = Listener::new(|_, _| Answer::Dies);
    let world = World::new(
        crate::registry::Engine::Sqlite,
        &policy(&json!({ "validate": webhook(&hook.url, "closed") }), &json!({})),
    );
    let replies: Vec<Reply> = (0..9).map(|_| world.register(json!({ "id": "gw-1" }))).collect();
    assert!(replies.iter().all(|reply| reply.refusal() == Some(Refusal::HookFailed)), "{replies:?}");
    assert_eq!(hook.seen().len(), 5);
}
