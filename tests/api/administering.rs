//! People and their programs: roles, marks, pages, lists that come and go as streams.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{world, world_with};

const NONE: Value = Value::Null;

#[test]
fn a_device_is_added_changed_and_retired_and_nobody_overwrites_what_he_has_not_seen() {
    let world = world();
    let fields =
        json!({"id": "GW-1", "serial": "SN-1", "group": "line", "attributes": {"site": "berlin", "room": "7"}});
    let made = world.ask("technician", "POST", "/v1/devices", &fields).is(201);
    assert_eq!((made.header("location"), made.header("etag")), (Some("/v1/devices/GW-1"), Some("\"1\"")));
    assert_eq!(made.json()["state"], "expected");
    world.ask("technician", "POST", "/v1/devices", &fields).is_problem(409, "conflict");
    let path = "/v1/devices/gw-1";
    let change = json!({"vendor": "ACME", "attributes": {"room": null}});
    world.ask("technician", "PATCH", path, &change).is_problem(428, "match-required");
    for wrong in ["\"7\"", "W/\"1\"", "1", "\"x\""] {
        let header = format!("If-Match: {wrong}");
        world.ask_with("technician", "PATCH", path, &change, &["-H", &header]).is_problem(412, "changed");
    }
    let changed = world.ask_with("technician", "PATCH", path, &change, &["-H", "If-Match: \"1\""]).is(200);
    assert_eq!(changed.header("etag"), Some("\"2\""));
    let shown = world.get("viewer", path).is(200);
    assert_eq!(shown.header("etag"), Some("\"2\""));
    assert_eq!((&shown.json()["vendor"], &shown.json()["attributes"]), (&json!("ACME"), &json!({"site": "berlin"})));
    // A replacement takes away what it does not name.
    let whole = json!({"id": "gw-1", "group": "line", "attributes": {"site": "ulm"}});
    world.ask("technician", "PUT", path, &whole).is_problem(428, "match-required");
    let put = world.ask_with("technician", "PUT", path, &whole, &["-H", "If-Match: \"2\""]).is(200).json();
    assert_eq!((&put["vendor"], &put["serial"], &put["attributes"]), (&NONE, &NONE, &json!({"site": "ulm"})));
    world.ask_with("technician", "PUT", path, &whole, &["-H", "If-None-Match: *"]).is_problem(412, "changed");
    world.ask_with("technician", "PUT", "/v1/devices/gw-2", &json!({}), &["-H", "If-None-Match: *"]).is(201);
    world.ask("admin", "DELETE", path, &NONE).is_problem(428, "match-required");
    world.ask_with("admin", "DELETE", path, &NONE, &["-H", "If-Match: \"2\""]).is_problem(412, "changed");
    let retired = world.ask_with("admin", "DELETE", &format!("{path}?reason=broken"), &NONE, &["-H", "If-Match: *"]);
    assert_eq!(retired.is(200).json()["state"], "retired");
    let edit = ["-H", "If-Match: *"];
    world.ask_with("technician", "PATCH", path, &change, &edit).is_problem(409, "conflict");
    let history = world.get("viewer", "/v1/devices/gw-1/history").is(200).json();
    let told: Vec<_> =
        history["items"].as_array().unwrap().iter().map(|event| event["what"].as_str().unwrap()).collect();
    assert_eq!(told, ["device-expected", "device-edited", "device-edited", "device-retired"]);
    let actors = history["items"].as_array().unwrap().iter().map(|event| event["actor"].as_str().unwrap());
    assert!(actors.into_iter().all(|actor| actor.starts_with("token ")));
    let why = world.get("viewer", "/v1/devices/gw-1/why").is(200).json();
    assert_eq!(
        (&why["decision"]["what"], &why["decision"]["detail"]["reason"]),
        (&json!("device-retired"), &json!("broken"))
    );
}

