//! Calling a hook: by HTTPS with a signature, or as a program that is trusted. Time and answer are bounded.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use serde_json::Value;

use crate::delivery::Clock;
use crate::fleet::bootstrap::Service;
use crate::fleet::enrolment::{HookTarget, WebHook};
use crate::fleet::{EndpointName, Secret};
use crate::host::http::{Http, HttpRequest, HttpSettings};
use crate::host::process::{self, Task};

use super::answers::{Answers, Question};
use super::breaker::{Breakers, Closed};
use super::words::{Ask, Said};

/// Most bytes of an answer.
const LONGEST_ANSWER: usize = 64 << 10;

/// What hooks stand on: secrets, trust, folders.
pub trait HookGround: Send + Sync {
    /// Returns the secret that signs, by its name in the fleet file.
    fn secret(&self, name: &str) -> Option<&Secret>;
    /// Checks that the program of the hook `step` of `owner` may run; the error is in words.
    fn may_run(&self, owner: &str, step: &str, target: &HookTarget) -> Result<(), String>;
    /// Returns the folder that programs run in.
    fn folder(&self) -> &Path;
    /// Returns a folder that programs may leave things in.
    fn home(&self) -> &Path;
    /// Hears how a hook of `owner` failed.
    fn failed(&self, owner: &str, step: &str, words: &str);
    /// Returns the certificates that servers of webhooks are believed by (PEM).
    fn roots(&self) -> &[u8];
}

/// No hook is called: each fails.
pub struct NoHooks;

impl HookGround for NoHooks {
    fn secret(&self, _: &str) -> Option<&Secret> {
        None
    }

    fn may_run(&self, _: &str, _: &str, _: &HookTarget) -> Result<(), String> {
        Err("this server runs no hooks".to_owned())
    }

    fn folder(&self) -> &Path {
        Path::new("/nonexistent")
    }

    fn home(&self) -> &Path {
        Path::new("/nonexistent")
    }

    fn failed(&self, _: &str, _: &str, _: &str) {}

    fn roots(&self) -> &[u8] {
        &[]
    }
}

/// Why a hook gave no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::registration) enum Uncalled {
    /// It was not asked: it failed too often just now. How long it is left alone.
    Rests(Duration),
    /// It failed, in words.
    Failed(String),
}

impl Uncalled {
    /// Returns the words.
    pub(in crate::registration) fn words(&self) -> String {
        match self {
            Self::Rests(_) => "it failed too often just now and is left alone for a while".to_owned(),
            Self::Failed(words) => words.clone(),
        }
    }
}

/// Calls hooks.
pub(in crate::registration) struct HookCaller {
    ground: Arc<dyn HookGround>,
    clock: Arc<dyn Clock>,
    breakers: Breakers,
    answers: Answers,
}

impl HookCaller {
    pub(in crate::registration) fn new(ground: Arc<dyn HookGround>, clock: Arc<dyn Clock>) -> Self {
        Self { ground, clock, breakers: Breakers::default(), answers: Answers::default() }
    }

    /// Asks a hook and returns what it says.
    pub(in crate::registration) fn ask(&self, target: &HookTarget, ask: &Ask<'_>) -> Result<Said, Uncalled> {
        self.guarded(target, ask, Said::read)
    }

    /// Tells a hook; whatever it says, it has heard it if it ends well.
    pub(in crate::registration) fn tell(&self, target: &HookTarget, ask: &Ask<'_>) -> Result<(), Uncalled> {
        self.guarded(target, ask, |_| Ok(()))
    }

    /// Asks a service about a device and returns its answer as it stands. A yes to the same question holds as long as the
    /// fleet file says; a no, or a failure, is never kept.
    pub(in crate::registration) fn consult(
        &self,
        service: &Service,
        device: &EndpointName,
        ask: &Ask<'_>,
    ) -> Result<Value, Uncalled> {
        let ask_now = || {
            self.guarded(&service.target, ask, |bytes| {
                serde_json::from_slice::<Value>(bytes).map_err(|error| format!("its answer is no JSON: {error}"))
            })
        };
        if service.cache == 0 {
            return ask_now();
        }
        let question = Question::new(&service.target, device, &ask.text());
        if let Some(answer) = self.answers.kept(&question, Instant::now()) {
            return Ok(answer);
        }
        let answer = ask_now()?;
        if answer.get("ok") == Some(&Value::Bool(true)) {
            let until = Instant::now() + Duration::from_secs(u64::from(service.cache));
            self.answers.keep(question, &answer, until);
        }
        Ok(answer)
    }

