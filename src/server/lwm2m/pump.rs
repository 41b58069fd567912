//! One socket with its thread: datagrams in, datagrams out, work to those who may wait.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::bootstrap::{Configurations, Refused};
use crate::coap::{Response, Unanswered};
#[cfg(feature = "dtls")]
use crate::dtls::{Identity, PreSharedKeys};
use crate::format::coap::Code;
use crate::management::{Errand, Front};

use super::peer::Push;
use super::peers::{Done, Peers, Task, TaskResult, Work};
#[cfg(feature = "dtls")]
use super::proving::{Gate, Proving};
use super::socket::{Bell, Socket};
use super::transcript;
use super::watch::Watch;
use super::wire::{Heard, Wire};
use super::workers::Workers;

/// The longest wait: so long a stop may be overlooked where the bell could not ring.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// Datagrams that are taken before anything is sent.
const BATCH: usize = 256;
/// What is said of work that panicked; the panic itself is in the log of the system.
const BROKEN: &str = "the server met an error of its own";
const INTERNAL_SERVER_ERROR: Code = Code(5 << 5);

/// What a socket's thread is told by others.
pub(super) enum Letter {
    /// What came of work.
    Done(Done),
    /// A request of the management server to a device behind this socket.
    Errand(Errand),
    /// A bootstrap that was not asked for.
    Push(Push),
    /// What proves us from now on.
    #[cfg(feature = "dtls")]
    Renew(Identity),
}

/// The letter box of a socket's thread.
#[derive(Clone)]
pub(super) struct Inbox {
    letters: Arc<Mutex<VecDeque<Letter>>>,
    bell: Bell,
}

impl Inbox {
    pub(super) fn new(bell: Bell) -> Self {
        Self { letters: Arc::default(), bell }
    }

