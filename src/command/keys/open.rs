//! `firstlight keys open`: on the server, checks the file and opens its keys.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use crate::bundle::sealed::{OpeningKey, PublicKey, signature};
use crate::bundle::server_keys::{LARGEST, OpenedKey, open};
use crate::command::{Context, Status};
use crate::fleet::Class;
use crate::host::files::{read_bounded, write_atomically};
use crate::ui::Complaint;

const EXAMPLES: &str = "\
Examples:
  $ firstlight keys open a.keys --identity id.txt --trusted a.pub --out psk.txt
  $ firstlight keys open a.keys --identity id.txt --trusted a.pub --out a.jsonl \\
      --form lines";

/// The four that must be there do not fit on one line by themselves.
const USAGE: &str =
    "firstlight keys open FILE --identity FILE --trusted FILE\n                            --out FILE [OPTIONS]";

/// Largest file of an age identity or a public key, in bytes.
const LARGEST_KEY: u64 = 64 << 10;

/// Arguments of `firstlight keys open`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, override_usage = USAGE)]
pub struct Args {
    /// The file that `keys export` wrote or `keys push` sent
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Its signature; FILE.minisig without
    #[arg(long, value_name = "FILE")]
    pub signature: Option<PathBuf>,
    /// The server's own age identity
    #[arg(long, value_name = "FILE")]
    pub identity: PathBuf,
    /// A bundle key of the fleet (minisign's format); once for each
    #[arg(long, value_name = "FILE", required = true)]
    pub trusted: Vec<PathBuf>,
    /// Refuse a file that was made before this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub newer_than: Option<OffsetDateTime>,
    /// How the keys are written
    #[arg(long, value_enum, default_value_t = Form::Psk)]
    pub form: Form,
    /// Into this file (0600), which is replaced
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// How keys are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Form {
    /// IDENTITY:HEX a line, as GnuTLS reads it
    Psk,
    /// One JSON object a line
    Lines,
}

/// Runs `firstlight keys open`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let beside = || {
        let mut name = args.file.as_os_str().to_owned();
        name.push(".minisig");
        PathBuf::from(name)
    };
    let document = read_bounded(&args.file, LARGEST)?;
    let signature = read_bounded(&args.signature.clone().unwrap_or_else(beside), signature::LONGEST as u64)?;
    let trusted = args.trusted.iter().map(|path| trusted(path)).collect::<anyhow::Result<Vec<_>>>()?;
    let identity = identity(&args.identity)?;
    let (head, keys) = open(&document, &signature, &trusted, &identity, args.newer_than)?;
    let text = match args.form {
        Form::Psk => psk_lines(&keys)?,
        Form::Lines => json_lines(&keys),
    };
    if context.globals.plan {
        return Ok(context.would(&format!("write {} keys to {}", keys.len(), args.out.display())));
    }
    write_atomically(&args.out, text.as_bytes(), 0o600)?;
    let said =
        json!({ "fleet": head.fleet, "server": head.server, "made": head.made, "keys": keys.len(), "out": args.out });
    let count = keys.len();
    context.printer.report(&said, || format!("{count} keys of {} made {}\n", head.fleet, head.made));
    Ok(Status::Done)
}

fn time(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| format!("{text:?} is no time of RFC 3339"))
}

fn trusted(path: &Path) -> anyhow::Result<PublicKey> {
    let text = read_bounded(path, LARGEST_KEY)?;
    let key = std::str::from_utf8(&text).ok().and_then(PublicKey::parse);
    Ok(key.ok_or_else(|| Complaint::new(Class::Input, format!("{path:?} is no public key of minisign")))?)
}

fn identity(path: &Path) -> anyhow::Result<OpeningKey> {
    let text = Zeroizing::new(read_bounded(path, LARGEST_KEY)?);
    let key = std::str::from_utf8(&text).ok().and_then(OpeningKey::parse_age);
    Ok(key.ok_or_else(|| Complaint::new(Class::Input, format!("{path:?} is no age identity")))?)
}

/// A colon ends an identity for GnuTLS: one that has any could be read as another device's.
fn psk_lines(keys: &[OpenedKey]) -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(keys.len() * 320));
    for key in keys {
        let identity = &key.entry.identity;
        if identity.contains([':', '#']) || identity.chars().any(char::is_control) {
            let said = format!("the identity {identity:?} does not fit this form; choose `--form lines`");
            return Err(Complaint::new(Class::Input, said).into());
        }
        key.key.expose(|bytes| writeln!(text, "{identity}:{}", hex::encode(bytes)))?;
    }
    Ok(text)
}

fn json_lines(keys: &[OpenedKey]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(keys.len() * 512));
    for OpenedKey { entry, key } in keys {
        let line = key.expose(|bytes| {
            json!({ "device": entry.device, "identity": entry.identity, "generation": entry.generation,
                    "active": entry.active, "key": hex::encode(bytes) })
        });
        text.push_str(&format!("{line}\n"));
    }
    text
}
