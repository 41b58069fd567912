//! `firstlight serve` with hooks: a server that is killed while a hook works, and an access list that mosquitto takes.
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used)]

mod common;

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::TestFleet;
use serde_json::{Value, json};

/// Notes the key of each request; waits for the file `go` before it allocates.
const HOOK: &str = r#"#!/bin/sh
read -r asked
key=$(printf '%s' "$asked" | sed 's/.*"key":"\([0-9a-f]*\)".*/\1/')
step=$(printf '%s' "$asked" | sed 's/.*"step":"\([a-z]*\)".*/\1/')
echo "$step $key" >> calls
while [ "$step" = allocate ] && [ ! -e go ]; do sleep 0.05; done
echo '{"ok":true,"resources":[{"kind":"mqtt-acl","name":"fleet/news/#","detail":{"access":"read"}}]}'
"#;

/// A server, killed at the end.
struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Bench {
    fleet: TestFleet,
    token: String,
}

impl Bench {
    fn new() -> Self {
        let fleet = TestFleet::demo(1);
        let yaml = fleet.read("fleet.yaml");
        let enrolment = "enrolment:\n  groups:\n    line-a:\n      proofs: [token]\n      hooks:\n        \
            allocate: {command: [tools/hook.sh], as_root: true, timeout: 1s}\n      resources:\n        - \
            {kind: mqtt-acl, name: \"devices/{id}/#\"}\n  mqtt_acl: acl\n";
        fleet.write("fleet.yaml", &format!("{yaml}{enrolment}"));
        fleet.write("tools/hook.sh", HOOK);
        let hook = fleet.file("tools/hook.sh");
        std::fs::set_permissions(hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let digest = fleet.run(&["trust", "--list", "--json"]).ok().json_lines().remove(0)["digest"].clone();
        fleet.run(&["trust", "--digest", digest.as_str().unwrap()]).ok();
        let token = fleet.run(&["token", "new", "--group", "line-a", "--json"]).ok().json()["token"].clone();
        Self { fleet, token: token.as_str().unwrap().to_owned() }
    }

    fn serve(&self) -> Server {
        let mut command = self.fleet.command(&["serve", "--listen", "127.0.0.1:0", "--json"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let listening = lines.find_map(|line| {
            let event: Value = serde_json::from_str(&line).ok()?;
            Some(event["address"].as_str()?.to_owned())
        });
        // What else it says is read away, or it would wait for us.
        std::thread::spawn(move || lines.for_each(drop));
        Server { child, address: listening.expect("it says where it listens") }
    }

    /// Asks as a device, by curl: status and body.
    fn ask(&self, server: &Server, method: &str, path: &str, fields: Option<&Value>) -> (u32, Value) {
        Self::ask_with(&self.token, server, method, path, fields)
    }

    /// A token that is the device's alone.
    fn own(&self, id: &str) -> String {
        let made = self.fleet.run(&["token", "new", "--group", "line-a", "--device", id, "--json"]).ok().json();
        made["token"].as_str().unwrap().to_owned()
    }

    fn ask_with(token: &str, server: &Server, method: &str, path: &str, fields: Option<&Value>) -> (u32, Value) {
        let mut command = Command::new("curl");
        command.args(["-sk", "--max-time", "60", "-w", "\n%{http_code}", "-X", method]);
        command.args(["-H", &format!("Authorization: Bearer {token}")]);
        if let Some(fields) = fields {
            command.args(["-H", "Content-Type: application/json", "-d", &fields.to_string()]);
        }
        let output = command.arg(format!("https://{}{path}", server.address)).output();
        let output = output.expect("curl is missing (tests/run names it)");
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
    }

    fn register(&self, server: &Server, id: &str) -> String {
        let (status, answer) = self.ask(server, "POST", "/v1/register", Some(&json!({ "id": id })));
        assert_eq!((status, &answer["state"]), (202, &json!("assigning")), "{answer}");
        answer["registration"].as_str().unwrap().to_owned()
    }

    fn settled(&self, server: &Server, registration: &str) -> (u32, Value) {
        let path = format!("/v1/registrations/{registration}");
        until("the device is registered", || {
            Some(self.ask(server, "GET", &path, None)).filter(|(status, _)| *status != 202)
        })
    }

    fn calls(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.fleet.file("calls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

fn until<T>(what: &str, found: impl Fn() -> Option<T>) -> T {
    for _ in 0..1_200 {
        if let Some(found) = found() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it did not come about: {what}");
}

#[test]
fn a_server_killed_while_a_hook_works_goes_on_with_the_device_after_its_restart() {
    let bench = Bench::new();
    let mut server = bench.serve();
    let rid = bench.register(&server, "gw-9001");
    until("the hook is asked", || (!bench.calls().is_empty()).then_some(()));
    server.child.kill().unwrap();
    drop(server);
    bench.fleet.write("go", "");
    let server = bench.serve();
    let (status, answer) = bench.settled(&server, &rid);
    assert_eq!((status, &answer["state"]), (200, &json!("assigned")), "{answer}");
    assert_eq!(answer["resources"].as_array().unwrap().len(), 2);
    let calls = bench.calls();
    assert!(calls.len() > 1 && calls.iter().all(|call| *call == format!("allocate {rid}")), "{calls:?}");
    let (status, again) = bench.ask(&server, "POST", "/v1/register", Some(&json!({ "id": "gw-9001" })));
    assert_eq!((status, &again["registration"]), (200, &json!(rid)), "the same answer: {again}");
}

/// A broker that lets in whom the list names; it listens on a socket in the fleet's folder.
struct Broker {
    child: Child,
    socket: PathBuf,
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Broker {
    fn start(bench: &Bench) -> Self {
        let socket = bench.fleet.file("broker.sock");
        let list = bench.fleet.file("acl");
        let config =
            format!("listener 0 {}\nallow_anonymous true\nuser root\nacl_file {}\n", socket.display(), list.display());
        bench.fleet.write("mosquitto.conf", &config);
        let child = Command::new("mosquitto")
            .arg("-c")
            .arg(bench.fleet.file("mosquitto.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("mosquitto is missing (tests/run names it)");
        until("mosquitto listens", || socket.exists().then_some(()));
        Self { child, socket }
    }

    /// Publishes by MQTT 5 with QoS 1, so that the broker says what it thinks of it.
    fn publish(&self, user: &str, topic: &str) -> String {
        let output = Command::new("mosquitto_pub")
            .args(["--unix", self.socket.to_str().unwrap(), "-V", "5", "-q", "1", "-u", user, "-i", user])
            .args(["-t", topic, "-m", "21.5", "-r"])
            .output();
        let output = output.expect("mosquitto_pub is missing (tests/run names mosquitto-clients)");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn reload(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    }
}

#[test]
fn mosquitto_lets_a_device_publish_on_its_own_topic_and_on_no_other_and_not_after_its_end() {
    let bench = Bench::new();
    bench.fleet.write("go", "");
    let server = bench.serve();
    let one = bench.register(&server, "gw-9001");
    let two = bench.register(&server, "gw-9002");
    assert_eq!((bench.settled(&server, &one).0, bench.settled(&server, &two).0), (200, 200));
    let list = || std::fs::read_to_string(bench.fleet.file("acl")).unwrap_or_default();
    until("both are listed", || (list().contains("gw-9001") && list().contains("gw-9002")).then_some(()));
    let broker = Broker::start(&bench);
    assert_eq!(broker.publish("gw-9001", "devices/gw-9001/up"), "");
    assert_eq!(broker.publish("gw-9002", "devices/gw-9002/up"), "");
    for topic in ["devices/gw-9002/up", "devices/x", "fleet/news/a"] {
        assert!(broker.publish("gw-9001", topic).contains("Not authorized"), "{topic}");
    }
    assert!(broker.publish("stranger", "devices/gw-9001/up").contains("Not authorized"));
    // The token of the group says nothing of which device asks.
    let path = format!("/v1/registrations/{one}");
    assert_eq!(bench.ask(&server, "DELETE", &path, None).0, 403);
    assert_eq!(Bench::ask_with(&bench.own("gw-9001"), &server, "DELETE", &path, None).0, 204);
    until("the hook is told", || bench.calls().contains(&format!("release {one}")).then_some(()));
    until("the list is written", || (!list().contains("gw-9001")).then_some(()));
    broker.reload();
    until("the broker reads it", || {
        broker.publish("gw-9001", "devices/gw-9001/up").contains("Not authorized").then_some(())
    });
    assert_eq!(broker.publish("gw-9002", "devices/gw-9002/up"), "");
    // The same list by the command.
    let shown = bench.fleet.run(&["acl"]).ok();
    assert_eq!(shown.stdout, list());
}
