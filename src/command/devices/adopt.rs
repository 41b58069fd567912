//! `firstlight devices adopt`: takes over devices that other tools made, with the certificates they have.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::command::selection::endpoint_name;
use crate::command::{Context, Status, registry};
use crate::fleet::{Class, EndpointName};
use crate::host::files::read_bounded;
use crate::registration::certificates::Brought;
use crate::registry::{ExpectedDevice, NewCredential};
use crate::ui::{Complaint, Failure};

use super::facts::{Facts, with_group};

const EXAMPLES: &str = "\
Certificates are PEM or DER; the first of a chain is the device's. The id is
told, or made of parts of the certificate: {cn}, {serial}, {dns}, {uri}.

Examples:
  $ firstlight devices adopt gw-0007.pem --id gw-0007 --serial SN-7
  $ firstlight devices adopt certs/a.pem certs/b.der --id-from '{cn}' \\
      --group field --attribute site=berlin";

/// The largest certificate with its chain, in bytes.
const LARGEST: u64 = 256 * 1024;

/// Arguments of `firstlight devices adopt`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The devices' certificates
    #[arg(value_name = "CERTIFICATE", required = true)]
    pub certificates: Vec<PathBuf>,
    /// The device's id, where there is one certificate
    #[arg(long, value_name = "ID", value_parser = endpoint_name, conflicts_with = "id_from")]
    pub id: Option<EndpointName>,
    /// How ids are made of certificates
    #[arg(long, value_name = "TEMPLATE", default_value = "{cn}")]
    pub id_from: String,
    /// Their model, as NAME or NAME@VERSION
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
    /// What is known of them.
    #[command(flatten)]
    pub facts: Facts,
}

/// Runs `firstlight devices adopt`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let is_one = args.certificates.len() == 1;
    if !is_one && (args.id.is_some() || args.facts.serial.is_some()) {
        let words = "one id and one serial number are for one certificate";
        return Err(Complaint::new(Class::Usage, words).with_hint("adopt them one by one, or use --id-from").into());
    }
    // All are read before any is taken over.
    let devices = args.certificates.iter().map(|path| device(&args, path)).collect::<Result<Vec<_>, _>>()?;
    if context.globals.plan {
        let ids: Vec<String> = devices.iter().map(|(device, _)| device.id.to_string()).collect();
        return Ok(context.would(&format!("adopt {}", ids.join(", "))));
    }
    let registry = with_group(context, args.facts.group.as_deref())?;
    let actor = registry::actor(context);
    let mut failed = 0;
    for (device, credential) in devices {
        let (id, fingerprint) = (device.id.clone(), credential.fingerprint);
        match registry.adopt(device, credential, &actor) {
            Ok(row) => {
                let shown = json!({ "event": "adopted", "device": row, "fingerprint": fingerprint });
                if context.printer.is_json() {
                    context.printer.record(&shown);
                } else {
                    context.printer.line(format_args!("{id} is registered, with the certificate {fingerprint}"));
                }
            }
            Err(error) if is_one => return Err(error.into()),
            Err(error) => {
                failed += 1;
                context.printer.failure(&Failure::of(&anyhow::Error::from(error).context(format!("adopting {id}"))));
            }
        }
    }
    Ok(if failed == 0 { Status::Done } else { Status::Ended(Class::Partial) })
}

fn device(args: &Args, path: &Path) -> anyhow::Result<(ExpectedDevice, NewCredential)> {
    let brought = Brought::read(&path.display().to_string(), &read_bounded(path, LARGEST)?)?;
    let id = args.id.clone().map_or_else(|| brought.id(&args.id_from), Ok)?;
    Ok((args.facts.device(&id, args.model.as_deref())?, brought.credential()))
}
