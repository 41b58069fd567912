//! Debug probes by probe-rs: CMSIS-DAP, ST-Link, J-Link, Black Magic and others, to Arm cores over SWD.
//!
//! probe-rs runs in a process of its own, which is this program started anew ([`WORKER`]): the library panics on some dead
//! targets, and a thread that hangs in a USB call cannot be ended, a process can. Chip data goes to it through a pipe, never on
//! a command line. Where the other end of the pipe goes away it finishes the pages it has begun.

#[cfg(not(feature = "probe"))]
mod absent;
#[cfg(feature = "probe")]
mod attach;
#[cfg(feature = "probe")]
mod choose;
#[cfg(feature = "probe")]
mod client;
#[cfg(feature = "probe")]
mod failure;
#[cfg(feature = "probe")]
mod frame;
#[cfg(feature = "probe")]
mod identity;
#[cfg(feature = "probe")]
mod job;
#[cfg(feature = "probe")]
mod order;
#[cfg(feature = "probe")]
mod process;
#[cfg(feature = "probe")]
mod target;
#[cfg(feature = "probe")]
mod worker;

#[cfg(not(feature = "probe"))]
pub use absent::Probe;
#[cfg(feature = "probe")]
pub use client::Probe;
#[cfg(feature = "probe")]
pub use process::Limits;
#[cfg(feature = "probe")]
pub use worker::serve;

/// The one word on the command line that makes this program the worker of a probe. It is no subcommand: nobody types it.
pub const WORKER: &str = "__probe-worker";
