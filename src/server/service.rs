//! From a request to its answer: limits, credentials, body, work on a thread that may wait, log and metrics.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::RawPathParams;
use axum::extract::rejection::RawPathParamsRejection;
use axum::http::request::Parts;
use axum::http::{Method, Request, Response};
use axum::routing::{MethodFilter, on};
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::body::{Peer, Poured, Takes, answered_in, authorization, drain, incoming, pour};
use super::config::Bounds;
use super::limits::{BAD_PROOF_COST, Counted, Limits, jittered};
use super::log::{Line, Log, name};
use super::metrics::Metrics;
use super::openapi::document;
use super::problem::{Fault, Outcome};
use super::routes::{Call, Doing, ROUTES, Route};
use crate::delivery::Clock;
use crate::fleet::enrolment::{Rates, Refusal};
use crate::registration::exchange::{
    Act, Administration, Asked, Content, Credentials, Incoming, Registration, Reply, Role, Told,
};

/// How long the rest of a refused body is read away.
const LONGEST_DRAIN: Duration = Duration::from_secs(3);

/// How often it is looked whether there are events that somebody waits for.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Everything that requests need.
pub(super) struct Service {
    pub(super) registration: Arc<dyn Registration>,
    pub(super) administration: Arc<dyn Administration>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) log: Arc<dyn Log>,
    pub(super) limits: Limits,
    pub(super) metrics: Metrics,
    pub(super) bounds: Bounds,
    pub(super) began: Instant,
    pub(super) work: Arc<Semaphore>,
    pub(super) number: AtomicU64,
    pub(super) imports: Arc<Semaphore>,
    pub(super) waiting: Arc<Semaphore>,
    pub(super) stopping: AtomicBool,
    pub(super) open_metrics: bool,
    pub(super) figures: RwLock<Vec<Figures>>,
}

/// Further lines for `/metrics`.
pub(super) type Figures = Arc<dyn Fn() -> String + Send + Sync>;

/// Makes the router from the table.
pub(super) fn router(service: &Arc<Service>) -> Router {
    let mut router = Router::new();
    for route in &ROUTES {
        router = router.route(route.path, on(filter(route.method), answering(service, route, None)));
        // A path of our own words hides the one with a name in its place: a device may be called "import".
        for hidden in ROUTES.iter().filter(|hidden| hidden.path != route.path && hidden.method != route.method) {
            let is_served = |method| ROUTES.iter().any(|other| other.path == route.path && other.method == method);
            if let Some(names) = hidden.names_in(route.path).filter(|_| !is_served(hidden.method)) {
                router = router.route(route.path, on(filter(hidden.method), answering(service, hidden, Some(names))));
            }
        }
    }
    let (nowhere, no_method) = (Arc::clone(service), Arc::clone(service));
    router
        .fallback(move |request: Request<Body>| async move {
            nowhere.answer(None, Vec::new(), request, Some(Fault::NoSuchPath)).await
        })
        .method_not_allowed_fallback(move |request: Request<Body>| async move {
            no_method.answer(None, Vec::new(), request, Some(Fault::MethodNotAllowed)).await
        })
}

fn filter(method: &str) -> MethodFilter {
    match method {
        "POST" => MethodFilter::POST,
        "PUT" => MethodFilter::PUT,
        "PATCH" => MethodFilter::PATCH,
        "DELETE" => MethodFilter::DELETE,
        _ => MethodFilter::GET,
    }
}

/// How a request waits for its answer.
type Answering = std::pin::Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Returns what answers a route; `names` are those of a path that has none to be read from.
fn answering(
    service: &Arc<Service>,
    route: &'static Route,
    names: Option<Vec<String>>,
) -> impl Fn(Result<RawPathParams, RawPathParamsRejection>, Request<Body>) -> Answering + Clone + Send + Sync + 'static
{
    let service = Arc::clone(service);
    move |found, request| {
        let found = found.map(|found| found.iter().map(|(_, name)| name.to_owned()).collect()).ok();
        let names = names.clone().or(found).unwrap_or_default();
        Box::pin(Arc::clone(&service).answer(Some(route), names, request, None))
    }
}

