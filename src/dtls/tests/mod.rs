//! What the room promises, tried with clients of OpenSSL's own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod hostile;
mod life;
mod lossy;
mod world;
