//! The real `serve` under load: killed, its PostgreSQL killed, a second server beside it, its disk full. Whatever was
//! answered well is in the store, and nothing is there twice.
#![cfg(all(feature = "server", feature = "postgres"))]
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "server_load/away.rs"]
mod away;
#[path = "common/claims.rs"]
mod claims;
#[path = "../src/registry/tests/cluster.rs"]
#[allow(dead_code, unreachable_pub)]
mod cluster;
mod common;
/// What the cluster's file knows by this name.
mod registry {
    pub(crate) use firstlight::registry::Engine;
}

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use claims::Devices;
use common::{BINARY, TestFleet, fleet_yaml, oracle};
use firstlight::host::surroundings::SystemClock;
use firstlight::registry::{Engine, Registry};
use rustix::process::{Pid, Signal, kill_process};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

const ENROLMENT: &str = "\
enrolment:
  groups:
    line-a: {proofs: [claim]}
serve:
  listen: 127.0.0.1:0
  names: [localhost]
  limits: {rates: {source: 1000000, group: 1000000, token: 1000000}}
";

/// A fleet whose devices register with claims, and where its registry lies.
struct Lab {
    fleet: TestFleet,
    place: cluster::Place,
    engine: Engine,
}

impl Lab {
    fn new(engine: Engine) -> Self {
        Self::at(engine, cluster::place(engine))
    }

    fn at(engine: Engine, place: cluster::Place) -> Self {
        let fleet = TestFleet::empty();
        let store = match engine {
            Engine::Sqlite => String::new(),
            Engine::Postgres => format!("store: \"{}\"\n", place.address),
        };
        fleet.write("fleet.yaml", &(fleet_yaml("{common_name: Test CA, organization: Test}") + ENROLMENT + &store));
        fleet.write("devices.csv", &common::devices_csv(1));
        fleet.run(&["ca", "init"]).ok();
        Self { fleet, place, engine }
    }

    fn address(&self) -> String {
        match self.engine {
            Engine::Sqlite => self.fleet.file(".firstlight/registry.db").to_str().unwrap().to_owned(),
            Engine::Postgres => self.place.address.clone(),
        }
    }

    /// The first column of each row, as somebody else's program reads it.
    fn column(&self, question: &str) -> Vec<String> {
        let said = match self.engine {
            Engine::Sqlite => oracle("sqlite3", &[&self.address(), question]),
            Engine::Postgres => oracle("psql", &[&self.address(), "-Atc", question]),
        };
        said.lines().map(str::to_owned).collect()
    }

    /// Whoever of `answered` was answered well is in the store, whatever else is.
    fn has_kept(&self, answered: &BTreeSet<String>) {
        let kept: BTreeSet<String> = self.column("SELECT folded FROM device").into_iter().collect();
        let missing: Vec<_> = answered.difference(&kept).collect();
        assert!(missing.is_empty(), "answered well and not in the store: {missing:?}");
    }

    /// Every one of `ids` is there once in every table, and no other; the audit trail is whole.
    fn holds_each_once(&self, ids: &BTreeSet<String>) {
        let wanted: Vec<String> = ids.iter().cloned().collect();
        for question in [
            "SELECT folded FROM device WHERE state = 'registered' ORDER BY folded",
            "SELECT device FROM registration ORDER BY device",
            "SELECT device FROM event WHERE what = 'registered' ORDER BY device",
        ] {
            let found = self.column(question);
            assert!(found == wanted, "{question}: {} rows for {} devices", found.len(), wanted.len());
        }
        assert_eq!(self.column("SELECT used FROM grp"), [wanted.len().to_string()]);
        let registry = Registry::open(&self.address(), "test-fleet", Arc::new(SystemClock)).unwrap();
        assert!(registry.verify_events().unwrap().is_ok(), "the audit trail is broken");
    }
}

/// A server at work.
struct Serve {
    child: Child,
    address: SocketAddr,
    said: Arc<Mutex<String>>,
}

