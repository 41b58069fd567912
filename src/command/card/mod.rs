//! `firstlight card`: bootstrap information on smartcards.

use super::{Context, Status};

mod pin;
pub mod read;
pub mod verify;
pub mod write;

/// Examples of the noun.
pub const EXAMPLES: &str = "\
Cards:
  reader:                the card in the only reader
  reader:NAME            the card in this reader (build with feature `card`)
  file:cards/{id}.json   a virtual card in a file, for CI and rehearsals
  script:out/{id}.apdu   the commands that make the card, for its issuer

Examples:
  $ firstlight card write gw-0007 --to file:gw-0007.json
  $ firstlight card read file:gw-0007.json
  $ firstlight card verify gw-0007 file:gw-0007.json";

/// The subcommands of `firstlight card`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// Write a device's LwM2M bootstrap information onto a card, and read it back.
    Write(write::Args),
    /// Show the bootstrap information of a card, without its secrets.
    Read(read::Args),
    /// Compare a card with what was delivered on it.
    Verify(verify::Args),
}

/// Runs `firstlight card`.
pub fn run(action: Action, context: &Context) -> anyhow::Result<Status> {
    match action {
        Action::Write(args) => write::run(args, context),
        Action::Read(args) => read::run(args, context),
        Action::Verify(args) => verify::run(args, context),
    }
}
