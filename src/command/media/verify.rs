//! `firstlight media verify`: compares a medium with its manifest.

use std::path::PathBuf;

use crate::bundle::sealed::PublicKey;
use crate::command::{Context, Status};
use crate::medium::{Inspection, VerifyError, inspect_path, verify};
use crate::ui::measure::count;

use super::sealed::{self, SignatureState};

const EXAMPLES: &str = "\
Examples:
  $ firstlight media verify out/gw-0007.img
  $ firstlight media verify /dev/sdb && echo good";

/// Arguments of `firstlight media verify`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// An image file, a folder or a drive
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
}

/// Runs `firstlight media verify`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let found = inspect_path(&args.path)?;
    let verified = verify(&found)?;
    refuse_bad_signatures(&found, sealed::fleet_keys(context)?.as_deref())?;
    let manifest = &verified.manifest;
    context.printer.report(&verified, || {
        format!(
            "{}: bundle {} version {} for {} is whole: {} agree\n",
            args.path.display(),
            manifest.bundle,
            manifest.version,
            manifest.device,
            count(verified.files, "file")
        )
    });
    for path in &verified.litter {
        context.printer.warn(format_args!("{path:?} was left there by an operating system"));
    }
    Ok(Status::Done)
}

/// A signature that its own key does not bear out is as bad as a file that differs: no device would take the bundle.
fn refuse_bad_signatures(found: &Inspection, keys: Option<&[PublicKey]>) -> Result<(), VerifyError> {
    let signatures = found.bundle().map(|bundle| sealed::signatures(bundle, keys)).unwrap_or_default();
    let is_bad = |state| matches!(state, SignatureState::Bad | SignatureState::Damaged);
    let faults: Vec<String> = signatures
        .iter()
        .filter(|found| is_bad(found.state))
        .map(|found| format!("signature: {}", found.words()))
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(VerifyError::Differs { target: found.name.clone(), faults }) }
}
