//! The server: sockets, TLS and HTTP around registration and administration. Asynchronous code lives here only.

mod activity;
mod body;
mod config;
pub mod decode;
mod error;
mod limits;
mod listener;
mod log;
pub mod lwm2m;
mod metrics;
mod openapi;
mod problem;
mod routes;
mod running;
mod service;
mod tls;

pub use config::{Bounds, ServerConfig};
pub use error::ServerError;
pub use limits::BAD_PROOF_COST;
pub use log::{Log, NoLog};
pub use running::{Running, Server};
pub use tls::TlsFiles;
