//! What is seen of each bootstrap: a line of the log, and counters.

use std::collections::BTreeMap;
use std::fmt::Write as _;
#[cfg(feature = "dtls")]
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::delivery::Clock;
#[cfg(feature = "dtls")]
use crate::dtls::Proof;
use crate::server::log::Log;

#[cfg(feature = "dtls")]
use super::wire::FailedHandshake;

/// Counters and gauges. Their labels are words of our own, nothing a stranger sends.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) started: AtomicU64,
    pub(super) finished: AtomicU64,
    pub(super) peers: AtomicU64,
    pub(super) sessions: AtomicU64,
    pub(super) datagrams_in: AtomicU64,
    pub(super) datagrams_out: AtomicU64,
    pub(super) passed_over: AtomicU64,
    pub(super) handshakes: AtomicU64,
    pub(super) turned_away: AtomicU64,
    pub(super) handshakes_failed: Mutex<BTreeMap<&'static str, u64>>,
    pub(super) failed: Mutex<BTreeMap<&'static str, u64>>,
    pub(super) refused: Mutex<BTreeMap<&'static str, u64>>,
}

/// Counts one of a kind.
pub(super) fn count(counts: &Mutex<BTreeMap<&'static str, u64>>, word: &'static str) {
    *counts.lock().unwrap_or_else(PoisonError::into_inner).entry(word).or_default() += 1;
}

impl Counts {
    /// Returns everything in the text format of Prometheus.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        for (name, kind, help, value) in [
            ("peers", "gauge", "Devices that are talked with.", read(&self.peers)),
            ("sessions", "gauge", "Bootstraps at work.", read(&self.sessions)),
            ("started_total", "counter", "Bootstraps begun.", read(&self.started)),
            ("finished_total", "counter", "Bootstraps that ended well.", read(&self.finished)),
            ("handshakes_total", "counter", "DTLS handshakes that ended well.", read(&self.handshakes)),
            ("turned_away_total", "counter", "DTLS hellos not answered for want of room.", read(&self.turned_away)),
            ("datagrams_received_total", "counter", "Datagrams received.", read(&self.datagrams_in)),
            ("datagrams_sent_total", "counter", "Datagrams sent.", read(&self.datagrams_out)),
            ("passed_over_total", "counter", "Datagrams passed over for want of room.", read(&self.passed_over)),
        ] {
            let name = format!("firstlight_lwm2m_{name}");
            _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
        }
        for (name, help, counts) in [
            ("failed_total", "Bootstraps that did not end well, by reason.", &self.failed),
            ("refused_total", "Requests that were refused, by reason.", &self.refused),
            ("handshakes_failed_total", "DTLS handshakes that failed, by reason.", &self.handshakes_failed),
        ] {
            let name = format!("firstlight_lwm2m_{name}");
            _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
            for (reason, count) in counts.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                _ = writeln!(text, "{name}{{reason=\"{reason}\"}} {count}");
            }
        }
        text
    }
}

/// Writes lines and counts.
#[derive(Clone)]
pub(super) struct Watch {
    pub(super) counts: Arc<Counts>,
    pub(super) log: Arc<dyn Log>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Watch {
    /// Writes a line; `fields` is an object. It begins with the time and `what`.
    pub(super) fn line(&self, what: &str, fields: Value) {
        let mut line = json!({ "time": self.now(), "what": what });
        if let (Some(line), Value::Object(fields)) = (line.as_object_mut(), fields) {
            line.extend(fields);
        }
        self.log.line(&line);
    }

    /// A handshake is complete.
    #[cfg(feature = "dtls")]
    pub(super) fn joined(&self, from: SocketAddr, proof: &Proof, suite: &str) {
        self.counts.handshakes.fetch_add(1, Ordering::Relaxed);
        let identity = if let Proof::Psk(identity) = proof { Some(shown(identity)) } else { None };
        self.line(
            "handshake",
            json!({ "event": "joined", "from": from.to_string(), "suite": suite,
            "identity": identity }),
        );
    }

    /// A handshake came to nothing: the reason is ours alone.
    #[cfg(feature = "dtls")]
    pub(super) fn handshake_failed(&self, failed: &FailedHandshake) {
        count(&self.counts.handshakes_failed, failed.reason);
        let identity = failed.identity.as_deref().map(shown);
        self.line(
            "handshake",
            json!({ "event": "failed", "from": failed.from.to_string(), "identity": identity,
            "reason": failed.reason, "why": failed.why, "fix": failed.fix }),
        );
    }

    pub(super) fn now(&self) -> String {
        self.clock.now().format(&Rfc3339).unwrap_or_default()
    }
}

/// An identity as text where it is some, else in hexadecimal digits: a stranger may send anything, even a key.
#[cfg(feature = "dtls")]
fn shown(identity: &[u8]) -> String {
    let text = std::str::from_utf8(identity).ok();
    let name = crate::server::log::name(text);
    name.unwrap_or_else(|| format!("0x{}", hex::encode(&identity[..identity.len().min(64)])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_shown_by_reason() {
        let counts = Counts::default();
        count(&counts.failed, "silent");
        count(&counts.failed, "silent");
        counts.started.fetch_add(3, Ordering::Relaxed);
        let text = counts.text();
        for line in ["firstlight_lwm2m_started_total 3", "firstlight_lwm2m_failed_total{reason=\"silent\"} 2"] {
            assert!(text.lines().any(|found| found == line), "{text}");
        }
    }
}
