//! `firstlight man`: prints manual pages.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::fleet::Class;
use crate::ui::Complaint;

use super::{Context, Status};

const EXAMPLES: &str = "\
Examples:
  $ firstlight man write | man -l -
  $ firstlight man --all man/";

/// Arguments of `firstlight man`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The command whose page is printed [default: firstlight itself]
    #[arg(value_name = "COMMAND", conflicts_with = "all")]
    pub command: Vec<String>,
    /// Write the pages of all commands into DIR instead
    #[arg(long, value_name = "DIR")]
    pub all: Option<PathBuf>,
}

/// Runs `firstlight man`; `grammar` is the whole command line.
pub fn run(args: Args, mut grammar: clap::Command, context: &Context) -> anyhow::Result<Status> {
    if let Some(folder) = args.all {
        if context.globals.plan {
            return Ok(context.would(&format!("write manual pages into {}", folder.display())));
        }
        std::fs::create_dir_all(&folder).with_context(|| format!("making the folder {folder:?}"))?;
        clap_mangen::generate_to(grammar, &folder).with_context(|| format!("writing manual pages into {folder:?}"))?;
        return Ok(Status::Done);
    }
    grammar.build();
    let mut page = Vec::new();
    clap_mangen::Man::new(find(grammar, &args.command)?).render(&mut page)?;
    let page = String::from_utf8_lossy(&page);
    context.printer.report(&serde_json::json!({ "page": page }), || page.to_string());
    Ok(Status::Done)
}

fn find(mut command: clap::Command, path: &[String]) -> Result<clap::Command, Complaint> {
    for name in path {
        let Some(inner) = command.find_subcommand(name) else {
            return Err(Complaint::new(Class::Usage, format!("there is no command \"firstlight {}\"", path.join(" ")))
                .with_hint("see the list with: firstlight --help"));
        };
        command = inner.clone();
    }
    Ok(command)
}
