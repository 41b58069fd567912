//! Sockets: taking connections, TLS, HTTP/1.1 and HTTP/2, cutting who is idle or slow, stopping without loss.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming as Wire;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower_service::Service as _;

use super::activity::Activity;
use super::body::Peer;
use super::config::Bounds;
use super::limits::Counted;
use super::service::Service;
use super::tls::Tls;

/// Headers of one request, in bytes.
const LARGEST_HEAD: u32 = 24 * 1024;
/// Requests at once on one HTTP/2 connection.
const MOST_STREAMS: u32 = 16;

/// What all connections share.
pub(super) struct Door {
    pub(super) service: Arc<Service>,
    pub(super) router: Router,
    pub(super) tls: Arc<Tls>,
    pub(super) room: Arc<Semaphore>,
    pub(super) sources: Mutex<HashMap<Counted, usize>>,
}

/// Takes connections until `stop` says how long the last ones may take. Returns how many were cut.
pub(super) async fn listen(
    listener: TcpListener,
    door: Arc<Door>,
    mut stop: watch::Receiver<Option<Duration>>,
) -> usize {
    let mut connections = JoinSet::new();
    let ended = stop.clone();
    loop {
        tokio::select! {
            _ = stop.wait_for(Option::is_some) => break,
            Some(_) = connections.join_next() => {}
            taken = take(&listener, &door) => {
                if let Some((stream, peer, room)) = taken {
                    connections.spawn(Arc::clone(&door).connection(stream, peer, room, ended.clone()));
                }
            }
        }
    }
    drop(listener);
    let wait = stop.borrow().unwrap_or_default();
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(wait, all).await.is_ok() {
        return 0;
    }
    let left = connections.len();
    connections.shutdown().await;
    left
}

async fn take(listener: &TcpListener, door: &Door) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let room = Arc::clone(&door.room).acquire_owned().await.ok()?;
    if let Ok((stream, peer)) = listener.accept().await {
        Some((stream, peer, room))
    } else {
        // Out of file descriptors, or the client is gone already: the former does not pass by asking again at once.
        tokio::time::sleep(Duration::from_millis(50)).await;
        None
    }
}

/// A connection's place among those of its source.
struct Place<'a> {
    door: &'a Door,
    source: Counted,
}

impl<'a> Place<'a> {
    fn take(door: &'a Door, source: Counted) -> Option<Self> {
        let mut sources = door.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let open = sources.entry(source.clone()).or_default();
        if *open >= door.service.bounds.connections_of_source.max(1) {
            return None;
        }
        *open += 1;
        door.service.metrics.connections.fetch_add(1, Ordering::Relaxed);
        Some(Self { door, source })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut sources = self.door.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = sources.get_mut(&self.source) {
            *open -= 1;
            if *open == 0 {
                sources.remove(&self.source);
            }
        }
        self.door.service.metrics.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Door {
    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        _room: OwnedSemaphorePermit,
        stop: watch::Receiver<Option<Duration>>,
    ) {
        let metrics = &self.service.metrics;
        metrics.accepted.fetch_add(1, Ordering::Relaxed);
        let source = peer.ip().to_canonical();
        let Some(_place) = Place::take(&self, Counted::source(source)) else {
            metrics.turned_away.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let _ = stream.set_nodelay(true);
        let handshake = TlsAcceptor::from(self.tls.current()).accept(stream);
        let Ok(Ok(stream)) = tokio::time::timeout(self.service.bounds.handshake, handshake).await else {
            metrics.handshakes_failed.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let certificates = Arc::new(certificates.iter().map(|one| one.as_ref().to_vec()).collect());
        let peer = Peer { source, certificates, activity: Activity::new() };
        if !self.serve(stream, peer, stop).await {
            metrics.cut.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Serves one connection. Returns false if it was cut.
    async fn serve(
        &self,
        stream: TlsStream<TcpStream>,
        peer: Peer,
        mut stop: watch::Receiver<Option<Duration>>,
    ) -> bool {
        let bounds = self.service.bounds;
        let builder = builder(&bounds, stream.get_ref().1.alpn_protocol() == Some(b"h2"));
        let (router, extension) = (self.router.clone(), peer.clone());
        let service = service_fn(move |mut request: Request<Wire>| {
            request.extensions_mut().insert(extension.clone());
            let mut router = router.clone();
            async move {
                Ok::<_, Infallible>(router.call(request.map(Body::new)).await.unwrap_or_else(|never| match never {}))
            }
        });
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let mut stopping = false;
        loop {
            tokio::select! {
                // A stranger's protocol errors are no news.
                _ = connection.as_mut() => return true,
                _ = stop.wait_for(Option::is_some), if !stopping => {
                    stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = tokio::time::sleep((bounds.idle / 8).max(Duration::from_millis(10))) => {
                    if peer.activity.idle().is_some_and(|idle| idle > bounds.idle) {
                        return false;
                    }
                }
            }
        }
    }
}

/// HTTP as bounded as it gets. Which HTTP was agreed in the handshake; nobody has to be listened to for finding out.
fn builder(bounds: &Bounds, is_h2: bool) -> Builder<TokioExecutor> {
    let builder = Builder::new(TokioExecutor::new());
    let mut builder = if is_h2 { builder.http2_only() } else { builder.http1_only() };
    let head = usize::try_from(LARGEST_HEAD).unwrap_or(usize::MAX);
    builder.http1().timer(TokioTimer::new()).header_read_timeout(bounds.header).max_buf_size(head).max_headers(64);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MOST_STREAMS)
        .max_header_list_size(LARGEST_HEAD)
        .max_pending_accept_reset_streams(MOST_STREAMS as usize)
        .max_local_error_reset_streams(64)
        .initial_stream_window_size(64 * 1024)
        .initial_connection_window_size(256 * 1024)
        .max_send_buf_size(64 * 1024)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}
