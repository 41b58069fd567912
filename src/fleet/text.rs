//! Bytes of a text file become text, with the place of every byte that is none.

use std::sync::Arc;

use super::{Faults, Place};

/// Most bytes of a fleet file, a template's `template.yaml` or another file that a person writes by hand: 16 MiB.
/// The YAML parsers refuse deep nesting only after reading it, at 0.4 s for each 100 kB.
pub const LONGEST_FILE: u64 = 16 * 1024 * 1024;
/// Most bytes of an inventory: 256 MiB, some millions of devices.
pub const LONGEST_INVENTORY: u64 = 256 * 1024 * 1024;

/// Returns the lower-case hex digits of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    // `hex::encode` goes digit by digit, at a tenth of this speed.
    let mut digits = vec![0; 2 * bytes.len()];
    hex::encode_to_slice(bytes, &mut digits).expect("two digits a byte");
    String::from_utf8(digits).expect("hex digits are ASCII")
}

/// Returns the text of a UTF-8 file without its byte order mark; each run of bytes that is not UTF-8 becomes a fault with its
/// place and one U+FFFD in the text, so that the other faults of the file are found in the same run.
pub fn decode(file: &Arc<str>, bytes: Vec<u8>, faults: &mut Faults) -> String {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        faults.add_with_hint(
            Place::new(file, 1, 1),
            "the file is UTF-16, UTF-8 is wanted",
            "save it as UTF-8 (in a spreadsheet: \"CSV UTF-8\")",
        );
        return String::new();
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => mend(file, error.as_bytes(), faults),
    };
    match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

fn mend(file: &Arc<str>, bytes: &[u8], faults: &mut Faults) -> String {
    let mut text = String::with_capacity(bytes.len());
    let (mut line, mut column) = (1u32, 1u32);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        (line, column) = advance(line, column, chunk.valid());
        if let Some(first) = chunk.invalid().first() {
            let message = format!("byte 0x{first:02x} is not UTF-8");
            faults.add_with_hint(Place::new(file, line, column), message, "save the file as UTF-8");
            text.push('\u{fffd}');
            column += 1;
        }
    }
    text
}

/// Returns line and column after `text`, which begins at `line` and `column`. A byte order mark takes no column.
pub(super) fn advance(line: u32, column: u32, text: &str) -> (u32, u32) {
    text.chars().filter(|c| *c != '\u{feff}').fold((line, column), |(line, column), c| match c {
        '\n' => (line.saturating_add(1), 1),
        _ => (line, column.saturating_add(1)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> (String, Vec<String>) {
        let mut faults = Faults::default();
        let text = decode(&Arc::from("x.csv"), bytes.to_vec(), &mut faults);
        (text, faults.0.iter().map(|fault| format!("{}: {}", fault.place, fault.message)).collect())
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        assert_eq!(decoded("\u{feff}id\n".as_bytes()), ("id\n".to_owned(), vec![]));
    }

    #[test]
    fn every_byte_that_is_not_utf8_has_its_place() {
        let (text, faults) = decoded(b"id\nM\xc3\xbcnchen\xfc,b\xe9\n");
        assert_eq!(text, "id\nM\u{fc}nchen\u{fffd},b\u{fffd}\n");
        assert_eq!(faults, ["x.csv:2:8: byte 0xfc is not UTF-8", "x.csv:2:11: byte 0xe9 is not UTF-8"]);
    }

    #[test]
    fn utf16_is_named() {
        assert_eq!(decoded(b"\xff\xfei\0d\0").1, ["x.csv:1:1: the file is UTF-16, UTF-8 is wanted"]);
    }
}
