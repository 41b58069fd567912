//! `bootstrap:` of the fleet file: how devices are bootstrapped over LwM2M.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::super::bootstrap::{
    Act, BootstrapPlan, ClientLimits, ClientProfile, Condition, ErrorPolicy, GivenContent, GivenResource, GivenValue,
    Procedure, RawMethod, RawOperation, ReadBack, Step, TimingProfile,
};
use super::super::lwm2m::{Path, data_type};
use super::super::model::VersionRange;
use super::super::shape::NAME;
use super::super::yaml::{Entry, Node};
use super::super::{Faults, quantity};
use super::enrolment::{check_hook, service};
use super::located::{Located, entries, located, name, typed, word};

/// The longest time for which the answer of a service is kept, in seconds.
const LONGEST_CACHE: u64 = 86_400;
/// A link is slow where a message is repeated no sooner.
const SLOW: Duration = Duration::from_secs(10);

/// How devices are bootstrapped: what holds for all, and what is different for some.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct BootstrapSpec {
    /// What holds for all.
    pub default: BootstrapChoice,
    /// By profile.
    pub profiles: BTreeMap<Arc<str>, Located<BootstrapChoice>>,
    /// By enrolment group.
    pub groups: BTreeMap<Arc<str>, Located<BootstrapChoice>>,
    /// By model.
    pub models: BTreeMap<Arc<str>, Located<BootstrapChoice>>,
    /// By device.
    pub devices: BTreeMap<Arc<str>, Located<BootstrapChoice>>,
    /// Kinds of clients.
    pub clients: BTreeMap<Arc<str>, ClientProfile>,
    /// Procedures.
    pub procedures: BTreeMap<Arc<str>, Arc<Procedure>>,
    /// Names of the secrets that webhooks sign with.
    pub secrets: Vec<Located<Arc<str>>>,
}

/// What is chosen for some devices.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct BootstrapChoice {
    /// Kind of client.
    pub client: Option<Located<Arc<str>>>,
    /// Procedure.
    pub procedure: Option<Located<Arc<str>>>,
    /// True for new credentials at each bootstrap.
    pub rotate: Option<bool>,
    /// True if all may be given in one answer.
    pub pack: Option<bool>,
    /// Name of the new bootstrap server.
    pub account: Option<Located<Arc<str>>>,
    /// Further resources.
    pub objects: Vec<GivenResource>,
}

impl BootstrapSpec {
    /// Returns what holds for a device. The narrower goes before: fleet, profile, group, model, device. Resources of all of
    /// them are written; of two for one path the narrower's.
    pub fn of(&self, profile: &str, group: Option<&str>, model: Option<&str>, device: &str) -> BootstrapPlan {
        let narrower = [
            self.profiles.get(profile),
            group.and_then(|group| self.groups.get(group)),
            model.and_then(|model| self.models.get(model)),
            self.devices.get(device),
        ];
        let mut plan = BootstrapPlan::default();
        for choice in std::iter::once(&self.default).chain(narrower.into_iter().flatten().map(|found| &found.value)) {
            self.apply(choice, &mut plan);
        }
        plan
    }

    fn apply(&self, choice: &BootstrapChoice, plan: &mut BootstrapPlan) {
        if let Some(client) = choice.client.as_ref().and_then(|named| self.client(&named.value)) {
            plan.client = client;
        }
        if let Some(procedure) = choice.procedure.as_ref().and_then(|named| self.procedure(&named.value)) {
            plan.procedure = procedure;
        }
        plan.rotate = choice.rotate.unwrap_or(plan.rotate);
        plan.pack = choice.pack.unwrap_or(plan.pack);
        plan.account = choice.account.as_ref().map(|named| Arc::clone(&named.value)).or(plan.account.take());
        for given in &choice.objects {
            plan.objects.retain(|known| known.path != given.path);
            plan.objects.push(given.clone());
        }
    }

    /// Returns a kind of client of the file's own, else one that is built in.
    pub fn client(&self, name: &str) -> Option<ClientProfile> {
        self.clients.get(name).cloned().or_else(|| ClientProfile::built_in(name))
    }

    /// Returns a procedure of the file's own, else the one that is built in.
    pub fn procedure(&self, name: &str) -> Option<Arc<Procedure>> {
        let own = self.procedures.get(name).cloned();
        own.or_else(|| (name == "standard").then(|| Arc::new(Procedure::standard())))
    }

