//! What is asked of the ROM.

use zeroize::Zeroizing;

/// Bytes of one block of flash data; the ROM takes no more at once.
pub(super) const BLOCK: u16 = 0x400;
/// Bytes that a slow read gives at once.
pub(super) const READ_BLOCK: u8 = 64;

/// The commands that a ROM of the family knows (Espressif, "Serial Protocol", table of commands).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Command {
    FlashBegin = 0x02,
    FlashData = 0x03,
    FlashEnd = 0x04,
    Sync = 0x08,
    WriteRegister = 0x09,
    ReadRegister = 0x0a,
    SpiParameters = 0x0b,
    SpiAttach = 0x0d,
    ReadFlashSlow = 0x0e,
    ChangeBaud = 0x0f,
    FlashMd5 = 0x13,
    SecurityInfo = 0x14,
}

/// One request: its packet is a direction, a command, a length, a checksum and a body.
pub(super) struct Request {
    pub(super) command: Command,
    body: Zeroizing<Vec<u8>>,
    checksum: u32,
}

impl Request {
    /// A request whose body is words, little-endian.
    pub(super) fn words(command: Command, words: &[u32]) -> Self {
        let body = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        Self { command, body: Zeroizing::new(body), checksum: 0 }
    }

    /// The greeting that lets the ROM measure the speed of the line.
    pub(super) fn sync() -> Self {
        let mut body = vec![0x07, 0x07, 0x12, 0x20];
        body.resize(36, 0x55);
        Self { command: Command::Sync, body: Zeroizing::new(body), checksum: 0 }
    }

    /// The `sequence`-th block of flash data, at most [`BLOCK`] bytes, filled up with erased bytes.
    pub(super) fn block(bytes: &[u8], sequence: u32) -> Self {
        let whole = 16 + usize::from(BLOCK);
        let mut body = Zeroizing::new(Vec::with_capacity(whole));
        for word in [u32::from(BLOCK), sequence, 0, 0] {
            body.extend_from_slice(&word.to_le_bytes());
        }
        body.extend_from_slice(bytes);
        body.resize(whole, 0xff);
        let checksum = body[16..].iter().fold(0xef, |sum, byte| sum ^ byte);
        Self { command: Command::FlashData, body, checksum: u32::from(checksum) }
    }

    /// Returns the packet.
    pub(super) fn packet(&self) -> Zeroizing<Vec<u8>> {
        let mut packet = Zeroizing::new(Vec::with_capacity(8 + self.body.len()));
        packet.extend_from_slice(&[0, self.command as u8]);
        let length = u16::try_from(self.body.len()).expect("no body is longer than a block and four words");
        packet.extend_from_slice(&length.to_le_bytes());
        packet.extend_from_slice(&self.checksum.to_le_bytes());
        packet.extend_from_slice(&self.body);
        packet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_direction_command_length_checksum_and_body() {
        let packet = Request::words(Command::ReadRegister, &[0x4000_1000]).packet();
        assert_eq!(*packet, [0, 0x0a, 4, 0, 0, 0, 0, 0, 0x00, 0x10, 0x00, 0x40]);
    }

    #[test]
    fn a_block_is_filled_up_and_its_checksum_is_over_the_flash_bytes_alone() {
        let packet = Request::block(&[1, 2, 4], 7).packet();
        assert_eq!(packet.len(), 8 + 16 + 0x400);
        assert_eq!(packet[..8], [0, 3, 0x10, 4, 0xef ^ 1 ^ 2 ^ 4 ^ 0xff, 0, 0, 0]);
        assert_eq!(packet[8..16], [0, 4, 0, 0, 7, 0, 0, 0]);
        assert_eq!(packet[24..28], [1, 2, 4, 0xff]);
    }
}
