//! Events of the way of a device, drawn by whoever listens.

use crate::fleet::EndpointName;

/// The steps of one delivery, in their order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Step {
    /// The sink looked without touching.
    Preflight,
    /// The leave to write was given.
    Consent,
    /// The ledger has begun the delivery, durably.
    Begin,
    /// The ledger has bound it to the target, durably.
    Bind,
    /// Credentials, artifact and spool are durable.
    Sealed,
    /// The ledger knows that secret bytes are about to leave, durably.
    Exposed,
    /// The target has been written and flushed.
    Written,
    /// The target has been read back and agrees.
    ReadBack,
    /// The ledger has the receipt, durably.
    Verified,
    /// The registry has the device, durably.
    Registered,
    /// The delivery is finished, the spool destroyed.
    Finished,
}

impl Step {
    /// All steps in order.
    pub const ALL: [Step; 11] = [
        Step::Preflight,
        Step::Consent,
        Step::Begin,
        Step::Bind,
        Step::Sealed,
        Step::Exposed,
        Step::Written,
        Step::ReadBack,
        Step::Verified,
        Step::Registered,
        Step::Finished,
    ];

    /// Returns the stable name used in the ledger and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Step::Preflight => "preflight",
            Step::Consent => "consent",
            Step::Begin => "begin",
            Step::Bind => "bind",
            Step::Sealed => "sealed",
            Step::Exposed => "exposed",
            Step::Written => "written",
            Step::ReadBack => "read-back",
            Step::Verified => "verified",
            Step::Registered => "registered",
            Step::Finished => "finished",
        }
    }
}

/// Something happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A batch begins: so many devices.
    Batch {
        /// Devices.
        total: usize,
    },
    /// A device has come through a step.
    Step {
        /// The device.
        device: &'a EndpointName,
        /// The step it has just finished.
        step: Step,
    },
    /// So many of so many bytes are written or compared.
    Bytes {
        /// The device.
        device: &'a EndpointName,
        /// Done so far.
        done: u64,
        /// In all: writing and reading back together.
        total: u64,
    },
    /// A device is through, well or not.
    Device {
        /// The device.
        device: &'a EndpointName,
        /// True if it is done.
        ok: bool,
    },
}

/// Listens to events; called from several threads.
pub trait Progress: Send + Sync {
    /// Takes note.
    fn event(&self, event: Event<'_>);
}

/// Listens to nothing.
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _: Event<'_>) {}
}
