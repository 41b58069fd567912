//! A small LwM2M management server: devices register, say that they live, and are told to bootstrap anew.
//!
//! LwM2M TS Core 1.0 to 1.2, section 6.2 (Client Registration Interface), and of section 6.3 Read and Execute. No socket and
//! no clock. Beside it the rules of a rollout: who bootstraps anew next, and when it is better to stop.

mod asked;
mod client;
mod foreman;
mod front;
#[cfg(test)]
mod front_tests;
mod rollout;
#[cfg(test)]
mod rollout_tests;
#[cfg(test)]
#[cfg(feature = "postgres")]
mod store_tests;
mod wish;

pub use client::{Client, Peer};
pub use foreman::{Foreman, Untold, Ways};
pub use front::{Estate, Front, FrontBounds, NotTaken};
pub use rollout::next_move;
pub use wish::{Errand, Want, WishFailure, WishId};
