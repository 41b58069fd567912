//! A registry with a million devices: how fast a list comes in, how fast a device is found.
//!
//! usage: million STORE DEVICES [ALLOWED]
//!
//! STORE is the path of a new file, or the `postgres://` address of an empty schema. Driven by `benches/million.py`. Prints one
//! JSON object; times are milliseconds, of a process that does nothing else.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    missing_docs
)]

use std::collections::BTreeMap;
use std::io::{BufRead, Read};
use std::sync::Arc;
use std::time::Instant;

use firstlight::fleet::enrolment::{Filter, GroupPolicy};
use firstlight::host::surroundings::SystemClock;
use firstlight::registry::{Allowed, ExchangeForm, ImportTerms, Registry};
use serde_json::{Value, json};

const GROUP: &str = "line-a";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let [store, devices, rest @ ..] = &words[..] else {
        return println!("usage: see the head of benches/million.rs");
    };
    let devices: u64 = devices.parse().unwrap();
    let allowed = rest.first().map_or(devices, |count| count.parse().unwrap());
    let registry = Registry::open(store, "bench", Arc::new(SystemClock)).unwrap();
    let policy: GroupPolicy = serde_json::from_value(json!({ "proofs": ["claim"] })).unwrap();
    registry.declare_groups("bench", &BTreeMap::from([(GROUP.to_owned(), policy)])).unwrap();
    let allow = allow_list(&registry, allowed);
    let devices_in = import(&registry, devices);
    let lookups = lookups(&registry, devices);
    let searches = searches(&registry, devices);
    let said =
        json!({ "allow": allow, "devices": devices_in, "lookups": lookups, "searches": searches, "peak": peak() });
    println!("{said}");
}

/// Peak memory in MiB.
fn peak() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

/// CPU seconds of this process, all threads.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks = |at: usize| fields[at].parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / 100.0
}

/// Imports an allow list, of which half was there when a former import broke off.
fn allow_list(registry: &Registry, rows: u64) -> Value {
    let row = |number: u64| {
        let attributes = BTreeMap::from([("site".to_owned(), format!("site-{:03}", number % 1000))]);
        Ok(Allowed { device: format!("gw-{number:07}"), attributes, max_uses: Some(3), expires: None })
    };
    let (began, before) = (Instant::now(), cpu());
    let half = registry.import_allowed("bench", GROUP, (0..rows / 2).map(row), &mut |_, _| ());
    let (first, first_cpu) = (began.elapsed().as_secs_f64(), cpu() - before);
    let (began, before) = (Instant::now(), cpu());
    let whole = registry.import_allowed("bench", GROUP, (0..rows).map(row), &mut |_, _| ());
    let (second, second_cpu) = (began.elapsed().as_secs_f64(), cpu() - before);
    assert_eq!((half.added, half.stopped), (rows / 2, None));
    assert_eq!((whole.added, whole.same, whole.stopped), (rows - rows / 2, rows / 2, None));
    json!({ "rows": rows, "new_a_second": (rows / 2) as f64 / first, "resumed_a_second": rows as f64 / second,
        "new_cpu": first_cpu, "resumed_cpu": second_cpu, "peak": peak() })
}

/// The devices as lines of JSON, made as they are read.
struct Lines {
    next: u64,
    end: u64,
    line: Vec<u8>,
    at: usize,
}

impl Read for Lines {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Lines {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.at == self.line.len() && self.next < self.end {
            let number = self.next;
            let device = json!({ "id": format!("gw-{number:07}"), "serial": format!("SN{number:08}"), "group": GROUP,
                "vendor": if number == self.end / 2 { "Rare" } else { "Example" }, "hardware": format!("rev {}", number % 4),
                "firmware": format!("1.{}.0", number % 50), "protocol": "mqtt",
                "attributes": { "site": format!("site-{:03}", number % 1000), "line": if number.is_multiple_of(2) { "a" } else { "b" },
                    "order": format!("order-{:06}", number / 10) } });
            self.line = format!("{device}\n").into_bytes();
            self.at = 0;
            self.next += 1;
        }
        Ok(&self.line[self.at..])
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
    }
}

fn import(registry: &Registry, devices: u64) -> Value {
    let (form, origin, actor) = (ExchangeForm::Lines, "bench".to_owned(), "bench".to_owned());
    let terms = ImportTerms { form, atomic: false, after: None, origin, actor };
    let (began, before) = (Instant::now(), cpu());
    let mut lines = Lines { next: 0, end: devices, line: Vec::new(), at: 0 };
    let tally = registry.import(&terms, &mut lines, &mut |_| ()).unwrap();
    assert_eq!((tally.made, tally.refused), (devices, 0));
    json!({ "rows": devices, "a_second": devices as f64 / began.elapsed().as_secs_f64(), "cpu": cpu() - before, "peak": peak() })
}

fn spread(mut millis: Vec<f64>) -> Value {
    millis.sort_by(f64::total_cmp);
    let at = |part: f64| millis[((millis.len() - 1) as f64 * part) as usize];
    json!({ "p50": at(0.5), "p99": at(0.99), "worst": at(1.0), "count": millis.len() })
}

fn timed(work: impl FnOnce()) -> f64 {
    let began = Instant::now();
    work();
    began.elapsed().as_secs_f64() * 1e3
}

fn lookups(registry: &Registry, devices: u64) -> Value {
    let number = |draw: u64| draw.wrapping_mul(0x9E37_79B9_7F4A_7C15) % devices;
    let by_id = (0..20_000).map(|draw| {
        let id = format!("GW-{:07}", number(draw));
        timed(|| assert!(registry.device(&id).unwrap().is_some()))
    });
    let by_serial = (0..20_000).map(|draw| {
        let serial = format!("SN{:08}", number(draw + 50_000));
        timed(|| assert!(registry.device_by_serial(&serial).unwrap().is_some()))
    });
    json!({ "id": spread(by_id.collect()), "serial": spread(by_serial.collect()) })
}

/// A page of 100 for each filter, from the first and from the middle; 20 times.
fn searches(registry: &Registry, devices: u64) -> Value {
    let middle = format!("gw-{:07}", devices / 2);
    let mut all = BTreeMap::new();
    for text in [
        "attributes.site=site-007",
        "attributes.order=order-000700",
        "attributes.line=a",
        "attributes.line=a attributes.site=site-008",
        "attributes.line=a attributes.site=site-009",
        "attributes.line=a attributes.line=b",
        "attributes.site=site-00*",
        "attributes.order=order-0009*",
        "attributes.none=x",
        "gw-00012*",
        "serial=SN0000012*",
        "SN00000777",
        "state=expected",
        "state=registered",
        "group=line-a attributes.site=site-011",
        "vendor=Rare",
        "vendor=Nobody",
        "firmware=1.7.*",
        "hardware=\"rev 3\"",
        "vendor=Nobody attributes.line=a",
        "vendor=Nobody attributes.line=b attributes.line=b",
        "",
    ] {
        let filter = Filter::parse(text).unwrap();
        let mut found = 0;
        let millis = (0..20).map(|turn| {
            let cursor = (turn % 2 == 1).then_some(middle.as_str());
            timed(|| found = registry.search(&filter, cursor, 100).unwrap().devices.len())
        });
        let spread = spread(millis.collect());
        eprintln!("{text:50} {found:4} {spread}");
        all.insert(text, spread);
    }
    json!(all)
}
