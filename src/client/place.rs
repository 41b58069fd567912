//! Files to their destinations, and back: what was there before the first bundle is kept and restored.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use super::disk::{Disk, Found, Owner};
use super::error::ClientError;
use super::generation::{Generation, StoredBundle};
use super::policy::{HOST_NAME, LARGEST_ORIGINAL as LARGEST, connection_destination, mode_of, owner_of};
use super::renewed;
use super::store::Store;
use crate::delivery::{Action, Scope};
use crate::fleet::{Digest, Secret};
use crate::host::HostError;
use crate::host::files::read_bounded;

/// A file on its way to a destination.
pub struct Placement {
    content: Content,
    mode: u32,
    owner: Option<Owner>,
}

impl Placement {
    /// Returns what the bundle wants there.
    pub fn bytes(&self) -> Result<Secret, ClientError> {
        match &self.content {
            Content::Text(text) => Ok(Secret::new(text.clone().into_bytes())),
            Content::Stored(path) => Ok(Secret::new(read_bounded(path, LARGEST)?)),
        }
    }
}

enum Content {
    Stored(PathBuf),
    Text(String),
}

/// What was at a destination before any bundle put a file there.
#[derive(Serialize, Deserialize)]
struct Original {
    destination: String,
    file: Option<OriginalFile>,
}

#[derive(Serialize, Deserialize)]
struct OriginalFile {
    mode: u32,
    user: u32,
    group: u32,
    /// Base64.
    content: String,
}

/// What was there before may be a secret, too.
impl Drop for OriginalFile {
    fn drop(&mut self) {
        self.content.zeroize();
    }
}

/// Returns what lies where when this generation is in force. Where two bundles place the same destination, the device's own
/// wins, then the first site by name.
pub fn placements(disk: &Disk, generation: &Generation) -> Result<BTreeMap<String, Placement>, ClientError> {
    let mut all = BTreeMap::new();
    let own_last = |part: &&StoredBundle| part.manifest.scope == Scope::Device;
    let mut parts: Vec<&StoredBundle> = generation.parts.iter().rev().collect();
    parts.sort_by_key(own_last);
    for part in parts {
        for file in &part.manifest.files {
            let Some(destination) = &file.destination else { continue };
            let content = Content::Stored(part.path_of(file.name()));
            let placement = Placement { content, mode: mode_of(file)?, owner: owner_of(disk.machine(), file)? };
            all.insert(plain(destination), placement);
        }
        for action in &part.manifest.actions {
            match action {
                Action::Hostname(name) => {
                    let content = Content::Text(format!("{name}\n"));
                    all.insert(HOST_NAME.to_owned(), Placement { content, mode: 0o644, owner: None });
                }
                Action::NetworkConnection(name) => {
                    let content = Content::Stored(part.path_of(name));
                    all.insert(connection_destination(name), Placement { content, mode: 0o600, owner: None });
                }
                Action::Restart(_) | Action::Hook(_) => {}
            }
        }
    }
    Ok(all)
}

fn plain(destination: &str) -> String {
    let names: Vec<&str> = destination.split('/').filter(|name| !name.is_empty()).collect();
    format!("/{}", names.join("/"))
}

/// Makes the destinations those of `wanted`, and restores what was before at all others that a bundle ever used. Returns
/// true if anything had to be changed. Can be cut off anywhere and run again, for this or another generation.
pub fn converge(store: &Store<'_>, wanted: &BTreeMap<String, Placement>) -> Result<bool, ClientError> {
    let mut changed = false;
    for (destination, placement) in wanted {
        changed |= put(store, destination, placement)?;
    }
    for (path, original) in originals(store)? {
        if !wanted.contains_key(&original.destination) {
            restore(store.disk(), &original)?;
            store.disk().remove(&store.disk().spot(&path)?)?;
            changed = true;
        }
    }
    Ok(changed)
}

fn put(store: &Store<'_>, destination: &str, placement: &Placement) -> Result<bool, ClientError> {
    let disk = store.disk();
    let content = renewed::in_place_of(store, destination, placement.bytes()?);
    let kept = kept_at(store, destination);
    if !kept.exists() {
        let before = disk.guarded(destination, false)?;
        let before = before.map_or(Ok(None), |spot| disk.read(&spot, LARGEST))?;
        keep(disk, &kept, destination, before)?;
    }
    let Some(spot) = disk.guarded(destination, true)? else { return Ok(false) };
    let same = |found: &Found| {
        let bytes = found.bytes.expose(|found| content.expose(|content| found == content));
        bytes && found.mode == placement.mode && placement.owner.is_none_or(|owner| owner == found.owner)
    };
    if disk.read(&spot, LARGEST)?.as_ref().is_some_and(same) {
        return Ok(false);
    }
    content.expose(|content| disk.write(&spot, content, placement.mode, placement.owner))?;
    Ok(true)
}

fn kept_at(store: &Store<'_>, destination: &str) -> PathBuf {
    store.folder().join("originals").join(format!("{}.json", Digest::of(destination.as_bytes())))
}

/// Remembers what is at a destination, durably, before a bundle's file takes its place.
fn keep(disk: &Disk, path: &std::path::Path, destination: &str, found: Option<Found>) -> Result<(), ClientError> {
    let file = found.map(|found| OriginalFile {
        mode: found.mode,
        user: found.owner.user,
        group: found.owner.group,
        content: found.bytes.expose(|bytes| BASE64.encode(bytes)),
    });
    let original = Original { destination: destination.to_owned(), file };
    let text = Secret::new(serde_json::to_vec(&original).expect("an original is plain data"));
    let spot = disk.spot(path)?;
    text.expose(|text| disk.write(&spot, text, 0o600, None))
}

fn originals(store: &Store<'_>) -> Result<Vec<(PathBuf, Original)>, ClientError> {
    let folder = store.folder().join("originals");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(HostError::io("reading", &folder))? {
        let path = entry.map_err(HostError::io("reading", &folder))?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = Secret::new(read_bounded(&path, 2 * LARGEST)?);
        let original = text.expose(|text| serde_json::from_slice::<Original>(text));
        let damaged = |error: serde_json::Error| ClientError::Damaged { path: path.clone(), reason: error.to_string() };
        found.push((path.clone(), original.map_err(damaged)?));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

fn restore(disk: &Disk, original: &Original) -> Result<(), ClientError> {
    let Some(file) = &original.file else {
        // Where the way to it is gone, so is the file.
        return disk.guarded(&original.destination, false)?.map_or(Ok(()), |spot| disk.remove(&spot));
    };
    let unreadable = |reason: String| ClientError::Damaged { path: disk.path(&original.destination), reason };
    let content = Secret::new(BASE64.decode(&file.content).map_err(|error| unreadable(error.to_string()))?);
    let Some(spot) = disk.guarded(&original.destination, true)? else { return Ok(()) };
    let owner = Owner { user: file.user, group: file.group };
    let is_there = disk.read(&spot, LARGEST)?.is_some_and(|found| {
        let bytes = found.bytes.expose(|found| content.expose(|content| found == content));
        bytes && found.mode == file.mode && found.owner == owner
    });
    if is_there {
        return Ok(());
    }
    content.expose(|content| disk.write(&spot, content, file.mode, Some(owner)))
}
