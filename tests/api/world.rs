//! A server with groups of every kind, and curl to ask it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use firstlight::delivery::Clock;
use firstlight::fleet::enrolment::{GroupPolicy, Rates, Role};
use firstlight::fleet::{Digest, EndpointName, Secret};
use firstlight::host::surroundings::OsRandom;
use firstlight::registration::{
    AdminCertificate, AdminRule, Bundles, Certified, ClaimKeys, Desk, Equipment, Issuer as Gives, ModelQuestion,
    Models, NoHooks, Offer, Office, Pointed, Unserved,
};
use firstlight::registry::registering::NewInstance;
use firstlight::registry::{CredentialRow, Registry, Scope};
use firstlight::server::{Bounds, NoLog, Running, Server, ServerConfig, TlsFiles};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;

use crate::cluster::{Place, place};
use crate::engines::engine;

/// The real time, and as much more as the test let pass: certificates are made for the real one.
pub struct Passing(AtomicI64);

impl Clock for Passing {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + time::Duration::seconds(self.0.load(Ordering::SeqCst))
    }
}

/// The key of each device: anybody here can make it.
pub fn device_key(group: &str, device: &str) -> [u8; 32] {
    *Digest::of(format!("{group}/{}", device.to_ascii_lowercase()).as_bytes()).as_bytes()
}

struct Keys;

impl ClaimKeys for Keys {
    fn group_derived(&self, group: &str, _: u32, device: &str) -> Option<Secret> {
        Some(Secret::new(device_key(group, device).to_vec()))
    }

    fn own(&self, _: &EndpointName, _: &CredentialRow) -> Option<Secret> {
        None
    }
}

/// Gives nothing but bundles.
struct Nothing;

impl Gives for Nothing {
    fn certify(&self, _: &EndpointName, _: &[u8]) -> Result<Certified, String> {
        Err("it is no PKCS#10 request".to_owned())
    }
    fn servers(&self, _: &EndpointName, _: Option<&[String]>) -> Value {
        json!([])
    }
    fn model(&self, _: &ModelQuestion<'_>) -> Result<Option<NewInstance>, Pointed> {
        Ok(None)
    }
}

impl Bundles for Nothing {
    fn offer(&self, device: &EndpointName, _: Option<u32>) -> Result<Offer, Unserved> {
        Ok(Offer::Bundle { version: 1, archive: format!("the bundle of {device}").into_bytes() })
    }
}

/// An authority that issues client certificates.
pub struct People {
    issuer: Issuer<'static, KeyPair>,
    pub pem: String,
}

impl People {
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Writes `NAME.pem` and `NAME.key`; returns the certificate (DER).
    pub fn issue(&self, folder: &TempDir, name: &str) -> Vec<u8> {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        fs::write(folder.path().join(format!("{name}.key")), key.serialize_pem()).unwrap();
        fs::write(folder.path().join(format!("{name}.pem")), certificate.pem()).unwrap();
        certificate.der().to_vec()
    }
}

pub struct World {
    pub folder: TempDir,
    pub registry: Registry,
    pub clock: Arc<Passing>,
    pub devices: People,
    pub others: People,
    pub tokens: BTreeMap<&'static str, String>,
    pub store: Place,
    running: Mutex<Option<Running>>,
}

fn policy(value: Value) -> GroupPolicy {
    serde_json::from_value(value).unwrap()
}

fn groups(devices: &People, issuer: &KeyPair) -> BTreeMap<String, GroupPolicy> {
    let all = [
        (
            "line",
            json!({"proofs": ["token", "x509", "claim", "jwt"], "x509": {"id": "{cn}", "issuers": devices.pem},
                "issuers": [{"kid": "line-key", "public_key": issuer.public_key_pem()}]}),
        ),
        ("tokens", json!({"proofs": ["token"]})),
        ("closed", json!({"proofs": ["token"], "open": false})),
        ("listed", json!({"proofs": ["token"], "admit": {"listed": true}})),
        ("named", json!({"proofs": ["token"], "admit": {"patterns": ["gw-[0-9]{4}"]}})),
        ("typed", json!({"proofs": ["token"], "admit": {"models": ["sensor"]}})),
        ("fresh", json!({"proofs": ["token"], "admit": {"firmware": ">=2.0.0"}})),
        ("few", json!({"proofs": ["token"], "quota": 1})),
        ("once", json!({"proofs": ["token"], "reprovision": "deny"})),
        ("asks", json!({"proofs": ["token"], "approval": "always"})),
    ];
    all.into_iter().map(|(name, value)| (name.to_owned(), policy(value))).collect()
}

