//! A bootstrap without a network: every message with its size, as a client of some version would get it.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::coap::{Conversation, Request, Response, Word};
use crate::fleet::lwm2m::Enabler;
use crate::format::coap::Code;

use super::configuration::Configuration;
use super::outcome::{Asking, Next, Outcome, StepResult, StepTold};
use super::pattern_client::{Behaviour, PatternClient};
use super::request::BootstrapRequest;
use super::session::Session;

/// Where the client that stands for all has its bootstrap account.
const ACCOUNT: u16 = 0;

/// What would be said.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Explanation {
    /// The device.
    pub device: String,
    /// The client's version.
    pub client: String,
    /// Every message, in order.
    pub messages: Vec<Explained>,
    /// How it ends.
    pub result: String,
    /// True if it ends well.
    pub good: bool,
    /// What is remarkable.
    pub remarks: Vec<String>,
    /// Datagrams both ways, without those of DTLS.
    pub datagrams: usize,
    /// Bytes of these datagrams.
    pub bytes: usize,
}

/// One message and its answer.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Explained {
    /// The step.
    pub step: String,
    /// What is asked; none for what is not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asking>,
    /// What the client answers, or why nothing is sent.
    pub answer: String,
    /// Datagrams to the client and back.
    pub datagrams: usize,
    /// Bytes of these datagrams.
    pub bytes: usize,
}

/// Two ends of a line that nothing is lost on.
struct Line {
    server: Conversation,
    device: Conversation,
    datagrams: usize,
    bytes: usize,
}

impl Line {
    fn new(configuration: &Configuration) -> Self {
        let timing = configuration.timing;
        let (server, device) = (Conversation::new(timing, [1; 16]), Conversation::new(timing, [2; 16]));
        Self { server, device, datagrams: 0, bytes: 0 }
    }

    /// Carries a question and its answer; none if no answer comes.
    fn carry(&mut self, request: Request, client: &mut dyn FnMut(&Request) -> Response) -> Option<Response> {
        let at = Duration::ZERO;
        self.server.ask(at, request);
        while self.exchange(at, client) {}
        loop {
            match self.server.word()? {
                Word::Answered { response, .. } => return Some(response),
                Word::Unanswered { .. } => return None,
                Word::Asked { .. } => {}
            }
        }
    }

    /// Moves what lies ready; false if nothing does.
    fn exchange(&mut self, at: Duration, client: &mut dyn FnMut(&Request) -> Response) -> bool {
        let before = self.datagrams;
        while let Some(datagram) = self.server.datagram() {
            self.count(&datagram);
            self.device.received(at, &datagram);
        }
        while let Some(word) = self.device.word() {
            if let Word::Asked { asked, request, .. } = word {
                let response = client(&request);
                self.device.answer(at, asked, response);
            }
        }
        while let Some(datagram) = self.device.datagram() {
            self.count(&datagram);
            self.server.received(at, &datagram);
        }
        self.datagrams > before
    }

    fn count(&mut self, datagram: &[u8]) {
        self.datagrams += 1;
        self.bytes += datagram.len();
    }
}

/// Says what a client of this version would be told, which does as the standard says and has its bootstrap account at /0/0.
pub fn explain(configuration: &Arc<Configuration>, version: Enabler) -> Explanation {
    let preferred = (version > Enabler::V1_0).then_some(112);
    let asked = BootstrapRequest { endpoint: Some(configuration.device.as_str().to_owned()), preferred };
    let account = configuration.limits.account.unwrap_or(ACCOUNT);
    let mut client = PatternClient::new(Behaviour::of(version), account);
    let mut line = Line::new(configuration);
    let mut messages = vec![first(&mut line, &asked)];
    let mut session = Session::begin(Arc::clone(configuration), &asked);
    let outcome = loop {
        let (datagrams, bytes) = (line.datagrams, line.bytes);
        match session.next() {
            Next::Ask(request) => {
                let answer = line.carry(request, &mut |request| client.answer(request));
                session.heard(answer.ok_or(crate::coap::Unanswered::Silent));
            }
            Next::Consult(_) => session.consulted(Ok(serde_json::json!({ "ok": true }))),
            Next::Done(outcome) => break outcome,
        }
        take(&mut session, &mut messages, (line.datagrams - datagrams, line.bytes - bytes));
    };
    take(&mut session, &mut messages, (0, 0));
    told(configuration, version, &line, messages, &outcome)
}

fn told(
    configuration: &Configuration,
    version: Enabler,
    line: &Line,
    messages: Vec<Explained>,
    outcome: &Outcome,
) -> Explanation {
    Explanation {
        device: configuration.device.as_str().to_owned(),
        client: version.to_string(),
        messages,
        result: outcome.words(),
        good: outcome.is_good(),
        remarks: outcome.quirks.clone(),
        datagrams: line.datagrams,
        bytes: line.bytes,
    }
}

/// The request of the device, by which all begins.
fn first(line: &mut Line, asked: &BootstrapRequest) -> Explained {
    let mut request = Request::new(Code::POST, "/bs");
    request.query.extend(asked.endpoint.iter().map(|name| format!("ep={name}")));
    request.query.extend(asked.preferred.iter().map(|format| format!("pct={format}")));
    let path = format!("/bs?{}", request.query.join("&"));
    // The same line, asked from the other end.
    std::mem::swap(&mut line.server, &mut line.device);
    let changed = Code(2 << 5 | 4);
    line.carry(request, &mut |_| Response::new(changed));
    std::mem::swap(&mut line.server, &mut line.device);
    let asked =
        Asking { method: "POST".into(), path, format: None, accept: None, bytes: 0, values: serde_json::Map::new() };
    let (datagrams, bytes) = (line.datagrams, line.bytes);
    Explained { step: "request".into(), asked: Some(asked), answer: changed.to_string(), datagrams, bytes }
}

fn take(session: &mut Session, messages: &mut Vec<Explained>, (datagrams, bytes): (usize, usize)) {
    while let Some(StepTold { step, asked, result, note, .. }) = session.told() {
        let answer = match result {
            StepResult::Answered { code, .. } => code,
            StepResult::Silent(why) | StepResult::Failed(why) => why,
            StepResult::Consulted(_) => "the service is asked and taken to agree".into(),
            StepResult::Passed => "passed over".into(),
            StepResult::Withheld => note.unwrap_or_else(|| "withheld".into()),
        };
        let is_sent = asked.is_some();
        let (datagrams, bytes) = if is_sent { (datagrams, bytes) } else { (0, 0) };
        messages.push(Explained { step, asked, answer, datagrams, bytes });
    }
}
