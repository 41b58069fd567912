//! Triggers and rollouts on both engines, with a front and devices that answer it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use time::OffsetDateTime;

use super::{Estate, Foreman, Front, FrontBounds, NotTaken, Peer, Untold, Ways, next_move};
use crate::coap::{Request, Response};
use crate::delivery::{Clock, Random};
use crate::dtls::Proof;
use crate::fleet::EndpointName;
use crate::format::coap::Code;
use crate::registry::tests::cluster::on_both_stores;
use crate::registry::{
    ExpectedDevice, Goal, MemberState, NewMember, NewTrigger, Registry, RegistryError, RolloutState, Terms, Trigger,
    TriggerState, Via,
};

const ANN: &str = "operator ann";
const CHANGED: Code = Code(2 << 5 | 4);
const NOT_ALLOWED: Code = Code(4 << 5 | 5);

struct Moving(AtomicI64);

impl Moving {
    fn on(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for Moving {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

struct Drawn;

impl Random for Drawn {
    fn fill(&self, purpose: &str, bytes: &mut [u8]) {
        bytes.copy_from_slice(&crate::fleet::Digest::of(purpose.as_bytes()).as_bytes()[..bytes.len()]);
    }
}

/// Notes how a bootstrap ended and waits until it is written.
fn ended(
    registry: &Registry,
    device: &str,
    took: Result<&str, &str>,
    finish: Option<OffsetDateTime>,
) -> Result<(), RegistryError> {
    let (tell, hear) = std::sync::mpsc::channel();
    let took = took.map(str::to_owned).map_err(str::to_owned);
    registry.bootstrap_ended(device, took, finish, serde_json::json!({}), move |noted| tell.send(noted).unwrap());
    hear.recv().unwrap()
}

/// Everybody owns what it says; arrivals are told to the registry.
struct Open(Registry);

impl Estate for Open {
    fn owner(&self, _: &Proof, named: Option<&str>, _: SocketAddr) -> Result<EndpointName, NotTaken> {
        EndpointName::new(named.ok_or(NotTaken::Nameless)?).map_err(|_| NotTaken::Forbidden)
    }

    fn registered(&self, device: &EndpointName, _: &Proof) {
        self.0.device_arrived(device.as_str()).unwrap();
    }

    fn gone(&self, _: &EndpointName, _: &'static str) {}
}

#[derive(Default)]
struct Notes {
    told: Mutex<Vec<String>>,
    answer: Mutex<Option<Untold>>,
}

impl Notes {
    fn note(&self, words: String) -> Result<(), Untold> {
        self.told.lock().unwrap().push(words);
        self.answer.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

impl Ways for Notes {
    fn webhook(&self, trigger: &Trigger) -> Result<(), Untold> {
        self.note(format!("webhook {}", trigger.device))
    }

    fn push(&self, device: &str, address: Option<SocketAddr>) -> Result<(), Untold> {
        self.note(format!("push {device} at {address:?}"))
    }
}

/// One server on a store that others may share.
struct Server {
    registry: Registry,
    front: Arc<Front>,
    foreman: Foreman,
    notes: Arc<Notes>,
}

fn server(address: &str, clock: &Arc<Moving>) -> Server {
    let registry = Registry::open(address, "acme", clock.clone()).unwrap();
    let estate = Arc::new(Open(registry.clone()));
    let front = Arc::new(Front::new(estate, Arc::new(Drawn), FrontBounds::default(), Some(1)));
    let notes = Arc::new(Notes::default());
    let foreman = Foreman::new(registry.clone(), front.clone(), notes.clone());
    Server { registry, front, foreman, notes }
}

impl Server {
    fn look(&self) {
        while self.foreman.look().unwrap() {}
    }

    fn register(&self, device: &str) {
        let mut request = Request::new(Code::POST, "/rd").with(40, b"</1/0>,</3/0>".to_vec());
        request.query = vec![format!("ep={device}"), "lwm2m=1.1".to_owned(), "lt=0".to_owned()];
        let peer = Peer { from: ([192, 0, 2, 1], 5683).into(), association: None };
        assert_eq!(self.front.asked(Duration::ZERO, peer, &Proof::None, &request).code.class(), 2);
    }

    /// Registered devices answer what they are asked by `code`; returns how many.
    fn devices_answer(&self, code: Code) -> usize {
        let mut count = 0;
        while let Some(errand) = self.front.next(Duration::ZERO) {
            assert_eq!(errand.request.path.join("/"), "1/0/9");
            self.front.heard(Duration::ZERO, errand.wish, Ok(Response::new(code)));
            count += 1;
        }
        count
    }

    fn state(&self, device: &str) -> TriggerState {
        self.registry.trigger(device).unwrap().unwrap().state
    }
}

fn clock() -> Arc<Moving> {
    Arc::new(Moving(AtomicI64::new(1_780_000_000)))
}

fn known(registry: &Registry, devices: &[&str]) {
    let device = |id: &&str| serde_json::from_value::<ExpectedDevice>(serde_json::json!({ "id": id })).unwrap();
    registry.expect_devices(devices.iter().map(device).collect(), "import", ANN).unwrap();
}

fn wish(device: &str, via: Via) -> NewTrigger {
    let goal = Goal::Finish;
    NewTrigger { device: device.to_owned(), via, address: None, goal, at: None, within: 600 }
}

fn terms() -> Terms {
    Terms {
        pace: 60_000,
        canary: 0,
        stop: 10,
        hold: false,
        again: false,
        via: Via::Registration,
        goal: Goal::Registration,
        within: 600,
    }
}

fn members(devices: &[&str], mark: &str) -> Vec<NewMember> {
    let member = |device: &&str| NewMember { device: (*device).to_owned(), mark: mark.to_owned(), address: None };
    devices.iter().map(member).collect()
}

#[test]
fn a_trigger_goes_over_the_registration_and_follows_the_device() {
    on_both_stores(|address| {
        let server = server(address, &clock());
        known(&server.registry, &["GW-1"]);
        let trigger = NewTrigger { goal: Goal::Registration, ..wish("gw-1", Via::Registration) };
        server.registry.add_trigger(&trigger, ANN).unwrap();
        server.look();
        assert_eq!(server.state("gw-1"), TriggerState::Waiting, "it is not registered");
        server.register("gw-1");
        server.look();
        assert_eq!(server.devices_answer(CHANGED), 1);
        server.look();
        assert_eq!(server.state("gw-1"), TriggerState::Sent);
        server.registry.bootstrap_began("gw-1").unwrap();
        assert_eq!(server.state("gw-1"), TriggerState::Begun);
        server.register("gw-1");
        assert_eq!(server.state("gw-1"), TriggerState::Begun, "it registered, but not with what it was to get");
        ended(&server.registry, "gw-1", Ok("mark-2"), None).unwrap();
        assert_eq!(server.state("gw-1"), TriggerState::Finished);
        server.register("gw-1");
        assert_eq!(server.state("gw-1"), TriggerState::Done);
        assert_eq!(server.registry.configured("gw-1").unwrap().unwrap().0, "mark-2");
        let what: Vec<_> = server.registry.events(Some("gw-1"), 0, 99).unwrap();
        let what: Vec<_> = what.iter().map(|event| event.what.as_str()).skip(1).collect();
        assert_eq!(what, ["bootstrap-wished", "bootstrap-triggered", "bootstrap-finished", "bootstrap-trigger-done"]);
        assert_eq!(server.registry.add_trigger(&trigger, ANN).unwrap().number, 2);
    });
}

#[test]
fn the_registry_knows_to_the_minute_when_a_device_was_heard_of() {
    on_both_stores(|address| {
        let clock = clock();
        let server = server(address, &clock);
        known(&server.registry, &["GW-1", "gw-2"]);
        let heard = |device: &str| server.registry.device(device).unwrap().unwrap().seen;
        let registered = |device: &str| {
            let (tell, hear) = std::sync::mpsc::channel();
            server.registry.heard_of(device, move |noted| tell.send(noted).unwrap());
            hear.recv().unwrap().unwrap();
        };
        assert_eq!((heard("gw-1"), heard("gw-2")), (None, None));
        let (began, mark) = (clock.now(), server.registry.device("gw-1").unwrap().unwrap().etag);
        registered("gw-1");
        registered("stranger");
        assert_eq!((heard("gw-1"), heard("gw-2")), (Some(began), None));
        clock.on(60);
        ended(&server.registry, "gw-1", Ok("mark"), None).unwrap();
        registered("gw-1");
        assert_eq!(heard("gw-1"), Some(began), "within the minute it is not written again");
        clock.on(1);
        for (device, took) in [("Gw-1", Ok("mark")), ("gw-2", Err("it said no"))] {
            ended(&server.registry, device, took, None).unwrap();
        }
        assert_eq!((heard("gw-1"), heard("gw-2")), (Some(clock.now()), Some(clock.now())));
        clock.on(61);
        registered("gw-1");
        assert_eq!((heard("gw-1"), heard("gw-2")), (Some(clock.now()), Some(clock.now() - Duration::from_secs(61))));
        assert_eq!(server.registry.device("gw-1").unwrap().unwrap().etag, mark, "nobody's If-Match is spoiled");
        assert!(server.registry.device("stranger").unwrap().is_none());
    });
}

#[test]
fn a_device_that_registers_before_its_finish_is_noted_has_arrived() {
    on_both_stores(|address| {
        let clock = clock();
        let server = server(address, &clock);
        known(&server.registry, &["gw-1"]);
        let trigger = NewTrigger { goal: Goal::Registration, ..wish("gw-1", Via::Webhook) };
        for (before, after, wanted) in [(1, 0, TriggerState::Done), (0, 1, TriggerState::Finished)] {
            server.registry.add_trigger(&trigger, ANN).unwrap();
            server.registry.bootstrap_began("gw-1").unwrap();
            clock.on(before);
            let finish = clock.now() + time::Duration::seconds(after);
            server.register("gw-1");
            assert_eq!(server.state("gw-1"), TriggerState::Begun);
            clock.on(after);
            ended(&server.registry, "gw-1", Ok("mark"), Some(finish)).unwrap();
            assert_eq!(server.state("gw-1"), wanted);
        }
    });
}

#[test]
fn a_device_that_answers_405_is_told_of_plainly() {
    on_both_stores(|address| {
        let server = server(address, &clock());
        known(&server.registry, &["gw-1"]);
        server.register("gw-1");
        server.registry.add_trigger(&wish("gw-1", Via::Registration), ANN).unwrap();
        server.look();
        server.devices_answer(NOT_ALLOWED);
        server.look();
        let trigger = server.registry.trigger("gw-1").unwrap().unwrap();
        assert_eq!(trigger.state, TriggerState::Failed);
        assert!(trigger.reason.unwrap().contains("4.05"));
    });
}

#[test]
fn a_device_is_triggered_once_at_a_time_and_only_if_it_is_in_service() {
    on_both_stores(|address| {
        let clock = clock();
        let server = server(address, &clock);
        known(&server.registry, &["gw-1", "gw-2"]);
        let first = server.registry.add_trigger(&wish("gw-1", Via::Webhook), ANN).unwrap();
        assert_eq!(server.registry.add_trigger(&wish("GW-1", Via::Push), ANN).unwrap(), first);
        let unknown = server.registry.add_trigger(&wish("gw-9", Via::Webhook), ANN);
        assert!(matches!(unknown, Err(RegistryError::NotFound { what: "device", .. })));
        server.registry.retire_device("gw-2", None, "broken", ANN).unwrap();
        let retired = server.registry.add_trigger(&wish("gw-2", Via::Webhook), ANN);
        assert!(matches!(retired, Err(RegistryError::Conflict { .. })));
        server.registry.cancel_trigger("gw-1", ANN).unwrap();
        server.look();
        assert!(server.notes.told.lock().unwrap().is_empty(), "what was taken back is not told");
        assert!(server.registry.cancel_trigger("gw-1", ANN).is_err());
    });
}

#[test]
fn webhook_and_push_are_tried_again_until_the_time_is_over() {
    on_both_stores(|address| {
        let clock = clock();
        let server = server(address, &clock);
        known(&server.registry, &["gw-1", "gw-2"]);
        server.registry.add_trigger(&wish("gw-1", Via::Webhook), ANN).unwrap();
        let push = NewTrigger { address: Some("192.0.2.7:5683".to_owned()), ..wish("gw-2", Via::Push) };
        server.registry.add_trigger(&push, ANN).unwrap();
        *server.notes.answer.lock().unwrap() = Some(Untold::Later("it answers 500".to_owned()));
        server.look();
        assert_eq!(*server.notes.told.lock().unwrap(), ["webhook gw-1", "push gw-2 at Some(192.0.2.7:5683)"]);
        server.look();
        assert_eq!(server.notes.told.lock().unwrap().len(), 2, "not at once again");
        clock.on(6);
        *server.notes.answer.lock().unwrap() = None;
        server.look();
        assert_eq!((server.state("gw-1"), server.state("gw-2")), (TriggerState::Sent, TriggerState::Sent));
        server.registry.bootstrap_began("gw-2").unwrap();
        clock.on(600);
        server.look();
        let reason = |device: &str| server.registry.trigger(device).unwrap().unwrap().reason.unwrap();
        assert!(reason("gw-1").contains("did not ask to be bootstrapped in time"), "{}", reason("gw-1"));
        assert!(reason("gw-2").contains("did not come to its end in time"), "{}", reason("gw-2"));
    });
}

#[test]
fn a_scheduled_trigger_waits_and_a_bootstrap_before_is_none_of_its_own() {
    on_both_stores(|address| {
        let clock = clock();
        let server = server(address, &clock);
        known(&server.registry, &["gw-1"]);
        let at = Some(clock.now() + Duration::from_hours(1));
        server.registry.add_trigger(&NewTrigger { at, ..wish("gw-1", Via::Webhook) }, ANN).unwrap();
        server.look();
        server.registry.bootstrap_began("gw-1").unwrap();
        ended(&server.registry, "gw-1", Ok("mark"), None).unwrap();
        assert_eq!((server.state("gw-1"), server.notes.told.lock().unwrap().len()), (TriggerState::Waiting, 0));
        clock.on(3_601);
        server.look();
        assert_eq!(server.state("gw-1"), TriggerState::Sent);
    });
}

#[test]
fn a_bootstrap_may_fail_twice_and_not_three_times() {
    on_both_stores(|address| {
        let server = server(address, &clock());
        known(&server.registry, &["gw-1"]);
        server.registry.add_trigger(&wish("gw-1", Via::Webhook), ANN).unwrap();
        server.look();
        for wanted in [TriggerState::Sent, TriggerState::Sent, TriggerState::Failed] {
            server.registry.bootstrap_began("gw-1").unwrap();
            ended(&server.registry, "gw-1", Err("write /0/1: 4.00"), None).unwrap();
            assert_eq!(server.state("gw-1"), wanted);
        }
        let trigger = server.registry.trigger("gw-1").unwrap().unwrap();
        assert_eq!(trigger.reason.as_deref(), Some("write /0/1: 4.00"));
        assert_eq!(server.registry.configured("gw-1").unwrap(), None);
    });
}

#[test]
fn two_servers_on_one_store_tell_each_device_once() {
    on_both_stores(|address| {
        let clock = clock();
        let servers = [server(address, &clock), server(address, &clock)];
        let devices: Vec<String> = (0..30).map(|number| format!("gw-{number}")).collect();
        let names: Vec<&str> = devices.iter().map(String::as_str).collect();
        known(&servers[0].registry, &names);
        let terms = Terms { via: Via::Webhook, goal: Goal::Finish, pace: 600, ..terms() };
        servers[0].registry.start_rollout(&terms, &members(&names, "mark-2"), ANN).unwrap();
        for _ in 0..40 {
            std::thread::scope(|scope| servers.iter().for_each(|server| drop(scope.spawn(|| server.look()))));
            clock.on(1);
        }
        let told: Vec<String> = servers.iter().flat_map(|server| server.notes.told.lock().unwrap().clone()).collect();
        assert_eq!(told.len(), 30, "{told:?}");
        assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), 30);
        let tally = servers[1].registry.rollout(None).unwrap().unwrap().tally;
        assert_eq!((tally.waiting, tally.started), (0, 30));
    });
}

#[test]
fn a_rollout_is_paused_over_restarts_and_ends_when_all_have_arrived() {
    on_both_stores(|address| {
        let clock = clock();
        let names = ["gw-1", "gw-2", "gw-3"];
        {
            let server = server(address, &clock);
            known(&server.registry, &names);
            let terms = Terms { canary: 1, ..terms() };
            server.registry.start_rollout(&terms, &members(&names, "mark-2"), ANN).unwrap();
            let again = server.registry.start_rollout(&terms, &members(&names, "mark-2"), ANN);
            assert!(matches!(again, Err(RegistryError::Conflict { .. })), "one at a time");
            server.look();
            server.registry.pause_rollout("operator bob").unwrap();
        }
        let server = server(address, &clock);
        names.iter().for_each(|name| server.register(name));
        let take = |name: &str| {
            server.look();
            assert_eq!(server.devices_answer(CHANGED), 1);
            server.look();
            server.registry.bootstrap_began(name).unwrap();
            ended(&server.registry, name, Ok("mark-2"), None).unwrap();
            server.register(name);
            clock.on(1);
        };
        take("gw-1");
        server.look();
        let rollout = server.registry.rollout(None).unwrap().unwrap();
        assert_eq!((rollout.state, rollout.tally.done, rollout.tally.waiting), (RolloutState::Paused, 1, 2));
        server.registry.resume_rollout(ANN).unwrap();
        // It takes its configuration of its own accord before its turn has come.
        ended(&server.registry, "gw-3", Ok("mark-2"), None).unwrap();
        take("gw-2");
        server.look();
        let rollout = server.registry.rollout(Some(1)).unwrap().unwrap();
        assert_eq!((rollout.state, rollout.tally.done), (RolloutState::Done, 3));
        let third = server.registry.rollout_members(1, Some(MemberState::Done), 2, 9).unwrap();
        assert!(third[0].device == "gw-3" && third[0].reason.as_ref().unwrap().contains("already"), "{third:?}");
    });
}

#[test]
fn whichever_device_fails_the_rollout_stops_and_leaves_the_rest_as_it_is() {
    on_both_stores(|address| {
        let names = ["gw-1", "gw-2", "gw-3", "gw-4"];
        let clock = clock();
        let server = server(address, &clock);
        known(&server.registry, &names);
        for nth in 0..names.len() {
            let terms = Terms { pace: 1, stop: 0, again: true, via: Via::Webhook, goal: Goal::Finish, ..terms() };
            let number = server.registry.start_rollout(&terms, &members(&names, "mark"), ANN).unwrap().number;
            for name in &names[..=nth] {
                server.look();
                let is_bad = *name == names[nth];
                for _ in 0..if is_bad { 3 } else { 1 } {
                    let took = if is_bad { Err("delete /0: 4.00") } else { Ok("mark") };
                    ended(&server.registry, name, took, None).unwrap();
                }
                clock.on(61);
            }
            server.look();
            let rollout = server.registry.rollout(None).unwrap().unwrap();
            let waiting = i64::try_from(names.len() - nth - 1).unwrap();
            assert_eq!((rollout.state, rollout.tally.waiting), (RolloutState::Stopped, waiting), "{nth}");
            let failed = server.registry.rollout_members(number, Some(MemberState::Failed), 0, 9).unwrap();
            assert_eq!(failed[0].reason.as_deref(), Some("delete /0: 4.00"));
        }
    });
}

#[test]
fn who_takes_another_configuration_than_the_rollouts_has_failed() {
    on_both_stores(|address| {
        let server = server(address, &clock());
        known(&server.registry, &["gw-1"]);
        let terms = Terms { via: Via::Webhook, goal: Goal::Finish, ..terms() };
        server.registry.start_rollout(&terms, &members(&["gw-1"], "new"), ANN).unwrap();
        server.look();
        ended(&server.registry, "gw-1", Ok("old"), None).unwrap();
        server.look();
        let failed = server.registry.rollout_members(1, Some(MemberState::Failed), 0, 9).unwrap();
        assert!(failed[0].reason.as_ref().unwrap().contains("another configuration"), "{failed:?}");
    });
}

#[test]
fn a_rollout_is_taken_back_by_the_former_configuration_only() {
    on_both_stores(|address| {
        let names = ["gw-1", "gw-2", "gw-3"];
        let server = server(address, &clock());
        known(&server.registry, &names);
        let terms = Terms { pace: 2, via: Via::Webhook, goal: Goal::Finish, ..terms() };
        server.registry.start_rollout(&terms, &members(&names, "new"), ANN).unwrap();
        server.look();
        ended(&server.registry, "gw-1", Ok("new"), None).unwrap();
        let marks = |mark: &str| -> BTreeMap<String, String> {
            names.iter().map(|name| ((*name).to_owned(), mark.to_owned())).collect()
        };
        let same = server.registry.back_rollout(&marks("new"), ANN);
        assert!(matches!(same, Err(RegistryError::Refused { .. })), "{same:?}");
        let back = server.registry.back_rollout(&marks("old"), ANN).unwrap();
        assert_eq!((back.is_back, back.tally.waiting, back.tally.left), (true, 1, 2));
        server.look();
        let other = server.registry.trigger("gw-1").unwrap().unwrap();
        assert_eq!((other.state, other.rollout), (TriggerState::Sent, Some(1)));
        ended(&server.registry, "gw-1", Ok("old"), None).unwrap();
        server.look();
        let back = server.registry.rollout(None).unwrap().unwrap();
        assert_eq!((back.state, back.tally.done, back.tally.left), (RolloutState::Done, 1, 2));
        assert!(!server.registry.step_rollout(next_move).unwrap());
    });
}
