//! probe-rs' errors in our words.

use std::error::Error;
use std::io::{self, ErrorKind};

use probe_rs::architecture::arm::{ArmError, DapError};
use probe_rs::config::RegistryError;
use probe_rs::flashing::FlashError;
use probe_rs::probe::{DebugProbeError, ProbeCreationError};

use crate::host::machine::harmless;

use super::order::Failure;

/// The longest chain of causes that is told, in characters.
const LONGEST: usize = 600;

/// Judges an error of the probe.
pub(super) fn of_probe(error: &DebugProbeError) -> Failure {
    of(error)
}

/// Judges an error of the Arm debug interface.
pub(super) fn of_arm_interface(error: &ArmError) -> Failure {
    of(error)
}

/// Judges an error of the core or its memory.
pub(super) fn of_core(error: &probe_rs::Error) -> Failure {
    of(error)
}

/// Judges an error of flashing.
pub(super) fn of_flash(error: &FlashError) -> Failure {
    of(error)
}

/// Takes the first cause that says what it is; what says nothing is the chip's refusal, in probe-rs' words.
fn of(error: &(dyn Error + 'static)) -> Failure {
    let told = told(error);
    causes(error).find_map(|cause| known(cause, &told)).or_else(|| by_words(&told)).unwrap_or(Failure::Device(told))
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source()).take(16)
}

fn known(cause: &(dyn Error + 'static), told: &str) -> Option<Failure> {
    if let Some(io) = cause.downcast_ref::<io::Error>() {
        return Some(of_io(io, told));
    }
    if let Some(FlashError::Verify) = cause.downcast_ref() {
        return Some(Failure::Device(told.to_owned()));
    }
    if let Some(arm) = cause.downcast_ref::<ArmError>() {
        return of_arm(arm, told);
    }
    if let Some(probe) = cause.downcast_ref::<DebugProbeError>() {
        return match probe {
            DebugProbeError::TargetNotFound => Some(Failure::NoChip(told.to_owned())),
            DebugProbeError::Timeout => Some(Failure::Silent),
            _ => None,
        };
    }
    match (cause.downcast_ref::<ProbeCreationError>(), cause.downcast_ref::<DapError>()) {
        (Some(ProbeCreationError::NotFound), _) => return Some(Failure::Absent),
        (Some(ProbeCreationError::CouldNotOpen), _) => return Some(Failure::Protocol(told.to_owned())),
        (_, Some(DapError::NoAcknowledge)) => return Some(Failure::NoChip(told.to_owned())),
        _ => {}
    }
    if let Some(RegistryError::ChipAutodetectFailed) = cause.downcast_ref() {
        return Some(Failure::NoChip("what it is cannot be detected; name it in the profile".to_owned()));
    }
    match cause.downcast_ref::<probe_rs::Error>()? {
        probe_rs::Error::MissingPermissions(_) => Some(locked()),
        probe_rs::Error::Timeout => Some(Failure::NoChip("it does not stop".to_owned())),
        _ => None,
    }
}

fn of_arm(error: &ArmError, told: &str) -> Option<Failure> {
    match error {
        ArmError::MissingPermissions(_) => Some(locked()),
        ArmError::NoTargetResponse { .. } | ArmError::NoArmTarget | ArmError::Timeout => {
            Some(Failure::NoChip(told.to_owned()))
        }
        _ => None,
    }
}

fn locked() -> Failure {
    Failure::Locked("its debug port opens only for erasing everything".to_owned())
}

fn of_io(error: &io::Error, told: &str) -> Failure {
    match error.kind() {
        ErrorKind::PermissionDenied => Failure::Permission("its USB node".to_owned()),
        ErrorKind::ResourceBusy => Failure::Busy,
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Failure::Silent,
        ErrorKind::NotFound
        | ErrorKind::BrokenPipe
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::NotConnected
        | ErrorKind::UnexpectedEof => Failure::Gone,
        _ if error.raw_os_error() == Some(libc::ENODEV) => Failure::Gone,
        _ => Failure::Device(told.to_owned()),
    }
}

/// Some drivers keep the I/O error's words and not the error: the Black Magic Probe's among them.
fn by_words(told: &str) -> Option<Failure> {
    let says = |words: &[&str]| words.iter().any(|word| told.contains(word));
    if says(&["failed to fill whole buffer", "Broken pipe", "Connection reset", "device disconnected"]) {
        Some(Failure::Gone)
    } else if says(&["Resource busy", "claimed by another"]) {
        Some(Failure::Busy)
    } else {
        None
    }
}

/// Returns the causes in one line, each once.
fn told(error: &(dyn Error + 'static)) -> String {
    let mut words: Vec<String> = Vec::new();
    for cause in causes(error) {
        let word = harmless(cause.to_string().trim_end_matches('.'));
        if !words.iter().any(|known| known.contains(&word)) {
            words.push(word);
        }
    }
    words.join(": ").chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_deep_inside_gives_the_class() {
        let usb = |kind: ErrorKind| of_probe(&DebugProbeError::Usb(io::Error::from(kind)));
        assert_eq!(usb(ErrorKind::PermissionDenied), Failure::Permission("its USB node".to_owned()));
        assert_eq!(usb(ErrorKind::ResourceBusy), Failure::Busy);
        assert_eq!(usb(ErrorKind::TimedOut), Failure::Silent);
        assert_eq!(usb(ErrorKind::BrokenPipe), Failure::Gone);
        let absent = DebugProbeError::ProbeCouldNotBeCreated(ProbeCreationError::NotFound);
        assert_eq!(of_core(&probe_rs::Error::Probe(absent)), Failure::Absent);
        let dead = ArmError::Dap(DapError::NoAcknowledge);
        assert!(matches!(of_core(&probe_rs::Error::Arm(dead)), Failure::NoChip(_)));
        let locked = ArmError::MissingPermissions("erase_all".to_owned());
        assert!(matches!(of_core(&probe_rs::Error::Arm(locked)), Failure::Locked(_)));
        assert!(matches!(of_core(&probe_rs::Error::Other("odd".to_owned())), Failure::Device(_)));
    }

    #[test]
    fn words_of_a_driver_that_lost_the_error_still_tell_a_probe_that_went() {
        let error = probe_rs::Error::Other("Probe error failed to fill whole buffer".to_owned());
        assert_eq!(of_core(&error), Failure::Gone);
    }
}
