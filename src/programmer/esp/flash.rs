//! The flash chip behind the ROM.

use std::ops::Range;
use std::time::Duration;

use zeroize::Zeroizing;

use super::answer::Refusal;
use super::family::Family;
use super::request::{BLOCK, Command, READ_BLOCK, Request};
use super::rom::{Fault, Rom, SHORT};

/// Bytes that the ROM erases together.
pub(super) const SECTOR: u16 = 0x1000;
/// The most flash that a ROM reaches with its addresses of three bytes.
pub(super) const MOST_FLASH: u64 = 16 << 20;
/// The longest that it takes to erase a mebibyte (flash makers' data sheets: 400 ms a sector at worst).
const ERASE_A_MEBIBYTE: Duration = Duration::from_secs(40);
/// The longest that it takes to digest a mebibyte.
const DIGEST_A_MEBIBYTE: Duration = Duration::from_secs(8);
/// How often a block that did not arrive whole is sent.
const SENDS: usize = 3;
/// How often is looked whether the flash chip has answered.
const LOOKS: usize = 10;

impl Rom {
    /// Connects the flash chip to its controller: by the fuses of the first of the family, whose chip may be in its package.
    pub(super) fn attach(&mut self, family: &Family) -> Result<(), Fault> {
        let pads = if family.is_first() { self.pads(family)? } else { 0 };
        self.ask(&Request::words(Command::SpiAttach, &[pads, 0]), 0, SHORT).map(drop)
    }

    /// Returns the pads of the flash chip in the words of `SPI_ATTACH`: five of six bits (fuse words 5 and 3 of block 0).
    fn pads(&mut self, family: &Family) -> Result<u32, Fault> {
        let fuses = family.mac - 4;
        let (fifth, third) = (self.read32(fuses + 5 * 4)?, self.read32(fuses + 3 * 4)?);
        let pad = |word: u32, at: u32| word >> at & 0x1f;
        let (clock, out, into, select, hold) =
            (pad(fifth, 0), pad(fifth, 5), pad(fifth, 10), pad(fifth, 15), pad(third, 4));
        Ok(hold << 24 | select << 18 | into << 12 | out << 6 | clock)
    }

    /// Returns the flash chip's answer to "read JEDEC id" (9Fh), by a transaction of the controller's own.
    pub(super) fn flash_id(&mut self, family: &Family) -> Result<u32, Fault> {
        let (user, user2, bits, word) =
            if family.is_first() { (0x1c, 0x24, 0x2c, 0x80) } else { (0x18, 0x20, 0x28, 0x58) };
        let at = |offset: u32| family.spi + offset;
        let (old_user, old_user2) = (self.read32(at(user))?, self.read32(at(user2))?);
        self.write32(at(bits), 24 - 1)?;
        // A command of eight bits, then bits come in.
        self.write32(at(user), 1 << 31 | 1 << 28)?;
        self.write32(at(user2), 7 << 28 | 0x9f)?;
        self.write32(at(word), 0)?;
        self.write32(at(0), 1 << 18)?;
        self.wait_for_controller(at(0))?;
        let id = self.read32(at(word))?;
        self.write32(at(user), old_user)?;
        self.write32(at(user2), old_user2)?;
        Ok(id & 0x00ff_ffff)
    }

    fn wait_for_controller(&mut self, command: u32) -> Result<(), Fault> {
        for _ in 0..LOOKS {
            if self.read32(command)? & 1 << 18 == 0 {
                return Ok(());
            }
        }
        Err(Fault::Odd("its flash controller does not come to an end".to_owned()))
    }

    /// Tells the ROM how large the flash is; blocks of 64 KiB, sectors of 4 KiB, pages of 256 bytes are the same everywhere.
    pub(super) fn parameters(&mut self, size: u64) -> Result<(), Fault> {
        let size = u32::try_from(size).map_err(|_| Fault::Odd(format!("a flash of {size} bytes")))?;
        let words = [0, size, 64 << 10, 4 << 10, 256, 0xffff];
        self.ask(&Request::words(Command::SpiParameters, &words), 0, SHORT).map(drop)
    }

