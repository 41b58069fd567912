//! `firstlight card read`: the bootstrap information of a card, without its secrets.

use serde_json::{Value as Json, json};

use crate::card::{CardPlace, Channel, Look, look, open};
use crate::command::{Context, Status};
use crate::fleet::lwm2m::{Content, Object, SECURITY, Value};
use crate::format::pkcs15::{OidForm, read_bootstrap_file};

use super::pin::PinArgs;

const EXAMPLES: &str = "\
Examples:
  $ firstlight card read reader:
  $ firstlight card read file:cards/gw-0007.json --json";

/// Arguments of `firstlight card read`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which card: reader:, reader:NAME, file:PATH
    #[arg(value_name = "CARD")]
    pub card: String,
    /// The PIN.
    #[command(flatten)]
    pub pin: PinArgs,
}

/// Runs `firstlight card read`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let place: CardPlace = args.card.parse()?;
    let look = {
        let mut card = open(&place, args.pin.pin(context)?.as_ref())?;
        look(&mut Channel(&mut *card))?
    };
    let objects = if look.content.is_empty() { Vec::new() } else { read_bootstrap_file(&look.content)? };
    if context.printer.is_json() {
        context.printer.document(&document(&look, &objects));
        return Ok(Status::Done);
    }
    context.printer.talk(format_args!("card {}", look.number.as_deref().unwrap_or("without a number")));
    context.printer.talk(structure(&look));
    for (path, value) in values(&objects) {
        context.printer.raw(format!("{path} = {value}\n").as_bytes());
    }
    Ok(Status::Done)
}

fn structure(look: &Look) -> String {
    match (look.application, look.size) {
        (false, _) => "it has no PKCS#15 application".to_owned(),
        (true, None) => "it has no EF(LwM2M_Bootstrap)".to_owned(),
        (true, Some(size)) => format!("EF(LwM2M_Bootstrap) holds {size} bytes{}", form(look)),
    }
}

fn form(look: &Look) -> &'static str {
    match look.oid {
        Some(OidForm::Printed) => ", named as the specification's example prints it",
        _ => "",
    }
}

fn document(look: &Look, objects: &[Object]) -> Json {
    let values: serde_json::Map<String, Json> =
        values(objects).into_iter().map(|(path, value)| (path, json!(value))).collect();
    let oid = look.oid.map(|oid| if oid == OidForm::Printed { "printed" } else { "plain" });
    json!({ "card": look.number, "application": look.application, "oid": oid, "size": look.size, "values": values })
}

/// Every value with its path. Bytes may be keys: of the secret key only the length is shown.
fn values(objects: &[Object]) -> Vec<(String, String)> {
    let mut values = Vec::new();
    for object in objects {
        for instance in &object.instances {
            for resource in &instance.resources {
                let path = format!("/{}/{}/{}", object.id, instance.id, resource.id);
                let is_public = object.id == SECURITY && matches!(resource.id, 3 | 4);
                match &resource.content {
                    Content::Single(value) => values.push((path, shown(value, is_public))),
                    Content::Multiple(several) => values
                        .extend(several.iter().map(|(id, value)| (format!("{path}/{id}"), shown(value, is_public)))),
                }
            }
        }
    }
    values
}

fn shown(value: &Value, is_public: bool) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Unsigned(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(yes) => yes.to_string(),
        Value::Link { object, instance } => format!("{object}:{instance}"),
        Value::Opaque(bytes) => bytes.expose(|bytes| match std::str::from_utf8(bytes) {
            Ok(text) if is_public && text.chars().all(|letter| !letter.is_control()) => text.to_owned(),
            _ => format!("<{} bytes>", bytes.len()),
        }),
    }
}
