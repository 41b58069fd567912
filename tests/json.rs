//! `--json` on every command, as docs/json.md has it; and what else a program or a pipe expects of us.
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod common;
mod device;
mod registering;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;

use common::TestFleet;
use serde_json::Value;

const WRITE: [&str; 4] = ["write", "--all", "--to", "image:out/"];

/// The fields of each table of docs/json.md, by its heading.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md")).unwrap();
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut heading = String::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            name.clone_into(&mut heading);
        } else if let Some(field) = line.strip_prefix("| `") {
            let field = field.split('`').next().unwrap().to_owned();
            tables.entry(heading.clone()).or_default().insert(field);
        }
    }
    tables
}

fn esp_partition_table() -> Vec<u8> {
    use firstlight::format::esp_partition_table::{Partition, encode, kinds};
    let partition =
        Partition { name: "nvs".into(), kind: kinds::DATA, subtype: 2, offset: 0x9000, size: 0x4000, flags: 0 };
    encode(&[partition]).unwrap()
}

fn fields(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap_or_else(|| panic!("{value}")).keys().cloned().collect()
}

/// What `programmers list` prints on a machine with one.
fn programmers(fleet: &TestFleet) -> Vec<Value> {
    let machine = tempfile::tempdir().unwrap();
    common::usb::plug(machine.path(), "1-5", "1366:0105", "000760012345", "J-Link", None);
    let root = machine.path().to_str().unwrap();
    fleet.run_with(&["programmers", "list", "--json"], &[("FIRSTLIGHT_MACHINE_ROOT", root)]).ok().json_lines()
}

/// What the commands over a registry print.
fn registry(shown: &mut BTreeMap<&str, Value>) {
    let fleet = TestFleet::demo(1);
    let text = fleet.read("fleet.yaml");
    fleet.write("fleet.yaml", &format!("{text}enrolment: {{groups: {{lab: {{proofs: [claim]}}}}}}\n"));
    fleet.write("in.csv", "id,group\ngw-0001,lab\nbad id,\n");
    fleet.write("ids.txt", "gw-0002\n");
    fleet.write("request.json", "{\"id\":\"gw-0003\"}");
    std::fs::create_dir(fleet.file("drop")).unwrap();
    fleet.write("drop/more.csv", "id\ngw-0004\n");
    let run = |arguments: &[&str]| fleet.run(&[arguments, &["--json"]].concat());
    let arguments =
        ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=old"];
    let files = ["key.pem", "old.pem"].map(|name| fleet.file(name).to_str().unwrap().to_owned());
    common::oracle("openssl", &[&arguments[..], &["-keyout", &files[0], "-out", &files[1]]].concat());
    shown.insert("devices import", run(&["devices", "import", "in.csv"]).exits(3).json_lines()[1].clone());
    shown.insert("devices adopt", run(&["devices", "adopt", "old.pem"]).ok().json_lines()[0].clone());
    shown.insert("devices watch", run(&["devices", "watch", "drop", "--once"]).ok().json_lines()[0].clone());
    let wished = run(&["bootstrap", "trigger", "gw-0001", "--via", "webhook"]).ok().json_lines()[0].clone();
    shown.insert("bootstrap trigger", wished);
    shown.insert("rollout start", run(&["rollout", "start", "gw-0001", "--via", "webhook"]).ok().json());
    shown.insert("rollout status", run(&["rollout", "status", "--devices"]).ok().json());
    let edit = ["devices", "edit", "gw-0001", "--attribute", "a=b"];
    shown.insert("device of the registry", run(&edit).ok().json());
    let found = run(&["devices", "search", "gw-0001"]).ok().json_lines()[0].clone();
    assert_eq!(fields(&found), fields(&shown["device of the registry"]));
    let listed = run(&["devices", "list"]).ok().json_lines()[0].clone();
    assert_eq!(fields(&listed["registry"]), fields(&found));
    shown.insert("devices show: registry", run(&["devices", "show", "gw-0001"]).ok().json()["registry"].clone());
    shown.insert("devices why: registry", run(&["devices", "why", "gw-0001"]).ok().json()["registry"].clone());
    shown.insert("devices history", run(&["devices", "history", "gw-0001"]).ok().json_lines()[0].clone());
    shown.insert("devices verify", run(&["devices", "verify"]).ok().json());
    shown.insert("devices copy", run(&["devices", "copy", "--to", "copy.db"]).ok().json());
    shown.insert("group allow", run(&["group", "allow", "lab", "--file", "ids.txt"]).ok().json());
    shown.insert("group allowed", run(&["group", "allowed", "lab"]).ok().json());
    run(&["group", "block", "gw-0009", "--reason", "x"]).ok();
    shown.insert("group blocked", run(&["group", "blocked"]).ok().json());
    shown.insert("group list", run(&["group", "list"]).ok().json());
    shown.insert("group show", run(&["group", "show", "lab"]).ok().json());
    shown.insert("policy test", run(&["policy", "test", "request.json"]).ok().json());
    shown.insert("devices scan", scanned(&fleet));
    let added = run(&["devices", "add", "gw-0007"]).ok().json();
    assert_eq!(fields(&added), fields(&found));
    shown.insert("devices export", run(&["devices", "export", "--out", "out.csv"]).ok().json());
    shown.insert("approval list", run(&["approval", "list"]).ok().json());
    let waits = shown["approval list"]["registration"].as_str().unwrap().to_owned();
    let why = fleet.run(&["devices", "why", "node-1"]).ok().stdout;
    assert!(why.contains("a scan found it at coap://127.0.0.1:") && why.contains(&waits), "{why}");
    fleet.write("found.json", &shown["approval list"]["asked"].to_string());
    let foretold = run(&["policy", "test", "found.json", "--proof", "found"]).ok().json();
    assert_eq!(foretold["decision"], "pending", "{foretold}");
    fleet.write("found.json", &shown["approval list"]["asked"].to_string().replace("node-1", "node-2"));
    assert_eq!(run(&["policy", "test", "found.json", "--proof", "found"]).ok().json()["decision"], "pending");
    let decided = run(&["approval", "approve", &waits, "--reason", "ours"]).ok().json();
    shown.insert("approval approve", decided);
}

