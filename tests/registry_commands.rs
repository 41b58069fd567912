//! The commands over the registry, on both engines where it matters: what a person types, and what came of it.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

#[path = "../src/registry/tests/cluster.rs"]
#[allow(dead_code)]
mod cluster;
mod common;

/// What the cluster's module knows under this name.
mod registry {
    pub(crate) use firstlight::registry::Engine;
}

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use cluster::{empty_postgres, on_both_stores, stranger};
use common::{Ran, TestFleet, oracle};
use firstlight::host::surroundings::SystemClock;
use firstlight::registry::Registry;
use serde_json::Value;

const GROUPS: &str = "
enrolment:
  groups:
    field: {proofs: [token], admit: {listed: true}, approval: unlisted}
    lab: {proofs: [claim], quota: 2}
";

/// A demo fleet with two groups, whose registry lies where `STORE` says.
struct Fleet {
    fleet: TestFleet,
    store: String,
}

impl Fleet {
    fn at(store: &str) -> Self {
        let fleet = TestFleet::demo(2);
        let text = fleet.read("fleet.yaml");
        fleet.write("fleet.yaml", &format!("{text}store: {{env: STORE}}{GROUPS}"));
        Self { fleet, store: store.to_owned() }
    }

    fn in_file() -> Self {
        let fleet = Self::at("");
        let store = fleet.fleet.file("registry.db").to_str().unwrap().to_owned();
        Self { store, ..fleet }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.fleet.run_with(arguments, &[("STORE", &self.store)])
    }

    fn json(&self, arguments: &[&str]) -> Value {
        self.run(&[arguments, &["--json"]].concat()).ok().json()
    }

    fn lines(&self, arguments: &[&str]) -> Vec<Value> {
        self.run(&[arguments, &["--json"]].concat()).ok().json_lines()
    }

