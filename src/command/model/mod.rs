//! `firstlight model`: what kinds of devices there are, and which device is of which kind.

use super::{Context, Status};

pub mod assign;
pub mod at_hand;
pub mod check;
pub mod decide;
pub mod diff;
pub mod export;
pub mod import;
pub mod instances;
pub mod list;
pub mod publish;
pub mod rules;
pub mod show;

const EXAMPLES: &str = "\
Examples:
  $ firstlight model publish
  $ firstlight model list
  $ firstlight model assign gw-0007 sensor@1";

/// Arguments of `firstlight model`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, arg_required_else_help = true, subcommand_required = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// The subcommands of `firstlight model`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// List models and their versions
    List(list::Args),
    /// Show a model
    Show(show::Args),
    /// Check model files: nothing is stored
    Check(check::Args),
    /// Publish models of files: short YAML, Thing Models, LwM2M objects
    Import(import::Args),
    /// Publish the fleet's models, or release or restore a version
    Publish(publish::Args),
    /// Deprecate a version: devices get it no more, who has it keeps it
    Deprecate(publish::DeprecateArgs),
    /// Compare two versions; fails if the number does not match the change
    Diff(diff::Args),
    /// Write a model or a device for others
    Export(export::Args),
    /// Rules: which device gets which model
    Rules(rules::Args),
    /// Give a device a model by hand
    Assign(assign::Args),
    /// Show the model instances of a device, or what waits for a person
    Instances(instances::Args),
    /// Approve the model that is proposed for a device
    Approve(decide::ApproveArgs),
    /// Dismiss the model that is proposed for a device
    Dismiss(decide::DismissArgs),
    /// Go back to the model a device had before
    Rollback(decide::RollbackArgs),
}

/// Runs `firstlight model`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    match args.action {
        Action::List(args) => list::run(args, context),
        Action::Show(args) => show::run(&args, context),
        Action::Check(args) => check::run(&args, context),
        Action::Import(args) => import::run(&args, context),
        Action::Publish(args) => publish::run(args, context),
        Action::Deprecate(args) => publish::deprecate(&args, context),
        Action::Diff(args) => diff::run(&args, context),
        Action::Export(args) => export::run(&args, context),
        Action::Rules(args) => rules::run(args, context),
        Action::Assign(args) => assign::run(&args, context),
        Action::Instances(args) => instances::run(args, context),
        Action::Approve(args) => decide::approve(&args, context),
        Action::Dismiss(args) => decide::dismiss(&args, context),
        Action::Rollback(args) => decide::roll_back(&args, context),
    }
}
