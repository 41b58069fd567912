//! What a person or a script sees: printer, progress, prompts, tables, errors with their hints.
//!
//! Owns every byte on stdout and stderr, the wording around errors, colours and the signals of the terminal. It draws what
//! the floors below report; it decides nothing, opens no fleet and knows no subcommand.

pub mod ask;
pub mod classes;
#[cfg(feature = "station")]
pub mod closing;
pub mod complaint;
#[cfg(feature = "station")]
pub mod consent;
#[cfg(feature = "station")]
pub mod counting;
#[cfg(feature = "station")]
pub mod csv;
pub mod failure;
#[cfg(feature = "station")]
pub mod first_article;
pub mod interrupt;
pub mod measure;
pub mod panics;
pub mod plain;
pub mod printer;
#[cfg(feature = "station")]
pub mod progress;
#[cfg(feature = "station")]
pub mod prompt;
#[cfg(feature = "station")]
pub mod station_screen;
pub mod table;
pub mod terminal;

pub use classes::class_of;
pub use complaint::Complaint;
#[cfg(feature = "station")]
pub use counting::Counting;
#[cfg(feature = "station")]
pub use csv::Csv;
pub use failure::Failure;
pub use interrupt::{Hangup, Interrupt};
pub use printer::{Format, Level, Printer};
#[cfg(feature = "station")]
pub use progress::Drawing;
#[cfg(feature = "station")]
pub use prompt::Prompt;
pub use table::Table;
pub use terminal::Terminal;
