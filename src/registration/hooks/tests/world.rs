//! A desk with a store, a group "line-a" with hooks, and devices.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::fleet::Secret;
use crate::fleet::enrolment::{GroupPolicy, HookTarget, Refusal, Subscription};
use crate::host::surroundings::{OsRandom, SystemClock};
use crate::registration::exchange::{Content, Incoming, Registration, Reply};
use crate::registration::nothing::Nothing;
use crate::registration::{Desk, Equipment, HookGround};
use crate::registry::tests::cluster::{BOTH, Place, place};
use crate::registry::{Engine, Registry, Scope};

pub(super) const SECRET: &str = "a secret of the fleet that signs";

/// The ground: one secret; programs run where their first word is not "untrusted".
pub(super) struct Ground {
    secret: Secret,
    folder: PathBuf,
    roots: Vec<u8>,
    pub(super) failures: Arc<Mutex<Vec<String>>>,
}

impl Ground {
    pub(super) fn new(folder: &Path) -> Self {
        let secret = Secret::new(SECRET.as_bytes().to_vec());
        Self { secret, folder: folder.to_owned(), roots: Vec::new(), failures: Arc::default() }
    }
}

impl HookGround for Ground {
    fn secret(&self, name: &str) -> Option<&Secret> {
        (name == "hooks").then_some(&self.secret)
    }

    fn may_run(&self, _: &str, _: &str, target: &HookTarget) -> Result<(), String> {
        if target.command[0].contains("untrusted") { Err("nobody trusts it".to_owned()) } else { Ok(()) }
    }

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn home(&self) -> &Path {
        &self.folder
    }

    fn failed(&self, _: &str, _: &str, words: &str) {
        self.failures.lock().unwrap().push(words.to_owned());
    }

    fn roots(&self) -> &[u8] {
        &self.roots
    }
}

pub(super) struct World {
    pub(super) desk: Option<Desk>,
    pub(super) registry: Registry,
    pub(super) token: Secret,
    pub(super) failures: Arc<Mutex<Vec<String>>>,
    pub(super) folder: tempfile::TempDir,
    place: Place,
    subscriptions: BTreeMap<String, Subscription>,
    roots: Vec<u8>,
}

/// A webhook as the fleet file declares it.
pub(super) fn webhook(url: &str, fail: &str) -> Value {
    json!({ "webhook": { "url": url, "secret": "hooks" }, "timeout": 1, "fail": fail })
}

/// A policy with hooks; `more` replaces its members.
pub(super) fn policy(hooks: &Value, more: &Value) -> GroupPolicy {
    let mut policy = json!({ "proofs": ["token"], "hooks": hooks });
    policy.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    serde_json::from_value(policy).unwrap()
}

pub(super) fn on_both(promise: impl Fn(Engine)) {
    BOTH.into_iter().for_each(promise);
}

impl World {
    pub(super) fn new(engine: Engine, policy: &GroupPolicy) -> Self {
        Self::with(engine, policy, BTreeMap::new())
    }

    /// A world that believes webhooks by these certificates (PEM).
    pub(super) fn believing(engine: Engine, policy: &GroupPolicy, roots: &[u8]) -> Self {
        let mut world = Self::new(engine, policy);
        world.roots = roots.to_vec();
        world.desk = Some(world.another());
        world
    }

    pub(super) fn with(engine: Engine, policy: &GroupPolicy, subscriptions: BTreeMap<String, Subscription>) -> Self {
        let place = place(engine);
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(&place.address, "acme", Arc::new(SystemClock)).unwrap();
        registry.declare_groups("ann", &BTreeMap::from([("line-a".to_owned(), policy.clone())])).unwrap();
        let (token, _) =
            registry.make_token("ann", &Scope::Group("line-a".to_owned()), Some(50), None, &OsRandom).unwrap();
        let failures = Arc::default();
        let mut world = Self { desk: None, registry, token, failures, folder, place, subscriptions, roots: Vec::new() };
        world.desk = Some(world.another());
        world
    }

