//! The desk where devices register: reads a request, judges its proof, asks for the transaction, words the answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::delivery::{Clock, Random};
use crate::fleet::EndpointName;
use crate::fleet::bootstrap::Service;
use crate::fleet::enrolment::claim::Claim;
use crate::fleet::enrolment::{Rates, Refusal, Subscription};
use crate::registry::instances::DESIGNATION;
use crate::registry::registering::{
    Asked, Decision, Facts, NewCredential, NewInstance, NewResource, Registered, Report, Validated, Visit,
};
use crate::registry::{Registrar, Registry, RegistryError};

use super::allotment::resources;
use super::bootstrapping::{self, CertificateOwner};
use super::bundles::{Bundles, Counter};
use super::challenge::Challenges;
use super::exchange::{Incoming, Registration, Reply, Tell, Told};
use super::groups::{Group, Groups};
use super::hooks::{Ask, Bag, Errands, Heralds, HookCaller, HookGround, News, Ringer};
use super::keys::{ClaimKeys, GROUP_KEY};
use super::models::choice::{ModelQuestion, Pointed, who_asks};
use super::models::shelf::Models;
use super::outcome::{AWAY, refused_by_hook, reply, state_of};
use super::proof::{Judge, Proven, Unproven};
use super::refused::Refusals;
use super::repetition::{digest, idempotency};
use super::request::{self, AskedModel, Refused, Request, known, malformed, object};

/// What a device is given beside its registration.
pub trait Issuer: Send + Sync {
    /// Certifies the key of a certificate request (PKCS#10, DER) for a device. The error is in words.
    fn certify(&self, device: &crate::fleet::EndpointName, csr: &[u8]) -> Result<Certified, String>;

    /// Returns the servers a device is told, as they stand in the answer.
    fn servers(&self, device: &crate::fleet::EndpointName, wanted: Option<&[String]>) -> Value;

    /// Returns the instance of the model that fits a device; a refusal where the device asks for one it cannot have.
    fn model(&self, request: &ModelQuestion<'_>) -> Result<Option<NewInstance>, Pointed>;

    /// Returns the models that devices choose from and reports are judged by, where there are any.
    fn models(&self) -> Option<&Arc<Models>> {
        None
    }
}

/// A certificate just made.
pub struct Certified {
    /// The credential for the registry.
    pub credential: NewCredential,
    /// Its issuers (PEM), the direct one first.
    pub chain: String,
}

/// The desk. One for a server; used from any thread.
pub struct Desk {
    judge: Judge,
    groups: Arc<Groups>,
    registrar: Registrar,
    registry: Registry,
    issuer: Arc<dyn Issuer>,
    bundles: Arc<dyn Bundles>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    alarm: Arc<Alarm>,
    caller: Arc<HookCaller>,
    errands: Errands,
    refusals: Refusals,
    _heralds: Heralds,
}

/// Is told what ails the registry: the device is not.
pub type Alarm = dyn Fn(&RegistryError) + Send + Sync;

/// What a desk works with.
pub struct Equipment {
    /// The registry.
    pub registry: Registry,
    /// Keys of claims.
    pub keys: Arc<dyn ClaimKeys>,
    /// Certificates, servers, models.
    pub issuer: Arc<dyn Issuer>,
    /// Bundles that devices fetch.
    pub bundles: Arc<dyn Bundles>,
    /// The fleet's own root certificate (DER).
    pub root: Vec<u8>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub random: Arc<dyn Random>,
    /// Who is told what ails the registry.
    pub alarm: Arc<Alarm>,
    /// What hooks stand on.
    pub hooks: Arc<dyn HookGround>,
    /// Subscribers of the fleet, by name.
    pub subscriptions: BTreeMap<String, Subscription>,
}

impl Desk {
    /// Opens the desk: reads the policies of all groups, and starts what hooks have to do.
    pub fn open(equipment: Equipment) -> Result<Self, RegistryError> {
        let Equipment { registry, keys, issuer, bundles, root, clock, random, alarm, hooks, subscriptions } = equipment;
        let groups = Arc::new(Groups::new(registry.clone(), &root));
        groups.refresh()?;
        let caller = Arc::new(HookCaller::new(hooks, Arc::clone(&clock)));
        let errands = Errands::start(Bag {
            registry: registry.clone(),
            groups: Arc::clone(&groups),
            caller: Arc::clone(&caller),
            alarm: Arc::clone(&alarm),
        });
        let heralds = Heralds::start(News {
            registry: registry.clone(),
            groups: Arc::clone(&groups),
            caller: Arc::clone(&caller),
            subscriptions,
            alarm: Arc::clone(&alarm),
        });
        Ok(Self {
            judge: Judge {
                fleet: registry.tenant().to_owned(),
                keys,
                challenges: Challenges::new(&registry.challenge_key(&*random)?),
                registry: registry.clone(),
            },
            refusals: Refusals::new(registry.clone(), Arc::clone(&alarm)),
            groups,
            registrar: Registrar::start(registry.clone()),
            registry,
            issuer,
            bundles,
            clock,
            random,
            alarm,
            caller,
            errands,
            _heralds: heralds,
        })
    }