    /// Returns true if some devices are behind links where an answer takes many seconds: their kind of client says so.
    pub fn has_slow_links(&self) -> bool {
        let mut clients = self.choices().filter_map(|choice| self.client(&choice.client.as_ref()?.value));
        clients.any(|client| client.timing.ack_timeout >= SLOW)
    }

    /// Returns every choice.
    pub fn choices(&self) -> impl Iterator<Item = &BootstrapChoice> {
        let named = [&self.profiles, &self.groups, &self.models, &self.devices];
        std::iter::once(&self.default).chain(named.into_iter().flat_map(BTreeMap::values).map(|found| &found.value))
    }
}

/// Reads `bootstrap:`.
pub(super) fn read(root: &Node, faults: &mut Faults) -> BootstrapSpec {
    let Some(node) = root.get("bootstrap") else { return BootstrapSpec::default() };
    let mut secrets = Vec::new();
    let procedures = entries(node, "procedures").filter_map(|entry| {
        let procedure = procedure(entry, &mut secrets, faults)?;
        Some((name(entry), Arc::new(procedure)))
    });
    let procedures = procedures.collect();
    let mut choices = |key: &str| {
        let choices = entries(node, key);
        choices.map(|entry| (name(entry), at(entry, choice(&entry.value, faults)))).collect::<BTreeMap<_, _>>()
    };
    let (profiles, groups) = (choices("profiles"), choices("groups"));
    let (models, devices) = (choices("models"), choices("devices"));
    BootstrapSpec {
        default: node.get("default").map(|node| choice(node, faults)).unwrap_or_default(),
        profiles,
        groups,
        models,
        devices,
        clients: entries(node, "clients").map(|entry| (name(entry), client(&entry.value, faults))).collect(),
        procedures,
        secrets,
    }
}

fn at<T>(entry: &Entry, value: T) -> Located<T> {
    Located { value, place: entry.place.clone() }
}

fn choice(node: &Node, faults: &mut Faults) -> BootstrapChoice {
    BootstrapChoice {
        client: located(node, "client"),
        procedure: located(node, "procedure"),
        rotate: word(node, "rotate").map(|word| *word == *"each-bootstrap"),
        pack: typed(node, "pack"),
        account: located(node, "account"),
        objects: items(node, "objects").filter_map(|item| resource(item, faults)).collect(),
    }
}

fn items<'a>(node: &'a Node, key: &str) -> impl Iterator<Item = &'a Node> {
    node.get(key).map(Node::items).unwrap_or_default().iter()
}

/// Accounts are the fleet's servers; what is given here is everything else of them, and any other object.
fn resource(node: &Node, faults: &mut Faults) -> Option<GivenResource> {
    let path = path(node, "path")?;
    let Some(given) = GivenResource::of_json(&node.value()) else {
        // What the table finds is said already.
        if node.get("value").is_some() != node.get("values").is_some() {
            let message = format!("the value for {path} is none of LwM2M");
            let hint = "a text, a number, true, false, {hex: 00ff}, {base64: AP8=} or {link: \"3:0\"}";
            faults.add_with_hint(node.place.clone(), message, hint);
        }
        return None;
    };
    let Path::Resource(object, _, id) = path else { return None };
    if object == 0 || object == 21 {
        let message = format!("{path} is part of an account, which is written whole");
        faults.add_with_hint(node.place.clone(), message, "accounts come from `servers:`");
        return None;
    }
    let values: Vec<&GivenValue> = match &given.content {
        GivenContent::Single(value) => vec![value],
        GivenContent::Multiple(values) => values.iter().map(|(_, value)| value).collect(),
    };
    if let Some(wanted) = data_type(object, id)
        && values.iter().any(|value| !value.fits(wanted))
    {
        faults.add(node.place.clone(), format!("the value for {path} has another data type than the object says"));
        return None;
    }
    Some(given)
}

fn path(node: &Node, key: &str) -> Option<Path> {
    node.get(key)?.text()?.parse().ok()
}

