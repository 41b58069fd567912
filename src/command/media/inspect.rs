//! `firstlight media inspect`: shows what is on a medium.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::bundle::sealed::PublicKey;
use crate::command::{Context, Status};
use crate::delivery::Scope;
use crate::medium::{BundleFound, FileState, Inspection, inspect_path};
use crate::ui::Table;
use crate::ui::measure::size;

#[cfg(feature = "station")]
use super::content;
use super::sealed::{self, SignatureState};

#[cfg(feature = "station")]
const EXAMPLES: &str = "\
Examples:
  $ firstlight media inspect out/gw-0007.img
  $ firstlight media inspect /dev/sdb --json
  $ firstlight media inspect nvs.bin --keys keys.bin
  $ firstlight media inspect security.cbor --format senml-cbor";

#[cfg(not(feature = "station"))]
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
    /// What is asked of an image.
    #[cfg(feature = "station")]
    #[command(flatten)]
    pub content: content::ImageArgs,
}

/// Runs `firstlight media inspect`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    #[cfg(feature = "station")]
    if let Some(found) = args.content.look(&args.path)? {
        return Ok(content::show(&args.path, &found, context));
    }
    let found = inspect_path(&args.path)?;
    #[cfg(feature = "station")]
    if found.is_unrecognised()
        && let Some(found) = content::raw(&args.path)?
    {
        return Ok(content::show(&args.path, &found, context));
    }
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
    let bundles: Vec<&BundleFound> = found.bundles().collect();
    match bundles.as_slice() {
        [] => {}
        [only] => text.push_str(&particulars(only, keys)),
        many => text.push_str(&overview(many, keys).render(columns)),
    }
    let mut table = Table::new(["file", "size", "state"]).right("size");
    for volume in &found.volumes {
        let verdicts = volume.bundles.0.iter().flat_map(|bundle| &bundle.files).chain(&volume.strays);
        let states: BTreeMap<&str, FileState> = verdicts.map(|verdict| (&*verdict.path, verdict.state)).collect();
        for file in &volume.files {
            let state = states.get(&*file.path).map(|state| format!("{state:?}").to_lowercase());
            table.row([file.path.clone(), size(file.size), state.unwrap_or_default()]);
        }
    }
    if !table.is_empty() {
        text.push_str(&table.render(columns));
    }
    text
}

fn particulars(bundle: &BundleFound, keys: Option<&[PublicKey]>) -> String {
    let manifest = &bundle.manifest;
    let demo = if manifest.demo { " (demo)" } else { "" };
    let mut text = format!("  fleet    {}\n  device   {}\n", manifest.fleet, manifest.device);
    text.push_str(&format!("  bundle   {} version {} of {}\n", manifest.bundle, manifest.version, manifest.created));
    text.push_str(&format!("  template {}{demo}\n", manifest.template));
    if let Some(reason) = &manifest.accept_plaintext {
        text.push_str(&format!("  in clear {reason}\n"));
    }
    for signature in sealed::signatures(bundle, keys) {
        text.push_str(&format!("  signed   {}\n", signature.words()));
    }
    if let Some(words) = sealed::result_words(bundle) {
        text.push_str(&format!("  result   {words}\n"));
    }
    text
}

/// Several bundles, a row each.
fn overview(bundles: &[&BundleFound], keys: Option<&[PublicKey]>) -> Table {
    let mut table = Table::new(["fleet", "device", "bundle", "version", "state", "result"]).right("version");
    for bundle in bundles {
        let manifest = &bundle.manifest;
        let device = match manifest.scope {
            Scope::Device => manifest.device.to_string(),
            Scope::Site => format!("{} (site)", manifest.device),
        };
        let version = manifest.version.to_string();
        let result = sealed::result_words(bundle).unwrap_or_default();
        table.row([manifest.fleet.clone(), device, manifest.bundle.clone(), version, state(bundle, keys), result]);
    }
    table
}

/// How a bundle stands: its files, then its signatures by the keys of the fleet at hand.
fn state(bundle: &BundleFound, keys: Option<&[PublicKey]>) -> String {
    let files = if bundle.is_whole() { "whole" } else { "not whole" };
    let signatures: Vec<SignatureState> = sealed::signatures(bundle, keys).iter().map(|found| found.state).collect();
    let is = |wanted| signatures.contains(&wanted);
    let signed = match () {
        () if is(SignatureState::Bad) || is(SignatureState::Damaged) => ", ALTERED",
        () if is(SignatureState::Good) => ", signed",
        () if is(SignatureState::OtherKey) => ", signed by another key",
        () if is(SignatureState::Unchecked) => ", signed (unchecked)",
        () => "",
    };
    format!("{files}{signed}")
}
