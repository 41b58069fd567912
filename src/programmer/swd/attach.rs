//! The connection to the chip.

use probe_rs::config::{Registry, Target, TargetSelector};
use probe_rs::probe::WireProtocol;
use probe_rs::{MemoryInterface as _, Permissions, Session};

use super::choose::Chosen;
use super::failure::{of_core, of_probe};
use super::order::Failure;
use super::target;

/// A chip that is connected.
pub(super) struct Attached {
    pub(super) session: Session,
    /// What the chip's own registers say it is, where probe-rs knows how to ask.
    pub(super) detected: Option<String>,
}

/// Connects over SWD: under reset first, which works whatever the firmware does to the debug pins, else without, for probes and
/// boards that have no reset line. Never unlocks a chip, for that erases it.
pub(super) fn attach(chosen: &Chosen, wanted: Option<Target>) -> Result<Attached, Failure> {
    let registry = Registry::from_builtin_families();
    let selector = || match &wanted {
        Some(target) => TargetSelector::Specified(target.clone()),
        None => TargetSelector::Auto,
    };
    let mut probe = chosen.open()?;
    // A Black Magic Probe wants to be told; others have it as their default.
    probe.select_protocol(WireProtocol::Swd).map_err(|error| of_probe(&error))?;
    let under_reset = probe.attach_under_reset_with_registry(selector(), Permissions::new(), &registry);
    let mut session = match under_reset {
        Ok(session) => session,
        Err(error) if is_final(&of_core(&error)) => return Err(of_core(&error)),
        Err(_) => {
            let mut probe = chosen.open()?;
            probe.select_protocol(WireProtocol::Swd).map_err(|error| of_probe(&error))?;
            probe.attach_with_registry(selector(), Permissions::new(), &registry).map_err(|error| of_core(&error))?
        }
    };
    let name = session.target().name.clone();
    let mut core = session.core(0).map_err(|error| of_core(&error))?;
    let mut word = |address| core.read_word_32(address).ok();
    let detected = target::detected(&registry, &name, &mut word);
    drop(core);
    Ok(Attached { session, detected })
}

/// True for failures that another try without reset would only repeat.
fn is_final(failure: &Failure) -> bool {
    matches!(failure, Failure::Locked(_) | Failure::Gone | Failure::UnknownChip { .. })
}