impl Service {
    async fn answer(
        self: Arc<Self>,
        route: Option<&'static Route>,
        names: Vec<String>,
        request: Request<Body>,
        fault: Option<Fault>,
    ) -> Response<Body> {
        let began = Instant::now();
        let (parts, mut body) = request.into_parts();
        let Some(peer) = parts.extensions.get::<Peer>().cloned() else {
            return Outcome::Fault(Fault::Internal).response(answered_in(&parts.headers), None);
        };
        let working = peer.activity.working();
        let title = route.map_or_else(|| "no route".to_owned(), Route::title);
        let mut line = Line {
            number: self.number.fetch_add(1, Ordering::Relaxed) + 1,
            source: peer.source.to_string(),
            method: known_method(&parts.method),
            route: title,
            certificate: !peer.certificates.is_empty(),
            ..Line::default()
        };
        let outcome = match (route, fault) {
            (Some(route), None) => self.route(route, names, &parts, &mut body, &peer, &mut line).await,
            (_, fault) => match self.spend(&Counted::source(peer.source)) {
                Ok(()) => Err(Outcome::Fault(fault.unwrap_or(Fault::NoSuchPath))),
                Err(refused) => Err(refused),
            },
        };
        let outcome = match outcome {
            Ok(reply) => Outcome::Reply(Box::new(reply)),
            Err(outcome) => outcome,
        };
        if matches!(&outcome, Outcome::Reply(reply) if reply.refusal().is_some_and(Refusal::is_bad_proof)) {
            self.limits.charge(&Counted::source(peer.source), BAD_PROOF_COST - 1, self.now());
        }
        if outcome.code().is_some() && !matches!(outcome, Outcome::Fault(Fault::BodyTooSlow)) {
            drain(body, self.bounds.body.min(LONGEST_DRAIN)).await;
        }
        line.code = outcome.code().map(str::to_owned);
        let response = outcome.response(answered_in(&parts.headers), Some(Arc::clone(&peer.activity)));
        line.status = response.status().as_u16();
        line.millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.record(&line);
        drop(working);
        response
    }

    fn record(&self, line: &Line) {
        self.metrics.request(&line.route, line.status, line.code.as_deref().unwrap_or(""), line.millis);
        let time = self.clock.now().format(&Rfc3339).unwrap_or_default();
        self.log.line(&line.json(&time));
    }

    /// Milliseconds since the start, by the steady clock.
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn spend(&self, who: &Counted) -> Result<(), Outcome> {
        self.spend_at(who, None)
    }

    /// As `spend`, by rates of a group's own where there are some.
    fn spend_at(&self, who: &Counted, own: Option<&Rates>) -> Result<(), Outcome> {
        self.limits.take_at(who, own, 1, self.now()).map_err(|seconds| {
            let after = jittered(seconds, self.number.load(Ordering::Relaxed));
            Outcome::Reply(Box::new(Reply::refused(Refusal::RateLimited, "").after(after)))
        })
    }

    fn later(&self, detail: &str) -> Outcome {
        let after = jittered(10, self.number.load(Ordering::Relaxed));
        Outcome::Reply(Box::new(Reply::refused(Refusal::TryLater, detail).after(after)))
    }

    async fn route(
        self: &Arc<Self>,
        route: &'static Route,
        names: Vec<String>,
        parts: &Parts,
        body: &mut Body,
        peer: &Peer,
        line: &mut Line,
    ) -> Result<Reply, Outcome> {
        if route.doing != Doing::Health {
            self.spend(&Counted::source(peer.source))?;
        }
        if names.len() != route.names().count()
            || names.iter().any(|name| name.is_empty() || name.len() > 128 || name.contains('\0'))
        {
            return Err(Outcome::refused(Refusal::MalformedRequest, "a part of the path is no name"));
        }
        let takes = if route.takes_body { Takes::Object(self.bounds.longest_body) } else { Takes::Nothing };
        match route.doing {
            Doing::Health => Ok(Reply::fields(200, json!({"status": "ok"}))),
            Doing::Ready => self.ready().await,
            Doing::Document => Ok(Reply::fields(200, document())),
            Doing::Metrics => self.metrics(parts, peer, line).await,
            Doing::Admin(act, role) => {
                let (actor, role) = self.who(parts, peer, role, line).await?;
                let incoming = incoming(parts, body, takes, peer, self.bounds.body).await?;
                line.received = incoming.body.len();
                let asked = Asked { act, names, query: query(&incoming.target), incoming };
                self.act(actor, role, asked).await
            }
            Doing::Import(act, role) => {
                let (actor, role) = self.who(parts, peer, role, line).await?;
                let incoming = incoming(parts, body, Takes::Stream, peer, self.bounds.body).await?;
                let asked = Asked { act, names, query: query(&incoming.target), incoming };
                self.import(actor, role, asked, body).await
            }
            Doing::Device(call) => {
                let incoming = incoming(parts, body, takes, peer, self.bounds.body).await?;
                self.device(call, names, incoming, line).await
            }
        }
    }

