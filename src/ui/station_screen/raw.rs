//! The terminal while the screen is drawn: keys one by one, nothing echoed, a screen of its own. It is given back at every
//! end, after a panic too.

use std::io::{self, Write as _};
use std::sync::{Mutex, TryLockError};

use rustix::termios::{self, LocalModes, OptionalActions, SpecialCodeIndex, Termios};

/// Another screen, no cursor, no wrapping at the edge.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
const LEAVE: &str = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// The terminal, taken; given back when this is dropped.
pub struct Raw(());

impl Raw {
    /// Takes the terminal. Reads of standard input return after a tenth of a second at the latest.
    pub fn take() -> io::Result<Self> {
        let before = termios::tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.local_modes -= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN;
        raw.input_modes -= termios::InputModes::IXON | termios::InputModes::ICRNL;
        raw.special_codes[SpecialCodeIndex::VMIN] = 0;
        raw.special_codes[SpecialCodeIndex::VTIME] = 1;
        // Before the terminal changes, so that whatever happens in between it is given back.
        *BEFORE.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(before);
        let this = Self(());
        termios::tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        write(ENTER);
        Ok(this)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back, if it is taken; may be called at any time, from any thread.
pub fn give_back() {
    let mut before = match BEFORE.try_lock() {
        Ok(before) => before,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        // Somebody else is giving it back at this moment.
        Err(TryLockError::WouldBlock) => return,
    };
    if let Some(before) = before.take() {
        write(LEAVE);
        let _ = termios::tcsetattr(io::stdin(), OptionalActions::Now, &before);
    }
}

/// Returns true while the terminal is taken.
pub fn is_taken() -> bool {
    BEFORE.lock().unwrap_or_else(std::sync::PoisonError::into_inner).is_some()
}

/// Nobody is left to tell if the terminal went away.
fn write(codes: &str) {
    let mut terminal = io::stderr().lock();
    let _ = terminal.write_all(codes.as_bytes()).and_then(|()| terminal.flush());
}