    /// Another server on the same store.
    pub(super) fn another(&self) -> Desk {
        let registry = Registry::open(&self.place.address, "acme", Arc::new(SystemClock)).unwrap();
        let mut ground = Ground::new(self.folder.path());
        (ground.failures, ground.roots) = (Arc::clone(&self.failures), self.roots.clone());
        Desk::open(Equipment {
            registry,
            keys: Arc::new(Nothing),
            issuer: Arc::new(Nothing),
            bundles: Arc::new(Nothing),
            root: Vec::new(),
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
            alarm: Arc::new(|error| panic!("the registry fails: {error}")),
            hooks: Arc::new(ground),
            subscriptions: self.subscriptions.clone(),
        })
        .unwrap()
    }

    pub(super) fn desk(&self) -> &Desk {
        self.desk.as_ref().unwrap()
    }

    pub(super) fn incoming(&self, method: &str, target: &str, fields: Value) -> Incoming {
        Self::with_token(&self.token, method, target, fields)
    }

    fn with_token(token: &Secret, method: &str, target: &str, fields: Value) -> Incoming {
        let text = token.expose(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
        Incoming {
            body: fields.to_string().into_bytes(),
            fields,
            authorization: Some(Zeroizing::new(format!("Bearer {text}"))),
            ..Incoming::bare(method, target, "192.0.2.1".parse().unwrap())
        }
    }

    /// A token that is the device's alone.
    fn own(&self, device: &str) -> Secret {
        let scope = Scope::Device { group: "line-a".to_owned(), device: device.to_ascii_lowercase() };
        self.registry.make_token("ann", &scope, None, None, &OsRandom).unwrap().0
    }

    /// A visit to a registration, by its device.
    fn visit(&self, method: &str, registration: &str) -> Incoming {
        let target = format!("/v1/registrations/{registration}");
        let known = self.registry.registration(registration).unwrap();
        let token = known.map(|known| self.own(known.device.as_str()));
        Self::with_token(token.as_ref().unwrap_or(&self.token), method, &target, Value::Null)
    }

    /// As [`World::register`], with a token of the device's own.
    pub(super) fn register_own(&self, fields: Value) -> Reply {
        let token = self.own(fields["id"].as_str().unwrap());
        self.desk().register(Self::with_token(&token, "POST", "/v1/register", fields))
    }

    pub(super) fn register(&self, fields: Value) -> Reply {
        self.desk().register(self.incoming("POST", "/v1/register", fields))
    }

    pub(super) fn status(&self, registration: &str) -> Reply {
        self.desk().status(registration, self.visit("GET", registration))
    }

    pub(super) fn end(&self, registration: &str) -> Reply {
        self.desk().end(registration, self.visit("DELETE", registration))
    }

    /// Asks for the status until it is no "come again".
    pub(super) fn settled(&self, registration: &str) -> Reply {
        until(|| Some(self.status(registration)).filter(|reply| reply.status != 202))
    }

    pub(super) fn used_of_token(&self) -> u64 {
        let hash = self.token.expose(crate::registry::token_hash);
        self.registry.find_token(&hash).unwrap().unwrap().used
    }

    pub(super) fn events(&self) -> Vec<String> {
        self.registry.events(None, 0, 1_000).unwrap().into_iter().map(|event| event.what).collect()
    }
}

/// Waits for something that comes about; the test's own limit is the one that counts if it does not.
pub(super) fn until<T>(found: impl Fn() -> Option<T>) -> T {
    for _ in 0..6_000 {
        if let Some(found) = found() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it did not come about");
}

pub(super) fn fields(reply: &Reply) -> &Value {
    match &reply.content {
        Content::Fields(fields) => fields,
        other => panic!("no fields: {other:?}"),
    }
}

pub(super) fn registration(reply: &Reply) -> String {
    fields(reply)["registration"].as_str().unwrap().to_owned()
}

pub(super) fn words(reply: &Reply) -> (Refusal, String) {
    match &reply.content {
        Content::Refused { refusal, detail, .. } => (*refusal, detail.clone()),
        other => panic!("no refusal: {other:?}"),
    }
}
