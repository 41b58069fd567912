//! Credentials issued without a delivery, and devices taken out of service.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use crate::fleet::{CredentialShape, EndpointName, SerialNumber};

use super::devices::{self, Facts};
use super::work::Work;
use super::{DeliveryState, GenerationState, LedgerError, NewCredential, credentials, deliveries, unfinished};

/// For whom, and after which shapes, credentials were issued.
pub(super) struct Issued {
    pub(super) device: EndpointName,
    pub(super) serial: Option<SerialNumber>,
    pub(super) model: Option<Arc<str>>,
    pub(super) profile: Option<Arc<str>>,
    pub(super) shapes: Arc<BTreeMap<Arc<str>, CredentialShape>>,
}

/// Records credentials that were issued for themselves; they are pending until a delivery carries them.
pub(super) fn record(work: &mut Work<'_>, issued: &Issued, new: &[NewCredential]) -> Result<(), LedgerError> {
    let facts = Facts {
        id: &issued.device,
        serial: issued.serial.as_ref(),
        model: issued.model.as_ref(),
        profile: issued.profile.as_ref(),
    };
    let device = devices::admit(work, &facts)?;
    credentials::retire_misfits(work, device, &issued.shapes)?;
    let mut bodies = Vec::new();
    for credential in new {
        let shape = issued.shapes.get(&credential.public.name).map(|shape| &shape.kind);
        bodies.push(credentials::insert(work, device, &issued.device, credential, shape)?);
    }
    work.record("issued", issued.device.as_str(), None, json!({ "issued": bodies }))
}

/// Takes a device out of service: its generations are retired, what was under way is given up.
pub(super) fn retire(work: &mut Work<'_>, id: &EndpointName, reason: &str) -> Result<(), LedgerError> {
    let unknown = || LedgerError::Unknown { device: id.to_string() };
    let (row, record) = devices::find(work.conn, &id.folded())?.ok_or_else(unknown)?;
    devices::refuse_other_case(id, &record)?;
    devices::refuse_retired(&record)?;
    give_up(work, row)?;
    let mut retired = Vec::new();
    for generation in credentials::usable(work.conn, row)? {
        credentials::close(work, &generation, GenerationState::Retired, "its device was retired")?;
        retired.push(json!({ "credential": generation.name, "generation": generation.number }));
    }
    devices::retire(work, row, reason)?;
    work.record("device-retired", id.as_str(), None, json!({ "reason": reason, "retired": retired }))
}

fn give_up(work: &mut Work<'_>, device: i64) -> Result<(), LedgerError> {
    let mut open = Vec::new();
    deliveries::each(work.conn, "WHERE d.device = ?1 AND d.state = 'open'", [device], |delivery| {
        open.push(delivery);
        Ok(())
    })?;
    for delivery in open {
        if unfinished::is_under_way(work, &delivery)? {
            return Err(LedgerError::InProgress { device: delivery.id, delivery: delivery.row });
        }
        unfinished::end(work, &delivery, DeliveryState::Abandoned)?;
    }
    Ok(())
}
