//! One bootstrap of one device.

mod read_back;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::coap::{Request, Response, Unanswered};
use crate::fleet::bootstrap::{Act, ErrorPolicy, GivenResource, ReadBack, Service, Step};
use crate::fleet::enrolment::HookFailure;
use crate::fleet::lwm2m::{ACCESS_CONTROL, DataType, Path, SECURITY, SERVER, data_type};
use crate::format::coap::Code;
use crate::format::discovered;
use crate::format::payload::{PayloadFormat, decode};

use super::configuration::Configuration;
use super::ground::Ground;
use super::operation::{Operation, answered, asking};
use super::outcome::{Asking, Consultation, Ending, Failure, Next, Outcome, StepResult, StepTold};
use super::precheck;
use super::request::BootstrapRequest;
use super::set::{Key, OSCORE, is_core};

/// Most corrections, whatever the procedure says, and most times a step is done again.
const MOST_AGAIN: u32 = 10;

/// One bootstrap of one device, from the answered request to Finish: one message at a time, none without the answer before.
#[derive(Debug)]
pub struct Session {
    ground: Ground,
    steps: VecDeque<Step>,
    step: Option<Step>,
    pending: VecDeque<Operation>,
    waiting: Waiting,
    /// How often the operation at hand has failed.
    failures: u32,
    corrections: u32,
    fallen_back: BTreeSet<String>,
    finished: bool,
    verified: bool,
    differs: Vec<String>,
    asked: u32,
    told: VecDeque<StepTold>,
    count: u32,
    outcome: Option<Outcome>,
}

#[derive(Debug)]
enum Waiting {
    Nothing,
    Device { operation: Operation, request: Request, asking: Asking },
    Service(Consultation),
}

impl Session {
    /// Begins. Whether the configuration is sound and fits the client is decided here: the first [`Session::next`] says so.
    pub fn begin(configuration: Arc<Configuration>, asked: &BootstrapRequest) -> Self {
        let procedure = Arc::clone(&configuration.procedure);
        let mut session = Self {
            ground: Ground::new(configuration, asked.preferred),
            steps: procedure.steps.iter().cloned().collect(),
            step: None,
            pending: VecDeque::new(),
            waiting: Waiting::Nothing,
            failures: 0,
            corrections: procedure.corrections.min(MOST_AGAIN),
            fallen_back: BTreeSet::new(),
            finished: false,
            verified: false,
            differs: Vec::new(),
            asked: 0,
            told: VecDeque::new(),
            count: 0,
            outcome: None,
        };
        if let Err(why) = precheck::check(&session.ground.configuration, &session.ground.set) {
            session.tell(None, StepResult::Withheld, Some(why.to_string()));
            session.end(None, why);
        }
        session
    }

    /// Returns what is to be done next: the same again until it is answered.
    #[expect(clippy::should_implement_trait, reason = "what is next depends on what was heard: it is no iterator")]
    pub fn next(&mut self) -> Next {
        loop {
            if let Some(outcome) = &self.outcome {
                return Next::Done(outcome.clone());
            }
            match &self.waiting {
                Waiting::Device { request, .. } => return Next::Ask(request.clone()),
                Waiting::Service(consultation) => return Next::Consult(consultation.clone()),
                Waiting::Nothing => self.go_on(),
            }
        }
    }

    /// Takes the answer to what was asked of the device.
    pub fn heard(&mut self, answer: Result<Response, Unanswered>) {
        if self.outcome.is_some() || !matches!(self.waiting, Waiting::Device { .. }) {
            return;
        }
        let Waiting::Device { operation, asking, .. } = std::mem::replace(&mut self.waiting, Waiting::Nothing) else {
            return;
        };
        match answer {
            Ok(response) => {
                self.tell(Some(asking), answered(&operation, &response), None);
                self.settle(operation, &response);
            }
            Err(why) => {
                self.tell(Some(asking), StepResult::Silent(why.to_string()), None);
                self.unanswered(operation, &why);
            }
        }
    }

    /// Takes the answer of an outside service: `{ok, message, attributes, write}`.
    pub fn consulted(&mut self, answer: Result<Value, String>) {
        let Waiting::Service(consultation) = std::mem::replace(&mut self.waiting, Waiting::Nothing) else { return };
        let said = answer.and_then(|said| self.take_said(&said).map(|()| said));
        match said {
            Ok(said) => {
                let shown = said.get("attributes").cloned().unwrap_or(json!({}));
                self.tell(None, StepResult::Consulted(shown), None);
            }
            Err(why) => {
                self.tell(None, StepResult::Failed(why.clone()), None);
                if consultation.service.target.fail == HookFailure::Open && !why.starts_with(DENIED) {
                    self.ground.quirk(format!("went on without the answer to {:?}: {why}", consultation.step));
                } else {
                    self.failed(None, Failure::Service(why));
                }
            }
        }
    }

