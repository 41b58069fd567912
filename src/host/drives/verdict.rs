//! The safety verdict: may this drive be written, and why (not).

use serde::Serialize;

use super::{Bus, Drive, Use};

/// Above this size in bytes (256 GiB) a drive is unusual for a bootstrap medium and more likely somebody's backup.
pub const USUAL_SIZE: u64 = 256 << 30;

/// May it be written?
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Yes, after consent.
    Writable,
    /// No.
    Refused,
}

/// How much a reason weighs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Speaks for it, or is worth knowing.
    Note,
    /// Only if the drive itself is named, never by port or slot.
    Caution,
    /// Not now: a person can change it (unmount, insert a card, move a switch).
    Blocks,
    /// Never, whatever is asked.
    Forbids,
}

/// The reasons there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReasonCode {
    /// The running system stands on it.
    System,
    /// Built in.
    Internal,
    /// Mounted.
    Mounted,
    /// Swapped on.
    Swap,
    /// Another device stands on it.
    Held,
    /// Write-protected.
    ReadOnly,
    /// A reader without a card.
    NoMedium,
    /// Larger than a bootstrap medium usually is.
    UnusualSize,
    /// USB, removable.
    Usb,
    /// USB, but the kernel calls it fixed: an SSD.
    UsbFixed,
    /// SD card.
    SdCard,
    /// Another removable drive.
    Removable,
    /// A loop device: for tests and images.
    Loop,
    /// A loop device over something that is no regular file.
    LoopOverDevice,
}

/// One reason.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Reason {
    /// Stable word.
    pub code: ReasonCode,
    /// For a person.
    pub words: String,
    /// Its weight.
    pub severity: Severity,
}

/// Decision and reasons, the weightiest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Verdict {
    /// The decision.
    pub decision: Decision,
    /// Why.
    pub reasons: Vec<Reason>,
}

impl Verdict {
    /// Returns true if there is a reason of at least this weight.
    pub fn weighs(&self, severity: Severity) -> bool {
        self.reasons.iter().any(|reason| reason.severity >= severity)
    }

    /// Returns true if this reason is among them.
    pub fn has(&self, code: ReasonCode) -> bool {
        self.reasons.iter().any(|reason| reason.code == code)
    }

    /// Returns the words of all reasons of at least this weight.
    pub fn words(&self, severity: Severity) -> Vec<String> {
        let weighty = self.reasons.iter().filter(|reason| reason.severity >= severity);
        weighty.map(|reason| reason.words.clone()).collect()
    }
}

impl Drive {
    /// Returns the verdict. No flag changes a [`Severity::Forbids`].
    pub fn verdict(&self) -> Verdict {
        let mut reasons = vec![self.connection_reason()];
        reasons.extend(self.uses.iter().map(use_reason));
        reasons.extend(self.state_reasons());
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.severity));
        let refused = reasons.iter().any(|reason| reason.severity >= Severity::Blocks);
        Verdict { decision: if refused { Decision::Refused } else { Decision::Writable }, reasons }
    }

    fn connection_reason(&self) -> Reason {
        let (code, words, severity) = match self.bus {
            Bus::Loop if self.backing_is_file => (ReasonCode::Loop, self.loop_words(), Severity::Note),
            Bus::Loop => {
                let words = format!("{}, which is no regular file", self.loop_words());
                (ReasonCode::LoopOverDevice, words, Severity::Forbids)
            }
            Bus::Sd => (ReasonCode::SdCard, "SD card".to_owned(), Severity::Note),
            Bus::Usb if self.removable => (ReasonCode::Usb, "USB, removable".to_owned(), Severity::Note),
            Bus::Usb if self.hotplug => {
                let words = "USB, but its medium is fixed: an SSD or hard disk".to_owned();
                (ReasonCode::UsbFixed, words, Severity::Note)
            }
            _ if self.hotplug => (ReasonCode::Removable, "removable".to_owned(), Severity::Note),
            _ => (ReasonCode::Internal, format!("internal {} drive", self.bus_word()), Severity::Forbids),
        };
        Reason { code, words, severity }
    }

    fn state_reasons(&self) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if self.size == 0 {
            let words = "no medium in it".to_owned();
            reasons.push(Reason { code: ReasonCode::NoMedium, words, severity: Severity::Blocks });
        }
        if self.read_only {
            let words = "write-protected".to_owned();
            reasons.push(Reason { code: ReasonCode::ReadOnly, words, severity: Severity::Blocks });
        }
        if self.size > USUAL_SIZE {
            let words = format!("holds {}, more than bootstrap media usually do ({})", gb(self.size), gb(USUAL_SIZE));
            reasons.push(Reason { code: ReasonCode::UnusualSize, words, severity: Severity::Caution });
        }
        reasons
    }

    fn loop_words(&self) -> String {
        match &self.backing {
            Some(file) => format!("loop device of {:?}", file.display().to_string()),
            None => "loop device".to_owned(),
        }
    }

    fn bus_word(&self) -> &'static str {
        match self.bus {
            Bus::Usb => "USB",
            Bus::Sd => "SD",
            Bus::Emmc => "eMMC",
            Bus::Nvme => "NVMe",
            Bus::Ata => "ATA",
            Bus::Scsi => "SCSI",
            Bus::Virtio => "virtual machine",
            Bus::Loop => "loop",
            Bus::Other => "other",
        }
    }
}

fn use_reason(found: &Use) -> Reason {
    let (code, words, severity) = match found {
        Use::Mounted { at, device, system: true } => {
            let words = format!("the running system stands on it: {device} is mounted at {}", at.display());
            (ReasonCode::System, words, Severity::Forbids)
        }
        Use::Mounted { at, device, system: false } => {
            (ReasonCode::Mounted, format!("{device} is mounted at {}", at.display()), Severity::Blocks)
        }
        Use::Swap { device } => (ReasonCode::Swap, format!("the running system swaps to {device}"), Severity::Forbids),
        Use::Held { by } => (ReasonCode::Held, format!("held by {by}"), Severity::Blocks),
    };
    Reason { code, words, severity }
}

/// Decimal gigabytes with one digit, as makers count.
fn gb(bytes: u64) -> String {
    let tenths = bytes / 100_000_000;
    format!("{}.{} GB", tenths / 10, tenths % 10)
}
