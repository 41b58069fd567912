//! `firstlight devices edit`: changes what the registry knows of a device.

use std::collections::BTreeMap;

use crate::command::selection::endpoint_name;
use crate::command::{Context, Status, registry};
use crate::fleet::{Class, EndpointName};
use crate::registry::DeviceEdit;
use crate::ui::Complaint;

use super::facts::{Facts, check_group};

const EXAMPLES: &str = "\
With --mark nothing is changed if somebody else was faster: `devices show`
tells the mark.

Examples:
  $ firstlight devices edit gw-0007 --attribute site=berlin --serial SN-7
  $ firstlight devices edit gw-0007 --unset attributes.site --mark 4";

/// Where names of attributes begin, as in a search.
const ATTRIBUTES: &str = "attributes.";

/// Arguments of `firstlight devices edit`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The device, by endpoint name
    #[arg(value_name = "ID", value_parser = endpoint_name)]
    pub id: EndpointName,
    /// What is new.
    #[command(flatten)]
    pub facts: Facts,
    /// Take away: serial, group, vendor, hardware, firmware, address, attributes.NAME
    #[arg(long, value_name = "NAME")]
    pub unset: Vec<String>,
    /// Only if the device is still at this mark
    #[arg(long, value_name = "NUMBER")]
    pub mark: Option<i64>,
}

/// Runs `firstlight devices edit`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let edit = edit(&args)?;
    if edit == DeviceEdit::default() {
        return Err(Complaint::new(Class::Usage, "nothing is to be changed: name what, as in --serial SN-7").into());
    }
    if context.globals.plan {
        return Ok(context.would(&format!("change {}: {}", args.id, words(&edit))));
    }
    let registry = registry::existing(context)?;
    if let Some(Some(group)) = &edit.group {
        check_group(&registry, group)?;
    }
    let device = registry.edit_device(args.id.as_str(), args.mark, edit, &registry::actor(context))?;
    let text = || format!("{} is at mark {} now\n", device.id, device.etag);
    context.printer.report(&device, text);
    Ok(Status::Done)
}

fn edit(args: &Args) -> anyhow::Result<DeviceEdit> {
    let facts = &args.facts;
    let told = |value: &Option<String>| value.clone().map(Some);
    let attributes: BTreeMap<_, _> = facts.attributes().into_iter().map(|(name, value)| (name, Some(value))).collect();
    let mut edit = DeviceEdit {
        serial: facts.serial()?.map(Some),
        group: told(&facts.group),
        vendor: told(&facts.vendor),
        hardware: told(&facts.hardware),
        firmware: told(&facts.firmware),
        protocol: None,
        address: told(&facts.address),
        attributes,
    };
    for name in &args.unset {
        let twice = || Complaint::new(Class::Usage, format!("{name:?} is to be set and taken away"));
        if let Some(attribute) = name.strip_prefix(ATTRIBUTES).filter(|attribute| !attribute.is_empty()) {
            if edit.attributes.insert(attribute.to_owned(), None).is_some_and(|value| value.is_some()) {
                return Err(twice().into());
            }
            continue;
        }
        if name == "serial" {
            if edit.serial.replace(None).is_some_and(|serial| serial.is_some()) {
                return Err(twice().into());
            }
            continue;
        }
        let field = match name.as_str() {
            "group" => &mut edit.group,
            "vendor" => &mut edit.vendor,
            "hardware" => &mut edit.hardware,
            "firmware" => &mut edit.firmware,
            "address" => &mut edit.address,
            _ => {
                let words = format!("{name:?} cannot be taken away from a device");
                let known = "serial, group, vendor, hardware, firmware, address, attributes.NAME";
                return Err(Complaint::new(Class::Usage, words).with_hint(known).into());
            }
        };
        if field.replace(None).is_some_and(|value| value.is_some()) {
            return Err(twice().into());
        }
    }
    Ok(edit)
}

/// What is changed, for `--plan`.
fn words(edit: &DeviceEdit) -> String {
    let serial = edit.serial.as_ref().map(|serial| serial.as_ref().map(ToString::to_string));
    let fields = [
        ("serial", serial.as_ref()),
        ("group", edit.group.as_ref()),
        ("vendor", edit.vendor.as_ref()),
        ("hardware", edit.hardware.as_ref()),
        ("firmware", edit.firmware.as_ref()),
        ("address", edit.address.as_ref()),
    ];
    let one = |name: &str, value: &Option<String>| match value {
        Some(value) => format!("{name} = {value:?}"),
        None => format!("no {name}"),
    };
    let fields = fields.into_iter().filter_map(|(name, value)| Some(one(name, value?)));
    let attributes = edit.attributes.iter().map(|(name, value)| one(&format!("{ATTRIBUTES}{name}"), value));
    fields.chain(attributes).collect::<Vec<_>>().join(", ")
}
