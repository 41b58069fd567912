//! What the bootstrap server is told at its start.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::coap::Timing;
use crate::server::tls::TlsFiles;

/// What the bootstrap server is told at its start.
#[derive(Clone, Debug)]
pub struct Lwm2mConfig {
    /// Where to take requests without protection; port 0 takes any.
    pub coap: Option<SocketAddr>,
    /// Where to speak DTLS; port 0 takes any.
    pub coaps: Option<SocketAddr>,
    /// What proves it to devices that come with a certificate; without, only pre-shared keys are taken.
    pub identity: Option<TlsFiles>,
    /// True if some devices are behind links where an answer takes many seconds: DTLS is as patient with all of them, for a
    /// device is known only by its handshake.
    pub slow_links: bool,
    /// How patient it is with devices of which nothing is known yet.
    pub timing: Timing,
    /// How much it takes on.
    pub bounds: Lwm2mBounds,
    /// Folder for a record of each bootstrap; none where none are kept.
    pub transcripts: Option<PathBuf>,
}

/// How much and how long.
#[derive(Clone, Copy, Debug)]
pub struct Lwm2mBounds {
    /// Peers at a time on the socket of DTLS, and eight times as many on the one without; what others send is passed over,
    /// so that they come again.
    pub peers: usize,
    /// How long a peer may say nothing.
    pub idle: Duration,
    /// How long a peer is kept after all was said, while there is room: its last message may have been lost.
    pub linger: Duration,
    /// How long one bootstrap may take in all.
    pub session: Duration,
    /// Threads that wait for registry, disk and hooks.
    pub workers: usize,
    /// What may wait for such a thread; requests beyond it are passed over, so that they come again.
    pub queue: usize,
    /// The receive buffer that is asked of the system, in bytes.
    pub receive_buffer: usize,
}

impl Default for Lwm2mBounds {
    fn default() -> Self {
        Self {
            peers: 1_500,
            idle: Duration::from_mins(2),
            linger: Duration::from_secs(3),
            session: Duration::from_mins(30),
            workers: 8,
            queue: 4_096,
            receive_buffer: 4 << 20,
        }
    }
}
