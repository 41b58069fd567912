//! Starting and stopping the bootstrap server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(feature = "dtls")]
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use serde_json::json;

use crate::bootstrap::Configurations;
use crate::delivery::{Clock, Random};
use crate::dtls::PreSharedKeys;
#[cfg(feature = "dtls")]
use crate::dtls::{Associations, DtlsBounds, Identity};
use crate::management::Front;
use crate::server::error::ServerError;
use crate::server::log::Log;
#[cfg(feature = "dtls")]
use crate::server::tls::{Looks, TlsFiles, looks};

use super::config::{Lwm2mBounds, Lwm2mConfig};
#[cfg(feature = "dtls")]
use super::dtls_wire::Dtls;
use super::peers::{Ground, Peers};
#[cfg(feature = "dtls")]
use super::proving::Proving;
#[cfg(feature = "dtls")]
use super::pump::Letter;
use super::pump::{Hands, Inbox, Post, Pump};
use super::pushed::Pusher;
use super::socket::Socket;
use super::watch::Watch;
use super::wire::{Plain, Wire};
use super::workers::Workers;

/// What the bootstrap server works with.
pub struct Lwm2mGround {
    /// Who knows what devices are to be told.
    pub configurations: Arc<dyn Configurations>,
    /// Who knows the keys of devices.
    pub keys: Arc<dyn PreSharedKeys>,
    /// The management server, if there is one.
    pub front: Option<Arc<Front>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Takes a line for each thing that happens.
    pub log: Arc<dyn Log>,
}

/// A bootstrap server that runs, on threads of its own, until it is dropped.
pub struct Lwm2mServer {
    stop: Arc<AtomicBool>,
    inboxes: Vec<Inbox>,
    pusher: Pusher,
    began: Instant,
    threads: Vec<JoinHandle<()>>,
    watch: Watch,
    #[cfg(feature = "dtls")]
    identity: Option<Shown>,
    coap: Option<SocketAddr>,
    coaps: Option<SocketAddr>,
}

impl Lwm2mServer {
    /// Listens and serves.
    pub fn start(config: &Lwm2mConfig, ground: Lwm2mGround) -> Result<Self, ServerError> {
        let watch = Watch { counts: Arc::default(), log: Arc::clone(&ground.log), clock: Arc::clone(&ground.clock) };
        let workers = Arc::new(Workers::start(config.bounds.workers).map_err(ServerError::Threads)?);
        let listening =
            |at: Option<SocketAddr>| at.map(|at| listen(at, config.bounds.receive_buffer, &watch)).transpose();
        let (plain, protected) = (listening(config.coap)?, listening(config.coaps)?);
        let inbox = |socket: &Option<Socket>| socket.as_ref().map(|socket| Inbox::new(socket.bell()));
        let post = Post { plain: inbox(&plain), protected: inbox(&protected) };
        let mut server = Self {
            stop: Arc::default(),
            inboxes: Vec::new(),
            pusher: Pusher { post: post.clone() },
            began: Instant::now(),
            threads: Vec::new(),
            watch: watch.clone(),
            #[cfg(feature = "dtls")]
            identity: None,
            coap: None,
            coaps: None,
        };
        let starting = Starting { config, ground: &ground, watch: &watch, workers: &workers, post: &post };
        if let (Some(socket), Some(inbox)) = (plain, &post.plain) {
            server.coap = socket.address().ok();
            let bounds = unprotected_bounds(config.bounds);
            server.run(&starting, socket, inbox, Plain::default(), bounds)?;
        }
        if let (Some(socket), Some(inbox)) = (protected, &post.protected) {
            server.coaps = socket.address().ok();
            server.run_protected(&starting, socket, inbox)?;
        }
        Ok(server)
    }

    /// Returns where it listens without protection, if it does.
    pub fn coap(&self) -> Option<SocketAddr> {
        self.coap
    }

    /// Returns where it speaks DTLS, if it does.
    pub fn coaps(&self) -> Option<SocketAddr> {
        self.coaps
    }

    /// Reads certificate and key again if their files have changed; what cannot be used is told, and changes nothing.
    #[cfg(feature = "dtls")]
    pub fn follow_identity(&self) {
        let Some(shown) = &self.identity else { return };
        let now = looks(&shown.files);
        // A pair that is bad, or half written, is not read again until it changes.
        let before = std::mem::replace(&mut *shown.looks.lock().unwrap_or_else(PoisonError::into_inner), now);
        if now == before {
            return;
        }
        match (identity(&shown.files), &self.pusher.post.protected) {
            (Ok(identity), Some(inbox)) => inbox.put(Letter::Renew(identity)),
            (Ok(_), None) => {}
            (Err(why), _) => self.watch.line("lwm2m-identity", json!({ "why": why })),
        }
    }

    /// Without DTLS there is none.
    #[cfg(not(feature = "dtls"))]
    pub fn follow_identity(&self) {}

    /// Returns what begins bootstraps that nobody asked for.
    pub fn pusher(&self) -> Pusher {
        self.pusher.clone()
    }

    /// Returns when it began: the times of the management server count from then.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// Returns what it counted, in the text format of Prometheus.
    pub fn figures(&self) -> Arc<dyn Fn() -> String + Send + Sync> {
        let counts = Arc::clone(&self.watch.counts);
        Arc::new(move || counts.text())
    }

