//! The process that has a debug probe: started by this program for itself, never typed, so it is no subcommand.

use std::ffi::OsString;
use std::io;

use crate::programmer::swd;

/// True if this program was started as the worker of a probe.
pub fn is_meant(arguments: &[OsString]) -> bool {
    matches!(arguments, [_, word] if word == swd::WORKER)
}

/// Obeys the orders on standard input until it ends. Returns the exit status, 0.
pub fn run() -> u8 {
    // The lock of standard output is for one thread; the worker's own thread writes.
    swd::serve(io::stdin().lock(), io::stdout());
    0
}