    /// Ends it: a new request takes its place, or the server stops.
    pub fn give_up(&mut self, why: &str) {
        self.end(None, Failure::GivenUp(why.to_owned()));
    }

    /// Returns what is being asked of the device, without its secrets.
    pub(super) fn asking(&self) -> Option<&Asking> {
        match &self.waiting {
            Waiting::Device { asking, .. } => Some(asking),
            _ => None,
        }
    }

    /// Returns true if what is being asked of the device is to finish: it may do so from now on.
    pub fn asks_to_finish(&self) -> bool {
        matches!(&self.waiting, Waiting::Device { operation: Operation::Finish, .. })
    }

    /// Returns the next thing that there is to tell.
    pub fn told(&mut self) -> Option<StepTold> {
        self.told.pop_front()
    }

    fn tell(&mut self, asked: Option<Asking>, result: StepResult, note: Option<String>) {
        self.count += 1;
        let step = self.step.as_ref().map_or("check", |step| &step.name).to_owned();
        self.told.push_back(StepTold { number: self.count, step, asked, result, note });
    }

    fn end(&mut self, path: Option<String>, why: Failure) {
        let step = self.step.as_ref().map_or("check", |step| &step.name).to_owned();
        self.close(Ending::Failed { step, path, why });
    }

    fn close(&mut self, ending: Ending) {
        if self.outcome.is_some() {
            return;
        }
        self.waiting = Waiting::Nothing;
        self.outcome = Some(Outcome {
            ending,
            enabler: self.ground.knowledge.said_version.then_some(self.ground.knowledge.enabler),
            asked: self.asked,
            quirks: self.ground.quirks.clone(),
            verified: self.verified,
        });
    }

    /// Sends what is pending, or begins the next step.
    fn go_on(&mut self) {
        if let Some(operation) = self.pending.pop_front() {
            return self.send(operation);
        }
        if self.finished {
            return self.close(Ending::Finished);
        }
        let Some(step) = self.steps.pop_front() else {
            return self.end(None, Failure::Withheld("the procedure ends without finish".into()));
        };
        self.failures = 0;
        let holds = step.when.iter().all(|when| self.ground.knowledge.holds(when, &self.ground.configuration));
        self.step = Some(step);
        if holds { self.start() } else { self.tell(None, StepResult::Passed, None) }
    }

    fn send(&mut self, operation: Operation) {
        if let Some(broken) = self.ground.unsound().filter(|_| operation == Operation::Finish) {
            let why = Failure::Withheld(format!("refusing to finish over a broken set: {broken}"));
            self.tell(None, StepResult::Withheld, Some(why.to_string()));
            return self.failed(Some(operation), why);
        }
        match self.ground.request(&operation) {
            Ok((request, values)) => {
                self.ground.sending(&operation);
                self.asked += 1;
                let asking = asking(&request, values);
                self.waiting = Waiting::Device { operation, request, asking };
            }
            Err(why) => {
                self.tell(None, StepResult::Withheld, Some(why.to_string()));
                self.failed(Some(operation), why);
            }
        }
    }

    /// Finds the messages of a step.
    fn start(&mut self) {
        let Some(act) = self.step.as_ref().map(|step| step.act.clone()) else { return };
        match act {
            Act::Discover(path) => self.pending.push_back(Operation::Discover(path)),
            Act::Read(path) => self.pending.push_back(Operation::Read(path)),
            Act::Delete(path) => self.pending.push_back(Operation::Delete(path)),
            Act::Clear => self.clear(),
            Act::Write(path) => self.write(path),
            Act::WriteValue(given) => self.pending.push_back(Operation::WriteValue(given)),
            Act::Raw(raw) => self.pending.push_back(Operation::Raw(raw)),
            Act::Consult(service) => self.consult(service),
            Act::Finish => self.finish(),
        }
    }

