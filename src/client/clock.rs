//! What time it is, and whether that can be believed: a device without a clock goes by the newest signed time it has seen.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::bundle::sealed::{Reason, Refusal};
use crate::delivery::{Clock, ClockRule, Manifest};
use crate::host::Machine;

/// What systemd-timesyncd makes once the clock is set (systemd-timesyncd.service(8)).
const SYNCHRONISED: &str = "/run/systemd/timesync/synchronized";

/// The time as a device knows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Time {
    /// The system's, where it was set from a source that is trusted.
    pub trusted: Option<OffsetDateTime>,
    /// It is not earlier than this: the newest signed time seen.
    pub floor: Option<OffsetDateTime>,
    /// The system's, whatever it is worth.
    pub system: OffsetDateTime,
}

impl Time {
    /// Asks the machine. `floor` is the newest signed time in the store.
    pub fn look(machine: &Machine, clock: &dyn Clock, floor: Option<OffsetDateTime>) -> Self {
        let system = clock.now();
        let is_real = machine.path("/") == std::path::Path::new("/");
        let is_trusted = machine.path(SYNCHRONISED).exists() || (is_real && crate::host::clock_sync::is_synchronised());
        Self { trusted: is_trusted.then_some(system), floor, system }
    }

    /// Returns the best guess, for what needs some time: never before the newest signed one.
    pub fn best(&self) -> OffsetDateTime {
        self.floor.map_or(self.system, |floor| floor.max(self.system))
    }

    /// Judges a bundle's validity.
    pub fn judge(&self, manifest: &Manifest) -> Result<(), Refusal> {
        let from = limit(manifest.not_before.as_deref())?;
        let until = limit(manifest.not_after.as_deref())?;
        let known = self.trusted.map(|now| self.floor.map_or(now, |floor| floor.max(now)));
        let at_least = known.or(self.floor);
        if let (Some(until), Some(time)) = (until, at_least)
            && time > until
        {
            return Err(Refusal::new(
                Reason::Expired,
                format!("it was good until {}, it is {}", text(until), text(time)),
            ));
        }
        if let (Some(from), Some(now)) = (from, known)
            && now < from
        {
            return Err(Refusal::new(
                Reason::NotYetValid,
                format!("it is good from {}, it is {}", text(from), text(now)),
            ));
        }
        let begun = from.is_none_or(|from| at_least.is_some_and(|time| time >= from));
        let is_judged = known.is_some() || (until.is_none() && begun);
        if is_judged || manifest.without_clock == ClockRule::Accept {
            return Ok(());
        }
        let what = "this device has no trusted time, and the bundle is good for a time only";
        Err(Refusal::new(Reason::ClockUntrusted, what))
    }
}

/// Reads a time of a manifest.
pub fn parse(time: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(time, &Rfc3339).ok()
}

/// Returns a time as manifests have it.
pub fn text(time: OffsetDateTime) -> String {
    time.replace_nanosecond(0).unwrap_or(time).format(&Rfc3339).unwrap_or_default()
}

fn limit(time: Option<&str>) -> Result<Option<OffsetDateTime>, Refusal> {
    let Some(time) = time else { return Ok(None) };
    let what = || format!("{time:?} is no time");
    parse(time).map(Some).ok_or_else(|| Refusal::new(Reason::UnknownFormat, what()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::EndpointName;

    fn at(day: u8) -> OffsetDateTime {
        parse(&format!("2026-03-{day:02}T00:00:00Z")).unwrap()
    }

    fn judged(trusted: Option<u8>, floor: Option<u8>, rule: ClockRule) -> Option<Reason> {
        let mut manifest = Manifest::new("f", EndpointName::new("d").unwrap(), "b", 1);
        manifest.not_before = Some(text(at(10)));
        manifest.not_after = Some(text(at(20)));
        manifest.without_clock = rule;
        let time = Time { trusted: trusted.map(at), floor: floor.map(at), system: at(15) };
        time.judge(&manifest).err().map(|refusal| refusal.reason)
    }

    #[test]
    fn with_trusted_time_validity_is_judged() {
        for rule in [ClockRule::Refuse, ClockRule::Accept] {
            assert_eq!(judged(Some(15), None, rule), None);
            assert_eq!(judged(Some(9), None, rule), Some(Reason::NotYetValid));
            assert_eq!(judged(Some(21), None, rule), Some(Reason::Expired));
            assert_eq!(judged(Some(15), Some(21), rule), Some(Reason::Expired), "the clock ran back");
        }
    }

    #[test]
    fn without_trusted_time_the_floor_can_only_speak_against_a_bundle() {
        assert_eq!(judged(None, None, ClockRule::Refuse), Some(Reason::ClockUntrusted));
        assert_eq!(judged(None, Some(15), ClockRule::Refuse), Some(Reason::ClockUntrusted));
        assert_eq!(judged(None, Some(21), ClockRule::Refuse), Some(Reason::Expired));
        assert_eq!(judged(None, None, ClockRule::Accept), None);
        assert_eq!(judged(None, Some(21), ClockRule::Accept), Some(Reason::Expired));
    }

    #[test]
    fn a_begin_that_the_floor_has_passed_needs_no_clock() {
        let mut manifest = Manifest::new("f", EndpointName::new("d").unwrap(), "b", 1);
        manifest.not_before = Some(text(at(10)));
        let time = |floor| Time { trusted: None, floor: Some(at(floor)), system: at(1) };
        assert!(time(10).judge(&manifest).is_ok());
        assert_eq!(time(9).judge(&manifest).unwrap_err().reason, Reason::ClockUntrusted);
        manifest.not_before = Some("soon".into());
        assert_eq!(time(10).judge(&manifest).unwrap_err().reason, Reason::UnknownFormat);
    }
}
