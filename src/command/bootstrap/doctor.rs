//! `firstlight bootstrap doctor`: why a device does not get through its bootstrap, and what to do about it.

use serde_json::Value;

use crate::command::doctor::check::{self, Check, State};
use crate::command::selection::endpoint_name;
use crate::command::{Context, Status, opened, registry};
use crate::fleet::{Class, CredentialKind, DevicePlan, EndpointName, Fleet, Security};
use crate::registry::{CredentialState, Registry, RegistryError, StoredEvent};
use crate::station::remote::bootstrap_server;

use crate::command::serve::failures;

const EXAMPLES: &str = "\
Examples:
  $ firstlight bootstrap doctor gw-0007
  $ firstlight bootstrap doctor gw-0007 --json";

/// Events that are looked through for the last bootstrap, at most.
const LOOKED_AT: i64 = 1_000;
/// The longest key that clients with small buffers take, in bytes (the default of Zephyr's client).
const SMALL_KEY: u32 = 16;

/// Arguments of `firstlight bootstrap doctor`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The device, by endpoint name
    #[arg(value_name = "ID", value_parser = endpoint_name)]
    pub id: EndpointName,
}

/// Runs `firstlight bootstrap doctor`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let (folder, _) = opened::folder(context, None)?;
    let fleet = &folder.fleet;
    let records = registry::records_at_hand(context)?;
    let id = fleet.device_as_written(&args.id).unwrap_or(args.id);
    let mut checks = Vec::new();
    match fleet.plan_of_servers(&id) {
        Ok(plan) => checks.extend(planned(fleet, &plan, records.registry.as_ref())?),
        Err(error) => checks.push(
            Check::new("fleet", State::Fail, [error.to_string()])
                .fix("add the device to the inventory, with its profile"),
        ),
    }
    checks.extend(failed(&failures::of_fleet(&folder.root), fleet, &id));
    checks.push(last(records.registry.as_ref(), &id)?);
    context.printer.report(&serde_json::json!({ "device": id.as_str(), "checks": checks }), || check::text(&checks));
    let is_well = checks.iter().all(|check| check.state != State::Fail);
    Ok(if is_well { Status::Done } else { Status::Ended(Class::Surroundings) })
}

/// What the fleet file and the records say before any device comes.
fn planned(fleet: &Fleet, plan: &DevicePlan, registry: Option<&Registry>) -> Result<Vec<Check>, RegistryError> {
    let Some(server) = bootstrap_server(plan) else {
        let words = format!("profile {:?} has no bootstrap server", plan.profile);
        let fix = "add to servers: {protocol: lwm2m, role: bootstrap, uri: \"coaps://HOST:5684\", security: psk, ...}";
        return Ok(vec![Check::new("server", State::Fail, [words]).fix(fix)]);
    };
    let served = fleet.serve().lwm2m.as_ref();
    let is_open = server.security == Security::None;
    let is_served = served.is_some_and(|served| if is_open { served.coap.is_some() } else { served.coaps.is_some() });
    let (scheme, wanted) =
        if is_open { ("coap", "coap: ADDRESS:5683, nosec: true") } else { ("coaps", "coaps: ADDRESS:5684") };
    let fact = format!("the device is told {:?}", server.uri);
    let mut checks = vec![if is_served {
        Check::new("server", State::Ok, [fact])
    } else {
        let missing = format!("`serve` does not listen for {scheme}");
        Check::new("server", State::Fail, [fact, missing]).fix(format!("serve: {{lwm2m: {{{wanted}}}}}"))
    }];
    if let Some(name) = &server.credential {
        checks.push(credential(plan, name, registry)?);
    }
    Ok(checks)
}

fn credential(plan: &DevicePlan, name: &str, registry: Option<&Registry>) -> Result<Check, RegistryError> {
    let Some(registry) = registry else {
        return Ok(Check::unknown("credential", "the registry cannot be looked at"));
    };
    let rows = registry.credentials(plan.device.as_str())?;
    let row = rows.iter().rev().find(|row| row.name == name && row.state == CredentialState::Active);
    let kind = plan.credentials.get(name).map(|shape| &shape.kind);
    let is_derived = matches!(kind, Some(CredentialKind::Psk { group: Some(_), .. }));
    let Some(row) = row.filter(|row| row.kind != "psk" || row.sealed_key.is_some()) else {
        if is_derived {
            let fact = format!("credential {name:?} is derived from its group's key");
            return Ok(Check::new("credential", State::Ok, [fact]));
        }
        let fact = format!("the registry has no credential {name:?} of it that this server could check by");
        let fix = format!("firstlight write {} --to TARGET, or: firstlight ledger sync", plan.device);
        return Ok(Check::new("credential", State::Fail, [fact]).fix(fix));
    };
    let identity = row.public["identity"].as_str().map(|identity| format!(", identity {identity:?}"));
    let fact = format!("credential {name:?} ({}{}) is known", row.kind, identity.unwrap_or_default());
    let long = match kind {
        Some(CredentialKind::Psk { bytes, .. }) if u32::from(*bytes) > SMALL_KEY => Some(*bytes),
        _ => None,
    };
    Ok(match long {
        None => Check::new("credential", State::Ok, [fact]),
        Some(bytes) => {
            let long = format!("its key has {bytes} bytes; clients with small buffers take {SMALL_KEY}");
            Check::new("credential", State::Warn, [fact, long]).fix("bytes: 16, where the handshake fails")
        }
    })
}

