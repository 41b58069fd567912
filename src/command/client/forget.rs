//! `firstlight client forget`: takes the bundle in force away.

use crate::client::{self, Disk};
use crate::command::{Context, Status};
use crate::fleet::Class;
use crate::ui::{Complaint, ask};

const EXAMPLES: &str = "\
Examples:
  $ firstlight client forget
  $ firstlight client forget --yes
  $ firstlight client forget --owner";

/// Arguments of `firstlight client forget`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Forget the owner and the keys learned, too: wants the presence that the
    /// device image declares, whatever --yes says
    #[arg(long)]
    pub owner: bool,
}

/// Runs `firstlight client forget`.
pub fn run(args: Args, disk: &Disk, context: &Context) -> anyhow::Result<Status> {
    // Presence is the answer where it is wanted: a question would add nothing.
    if !args.owner && !context.globals.yes {
        let question = "take the bundle in force away and restore what was before it?";
        if !ask::confirm(&context.printer, question, "--yes")? {
            return Err(Complaint::new(Class::Refused, "nothing was forgotten").into());
        }
    }
    let forgotten = client::forget(disk, args.owner)?;
    context.printer.report(&forgotten, || match forgotten.generation {
        Some(number) => format!("generation {number} is forgotten, what was before it is restored\n"),
        None => "nothing was in force\n".to_owned(),
    });
    Ok(Status::Done)
}
