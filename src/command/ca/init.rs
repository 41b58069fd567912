//! `firstlight ca init`: makes the authority and pins it.

use serde_json::{Value, json};

use crate::authority::{self, Authority, Keys, State};
use crate::command::{Context, Status};
use crate::fleet::Class;
use crate::station::found;
use crate::station::load::{self, FleetFolder};
use crate::station::post::PRIVATE_FOLDER;
use crate::ui::Complaint;

use super::super::founded::new_passphrase;
use super::super::{founded, opened};
use super::show::protection_word;

const EXAMPLES: &str = "\
Examples:
  $ firstlight ca init
  $ firstlight ca init --passphrase-fd 3 3< passphrase.txt";

/// Arguments of `firstlight ca init`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Runs `firstlight ca init`.
pub fn run(_args: Args, context: &Context) -> anyhow::Result<Status> {
    let (folder, _) = opened::folder(context, None)?;
    let private = folder.root.join(PRIVATE_FOLDER);
    let surroundings = opened::surroundings(context);
    authority::look_into(&private)?;
    if is_made(&folder)? {
        return Err(already(&folder).into());
    }
    let demo = folder.fleet.authority().demo;
    if context.globals.plan {
        let what = if demo { "make a demo authority" } else { "make an authority and pin its root in fleet.lock" };
        return Ok(context.would(&format!("{what}, its keys in {}", private.display())));
    }
    let is_there = Authority::exists(&private);
    let passphrase = if is_there { None } else { new_passphrase(context, !demo)? };
    if !is_there {
        found::private_folder(&folder.root, &folder.fleet, passphrase.as_ref(), &surroundings)?;
    }
    if !demo {
        let keys = Keys::open(&private, &founded::Given(passphrase, surroundings.ask.clone()))?;
        let authority = Authority::open(&private, &keys)?;
        opened::ledger(context)?;
        // A demo that the fleet file calls one no longer is not to be pinned: nothing could undo it.
        authority::guard(&private, Some(authority.root_fingerprint()), demo)?;
        found::pin(&folder.root, folder.fleet.name(), &keys, &authority, &surroundings)?;
    }
    if context.printer.is_json() {
        context.printer.document(&made(&folder)?);
    }
    founded::tell(context, &folder.root)?;
    Ok(Status::Done)
}

fn made(folder: &FleetFolder) -> anyhow::Result<Value> {
    let private = folder.root.join(PRIVATE_FOLDER);
    let (demo, pinned) = (folder.fleet.authority().demo, load::pinned(&folder.root)?);
    let root = match authority::guard(&private, pinned, demo)? {
        State::Present { root } => Some(root),
        State::Absent => None,
    };
    let station_key = protection_word(Keys::protection(&private)?);
    let (fleet, pinned) = (folder.fleet.name(), pinned.is_some());
    Ok(json!({ "fleet": fleet, "root_sha256": root, "station_key": station_key, "pinned": pinned, "demo": demo }))
}

/// Returns true if there is nothing left to make; a power cut between making the authority and pinning it leaves it to be
/// pinned now.
fn is_made(folder: &FleetFolder) -> Result<bool, authority::AuthorityError> {
    let private = folder.root.join(PRIVATE_FOLDER);
    let Some(lock) = &folder.lock else { return Ok(folder.fleet.authority().demo && Authority::exists(&private)) };
    Ok(authority::guard(&private, Some(lock.root_sha256), folder.fleet.authority().demo)? != State::Absent)
}

fn already(folder: &FleetFolder) -> Complaint {
    let words = format!("refusing to make a second authority for fleet {:?}", &**folder.fleet.name());
    Complaint::new(Class::Refused, words).with_hint("firstlight ca show")
}
