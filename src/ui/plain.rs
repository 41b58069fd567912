//! Text from strangers, made safe to show.

/// Returns `text` with every control character but line breaks escaped, so that a name from a file or a medium cannot
/// steer the terminal.
pub fn printable(text: &str) -> String {
    if !text.chars().any(|c| steers(c) && c != '\n') {
        return text.to_owned();
    }
    text.chars().map(|c| if steers(c) && c != '\n' { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

/// Control characters, and the marks that turn the direction of writing round (Unicode UAX 9, section 2).
fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        assert_eq!(printable("a\x1b[2Jb\r\u{202e}c\nd"), "a\\u{1b}[2Jb\\u{d}\\u{202e}c\nd");
        assert_eq!(printable("grüße"), "grüße");
    }
}
