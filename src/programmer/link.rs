//! The trait of all programmers.

use std::ops::Range;

use serde::Serialize;

use crate::fleet::Secret;
use crate::format::Segment;

use super::{Chip, ProgrammerError, Registers};

/// Hears how many of how many bytes are on the chip.
pub type Watch<'a> = dyn Fn(u64, u64) + 'a;

/// What a link can do; a profile that demands more is refused before anything is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[allow(clippy::struct_excessive_bools)] // flags that do not depend on each other
pub struct Capabilities {
    /// It can read the memory back.
    pub reads_back: bool,
    /// It reads and writes single words, which lock recipes are made of.
    pub locks: bool,
    /// It learns the chip's unique number or MAC address.
    pub knows_uid: bool,
    /// It has the chip make a key pair and hand out a certificate request.
    pub makes_keys: bool,
}

/// The link to a chip: where it hangs, in words that a replug does not change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Link {
    /// For a person, and as it was selected: `esp:/dev/ttyUSB0`.
    pub name: String,
    /// USB port path such as `1-4.2`, where it is USB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// Serial number of the programmer, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
}

/// What crossed the link for one write.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Traffic {
    /// Bytes of memory that were erased.
    pub erased: u64,
    /// Bytes of memory that were programmed.
    pub programmed: u64,
    /// Bytes left alone because they were right already.
    pub unchanged: u64,
}

/// A way to one chip. Calls block; none of them waits without a limit.
///
/// A programmer connects when [`Programmer::connect`] is called and not before; called again it connects anew and says who is
/// there now. Until `write`, `registers` or `makes_key` is used no stored bit of the chip changes; it may be reset.
pub trait Programmer: Send {
    /// Returns where the link hangs; known after `connect`, as selected before.
    fn link(&self) -> Link;

    /// Returns true if the chip is files of this station that stand for no hardware: a rehearsal. Known after `connect`.
    fn is_simulated(&self) -> bool {
        false
    }

    /// Says what the firmware has put on the chip before this program sees it. A chip that `connect` makes, a simulated one of a
    /// new folder, is born with it; any other chip has what it has, and nothing is written to it.
    fn furnish(&mut self, _firmware: Segment) {}

    /// Returns true if `connect` will make the chip: it is a simulated one whose folder holds none yet.
    fn makes_chip(&self) -> bool {
        false
    }

    /// Returns what the link can do.
    fn capabilities(&self) -> Capabilities;

    /// Connects, stops the chip in a state that can be programmed, and asks who it is.
    fn connect(&mut self) -> Result<Chip, ProgrammerError>;

    /// Reads memory; secret, for what lies there may be.
    fn read(&mut self, range: Range<u64>) -> Result<Secret, ProgrammerError>;

    /// Returns true if the memory at `address` holds exactly `bytes`; a link that can ask for a digest need not read.
    fn holds(&mut self, address: u64, bytes: &[u8]) -> Result<bool, ProgrammerError> {
        let there = self.read(address..address.saturating_add(bytes.len() as u64))?;
        Ok(there.expose(|there| there == bytes))
    }

    /// Returns true if [`Programmer::holds`] asks the chip for a digest, so that what is blank need not be read to be known.
    fn digests(&self) -> bool {
        false
    }

    /// Writes segments and compares them as far as the link can by itself.
    ///
    /// Everything is checked against the memory map before the first erase. Only pages that differ are erased; what lies in
    /// them beside the segments is kept. An error says how the chip failed; what was written by then stays.
    fn write(&mut self, segments: &[Segment], watch: &Watch<'_>) -> Result<Traffic, ProgrammerError>;

    /// Returns the words of the chip for lock recipes, where the link has [`Capabilities::locks`].
    fn registers(&mut self) -> Option<&mut dyn Registers> {
        None
    }

    /// Lets the chip go: leaves its boot loader or resets it, so that its firmware runs. The link is closed.
    fn release(&mut self) -> Result<(), ProgrammerError>;

    /// Has the chip make a key pair, P-256, in a slot of its own, or takes the one that is there already, unless a `fresh` one is
    /// wanted; returns its certificate request, PKCS#10 DER (RFC 2986).
    fn make_key(&mut self, _slot: &str, _fresh: bool) -> Result<Vec<u8>, ProgrammerError> {
        Err(ProgrammerError::Unable { link: self.link().name, what: "making a key on the chip" })
    }
}
