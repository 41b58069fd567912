//! What came of a run: the record for programs, the console line and the LED for people.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use super::device::Device;
use crate::bundle::sealed::{Reason, Refusal};
use crate::fleet::{Class, Diagnose, Digest};
use crate::host::Machine;
use crate::host::machine::harmless;

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A bundle was taken and is in force.
    Applied,
    /// What is on the medium is in force already.
    Unchanged,
    /// There is no medium; the copy is in force.
    CopyServes,
    /// A bundle could not prove itself; what was before is in force again.
    RolledBack,
    /// A bundle that could not prove itself waits for its next try.
    Waiting,
    /// There is no medium and no copy.
    NoMedium,
    /// There is a medium without a bundle, and no copy.
    NoBundle,
    /// The bundle is not taken; what was before is in force.
    Refused,
}

impl Outcome {
    /// Returns its word in records.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Applied => "applied",
            Outcome::Unchanged => "unchanged",
            Outcome::CopyServes => "copy-serves",
            Outcome::RolledBack => "rolled-back",
            Outcome::Waiting => "waiting",
            Outcome::NoMedium => "no-medium",
            Outcome::NoBundle => "no-bundle",
            Outcome::Refused => "refused",
        }
    }

    /// Returns true if a bundle is in force and nothing is wrong.
    pub fn is_good(self) -> bool {
        matches!(self, Outcome::Applied | Outcome::Unchanged | Outcome::CopyServes)
    }
}

/// A bundle that a record speaks of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Part {
    /// Fleet, `device` or `site`, and name: the line in which its versions count up.
    pub lane: String,
    /// The bundle's name.
    pub bundle: String,
    /// Its version.
    pub version: u32,
    /// Its manifest's digest.
    pub digest: Digest,
}

/// A bundle on the medium that was not taken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PassedBy {
    /// Its folder; empty for the medium's root.
    pub folder: String,
    /// Why, by code.
    pub reason: Reason,
    /// The same in words.
    pub what: String,
}

/// What came of a run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Always `ingest`.
    pub event: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why a bundle is refused, by code.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// The same in words, or what failed.
    #[serde(default)]
    pub what: Option<String>,
    /// The device's name, as far as known.
    #[serde(default)]
    pub device: Option<String>,
    /// The medium.
    #[serde(default)]
    pub medium: Option<String>,
    /// The generation in force.
    #[serde(default)]
    pub generation: Option<u64>,
    /// The bundles in force.
    #[serde(default)]
    pub bundles: Vec<Part>,
    /// Bundles on the medium that were passed by.
    #[serde(default)]
    pub passed_by: Vec<PassedBy>,
    /// When a bundle that waits is tried again, RFC 3339.
    #[serde(default)]
    pub next_try: Option<String>,
    /// Whether the signed result lies on the medium: `written`, or why not.
    #[serde(default)]
    pub result: Option<String>,
    /// When, by the device's clock, RFC 3339.
    pub time: String,
}

impl Record {
    /// Returns a record of nothing but its outcome.
    pub fn new(outcome: Outcome, time: String) -> Self {
        Self {
            event: "ingest".into(),
            outcome,
            reason: None,
            what: None,
            device: None,
            medium: None,
            generation: None,
            bundles: Vec::new(),
            passed_by: Vec::new(),
            next_try: None,
            result: None,
            time,
        }
    }

    /// Returns the exit status' class; `None` is success.
    pub fn class(&self) -> Option<Class> {
        match (self.outcome.is_good(), self.reason) {
            (true, _) => None,
            (_, Some(reason)) => Some(Refusal::new(reason, "").class()),
            _ => Some(Class::Surroundings),
        }
    }

    /// Returns one line for a person.
    pub fn line(&self) -> String {
        let bundles: Vec<String> =
            self.bundles.iter().map(|part| format!("{} version {}", part.lane, part.version)).collect();
        let bundles = bundles.join(", ");
        let what = self.what.as_deref().unwrap_or_default();
        let code = self.reason.map(|reason| format!("{}: ", reason.code())).unwrap_or_default();
        let line = match self.outcome {
            Outcome::Applied => format!("in force: {bundles}"),
            Outcome::Unchanged => format!("in force already: {bundles}"),
            Outcome::CopyServes => format!("no bundle to take, the copy serves: {bundles}"),
            Outcome::RolledBack => format!("restored what was before: {what}"),
            Outcome::Waiting => {
                format!("not tried again before {}: {what}", self.next_try.as_deref().unwrap_or("then"))
            }
            Outcome::NoMedium => "no medium and no copy".into(),
            Outcome::NoBundle => "a medium without a bundle, and no copy".into(),
            Outcome::Refused => format!("refused, {code}{what}"),
        };
        harmless(&line)
    }
}

/// Shows that a run is at work.
pub fn show_work(machine: &Machine, device: &Device) {
    blink(machine, device, Some(("100", "100")));
}

/// Shows how a run ended: a steady LED is good, a slow blink wants patience, a fast one a person. Never fatal.
pub fn show(machine: &Machine, device: &Device, record: &Record) {
    match record.outcome {
        outcome if outcome.is_good() => blink(machine, device, None),
        Outcome::Refused => blink(machine, device, Some(("125", "125"))),
        Outcome::RolledBack | Outcome::Waiting => blink(machine, device, Some(("900", "100"))),
        _ => blink(machine, device, Some(("100", "900"))),
    }
    if let Some(console) = &device.console {
        let line = format!("firstlight: {}\r\n", record.line());
        put(&machine.path(console), &line);
    }
}

/// Sets the LED's trigger (Documentation/leds/leds-class.rst); without one only its brightness.
fn blink(machine: &Machine, device: &Device, on_off: Option<(&str, &str)>) {
    let Some(led) = &device.led else { return };
    let led = machine.path(led);
    put(&led.join("trigger"), if on_off.is_none() { "none" } else { "timer" });
    if let Some((on, off)) = on_off {
        put(&led.join("delay_on"), on);
        put(&led.join("delay_off"), off);
        return;
    }
    let most = std::fs::read_to_string(led.join("max_brightness")).unwrap_or_default();
    put(&led.join("brightness"), if most.trim().is_empty() { "1" } else { most.trim() });
}

/// Writes to what exists: an attribute, a terminal. Nothing waits, nothing is made.
fn put(path: &Path, text: &str) {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    if let Ok(mut file) = OpenOptions::new().write(true).custom_flags(flags).open(path) {
        let _ = file.write_all(text.as_bytes());
    }
}
