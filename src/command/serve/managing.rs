//! The management server beside the bootstrap server: who may register, and the thread that works triggers and rollouts off.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::bootstrap::{BootstrapRequest, Refused};
use crate::command::Context;
use crate::dtls::Proof;
use crate::fleet::{EndpointName, Security, SerialNumber};
use crate::management::{Estate, Foreman, Front, FrontBounds, NotTaken, Untold, Ways};
use crate::registry::{RegistryError, Trigger};
use crate::server::Log;
use crate::server::lwm2m::Pusher;
use crate::station::remote;
use crate::ui::Printer;

use super::configuring::{Configuring, check_name, check_proof, pattern};

/// How often it is looked for work.
const LOOK: Duration = Duration::from_millis(250);
/// How long a look that failed is put off.
const LATER: Duration = Duration::from_secs(5);
/// The longest name of a stranger that is noted, in characters.
const LONGEST_NAME: usize = 128;
/// What to do about a device that comes with the key of another of its servers.
const OTHER_KEY: &str = "a client that goes on over the DTLS association of its bootstrap does so: it shakes hands anew when \
                         it tries again; or name one `credential` for both servers in `servers:`";

/// Says who may register, by what the fleet file says of the management server.
struct Managing {
    configuring: Arc<Configuring>,
    log: Arc<dyn Log>,
}

impl Managing {
    fn owned(&self, proof: &Proof, named: Option<&str>) -> Result<EndpointName, Refused> {
        let station = self.configuring.stations.station();
        let asked = BootstrapRequest { endpoint: named.map(str::to_owned), preferred: None };
        let owner = self.configuring.owner(&station, proof, &asked)?;
        let plan = remote::plan(&station, &owner.device).map_err(|error| Refused::Unknown(error.to_string()))?;
        check_name(&station, &plan, proof, &asked)?;
        let server = remote::manager(&station).and_then(|name| plan.servers.get(&name));
        let server = server.ok_or_else(|| Refused::Unknown("it is told of no management server here".to_owned()))?;
        check_proof(&plan, &owner, proof, server)?;
        self.configuring.row(&plan.device)?;
        Ok(plan.device)
    }
}

impl Managing {
    /// The device hears a code only: the reason is for who works here.
    fn note_refused(&self, refused: &Refused, named: Option<&str>, from: SocketAddr) {
        let name = named.map(|name| name.chars().take(LONGEST_NAME).collect::<String>());
        let fix = matches!(refused, Refused::OtherKey { .. }).then_some(OTHER_KEY);
        self.note(
            "refused",
            json!({ "endpoint": name, "from": from.to_string(), "why": refused.to_string(), "fix": fix }),
        );
    }

    fn note(&self, event: &str, mut line: Value) {
        line["time"] = json!(self.configuring.clock.now().format(&Rfc3339).unwrap_or_default());
        (line["what"], line["event"]) = (json!("registration"), json!(event));
        self.log.line(&line);
    }
}

impl Estate for Managing {
    fn owner(&self, proof: &Proof, named: Option<&str>, from: SocketAddr) -> Result<EndpointName, NotTaken> {
        self.owned(proof, named).map_err(|refused| {
            self.note_refused(&refused, named, from);
            match refused {
                Refused::Nameless => NotTaken::Nameless,
                Refused::Unavailable(_) => NotTaken::Later,
                _ => NotTaken::Forbidden,
            }
        })
    }

    fn registered(&self, device: &EndpointName, _: &Proof) {
        self.note("registered", json!({ "device": device.as_str() }));
        let (printer, name) = (self.configuring.printer.clone(), device.clone());
        let noted = move |noted: Result<(), RegistryError>| {
            if let Err(error) = noted {
                printer.warn(format_args!("the arrival of {name} could not be noted: {error}"));
            }
        };
        self.configuring.registry.heard_of(device.as_str(), noted.clone());
        noted(self.configuring.registry.device_arrived(device.as_str()));
    }

    fn gone(&self, device: &EndpointName, why: &'static str) {
        self.note("ended", json!({ "device": device.as_str(), "why": why }));
    }
}

