//! The server: sockets, TLS and HTTP around registration and administration.

pub mod decode;
