//! Bootstraps as a person reads them at a terminal, one line for each thing that happens.

use serde_json::Value;

use crate::ui::plain::printable;

/// Returns a line of the log in words; none if it is not about a bootstrap.
pub(super) fn words(line: &Value) -> Option<String> {
    let text = |name: &str| match &line[name] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let name = |key: &str| if line[key].is_null() { "somebody".to_owned() } else { text(key) };
    let said = match (line["what"].as_str()?, line["event"].as_str().unwrap_or_default()) {
        ("bootstrap", "began") => format!("{} bootstraps from {} ({})", text("device"), text("from"), text("proof")),
        ("bootstrap", "step") => step(line, &text),
        ("bootstrap", "ended") => {
            let verified = if line["verified"] == true { ", read back" } else { "" };
            format!("{} {} in {} ms{verified}", text("device"), text("result"), text("millis"))
        }
        ("bootstrap", "refused") => format!("{} at {} was refused: {}", name("endpoint"), text("from"), text("why")),
        ("registration", "refused") => {
            let fix = if line["fix"].is_null() { String::new() } else { format!("; {}", text("fix")) };
            format!("{} at {} may not register: {}{fix}", name("endpoint"), text("from"), text("why"))
        }
        ("registration", "registered") => format!("{} registered at the management server", text("device")),
        ("registration", "ended") => format!("{} is not registered any more: {}", text("device"), text("why")),
        ("handshake", "joined") => return Some(String::new()),
        ("handshake", "failed") => {
            let (name, from) = (name("identity"), text("from"));
            format!("{name} at {from} failed the handshake: {}; {}", text("why"), text("fix"))
        }
        ("lwm2m-receive-buffer" | "lwm2m-identity" | "lwm2m-socket" | "transcript", _) => text("why"),
        _ => return None,
    };
    // What devices say of themselves may hold a line's end: it is one line all the same.
    Some(format!("{}\n", printable(&said.replace('\n', " "))))
}

fn step(line: &Value, text: &dyn Fn(&str) -> String) -> String {
    let what = if line["path"].is_null() { String::new() } else { format!(" {} {}", text("method"), text("path")) };
    let note = if line["note"].is_null() { String::new() } else { format!(" ({})", text("note")) };
    format!("{} {}{what}: {}{note}", text("device"), text("step"), text("result"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_thing_is_one_line() {
        let step = json!({"what": "bootstrap", "event": "step", "device": "gw-1", "step": "write", "method": "PUT",
            "path": "/0/1", "result": "2.04", "note": null});
        assert_eq!(words(&step).unwrap(), "gw-1 write PUT /0/1: 2.04\n");
        let ended = json!({"what": "bootstrap", "event": "ended", "device": "gw-1", "result": "finished", "millis": 7,
            "verified": true});
        assert_eq!(words(&ended).unwrap(), "gw-1 finished in 7 ms, read back\n");
        let evil = json!({"what": "bootstrap", "event": "refused", "endpoint": "x\n\u{1b}[2J", "from": "1.2.3.4:5",
            "why": "no"});
        assert_eq!(words(&evil).unwrap().lines().count(), 1);
        assert!(!words(&evil).unwrap().contains('\u{1b}'));
        let registration = json!({"what": "registration", "event": "refused", "endpoint": "gw-1", "from": "1.2.3.4:5",
            "why": "no", "fix": "another port"});
        assert_eq!(words(&registration).unwrap(), "gw-1 at 1.2.3.4:5 may not register: no; another port\n");
        let gone = json!({"what": "registration", "event": "ended", "device": "gw-1", "why": "it left"});
        assert_eq!(words(&gone).unwrap(), "gw-1 is not registered any more: it left\n");
        assert_eq!(words(&json!({"what": "request"})), None);
    }
}