    /// Erases `erased` bytes from `address`, and awaits `blocks` blocks for it.
    pub(super) fn begin(&mut self, family: &Family, address: u32, erased: u32, blocks: u32) -> Result<(), Fault> {
        let words = [erased, blocks, u32::from(BLOCK), address, 0];
        // The first of the family knows no fifth word: it says whether the ROM is to encrypt.
        let words = if family.is_first() { &words[..4] } else { &words[..] };
        let limit = by_size(ERASE_A_MEBIBYTE, erased.into());
        self.ask(&Request::words(Command::FlashBegin, words), 0, limit).map(drop)
    }

    /// Programs the next block; one that did not arrive whole is sent again.
    pub(super) fn block(&mut self, bytes: &[u8], sequence: u32) -> Result<(), Fault> {
        let request = Request::block(bytes, sequence);
        let mut sent = 0;
        loop {
            sent += 1;
            match self.ask(&request, 0, SHORT) {
                Err(Fault::Refused(refusal)) if Refusal::is_garbled(refusal) && sent < SENDS => {}
                answer => return answer.map(drop),
            }
        }
    }

    /// Leaves the loader and starts the firmware. The chip may be gone before its answer is out.
    pub(super) fn end(&mut self, family: &Family) -> Result<(), Fault> {
        self.begin(family, 0, 0, 0)?;
        match self.ask(&Request::words(Command::FlashEnd, &[0]), 0, Duration::from_millis(500)) {
            Ok(_) | Err(Fault::Silent) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    /// Returns the MD5 of a range of the flash.
    pub(super) fn md5(&mut self, range: Range<u64>) -> Result<[u8; 16], Fault> {
        let length = range.end - range.start;
        let (address, size) = (word(range.start)?, word(length)?);
        let limit = by_size(DIGEST_A_MEBIBYTE, length);
        let answer = self.ask(&Request::words(Command::FlashMd5, &[address, size, 0, 0]), 32, limit)?;
        let mut digest = [0; 16];
        let text = answer.body(32).and_then(Result::ok).unwrap_or_default();
        hex::decode_to_slice(text, &mut digest).map_err(|_| Fault::Odd("an MD5 that is no hex".to_owned()))?;
        Ok(digest)
    }

    /// Reads a range of the flash, 64 bytes at a time, which is all that a ROM gives.
    pub(super) fn read_flash(&mut self, range: Range<u64>) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let length = usize::try_from(range.end - range.start).map_err(|_| Fault::Odd("a range too long".to_owned()))?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(length));
        let whole = usize::from(READ_BLOCK);
        while bytes.len() < length {
            let here = READ_BLOCK.min(u8::try_from(length - bytes.len()).unwrap_or(READ_BLOCK));
            let words = [word(range.start + bytes.len() as u64)?, u32::from(here)];
            // Always as many bytes, however few were asked for.
            let answer = self.ask(&Request::words(Command::ReadFlashSlow, &words), whole, SHORT)?;
            let body = answer.body(whole).and_then(Result::ok).unwrap_or_default();
            let part = body.get(..usize::from(here)).ok_or_else(|| Fault::Odd("too few bytes of flash".to_owned()))?;
            bytes.extend_from_slice(part);
        }
        Ok(bytes)
    }
}

fn word(number: u64) -> Result<u32, Fault> {
    u32::try_from(number).map_err(|_| Fault::Odd(format!("{number:#x} is no address of its flash")))
}

/// Returns the limit for so many bytes: in proportion, and never below that of a request that moves nothing.
fn by_size(a_mebibyte: Duration, bytes: u64) -> Duration {
    let kibibytes = u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(u32::MAX);
    SHORT.max(a_mebibyte.saturating_mul(kibibytes) / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_grows_with_what_is_erased_and_never_without_bound() {
        assert_eq!(by_size(ERASE_A_MEBIBYTE, 0), SHORT);
        assert_eq!(by_size(ERASE_A_MEBIBYTE, 0x6000), SHORT);
        assert_eq!(by_size(ERASE_A_MEBIBYTE, 4 << 20), Duration::from_secs(160));
        assert!(by_size(ERASE_A_MEBIBYTE, u64::MAX) > SHORT);
    }
}
