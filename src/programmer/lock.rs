//! The words of a chip that lock recipes are made of.

use super::ProgrammerError;

pub use crate::fleet::recipe::{Act, LockStep, Probe};

/// Single words of a chip.
pub trait Registers {
    /// Reads the 32-bit word at `address`, a multiple of 4.
    fn read32(&mut self, address: u64) -> Result<u32, ProgrammerError>;

    /// Writes the 32-bit word at `address`, a multiple of 4.
    fn write32(&mut self, address: u64, value: u32) -> Result<(), ProgrammerError>;

    /// Resets the chip and connects again, as far as the lock lets us.
    fn reset(&mut self) -> Result<(), ProgrammerError>;
}
