//! Which bundles of a medium a device takes: authenticate, match, choose the highest, judge what is chosen.

use super::clock::Time;
use super::error::ClientError;
use super::facts::Facts;
use super::generation::Generation;
use super::outcome::PassedBy;
use super::state::State;
use super::trust::{Trust, parse_keys};
use crate::bundle::sealed::{Authentic, Limits, Reason, Refusal, find};
use crate::delivery::{MANIFEST_NAME, Manifest, Scope, Shelf};
use crate::fleet::Secret;

/// What candidates are judged by.
pub struct Bench<'a> {
    /// What the device is.
    pub facts: &'a Facts,
    /// Whom it believes.
    pub trust: &'a Trust,
    /// What it remembers.
    pub state: &'a State,
    /// The generation in force.
    pub current: Option<&'a Generation>,
    /// What time it is.
    pub time: Time,
    /// What it takes at most.
    pub limits: Limits,
}

/// The bundles of a medium that are for this device.
#[derive(Default)]
pub struct Choice {
    /// The device's own, if there is one, then those of sites, by name.
    pub bundles: Vec<Authentic>,
    /// Those that were passed by.
    pub passed_by: Vec<PassedBy>,
}

impl Bench<'_> {
    /// Returns the bundles on `shelf` that are for this device: of each lane the one of the highest version.
    pub fn choose(&self, shelf: &dyn Shelf) -> Result<Choice, ClientError> {
        let mut choice = Choice::default();
        let mut matching: Vec<Authentic> = Vec::new();
        let folders = find(shelf, self.limits)?;
        let index = Index::of(shelf)?;
        for folder in folders {
            let view = index.view(shelf, &folder);
            match self.candidate(&view, &folder) {
                Ok(authentic) => matching.push(authentic),
                Err(Refusal { reason, what }) => choice.passed_by.push(PassedBy { folder, reason, what }),
            }
        }
        matching.sort_by_key(|found| (found.manifest.scope == Scope::Site, lane(found)));
        while let Some(first) = matching.first() {
            let name = lane(first);
            let (same, rest) = matching.into_iter().partition(|found| lane(found) == name);
            matching = rest;
            choice.bundles.push(highest(same, &mut choice.passed_by)?);
        }
        Ok(choice)
    }

    fn candidate(&self, shelf: &dyn Shelf, folder: &str) -> Result<Authentic, Refusal> {
        let path = if folder.is_empty() { MANIFEST_NAME.to_owned() } else { format!("{folder}/{MANIFEST_NAME}") };
        let authentic = Authentic::read(shelf, folder, &self.trust.keys_for(shelf, &path), self.limits)?;
        let manifest = &authentic.manifest;
        if let Some(owner) = self.trust.owner.as_deref().filter(|owner| *owner != manifest.fleet) {
            let what = format!("it is of the fleet {:?}, this device belongs to {owner:?}", manifest.fleet);
            return Err(Refusal::new(Reason::NotOurs, what));
        }
        self.check_match(manifest)?;
        Ok(authentic)
    }

    fn check_match(&self, manifest: &Manifest) -> Result<(), Refusal> {
        let name = &manifest.device;
        if let Some(property) = manifest.matching.unmet(&|property| self.facts.values(property)) {
            let wanted = manifest.matching.0.get(&property).map(|values| values.join(" or ")).unwrap_or_default();
            let here = self.facts.values(property).join(" or ");
            let here = if here.is_empty() { "none".to_owned() } else { here };
            let what = format!("it is for {name} with the {} {wanted}, this device has {here}", property.word());
            return Err(Refusal::new(Reason::OtherDevice, what));
        }
        let is_transferred = self.trust.transfer.is_some();
        let own = self.state.device.as_deref().filter(|own| manifest.scope == Scope::Device && *own != name.as_str());
        match own {
            Some(own) if !is_transferred => {
                Err(Refusal::new(Reason::OtherDevice, format!("it is for {name}, this device is {own}")))
            }
            _ => Ok(()),
        }
    }

    /// Judges a chosen bundle: single use, version, validity, the keys it brings.
    pub fn judge(&self, chosen: &Authentic) -> Result<(), Refusal> {
        let (manifest, digest) = (&chosen.manifest, chosen.digest());
        if self.is_in_force(chosen) {
            return Ok(());
        }
        if self.state.used.contains(&digest) {
            return Err(Refusal::new(Reason::Used, "it may be taken once, and was"));
        }
        if let Some(seen) = self.state.lanes.get(&State::lane(manifest)) {
            let version = manifest.version;
            if version < seen.version {
                let what = format!("it has version {version}, this device took version {}", seen.version);
                return Err(Refusal::new(Reason::OlderVersion, what));
            }
            if version == seen.version && digest != seen.digest {
                let what = format!("another bundle of version {version} was taken before");
                return Err(Refusal::new(Reason::VersionConflict, what));
            }
        }
        if manifest.trusted_keys.as_ref().is_some_and(|list| parse_keys(&list.keys).is_empty()) {
            return Err(Refusal::new(Reason::UnknownFormat, "its list of trusted keys names none"));
        }
        self.time.judge(manifest)
    }

    /// Returns true if this very bundle is in force.
    pub fn is_in_force(&self, chosen: &Authentic) -> bool {
        let digest = chosen.digest();
        self.current.is_some_and(|current| current.parts.iter().any(|part| part.digest == digest))
    }
}

