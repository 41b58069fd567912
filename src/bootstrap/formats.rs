//! In which content format a client is written to.

use crate::fleet::lwm2m::Enabler;
use crate::format::payload::PayloadFormat;

/// Formats that hold a whole instance, in the order in which they are tried.
#[derive(Clone, Debug)]
pub(super) struct Formats {
    order: Vec<PayloadFormat>,
    at: usize,
    /// True as soon as the client has taken something in it.
    pub(super) is_proven: bool,
}

impl Formats {
    /// The format that its profile says, else the one it asked for (`pct`), else that of its version; then what others take.
    pub(super) fn of(profile: Option<u16>, preferred: Option<u16>, enabler: Enabler) -> Self {
        let usual = if enabler == Enabler::V1_0 { PayloadFormat::Tlv } else { PayloadFormat::SenmlCbor };
        let said = [profile, preferred]
            .into_iter()
            .flatten()
            .filter_map(PayloadFormat::of)
            .filter(|format| holds_instances(*format));
        let known = [usual, PayloadFormat::SenmlCbor, PayloadFormat::Tlv, PayloadFormat::SenmlJson];
        let mut order = Vec::new();
        for format in said.chain(known) {
            if !order.contains(&format) {
                order.push(format);
            }
        }
        Self { order, at: 0, is_proven: false }
    }

    pub(super) fn current(&self) -> PayloadFormat {
        self.order[self.at]
    }

    /// Goes on to the next; false if there is none, or if the client has taken this one already.
    pub(super) fn next(&mut self) -> bool {
        let goes_on = !self.is_proven && self.at + 1 < self.order.len();
        self.at += usize::from(goes_on);
        goes_on
    }
}

/// True for formats that an instance can be written in.
pub(super) fn holds_instances(format: PayloadFormat) -> bool {
    use PayloadFormat::{Lwm2mCbor, SenmlCbor, SenmlJson, Tlv};
    matches!(format, Lwm2mCbor | SenmlCbor | SenmlJson | Tlv)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_asks_for_goes_before_what_its_version_has() {
        let first = |profile, preferred, enabler| Formats::of(profile, preferred, enabler).current().number();
        assert_eq!(first(None, None, Enabler::V1_0), 11_542);
        assert_eq!(first(None, None, Enabler::V1_1), 112);
        assert_eq!(first(None, Some(110), Enabler::V1_1), 110);
        assert_eq!(first(Some(11_542), Some(110), Enabler::V1_1), 11_542);
        assert_eq!(first(None, Some(40), Enabler::V1_0), 11_542);
    }

    #[test]
    fn a_format_that_was_taken_is_not_left() {
        let mut formats = Formats::of(None, Some(11_544), Enabler::V1_2);
        assert!(formats.next() && formats.next() && formats.next());
        assert_eq!(formats.current().number(), 110);
        assert!(!formats.next());
        let mut proven = Formats::of(None, None, Enabler::V1_0);
        proven.is_proven = true;
        assert!(!proven.next());
    }
}
