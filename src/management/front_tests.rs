//! What the registration interface promises.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::coap::{Request, Response, Unanswered};
use crate::delivery::Random;
use crate::dtls::Proof;
use crate::fleet::EndpointName;
use crate::fleet::lwm2m::Path;
use crate::format::coap::Code;

const NOW: Duration = Duration::from_secs(1_000);
const CREATED: Code = Code(2 << 5 | 1);
const CHANGED: Code = Code(2 << 5 | 4);
const NOT_FOUND: Code = Code(4 << 5 | 4);

struct Drawn;

impl Random for Drawn {
    fn fill(&self, purpose: &str, bytes: &mut [u8]) {
        bytes.copy_from_slice(&crate::fleet::Digest::of(purpose.as_bytes()).as_bytes()[..bytes.len()]);
    }
}

/// Each key belongs to the device of its name; NoSec to whoever says a name.
#[derive(Default)]
struct Keys {
    heard: Mutex<Vec<String>>,
}

impl Estate for Keys {
    fn owner(&self, proof: &Proof, named: Option<&str>, _: std::net::SocketAddr) -> Result<EndpointName, NotTaken> {
        let owned = match proof {
            Proof::Psk(identity) => Some(String::from_utf8_lossy(identity).into_owned()),
            _ => None,
        };
        let name = named.map(str::to_owned).or_else(|| owned.clone()).ok_or(NotTaken::Nameless)?;
        if owned.is_some_and(|owned| owned != name) {
            return Err(NotTaken::Forbidden);
        }
        EndpointName::new(&name).map_err(|_| NotTaken::Forbidden)
    }

    fn registered(&self, device: &EndpointName, _: &Proof) {
        self.heard.lock().unwrap().push(format!("registered {}", device.as_str()));
    }

    fn gone(&self, device: &EndpointName, why: &'static str) {
        self.heard.lock().unwrap().push(format!("gone {}: {why}", device.as_str()));
    }
}

struct World {
    keys: Arc<Keys>,
    front: Front,
}

fn world() -> World {
    let keys = Arc::new(Keys::default());
    let front =
        Front::new(keys.clone(), Arc::new(Drawn), FrontBounds { clients: 3, ..FrontBounds::default() }, Some(7));
    World { keys, front }
}

fn peer(port: u16) -> Peer {
    Peer { from: ([192, 0, 2, 1], port).into(), association: None }
}

fn psk(name: &str) -> Proof {
    Proof::Psk(name.as_bytes().to_vec())
}

fn post(path: &str, query: &str, body: &str) -> Request {
    let mut request = Request::new(Code::POST, path);
    request.query = query.split('&').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    if body.is_empty() { request } else { request.with(40, body.as_bytes().to_vec()) }
}

impl World {
    fn ask(&self, at: Duration, port: u16, proof: &Proof, request: &Request) -> Response {
        self.front.asked(at, peer(port), proof, request)
    }

    /// Registers and returns the path of the registration.
    fn register(&self, at: Duration, name: &str, query: &str, body: &str) -> String {
        let request = post("/rd", &format!("ep={name}&{query}"), body);
        let answer = self.ask(at, 5000, &psk(name), &request);
        assert_eq!(answer.code, CREATED, "{:?}", String::from_utf8_lossy(&answer.payload));
        assert_eq!(answer.location[0], "rd");
        format!("/{}", answer.location.join("/"))
    }

    fn heard(&self) -> Vec<String> {
        std::mem::take(&mut self.keys.heard.lock().unwrap())
    }
}

#[test]
fn a_device_registers_updates_and_leaves() {
    let world = world();
    let body = "</1/0>,</3/0>,</5>;ver=1.1,</9999/x>,<https://example.org/>";
    let at = world.register(NOW, "gw-1", "lt=60&lwm2m=1.1&b=U", body);
    let client = world.front.client("GW-1").unwrap();
    assert_eq!((client.objects(), client.lifetime), (&[(1, Some(0)), (3, Some(0)), (5, None)][..], Some(60)));
    let answer = world.ask(NOW, 5001, &psk("gw-1"), &post(&at, "lt=90", "</1/0>,</1/1>"));
    assert_eq!(answer.code, CHANGED);
    let client = world.front.client("gw-1").unwrap();
    assert_eq!((client.peer, client.lifetime, client.objects().len()), (peer(5001), Some(90), 2));
    let leave = Request::new(Code::DELETE, &at);
    assert_eq!(world.ask(NOW, 5001, &psk("gw-1"), &leave).code, Code(2 << 5 | 2));
    assert_eq!(world.ask(NOW, 5001, &psk("gw-1"), &leave).code, NOT_FOUND);
    assert_eq!(world.heard(), ["registered gw-1", "gone gw-1: it left"]);
    assert_eq!((world.front.live(), world.front.deadline()), (0, None));
}

