//! `firstlight acl`: what registered devices may publish and read, as a file for mosquitto.

use std::path::PathBuf;

use serde_json::json;

use crate::registration::{AccessList, AclFile};

use super::{Context, Status, registry};

const EXAMPLES: &str = "\
Examples:
  $ firstlight acl
  $ firstlight acl --out /etc/mosquitto/fleet.acl";

/// Arguments of `firstlight acl`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Write it to this file, replaced as a whole, instead of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Runs `firstlight acl`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    if let Some(out) = args.out.as_ref().filter(|_| context.globals.plan) {
        return Ok(context.would(&format!("write {}", out.display())));
    }
    let (_, registry) = registry::open(context)?;
    let list = match &args.out {
        None => AccessList::of(&registry)?,
        Some(out) => {
            let written = AclFile::new(out).keep(&registry)?;
            written.expect("a file that was never looked at is written")
        }
    };
    for (device, topic) in &list.left_out {
        context.printer.warn(format_args!("{device:?}: {topic:?} is nothing that mosquitto could take, left out"));
    }
    if args.out.is_some() {
        let record = json!({ "lines": list.lines, "left_out": list.left_out.len() });
        context.printer.report(&record, || format!("{} lines\n", list.lines));
    } else {
        context.printer.report(&json!({ "text": list.text, "lines": list.lines }), || list.text.clone());
    }
    Ok(Status::Done)
}