/// What a station prints that shares its registry with others.
fn stations(shown: &mut BTreeMap<&str, Value>) {
    let fleet = TestFleet::real(3);
    fleet.write("fleet.yaml", &format!("{}store: {{env: REGISTRY}}\n", fleet.read("fleet.yaml")));
    let store = fleet.file("shared.db");
    let shared = [("REGISTRY", store.to_str().unwrap())];
    let run = |arguments: &[&str]| fleet.run_with(&[arguments, &["--json"]].concat(), &shared).ok();
    shown.insert("devices lease", run(&["devices", "lease", "--count", "1"]).json());
    shown.insert("devices leases", run(&["devices", "leases"]).json_lines()[0].clone());
    shown.insert("ledger sync", run(&["ledger", "sync"]).json());
    let status = run(&["ledger", "status"]).json();
    shown.insert("ledger status: registry", status["registry"].clone());
    shown.insert("ledger status", status);
    shown.insert("ledger reconcile", run(&["ledger", "reconcile", "--yes"]).json());
}

/// What the commands on smartcards print.
fn cards(shown: &mut BTreeMap<&str, Value>) {
    let fleet = TestFleet::demo(1);
    fleet.edit("fleet.yaml", "template: mqtt", "template: lwm2m");
    fleet.edit("fleet.yaml", "protocol: mqtt, uri: \"mqtts://", "protocol: lwm2m, short_server_id: 1, uri: \"coaps://");
    fleet.run(&["card", "write", "gw-0001", "--to", "file:card.json"]).ok();
    shown.insert("card read", fleet.run(&["card", "read", "file:card.json", "--json"]).ok().json());
    shown.insert("card verify", fleet.run(&["card", "verify", "gw-0001", "file:card.json", "--json"]).ok().json());
}

