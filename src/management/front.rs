//! The registration interface, and who is registered.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::coap::{Request, Response, Unanswered};
use crate::delivery::Random;
use crate::dtls::Proof;
use crate::fleet::EndpointName;
use crate::format::coap::Code;

use super::asked::{Fault, Parameters};
use super::client::{Client, Peer};
use super::wish::{Errand, Onward, Stage, Want, WishFailure, WishId};

/// Most objects and instances that are kept of one device.
const MOST_OBJECTS: usize = 512;
/// Most wishes at a time.
const MOST_WISHES: usize = 10_000;
/// How long an answer to a wish is kept.
const KEPT: Duration = Duration::from_mins(10);
/// How long a device in Queue mode listens after it spoke: `MAX_TRANSMIT_WAIT` (TS Core, section 6.5).
const AWAKE: Duration = Duration::from_secs(93);
/// The refusal's content format: text.
const TEXT: u16 = 0;

const CREATED: Code = Code(2 << 5 | 1);
const DELETED: Code = Code(2 << 5 | 2);
const CHANGED: Code = Code(2 << 5 | 4);
const BAD_REQUEST: Code = Code(4 << 5);
const FORBIDDEN: Code = Code(4 << 5 | 3);
const NOT_FOUND: Code = Code(4 << 5 | 4);
const METHOD_NOT_ALLOWED: Code = Code(4 << 5 | 5);
const PRECONDITION_FAILED: Code = Code(4 << 5 | 0xC);
const UNAVAILABLE: Code = Code(5 << 5 | 3);

/// Why a device is not taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotTaken {
    /// It does not own the name, or is not known: 4.03.
    Forbidden,
    /// It says no name, and has none by its proof: 4.00.
    Nameless,
    /// It cannot be said now: 5.03.
    Later,
}

/// What stands behind the front: who owns which name, and who hears of arrivals. Calls may wait for the registry.
pub trait Estate: Send + Sync {
    /// Returns the name of the device that proved `proof` and calls itself `named` (LwM2M 1.1 leaves the name out where the
    /// proof says it).
    fn owner(&self, proof: &Proof, named: Option<&str>, from: SocketAddr) -> Result<EndpointName, NotTaken>;
    /// Hears that a device has registered: new credentials that it came with are in force, its old ones are not any more.
    fn registered(&self, device: &EndpointName, proof: &Proof);
    /// Hears that a registration ended: the device said so, or its lifetime ran out.
    fn gone(&self, device: &EndpointName, why: &'static str);
}

/// How much the front takes.
#[derive(Clone, Copy, Debug)]
pub struct FrontBounds {
    /// Most devices.
    pub clients: usize,
    /// How much longer than its lifetime a registration counts: the last sign of life may be on its way.
    pub grace: Duration,
}

impl Default for FrontBounds {
    fn default() -> Self {
        Self { clients: 100_000, grace: AWAKE }
    }
}

/// The registration interface (`/rd`) of one management server. Cheap to ask from any thread.
pub struct Front {
    estate: Arc<dyn Estate>,
    random: Arc<dyn Random>,
    bounds: FrontBounds,
    /// The short server id by which devices know this server.
    number: Option<u16>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By name of the registration.
    clients: HashMap<String, Client>,
    /// Name of the registration, by folded name of the device.
    by_device: HashMap<String, String>,
    ends: BTreeSet<(Duration, String)>,
    made: u64,
    wishes: BTreeMap<WishId, Wish>,
    /// Those whose next request has not been sent.
    waiting: VecDeque<WishId>,
    answers: BTreeMap<WishId, (Duration, Result<Response, WishFailure>)>,
    wished: u64,
    /// Folded names of devices that have a request to answer.
    busy: HashSet<String>,
}

struct Wish {
    /// Folded.
    device: String,
    stage: Stage,
}

impl Front {
    /// Opens a front. `number` is the short server id of this server in what devices are configured with.
    pub fn new(estate: Arc<dyn Estate>, random: Arc<dyn Random>, bounds: FrontBounds, number: Option<u16>) -> Self {
        Self { estate, random, bounds, number, state: Mutex::default() }
    }

    /// Returns true if a request is for this front.
    pub fn is_for(request: &Request) -> bool {
        request.path.first().is_some_and(|part| part == "rd")
    }

    /// Answers a request to `/rd` of a peer that proved `proof`. May wait for the registry.
    pub fn asked(&self, at: Duration, peer: Peer, proof: &Proof, request: &Request) -> Response {
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        match (path.as_slice(), request.code) {
            (["rd"], Code::POST) => self.register(at, peer, proof, request),
            (["rd", location], Code::POST) => self.update(at, peer, proof, location, request),
            (["rd", location], Code::DELETE) => self.leave(proof, location),
            (["rd"] | ["rd", _], _) => Response::new(METHOD_NOT_ALLOWED),
            _ => Response::new(NOT_FOUND),
        }
    }

