//! What the server proves itself with, and how much it spends on strangers.

use std::time::Duration;

use thiserror::Error;

use crate::fleet::{Class, Diagnose, Secret};

/// What proves the server to peers that come with a certificate.
pub struct Identity {
    /// The server's certificate and those above it, DER, the server's first.
    pub chain: Vec<Vec<u8>>,
    /// The private key of the first certificate, PKCS#8, DER.
    pub key: Secret,
}

/// How much is spent on peers, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DtlsBounds {
    /// Peers at once, those in the middle of their handshake included; each takes up to 150 kB. A hello over it is not
    /// answered: the client asks again.
    pub live: usize,
    /// Peers at once in the middle of their handshake.
    pub half_open: usize,
    /// The same from one IP address (of IPv6: from one /64).
    pub half_open_per_host: usize,
    /// Datagrams of one handshake that are read.
    pub handshake_datagrams: usize,
    /// Bytes of one handshake that are read.
    pub handshake_bytes: usize,
    /// How long a handshake may take, from the hello with its cookie.
    pub handshake_time: Duration,
    /// After what time our unanswered flight is sent again, at least a tenth of a second; doubled each time, to at most a
    /// minute.
    pub flight_interval: Duration,
    /// After what time without a word a peer is forgotten.
    pub idle: Duration,
    /// Longest datagram that we send, in bytes of UDP payload.
    pub datagram: u16,
}

impl Default for DtlsBounds {
    fn default() -> Self {
        Self {
            live: 4096,
            half_open: 4096,
            half_open_per_host: 2048,
            handshake_datagrams: 128,
            handshake_bytes: 64 * 1024,
            handshake_time: Duration::from_mins(1),
            flight_interval: Duration::from_secs(2),
            idle: Duration::from_mins(5),
            datagram: 1200,
        }
    }
}

impl DtlsBounds {
    /// For links where an answer takes tens of seconds (NB-IoT): flights are repeated after 20 s, a handshake has 4 minutes.
    pub fn slow() -> Self {
        Self { handshake_time: Duration::from_mins(4), flight_interval: Duration::from_secs(20), ..Self::default() }
    }
}

/// Why DTLS cannot be served.
#[derive(Debug, Error)]
pub enum DtlsError {
    /// The certificate, or one above it, cannot be used.
    #[error("the server's certificate cannot be used for DTLS: {0}")]
    Certificate(String),
    /// The private key cannot be used, or is not that of the certificate.
    #[error("the server's private key cannot be used for DTLS: {0}")]
    Key(String),
    /// The DTLS library refused a setting.
    #[error("the DTLS library refused to be set up: {0}")]
    Library(String),
}

impl Diagnose for DtlsError {
    fn class(&self) -> Class {
        match self {
            Self::Certificate(_) | Self::Key(_) => Class::Input,
            Self::Library(_) => Class::Fault,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Certificate(_) | Self::Key(_) => {
                Some("DTLS wants an ECDSA key (P-256 or P-384) in PKCS#8 and its certificate".to_owned())
            }
            Self::Library(_) => None,
        }
    }
}
