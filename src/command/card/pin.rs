//! The PIN of a card, as a command line says it.

use std::path::PathBuf;

use crate::card::Pin;
use crate::command::Context;
use crate::fleet::Secret;
use crate::host::files;
use crate::ui::Prompt;

/// The longest file with a PIN, in bytes.
const LONGEST_PIN: u64 = 64;

/// Where the card's PIN comes from.
#[derive(clap::Args, Debug)]
pub struct PinArgs {
    /// Ask for the card's PIN
    #[arg(long)]
    pub pin: bool,
    /// Take the card's PIN from this file
    #[arg(long, value_name = "FILE", conflicts_with = "pin")]
    pub pin_file: Option<PathBuf>,
    /// Which of the card's PINs it is [default: 1]
    #[arg(long, value_name = "N", hide_default_value = true, default_value = "1")]
    pub pin_reference: u8,
}

impl PinArgs {
    pub(super) fn pin(&self, context: &Context) -> anyhow::Result<Option<Pin>> {
        let digits = match (&self.pin_file, self.pin) {
            (Some(file), _) => Secret::new(files::read_bounded(file, LONGEST_PIN)?),
            (None, true) => Prompt::new(&context.printer).secret("PIN of the card", false, "use --pin-file")?,
            (None, false) => return Ok(None),
        };
        Ok(Some(Pin::new(&digits, self.pin_reference)?))
    }
}
