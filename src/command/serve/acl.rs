//! The access list for mosquitto, kept while the server runs.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::command::Context;
use crate::registration::AclFile;
use crate::registry::Registry;
use crate::station::Station;

/// How often it is looked at, at most.
const LEAST: Duration = Duration::from_secs(1);

/// The access list for mosquitto, where the fleet file names one, and when it is looked at next.
pub(super) struct AclKeeper(Option<(AclFile, Instant)>);

impl AclKeeper {
    /// Keeps what the fleet file names.
    pub(super) fn of(station: &Station) -> Self {
        let folder = station.folder();
        let path = folder.fleet.enrolment().mqtt_acl.as_ref();
        Self(path.map(|path| (AclFile::new(&folder.root.join(path.value.as_ref())), Instant::now())))
    }

    /// Writes the access list where it changed. A long one is made anew less often.
    pub(super) fn keep(&mut self, registry: &Registry, context: &Context) {
        let Some((file, next)) = self.0.as_mut().filter(|(_, next)| Instant::now() >= *next) else { return };
        let began = Instant::now();
        match file.keep(registry) {
            Ok(None) => {}
            Ok(Some(list)) => {
                context.printer.event(&json!({ "event": "acl", "lines": list.lines, "left_out": list.left_out.len() }));
            }
            Err(error) => context.printer.warn(format_args!("the access list could not be written: {error}")),
        }
        *next = Instant::now() + LEAST.max(began.elapsed() * 20);
    }
}
