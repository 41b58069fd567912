//! `firstlight keys export`: writes the keys that a server needs, wrapped to it and signed.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::bundle::sealed::Signature;
use crate::command::{Context, Status, opened};
use crate::delivery::key_name;
use crate::host::files::write_atomically;
use crate::station::server_keys;

const EXAMPLES: &str = "\
Examples:
  $ firstlight keys export management --out management.keys
  $ firstlight keys export management --out management.keys --json";

/// Arguments of `firstlight keys export`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The server, as `servers:` in the fleet file names it
    #[arg(value_name = "SERVER")]
    pub server: String,
    /// Into this file; its signatures lie beside it, as FILE.minisig
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Runs `firstlight keys export`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    if context.globals.plan {
        return Ok(context.would(&format!("write the keys for {:?} to {}", args.server, args.out.display())));
    }
    let station = opened::station(context, None)?;
    let (file, keys) = server_keys::file(&station, &args.server)?;
    // Signatures first: a file without its own is never there under its name.
    let mut names = Vec::with_capacity(file.signatures.len());
    for (at, signature) in file.signatures.iter().enumerate() {
        let path = signature_path(&args.out, (at > 0).then_some(signature));
        write_atomically(&path, signature.as_bytes(), 0o644)?;
        names.push(path.display().to_string());
    }
    write_atomically(&args.out, &file.document, 0o600)?;
    let said = json!({ "server": args.server, "keys": keys, "file": args.out, "signatures": names });
    context.printer.report(&said, || format!("{}: {keys} keys for {}\n", args.out.display(), args.server));
    Ok(Status::Done)
}

/// The newest key's signature has the plain name; an older one's, for servers that know no newer, has the key's in it.
fn signature_path(file: &Path, older: Option<&String>) -> PathBuf {
    let key = older.and_then(|text| Signature::parse(text.as_bytes())).map(|signature| key_name(signature.key_id));
    let mut name = file.as_os_str().to_owned();
    if let Some(key) = key {
        name.push(format!(".{key}"));
    }
    name.push(".minisig");
    PathBuf::from(name)
}
