//! Keys: a person, a foot switch and a barcode scanner all type.

/// What was typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Key {
    /// A line with its end; empty for Enter alone.
    Line(String),
    /// The line so far.
    Typing(String),
    /// End.
    Quit,
    /// Stop at once.
    Stop,
}

/// The longest line that is kept.
const LONGEST: usize = 128;

/// Makes keys of bytes.
#[derive(Default)]
pub struct Typist {
    line: Vec<u8>,
    escape: bool,
    was_return: bool,
}

impl Typist {
    /// Takes bytes as they come.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Key> {
        let mut keys = Vec::new();
        for byte in bytes {
            self.take(*byte, &mut keys);
        }
        if !self.line.is_empty() || keys.is_empty() {
            keys.push(Key::Typing(self.typed()));
        }
        keys
    }

    /// Nothing came for a moment: a `q` that nothing follows is no scanned label.
    pub fn pause(&mut self) -> Option<Key> {
        self.escape = false;
        if self.line == b"q" || self.line == b"Q" {
            self.line.clear();
            return Some(Key::Quit);
        }
        None
    }

    fn take(&mut self, byte: u8, keys: &mut Vec<Key>) {
        let after_return = std::mem::replace(&mut self.was_return, byte == b'\r');
        match byte {
            _ if self.escape => self.escape = !(byte.is_ascii_alphabetic() || byte == b'~'),
            0x1b => self.escape = true,
            b'\n' if after_return => {}
            b'\r' | b'\n' => {
                let line = self.typed().trim().to_owned();
                self.line.clear();
                keys.push(if line.eq_ignore_ascii_case("q") { Key::Quit } else { Key::Line(line) });
            }
            0x03 => keys.push(Key::Stop),
            0x08 | 0x7f => {
                // The last character, of however many bytes.
                while self.line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
            }
            byte if byte < 0x20 => {}
            byte if self.line.len() < LONGEST => self.line.push(byte),
            _ => {}
        }
    }

    fn typed(&self) -> String {
        String::from_utf8_lossy(&self.line).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Key {
        Key::Line(text.to_owned())
    }

    #[test]
    fn a_scanned_label_is_a_line_and_enter_alone_is_an_empty_one() {
        let mut typist = Typist::default();
        assert_eq!(typist.feed(b"q-17\r\n"), [line("q-17")]);
        assert_eq!(typist.feed(b"\r"), [line("")]);
        assert_eq!(typist.feed(b"\n"), [Key::Typing(String::new())], "the second half of one Enter");
        assert_eq!(typist.feed(b"ab\x7fc"), [Key::Typing("ac".into())]);
        assert_eq!(typist.feed(b"\x1b[A\n"), [line("ac")]);
    }

    #[test]
    fn q_ends_only_if_nothing_follows_it() {
        let mut typist = Typist::default();
        assert_eq!(typist.feed(b"q"), [Key::Typing("q".into())]);
        assert_eq!(typist.pause(), Some(Key::Quit));
        typist.feed(b"q");
        typist.feed(b"w");
        assert_eq!(typist.pause(), None);
        assert_eq!(typist.feed(b"\r"), [line("qw")]);
        assert_eq!(typist.feed(b"\x03")[0], Key::Stop);
    }

    #[test]
    fn a_line_has_an_end() {
        let mut typist = Typist::default();
        typist.feed(&[b'x'; 4096]);
        assert_eq!(typist.feed(b"\r"), [line(&"x".repeat(LONGEST))]);
    }
}