    /// Reads the policies anew, for a fleet file or a registry that changed.
    pub fn refresh(&self) -> Result<(), RegistryError> {
        self.issuer.models().map_or(Ok(()), |models| models.refresh())?;
        self.groups.refresh()
    }

    /// Returns whose the first of these certificates (DER) is; the inner error is in words.
    pub fn certificate_owner(&self, chain: &[Vec<u8>]) -> Result<Result<CertificateOwner, String>, RegistryError> {
        bootstrapping::owner(&self.groups, &self.registry, chain, self.clock.now())
    }

    /// Asks an outside service about a bootstrap; the error is in words.
    pub fn consult(&self, service: &Service, device: &EndpointName, document: Value) -> Result<Value, String> {
        let key = format!("bootstrap/{}", device.folded());
        let ask = Ask { step: "consult", fleet: self.registry.tenant(), group: None, key: &key, more: document };
        self.caller.consult(service, device, &ask).map_err(|uncalled| uncalled.words())
    }

    /// Forgets what outside services said about a device, where an answer is kept for a while.
    pub fn forget_answers(&self, device: &EndpointName) {
        self.caller.forget_answers(device);
    }

    fn registered(&self, incoming: &Incoming) -> Result<Reply, Unproven> {
        // A policy that changed under way is read anew, once.
        for _ in 0..2 {
            let (asked, words) = self.judged(incoming)?;
            match self.registrar.register(asked)? {
                Decision::Stale => self.groups.refresh()?,
                decision => return Ok(worded(decision, &words, &self.errands.ringer())),
            }
        }
        Ok(Reply::refused(Refusal::TryLater, "the group's policy is being changed").after(1))
    }

    /// Judges a request as far as that is possible without the transaction, and returns what to ask of the store and the
    /// words of the group's own check. A refusal is noted.
    fn judged(&self, incoming: &Incoming) -> Result<(Asked, String), Unproven> {
        let request = Request::read(&incoming.fields)?;
        let judged = self.asked(incoming, &request).and_then(|mut asked| {
            let words = self.validate(&mut asked)?;
            Ok((asked, words))
        });
        let refusal = match &judged {
            Err(Unproven::Refused((refusal, _))) => Some(*refusal),
            Err(Unproven::Pointed(pointed)) => Some(pointed.refusal),
            Ok(_) | Err(Unproven::Registry(_)) => None,
        };
        if let Some(refusal) = refusal {
            self.refusals.note(&request, request.group.as_deref(), refusal, incoming.source, self.clock.now());
        }
        judged
    }

    fn asked(&self, incoming: &Incoming, request: &Request) -> Result<Asked, Unproven> {
        let now = self.clock.now();
        let group = self.group(request.group.as_deref())?;
        group.admit(request)?;
        let Proven { proof, nonce } = self.judge.judge(incoming, &request.device, &group, now)?;
        let facts = facts(request, &group);
        check_models(&group, request)?;
        let instance = self.issuer.model(&model_question(request, &facts, &group))?;
        let certified = self.certified(request)?;
        let registration = self.draw(now);
        let resources = resources(request, &group)?;
        let answer =
            self.answer(&registration, request, &group, instance.as_ref(), certified.as_ref(), &resources, now);
        Ok(Asked {
            registration,
            device: request.device.clone(),
            group: group.name.clone(),
            etag: group.etag,
            policy: Arc::clone(&group.policy),
            proof,
            nonce,
            request: idempotency(incoming, request),
            digest: digest(&incoming.fields),
            facts,
            credential: certified.map(|certified| certified.credential),
            instance,
            resources,
            allocates: group.policy.hooks.allocate.is_some(),
            validated: Validated::Agreed,
            asked: incoming.fields.clone(),
            answer: answer.into(),
            source: incoming.source.to_string(),
        })
    }

