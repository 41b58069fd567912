//! `firstlight keys`: the pre-shared keys of devices, for a server that is not this station's.

use super::{Context, Status};

pub mod export;
pub mod open;
pub mod push;

/// Examples of the noun.
pub const EXAMPLES: &str = "\
Examples:
  $ firstlight keys export management --out management.keys
  $ firstlight keys push management --to https://keys.acme.example/fleet
  $ firstlight keys open management.keys --identity key.txt --trusted fleet.pub \\
      --out psk.txt";

/// The subcommands of `firstlight keys`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// Write the keys that a server needs, wrapped to it and signed.
    Export(export::Args),
    /// Send the same file to a server's address.
    Push(push::Args),
    /// On the server: check the file and open its keys.
    Open(open::Args),
}

/// Runs `firstlight keys`.
pub fn run(action: Action, context: &Context) -> anyhow::Result<Status> {
    match action {
        Action::Export(args) => export::run(args, context),
        Action::Push(args) => push::run(args, context),
        Action::Open(args) => open::run(args, context),
    }
}
