//! What the server counts, in the text format of Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Upper bounds of the durations that are counted, in milliseconds.
const BOUNDS: [u64; 9] = [5, 10, 25, 50, 100, 250, 1000, 5000, 30_000];

#[derive(Default)]
struct Durations {
    counts: [u64; BOUNDS.len()],
    all: u64,
    millis: u64,
}

/// Counters and gauges. Their names are bounded: routes and codes of our own, nothing a stranger sends.
#[derive(Default)]
pub(super) struct Metrics {
    pub(super) connections: AtomicU64,
    pub(super) accepted: AtomicU64,
    pub(super) turned_away: AtomicU64,
    pub(super) handshakes_failed: AtomicU64,
    pub(super) cut: AtomicU64,
    pub(super) reloads: AtomicU64,
    pub(super) reloads_failed: AtomicU64,
    requests: Mutex<BTreeMap<(String, u16, String), u64>>,
    durations: Mutex<BTreeMap<String, Durations>>,
}

impl Metrics {
    pub(super) fn request(&self, route: &str, status: u16, code: &str, millis: u64) {
        let key = (route.to_owned(), status, code.to_owned());
        *self.requests.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default() += 1;
        let mut durations = self.durations.lock().unwrap_or_else(PoisonError::into_inner);
        let row = durations.entry(route.to_owned()).or_default();
        row.all += 1;
        row.millis += millis;
        for (count, _) in row.counts.iter_mut().zip(BOUNDS).filter(|(_, bound)| millis <= *bound) {
            *count += 1;
        }
    }

    /// Writes everything; `buckets` is the number of rate limits kept.
    pub(super) fn text(&self, buckets: usize) -> String {
        let mut text = String::new();
        let mut single = |name: &str, kind: &str, help: &str, value: u64| {
            _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
        };
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        single("firstlight_connections", "gauge", "Connections that are open.", read(&self.connections));
        single("firstlight_connections_accepted_total", "counter", "Connections taken.", read(&self.accepted));
        single(
            "firstlight_connections_refused_total",
            "counter",
            "Connections over the limit of their source.",
            read(&self.turned_away),
        );
        single(
            "firstlight_handshakes_failed_total",
            "counter",
            "TLS handshakes that failed.",
            read(&self.handshakes_failed),
        );
        single(
            "firstlight_connections_cut_total",
            "counter",
            "Connections cut for being idle or slow.",
            read(&self.cut),
        );
        single("firstlight_certificate_reloads_total", "counter", "Certificates taken anew.", read(&self.reloads));
        single(
            "firstlight_certificate_reloads_failed_total",
            "counter",
            "Certificates that could not be taken.",
            read(&self.reloads_failed),
        );
        single("firstlight_rate_buckets", "gauge", "Rate limits kept in memory.", buckets as u64);
        self.requests_into(&mut text);
        self.durations_into(&mut text);
        text
    }

    fn requests_into(&self, text: &mut String) {
        *text += "# HELP firstlight_requests_total Requests answered.\n# TYPE firstlight_requests_total counter\n";
        for ((route, status, code), count) in self.requests.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            _ = writeln!(
                text,
                "firstlight_requests_total{{route=\"{route}\",status=\"{status}\",code=\"{code}\"}} {count}"
            );
        }
    }

    fn durations_into(&self, text: &mut String) {
        let name = "firstlight_request_duration_seconds";
        _ = writeln!(text, "# HELP {name} From the last header to the answer.\n# TYPE {name} histogram");
        for (route, row) in self.durations.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            for (count, bound) in row.counts.iter().zip(BOUNDS) {
                let seconds = format!("{}.{:03}", bound / 1000, bound % 1000);
                _ = writeln!(text, "{name}_bucket{{route=\"{route}\",le=\"{seconds}\"}} {count}");
            }
            _ = writeln!(text, "{name}_bucket{{route=\"{route}\",le=\"+Inf\"}} {}", row.all);
            _ = writeln!(text, "{name}_sum{{route=\"{route}\"}} {}.{:03}", row.millis / 1000, row.millis % 1000);
            _ = writeln!(text, "{name}_count{{route=\"{route}\"}} {}", row.all);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_route_status_and_code() {
        let metrics = Metrics::default();
        metrics.request("POST /v1/register", 201, "", 7);
        metrics.request("POST /v1/register", 201, "", 70_000);
        metrics.request("POST /v1/register", 429, "rate-limited", 0);
        let text = metrics.text(3);
        for line in [
            "firstlight_requests_total{route=\"POST /v1/register\",status=\"201\",code=\"\"} 2",
            "firstlight_requests_total{route=\"POST /v1/register\",status=\"429\",code=\"rate-limited\"} 1",
            "firstlight_request_duration_seconds_bucket{route=\"POST /v1/register\",le=\"0.005\"} 1",
            "firstlight_request_duration_seconds_bucket{route=\"POST /v1/register\",le=\"0.010\"} 2",
            "firstlight_request_duration_seconds_bucket{route=\"POST /v1/register\",le=\"+Inf\"} 3",
            "firstlight_request_duration_seconds_sum{route=\"POST /v1/register\"} 70.007",
            "firstlight_rate_buckets 3",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
