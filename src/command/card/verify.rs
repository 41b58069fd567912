//! `firstlight card verify`: does a card still hold what was delivered on it?

use serde_json::json;

use crate::card::{CardPlace, CardSink};
use crate::command::{Context, Status, opened, selection};
use crate::fleet::{Class, Digest, EndpointName};
use crate::format::pkcs15::OidForm;
use crate::ui::Complaint;

use super::pin::PinArgs;

const EXAMPLES: &str = "\
Examples:
  $ firstlight card verify gw-0007 reader:
  $ firstlight card verify gw-0007 file:cards/gw-0007.json --json";

/// Arguments of `firstlight card verify`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The device that the card is for
    #[arg(value_name = "ID", value_parser = selection::endpoint_name)]
    pub id: EndpointName,
    /// Which card: reader:, reader:NAME, file:PATH
    #[arg(value_name = "CARD")]
    pub card: String,
    /// The PIN.
    #[command(flatten)]
    pub pin: PinArgs,
}

/// Runs `firstlight card verify`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let place: CardPlace = args.card.parse()?;
    let station = opened::station(context, None)?;
    let (target, content) = CardSink::new(place, args.pin.pin(context)?, OidForm::Plain).held()?;
    let finished = station.ledger().finished_on(&target)?;
    let Some(delivered) = finished.into_iter().find(|finished| finished.device == args.id) else {
        let words = format!("nothing was delivered for {:?} on {}", args.id.as_str(), target.name);
        return Err(Complaint::new(Class::Differs, words).into());
    };
    let found = Digest::of(&content);
    if found != delivered.receipt.image {
        let words = format!(
            "{} holds something else than version {} for {:?}",
            target.name,
            delivered.version,
            args.id.as_str()
        );
        return Err(Complaint::new(Class::Differs, words).into());
    }
    if context.printer.is_json() {
        let (version, device) = (delivered.version, &delivered.device);
        context
            .printer
            .document(&json!({ "card": target.name, "device": device, "version": version, "sha256": found }));
        return Ok(Status::Done);
    }
    context.printer.talk(format_args!("{} holds version {} for {}, whole", target.name, delivered.version, args.id));
    Ok(Status::Done)
}
