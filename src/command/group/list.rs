//! `firstlight group list`: lists enrolment groups.

use crate::command::{Context, Status, registry};
use crate::registry::{Group, Registry};
use crate::ui::Table;
use crate::ui::measure::count;

const EXAMPLES: &str = "\
Examples:
  $ firstlight group list
  $ firstlight group list --json | jq -r .id";

/// Groups of one page.
const PAGE: u32 = 1_000;

/// Arguments of `firstlight group list`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Runs `firstlight group list`.
pub fn run(_: Args, context: &Context) -> anyhow::Result<Status> {
    let (_, registry) = registry::open(context)?;
    let groups = all(&registry)?;
    let mut table = Table::new(["group", "state", "proofs", "devices", "quota", "listed", "approval"]);
    table = table.right("devices").right("quota");
    for group in &groups {
        if context.printer.is_json() {
            context.printer.record(group);
        } else {
            table.row(cells(group));
        }
    }
    if !table.is_empty() {
        table.print(&context.printer);
    }
    context.printer.talk(count(groups.len(), "group"));
    Ok(Status::Done)
}

fn all(registry: &Registry) -> anyhow::Result<Vec<Group>> {
    let (mut groups, mut after): (Vec<Group>, _) = (Vec::new(), String::new());
    loop {
        let page = registry.groups(&after, PAGE)?;
        let Some(last) = page.last() else { return Ok(groups) };
        after.clone_from(&last.id);
        groups.extend(page);
    }
}

fn cells(group: &Group) -> [String; 7] {
    let policy = &group.policy;
    let proofs: Vec<String> = policy.proofs.iter().map(word).collect();
    [
        group.id.clone(),
        state(group).to_owned(),
        proofs.join(" "),
        group.used.to_string(),
        policy.quota.map(|quota| quota.to_string()).unwrap_or_default(),
        if policy.admit.listed { "yes" } else { "no" }.to_owned(),
        word(&policy.approval),
    ]
}

/// Returns whether a group takes registrations, in a word.
pub(super) fn state(group: &Group) -> &'static str {
    match (group.declared, group.in_force().open) {
        (false, _) => "withdrawn",
        (true, true) => "open",
        (true, false) => "closed",
    }
}

/// Returns the word that the fleet file has for a value.
pub(super) fn word(value: &impl serde::Serialize) -> String {
    let value = serde_json::json!(value);
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
