//! Clients of `LwM2M` that nobody here wrote, and clients of ours that do what others were seen to do.

use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
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
  lwm2m: {coap: \"127.0.0.1:0\", nosec: true, coaps: \"127.0.0.1:0\", manager: MANAGER}
servers:
  open: {protocol: lwm2m, role: bootstrap, uri: \"coap://127.0.0.1:5683\", security: none}
  boot: {protocol: lwm2m, role: bootstrap, uri: \"coaps://127.0.0.1:5684\", security: psk, credential: boot}
  plain: {protocol: lwm2m, uri: \"coap://127.0.0.1:5683\", short_server_id: 101, lifetime: 1h, security: none}
  main: {protocol: lwm2m, uri: \"coaps://127.0.0.1:5684\", short_server_id: 102, security: psk, credential: main}
bootstrap:
  clients: {coap-node: {account: 0, format: tlv}}
  procedures: {bare: {read_back: never, steps: [{write: /}, {finish: true}]}}
  profiles: {open: {client: coap-node, procedure: bare}}
profiles:
  open:
    servers: [open, plain]
    bundles: {site: {template: lwm2m, seal: none, accept_plaintext: \"a test\"}}
    deliveries: {stick: {bundle: site, medium: {filesystem: fat, size: 16MiB}}}
  psk:
    servers: [boot, main]
    credentials: {boot: {kind: psk, bytes: 16}, main: {kind: psk, bytes: 16, identity: \"{id}-main\"}}
    bundles: {site: {template: lwm2m, seal: none, accept_plaintext: \"a test\"}}
    deliveries: {stick: {bundle: site, medium: {filesystem: fat, size: 16MiB}}}
";
const LONGEST: Duration = Duration::from_mins(1);

/// A program, and its lines as they come.
struct Running {
    child: Child,
    lines: Receiver<String>,
    talk: Receiver<String>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (lines, talk) = (lines(out), lines(err));
        Self { child, lines, talk }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = tell.send(line);
        }
    });
    told
}

/// Returns the first line with `word` in it.
fn line(lines: &Receiver<String>, word: &str) -> String {
    let mut said = Vec::new();
    loop {
        let line = lines.recv_timeout(LONGEST).unwrap_or_else(|_| panic!("no {word:?}: {said:#?}"));
        if line.contains(word) {
            return line;
        }
        said.push(line);
    }
}

struct Scene {
    fleet: TestFleet,
    server: Running,
    coap: String,
    coaps: String,
}

impl Scene {
    /// A fleet whose server speaks to people, as at a terminal or into a journal.
    fn managed_by(manager: &str) -> Self {
        let fleet = TestFleet::empty();
        fleet.write("fleet.yaml", &FLEET.replace("MANAGER", manager));
        fleet.write("devices.csv", "id,serial,profile\nnode-1,S1,open\npsk-1,S2,psk\n");
        fleet.run(&["ca", "init"]).ok();
        let server = Running::start(&mut fleet.command(&["serve", "--listen", "127.0.0.1:0"]));
        let at = |scheme: &str| {
            let line = line(&server.talk, &format!("bootstrapping at {scheme}://"));
            line.rsplit_once('/').unwrap().1.to_owned()
        };
        let (coap, coaps) = (at("coap"), at("coaps"));
        Self { fleet, server, coap, coaps }
    }

    /// Tells devices from now on that the management server is where it is.
    fn tells_its_address(&self) {
        let plain = "plain: {protocol: lwm2m, uri: \"coap://";
        self.fleet.edit("fleet.yaml", &format!("{plain}127.0.0.1:5683"), &format!("{plain}{}", self.coap));
        let pid = rustix::process::Pid::from_child(&self.server.child);
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
        line(&self.server.talk, "the fleet file was read again");
    }
}

#[test]
fn coap_node_of_npm_is_bootstrapped_and_registers_where_it_was_told() {
    let scene = Scene::managed_by("plain");
    scene.tells_its_address();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let modules = root.join("tests/.oracles/node/node_modules");
    assert!(modules.join("coap-node").is_dir(), "coap-node is missing: run tests/run, which installs it");
    let (host, port) = scene.coap.rsplit_once(':').unwrap();
    let mut command = Command::new("node");
    let script = root.join("tests/lwm2m/coap_node.js");
    let device = Running::start(command.arg(script).arg(modules).args(["node-1", host, port]));
    let told: Value = serde_json::from_str(&line(&device.lines, "\"bootstrapped\"")).unwrap();
    let account = &told["security"]["1"];
    assert_eq!(account["lwm2mServerURI"], format!("coap://{}", scene.coap), "{told}");
    assert_eq!((&account["shortServerId"], &account["bootstrapServer"]), (&json!(101), &json!(false)), "{told}");
    assert_eq!(told["security"].as_object().unwrap().len(), 1, "{told}");
    let server = &told["server"]["0"];
    assert_eq!((&server["shortServerId"], &server["lifetime"]), (&json!(101), &json!(3600)), "{told}");
    line(&device.lines, "\"registered\"");
    // Each thing is told when it happens, to a pipe too.
    line(&scene.server.lines, "node-1 finished in");
    line(&scene.server.lines, "node-1 registered at the management server");
}

/// Wakaama's client with tinydtls tells a server by its address: it registers over the association of its bootstrap.
#[test]
fn a_device_that_registers_over_the_association_of_its_bootstrap_is_refused_and_explained() {
    let scene = Scene::managed_by("main");
    std::fs::create_dir(scene.fleet.file("out")).unwrap();
    scene.fleet.run(&["write", "psk-1", "--to", "folder:out"]).ok();
    let client = |wish: Value| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(root.join("tests/.oracles/venv/bin/python"));
        command.arg(root.join("tests/lwm2m/client.py")).arg(wish.to_string()).env("PYTHONDONTWRITEBYTECODE", "1");
        let device = Running::start(&mut command);
        serde_json::from_str::<Value>(&line(&device.lines, "\"ended\"")).unwrap()
    };
    let file = scene.fleet.file("out/bootstrap.cbor");
    let told =
        client(json!({ "to": scene.coaps, "dtls": true, "endpoint": "psk-1", "file": file, "registers": "too" }));
    assert_eq!(told["ended"], "registered 4.03", "{told}");
    let why = line(&scene.server.lines, "may not register");
    assert!(why.contains("wants its credential \"main\", it proved \"boot\""), "{why}");
    let doctor = (0..600).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        let said = scene.fleet.run(&["bootstrap", "doctor", "psk-1"]).stdout;
        said.contains("warn  registration").then_some(said)
    });
    assert!(doctor.expect("the doctor knows nothing of it").contains("shakes hands anew"));
    // It shakes hands anew, with the key that it was told.
    let objects = told["objects"].as_object().unwrap();
    let (place, _) = objects.iter().find(|(path, value)| path.ends_with("/10") && **value == 102).unwrap();
    let account = place.strip_suffix("/10").unwrap();
    let identity = hex::decode(objects[&format!("{account}/3")].as_str().unwrap()).unwrap();
    assert_eq!(identity, b"psk-1-main");
    let key = &objects[&format!("{account}/5")];
    let again =
        client(json!({ "to": scene.coaps, "dtls": true, "endpoint": "psk-1", "identity": "psk-1-main", "key": key,
        "registers": "only" }));
    assert_eq!(again["ended"], "registered 2.01", "{again}");
}
