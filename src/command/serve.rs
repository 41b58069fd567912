//! `firstlight serve`: the registration server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::authority::Authority;
use crate::delivery::SealedMaterial;
use crate::fleet::{EndpointName, Secret, ServeCertificate};
use crate::host::files::write_atomically;
use crate::registration::{ClaimKeys, Desk, Equipment, FleetIssuer, Office};
use crate::registry::CredentialRow;
use crate::server::{Bounds, Log, Server, ServerConfig, TlsFiles};
use crate::station::post::PRIVATE_FOLDER;
use crate::station::sharing::sync;
use crate::station::{Station, issue};
use crate::ui::{Hangup, Printer};

use super::serving_bundles::{Opening, Stand, StationBundles};
use super::{Context, Status, registry, sharing};

const EXAMPLES: &str = "\
Examples:
  $ firstlight serve
  $ firstlight serve --listen 0.0.0.0:8443";

/// How long requests at work may take after Ctrl-C.
const FAREWELL: Duration = Duration::from_secs(10);
/// How often certificate and policies are looked at for a change.
const LOOK: Duration = Duration::from_secs(10);

/// Arguments of `firstlight serve`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Listen at this address instead of the fleet file's
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
}

/// The keys of claims, from the station's fleet key.
struct StationKeys(Arc<Station>);

impl ClaimKeys for StationKeys {
    fn group_derived(&self, group: &str, generation: u32, device: &str) -> Option<Secret> {
        let device = EndpointName::new(device).ok()?;
        let fleet = self.0.folder().fleet.name();
        Some(self.0.keys().fleet_key().device_key(fleet, group, generation, &device))
    }

    fn own(&self, device: &EndpointName, credential: &CredentialRow) -> Option<Secret> {
        let (key, body) = (credential.sealed_key.clone()?.0, credential.sealed_body.clone()?.0);
        let generation = u32::try_from(credential.public["generation"].as_u64()?).ok()?;
        issue::open_told(&self.0, device, &credential.name, generation, &SealedMaterial { key, body })
    }
}

/// Writes the server's lines to standard output.
struct Lines(Printer);

impl Log for Lines {
    fn line(&self, line: &Value) {
        self.0.report(line, || format!("{line}\n"));
    }
}

/// Runs `firstlight serve`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    if context.globals.plan {
        return Ok(context.would("serve the registry"));
    }
    let opening = Opening::new(context);
    let station = opening.station(context)?;
    let registry = registry::of_folder(context, station.folder())?;
    let config = config(&args, &station, context)?;
    tell(&station, &registry, context);
    let bundles = Arc::new(StationBundles::new(Arc::clone(&station), context.printer.clone()));
    let desk = Arc::new(desk(&station, &registry, Arc::clone(&bundles), context)?);
    let office = Arc::new(Office::new(registry, Arc::clone(&context.random)));
    let log = Arc::new(Lines(context.printer.clone()));
    let running = Server::start(config, Arc::clone(&desk) as _, office, Arc::clone(&context.clock), log)?;
    context.printer.event(&json!({ "event": "listening", "address": running.address().to_string() }));
    context.printer.talk(format_args!("listening at https://{}", running.address()));
    let hangup = Hangup::listen()?;
    let mut stand = Stand::of(&station.folder().root);
    let mut since = Duration::ZERO;
    let pause = Duration::from_millis(100);
    while context.interrupt.asked().is_none() {
        std::thread::sleep(pause);
        since += pause;
        let is_hung_up = hangup.asked();
        if is_hung_up || since >= LOOK {
            let now = Stand::of(&station.folder().root);
            if is_hung_up || now != stand {
                stand = now;
                reread(&opening, &bundles, context);
            }
        }
        if is_hung_up || since >= LOOK {
            since = Duration::ZERO;
            if let Err(error) = desk.refresh() {
                context.printer.warn(format_args!("the groups could not be read again: {error}"));
            }
        }
    }
    let cut = running.shutdown(FAREWELL);
    context.printer.talk(format_args!("stopped; {cut} connections were cut"));
    Ok(Status::Done)
}

/// Tells the registry what this station made while it could not: devices that were written before the server first ran.
fn tell(station: &Station, registry: &crate::registry::Registry, context: &Context) {
    match sync(station, registry, sharing::is_shared(station.folder())) {
        Ok(synced) => sharing::warn_of(context, &synced.conflicts),
        Err(error) => context.printer.warn(format_args!("the registry has not heard all that was made here: {error}")),
    }
}

/// Reads the fleet anew. A file that is wrong now is no reason to stop serving: what was read before stays.
fn reread(opening: &Opening, bundles: &StationBundles, context: &Context) {
    let again = opening.station(context).and_then(|station| {
        let registry = registry::of_folder(context, station.folder())?;
        tell(&station, &registry, context);
        Ok(station)
    });
    match again {
        Ok(station) => {
            bundles.exchange(station);
            context.printer.event(&json!({ "event": "reread" }));
            context.printer.talk("the fleet file was read again");
        }
        Err(error) => context.printer.warn(format_args!("the fleet cannot be read again: {error:#}")),
    }
}

fn config(args: &Args, station: &Station, context: &Context) -> anyhow::Result<ServerConfig> {
    let spec = station.folder().fleet.serve();
    let root = &station.folder().root;
    let tls = match &spec.certificate {
        ServeCertificate::Own { names } => own_certificate(station, names, context)?,
        ServeCertificate::Files { certificate, key } => {
            TlsFiles { certificate: root.join(certificate.value.as_ref()), key: root.join(key.value.as_ref()) }
        }
    };
    let bounds = Bounds {
        connections: spec.limits.connections as usize,
        header: Duration::from_secs(u64::from(spec.limits.header_timeout)),
        ..Bounds::default()
    };
    Ok(ServerConfig {
        listen: args.listen.unwrap_or(spec.listen),
        tls,
        rates: spec.limits.rates,
        bounds,
        look_every: LOOK,
        takes_hangup: true,
    })
}

/// Makes a certificate of the fleet's own authority; it is made anew at every start.
fn own_certificate(station: &Station, names: &[Arc<str>], context: &Context) -> anyhow::Result<TlsFiles> {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let made = station.authority().issue_for_server(&names, &*context.clock, &*context.random)?;
    let folder: PathBuf = station.folder().root.join(PRIVATE_FOLDER);
    let files = TlsFiles { certificate: folder.join("serve.pem"), key: folder.join("serve.key") };
    made.key.expose(|key| write_atomically(&files.key, key, 0o600))?;
    write_atomically(&files.certificate, made.chain.as_bytes(), 0o600)?;
    Ok(files)
}

fn desk(
    station: &Arc<Station>,
    registry: &crate::registry::Registry,
    bundles: Arc<StationBundles>,
    context: &Context,
) -> anyhow::Result<Desk> {
    let printer = context.printer.clone();
    let folder = station.folder();
    let authority = Arc::new(Authority::open(&folder.root.join(PRIVATE_FOLDER), station.keys())?);
    let root = authority.root_der().to_vec();
    let servers = folder.fleet.servers().iter().map(|(name, server)| (name.to_string(), server.clone())).collect();
    let (clock, random) = (Arc::clone(&context.clock), Arc::clone(&context.random));
    let issuer = FleetIssuer::new(authority, servers, Arc::clone(&clock), Arc::clone(&random));
    Ok(Desk::open(Equipment {
        registry: registry.clone(),
        keys: Arc::new(StationKeys(Arc::clone(station))),
        issuer: Arc::new(issuer),
        bundles,
        root,
        clock,
        random,
        alarm: Arc::new(move |error| printer.warn(error)),
    })?)
}