    /// Forgets what services said about a device.
    pub(in crate::registration) fn forget_answers(&self, device: &EndpointName) {
        self.answers.forget(device);
    }

    fn guarded<T>(
        &self,
        target: &HookTarget,
        ask: &Ask<'_>,
        read: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Result<T, Uncalled> {
        // What changes in the fleet file is another hook: it begins without failures.
        let where_to = target.webhook.as_ref().map_or_else(|| target.command.join("\u{1}"), |hook| hook.url.clone());
        let name = format!("{}/{}/{where_to}", ask.group.unwrap_or_default(), ask.step);
        self.breakers.begin(&name, Instant::now()).map_err(|closed| match closed {
            Closed::Rests(left) => Uncalled::Rests(left),
            Closed::Busy => Uncalled::Failed("as many calls of it as possible are under way".to_owned()),
        })?;
        let text = ask.text();
        let answered = match &target.webhook {
            Some(webhook) => self.post(webhook, target, ask, &text),
            None => self.run(target, ask, &text),
        };
        let read = answered.and_then(|answer| answer.expose(read));
        self.breakers.end(&name, read.is_ok(), Instant::now());
        read.map_err(|words| {
            self.ground.failed(ask.group.unwrap_or_default(), ask.step, &words);
            Uncalled::Failed(words)
        })
    }

    fn post(&self, webhook: &WebHook, target: &HookTarget, ask: &Ask<'_>, text: &str) -> Result<Secret, String> {
        let secret = self.ground.secret(&webhook.secret);
        let secret = secret.ok_or_else(|| format!("the secret {:?} that signs is not there", webhook.secret))?;
        let signature = signature(secret, self.clock.now().unix_timestamp(), text);
        let is_secure = webhook.url.starts_with("https:");
        let http = Http::new(&HttpSettings {
            roots: is_secure.then(|| self.ground.roots()),
            identity: None,
            now: None,
            within: limit(target),
            most: LONGEST_ANSWER as u64,
            environment_proxy: false,
        });
        let headers = [
            ("Content-Type", "application/json"),
            ("Accept", "application/json"),
            ("Firstlight-Hook", ask.step),
            ("Firstlight-Signature", &signature),
            ("Idempotency-Key", ask.key),
        ];
        let request = HttpRequest { method: "POST", uri: &webhook.url, headers: &headers, body: Some(text.as_bytes()) };
        let answer = http.and_then(|http| http.send(request)).map_err(|error| error.to_string())?;
        match answer.status {
            200..=299 => Ok(answer.body),
            300..=399 => Err(format!("it answers {}, and no webhook is followed elsewhere", answer.status)),
            status => Err(format!("it answers {status}")),
        }
    }

    fn run(&self, target: &HookTarget, ask: &Ask<'_>, text: &str) -> Result<Secret, String> {
        self.ground.may_run(ask.group.unwrap_or_default(), ask.step, target)?;
        let stdin = format!("{text}\n");
        let task = Task {
            argv: &target.command,
            folder: self.ground.folder(),
            home: self.ground.home(),
            stdin: stdin.as_bytes(),
            limit: limit(target),
            longest: LONGEST_ANSWER,
        };
        let mut said = Vec::new();
        let ended = process::run(&task, &mut |line| {
            said.extend_from_slice(line);
            said.push(b'\n');
        });
        let ended = ended.map_err(|error| error.to_string())?;
        if ended.status.success() {
            return Ok(Secret::new(said));
        }
        let talk: String = ended.talk.chars().rev().take(200).collect::<Vec<_>>().into_iter().rev().collect();
        Err(format!("it ended with {}: {talk}", ended.status))
    }
}

fn limit(target: &HookTarget) -> Duration {
    Duration::from_secs(u64::from(target.timeout.max(1)))
}

/// `t=SECONDS,v1=HEX`: HMAC-SHA-256 over the seconds since 1970, a full stop and the body.
fn signature(secret: &Secret, now: i64, text: &str) -> String {
    let key = secret.expose(|bytes| hmac::Key::new(hmac::HMAC_SHA256, bytes));
    let tag = hmac::sign(&key, format!("{now}.{text}").as_bytes());
    format!("t={now},v1={}", hex::encode(tag))
}