/// Starts a server.
pub fn world() -> World {
    world_with(|_| {})
}

/// Starts a server whose settings are changed before.
pub fn world_with(change: impl FnOnce(&mut ServerConfig)) -> World {
    world_at(place(engine()), change)
}

/// Starts a server whose registry lies at a place.
pub fn world_at(store: Place, change: impl FnOnce(&mut ServerConfig)) -> World {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    fs::write(file("server.key"), key.serialize_pem()).unwrap();
    fs::write(file("server.pem"), own.pem()).unwrap();
    let (devices, others) = (People::new("devices"), People::new("others"));
    let issuer = KeyPair::generate().unwrap();
    fs::write(file("jwt.key"), issuer.serialize_pem()).unwrap();
    let clock = Arc::new(Passing(AtomicI64::new(0)));
    let registry = Registry::open(&store.address, "acme", clock.clone()).unwrap();
    registry.declare_groups("test", &groups(&devices, &issuer)).unwrap();
    let mut tokens = BTreeMap::new();
    for role in Role::ALL {
        tokens.insert(role.as_str(), token(&registry, &Scope::Role(role), None));
    }
    for group in ["line", "tokens", "closed", "listed", "named", "typed", "fresh", "few", "once", "asks"] {
        tokens.insert(group, token(&registry, &Scope::Group(group.to_owned()), None));
    }
    let anna = devices.issue(&folder, "anna");
    let rules = [
        AdminRule { certificate: AdminCertificate::Pinned(Digest::of(&anna)), role: Role::Viewer },
        AdminRule {
            certificate: AdminCertificate::Named { issuers: others.pem.clone(), name: "otto".to_owned() },
            role: Role::Admin,
        },
    ];
    let office = Office::new(registry.clone(), Arc::new(OsRandom)).with_admins(&rules).unwrap();
    let models = Arc::new(Models::open(registry.clone(), Vec::new()).unwrap());
    let office = office.with_models(models);
    let running = start(&registry, office, &clock, &folder, change);
    World { folder, registry, clock, devices, others, tokens, store, running: Mutex::new(Some(running)) }
}

/// Starts a server on a registry.
fn start(
    registry: &Registry,
    office: Office,
    clock: &Arc<Passing>,
    folder: &TempDir,
    change: impl FnOnce(&mut ServerConfig),
) -> Running {
    let desk = Desk::open(Equipment {
        registry: registry.clone(),
        keys: Arc::new(Keys),
        issuer: Arc::new(Nothing),
        bundles: Arc::new(Nothing),
        hooks: Arc::new(NoHooks),
        subscriptions: BTreeMap::new(),
        root: Vec::new(),
        clock: clock.clone(),
        random: Arc::new(OsRandom),
        alarm: Arc::new(|_| {}),
    });
    let file = |name: &str| folder.path().join(name);
    let mut config = ServerConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        tls: TlsFiles { certificate: file("server.pem"), key: file("server.key") },
        rates: Rates { source: 1_000_000, group: 1_000_000, token: 1_000_000 },
        bounds: Bounds::default(),
        look_every: Duration::from_hours(1),
        open_metrics: false,
        takes_hangup: false,
    };
    change(&mut config);
    Server::start(config, Arc::new(desk.unwrap()), Arc::new(office), clock.clone(), Arc::new(NoLog)).unwrap()
}

