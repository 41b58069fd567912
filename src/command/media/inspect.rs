//! `firstlight media inspect`: shows what is on a medium.

use std::path::PathBuf;

use crate::bundle::sealed::PublicKey;
use crate::command::{Context, Status};
use crate::medium::{Inspection, inspect_path};
use crate::ui::Table;
use crate::ui::measure::size;

use super::sealed;

const EXAMPLES: &str = "\
Examples:
  $ firstlight media inspect out/gw-0007.img
  $ firstlight media inspect /dev/sdb --json";

/// Arguments of `firstlight media inspect`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// An image file, a folder or a drive
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
}

/// Runs `firstlight media inspect`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let found = inspect_path(&args.path)?;
    let keys = sealed::fleet_keys(context)?;
    let document = sealed::document(&found, keys.as_deref());
    context.printer.report(&document, || text(&found, keys.as_deref(), context.printer.terminal().columns));
    Ok(Status::Done)
}

fn text(found: &Inspection, keys: Option<&[PublicKey]>, columns: Option<usize>) -> String {
    let mut text = format!("{}: {}\n", found.name, found.summary());
    if let Some(bytes) = found.size {
        text.push_str(&format!("  size     {}\n", size(bytes)));
    }
    if let Some(bundle) = found.bundle() {
        let manifest = &bundle.manifest;
        text.push_str(&format!("  fleet    {}\n  device   {}\n", manifest.fleet, manifest.device));
        text.push_str(&format!(
            "  bundle   {} version {} of {}\n",
            manifest.bundle, manifest.version, manifest.created
        ));
        text.push_str(&format!("  template {}{}\n", manifest.template, if manifest.demo { " (demo)" } else { "" }));
        if let Some(reason) = &manifest.accept_plaintext {
            text.push_str(&format!("  in clear {reason}\n"));
        }
        for signature in sealed::signatures(bundle, keys) {
            text.push_str(&format!("  signed   {}\n", signature.words()));
        }
        if let Some(words) = sealed::result_words(bundle) {
            text.push_str(&format!("  result   {words}\n"));
        }
    }
    let mut table = Table::new(["file", "size", "state"]).right("size");
    for volume in &found.volumes {
        for file in &volume.files {
            let verdicts = volume.bundle.iter().flat_map(|bundle| &bundle.files);
            let mut state =
                verdicts.filter(|verdict| verdict.path == file.path).map(|verdict| format!("{:?}", verdict.state));
            table.row([file.path.clone(), size(file.size), state.next_back().unwrap_or_default().to_lowercase()]);
        }
    }
    if !table.is_empty() {
        text.push_str(&table.render(columns));
    }
    text
}