/// What the commands on models print.
fn models(shown: &mut BTreeMap<&str, Value>) {
    let fleet = TestFleet::demo(1);
    let model = |version: &str| {
        format!(
            "model: sensor\nversion: {version}\ntitle: {version}\nproperties: {{heat: {{type: number, access: r}}}}\n"
        )
    };
    std::fs::create_dir(fleet.file("models")).unwrap();
    fleet.write("models/sensor.yaml", &model("1.0.0"));
    fleet.write("newer.yaml", &model("1.1.0"));
    let run = |arguments: &[&str]| fleet.run(&[arguments, &["--json"]].concat()).ok();
    shown.insert("model check", run(&["model", "check"]).json_lines()[0].clone());
    let published = run(&["model", "publish"]).json_lines()[0].clone();
    shown.insert("model import", run(&["model", "import", "newer.yaml"]).json_lines()[0].clone());
    assert_eq!(fields(&published), fields(&shown["model import"]));
    shown.insert("model list", run(&["model", "list"]).json_lines()[0].clone());
    shown.insert("model show", run(&["model", "show", "sensor"]).json());
    shown.insert("model diff", run(&["model", "diff", "sensor@1.0.0", "sensor@1.1.0"]).json());
    shown.insert("model export", run(&["model", "export", "sensor"]).json());
    fleet.write("in.csv", "id,firmware\ngw-0001,1.0.0\n");
    run(&["devices", "import", "in.csv"]);
    run(&["model", "rules", "set", "old", "--assign", "sensor@1", "--firmware", "<2"]);
    shown.insert("model rules list", run(&["model", "rules", "list"]).json_lines()[0].clone());
    shown.insert("model rules explain", run(&["model", "rules", "explain", "gw-0001"]).json_lines()[0].clone());
    shown.insert("model rules apply", run(&["model", "rules", "apply"]).json());
    shown.insert("model assign", run(&["model", "assign", "gw-0001", "sensor@1"]).json());
    shown.insert("model instances", run(&["model", "instances", "gw-0001"]).json_lines()[0].clone());
}

/// What a device prints that registers, and what its server's station prints of tokens and access lists.
fn registered(shown: &mut BTreeMap<&str, Value>) {
    let scene = registering::Scene::new(registering::Proof::Certificate);
    let run = |arguments: &[&str]| scene.fleet.run(&[arguments, &["--json"]].concat()).ok();
    shown.insert("token new", run(&["token", "new", "--group", "gateway"]).json());
    shown.insert("token list", run(&["token", "list"]).json_lines()[0].clone());
    shown.insert("acl", run(&["acl"]).json());
    let device = scene.device("gw-0001");
    let client = |verb: &str| device.client(&[verb, "--json"]).ok().json();
    shown.insert("client register", client("register"));
    shown.insert("client bootstrap", client("bootstrap"));
    shown.insert("client report", client("report"));
}

/// What `devices scan` prints of a device that answers once.
fn scanned(fleet: &TestFleet) -> Value {
    use firstlight::format::coap::{Code, Kind, Message};
    let device = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = device.local_addr().unwrap().to_string();
    let answering = std::thread::spawn(move || {
        let mut bytes = [0; 1500];
        let (length, from) = device.recv_from(&mut bytes).unwrap();
        let request = Message::decode(&bytes[..length]).unwrap();
        let mut answer = Message::new(Kind::Acknowledgement, Code::CONTENT, request.id);
        (answer.token, answer.payload) = (request.token, b"</>;ep=\"node-1\"".to_vec());
        device.send_to(&answer.encode().unwrap(), from).unwrap();
    });
    let found = fleet.run(&["devices", "scan", &address, "--json"]).ok().json_lines()[0].clone();
    answering.join().unwrap();
    assert_eq!((&found["id"], &found["taken"]["decision"]), (&"node-1".into(), &"pending".into()));
    found
}

