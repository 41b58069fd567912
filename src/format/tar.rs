//! A strict tar archive (POSIX.1-1988 ustar): plain files from a list of names, nothing else.
//!
//! tar, so that in the worst hour `age -d` and `tar x` bring a backup back without this program; and for a bundle that comes
//! over HTTPS.

use std::io::{self, Read, Write};

/// Bytes of a block: of a header, and what contents are padded to.
const BLOCK: usize = 512;
/// The largest content a header can tell, in bytes: eleven octal digits.
pub const LARGEST: u64 = 0o777_7777_7777;
const LONGEST_NAME: usize = 100;

/// Writes files one after the other.
pub struct ArchiveWriter<W: Write> {
    out: W,
    modified: u64,
}

impl<W: Write> ArchiveWriter<W> {
    /// Makes one whose files bear the time `modified`, in seconds since 1970.
    pub fn new(out: W, modified: u64) -> Self {
        Self { out, modified: modified.min(LARGEST) }
    }

    /// Adds a file of exactly `size` bytes.
    pub fn add(&mut self, name: &str, mode: u32, size: u64, content: &mut dyn Read) -> io::Result<()> {
        self.out.write_all(&header(name, mode, size, self.modified)?)?;
        let copied = io::copy(&mut content.take(size), &mut self.out)?;
        if copied != size {
            return Err(io::Error::other(format!("{name:?} has {copied} bytes, {size} were there before")));
        }
        self.out.write_all(&vec![0; padding(size)])
    }

    /// Writes the end and gives the output back.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&[0; 2 * BLOCK])?;
        Ok(self.out)
    }
}

/// A file's header, checked.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, as the archive gives it.
    pub name: String,
    /// Its content, in bytes.
    pub size: u64,
}

/// Reads the next header; `None` at the end, behind which nothing may follow.
pub fn next_entry(source: &mut dyn Read) -> io::Result<Option<Entry>> {
    let mut block = [0; BLOCK];
    source.read_exact(&mut block)?;
    if block.iter().any(|byte| *byte != 0) {
        return parse_header(&block).map(Some).ok_or_else(|| fault("a header is none of ours"));
    }
    source.read_exact(&mut block)?;
    let more = source.read(&mut [0])?;
    if block.iter().any(|byte| *byte != 0) || more != 0 {
        return Err(fault("something follows the end"));
    }
    Ok(None)
}

/// Copies an entry's content to `out` and skips its padding.
pub fn copy_content(entry: &Entry, source: &mut dyn Read, out: &mut dyn Write) -> io::Result<()> {
    if io::copy(&mut source.take(entry.size), out)? != entry.size {
        return Err(fault("it is cut short"));
    }
    let mut padded = [0; BLOCK];
    let padded = &mut padded[..padding(entry.size)];
    source.read_exact(padded)?;
    if padded.iter().any(|byte| *byte != 0) {
        return Err(fault("its padding is not empty"));
    }
    Ok(())
}

fn header(name: &str, mode: u32, size: u64, modified: u64) -> io::Result<[u8; BLOCK]> {
    if name.len() >= LONGEST_NAME || size > LARGEST {
        return Err(io::Error::other(format!("{name:?} of {size} bytes does not fit a tar header")));
    }
    let mut block = [0; BLOCK];
    let mut put = |at: usize, text: &str| block[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, &format!("{:07o}", mode & 0o7777));
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{size:011o}"));
    put(136, &format!("{modified:011o}"));
    put(148, "        ");
    put(156, "0");
    put(257, "ustar");
    put(263, "00");
    let sum = checksum(&block);
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Ok(block)
}

fn parse_header(block: &[u8; BLOCK]) -> Option<Entry> {
    let name_end = block[..LONGEST_NAME].iter().position(|byte| *byte == 0)?;
    let name = std::str::from_utf8(&block[..name_end]).ok()?;
    let told = octal(&block[148..154])?;
    let size = octal(&block[124..135])?;
    let plain = block[156] == b'0' && &block[257..262] == b"ustar";
    (plain && told == u64::from(checksum(block))).then(|| Entry { name: name.to_owned(), size })
}

/// Sums a header with its own checksum field taken as blanks.
fn checksum(block: &[u8; BLOCK]) -> u32 {
    let value = |at: usize, byte: u8| u32::from(if (148..156).contains(&at) { b' ' } else { byte });
    block.iter().enumerate().map(|(at, byte)| value(at, *byte)).sum()
}

fn octal(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| u64::from_str_radix(text, 8).ok()).flatten()
}

fn padding(size: u64) -> usize {
    usize::try_from(size.wrapping_neg() % BLOCK as u64).unwrap_or(0)
}

fn fault(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ArchiveWriter::new(Vec::new(), 1_700_000_000);
        for (name, bytes) in files {
            writer.add(name, 0o600, bytes.len() as u64, &mut &**bytes).unwrap();
        }
        writer.finish().unwrap()
    }

    fn read_all(mut bytes: &[u8]) -> io::Result<Vec<(String, Vec<u8>)>> {
        let mut files = Vec::new();
        while let Some(entry) = next_entry(&mut bytes)? {
            let mut content = Vec::new();
            copy_content(&entry, &mut bytes, &mut content)?;
            files.push((entry.name, content));
        }
        Ok(files)
    }

    #[test]
    fn what_is_written_is_read() {
        let big = vec![7; 1025];
        let files: [(&str, &[u8]); 4] = [("a", b"one"), ("b/c", b""), ("d", &big), ("e", &big[..512])];
        let read = read_all(&archive(&files)).unwrap();
        assert_eq!(read.len(), 4);
        for (found, given) in read.iter().zip(files) {
            assert_eq!((found.0.as_str(), found.1.as_slice()), given);
        }
    }

    #[test]
    fn a_cut_archive_is_never_whole() {
        let bytes = archive(&[("a", b"one"), ("b", b"two")]);
        for length in 0..bytes.len() {
            assert!(read_all(&bytes[..length]).is_err(), "{length}");
        }
        assert!(read_all(&[&bytes[..], b"x"].concat()).is_err());
    }

    #[test]
    fn links_and_folders_are_no_entries() {
        for kind in [b'1', b'2', b'3', b'5', b'6', b'L', b'x', 0] {
            let mut bytes = archive(&[("a", b"one")]);
            bytes[156] = kind;
            let mut block: [u8; BLOCK] = bytes[..BLOCK].try_into().unwrap();
            let sum = checksum(&block);
            block[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
            bytes[..BLOCK].copy_from_slice(&block);
            assert!(read_all(&bytes).is_err(), "{kind}");
        }
    }

    #[test]
    fn a_file_that_shrinks_while_it_is_read_is_noticed() {
        let mut writer = ArchiveWriter::new(Vec::new(), 0);
        assert!(writer.add("a", 0o600, 10, &mut b"short".as_slice()).is_err());
        assert!(ArchiveWriter::new(Vec::new(), 0).add(&"n".repeat(100), 0o600, 0, &mut b"".as_slice()).is_err());
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let _ = read_all(&bytes);
        }

        #[test]
        fn an_altered_archive_never_panics(at in 0..2560_usize, bit in 0..8_u8) {
            let mut bytes = archive(&[("a", b"one"), ("b", b"two")]);
            let index = at % bytes.len();
            bytes[index] ^= 1 << bit;
            let _ = read_all(&bytes);
        }
    }
}
