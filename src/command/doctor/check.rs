//! One check: what was looked at, what was found, what to do. Text and JSON are made from the same list.

use std::fmt::Write as _;

use serde::Serialize;

use crate::ui::plain::printable;

/// How a check ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Right.
    Ok,
    /// Works, but a person should know.
    Warn,
    /// Something will fail.
    Fail,
}

/// One check.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Check {
    /// Stable name, for scripts.
    pub name: &'static str,
    /// How it ended.
    pub state: State,
    /// What was found, one fact a line, never a secret.
    pub facts: Vec<String>,
    /// A line that can be typed, where something is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Check {
    /// Makes a check without a fix.
    pub fn new<const N: usize>(name: &'static str, state: State, facts: [String; N]) -> Self {
        Self { name, state, facts: facts.to_vec(), fix: None }
    }

    /// A check that could not be made: something to look at, not a fault.
    pub fn unknown(name: &'static str, fact: impl Into<String>) -> Self {
        Self::new(name, State::Warn, [fact.into()])
    }

    /// Says what to do.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

/// Returns the list as text: state, name and facts, then the fix.
pub fn text(checks: &[Check]) -> String {
    let room = checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for check in checks {
        let mut facts = check.facts.iter().map(|fact| printable(fact));
        let first = facts.next().unwrap_or_default();
        let _ = writeln!(text, "{:<4}  {:<room$}  {first}", word(check.state), check.name);
        for fact in facts {
            let _ = writeln!(text, "      {:room$}  {fact}", "");
        }
        if let Some(fix) = &check.fix {
            let _ = writeln!(text, "      {:room$}  fix: {}", "", printable(fix));
        }
    }
    text
}

fn word(state: State) -> &'static str {
    match state {
        State::Ok => "ok",
        State::Warn => "warn",
        State::Fail => "FAIL",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_json_tell_the_same_list() {
        let checks = [
            Check::new("clock", State::Ok, ["2026-03-01 10:00".into()]),
            Check::new("free-space", State::Fail, ["10 bytes".into(), "on \"/\"".into()]).fix("rm -r old/"),
        ];
        assert_eq!(
            text(&checks),
            "ok    clock       2026-03-01 10:00\n\
             FAIL  free-space  10 bytes\n                  on \"/\"\n                  fix: rm -r old/\n"
        );
        assert_eq!(
            serde_json::to_value(&checks).unwrap()[1],
            serde_json::json!({"name": "free-space", "state": "fail", "facts": ["10 bytes", "on \"/\""], "fix": "rm -r old/"})
        );
    }
}