    fn register(&self, at: Duration, peer: Peer, proof: &Proof, request: &Request) -> Response {
        let read = Parameters::read(request, MOST_OBJECTS);
        let read = read.and_then(|parameters| Ok((parameters.version()?, parameters)));
        let (enabler, parameters) = match read {
            Ok(read) => read,
            Err(fault) => return refused(&fault),
        };
        let device = match self.estate.owner(proof, parameters.endpoint.as_deref(), peer.from) {
            Ok(device) => device,
            Err(NotTaken::Forbidden) => return Response::new(FORBIDDEN),
            Err(NotTaken::Nameless) => return refused(&Fault::Missing("ep")),
            Err(NotTaken::Later) => return Response::new(UNAVAILABLE),
        };
        let client = Client {
            peer,
            location: String::new(),
            enabler,
            binding: parameters.binding.clone().unwrap_or_else(|| "U".to_owned()),
            is_queued: parameters.is_queued,
            since: at,
            heard: at,
            awake: at,
            lifetime: parameters.seconds(),
            proof: proof.clone(),
            objects: parameters.objects.unwrap_or_default(),
            device: device.clone(),
        };
        let Some(location) = self.keep(at, client) else { return Response::new(UNAVAILABLE) };
        self.estate.registered(&device, proof);
        Response { location: vec!["rd".to_owned(), location], ..Response::new(CREATED) }
    }

    /// Keeps a client, in place of its former registration. Returns none where there is no room.
    fn keep(&self, at: Duration, mut client: Client) -> Option<String> {
        self.tick(at);
        let mut state = self.state();
        let folded = client.device.folded();
        let former = state.by_device.get(&folded).cloned();
        if former.is_none() && state.clients.len() >= self.bounds.clients {
            return None;
        }
        if let Some(former) = former {
            state.forget(&former, self.bounds.grace);
        }
        state.made += 1;
        let mut drawn = [0; 5];
        self.random.fill(&format!("registration {}", state.made), &mut drawn);
        // The number keeps names apart whatever is drawn.
        client.location = format!("{}{:x}", hex::encode(drawn), state.made);
        let location = client.location.clone();
        state.await_end(&client, self.bounds.grace);
        state.by_device.insert(folded, location.clone());
        state.clients.insert(location.clone(), client);
        Some(location)
    }

    fn update(&self, at: Duration, peer: Peer, proof: &Proof, location: &str, request: &Request) -> Response {
        self.tick(at);
        let mut state = self.state();
        // Whoever proves something else learns nothing about the registration.
        let Some(mut client) = state.clients.get(location).filter(|client| client.proof == *proof).cloned() else {
            return Response::new(NOT_FOUND);
        };
        let read = Parameters::read(request, MOST_OBJECTS);
        let parameters = match read.and_then(|read| read.check_update(client.enabler).map(|()| read)) {
            Ok(parameters) => parameters,
            Err(fault) => return refused(&fault),
        };
        state.forget_end(&client, self.bounds.grace);
        (client.peer, client.heard) = (peer, at);
        if parameters.lifetime.is_some() {
            client.lifetime = parameters.seconds();
        }
        if let Some(binding) = parameters.binding {
            (client.binding, client.is_queued) = (binding, parameters.is_queued);
        }
        client.objects = parameters.objects.unwrap_or(client.objects);
        state.await_end(&client, self.bounds.grace);
        state.clients.insert(location.to_owned(), client);
        Response::new(CHANGED)
    }

    fn leave(&self, proof: &Proof, location: &str) -> Response {
        let gone = {
            let mut state = self.state();
            let is_its = state.clients.get(location).is_some_and(|client| client.proof == *proof);
            if is_its { state.forget(location, self.bounds.grace) } else { None }
        };
        let Some(gone) = gone else { return Response::new(NOT_FOUND) };
        self.estate.gone(&gone.device, "it left");
        Response::new(DELETED)
    }

    /// Forgets who was not heard of in time.
    pub fn tick(&self, at: Duration) {
        let mut gone = Vec::new();
        {
            let mut state = self.state();
            while let Some((_, location)) = state.ends.first().filter(|(end, _)| *end <= at).cloned() {
                gone.extend(state.forget(&location, self.bounds.grace));
            }
            state.answers.retain(|_, (since, _)| at < *since + KEPT);
        }
        for client in gone {
            self.estate.gone(&client.device, "its lifetime ran out");
        }
    }

    /// Returns when `tick` has something to do.
    pub fn deadline(&self) -> Option<Duration> {
        self.state().ends.first().map(|(end, _)| *end)
    }

    /// Returns how many devices are registered.
    pub fn live(&self) -> usize {
        self.state().clients.len()
    }

    /// Returns all registered devices, by name.
    pub fn clients(&self) -> Vec<Client> {
        let mut clients: Vec<Client> = self.state().clients.values().cloned().collect();
        clients.sort_by(|one, other| one.device.as_str().cmp(other.device.as_str()));
        clients
    }

