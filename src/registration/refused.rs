//! Refusals that come before the transaction: each leaves a line in the audit trail, unless so many come that they would
//! flood it; then how many is noted.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use time::OffsetDateTime;

use crate::fleet::enrolment::Refusal;
use crate::registry::{Registry, RegistryError};

use super::request::Request;

/// Is told what ails the registry.
type Alarm = dyn Fn(&RegistryError) + Send + Sync;

/// Most lines a minute.
const MOST: u64 = 300;

/// Notes refusals.
pub(super) struct Refusals {
    registry: Registry,
    alarm: Arc<Alarm>,
    /// The minute, and how many came in it.
    minute: Mutex<(i64, u64)>,
}

/// What becomes of one refusal.
#[derive(PartialEq, Eq, Debug)]
struct Noting {
    is_noted: bool,
    /// How many were left out in the minute that is over.
    left_out: u64,
}

impl Refusals {
    /// Notes refusals in this registry.
    pub(super) fn new(registry: Registry, alarm: Arc<Alarm>) -> Self {
        Self { registry, alarm, minute: Mutex::new((i64::MIN, 0)) }
    }

    /// Notes a refusal; does not wait for the disk. What passes by itself is no refusal.
    pub(super) fn note(
        &self,
        request: &Request,
        group: Option<&str>,
        refusal: Refusal,
        source: IpAddr,
        now: OffsetDateTime,
    ) {
        if refusal.is_passing() {
            return;
        }
        let noting =
            counted(&mut self.minute.lock().unwrap_or_else(PoisonError::into_inner), now.unix_timestamp() / 60);
        if noting.left_out > 0 {
            self.write(None, "refusals-not-noted", json!({ "count": noting.left_out }));
        }
        if noting.is_noted {
            let detail = json!({ "group": group, "source": source.to_string(), "code": refusal.code() });
            self.write(Some(request.device.folded()), "registration-refused", detail);
        }
    }

    fn write(&self, device: Option<String>, what: &'static str, detail: serde_json::Value) {
        let alarm = Arc::clone(&self.alarm);
        self.registry.note(device, what, detail, move |error| alarm(&error));
    }
}

fn counted(minute: &mut (i64, u64), now: i64) -> Noting {
    let left_out = if minute.0 == now { 0 } else { minute.1.saturating_sub(MOST) };
    if minute.0 != now {
        *minute = (now, 0);
    }
    minute.1 += 1;
    Noting { is_noted: minute.1 <= MOST, left_out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_told_by_the_next_refusal() {
        let mut minute = (i64::MIN, 0);
        for _ in 0..MOST {
            assert_eq!(counted(&mut minute, 7), Noting { is_noted: true, left_out: 0 });
        }
        for _ in 0..5 {
            assert_eq!(counted(&mut minute, 7), Noting { is_noted: false, left_out: 0 });
        }
        assert_eq!(counted(&mut minute, 9), Noting { is_noted: true, left_out: 5 });
        assert_eq!(counted(&mut minute, 9), Noting { is_noted: true, left_out: 0 });
    }
}
