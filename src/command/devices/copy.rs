//! `firstlight devices copy`: copies the whole registry into another store.

use std::sync::Arc;

use serde_json::json;

use crate::command::{Context, Status, registry};
use crate::fleet::Class;
use crate::registry::{Copied, Registry, RegistryError, copy};
use crate::ui::measure::count;
use crate::ui::{Complaint, Counting, Table};

const EXAMPLES: &str = "\
The target must be empty, or hold an earlier part of the same copy: that goes
on where it ended. At the end both are read whole, and rows and digest of each
table are compared. Stop servers and stations meanwhile; then name the new
store in the fleet file.

Examples:
  $ firstlight devices copy --to postgres://ann@db.example/fleet
  $ firstlight devices copy --to backup.db
  $ firstlight devices copy --to-env NEW_STORE --json";

/// Arguments of `firstlight devices copy`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
#[command(group = clap::ArgGroup::new("target").required(true).args(["to", "to_env"]))]
pub struct Args {
    /// The store to copy into: postgres://..., or the path of a SQLite file
    #[arg(long, value_name = "STORE")]
    pub to: Option<String>,
    /// The environment variable that names it, where it has a password
    #[arg(long, value_name = "NAME", conflicts_with = "to")]
    pub to_env: Option<String>,
}

/// Runs `firstlight devices copy`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let address = match (&args.to, &args.to_env) {
        (Some(address), _) => address.clone(),
        (None, name) => {
            let name = name.clone().unwrap_or_default();
            std::env::var(&name)
                .map_err(|_| Complaint::new(Class::Input, format!("the environment variable {name:?} is not set")))?
        }
    };
    let from = registry::existing(context)?;
    if context.globals.plan {
        return Ok(context.would(&format!("copy the registry {} into another store", from.store())));
    }
    let to = Registry::open(&address, from.tenant(), Arc::clone(&context.clock))?;
    let copied = copied(&from, &to, context)?;
    let shown = json!({
        "from": from.store(),
        "to": to.store(),
        "written": copied.written,
        "tables": copied.tables.iter().map(|(table, rows, digest)| {
            json!({ "table": table, "rows": rows, "digest": digest })
        }).collect::<Vec<_>>(),
    });
    context.printer.report(&shown, || text(&copied, context.printer.terminal().columns));
    let rows = count(usize::try_from(copied.written).unwrap_or(usize::MAX), "row");
    context.printer.talk(format_args!("{rows} written; {} and {} are alike", from.store(), to.store()));
    Ok(Status::Done)
}

fn copied(from: &Registry, to: &Registry, context: &Context) -> anyhow::Result<Copied> {
    let mut counting = Counting::new(&context.printer, "rows");
    let result = copy(from, to, |progress| {
        counting.up_to(progress.rows);
        match context.interrupt.asked() {
            None => Ok(()),
            Some(_) => Err(stopped()),
        }
    });
    drop(counting);
    match (result, context.interrupt.asked()) {
        (Err(error), Some(class)) if error == stopped() => {
            let words = "interrupted; what was copied stays";
            Err(Complaint::new(class, words).with_hint("the same command again goes on there").into())
        }
        (result, _) => Ok(result?),
    }
}

/// What ends the copy when somebody asked for it.
fn stopped() -> RegistryError {
    RegistryError::Refused { what: "copy", name: "registry".to_owned(), reason: "it was interrupted".to_owned() }
}

fn text(copied: &Copied, columns: Option<usize>) -> String {
    let mut table = Table::new(["table", "rows", "digest"]).right("rows");
    for (name, rows, digest) in &copied.tables {
        table.row([(*name).to_owned(), rows.to_string(), digest.to_string()]);
    }
    table.render(columns)
}
