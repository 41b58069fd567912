//! `firstlight serve`: the registration server.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::authority::Authority;
use crate::delivery::SealedMaterial;
use crate::fleet::enrolment::Subscription;
use crate::fleet::{AdminHolder, AdminSpec, Class, EndpointName, Secret, ServeCertificate};
use crate::host::files::read_bounded;
use crate::registration::{
    AclFile, AdminCertificate, AdminRule, ClaimKeys, Desk, Equipment, FleetIssuer, Models, Office,
};
use crate::registry::{CredentialRow, Registry};
use crate::server::{Bounds, Log, Running, Server, ServerConfig, TlsFiles};
use crate::station::post::PRIVATE_FOLDER;
use crate::station::{Station, issue};
use crate::ui::{Complaint, Hangup, Printer};

use super::hook_ground::Ground;
use super::model::at_hand;
use super::place::operator;
use super::serving_bundles::{Opening, Stand, StationBundles};
use super::serving_certificate::OwnCertificate;
use super::{Context, Status, registry};

const EXAMPLES: &str = "\
Examples:
  $ firstlight serve
  $ firstlight serve --listen 0.0.0.0:8443";

/// How long requests at work may take after Ctrl-C.
const FAREWELL: Duration = Duration::from_secs(10);
/// How often certificate and policies are looked at for a change.
const LOOK: Duration = Duration::from_secs(10);

/// How often the access list for mosquitto is looked at, at most.
const LEAST_ACL: Duration = Duration::from_secs(1);
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
    let mut acl = AclKeeper::of(&station);
    let (tls, mut own_certificate) = certificate(&station, context)?;
    let config = config(&args, &station, tls);
    let own = at_hand::own(&station.folder().root, station.folder().fleet.models())?;
    let actor = format!("operator {}", operator(&context.globals));
    let models = at_hand::publish_own(own, &registry, &actor, &context.printer)?;
    let bundles = Arc::new(StationBundles::new(Arc::clone(&station), context.printer.clone()));
    let desk = Arc::new(desk(&station, &registry, &models, Arc::clone(&bundles), context)?);
    let office = Office::new(registry.clone(), Arc::clone(&context.random)).with_models(models);
    let office = office.with_admins(&admins(&station)?).map_err(|words| Complaint::new(Class::Input, words))?;
    let office = Arc::new(office);
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
        keep_acl(&mut acl, &registry, context);
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
            if let Some(own) = &mut own_certificate {
                renew(own, &running, context);
            }
        }
    }
    let cut = running.shutdown(FAREWELL);
    context.printer.talk(format_args!("stopped; {cut} connections were cut"));
    Ok(Status::Done)
}

/// Reads the fleet anew. A file that is wrong now is no reason to stop serving: what was read before stays.
fn reread(opening: &Opening, bundles: &StationBundles, context: &Context) {
    let again = opening.station(context).and_then(|station| {
        registry::of_folder(context, station.folder())?;
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
        longest_body: usize::try_from(spec.limits.body).unwrap_or(usize::MAX),
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
        open_metrics: spec.metrics,
        takes_hangup: true,
    }
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

/// The access list for mosquitto, where the fleet file names one, and when it is looked at next.
struct AclKeeper(Option<(AclFile, Instant)>);

impl AclKeeper {
    fn of(station: &Station) -> Self {
        let folder = station.folder();
        let path = folder.fleet.enrolment().mqtt_acl.as_ref();
        Self(path.map(|path| (AclFile::new(&folder.root.join(path.value.as_ref())), Instant::now())))
    }
}

/// Writes the access list where it changed. A long one is made anew less often.
fn keep_acl(acl: &mut AclKeeper, registry: &Registry, context: &Context) {
    let Some((file, next)) = acl.0.as_mut().filter(|(_, next)| Instant::now() >= *next) else { return };
    let began = Instant::now();
    match file.keep(registry) {
        Ok(None) => {}
        Ok(Some(list)) => {
            context.printer.event(&json!({ "event": "acl", "lines": list.lines, "left_out": list.left_out.len() }));
        }
        Err(error) => context.printer.warn(format_args!("the access list could not be written: {error}")),
    }
    *next = Instant::now() + LEAST_ACL.max(began.elapsed() * 20);
}

fn subscriptions(fleet: &crate::fleet::Fleet) -> BTreeMap<String, Subscription> {
    let subscribers = fleet.enrolment().subscribers.iter();
    subscribers.map(|(name, subscription)| (name.to_string(), subscription.clone())).collect()
}

fn desk(
    station: &Arc<Station>,
    registry: &Registry,
    models: &Arc<Models>,
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
    let issuer = issuer.with_models(Arc::clone(models));
    Ok(Desk::open(Equipment {
        registry: registry.clone(),
        keys: Arc::new(StationKeys(Arc::clone(station))),
        issuer: Arc::new(issuer),
        bundles,
        root,
        clock,
        random,
        alarm: Arc::new(move |error| printer.warn(error)),
        hooks: Arc::new(Ground::open(station, context)?),
        subscriptions: subscriptions(&folder.fleet),
    })?)
}