    fn counter(&self) -> Counter<'_> {
        Counter { judge: &self.judge, groups: &self.groups, registry: &self.registry, bundles: &*self.bundles }
    }

    /// Asks the group's own check, and returns its words. Only a device whose proof holds is asked about, and no repetition.
    fn validate(&self, asked: &mut Asked) -> Result<String, RegistryError> {
        let policy = Arc::clone(&asked.policy);
        let Some(target) = &policy.hooks.validate else { return Ok(String::new()) };
        asked.validated = Validated::NotAsked;
        if !self.registry.needs_check(asked)? {
            return Ok(String::new());
        }
        let (validated, attributes, words) = self.caller.validate(target, self.registry.tenant(), asked);
        asked.validated = validated;
        asked.facts.attributes.extend(attributes);
        Ok(words)
    }

    fn group(&self, name: Option<&str>) -> Result<Arc<Group>, Refused> {
        let words = || match name {
            Some(name) => format!("group {name:?} is not there"),
            None => "the request names no group, and there is not exactly one".to_owned(),
        };
        self.groups.get(name).ok_or_else(|| (Refusal::GroupUnknown, words()))
    }

    fn certified(&self, request: &Request) -> Result<Option<Certified>, Refused> {
        let Some(csr) = &request.csr else { return Ok(None) };
        let certified = self.issuer.certify(&request.device, csr);
        certified.map(Some).map_err(|words| (Refusal::RequestNotAcceptable, words))
    }

    /// An id in the order of time, with 80 random bits: nobody guesses another's.
    fn draw(&self, now: OffsetDateTime) -> String {
        let mut bytes = [0; 10];
        self.random.fill("registration", &mut bytes);
        format!("{:012x}{}", now.unix_timestamp_nanos() / 1_000_000, hex::encode(bytes))
    }

    #[allow(clippy::too_many_arguments)] // the parts of one answer
    fn answer(
        &self,
        registration: &str,
        request: &Request,
        group: &Group,
        instance: Option<&NewInstance>,
        certified: Option<&Certified>,
        resources: &[NewResource],
        now: OffsetDateTime,
    ) -> Value {
        let mut answer = json!({
            "registration": registration,
            "id": request.device,
            "group": group.name,
            "state": "assigned",
            "servers": self.issuer.servers(&request.device, group.policy.servers.as_deref()),
            "credentials": certified.map(credential).into_iter().collect::<Vec<_>>(),
            "resources": resources.iter().map(|resource| {
                json!({ "kind": resource.kind, "name": resource.name, "detail": resource.detail })
            }).collect::<Vec<_>>(),
            "interval": group.policy.interval,
        });
        if let Some(instance) = instance {
            answer["model"] = json!({ "name": instance.model, "version": instance.version });
            answer["instance"] = instance.values.clone();
        }
        let lease = group.policy.lease.and_then(|lease| i64::try_from(lease).ok());
        let until = lease.and_then(|lease| now.checked_add(time::Duration::seconds(lease)));
        if let Some(until) = until.and_then(|until| until.format(&Rfc3339).ok()) {
            answer["lease_until"] = json!(until);
        }
        answer
    }

    fn told(&self, result: Result<Reply, Unproven>) -> Reply {
        match result {
            Ok(reply) => reply,
            Err(Unproven::Refused((refusal, words))) => Reply::refused(refusal, words),
            Err(Unproven::Pointed(pointed)) => pointed.reply(),
            Err(Unproven::Registry(error)) => without_registry(&*self.alarm, &error),
        }
    }

    /// A visit to a registration: its proof is judged by the group it is in.
    fn visit(&self, registration: &str, incoming: &Incoming) -> Result<(Visit, Registered), Unproven> {
        let known = if is_registration(registration) { self.registry.registration(registration)? } else { None };
        let unknown = || (Refusal::NotRegistered, "there is no such registration".to_owned());
        let known = known.ok_or_else(unknown)?;
        let group = self.group(Some(&known.group))?;
        let Proven { proof, nonce } = self.judge.judge(incoming, &known.device, &group, self.clock.now())?;
        Ok((Visit { registration: registration.to_owned(), proof, nonce }, known))
    }