    /// /0 and /1 always, for some clients list less than they have; /2 unless the client has listed everything but that.
    fn clear(&mut self) {
        if self.ground.knowledge.kept.is_none() {
            return self.pending.push_back(Operation::Delete(Path::Object(SECURITY)));
        }
        let is_there = |object| self.ground.knowledge.instances(object).is_none_or(|found| !found.is_empty());
        let deletes = [SECURITY, SERVER, ACCESS_CONTROL]
            .into_iter()
            .filter(|object| *object != ACCESS_CONTROL || is_there(*object));
        self.pending.extend(deletes.map(|object| Operation::Delete(Path::Object(object))));
    }

    fn write(&mut self, path: Path) {
        if let Path::Resource(object, instance, resource) = path {
            let value = self.ground.set.value((object, instance), resource);
            let given = value.map(super::knowledge::given).map(crate::fleet::bootstrap::GivenContent::Single);
            self.pending.extend(given.map(|content| Operation::WriteValue(GivenResource { path, content })));
            return;
        }
        let keys = self.ground.set.in_order(path);
        // Where nothing is known of the account, nothing of the set is begun that could not be ended.
        let first = keys.iter().find(|key| matches!(key.0, SECURITY | OSCORE)).copied();
        if let Some(key) = first
            && let Err(why) = self.ground.place(key)
        {
            self.tell(None, StepResult::Withheld, Some(why.to_string()));
            return self.failed(None, why);
        }
        self.pending.extend(keys.into_iter().map(|key| Operation::Write { key, least: false }));
    }

    fn consult(&mut self, service: Service) {
        let configuration = &self.ground.configuration;
        let mut document = self.ground.knowledge.document();
        document["id"] = json!(configuration.device);
        document["model"] = json!(configuration.model);
        document["firmware"] = json!(configuration.firmware);
        let step = self.step.as_ref().map_or_else(String::new, |step| step.name.clone());
        self.waiting = Waiting::Service(Consultation { step, service, document });
    }

    /// What a service says is taken whole or not at all.
    fn take_said(&mut self, said: &Value) -> Result<(), String> {
        match said.get("ok") {
            Some(Value::Bool(true)) => {}
            Some(Value::Bool(false)) => {
                let message = said.get("message").and_then(Value::as_str).unwrap_or("it gives no reason");
                return Err(format!("{DENIED}: {}", message.chars().take(300).collect::<String>()));
            }
            _ => return Err("the service's answer lacks \"ok\"".into()),
        }
        let entries = said.get("write").map_or(Some(&[][..]), |write| write.as_array().map(Vec::as_slice));
        let entries = entries.ok_or("\"write\" of the service's answer is no list")?;
        let wrong = || "an entry of \"write\" is no {path: /O/I/R, value: ..}".to_owned();
        let given = entries
            .iter()
            .map(|entry| GivenResource::of_json(entry).ok_or_else(wrong))
            .collect::<Result<Vec<_>, _>>()?;
        let changes_accounts = given.iter().any(|given| given.path.object().is_some_and(is_core));
        if changes_accounts && (!self.ground.attempted.is_empty() || !self.ground.cleared.is_empty()) {
            return Err("the service changes accounts after the first of them was touched".into());
        }
        let mut set = super::set::ObjectSet::default();
        set.merge_set(&self.ground.set);
        given.iter().for_each(|given| set.put(given));
        precheck::check(&self.ground.configuration, &set).map_err(|why| why.to_string())?;
        self.ground.set = set;
        let attributes = said.get("attributes").and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
        self.ground.knowledge.consulted(attributes);
        Ok(())
    }

    fn finish(&mut self) {
        let when = self.ground.configuration.procedure.read_back;
        if matches!(when, ReadBack::Before | ReadBack::Both) {
            self.read_back();
        }
        self.pending.push_back(Operation::Finish);
    }

    fn unanswered(&mut self, operation: Operation, why: &Unanswered) {
        match operation {
            Operation::Discover(_) if self.ground.configuration.limits.account.is_some() => {
                self.ground.quirk("did not answer Discover; where its account lies is stated");
            }
            Operation::LookAgain(_) | Operation::ReadAgain(_) => {
                self.ground.quirk("did not answer when it was read back");
                self.pending.retain(|next| !matches!(next, Operation::LookAgain(_) | Operation::ReadAgain(_)));
            }
            operation => self.failed(Some(operation), Failure::Unanswered(why.to_string())),
        }
    }

