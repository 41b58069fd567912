//! What is judged before the first message: is the set sound, does the client take it, is the procedure one that may be run.

use crate::fleet::bootstrap::{Act, ErrorPolicy, Procedure, RawMethod, RawOperation, Step};
use crate::fleet::lwm2m::{Content, DataType, Object, Path, Resource, SECURITY, Value, data_type};
use crate::format::payload::{PayloadFormat, decode};

use super::configuration::Configuration;
use super::outcome::Failure;
use super::set::{OSCORE, ObjectSet, is_core, mandatory};

/// Resources of the Security object that hold keys, identities and certificates.
const KEYS: [u16; 3] = [3, 4, 5];

/// Judges a configuration by itself.
pub(super) fn check(configuration: &Configuration, set: &ObjectSet) -> Result<(), Failure> {
    procedure(&configuration.procedure)?;
    let mut whole = ObjectSet::of(&configuration.objects);
    for key in set.keys() {
        let added = set.get(key).map(super::set::copy);
        whole.merge(added.map(|instance| Object { id: key.0, instances: vec![instance] }).into_iter().collect());
    }
    let mut touches = false;
    for step in all_steps(&configuration.procedure) {
        touches |= touches_accounts(&step.act);
        match &step.act {
            Act::WriteValue(given) => whole.put(given),
            Act::Raw(raw) => raw_set(raw)?.into_iter().for_each(|objects| whole.merge(objects)),
            _ => {}
        }
    }
    if touches || whole.keys().any(|key| is_core(key.0)) {
        whole.check(configuration.new_account).map_err(Failure::Unsound)?;
    }
    limits(configuration, &whole)
}

fn all_steps(procedure: &Procedure) -> impl Iterator<Item = &Step> {
    procedure.steps.iter().chain(procedure.fallbacks.values().flatten())
}

fn touches_accounts(act: &Act) -> bool {
    match act {
        Act::Clear => true,
        Act::Delete(path) => path.object().is_none_or(is_core),
        Act::Raw(raw) => raw.method == RawMethod::Delete && raw.path.object().is_none_or(is_core),
        _ => false,
    }
}

/// Judges a procedure by itself.
fn procedure(procedure: &Procedure) -> Result<(), Failure> {
    let unsound = |reason: String| Err(Failure::Unsound(format!("procedure {:?}: {reason}", procedure.name)));
    for steps in std::iter::once(&procedure.steps).chain(procedure.fallbacks.values()) {
        let ends = steps.iter().any(|step| step.act == Act::Finish)
            || steps.iter().any(|step| matches!(step.on_error, ErrorPolicy::Fallback(_)));
        if !ends {
            return unsound("it never comes to finish".into());
        }
    }
    for step in all_steps(procedure) {
        if let ErrorPolicy::Fallback(name) = &step.on_error
            && !procedure.fallbacks.contains_key(name)
        {
            return unsound(format!("step {:?} falls back to {name:?}, which is not there", step.name));
        }
        if let Act::Write(Path::Resource(object, ..) | Path::ResourceInstance(object, ..)) = &step.act
            && is_core(*object)
        {
            return unsound(format!("step {:?} writes a part of an account: they are written whole", step.name));
        }
    }
    Ok(())
}

/// What a raw write says of the accounts; none where it says nothing of them.
fn raw_set(raw: &RawOperation) -> Result<Option<Vec<Object>>, Failure> {
    let writes = matches!(raw.method, RawMethod::Put | RawMethod::Post);
    if !writes || !raw.path.object().is_some_and(is_core) {
        return Ok(None);
    }
    let unsound = |reason: String| Failure::Unsound(format!("the raw payload for {}: {reason}", raw.path));
    let format = raw.format.and_then(PayloadFormat::of);
    let format = format.ok_or_else(|| unsound("without a known content format it cannot be judged".into()))?;
    let types = |object: u16, resource: u16| -> Option<DataType> { data_type(object, resource) };
    decode(format, raw.path, &raw.payload, &types).map(Some).map_err(|error| unsound(error.to_string()))
}

/// Judges what the client's profile says it takes.
fn limits(configuration: &Configuration, set: &ObjectSet) -> Result<(), Failure> {
    let limits = &configuration.limits;
    for (object, limit) in &limits.instances {
        let account = usize::from(*object == SECURITY && !configuration.new_account);
        let found = set.keys().filter(|key| key.0 == *object).count() + account;
        if found > *limit {
            return Err(Failure::Beyond(format!("/{object} would have {found} instances, the client takes {limit}")));
        }
    }
    for (object, known) in &limits.resources {
        let lacking = mandatory(*object).iter().find(|resource| !known.contains(resource));
        if let Some(resource) = lacking.filter(|_| set.has(*object)) {
            return Err(Failure::Beyond(format!(
                "the client does not know resource {resource} of /{object}, which must be"
            )));
        }
    }
    let Some(limit) = limits.key_bytes else { return Ok(()) };
    for key in set.keys().filter(|key| matches!(key.0, SECURITY | OSCORE)) {
        for resource in set.get(key).into_iter().flat_map(|instance| &instance.resources) {
            let length = length(resource);
            let is_key = key.0 == OSCORE || KEYS.contains(&resource.id);
            if is_key && length > limit {
                let path = format!("/{}/{}/{}", key.0, key.1, resource.id);
                return Err(Failure::Beyond(format!("{path} has {length} bytes, the client takes keys of {limit}")));
            }
        }
    }
    Ok(())
}

fn length(resource: &Resource) -> usize {
    match &resource.content {
        Content::Single(Value::Opaque(bytes)) => bytes.len(),
        _ => 0,
    }
}
