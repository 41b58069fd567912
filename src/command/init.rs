//! `firstlight init`: sets up a fleet that works at once.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::bundle::{Scaffold, ScaffoldAnswers, Template, chip_fleets, scaffold, usual_server};
use crate::command::{Context, Status};
use crate::fleet::Class;
use crate::station::scaffold as folder;
use crate::ui::measure::count;
use crate::ui::{Complaint, Prompt};

use super::{founded, opened};

/// How many example devices a fleet begins with, where nobody says.
const DEVICES: u32 = 3;

const EXAMPLES: &str = "\
Examples:
  $ firstlight init my-fleet
  $ firstlight init lab --template cloud-init --devices 12 --demo
  $ firstlight init boards --template esp-idf
  $ firstlight init home --template linux --registration localhost:8443
  $ firstlight init plant --template lwm2m --server coaps://lwm2m.example:5684";

/// Arguments of `firstlight init`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Folder to make; it must be empty or absent [default: the working folder]
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// What reads the media: cloud-init, linux, lwm2m, mqtt, plain, raspberry-pi; or the flash of a chip: esp-idf, nrf52, stm32
    #[arg(long, value_name = "NAME")]
    pub template: Option<String>,
    /// The fleet's name [default: the folder's]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// How many example devices the inventory begins with
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub devices: Option<u32>,
    /// Where the devices' server is: a URI, or its host alone; once for each server
    #[arg(long, value_name = "URI")]
    pub server: Vec<String>,
    /// Where devices register by themselves: https://HOST:PORT, served by `firstlight serve`; of template linux
    #[arg(long, value_name = "URI")]
    pub registration: Option<String>,
    /// Use a throw-away authority whose certificates no real device may carry
    #[arg(long, conflicts_with = "passphrase_fd")]
    pub demo: bool,
}

/// Runs `firstlight init`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let root = match &args.folder {
        Some(folder) => folder.clone(),
        None => std::env::current_dir()?,
    };
    if !folder::is_free(&root)? {
        return Err(not_free(&root).into());
    }
    let template = template(&args, context)?;
    let answers = answers(&args, context, &root, &template)?;
    let made = scaffold(&template, &answers)?;
    if context.globals.plan {
        let plan = json!({ "event": "plan", "fleet": root, "template": template, "files": files(&made) });
        context.printer.report(&plan, || made.fleet_yaml.clone());
        return Ok(Status::Done);
    }
    let passphrase = if args.demo { None } else { founded::new_passphrase(context, args.template.is_none())? };
    let devices = folder::make(&root, &made, passphrase, &opened::surroundings(context))?;
    tell(context, &root, &template, devices, args.demo, made.sealed_to.as_deref())?;
    if args.registration.is_some() {
        context.printer.talk(format_args!("       firstlight serve --fleet {}", root.display()));
    }
    Ok(Status::Done)
}

fn files(made: &Scaffold) -> serde_json::Map<String, serde_json::Value> {
    let own = [("fleet.yaml", &made.fleet_yaml), ("devices.csv", &made.devices_csv)];
    let more = made.files.iter().map(|(path, text)| (path.as_str(), text));
    own.into_iter().chain(more).map(|(path, text)| (path.to_owned(), json!(text))).collect()
}

fn not_free(root: &Path) -> Complaint {
    let words = format!("refusing to make a fleet in {:?}: the folder is not empty", root.display().to_string());
    let hint = if root.join("fleet.yaml").exists() {
        format!("there is a fleet already: firstlight check --fleet {}", root.display())
    } else {
        "name a new folder: firstlight init my-fleet".to_owned()
    };
    Complaint::new(Class::Refused, words).with_hint(hint)
}

/// Returns the template named, or the one a person picks; the list has no default.
fn template(args: &Args, context: &Context) -> anyhow::Result<String> {
    let chips: Vec<(&str, &str)> = chip_fleets().collect();
    let names: Vec<&str> =
        Template::builtin_names().iter().copied().chain(chips.iter().map(|(name, _)| *name)).collect();
    match &args.template {
        Some(name) if names.contains(&name.as_str()) => Ok(name.clone()),
        Some(name) => {
            let words = format!("there is no template {name:?}");
            Err(Complaint::new(Class::Input, words).with_hint(format!("templates are {}", names.join(", "))).into())
        }
        None => {
            let media = Template::builtin_names().iter().map(|name| describe(name));
            let flash = chips.iter().map(|(name, consumer)| format!("{name}: {consumer}"));
            let items: Vec<String> = media.chain(flash).collect();
            let instead = format!("say it with --template NAME: {}", names.join(", "));
            let chosen = Prompt::new(&context.printer).select("What reads the media?", &items, &instead)?;
            Ok(names[chosen].to_owned())
        }
    }
}

