//! One line for each request.

use serde_json::{Value, json};

/// Takes the server's lines. Called on the server's threads: it must not wait.
pub trait Log: Send + Sync {
    /// Takes one JSON object: a request (`what` is `request`) or an event of the server (`what` is anything else).
    fn line(&self, line: &Value);
}

/// Writes nothing.
pub struct NoLog;

impl Log for NoLog {
    fn line(&self, _line: &Value) {}
}

/// What is written of a request: never a header, never a body, and of the path only the route.
#[derive(Default, Clone, Debug)]
pub(super) struct Line {
    pub(super) number: u64,
    pub(super) source: String,
    pub(super) method: String,
    pub(super) route: String,
    pub(super) status: u16,
    pub(super) code: Option<String>,
    pub(super) device: Option<String>,
    pub(super) group: Option<String>,
    pub(super) actor: Option<String>,
    pub(super) certificate: bool,
    pub(super) received: usize,
    pub(super) millis: u64,
}

impl Line {
    pub(super) fn json(&self, time: &str) -> Value {
        json!({
            "time": time, "what": "request", "number": self.number, "source": self.source, "method": self.method,
            "route": self.route, "status": self.status, "code": self.code, "device": self.device,
            "group": self.group, "actor": self.actor, "certificate": self.certificate,
            "received": self.received, "millis": self.millis,
        })
    }
}

/// Returns `text` if it looks like a name: what a stranger sends as an id may be anything, even a token.
pub(super) fn name(text: Option<&str>) -> Option<String> {
    let is_name = |text: &&str| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:+@=".contains(&byte))
    };
    text.filter(is_name).map(str::to_owned)
}
