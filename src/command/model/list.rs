//! `firstlight model list`: all versions of all models.

use crate::command::{Context, Status, registry};
use crate::ui::Table;

const EXAMPLES: &str = "\
Examples:
  $ firstlight model list
  $ firstlight model list --json | jq -r .name";

/// Models of one page.
const PAGE: u32 = 500;

/// Arguments of `firstlight model list`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Only models that devices brought and nobody published yet
    #[arg(long)]
    pub quarantined: bool,
}

/// Runs `firstlight model list`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let (_, registry) = registry::open(context)?;
    let mut table = Table::new(["model", "version", "state", "format", "digest"]);
    let (mut after, mut listed) = (String::new(), 0);
    loop {
        let rows = registry.models(&after, PAGE)?;
        let Some(last) = rows.last() else { break };
        after = format!("{}@{}", last.name, last.version);
        for row in rows.into_iter().filter(|row| !args.quarantined || row.state.as_str() == "quarantined") {
            listed += 1;
            if context.printer.is_json() {
                context.printer.record(&row);
                continue;
            }
            let cells = [
                row.name.to_string(),
                row.version.to_string(),
                row.state.as_str().to_owned(),
                row.format.clone(),
                row.digest.short(),
            ];
            table.pour(cells, &context.printer);
        }
    }
    if listed > 0 && !context.printer.is_json() {
        table.print(&context.printer);
    }
    context.printer.talk(crate::ui::measure::count(listed, "model"));
    Ok(Status::Done)
}
