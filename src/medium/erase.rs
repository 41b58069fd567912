//! Erasing a drive: every byte reads back as zero, under the same rules as writing.
//!
//! What a flash medium's controller keeps in blocks that it no longer shows is out of reach of anything that writes sectors:
//! a sealed bundle is what protects a secret there.

use crate::delivery::{Consent, Content, Extent, Preflight, SinkError, TargetImage};
use crate::fleet::{Filesystem, MediumPlan, PartitionTable};

use super::drive::{DriveSink, check_blocks};
use super::engine::{Moment, Outcome};

/// What lies on a drive that is erased.
fn nothing(size: u64) -> TargetImage {
    TargetImage::new(size, vec![Extent { offset: 0, length: size, content: Content::Zero }])
}

impl DriveSink {
    /// Looks at the drive without changing a stored bit: may it be written, is it busy, what would be lost?
    pub fn survey(&self) -> Result<Preflight, SinkError> {
        let drive = self.find()?;
        self.check(&drive)?;
        check_blocks(&drive)?;
        // The consent wants a layout; a volume of nothing is what will be there.
        let empty = MediumPlan {
            table: PartitionTable::None,
            filesystem: Filesystem::default(),
            label: String::new(),
            size: Some(drive.size),
        };
        self.look(&drive, empty)
    }

    /// Makes every byte zero and reads all of it back. Stretches that are zero already are read only. The first sector goes
    /// first: from then on no device takes the drive for a bootstrap medium.
    pub fn erase(&mut self, consent: &Consent, watch: &dyn Fn(Moment)) -> Result<Outcome, SinkError> {
        let agreed = consent.target();
        let drive = self.find_again(agreed)?;
        self.check(&drive)?;
        let device = self.open(&drive)?;
        self.check_opened(&device, &drive, agreed)?;
        let outcome = self.write(&device, &drive, &nothing(drive.size), watch)?;
        self.let_go(&device);
        Ok(outcome)
    }
}
