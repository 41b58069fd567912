//! `firstlight policy test`: says what would become of a registration.

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::Value;

use crate::command::devices::import::open;
use crate::command::{Context, Status, opened, registry};
use crate::fleet::Class;
use crate::fleet::enrolment::ProofKind;
use crate::registration::rehearsal::{Outcome, Rehearsal};
use crate::ui::Complaint;

const EXAMPLES: &str = "\
The request is the JSON body of POST /v1/register: {\"id\": .., \"group\": ..}.
The rules are those of the fleet file, in force or not. It exits with 6 where
the device would be refused.

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
}

impl From<ProofWord> for ProofKind {
    fn from(word: ProofWord) -> Self {
        match word {
            ProofWord::Token => ProofKind::Token,
            ProofWord::X509 => ProofKind::X509,
            ProofWord::Claim => ProofKind::Claim,
            ProofWord::Jwt => ProofKind::Jwt,
        }
    }
}

/// Runs `firstlight policy test`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let fields = read(&args)?;
    let (folder, _) = opened::folder(context, None)?;
    let registry = registry::beside(context)?;
    // No model and no hook is asked here yet: whoever can gives them.
    let rehearsal = Rehearsal {
        policies: folder.fleet.groups(),
        registry: registry.as_ref(),
        now: context.clock.now(),
        proof: args.proof.map(Into::into),
        check: None,
        models: None,
    };
    let outcome = rehearsal.run(&fields)?;
    context.printer.report(&outcome, || text(&outcome));
    Ok(if outcome.decision == "refused" { Status::Ended(Class::Refused) } else { Status::Done })
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
