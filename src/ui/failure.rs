//! How an error is shown: to a person, and to a program.

use serde_json::{Value, json};

use crate::fleet::{Class, Diagnose, Fault, Faults};

use super::Complaint;
use super::classes::{class_of, diagnosis};
use super::plain::printable;

/// The most faults shown to a person at once; `--json` shows all.
const MOST_FAULTS_SHOWN: usize = 200;

/// An error made ready to be shown: message, causes from the outermost on, hints without repetitions, faults.
#[derive(Debug)]
pub struct Failure {
    class: Class,
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
    faults: Vec<Fault>,
}

impl Failure {
    /// Reads everything there is to say from `error`.
    pub fn of(error: &anyhow::Error) -> Self {
        let mut this =
            Self { class: class_of(error), message: String::new(), causes: vec![], hints: vec![], faults: vec![] };
        this.take_hint(error.downcast_ref::<Complaint>().and_then(Diagnose::hint));
        let mut said: Vec<String> = Vec::new();
        for cause in error.chain() {
            let mut words = cause.to_string();
            if let Some(faults) = cause.downcast_ref::<Faults>() {
                words = count_of(faults);
                this.faults.extend(faults.0.iter().cloned());
            }
            this.take_hint(diagnosis(cause).and_then(Diagnose::hint));
            // Some libraries repeat their cause in their own words.
            if said.last().is_none_or(|before| !before.ends_with(&words) && !words.ends_with(before.as_str())) {
                said.push(words);
            }
        }
        for hint in this.faults.iter().filter_map(|fault| fault.hint.clone()).collect::<Vec<_>>() {
            this.take_hint(Some(hint));
        }
        let mut said = said.into_iter();
        this.message = said.next().unwrap_or_default();
        this.causes = said.collect();
        this
    }

    /// Our own fault, with what is known of it.
    pub fn internal(message: impl Into<String>) -> Self {
        let hint = "this is a fault of firstlight itself: please report it with the command and this message";
        Self {
            class: Class::Fault,
            message: message.into(),
            causes: vec![],
            hints: vec![hint.to_owned()],
            faults: vec![],
        }
    }

    /// A command line that is wrong, in clap's words.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { class: Class::Usage, message: message.into(), causes: vec![], hints: vec![], faults: vec![] }
    }

    /// Returns the class, hence the exit status.
    pub fn class(&self) -> Class {
        self.class
    }

    /// Returns what is said: the faults, the message, its causes.
    pub fn words(&self) -> Vec<String> {
        let faults = self.faults.iter().map(|fault| format!("{}: {}", fault.place, fault.message));
        faults.chain([self.message.clone()]).chain(self.causes.iter().cloned()).collect()
    }

    /// Returns the hints.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// Returns the text for a person; `paint` colours a word by its SGR code.
    pub fn to_text(&self, paint: &dyn Fn(&str, &str) -> String) -> String {
        use std::fmt::Write as _;
        let mut text = String::new();
        for fault in self.faults.iter().take(MOST_FAULTS_SHOWN) {
            let _ = writeln!(text, "{}: {}", printable(&fault.place.to_string()), printable(&fault.message));
        }
        if self.faults.len() > MOST_FAULTS_SHOWN {
            let _ = writeln!(text, "... and {} more", self.faults.len() - MOST_FAULTS_SHOWN);
        }
        let word = if self.class == Class::Fault { "internal error:" } else { "error:" };
        let _ = writeln!(text, "{} {}", paint("1;31", word), printable(&self.message));
        for cause in &self.causes {
            let _ = writeln!(text, "  {} {}", paint("31", "caused by:"), printable(cause).replace('\n', "\n    "));
        }
        if !self.hints.is_empty() {
            text.push('\n');
        }
        for hint in &self.hints {
            let _ = writeln!(text, "{} {}", paint("36", "hint:"), printable(hint));
        }
        text
    }

    /// Returns the object for a program: `{"error": {class, exit, message, causes, hints, faults}}`.
    pub fn to_json(&self) -> Value {
        json!({ "error": {
            "class": self.class.name(),
            "exit": self.class.exit_status(),
            "message": self.message,
            "causes": self.causes,
            "hints": self.hints,
            "faults": self.faults,
        }})
    }

    fn take_hint(&mut self, hint: Option<String>) {
        if let Some(hint) = hint
            && !self.hints.contains(&hint)
        {
            self.hints.push(hint);
        }
    }
}

fn count_of(faults: &Faults) -> String {
    match faults.0.len() {
        1 => "there is 1 fault in the input".to_owned(),
        number => format!("there are {number} faults in the input"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::delivery::SinkError;
    use crate::fleet::Place;

    fn plain(failure: &Failure) -> String {
        failure.to_text(&|_, text| text.to_owned())
    }

    #[test]
    fn an_error_shows_its_causes_and_then_its_hints() {
        let source = std::io::Error::other("the cable fell out");
        let sink = SinkError::Io { target: "/dev/sdb".into(), doing: "writing", offset: 512, source };
        let failure = Failure::of(&anyhow::Error::new(sink).context("delivering \"gw-1\""));
        assert_eq!(
            plain(&failure),
            "error: delivering \"gw-1\"\n  caused by: writing /dev/sdb failed at byte 512\n  caused by: the cable fell out\n\n\
             hint: run the same command again; if it fails again, use another medium\n"
        );
        assert_eq!(failure.class(), Class::Surroundings);
    }

    #[test]
    fn faults_stand_one_a_line_with_their_places_and_each_hint_once() {
        let file: Arc<str> = Arc::from("devices.csv");
        let mut faults = Faults::default();
        faults.add_with_hint(Place::new(&file, 3, 1), "\"id\" is empty", "give each device an id");
        faults.add_with_hint(Place::new(&file, 9, 1), "\"id\" is \x1b[2J", "give each device an id");
        let failure = Failure::of(&anyhow::Error::new(faults).context("reading the fleet"));
        assert_eq!(
            plain(&failure),
            "devices.csv:3:1: \"id\" is empty\ndevices.csv:9:1: \"id\" is \\u{1b}[2J\nerror: reading the fleet\n  \
             caused by: there are 2 faults in the input\n\nhint: give each device an id\n"
        );
        let json = failure.to_json();
        assert_eq!(json["error"]["class"], "input");
        assert_eq!(json["error"]["exit"], 1);
        assert_eq!(json["error"]["faults"][0]["place"]["line"], 3);
        assert_eq!(json["error"]["hints"], serde_json::json!(["give each device an id"]));
    }

    #[test]
    fn an_error_without_a_class_is_called_our_own() {
        let failure = Failure::of(&anyhow::anyhow!("the plan has no device"));
        assert_eq!(plain(&failure), "internal error: the plan has no device\n");
        assert_eq!(failure.class().exit_status(), 70);
    }

    #[test]
    fn a_cause_repeated_by_its_context_is_said_once() {
        let failure = Failure::of(&anyhow::anyhow!("disk full").context("saving: disk full"));
        assert_eq!(failure.to_json()["error"]["causes"], serde_json::json!([]));
    }
}
