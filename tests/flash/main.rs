//! The flash transaction as a line uses it: the real binary, on simulated chips that stand for hardware.
#![allow(clippy::unwrap_used, unreachable_pub)]

#[path = "../common/mod.rs"]
mod common;
mod crash;
mod faults;
mod identity;
mod line;
mod locks;
mod secrets;
mod serials;
