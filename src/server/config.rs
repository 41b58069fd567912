//! What the server is told at its start.

use std::net::SocketAddr;
use std::time::Duration;

use super::decode::LONGEST;
use super::tls::TlsFiles;
use crate::fleet::enrolment::Rates;

/// What the server is told at its start.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where to listen; port 0 takes any.
    pub listen: SocketAddr,
    /// Certificate and key.
    pub tls: TlsFiles,
    /// Requests a minute; a group's rate is for all groups the same.
    pub rates: Rates,
    /// Bounds.
    pub bounds: Bounds,
    /// How often the PEM files are looked at for a change.
    pub look_every: Duration,
    /// True if `/metrics` is shown without credentials.
    pub open_metrics: bool,
    /// Whether SIGHUP reads the PEM files again.
    pub takes_hangup: bool,
}

/// How much and how long.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Open connections; more wait in the kernel's queue.
    pub connections: usize,
    /// Open connections of one source (/24 or /48); more are closed at once.
    pub connections_of_source: usize,
    /// Requests at work at once; more wait.
    pub work_at_once: usize,
    /// How long a request may wait for its turn, then it is told to come later.
    pub turn: Duration,
    /// How long work may take, then the request is told to come later; the work goes on and its result is kept.
    pub work: Duration,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long the headers of a request may take.
    pub header: Duration,
    /// How long a body may take.
    pub body: Duration,
    /// Longest body of a request, in bytes.
    pub longest_body: usize,
    /// Longest list that is imported, in bytes.
    pub longest_import: u64,
    /// How long an import may take.
    pub import: Duration,
    /// Imports at once; more are told to come later.
    pub imports: usize,
    /// Requests that wait for events at once; more are answered without waiting.
    pub waiting: usize,
    /// How long a connection may do nothing.
    pub idle: Duration,
    /// Rate limits kept in memory (about 100 bytes each).
    pub buckets: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_of_source: 1024,
            work_at_once: 128,
            turn: Duration::from_secs(15),
            work: Duration::from_mins(1),
            handshake: Duration::from_secs(10),
            header: Duration::from_secs(10),
            body: Duration::from_secs(20),
            longest_body: LONGEST,
            longest_import: 64 << 20,
            import: Duration::from_mins(10),
            imports: 2,
            waiting: 256,
            idle: Duration::from_mins(1),
            buckets: 100_000,
        }
    }
}