#[test]
fn every_command_prints_the_fields_that_are_documented() {
    let fleet = TestFleet::real(3);
    fleet.write("taken.img", "mine");
    let run = |arguments: &[&str]| fleet.run(&[arguments, &["--json"]].concat());
    let with_passphrase = |arguments: &[&str]| {
        fleet.run_with_input(&[arguments, &["--backup-passphrase-fd", "0", "--json"]].concat(), b"x\n").ok().json()
    };
    let mut shown: BTreeMap<&str, Value> = BTreeMap::new();
    shown.insert("check", run(&["check"]).ok().json());
    shown.insert("plan", run(&[&WRITE[..], &["--plan"]].concat()).ok().json_lines()[0].clone());
    shown.insert("issue", run(&["issue", "gw-0001"]).ok().json());
    shown.insert("receipt", run(&WRITE).ok().json_lines()[0].clone());
    let failed = run(&["write", "gw-0001", "--to", "image:taken.img"]).exits(6);
    shown.insert("failure", failed.json());
    shown.insert("error", failed.json()["error"].clone());
    shown.insert("devices list", run(&["devices", "list"]).ok().json_lines()[0].clone());
    shown.insert("devices show", run(&["devices", "show", "gw-0001"]).ok().json());
    shown.insert("devices why", run(&["devices", "why", "gw-0001"]).ok().json());
    shown.insert("devices retire", run(&["devices", "retire", "gw-0003", "--reason", "x", "--yes"]).ok().json());
    shown.insert("ledger log", run(&["ledger", "log", "--last", "2"]).ok().json_lines()[0].clone());
    shown.insert("ledger verify", run(&["ledger", "verify"]).ok().json());
    shown.insert("ca show", run(&["ca", "show"]).ok().json());
    shown.insert("ca export", run(&["ca", "export"]).ok().json());
    shown.insert("seal show", run(&["seal", "show"]).ok().json());
    shown.insert("seal batch", run(&["seal", "batch", "b"]).ok().json());
    shown.insert("seal export", run(&["seal", "export", "--out", "image", "--batch", "b"]).ok().json());
    shown.insert("media inspect", run(&["media", "inspect", "out/gw-0001.img"]).ok().json());
    std::fs::write(fleet.file("table.bin"), esp_partition_table()).unwrap();
    let image = run(&["media", "inspect", "table.bin"]).ok().json()["image"].clone();
    shown.insert("media inspect: a value", image["values"][0].clone());
    shown.insert("media inspect: an image", image);
    shown.insert("media verify", run(&["media", "verify", "out/gw-0001.img"]).ok().json());
    shown.insert("init", run(&["init", "new", "--template", "mqtt"]).ok().json());
    shown.insert("doctor", serde_json::from_str(&run(&["doctor"]).stdout).unwrap());
    shown.insert("batch open", run(&["batch", "open", "B-1"]).ok().json());
    shown.insert("batch show", run(&["batch", "show", "B-1"]).ok().json());
    shown.insert("batch close", run(&["batch", "close"]).ok().json());
    shown.insert("backup", with_passphrase(&["backup", "backup.age"]));
    std::fs::remove_dir_all(fleet.file(".firstlight")).unwrap();
    shown.insert("restore", with_passphrase(&["restore", "backup.age"]));
    let demo = TestFleet::demo(1);
    shown.insert("ca init", demo.run(&["ca", "init", "--json"]).ok().json());
    let drives = fleet.run(&["media", "list", "--json"]).ok().json_lines();
    let drive = drives.first().expect("every machine has a block device");
    shown.insert("media list", drive.clone());

    shown.insert("programmers rule", run(&["programmers", "rule"]).ok().json());
    shown.insert("programmers list", programmers(&fleet)[0].clone());

    registry(&mut shown);
    stations(&mut shown);
    models(&mut shown);
    cards(&mut shown);
    registered(&mut shown);
    let device = device::Device::new();
    shown.insert("client ingest", device.ingest(&device.stick(1, "one")).exits(0).json());
    shown.insert("client status", device.run(&["status"]).exits(0).json());
    shown.insert("client forget", device.run(&["forget", "--yes"]).exits(0).json());

    let documented = documented();
    for (name, value) in &shown {
        assert_eq!(fields(value), documented[*name], "{name}: {value}");
    }
    // What wants a drive is compared where there is one: tests/medium_loop.rs.
    let elsewhere = ["media erase"];
    let unproven = documented.keys().filter(|name| !elsewhere.contains(&name.as_str()));
    let unproven: Vec<_> = unproven.filter(|name| !shown.contains_key(name.as_str())).collect();
    assert!(unproven.is_empty(), "documented and not compared: {unproven:?}");
}

