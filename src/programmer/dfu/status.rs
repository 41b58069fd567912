//! States and status codes (DFU 1.1, section 6.1.2).

use std::time::Duration;

/// The longest poll time that is believed; 24 bits of milliseconds could be four hours.
const LONGEST_POLL: Duration = Duration::from_secs(5);
/// Bytes of an answer to GETSTATUS.
pub(super) const REPORT: usize = 6;

/// What a device is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    AppIdle,
    AppDetach,
    Idle,
    DownloadSync,
    DownloadBusy,
    DownloadIdle,
    ManifestSync,
    Manifest,
    ManifestWaitReset,
    UploadIdle,
    Error,
}

impl State {
    /// Reads `bState`.
    pub(super) fn read(byte: u8) -> Option<Self> {
        Some(match byte {
            0 => Self::AppIdle,
            1 => Self::AppDetach,
            2 => Self::Idle,
            3 => Self::DownloadSync,
            4 => Self::DownloadBusy,
            5 => Self::DownloadIdle,
            6 => Self::ManifestSync,
            7 => Self::Manifest,
            8 => Self::ManifestWaitReset,
            9 => Self::UploadIdle,
            10 => Self::Error,
            _ => return None,
        })
    }

    /// Returns its name in the standard.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::AppIdle => "appIDLE",
            Self::AppDetach => "appDETACH",
            Self::Idle => "dfuIDLE",
            Self::DownloadSync => "dfuDNLOAD-SYNC",
            Self::DownloadBusy => "dfuDNBUSY",
            Self::DownloadIdle => "dfuDNLOAD-IDLE",
            Self::ManifestSync => "dfuMANIFEST-SYNC",
            Self::Manifest => "dfuMANIFEST",
            Self::ManifestWaitReset => "dfuMANIFEST-WAIT-RESET",
            Self::UploadIdle => "dfuUPLOAD-IDLE",
            Self::Error => "dfuERROR",
        }
    }
}

/// The status that ST's boot loaders give while read-out protection is on (AN3156, Erase and Write memory).
pub(super) const VENDOR: u8 = 11;

/// An answer to GETSTATUS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Report {
    /// `bStatus`, 0 if all is well.
    pub(super) status: u8,
    /// How long the device wants not to be asked again; bounded.
    pub(super) poll: Duration,
    /// What it is doing.
    pub(super) state: State,
}

impl Report {
    /// Reads the six bytes; `None` if they are not that.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let [status, low, middle, high, state, _] = *bytes else { return None };
        let poll = Duration::from_millis(u64::from(u32::from_le_bytes([low, middle, high, 0])));
        Some(Self { status, poll: poll.min(LONGEST_POLL), state: State::read(state)? })
    }
}

/// Returns a status code in words, with its number: `errADDRESS (8)`.
pub(super) fn status_words(status: u8) -> String {
    const NAMES: [(&str, &str); 16] = [
        ("OK", "no error"),
        ("errTARGET", "the bytes are not for this device, or the address is not one of its own"),
        ("errFILE", "the bytes fail a check of the vendor's"),
        ("errWRITE", "it cannot write its memory"),
        ("errERASE", "erasing its memory failed"),
        ("errCHECK_ERASED", "its memory is not erased"),
        ("errPROG", "programming its memory failed"),
        ("errVERIFY", "its memory does not hold what was programmed"),
        ("errADDRESS", "the address is out of range"),
        ("errNOTDONE", "it did not get everything"),
        ("errFIRMWARE", "its firmware is corrupt"),
        ("errVENDOR", "an error of the vendor's own"),
        ("errUSBR", "a USB reset came unexpectedly"),
        ("errPOR", "a power-on reset came unexpectedly"),
        ("errUNKNOWN", "something went wrong, it does not know what"),
        ("errSTALLEDPKT", "it stalled a request it did not expect"),
    ];
    match NAMES.get(usize::from(status)) {
        Some((name, words)) => format!("{name} ({status}): {words}"),
        None => format!("status {status}, which the standard does not know"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_said_in_words_with_its_number() {
        assert_eq!(status_words(8), "errADDRESS (8): the address is out of range");
        assert_eq!(status_words(200), "status 200, which the standard does not know");
    }

    #[test]
    fn a_poll_time_is_believed_up_to_five_seconds() {
        let report = Report::read(&[0, 0xff, 0xff, 0xff, 4, 0]).unwrap();
        assert_eq!((report.poll, report.state), (LONGEST_POLL, State::DownloadBusy));
        assert_eq!(Report::read(&[0, 3, 1, 0, 2, 0]).unwrap().poll, Duration::from_millis(259));
    }

    #[test]
    fn what_is_no_report_is_none() {
        for bytes in [&[][..], &[0; 5], &[0; 7], &[0, 0, 0, 0, 11, 0]] {
            assert_eq!(Report::read(bytes), None);
        }
    }
}
