//! `firstlight serve` bootstraps devices with what `write` put on them: a client in Python, written from the specifications,
//! over CoAP and over the DTLS of the system's libssl.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::TestFleet;

const FLEET: &str = "\
version: 1
fleet: test-fleet
inventory: devices.csv
authority: {common_name: Test CA, organization: Test}
serve:
  metrics: true
  lwm2m: {coap: \"127.0.0.1:0\", nosec: true, coaps: \"127.0.0.1:0\", transcripts: transcripts}
bootstrap:
  profiles: {turn: {rotate: each-bootstrap, account: boot}, same: {rotate: each-bootstrap}}
  clients: {insistent: {ack_timeout: 1s, repetitions: 8}}
  devices: {open-3: {client: insistent}, psk-3: {client: insistent}}
servers:
  boot: {protocol: lwm2m, role: bootstrap, uri: \"coaps://127.0.0.1:5684\", security: psk, credential: boot}
  open: {protocol: lwm2m, role: bootstrap, uri: \"coap://127.0.0.1:5683\", security: none}
  cert: {protocol: lwm2m, role: bootstrap, uri: \"coaps://127.0.0.1:5684\", security: x509, credential: identity}
  main: {protocol: lwm2m, uri: \"coaps://lwm2m.example:5684\", short_server_id: 101, lifetime: 1h, security: psk, credential: main}
  near: {protocol: lwm2m, uri: \"coaps://127.0.0.1:5684\", short_server_id: 102, lifetime: 1h, security: psk, credential: boot}
profiles:
  same:
    servers: [boot, near]
    credentials: {boot: {kind: psk, bytes: 16}}
    bundles: {site: {template: lwm2m, seal: none, accept_plaintext: \"a test\"}}
    deliveries: {stick: {bundle: site, medium: {filesystem: fat, size: 16MiB}}}
";

fn profile(name: &str, server: &str, credential: &str) -> String {
    format!(
        "  {name}:
    servers: [{server}, main]
    credentials: {{{credential}main: {{kind: psk, bytes: 16}}}}
    bundles: {{site: {{template: lwm2m, seal: none, accept_plaintext: \"a test\"}}}}
    deliveries: {{stick: {{bundle: site, medium: {{filesystem: fat, size: 16MiB}}}}}}
"
    )
}

/// A fleet whose bootstrap server runs.
pub(crate) struct Scene {
    pub(crate) fleet: TestFleet,
    server: Child,
    coap: String,
    pub(crate) coaps: String,
    http: String,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let fleet = TestFleet::empty();
        let profiles = [
            profile("psk", "boot", "boot: {kind: psk, bytes: 16}, "),
            profile("turn", "boot", "boot: {kind: psk, bytes: 16}, "),
            profile("open", "open", ""),
            profile("cert", "cert", "identity: {kind: x509, key: p256, profile: idevid, valid: forever}, "),
        ];
        fleet.write("fleet.yaml", &(FLEET.to_owned() + &profiles.concat()));
        fleet.write(
            "devices.csv",
            "id,serial,profile\npsk-1,S1,psk\npsk-2,S2,psk\nopen-1,S3,open\nopen-2,S4,open\ncert-1,S5,cert\nturn-1,S6,turn\nopen-3,S7,open\npsk-3,S8,psk\nturn-2,S9,turn\nsame-1,S10,same\n",
        );
        fleet.run(&["ca", "init"]).ok();
        Self::serving(fleet)
    }

    /// Serves a fleet that has its authority.
    pub(crate) fn serving(fleet: TestFleet) -> Self {
        let log = fs::File::create(fleet.file("lines.log")).unwrap();
        let mut command = fleet.command(&["serve", "--listen", "127.0.0.1:0", "--json"]);
        let mut server = command.stdout(log).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(server.stderr.take().unwrap()).lines();
        let (mut said, mut coap, mut coaps, mut http) = (Vec::new(), String::new(), String::new(), String::new());
        while http.is_empty() {
            let line = stderr.next().unwrap_or_else(|| panic!("the server did not start: {said:?}")).unwrap();
            if let Ok(event) = serde_json::from_str::<Value>(&line) {
                let at = || event["at"].as_str().unwrap().to_owned();
                match (event["event"].as_str(), event["scheme"].as_str()) {
                    (Some("bootstrapping"), Some("coap")) => coap = at(),
                    (Some("bootstrapping"), Some("coaps")) => coaps = at(),
                    (Some("listening"), _) => event["address"].as_str().unwrap().clone_into(&mut http),
                    _ => {}
                }
            }
            said.push(line);
        }
        std::thread::spawn(move || stderr.map_while(Result::ok).for_each(drop));
        Self { fleet, server, coap, coaps, http }
    }

    /// What `write` put on the device, as a file of objects.
    pub(crate) fn written(&self, id: &str) -> String {
        fs::create_dir(self.fleet.file(&format!("out-{id}"))).unwrap();
        self.fleet.run(&["write", id, "--to", &format!("folder:out-{id}")]).ok();
        let found = find(&self.fleet.file(&format!("out-{id}")), "bootstrap.cbor");
        found.unwrap_or_else(|| panic!("no bootstrap.cbor for {id}")).to_str().unwrap().to_owned()
    }

    pub(crate) fn client(&self, wish: &Value) -> Value {
        let mut child = self.begin(wish);
        let output = child.wait_with_output_of();
        serde_json::from_str(&output).unwrap_or_else(|error| panic!("{wish}: {error}: {output}"))
    }

    /// As [`Scene::client`], over another wire.
    fn client_at(&self, wish: &Value, to: &str) -> Value {
        let mut wish = wish.clone();
        wish["to"] = json!(to);
        self.client(&wish)
    }

    fn begin(&self, wish: &Value) -> Client {
        let mut wish = wish.clone();
        if wish["to"].is_null() {
            let to = if wish["dtls"] == true { &self.coaps } else { &self.coap };
            wish["to"] = json!(to);
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join("tests/.oracles/venv/bin/python");
        let child = Command::new(python)
            .arg(root.join("tests/lwm2m/client.py"))
            .arg(wish.to_string())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdout(Stdio::piped())
            .spawn();
        Client(Some(child.expect("the oracles' Python is missing: tests/run makes it")))
    }

    /// What a command says, as soon as it says `word`: what was noted is there a moment later.
    pub(crate) fn says(&self, arguments: &[&str], word: &str) -> String {
        wait_for(word, || self.fleet.run(arguments).stdout)
    }

    /// Waits until the server's log has such a line.
    pub(crate) fn line(&self, what: &str, event: &str, is_it: &dyn Fn(&Value) -> bool) {
        let end = Instant::now() + Duration::from_mins(1);
        loop {
            let lines = self.fleet.read("lines.log");
            let lines = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            if lines.into_iter().any(|line| line["what"] == what && line["event"] == event && is_it(&line)) {
                return;
            }
            assert!(Instant::now() < end, "no such line of {what} {event} in {}", self.fleet.read("lines.log"));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

struct Client(Option<Child>);

impl Client {
    fn wait_with_output_of(&mut self) -> String {
        let output = self.0.take().unwrap().wait_with_output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn find(folder: &Path, name: &str) -> Option<std::path::PathBuf> {
    for entry in fs::read_dir(folder).ok()?.filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            if let Some(found) = find(&path, name) {
                return Some(found);
            }
        } else if path.file_name().is_some_and(|found| found == name) {
            return Some(path);
        }
    }
    None
}

/// The device has one management server, 101, with a key, and its bootstrap account beside it untouched.
fn is_configured(told: &Value, bootstrap_accounts: usize) {
    let objects = told["objects"].as_object().unwrap();
    let accounts = |is_bootstrap: bool| {
        let ids = objects
            .iter()
            .filter(|(path, value)| path.starts_with("/0/") && path.ends_with("/1") && **value == is_bootstrap);
        ids.map(|(path, _)| path.strip_suffix("/1").unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(accounts(true).len(), bootstrap_accounts, "{told}");
    let [main] = accounts(false).try_into().unwrap_or_else(|found| panic!("{found:?}: {told}"));
    assert_eq!(objects[&format!("{main}/0")], "coaps://lwm2m.example:5684");
    assert_eq!(objects[&format!("{main}/10")], 101);
    assert_eq!(objects[&format!("{main}/5")].as_str().unwrap().len(), 32, "{told}");
    assert!(objects.iter().any(|(path, value)| path.starts_with("/1/") && path.ends_with("/0") && *value == 101));
}

#[test]
fn a_device_without_protection_is_bootstrapped_where_the_fleet_file_says_so() {
    let scene = Scene::new();
    let told = scene.client(&json!({ "endpoint": "open-1" }));
    assert_eq!(told["ended"], "finished", "{told}");
    is_configured(&told, 1);
    assert_eq!(told["messages"][0], "answered 2.04");
    assert_eq!(told["messages"].as_array().unwrap().last().unwrap(), "POST /bs");
    // The same again: the same keys.
    let again = scene.client(&json!({ "endpoint": "OPEN-1" }));
    assert_eq!(again["objects"], told["objects"]);
    // In one answer.
    let pack = scene.client(&json!({ "endpoint": "open-2", "pack": true }));
    assert_eq!((&pack["ended"], &pack["messages"][0]), (&json!("packed"), &json!("answered 2.05")), "{pack}");
    is_configured(&pack, 1);
    // It is seen, and its record holds no key.
    scene.line("bootstrap", "ended", &|line| line["device"] == "open-2" && line["good"] == true);
    scene.says(&["devices", "why", "open-1"], "it was bootstrapped: finished");
    let key = told["objects"].as_object().unwrap().iter().find(|(path, _)| path.ends_with("/5")).unwrap().1.clone();
    let records = wait_for("\"device\":\"open-1\"", || {
        let found = fs::read_dir(scene.fleet.file("transcripts")).into_iter().flatten();
        found.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
    });
    assert!(!records.contains(key.as_str().unwrap()), "{records}");
    // Who must prove more gets nothing without; nor does a stranger, or a request that is none.
    for (wish, answer, reason) in [
        (json!({ "endpoint": "psk-1" }), "4.03", "waiting"),
        (json!({ "endpoint": "nobody" }), "4.00", "unknown"),
        (json!({ "endpoint": null }), "4.00", "nameless"),
        (json!({ "endpoint": "" }), "4.00", "malformed"),
        (json!({ "endpoint": "open-1", "non": true }), "4.00", "malformed"),
    ] {
        assert_eq!(scene.client(&wish)["ended"], format!("refused {answer}"), "{wish}");
        scene.line("bootstrap", "refused", &|line| line["reason"] == reason);
    }
    // Garbage costs nothing and ends nothing.
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    for length in 0..200 {
        stranger.send_to(&vec![0x5a; length], &scene.coap).unwrap();
    }
    assert_eq!(scene.client(&json!({ "endpoint": "open-1" }))["ended"], "finished");
    let metrics = wait_for("\nfirstlight_lwm2m_finished_total 4\n", || metrics(&scene.http));
    assert!(metrics.contains("firstlight_lwm2m_refused_total{reason=\"unknown\"} 1"), "{metrics}");
}

/// Returns what `look` finds as soon as `word` is in it.
pub(crate) fn wait_for(word: &str, look: impl Fn() -> String) -> String {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        let found = look();
        if found.contains(word) {
            return found;
        }
        assert!(Instant::now() < end, "{word:?} does not come: {found}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn metrics(address: &str) -> String {
    let output = Command::new("curl").args(["-sk", &format!("https://{address}/metrics")]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_device_comes_with_the_key_or_certificate_that_was_written_for_it() {
    let scene = Scene::new();
    let file = scene.written("psk-1");
    let told = scene.client(&json!({ "endpoint": "psk-1", "file": file, "dtls": true }));
    assert_eq!(told["ended"], "finished", "{told}");
    is_configured(&told, 1);
    // Its identity says its name.
    let nameless = scene.client(&json!({ "endpoint": null, "file": file, "dtls": true }));
    assert_eq!(nameless["objects"], told["objects"]);
    // It owns no other name, and other keys of its own are no proof here.
    let other = scene.client(&json!({ "endpoint": "psk-2", "file": file, "dtls": true }));
    assert_eq!(other["ended"], "refused 4.03");
    let main = told["objects"].as_object().unwrap();
    let (place, _) = main.iter().find(|(path, value)| path.ends_with("/10") && **value == 101).unwrap();
    let key = &main[&format!("{}/5", place.strip_suffix("/10").unwrap())];
    let wrong =
        scene.begin(&json!({ "endpoint": "psk-1", "identity": "psk-1", "key": key, "dtls": true, "patience": 8 }));
    let unknown =
        scene.begin(&json!({ "endpoint": "psk-1", "identity": "psk-9", "key": key, "dtls": true, "patience": 8 }));
    for mut client in [wrong, unknown] {
        assert!(client.wait_with_output_of().contains("no handshake"));
    }
    scene.line("bootstrap", "refused", &|line| line["reason"] == "not-its-name");
    for reason in ["wrong-key", "unknown-identity"] {
        scene.line("handshake", "failed", &|line| line["reason"] == reason);
    }
    let doctor = scene.says(&["bootstrap", "doctor", "psk-1"], "warn  handshake");
    assert!(doctor.contains("hexadecimal digits"), "{doctor}");
    // A certificate does for who has one.
    let file_of_certificate = scene.written("cert-1");
    let by_certificate = scene.client(&json!({ "endpoint": "cert-1", "file": file_of_certificate, "dtls": true }));
    assert_eq!(by_certificate["ended"], "finished", "{by_certificate}");
    is_configured(&by_certificate, 1);
    let stranger = scene.client(&json!({ "endpoint": "psk-1", "file": file_of_certificate, "dtls": true }));
    assert_eq!(stranger["ended"], "refused 4.03", "{stranger}");
    // Reconnected from the same port, while the old association is still there.
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for _ in 0..2 {
        let again = scene.client(&json!({ "endpoint": "psk-1", "file": file, "dtls": true, "bind": port }));
        assert_eq!(again["ended"], "finished", "{again}");
    }
}

#[test]
fn a_device_that_falls_silent_or_has_a_double_harms_nobody() {
    let scene = Scene::new();
    // It stops in the middle; when it comes again, the old bootstrap ends for the new one.
    let silent = scene.client(&json!({ "endpoint": "open-1", "stop_after": 3 }));
    assert_eq!(silent["ended"], "stopped", "{silent}");
    let again = scene.client(&json!({ "endpoint": "open-1" }));
    assert_eq!(again["ended"], "finished", "{again}");
    is_configured(&again, 1);
    let is_given_up = |line: &Value| line["good"] == false && line["result"].as_str().unwrap().contains("anew");
    scene.line("bootstrap", "ended", &is_given_up);
    // Errors at each of the steps: no Finish over what is broken, and the doctor says where.
    let failed = scene.client(&json!({ "endpoint": "open-2", "answers": { "5": "5.00" }, "patience": 3 }));
    let messages = failed["messages"].as_array().unwrap();
    assert_ne!(messages.last().unwrap(), "POST /bs", "{failed}");
    scene.says(&["devices", "why", "open-2"], "its bootstrap failed");
    let doctor = scene.says(&["bootstrap", "doctor", "open-2"], "FAIL  bootstrap");
    assert!(doctor.contains("5.00") && doctor.contains("fix: it has no room"), "{doctor}");
}

#[test]
fn keys_that_change_at_each_bootstrap_hold_until_the_device_has_finished() {
    let scene = Scene::new();
    let file = scene.written("turn-1");
    let with = |key: &Value, more: &Value| {
        let mut wish = json!({ "endpoint": "turn-1", "dtls": true, "patience": 8 });
        if key.is_null() {
            wish["file"] = json!(file);
        } else {
            (wish["identity"], wish["key"]) = (json!("turn-1"), key.clone());
        }
        wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        scene.client(&wish)
    };
    // Its management account and its bootstrap account.
    let keys = |told: &Value| {
        let objects = told["objects"].as_object().unwrap();
        [false, true].map(|is_bootstrap| {
            let (place, _) = objects
                .iter()
                .rfind(|(path, value)| path.starts_with("/0/") && path.ends_with("/1") && **value == is_bootstrap)
                .unwrap_or_else(|| panic!("{told}"));
            objects[&format!("{}/5", place.strip_suffix("/1").unwrap())].clone()
        })
    };
    let noted = |event: &str, times: usize| {
        wait_for("enough", || {
            let history = scene.fleet.run(&["devices", "history", "turn-1", "--json"]).stdout;
            let found = history.lines().filter(|line| line.contains(event)).count();
            if found == times { "enough".to_owned() } else { history }
        });
    };
    let first = with(&Value::Null, &json!({}));
    assert_eq!(first["ended"], "finished", "{first}");
    let [_, boot] = keys(&first);
    noted("bootstrap-finished", 1);
    // It breaks off: what it has holds on, and it is told the same again.
    let broken = with(&boot, &json!({ "answers": { "5": "5.00" } }));
    assert_ne!(broken["ended"], "no handshake", "{broken}");
    noted("bootstrap-failed", 1);
    let last =
        || scene.fleet.run(&["devices", "show", "turn-1", "--json"]).ok().json()["registry"]["last_bootstrap"].clone();
    assert_eq!(last()["outcome"], "failed", "{}", last());
    let second = with(&boot, &json!({}));
    assert_eq!(second["ended"], "finished", "{second}");
    assert!(keys(&second).iter().all(|key| !keys(&first).contains(key)), "{first} {second}");
    // From now on the new one holds, and the old one does not.
    noted("bootstrap-finished", 2);
    let shown = scene.fleet.run(&["devices", "show", "turn-1"]).ok().stdout;
    let words = last()["words"].as_str().unwrap().to_owned();
    assert!(last()["outcome"] == "finished" && shown.contains(&format!(": {words}\n")), "{} {shown}", last());
    assert!(shown.lines().any(|line| line.trim_start().starts_with("seen")), "{shown}");
    let [_, new] = keys(&second);
    let third = with(&new, &json!({}));
    assert_eq!(third["ended"], "finished", "{third}");
    assert_eq!(with(&boot, &json!({}))["ended"], "no handshake");
}

#[test]
fn a_device_whose_last_answer_was_lost_comes_back_with_its_new_key_or_its_old_one() {
    let scene = Scene::new();
    for (device, takes_the_new_one) in [("turn-1", true), ("turn-2", false)] {
        let file = scene.written(device);
        let with =
            |key: &Value| json!({ "endpoint": device, "dtls": true, "identity": device, "key": key, "patience": 12 });
        let finished = |times: usize| {
            wait_for("enough", || {
                let history = scene.fleet.run(&["devices", "history", device, "--json"]).stdout;
                let found = history.lines().filter(|line| line.contains("bootstrap-finished")).count();
                if found == times { "enough".to_owned() } else { history }
            });
        };
        let first = scene.client(&json!({ "endpoint": device, "dtls": true, "file": file }));
        assert_eq!(first["ended"], "finished", "{first}");
        finished(1);
        // It is told everything and asked to finish; that is the last that is heard of it.
        let old = key_of_account(&first);
        let mut wish = with(&old);
        wish["stop_after"] = json!(first["messages"].as_array().unwrap().len() - 1);
        let lost = scene.client(&wish);
        assert_eq!(lost["ended"], "stopped", "{lost}");
        assert_eq!(lost["messages"].as_array().unwrap().last().unwrap(), "POST /bs");
        let new = key_of_account(&lost);
        assert_ne!(new, old);
        // Whichever it has, the second try succeeds at the latest.
        let has = if takes_the_new_one { &new } else { &old };
        let mut tries = (0..2).map(|_| scene.client(&with(has)));
        let again = tries.find(|told| told["ended"] == "finished").unwrap_or_else(|| panic!("{device} is stranded"));
        finished(2);
        // What it was told holds as soon as it has shown it, and nothing before that does.
        let next = scene.client(&with(&key_of_account(&again)));
        assert_eq!(next["ended"], "finished", "{next}");
        finished(3);
        let last = scene.client(&with(&key_of_account(&next)));
        assert_eq!(last["ended"], "finished", "{last}");
        finished(4);
        for gone in [&old, &new] {
            assert_eq!(scene.client(&with(gone))["ended"], "no handshake", "{device}");
        }
    }
}

#[test]
fn a_device_that_said_yes_and_lost_what_it_was_told_comes_back_with_its_old_key() {
    let scene = Scene::new();
    let file = scene.written("turn-1");
    let with = |key: &Value| {
        scene.client(&json!({ "endpoint": "turn-1", "dtls": true, "identity": "turn-1", "key": key, "patience": 12 }))
    };
    let finished = |times: usize| {
        wait_for("enough", || {
            let history = scene.fleet.run(&["devices", "history", "turn-1", "--json"]).stdout;
            let found = history.lines().filter(|line| line.contains("bootstrap-finished")).count();
            if found == times { "enough".to_owned() } else { history }
        });
    };
    // What it was told is gone with its power: it has what was written, and no more.
    let begins = || scene.client(&json!({ "endpoint": "turn-1", "dtls": true, "file": file, "patience": 12 }));
    let first = begins();
    assert_eq!(first["ended"], "finished", "{first}");
    finished(1);
    let new = key_of_account(&first);
    let mut tries = (0..2).map(|_| begins());
    let again = tries.find(|told| told["ended"] == "finished").expect("it is stranded");
    finished(2);
    assert_eq!(key_of_account(&again), new, "what nobody has shown is told again");
    // It says yes again, and this time it keeps what it was told: shown once, it holds, and the old one does not.
    let mut tries = (0..2).map(|_| with(&new));
    tries.find(|told| told["ended"] == "finished").expect("it is stranded with its new key");
    finished(3);
    for _ in 0..2 {
        assert_eq!(begins()["ended"], "no handshake");
    }
}

#[test]
fn a_key_that_the_bootstrap_account_has_too_does_not_change_without_the_account() {
    let scene = Scene::new();
    let wish = json!({ "endpoint": "same-1", "dtls": true, "file": scene.written("same-1"), "patience": 12 });
    for times in 1..=2 {
        let told = scene.client(&wish);
        assert_eq!(told["ended"], "finished", "{told}");
        let keys = told["objects"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(path, _)| path.starts_with("/0/") && path.ends_with("/5"));
        let [account, near] = keys.map(|(_, key)| key.clone()).collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(account, near, "with another key it could not come back");
        wait_for("enough", || {
            let history = scene.fleet.run(&["devices", "history", "same-1", "--json"]).stdout;
            let found = history.lines().filter(|line| line.contains("bootstrap-finished")).count();
            if found == times { "enough".to_owned() } else { history }
        });
    }
}

/// The key of the bootstrap account that a device was told last.
fn key_of_account(told: &Value) -> Value {
    let objects = told["objects"].as_object().unwrap();
    let is_account =
        |(path, value): &(&String, &Value)| path.starts_with("/0/") && path.ends_with("/1") && **value == true;
    let (place, _) = objects.iter().rfind(is_account).unwrap_or_else(|| panic!("{told}"));
    objects[&format!("{}/5", place.strip_suffix("/1").unwrap())].clone()
}

/// A wire that loses so many of a hundred datagrams, each way, between one client at a time and a server.
struct Lossy {
    address: String,
    stop: Arc<AtomicBool>,
}

impl Lossy {
    fn new(server: &str, percent: u64) -> Self {
        let (front, back) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        back.connect(server).unwrap();
        let (address, stop) = (front.local_addr().unwrap().to_string(), Arc::new(AtomicBool::new(false)));
        for socket in [&front, &back] {
            socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        }
        let client = Arc::new(Mutex::new(None));
        let (known, to_server, to_client) =
            (Arc::clone(&client), back.try_clone().unwrap(), front.try_clone().unwrap());
        let is_over = Arc::clone(&stop);
        std::thread::spawn(move || {
            carry(&front, percent, 1, &is_over, |from, datagram| {
                *known.lock().unwrap() = from;
                let _ = to_server.send(datagram);
            });
        });
        let is_over = Arc::clone(&stop);
        std::thread::spawn(move || {
            carry(&back, percent, 2, &is_over, |_, datagram| {
                if let Some(client) = *client.lock().unwrap() {
                    let _ = to_client.send_to(datagram, client);
                }
            });
        });
        Self { address, stop }
    }
}

impl Drop for Lossy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn carry(socket: &UdpSocket, percent: u64, seed: u64, stop: &AtomicBool, onward: impl Fn(Option<SocketAddr>, &[u8])) {
    let (mut buffer, mut state) = (vec![0; 65_535], seed);
    while !stop.load(Ordering::Relaxed) {
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
        // Knuth's generator of MMIX: its high bits are good enough to lose by.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if (state >> 33) % 100 >= percent {
            onward(Some(from), &buffer[..length]);
        }
    }
}

#[test]
fn a_device_is_configured_over_a_wire_that_loses_one_datagram_in_twenty_or_three_in_ten() {
    let scene = Scene::new();
    let file = scene.written("psk-3");
    let plain = json!({ "endpoint": "open-3", "patience": 60 });
    let protected = json!({ "endpoint": "psk-3", "file": file, "dtls": true, "patience": 60 });
    // What is lost too often ends a bootstrap: the device asks anew.
    let configured = |wish: &Value, percent: u64, most: usize| {
        let server = if wish["dtls"] == true { &scene.coaps } else { &scene.coap };
        let wire = Lossy::new(server, percent);
        let mut tries = (0..most).map(|_| scene.client_at(wish, &wire.address));
        let told = tries.find(|told| told["ended"] == "finished");
        is_configured(&told.unwrap_or_else(|| panic!("{percent} %: {wish} was not finished")), 1);
    };
    for (percent, most) in [(5, 2), (30, 6)] {
        std::thread::scope(|scope| {
            scope.spawn(|| configured(&plain, percent, most));
            scope.spawn(|| configured(&protected, percent, most));
        });
    }
}
