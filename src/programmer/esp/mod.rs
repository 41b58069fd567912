//! The ROM loader of the ESP32 family, over a serial port or a TCP socket; no program is loaded into the chip.
//!
//! Facts: Espressif's "Serial Protocol" (esptool documentation), confirmed against esptool 5.6.0 by the simulated ROM in
//! `tests/lab/esp_rom.py`, which esptool accepts first.

pub mod answer;
mod connecting;
mod family;
mod flash;
mod lines;
mod loader;
mod modem;
mod opening;
mod request;
mod rom;
mod serial;
pub mod slip;
mod socket;
#[cfg(test)]
mod tests;
mod wire;
mod writing;

pub use loader::Loader;
