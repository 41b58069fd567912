//! `firstlight devices add`: registers a device by hand, before it comes.

use serde_json::{Map, Value};

use crate::command::selection::endpoint_name;
use crate::command::{Context, Status, registry};
use crate::fleet::model::ModelRef;
use crate::fleet::{Class, EndpointName, SerialNumber};
use crate::registration::{ByHand, Models, WantedValue};
use crate::registry::Registry;
use crate::ui::{Complaint, Prompt};

use super::facts::{Facts, check_group, pair};

const EXAMPLES: &str = "\
Without an id it asks, at a terminal, for everything. The model is one of the
registry; a new one comes first: firstlight model import FILE.

Examples:
  $ firstlight devices add
  $ firstlight devices add gw-0007 --group field --model sensor@1 \\
      --value height=2.5 --serial SN-7 --attribute site=berlin";

/// Most groups that are offered.
const MOST_GROUPS: u32 = 1_000;
/// What stands for no model in the list.
const NO_MODEL: &str = "(none: the one that the rules give it when it comes)";
/// What stands for no group in the list.
const NO_GROUP: &str = "(none: the group that it names when it comes)";

/// Arguments of `firstlight devices add`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The device, by endpoint name
    #[arg(value_name = "ID", value_parser = endpoint_name)]
    pub id: Option<EndpointName>,
    /// Its model: sensor, sensor@1, sensor@1.2.0, or opaque
    #[arg(long, value_name = "MODEL")]
    pub model: Option<ModelRef>,
    /// A value of the model's; once for each
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair, requires = "model")]
    pub value: Vec<(String, String)>,
    /// What is known of it.
    #[command(flatten)]
    pub facts: Facts,
}

/// Runs `firstlight devices add`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let Args { id, model, value, mut facts } = args;
    let (_, registry) = registry::open(context)?;
    let models = Models::open(registry.clone(), Vec::new())?;
    let mut chosen = model.map(|reference| models.by_hand(&reference)).transpose()?;
    let mut values = Map::new();
    for (name, typed) in &value {
        let Some(chosen) = &chosen else { continue };
        let read =
            chosen.read(name, typed).map_err(|words| Complaint::new(Class::Input, format!("{name}: {words}")))?;
        values.insert(name.clone(), read);
    }
    let id = match id {
        Some(id) => id,
        None => asked(&models, &mut chosen, &mut values, &mut facts, context)?,
    };
    if let Some(group) = &facts.group {
        check_group(&registry, group)?;
    }
    if registry.device(id.as_str())?.is_some() {
        let words = format!("device {:?} is in the registry already", id.as_str());
        let hint = format!("change it: firstlight devices edit {id} --help");
        return Err(Complaint::new(Class::Refused, words).with_hint(hint).into());
    }
    let device = facts.device(&id, None)?;
    let instance = chosen.map(|chosen| chosen.instance(values, &facts.attributes())).transpose()?;
    if context.globals.plan {
        return Ok(context.would(&format!("add {id}")));
    }
    registry.add_device_of(device, instance, "by hand", &registry::actor(context))?;
    let row = registry.device(id.as_str())?;
    context.printer.report(&row, || format!("{id} is expected\n"));
    Ok(Status::Done)
}

/// Asks for everything that was not told; returns the id.
fn asked(
    models: &Models,
    chosen: &mut Option<ByHand>,
    values: &mut Map<String, Value>,
    facts: &mut Facts,
    context: &Context,
) -> anyhow::Result<EndpointName> {
    let prompt = Prompt::new(&context.printer);
    let instead = "say it: firstlight devices add ID";
    let is_id = |text: &str| endpoint_name(text).map(|_| ());
    let id = EndpointName::new(&prompt.text("Endpoint name", None, &is_id, instead)?)?;
    if facts.group.is_none() {
        facts.group = group(models.registry(), &prompt)?;
    }
    if chosen.is_none() {
        *chosen = model(models, &prompt, context)?;
    }
    if let Some(chosen) = chosen {
        for wanted in chosen.wanted() {
            if !values.contains_key(&wanted.name)
                && let Some(value) = value(chosen, &wanted, &prompt)?
            {
                values.insert(wanted.name, value);
            }
        }
    }
    if facts.serial.is_none() {
        let is_serial = |text: &str| SerialNumber::new(text).map(|_| ()).map_err(|error| error.to_string());
        facts.serial = maybe(&prompt, "Serial number (none if unknown)", &is_serial)?;
    }
    let is_pair = |text: &str| pair(text).map(|_| ());
    while let Some(text) = maybe(&prompt, "Attribute, as NAME=VALUE (none to end)", &is_pair)? {
        facts.attribute.extend(pair(&text));
    }
    Ok(id)
}

/// Asks for what may be left out; an empty answer stands for nothing.
fn maybe(
    prompt: &Prompt<'_>,
    question: &str,
    check: &dyn Fn(&str) -> Result<(), String>,
) -> Result<Option<String>, Complaint> {
    let check = |text: &str| if text.is_empty() { Ok(()) } else { check(text) };
    let answer = prompt.text(question, Some(""), &check, "say it with an option")?;
    Ok(Some(answer).filter(|answer| !answer.is_empty()))
}

fn group(registry: &Registry, prompt: &Prompt<'_>) -> anyhow::Result<Option<String>> {
    let groups = registry.groups("", MOST_GROUPS)?.into_iter().filter(|group| group.declared);
    let mut names: Vec<String> = groups.map(|group| group.id).collect();
    if names.is_empty() {
        return Ok(None);
    }
    names.insert(0, NO_GROUP.to_owned());
    let chosen = prompt.select("Enrolment group", &names, "say it with --group NAME")?;
    Ok((chosen > 0).then(|| names.swap_remove(chosen)))
}

fn model(models: &Models, prompt: &Prompt<'_>, context: &Context) -> anyhow::Result<Option<ByHand>> {
    let newest = models.newest();
    if newest.is_empty() {
        context.printer.talk("there is no model in the registry yet: firstlight model import FILE");
        return Ok(None);
    }
    let mut names = vec![NO_MODEL.to_owned()];
    names.extend(newest.iter().map(ToString::to_string));
    let at = prompt.select("Model", &names, "say it with --model NAME")?;
    let chosen = at.checked_sub(1).and_then(|at| newest.get(at));
    Ok(chosen.map(|reference| models.by_hand(reference)).transpose()?)
}

/// Asks for a value; what needs none and gets an empty answer is left out.
fn value(chosen: &ByHand, wanted: &WantedValue, prompt: &Prompt<'_>) -> Result<Option<Value>, Complaint> {
    let name = &wanted.name;
    let is_free = !wanted.is_required && wanted.default.is_none();
    let check = |text: &str| match text {
        "" if is_free => Ok(()),
        _ => chosen.read(name, text).and_then(|value| chosen.check(name, value)),
    };
    let default = wanted.default.as_ref().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    let default = default.as_deref().or(is_free.then_some(""));
    let about = if wanted.about.is_empty() { String::new() } else { format!(" ({})", wanted.about) };
    let answer = prompt.text(&format!("Value {name}{about}"), default, &check, "say it with --value NAME=VALUE")?;
    if answer.is_empty() && is_free {
        return Ok(None);
    }
    chosen.read(name, &answer).map(Some).map_err(|words| Complaint::new(Class::Input, format!("{name}: {words}")))
}
