//! Puts the board on the terminal; only rows that changed are written.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use super::board::Board;
use super::paint;
use super::raw::{self, Raw};

/// The terminal as a screen.
pub struct Screen {
    _raw: Raw,
    colour: bool,
    dot: char,
    size: (usize, usize),
    shown: Vec<String>,
}

impl Screen {
    /// Takes the terminal.
    pub fn take(colour: bool) -> io::Result<Self> {
        let dot = if speaks_utf8(&|name| std::env::var(name).ok()) { '█' } else { '#' };
        Ok(Self { _raw: Raw::take()?, colour, dot, size: (0, 0), shown: Vec::new() })
    }

    /// Draws the board as it is now, in the size that the terminal has now.
    pub fn draw(&mut self, board: &Board) {
        if !raw::is_taken() {
            return;
        }
        let size = size();
        let mut out = String::new();
        if size != self.size {
            (self.size, self.shown) = (size, Vec::new());
            out.push_str("\x1b[0m\x1b[2J");
        }
        let rows = paint::draw(board, size.0, size.1, self.dot).rows(self.colour);
        for (index, row) in rows.iter().enumerate() {
            if self.shown.get(index) != Some(row) {
                let _ = write!(out, "\x1b[{};1H{row}", index + 1);
            }
        }
        self.shown = rows;
        if !out.is_empty() {
            let mut terminal = io::stderr().lock();
            // A terminal that went away is no reason to leave a unit half done.
            let _ = terminal.write_all(out.as_bytes()).and_then(|()| terminal.flush());
        }
    }
}

/// Columns and rows; those of an old terminal where it does not say.
fn size() -> (usize, usize) {
    let size = rustix::termios::tcgetwinsize(io::stderr()).ok();
    let size = size.map(|size| (usize::from(size.ws_col), usize::from(size.ws_row)));
    size.filter(|size| size.0 > 0 && size.1 > 0).unwrap_or((80, 24))
}

/// Looks at `LC_ALL`, `LC_CTYPE` and `LANG`; the first that is set counts (POSIX, 8.2).
fn speaks_utf8(read: &dyn Fn(&str) -> Option<String>) -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| read(name).filter(|value| !value.is_empty()));
    set.is_some_and(|value| value.to_ascii_uppercase().replace('-', "").contains("UTF8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_characters_are_for_terminals_that_have_them() {
        let with = |pairs: &'static [(&'static str, &'static str)]| {
            speaks_utf8(&|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))
        };
        assert!(with(&[("LANG", "de_DE.UTF-8")]) && with(&[("LC_CTYPE", "C.utf8"), ("LANG", "C")]));
        assert!(!with(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]) && !with(&[]));
    }
}
