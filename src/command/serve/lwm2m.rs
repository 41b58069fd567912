//! The bootstrap server of `LwM2M` beside the registry's.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::bootstrap::Configurations;
use crate::coap::Timing;
use crate::command::Context;
use crate::dtls::PreSharedKeys;
use crate::server::lwm2m::{Lwm2mBounds, Lwm2mConfig, Lwm2mGround, Lwm2mServer};
use crate::server::{Log, TlsFiles};

use super::configuring::Configuring;
use super::finished::Finished;
use super::managing;
use super::seldom::Seldom;
use super::staff::Staff;
use super::upkeep::Upkeep;

/// The server, and the thread that works triggers and rollouts off: it ends first.
pub(super) struct Lwm2m {
    _works: managing::Works,
    server: Lwm2mServer,
}

impl Lwm2m {
    /// Looks whether what proves it was made anew.
    pub(super) fn look(&self) {
        self.server.follow_identity();
    }

    /// Returns what `/metrics` shows of it.
    pub(super) fn figures(&self) -> Arc<dyn Fn() -> String + Send + Sync> {
        self.server.figures()
    }
}

/// Starts it, where the fleet file says so.
pub(super) fn start(
    upkeep: &Upkeep,
    staff: &Arc<Staff>,
    identity: &TlsFiles,
    log: &Arc<dyn Log>,
    context: &Context,
) -> anyhow::Result<Option<Lwm2m>> {
    let station = upkeep.station();
    let Some(spec) = &station.folder().fleet.serve().lwm2m else { return Ok(None) };
    let config = Lwm2mConfig {
        coap: spec.coap,
        coaps: spec.coaps,
        identity: Some(identity.clone()),
        slow_links: station.folder().fleet.bootstrap().has_slow_links(),
        timing: Timing::default(),
        bounds: Lwm2mBounds {
            peers: spec.peers as usize,
            idle: Duration::from_secs(u64::from(spec.idle)),
            ..Lwm2mBounds::default()
        },
        transcripts: spec.transcripts.as_ref().map(|path| station.folder().root.join(path.value.as_ref())),
    };
    let configuring = Arc::new(Configuring {
        stations: upkeep.bundles(),
        registry: upkeep.registry().clone(),
        staff: Arc::clone(staff),
        clock: Arc::clone(&context.clock),
        random: Arc::clone(&context.random),
        printer: context.printer.clone(),
        finished: Finished::default(),
        lookups: Seldom::default(),
    });
    let front = managing::front(&configuring, log, context);
    let server = Lwm2mServer::start(
        &config,
        Lwm2mGround {
            keys: Arc::clone(&configuring) as Arc<dyn PreSharedKeys>,
            configurations: Arc::clone(&configuring) as Arc<dyn Configurations>,
            front: front.clone(),
            clock: Arc::clone(&context.clock),
            random: Arc::clone(&context.random),
            log: Arc::clone(log),
        },
    )?;
    for (scheme, address) in [("coap", server.coap()), ("coaps", server.coaps())] {
        let Some(address) = address else { continue };
        context.printer.event(&json!({ "event": "bootstrapping", "scheme": scheme, "at": address.to_string() }));
        context.printer.talk(format_args!("bootstrapping at {scheme}://{address}"));
    }
    // Also without a management server: others may trigger, and rollouts go on.
    let front = front.unwrap_or_else(|| managing::closed(&configuring, log, context));
    let works = managing::Works::start(&configuring, front, server.pusher())?;
    Ok(Some(Lwm2m { _works: works, server }))
}
