//! A fleet in a folder of its own, and the binary run on it.
#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub, clippy::missing_panics_doc)]

pub mod usb;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

pub const BINARY: &str = env!("CARGO_BIN_EXE_firstlight");

/// What a run of the binary left.
pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
    what: String,
}

impl Ran {
    pub fn of(output: &Output, what: String) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            what,
        }
    }

    #[track_caller]
    pub fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{}\nstdout:\n{}\nstderr:\n{}", self.what, self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        self.exits(0)
    }

    /// Asserts that standard error holds each of `words`.
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "{}: not said: {word:?}\nstderr:\n{}", self.what, self.stderr);
        }
        self
    }

    /// Returns standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{}: {error}\n{}", self.what, self.stdout))
    }

    /// Returns standard output as JSON lines.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<serde_json::Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: {error}\n{line}", self.what)))
            .collect()
    }

    /// Returns the receipts among the JSON lines.
    pub fn receipts(&self) -> Vec<serde_json::Value> {
        self.json_lines().into_iter().filter(|line| line["event"] == "receipt").collect()
    }
}

/// A fleet in a folder of its own, removed at the end.
pub struct TestFleet {
    folder: TempDir,
}

impl TestFleet {
    /// An empty folder.
    pub fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A fleet whose authority is a demo one.
    pub fn demo(devices: usize) -> Self {
        let fleet = Self::empty();
        fleet.write("fleet.yaml", &fleet_yaml("{demo: true, common_name: Test CA, organization: Test}"));
        fleet.write("devices.csv", &devices_csv(devices));
        fleet
    }

    /// A fleet with a real authority, made by `ca init`.
    pub fn real(devices: usize) -> Self {
        let fleet = Self::empty();
        fleet.write("fleet.yaml", &fleet_yaml("{common_name: Test CA, organization: Test}"));
        fleet.write("devices.csv", &devices_csv(devices));
        fleet.run(&["ca", "init"]).ok();
        fleet
    }