impl Serve {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let said = Arc::new(Mutex::new(String::new()));
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            said.lock().unwrap().push_str(&format!("{line}\n"));
            line.split_once("https://").map(|(_, address)| address.trim().parse().unwrap())
        });
        let heard = Arc::clone(&said);
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| heard.lock().unwrap().push_str(&format!("{line}\n")));
        });
        let address = address.unwrap_or_else(|| panic!("the server did not start: {}", said.lock().unwrap()));
        Self { child, address, said }
    }

    fn of(fleet: &TestFleet) -> Self {
        Self::start(fleet.command(&["serve"]))
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends by SIGTERM, well.
    fn end(mut self) {
        self.signal(Signal::TERM);
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.said.lock().unwrap());
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn trust(folder: &Path) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join(".firstlight/authority/root.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

/// A device's connection; it is opened anew where it was lost.
struct Line {
    trust: Arc<ClientConfig>,
    stream: Option<StreamOwned<ClientConnection, TcpStream>>,
}

impl Line {
    /// Sends a request; the status of its answer, or none where the connection was lost.
    fn ask(&mut self, address: SocketAddr, request: &[u8]) -> Option<u16> {
        let mut stream = self.stream.take().or_else(|| self.connect(address))?;
        stream.write_all(request).ok()?;
        let (mut answer, mut chunk) = (Vec::new(), [0; 4096]);
        loop {
            let read = stream.read(&mut chunk).ok().filter(|read| *read > 0)?;
            answer.extend_from_slice(&chunk[..read]);
            if let Some((_, status)) = claims::answer(&answer).filter(|(length, _)| answer.len() >= *length) {
                self.stream = Some(stream);
                return Some(status);
            }
        }
    }

    fn connect(&self, address: SocketAddr) -> Option<StreamOwned<ClientConnection, TcpStream>> {
        let stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        Some(StreamOwned::new(ClientConnection::new(Arc::clone(&self.trust), name).unwrap(), stream))
    }
}

/// Devices that register and do not give up.
struct Load {
    devices: Devices,
    trust: Arc<ClientConfig>,
    address: Mutex<SocketAddr>,
    answered: Mutex<BTreeMap<String, u16>>,
    lost: AtomicUsize,
    later: AtomicUsize,
    deadline: Instant,
}

impl Load {
    fn on(folder: &Path, address: SocketAddr) -> Self {
        Self {
            devices: Devices::of(folder, "test-fleet", "line-a"),
            trust: trust(folder),
            address: Mutex::new(address),
            answered: Mutex::default(),
            lost: AtomicUsize::new(0),
            later: AtomicUsize::new(0),
            deadline: Instant::now() + Duration::from_mins(2),
        }
    }

    fn answered(&self) -> BTreeSet<String> {
        self.answered.lock().unwrap().keys().cloned().collect()
    }

    /// Registers devices one after the other; `goes_on` says whether there is a next one.
    fn register(&self, ids: impl Iterator<Item = String>, goes_on: impl Fn(usize) -> bool) {
        let mut line = Line { trust: Arc::clone(&self.trust), stream: None };
        for (number, id) in ids.enumerate() {
            if !goes_on(number) {
                return;
            }
            loop {
                assert!(Instant::now() < self.deadline, "{id} is not registered in time");
                let address = *self.address.lock().unwrap();
                match line.ask(address, &self.devices.request(&id)) {
                    Some(status @ (200 | 201)) => {
                        self.answered.lock().unwrap().insert(id, status);
                        break;
                    }
                    Some(503) => self.later.fetch_add(1, Ordering::SeqCst),
                    Some(status) => panic!("{id} is answered {status}"),
                    None => self.lost.fetch_add(1, Ordering::SeqCst),
                };
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// Has devices register from all sides until `strike` has happened twice in the middle of it.
    fn struck_twice(&self, mut strike: impl FnMut()) {
        let strikes = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let strikes = &strikes;
                scope.spawn(move || {
                    self.register(ids(thread), |done| done < EACH || strikes.load(Ordering::SeqCst) < 2);
                });
            }
            for number in 1..=2 {
                self.wait_for(number * THREADS * EACH / 4);
                strike();
                strikes.fetch_add(1, Ordering::SeqCst);
            }
        });
    }

    /// Waits until so many devices are registered.
    fn wait_for(&self, count: usize) {
        while self.answered.lock().unwrap().len() < count {
            assert!(Instant::now() < self.deadline, "{count} devices are not registered in time");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

const THREADS: usize = 8;
const EACH: usize = 40;

fn ids(thread: usize) -> impl Iterator<Item = String> {
    (0..).map(move |number| format!("gw-{thread}-{number:04}"))
}

fn a_killed_server_has_kept_every_answer(engine: Engine) {
    let lab = Lab::new(engine);
    let mut serve = Serve::of(&lab.fleet);
    let load = Load::on(lab.fleet.path(), serve.address);
    load.struck_twice(|| {
        let before = load.answered();
        serve.kill();
        lab.has_kept(&before);
        serve = Serve::of(&lab.fleet);
        *load.address.lock().unwrap() = serve.address;
    });
    assert!(load.lost.load(Ordering::SeqCst) > 0, "the server was not at work when it was killed");
    lab.holds_each_once(&load.answered());
    serve.end();
}

#[test]
fn a_killed_server_has_kept_every_answer_in_sqlite() {
    a_killed_server_has_kept_every_answer(Engine::Sqlite);
}

#[test]
fn a_killed_server_has_kept_every_answer_in_postgres() {
    a_killed_server_has_kept_every_answer(Engine::Postgres);
}

/// Kills the PostgreSQL process that does the registry's work; the others end and begin anew with it.
fn kill_backend(address: &str) -> bool {
    let Ok(mut client) = postgres::Client::connect(address, postgres::NoTls) else { return false };
    let text = "SELECT pid FROM pg_stat_activity WHERE application_name = 'firstlight' AND pid <> pg_backend_pid()
        ORDER BY state_change DESC LIMIT 1";
    let Ok(rows) = client.query(text, &[]) else { return false };
    let pid = rows.first().and_then(|row| Pid::from_raw(row.get(0)));
    pid.is_some_and(|pid| kill_process(pid, Signal::KILL).is_ok())
}

#[test]
fn a_killed_postgres_is_found_again_and_every_device_is_there_once() {
    let lab = Lab::new(Engine::Postgres);
    let serve = Serve::of(&lab.fleet);
    let load = Load::on(lab.fleet.path(), serve.address);
    load.struck_twice(|| {
        while !kill_backend(&lab.place.address) {
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    let crashes = cluster::server_log().matches("was terminated by signal 9").count();
    assert_eq!(crashes, 2, "{}", cluster::server_log());
    assert_eq!(load.lost.load(Ordering::SeqCst), 0, "the server keeps its connections");
    lab.holds_each_once(&load.answered());
    serve.end();
}

/// Copies a fleet's folder: a second server has its own.
fn copied(fleet: &TestFleet) -> TestFleet {
    let copy = TestFleet::empty();
    oracle("cp", &["-a", &format!("{}/.", fleet.path().display()), copy.path().to_str().unwrap()]);
    copy
}

#[test]
fn two_servers_that_are_asked_for_the_same_devices_make_each_once() {
    let lab = Lab::new(Engine::Postgres);
    let second = copied(&lab.fleet);
    let servers = [Serve::of(&lab.fleet), Serve::of(&second)];
    let loads = servers.each_ref().map(|serve| Load::on(lab.fleet.path(), serve.address));
    std::thread::scope(|scope| {
        for load in &loads {
            for thread in 0..4 {
                scope.spawn(move || load.register(ids(thread), |done| done < EACH));
            }
        }
    });
    let answers = loads.each_ref().map(|load| load.answered.lock().unwrap().clone());
    assert_eq!(answers[0].len(), 4 * EACH);
    for (id, first) in &answers[0] {
        let mut both = [*first, answers[1][id]];
        both.sort_unstable();
        assert_eq!(both, [200, 201], "{id}: one server made it, the other gave the same answer");
    }
    lab.holds_each_once(&answers[0].keys().cloned().collect());
    servers.into_iter().for_each(Serve::end);
}

/// A small file system of its own, seen by the server alone; `/proc` leads there.
const SMALL: &str = "mkdir small; mount -t tmpfs -o size=4m,mode=700 tmpfs small
cp -a fleet.yaml fleet.lock devices.csv .firstlight small; cd small; exec \"$FIRSTLIGHT\" serve";

fn fill(folder: &Path) -> PathBuf {
    let path = folder.join("filler");
    let mut file = std::fs::File::create(&path).unwrap();
    let full = std::iter::repeat_with(|| file.write_all(&[1; 4096])).take(10_000).find_map(Result::err);
    assert_eq!(full.map(|error| error.kind()), Some(std::io::ErrorKind::StorageFull));
    path
}

#[test]
fn a_full_disk_is_told_to_come_later_and_leaves_nothing_half() {
    let lab = Lab::new(Engine::Sqlite);
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-euc", SMALL]).current_dir(lab.fleet.path());
    command.env("FIRSTLIGHT", BINARY).env("USER", "tester").stdin(Stdio::null());
    let serve = Serve::start(command);
    let small = PathBuf::from(format!("/proc/{}/root", serve.child.id()));
    let small = small.join(lab.fleet.file("small").strip_prefix("/").unwrap());
    let devices = Devices::of(lab.fleet.path(), "test-fleet", "line-a");
    let mut line = Line { trust: trust(lab.fleet.path()), stream: None };
    let mut ask = |id: &str| line.ask(serve.address, &devices.request(id)).unwrap();
    assert_eq!(ask("gw-before"), 201);
    let filler = fill(&small);
    // What the write-ahead log has room for still comes in; then nothing does.
    let well: Vec<String> = (0..10_000).map(|number| format!("gw-{number}")).take_while(|id| ask(id) == 201).collect();
    let refused = format!("gw-{}", well.len());
    assert_eq!(ask(&refused), 503);
    let stored = || {
        let path = lab.fleet.file("small/.firstlight/registry.db").display().to_string();
        let question = "SELECT device FROM registration UNION ALL SELECT device FROM event WHERE what = 'registered'
            UNION ALL SELECT folded FROM device ORDER BY 1";
        let target = format!("--target={}", serve.child.id());
        let inside = [&target, "--user", "--mount", "--preserve-credentials", "sqlite3", &path, question];
        oracle("nsenter", &inside).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let thrice = |more: &[&str]| {
        let mut ids: Vec<String> = more.iter().map(ToString::to_string).chain(well.iter().cloned()).collect();
        ids.sort();
        ids.into_iter().flat_map(|id| std::iter::repeat_n(id, 3)).collect::<Vec<_>>()
    };
    assert_eq!(stored(), thrice(&["gw-before"]));
    std::fs::remove_file(filler).unwrap();
    assert_eq!(ask(&refused), 201, "there is room again");
    assert_eq!(ask("gw-before"), 200);
    assert_eq!(stored(), thrice(&["gw-before", &refused]));
    assert!(
        serve.said.lock().unwrap().contains("no space left"),
        "the operator is told: {}",
        serve.said.lock().unwrap()
    );
    serve.end();
}

#[test]
fn a_source_that_opens_all_it_can_and_says_nothing_leaves_room_for_others() {
    let lab = Lab::new(Engine::Sqlite);
    lab.fleet.edit("fleet.yaml", "limits: {", "limits: {connections: 8, header_timeout: 5m, ");
    let serve = Serve::of(&lab.fleet);
    let line = || Line { trust: trust(lab.fleet.path()), stream: None };
    // More than there is room for: those that are let in begin a request and do not go on.
    let mut slow: Vec<_> = (0..12).filter_map(|_| line().connect(serve.address)).collect();
    let begun = slow.iter_mut().filter_map(|stream| stream.write_all(b"GET /healthz HTTP/1.1\r\n").ok()).count();
    assert!(begun >= 4, "only {begun} were let in");
    let root = lab.fleet.file(".firstlight/authority/root.pem").display().to_string();
    let resolve = format!("localhost:{}:127.0.0.1", serve.address.port());
    let url = format!("https://localhost:{}/healthz", serve.address.port());
    let others =
        ["-sS", "--max-time", "60", "--interface", "127.0.1.1", "--cacert", &root, "--resolve", &resolve, &url];
    assert!(oracle("curl", &others).contains("ok"));
    drop(slow);
    serve.end();
}
