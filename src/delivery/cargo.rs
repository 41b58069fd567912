//! What a sink brings to one target: one bundle at its root, or many, each in a folder of its own.

use crate::fleet::{Digest, EndpointName};

use super::artifact::{ArtifactError, SealedArtifact};
use super::manifest::{BUNDLES_FOLDER, MANIFEST_NAME};

/// One bundle of a cargo and its place.
pub struct Part<'a> {
    folder: String,
    artifact: &'a SealedArtifact,
}

impl<'a> Part<'a> {
    /// Returns the folder it lies in, relative to the target's root; empty for the root itself.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// Returns the bundle.
    pub fn artifact(&self) -> &'a SealedArtifact {
        self.artifact
    }

    /// Returns where a file of the bundle lies on the target.
    pub fn place(&self, path: &str) -> String {
        if self.folder.is_empty() { path.to_owned() } else { format!("{}/{path}", self.folder) }
    }

    /// Returns where its manifest lies on the target.
    pub fn manifest_place(&self) -> String {
        self.place(MANIFEST_NAME)
    }
}

/// The bundles that one commit brings to one target: at least one, sorted by place.
pub struct Cargo<'a> {
    parts: Vec<Part<'a>>,
}

impl<'a> Cargo<'a> {
    /// Returns one bundle at the target's root.
    pub fn of(artifact: &'a SealedArtifact) -> Self {
        Self { parts: vec![Part { folder: String::new(), artifact }] }
    }

    /// Returns several bundles, each in the folder of its device ([`folder_of`]); the order given does not matter.
    /// Fails without any, and for two of one device.
    pub fn together(artifacts: impl IntoIterator<Item = &'a SealedArtifact>) -> Result<Self, ArtifactError> {
        let part = |artifact: &'a SealedArtifact| Part { folder: folder_of(&artifact.manifest().device), artifact };
        let mut parts: Vec<Part<'a>> = artifacts.into_iter().map(part).collect();
        parts.sort_by_cached_key(|part| part.folder.to_lowercase());
        let twice = parts.windows(2).find(|pair| pair[0].folder.eq_ignore_ascii_case(&pair[1].folder));
        if let Some(pair) = twice {
            return Err(ArtifactError::Twice { path: pair[1].folder.clone() });
        }
        if parts.is_empty() { Err(ArtifactError::Nothing) } else { Ok(Self { parts }) }
    }

    /// Returns the bundles, sorted by place.
    pub fn parts(&self) -> &[Part<'a>] {
        &self.parts
    }

    /// Returns the device whose name stands for the whole in what is told on the way: the first one.
    pub fn device(&self) -> &EndpointName {
        &self.parts[0].artifact.manifest().device
    }

    /// Returns the digest of the whole: of the bundle where it is one at the root, else over every place and digest.
    pub fn digest(&self) -> Digest {
        self.digest_with(|part| part.artifact.digest())
    }

    /// Returns the digest that [`Cargo::digest`] gives, with each bundle's own taken from `of`: what was read back.
    pub fn digest_with(&self, of: impl Fn(&Part<'a>) -> Digest) -> Digest {
        match self.parts.as_slice() {
            [part] if part.folder.is_empty() => of(part),
            parts => {
                let digests: Vec<Digest> = parts.iter().map(of).collect();
                let places = parts.iter().zip(&digests);
                Digest::of_parts(places.flat_map(|(part, digest)| [part.folder.as_bytes(), digest.as_bytes()]))
            }
        }
    }

    /// Returns why secrets lie in clear, where it is one bundle at the root; of several each has its own reason.
    pub fn accept_plaintext(&self) -> Option<String> {
        match self.parts.as_slice() {
            [part] if part.folder.is_empty() => part.artifact.manifest().accept_plaintext.clone(),
            _ => None,
        }
    }

    /// Returns the sum of all file sizes, the manifests included, in bytes.
    pub fn payload(&self) -> u64 {
        self.parts.iter().map(|part| part.artifact.payload()).sum()
    }
}

/// Returns the folder of a device's bundle on a medium with several: `firstlight/ID`. What FAT does not allow in a name
/// (`:`, and a dot at the end) is written as `%3A` and `%2E`; the manifest in it has the true name.
pub fn folder_of(device: &EndpointName) -> String {
    let mut name = device.as_str().replace(':', "%3A");
    if name.ends_with('.') {
        name.truncate(name.len() - 1);
        name.push_str("%2E");
    }
    format!("{BUNDLES_FOLDER}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::Manifest;
    use crate::delivery::artifact::path_is_safe;

    fn artifact(device: &str) -> SealedArtifact {
        let device = EndpointName::new(device).unwrap();
        SealedArtifact::seal(Manifest::new("f", device, "b", 1), Vec::new()).unwrap()
    }

    #[test]
    fn the_order_given_makes_no_difference_and_every_part_does() {
        let (a, b, c) = (artifact("a"), artifact("b"), artifact("c"));
        let digest = |parts: &[&SealedArtifact]| Cargo::together(parts.iter().copied()).unwrap().digest();
        assert_eq!(digest(&[&a, &b, &c]), digest(&[&c, &a, &b]));
        assert_ne!(digest(&[&a, &b]), digest(&[&a, &b, &c]));
        assert_ne!(digest(&[&a]), Cargo::of(&a).digest(), "the place is part of it");
        assert_eq!(Cargo::of(&a).digest(), a.digest());
    }

    #[test]
    fn a_device_twice_and_nothing_at_all_are_refused() {
        let (lower, upper) = (artifact("gw-a"), artifact("GW-A"));
        let twice = Cargo::together([&lower, &upper]).err();
        assert!(matches!(twice, Some(ArtifactError::Twice { .. })), "{twice:?}");
        assert_eq!(Cargo::together([]).err(), Some(ArtifactError::Nothing));
    }

    #[test]
    fn every_endpoint_name_makes_a_folder_that_fat_holds_and_no_two_the_same() {
        let names = ["gw-1", "urn:dev:mac:1", "urn.dev.mac.1", "ends.", "a+b@c=d", "A"];
        let folders: std::collections::BTreeSet<String> =
            names.iter().map(|name| folder_of(&EndpointName::new(name).unwrap())).collect();
        assert_eq!(folders.len(), names.len());
        assert!(folders.iter().all(|folder| path_is_safe(folder)), "{folders:?}");
        assert!(folders.contains("firstlight/urn%3Adev%3Amac%3A1") && folders.contains("firstlight/ends%2E"));
    }
}
