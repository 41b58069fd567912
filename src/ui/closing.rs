//! What a batch leaves on the screen: a receipt a line for a program, a table and a sentence for a person.

use std::time::Instant;

use serde_json::json;

use crate::delivery::Receipt;
use crate::station::{Delivered, Outcome, Verdict};

use super::measure::{count, size};
use super::{Failure, Printer, Table};

/// The most devices that get a row each in the table; of a larger batch only what a person must look at is shown.
const MOST_ROWS: usize = 40;
/// Columns of the table.
const COLUMNS: usize = 6;
/// The most failures told in full; more are counted.
const MOST_FAILURES: usize = 20;

/// Hears of each outcome and says at the end what the batch came to.
pub struct Closing<'a> {
    printer: &'a Printer,
    begun: Instant,
    total: usize,
    failures: usize,
    /// Rows of the table, each with its place in the batch: outcomes come as they come.
    rows: Vec<(usize, [String; COLUMNS])>,
}

impl<'a> Closing<'a> {
    /// Begins to listen to a batch of `total` devices.
    pub fn new(printer: &'a Printer, total: usize) -> Self {
        Self { printer, begun: Instant::now(), total, failures: 0, rows: Vec::new() }
    }

    /// Takes an outcome: prints its receipt or failure at once, and notes its row.
    pub fn outcome(&mut self, outcome: Outcome) {
        let Outcome { index, device, delivery, result } = outcome;
        match result {
            Ok(delivered) => {
                let row = Row::of(&delivered);
                if self.printer.is_json() {
                    self.printer.record(&row.receipt(device.as_str(), &delivery));
                }
                if self.total <= MOST_ROWS {
                    let cells = [
                        device.to_string(),
                        delivery,
                        row.version.to_string(),
                        row.state(),
                        row.written(),
                        row.target(),
                    ];
                    self.rows.push((index, cells));
                }
            }
            Err(error) => {
                self.failures += 1;
                let failure =
                    Failure::of(&anyhow::Error::new(error).context(format!("delivering {:?}", device.as_str())));
                if self.failures <= MOST_FAILURES || self.printer.is_json() {
                    self.tell_failure(&failure, device.as_str(), &delivery);
                }
                let state = format!("FAILED: {}", failure.class().name());
                if self.rows.len() < MOST_ROWS {
                    let nothing = String::new;
                    self.rows.push((index, [device.to_string(), delivery, nothing(), state, nothing(), nothing()]));
                }
            }
        }
    }

    /// Prints the table (on a terminal) and the sentence.
    pub fn end(self, verdict: &Verdict) {
        if self.failures > MOST_FAILURES && !self.printer.is_json() {
            self.printer.warn(format_args!("... and {} more", count(self.failures - MOST_FAILURES, "failure")));
        }
        if self.printer.terminal().stdout && !self.printer.is_json() && !self.rows.is_empty() {
            self.printer.raw(table(self.rows).render(self.printer.terminal().columns).as_bytes());
        }
        self.printer.talk(sentence(self.total, verdict, self.begun.elapsed().as_secs_f64()));
    }

    fn tell_failure(&self, failure: &Failure, device: &str, delivery: &str) {
        if self.printer.is_json() {
            let error = failure.to_json()["error"].clone();
            self.printer.record(&json!({ "event": "failure", "device": device, "delivery": delivery, "error": error }));
        }
        self.printer.failure(failure);
    }
}

fn table(mut rows: Vec<(usize, [String; COLUMNS])>) -> Table {
    rows.sort_by_key(|(index, _)| *index);
    let table = Table::new(["device", "delivery", "version", "state", "written", "target"]);
    let mut table = table.right("version").right("written");
    rows.into_iter().for_each(|(_, cells)| table.row(cells));
    table
}

/// What is shown of a delivery that is done.
struct Row<'a> {
    version: u32,
    receipt: &'a Receipt,
    changes: &'a [String],
    how: &'static str,
}

impl<'a> Row<'a> {
    fn of(delivered: &'a Delivered) -> Self {
        match delivered {
            Delivered::Now { version, changes, resumed, receipt } => {
                let how = if *resumed { "resumed" } else { "written" };
                Row { version: *version, receipt, changes, how }
            }
            Delivered::Before(finished) => {
                Row { version: finished.version, receipt: &finished.receipt, changes: &[], how: "done-before" }
            }
        }
    }

    fn state(&self) -> String {
        match self.how {
            "resumed" => "resumed, verified".to_owned(),
            "written" => "written, verified".to_owned(),
            _ => "done before".to_owned(),
        }
    }

    fn written(&self) -> String {
        if self.how == "done-before" { String::new() } else { size(self.receipt.written) }
    }

    fn target(&self) -> String {
        self.receipt.target.name.clone()
    }

    fn receipt(&self, device: &str, delivery: &str) -> serde_json::Value {
        json!({
            "event": "receipt",
            "device": device,
            "delivery": delivery,
            "version": self.version,
            "state": self.how,
            "changes": self.changes,
            "target": self.receipt.target,
            "artifact": self.receipt.artifact,
            "image": self.receipt.image,
            "read_back": self.receipt.read_back,
            "written": self.receipt.written,
            "compared": self.receipt.compared,
            "accept_plaintext": self.receipt.accept_plaintext,
        })
    }
}

fn sentence(total: usize, verdict: &Verdict, seconds: f64) -> String {
    let devices = count(total, "device");
    if verdict.before == total {
        return format!("{devices}: nothing is left to do");
    }
    let mut parts = vec![format!("{} written and read back", verdict.made)];
    for (number, words) in
        [(verdict.before, "done before"), (verdict.failures.len(), "failed"), (verdict.untouched, "not begun")]
    {
        if number > 0 {
            parts.push(format!("{number} {words}"));
        }
    }
    format!("{devices}: {} in {seconds:.1} s", parts.join(", "))
}
