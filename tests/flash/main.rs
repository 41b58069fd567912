//! The flash transaction as a line uses it: the real binary, on simulated chips that stand for hardware.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod by_hand;
#[path = "../common/mod.rs"]
mod common;
mod crash;
mod faults;
mod formats;
mod identity;
mod input;
mod keys;
mod line;
mod locks;
#[path = "../format/python.rs"]
mod python;
mod secrets;
mod serials;
