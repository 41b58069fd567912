//! LwM2M from outside: foreign clients, real sockets, the real program.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

#[cfg(feature = "dtls")]
mod bootstrap_serve;
mod card;
mod checklist;
mod coap_peers;
#[path = "../common/mod.rs"]
mod common;
#[cfg(feature = "dtls")]
mod consulted;
#[cfg(feature = "dtls")]
mod dtls_peers;
#[cfg(feature = "dtls")]
mod explain;
#[cfg(feature = "dtls")]
mod foreign;
mod managed;
mod payload;
#[cfg(feature = "dtls")]
mod rotation;
mod server_keys;
