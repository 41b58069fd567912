//! `firstlight policy test`: says what would become of a registration.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::Value;

use crate::command::devices::import::open;
use crate::command::hook_ground::Ground;
use crate::command::model::at_hand;
use crate::command::opened::Sight;
use crate::command::{Context, Status, opened, registry};
use crate::fleet::enrolment::ProofKind;
use crate::fleet::{Class, Fleet};
use crate::registration::Models;
use crate::registration::rehearsal::{Checks, Outcome, Rehearsal};
use crate::registry::Registry;
use crate::station::load::FleetFolder;
use crate::ui::Complaint;

const EXAMPLES: &str = "\
The request is the JSON body of POST /v1/register: {\"id\": .., \"group\": ..}.
The rules are those of the fleet file, in force or not. The group's own check
is asked as ever (--no-hooks: not), and nothing is stored. It exits with 6
where the device would be refused.

Examples:
  $ firstlight policy test request.json
  $ firstlight policy test request.json --proof x509 --json
  $ firstlight policy test - --no-hooks < request.json";

/// The longest request, in bytes: what the server takes.
const LONGEST: u64 = 64 * 1024;

/// Arguments of `firstlight policy test`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The request; `-` is standard input
    #[arg(value_name = "REQUEST")]
    pub request: PathBuf,
    /// The proof that the device is taken to bring; the group's first without
    #[arg(long, value_enum)]
    pub proof: Option<ProofWord>,
    /// Do not ask the group's own check
    #[arg(long)]
    pub no_hooks: bool,
}

/// Kinds of proof.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum ProofWord {
    /// A token
    Token,
    /// A client certificate
    X509,
    /// A claim by a derived key
    Claim,
    /// A signed JWT
    Jwt,
    /// None: `devices scan` found it
    Found,
}

impl ProofWord {
    fn kind(self) -> Option<ProofKind> {
        match self {
            ProofWord::Token => Some(ProofKind::Token),
            ProofWord::X509 => Some(ProofKind::X509),
            ProofWord::Claim => Some(ProofKind::Claim),
            ProofWord::Jwt => Some(ProofKind::Jwt),
            ProofWord::Found => None,
        }
    }
}

/// Runs `firstlight policy test`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let fields = read(&args)?;
    let (folder, _) = opened::folder(context, None)?;
    let registry = registry::beside(context)?;
    let models = registry.as_ref().map(|registry| models(registry, &folder)).transpose()?;
    let checks = if !args.no_hooks && is_checked(&folder.fleet, &fields) { checks(context)? } else { None };
    let rehearsal = Rehearsal {
        policies: folder.fleet.groups(),
        registry: registry.as_ref(),
        now: context.clock.now(),
        proof: args.proof.and_then(ProofWord::kind),
        found: args.proof == Some(ProofWord::Found),
        checks: checks.as_ref(),
        models: models.as_ref(),
    };
    let outcome = rehearsal.run(&fields)?;
    context.printer.report(&outcome, || text(&outcome));
    Ok(if outcome.decision == "refused" { Status::Ended(Class::Refused) } else { Status::Done })
}

/// The models of the registry, with those of the folder and the rules of the fleet file, published or not.
fn models(registry: &Registry, folder: &FleetFolder) -> anyhow::Result<Models> {
    let own = at_hand::own(&folder.root, folder.fleet.models())?;
    let files = own.models.into_iter().map(|(model, _)| model).collect();
    Ok(Models::open(registry.clone(), own.migrations)?.foreseen(files, &folder.fleet.models().rules)?)
}

/// Returns true if the group that a request names, or the only one, has a check of its own: only that needs the keys.
fn is_checked(fleet: &Fleet, fields: &Value) -> bool {
    let groups = fleet.groups();
    let group = match fields["group"].as_str() {
        Some(name) => groups.get(name),
        None => groups.values().next(),
    };
    group.is_some_and(|policy| policy.hooks.validate.is_some())
}

/// Returns what asks the groups' own checks. A demo without keys, which only work makes, asks none.
fn checks(context: &Context) -> anyhow::Result<Option<Checks>> {
    let Sight::Opened(station) = opened::sight(context, None)? else {
        context.printer.warn("the group's own check is not asked: this fleet has no keys yet");
        return Ok(None);
    };
    let ground = Arc::new(Ground::open(&station, context)?);
    Ok(Some(Checks::new(station.folder().fleet.name(), ground, Arc::clone(&context.clock))))
}

fn read(args: &Args) -> anyhow::Result<Value> {
    let shown = args.request.display();
    let mut bytes = Vec::new();
    open(&args.request)?.take(LONGEST + 1).read_to_end(&mut bytes).with_context(|| format!("reading \"{shown}\""))?;
    if bytes.len() as u64 > LONGEST {
        let words = format!("\"{shown}\" is longer than {LONGEST} bytes, which is what the server takes");
        return Err(Complaint::new(Class::Input, words).into());
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| Complaint::new(Class::Input, format!("\"{shown}\" is no JSON: {error}")).into())
}

fn text(outcome: &Outcome) -> String {
    let mut text = format!("{}\n", outcome.decision);
    for step in &outcome.steps {
        let word = if step.ok { "ok " } else { "no " };
        text.push_str(&format!("  {word} {:<10} {}\n", step.rule, step.says));
    }
    if let Some(hint) = outcome.hint {
        text.push_str(&format!("what to do: {hint}\n"));
    }
    text
}
