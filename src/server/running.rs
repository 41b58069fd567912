//! Starting and stopping the server.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use super::config::ServerConfig;
use super::error::ServerError;
use super::limits::Limits;
use super::listener::{Door, listen};
use super::log::Log;
use super::metrics::Metrics;
use super::service::{Service, router};
use super::tls::Tls;
use crate::delivery::Clock;
use crate::registration::exchange::{Administration, Registration};

/// The server.
pub struct Server;

/// A server that runs, on threads of its own. Dropped without [`Running::shutdown`], it ends at once.
pub struct Running {
    address: SocketAddr,
    stop: watch::Sender<Option<Duration>>,
    listening: JoinHandle<usize>,
    service: Arc<Service>,
    tls: Arc<Tls>,
    runtime: Option<Runtime>,
}

impl Server {
    /// Listens and serves. Everything that waits (registry, disk) is called on threads of its own.
    pub fn start(
        config: ServerConfig,
        registration: Arc<dyn Registration>,
        administration: Arc<dyn Administration>,
        clock: Arc<dyn Clock>,
        log: Arc<dyn Log>,
    ) -> Result<Running, ServerError> {
        let tls = Arc::new(Tls::read(config.tls.clone())?);
        let bounds = config.bounds;
        let service = Arc::new(Service {
            registration,
            administration,
            clock,
            log,
            limits: Limits::new(config.rates, bounds.buckets),
            metrics: Metrics::default(),
            bounds,
            began: Instant::now(),
            work: Arc::new(Semaphore::new(bounds.work_at_once.max(1))),
            number: AtomicU64::new(0),
            imports: Arc::new(Semaphore::new(bounds.imports.max(1))),
            waiting: Arc::new(Semaphore::new(bounds.waiting)),
            stopping: AtomicBool::new(false),
            open_metrics: config.open_metrics,
            figures: RwLock::default(),
        });
        let mut threads = Builder::new_multi_thread();
        // The bound on work is the semaphore; a few more threads for the runtime's own needs.
        let runtime = threads
            .enable_all()
            .thread_name("server")
            .max_blocking_threads(bounds.work_at_once + bounds.imports + 8)
            .build();
        let runtime = runtime.map_err(ServerError::Threads)?;
        let refused = |source| ServerError::Listen { address: config.listen, source };
        let listener = runtime.block_on(TcpListener::bind(config.listen)).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let door = Arc::new(Door {
            router: router(&service),
            service: Arc::clone(&service),
            tls: Arc::clone(&tls),
            room: Arc::new(Semaphore::new(bounds.connections.max(1))),
            sources: Mutex::default(),
        });
        let (stop, stopped) = watch::channel(None);
        let listening = runtime.spawn(listen(listener, door, stopped));
        let running = Running { address, stop, listening, service, tls, runtime: Some(runtime) };
        running.watch(&config)?;
        Ok(running)
    }
}

impl Running {
    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shows these lines too at `/metrics`.
    pub fn also_shows(&self, figures: Arc<dyn Fn() -> String + Send + Sync>) {
        self.service.figures.write().unwrap_or_else(PoisonError::into_inner).push(figures);
    }

    /// Reads certificate and key again. On an error the server goes on with those it has.
    pub fn reload(&self) -> Result<(), ServerError> {
        let done = self.tls.reload();
        note(&self.service, done.as_ref().map(|()| true));
        done
    }

    /// Takes no new connection, lets the requests at work end, at most for `wait`. Returns how many connections were cut.
    pub fn shutdown(mut self, wait: Duration) -> usize {
        self.service.stopping.store(true, Ordering::Relaxed);
        let _ = self.stop.send(Some(wait));
        let Some(runtime) = self.runtime.take() else { return 0 };
        let cut = runtime.block_on(&mut self.listening).unwrap_or(0);
        runtime.shutdown_timeout(wait);
        cut
    }

    fn watch(&self, config: &ServerConfig) -> Result<(), ServerError> {
        let Some(runtime) = &self.runtime else { return Ok(()) };
        let (service, tls, every) = (Arc::clone(&self.service), Arc::clone(&self.tls), config.look_every);
        runtime.spawn(async move {
            loop {
                tokio::time::sleep(every.max(Duration::from_millis(10))).await;
                let again = Arc::clone(&tls);
                if let Ok(done) = tokio::task::spawn_blocking(move || again.reload_if_changed()).await {
                    note(&service, done.as_ref().copied());
                }
            }
        });
        if config.takes_hangup {
            let _inside = runtime.enter();
            let mut hangup = signal(SignalKind::hangup()).map_err(ServerError::Threads)?;
            let (service, tls) = (Arc::clone(&self.service), Arc::clone(&self.tls));
            runtime.spawn(async move {
                while hangup.recv().await.is_some() {
                    let again = Arc::clone(&tls);
                    if let Ok(done) = tokio::task::spawn_blocking(move || again.reload()).await {
                        note(&service, done.as_ref().map(|()| true));
                    }
                }
            });
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Counts and logs that the certificate was read again.
fn note(service: &Service, done: Result<bool, &ServerError>) {
    match done {
        Ok(false) => {}
        Ok(true) => {
            service.metrics.reloads.fetch_add(1, Ordering::Relaxed);
            service.log.line(&json!({"what": "certificate-reloaded"}));
        }
        Err(error) => {
            service.metrics.reloads_failed.fetch_add(1, Ordering::Relaxed);
            service.log.line(&json!({"what": "certificate-not-reloaded", "why": error.to_string()}));
        }
    }
}