    fn reported(&self, registration: &str, incoming: &Incoming) -> Result<Reply, Unproven> {
        let fields = object(&incoming.fields, "the request")?;
        known(fields, "", &["firmware", "objects", "attributes"])?;
        let report = Report {
            firmware: request::word(fields, "firmware")?,
            attributes: request::attributes(fields)?,
            objects: request::objects(fields)?,
        };
        let (visit, _) = self.visit(registration, incoming)?;
        Ok(match self.registry.report(visit, report, self.issuer.models().map(|models| Arc::clone(models) as _))? {
            Ok(registered) => state_of(&registered),
            Err(refusal) => Reply::refused(refusal, refusal.says()),
        })
    }

    /// The models that a device may choose from; it need not be registered yet.
    fn listed_models(&self, incoming: &Incoming) -> Result<Reply, Unproven> {
        let (device, group) = who_asks(&incoming.target)?;
        let group = self.group(group.as_deref())?;
        let Proven { proof, nonce } = self.judge.judge(incoming, &device, &group, self.clock.now())?;
        if let Err(refusal) = self.registry.look(&device, &group.name, proof, nonce)? {
            return Ok(Reply::refused(refusal, refusal.says()));
        }
        let accepted = &group.policy.models;
        let items = self.issuer.models().map(|models| models.choices(accepted)).unwrap_or_default();
        Ok(Reply::fields(200, json!({ "items": items, "supplied": accepted.supplied })))
    }

    fn renewed(&self, registration: &str, incoming: &Incoming) -> Result<Reply, Unproven> {
        let fields = object(&incoming.fields, "the request")?;
        known(fields, "", &["csr"])?;
        let csr = request::csr(fields)?.ok_or_else(|| malformed("\"csr\" is missing"))?;
        let (visit, known) = self.visit(registration, incoming)?;
        if known.state != "assigned" {
            return Ok(Reply::refused(Refusal::NotRegistered, format!("the registration is {}", known.state)));
        }
        let certified = self.issuer.certify(&known.device, &csr);
        let certified = certified.map_err(|words| (Refusal::RequestNotAcceptable, words))?;
        let mut answer = known.answer;
        answer["credentials"] = json!([credential(&certified)]);
        Ok(match self.registry.renew(visit, certified.credential, answer)? {
            Ok(registered) => Reply::fields(200, registered.answer),
            Err(refusal) => Reply::refused(refusal, refusal.says()),
        })
    }
}

impl Registration for Desk {
    fn register(&self, incoming: Incoming) -> Reply {
        self.told(self.registered(&incoming))
    }

    /// What the registry's thread calls afterwards keeps neither desk nor registry: it must not be the last who does.
    fn register_then(&self, incoming: Incoming, tell: Tell) {
        let (asked, words) = match self.judged(&incoming) {
            Ok(judged) => judged,
            Err(unproven) => return tell(Told::Reply(self.told(Err(unproven)))),
        };
        let (alarm, ringer) = (Arc::clone(&self.alarm), self.errands.ringer());
        self.registrar.submit(asked, move |decision| {
            tell(match decision {
                Ok(Decision::Stale) => Told::Again(incoming),
                Ok(decision) => Told::Reply(worded(decision, &words, &ringer)),
                Err(error) => Told::Reply(without_registry(&*alarm, &error)),
            });
        });
    }

    /// A claim by the group's key is judged by arithmetic alone; other proofs are looked up, and hooks are waited for.
    fn is_quick(&self, incoming: &Incoming) -> bool {
        let claim = incoming.authorization.as_ref().and_then(|header| Claim::from_header(header));
        let Some((claim, _)) = claim.filter(|(claim, _)| claim.key == GROUP_KEY) else { return false };
        let is_plain = ["csr", "model", "values"].iter().all(|field| incoming.fields.get(field).is_none());
        is_plain && self.groups.get(Some(&claim.group)).is_some_and(|group| group.policy.hooks.validate.is_none())
    }

    fn models(&self, incoming: Incoming) -> Reply {
        self.told(self.listed_models(&incoming))
    }

    fn challenge(&self, _: Incoming) -> Reply {
        let (nonce, expires) = self.judge.challenges.make(self.clock.now().unix_timestamp(), &*self.random);
        let expires = OffsetDateTime::from_unix_timestamp(expires).ok().and_then(|at| at.format(&Rfc3339).ok());
        Reply::fields(200, json!({ "nonce": nonce, "expires": expires }))
    }

