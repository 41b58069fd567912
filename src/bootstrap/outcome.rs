//! What a session asks for, what it tells on the way, and what came of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::coap::Request;
use crate::fleet::bootstrap::Service;
use crate::fleet::lwm2m::Enabler;

/// What is to be done next.
#[derive(Debug)]
pub enum Next {
    /// This is to be asked of the device; [`Session::heard`](super::Session::heard) takes the answer.
    Ask(Request),
    /// This is to be asked of an outside service; [`Session::consulted`](super::Session::consulted) takes the answer.
    Consult(Consultation),
    /// Nothing: it is over. From now on the answer is the same.
    Done(Outcome),
}

/// What an outside service is asked.
#[derive(Clone, PartialEq, Debug)]
pub struct Consultation {
    /// The step.
    pub step: String,
    /// Who is asked.
    pub service: Service,
    /// What is known: device, model, firmware, what was discovered and read.
    pub document: Value,
}

/// What came of a bootstrap.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// The client's version of LwM2M, as far as it is known.
    pub enabler: Option<Enabler>,
    /// How many messages were asked.
    pub asked: u32,
    /// What was out of the ordinary and did no harm.
    pub quirks: Vec<String>,
    /// True if what the device has then was read back and is what it should be.
    pub verified: bool,
}

/// How a bootstrap ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ending {
    /// The device said yes to Finish.
    Finished,
    /// It was given all in one answer (Bootstrap-Pack): what it made of it shows when it registers.
    Packed,
    /// It ended without Finish, or Finish was refused. The device keeps its bootstrap account.
    Failed {
        /// The step's name.
        step: String,
        /// The path, where there is one.
        path: Option<String>,
        /// Why.
        why: Failure,
    },
}

/// Why a bootstrap failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Failure {
    /// The device answered an error.
    #[error("the device answered {code}{}", meaning(code))]
    Answered {
        /// The code, as `4.00`.
        code: String,
    },
    /// The device did not answer.
    #[error("{0}")]
    Unanswered(String),
    /// The device answered something that cannot be understood.
    #[error("the answer of the device cannot be read: {0}")]
    Unreadable(String),
    /// It was not sent, because it would have harmed the device.
    #[error("{0}")]
    Withheld(String),
    /// The configuration does not fit together.
    #[error("{0}")]
    Unsound(String),
    /// The client cannot take it.
    #[error("{0}")]
    Beyond(String),
    /// An outside service failed or denied.
    #[error("{0}")]
    Service(String),
    /// What was read back is not what was written.
    #[error("{0}")]
    Differs(String),
    /// The server gave up: stopped, or a new request took its place.
    #[error("{0}")]
    GivenUp(String),
}

/// What a code means to a bootstrap, in words to be put behind it.
fn meaning(code: &str) -> &'static str {
    match code {
        "4.00" => " (it does not understand, or does not like a value)",
        "4.01" | "4.03" => " (it does not allow it)",
        "4.04" => " (it does not have that)",
        "4.05" => " (it does not do that there)",
        "4.06" => " (it finds it inconsistent, or does not have the content format)",
        "4.08" => " (it lost a block)",
        "4.13" => " (it is too long for it)",
        "4.15" => " (it does not know the content format)",
        "5.00" => " (it has an error of its own, or no room)",
        _ => "",
    }
}

impl Failure {
    /// Returns true if the same may go well another time.
    pub(super) fn may_pass(&self) -> bool {
        !matches!(self, Self::Withheld(_) | Self::Unsound(_) | Self::Beyond(_))
    }

    /// Returns the word by which failures are counted.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Answered { .. } => "answered",
            Self::Unanswered(_) => "unanswered",
            Self::Unreadable(_) => "unreadable",
            Self::Withheld(_) => "withheld",
            Self::Unsound(_) => "unsound",
            Self::Beyond(_) => "beyond",
            Self::Service(_) => "service",
            Self::Differs(_) => "differs",
            Self::GivenUp(_) => "given-up",
        }
    }
}

impl Outcome {
    /// The outcome of an answer that held all (Bootstrap-Pack).
    pub fn packed() -> Self {
        Self { ending: Ending::Packed, enabler: Some(Enabler::V1_2), asked: 0, quirks: Vec::new(), verified: false }
    }

    /// Returns true unless it failed.
    pub fn is_good(&self) -> bool {
        !matches!(self.ending, Ending::Failed { .. })
    }

    /// Says how it ended in one line.
    pub fn words(&self) -> String {
        match &self.ending {
            Ending::Finished => "finished".into(),
            Ending::Packed => "given in one answer".into(),
            Ending::Failed { step, path: Some(path), why } => format!("{step} {path}: {why}"),
            Ending::Failed { step, path: None, why } => format!("{step}: {why}"),
        }
    }
}

/// One exchange, or one thing that a step decided: for the live display, for metrics, and a line of a transcript. It holds no
/// secret: values of opaque resources are there as lengths.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StepTold {
    /// Counts from 1.
    pub number: u32,
    /// Name of the step.
    pub step: String,
    /// What was asked of the device; none where nothing was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub asked: Option<Asking>,
    /// What came of it.
    pub result: StepResult,
    /// Why, or what was remarkable.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

/// A message to the device without its secrets.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Asking {
    /// `GET`, `PUT`, `POST` or `DELETE`.
    pub method: String,
    /// The path.
    pub path: String,
    /// Content format of the payload.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub format: Option<u16>,
    /// Content format that is wanted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub accept: Option<u16>,
    /// Bytes of the payload.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub bytes: usize,
    /// What it writes, by path; opaque values as `<16 bytes>`.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty", default)]
    pub values: serde_json::Map<String, Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// What came of a step's message.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepResult {
    /// The device answered.
    Answered {
        /// The code, as `2.04`.
        code: String,
        /// Content format of the answer.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        format: Option<u16>,
        /// The answer, where it is a list of links or text.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        text: Option<String>,
        /// The answer in hexadecimal digits, where it is not and holds no secret.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        hex: Option<String>,
    },
    /// The device did not answer; why.
    Silent(String),
    /// An outside service answered.
    Consulted(Value),
    /// An outside service failed; why.
    Failed(String),
    /// Nothing was sent: a condition does not hold.
    Passed,
    /// Nothing was sent: it would have harmed the device, or the client cannot take it.
    Withheld,
}
