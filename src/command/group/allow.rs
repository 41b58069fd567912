//! `firstlight group allow`, `disallow` and `allowed`: the allow list of a group.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::command::devices::facts::pair;
use crate::command::devices::import::open;
use crate::command::registry::Change;
use crate::command::selection::endpoint_name;
use crate::command::{Context, Status, registry};
use crate::fleet::{Class, EndpointName};
use crate::registry::{AllowForm, AllowRows, Allowed, Imported, Registry, RowEnd};
use crate::ui::measure::{count, moment};
use crate::ui::{Counting, Table};

use super::block::names;

const EXAMPLES: &str = "\
A file is a list of ids, JSON lines (.jsonl) or CSV (.csv) with the columns id,
max_uses, expires and attributes.NAME. It may be very long; if it breaks off,
the same command again goes on.

Examples:
  $ firstlight group allow field gw-0007 --uses 1 --days 90
  $ firstlight group allow field --file ids.txt
  $ firstlight group allow field --file - --form csv < allowed.csv";

const OFF: &str = "\
Devices that have registered stay registered.

Examples:
  $ firstlight group disallow field gw-0007
  $ firstlight group disallow field gw-0007 gw-0008 --plan";

const SHOWN: &str = "\
Examples:
  $ firstlight group allowed field
  $ firstlight group allowed field --json | jq -r .device";

/// Entries of one page.
const PAGE: u32 = 1_000;

/// Arguments of `firstlight group allow`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["ids", "file"]))]
pub struct Args {
    /// The group
    #[arg(value_name = "GROUP")]
    pub group: String,
    /// The devices
    #[arg(value_name = "ID", value_parser = endpoint_name)]
    pub ids: Vec<EndpointName>,
    /// The devices of this file; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// How the file is written; by its name without
    #[arg(long, value_enum, requires = "file")]
    pub form: Option<Form>,
    /// How often each may register; any number of times without
    #[arg(long, value_name = "NUMBER", conflicts_with = "file")]
    pub uses: Option<u32>,
    /// For how many days the entries are good; for ever without
    #[arg(long, value_name = "DAYS", conflicts_with = "file")]
    pub days: Option<u32>,
    /// An attribute that each gets; once for each
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair, conflicts_with = "file")]
    pub attribute: Vec<(String, String)>,
}

/// How an allow list is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Form {
    /// An id a line
    List,
    /// One JSON object a line
    Lines,
    /// CSV with a header
    Csv,
}

/// Arguments of `firstlight group disallow`.
#[derive(clap::Args, Debug)]
#[command(after_help = OFF)]
pub struct Off {
    /// The group
    #[arg(value_name = "GROUP")]
    pub group: String,
    /// The devices
    #[arg(value_name = "ID", value_parser = endpoint_name, required = true)]
    pub ids: Vec<EndpointName>,
}

/// Arguments of `firstlight group allowed`.
#[derive(clap::Args, Debug)]
#[command(after_help = SHOWN)]
pub struct Shown {
    /// The group
    #[arg(value_name = "GROUP")]
    pub group: String,
}

/// Runs `firstlight group allow`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    if let Some(path) = &args.file {
        return from_file(&args.group, path, args.form, context);
    }
    let expires = args.days.map(|days| context.clock.now() + time::Duration::days(days.into()));
    let attributes: BTreeMap<String, String> = args.attribute.iter().cloned().collect();
    let entry = |id: &EndpointName| Allowed {
        device: id.to_string(),
        attributes: attributes.clone(),
        max_uses: args.uses,
        expires,
    };
    let said = format!("allowed in group {:?}: {}", args.group, names(&args.ids));
    let done = json!({ "group": args.group, "allowed": args.ids });
    let change = Change { would: format!("allow {} in group {:?}", names(&args.ids), args.group), done, said: &said };
    registry::change(context, change, |registry, actor| {
        args.ids.iter().try_for_each(|id| registry.allow(actor, &args.group, &entry(id)))
    })
}

