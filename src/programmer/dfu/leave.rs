//! Leaving DFU mode, so that the firmware runs.

use std::time::Duration;

use crate::host::usb::UsbFault;
use crate::programmer::ProgrammerError;

use super::session::Session;
use super::status::State;

const DOING: &str = "leaving";
/// dfu-util's number for the empty block; 0 would be a command to DfuSe.
const END_BLOCK: u16 = 2;
/// How long a device may take to end a download before it goes.
const ENDS_WITHIN: Duration = Duration::from_secs(40);

/// Has a DfuSe device start its firmware (AN3156, section 5.5): an address, an empty block, and a last question for the status.
/// A device that is gone by then did as it was told.
pub(super) fn dfuse(session: &mut Session) -> Result<(), ProgrammerError> {
    session.rest(DOING)?;
    if let Some(start) = session.map.start().cloned() {
        session.choose(start.alternate, DOING)?;
        match session.point(start.range.start, DOING) {
            // A chip that was locked takes no address; it starts its firmware at its own one.
            Err(ProgrammerError::Locked { .. } | ProgrammerError::Device { .. }) => session.rest(DOING)?,
            pointed => pointed?,
        }
    }
    end(session)?;
    match session.try_report() {
        Ok(Some(report)) if report.state == State::Error => Err(session.refused(report.status, DOING)),
        // What fails now fails because the device is on its way.
        _ => Ok(()),
    }
}

/// Has a plain DFU device start its firmware. `ends` is true where its download was not ended yet.
pub(super) fn plain(session: &mut Session, ends: bool) -> Result<(), ProgrammerError> {
    if ends {
        end(session)?;
        manifest(session)?;
    }
    // A device in DFU mode starts its firmware at a reset (DFU 1.1, section 7); one that did already is gone.
    let _ = session.reset_port();
    Ok(())
}

fn end(session: &mut Session) -> Result<(), ProgrammerError> {
    match session.try_end(END_BLOCK) {
        Ok(()) | Err(UsbFault::Gone) => Ok(()),
        Err(UsbFault::Stalled) => Err(session.stalled(DOING)),
        Err(fault) => Err(session.usb(DOING, fault)),
    }
}

/// Waits until what was downloaded is in force: the device says that it waits for a reset, or is gone.
fn manifest(session: &mut Session) -> Result<(), ProgrammerError> {
    let until = session.clock() + ENDS_WITHIN;
    while session.clock() < until {
        match session.try_report() {
            Ok(Some(report)) => match report.state {
                State::Error => return Err(session.refused(report.status, DOING)),
                State::ManifestSync | State::Manifest => session.pause(report.poll.max(Duration::from_millis(1))),
                _ => return Ok(()),
            },
            Ok(None) => return Err(session.protocol(DOING, "a broken status".to_owned())),
            Err(_) => return Ok(()),
        }
    }
    Err(ProgrammerError::Silent { link: session.name(), doing: DOING })
}