#[test]
fn a_change_of_another_model_or_group_that_is_not_there_is_refused() {
    let world = world();
    let path = "/v1/devices/gw-1";
    world.ask("technician", "POST", "/v1/devices", &json!({"id": "gw-1", "model": "sensor"})).is(201);
    let any = ["-H", "If-Match: *"];
    world.ask_with("technician", "PUT", path, &json!({"model": "pump"}), &any).is_problem(422, "value-refused");
    world.ask_with("technician", "PATCH", path, &json!({"group": "nowhere"}), &any).is_problem(422, "value-refused");
    world
        .ask_with("technician", "PATCH", path, &json!({"state": "registered"}), &any)
        .is_problem(400, "malformed-request");
    world.ask_with("technician", "PATCH", path, &json!({"attributes": null}), &any).is(200);
    for (method, path) in [
        ("GET", "/v1/devices/none"),
        ("GET", "/v1/devices/none/why"),
        ("GET", "/v1/devices/none/history"),
        ("GET", "/v1/devices/none/credentials"),
        ("GET", "/v1/groups/none"),
        ("DELETE", "/v1/tokens/none"),
        ("DELETE", "/v1/block/none"),
        ("DELETE", "/v1/allow/line/none"),
    ] {
        world.ask("admin", method, path, &NONE).is_problem(404, "not-found");
    }
}

#[test]
fn each_role_may_what_the_table_says_and_no_more() {
    let world = world();
    let device = json!({"id": "gw-1"});
    for (role, status) in [("viewer", 403), ("technician", 201)] {
        world.ask(role, "POST", "/v1/devices", &device).is(status);
    }
    world.ask("viewer", "POST", "/v1/devices", &device).is_problem(403, "role-too-low");
    for (role, status) in [("technician", 403), ("approver", 404)] {
        world.ask(role, "POST", "/v1/approvals/none/deny", &json!({"reason": "x"})).is(status);
    }
    for role in ["viewer", "technician", "approver"] {
        world.get(role, "/v1/tokens").is_problem(403, "role-too-low");
        world
            .ask_with(role, "DELETE", "/v1/devices/gw-1", &NONE, &["-H", "If-Match: *"])
            .is_problem(403, "role-too-low");
    }
    for path in ["/v1/devices", "/v1/groups", "/v1/events", "/v1/stats", "/metrics"] {
        world.get("", path).is_problem(401, "proof-missing");
        world.get("fla_wrong", path).is_problem(401, "token-unknown");
        // A device's token is good for registering only.
        world.get("line", path).is_problem(403, "proof-not-accepted");
        world.get("viewer", path).is(200);
    }
}

#[test]
fn a_client_certificate_administers_by_its_fingerprint_or_its_issuer_and_name() {
    let world = world();
    for name in ["otto", "eve"] {
        world.others.issue(&world.folder, name);
    }
    let words = |name: &str| [world.path(&format!("{name}.pem")), world.path(&format!("{name}.key"))];
    let ask = |name: &str, method: &str, path: &str, body: &Value| {
        let [certificate, key] = words(name);
        world.ask_with("", method, path, body, &["--cert", &certificate, "--key", &key])
    };
    ask("anna", "GET", "/v1/devices", &NONE).is(200);
    ask("anna", "POST", "/v1/devices", &json!({"id": "gw-1"})).is_problem(403, "role-too-low");
    ask("eve", "GET", "/v1/devices", &NONE).is_problem(401, "certificate-not-trusted");
    ask("otto", "POST", "/v1/devices", &json!({"id": "gw-1"})).is(201);
    let history = ask("otto", "GET", "/v1/devices/gw-1/history", &NONE).json();
    assert_eq!(history["items"][0]["actor"], "certificate otto");
    // The right name from another issuer.
    world.devices.issue(&world.folder, "otto");
    ask("otto", "GET", "/v1/devices", &NONE).is_problem(401, "certificate-not-trusted");
}

