//! A device registers at `firstlight serve`, is triggered there, bootstraps, and registers anew: by hand and by rollout.

use std::fs;
use std::io::{BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::common::TestFleet;

const FLEET: &str = "\
version: 1
fleet: test-fleet
inventory: devices.csv
authority: {common_name: Test CA, organization: Test}
serve:
  lwm2m: {coap: \"127.0.0.1:0\", nosec: true, manager: main}
SUBSCRIBERS
servers:
  boot: {protocol: lwm2m, role: bootstrap, uri: \"coap://127.0.0.1:5683\", security: none}
  main: {protocol: lwm2m, uri: \"coap://127.0.0.1:5683\", short_server_id: 101, lifetime: 1h, security: none}
profiles:
  open:
    servers: [boot, main]
    credentials: {}
    bundles: {site: {template: lwm2m, seal: none, accept_plaintext: \"a test\"}}
    deliveries: {stick: {bundle: site, medium: {filesystem: fat, size: 16MiB}}}
";
/// One key for both of its servers, which are one machine.
#[cfg(feature = "dtls")]
const PROTECTED: &str = "\
version: 1
fleet: test-fleet
inventory: devices.csv
authority: {common_name: Test CA, organization: Test}
serve:
  lwm2m: {coaps: \"127.0.0.1:0\", manager: main}
servers:
  boot: {protocol: lwm2m, role: bootstrap, uri: \"coaps://127.0.0.1:5684\", security: psk, credential: key}
  main: {protocol: lwm2m, uri: \"coaps://127.0.0.1:5684\", short_server_id: 101, lifetime: 1h, security: psk, credential: key}
profiles:
  open:
    servers: [boot, main]
    credentials: {key: {kind: psk, bytes: 16}}
    bundles: {site: {template: key, seal: none, accept_plaintext: \"a test\"}}
    deliveries: {stick: {bundle: site}}
";
const KEY_TEMPLATE: &str = "consumer: a test
description: A test.
medium: {table: none, filesystem: fat, label: TEST, size: 8MiB}
credentials:
  key: {kinds: [psk], required: false}
files:
  - {path: key, mode: \"0600\", template: key.j2, syntax: text, when: \"credentials.key is defined\"}
";
const SECRET: &str = "the secret that webhooks are signed with";
const LONGEST: Duration = Duration::from_mins(1);

/// What runs until it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Scene {
    fleet: TestFleet,
    server: Running,
    coap: String,
    events: Receiver<Value>,
}

impl Scene {
    fn new() -> Self {
        Self::with("")
    }

    /// With what listens to events.
    fn with(subscribers: &str) -> Self {
        Self::of(&FLEET.replace("SUBSCRIBERS\n", subscribers))
    }

    /// With keys, over DTLS.
    #[cfg(feature = "dtls")]
    fn protected() -> Self {
        Self::of(PROTECTED)
    }

    fn of(file: &str) -> Self {
        let fleet = TestFleet::empty();
        fleet.write("fleet.yaml", file);
        fleet.write("hooks.key", SECRET);
        fs::set_permissions(fleet.file("hooks.key"), fs::Permissions::from_mode(0o600)).unwrap();
        fleet.write("templates/key/template.yaml", KEY_TEMPLATE);
        fleet.write("templates/key/key.j2", "{{ credentials.key.identity }}:{{ credentials.key.key|hex }}\n");
        fleet.write("tools/tell.sh", "#!/bin/sh\nread -r events\nprintf '%s\\n' \"$events\" >> told\n");
        let tool = fs::Permissions::from_mode(0o755);
        fs::set_permissions(fleet.file("tools/tell.sh"), tool).unwrap();
        fleet.write("devices.csv", "id,serial,profile\nopen-1,S1,open\nopen-2,S2,open\n");
        fleet.run(&["ca", "init"]).ok();
        if file.contains("command:") {
            let digest = fleet.run(&["trust", "--list", "--json"]).ok().json_lines().remove(0)["digest"].clone();
            fleet.run(&["trust", "--digest", digest.as_str().unwrap()]).ok();
        }
        fleet.write("known.csv", "id,serial\nopen-1,S1\nopen-2,S2\n");
        fleet.run(&["devices", "import", "known.csv"]).ok();
        let log = fs::File::create(fleet.file("lines.log")).unwrap();
        let mut command = fleet.command(&["serve", "--listen", "127.0.0.1:0", "--json"]);
        let mut server = command.stdout(log).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(server.stderr.take().unwrap()).lines();
        let (tell, events) = channel();
        std::thread::spawn(move || {
            for line in stderr.map_while(Result::ok) {
                let event = serde_json::from_str(&line).unwrap_or(Value::String(line));
                let _ = tell.send(event);
            }
        });
        let mut scene = Self { fleet, server: Running(server), coap: String::new(), events };
        let at = scene.event("bootstrapping")["at"].as_str().unwrap().to_owned();
        scene.coap = at;
        scene
    }

    fn event(&self, name: &str) -> Value {
        let mut said = Vec::new();
        loop {
            let event = self.events.recv_timeout(LONGEST).unwrap_or_else(|_| panic!("no {name:?}: {said:?}"));
            if event["event"] == name {
                return event;
            }
            said.push(event);
        }
    }

    /// A device that has registered.
    fn device(&self, id: &str) -> Device {
        let mut device = self.begun(&[id]);
        assert!(device.says().starts_with("registered /rd/"));
        device
    }

    fn begun(&self, arguments: &[&str]) -> Device {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (host, port) = self.coap.rsplit_once(':').unwrap();
        let child = Command::new("python3")
            .arg(root.join("tests/lwm2m/managed_device.py"))
            .args([arguments[0], host, port])
            .args(&arguments[1..])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child.expect("these tests need python3");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Device { _child: Running(child), lines }
    }

    /// The registry knows of a registration soon after the device was answered.
    #[cfg(feature = "dtls")]
    fn knows_when_it_was_heard_of(&self, device: &str) {
        for _ in 0..600 {
            if self.fleet.run(&["devices", "show", device, "--json"]).ok().json()["registry"]["seen"].is_string() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{device} is registered, and the registry has not heard of it")
    }

    fn rollout(&self) -> Value {
        for _ in 0..600 {
            let shown = self.fleet.run(&["rollout", "status", "--devices", "--json"]).ok().json();
            if !["canary", "running"].contains(&shown["rollout"]["state"].as_str().unwrap()) {
                return shown;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the rollout does not end")
    }
}

struct Device {
    _child: Running,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Device {
    fn says(&mut self) -> String {
        self.lines.next().expect("the device goes on").unwrap()
    }

    fn takes_its_configuration(&mut self) {
        assert_eq!(self.says(), "triggered");
        assert_eq!(self.says(), "answered 2.04");
        let written = self.says();
        assert!(written.starts_with("finished ") && written.contains("/0/") && written.contains("/1/"), "{written}");
        assert!(self.says().starts_with("registered /rd/"));
    }
}

#[test]
fn a_registered_device_is_triggered_by_hand_and_by_a_rollout() {
    let scene = Scene::new();
    let mut device = scene.device("open-1");
    let wished = ["bootstrap", "trigger", "open-1", "--until", "registration", "--within", "60s", "--wait", "--json"];
    let ran = scene.fleet.run(&wished).ok().json_lines();
    assert_eq!(ran.last().unwrap()["state"], "done", "{ran:?}");
    device.takes_its_configuration();
    // What it has it need not take again.
    scene.fleet.run(&["rollout", "start", "open-1"]).exits(6).says(&["--again"]);
    scene.fleet.edit("fleet.yaml", "lifetime: 1h", "lifetime: 2h");
    let pid = rustix::process::Pid::from_child(&scene.server.0);
    rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    scene.event("reread");
    scene.fleet.run(&["rollout", "start", "open-1", "--within", "60s"]).ok();
    let shown = scene.rollout();
    assert_eq!(
        (&shown["rollout"]["state"], &shown["devices"][0]["state"]),
        (&"done".into(), &"done".into()),
        "{shown}"
    );
    assert_eq!(shown["proposed"], 1, "the other device has taken nothing yet");
    device.takes_its_configuration();
    let history = scene.fleet.run(&["devices", "history", "open-1", "--json"]).ok();
    assert!(history.stdout.contains("bootstrap-trigger-done"), "{}", history.stdout);
    // What a trigger did decides nothing, and hides nothing.
    let why = scene.fleet.run(&["devices", "why", "open-1"]).ok().stdout;
    assert!(why.contains("it was bootstrapped: finished") && !why.contains("trigger"), "{why}");
}

#[test]
fn a_device_of_1_0_is_bootstrapped_without_having_asked() {
    let scene = Scene::new();
    let mut device = scene.begun(&["open-1", "quiet"]);
    let at = device.says().replace("at ", "");
    let wished =
        ["bootstrap", "trigger", "open-1", "--via", "push", "--to", &at, "--within", "60s", "--wait", "--json"];
    let ran = scene.fleet.run(&wished).ok().json_lines();
    assert_eq!(ran.last().unwrap()["state"], "done", "{ran:?}");
    assert!(device.says().contains("/0/"));
}

/// A device that registered over DTLS: where it is, and itself.
#[cfg(feature = "dtls")]
fn registered_over_dtls(scene: &Scene) -> (String, Device) {
    scene.fleet.run(&["render", "open-1", "--out", "rendered"]).ok();
    let key = scene.fleet.read("rendered/open-1/key");
    let mut device = scene.begun(&["open-1", key.trim()]);
    let at = device.says().replace("at ", "");
    assert!(device.says().starts_with("registered /rd/"));
    (at, device)
}

#[cfg(feature = "dtls")]
#[test]
fn a_device_behind_dtls_is_triggered_over_its_association() {
    let scene = Scene::protected();
    let (_, mut device) = registered_over_dtls(&scene);
    scene.knows_when_it_was_heard_of("open-1");
    let wished = ["bootstrap", "trigger", "open-1", "--until", "registration", "--within", "60s", "--wait", "--json"];
    let ran = scene.fleet.run(&wished).ok().json_lines();
    assert_eq!(ran.last().unwrap()["state"], "done", "{ran:?}");
    device.takes_its_configuration();
}

#[cfg(feature = "dtls")]
#[test]
fn a_device_behind_dtls_is_bootstrapped_unasked_over_the_association_that_lives() {
    let scene = Scene::protected();
    let (at, mut device) = registered_over_dtls(&scene);
    let push = |to: &str, within: &str| {
        let wished = ["bootstrap", "trigger", "open-1", "--via", "push", "--to", to, "--within", within, "--wait"];
        scene.fleet.run(&wished)
    };
    // Where no association lives there is nobody to be told.
    push("127.0.0.1:9", "1s").exits(4);
    push(&at, "60s").ok();
    let written = device.says();
    assert!(written.starts_with("finished ") && written.contains("/0/") && written.contains("/1/"), "{written}");
    assert!(device.says().starts_with("registered /rd/"));
}

#[test]
fn a_trigger_by_webhook_is_told_signed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let subscriber = format!(
        "secrets: {{hooks: {{file: hooks.key}}}}\nenrolment:\n  groups: {{line: {{proofs: [token]}}}}\n  subscribers: {{crm: \
         {{webhook: {{url: \"http://{}/events\", secret: hooks}}, events: [bootstrap-triggered]}}}}\n",
        listener.local_addr().unwrap()
    );
    let scene = Scene::with(&subscriber);
    scene.fleet.run(&["bootstrap", "trigger", "open-1", "--via", "webhook", "--within", "60s"]).ok();
    let (signature, body) = heard(&listener);
    let told: Value = serde_json::from_str(&body).unwrap();
    let event = &told["events"][0];
    assert_eq!((&event["what"], &event["device"]), (&json!("bootstrap-triggered"), &json!("open-1")), "{told}");
    // As docs/hooks.md says it is to be checked.
    let script = "import hmac, sys; s, h, b = sys.argv[1:]; t, v = (p.split('=', 1)[1] for p in h.split(',')); \
                  assert hmac.compare_digest(hmac.new(s.encode(), t.encode() + b'.' + b.encode(), 'sha256').hexdigest(), v)";
    let is_ours = |secret: &str, body: &str| {
        let mut python = Command::new("python3");
        python.args(["-c", script, secret, &signature, body]).stderr(Stdio::null()).status().unwrap().success()
    };
    assert!(is_ours(SECRET, &body), "{signature}");
    assert!(!is_ours("another", &body) && !is_ours(SECRET, &body.replace("open-1", "open-2")));
}

/// Takes one webhook; returns its signature and its body.
fn heard(listener: &TcpListener) -> (String, String) {
    let (stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(&stream);
    let (mut signature, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        match name.to_lowercase().as_str() {
            "firstlight-signature" => value.clone_into(&mut signature),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (&stream).write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\n{\"ok\":true}").unwrap();
    (signature, String::from_utf8(body).unwrap())
}

#[test]
fn why_a_device_was_not_triggered_is_told() {
    let scene = Scene::new();
    let wished = ["bootstrap", "trigger", "open-2", "--within", "1s", "--wait"];
    scene.fleet.run(&wished).exits(4).says(&["not every device"]);
    let shown = scene.fleet.run(&["devices", "history", "open-2"]).ok().stdout;
    assert!(shown.contains("it did not bootstrap anew: the device was not registered"), "{shown}");
    scene.fleet.run(&["bootstrap", "trigger", "nobody"]).exits(1).says(&["knows no device"]);
    scene.fleet.run(&["bootstrap", "trigger", "open-2", "--via", "webhook", "--within", "20s", "--wait"]).exits(4);
}

#[test]
fn over_http_a_device_is_triggered_by_who_listens_to_events() {
    let subscriber = "enrolment:\n  groups: {line: {proofs: [token]}}\n  subscribers: {crm: {command: [tools/tell.sh], as_root: true, events: [EVENT]}}\n";
    let scene = Scene::with(&subscriber.replace("EVENT", "bootstrap-triggered"));
    let address = scene.event("listening")["address"].as_str().unwrap().to_owned();
    let token = scene.fleet.run(&["token", "new", "--role", "technician", "--json"]).ok().json()["token"].clone();
    let ask = |method: &str, fields: &Value| {
        let mut curl = Command::new("curl");
        curl.args(["-sk", "-X", method, "-H", &format!("Authorization: Bearer {}", token.as_str().unwrap())]);
        if !fields.is_null() {
            curl.args(["-H", "Content-Type: application/json", "-d", &fields.to_string()]);
        }
        let output = curl.arg(format!("https://{address}/v1/devices/open-1/bootstrap")).output().unwrap();
        serde_json::from_slice::<Value>(&output.stdout).unwrap_or(Value::Null)
    };
    let wished = ask("POST", &json!({ "via": "webhook", "goal": "registration", "within": 60 }));
    assert_eq!((&wished["state"], &wished["via"]), (&json!("waiting"), &json!("webhook")), "{wished}");
    let told = (0..600).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        fs::read_to_string(scene.fleet.file("told")).ok().filter(|told| told.ends_with('\n'))
    });
    let told: Value = serde_json::from_str(told.expect("nobody is told").lines().next().unwrap()).unwrap();
    let event = &told["events"][0];
    assert_eq!((&event["what"], &event["device"]), (&json!("bootstrap-triggered"), &json!("open-1")), "{told}");
    assert_eq!(event["detail"]["via"], "webhook");
    assert_eq!(ask("GET", &Value::Null)["state"], "sent");
    assert_eq!(ask("DELETE", &Value::Null), Value::Null);
    assert_eq!(ask("GET", &Value::Null)["state"], "cancelled");
    // Who listens to other events only is nobody.
    scene.fleet.edit("fleet.yaml", "[bootstrap-triggered]", "[registered]");
    let pid = rustix::process::Pid::from_child(&scene.server.0);
    rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    scene.event("reread");
    let wished = ["bootstrap", "trigger", "open-1", "--via", "webhook", "--within", "60s", "--wait"];
    scene.fleet.run(&wished).exits(4);
    let shown = ask("GET", &Value::Null);
    assert!(shown["reason"].as_str().unwrap().contains("no webhook subscribes"), "{shown}");
}
