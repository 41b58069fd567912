//! Hooks: programs that are told of a device's step and may say no, and words to be heard from the device itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fleet::program::{HookSpec, ProgramSpec};
use crate::fleet::{Class, Diagnose};
use crate::host::HostError;
use crate::host::process::{self, ProcessError, Task};
use crate::host::serial_line::{self, LineError};

use super::trust::{Trust, TrustError, hook};

/// Most bytes of a hook's answer.
const LONGEST_ANSWER: usize = 64 << 10;
/// Most values of an answer, and bytes of one.
const MOST_VALUES: usize = 64;
const LONGEST_VALUE: usize = 4096;
/// Most characters of a hook's words that are shown.
const LONGEST_WORDS: usize = 300;

/// What a hook is told, as one JSON object on its standard input.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct HookContext {
    /// `before-connect`, `after-write`, `after-boot`.
    pub step: String,
    /// The device.
    pub device: String,
    /// Its serial number.
    pub serial: Option<String>,
    /// The chip's unique number.
    pub uid: Option<String>,
    /// Its MAC address.
    pub mac: Option<String>,
    /// The chip's name.
    pub chip: Option<String>,
    /// The slot it sits in.
    pub slot: Option<u32>,
    /// The batch.
    pub batch: Option<String>,
}

/// What a hook says.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HookAnswer {
    /// False if the device must not go on.
    pub ok: bool,
    /// Why, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Values for the record of this step.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, serde_json::Value>,
}

/// How a hook fails.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// It is not trusted.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// It must not run as root.
    #[error("refusing to run hook {step:?} as root")]
    Root {
        /// The step.
        step: String,
    },
    /// It says no.
    #[error("hook {step:?} says no: {message}")]
    No {
        /// The step.
        step: String,
        /// Its words.
        message: String,
        /// Its class: the exit status's, else refused.
        class: Class,
    },
    /// It does not do what a hook does.
    #[error("hook {step:?} failed: {reason}")]
    Failed {
        /// The step.
        step: String,
        /// How.
        reason: String,
        /// The exit status's class.
        class: Class,
    },
    /// The device did not say it.
    #[error("hook {step:?} did not hear {pattern:?} from {port} within {within} s")]
    Unheard {
        /// The step.
        step: String,
        /// What was to be heard.
        pattern: String,
        /// Where.
        port: String,
        /// Limit in seconds.
        within: u32,
    },
    /// The line fails.
    #[error("hook {step:?} cannot listen")]
    Line {
        /// The step.
        step: String,
        /// Why.
        source: LineError,
    },
    /// The machine.
    #[error(transparent)]
    Host(#[from] HostError),
}

impl Diagnose for HookError {
    fn class(&self) -> Class {
        match self {
            HookError::Trust(error) => error.class(),
            HookError::Root { .. } => Class::Refused,
            HookError::No { class, .. } | HookError::Failed { class, .. } => *class,
            HookError::Unheard { .. } => Class::Differs,
            HookError::Line { source, .. } => source.class(),
            HookError::Host(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            HookError::Trust(error) => error.hint(),
            HookError::Root { .. } => Some("run firstlight as a user, or say as_root: true in the hook".to_owned()),
            HookError::Unheard { .. } => Some("reject this unit, or look at what it says on its line".to_owned()),
            HookError::Host(error) => error.hint(),
            HookError::No { .. } | HookError::Failed { .. } | HookError::Line { .. } => None,
        }
    }
}

/// Where a hook runs.
#[derive(Clone, Copy, Debug)]
pub struct HookPlace<'a> {
    /// The fleet's folder: the working folder.
    pub root: &'a Path,
    /// A folder it may leave things in: its home. It holds nothing of ours.
    pub home: &'a Path,
}

/// Runs the hook of `context.step` and returns what it says; a no is an error.
pub fn run(
    spec: &HookSpec,
    context: &HookContext,
    trust: &Trust,
    place: HookPlace<'_>,
) -> Result<HookAnswer, HookError> {
    let step = context.step.as_str();
    match spec {
        HookSpec::Expect(expect) => {
            let within = Duration::from_secs(expect.within.into());
            let heard = serial_line::expect(&expect.port, expect.baud, &expect.pattern, within);
            let heard = heard.map_err(|source| HookError::Line { step: step.to_owned(), source })?;
            let unheard = || HookError::Unheard {
                step: step.to_owned(),
                pattern: expect.pattern.clone(),
                port: expect.port.clone(),
                within: expect.within,
            };
            let line = heard.ok_or_else(unheard)?;
            Ok(HookAnswer { ok: true, message: Some(shortened(&line)), values: BTreeMap::new() })
        }
        HookSpec::Program(program) => {
            if let Some(program) = hook(step, spec) {
                trust.check(&program)?;
            }
            check_root(rustix::process::geteuid().is_root(), program, step)?;
            let answer = ask(program, context, place)?;
            judge(step, answer)
        }
    }
}

