//! `firstlight serve`: the registration server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::fleet::Class;
use crate::registration::Office;
use crate::server::{Bounds, Log, Running, Server, ServerConfig, TlsFiles};
use crate::station::Station;
use crate::ui::{Complaint, Hangup, Printer};

use super::model::at_hand;
use super::{Context, Status, registry};

mod acl;
mod bundles;
mod certificate;
mod equipment;
mod upkeep;

use upkeep::{LOOK, Upkeep};

const EXAMPLES: &str = "\
Examples:
  $ firstlight serve
  $ firstlight serve --listen 0.0.0.0:8443";

/// How long requests at work may take after Ctrl-C.
const FAREWELL: Duration = Duration::from_secs(10);
/// How long a look for what changed is put off.
const PAUSE: Duration = Duration::from_millis(100);

/// Arguments of `firstlight serve`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Listen at this address instead of the fleet file's
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
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
    // Before anybody can know that we are here.
    let hangup = Hangup::listen()?;
    let mut upkeep = Upkeep::begin(hangup, context)?;
    let running = start(&args, &mut upkeep, context)?;
    context.printer.event(&json!({ "event": "listening", "address": running.address().to_string() }));
    context.printer.talk(format_args!("listening at https://{}", running.address()));
    while context.interrupt.asked().is_none() {
        std::thread::sleep(PAUSE);
        upkeep.look(&running, context);
    }
    let cut = running.shutdown(FAREWELL);
    context.printer.talk(format_args!("stopped; {cut} connections were cut"));
    Ok(Status::Done)
}

/// Equips desk and office and opens the door.
fn start(args: &Args, upkeep: &mut Upkeep, context: &Context) -> anyhow::Result<Running> {
    let (station, registry) = (upkeep.station(), upkeep.registry().clone());
    let config = config(args, &station, upkeep.certificate(context)?);
    let own = at_hand::own(&station.folder().root, station.folder().fleet.models())?;
    let models = at_hand::publish_own(own, &registry, &registry::actor(context), &context.printer)?;
    let desk = Arc::new(equipment::desk(&station, &registry, &models, upkeep.bundles(), context)?);
    upkeep.refreshes(Arc::clone(&desk));
    let office = Office::new(registry, Arc::clone(&context.random)).with_models(models);
    let office = office.with_admins(&equipment::admins(&station)?);
    let office = Arc::new(office.map_err(|words| Complaint::new(Class::Input, words))?);
    let log = Arc::new(Lines(context.printer.clone()));
    Ok(Server::start(config, desk, office, Arc::clone(&context.clock), log)?)
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