fn from_file(group: &str, path: &Path, form: Option<Form>, context: &Context) -> anyhow::Result<Status> {
    if context.globals.plan {
        return Ok(context.would(&format!("allow the devices of \"{}\" in group {group:?}", path.display())));
    }
    let stream = open(path)?;
    let registry = crate::command::devices::facts::with_group(context, Some(group))?;
    let mut rows = AllowRows::new(form_of(form, path), BufReader::with_capacity(1 << 16, stream))?;
    let sum = taken(&registry, group, &mut rows, context);
    if context.printer.is_json() {
        context.printer.record(&summary(group, &sum));
    } else {
        context.printer.raw(said(&sum).as_bytes());
    }
    if let Some(error) = sum.stopped {
        return Err(anyhow::Error::from(error).context(format!("after {}", counted(sum.rows))));
    }
    if let Some(error) = rows.broken() {
        return Err(anyhow::Error::from(error).context(format!("after {}", counted(sum.rows))));
    }
    Ok(match sum.refused {
        0 => Status::Done,
        refused if refused == sum.rows => Status::Ended(Class::Input),
        _ => Status::Ended(Class::Partial),
    })
}

fn taken(
    registry: &Registry,
    group: &str,
    rows: &mut dyn Iterator<Item = Result<Allowed, String>>,
    context: &Context,
) -> Imported {
    let mut counting = Counting::new(&context.printer, "rows");
    registry.import_allowed(&registry::actor(context), group, rows, &mut |row, end| {
        counting.one();
        let RowEnd::Refused(reason) = end else { return };
        if context.printer.is_json() {
            context.printer.record(&json!({ "row": row + 1, "refused": reason }));
        } else {
            context.printer.warn(format_args!("row {}: {reason}", row + 1));
        }
    })
}

fn form_of(said: Option<Form>, path: &Path) -> AllowForm {
    let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase();
    match (said, end.as_str()) {
        (Some(Form::Csv), _) | (None, "csv") => AllowForm::Csv,
        (Some(Form::Lines), _) | (None, "jsonl" | "ndjson" | "json") => AllowForm::Lines,
        _ => AllowForm::List,
    }
}

fn summary(group: &str, sum: &Imported) -> serde_json::Value {
    json!({
        "event": "allowed",
        "group": group,
        "rows": sum.rows,
        "added": sum.added,
        "changed": sum.changed,
        "same": sum.same,
        "refused": sum.refused,
    })
}

fn said(sum: &Imported) -> String {
    format!("{} new, {} changed, {} unchanged, {} refused\n", sum.added, sum.changed, sum.same, sum.refused)
}

fn counted(rows: u64) -> String {
    count(usize::try_from(rows).unwrap_or(usize::MAX), "row")
}

/// Runs `firstlight group disallow`.
pub fn off(args: Off, context: &Context) -> anyhow::Result<Status> {
    let (group, ids) = (&args.group, names(&args.ids));
    let said = format!("no longer allowed in group {group:?}: {ids}");
    let done = json!({ "group": group, "disallowed": args.ids });
    let change = Change { would: format!("take {ids} off the allow list of group {group:?}"), done, said: &said };
    registry::change(context, change, |registry, actor| {
        args.ids.iter().try_for_each(|id| registry.disallow(actor, group, id))
    })
}

/// Runs `firstlight group allowed`.
pub fn shown(args: Shown, context: &Context) -> anyhow::Result<Status> {
    let registry = crate::command::devices::facts::with_group(context, Some(&args.group))?;
    let mut table = Table::new(["device", "used", "of", "until", "attributes"]).right("used").right("of");
    let (mut number, mut after) = (0, String::new());
    loop {
        let page = registry.allow_list(&args.group, &after, PAGE)?;
        let Some((last, _)) = page.last() else { break };
        after.clone_from(&last.device);
        number += page.len();
        for (entry, used) in page {
            if context.printer.is_json() {
                let mut shown = json!(entry);
                shown["used"] = used.into();
                context.printer.record(&shown);
                continue;
            }
            let of = entry.max_uses.map(|uses| uses.to_string()).unwrap_or_default();
            let until = entry.expires.map(moment).unwrap_or_default();
            let attributes: Vec<String> =
                entry.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
            table.pour([entry.device, used.to_string(), of, until, attributes.join(" ")], &context.printer);
        }
    }
    if !table.is_empty() {
        table.print(&context.printer);
    }
    context.printer.talk(count(number, "allowed device"));
    Ok(Status::Done)
}