#[test]
fn whatever_happens_both_streams_are_json() {
    let fleet = TestFleet::demo(2);
    fleet.run(&["write", "gw-0001", "--to", "image:out/"]).ok();
    for arguments in [
        &WRITE[..],
        &["write", "--all"],
        &["write", "gw-0009", "--to", "image:out/"],
        &["write", "--next", "--to", "image:out/"],
        &["nonsense"],
        &["write", "--again", "whim"],
        &["check", "--fleet", "nowhere"],
        &["devices", "retire", "gw-0001", "--reason", "x"],
        &["devices", "why", "gw-0002"],
        &["ledger", "pending"],
        &["init", "new"],
        &["media", "verify", "devices.csv"],
        &["restore", "nowhere.age"],
        &["schema", "template"],
        &["completions", "bash"],
        &["man", "write"],
        &["ca", "init"],
    ] {
        let ran = fleet.run(&[arguments, &["--json"]].concat());
        let whole = serde_json::from_str::<Value>(&ran.stdout).is_ok();
        assert!(whole || !ran.json_lines().is_empty() || ran.stdout.is_empty(), "{arguments:?}");
        let said: Vec<Value> = ran.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let errors = said.iter().filter(|line| !line["error"].is_null()).count();
        assert_eq!(errors, usize::from(ran.status != 0), "{arguments:?}: {}", ran.stderr);
        for error in said.iter().filter(|line| !line["error"].is_null()) {
            assert_eq!(error["error"]["exit"], ran.status, "{arguments:?}");
        }
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let fleet = TestFleet::demo(3);
    fleet.run(&WRITE).ok();
    for arguments in [&["devices", "list"][..], &["ledger", "log"], &["ledger", "log", "--json"], &WRITE] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let status = fleet.command(arguments).stdout(writer).stderr(Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let fleet = TestFleet::demo(1);
    let failing = ["check", "--fleet", "nowhere"];
    let escape = "\u{1b}[";
    assert!(!fleet.run(&failing).exits(1).stderr.contains(escape), "a pipe gets no colour");
    let forced = fleet.run_with(&failing, &[("CLICOLOR_FORCE", "1")]).exits(1);
    assert!(forced.stderr.contains(escape), "{}", forced.stderr);
    let declined = fleet.run_with(&failing, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).exits(1);
    assert!(!declined.stderr.contains(escape), "{}", declined.stderr);
    let shown = fleet.run_at_terminal(&failing, &[]).exits(1);
    assert!(shown.stdout.contains("\u{1b}[1;31merror:"), "{}", shown.stdout);
}

#[test]
fn a_device_that_was_never_begun_is_known_from_the_inventory() {
    let fleet = TestFleet::demo(2);
    fleet.run(&["write", "gw-0001", "--to", "image:out/"]).ok();
    let why = fleet.run(&["devices", "why", "GW-0002", "--json"]).ok().json();
    assert_eq!(why["id"], "gw-0002");
    assert_eq!(why["next"], "firstlight write gw-0002 --to TARGET");
    fleet.run(&["devices", "why", "gw-0003"]).exits(1).says(&["gw-0003"]);
}

#[test]
fn every_refusal_a_person_can_meet_comes_with_a_hint() {
    let fleet = TestFleet::demo(1);
    for (arguments, status) in [
        (&["write", "gw-0009", "--to", "image:out/"][..], 1),
        (&["write", "--to", "image:out/"], 2),
        (&["write", "gw-0001", "--to", "out"], 2),
        (&["write", "gw-0001", "--to", "folder:nowhere"], 1),
        (&["write", "gw-0001", "--to", "drive:/dev/nowhere"], 1),
        (&["write", "gw-0001", "--to", "image:out/", "--delivery", "card"], 1),
        (&["devices", "list", "--fleet", "nowhere"], 1),
        (&["devices", "why", "gw-0009"], 1),
        (&["init"], 6),
        (&["backup", "x.age"], 6),
    ] {
        let ran = TestFleet::run(&fleet, arguments).exits(status);
        assert!(ran.stderr.contains("\nhint: "), "{arguments:?}: {}", ran.stderr);
    }
}
