//! Every documented refusal, over HTTP: what is asked, what is answered, and that nothing is lost by it.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use firstlight::fleet::EndpointName;
use firstlight::fleet::enrolment::Refusal;
use firstlight::registry::{Engine, Scope};
use serde_json::{Value, json};

use crate::devices::devices;
use crate::engines::engine;
use crate::world::{World, token, world, world_with};

/// Refusals of parts that have tests of their own: hooks, models, certificates that are renewed.
const ELSEWHERE: [&str; 7] = [
    "denied-by-hook",
    "hook-failed",
    "model-unknown",
    "model-invalid",
    "instance-invalid",
    "identity-taken",
    "rate-limited",
];

fn register(world: &World, token: &str, fields: &Value) -> (u64, String) {
    let answer = world.ask(token, "POST", "/v1/register", fields);
    said(&answer.json())
}

fn said(problem: &Value) -> (u64, String) {
    (problem["status"].as_u64().unwrap_or(0), problem["code"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn every_documented_refusal_is_given_for_its_reason_and_writes_nothing_but_a_line() {
    // Who asks while the registry is away is not to wait as long as the work may.
    let world = world_with(|config| config.bounds.work = std::time::Duration::from_secs(10));
    let registry = &world.registry;
    let device = |group: &str, id: &str| Scope::Device { group: group.to_owned(), device: id.to_owned() };
    let (own, spent) =
        (token(registry, &device("line", "gw-5"), None), token(registry, &device("line", "gw-6"), Some(1)));
    let ended = world.ask("admin", "POST", "/v1/tokens", &json!({"group": "line", "days": 1})).is(201).json();
    let ended = ended["token"].as_str().unwrap().to_owned();
    world.pass(86_401);
    // What stands before.
    for (group, id) in [("few", "few-1"), ("once", "once-1")] {
        world.register(group, id).is(201);
    }
    world.ask(&spent, "POST", "/v1/register", &json!({"id": "gw-6", "group": "line"})).is(201);
    world.ask("tokens", "POST", "/v1/register", &json!({"id": "gw-7", "group": "tokens", "serial": "SN-7"})).is(201);
    registry.block("test", &EndpointName::new("gw-8").unwrap(), "stolen").unwrap();
    world.register("tokens", "gw-9").is(201);
    registry.retire_device("gw-9", None, "broken", "test").unwrap();
    world.ask("technician", "POST", "/v1/allow", &json!({"group": "listed", "id": "gw-10", "max_uses": 1})).is(204);
    world.register("listed", "gw-10").is(201);
    registry.retire_device("gw-10", None, "broken", "test").unwrap();
    let pending = world.register("asks", "gw-11").is(202).json();
    registry.deny("test", pending["registration"].as_str().unwrap(), "no").unwrap();
    let before = (world.count(""), world.count("state=registered"));
    let line = |id: &str| json!({"id": id, "group": "line"});
    let in_group = |group: &str, id: &str| json!({"id": id, "group": group});
    let table: Vec<(&str, Value, u64, &str)> = vec![
        ("line", json!({"group": "line"}), 400, "malformed-request"),
        ("line", json!({"id": "gw-1", "group": "line", "colour": "red"}), 400, "malformed-request"),
        ("line", json!({"id": {"$ne": ""}, "group": "line"}), 400, "malformed-request"),
        ("line", line("gw\u{0}1"), 400, "malformed-request"),
        ("line", line("gẅ-1"), 422, "invalid-identifier"),
        ("line", line("gw-１"), 422, "invalid-identifier"),
        ("line", line("../../etc/passwd"), 422, "invalid-identifier"),
        ("line", line("x' OR '1'='1"), 422, "invalid-identifier"),
        ("line", line("gw-1; DROP TABLE device"), 422, "invalid-identifier"),
        ("line", line("{{7*7}}"), 422, "invalid-identifier"),
        ("line", line("(a+)+$"), 422, "invalid-identifier"),
        ("line", line(&"a".repeat(65)), 422, "invalid-identifier"),
        ("line", json!({"id": "gw-1", "group": "line", "vendor": "A\u{202e}B"}), 422, "invalid-identifier"),
        ("", line("gw-1"), 401, "proof-missing"),
        ("flt_nobody", line("gw-1"), 401, "token-unknown"),
        ("admin", line("gw-1"), 401, "token-unknown"),
        (&ended, line("gw-1"), 401, "token-expired"),
        (&spent, line("gw-6"), 200, ""),
        (&own, line("gw-1"), 403, "proof-of-another-device"),
        ("tokens", line("gw-1"), 403, "proof-of-another-device"),
        ("tokens", in_group("nowhere", "gw-1"), 403, "group-unknown"),
        ("tokens", in_group("TOKENS", "gw-1"), 403, "group-unknown"),
        ("closed", in_group("closed", "gw-1"), 403, "group-closed"),
        ("tokens", in_group("tokens", "GW-8"), 403, "device-blocked"),
        ("tokens", in_group("tokens", "gw-9"), 403, "device-retired"),
        ("listed", in_group("listed", "gw-1"), 403, "not-on-allow-list"),
        ("named", in_group("named", "gw-12345"), 403, "identifier-not-allowed"),
        ("named", in_group("named", "xgw-1234"), 403, "identifier-not-allowed"),
        ("typed", in_group("typed", "gw-1"), 403, "model-not-allowed"),
        ("typed", json!({"id": "gw-1", "group": "typed", "model": {"ref": "pump@1"}}), 403, "model-not-allowed"),
        ("fresh", json!({"id": "gw-1", "group": "fresh", "firmware": "1.9.9"}), 403, "firmware-not-allowed"),
        ("few", in_group("few", "few-2"), 403, "quota-reached"),
        ("once", json!({"id": "once-1", "group": "once", "vendor": "X"}), 409, "already-registered"),
        ("line", in_group("line", "GW-7"), 409, "already-registered"),
        ("tokens", json!({"id": "gw-1", "group": "tokens", "serial": "SN-7"}), 409, "serial-taken"),
        ("asks", in_group("asks", "gw-11"), 403, "approval-denied"),
        ("line", json!({"id": "gw-1", "group": "line", "csr": "AAEC"}), 422, "request-not-acceptable"),
        ("line", json!({"id": "gw-1", "group": "line", "csr": "%"}), 400, "malformed-request"),
    ];
    let mut seen = BTreeSet::new();
    for (who, fields, status, code) in &table {
        let found = register(&world, who, fields);
        if !code.is_empty() {
            assert_eq!(found, (*status, (*code).to_owned()), "{who} {fields}");
        }
        seen.insert(*code);
    }
    assert_eq!((world.count(""), world.count("state=registered")), before);
    assert!(registry.verify_events().unwrap().is_ok());
    // Also what is refused before the transaction is on record, with its reason.
    let last = registry.events(Some("xgw-1234"), 0, 10).unwrap().pop().unwrap();
    assert_eq!((last.what.as_str(), &last.detail["code"]), ("registration-refused", &json!("identifier-not-allowed")));
    // Those that no one answer shows.
    for (code, shown) in others(&world) {
        assert_eq!(shown, code);
        seen.insert(code);
    }
    let missing: Vec<_> = Refusal::ALL
        .iter()
        .map(|refusal| refusal.code())
        .filter(|code| !seen.contains(code) && !ELSEWHERE.contains(code))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

/// Asks for refusals that want more than a registration with a token; returns the code wanted and the one found.
fn others(world: &World) -> Vec<(&'static str, String)> {
    let problem = |answer: &crate::world::Answer| said(&answer.json()).1;
    let none = Value::Null;
    let mut found = Vec::new();
    let key = ["-H", "Idempotency-Key: one"];
    world.ask_with("tokens", "POST", "/v1/register", &json!({"id": "ok-1", "group": "tokens"}), &key).is(201);
    let other = json!({"id": "ok-1", "group": "tokens", "vendor": "X"});
    found.push(("proof-shared", problem(&world.ask("tokens", "POST", "/v1/register", &other))));
    found.push(("idempotency-key-reused", problem(&world.ask_with("tokens", "POST", "/v1/register", &other, &key))));
    found.push(("not-registered", problem(&world.get("tokens", &format!("/v1/registrations/{}", "0".repeat(32))))));
    found.push(("unsupported-media-type", problem(&world.send("tokens", "/v1/register", "text/plain", b"{}", &[]))));
    found.push((
        "request-too-large",
        problem(&world.send("tokens", "/v1/register", "application/json", &vec![b' '; 70_000], &[])),
    ));
    found.push(("proof-not-accepted", problem(&world.get("line", "/v1/devices"))));
    found.push(("token-used-up", {
        let once = token(&world.registry, &Scope::Group("line".to_owned()), Some(1));
        world.ask(&once, "POST", "/v1/register", &json!({"id": "ok-2", "group": "line"})).is(201);
        problem(&world.ask(&once, "POST", "/v1/register", &json!({"id": "ok-3", "group": "line"})))
    }));
    world.ask("technician", "POST", "/v1/allow", &json!({"group": "listed", "id": "ok-4", "max_uses": 0})).is(204);
    found.push(("allow-list-used-up", problem(&world.register("listed", "ok-4"))));
    world.others.issue(&world.folder, "ok-5");
    let words = ["--cert", &world.path("ok-5.pem"), "--key", &world.path("ok-5.key")];
    let fields = json!({"id": "ok-5", "group": "line"});
    found.push(("certificate-not-trusted", problem(&world.ask_with("", "POST", "/v1/register", &fields, &words))));
    world.devices.issue(&world.folder, "ok-5");
    world.ask_with("", "POST", "/v1/devices/ok-5/adopt", &none, &words);
    let pem = std::fs::read_to_string(world.file("ok-5.pem")).unwrap();
    world.ask("approver", "POST", "/v1/devices/ok-5/adopt", &json!({"certificate": pem, "group": "line"})).is(200);
    let fingerprint = world.registry.credentials("ok-5").unwrap()[0].fingerprint;
    world.registry.retire_credential(fingerprint, true, "test").unwrap();
    found.push(("certificate-revoked", problem(&world.ask_with("", "POST", "/v1/register", &fields, &words))));
    found.push(("not-found", problem(&world.get("viewer", "/v1/devices/nobody"))));
    found.push(("conflict", problem(&world.ask("technician", "POST", "/v1/devices", &json!({"id": "ok-1"})))));
    let any = ["-H", "If-Match: \"99\""];
    found.push(("changed", problem(&world.ask_with("technician", "PATCH", "/v1/devices/ok-1", &json!({}), &any))));
    found.push(("match-required", problem(&world.ask("technician", "PATCH", "/v1/devices/ok-1", &json!({})))));
    found.push(("value-refused", problem(&world.ask("admin", "POST", "/v1/tokens", &json!({"role": "king"})))));
    let claims = devices(
        world,
        &json!([
            {"proof": "claim", "id": "ok-6", "group": "line", "key_of": "ok-7"},
            {"proof": "claim", "id": "ok-6", "group": "line", "skew": 172_800},
            {"proof": "claim", "id": "ok-6", "group": "line", "skew": 86_400, "replayed": true},
        ]),
    );
    // The test let a day pass: the first two are off by it, or by another.
    found.push(("claim-expired", said(&claims[1]["value"]).1));
    assert_eq!(claims[2]["status"], 201, "{claims:?}");
    found.push(("nonce-replayed", said(&claims[2]["again"][2]).1));
    found.push(("try-later", gone(world).1));
    found.push(("proof-invalid", {
        let wrong = json!([{"proof": "claim", "id": "ok-6", "group": "line", "key_of": "ok-7", "skew": 86_400}]);
        said(&devices(world, &wrong)[0]["value"]).1
    }));
    found
}

/// Somebody else's program that holds all of the registry until its input ends.
fn holder(world: &World) -> Command {
    let address = &world.store.address;
    if engine() == Engine::Postgres {
        let mut psql = Command::new("psql");
        psql.args([address, "-qAt", "-v", "ON_ERROR_STOP=1", "-f", "-"]);
        return psql;
    }
    let script = "import sqlite3,sys\nc=sqlite3.connect(sys.argv[1],isolation_level=None)\nc.execute('BEGIN EXCLUSIVE')\nprint('held',flush=True)\nsys.stdin.read()\n";
    let mut python = Command::new("python3");
    python.args(["-c", script, address]);
    python
}

/// Takes the registry away while a device registers.
fn gone(world: &World) -> (u64, String) {
    let mut holder = holder(world)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 and psql are there; tests/run installs them");
    if engine() == Engine::Postgres {
        let locks = "BEGIN; LOCK TABLE grp, device, registration, event IN ACCESS EXCLUSIVE MODE; SELECT 'held';\n";
        holder.stdin.as_mut().unwrap().write_all(locks.as_bytes()).unwrap();
    }
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(holder.stdout.take().unwrap()), &mut line).unwrap();
    assert_eq!(line, "held\n");
    let fields = json!({"id": "gone-1", "group": "tokens"});
    let refused = world.ask("tokens", "POST", "/v1/register", &fields);
    assert!(refused.header("retry-after").is_some(), "{}", refused.head);
    // What only reads goes on.
    world.get("", "/healthz").is(200);
    drop(holder.stdin.take());
    holder.wait().unwrap();
    // What was begun goes on, so that it may be done already: once it is, all that ask again are told the same.
    let first = world.ask("tokens", "POST", "/v1/register", &fields);
    assert!([200, 201].contains(&first.status()), "{}", first.text());
    assert_eq!(world.ask("tokens", "POST", "/v1/register", &fields).is(200).json(), first.json());
    assert_eq!(world.count("id=gone-1"), 1);
    said(&refused.json())
}

#[test]
fn bodies_that_are_no_request_are_refused_in_both_notations() {
    let world = world_with(|config| config.bounds.longest_body = 4_096);
    let deep =
        |open: &[u8], close: &[u8]| [b"{\"id\":".to_vec(), open.repeat(40), close.repeat(40), b"}".to_vec()].concat();
    let large = json!({"id": "a", "vendor": "x".repeat(5_000)}).to_string().into_bytes();
    let table: Vec<(&str, Vec<u8>, u16, &str)> = vec![
        ("application/json", b"{".to_vec(), 400, "malformed-request"),
        ("application/json", b"\xff\xfe{}".to_vec(), 400, "malformed-request"),
        ("application/json", b"[]".to_vec(), 400, "malformed-request"),
        ("application/json", b"{\"id\":\"a\",\"id\":\"b\"}".to_vec(), 400, "malformed-request"),
        ("application/json", b"{\"id\":1e999}".to_vec(), 400, "malformed-request"),
        ("application/json", deep(b"[", b"]"), 413, "request-too-large"),
        ("application/json", large, 413, "request-too-large"),
        ("application/cbor", b"\xa1\x62id".to_vec(), 400, "malformed-request"),
        ("application/cbor", b"\xbf\x62id\x61a\x62id\x61b\xff".to_vec(), 400, "malformed-request"),
        ("application/cbor", b"\xa1\x62id\xc1\x00".to_vec(), 400, "malformed-request"),
        ("application/cbor", b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(), 400, "malformed-request"),
        ("application/cbor", [b"\xa1\x62id".to_vec(), vec![0x81; 40], vec![0]].concat(), 413, "request-too-large"),
        ("application/cbor; charset=utf-16", b"\xa0".to_vec(), 415, "unsupported-media-type"),
        ("application/xml", b"<id/>".to_vec(), 415, "unsupported-media-type"),
    ];
    for (media_type, body, status, code) in table {
        world
            .send("line", "/v1/register", media_type, &body, &["-H", "Accept: application/json"])
            .is_problem(status, code);
    }
    assert_eq!(world.count(""), 0);
}

#[test]
fn proofs_that_are_made_wrong_prove_nothing() {
    let world = world();
    world.devices.issue(&world.folder, "own");
    let certificate = world.path("own");
    let table = json!([
        [{"proof": "claim", "id": "gw-1", "group": "line", "key_of": "gw-2"}, 401, "proof-invalid"],
        [{"proof": "claim", "id": "gw-1", "group": "line", "altered": true}, 401, "proof-invalid"],
        [{"proof": "claim", "id": "gw-1", "group": "line", "signer": "gw-2", "key_of": "gw-2"}, 403, "proof-of-another-device"],
        [{"proof": "claim", "id": "gw-1", "group": "line", "signer": "GW-1"}, 403, "proof-of-another-device"],
        [{"proof": "claim", "id": "gw-1", "group": "line", "skew": -301}, 401, "claim-expired"],
        [{"proof": "claim", "id": "gw-1", "group": "line", "skew": 310}, 401, "claim-expired"],
        [{"proof": "claim", "id": "gw-1", "group": "line", "nonce": "short"}, 401, "proof-invalid"],
        [{"proof": "claim", "id": "gw-1", "group": "tokens"}, 403, "proof-not-accepted"],
        [{"proof": "jwt", "id": "gw-1", "group": "line", "key_of": "other"}, 401, "proof-invalid"],
        [{"proof": "jwt", "id": "gw-1", "group": "line", "algorithm": "none"}, 401, "proof-invalid"],
        [{"proof": "jwt", "id": "gw-1", "group": "line", "algorithm": "HS256"}, 401, "proof-invalid"],
        [{"proof": "jwt", "id": "gw-1", "group": "line", "audience": "other"}, 401, "proof-invalid"],
        [{"proof": "jwt", "id": "gw-1", "group": "line", "signer": "gw-2"}, 403, "proof-of-another-device"],
        [{"proof": "jwt", "id": "gw-1", "group": "line", "altered": true}, 401, "proof-invalid"],
        [{"proof": "jwt", "id": "gw-1", "group": "line", "skew": -3_000}, 401, "claim-expired"],
        [{"proof": "tls", "id": "gw-1", "group": "line", "certificate": certificate}, 403, "proof-of-another-device"],
        [{"proof": "tls", "id": "own", "group": "tokens", "certificate": certificate}, 403, "proof-not-accepted"],
        [{"proof": "none", "id": "gw-1", "group": "line"}, 401, "proof-missing"],
    ]);
    let rows = table.as_array().unwrap();
    let wishes: Vec<_> = rows.iter().map(|row| row[0].clone()).collect();
    for (row, answer) in rows.iter().zip(devices(&world, &json!(wishes))) {
        assert_eq!((&answer["status"], &answer["value"]["code"]), (&row[1], &row[2]), "{}", row[0]);
    }
    assert_eq!(world.count(""), 0);
    let replayed = devices(
        &world,
        &json!([
            {"proof": "claim", "id": "gw-1", "group": "line", "replayed": true},
            {"proof": "jwt", "id": "gw-2", "group": "line", "replayed": true},
        ]),
    );
    for answer in replayed {
        assert_eq!((&answer["status"], &answer["again"][2]["code"]), (&json!(201), &json!("nonce-replayed")));
    }
    assert_eq!(world.count(""), 2);
}

#[test]
fn who_asks_too_often_is_told_when_to_come_back() {
    let world = world_with(|config| config.rates.token = 3);
    let answers: Vec<_> = (0..6).map(|n| world.register("tokens", &format!("gw-{n}"))).collect();
    let refused = answers.iter().find(|answer| answer.status() == 429).expect("one is refused");
    refused.is_problem(429, "rate-limited");
    assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
}
