//! `--plan` of `write` and `render`: what would be made, and where; nothing is touched.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::bundle;
use crate::delivery::{Footprint, TargetIdentity};
use crate::fleet::{DevicePlan, EndpointName, SecretSource};
use crate::host::Machine;
use crate::ledger::{Again, Beginning};
use crate::station::{Station, StationError, TargetSpec, together};
use crate::ui::Table;

use super::delivering::pair;
use super::opened::Sight;
use super::{Context, Status};

/// Devices and where they would go.
pub struct Planning<'a> {
    /// The fleet.
    pub sight: &'a Sight,
    /// The devices, in order.
    pub devices: &'a [EndpointName],
    /// One target that takes them all, or one for each.
    pub targets: &'a [TargetSpec],
    /// Which delivery, where a profile has several.
    pub delivery: Option<&'a str>,
    /// Repeat what is done, and why.
    pub again: Option<Again>,
    /// All devices on one medium.
    pub together: bool,
}

impl Planning<'_> {
    /// Prints each device's bundle, every secret shown as its name only.
    pub fn show(&self, context: &Context) -> anyhow::Result<Status> {
        pair(self.devices.len(), self.targets, self.together)?;
        let known = self.knowing_station()?;
        let mut eyes = Eyes { machine: context.machine(), keep: self.together, seen: None };
        let first = self.devices.first().filter(|_| self.together).map(|first| self.plan(first)).transpose()?;
        let mut table = Table::new(["device", "delivery", "what", "file", "bytes", "target"]).right("bytes");
        for (index, device) in self.devices.iter().enumerate() {
            let plan = self.plan(device)?;
            first.as_ref().map_or(Ok(()), |first| together::go_on_one(first, &plan))?;
            let target = &self.targets[if self.targets.len() == 1 { 0 } else { index }];
            let is_done = known.map(|station| self.is_done(station, &plan, target, &mut eyes)).transpose()?;
            let template = self.sight.shelf().template(&plan.delivery.bundle.template);
            let files = bundle::preview(&template, &plan)?;
            let shown = target.shown(device);
            if context.printer.is_json() {
                context.printer.record(&record(&plan, is_done, &files, &shown));
                continue;
            }
            for (path, text) in files {
                let (name, what) = (plan.delivery.name.to_string(), word(is_done).to_owned());
                let cells = [device.to_string(), name, what, path, text.len().to_string(), shown.clone()];
                table.pour(cells, &context.printer);
            }
        }
        if !table.is_empty() {
            table.print(&context.printer);
        }
        Ok(Status::Done)
    }

    fn plan(&self, device: &EndpointName) -> Result<DevicePlan, StationError> {
        Ok(self.sight.folder().fleet.plan(device, self.delivery)?)
    }

    /// Returns the station if it can tell what is done already. Secrets are part of the answer: where one would have to be
    /// typed in or read from a descriptor, which gives it once, nothing is told.
    fn knowing_station(&self) -> Result<Option<&Station>, StationError> {
        let Some(station) = self.sight.station() else { return Ok(None) };
        let mut wanted: BTreeSet<Arc<str>> = BTreeSet::new();
        for device in self.devices {
            wanted.extend(self.plan(device)?.secrets().cloned());
        }
        let sources = station.folder().fleet.secrets();
        let asks = |name: &Arc<str>| matches!(sources.get(name), Some(SecretSource::Prompt | SecretSource::Fd(_)));
        if wanted.iter().any(asks) {
            return Ok(None);
        }
        station.resolve_secrets(&wanted)?;
        Ok(Some(station))
    }

    fn is_done(
        &self,
        station: &Station,
        plan: &DevicePlan,
        target: &TargetSpec,
        eyes: &mut Eyes,
    ) -> Result<bool, StationError> {
        let Seen::Target(target) = eyes.look(station, plan, target)? else { return Ok(false) };
        let summary = station.summary(plan);
        let beginning = Beginning { plan, summary: &summary, target: &target, again: self.again, rework: None };
        Ok(station.ledger().done(&beginning)?.is_some())
    }
}

/// What a look found: a target that cannot be looked at yet (a folder to be made, a drive to be plugged in) carries
/// nothing.
#[derive(Clone)]
enum Seen {
    Nothing,
    Target(Box<TargetIdentity>),
}

/// Looks at targets; at one that takes all devices only once.
struct Eyes {
    machine: Machine,
    keep: bool,
    seen: Option<Seen>,
}

impl Eyes {
    fn look(&mut self, station: &Station, plan: &DevicePlan, target: &TargetSpec) -> Result<Seen, StationError> {
        if let Some(seen) = self.seen.as_ref().filter(|_| self.keep) {
            return Ok(seen.clone());
        }
        let mut sink = target.sink(&plan.device, &self.machine, station.folder().fleet.slots(), false)?;
        let found = sink.preflight(&Footprint { carrier: plan.delivery.carrier.clone(), payload: None });
        let seen = found.map_or(Seen::Nothing, |preflight| Seen::Target(Box::new(preflight.target().clone())));
        self.seen = Some(seen.clone());
        Ok(seen)
    }
}

fn word(is_done: Option<bool>) -> &'static str {
    if is_done == Some(true) { "done before" } else { "to be written" }
}

fn record(plan: &DevicePlan, is_done: Option<bool>, files: &[(String, String)], target: &str) -> Value {
    let files: Vec<_> = files.iter().map(|(path, text)| json!({ "path": path, "text": text })).collect();
    json!({
        "event": "plan",
        "device": plan.device,
        "delivery": plan.delivery.name,
        "done": is_done,
        "plan": plan,
        "files": files,
        "target": target,
    })
}