#[test]
fn pages_follow_each_other_and_the_filter_is_no_statement() {
    let world = world();
    let row = |n| format!("{{\"id\":\"gw-{n:02}\",\"attributes\":{{\"site\":\"{}\"}}}}\n", n % 2);
    let rows = (0..25).map(row).collect::<Vec<_>>().concat();
    world.send("technician", "/v1/devices/import", "application/x-ndjson", rows.as_bytes(), &[]).is(200);
    let (mut seen, mut path) = (Vec::new(), "/v1/devices?limit=10&total=true".to_owned());
    loop {
        let page = world.get("viewer", &path).is(200).json();
        assert_eq!((&page["total"], &page["total_is_exact"]), (&json!(25), &json!(true)));
        seen.extend(page["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/devices?limit=10&total=true&after={next}");
    }
    assert_eq!(seen, (0..25).map(|n| format!("gw-{n:02}")).collect::<Vec<_>>());
    let count = |filter: &str| {
        world.get("viewer", &format!("/v1/devices?limit=1000&filter={filter}")).is(200).json()["items"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((count("attributes.site%3D1"), count("gw-0*"), count("state%3Dretired")), (12, 10, 0));
    assert_eq!(count("vendor%3D%22x%27%20OR%20%271%27%3D%271%22"), 0);
    for wrong in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "limit=%2B5",
        "after=gw-1",
        "filter=colour%3Dred",
        "colour=red",
        "limit=1&limit=2",
    ] {
        world.get("viewer", &format!("/v1/devices?{wrong}")).is_problem(400, "malformed-request");
    }
    for list in ["groups", "tokens", "block", "approvals", "allow"] {
        let group = if list == "allow" { "group=line&" } else { "" };
        let page = world.get("admin", &format!("/v1/{list}?{group}limit=3")).is(200).json();
        assert!(page["items"].is_array() && page.get("next").is_some(), "{page}");
        world.get("admin", &format!("/v1/{list}?{group}after=!")).is_problem(400, "malformed-request");
    }
    let first = world.get("viewer", "/v1/groups?limit=9").json();
    let rest = world.get("viewer", &format!("/v1/groups?after={}", first["next"].as_str().unwrap())).json();
    assert_eq!((rest["items"][0]["id"].as_str(), &rest["next"]), (Some("typed"), &NONE));
}

#[test]
fn a_group_shows_its_use_and_its_mark() {
    let world = world();
    world.register("few", "gw-1").is(201);
    let shown = world.get("viewer", "/v1/groups/few").is(200);
    let usage = &shown.json()["usage"];
    assert_eq!((&usage["used"], &usage["quota"], &usage["devices"]["registered"]), (&json!(1), &json!(1), &json!(1)));
    assert!(shown.header("etag").is_some());
    let stats = world.get("viewer", "/v1/stats").is(200).json();
    assert_eq!((&stats["fleet"], &stats["devices"]["registered"]), (&json!("acme"), &json!(1)));
}

#[test]
fn a_group_is_closed_and_limited_by_hand_but_never_widened() {
    let world = world();
    let (path, narrow) = ("/v1/groups/few", |who: &str, mark: &str, fields: &Value| {
        world.ask_with(who, "PATCH", "/v1/groups/few", fields, &["-H", &format!("If-Match: {mark}")])
    });
    let mark = |answer: &crate::world::Answer| answer.header("etag").unwrap().to_owned();
    let first = mark(&world.get("viewer", path).is(200));
    narrow("technician", &first, &json!({"open": false})).is_problem(403, "role-too-low");
    world.ask("approver", "PATCH", path, &json!({"open": false})).is_problem(428, "match-required");
    narrow("approver", &first, &json!({"open": "no"})).is_problem(400, "malformed-request");
    narrow("approver", &first, &json!({"quota": 2})).is_problem(422, "value-refused");
    let closed = narrow("approver", &first, &json!({"open": false})).is(200);
    assert_eq!(closed.json()["narrowed"], json!({"closed": true, "quota": null}));
    // The desk kept the policy of before: it is told that this is stale.
    world.register("few", "gw-1").is_problem(403, "group-closed");
    narrow("approver", &first, &json!({"open": null})).is_problem(412, "changed");
    // The fleet file, read again, opens nothing.
    let second = mark(&closed);
    let none = narrow("approver", &second, &json!({"open": null, "quota": 0})).is(200);
    assert_eq!(none.json()["usage"]["quota"], 0);
    // A server that reads the groups anew, as each does every ten seconds.
    let other = world.another();
    let (to, token) = (format!("::localhost:{}", other.address().port()), world.token("few"));
    let fields = json!({"id": "gw-1", "group": "few"});
    let register = || world.ask_with(token, "POST", "/v1/register", &fields, &["--connect-to", &to]);
    register().is_problem(403, "quota-reached");
    narrow("approver", &mark(&none), &json!({"quota": null})).is(200);
    register().is(201);
    other.shutdown(Duration::from_secs(1));
    world
        .ask_with("approver", "PATCH", "/v1/groups/closed", &json!({"open": true}), &["-H", "If-Match: *"])
        .is_problem(422, "value-refused");
    let notes = world.get("viewer", "/v1/events?limit=1000").json();
    let made: Vec<_> =
        notes["items"].as_array().unwrap().iter().filter(|event| event["what"] == "group-narrowed").collect();
    assert_eq!((made.len(), &made[0]["detail"]["closed"]), (3, &json!(true)));
}

#[test]
fn tokens_end_and_only_admins_make_them() {
    let world = world();
    let made = world.ask("admin", "POST", "/v1/tokens", &json!({"role": "viewer", "days": 1})).is(201).json();
    let text = made["token"].as_str().unwrap();
    world.get(text, "/v1/devices").is(200);
    world.pass(86_401);
    world.get(text, "/v1/devices").is_problem(401, "token-expired");
    let made = world.ask("admin", "POST", "/v1/tokens", &json!({"role": "admin"})).is(201).json();
    world.ask("admin", "DELETE", &format!("/v1/tokens/{}", made["id"].as_str().unwrap()), &NONE).is(204);
    world.get(made["token"].as_str().unwrap(), "/v1/devices").is_problem(401, "token-expired");
    for (wrong, status, code) in [
        (json!({}), 400, "malformed-request"),
        (json!({"role": "viewer", "group": "line"}), 400, "malformed-request"),
        (json!({"role": "king"}), 422, "value-refused"),
        (json!({"role": "viewer", "max_uses": 3}), 422, "value-refused"),
        (json!({"group": "line", "max_uses": 0}), 422, "value-refused"),
        (json!({"group": "line", "expires": "2001-01-01T00:00:00Z"}), 422, "value-refused"),
        (json!({"group": "line", "expires": "tomorrow"}), 400, "malformed-request"),
        (json!({"group": "line", "days": 3, "expires": "2101-01-01T00:00:00Z"}), 400, "malformed-request"),
        (json!({"group": "nowhere"}), 404, "not-found"),
    ] {
        world.ask("admin", "POST", "/v1/tokens", &wrong).is_problem(status, code);
    }
    world.ask("approver", "POST", "/v1/tokens", &json!({"role": "viewer"})).is_problem(403, "role-too-low");
    let listed = world.get("admin", "/v1/tokens?limit=1000").text();
    assert!(!listed.contains("fla_") && !listed.contains("flt_"));
}

#[test]
fn a_registration_waits_for_a_person() {
    let world = world();
    let waiting = world.register("asks", "gw-1").is(202);
    assert!(waiting.header("retry-after").is_some());
    world.register("asks", "gw-2").is(202);
    let open = world.get("viewer", "/v1/approvals").is(200).json();
    let by = |id: &str| {
        open["items"].as_array().unwrap().iter().find(|one| one["device"] == id).unwrap()["registration"].clone()
    };
    let (first, second) = (by("gw-1"), by("gw-2"));
    let decide = |registration: &Value, what: &str| {
        let path = format!("/v1/approvals/{}/{what}", registration.as_str().unwrap());
        world.ask("approver", "POST", &path, &json!({"reason": "seen on the line"}))
    };
    decide(&first, "approve").is(204);
    decide(&second, "deny").is(204);
    decide(&first, "deny").is_problem(409, "conflict");
    world.register("asks", "gw-1").is(200);
    world.register("asks", "gw-2").is_problem(403, "approval-denied");
    let why = world.get("viewer", "/v1/devices/gw-2/why").is(200).json();
    assert_eq!(why["events"].as_array().unwrap().iter().filter(|event| event["what"] == "denied").count(), 1);
    world.ask("approver", "POST", "/v1/approvals/none/approve", &json!({})).is_problem(400, "malformed-request");
}

#[test]
fn the_feed_of_events_waits_for_news() {
    let world = world();
    let last = world.get("viewer", "/v1/stats").json()["events"].as_i64().unwrap();
    let none = world.get("viewer", &format!("/v1/events?after={last}&wait=1")).is(200).json();
    assert_eq!(none, json!({"items": [], "next": last}));
    let told = std::thread::scope(|scope| {
        let feed =
            scope.spawn(|| world.get("viewer", &format!("/v1/events?after={last}&wait=50&device=gw-1")).is(200).json());
        std::thread::sleep(Duration::from_millis(300));
        world.ask("technician", "POST", "/v1/block", &json!({"id": "gw-0", "reason": "another"})).is(204);
        world.ask("technician", "POST", "/v1/block", &json!({"id": "gw-1", "reason": "stolen"})).is(204);
        feed.join().unwrap()
    });
    assert_eq!((told["items"].as_array().unwrap().len(), &told["items"][0]["what"]), (1, &json!("blocked")));
    assert_eq!(told["next"], last + 2);
    for wrong in ["after=-1", "after=x", "wait=61", "wait=x", "limit=0"] {
        world.get("viewer", &format!("/v1/events?{wrong}")).is_problem(400, "malformed-request");
    }
}

#[test]
fn a_device_of_another_tool_is_adopted_with_its_certificate_and_comes_back_by_it() {
    let world = world();
    world.devices.issue(&world.folder, "old-1");
    let pem = std::fs::read_to_string(world.file("old-1.pem")).unwrap();
    let adopted = json!({"group": "line", "certificate": pem, "vendor": "ACME"});
    world.ask("technician", "POST", "/v1/devices/old-1/adopt", &adopted).is_problem(403, "role-too-low");
    let row = world.ask("approver", "POST", "/v1/devices/old-1/adopt", &adopted).is(200).json();
    assert_eq!((&row["state"], &row["origin"]), (&json!("registered"), &json!("adopted")));
    let credentials = world.get("viewer", "/v1/devices/old-1/credentials").is(200).json();
    assert_eq!((&credentials["items"][0]["kind"], &credentials["items"][0]["public"]), (&json!("x509"), &json!(pem)));
    world.ask("approver", "POST", "/v1/devices/old-1/adopt", &adopted).is_problem(409, "conflict");
    world.ask("approver", "POST", "/v1/devices/old-2/adopt", &adopted).is_problem(409, "conflict");
    for wrong in [json!({"certificate": "x"}), json!({"certificate": pem.replace("MII", "AAA")})] {
        world.ask("approver", "POST", "/v1/devices/old-3/adopt", &wrong).is_problem(422, "value-refused");
    }
}

#[test]
fn health_asks_nobody_and_readiness_asks_the_registry() {
    let world = world_with(|config| config.open_metrics = true);
    assert_eq!(world.get("", "/healthz").is(200).json(), json!({"status": "ok"}));
    assert_eq!(world.get("", "/readyz").is(200).json(), json!({"status": "ready"}));
    world.get("", "/metrics").is(200);
}