    fn settle(&mut self, operation: Operation, response: &Response) {
        let is_good = response.code.class() == 2;
        match operation {
            Operation::Discover(path) => self.settle_discover(path, response),
            Operation::Read(path) if is_good => self.settle_read(path, response),
            Operation::Delete(path) => self.settle_delete(path, response),
            Operation::Write { key, least } => self.settle_write(key, least, response),
            Operation::WriteValue(given) if is_good => {
                self.expect_code(response, CHANGED, "Write");
                self.ground.set.put(&given);
            }
            Operation::Raw(raw) if is_good => {
                if raw.method == crate::fleet::bootstrap::RawMethod::Delete {
                    self.ground.gone.insert(raw.path);
                }
            }
            Operation::LookAgain(path) => self.settle_look(path, response),
            Operation::ReadAgain(object) => self.settle_read_again(object, response),
            Operation::Finish => self.settle_finish(response),
            operation => self.failed(Some(operation), refused(response)),
        }
    }

    fn expect_code(&mut self, response: &Response, wanted: Code, operation: &str) {
        if response.code != wanted {
            self.ground.quirk(format!("answers {operation} with {} instead of {wanted}", response.code));
        }
    }

    fn settle_discover(&mut self, path: Path, response: &Response) {
        if response.code.class() == 2 {
            match discovered::read(&response.payload) {
                Ok(found) => self.ground.knowledge.discovered(path, found),
                Err(error) => self.failed(Some(Operation::Discover(path)), Failure::Unreadable(error.to_string())),
            }
        } else if path == Path::Root {
            self.ground.quirk(format!("answers Discover of / with {}", response.code));
            self.pending.push_front(Operation::Discover(Path::Object(SECURITY)));
        } else if self.ground.configuration.limits.account.is_some() {
            self.ground.quirk("does not do Discover; where its account lies is stated");
        } else {
            self.failed(Some(Operation::Discover(path)), refused(response));
        }
    }

    fn settle_read(&mut self, path: Path, response: &Response) {
        match read_payload(path, response) {
            Ok(objects) => self.ground.knowledge.read(&objects),
            Err(why) => self.failed(Some(Operation::Read(path)), Failure::Unreadable(why)),
        }
    }

    fn settle_delete(&mut self, path: Path, response: &Response) {
        if response.code.class() == 2 {
            self.expect_code(response, DELETED, "Delete");
            self.ground.gone.insert(path);
            return;
        }
        let is_no_object_delete = matches!(path, Path::Object(_)) && response.code == BAD_REQUEST;
        if !is_absent(response.code) && !is_no_object_delete {
            return self.failed(Some(Operation::Delete(path)), refused(response));
        }
        if path == Path::Root {
            self.ground.quirk(format!("answers Delete of / with {}: the accounts go object by object", response.code));
            let accounts = [ACCESS_CONTROL, SERVER, SECURITY].map(Path::Object);
            accounts.into_iter().for_each(|path| self.pending.push_front(Operation::Delete(path)));
        }
        if let Path::Object(object) = path {
            let kept = self.ground.knowledge.kept.clone().filter(|_| object == SECURITY).unwrap_or_default();
            let there = self.ground.knowledge.instances(object).unwrap_or_default();
            let ids: Vec<u16> = there.iter().map(|found| found.id).filter(|id| !kept.contains(id)).collect();
            if !ids.is_empty() {
                self.ground
                    .quirk(format!("answers Delete of {path} with {}: its instances go one by one", response.code));
                ids.iter().rev().for_each(|id| self.pending.push_front(Operation::Delete(Path::Instance(object, *id))));
            } else if response.code == BAD_REQUEST {
                self.failed(Some(Operation::Delete(path)), refused(response));
            }
        }
    }

    fn settle_write(&mut self, key: Key, least: bool, response: &Response) {
        if response.code.class() == 2 {
            self.expect_code(response, CHANGED, "Write");
            self.ground.formats().is_proven = true;
            self.ground.written.insert(key, least);
            self.failures = 0;
            return;
        }
        let is_format = matches!(response.code, UNSUPPORTED | NOT_ACCEPTABLE);
        if response.code == BAD_REQUEST && !least && self.has_more_than_least(key) {
            self.ground
                .quirk(format!("answers 4.00 to the whole of /{}/{}: only what 1.0 wants is tried", key.0, key.1));
            return self.pending.push_front(Operation::Write { key, least: true });
        }
        if (is_format || response.code == BAD_REQUEST) && self.ground.formats().next() {
            let format = self.ground.formats().current();
            self.ground.quirk(format!("answers {} to a content format: {format} is tried", response.code));
            return self.pending.push_front(Operation::Write { key, least: false });
        }
        self.failed(Some(Operation::Write { key, least }), refused(response));
    }

