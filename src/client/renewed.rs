//! Certificates that the server renewed: each stands in for a bundle's file until a bundle brings another one.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::error::ClientError;
use super::store::Store;
use crate::fleet::{Digest, Secret};
use crate::host::files::read_bounded;

/// The longest that is kept, in bytes.
const LONGEST: u64 = 1 << 20;

/// What stands in for a file.
#[derive(Serialize, Deserialize)]
struct Renewed {
    destination: String,
    /// The bundle's file.
    replaces: Digest,
    /// A certificate and its issuers, PEM: nothing of it is secret.
    content: String,
}

/// Remembers, durably, what stands in for the bundle's file at a destination.
pub fn remember(store: &Store<'_>, destination: &str, bundles: &Secret, content: &str) -> Result<(), ClientError> {
    let path = path_of(store, destination);
    let renewed = Renewed {
        destination: destination.to_owned(),
        replaces: bundles.expose(Digest::of),
        content: content.to_owned(),
    };
    let text = serde_json::to_vec(&renewed).expect("texts become JSON");
    store.disk().make_folder(&store.folder().join("renewed"))?;
    store.disk().write(&store.disk().spot(&path)?, &text, 0o600, None)
}

/// Returns what belongs at a destination where a bundle wants `bundles` there. What cannot be read stands in for nothing.
pub fn in_place_of(store: &Store<'_>, destination: &str, bundles: Secret) -> Secret {
    let kept = read_bounded(&path_of(store, destination), LONGEST).ok();
    let kept: Option<Renewed> = kept.and_then(|kept| serde_json::from_slice(&kept).ok());
    let kept = kept.filter(|kept| kept.destination == destination && kept.replaces == bundles.expose(Digest::of));
    kept.map_or(bundles, |kept| Secret::new(kept.content.into_bytes()))
}

fn path_of(store: &Store<'_>, destination: &str) -> PathBuf {
    store.folder().join("renewed").join(format!("{}.json", Digest::of(destination.as_bytes())))
}
