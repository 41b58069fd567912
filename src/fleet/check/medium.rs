//! The volume of a delivery: the template's own, with what the fleet file changes.

use super::super::file::{DeliverySpec, MediumSpec};
use super::super::{Faults, MediumPlan};

/// Lays the fleet file's words over the template's medium and checks the result.
pub(super) fn merge(delivery: &DeliverySpec, wanted: &MediumPlan, faults: &mut Faults) -> MediumPlan {
    let MediumSpec { table, filesystem, label, size } = &delivery.medium;
    let merged = MediumPlan {
        table: table.unwrap_or(wanted.table),
        filesystem: filesystem.unwrap_or(wanted.filesystem),
        label: label.as_ref().map_or(wanted.label.as_str(), |label| &label.value).to_ascii_uppercase(),
        size: size.as_ref().map(|size| size.value).or(wanted.size),
    };
    if let Some(size) = merged.size {
        let place = delivery.medium.size.as_ref().map_or(&delivery.place, |size| &size.place);
        for message in merged.filesystem.size_faults(size) {
            faults.add(place.clone(), message);
        }
    }
    merged
}
