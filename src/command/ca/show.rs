//! `firstlight ca show`: shows the authority and how its key is protected.

use std::fmt::Write as _;

use serde_json::json;

use crate::authority::{AuthorityDescription, Keys, Protection};
use crate::command::{Context, Status};
use crate::station::post::PRIVATE_FOLDER;

use super::super::opened;

const EXAMPLES: &str = "\
Examples:
  $ firstlight ca show
  $ firstlight ca show --json";

/// Arguments of `firstlight ca show`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Runs `firstlight ca show`.
pub fn run(_args: Args, context: &Context) -> anyhow::Result<Status> {
    let station = opened::station(context, None)?;
    let description = station.authority().describe();
    let protection = Keys::protection(&station.folder().root.join(PRIVATE_FOLDER))?;
    let pinned = station.folder().lock.is_some();
    let value = json!({
        "fleet": station.folder().fleet.name(),
        "station": station.keys().station_name(),
        "recipient": station.keys().recipient(),
        "station_key": protection_word(protection),
        "pinned": pinned,
        "authority": description,
    });
    context.printer.report(&value, || text(&description, protection, pinned, &station.keys().recipient()));
    Ok(Status::Done)
}

/// Returns the word for how the station key is protected.
pub fn protection_word(protection: Protection) -> &'static str {
    match protection {
        Protection::Plain => "unprotected",
        Protection::Passphrase => "passphrase",
    }
}

fn text(authority: &AuthorityDescription, protection: Protection, pinned: bool, recipient: &str) -> String {
    let mut text = String::new();
    for (what, certificate) in [("root", &authority.root), ("intermediate", &authority.intermediate)] {
        let _ = writeln!(text, "{what}:");
        let _ = writeln!(text, "  subject      {}", certificate.subject);
        let _ = writeln!(text, "  serial       {}", certificate.serial);
        let _ = writeln!(text, "  SHA-256      {}", certificate.sha256);
        let _ = writeln!(text, "  valid        {} to {}", certificate.not_before, certificate.not_after);
    }
    let demo = if authority.demo { " (demo: its certificates are refused on real hardware)" } else { "" };
    let _ = writeln!(text, "pinned in fleet.lock: {}{demo}", if pinned { "yes" } else { "no" });
    let _ = writeln!(text, "station key: {}, recipient {recipient}", protection_word(protection));
    text
}
