//! The bundle of a device that fetches it over HTTPS: made as a medium's is, by the same template, keys and ledger.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::bundle::{self, Rendering};
use crate::delivery::{Credential, SealedArtifact};
use crate::fleet::{DevicePlan, EndpointName, Secret};
use crate::format::tar::ArchiveWriter;
use crate::ledger::ServedVersion;

use super::error::StationError;
use super::open::Station;
use super::{issue, seal};

/// A bundle that a device may fetch.
pub struct ServedBundle {
    /// The bundle version.
    pub version: u32,
    /// The folder of a medium as a tar archive.
    pub archive: Vec<u8>,
}

/// What a device is told of its bundle.
pub enum Served {
    /// It has the newest.
    Known(u32),
    /// This one.
    Bundle(ServedBundle),
}

/// Returns the bundle that a device is to have, unless it has that version already. What the ledger holds no more of a
/// credential is left out: the bundle tells the device to keep its file.
pub fn bundle(station: &Station, device: &EndpointName, has: Option<u32>) -> Result<Served, StationError> {
    let plan = station.folder().fleet.plan(device, None)?;
    issue::issue(station, &plan)?;
    let version = station.ledger().version_to_serve(&plan, &station.summary(&plan))?;
    if has == Some(version.version) {
        return Ok(Served::Known(version.version));
    }
    let artifact = artifact(station, &plan, &version)?;
    Ok(Served::Bundle(ServedBundle { version: version.version, archive: archive(&artifact, &version)? }))
}

/// Reads every secret of the fleet: any bundle may name it.
pub fn prepare(station: &Station) -> Result<(), StationError> {
    let secrets = station.folder().fleet.secrets();
    let wanted: BTreeSet<Arc<str>> = secrets.keys().cloned().collect();
    station.resolve_secrets(&wanted)
}

/// Returns the artifact: the one made before where there is one, else a new one, kept.
fn artifact(station: &Station, plan: &DevicePlan, version: &ServedVersion) -> Result<SealedArtifact, StationError> {
    let key = station.keys().fleet_key();
    let context = format!("served:{}:{}", version.device, version.version);
    if let Some(spool) = &version.spool {
        return Ok(SealedArtifact::from_spool(&key.unseal(&context, spool)?)?);
    }
    let artifact = render(station, plan, version)?;
    let spool = key.seal(&context, &artifact.to_spool(), &*station.surroundings().random);
    let kept = station.ledger().keep_served(version, artifact.digest(), spool)?;
    Ok(SealedArtifact::from_spool(&key.unseal(&context, &kept)?)?)
}

fn render(station: &Station, plan: &DevicePlan, version: &ServedVersion) -> Result<SealedArtifact, StationError> {
    let mut credentials = Vec::with_capacity(version.credentials.len());
    for state in &version.credentials {
        let Some(issued) = &state.issued else { continue };
        let opened = issue::reopen(station.keys().fleet_key(), &plan.device, state)?;
        credentials.push(
            opened.unwrap_or_else(|| Credential { public: issued.public.clone(), private: Secret::new(Vec::new()) }),
        );
    }
    let template = station.shelf().template(&plan.delivery.bundle.template);
    let rendering = Rendering {
        plan,
        version: version.version,
        created: version.created,
        credentials: &credentials,
        secrets: station.secrets(),
        root: station.authority().root_der(),
        demo: station.is_demo(),
        chip: None,
    };
    seal::seal(station, plan, bundle::compose(&template, &rendering)?)
}

/// Manifest first, then what lies beside it, then the files that come.
fn archive(artifact: &SealedArtifact, version: &ServedVersion) -> Result<Vec<u8>, StationError> {
    let modified = u64::try_from(version.created.unix_timestamp()).unwrap_or(0);
    let mut writer = ArchiveWriter::new(Vec::new(), modified);
    let mut add = |name: &str, bytes: &[u8]| writer.add(name, 0o600, bytes.len() as u64, &mut &*bytes);
    let mut put = || {
        add(crate::delivery::MANIFEST_NAME, artifact.document())?;
        for attachment in artifact.attachments() {
            add(&attachment.path, &attachment.bytes)?;
        }
        for file in artifact.files().iter().filter(|file| !file.keep) {
            file.bytes.expose(|bytes| add(&file.path, bytes))?;
        }
        Ok(())
    };
    let put: std::io::Result<()> = put();
    let finished = put.and_then(|()| writer.finish());
    finished.map_err(|source| StationError::File { doing: "packing", path: version.device.as_str().into(), source })
}
