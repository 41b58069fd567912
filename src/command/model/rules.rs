//! `firstlight model rules`: which device gets which model, and why.

use serde_json::{Value, json};

use crate::command::place::operator;
use crate::command::{Context, Status, registry};
use crate::fleet::model::{ModelRef, ModelRule, explain};
use crate::fleet::{Class, EndpointName};
use crate::ui::Complaint;

use super::at_hand;

const EXAMPLES: &str = "\
Examples:
  $ firstlight model rules list
  $ firstlight model rules explain gw-0007
  $ firstlight model rules apply";

const LIST: &str = "\
Examples:
  $ firstlight model rules list
  $ firstlight model rules list --json";

const SET: &str = "\
Examples:
  $ firstlight model rules set old --assign sensor@1 --firmware '<2'
  $ firstlight model rules set acme --assign sensor --vendor 'ACME*' --priority 5";

const REMOVE: &str = "\
Examples:
  $ firstlight model rules remove old
  $ firstlight model rules remove old --plan";

const EXPLAIN: &str = "\
Examples:
  $ firstlight model rules explain gw-0007
  $ firstlight model rules explain gw-0007 --json";

const APPLY: &str = "\
Examples:
  $ firstlight model rules apply
  $ firstlight model rules apply --plan";

/// Arguments of `firstlight model rules`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, arg_required_else_help = true, subcommand_required = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// The subcommands of `firstlight model rules`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// List the rules, those of the fleet file and those set by hand
    #[command(after_help = LIST)]
    List,
    /// Set a rule beside those of the fleet file
    #[command(after_help = SET)]
    Set(Set),
    /// Take a rule away that was set by hand
    #[command(after_help = REMOVE)]
    Remove {
        /// Its name
        name: String,
    },
    /// Say how each rule fares with a device
    #[command(after_help = EXPLAIN)]
    Explain {
        /// The device
        #[arg(value_name = "ID", value_parser = EndpointName::new)]
        device: EndpointName,
    },
    /// Look at all devices anew
    #[command(after_help = APPLY)]
    Apply,
}

/// Arguments of `firstlight model rules set`.
#[derive(clap::Args, Debug)]
pub struct Set {
    /// Its name
    pub name: String,
    /// The model it assigns
    #[arg(long, value_name = "MODEL")]
    pub assign: ModelRef,
    /// Of the rules that fit the greatest decides
    #[arg(long, value_name = "NUMBER", default_value_t = 0, allow_negative_numbers = true)]
    pub priority: i64,
    /// Vendors, * at the end for any rest
    #[arg(long, value_name = "WORD")]
    pub vendor: Vec<String>,
    /// The vendor's model designations
    #[arg(long, value_name = "WORD")]
    pub model: Vec<String>,
    /// Hardware revisions
    #[arg(long, value_name = "WORD")]
    pub hardware: Vec<String>,
    /// Range of the firmware
    #[arg(long, value_name = "RANGE")]
    pub firmware: Option<String>,
    /// What serial numbers begin with
    #[arg(long, value_name = "PREFIX")]
    pub serial_prefix: Option<String>,
    /// Least number after the prefix
    #[arg(long, value_name = "NUMBER")]
    pub serial_from: Option<u64>,
    /// Greatest number after the prefix
    #[arg(long, value_name = "NUMBER")]
    pub serial_to: Option<u64>,
    /// LwM2M objects such as 3303/1.1, all of them
    #[arg(long, value_name = "OBJECT")]
    pub object: Vec<String>,
}

/// Runs `firstlight model rules`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let actor = format!("operator {}", operator(&context.globals));
    match args.action {
        Action::List => list(context),
        Action::Set(set) => put(&set, &actor, context),
        Action::Remove { name } => {
            if context.globals.plan {
                return Ok(context.would(&format!("remove rule {name:?}")));
            }
            let (_, registry) = registry::open(context)?;
            registry.remove_rule(&actor, &name)?;
            context.printer.report(&json!({ "removed": name }), || format!("removed rule {name}\n"));
            Ok(Status::Done)
        }
        Action::Explain { device } => tell(&device, context),
        Action::Apply => apply(&actor, context),
    }
}

fn list(context: &Context) -> anyhow::Result<Status> {
    let (_, registry) = registry::open(context)?;
    for stored in registry.model_rules()? {
        let mut said = stored.rule.to_json();
        said["declared"] = stored.declared.into();
        context.printer.report(&said, || {
            let from = if stored.declared { "fleet file" } else { "by hand" };
            let when = said["when"].to_string();
            format!("{}  {}  {}  {from}  {when}\n", stored.rule.priority, stored.rule.name, stored.rule.assign)
        });
    }
    Ok(Status::Done)
}

fn put(set: &Set, actor: &str, context: &Context) -> anyhow::Result<Status> {
    let rule = ModelRule::from_json(&written(set)).map_err(|words| Complaint::new(Class::Usage, words))?;
    if context.globals.plan {
        return Ok(context.would(&format!("set rule {:?}", rule.name)));
    }
    let (_, registry) = registry::open(context)?;
    registry.put_rule(actor, &rule)?;
    context.printer.report(&rule.to_json(), || format!("set rule {}\n", rule.name));
    context.printer.talk(format_args!("devices that are there: firstlight model rules apply"));
    Ok(Status::Done)
}

fn written(set: &Set) -> Value {
    let mut when = json!({ "vendor": set.vendor, "model": set.model, "hardware": set.hardware, "objects": set.object });
    if let Some(firmware) = &set.firmware {
        when["firmware"] = json!(firmware);
    }
    if set.serial_prefix.is_some() || set.serial_from.is_some() || set.serial_to.is_some() {
        let prefix = set.serial_prefix.as_deref().unwrap_or_default();
        when["serial"] = json!({ "prefix": prefix, "from": set.serial_from, "to": set.serial_to });
    }
    json!({ "name": set.name, "priority": set.priority, "when": when, "assign": set.assign })
}

fn tell(device: &EndpointName, context: &Context) -> anyhow::Result<Status> {
    let (_, registry) = registry::open(context)?;
    let known = registry.model_of(device)?;
    let rules: Vec<ModelRule> = registry.model_rules()?.into_iter().map(|stored| stored.rule).collect();
    for outcome in explain(&rules, &known.facts) {
        context.printer.report(&outcome, || {
            let misses = outcome.misses.iter().map(|miss| {
                let found = miss.found.as_deref().unwrap_or("nothing");
                format!("{} is {found}, wanted {}", miss.condition, miss.wanted)
            });
            let misses = misses.collect::<Vec<_>>().join("; ");
            let word = if outcome.decided {
                "decides"
            } else if misses.is_empty() {
                "fits"
            } else {
                "misses"
            };
            format!("{word}  {}  {}  {misses}\n", outcome.rule, outcome.assign).replace("  \n", "\n")
        });
    }
    let now =
        known.current.map(|row| format!("{}@{} by {}", row.instance.model, row.instance.version, row.chosen.as_str()));
    context.printer.talk(format_args!("{device} has {}", now.as_deref().unwrap_or("no model")));
    Ok(Status::Done)
}

fn apply(actor: &str, context: &Context) -> anyhow::Result<Status> {
    if context.globals.plan {
        return Ok(context.would("look at all devices anew"));
    }
    let (_, models) = at_hand::models(context)?;
    let done = models.reassign(actor)?;
    context.printer.report(&done, || {
        format!("{} devices looked at, {} changed, {} wait for approval\n", done.looked, done.changed, done.proposed)
    });
    Ok(Status::Done)
}
