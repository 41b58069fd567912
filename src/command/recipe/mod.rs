//! `firstlight recipe`: lock recipes.

use serde_json::json;

use super::{Context, Status};
use crate::station::recipe::SignedRecipe;

pub mod check;
pub mod sign;

const EXAMPLES: &str = "\
Examples:
  $ firstlight recipe sign locks/nrf52.yaml
  $ firstlight recipe check locks/nrf52.yaml";

/// Arguments of `firstlight recipe`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, arg_required_else_help = true, subcommand_required = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// The subcommands of `firstlight recipe`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// Sign a recipe with the fleet's bundle key.
    Sign(sign::Args),
    /// Check a recipe and its signature.
    Check(check::Args),
}

/// Runs `firstlight recipe`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    match args.action {
        Action::Sign(args) => sign::run(args, context),
        Action::Check(args) => check::run(args, context),
    }
}

/// Prints a recipe whose signature is right.
fn tell(context: &Context, signed: &SignedRecipe, how: &str) {
    if context.printer.is_json() {
        let document = json!({ "recipe": signed.recipe, "key": signed.key, "sha256": signed.digest.to_string() });
        context.printer.document(&document);
        return;
    }
    let recipe = &signed.recipe;
    let lasting = if recipe.irreversible { ", which cannot be taken back" } else { "" };
    context.printer.talk(format_args!("recipe {:?} for {}{lasting}: {how} {}", recipe.name, recipe.chip, signed.key));
    for step in &recipe.steps {
        let seen = if step.observe.is_empty() { ", and nothing on the chip shows it" } else { "" };
        let (acts, probes) = (step.apply.len(), step.observe.len());
        context.printer.talk(format_args!("  {}: {acts} acts, {probes} probes{seen}", step.name));
    }
}
