//! The connection to the chip.

use std::thread;
use std::time::{Duration, Instant};

use probe_rs::architecture::arm::FullyQualifiedApAddress;
use probe_rs::architecture::arm::dp::DpAddress;
use probe_rs::architecture::arm::memory::ArmMemoryInterface;
use probe_rs::architecture::arm::sequences::DefaultArmSequence;
use probe_rs::config::{Registry, Target, TargetSelector};
use probe_rs::probe::{Probe, WireProtocol};
use probe_rs::{MemoryInterface as _, Permissions, Session};

use super::choose::Chosen;
use super::failure::{of_arm_interface, of_core, of_probe};
use super::order::Failure;
use super::target;

/// Debug Halting Control and Status (Armv6-M and Armv7-M, C1.6.2): the key that a write needs, debugging on, the core stands.
const DHCSR: u64 = 0xe000_edf0;
const DEBUG_ON: u32 = 0xa05f_0001;
const STANDS: u32 = 1 << 17;
/// Debug Exception and Monitor Control: stop at the first instruction after a reset.
const DEMCR: u64 = 0xe000_edfc;
const CATCH_RESET: u32 = 1;
/// The reset line among the pins of a probe.
const RESET_LINE: u32 = 1 << 7;
/// How long the reset line is held low, and how long the core may take to stand afterwards.
const HELD: Duration = Duration::from_millis(50);
const CAUGHT_WITHIN: Duration = Duration::from_secs(1);

/// A chip that is connected.
pub(super) struct Attached {
    pub(super) session: Session,
    /// What the chip's own registers say it is, where probe-rs knows how to ask.
    pub(super) detected: Option<String>,
}

/// Connects over SWD; where that fails, once more with the reset line held, which helps against firmware that takes the debug pins
/// for itself. Never unlocks a chip, for that erases it.
pub(super) fn attach(chosen: &Chosen, wanted: Option<Target>) -> Result<Attached, Failure> {
    let registry = Registry::from_builtin_families();
    let selector = || wanted.clone().map_or(TargetSelector::Auto, TargetSelector::Specified);
    let mut session = match plain(opened(chosen)?, selector(), &registry) {
        Ok(session) => session,
        Err(failure) if is_final(&failure) => return Err(failure),
        // The first failure says more than that a second try did not help.
        Err(failure) => opened(chosen)
            .and_then(caught_at_reset)
            .and_then(|probe| plain(probe, selector(), &registry))
            .map_err(|_| failure)?,
    };
    let name = session.target().name.clone();
    let mut core = session.core(0).map_err(|error| of_core(&error))?;
    let mut word = |address| core.read_word_32(address).ok();
    let detected = target::detected(&registry, &name, &mut word);
    drop(core);
    Ok(Attached { session, detected })
}

fn opened(chosen: &Chosen) -> Result<Probe, Failure> {
    let mut probe = chosen.open()?;
    // A Black Magic Probe wants to be told; others have it as their default.
    probe.select_protocol(WireProtocol::Swd).map_err(|error| of_probe(&error))?;
    Ok(probe)
}

fn plain(probe: Probe, selector: TargetSelector, registry: &Registry) -> Result<Session, Failure> {
    probe.attach_with_registry(selector, Permissions::new(), registry).map_err(|error| of_core(&error))
}

/// Holds the reset line, has the core stop at its first instruction, lets the line go. probe-rs' own connection under reset does
/// not switch debugging on before it lets go, and without that a core is not caught.
fn caught_at_reset(mut probe: Probe) -> Result<Probe, Failure> {
    probe.target_reset_assert().map_err(|error| of_probe(&error))?;
    thread::sleep(HELD);
    probe.attach_to_unspecified().map_err(|error| of_core(&error))?;
    let arm = probe.try_into_arm_debug_interface(DefaultArmSequence::create());
    let mut arm = arm.map_err(|(_, error)| of_arm_interface(&error))?;
    let caught = arm.select_debug_port(DpAddress::Default).and_then(|()| {
        let mut memory = arm.memory_interface(&FullyQualifiedApAddress::v1_with_default_dp(0))?;
        memory.write_word_32(DHCSR, DEBUG_ON)?;
        memory.write_word_32(DEMCR, CATCH_RESET)?;
        drop(memory);
        arm.swj_pins(RESET_LINE, RESET_LINE, 0)?;
        let mut memory = arm.memory_interface(&FullyQualifiedApAddress::v1_with_default_dp(0))?;
        stands(memory.as_mut())?;
        memory.write_word_32(DEMCR, 0)
    });
    let mut probe = arm.close();
    if let Err(error) = caught {
        let _ = probe.target_reset_deassert();
        return Err(of_arm_interface(&error));
    }
    Ok(probe)
}

fn stands(memory: &mut dyn ArmMemoryInterface) -> Result<(), probe_rs::architecture::arm::ArmError> {
    let began = Instant::now();
    while memory.read_word_32(DHCSR)? & STANDS == 0 {
        if began.elapsed() > CAUGHT_WITHIN {
            return Err(probe_rs::architecture::arm::ArmError::Timeout);
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// True for failures that another try under reset would only repeat.
fn is_final(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Locked(_) | Failure::Gone | Failure::Busy | Failure::Absent | Failure::UnknownChip { .. }
    )
}
