//! `firstlight card write`: a device's LwM2M bootstrap information onto a card.

use crate::card::{CardPlace, CardSink, ScriptSink};
use crate::command::{Context, Status, opened, selection, sharing, write};
use crate::delivery::{Confirm, Sink};
use crate::fleet::EndpointName;
use crate::format::pkcs15::OidForm;
use crate::station::{
    AcceptTarget, ChipConsent, Delivered, Delivery, Outcome, Selection, Station, StationFiles, Verdict, seal,
};
use crate::ui::Drawing;
use crate::ui::closing::Closing;
use crate::ui::consent::AskConsent;

use super::pin::PinArgs;

const EXAMPLES: &str = "\
Examples:
  $ firstlight card write gw-0007 --to file:cards/gw-0007.json
  $ firstlight card write gw-0007 --to reader: --pin
  $ firstlight card write gw-0007 --to script:out/gw-0007.apdu";

/// Arguments of `firstlight card write`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The device
    #[arg(value_name = "ID", value_parser = selection::endpoint_name)]
    pub id: EndpointName,
    /// Which card: reader:, reader:NAME, file:PATH, script:PATH; {id} stands for
    /// the device
    #[arg(long, value_name = "CARD")]
    pub to: String,
    /// Which of the profile's deliveries, where there are several
    #[arg(long, value_name = "NAME")]
    pub delivery: Option<String>,
    /// The PIN.
    #[command(flatten)]
    pub pin: PinArgs,
    /// Name the directory entry as the example of the LwM2M specification prints it,
    /// for devices that look for that
    #[arg(long)]
    pub printed_oid: bool,
    /// Deliver again what is delivered, and why
    #[arg(long, value_name = "WHY", value_enum)]
    pub again: Option<write::Again>,
    /// Give a card that is another device's to this one, and why
    #[arg(long, value_name = "REASON")]
    pub rework: Option<String>,
    /// Overwrite the card with this accept id, which a refusal named
    #[arg(long, value_name = "ID")]
    pub accept_target: Option<String>,
}

/// Runs `firstlight card write`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let place: CardPlace = args.to.replace("{id}", args.id.as_str()).parse()?;
    let station = opened::station(context, None)?;
    let chosen = Selection::from_words(std::slice::from_ref(&args.id), false)?;
    if context.globals.plan {
        let devices = chosen.devices(&station.folder().fleet, Some(station.ledger()), args.delivery.as_deref())?;
        station.folder().fleet.plan(&devices[0], args.delivery.as_deref())?;
        return Ok(context.would(&format!("write the bootstrap information of {} onto {}", devices[0], args.to)));
    }
    let sharing = sharing::Sharing::enter(context, &station, &sharing::Wanted::Chosen(&chosen))?;
    let devices = chosen.devices(&station.folder().fleet, Some(station.ledger()), args.delivery.as_deref())?;
    let done = deliver(&args, place, &station, &devices[0], context);
    sharing.tell(context, &station);
    done
}

fn deliver(
    args: &Args,
    place: CardPlace,
    station: &Station,
    device: &EndpointName,
    context: &Context,
) -> anyhow::Result<Status> {
    let plan = station.folder().fleet.plan(device, args.delivery.as_deref())?;
    station.resolve_secrets(&plan.secrets().cloned().collect())?;
    seal::check(station, &plan.addressee.recipients.iter().cloned().collect())?;
    let confirm = consent(args, &place, station, context);
    let mut sink = sink(args, place, context)?;
    let drawing = Drawing::new(&context.printer);
    let delivery = Delivery {
        station,
        plan: &plan,
        again: args.again.map(Into::into),
        rework: args.rework.as_deref(),
        confirm: &*confirm,
        progress: &drawing,
        aftercare: None,
    };
    let result: Result<Delivered, _> = delivery.run(&mut *sink);
    drop(drawing);
    let mut closing = Closing::new(&context.printer, 1);
    let outcome = Outcome { index: 0, device: device.clone(), delivery: plan.delivery.name.to_string(), result };
    let verdict = Verdict::of(vec![outcome], &mut |outcome| closing.outcome(outcome));
    closing.end(&verdict);
    Ok(verdict.class(context.interrupt.asked()).map_or(Status::Done, Status::Ended))
}

fn sink(args: &Args, place: CardPlace, context: &Context) -> anyhow::Result<Box<dyn Sink>> {
    let oid = if args.printed_oid { OidForm::Printed } else { OidForm::Plain };
    Ok(match place {
        CardPlace::Script(path) => Box::new(ScriptSink::new(path, oid)),
        place => Box::new(CardSink::new(place, args.pin.pin(context)?, oid)),
    })
}

/// A card that is empty or this fleet's is taken, any other is asked about; a script is a file of this station.
fn consent(args: &Args, place: &CardPlace, station: &Station, context: &Context) -> Box<dyn Confirm> {
    let ledger = station.ledger().clone();
    if let CardPlace::Script(_) = place {
        return Box::new(StationFiles { ledger, fleet: station.folder().fleet.name().to_string() });
    }
    let otherwise: Box<dyn Confirm> = match &args.accept_target {
        Some(id) => Box::new(AcceptTarget { ids: vec![id.clone()] }),
        None => Box::new(AskConsent { printer: context.printer.clone() }),
    };
    Box::new(ChipConsent { ledger, rework: args.rework.is_some(), otherwise })
}