fn client(node: &Node, faults: &mut Faults) -> ClientProfile {
    let usual = TimingProfile::default();
    let seconds = |key: &str| word(node, key).and_then(|text| quantity::duration(&text)).map(Duration::from_secs);
    let block: Option<u16> = typed(node, "block");
    if let Some(block) = block.filter(|block| !block.is_power_of_two())
        && let Some(at) = node.get("block")
    {
        faults.add(at.place.clone(), format!("a block of {block} bytes; possible are 16, 32, 64, 128, 256, 512, 1024"));
    }
    let format = word(node, "format").map(|word| match word.as_ref() {
        "tlv" => 11_542,
        "senml-json" => 110,
        "lwm2m-cbor" => 11_544,
        _ => 112,
    });
    ClientProfile {
        limits: ClientLimits {
            key_bytes: typed(node, "key_bytes"),
            payload_bytes: typed(node, "payload_bytes"),
            instances: by_number(node, "instances"),
            resources: by_number(node, "resources"),
            account: typed(node, "account"),
            format,
        },
        timing: TimingProfile {
            ack_timeout: seconds("ack_timeout").unwrap_or(usual.ack_timeout),
            most_repetitions: typed(node, "repetitions").unwrap_or(usual.most_repetitions),
            answer_timeout: seconds("answer_timeout").unwrap_or(usual.answer_timeout),
            block: block.filter(|block| block.is_power_of_two()).unwrap_or(usual.block),
            same_token: typed(node, "same_token").unwrap_or_default(),
        },
    }
}

fn by_number<T: serde::de::DeserializeOwned>(node: &Node, key: &str) -> BTreeMap<u16, T> {
    let read = |entry: &Entry| Some((entry.key.parse().ok()?, serde_json::from_value(entry.value.value()).ok()?));
    entries(node, key).filter_map(read).collect()
}

fn procedure(entry: &Entry, secrets: &mut Vec<Located<Arc<str>>>, faults: &mut Faults) -> Option<Procedure> {
    let node = &entry.value;
    let own = steps(node.get("steps")?, secrets, faults);
    let fallbacks = entries(node, "fallbacks").map(|entry| (entry.key.clone(), steps(&entry.value, secrets, faults)));
    let fallbacks: BTreeMap<String, Vec<Step>> = fallbacks.collect();
    let read = Procedure {
        name: entry.key.clone(),
        steps: own,
        fallbacks,
        read_back: match word(node, "read_back").as_deref() {
            Some("after") => ReadBack::After,
            Some("both") => ReadBack::Both,
            Some("never") => ReadBack::Never,
            _ => ReadBack::Before,
        },
        corrections: typed(node, "corrections").unwrap_or(1),
    };
    check_procedure(entry, &read, faults);
    Some(read)
}

fn check_procedure(entry: &Entry, read: &Procedure, faults: &mut Faults) {
    for step in read.steps.iter().chain(read.fallbacks.values().flatten()) {
        if let ErrorPolicy::Fallback(name) = &step.on_error
            && !read.fallbacks.contains_key(name)
        {
            let message =
                format!("step {:?} of procedure {:?} falls back to {name:?}, which is not there", step.name, entry.key);
            faults.add(entry.place.clone(), message);
        }
    }
    if !read.steps.iter().any(|step| step.act == Act::Finish) && read.fallbacks.is_empty() {
        let message = format!("procedure {:?} never comes to finish", entry.key);
        faults.add_with_hint(entry.place.clone(), message, "- finish: true");
    }
}

fn steps(node: &Node, secrets: &mut Vec<Located<Arc<str>>>, faults: &mut Faults) -> Vec<Step> {
    let numbered = (1..).zip(node.items());
    numbered.filter_map(|(number, item)| step(number, item, secrets, faults)).collect()
}

fn step(number: usize, node: &Node, secrets: &mut Vec<Located<Arc<str>>>, faults: &mut Faults) -> Option<Step> {
    let acts = ["discover", "read", "delete", "clear", "write", "set", "raw", "consult", "finish"];
    let entry = node.entries().iter().find(|entry| acts.contains(&entry.key.as_str()))?;
    if let Some(webhook) = entry.value.get("webhook").filter(|_| entry.key == "consult") {
        secrets.extend(located(webhook, "secret"));
    }
    Some(Step {
        name: word(node, "name").map_or_else(|| format!("{number} {}", entry.key), |name| name.to_string()),
        act: act(entry, faults)?,
        when: items(node, "when").filter_map(|item| condition(item, faults)).collect(),
        on_error: word(node, "on_error").and_then(|text| policy(&text)).unwrap_or_default(),
    })
}