    fn has_more_than_least(&mut self, key: Key) -> bool {
        let count =
            |content: Result<crate::fleet::lwm2m::Instance, Failure>| content.map_or(0, |it| it.resources.len());
        let quirks = self.ground.quirks.clone();
        let more = count(self.ground.content(key, false)) > count(self.ground.content(key, true));
        self.ground.quirks = quirks;
        more
    }

    fn settle_finish(&mut self, response: &Response) {
        if response.code.class() == 2 {
            self.expect_code(response, CHANGED, "Finish");
            self.finished = true;
            self.pending.clear();
            if matches!(self.ground.configuration.procedure.read_back, ReadBack::After | ReadBack::Both) {
                self.read_back();
            }
            return;
        }
        if response.code == NOT_ACCEPTABLE && self.correct() {
            return self.ground.quirk("answers Finish with 4.06: the accounts are written again");
        }
        self.failed(Some(Operation::Finish), refused(response));
    }

    /// Does what the step's policy says of a failure.
    fn failed(&mut self, operation: Option<Operation>, why: Failure) {
        let policy = self.step.as_ref().map_or(ErrorPolicy::Abort, |step| step.on_error.clone());
        let path = operation.as_ref().map(|operation| self.path(operation));
        match policy {
            ErrorPolicy::Skip if operation != Some(Operation::Finish) => self.skip(operation, path, &why),
            ErrorPolicy::Retry(times) if self.failures < times.min(MOST_AGAIN) && why.may_pass() => {
                self.failures += 1;
                match operation {
                    Some(operation) => self.pending.push_front(operation),
                    None => self.start(),
                }
            }
            ErrorPolicy::Fallback(name) if self.fallen_back.insert(name.clone()) => {
                let steps = self.ground.configuration.procedure.fallbacks.get(&name);
                self.ground.quirks.push(format!("fell back to {name:?}: {why}"));
                let steps = steps.cloned().unwrap_or_default();
                self.pending.clear();
                self.steps = steps.into();
            }
            _ => self.end(path, why),
        }
    }

    fn skip(&mut self, operation: Option<Operation>, path: Option<String>, why: &Failure) {
        let at = path.unwrap_or_default();
        let is_write = match &operation {
            Some(Operation::WriteValue(given)) => given.path.object().is_some_and(is_core),
            Some(Operation::Raw(raw)) => {
                raw.method != crate::fleet::bootstrap::RawMethod::Get && raw.path.object().is_none_or(is_core)
            }
            _ => false,
        };
        if is_write {
            self.ground.broken.push(format!("{at} was not taken by the device"));
        }
        self.ground.quirks.push(format!("passed over {at}: {why}"));
    }

    fn path(&mut self, operation: &Operation) -> String {
        match operation {
            Operation::Discover(path)
            | Operation::Read(path)
            | Operation::Delete(path)
            | Operation::LookAgain(path) => path.to_string(),
            Operation::Write { key, .. } => format!("/{}/{}", key.0, self.ground.place(*key).unwrap_or(key.1)),
            Operation::WriteValue(given) => given.path.to_string(),
            Operation::Raw(raw) => raw.path.to_string(),
            Operation::ReadAgain(object) => format!("/{object}"),
            Operation::Finish => "/bs".into(),
        }
    }
}

const CHANGED: Code = Code(2 << 5 | 4);
const DELETED: Code = Code(2 << 5 | 2);
const BAD_REQUEST: Code = Code(4 << 5);
const NOT_ACCEPTABLE: Code = Code(4 << 5 | 6);
const UNSUPPORTED: Code = Code(4 << 5 | 15);
/// How the refusal of a service begins.
const DENIED: &str = "the service denies it";

fn is_absent(code: Code) -> bool {
    matches!(code, Code(0x84 | 0x85))
}

fn refused(response: &Response) -> Failure {
    Failure::Answered { code: response.code.to_string() }
}

fn read_payload(path: Path, response: &Response) -> Result<Vec<crate::fleet::lwm2m::Object>, String> {
    let format = response.format.and_then(PayloadFormat::of).ok_or("it has no content format that is known")?;
    let types = |object: u16, resource: u16| -> Option<DataType> { data_type(object, resource) };
    decode(format, path, &response.payload, &types).map_err(|error| error.to_string())
}
