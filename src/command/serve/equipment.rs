//! What desk and office of the server work with, from the fleet's folder.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::authority::Authority;
use crate::command::{Context, hook_ground::Ground};
use crate::delivery::SealedMaterial;
use crate::fleet::enrolment::Subscription;
use crate::fleet::{AdminHolder, AdminSpec, EndpointName, Secret};
use crate::host::files::read_bounded;
use crate::registration::{AdminCertificate, AdminRule, ClaimKeys, Desk, Equipment, FleetIssuer, Models};
use crate::registry::{CredentialRow, Registry};
use crate::station::post::PRIVATE_FOLDER;
use crate::station::{Station, issue};

use super::bundles::StationBundles;

/// Largest PEM file with certificates of issuers, in bytes.
const LARGEST_ISSUERS: u64 = 256 * 1024;

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

/// Reads whose client certificates may administer.
pub(super) fn admins(station: &Station) -> anyhow::Result<Vec<AdminRule>> {
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

fn subscriptions(fleet: &crate::fleet::Fleet) -> BTreeMap<String, Subscription> {
    let subscribers = fleet.enrolment().subscribers.iter();
    subscribers.map(|(name, subscription)| (name.to_string(), subscription.clone())).collect()
}

/// Opens the desk.
pub(super) fn desk(
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
