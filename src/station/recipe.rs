//! Lock recipes: signed with the fleet's bundle keys, and used only if the signature is right.
//!
//! A recipe file has its signature beside it, in minisign's form: `lock.yaml` and `lock.yaml.minisig`. It is checked against the
//! keys that `fleet.lock` pins, so that what closes a thousand chips for good was read and signed by whoever holds the keys.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::bundle::sealed::PublicKey;
use crate::bundle::sealed::signature::{LONGEST, Signature};
use crate::fleet::recipe::Recipe;
use crate::fleet::{Class, Diagnose, Digest, Faults, Place};
use crate::host::HostError;
use crate::host::files::{read_bounded, write_atomically};

use super::error::StationError;
use super::load::FleetFolder;
use super::open::Station;

/// The longest recipe, in bytes.
const LONGEST_RECIPE: u64 = 1 << 20;

/// Why a recipe is not used.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// It is no recipe.
    #[error("reading the recipe")]
    Faults(#[from] Faults),
    /// The files.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The keys.
    #[error(transparent)]
    Station(#[from] StationError),
    /// Nobody signed it.
    #[error("refusing recipe {path:?}: it is not signed")]
    Unsigned {
        /// The recipe.
        path: PathBuf,
    },
    /// The signature is wrong, or by nobody of this fleet.
    #[error("refusing recipe {path:?}: {reason}")]
    Signature {
        /// The recipe.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// No keys to check it with.
    #[error("the fleet has no bundle key yet that recipe {path:?} could be checked with")]
    NoKeys {
        /// The recipe.
        path: PathBuf,
    },
    /// It is for another chip.
    #[error("refusing recipe {recipe:?}: it is for {want:?}, the chip is {have:?}")]
    OtherChip {
        /// The recipe's name.
        recipe: String,
        /// Its chip.
        want: String,
        /// The chip there is.
        have: String,
    },
    /// Signing failed.
    #[error("signing recipe {path:?} failed: {reason}")]
    Sign {
        /// The recipe.
        path: PathBuf,
        /// The signer's words.
        reason: String,
    },
}

impl Diagnose for RecipeError {
    fn class(&self) -> Class {
        match self {
            RecipeError::Faults(_) => Class::Input,
            RecipeError::Host(error) => error.class(),
            RecipeError::Station(error) => error.class(),
            RecipeError::Unsigned { .. }
            | RecipeError::Signature { .. }
            | RecipeError::NoKeys { .. }
            | RecipeError::OtherChip { .. } => Class::Refused,
            RecipeError::Sign { .. } => Class::Fault,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            RecipeError::Faults(faults) => faults.hint(),
            RecipeError::Host(error) => error.hint(),
            RecipeError::Station(error) => error.hint(),
            RecipeError::Unsigned { path } | RecipeError::Signature { path, .. } | RecipeError::NoKeys { path } => {
                Some(format!("read it, then sign it: firstlight recipe sign {}", path.display()))
            }
            RecipeError::OtherChip { .. } | RecipeError::Sign { .. } => None,
        }
    }
}

/// A recipe whose signature was right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedRecipe {
    /// The recipe.
    pub recipe: Recipe,
    /// The key that signed, as minisign prints it.
    pub key: String,
    /// SHA-256 of the file, for the record.
    pub digest: Digest,
}

impl SignedRecipe {
    /// Fails if the recipe is not for this chip.
    pub fn check_chip(&self, chip: &str) -> Result<(), RecipeError> {
        if self.recipe.fits(chip) {
            return Ok(());
        }
        let (recipe, want) = (self.recipe.name.clone(), self.recipe.chip.clone());
        Err(RecipeError::OtherChip { recipe, want, have: chip.to_owned() })
    }
}

/// Signs the recipe in `path` with the newest bundle key; the signature comes beside it.
pub fn sign(station: &Station, path: &Path) -> Result<SignedRecipe, RecipeError> {
    let (recipe, bytes) = read(path)?;
    let keys = station.bundle_keys()?;
    let signer = keys.signers().first().ok_or_else(|| RecipeError::NoKeys { path: path.to_owned() })?;
    let failed = |reason| RecipeError::Sign { path: path.to_owned(), reason };
    let signature = Signature::make(signer, &bytes, &comment(&recipe)).map_err(failed)?;
    write_atomically(&beside(path), signature.to_file().as_bytes(), 0o644)?;
    let key = PublicKey::of(signer).name();
    Ok(SignedRecipe { recipe, key, digest: Digest::of(&bytes) })
}

/// Reads the recipe in `path` if one of `keys` signed it.
pub fn open(path: &Path, keys: &[PublicKey]) -> Result<SignedRecipe, RecipeError> {
    let (recipe, bytes) = read(path)?;
    let file = match read_bounded(&beside(path), LONGEST as u64) {
        Ok(file) => file,
        Err(error) if error.kind() == Some(std::io::ErrorKind::NotFound) => {
            return Err(RecipeError::Unsigned { path: path.to_owned() });
        }
        Err(HostError::TooLong { .. }) => return Err(wrong(path, "what lies beside it is no signature")),
        Err(error) => return Err(error.into()),
    };
    if keys.is_empty() {
        return Err(RecipeError::NoKeys { path: path.to_owned() });
    }
    let signature = Signature::parse(&file).ok_or_else(|| wrong(path, "what lies beside it is no signature"))?;
    let Some(key) = keys.iter().find(|key| key.id == signature.key_id) else {
        return Err(wrong(path, "it is signed by a key that is none of this fleet's"));
    };
    // The comment says that a recipe was signed: nothing else that the key ever signed passes for one.
    if !key.verifies(&bytes, &signature) || signature.comment != comment(&recipe) {
        return Err(wrong(path, "it was changed after it was signed"));
    }
    Ok(SignedRecipe { recipe, key: key.name(), digest: Digest::of(&bytes) })
}

/// Returns the keys a recipe is checked with: those that `fleet.lock` pins; for a demo, which has no lock, the station's own.
pub fn keys(folder: &FleetFolder, station: Option<&Station>) -> Result<Vec<PublicKey>, RecipeError> {
    if let Some(lock) = &folder.lock {
        return Ok(lock.bundle_keys.iter().filter_map(|line| PublicKey::parse(line)).collect());
    }
    let Some(station) = station else { return Ok(Vec::new()) };
    Ok(station.bundle_keys()?.signers().iter().map(|signer| PublicKey::of(signer)).collect())
}

fn read(path: &Path) -> Result<(Recipe, Vec<u8>), RecipeError> {
    let bytes = read_bounded(path, LONGEST_RECIPE)?;
    let name: Arc<str> = Arc::from(path.display().to_string());
    let mut faults = Faults::default();
    let recipe = if let Ok(text) = std::str::from_utf8(&bytes) {
        Recipe::parse(&name, text, &mut faults)
    } else {
        faults.add(Place::new(&name, 1, 1), "the file is not UTF-8");
        None
    };
    recipe.map(|recipe| (recipe, bytes)).ok_or(RecipeError::Faults(faults))
}

fn comment(recipe: &Recipe) -> String {
    format!("firstlight recipe {}", recipe.name)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".minisig");
    PathBuf::from(name)
}

fn wrong(path: &Path, reason: &str) -> RecipeError {
    RecipeError::Signature { path: path.to_owned(), reason: reason.to_owned() }
}