    /// Returns a registered device by its name, in whatever case.
    pub fn client(&self, device: &str) -> Option<Client> {
        self.state().of_device(&device.to_ascii_lowercase()).cloned()
    }

    /// Wants something of a registered device; its requests come out of [`Front::next`].
    pub fn want(&self, device: &str, want: Want) -> Result<WishId, WishFailure> {
        let mut state = self.state();
        let device = device.to_ascii_lowercase();
        let client = state.of_device(&device).ok_or(WishFailure::NotHere)?;
        let stage = Stage::first(want, client)?;
        if state.wishes.len() + state.answers.len() >= MOST_WISHES {
            return Err(WishFailure::Busy);
        }
        state.wished += 1;
        let id = WishId(state.wished);
        state.wishes.insert(id, Wish { device, stage });
        state.waiting.push_back(id);
        Ok(id)
    }

    /// Returns a request that is to be sent now: one at a time to each device, and to one in Queue mode only while it listens.
    pub fn next(&self, at: Duration) -> Option<Errand> {
        let mut state = self.state();
        for _ in 0..state.waiting.len() {
            let id = state.waiting.pop_front()?;
            match state.errand(at, id) {
                Turn::Now(errand) => return Some(*errand),
                Turn::Later => state.waiting.push_back(id),
                Turn::Never => state.over(at, id, Err(WishFailure::NotHere)),
            }
        }
        None
    }

    /// Takes what came of an errand.
    pub fn heard(&self, at: Duration, wish: WishId, answered: Result<Response, Unanswered>) {
        let mut state = self.state();
        let Some(asked) = state.wishes.remove(&wish) else { return };
        state.busy.remove(&asked.device);
        if answered.is_ok()
            && let Some(location) = state.by_device.get(&asked.device).cloned()
            && let Some(client) = state.clients.get_mut(&location)
        {
            // It is awake; its lifetime is counted from what it says of itself, not from this.
            client.awake = at;
        }
        match asked.stage.onward(answered, self.number) {
            Onward::Stage(stage) => {
                state.wishes.insert(wish, Wish { stage, ..asked });
                state.waiting.push_front(wish);
            }
            Onward::Over(result) => state.over(at, wish, result),
        }
    }

    /// Takes away what came of a wish; none while it is open.
    pub fn outcome(&self, wish: WishId) -> Option<Result<Response, WishFailure>> {
        self.state().answers.remove(&wish).map(|(_, result)| result)
    }

    /// Gives up a wish that was not sent yet; returns false where its answer is still to come, or is there.
    pub fn unwish(&self, wish: WishId) -> bool {
        let mut state = self.state();
        let is_waiting = state.waiting.contains(&wish);
        if is_waiting {
            state.wishes.remove(&wish);
            state.waiting.retain(|other| *other != wish);
        }
        is_waiting
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it is a wish's turn.
enum Turn {
    Now(Box<Errand>),
    Later,
    /// The device is not here any more.
    Never,
}

impl State {
    fn of_device(&self, folded: &str) -> Option<&Client> {
        self.clients.get(self.by_device.get(folded)?)
    }

    fn await_end(&mut self, client: &Client, grace: Duration) {
        self.ends.extend(client.until(grace).map(|end| (end, client.location.clone())));
    }

    fn forget_end(&mut self, client: &Client, grace: Duration) {
        if let Some(end) = client.until(grace) {
            self.ends.remove(&(end, client.location.clone()));
        }
    }

    fn forget(&mut self, location: &str, grace: Duration) -> Option<Client> {
        let client = self.clients.remove(location)?;
        self.forget_end(&client, grace);
        self.by_device.remove(&client.device.folded());
        Some(client)
    }

    fn errand(&mut self, at: Duration, id: WishId) -> Turn {
        let Some(wish) = self.wishes.get(&id) else { return Turn::Never };
        let is_busy = self.busy.contains(&wish.device);
        let Some(client) = self.of_device(&wish.device) else { return Turn::Never };
        if is_busy || (client.is_queued && at > client.awake.max(client.heard) + AWAKE) {
            return Turn::Later;
        }
        let errand = Errand { wish: id, peer: client.peer, request: wish.stage.request(client) };
        let device = wish.device.clone();
        self.busy.insert(device);
        Turn::Now(Box::new(errand))
    }

    fn over(&mut self, at: Duration, id: WishId, result: Result<Response, WishFailure>) {
        self.wishes.remove(&id);
        self.answers.insert(id, (at, result));
    }
}

/// A refusal in words: they name what the device itself said, and nothing else.
fn refused(fault: &Fault) -> Response {
    let code = if matches!(fault, Fault::Version(_)) { PRECONDITION_FAILED } else { BAD_REQUEST };
    Response::new(code).with(TEXT, fault.to_string().into_bytes())
}
