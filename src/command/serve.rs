//! `firstlight serve`: the registration server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::authority::Authority;
use crate::fleet::{EndpointName, Secret, ServeCertificate};
use crate::registration::{ClaimKeys, Desk, Equipment, FleetIssuer, Office};
use crate::server::{Bounds, Log, Running, Server, ServerConfig, TlsFiles};
use crate::station::Station;
use crate::station::post::PRIVATE_FOLDER;
use crate::ui::Printer;

use super::serving_certificate::OwnCertificate;
use super::{Context, Status, opened, registry};

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
    let station = Arc::new(opened::station(context, None)?);
    let registry = registry::of_folder(context, station.folder())?;
    let (tls, mut own) = certificate(&station, context)?;
    let config = config(&args, &station, tls);
    let desk = Arc::new(desk(&station, &registry, context)?);
    let office = Arc::new(Office::new(registry, Arc::clone(&context.random)));
    let log = Arc::new(Lines(context.printer.clone()));
    let running = Server::start(config, Arc::clone(&desk) as _, office, Arc::clone(&context.clock), log)?;
    context.printer.event(&json!({ "event": "listening", "address": running.address().to_string() }));
    context.printer.talk(format_args!("listening at https://{}", running.address()));
    let mut since = Duration::ZERO;
    let pause = Duration::from_millis(100);
    while context.interrupt.asked().is_none() {
        std::thread::sleep(pause);
        since += pause;
        if since >= LOOK {
            since = Duration::ZERO;
            if let Err(error) = desk.refresh() {
                context.printer.warn(format_args!("the groups could not be read again: {error}"));
            }
            if let Some(own) = &mut own {
                renew(own, &running, context);
            }
        }
    }
    let cut = running.shutdown(FAREWELL);
    context.printer.talk(format_args!("stopped; {cut} connections were cut"));
    Ok(Status::Done)
}

/// Certificate and key: the operator's files, or one that the fleet's own authority makes.
fn certificate(station: &Arc<Station>, context: &Context) -> anyhow::Result<(TlsFiles, Option<OwnCertificate>)> {
    let root = &station.folder().root;
    match &station.folder().fleet.serve().certificate {
        ServeCertificate::Own { names } => {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            let (station, clock, random) =
                (Arc::clone(station), Arc::clone(&context.clock), Arc::clone(&context.random));
            let issue = move || station.authority().issue_for_server(&names, &*clock, &*random);
            let own = OwnCertificate::make(&root.join(PRIVATE_FOLDER), &context.clock, issue)?;
            Ok((own.files().clone(), Some(own)))
        }
        ServeCertificate::Files { certificate, key } => {
            let [certificate, key] = [certificate, key].map(|path| root.join(path.value.as_ref()));
            Ok((TlsFiles { certificate, key }, None))
        }
    }
}

/// A certificate that cannot be made anew is no reason to stop serving: the one in force goes on.
fn renew(own: &mut OwnCertificate, running: &Running, context: &Context) {
    let renewed = own.renew_if_due().and_then(|is_new| if is_new { Ok(running.reload()?) } else { Ok(()) });
    if let Err(error) = renewed {
        context.printer.warn(format_args!("the server's certificate could not be made anew: {error}"));
    }
}

fn config(args: &Args, station: &Station, tls: TlsFiles) -> ServerConfig {
    let spec = station.folder().fleet.serve();
    let bounds = Bounds {
        connections: spec.limits.connections as usize,
        // However many a source opens, there is room for others.
        connections_of_source: (spec.limits.connections as usize / 2).max(1),
        header: Duration::from_secs(u64::from(spec.limits.header_timeout)),
        ..Bounds::default()
    };
    ServerConfig {
        listen: args.listen.unwrap_or(spec.listen),
        tls,
        rates: spec.limits.rates,
        bounds,
        look_every: LOOK,
        takes_hangup: true,
    }
}

fn desk(station: &Arc<Station>, registry: &crate::registry::Registry, context: &Context) -> anyhow::Result<Desk> {
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
        root,
        clock,
        random,
        alarm: Arc::new(move |error| printer.warn(error)),
    })?)
}
