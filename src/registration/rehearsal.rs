//! A registration that is only tried: every rule is asked in the order of the desk, and nothing is stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::delivery::Clock;
use crate::fleet::enrolment::{GroupPolicy, HookTarget, ProofKind, Refusal};
use crate::registry::registering::{Asked, Decision, Foretold, NewInstance, Validated};
use crate::registry::{Registry, RegistryError};

use super::desk::{check_models, facts, model_question};
use super::drafts::{as_found, draft};
use super::groups::{Group, prepared};
use super::hooks::{HookCaller, HookGround};
use super::models::shelf::Models;
use super::request::{Refused, Request};

/// Stands for the id of a registration that is never made.
const NO_REGISTRATION: &str = "00000000000000000000000000000000";

/// Asks the groups' own checks, as the desk does.
pub struct Checks {
    caller: HookCaller,
    fleet: String,
}

impl Checks {
    /// Takes what the hooks of a fleet stand on.
    pub fn new(fleet: &str, ground: Arc<dyn HookGround>, clock: Arc<dyn Clock>) -> Self {
        Self { caller: HookCaller::new(ground, clock), fleet: fleet.to_owned() }
    }

    /// Asks one about a registration, which takes over what it decides and sets; returns its words.
    fn ask(&self, target: &HookTarget, asked: &mut Asked) -> String {
        let (validated, attributes, words) = self.caller.validate(target, &self.fleet, asked);
        asked.validated = validated;
        asked.facts.attributes.extend(attributes);
        let decided = match validated {
            Validated::Held => "it holds the device for a person",
            Validated::Agreed | Validated::NotAsked | Validated::Refused(_) => "it agrees",
        };
        match (validated, words.is_empty()) {
            (Validated::Refused(refusal), true) => refusal.says().to_owned(),
            (Validated::Refused(_), false) => words,
            (_, true) => decided.to_owned(),
            (_, false) => format!("{decided}: {words}"),
        }
    }
}

/// What a registration is tried with.
pub struct Rehearsal<'a> {
    /// The policies of all groups: those of the fleet file, in force or not.
    pub policies: &'a BTreeMap<Arc<str>, GroupPolicy>,
    /// The registry, where there is one; it is only read.
    pub registry: Option<&'a Registry>,
    /// The time, where there is none.
    pub now: OffsetDateTime,
    /// The proof that is taken to be good; the group's first without.
    pub proof: Option<ProofKind>,
    /// It asked for nothing: a scan found it, so that nothing is proven and a person decides.
    pub found: bool,
    /// Asks the group's own check; it is not asked without.
    pub checks: Option<&'a Checks>,
    /// Where the model is looked for; it is not without.
    pub models: Option<&'a Models>,
}

/// One rule that was asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Step {
    /// Which: `request`, `group`, `proof`, `admission`, `model`, `check`, `registry`.
    pub rule: &'static str,
    /// False where it ends the registration.
    pub ok: bool,
    /// What it said.
    pub says: String,
}

/// What would become of a registration.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Outcome {
    /// `assigned`, `same`, `pending`, `assigning` or `refused`.
    pub decision: &'static str,
    /// The stable code of a refusal.
    pub code: Option<&'static str>,
    /// What to do about it.
    pub hint: Option<&'static str>,
    /// The group it would be in.
    pub group: Option<String>,
    /// The rules that were asked, in their order.
    pub steps: Vec<Step>,
    /// What the registration would carry, where it comes to that: `attributes`, `model`, `resources`, `allocates`.
    pub brings: Option<Value>,
}