    /// A copy of `examples/gateways`: twelve devices of two profiles, a demo authority.
    pub fn gateways() -> Self {
        let fleet = Self::empty();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/gateways");
        for name in ["fleet.yaml", "devices.csv"] {
            fs::copy(source.join(name), fleet.file(name)).unwrap();
        }
        fleet
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.file(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }

    /// Replaces `from` by `to` in a file, which must hold it.
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} does not hold {from:?}");
        self.write(name, &text.replace(from, to));
    }

    /// The binary in this fleet's folder, without a terminal, in a clean environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap())
            .env("USER", "tester")
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().unwrap();
        Ran::of(&output, format!("firstlight {}", arguments.join(" ")))
    }

    /// Runs with `input` on standard input.
    pub fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Ran {
        use std::io::Write as _;
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let feed = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        feed.join().unwrap();
        Ran::of(&output, format!("firstlight {}", arguments.join(" ")))
    }

    /// Runs with environment variables.
    pub fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        let output = self.command(arguments).envs(variables.iter().copied()).output().unwrap();
        Ran::of(&output, format!("firstlight {}", arguments.join(" ")))
    }

    /// Runs at a pseudo-terminal, where each of `steps` waits for words and then types; stdout holds the transcript.
    pub fn run_at_terminal(&self, arguments: &[&str], steps: &[[&str; 2]]) -> Ran {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/at_terminal.py");
        let mut command = self.command(&[]);
        let terminal = Command::new("python3")
            .arg(script)
            .arg(serde_json::to_string(steps).unwrap())
            .arg(BINARY)
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .envs(command.env("TERM", "xterm").get_envs().filter_map(|(name, value)| Some((name, value?))))
            .output()
            .expect("python3 is missing (tests/run names it)");
        Ran::of(&terminal, format!("at a terminal: firstlight {}", arguments.join(" ")))
    }

    /// Runs a shell script in the fleet's folder in a mount namespace of its own, where it may mount; `$FIRSTLIGHT` is the
    /// binary.
    pub fn run_in_namespace(&self, script: &str) -> Ran {
        let output = Command::new("unshare")
            .args(["-rm", "sh", "-euc", script])
            .current_dir(self.path())
            .env("FIRSTLIGHT", BINARY)
            .env("USER", "tester")
            .stdin(Stdio::null())
            .output()
            .expect("unshare is missing (package util-linux)");
        let ran = Ran::of(&output, script.to_owned());
        let refused = ran.stderr.starts_with("unshare:");
        assert!(!refused, "this test mounts in a namespace: be root, or allow user namespaces: {}", ran.stderr);
        ran
    }

    /// Runs without the privileges of root, so that modes of files count for root too.
    pub fn run_unprivileged(&self, arguments: &[&str]) -> Ran {
        let words = ["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", BINARY];
        let is_root = rustix::process::geteuid().is_root();
        let mut command = Command::new(if is_root { "setpriv" } else { BINARY });
        let output = command
            .args(if is_root { &words[..] } else { &[] })
            .args(arguments)
            .current_dir(self.path())
            .env("USER", "tester")
            .stdin(Stdio::null())
            .output()
            .expect("setpriv is missing (package util-linux)");
        Ran::of(&output, format!("unprivileged: firstlight {}", arguments.join(" ")))
    }

    /// Every file with inode, mode, size and time of change: what "touches nothing" is about.
    pub fn tree(&self) -> BTreeMap<PathBuf, String> {
        let (mut found, mut folders) = (BTreeMap::new(), vec![self.path().to_path_buf()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let (path, facts) = (entry.path(), entry.metadata().unwrap());
                if facts.is_dir() {
                    folders.push(path.clone());
                    found.insert(path, format!("folder {:o}", facts.mode()));
                } else {
                    let (time, nanoseconds) = (facts.mtime(), facts.mtime_nsec());
                    let known = format!("{} {:o} {} {time}.{nanoseconds}", facts.ino(), facts.mode(), facts.len());
                    found.insert(path, known);
                }
            }
        }
        found
    }

    /// `devices show ID --json`.
    pub fn show(&self, id: &str) -> serde_json::Value {
        self.run(&["devices", "show", id, "--json"]).ok().json()
    }

    /// The ledger's chain and states agree.
    #[track_caller]
    pub fn ledger_is_true(&self) {
        self.run(&["ledger", "verify"]).ok();
    }
}

/// A fleet file of the `mqtt` template with an X.509 identity.
pub fn fleet_yaml(authority: &str) -> String {
    format!(
        "\
version: 1
fleet: test-fleet
inventory: devices.csv
authority: {authority}
servers:
  telemetry: {{protocol: mqtt, uri: \"mqtts://mqtt.test.example:8883\", security: x509, credential: identity}}
profiles:
  gateway:
    credentials:
      identity: {{kind: x509, key: p256, profile: idevid, valid: forever}}
    bundles:
      site: {{template: mqtt, seal: none, accept_plaintext: \"a test\"}}
    deliveries:
      stick: {{bundle: site, medium: {{filesystem: fat, size: 8MiB}}}}
"
    )
}

/// An inventory of so many gateways, `gw-0001` on.
pub fn devices_csv(devices: usize) -> String {
    let mut text = String::from("id,serial,profile\n");
    for index in 1..=devices {
        text.push_str(&format!("gw-{index:04},SN{index:06},gateway\n"));
    }
    text
}

/// Runs an outside program that must be there and must succeed; returns its standard output.
#[track_caller]
pub fn oracle(program: &str, arguments: &[&str]) -> String {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap());
    let output = Command::new(program)
        .args(arguments)
        .env("PATH", path)
        .output()
        .unwrap_or_else(|error| panic!("{program} is missing (tests/run installs it): {error}"));
    let said = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat();
    assert!(output.status.success(), "{program} {}: {said}", arguments.join(" "));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
