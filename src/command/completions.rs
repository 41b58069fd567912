//! `firstlight completions`: prints completions for a shell.

use std::path::PathBuf;

use serde_json::json;

use anyhow::Context as _;
use clap_complete::Shell;

use super::{Context, Status};

const EXAMPLES: &str = "\
Examples:
  $ firstlight completions bash > /etc/bash_completion.d/firstlight
  $ firstlight completions fish > ~/.config/fish/completions/firstlight.fish
  $ firstlight completions --all completions/";

/// Shells whose completions are kept in `completions/`.
const KEPT: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

/// Arguments of `firstlight completions`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The shell
    #[arg(value_enum, required_unless_present = "all")]
    pub shell: Option<Shell>,
    /// Write the files for bash, zsh and fish into DIR instead
    #[arg(long, value_name = "DIR", conflicts_with = "shell")]
    pub all: Option<PathBuf>,
}

/// Runs `firstlight completions`; `grammar` is the whole command line.
pub fn run(args: Args, mut grammar: clap::Command, context: &Context) -> anyhow::Result<Status> {
    if let Some(shell) = args.shell {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut grammar, "firstlight", &mut script);
        let shown = json!({ "shell": shell.to_string(), "script": String::from_utf8_lossy(&script) });
        context.printer.report(&shown, || String::from_utf8_lossy(&script).into_owned());
    }
    if let Some(folder) = args.all {
        if context.globals.plan {
            return Ok(context.would(&format!("write completions into {}", folder.display())));
        }
        std::fs::create_dir_all(&folder).with_context(|| format!("making the folder {folder:?}"))?;
        for shell in KEPT {
            clap_complete::generate_to(shell, &mut grammar, "firstlight", &folder)
                .with_context(|| format!("writing completions into {folder:?}"))?;
        }
    }
    Ok(Status::Done)
}