impl Rehearsal<'_> {
    /// Tries the registration of these fields, those of `POST /v1/register`.
    pub fn run(&self, fields: &Value) -> Result<Outcome, RegistryError> {
        let mut trail = Trail::default();
        match self.walk(fields, &mut trail) {
            Ok(decision) => Ok(trail.end(word(&decision), None)),
            Err(Ended::Refused(rule, (refusal, words))) => {
                trail.step(rule, false, format!("{}: {words}", refusal.code()));
                Ok(trail.end("refused", Some(refusal)))
            }
            Err(Ended::Registry(error)) => Err(error),
        }
    }

    fn walk(&self, fields: &Value, trail: &mut Trail) -> Result<Decision, Ended> {
        let fields = &self.said(fields);
        let request = Request::read(fields).map_err(ended("request"))?;
        trail.step("request", true, format!("device {:?} can be read", request.device.as_str()));
        let group = self.group(&request).ok_or_else(|| no_group(&request))?;
        trail.group = Some(group.name.clone());
        group.admit(&request).map_err(ended("group"))?;
        trail.step("group", true, format!("group {:?} is open, and the id fits", group.name));
        trail.step("proof", true, self.proof(&group).map_err(ended("proof"))?);
        check_models(&group, &request).map_err(ended("model"))?;
        let facts = facts(&request, &group);
        let instance = self.models.map(|models| models.choose(&model_question(&request, &facts, &group))).transpose();
        let instance = instance.map_err(|pointed| ended("model")((pointed.refusal, pointed.words)))?;
        trail.step("model", true, self.model_words(instance.as_ref()));
        let drafted = draft(fields, &request, &group, NO_REGISTRATION).map_err(ended("group"))?;
        let mut asked = Asked { instance, ..drafted };
        if self.found {
            as_found(&mut asked);
        }
        let foretold = self.foretold(&mut asked, &group, trail)?;
        trail.brings = Some(json!({
            "attributes": asked.facts.attributes,
            "model": asked.instance.as_ref().map(|instance| format!("{}@{}", instance.model, instance.version)),
            "values": asked.instance.as_ref().map(|instance| &instance.values),
            "resources": asked.resources.iter().map(|resource| {
                json!({ "kind": resource.kind, "name": resource.name, "detail": resource.detail })
            }).collect::<Vec<_>>(),
            "allocates": asked.allocates,
        }));
        if let Decision::Refused(refusal) = foretold.decision {
            return Err(Ended::Refused("registry", (refusal, foretold.says.to_owned())));
        }
        trail.step("registry", true, foretold.says.to_owned());
        Ok(foretold.decision)
    }

    /// What a scan found is told with its links, which are no part of a request.
    fn said(&self, fields: &Value) -> Value {
        let mut said = fields.clone();
        if let (true, Some(fields)) = (self.found, said.as_object_mut()) {
            fields.remove("links");
        }
        said
    }

    /// Decides, and asks the group's own check where its word counts.
    fn foretold(&self, asked: &mut Asked, group: &Group, trail: &mut Trail) -> Result<Foretold, Ended> {
        if self.found {
            return self.decided(asked);
        }
        let Some(target) = &group.policy.hooks.validate else { return self.decided(asked) };
        let Some(checks) = self.checks else {
            trail.step("check", true, "the group's own check was not asked".to_owned());
            return self.decided(asked);
        };
        asked.validated = Validated::NotAsked;
        let foretold = self.decided(asked)?;
        if foretold.decision != Decision::Stale {
            trail.step("check", true, "the group's own check has no say in this".to_owned());
            return Ok(foretold);
        }
        let words = checks.ask(target, asked);
        if let Validated::Refused(refusal) = asked.validated {
            return Err(Ended::Refused("check", (refusal, words)));
        }
        trail.step("check", true, words);
        self.decided(asked)
    }

    fn decided(&self, asked: &Asked) -> Result<Foretold, Ended> {
        let first = || Ok(Foretold::of_first(asked, self.now));
        self.registry.map_or_else(first, |registry| registry.rehearse(asked)).map_err(Ended::Registry)
    }

    /// The group the request names; the only one there is where it names none.
    fn group(&self, request: &Request) -> Option<Group> {
        let (name, policy) = match request.group.as_deref() {
            Some(name) => self.policies.get_key_value(name)?,
            None => self.policies.first_key_value().filter(|_| self.policies.len() == 1)?,
        };
        Some(prepared(name, policy))
    }

    fn proof(&self, group: &Group) -> Result<String, Refused> {
        if self.found {
            return Ok("it was found: what it says proves nothing, a person decides".to_owned());
        }
        let proofs = &group.policy.proofs;
        let word = |kind: &ProofKind| json!(kind).as_str().unwrap_or_default().to_owned();
        let taken = proofs.iter().map(word).collect::<Vec<_>>().join(", ");
        match self.proof.or_else(|| proofs.first().copied()) {
            Some(kind) if proofs.contains(&kind) => Ok(format!("a good {} is assumed; taken: {taken}", word(&kind))),
            Some(kind) => Err((Refusal::ProofNotAccepted, format!("{} is not taken; taken: {taken}", word(&kind)))),
            None => Err((Refusal::ProofNotAccepted, "the group takes no proof at all".to_owned())),
        }
    }

    fn model_words(&self, instance: Option<&NewInstance>) -> String {
        match (instance, self.models) {
            (Some(instance), _) => format!("it would get {}@{}", instance.model, instance.version),
            (None, Some(_)) => "no model fits it".to_owned(),
            (None, None) => "the group takes what it says of its model".to_owned(),
        }
    }
}

/// How a rehearsal ends early.
enum Ended {
    Refused(&'static str, Refused),
    Registry(RegistryError),
}

fn ended(rule: &'static str) -> impl Fn(Refused) -> Ended {
    move |refused| Ended::Refused(rule, refused)
}

fn no_group(request: &Request) -> Ended {
    let words = match &request.group {
        Some(name) => format!("group {name:?} is not there"),
        None => "the request names no group, and there is not exactly one".to_owned(),
    };
    Ended::Refused("group", (Refusal::GroupUnknown, words))
}

#[derive(Default)]
struct Trail {
    group: Option<String>,
    steps: Vec<Step>,
    brings: Option<Value>,
}

impl Trail {
    fn step(&mut self, rule: &'static str, ok: bool, says: String) {
        self.steps.push(Step { rule, ok, says });
    }

    fn end(self, decision: &'static str, refusal: Option<Refusal>) -> Outcome {
        Outcome {
            decision,
            code: refusal.map(Refusal::code),
            hint: refusal.map(Refusal::hint),
            group: self.group,
            steps: self.steps,
            brings: self.brings.filter(|_| refusal.is_none()),
        }
    }
}

fn word(decision: &Decision) -> &'static str {
    match decision {
        Decision::Assigned { .. } => "assigned",
        Decision::Same { .. } => "same",
        Decision::Pending { .. } => "pending",
        Decision::Assigning { .. } => "assigning",
        Decision::Refused(_) | Decision::Stale => "refused",
    }
}
