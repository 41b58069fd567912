//! `firstlight trust`: allows this fleet's programs, by digest.

use serde_json::json;

use crate::fleet::{Class, Digest};
use crate::station::Station;
use crate::station::post::PRIVATE_FOLDER;
use crate::station::trust::{self, FleetProgram, Trust, TrustError};
use crate::ui::{Complaint, Prompt};

use super::opened;
use super::place::{fleet_folder, operator};
use super::{Context, Status};

const EXAMPLES: &str = "\
Examples:
  $ firstlight trust
  $ firstlight trust --list
  $ firstlight trust --revoke 3f0c92";

/// Arguments of `firstlight trust`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Show the fleet's programs and which are trusted; change nothing
    #[arg(long)]
    pub list: bool,
    /// Trust what has this digest no more (its beginning is enough)
    #[arg(long, value_name = "DIGEST", conflicts_with_all = ["list", "digest"])]
    pub revoke: Option<String>,
    /// Trust the program of exactly this digest, for scripts; --yes never stands for it
    #[arg(long, value_name = "DIGEST", conflicts_with = "list")]
    pub digest: Vec<String>,
}

/// A program and whether it is trusted as it is now.
struct Seen {
    program: FleetProgram,
    digest: Digest,
    is_trusted: bool,
}

/// Runs `firstlight trust`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let trust = Trust::new(&fleet_folder(&context.globals)?, &context.machine())?;
    if let Some(digest) = &args.revoke {
        return revoke(&trust, digest, context);
    }
    let seen = look(&trust, context)?;
    if args.list {
        return Ok(list(&seen, context));
    }
    if seen.is_empty() {
        context.printer.talk("the fleet names no program");
    }
    let chosen: Vec<&Seen> = match &args.digest[..] {
        [] => seen.iter().filter(|seen| !seen.is_trusted).collect(),
        digests => named(&seen, digests)?,
    };
    if context.globals.plan {
        let uses: Vec<&str> = chosen.iter().map(|seen| seen.program.uses.as_str()).collect();
        return Ok(context.would(&format!("trust {}", uses.join(", "))));
    }
    if !chosen.is_empty() {
        found(context)?;
    }
    let mut declined = false;
    for seen in chosen {
        show(seen, context);
        if args.digest.is_empty() && !ask(seen, context)? {
            declined = true;
            continue;
        }
        trust.add(&seen.program, seen.digest, &operator(&context.globals), context.clock.now())?;
        context.printer.talk(format_args!("{} is trusted as it is now", seen.program.uses));
    }
    Ok(if declined { Status::Ended(Class::Refused) } else { Status::Done })
}

fn look(trust: &Trust, context: &Context) -> anyhow::Result<Vec<Seen>> {
    let (folder, _) = opened::folder(context, None)?;
    let known: Vec<Digest> = trust.list()?.into_iter().map(|trusted| trusted.digest).collect();
    let seen = trust::programs(&folder.fleet).into_iter().map(|program| {
        let digest = trust.digest(&program)?;
        Ok(Seen { program, digest, is_trusted: known.contains(&digest) })
    });
    Ok(seen.collect::<Result<_, TrustError>>()?)
}

/// What is trusted is kept in the fleet's private folder, which a demo makes at its first work.
fn found(context: &Context) -> anyhow::Result<()> {
    let (folder, shelf) = opened::folder(context, None)?;
    if folder.root.join(PRIVATE_FOLDER).exists() {
        return Ok(());
    }
    Station::open(folder, shelf, opened::surroundings(context))?;
    Ok(())
}

/// A digest names one program: whole, for whoever types it has looked at exactly this.
fn named<'a>(seen: &'a [Seen], digests: &[String]) -> Result<Vec<&'a Seen>, TrustError> {
    let find = |text: &String| {
        let found = seen.iter().find(|seen| seen.digest.to_string() == *text);
        found.ok_or_else(|| TrustError::Unknown { text: text.clone() })
    };
    digests.iter().map(find).collect()
}

fn ask(seen: &Seen, context: &Context) -> Result<bool, Complaint> {
    let instead = format!("without a terminal, agree to exactly this: firstlight trust --digest {}", seen.digest);
    Prompt::new(&context.printer).confirm("Let this station run it, until it changes?", &instead)
}

fn show(seen: &Seen, context: &Context) {
    let spec = &seen.program.spec;
    context.printer.talk(format_args!("{}, digest {}", seen.program.uses, seen.digest));
    context.printer.talk(format_args!("  runs {}", quoted(&spec.argv)));
    if !spec.files.is_empty() {
        context.printer.talk(format_args!("  uses {}", quoted(&spec.files)));
    }
    if spec.as_root {
        context.printer.talk("  may run AS ROOT");
    }
}

/// Words come from strangers: quoted and escaped.
fn quoted(words: &[String]) -> String {
    words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(" ")
}

fn list(seen: &[Seen], context: &Context) -> Status {
    for seen in seen {
        let (spec, uses) = (&seen.program.spec, &seen.program.uses);
        if context.printer.is_json() {
            context.printer.record(&json!({
                "uses": uses,
                "digest": seen.digest.to_string(),
                "trusted": seen.is_trusted,
                "argv": spec.argv,
                "files": spec.files,
                "as_root": spec.as_root,
            }));
            continue;
        }
        let word = if seen.is_trusted { "trusted" } else { "NOT TRUSTED" };
        context.printer.line(format_args!("{}  {word}  {uses}: {}", seen.digest, quoted(&spec.argv)));
    }
    Status::Done
}

fn revoke(trust: &Trust, text: &str, context: &Context) -> anyhow::Result<Status> {
    let known = trust.list()?;
    let found: Vec<String> =
        known.iter().map(|known| known.digest.to_string()).filter(|d| d.starts_with(text)).collect();
    let [digest] = &found[..] else { return Err(TrustError::Unknown { text: text.to_owned() }.into()) };
    if context.globals.plan {
        return Ok(context.would(&format!("trust {digest} no more")));
    }
    let revoked = trust.revoke(digest)?;
    context.printer.talk(format_args!("{} is not trusted any more", revoked.uses));
    Ok(Status::Done)
}
