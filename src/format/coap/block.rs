//! Which block of a long payload a message carries (RFC 7959, section 2.2).

/// A block: its number, whether more follow, and its size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Block {
    /// Number, from 0, below 2^20.
    pub number: u32,
    /// True if more follow.
    pub more: bool,
    /// Bytes of a block: 16, 32 ... 1024.
    pub size: u16,
}

/// Why a number is no block.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{value:#x} is no block of a CoAP message")]
pub struct BlockError {
    /// The value of the option.
    pub value: u32,
}

impl Block {
    /// Reads the value of a block option.
    pub fn decode(value: u32) -> Result<Self, BlockError> {
        let exponent = value & 7;
        if exponent == 7 || value >> 24 != 0 {
            return Err(BlockError { value });
        }
        Ok(Self { number: value >> 4, more: value & 8 != 0, size: 16 << exponent })
    }

    /// Returns the value of the block option; a size that is none is made the next smaller one.
    pub fn encode(self) -> u32 {
        let exponent = (self.size.max(16).ilog2() - 4).min(6);
        (self.number & 0x000F_FFFF) << 4 | u32::from(self.more) << 3 | exponent
    }

    /// Returns where the block begins, in bytes.
    pub fn offset(self) -> usize {
        self.number as usize * usize::from(self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_is_read_back_and_reserved_sizes_are_refused() {
        for size in [16, 32, 64, 128, 256, 512, 1024] {
            for (number, more) in [(0, false), (1, true), (0x000F_FFFF, true)] {
                let block = Block { number, more, size };
                assert_eq!(Block::decode(block.encode()), Ok(block));
            }
        }
        assert_eq!(Block { number: 3, more: false, size: 1024 }.offset(), 3072);
        assert!(Block::decode(7).is_err() && Block::decode(1 << 24).is_err());
    }
}
