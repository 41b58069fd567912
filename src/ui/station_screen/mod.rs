//! The technician's screen: a block for each slot, readable from two metres; plain lines where there is no terminal.

pub mod board;
pub mod canvas;
pub mod keys;
pub mod letters;
pub mod lines;
pub mod paint;
pub mod raw;
pub mod screen;

pub use board::{Board, Face, Slot};
pub use keys::{Key, Typist};
pub use lines::Lines;
pub use screen::Screen;