    fn status(&self, registration: &str, incoming: Incoming) -> Reply {
        self.told(self.visit(registration, &incoming).and_then(|(visit, _)| {
            Ok(match self.registry.visit(visit)? {
                Ok(registered) => state_of(&registered),
                Err(refusal) => Reply::refused(refusal, refusal.says()),
            })
        }))
    }

    fn renew(&self, registration: &str, incoming: Incoming) -> Reply {
        self.told(self.renewed(registration, &incoming))
    }

    fn report(&self, registration: &str, incoming: Incoming) -> Reply {
        self.told(self.reported(registration, &incoming))
    }

    fn end(&self, registration: &str, incoming: Incoming) -> Reply {
        self.told(self.visit(registration, &incoming).and_then(|(visit, _)| {
            Ok(match self.registry.end(visit)? {
                Ok(_) => Reply::empty(204),
                Err(refusal) => Reply::refused(refusal, refusal.says()),
            })
        }))
    }

    fn bootstrap(&self, incoming: Incoming) -> Reply {
        self.told(self.counter().fetched(&incoming, self.clock.now()))
    }

    fn bootstrap_result(&self, incoming: Incoming) -> Reply {
        self.told(self.counter().heard(&incoming, self.clock.now()))
    }

    fn rates(&self, group: Option<&str>) -> Option<Rates> {
        self.groups.get(group)?.policy.rates
    }

    fn is_ready(&self) -> bool {
        self.registry.ping().is_ok()
    }
}

/// Words a decision; whoever runs errands is told that there is one.
fn worded(decision: Decision, words: &str, ringer: &Ringer) -> Reply {
    match decision {
        Decision::Refused(refusal @ (Refusal::DeniedByHook | Refusal::HookFailed)) => refused_by_hook(refusal, words),
        decision => {
            if matches!(decision, Decision::Assigning { .. }) {
                ringer.ring();
            }
            reply(decision)
        }
    }
}

/// The device is not told what ails the registry.
fn without_registry(alarm: &Alarm, error: &RegistryError) -> Reply {
    alarm(error);
    Reply::refused(Refusal::TryLater, "the registry cannot answer now").after(AWAY)
}

fn is_registration(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

pub(super) fn facts(request: &Request, group: &Group) -> Facts {
    let mut attributes = group.policy.attributes.clone();
    attributes.extend(request.attributes.clone());
    if let (Some(AskedModel::Reference(reference)), true) = (&request.model, group.policy.models.chosen.is_empty()) {
        // Where a device may not choose, what it says it is decides by the rules.
        let designation = reference.split('@').next().unwrap_or(reference).to_owned();
        attributes.entry(DESIGNATION.to_owned()).or_insert(designation);
    }
    Facts {
        serial: request.serial.clone(),
        vendor: request.vendor.clone(),
        hardware: request.hardware.clone(),
        firmware: request.firmware.clone(),
        protocol: request.protocol.clone(),
        address: request.address.clone(),
        objects: request.objects.clone(),
        attributes,
    }
}

pub(super) fn check_models(group: &Group, request: &Request) -> Result<(), Refused> {
    let reference = match &request.model {
        Some(AskedModel::Reference(reference)) => Some(reference.split('@').next().unwrap_or(reference)),
        _ => None,
    };
    let wanted = &group.policy.admit.models;
    if !wanted.is_empty() && !reference.is_some_and(|name| wanted.iter().any(|known| known == name)) {
        return Err((Refusal::ModelNotAllowed, format!("group {:?} takes other models only", group.name)));
    }
    Ok(())
}

pub(super) fn model_question<'a>(request: &'a Request, facts: &'a Facts, group: &'a Group) -> ModelQuestion<'a> {
    let (reference, inline) = match &request.model {
        Some(AskedModel::Reference(reference)) => (Some(reference.as_str()), None),
        Some(AskedModel::Inline(model)) => (None, Some(model)),
        None => (None, None),
    };
    ModelQuestion {
        device: &request.device,
        facts,
        reference,
        inline,
        values: request.values.as_ref(),
        accepted: &group.policy.models,
    }
}

fn credential(certified: &Certified) -> Value {
    let Certified { credential, chain } = certified;
    json!({ "name": credential.name, "kind": credential.kind, "certificate": credential.public, "chain": chain })
}
