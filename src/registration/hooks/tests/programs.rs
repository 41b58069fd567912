//! Hooks that are programs.

use serde_json::{Value, json};

use super::world::{World, policy, words};
use crate::fleet::enrolment::Refusal;
use crate::registry::Engine;

fn world(script: &str, timeout: u32) -> World {
    let command = json!({ "command": ["/bin/sh", "-c", script], "timeout": timeout });
    World::new(Engine::Sqlite, &policy(&json!({ "validate": command }), &json!({})))
}

#[test]
fn a_program_gets_the_same_json_and_answers_the_same() {
    let world = world("cat > asked.json; echo '{\"ok\":true,'; echo '\"attributes\":{\"site\":\"h\"}}'", 30);
    assert_eq!(world.register(json!({ "id": "gw-1" })).status, 201);
    assert_eq!(world.registry.device("gw-1").unwrap().unwrap().attributes["site"], "h");
    let asked = std::fs::read(world.folder.path().join("asked.json")).unwrap();
    let asked: Value = serde_json::from_slice(&asked).unwrap();
    assert_eq!((&asked["step"], &asked["device"]["id"]), (&json!("validate"), &json!("gw-1")));
}

#[test]
fn a_program_that_hangs_dies_floods_or_talks_rubbish_is_a_failure() {
    for (script, timeout, told) in [
        ("sleep 1000 & echo $! > child; wait", 1, "no end within 1 s"),
        ("echo sorry >&2; exit 3", 30, "sorry"),
        ("kill -9 $$", 30, "signal"),
        ("yes", 30, "it wrote more than"),
        ("echo hello", 30, "its answer is none"),
        ("true", 30, "its answer is none"),
    ] {
        let world = world(script, timeout);
        assert_eq!(words(&world.register(json!({ "id": "gw-1" }))).0, Refusal::HookFailed, "{script}");
        let failures = world.failures.lock().unwrap().clone();
        assert!(failures[0].contains(told), "{script}: {failures:?}");
        assert_eq!(world.registry.device("gw-1").unwrap(), None);
        if let Ok(child) = std::fs::read_to_string(world.folder.path().join("child")) {
            let stat = format!("/proc/{}/stat", child.trim());
            super::world::until(|| {
                let state = std::fs::read_to_string(&stat).unwrap_or_default();
                (state.is_empty() || state.contains(") Z ") || state.contains(") X ")).then_some(())
            });
        }
    }
}

#[test]
fn a_program_that_nobody_trusts_is_not_run() {
    let command = json!({ "command": ["./untrusted"] });
    let world = World::new(Engine::Sqlite, &policy(&json!({ "validate": command }), &json!({})));
    std::fs::write(world.folder.path().join("untrusted"), "#!/bin/sh\ntouch ran; echo '{\"ok\":true}'").unwrap();
    assert_eq!(words(&world.register(json!({ "id": "gw-1" }))).0, Refusal::HookFailed);
    assert!(!world.folder.path().join("ran").exists());
    assert_eq!(*world.failures.lock().unwrap(), ["nobody trusts it"]);
}