fn act(entry: &Entry, faults: &mut Faults) -> Option<Act> {
    let path = || entry.value.text()?.parse::<Path>().ok();
    Some(match entry.key.as_str() {
        "discover" => Act::Discover(path()?),
        "read" => Act::Read(path()?),
        "delete" => Act::Delete(deletable(entry, path()?, faults)?),
        "clear" => Act::Clear,
        "write" => Act::Write(path()?),
        "set" => Act::WriteValue(resource(&entry.value, faults)?),
        "raw" => Act::Raw(raw(&entry.value, faults)?),
        "consult" => {
            check_hook(entry, faults);
            check_cache(&entry.value, faults);
            Act::Consult(service(&entry.value)?)
        }
        _ => Act::Finish,
    })
}

fn check_cache(consult: &Node, faults: &mut Faults) {
    let Some(cache) = consult.get("cache") else { return };
    if cache.text().and_then(quantity::duration).is_some_and(|seconds| seconds > LONGEST_CACHE) {
        faults.add(cache.place.clone(), format!("an answer is kept for {LONGEST_CACHE} s at most"));
    }
}

fn deletable(entry: &Entry, path: Path, faults: &mut Faults) -> Option<Path> {
    let reason = match path {
        Path::Resource(..) | Path::ResourceInstance(..) => "only objects and instances can be deleted",
        Path::Object(21) | Path::Instance(21, _) => "the bootstrap account may link to it",
        _ => return Some(path),
    };
    faults.add(entry.place.clone(), format!("{path} cannot be deleted: {reason}"));
    None
}

fn raw(node: &Node, faults: &mut Faults) -> Option<RawOperation> {
    let method = match node.get("method")?.text()? {
        "get" => RawMethod::Get,
        "put" => RawMethod::Put,
        "post" => RawMethod::Post,
        "delete" => RawMethod::Delete,
        _ => return None,
    };
    if node.get("text").is_some() && node.get("hex").is_some() {
        faults.add(node.place.clone(), "a payload as text and in hexadecimal digits: one of them is meant".to_owned());
    }
    let text = word(node, "text").map(|text| text.as_bytes().to_vec());
    let payload = text.or_else(|| hex::decode(word(node, "hex")?.as_bytes()).ok()).unwrap_or_default();
    let (format, accept) = (typed(node, "format"), typed(node, "accept"));
    Some(RawOperation { method, path: path(node, "path")?, format, accept, payload })
}

fn condition(node: &Node, faults: &mut Faults) -> Option<Condition> {
    let [entry] = node.entries() else { return None };
    let value = &entry.value;
    let version = || value.text()?.parse().ok();
    Some(match entry.key.as_str() {
        "has" => Condition::Has(value.text()?.parse().ok()?),
        "lacks" => Condition::Lacks(value.text()?.parse().ok()?),
        "reads" => Condition::Reads(path(value, "path")?, GivenValue::of_json(&value.get("value")?.value())?),
        "since" => Condition::Since(version()?),
        "before" => Condition::Before(version()?),
        "models" => Condition::Model(value.items().iter().filter_map(|item| Some(item.text()?.to_owned())).collect()),
        "firmware" => {
            let range = value.text()?;
            if range.parse::<VersionRange>().is_err() {
                faults.add(value.place.clone(), format!("{range:?} is no range of versions"));
            }
            Condition::Firmware(range.to_owned())
        }
        "consulted" => Condition::Consulted(word(value, "key")?.to_string(), value.get("value")?.value()),
        _ => return None,
    })
}

/// Reads a policy: `abort`, `skip`, `retry 2`, `fallback NAME`.
pub(super) fn policy(text: &str) -> Option<ErrorPolicy> {
    let mut words = text.split(' ');
    let policy = match (words.next()?, words.next()) {
        ("abort", None) => ErrorPolicy::Abort,
        ("skip", None) => ErrorPolicy::Skip,
        ("retry", Some(times)) => {
            let number = times.parse::<u32>().ok().filter(|number| (1..=10).contains(number))?;
            (number.to_string() == times).then_some(ErrorPolicy::Retry(number))?
        }
        ("fallback", Some(name)) if (NAME.accepts)(name) => ErrorPolicy::Fallback(name.to_owned()),
        _ => return None,
    };
    words.next().is_none().then_some(policy)
}