/// Returns the refusal that tells most, when nothing on a medium is for this device.
pub fn most_telling(passed_by: &[PassedBy]) -> Option<(&PassedBy, Refusal)> {
    const ORDER: [Reason; 9] = [
        Reason::Altered,
        Reason::Truncated,
        Reason::UnsafePath,
        Reason::TooBig,
        Reason::UnknownFormat,
        Reason::Used,
        Reason::OtherDevice,
        Reason::NotOurs,
        Reason::Unsigned,
    ];
    let rank = |reason: Reason| ORDER.iter().position(|known| *known == reason).unwrap_or(ORDER.len());
    let told = passed_by.iter().min_by_key(|passed| rank(passed.reason))?;
    let what = if told.folder.is_empty() { told.what.clone() } else { format!("{:?}: {}", told.folder, told.what) };
    let others = passed_by.len() - 1;
    let what = if others == 0 { what } else { format!("{what} (and {others} more were passed by)") };
    Some((told, Refusal::new(told.reason, what)))
}

/// Bundles of one name count as of one lane; those of several names are of one, too, where they are the device's own.
fn lane(found: &Authentic) -> String {
    match found.manifest.scope {
        Scope::Device => String::new(),
        Scope::Site => found.manifest.device.as_str().to_owned(),
    }
}

fn highest(same: Vec<Authentic>, passed_by: &mut Vec<PassedBy>) -> Result<Authentic, Refusal> {
    let top = same.iter().map(|found| found.manifest.version).max().unwrap_or(0);
    let names = |found: &Authentic| found.manifest.device.as_str().to_owned();
    let (same, older): (Vec<_>, Vec<_>) = same.into_iter().partition(|found| found.manifest.version == top);
    passed_by.extend(older.into_iter().map(|older| PassedBy {
        what: format!("it has version {}, version {top} lies beside it", older.manifest.version),
        folder: older.folder,
        reason: Reason::OlderVersion,
    }));
    let others: Vec<&Authentic> = same.iter().skip(1).filter(|found| found.digest() != same[0].digest()).collect();
    if let Some(other) = others.first() {
        let (first, second) = (names(&same[0]), names(other));
        let what = format!("{:?} ({first}) and {:?} ({second}) are both version {top}", same[0].folder, other.folder);
        return Err(Refusal::new(Reason::Ambiguous, what));
    }
    same.into_iter().next().ok_or_else(|| Refusal::new(Reason::Ambiguous, "no bundle is left to choose"))
}

/// The files of a medium, sorted by their paths without case: a medium with thousands of bundles is listed once.
pub struct Index {
    files: Vec<(String, String, u64)>,
}

impl Index {
    /// Lists a shelf.
    pub fn of(shelf: &dyn Shelf) -> Result<Self, Refusal> {
        let files = shelf.list().map_err(|words| Refusal::new(Reason::Truncated, words))?;
        let mut files: Vec<_> = files.into_iter().map(|(path, size)| (path.to_lowercase(), path, size)).collect();
        files.sort();
        Ok(Self { files })
    }

    /// Returns the part of a shelf that lies in `folder`; all of it for the medium's root.
    pub fn view<'a>(&self, shelf: &'a dyn Shelf, folder: &str) -> View<'a> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{}/", folder.to_lowercase()) };
        let start = self.files.partition_point(|(lower, _, _)| *lower < prefix);
        let inside = self.files[start..].iter().take_while(|(lower, _, _)| lower.starts_with(&prefix));
        View { shelf, files: inside.map(|(_, path, size)| (path.clone(), *size)).collect() }
    }
}

/// The part of a shelf that lies in one folder.
pub struct View<'a> {
    shelf: &'a dyn Shelf,
    files: Vec<(String, u64)>,
}

impl Shelf for View<'_> {
    fn list(&self) -> Result<Vec<(String, u64)>, String> {
        Ok(self.files.clone())
    }

    fn read(&self, path: &str, most: u64) -> Result<Secret, String> {
        self.shelf.read(path, most)
    }
}