/// The last handshake or request of the device that came to nothing.
fn failed(failures: &[Value], fleet: &Fleet, id: &EndpointName) -> Option<Check> {
    let serial = fleet.plan_of_servers(id).ok().and_then(|plan| plan.serial);
    let pattern = fleet.serve().lwm2m.as_ref().map(|served| served.endpoint.clone()).unwrap_or_default();
    let is_its = |line: &&Value| {
        let names = ["identity", "endpoint"].into_iter().filter_map(|key| line[key].as_str());
        names.into_iter().any(|name| {
            name.eq_ignore_ascii_case(id.as_str())
                || pattern.is_of(name, id.as_str(), serial.as_ref().map(crate::fleet::SerialNumber::as_str))
                || name.eq_ignore_ascii_case(&format!("0x{}", hex::encode(id.as_str())))
        })
    };
    let line = failures.iter().rev().find(is_its)?;
    let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let name = match line["what"].as_str() {
        Some("handshake") => "handshake",
        Some("registration") => "registration",
        _ => "request",
    };
    let fact = format!("{} from {}: the last {name} that came to nothing: {}", text("time"), text("from"), text("why"));
    let check = Check::new(name, State::Warn, [fact]);
    let fix = text("fix");
    Some(if fix.is_empty() { check } else { check.fix(fix) })
}

/// The last bootstrap that came to an end.
fn last(registry: Option<&Registry>, id: &EndpointName) -> Result<Check, RegistryError> {
    let Some(registry) = registry else {
        return Ok(Check::unknown("bootstrap", "the registry cannot be looked at"));
    };
    let events = registry.device_history(id.as_str(), LOOKED_AT)?;
    let Some(event) =
        events.iter().find(|event| matches!(event.what.as_str(), "bootstrap-finished" | "bootstrap-failed"))
    else {
        return Ok(Check::unknown("bootstrap", "it was never bootstrapped, as far as the registry knows"));
    };
    let result = event.detail["result"].as_str().unwrap_or_default();
    let fact = format!("{}: {result}", crate::ui::measure::moment(event.at));
    if event.what == "bootstrap-finished" {
        return Ok(Check::new("bootstrap", State::Ok, [fact]));
    }
    let check = Check::new("bootstrap", State::Fail, [fact]);
    Ok(match fix(event) {
        Some(fix) => check.fix(fix),
        None => check,
    })
}

/// What to do about a bootstrap that failed.
fn fix(event: &StoredEvent) -> Option<&'static str> {
    let result = event.detail["result"].as_str().unwrap_or_default();
    Some(match event.detail["reason"].as_str()? {
        "answered" if result.contains("4.13") => {
            "the client takes less at once: a smaller `block` in its client profile"
        }
        "answered" if result.contains("4.08") => {
            "it lost a block: `same_token: true` or a smaller `block` in its client profile"
        }
        "answered" if result.contains("4.15") || result.contains("4.06") => {
            "it does not read the content format: give `format` in its client profile"
        }
        "answered" if result.contains("4.00") => {
            "it does not take a resource or value: list what it knows under `resources` in its client profile"
        }
        "answered" if result.contains("5.00") => "it has no room: fewer servers, or delete before you write",
        "unanswered" => "the link is slow or the device is gone: a client profile with longer pauses, such as nb-iot",
        "beyond" => "shorten the credential (`bytes: 16`), or correct the limits of its client profile",
        "unsound" | "withheld" => "correct `servers:` or `bootstrap:` in the fleet file; `firstlight check` helps",
        "service" => "look at the outside service that a step consults",
        "differs" => "the device does not keep what it is told: its own log says more",
        "given-up" => "it began anew in the middle; two devices of one name do so to each other",
        _ => return None,
    })
}
