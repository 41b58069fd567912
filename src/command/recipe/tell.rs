//! How a recipe whose signature is right is shown.

use serde_json::json;

use crate::command::Context;
use crate::station::recipe::SignedRecipe;

/// Prints a recipe whose signature is right.
pub(super) fn tell(context: &Context, signed: &SignedRecipe) {
    if context.printer.is_json() {
        let document = json!({ "recipe": signed.recipe, "key": signed.key, "sha256": signed.digest.to_string() });
        context.printer.document(&document);
        return;
    }
    let recipe = &signed.recipe;
    let lasting = if recipe.irreversible { ", which cannot be taken back" } else { "" };
    context.printer.talk(format_args!(
        "recipe {:?} for {}{lasting}: signed by bundle key {}",
        recipe.name, recipe.chip, signed.key
    ));
    for step in &recipe.steps {
        let seen = if step.observe.is_empty() { ", and nothing on the chip shows it" } else { "" };
        let (acts, probes) = (step.apply.len(), step.observe.len());
        context.printer.talk(format_args!("  {}: {acts} acts, {probes} probes{seen}", step.name));
    }
}
