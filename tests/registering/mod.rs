//! A fleet with a registration server, and devices in folders that take what the station writes.
#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub, clippy::missing_panics_doc)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::common::{BINARY, Ran, TestFleet};

/// What a device of the scene proves itself with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    Certificate,
    DerivedKey,
    OwnKey,
    Token,
}

impl Proof {
    fn security(self) -> &'static str {
        match self {
            Self::Certificate => "security: x509, credential: identity",
            Self::DerivedKey | Self::OwnKey => "security: psk, credential: registration",
            Self::Token => "security: none",
        }
    }

    fn credential(self) -> &'static str {
        match self {
            Self::Certificate => "",
            Self::DerivedKey => "\n      registration: {kind: psk, group: gateway}",
            Self::OwnKey => "\n      registration: {kind: psk, bytes: 32}",
            Self::Token => "\n      enrolment: {kind: token, valid: 2d}",
        }
    }
}

/// A fleet whose server runs.
pub struct Scene {
    pub fleet: TestFleet,
    pub server: Server,
}

impl Scene {
    pub fn new(proof: Proof) -> Self {
        let fleet = TestFleet::empty();
        fleet.run(&["init", "--template", "linux", "--name", "acme", "."]).ok();
        fleet.edit("fleet.yaml", "profiles:\n", &format!("{}profiles:\n", enrolment(proof)));
        fleet.edit("fleet.yaml", "valid: forever}\n", &format!("valid: forever}}{}\n", proof.credential()));
        fleet.edit(
            "fleet.yaml",
            "connect: {server: telemetry, within: 30s}",
            "connect: {server: registration, within: 5s}",
        );
        let server = Server::start(&fleet);
        fleet.edit("fleet.yaml", ":8443", &format!(":{}", server.port));
        server.reread(&fleet);
        fleet.run(&["seal", "export", "--out", "image", "--batch", "gateway"]).ok();
        Self { fleet, server }
    }

    /// A device that took its first stick.
    pub fn device(&self, id: &str) -> Device {
        self.fleet.run(&["write", id, "--to", "image:out/"]).ok();
        self.device_with_stick(id)
    }

    /// Stops the server, lets `meanwhile` happen, and starts it at the same port.
    pub fn without_server(&mut self, meanwhile: impl FnOnce(&TestFleet)) {
        self.server.stop();
        meanwhile(&self.fleet);
        self.server = Server::listen(&self.fleet, &format!("127.0.0.1:{}", self.server.port));
    }

    /// A device that took the stick that was written for it.
    pub fn device_with_stick(&self, id: &str) -> Device {
        let device = Device::new(&self.fleet, id);
        let stick = self.fleet.file(&format!("out/{id}.img"));
        device.client(&["ingest", "--from", stick.to_str().unwrap()]).ok();
        device
    }
}

fn enrolment(proof: Proof) -> String {
    let server =
        format!("{{protocol: https, role: registration, uri: \"https://localhost:8443\", {}}}", proof.security());
    format!(
        "  registration: {server}
serve: {{names: [localhost]}}
enrolment:
  groups:
    gateway:
      proofs: [x509, claim, token, jwt]
      admit: {{listed: true}}
      x509: {{id: \"{{cn}}\"}}
"
    )
}

/// A server that runs until it is dropped.
pub struct Server {
    child: Child,
    pub port: u16,
}

impl Server {
    pub fn start(fleet: &TestFleet) -> Self {
        Self::listen(fleet, "127.0.0.1:0")
    }

    pub fn listen(fleet: &TestFleet, at: &str) -> Self {
        let mut command = fleet.command(&["serve", "--listen", at, "--json"]);
        let log = fs::File::options().create(true).append(true).open(fleet.file("requests.log")).unwrap();
        let mut child = command.stdout(log).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        let address = lines.find_map(|line| {
            said.push(line.ok()?);
            let line: Value = serde_json::from_str(said.last()?).ok()?;
            Some(line["address"].as_str()?.to_owned())
        });
        let address = address.unwrap_or_else(|| panic!("the server did not start: {said:?}"));
        let log = fleet.file("serve.log");
        fs::File::options().create(true).append(true).open(&log).unwrap();
        std::thread::spawn(move || {
            let mut log = fs::File::options().create(true).append(true).open(log).unwrap();
            for line in lines.map_while(Result::ok) {
                let _ = std::io::Write::write_all(&mut log, format!("{line}\n").as_bytes());
            }
        });
        Self { child, port: address.rsplit(':').next().unwrap().parse().unwrap() }
    }

    /// Has it read the fleet file again, and waits until it has.
    pub fn reread(&self, fleet: &TestFleet) {
        let times = |fleet: &TestFleet| fleet.read("serve.log").matches("\"reread\"").count();
        let before = times(fleet);
        assert!(Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status().unwrap().success());
        let end = std::time::Instant::now() + std::time::Duration::from_mins(1);
        while times(fleet) == before {
            assert!(std::time::Instant::now() < end, "the fleet was not read again: {}", fleet.read("serve.log"));
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

impl Server {
    fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A device in a folder, made as its image says.
pub struct Device {
    root: TempDir,
}

impl Device {
    fn new(fleet: &TestFleet, id: &str) -> Self {
        let device = Self { root: tempfile::tempdir().unwrap() };
        let image = fleet.file("image");
        for name in ["anchors", "keys"] {
            for entry in fs::read_dir(image.join(name)).unwrap() {
                let path = entry.unwrap().path();
                let file = path.file_name().unwrap().to_str().unwrap().to_owned();
                device.put(&format!("etc/firstlight/{name}/{file}"), &fs::read(&path).unwrap());
            }
        }
        let mut described: Value = serde_json::from_slice(&fs::read(image.join("device")).unwrap()).unwrap();
        described["serial_file"] = "/run/serial".into();
        device.put("etc/firstlight/device", described.to_string().as_bytes());
        device.put("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n");
        device.put("etc/group", b"root:x:0:\n");
        device.put("run/serial", format!("SN{:06}\n", id[3..].parse::<u32>().unwrap()).as_bytes());
        device
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    pub fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// The text of a file of the device; empty where it is not there.
    pub fn text(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap_or_default()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.arg("client").args(arguments).arg("--root").arg(self.root());
        command.env_clear().env("PATH", std::env::var("PATH").unwrap()).stdin(Stdio::null());
        command
    }

    /// `firstlight client ...` on this device.
    pub fn client(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().unwrap(), format!("firstlight client {}", arguments.join(" ")))
    }
}