#[test]
fn a_name_belongs_to_its_key() {
    let world = world();
    let at = world.register(NOW, "gw-1", "lwm2m=1.0", "");
    let stranger = psk("gw-2");
    assert_eq!(world.ask(NOW, 1, &stranger, &post("/rd", "ep=gw-1&lwm2m=1.0", "")).code, Code(4 << 5 | 3));
    assert_eq!(world.ask(NOW, 1, &stranger, &post(&at, "", "")).code, NOT_FOUND);
    assert_eq!(world.ask(NOW, 1, &stranger, &Request::new(Code::DELETE, &at)).code, NOT_FOUND);
    assert_eq!(world.front.client("gw-1").unwrap().peer, peer(5000));
    // LwM2M 1.1 leaves the name out where the key says it.
    assert_eq!(world.ask(NOW, 1, &stranger, &post("/rd", "lwm2m=1.1", "")).code, CREATED);
    assert_eq!(world.ask(NOW, 1, &Proof::None, &post("/rd", "lwm2m=1.1", "")).code, Code(4 << 5));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let world = world();
    let ask = |query: &str, body: &str| world.ask(NOW, 1, &psk("a"), &post("/rd", query, body)).code;
    assert_eq!(ask("ep=a&lwm2m=2.0", ""), Code(4 << 5 | 0xC));
    assert_eq!(ask("ep=a&lwm2m=1.3", ""), Code(4 << 5 | 0xC));
    for bad in ["ep=a", "ep=a&lwm2m=1.1&lt=x", "ep=a&lwm2m=1.1&b=Z", "ep=a&ep=b&lwm2m=1.1", "ep=a&lwm2m=1.1&lt=-1"] {
        assert_eq!(ask(bad, ""), Code(4 << 5), "{bad}");
    }
    assert_eq!(ask("ep=a&lwm2m=1.1", "</1/0"), Code(4 << 5));
    assert_eq!(world.front.live(), 0);
    let at = world.register(NOW, "a", "lwm2m=1.1", "");
    for fixed in ["ep=b", "lwm2m=1.0"] {
        assert_eq!(world.ask(NOW, 1, &psk("a"), &post(&at, fixed, "")).code, Code(4 << 5), "{fixed}");
    }
    // It is no change to say the same version again, as some clients do.
    assert_eq!(world.ask(NOW, 1, &psk("a"), &post(&at, "lt=60&lwm2m=1.1", "")).code, CHANGED);
    assert_eq!(world.ask(NOW, 1, &psk("a"), &Request::new(Code::GET, "/rd")).code, Code(4 << 5 | 5));
    assert_eq!(world.ask(NOW, 1, &psk("a"), &post("/rd/a/b", "", "")).code, NOT_FOUND);
}

#[test]
fn who_registers_again_takes_the_place_of_its_former_registration() {
    let world = world();
    let first = world.register(NOW, "gw-1", "lwm2m=1.1&lt=60", "");
    let second = world.register(NOW + Duration::from_secs(5), "gw-1", "lwm2m=1.1&lt=60", "");
    assert_ne!(first, second);
    assert_eq!(world.ask(NOW, 1, &psk("gw-1"), &post(&first, "", "")).code, NOT_FOUND);
    assert_eq!((world.front.live(), world.heard().len()), (1, 2));
    world.front.tick(NOW + Duration::from_secs(60 + 93));
    assert_eq!(world.front.live(), 1, "the end of the former registration does not count");
}

#[test]
fn a_registration_lasts_its_lifetime_and_a_grace() {
    let world = world();
    let at = world.register(NOW, "gw-1", "lwm2m=1.1&lt=60", "");
    world.register(NOW, "for-ever", "lwm2m=1.1&lt=0", "");
    let later = NOW + Duration::from_secs(59);
    assert_eq!(world.ask(later, 1, &psk("gw-1"), &post(&at, "", "")).code, CHANGED);
    let end = later + Duration::from_mins(1) + FrontBounds::default().grace;
    assert_eq!(world.front.deadline(), Some(end));
    world.front.tick(end.checked_sub(Duration::from_millis(1)).unwrap());
    assert_eq!(world.front.live(), 2);
    world.front.tick(end);
    assert_eq!(world.front.live(), 1);
    assert_eq!(world.heard().last().unwrap(), "gone gw-1: its lifetime ran out");
    assert_eq!(world.ask(end, 1, &psk("gw-1"), &post(&at, "", "")).code, NOT_FOUND);
}

#[test]
fn there_is_room_for_so_many_and_who_was_in_comes_in_again() {
    let world = world();
    for name in ["a", "b", "c"] {
        world.register(NOW, name, "lwm2m=1.1&lt=60", "");
    }
    let full = world.ask(NOW, 1, &psk("d"), &post("/rd", "ep=d&lwm2m=1.1", ""));
    assert_eq!(full.code, Code(5 << 5 | 3));
    world.register(NOW, "a", "lwm2m=1.1&lt=60", "");
    // Whose time is over makes room.
    world.register(NOW + Duration::from_secs(200), "d", "lwm2m=1.1&lt=60", "");
}