/// Opens the registration interface. Short server ids are by device: where all devices have the same one it is known.
pub(super) fn front(configuring: &Arc<Configuring>, log: &Arc<dyn Log>, context: &Context) -> Option<Arc<Front>> {
    let station = configuring.stations.station();
    let name = remote::manager(&station)?;
    let number = station.folder().fleet.devices().find_map(|device| {
        let plan = remote::plan(&station, device).ok()?;
        plan.servers.get(&name)?.short_server_id
    });
    let estate = Arc::new(Managing { configuring: Arc::clone(configuring), log: Arc::clone(log) });
    Some(Arc::new(Front::new(estate, Arc::clone(&context.random), FrontBounds::default(), number)))
}

/// A front that no socket leads to.
pub(super) fn closed(configuring: &Arc<Configuring>, log: &Arc<dyn Log>, context: &Context) -> Arc<Front> {
    let estate = Arc::new(Managing { configuring: Arc::clone(configuring), log: Arc::clone(log) });
    Arc::new(Front::new(estate, Arc::clone(&context.random), FrontBounds::default(), None))
}

/// The ways beside the registration interface.
struct OtherWays {
    configuring: Arc<Configuring>,
    pusher: Pusher,
}

impl Ways for OtherWays {
    /// Whoever subscribes to events is told by the event that follows: signed, in order, at least once.
    fn webhook(&self, trigger: &Trigger) -> Result<(), Untold> {
        let station = self.configuring.stations.station();
        let fleet = &station.folder().fleet;
        let notifies = fleet.groups().values().any(|group| group.hooks.notify.is_some());
        let hears = |events: &[String]| events.is_empty() || events.iter().any(|event| event == "bootstrap-triggered");
        if notifies || fleet.enrolment().subscribers.values().any(|subscription| hears(&subscription.events)) {
            return Ok(());
        }
        let words = "no webhook subscribes to events, so nobody would trigger";
        Err(Untold::Never(format!("{words} {:?}: see docs/rollouts.md", trigger.device)))
    }

    fn push(&self, device: &str, address: Option<SocketAddr>) -> Result<(), Untold> {
        let never = |words: &str| Untold::Never(words.to_owned());
        let station = self.configuring.stations.station();
        let fleet = &station.folder().fleet;
        let id = EndpointName::new(device).ok().map(|id| fleet.device_as_written(&id).unwrap_or(id));
        let plan = id.and_then(|id| remote::plan(&station, &id).ok());
        let plan = plan.ok_or_else(|| never("the fleet has no plan of it"))?;
        let server = remote::bootstrap_server(&plan).ok_or_else(|| never("it has no bootstrap server"))?;
        let serial = plan.serial.as_ref().map(SerialNumber::as_str);
        let endpoint = pattern(&station).name(plan.device.as_str(), serial);
        let endpoint = endpoint.ok_or_else(|| never("it has no serial number, so no endpoint name"))?;
        let known = || self.configuring.registry.device(device).ok().flatten()?.address?.parse().ok();
        let to =
            address.or_else(known).ok_or_else(|| never("it is not known where it is: say an address and a port"))?;
        let is_protected = server.security != Security::None;
        if self.pusher.push(endpoint, to, is_protected) { Ok(()) } else { Err(never("no such socket is open here")) }
    }
}

/// The thread that works triggers and rollouts off; it ends when this is let go.
pub(super) struct Works {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Works {
    /// Starts it.
    pub(super) fn start(configuring: &Arc<Configuring>, front: Arc<Front>, pusher: Pusher) -> std::io::Result<Self> {
        let ways = Arc::new(OtherWays { configuring: Arc::clone(configuring), pusher });
        let registry = configuring.registry.clone();
        let foreman = Foreman::new(registry, front, ways);
        let (stop, printer) = (Arc::new(AtomicBool::new(false)), configuring.printer.clone());
        let told = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("foreman".to_owned());
        let thread = thread.spawn(move || work(&foreman, &told, &printer))?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

fn work(foreman: &Foreman, stop: &AtomicBool, printer: &Printer) {
    let mut next = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        if Instant::now() >= next {
            match foreman.look() {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    printer.warn(format_args!("triggers and rollouts wait: {error}"));
                    next = Instant::now() + LATER;
                }
            }
        }
        std::thread::sleep(LOOK);
    }
}

impl Drop for Works {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
