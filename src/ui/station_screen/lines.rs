//! The line without a screen: a line for each verdict, JSON for a program.

use serde_json::{Value, json};

use crate::station::line::News;
use crate::ui::{Failure, Printer};

/// Tells what slots say, line by line.
pub struct Lines {
    printer: Printer,
    names: Vec<String>,
    tenths: Vec<u8>,
}

impl Lines {
    /// Begins to tell of slots with these names.
    pub fn new(printer: &Printer, names: Vec<String>) -> Self {
        Self { printer: printer.clone(), tenths: vec![u8::MAX; names.len()], names }
    }

    /// Tells what slot number `slot`, from 0, says.
    pub fn hear(&mut self, slot: usize, news: News) {
        if self.printer.is_json() { self.tell_program(slot, news) } else { self.tell_person(slot, news) }
    }

    fn tell_program(&mut self, slot: usize, news: News) {
        let number = slot + 1;
        let state = |state: &str| json!({ "event": "slot", "slot": number, "state": state });
        match news {
            News::Waiting { scan } => self.printer.event(&state(if scan { "scan" } else { "waiting" })),
            News::Empty => self.printer.event(&state("empty")),
            News::Over => self.printer.event(&state("over")),
            News::Ask { device, .. } => {
                self.printer.event(&json!({ "event": "slot", "slot": number, "state": "confirm", "device": device }));
            }
            News::Unit { device, serial } => {
                self.printer.event(&json!({ "event": "unit", "slot": number, "device": device, "serial": serial }));
            }
            News::Step(step) => {
                self.printer.event(&json!({ "event": "step", "slot": number, "step": step.name() }));
            }
            News::Percent(percent) => {
                let tenth = percent / 10;
                if self.tenths.get(slot) != Some(&tenth) {
                    self.tenths[slot] = tenth;
                    self.printer.event(&json!({ "event": "percent", "slot": number, "percent": percent }));
                }
            }
            News::Pass { device, serial, version, target, unlabelled } => {
                let rest = json!({ "version": version, "target": target, "unlabelled": unlabelled });
                self.verdict(slot, "pass", &json!(device), &json!(serial), &rest);
            }
            News::Fail { device, error } => {
                let error = Failure::of(&anyhow::Error::new(error)).to_json()["error"].take();
                self.verdict(slot, "fail", &json!(device), &Value::Null, &json!({ "error": error }));
            }
            News::Leave { device } => {
                let verdict = if device.is_some() { "done-before" } else { "not-needed" };
                self.verdict(slot, verdict, &json!(device), &Value::Null, &json!({}));
            }
        }
    }

    fn verdict(&self, slot: usize, verdict: &str, device: &Value, serial: &Value, rest: &Value) {
        let mut record = json!({
            "event": "verdict", "slot": slot + 1, "programmer": self.names[slot],
            "verdict": verdict, "device": device, "serial": serial,
        });
        for (name, value) in rest.as_object().into_iter().flatten() {
            record[name] = value.clone();
        }
        self.printer.record(&record);
    }

    fn tell_person(&mut self, slot: usize, news: News) {
        let (number, name) = (slot + 1, &self.names[slot]);
        match news {
            News::Waiting { scan: false } => self.printer.talk(format_args!("slot {number}: put a unit in ({name})")),
            News::Waiting { scan: true } => {
                self.printer.talk(format_args!("slot {number}: scan the label of the next unit"));
            }
            News::Unit { device, .. } => self.printer.talk(format_args!("slot {number}: {device}")),
            News::Step(step) => self.printer.detail(format_args!("slot {number}: {}", step.name())),
            News::Ask { device, recipe, .. } => {
                let words = "type or scan its name to lock it";
                self.printer.talk(format_args!("slot {number}: first article {device}, recipe {recipe:?}: {words}"));
            }
            News::Pass { device, serial, unlabelled, .. } => {
                let serial = serial.map(|serial| format!(" {serial}")).unwrap_or_default();
                self.printer.line(format_args!("slot {number}: PASS {device}{serial}"));
                if let Some(reason) = unlabelled {
                    self.printer.warn(format_args!("{device} has no label: {reason}"));
                }
            }
            News::Fail { device, error } => {
                let device = device.map(|device| format!(" {device}")).unwrap_or_default();
                self.printer.line(format_args!("slot {number}: FAIL{device}"));
                self.printer.failure(&Failure::of(&anyhow::Error::new(error)));
            }
            News::Leave { device: Some(device) } => {
                self.printer.line(format_args!("slot {number}: {device} was done before: take it out"));
            }
            News::Leave { device: None } => {
                self.printer.line(format_args!("slot {number}: no device is left for this unit: take it out"));
            }
            News::Percent(_) | News::Empty | News::Over => {}
        }
    }
}
