//! `firstlight model publish` and `deprecate`: which versions devices get.

use serde_json::json;

use crate::command::place::operator;
use crate::command::{Context, Status, opened, registry};
use crate::fleet::Class;
use crate::fleet::model::{ModelName, ModelRef, ModelVersion, Wanted};
use crate::registration::Models;
use crate::registry::RegistryError;
use crate::registry::models::ModelState;
use crate::ui::Complaint;

use super::{at_hand, import};

const EXAMPLES: &str = "\
Examples:
  $ firstlight model publish
  $ firstlight model publish --plan
  $ firstlight model publish sensor@1.2.0";

const DEPRECATE: &str = "\
Examples:
  $ firstlight model deprecate sensor@1.1.0
  $ firstlight model deprecate sensor@1.1.0 --plan";

/// Arguments of `firstlight model publish`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A version in quarantine or deprecated; without, all of the fleet's folder
    #[arg(value_name = "MODEL@VERSION")]
    pub model: Option<ModelRef>,
    /// Leave devices as they are; without, all are looked at anew
    #[arg(long)]
    pub no_reassign: bool,
}

/// Arguments of `firstlight model deprecate`.
#[derive(clap::Args, Debug)]
#[command(after_help = DEPRECATE)]
pub struct DeprecateArgs {
    /// The version
    #[arg(value_name = "MODEL@VERSION")]
    pub model: ModelRef,
}

/// Runs `firstlight model publish`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    match &args.model {
        Some(model) => one(model, context),
        None => folder(&args, context),
    }
}

fn folder(args: &Args, context: &Context) -> anyhow::Result<Status> {
    let (folder, _) = opened::folder(context, None)?;
    let own = at_hand::own(&folder.root, folder.fleet.models())?;
    for note in &own.notes {
        context.printer.warn(note);
    }
    let registry = registry::of_folder(context, &folder)?;
    let models = std::sync::Arc::new(Models::open(registry, own.migrations)?);
    if context.globals.plan {
        models.judge_models(&own.models)?;
        return Ok(context.would(&format!("publish {} models of the fleet's folder", own.models.len())));
    }
    let actor = format!("operator {}", operator(&context.globals));
    let published = models.publish(&actor, &own.models)?;
    import::tell(&own.models, &published, context);
    if !args.no_reassign {
        let done = models.reassign(&actor)?;
        context.printer.talk(format_args!(
            "{} devices looked at, {} changed, {} wait for approval",
            done.looked, done.changed, done.proposed
        ));
    }
    Ok(Status::Done)
}

fn one(reference: &ModelRef, context: &Context) -> anyhow::Result<Status> {
    let (name, version) = exact(reference)?;
    if context.globals.plan {
        return Ok(context.would(&format!("publish model {reference}")));
    }
    let (registry, models) = at_hand::models(context)?;
    let actor = format!("operator {}", operator(&context.globals));
    let stored = registry.model(&name, version)?;
    let stored = stored.ok_or(RegistryError::NotFound { what: "model", name: reference.to_string() })?;
    if stored.row.state == ModelState::Quarantined {
        models.publish(&actor, &[(stored.model, stored.source)])?;
    } else {
        registry.set_model_state(&actor, &name, version, ModelState::Published)?;
    }
    Ok(said(context, "published", reference))
}

/// Runs `firstlight model deprecate`.
pub fn deprecate(args: &DeprecateArgs, context: &Context) -> anyhow::Result<Status> {
    let (name, version) = exact(&args.model)?;
    if context.globals.plan {
        return Ok(context.would(&format!("deprecate model {}", args.model)));
    }
    let (_, registry) = registry::open(context)?;
    let actor = format!("operator {}", operator(&context.globals));
    registry.set_model_state(&actor, &name, version, ModelState::Deprecated)?;
    Ok(said(context, "deprecated", &args.model))
}

fn exact(reference: &ModelRef) -> Result<(ModelName, ModelVersion), Complaint> {
    match reference.wanted {
        Wanted::Exact(version) => Ok((reference.name.clone(), version)),
        _ => Err(Complaint::new(Class::Usage, format!("{:?} is no exact version", reference.to_string()))
            .with_hint("name it whole, such as sensor@1.2.0")),
    }
}

fn said(context: &Context, word: &str, reference: &ModelRef) -> Status {
    context.printer.report(&json!({ "model": reference, "state": word }), || format!("{word}  {reference}\n"));
    Status::Done
}
