//! As much of DER (X.690) as the directories of a card need: tags of one byte, lengths of up to two.

use super::Pkcs15Error;

/// Returns an element: tag, length, the parts one after the other.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len().to_be_bytes();
    let mut out = vec![tag];
    match content.len() {
        0..0x80 => out.push(length[7]),
        0x80..0x100 => out.extend([0x81, length[7]]),
        _ => out.extend([0x82, length[6], length[7]]),
    }
    out.extend(content);
    out
}

/// Elements one after the other. A card fills the rest of a file with 00 or FF, which ends the list.
pub(super) struct Elements<'a> {
    file: &'static str,
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Elements<'a> {
    pub(super) fn new(file: &'static str, bytes: &'a [u8]) -> Self {
        Self { file, bytes, offset: 0 }
    }

    /// Returns where the next element would begin.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the tag and content of the next element; `None` at the end or where padding begins.
    pub(super) fn next(&mut self) -> Result<Option<(u8, &'a [u8])>, Pkcs15Error> {
        let start = self.offset;
        let rest = &self.bytes[start..];
        let Some(tag) = rest.first().copied().filter(|tag| !matches!(tag, 0 | 0xff)) else { return Ok(None) };
        let damaged = |reason| Pkcs15Error::Damaged { file: self.file, offset: start, reason };
        let (length, head) = match rest.get(1..) {
            Some([length @ ..=0x7f, ..]) => (usize::from(*length), 2),
            Some([0x81, length, ..]) => (usize::from(*length), 3),
            Some([0x82, high, low, ..]) => (usize::from(u16::from_be_bytes([*high, *low])), 4),
            _ => return Err(damaged("a length is missing or too long")),
        };
        let content = rest.get(head..head + length).ok_or_else(|| damaged("an element ends outside"))?;
        self.offset += head + length;
        Ok(Some((tag, content)))
    }

    /// Returns the content of the first element with this tag; the others before it are passed over.
    pub(super) fn find(mut self, wanted: u8) -> Result<Option<&'a [u8]>, Pkcs15Error> {
        while let Some((tag, content)) = self.next()? {
            if tag == wanted {
                return Ok(Some(content));
            }
        }
        Ok(None)
    }
}