    pub(super) fn put(&self, letter: Letter) {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner).push_back(letter);
        self.bell.ring();
    }

    pub(super) fn ring(&self) {
        self.bell.ring();
    }

    fn take(&self) -> VecDeque<Letter> {
        std::mem::take(&mut *self.letters.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where the management server's requests go.
#[derive(Clone, Default)]
pub(super) struct Post {
    pub(super) plain: Option<Inbox>,
    pub(super) protected: Option<Inbox>,
}

/// One socket, what lies on its wire, and its peers.
pub(super) struct Pump<W: Wire> {
    pub(super) socket: Socket,
    pub(super) wire: W,
    pub(super) peers: Peers<W::Key>,
    pub(super) hands: Hands,
}

/// Who does what may wait.
pub(super) struct Hands {
    pub(super) workers: Arc<Workers>,
    pub(super) configurations: Arc<dyn Configurations>,
    #[cfg(feature = "dtls")]
    pub(super) keys: Arc<dyn PreSharedKeys>,
    #[cfg(feature = "dtls")]
    pub(super) proving: Proving,
    pub(super) watch: Watch,
    pub(super) transcripts: Option<PathBuf>,
    pub(super) inbox: Inbox,
    /// The management server, where this thread sends its requests.
    pub(super) front: Option<(Arc<Front>, Post)>,
    /// The management server, for what devices ask of it.
    pub(super) manager: Option<Arc<Front>>,
    pub(super) began: Instant,
}

impl<W: Wire> Pump<W> {
    /// Runs until it is told to stop.
    pub(super) fn run(mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            if let Err(error) = self.turn() {
                self.hands.watch.line("lwm2m-socket", json!({ "why": error.to_string() }));
                std::thread::sleep(LONGEST_WAIT);
            }
        }
        let at = self.hands.began.elapsed();
        self.peers.stop(at);
        self.flush(at);
    }

    fn turn(&mut self) -> std::io::Result<()> {
        let now = self.hands.began.elapsed();
        let deadline = [self.peers.deadline(), self.wire.deadline()].into_iter().flatten().min();
        let wait = deadline.map_or(LONGEST_WAIT, |deadline| deadline.saturating_sub(now)).min(LONGEST_WAIT);
        // A wait is rounded down to milliseconds: a little longer, so that what is due is due.
        self.socket.wait(if wait.is_zero() { wait } else { wait + Duration::from_millis(1) })?;
        let at = self.hands.began.elapsed();
        self.take_in(at)?;
        self.hands.send_errands(at);
        for letter in self.hands.inbox.take() {
            match letter {
                Letter::Done(done) => self.peers.done(at, done),
                #[cfg(feature = "dtls")]
                Letter::Renew(identity) => {
                    if let Err(why) = self.wire.renew(identity) {
                        self.hands.watch.line("lwm2m-identity", json!({ "why": why }));
                    }
                }
                Letter::Push(push) => self.peers.push(at, push, |address| self.wire.key(address)),
                Letter::Errand(errand) => self.peers.errand(at, errand, |address| self.wire.key(address)),
            }
        }
        self.wire.tick(at);
        self.listen(at);
        self.peers.tick(at);
        self.flush(at);
        Ok(())
    }

    fn take_in(&mut self, at: Duration) -> std::io::Result<()> {
        for _ in 0..BATCH {
            let Some((from, datagram)) = self.socket.receive()? else { return Ok(()) };
            self.hands.watch.counts.datagrams_in.fetch_add(1, Ordering::Relaxed);
            self.wire.received(at, from, datagram);
            self.listen(at);
        }
        Ok(())
    }

    fn listen(&mut self, at: Duration) {
        while let Some(heard) = self.wire.heard() {
            match heard {
                Heard::Said { key, from, proof, bytes } => self.peers.received(at, key, from, &proof, &bytes),
                #[cfg(feature = "dtls")]
                Heard::Gone { key, why } => self.peers.gone(at, key, &why),
                #[cfg(feature = "dtls")]
                Heard::Joined { from, proof, suite } => self.hands.watch.joined(from, &proof, &suite),
                #[cfg(feature = "dtls")]
                Heard::Proved { identity, number } => {
                    let keys = Arc::clone(&self.hands.keys);
                    let opener = self.hands.proving.begin(&identity);
                    self.hands.workers.put(move || {
                        let _opener = opener;
                        keys.proved(&identity, number);
                    });
                }
                #[cfg(feature = "dtls")]
                Heard::Failed(failed) => self.hands.watch.handshake_failed(&failed),
            }
        }
    }

    /// Hands out what there is to be sent and to be worked.
    fn flush(&mut self, at: Duration) {
        while let Some((key, bytes)) = self.peers.datagram() {
            self.wire.send(at, key, bytes);
        }
        while let Some((key, idle)) = self.peers.kept() {
            self.wire.keep(key, idle);
        }
        while let Some(key) = self.peers.left() {
            self.wire.close(at, key);
        }
        if let gone @ 1.. = self.wire.turned_away() {
            self.hands.watch.counts.turned_away.store(gone, Ordering::Relaxed);
        }
        while let Some((to, bytes)) = self.wire.datagram() {
            self.hands.watch.counts.datagrams_out.fetch_add(1, Ordering::Relaxed);
            self.socket.send(to, &bytes);
        }
        while let Some(work) = self.peers.work() {
            self.hands.put(work);
        }
    }
}

impl Hands {
    fn put(&self, work: Work) {
        let Work { number, peer, task } = work;
        let configurations = Arc::clone(&self.configurations);
        match task {
            Task::Configure { proof, asked, from } => {
                let broken = TaskResult::Configured(Err(Refused::Faulty(BROKEN.to_owned())));
                #[cfg(feature = "dtls")]
                let gate = self.proving.of(&proof);
                self.answering(number, peer, broken, move || {
                    #[cfg(feature = "dtls")]
                    gate.iter().for_each(Gate::wait);
                    TaskResult::Configured(configurations.configuration(&proof, &asked, from))
                });
            }
            Task::Front { asked, whence, proof, request } => {
                let (front, at) = (self.manager.clone(), self.began.elapsed());
                let leaves = request.code == Code::DELETE;
                let response = Response::new(INTERNAL_SERVER_ERROR);
                let broken = TaskResult::Fronted { asked, response, leaves: false };
                self.answering(number, peer, broken, move || {
                    let missing = || Response::new(Code(4 << 5 | 4));
                    let response = front.map_or_else(missing, |front| front.asked(at, whence, &proof, &request));
                    TaskResult::Fronted { asked, response, leaves }
                });
            }
            Task::Consult { device, consultation } => {
                let broken = TaskResult::Consulted(Err(BROKEN.to_owned()));
                self.answering(number, peer, broken, move || {
                    TaskResult::Consulted(configurations.consult(&device, &consultation))
                });
            }
            Task::End { device, outcome, record, time, finish } => {
                let (folder, watch) = (self.transcripts.clone(), self.watch.clone());
                self.workers.put(move || {
                    configurations.ended(&device, &outcome, finish);
                    let (Some(folder), Some(record)) = (folder, record) else { return };
                    if let Err(error) = transcript::write(&folder, &device, &time, &record) {
                        let why = format!("the record of a bootstrap could not be written: {error}");
                        watch.line("transcript", json!({ "device": device.as_str(), "why": why }));
                    }
                });
            }
        }
    }

    /// Has an answer found out. `broken` is the answer where that panics: work that was given out comes back, or its place in
    /// the queue were lost.
    fn answering(
        &self,
        number: u64,
        peer: u64,
        broken: TaskResult,
        work: impl FnOnce() -> TaskResult + Send + 'static,
    ) {
        let inbox = self.inbox.clone();
        self.workers.put(move || {
            let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or(broken);
            inbox.put(Letter::Done(Done { number, peer, result }));
        });
    }

    /// Hands out what the management server wants of devices.
    fn send_errands(&self, at: Duration) {
        let Some((front, post)) = &self.front else { return };
        if front.deadline().is_some_and(|deadline| deadline <= at) {
            let front = Arc::clone(front);
            // It tells the registry who is gone.
            self.workers.put(move || front.tick(at));
        }
        while let Some(errand) = front.next(at) {
            let inbox = if errand.peer.association.is_some() { &post.protected } else { &post.plain };
            match inbox {
                Some(inbox) => inbox.put(Letter::Errand(errand)),
                None => front.heard(at, errand.wish, Err(Unanswered::Silent)),
            }
        }
    }
}
