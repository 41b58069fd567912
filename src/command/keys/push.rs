//! `firstlight keys push`: sends the keys that a server needs to its address.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;

use crate::command::{Context, Status, opened};
use crate::fleet::Class;
use crate::host::files::read_bounded;
use crate::host::http::{Http, HttpRequest, HttpSettings};
use crate::station::server_keys;
use crate::ui::Complaint;

const EXAMPLES: &str = "\
Examples:
  $ firstlight keys push management --to https://keys.acme.example/fleet
  $ firstlight keys push management --to https://10.0.0.5/keys --roots ca.pem";

/// Largest file of roots, in bytes.
const LARGEST_ROOTS: u64 = 1 << 20;
/// How long the server may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: u64 = 64 << 10;

/// Arguments of `firstlight keys push`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The server, as `servers:` in the fleet file names it
    #[arg(value_name = "SERVER")]
    pub server: String,
    /// Where it takes them: the file comes as the body of a PUT
    #[arg(long, value_name = "URL")]
    pub to: String,
    /// Believe these certificates (PEM); the fleet's own root without
    #[arg(long, value_name = "FILE")]
    pub roots: Option<PathBuf>,
}

/// Runs `firstlight keys push`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    if context.globals.plan {
        return Ok(context.would(&format!("send the keys for {:?} to {}", args.server, args.to)));
    }
    let station = opened::station(context, None)?;
    let roots = match &args.roots {
        Some(path) => read_bounded(path, LARGEST_ROOTS)?,
        None => station.authority().root_pem().as_bytes().to_vec(),
    };
    let (file, keys) = server_keys::file(&station, &args.server)?;
    let signatures = file.signatures.iter().map(|text| BASE64.encode(text)).collect::<Vec<_>>().join(", ");
    let settings = HttpSettings {
        roots: args.to.starts_with("https:").then_some(roots.as_slice()),
        identity: None,
        now: None,
        within: PATIENCE,
        most: LONGEST_ANSWER,
        environment_proxy: true,
    };
    let headers = [("Content-Type", "application/jsonl"), ("Firstlight-Signature", signatures.as_str())];
    let request = HttpRequest { method: "PUT", uri: &args.to, headers: &headers, body: Some(&file.document) };
    let answer = Http::new(&settings)?.send(request)?;
    if !(200..300).contains(&answer.status) {
        let class = if answer.status >= 500 { Class::Surroundings } else { Class::Refused };
        let said = format!("{} answered {} and took no keys", args.to, answer.status);
        return Err(Complaint::new(class, said).into());
    }
    let said = json!({ "server": args.server, "keys": keys, "to": args.to, "status": answer.status });
    context.printer.report(&said, || format!("{keys} keys sent to {}\n", args.to));
    Ok(Status::Done)
}
