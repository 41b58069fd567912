//! `firstlight serve`: the registration server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::authority::Authority;
use crate::fleet::{AdminHolder, AdminSpec, Class, EndpointName, Secret, ServeCertificate};
use crate::host::files::{read_bounded, write_atomically};
use crate::registration::{AdminCertificate, AdminRule, ClaimKeys, Desk, Equipment, FleetIssuer, Office};
use crate::server::{Bounds, Log, Server, ServerConfig, TlsFiles};
use crate::station::Station;
use crate::station::post::PRIVATE_FOLDER;
use crate::ui::{Complaint, Printer};

use super::{Context, Status, opened, registry};

const EXAMPLES: &str = "\
Examples:
  $ firstlight serve
  $ firstlight serve --listen 0.0.0.0:8443";

/// How long requests at work may take after Ctrl-C.
const FAREWELL: Duration = Duration::from_secs(10);
/// How often certificate and policies are looked at for a change.
const LOOK: Duration = Duration::from_secs(10);

/// Largest PEM file with certificates of issuers, in bytes.
const LARGEST_ISSUERS: u64 = 256 * 1024;

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
    let config = config(&args, &station, context)?;
    let desk = Arc::new(desk(&station, &registry, context)?);
    let office = Office::new(registry, Arc::clone(&context.random)).with_admins(&admins(&station)?);
    let office = Arc::new(office.map_err(|words| Complaint::new(Class::Input, words))?);
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
        }
    }
    let cut = running.shutdown(FAREWELL);
    context.printer.talk(format_args!("stopped; {cut} connections were cut"));
    Ok(Status::Done)
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
        longest_body: usize::try_from(spec.limits.body).unwrap_or(usize::MAX),
        header: Duration::from_secs(u64::from(spec.limits.header_timeout)),
        ..Bounds::default()
    };
    Ok(ServerConfig {
        listen: args.listen.unwrap_or(spec.listen),
        tls,
        rates: spec.limits.rates,
        bounds,
        look_every: LOOK,
        open_metrics: spec.metrics,
        takes_hangup: true,
    })
}

/// Reads whose client certificates may administer.
fn admins(station: &Station) -> anyhow::Result<Vec<AdminRule>> {
    let folder = station.folder();
    let rule = |admin: &AdminSpec| {
        let certificate = match &admin.holder {
            AdminHolder::Fingerprint(fingerprint) => AdminCertificate::Pinned(*fingerprint),
            AdminHolder::Named { issuer, name } => {
                let path = folder.root.join(issuer.value.as_ref());
                let bytes = read_bounded(&path, LARGEST_ISSUERS)?;
                let issuers = String::from_utf8_lossy(&bytes).into_owned();
                AdminCertificate::Named { issuers, name: name.to_string() }
            }
        };
        Ok(AdminRule { certificate, role: admin.role })
    };
    folder.fleet.serve().admins.iter().map(rule).collect()
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