fn check_root(is_root: bool, spec: &ProgramSpec, step: &str) -> Result<(), HookError> {
    if is_root && !spec.as_root { Err(HookError::Root { step: step.to_owned() }) } else { Ok(()) }
}

/// Runs the program and reads its answer, whatever it is.
fn ask(spec: &ProgramSpec, context: &HookContext, place: HookPlace<'_>) -> Result<(HookAnswer, Class), HookError> {
    let failed =
        |reason: String, class| HookError::Failed { step: context.step.clone(), reason: shortened(&reason), class };
    let stdin = format!("{}\n", serde_json::to_string(context).expect("a context is plain data"));
    let task = Task {
        argv: &spec.argv,
        folder: place.root,
        home: place.home,
        stdin: stdin.as_bytes(),
        limit: Duration::from_secs(spec.timeout.into()),
        longest: LONGEST_ANSWER,
    };
    let mut said = Vec::new();
    let ended = process::run(&task, &mut |line| {
        said.extend_from_slice(line);
        said.push(b'\n');
    });
    let ended = ended.map_err(|error| {
        let class = if matches!(error, ProcessError::Start(_) | ProcessError::Empty) {
            Class::Input
        } else {
            Class::Surroundings
        };
        failed(error.to_string(), class)
    })?;
    let code = ended.status.code().and_then(|code| u8::try_from(code).ok());
    let class = code.and_then(|code| spec.exits.get(&code).copied());
    let answer = read(&said);
    if ended.status.success() {
        return answer.map(|answer| (answer, Class::Refused)).map_err(|reason| failed(reason, Class::Surroundings));
    }
    let class = class.unwrap_or(Class::Surroundings);
    match answer {
        // One that fails and says so is a no in its own words; one that fails and says yes is not believed.
        Ok(answer) if !answer.ok => Ok((answer, class)),
        _ => {
            let talk = ended.talk.lines().last().unwrap_or_default();
            Err(failed(format!("{} {talk}", ended.status).trim().to_owned(), class))
        }
    }
}

