//! USB DFU 1.1 and ST's DfuSe 1.1a (AN3156, UM0424), over control transfers.

mod client;
mod control;
#[cfg(test)]
mod fake;
mod layout;
mod leave;
mod map;
mod memory;
mod plain;
mod select;
mod session;
mod status;
#[cfg(test)]
mod tests;

pub use client::Client;
