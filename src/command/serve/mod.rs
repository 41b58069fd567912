//! `firstlight serve`: the registration server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Bounds, Log, Running, Server, ServerConfig, TlsFiles};
use crate::station::Station;
use crate::ui::{Hangup, Printer};

use super::{Context, Status};

mod acl;
mod bundles;
mod certificate;
mod configuring;
mod equipment;
pub(crate) mod failures;
mod finished;
mod live;
mod lwm2m;
mod managing;
mod seldom;
mod staff;
mod upkeep;

use failures::Failures;
use staff::Staff;
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
        if self.0.is_json() {
            return self.0.record(line);
        }
        self.0.at_once(&live::words(line).unwrap_or_else(|| format!("{line}\n")));
    }
}

/// What runs.
struct Served {
    registry: Running,
    lwm2m: Option<lwm2m::Lwm2m>,
    log: Arc<Failures<Lines>>,
}

/// Runs `firstlight serve`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    if context.globals.plan {
        return Ok(context.would("serve the registry"));
    }
    // Before anybody can know that we are here.
    let hangup = Hangup::listen()?;
    let mut upkeep = Upkeep::begin(hangup, context)?;
    let Served { registry: running, lwm2m, log } = start(&args, &mut upkeep, context)?;
    context.printer.event(&json!({ "event": "listening", "address": running.address().to_string() }));
    context.printer.talk(format_args!("listening at https://{}", running.address()));
    while context.interrupt.asked().is_none() {
        std::thread::sleep(PAUSE);
        upkeep.look(&running, context);
        if let Some(lwm2m) = &lwm2m {
            lwm2m.look();
        }
        note_failures(&log, context);
    }
    drop(lwm2m);
    let cut = running.shutdown(FAREWELL);
    context.printer.talk(format_args!("stopped; {cut} connections were cut"));
    Ok(Status::Done)
}

/// Calls desk and office together and opens the doors.
fn start(args: &Args, upkeep: &mut Upkeep, context: &Context) -> anyhow::Result<Served> {
    let (station, registry) = (upkeep.station(), upkeep.registry().clone());
    let config = config(args, &station, upkeep.certificate(context)?);
    let staff = Arc::new(Staff::new(&station, &registry, upkeep.bundles(), context)?);
    upkeep.renews(Arc::clone(&staff));
    let log = Arc::new(Failures::new(&station.folder().root, Lines(context.printer.clone())));
    let lines: Arc<dyn Log> = Arc::clone(&log) as Arc<dyn Log>;
    let lwm2m = lwm2m::start(upkeep, &staff, &config.tls, &lines, context)?;
    let registry = Server::start(config, Arc::clone(&staff) as _, staff, Arc::clone(&context.clock), lines)?;
    if let Some(lwm2m) = &lwm2m {
        registry.also_shows(lwm2m.figures());
    }
    Ok(Served { registry, lwm2m, log })
}

fn note_failures(log: &Failures<Lines>, context: &Context) {
    if let Err(error) = log.write() {
        context.printer.warn(format_args!("failed handshakes could not be noted: {error}"));
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
