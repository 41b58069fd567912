//! What the screen shows, without how.

use crate::delivery::Step;
use crate::station::line::News;

use crate::ui::Failure;

/// What a slot shows in large letters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Face {
    /// Put a unit in.
    Insert,
    /// Scan a label first.
    Scan,
    /// At work.
    Busy,
    /// Done.
    Pass,
    /// Not done.
    Fail,
    /// Take it out: there is nothing to do with it.
    Remove,
    /// A person has to confirm something.
    Check,
    /// Works no more.
    Over,
}

/// One slot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slot {
    /// As it was named.
    pub name: String,
    /// What it shows.
    pub face: Face,
    /// The device in it, with its serial number.
    pub device: String,
    /// The step it came through last.
    pub step: &'static str,
    /// How far writing and reading back are.
    pub percent: Option<u8>,
    /// What happened, or what to do.
    pub reason: String,
    /// What to do then.
    pub advice: String,
}

/// Everything on the screen.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Board {
    /// The fleet, and the batch where one is open.
    pub title: String,
    /// The slots.
    pub slots: Vec<Slot>,
    /// Units that passed.
    pub passed: usize,
    /// Units that failed.
    pub failed: usize,
    /// Devices that wait.
    pub left: usize,
    /// The next of them.
    pub next: Option<String>,
    /// What is being typed or scanned.
    pub typed: String,
    /// The answer to what was typed last.
    pub note: String,
    /// True while the units at work end.
    pub ending: bool,
}

impl Board {
    /// Makes the board of empty slots.
    pub fn new(title: String, slots: impl IntoIterator<Item = String>) -> Self {
        let slots = slots.into_iter().map(Slot::empty).collect();
        Self { title, slots, ..Self::default() }
    }

    /// Takes note of what a slot says.
    pub fn hear(&mut self, slot: usize, news: News) {
        match &news {
            News::Pass { .. } => self.passed += 1,
            News::Fail { .. } => self.failed += 1,
            _ => {}
        }
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.hear(news);
        }
    }
}

impl Slot {
    fn empty(name: String) -> Self {
        let (device, reason, advice) = (String::new(), String::new(), String::new());
        Self { name, face: Face::Insert, device, step: "", percent: None, reason, advice }
    }

    fn hear(&mut self, news: News) {
        match news {
            // The verdict on the last unit stays on the screen until the next one is there.
            News::Waiting { scan: false } if self.has_verdict() => {
                self.say("", "put the next unit in");
            }
            News::Waiting { scan } => {
                *self = Self::empty(std::mem::take(&mut self.name));
                (self.face, self.advice) = if scan {
                    (Face::Scan, "scan the label of the next unit, then put it in".into())
                } else {
                    (Face::Insert, "put a unit in".into())
                };
            }
            News::Unit { device, serial } => {
                *self = Self::empty(std::mem::take(&mut self.name));
                (self.face, self.device) = (Face::Busy, with_serial(device.as_str(), serial.as_deref()));
            }
            News::Step(step) => {
                (self.face, self.step) = (Face::Busy, step.name());
                if step >= Step::Verified {
                    self.percent = Some(100);
                }
            }
            News::Percent(percent) => self.percent = Some(percent),
            News::Ask { device, recipe, steps } => {
                self.face = Face::Check;
                let steps = steps.join(", ");
                let reason = format!("first article: lock recipe {recipe:?} cannot be taken back ({steps})");
                self.say(&reason, &format!("take it out, try it, put it back; then type or scan {device} and Enter"));
            }
            News::Pass { device, serial, unlabelled, .. } => {
                (self.face, self.percent) = (Face::Pass, None);
                self.device = with_serial(device.as_str(), serial.as_deref());
                let reason = unlabelled.map(|reason| format!("NO LABEL: {reason}")).unwrap_or_default();
                self.say(&reason, "take it out");
            }
            News::Fail { device, error } => {
                (self.face, self.percent) = (Face::Fail, None);
                if let Some(device) = device.filter(|_| self.device.is_empty()) {
                    self.device = device.to_string();
                }
                let failure = Failure::of(&anyhow::Error::new(error));
                let advice = failure.hints().first().cloned().unwrap_or_else(|| "set the unit aside".to_owned());
                self.say(&failure.words().join(": "), &advice);
            }
            News::Leave { device } => {
                *self = Self::empty(std::mem::take(&mut self.name));
                self.face = Face::Remove;
                match device {
                    Some(device) => {
                        self.device = device.to_string();
                        self.say("this unit is done already", "take it out");
                    }
                    None => self.say("no device is left for this unit", "take it out"),
                }
            }
            News::Empty => {}
            News::Over => {
                if !self.has_verdict() {
                    *self = Self::empty(std::mem::take(&mut self.name));
                    self.face = Face::Over;
                }
                "this slot has ended".clone_into(&mut self.advice);
            }
        }
    }

    fn has_verdict(&self) -> bool {
        matches!(self.face, Face::Pass | Face::Fail)
    }

    fn say(&mut self, reason: &str, advice: &str) {
        if !reason.is_empty() || self.face != Face::Fail {
            reason.clone_into(&mut self.reason);
        }
        advice.clone_into(&mut self.advice);
    }
}

fn with_serial(device: &str, serial: Option<&str>) -> String {
    match serial {
        Some(serial) if serial != device => format!("{device}  {serial}"),
        _ => device.to_owned(),
    }
}