    #[cfg(feature = "dtls")]
    fn run_protected(&mut self, starting: &Starting<'_>, socket: Socket, inbox: &Inbox) -> Result<(), ServerError> {
        let ground = starting.ground;
        let bounds = dtls_bounds(starting.config);
        let open = |identity| {
            Associations::open(identity, Arc::clone(&ground.keys), bounds.clone(), Arc::clone(&ground.random))
        };
        let files = starting.config.identity.as_ref();
        self.identity = files.map(|files| Shown { files: files.clone(), looks: Mutex::new(looks(files)) });
        let with_identity =
            files.map(identity).transpose().and_then(|identity| open(identity).map_err(|error| error.to_string()));
        let associations = match with_identity {
            Ok(associations) => associations,
            Err(why) => {
                let why = format!("DTLS takes pre-shared keys only: {why}");
                starting.watch.line("lwm2m-identity", json!({ "why": why }));
                open(None).map_err(|error| ServerError::Dtls(error.to_string()))?
            }
        };
        self.run(starting, socket, inbox, Dtls::new(associations), starting.config.bounds)
    }

    #[cfg(not(feature = "dtls"))]
    #[expect(clippy::unused_self, reason = "it has one with the feature")]
    fn run_protected(&mut self, _starting: &Starting<'_>, _socket: Socket, _inbox: &Inbox) -> Result<(), ServerError> {
        Err(ServerError::Dtls("this build has none (cargo feature `dtls`)".to_owned()))
    }

    fn run<W: Wire + 'static>(
        &mut self,
        starting: &Starting<'_>,
        socket: Socket,
        inbox: &Inbox,
        wire: W,
        bounds: Lwm2mBounds,
    ) -> Result<(), ServerError> {
        let (config, ground) = (starting.config, starting.ground);
        let peers = Peers::new(Ground {
            bounds,
            timing: config.timing,
            random: Arc::clone(&ground.random),
            watch: starting.watch.clone(),
            front: ground.front.clone(),
            keeps_records: config.transcripts.is_some(),
        });
        // The first thread sends the requests of the management server, to all sockets.
        let sends = ground.front.clone().filter(|_| self.threads.is_empty());
        let hands = Hands {
            workers: Arc::clone(starting.workers),
            configurations: Arc::clone(&ground.configurations),
            #[cfg(feature = "dtls")]
            keys: Arc::clone(&ground.keys),
            #[cfg(feature = "dtls")]
            proving: Proving::default(),
            watch: starting.watch.clone(),
            transcripts: config.transcripts.clone(),
            manager: ground.front.clone(),
            began: self.began,
            inbox: inbox.clone(),
            front: sends.map(|front| (front, starting.post.clone())),
        };
        let pump = Pump { socket, wire, peers, hands };
        let stop = Arc::clone(&self.stop);
        let thread = std::thread::Builder::new().name("lwm2m".into()).spawn(move || pump.run(&stop));
        self.threads.push(thread.map_err(ServerError::Threads)?);
        self.inboxes.push(inbox.clone());
        Ok(())
    }
}

/// How many devices without DTLS take the room of one with it, or less: each wants some 5 KB, an association 150 KB.
const UNPROTECTED_PEERS: usize = 8;

fn unprotected_bounds(bounds: Lwm2mBounds) -> Lwm2mBounds {
    Lwm2mBounds { peers: bounds.peers.saturating_mul(UNPROTECTED_PEERS), ..bounds }
}

/// How much is spent on DTLS, and how patient it is.
#[cfg(feature = "dtls")]
pub(super) fn dtls_bounds(config: &Lwm2mConfig) -> DtlsBounds {
    let bounds = config.bounds;
    DtlsBounds {
        live: bounds.peers,
        half_open: bounds.peers.div_ceil(2),
        half_open_per_host: bounds.peers.div_ceil(2),
        idle: bounds.idle,
        ..if config.slow_links { DtlsBounds::slow() } else { DtlsBounds::default() }
    }
}

/// What proves us, and what its files looked like when they were read.
#[cfg(feature = "dtls")]
struct Shown {
    files: TlsFiles,
    looks: Mutex<Looks>,
}

#[cfg(feature = "dtls")]
fn identity(files: &TlsFiles) -> Result<Identity, String> {
    let (chain, key) = files.chain_and_key().map_err(|error| error.to_string())?;
    Ok(Identity { chain, key })
}

fn listen(at: SocketAddr, wanted: usize, watch: &Watch) -> Result<Socket, ServerError> {
    let socket = Socket::open(at, wanted).map_err(|source| ServerError::Listen { address: at, source })?;
    if socket.given < wanted {
        let why = format!(
            "the receive buffer of {at} has {} bytes, {wanted} were asked: in a storm datagrams are lost; \
             sysctl -w net.core.rmem_max={wanted}",
            socket.given
        );
        watch.line("lwm2m-receive-buffer", json!({ "why": why }));
    }
    Ok(socket)
}

/// What every socket is opened with.
struct Starting<'a> {
    config: &'a Lwm2mConfig,
    ground: &'a Lwm2mGround,
    watch: &'a Watch,
    workers: &'a Arc<Workers>,
    post: &'a Post,
}

impl Drop for Lwm2mServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for inbox in &self.inboxes {
            inbox.ring();
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
