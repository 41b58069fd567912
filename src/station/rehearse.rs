//! What can be wrong with a batch of chips before the first one is there: all of it, in one run.

use crate::bundle;
use crate::fleet::factory::SerialSource;
use crate::fleet::{DevicePlan, EndpointName, Fleet};
use crate::programmer::image::{self, Layout};

use super::batch::MakePlan;
use super::error::StationError;
use super::flash_error::FlashError;
use super::shelf::Shelf;

/// The most faults told; more are counted.
const MOST: usize = 50;

/// Looks through the plans of all devices: parts that find no place, values that are blank or out of range, serial numbers that
/// are missing. Credentials are not made yet, so that their room is looked at when they are.
pub fn check(shelf: &Shelf, devices: &[EndpointName], plan: &MakePlan<'_>) -> Result<(), StationError> {
    let mut found = Found::default();
    for device in devices {
        found.look(shelf, &plan(device)?);
    }
    found.verdict()
}

/// Looks through every delivery of the fleet that goes into a chip, as [`check`] does.
pub fn check_fleet(shelf: &Shelf, fleet: &Fleet) -> Result<(), StationError> {
    let mut found = Found::default();
    for device in fleet.devices() {
        for delivery in fleet.deliveries(device) {
            let plan = fleet.plan(device, Some(&delivery))?;
            if plan.delivery.carrier.factory().is_some() {
                found.look(shelf, &plan);
            }
        }
    }
    found.verdict()
}

/// What was found so far.
#[derive(Default)]
struct Found {
    count: usize,
    told: Vec<String>,
}

impl Found {
    fn look(&mut self, shelf: &Shelf, plan: &DevicePlan) {
        for fault in faults(shelf, plan) {
            self.count += 1;
            if self.told.len() < MOST {
                self.told.push(format!("{}: {fault}", plan.device));
            }
        }
    }

    fn verdict(self) -> Result<(), StationError> {
        let Self { count, told } = self;
        if count == 0 { Ok(()) } else { Err(FlashError::Batch { count, told }.into()) }
    }
}

fn faults(shelf: &Shelf, plan: &DevicePlan) -> Vec<String> {
    let Some(factory) = plan.delivery.carrier.factory() else {
        return vec![format!("its delivery {:?} is for a medium, not for a chip", plan.delivery.name)];
    };
    let mut faults = Vec::new();
    if factory.serials == SerialSource::Mes && plan.serial.is_none() {
        faults.push("it has no serial number".to_owned());
    }
    let layout = Layout::of(factory);
    if let Err(error) = &layout {
        faults.push(with_cause(error));
    }
    let files = match bundle::preview(&shelf.template(&plan.delivery.bundle.template), plan) {
        Ok(files) => files,
        Err(error) => {
            faults.push(error.to_string());
            return faults;
        }
    };
    for (index, part) in factory.parts.iter().enumerate() {
        let mut texts = Vec::new();
        for entry in part.entries.iter().filter(|entry| entry.is_line) {
            let text = files.iter().find(|(path, _)| *path == entry.file).map(|(_, text)| text.trim_end_matches('\n'));
            // What only the chip or the station's secrets can tell is judged when it is known.
            let Some(text) = text.filter(|text| !text.contains('<')) else { continue };
            texts.push((entry, text.len() as u64));
            faults.extend(image::check_text(part, entry, text).err().map(|error| error.to_string()));
        }
        if let Ok(layout) = &layout {
            let room = image::check_room(part, layout.parts[index].size, &texts);
            faults.extend(room.err().map(|error| error.to_string()));
        }
    }
    faults
}

fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