/// Makes a token.
pub fn token(registry: &Registry, scope: &Scope, uses: Option<u64>) -> String {
    let (secret, _) = registry.make_token("test", scope, uses, None, &OsRandom).unwrap();
    secret.expose(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

impl World {
    pub fn port(&self) -> u16 {
        self.running.lock().unwrap().as_ref().unwrap().address().port()
    }

    /// Starts another server on the same store.
    pub fn another(&self) -> Running {
        let registry = Registry::open(&self.store.address, "acme", self.clock.clone()).unwrap();
        let office = Office::new(registry.clone(), Arc::new(OsRandom));
        start(&registry, office, &self.clock, &self.folder, |_| {})
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn path(&self, name: &str) -> String {
        self.file(name).to_str().unwrap().to_owned()
    }

    pub fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn token(&self, name: &str) -> &str {
        &self.tokens[name]
    }

    /// Asks with curl, words of which are given.
    pub fn curl(&self, path: &str, words: &[&str]) -> Answer {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--include", "--max-time", "60", "--path-as-is", "-H", "Expect:"]);
        curl.arg("--cacert").arg(self.file("server.pem")).args(words);
        curl.arg(format!("https://localhost:{}{path}", self.port()));
        Answer::of(&curl.output().expect("curl is there; tests/run installs it"))
    }

    /// Asks as `who` (a token's name, "" for nobody) with a JSON body, if it is not null.
    pub fn ask(&self, who: &str, method: &str, path: &str, body: &Value) -> Answer {
        self.ask_with(who, method, path, body, &[])
    }

    /// As `ask`, with further words for curl.
    pub fn ask_with(&self, who: &str, method: &str, path: &str, body: &Value, words: &[&str]) -> Answer {
        let header = format!("Authorization: Bearer {}", self.tokens.get(who).map_or(who, String::as_str));
        let text = body.to_string();
        let mut all = vec!["-X", method];
        if !who.is_empty() {
            all.extend(["-H", &header]);
        }
        if !body.is_null() {
            all.extend(["-H", "Content-Type: application/json", "--data-binary", &text]);
        }
        all.extend(words);
        self.curl(path, &all)
    }

    /// Asks to look.
    pub fn get(&self, who: &str, path: &str) -> Answer {
        self.ask(who, "GET", path, &Value::Null)
    }

    /// Registers a device of a group by the group's token.
    pub fn register(&self, group: &str, id: &str) -> Answer {
        self.ask(group, "POST", "/v1/register", &json!({"id": id, "group": group}))
    }

    /// Sends bytes of a media type.
    pub fn send(&self, who: &str, path: &str, media_type: &str, bytes: &[u8], words: &[&str]) -> Answer {
        let file = tempfile::NamedTempFile::new_in(self.folder.path()).unwrap();
        fs::write(file.path(), bytes).unwrap();
        let (body, media) = (format!("@{}", file.path().display()), format!("Content-Type: {media_type}"));
        let mut all = vec!["-X", "POST", "-H", &media, "--data-binary", &body];
        all.extend(words);
        self.ask_with(who, "POST", path, &Value::Null, &all)
    }

    /// Returns the number of devices of a filter.
    pub fn count(&self, filter: &str) -> i64 {
        self.registry.count(&firstlight::fleet::enrolment::Filter::parse(filter).unwrap()).unwrap()
    }
}

/// What curl got.
pub struct Answer {
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    fn of(output: &Output) -> Self {
        assert!(output.status.success(), "curl: {}", String::from_utf8_lossy(&output.stderr));
        let at = output.stdout.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(output.stdout[..at].to_vec()).unwrap();
        Self { head, body: output.stdout[at + 4..].to_vec() }
    }

    pub fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}\n{}", self.head, self.text()))
    }

    /// Returns JSON lines.
    #[track_caller]
    pub fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status(), status, "{}\n{}", self.head, self.text());
        self
    }

    #[track_caller]
    pub fn is_problem(&self, status: u16, code: &str) {
        let problem = self.json();
        let found = (self.status(), problem["code"].as_str(), problem["status"].as_u64());
        assert_eq!(found, (status, Some(code), Some(status.into())), "{problem}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.head);
        let says = |name: &str| problem[name].as_str().is_some_and(|text| !text.is_empty());
        assert!(problem["type"] == "about:blank" && says("title") && says("hint"), "{problem}");
    }
}