    fn registry(&self) -> Registry {
        Registry::open(&self.store, "test-fleet", Arc::new(SystemClock)).unwrap()
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.fleet.command(arguments);
        command.env("STORE", &self.store).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

const DEVICES: &str =
    "id,serial,group,firmware,attributes.site\ngw-0001,SN000001,field,1.2,berlin\nZZ-9,Z9,lab,2.0,\"Halle 3, links\"\n";

#[test]
fn devices_are_imported_found_changed_and_retired_on_both_engines() {
    on_both_stores(|store| {
        let fleet = Fleet::at(store);
        fleet.fleet.write("devices-in.csv", &format!("{DEVICES}bad id,,,,\n"));
        let ran = fleet.run(&["devices", "import", "devices-in.csv"]).exits(3);
        assert_eq!(ran.stdout, "2 new, 0 changed, 0 unchanged, 1 refused\n");
        fleet.run(&["devices", "import", "devices-in.csv", "--atomic"]).exits(1);
        fleet.fleet.write("devices-in.csv", DEVICES);
        assert_eq!(fleet.lines(&["devices", "import", "devices-in.csv"])[0]["tally"]["unchanged"], 2);

        let found = |words: &[&str]| -> Vec<String> {
            let lines = fleet.lines(&[&["devices", "search"], words].concat());
            lines.iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(found(&["attributes.site=berlin", "state=expected"]), ["gw-0001"]);
        assert_eq!(found(&["attributes.site=\"Halle 3, links\""]), ["ZZ-9"]);
        assert_eq!(found(&["firmware=1.*", "gw-*"]), ["gw-0001"]);
        assert_eq!(found(&["--limit", "1"]), ["gw-0001"]);
        assert_eq!(found(&["--after", "gw-0001"]), ["ZZ-9"]);
        assert_eq!(fleet.json(&["devices", "search", "--count"])["count"], 2);
        fleet.run(&["devices", "search", "colour=red"]).exits(1);

        let edit = ["devices", "edit", "zz-9", "--attribute", "site=bonn", "--unset", "firmware", "--mark", "1"];
        let edited = fleet.json(&edit);
        assert_eq!(
            (&edited["etag"], &edited["attributes"]["site"], &edited["firmware"]),
            (&2.into(), &"bonn".into(), &Value::Null)
        );
        fleet.run(&edit).exits(6).says(&["changed by someone else: it is at 2, not at 1"]);
        fleet
            .run(&["devices", "edit", "zz-9", "--group", "nowhere"])
            .exits(1)
            .says(&["no enrolment group \"nowhere\""]);
        fleet.run(&["devices", "edit", "zz-9", "--serial", "SN000001"]).exits(6).says(&["it is that of \"gw-0001\""]);

        fleet.run(&["devices", "retire", "zz-9", "--reason", "scrapped", "--yes"]).ok();
        let history = fleet.lines(&["devices", "history", "ZZ-9"]);
        let what: Vec<&str> = history.iter().map(|line| line["what"].as_str().unwrap()).collect();
        assert_eq!(what, ["device-expected", "device-edited", "device-retired"]);
        let why = fleet.json(&["devices", "why", "zz-9"]);
        assert_eq!(why["registry"]["lines"][0], "it is retired: scrapped");
        let csv = fleet.run(&["devices", "export", "state=expected", "--form", "csv"]).ok().stdout;
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!((rows.len(), &rows[0][0], rows[0].iter().next_back()), (1, "gw-0001", Some("berlin")));
        let events = fleet.json(&["devices", "verify"]);
        assert!(events["events"].as_i64().unwrap() > 3 && events["first_wrong"].is_null(), "{events}");
    });
}

#[test]
fn an_audit_trail_that_somebody_changed_is_noticed() {
    let fleet = Fleet::in_file();
    fleet.fleet.write("devices-in.csv", DEVICES);
    fleet.run(&["devices", "import", "devices-in.csv"]).ok();
    assert!(fleet.run(&["devices", "verify"]).ok().stdout.starts_with("the audit trail is whole: "));
    let forged = "UPDATE event SET actor = 'operator eve' WHERE seq = 3";
    oracle("sqlite3", &[&fleet.store, forged]);
    assert!(fleet.run(&["devices", "verify"]).exits(5).stdout.contains("event 3 is not what was written"));
}

#[test]
fn the_list_shows_what_was_made_here_beside_who_is_registered() {
    let fleet = Fleet::in_file();
    fleet.run(&["issue", "--all"]).ok();
    fleet.fleet.write("devices-in.csv", DEVICES);
    fleet.run(&["devices", "import", "devices-in.csv"]).ok();
    let lines = fleet.lines(&["devices", "list"]);
    let shown: Vec<(&str, &Value, &Value)> =
        lines.iter().map(|line| (line["id"].as_str().unwrap(), &line["state"], &line["registry"]["state"])).collect();
    // What the station made, it told the registry.
    let (known, expected, none) = (Value::from("known"), Value::from("expected"), Value::Null);
    assert_eq!(shown, [("gw-0001", &known, &expected), ("gw-0002", &known, &expected), ("ZZ-9", &none, &expected)]);
    let made = fleet.lines(&["devices", "list", "--profile", "gateway"]);
    assert!(made.iter().all(|line| line["id"] != "ZZ-9"));
    // Retired in both, and the same command again ends what an interrupted one began.
    for _ in 0..2 {
        fleet.run(&["devices", "retire", "gw-0001", "--reason", "x", "--yes"]).ok();
    }
    let line = &fleet.lines(&["devices", "list"])[0];
    assert_eq!((&line["state"], &line["registry"]["state"]), (&"retired".into(), &"retired".into()));
    fleet.fleet.ledger_is_true();
}

#[test]
fn a_fleet_without_a_registry_gets_none_by_being_looked_at() {
    let fleet = TestFleet::demo(1);
    fleet.run(&["issue", "--all"]).ok();
    let before = fleet.tree();
    assert!(fleet.run(&["devices", "list", "--json"]).ok().json_lines()[0].get("registry").is_none());
    fleet.run(&["devices", "why", "gw-0001"]).ok();
    fleet.run(&["devices", "search"]).exits(1).says(&["this fleet has no registry yet"]);
    fleet.write("request.json", "{\"id\":\"gw-1\"}");
    fleet.run(&["policy", "test", "request.json"]).exits(6);
    assert!(!fleet.file(".firstlight/registry.db").exists());
    assert_eq!(before.len() + 1, fleet.tree().len());
}

#[test]
fn a_copy_compares_rows_and_digests_and_psql_reads_the_same_devices() {
    let fleet = Fleet::in_file();
    let many: String = (0..1_200)
        .map(|number| format!("{{\"id\":\"gw-{number:05}\",\"attributes\":{{\"n\":\"{number}\"}}}}\n"))
        .collect::<Vec<_>>()
        .concat();
    fleet.fleet.write("many.jsonl", &many);
    fleet.run(&["devices", "import", "many.jsonl"]).ok();
    let target = empty_postgres();
    let copied = fleet.json(&["devices", "copy", "--to", &target]);
    let rows = |copied: &Value, table: &str| {
        let tables = copied["tables"].as_array().unwrap();
        tables.iter().find(|row| row["table"] == table).unwrap()["rows"].as_u64().unwrap()
    };
    assert_eq!((rows(&copied, "device"), rows(&copied, "attribute")), (1_200, 1_200));
    let found = stranger(&target).query_one("SELECT count(*) FROM device", &[]).unwrap();
    assert_eq!(found.get::<_, i64>(0), 1_200);
    assert_eq!(fleet.json(&["devices", "copy", "--to", &target])["written"], 0);
    // And back, into a file that sqlite3 would read.
    let other = Fleet::at(&target);
    other.run(&["devices", "copy", "--to", "back.db"]).ok();
    let back =
        Registry::open(other.fleet.file("back.db").to_str().unwrap(), "test-fleet", Arc::new(SystemClock)).unwrap();
    assert_eq!(back.device("gw-00999").unwrap(), fleet.registry().device("gw-00999").unwrap());
    // One that is in use is no target.
    fleet.run(&["devices", "edit", "gw-00001", "--serial", "S"]).ok();
    fleet.run(&["devices", "copy", "--to", &target]).exits(6).says(&["it is in use"]);
}

#[test]
fn devices_of_other_tools_are_adopted_with_the_key_that_openssl_names() {
    on_both_stores(|store| {
        let fleet = Fleet::at(store);
        let path = |name: &str| fleet.fleet.file(name).to_str().unwrap().to_owned();
        for (name, form) in [("a.pem", "PEM"), ("b.der", "DER")] {
            let subject = format!("/CN=old-{}", &name[..1]);
            let key = path("key.pem");
            let arguments = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
            let more = ["-keyout", &key, "-subj", &subject, "-days", "30", "-outform", form, "-out", &path(name)];
            oracle("openssl", &[&arguments[..], &more].concat());
        }
        let adopted = fleet.lines(&["devices", "adopt", "a.pem", "b.der", "--group", "field", "--attribute", "by=us"]);
        assert_eq!(adopted.len(), 2);
        let device = fleet.fleet.run_with(&["devices", "show", "old-a", "--json"], &[("STORE", store)]).ok().json();
        let known = &device["registry"];
        assert_eq!(
            (&known["state"], &known["origin"], &known["group"]),
            (&"registered".into(), &"adopted".into(), &"field".into())
        );
        let script = format!(
            "openssl x509 -in {} -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -r",
            path("a.pem")
        );
        let spki = oracle("sh", &["-c", &script]);
        assert_eq!(known["credentials"][0]["fingerprint"], spki.split(' ').next().unwrap());
        // The certificate is stored as PEM text, for other readers and for proofs by its key.
        let stored = known["credentials"][0]["public"].as_str().unwrap();
        fleet.fleet.write("stored.pem", stored);
        assert!(oracle("openssl", &["x509", "-in", &path("stored.pem"), "-noout", "-subject"]).contains("old-a"));
        fleet.run(&["devices", "adopt", "a.pem", "--id", "another"]).exits(6).says(&["belongs to \"old-a\""]);
        fleet.run(&["devices", "adopt", "a.pem"]).exits(6).says(&["is registered already"]);
        fleet.run(&["devices", "adopt", "key.pem", "--id", "x"]).exits(6).says(&["a private key is in it"]);
        fleet.run(&["devices", "adopt", "devices.csv", "--id", "x"]).exits(1).says(&["holds no certificate"]);
    });
}

#[test]
fn allow_lists_come_from_files_with_a_report_and_blocks_hold_for_all_groups() {
    on_both_stores(|store| {
        let fleet = Fleet::at(store);
        let list: String = (0..5_000).map(|number| format!("gw-{number:05}\n")).collect::<Vec<_>>().concat();
        fleet.fleet.write("ids.txt", &format!("# ours\n{list}not an id\n"));
        let ran = fleet.run(&["group", "allow", "field", "--file", "ids.txt"]).exits(3);
        assert_eq!(ran.stdout, "5000 new, 0 changed, 0 unchanged, 1 refused\n");
        ran.says(&["row 5001"]);
        let again = fleet.run(&["group", "allow", "field", "--file", "ids.txt", "--json"]).exits(3);
        let again = again.json_lines();
        assert_eq!(
            (&again[0]["row"], &again[1]["same"], &again[1]["refused"]),
            (&5001.into(), &5000.into(), &1.into())
        );
        fleet.run(&["group", "allow", "field", "GW-00001", "--uses", "1", "--attribute", "site=b"]).ok();
        let allowed = fleet.lines(&["group", "allowed", "field"]);
        assert_eq!(
            (allowed.len(), &allowed[1]["max_uses"], &allowed[1]["attributes"]["site"]),
            (5_000, &1.into(), &"b".into())
        );
        fleet.run(&["group", "disallow", "field", "gw-00001"]).ok();
        fleet.run(&["group", "disallow", "field", "gw-00001"]).exits(1);
        fleet.run(&["group", "allow", "nowhere", "gw-1"]).exits(1).says(&["no group \"nowhere\""]);
        fleet.run(&["group", "block", "gw-00002", "--reason", "stolen"]).ok();
        assert_eq!(fleet.lines(&["group", "blocked"])[0]["device"], "gw-00002");
        let usage = fleet.json(&["group", "show", "field"])["usage"].clone();
        assert_eq!(usage["allowed"], 4_999);
        assert_eq!(fleet.lines(&["group", "list"]).len(), 2);

        let tried = |request: &str, status: i32| {
            fleet.fleet.write("request.json", request);
            fleet.run(&["policy", "test", "request.json", "--json"]).exits(status).json()
        };
        let events = || fleet.registry().events(None, 0, 1_000).unwrap().len();
        let before = events();
        assert_eq!(tried("{\"id\":\"gw-00003\",\"group\":\"field\"}", 0)["decision"], "assigned");
        assert_eq!(tried("{\"id\":\"gw-00001\",\"group\":\"field\"}", 6)["code"], "not-on-allow-list");
        assert_eq!(tried("{\"id\":\"GW-00002\",\"group\":\"field\"}", 6)["code"], "device-blocked");
        assert_eq!(tried("{\"id\":\"gw-1\"}", 6)["code"], "group-unknown");
        assert_eq!(tried("{\"id\":\"gw 1\",\"group\":\"lab\"}", 6)["code"], "invalid-identifier");
        assert_eq!(tried("{\"id\":\"gw-1\",\"colour\":1}", 6)["code"], "malformed-request");
        fleet.run(&["policy", "test", "request.json", "--proof", "x509"]).exits(6);
        // A policy that is not in force yet is tried all the same, and stays so.
        fleet.fleet.edit("fleet.yaml", "admit: {listed: true}", "admit: {patterns: [\"x-.*\"]}");
        assert_eq!(tried("{\"id\":\"gw-00003\",\"group\":\"field\"}", 6)["code"], "identifier-not-allowed");
        assert_eq!(events(), before, "nothing is stored");
        assert!(fleet.registry().group("field").unwrap().unwrap().policy.admit.listed);
    });
}

/// Denies devices that are called `..-bad`, holds those called `..-odd`, and notes who was asked.
const CHECK: &str = r#"#!/bin/sh
read -r asked
id=$(printf '%s' "$asked" | sed 's/.*"id":"\([^"]*\)".*/\1/')
echo "$id" >> calls
case "$id" in
*-bad) echo '{"ok":false,"message":"it was stolen"}' ;;
*-odd) echo '{"ok":true,"hold":true,"message":"look at it"}' ;;
*) echo '{"ok":true,"attributes":{"site":"berlin"}}' ;;
esac
"#;