fn describe(name: &str) -> String {
    let shape = Template::builtin(name).and_then(Result::ok);
    let consumer = shape.map(|template| template.shape().consumer.clone()).unwrap_or_default();
    format!("{name}: {consumer}")
}

fn answers(args: &Args, context: &Context, root: &Path, template: &str) -> anyhow::Result<ScaffoldAnswers> {
    let asked = context.printer.can_ask() && args.template.is_none();
    let prompt = Prompt::new(&context.printer);
    let devices = match args.devices {
        Some(devices) => devices,
        None if asked => {
            let check = |text: &str| number(text).map(|_| ());
            let text = prompt.text("How many example devices?", Some("3"), &check, "say it with --devices N")?;
            number(&text).map_err(|words| Complaint::new(Class::Input, words))?
        }
        None => DEVICES,
    };
    let usual = usual_server(template).expect("the template's name was checked");
    let servers = if args.server.is_empty() && asked {
        let check = |text: &str| if text.trim().is_empty() { Err("a URI, or a host alone".to_owned()) } else { Ok(()) };
        vec![prompt.text("Where is the devices' server?", Some(usual), &check, "say it with --server URI")?]
    } else {
        args.server.clone()
    };
    Ok(ScaffoldAnswers {
        fleet: fleet_name(args, root),
        devices,
        servers: servers.iter().map(|server| with_scheme(server.trim(), usual)).collect(),
        demo: args.demo,
        organization: None,
        registration: args.registration.clone(),
    })
}

fn number(text: &str) -> Result<u32, String> {
    let range = 1..=100_000;
    text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| "a number from 1 to 100000".to_owned())
}

/// Returns the server's address; a host alone, or a host and its port, gets the scheme (and the port) of `usual`.
fn with_scheme(server: &str, usual: &str) -> String {
    if server.contains("://") {
        return server.to_owned();
    }
    let (scheme, rest) = usual.split_once("://").expect("the usual server is a URI");
    let port = rest.rsplit_once(':').map_or("", |(_, port)| port);
    let has_port = server.rsplit_once(':').is_some_and(|(host, _)| !host.contains(':') || host.ends_with(']'));
    if has_port || port.is_empty() { format!("{scheme}://{server}") } else { format!("{scheme}://{server}:{port}") }
}

/// Returns the fleet's name: the one given, else the folder's, with what a name cannot hold replaced.
fn fleet_name(args: &Args, root: &Path) -> String {
    let folder = || root.file_name().map_or_else(|| "fleet".to_owned(), |name| name.to_string_lossy().into_owned());
    let name = args.name.clone().unwrap_or_else(folder).to_lowercase();
    let kept: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let kept = kept.trim_matches('-');
    if kept.is_empty() { "fleet".to_owned() } else { kept.to_owned() }
}

fn tell(
    context: &Context,
    root: &Path,
    template: &str,
    devices: usize,
    demo: bool,
    sealed_to: Option<&str>,
) -> anyhow::Result<()> {
    if context.printer.is_json() {
        let made = json!({ "fleet": root, "template": template, "devices": devices, "demo": demo });
        context.printer.document(&made);
    }
    let shown = root.display();
    context.printer.talk(format_args!("fleet made in {shown}: {} of template {template}", count(devices, "device")));
    if demo {
        context
            .printer
            .talk("its authority is a demo, made at the first use; its certificates are refused on real hardware");
    } else {
        founded::tell(context, root)?;
    }
    if let Some(key) = sealed_to {
        context.printer.talk(format_args!(
            "its bundles are sealed; what the device image needs: firstlight seal export --out image/ --batch {key} --fleet {shown}"
        ));
    }
    context.printer.talk(format_args!("next:  firstlight check --fleet {shown}"));
    let rehearsal = if chip_fleets().any(|(name, _)| name == template) {
        "flash --fleet SHOWN --all --programmer 'file:chips/{id}'"
    } else {
        "write --fleet SHOWN --all --to image:out/"
    };
    context.printer.talk(format_args!("       firstlight {}", rehearsal.replace("SHOWN", &shown.to_string())));
    Ok(())
}
