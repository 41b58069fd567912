//! `firstlight token`: tokens of devices that register, and of people and programs that administer.

use serde_json::json;

use crate::fleet::EndpointName;
use crate::fleet::enrolment::Role;
use crate::registry::Scope;

use super::registry::Change;
use super::{Context, Status, registry};

/// Examples of the noun.
pub const EXAMPLES: &str = "\
Examples:
  $ firstlight token new --group line-a --uses 1
  $ firstlight token new --role admin
  $ firstlight token list";

const NEW: &str = "\
Examples:
  $ firstlight token new --group line-a --uses 1
  $ firstlight token new --role admin --days 90";

const LIST: &str = "\
Examples:
  $ firstlight token list
  $ firstlight token list --json";

const REVOKE: &str = "\
Examples:
  $ firstlight token revoke 7f3a09c2d4e1
  $ firstlight token revoke 7f3a09c2d4e1 --plan";

/// Most tokens that are listed.
const MOST: u32 = 10_000;

/// The subcommands of `firstlight token`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// Make a token; it is shown once and stored as a digest only
    #[command(after_help = NEW, override_usage = "firstlight token new [OPTIONS]")]
    New(New),
    /// List tokens
    #[command(after_help = LIST)]
    List,
    /// Revoke a token
    #[command(after_help = REVOKE)]
    Revoke {
        /// Its id, as `token list` shows it
        id: String,
    },
}

/// Arguments of `firstlight token new`.
#[derive(clap::Args, Debug)]
#[group(required = true, args = ["role", "group"])]
pub struct New {
    /// For administering, in this role
    #[arg(long, value_enum, conflicts_with_all = ["group", "device"])]
    pub role: Option<RoleWord>,
    /// For devices of this enrolment group
    #[arg(long)]
    pub group: Option<String>,
    /// For this device only
    #[arg(long, value_name = "ID", requires = "group")]
    pub device: Option<String>,
    /// How often it may be used; any number of times without
    #[arg(long, value_name = "NUMBER")]
    pub uses: Option<u64>,
    /// For how many days it is good; for ever without
    #[arg(long, value_name = "DAYS")]
    pub days: Option<u32>,
}

/// Roles.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum RoleWord {
    /// Looks
    Viewer,
    /// Also lists, allows and blocks devices
    Technician,
    /// Also approves and denies
    Approver,
    /// Everything
    Admin,
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Viewer => Role::Viewer,
            RoleWord::Technician => Role::Technician,
            RoleWord::Approver => Role::Approver,
            RoleWord::Admin => Role::Admin,
        }
    }
}

/// Runs `firstlight token`.
pub fn run(action: Action, context: &Context) -> anyhow::Result<Status> {
    match action {
        Action::New(new) => make(&new, context),
        Action::List => list(context),
        Action::Revoke { id } => {
            let (would, said) = (format!("revoke token {id:?}"), format!("revoked token {id}"));
            let change = Change { would, done: json!({ "revoked": id }), said: &said };
            registry::change(context, change, |registry, actor| registry.revoke_token(actor, &id))
        }
    }
}

fn make(new: &New, context: &Context) -> anyhow::Result<Status> {
    if context.globals.plan {
        return Ok(context.would("make a token"));
    }
    let (_, registry) = registry::open(context)?;
    let scope = match (new.role, &new.group, &new.device) {
        (Some(role), _, _) => Scope::Role(role.into()),
        (None, group, Some(device)) => {
            let device = EndpointName::new(device)?.folded();
            Scope::Device { group: group.clone().unwrap_or_default(), device }
        }
        (None, group, None) => Scope::Group(group.clone().unwrap_or_default()),
    };
    let expires = new.days.map(|days| context.clock.now() + time::Duration::days(days.into()));
    let (secret, token) =
        registry.make_token(&registry::actor(context), &scope, new.uses, expires, &*context.random)?;
    secret.expose(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        context.printer.report(&json!({ "token": text, "id": token.id }), || format!("{text}\n"));
    });
    context.printer.talk(format_args!("token {}: shown once, here; only its digest is stored", token.id));
    Ok(Status::Done)
}

fn list(context: &Context) -> anyhow::Result<Status> {
    let (_, registry) = registry::open(context)?;
    for token in registry.tokens("", MOST)? {
        if context.printer.is_json() {
            context.printer.record(&token);
            continue;
        }
        let state = if token.is_good(context.clock.now()) { "good" } else { "void" };
        context.printer.line(format_args!("{}  {}  {state}", token.id, json!(token.scope)));
    }
    Ok(Status::Done)
}