/// One JSON object, and nothing else.
fn read(said: &[u8]) -> Result<HookAnswer, String> {
    let answer: HookAnswer =
        serde_json::from_slice(said).map_err(|error| format!("its answer is no JSON object of a hook: {error}"))?;
    if answer.values.len() > MOST_VALUES {
        return Err(format!("it says {} values, at most {MOST_VALUES} are taken", answer.values.len()));
    }
    for (name, value) in &answer.values {
        let is_name = (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !is_name || value.to_string().len() > LONGEST_VALUE {
            return Err(format!("value {:?} is too long, or its name is no name", shortened(name)));
        }
    }
    Ok(answer)
}

fn judge(step: &str, (mut answer, class): (HookAnswer, Class)) -> Result<HookAnswer, HookError> {
    answer.message = answer.message.map(|message| shortened(&message));
    if answer.ok {
        return Ok(answer);
    }
    let message = answer.message.unwrap_or_else(|| "it does not say why".to_owned());
    Err(HookError::No { step: step.to_owned(), message, class })
}

/// What a stranger says is shown, not obeyed.
fn shortened(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::fleet::program::{ExpectSpec, ProgramAbilities};
    use crate::host::Machine;

    const NOW: time::OffsetDateTime = time::macros::datetime!(2026-11-21 10:00 UTC);

    fn spec(script: &str, timeout: u32) -> HookSpec {
        HookSpec::Program(ProgramSpec {
            argv: ["/bin/sh", "-c", script].map(str::to_owned).to_vec(),
            files: Vec::new(),
            timeout,
            as_root: true,
            exits: [(5, Class::Differs)].into(),
            abilities: ProgramAbilities::default(),
        })
    }

    fn context() -> HookContext {
        HookContext { step: "after-write".into(), device: "gw-1".into(), slot: Some(3), ..HookContext::default() }
    }

    fn run_trusted(spec: &HookSpec, is_trusted: bool) -> Result<HookAnswer, HookError> {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".firstlight")).unwrap();
        let trust = Trust::new(folder.path(), &Machine::at(folder.path())).unwrap();
        if let Some(program) = hook(&context().step, spec).filter(|_| is_trusted) {
            trust.add(&program, trust.digest(&program).unwrap(), "alice", NOW).unwrap();
        }
        let ran = run(spec, &context(), &trust, HookPlace { root: folder.path(), home: folder.path() });
        assert_eq!(fs::metadata(folder.path().join("ran")).is_ok(), is_trusted && matches!(spec, HookSpec::Program(_)));
        ran
    }

    fn answered(script: &str) -> Result<HookAnswer, HookError> {
        run_trusted(&spec(&format!("touch ran; {script}"), 60), true)
    }

    #[test]
    fn a_hook_is_told_of_the_device_and_its_values_come_back() {
        let answer = answered(
            r#"device=$(sed 's/.*"device":"\([^"]*\)".*"slot":\([0-9]*\).*/\1 \2/'); echo "{\"ok\": true, \"values\": {\"heard\": \"$device\"}}""#,
        );
        assert_eq!(answer.unwrap().values["heard"], "gw-1 3");
    }

    #[test]
    fn a_no_stops_the_device_in_the_hook_s_own_words() {
        let no = answered(r#"echo '{"ok": false, "message": "label is crooked"}'"#).unwrap_err();
        assert_eq!(
            (no.class(), no.to_string().as_str()),
            (Class::Refused, "hook \"after-write\" says no: label is crooked")
        );
        let classed = answered(r#"echo '{"ok": false, "message": "bad"}'; exit 5"#).unwrap_err();
        assert!(matches!(classed, HookError::No { class: Class::Differs, .. }));
        assert!(matches!(answered(r#"echo '{"ok": false}'"#), Err(HookError::No { .. })));
    }

    #[test]
    fn only_a_yes_is_a_yes() {
        for script in [
            "true",
            "echo yes",
            "echo '[]'",
            r#"echo '{"ok": 1}'"#,
            r#"echo '{"message": "fine"}'"#,
            r#"echo '{"ok": true, "more": 1}'"#,
            r#"echo '{"ok": true}{"ok": true}'"#,
            r#"echo '{"ok": true}'; exit 1"#,
            r#"echo '{"ok": true, "values": {"a b": 1}}'"#,
            r#"printf '{"ok": true, "values": {"a": "'; head -c 5000 /dev/zero | tr '\0' x; echo '"}}'"#,
            "yes",
            "kill -9 $$",
        ] {
            let error = answered(script).unwrap_err();
            assert!(matches!(error, HookError::Failed { class: Class::Surroundings, .. }), "{script}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_answer_makes_us_panic(bytes: Vec<u8>, text in r#"\{"ok": ?(true|false|1|null)(, ?"[a-z]{1,7}": ?("[ -~]{0,9}"|\{\}|3))?\}"#) {
            let _ = read(&bytes);
            if let Ok(answer) = read(text.as_bytes()) {
                proptest::prop_assert_eq!(answer.ok, text.contains("true"));
            }
        }
    }

    #[test]
    fn a_hook_without_end_is_ended() {
        let error = run_trusted(&spec("touch ran; sleep 1000", 1), true).unwrap_err();
        assert!(error.to_string().contains("no end within 1 s"), "{error}");
    }

    #[test]
    fn a_hook_that_nobody_agreed_to_does_not_run() {
        let error = run_trusted(&spec("touch ran", 60), false).unwrap_err();
        assert!(matches!(error, HookError::Trust(TrustError::Untrusted { .. })), "{error}");
    }

    #[test]
    fn root_runs_only_what_says_so() {
        let HookSpec::Program(mut program) = spec("true", 1) else { panic!() };
        assert!(check_root(true, &program, "x").is_ok());
        program.as_root = false;
        assert!(check_root(true, &program, "x").is_err() && check_root(false, &program, "x").is_ok());
    }

    #[test]
    fn what_the_device_does_not_say_rejects_it() {
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = format!("socket://{}", server.local_addr().unwrap());
        let expect = HookSpec::Expect(ExpectSpec { port, baud: 115_200, pattern: "online".into(), within: 1 });
        let error = run_trusted(&expect, false).unwrap_err();
        assert_eq!(error.class(), Class::Differs);
        assert!(error.to_string().contains("did not hear \"online\""), "{error}");
    }
}