const SENSOR: &str = "\
model: sensor
version: 1.2.0
instance:
  site: {type: string, default: hall}
  height: {type: number, unit: m, minimum: 0, maximum: 90}
  lamps: {type: integer, minimum: 1, maximum: 4, default: 2}
properties:
  humidity: {type: number, access: r}
";

#[test]
fn a_tried_registration_asks_the_groups_own_check_and_tells_the_model() {
    let fleet = Fleet::in_file();
    let hook = "hooks: {validate: {command: [tools/check.sh], as_root: true}}";
    fleet.fleet.edit("fleet.yaml", "{proofs: [claim], quota: 2}", &format!("{{proofs: [claim], quota: 2, {hook}}}"));
    let text = fleet.fleet.read("fleet.yaml");
    let rules = "models:\n  rules:\n    - {name: acme, when: {vendor: acme}, assign: sensor@1}\n";
    fleet.fleet.write("fleet.yaml", &format!("{text}{rules}"));
    fleet.fleet.write("models/sensor.yaml", SENSOR);
    fleet.fleet.write("tools/check.sh", CHECK);
    let program = fleet.fleet.file("tools/check.sh");
    fs::set_permissions(program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let tried = |device: &str, more: &[&str], status: i32| {
        fleet.fleet.write("request.json", device);
        fleet.run(&[&["policy", "test", "request.json", "--json"], more].concat()).exits(status).json()
    };
    let plain = "{\"id\":\"gw-1\",\"group\":\"lab\"}";
    // Nobody trusts the program yet: it is not run.
    fleet.run(&["issue", "--all"]).ok();
    assert_eq!(tried(plain, &[], 6)["code"], "hook-failed");
    assert_eq!(tried(plain, &["--no-hooks"], 0)["decision"], "assigned");
    assert!(!fleet.fleet.file("calls").exists());
    let digest = fleet.lines(&["trust", "--list"]).remove(0)["digest"].as_str().unwrap().to_owned();
    fleet.run(&["trust", "--digest", &digest]).ok();

    let acme = "{\"id\":\"gw-1\",\"group\":\"lab\",\"vendor\":\"acme\",\"values\":{\"height\":2}}";
    let agreed = tried(acme, &[], 0);
    let brings = &agreed["brings"];
    assert_eq!(
        (&agreed["decision"], &brings["model"], &brings["attributes"]["site"], &brings["values"]["lamps"]),
        (&"assigned".into(), &"sensor@1.2.0".into(), &"berlin".into(), &2.into())
    );
    assert_eq!(tried(plain, &[], 0)["brings"]["model"], "opaque@1.0.0");
    let unfit = tried(&acme.replace(":2}", ":99}"), &[], 6);
    assert_eq!(unfit["code"], "instance-invalid", "{unfit}");
    assert_eq!(tried(&plain.replace("gw-1", "gw-odd"), &[], 0)["decision"], "pending");
    let denied = tried(&plain.replace("gw-1", "gw-bad"), &[], 6);
    assert_eq!(denied["code"], "denied-by-hook");
    let last = denied["steps"].as_array().unwrap().last().unwrap();
    assert!(last["rule"] == "check" && last["says"].as_str().unwrap().contains("it was stolen"), "{denied}");
    // About one that is refused anyway it is not asked.
    fleet.run(&["group", "block", "gw-9", "--reason", "stolen"]).ok();
    assert_eq!(tried(&plain.replace("gw-1", "gw-9"), &[], 6)["code"], "device-blocked");
    assert_eq!(fleet.fleet.read("calls").lines().collect::<Vec<_>>(), ["gw-1", "gw-1", "gw-odd", "gw-bad"]);
    assert!(fleet.registry().model_index().unwrap().1.is_empty(), "nothing is published by trying");
}

#[test]
fn a_device_is_added_by_typing() {
    let fleet = TestFleet::demo(1);
    let text = fleet.read("fleet.yaml");
    fleet.write("fleet.yaml", &format!("{text}{GROUPS}"));
    fleet.run(&["devices", "add", "gw-1", "--model", "sensor"]).exits(1).says(&["model import"]);
    fleet.write("sensor.yaml", SENSOR);
    fleet.run(&["model", "import", "sensor.yaml"]).ok();
    let steps = [
        ["Endpoint name", "Gw-7\r"],
        ["Enrolment group", "\u{1b}[B\u{1b}[B\r"],
        ["Model", "\u{1b}[B\u{1b}[B\r"],
        // Too high is asked for once more.
        ["Value height (number, m)", "99\r"],
        ["Value height (number, m)", "2.5\r"],
        ["Value lamps (integer)", "3\r"],
        ["Value site (string)", "\r"],
        ["Serial number", "SN-7\r"],
        ["Attribute", "site=berlin\r"],
        ["Attribute", "\r"],
    ];
    fleet.run_at_terminal(&["devices", "add"], &steps).ok();
    let known = &fleet.run(&["devices", "show", "gw-7", "--json"]).ok().json()["registry"];
    let told = ["id", "state", "model", "version", "serial"].map(|name| known[name].as_str().unwrap_or_default());
    assert_eq!(told, ["Gw-7", "expected", "sensor", "1.2.0", "SN-7"]);
    assert_eq!(known["attributes"]["site"], "berlin");
    assert!(["field", "lab"].contains(&known["group"].as_str().unwrap()), "{known}");
    let instance = |id: &str| fleet.run(&["model", "instances", id, "--json"]).ok().json_lines().remove(0);
    let values = instance("gw-7")["values"].clone();
    assert_eq!(values, serde_json::json!({ "site": "hall", "height": 2.5, "lamps": 3 }));

    // The same by options; what does not fit leaves nothing behind.
    let by_options = |height: &str, status: i32| {
        let value = format!("height={height}");
        fleet.run(&["devices", "add", "gw-8", "--model", "sensor@1", "--value", &value]).exits(status)
    };
    by_options("high", 1).says(&["height", "is no number"]);
    by_options("99", 1).says(&["height"]);
    by_options("4", 0);
    let made = instance("gw-8");
    assert_eq!(
        (&made["model"], &made["version"], &made["chosen"]),
        (&"sensor".into(), &"1.2.0".into(), &"hand".into())
    );
    assert_eq!((&made["values"]["height"], &made["values"]["lamps"]), (&4.into(), &2.into()));
    fleet.run(&["devices", "add", "gw-7"]).exits(6).says(&["in the registry already"]);
    fleet.run(&["devices", "add"]).exits(6).says(&["there is no terminal"]);
}

/// libcoap's example server on a port of its own; it ends with this.
struct CoapServer {
    child: Child,
    port: u16,
}

impl CoapServer {
    /// Starts it, and waits until libcoap's own client is answered.
    fn start() -> Self {
        let free = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::at(free)
    }

    fn at(free: u16) -> Self {
        let mut command = Command::new("coap-server-notls");
        command.args(["-A", "127.0.0.1", "-p", &free.to_string(), "-d", "10"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut server =
            Self { child: child.expect("coap-server-notls is missing (tests/run installs libcoap3-bin)"), port: free };
        while server.client(&["-m", "get"], "").is_empty() {
            assert!(server.child.try_wait().unwrap().is_none(), "coap-server-notls ended");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        server
    }

    fn client(&self, arguments: &[&str], path: &str) -> String {
        let address = format!("coap://127.0.0.1:{}/{path}", self.port);
        let output = Command::new("coap-client-notls").args(["-B", "2"]).args(arguments).arg(address).output();
        String::from_utf8_lossy(&output.expect("coap-client-notls is missing").stdout).into_owned()
    }
}

impl Drop for CoapServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_device_that_answers_by_coap_waits_for_a_person_and_a_silent_one_is_not_taken_in() {
    let server = CoapServer::start();
    server.client(&["-m", "put", "-e", "sensor-7"], "id");
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (there, nobody) = (format!("127.0.0.1:{}", server.port), silent.local_addr().unwrap().to_string());
    let fleet = Fleet::in_file();
    let look = fleet.lines(&["devices", "scan", &there, "--look"]);
    assert_eq!((&look[0]["event"], &look[0]["id"], &look[0]["taken"]), (&"found".into(), &Value::Null, &Value::Null));
    let links = look[0]["links"].as_array().unwrap();
    assert!(links.contains(&"/time".into()) && links.contains(&"/id".into()), "{links:?}");

    let scan = ["devices", "scan", &there, &nobody, "--wait", "1", "--name-at", "/id", "--group"];
    let ran = fleet.run(&[&scan[..], &["lab", "--json"]].concat()).ok().says(&["\"silent\"", &nobody]);
    let found = ran.json_lines();
    assert_eq!(
        (found.len(), &found[0]["id"], &found[0]["taken"]["decision"]),
        (1, &"sensor-7".into(), &"pending".into())
    );
    let registration = found[0]["taken"]["registration"].as_str().unwrap();
    let waiting = fleet.json(&["approval", "list"]);
    assert_eq!(
        (&waiting["registration"], &waiting["asked"]["endpoint"]["address"]),
        (&registration.into(), &format!("coap://{there}").into())
    );
    let why = fleet.run(&["devices", "why", "sensor-7"]).ok();
    assert!(why.stdout.contains(&format!("next: firstlight approval approve {registration}")), "{}", why.stdout);
    // Once more changes nothing.
    assert_eq!(fleet.lines(&[&scan[..], &["lab"]].concat())[0]["taken"]["registration"], registration);
    fleet.run(&["approval", "approve", registration, "--reason", "seen"]).ok();
    assert_eq!(fleet.registry().device("sensor-7").unwrap().unwrap().state.as_str(), "registered");

    // The group's rules and the block list hold for devices that are found too.
    server.client(&["-m", "put", "-e", "sensor-8"], "id");
    let refused = fleet.lines(&[&scan[..], &["field"]].concat());
    assert_eq!(refused[0]["taken"]["code"], "not-on-allow-list");
    fleet.run(&["group", "block", "sensor-8", "--reason", "stolen"]).ok();
    let refused = fleet.lines(&[&scan[..], &["lab", "--approve", "--reason", "x"]].concat());
    assert_eq!(refused[0]["taken"]["code"], "device-blocked");
    let why = fleet.json(&["devices", "why", "sensor-8"])["registry"].clone();
    assert_eq!((&why["decided"]["code"], &why["device"]), (&"device-blocked".into(), &Value::Null));
    assert!(why["decided"]["hint"].as_str().is_some_and(|hint| !hint.is_empty()));
    fleet.run(&["group", "unblock", "sensor-8"]).ok();
    let agreed = fleet.lines(&[&scan[..], &["lab", "--approve", "--reason", "x"]].concat());
    assert_eq!(agreed[0]["taken"]["decision"], "assigned");
}

#[test]
fn a_repeated_scan_tells_of_each_device_once_until_a_signal_ends_it() {
    let first = CoapServer::start();
    first.client(&["-m", "put", "-e", "sensor-1"], "id");
    let later = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (here, there) = (format!("127.0.0.1:{}", first.port), format!("127.0.0.1:{later}"));
    let fleet = Fleet::in_file();
    let scan = ["devices", "scan", &here, &there, "--group", "lab", "--name-at", "/id", "--wait", "1", "--every"];
    fleet.run(&[&scan[..], &["often"]].concat()).exits(2).says(&["10m"]);
    let mut child = fleet.start(&[&scan[..], &["1s", "--json"]].concat());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    let found = next();
    assert_eq!((&found["id"], &found["taken"]["decision"]), (&"sensor-1".into(), &"pending".into()));
    // The second device appears, and the first one is approved meanwhile: neither makes it news once more.
    let second = CoapServer::at(later);
    second.client(&["-m", "put", "-e", "sensor-2"], "id");
    let registration = found["taken"]["registration"].as_str().unwrap().to_owned();
    fleet.run(&["approval", "approve", &registration, "--reason", "seen"]).ok();
    let mut found = next();
    while found["id"].is_null() {
        // It answered before it was given its name.
        found = next();
    }
    assert_eq!((&found["id"], &found["address"]), (&"sensor-2".into(), &there.into()));
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(lines.next().is_none(), "all else was told before");
    let mut talk = String::new();
    child.stderr.take().unwrap().read_to_string(&mut talk).unwrap();
    assert_eq!(talk.matches("\"silent\"").count(), 1, "{talk}");
}

#[test]
fn a_watched_folder_takes_in_what_is_moved_there_until_it_is_told_to_end() {
    let fleet = Fleet::in_file();
    fs::create_dir(fleet.fleet.file("drop")).unwrap();
    fleet.fleet.write("drop/before.csv", "id\ngw-1\n");
    fleet.run(&["devices", "watch", "drop", "--once"]).ok();
    let mut child = fleet.start(&["devices", "watch", "drop", "--json"]);
    let mut talk = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(talk.next().unwrap().unwrap().contains("watching"));
    fleet.run(&["devices", "watch", "drop", "--once"]).exits(6).says(&["somebody else does"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut drop_in = |name: &str, text: &str| -> Value {
        fleet.fleet.write("beside", text);
        fs::rename(fleet.fleet.file("beside"), fleet.fleet.file("drop").join(name)).unwrap();
        let mut shown = String::new();
        loop {
            shown.push_str(&lines.next().unwrap().unwrap());
            if let Ok(taken) = serde_json::from_str(&shown) {
                return taken;
            }
        }
    };
    let taken = drop_in("a.jsonl", "{\"id\":\"gw-2\",\"group\":\"lab\"}\n");
    assert_eq!((&taken["event"], &taken["end"], &taken["tally"]["made"]), (&"taken".into(), &"done".into(), &1.into()));
    let taken = drop_in("b.csv", "id\ngw-3\nno good\n");
    assert_eq!((&taken["end"], &taken["tally"]["refused"]), (&"failed".into(), &1.into()));
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
    for (place, id) in [("drop/done/before.csv", "gw-1"), ("drop/done/a.jsonl", "gw-2"), ("drop/failed/b.csv", "gw-3")]
    {
        assert!(fleet.fleet.file(place).exists() && fleet.registry().device(id).unwrap().is_some(), "{place}");
    }
    fleet.run(&["devices", "watch", "nowhere"]).exits(1);
}
