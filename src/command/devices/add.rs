//! `firstlight devices add`: registers a device by hand, before it comes.

use crate::command::selection::endpoint_name;
use crate::command::{Context, Status, registry};
use crate::fleet::{Class, EndpointName, SerialNumber};
use crate::registry::Registry;
use crate::ui::{Complaint, Prompt};

use super::facts::{Facts, check_group, pair};

const EXAMPLES: &str = "\
Without an id it asks, at a terminal, for everything.

Examples:
  $ firstlight devices add
  $ firstlight devices add gw-0007 --group field --model sensor@1.2.0 \\
      --serial SN-7 --attribute site=berlin";

/// Most groups that are offered.
const MOST_GROUPS: u32 = 1_000;
/// What stands for no group in the list.
const NO_GROUP: &str = "(none: the group that it names when it comes)";

/// Arguments of `firstlight devices add`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The device, by endpoint name
    #[arg(value_name = "ID", value_parser = endpoint_name)]
    pub id: Option<EndpointName>,
    /// Its model, as NAME or NAME@VERSION
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
    /// What is known of it.
    #[command(flatten)]
    pub facts: Facts,
}

/// Runs `firstlight devices add`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let Args { id, mut model, mut facts } = args;
    let (_, registry) = registry::open(context)?;
    let id = match id {
        Some(id) => id,
        None => asked(&registry, &mut model, &mut facts, context)?,
    };
    if let Some(group) = &facts.group {
        check_group(&registry, group)?;
    }
    if registry.device(id.as_str())?.is_some() {
        let words = format!("device {:?} is in the registry already", id.as_str());
        let hint = format!("change it: firstlight devices edit {id} --help");
        return Err(Complaint::new(Class::Refused, words).with_hint(hint).into());
    }
    let device = facts.device(&id, model.as_deref())?;
    if context.globals.plan {
        return Ok(context.would(&format!("add {id}")));
    }
    registry.expect_devices(vec![device], "by hand", &registry::actor(context))?;
    let row = registry.device(id.as_str())?;
    context.printer.report(&row, || format!("{id} is expected\n"));
    Ok(Status::Done)
}

/// Asks for everything that was not told; returns the id.
fn asked(
    registry: &Registry,
    model: &mut Option<String>,
    facts: &mut Facts,
    context: &Context,
) -> anyhow::Result<EndpointName> {
    let prompt = Prompt::new(&context.printer);
    let instead = "say it: firstlight devices add ID";
    let is_id = |text: &str| endpoint_name(text).map(|_| ());
    let id = EndpointName::new(&prompt.text("Endpoint name", None, &is_id, instead)?)?;
    if facts.group.is_none() {
        facts.group = group(registry, &prompt)?;
    }
    if model.is_none() {
        *model = maybe(&prompt, "Model, as NAME or NAME@VERSION (none if unknown)", &|_| Ok(()))?;
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