    /// Does an act. Where it finds no events and is told to wait for some, it is done again until there are some.
    async fn act(self: &Arc<Self>, actor: String, role: Role, asked: Asked) -> Result<Reply, Outcome> {
        let wait = if asked.act == Act::ListEvents { wait(&asked.query) } else { Duration::ZERO };
        let place = if wait.is_zero() { None } else { Arc::clone(&self.waiting).try_acquire_owned().ok() };
        let until = Instant::now() + wait;
        let (asked, actor) = (Arc::new(asked), Arc::<str>::from(actor));
        loop {
            let (theirs, actor) = (Arc::clone(&asked), Arc::clone(&actor));
            let reply = self.at_work(move |service| service.administration.act(&actor, role, &theirs)).await?;
            let left = until.saturating_duration_since(Instant::now());
            if place.is_none() || left.is_zero() || !is_without_items(&reply) || self.stopping.load(Ordering::Relaxed) {
                return Ok(reply);
            }
            tokio::time::sleep(left.min(LOOK_AGAIN)).await;
        }
    }

    /// Does an act whose body is read while it comes: the rows are in the registry before the rest is sent.
    async fn import(
        self: &Arc<Self>,
        actor: String,
        role: Role,
        asked: Asked,
        body: &mut Body,
    ) -> Result<Reply, Outcome> {
        let Ok(turn) = Arc::clone(&self.imports).try_acquire_owned() else {
            return Err(self.later("too many lists are being imported"));
        };
        let (to, mut from) = Poured::new();
        let service = Arc::clone(self);
        let mut task = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            service.administration.import(&actor, role, &asked, &mut from)
        });
        let both = async {
            tokio::select! {
                // It may have seen enough before the end.
                done = &mut task => done,
                () = pour(body, self.bounds.longest_import, self.bounds.body, to) => task.await,
            }
        };
        match tokio::time::timeout(self.bounds.import, both).await {
            Ok(done) => done.map_err(|_| Outcome::Fault(Fault::Internal)),
            Err(_) => Err(self.later("the import takes long; what is settled stays, send the rest again")),
        }
    }

    async fn device(
        self: &Arc<Self>,
        call: Call,
        names: Vec<String>,
        incoming: Incoming,
        line: &mut Line,
    ) -> Result<Reply, Outcome> {
        line.received = incoming.body.len();
        line.device = name(incoming.fields["id"].as_str());
        line.group = name(incoming.fields["group"].as_str());
        let named = incoming.fields["group"].as_str();
        let own = (call == Call::Register).then(|| self.registration.rates(named)).flatten();
        if own.is_some() {
            let source = Counted::source_in_group(incoming.source, named.unwrap_or_default());
            self.spend_at(&source, own.as_ref())?;
        }
        // What is sent with a claim differs each time: only a token comes again.
        let token = incoming.authorization.as_deref().filter(|text| !text.contains('.') && !text.contains(','));
        if let Some(token) = token {
            self.spend_at(&Counted::token(token), own.as_ref())?;
        }
        // A request that names no group is for the only one.
        let group = named.or(own.map(|_| "")).map(Counted::group);
        if let Some(group) = &group {
            self.spend_at(group, own.as_ref())?;
        }
        let reply = match call {
            Call::Register => self.register(incoming).await?,
            call => self.at_work(move |service| service.call(call, names, incoming)).await?,
        };
        if let (Some(group), Some(refusal)) = (&group, reply.refusal())
            && (refusal.is_bad_proof() || refusal.status() == 401)
        {
            self.limits.give_back(group, own.as_ref(), self.now());
        }
        Ok(reply)
    }

    /// Registers a device. No thread waits for the disk, and none is called in for a little arithmetic: with many devices
    /// at once, most of the work would be handing it over.
    async fn register(self: &Arc<Self>, incoming: Incoming) -> Result<Reply, Outcome> {
        let turn = self.turn().await?;
        let (tell, told) = oneshot::channel();
        let tell = Box::new(move |came| {
            drop(turn);
            // Whoever asked may be gone: what was decided stays.
            let _ = tell.send(came);
        });
        if self.registration.is_quick(&incoming) {
            self.registration.register_then(incoming, tell);
        } else {
            let service = Arc::clone(self);
            tokio::task::spawn_blocking(move || service.registration.register_then(incoming, tell));
        }
        match tokio::time::timeout(self.bounds.work, told).await {
            Ok(Ok(Told::Reply(reply))) => Ok(reply),
            Ok(Ok(Told::Again(incoming))) => self.at_work(|service| service.registration.register(incoming)).await,
            Ok(Err(_)) => Err(Outcome::Fault(Fault::Internal)),
            Err(_) => Err(self.late()),
        }
    }

    fn call(&self, call: Call, names: Vec<String>, incoming: Incoming) -> Reply {
        let registration = &self.registration;
        let id = names.first().map_or("", String::as_str);
        match call {
            Call::Register => registration.register(incoming),
            Call::Models => registration.models(incoming),
            Call::Challenge => registration.challenge(incoming),
            Call::Status => registration.status(id, incoming),
            Call::Renew => registration.renew(id, incoming),
            Call::Report => registration.report(id, incoming),
            Call::End => registration.end(id, incoming),
            Call::Bootstrap => registration.bootstrap(incoming),
            Call::BootstrapResult => registration.bootstrap_result(incoming),
        }
    }

    /// Returns who asks, if the role is enough. Without credentials nobody is asked.
    async fn who(
        self: &Arc<Self>,
        parts: &Parts,
        peer: &Peer,
        least: Role,
        line: &mut Line,
    ) -> Result<(String, Role), Outcome> {
        let proof = authorization(&parts.headers)?;
        if proof.is_none() && peer.certificates.is_empty() {
            return Err(Outcome::refused(Refusal::ProofMissing, ""));
        }
        let certificates = Arc::clone(&peer.certificates);
        let judging = self.at_work(move |service| {
            let authorization = proof.as_deref().map(String::as_str);
            service.administration.who(&Credentials { authorization, certificates: &certificates })
        });
        let (actor, role) = judging.await?.map_err(|refusal| match refusal {
            Refusal::TryLater => self.later("the registry does not answer"),
            refusal => Outcome::refused(refusal, ""),
        })?;
        line.actor = name(Some(&actor.replace(' ', ":")));
        if role < least { Err(Outcome::Fault(Fault::RoleTooLow)) } else { Ok((actor, role)) }
    }

    async fn metrics(self: &Arc<Self>, parts: &Parts, peer: &Peer, line: &mut Line) -> Result<Reply, Outcome> {
        if !self.open_metrics {
            self.who(parts, peer, Role::Viewer, line).await?;
        }
        let own = self.metrics.text(self.limits.len());
        let others = self.at_work(|service| service.administration.figures()).await?;
        let further: String =
            self.figures.read().unwrap_or_else(PoisonError::into_inner).iter().map(|figures| figures()).collect();
        Ok(Reply::bytes("text/plain; version=0.0.4; charset=utf-8", (own + &others + &further).into_bytes()))
    }

    async fn ready(self: &Arc<Self>) -> Result<Reply, Outcome> {
        if self.at_work(|service| service.registration.is_ready()).await? {
            Ok(Reply::fields(200, json!({"status": "ready"})))
        } else {
            Err(self.later("the registry does not answer"))
        }
    }

    /// Does `work` on a thread that may wait. If the client goes away, or time runs out, the work is finished all the same.
    async fn at_work<R: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> R + Send + 'static,
    ) -> Result<R, Outcome> {
        let turn = self.turn().await?;
        let service = Arc::clone(self);
        let task = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work(&service)
        });
        match tokio::time::timeout(self.bounds.work, task).await {
            Ok(done) => done.map_err(|_| Outcome::Fault(Fault::Internal)),
            Err(_) => Err(self.late()),
        }
    }

    /// Waits for its turn among the requests at work.
    async fn turn(&self) -> Result<OwnedSemaphorePermit, Outcome> {
        let turn = tokio::time::timeout(self.bounds.turn, Arc::clone(&self.work).acquire_owned()).await;
        turn.ok().and_then(Result::ok).ok_or_else(|| self.later("too many requests are at work"))
    }

    fn late(&self) -> Outcome {
        self.later("the work takes long; ask again for its result")
    }
}

/// How long an answer without events is to be held back, at most a minute.
fn wait(query: &[(String, String)]) -> Duration {
    let seconds = query.iter().find(|(name, _)| name == "wait").and_then(|(_, seconds)| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(0).min(60))
}

fn is_without_items(reply: &Reply) -> bool {
    matches!(&reply.content, Content::Fields(fields) if fields["items"].as_array().is_some_and(Vec::is_empty))
}

/// A method is a stranger's word unless it is one of these.
fn known_method(method: &Method) -> String {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.iter().find(|known| *known == &method.as_str()).map_or("other", |known| known).to_owned()
}

fn query(target: &str) -> Vec<(String, String)> {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).take(32);
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (plain(name), plain(value)))
        .collect()
}

fn plain(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let hex = |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (byte, hex(ahead.next()), hex(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                plain.push(high * 16 + low);
                bytes = ahead;
            }
            (b'+', ..) => plain.push(b' '),
            _ => plain.push(byte),
        }
    }
    String::from_utf8_lossy(&plain).replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded_in_order() {
        let pairs = query("/v1/devices?state=a%20b+c&x&%zz=%4&y=%00");
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("state", "a b c"), ("x", ""), ("%zz", "%4"), ("y", "\u{fffd}")]);
    }
}