#[test]
fn one_account_is_triggered_at_once() {
    let world = world();
    world.register(NOW, "gw-1", "lwm2m=1.1", "</1/3>,</3/0>");
    let wish = world.front.want("gw-1", Want::Bootstrap).unwrap();
    let errand = world.front.next(NOW).unwrap();
    assert_eq!((errand.request.code, errand.request.path.join("/")), (Code::POST, "1/3/9".to_owned()));
    assert_eq!((errand.peer, world.front.outcome(wish)), (peer(5000), None));
    world.front.heard(NOW, wish, Ok(Response::new(CHANGED)));
    assert_eq!(world.front.outcome(wish).unwrap().unwrap().code, CHANGED);
}

#[test]
fn of_several_accounts_the_one_with_our_number_is_triggered() {
    let world = world();
    world.register(NOW, "gw-1", "lwm2m=1.2", "</lwm2m>;rt=\"oma.lwm2m\",</lwm2m/1/0>,</lwm2m/1/4>,</lwm2m/3/0>");
    let wish = world.front.want("gw-1", Want::Bootstrap).unwrap();
    let asked = |path: &str, answer: Response| {
        let errand = world.front.next(NOW).unwrap();
        assert_eq!(errand.request.path.join("/"), path);
        assert!(world.front.next(NOW).is_none(), "one request at a time");
        world.front.heard(NOW, errand.wish, Ok(answer));
    };
    let content = Response::new(Code::CONTENT);
    asked("lwm2m/1/0/0", content.clone().with(0, b"101".to_vec()));
    asked("lwm2m/1/4/0", content.with(11_542, vec![0xC1, 0, 7]));
    asked("lwm2m/1/4/9", Response::new(CHANGED));
    assert!(world.front.outcome(wish).unwrap().is_ok());
    assert!(world.front.outcome(wish).is_none(), "it was taken away");
}

#[test]
fn why_a_device_is_not_triggered_is_said_plainly() {
    let world = world();
    let fails = |query: &str, body: &str, answers: &[Result<Response, Unanswered>]| {
        world.register(NOW, "gw-1", query, body);
        let wish = match world.front.want("gw-1", Want::Bootstrap) {
            Ok(wish) => wish,
            Err(failure) => return failure,
        };
        for answer in answers {
            let errand = world.front.next(NOW).unwrap();
            world.front.heard(NOW, errand.wish, answer.clone());
        }
        world.front.outcome(wish).unwrap().unwrap_err()
    };
    let no = Ok(Response::new(Code(4 << 5 | 5)));
    assert_eq!(fails("lwm2m=1.0", "</1/0>", &[]), WishFailure::TooOld);
    assert_eq!(fails("lwm2m=1.1", "</3/0>", &[]), WishFailure::NoAccount);
    assert_eq!(fails("lwm2m=1.1", "</1/0>", std::slice::from_ref(&no)), WishFailure::NoBootstrap);
    assert_eq!(fails("lwm2m=1.1", "</1/0>,</1/1>", &[no.clone(), no]), WishFailure::NotOurs(7));
    let silent = WishFailure::Unanswered(Unanswered::Silent);
    assert_eq!(fails("lwm2m=1.1", "</1/0>", &[Err(Unanswered::Silent)]), silent);
    assert_eq!(world.front.want("nobody", Want::Bootstrap), Err(WishFailure::NotHere));
    let wish = world.front.want("gw-1", Want::Read(Path::Instance(3, 0))).unwrap();
    let at = format!("/rd/{}", world.front.client("gw-1").unwrap().location);
    world.ask(NOW, 1, &psk("gw-1"), &Request::new(Code::DELETE, &at));
    assert!(world.front.next(NOW).is_none());
    assert_eq!(world.front.outcome(wish), Some(Err(WishFailure::NotHere)));
}

#[test]
fn a_device_in_queue_mode_is_asked_while_it_listens() {
    for query in ["lwm2m=1.1&b=U&Q", "lwm2m=1.0&b=UQ"] {
        let world = world();
        let at = world.register(NOW, "gw-1", query, "</1/0>");
        let asleep = NOW + Duration::from_secs(100);
        world.front.want("gw-1", Want::Read(Path::Instance(3, 0))).unwrap();
        assert!(world.front.next(asleep).is_none(), "{query}");
        assert_eq!(world.ask(asleep, 5002, &psk("gw-1"), &post(&at, "", "")).code, CHANGED);
        let errand = world.front.next(asleep + Duration::from_secs(1)).unwrap();
        assert_eq!(errand.peer, peer(5002), "where it was heard of last");
    }
}
