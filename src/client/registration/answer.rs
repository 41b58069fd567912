//! What the server answers, read with distrust.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::RegisterError;
use crate::host::http::HttpAnswer;

/// The longest answer, in bytes.
pub const LONGEST: u64 = 1 << 20;
/// Most credentials of one answer.
const MOST_CREDENTIALS: usize = 32;
/// The longest text of a stranger that is shown, in characters.
const LONGEST_TEXT: usize = 300;

/// What came of a registration.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Registered {
    /// Its name at the server.
    pub registration: String,
    /// The device.
    pub id: String,
    /// Its enrolment group.
    pub group: String,
    /// `assigned`.
    pub state: String,
    /// The model it is registered as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Value>,
    /// Servers to talk with from now on.
    #[serde(default)]
    pub servers: Vec<Value>,
    /// Credentials that were made.
    #[serde(default)]
    pub credentials: Vec<Credential>,
    /// What was made for it elsewhere.
    #[serde(default)]
    pub resources: Vec<Value>,
    /// How often to report, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<u64>,
    /// Until when the registration holds, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<String>,
    /// Whether a bundle waits at `GET /v1/bootstrap`.
    #[serde(default)]
    pub bootstrap: bool,
}

/// A credential that was made: a certificate for the key of the device's own request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Credential {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// PEM.
    #[serde(default)]
    pub certificate: String,
    /// Its issuers, PEM.
    #[serde(default)]
    pub chain: String,
}

impl Credential {
    /// Returns the certificate and its issuers as one file, PEM.
    pub fn whole(&self) -> String {
        let text = format!("{}\n{}", self.certificate.trim_end(), self.chain.trim());
        format!("{}\n", text.trim_end())
    }
}

/// An answer, sorted.
pub enum Word {
    /// Registered, and the answer as it came.
    Assigned(Box<Registered>, Value),
    /// Not decided yet.
    Pending {
        /// Its name at the server.
        registration: String,
        /// `pending` or `assigning`.
        state: String,
    },
    /// Later, with the same request.
    Later(String),
    /// No.
    Denied(RegisterError),
}

#[derive(Deserialize)]
struct Undecided {
    registration: String,
    state: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Problem {
    code: Option<String>,
    title: Option<String>,
    detail: Option<String>,
    hint: Option<String>,
}

/// Sorts an answer to a request of the device `id`.
pub fn sort(answer: &HttpAnswer, id: &str) -> Result<Word, RegisterError> {
    match answer.status {
        200..=202 => answer.body.expose(|body| decided(body, id)),
        status if is_passing(status) => Ok(Word::Later(problem(answer, status).to_string())),
        status @ 400..=599 => Ok(Word::Denied(problem(answer, status))),
        status => Err(nonsense(&format!("status {status} is none that a registration has"))),
    }
}

fn decided(body: &[u8], id: &str) -> Result<Word, RegisterError> {
    let value: Value = serde_json::from_slice(body).map_err(|error| nonsense(&error.to_string()))?;
    match value.get("state").and_then(Value::as_str) {
        Some("assigned") => {
            let registered: Registered =
                serde_json::from_value(value.clone()).map_err(|error| nonsense(&error.to_string()))?;
            check(&registered, id)?;
            Ok(Word::Assigned(Box::new(registered), value))
        }
        Some("pending" | "assigning") => {
            let Undecided { registration, state } =
                serde_json::from_value(value).map_err(|error| nonsense(&error.to_string()))?;
            check_name("registration", &registration)?;
            Ok(Word::Pending { registration, state })
        }
        other => Err(nonsense(&format!("it has state {:?}", plain(other.unwrap_or_default())))),
    }
}

fn check(registered: &Registered, id: &str) -> Result<(), RegisterError> {
    check_name("registration", &registered.registration)?;
    if !registered.id.eq_ignore_ascii_case(id) {
        return Err(nonsense(&format!("it is for {:?}, this device is {id:?}", plain(&registered.id))));
    }
    if registered.credentials.len() > MOST_CREDENTIALS {
        let count = registered.credentials.len();
        return Err(nonsense(&format!("it has {count} credentials, {MOST_CREDENTIALS} are possible")));
    }
    let mut names = std::collections::BTreeSet::new();
    for credential in &registered.credentials {
        check_name("credential", &credential.name)?;
        if !names.insert(credential.name.to_ascii_lowercase()) {
            return Err(nonsense(&format!("it has two credentials {:?}", credential.name)));
        }
    }
    Ok(())
}

/// Names become parts of paths.
fn check_name(what: &str, name: &str) -> Result<(), RegisterError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..=64).contains(&name.len()) && name.bytes().all(is_plain) {
        return Ok(());
    }
    Err(nonsense(&format!("{:?} is no name of a {what}", plain(name))))
}

fn problem(answer: &HttpAnswer, status: u16) -> RegisterError {
    let problem: Problem = answer.body.expose(|body| serde_json::from_slice(body).unwrap_or_default());
    let text = |text: Option<String>| text.map(|text| plain(&text)).filter(|text| !text.is_empty());
    let detail = text(problem.detail).or_else(|| text(problem.title)).unwrap_or_else(|| "it does not say why".into());
    let code = text(problem.code).unwrap_or_else(|| "no code".into());
    RegisterError::Denied { code, status, detail, hint: text(problem.hint) }
}

/// Returns the server's refusal of a request.
pub fn refused(answer: &HttpAnswer, status: u16) -> RegisterError {
    problem(answer, status)
}

/// Returns true for a status that a later try may not have.
pub fn is_passing(status: u16) -> bool {
    matches!(status, 429 | 500 | 502 | 503 | 504)
}

/// Returns an error of an answer that cannot be used.
pub fn nonsense(reason: &str) -> RegisterError {
    RegisterError::Nonsense { reason: plain(reason) }
}

/// A stranger's text for one line of a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn assigned() -> Value {
        json!({ "registration": "r1", "id": "GW-7", "group": "g", "state": "assigned",
            "credentials": [{ "name": "identity", "kind": "x509", "certificate": "C", "chain": "D" }] })
    }

    #[track_caller]
    fn fails(change: impl FnOnce(&mut Value), words: &str) {
        let mut value = assigned();
        change(&mut value);
        let error = decided(value.to_string().as_bytes(), "gw-7").err().unwrap().to_string();
        assert!(error.contains(words), "{error}");
    }

    #[test]
    fn an_answer_for_this_device_is_taken_and_others_are_not() {
        let taken = decided(assigned().to_string().as_bytes(), "gw-7");
        assert!(matches!(taken, Ok(Word::Assigned(registered, _)) if registered.credentials.len() == 1));
        fails(|value| value["id"] = "gw-8".into(), "this device is \"gw-7\"");
        fails(|value| value["registration"] = "../x".into(), "no name of a registration");
        fails(|value| value["credentials"][0]["name"] = "../../etc/passwd".into(), "no name of a credential");
        fails(|value| value["credentials"][0]["name"] = "".into(), "no name of a credential");
        fails(|value| value["state"] = "\u{1b}[31mfine".into(), "it has state \" [31mfine\"");
        fails(|value| value["servers"] = 3.into(), "invalid type");
        let twice = |value: &mut Value| {
            let other = json!({ "name": "IDENTITY", "kind": "x509" });
            value["credentials"].as_array_mut().unwrap().push(other);
        };
        fails(twice, "two credentials");
        assert!(decided(b"<html>", "gw-7").is_err() && decided(&b"[".repeat(10_000), "gw-7").is_err());
    }
}
