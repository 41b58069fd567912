//! The two calls of the kernel that rustix has no name for: reading and setting a serial port's control lines.
#![allow(unsafe_code, reason = "ioctl is not typed by the kernel")]

use std::io;
use std::os::fd::BorrowedFd;

use libc::{TIOCM_DTR, TIOCM_RTS, TIOCMGET, TIOCMSET, c_int};
use rustix::ioctl::{Getter, Opcode, Setter, ioctl};

#[allow(clippy::cast_possible_truncation, reason = "an opcode has 32 bits; libc has it in a long")]
const GET: Opcode = TIOCMGET as Opcode;
#[allow(clippy::cast_possible_truncation, reason = "an opcode has 32 bits; libc has it in a long")]
const SET: Opcode = TIOCMSET as Opcode;

/// Sets both control lines in one call, and leaves the others as they are.
pub(super) fn set(port: BorrowedFd<'_>, dtr: bool, rts: bool) -> io::Result<()> {
    let mut bits = bits(port)?;
    for (line, on) in [(TIOCM_DTR, dtr), (TIOCM_RTS, rts)] {
        bits = if on { bits | line } else { bits & !line };
    }
    // SAFETY: `TIOCMSET` reads one `int` from the address it is given (ioctl_tty(2)), which is what `Setter` passes.
    unsafe { ioctl(port, Setter::<SET, c_int>::new(bits)) }?;
    Ok(())
}

/// Returns the control lines; a pseudo terminal has none and says so.
pub(super) fn bits(port: BorrowedFd<'_>) -> io::Result<c_int> {
    // SAFETY: `TIOCMGET` writes one `int` to the address it is given (ioctl_tty(2)), which is what `Getter` passes.
    Ok(unsafe { ioctl(port, Getter::<GET, c_int>::new()) }?)
}
