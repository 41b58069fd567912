//! Bundle keys, which sign what a station seals, and batch keys, to which it encrypts for devices whose image carries them.
//!
//! All of them lie in one file of `.firstlight/`, encrypted to the station: it is small, and a change of any of them is
//! one rename.

use std::fs::File;
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret;
use age::x25519;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::delivery::manifest::MOST_SIGNATURES;
use crate::delivery::{Clock, Random, Signer, key_name};
use crate::fleet::{Digest, Secret};
use crate::host::HostError;
use crate::host::files::{read_bounded, write_atomically};

use super::age_file::{decrypt, encrypt_to};
use super::ca::whole_seconds;
use super::description::in_words;
use super::{AuthorityError, Keys};

pub(super) const FILE: &str = "bundle.keys.age";
/// The longest such file, in bytes.
pub(super) const LONGEST_FILE: u64 = 2 << 20;
const FORMAT: u32 = 1;
/// Length of an Ed25519 seed (RFC 8032, section 5.1.5), in bytes.
const SEED: usize = 32;

/// The opened bundle keys and batch keys of a station.
pub struct BundleKeys {
    folder: PathBuf,
    book: Book,
    signers: Vec<BundleSigner>,
}

/// A bundle key that signs.
pub struct BundleSigner {
    pair: Ed25519KeyPair,
    public: [u8; 32],
}

/// A bundle key as it is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyState {
    /// Its id.
    pub id: [u8; 8],
    /// The public key.
    pub public: [u8; 32],
    /// When it was made, RFC 3339.
    pub created: String,
    /// Why it took its predecessor's place; none for the first.
    pub reason: Option<String>,
    /// When it stopped signing, RFC 3339; none while it signs.
    pub retired: Option<String>,
}

/// A batch key as it is shown: an age recipient, whose identity is baked into device images.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BatchKey {
    /// Its name.
    pub name: String,
    /// Its age recipient.
    pub recipient: String,
    /// When it was made, RFC 3339.
    pub created: String,
}

/// What the file holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    format: u32,
    /// Counts up with each change of the keys that sign.
    sequence: u32,
    /// The newest first.
    keys: Vec<KeyEntry>,
    batches: Vec<BatchEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    #[serde(with = "hex::serde")]
    public: [u8; 32],
    created: String,
    reason: Option<String>,
    retired: Option<String>,
    /// Destroyed when the key is retired.
    seed: Option<HiddenText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchEntry {
    name: String,
    recipient: String,
    created: String,
    identity: HiddenText,
}

/// A secret text of the file; goes nowhere but there.
struct HiddenText(Zeroizing<String>);

impl Serialize for HiddenText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for HiddenText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl BundleKeys {
    /// Opens the keys in `folder`; `None` if none were made yet.
    pub fn open(folder: &Path, keys: &Keys) -> Result<Option<Self>, AuthorityError> {
        let path = folder.join(FILE);
        if path.symlink_metadata().is_err() {
            return Ok(None);
        }
        let what = path.display().to_string();
        let file = read_bounded(&path, LONGEST_FILE)?;
        let limit = usize::try_from(LONGEST_FILE).unwrap_or(usize::MAX);
        let text = decrypt(&file, keys.identity(), limit, &what)?;
        let book = text
            .expose(|bytes| serde_json::from_slice::<Book>(bytes))
            .map_err(|error| AuthorityError::damaged(&what, error))?;
        if book.format != FORMAT {
            return Err(AuthorityError::damaged(&what, "it was made by a newer firstlight"));
        }
        Self::of(folder, book).map(Some)
    }

    /// Opens the keys in `folder`, or makes the first one; never a first one where `pinned` names others.
    ///
    /// From a foretold `random` the key is derived: hand one over for a demo only, for the key outlives the rehearsal.
    pub fn open_or_make(
        folder: &Path,
        keys: &Keys,
        pinned: &[[u8; 32]],
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<Self, AuthorityError> {
        let _alone = lock(folder)?;
        let opened = match Self::open(folder, keys)? {
            Some(opened) => opened,
            None if pinned.is_empty() => {
                let book = Book { format: FORMAT, sequence: 0, keys: Vec::new(), batches: Vec::new() };
                let mut made = Self::of(folder, book)?;
                made.add_key(None, clock, random)?;
                made.save(keys)?;
                made
            }
            None => return Err(AuthorityError::OtherBundleKeys { pinned: key_name(id_of(&pinned[0])) }),
        };
        opened.check_pinned(pinned)?;
        Ok(opened)
    }

    /// Fails if one of the public keys `pinned` was never a key of this station: then these are older keys, or others.
    pub fn check_pinned(&self, pinned: &[[u8; 32]]) -> Result<(), AuthorityError> {
        match pinned.iter().find(|pinned| self.book.keys.iter().all(|key| key.public != **pinned)) {
            Some(unknown) => Err(AuthorityError::OtherBundleKeys { pinned: key_name(id_of(unknown)) }),
            None => Ok(()),
        }
    }

    /// Makes a new bundle key that signs first from now on; those before go on signing until they are retired.
    pub fn rotate(
        &mut self,
        keys: &Keys,
        reason: &str,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<(), AuthorityError> {
        self.change(keys, |keys| {
            let count = keys.signers.len() + 1;
            if count > MOST_SIGNATURES {
                return Err(AuthorityError::ManyBundleKeys { count, most: MOST_SIGNATURES });
            }
            keys.add_key(Some(reason.to_owned()), clock, random)
        })
    }

    /// Lets a bundle key sign no more, and destroys its private half.
    pub fn retire(&mut self, keys: &Keys, id: [u8; 8], clock: &dyn Clock) -> Result<(), AuthorityError> {
        self.change(keys, |keys| {
            let others = keys.signers.len();
            let found = keys.book.keys.iter_mut().find(|key| key.seed.is_some() && id_of(&key.public) == id);
            let key = found.ok_or_else(|| AuthorityError::NoBundleKey { key: key_name(id) })?;
            if others == 1 {
                return Err(AuthorityError::LastBundleKey { key: key_name(id) });
            }
            key.seed = None;
            key.retired = Some(in_words(whole_seconds(clock.now())));
            keys.book.sequence += 1;
            Ok(())
        })
    }

    /// Makes a batch key. It is drawn from the system's randomness always: images outlive a rehearsal.
    pub fn make_batch(&mut self, keys: &Keys, name: &str, clock: &dyn Clock) -> Result<BatchKey, AuthorityError> {
        self.change(keys, |keys| {
            if keys.book.batches.iter().any(|batch| batch.name == name) {
                return Err(AuthorityError::BatchKeyExists { name: name.to_owned() });
            }
            let identity = x25519::Identity::generate();
            keys.book.batches.push(BatchEntry {
                name: name.to_owned(),
                recipient: identity.to_public().to_string(),
                created: in_words(whole_seconds(clock.now())),
                identity: HiddenText(Zeroizing::new(identity.to_string().expose_secret().to_owned())),
            });
            Ok(())
        })?;
        self.batches().pop().ok_or_else(|| AuthorityError::NoBatchKey { name: name.to_owned() })
    }

    /// Returns the keys that sign, the newest first.
    pub fn signers(&self) -> &[BundleSigner] {
        &self.signers
    }

    /// Returns the number that counts up with each change of the keys that sign.
    pub fn sequence(&self) -> u32 {
        self.book.sequence
    }

    /// Returns every bundle key there ever was, the newest first.
    pub fn states(&self) -> Vec<KeyState> {
        let state = |key: &KeyEntry| KeyState {
            id: id_of(&key.public),
            public: key.public,
            created: key.created.clone(),
            reason: key.reason.clone(),
            retired: key.retired.clone(),
        };
        self.book.keys.iter().map(state).collect()
    }

    /// Returns the batch keys in the order they were made in.
    pub fn batches(&self) -> Vec<BatchKey> {
        let batches = self.book.batches.iter();
        let shown = |batch: &BatchEntry| BatchKey {
            name: batch.name.clone(),
            recipient: batch.recipient.clone(),
            created: batch.created.clone(),
        };
        batches.map(shown).collect()
    }

    /// Returns a batch key's age recipient.
    pub fn batch_recipient(&self, name: &str) -> Result<&str, AuthorityError> {
        Ok(&self.batch(name)?.recipient)
    }

    /// Returns a batch key's identity file, as age-keygen writes it: what device images carry.
    pub fn batch_identity(&self, name: &str) -> Result<Secret, AuthorityError> {
        let BatchEntry { recipient, created, identity, .. } = self.batch(name)?;
        let text = format!("# batch key {name}\n# created: {created}\n# public key: {recipient}\n{}\n", &*identity.0);
        Ok(Secret::new(text.into_bytes()))
    }

    fn batch(&self, name: &str) -> Result<&BatchEntry, AuthorityError> {
        let found = self.book.batches.iter().find(|batch| batch.name == name);
        found.ok_or_else(|| AuthorityError::NoBatchKey { name: name.to_owned() })
    }

    fn of(folder: &Path, book: Book) -> Result<Self, AuthorityError> {
        let mut signers = Vec::new();
        for key in &book.keys {
            if let Some(seed) = &key.seed {
                signers.push(signer_of(seed, &key.public, folder)?);
            }
        }
        Ok(Self { folder: folder.to_owned(), book, signers })
    }

    /// Changes what the file holds now, which may be newer than what was opened, and takes that over.
    fn change(
        &mut self,
        keys: &Keys,
        change: impl FnOnce(&mut Self) -> Result<(), AuthorityError>,
    ) -> Result<(), AuthorityError> {
        let _alone = lock(&self.folder)?;
        let path = self.folder.join(FILE);
        let now = Self::open(&self.folder, keys)?;
        let mut now = now.ok_or_else(|| AuthorityError::damaged(path.display(), "it is not there any more"))?;
        change(&mut now)?;
        now.save(keys)?;
        *self = Self::of(&self.folder, now.book)?;
        Ok(())
    }

    fn add_key(
        &mut self,
        reason: Option<String>,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<(), AuthorityError> {
        let mut seed = Zeroizing::new([0; SEED]);
        random.fill(&format!("bundle key/{}", self.book.sequence + 1), &mut *seed);
        let text = HiddenText(Zeroizing::new(hex::encode(seed.as_slice())));
        let fault = |_| AuthorityError::Crypto { doing: "making a bundle key" };
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).map_err(fault)?;
        let public = public_of(&pair);
        let created = in_words(whole_seconds(clock.now()));
        self.book.keys.insert(0, KeyEntry { public, created, reason, retired: None, seed: Some(text) });
        self.book.sequence += 1;
        self.signers.insert(0, BundleSigner { pair, public });
        Ok(())
    }

    fn save(&self, keys: &Keys) -> Result<(), AuthorityError> {
        let json = Secret::new(serde_json::to_vec(&self.book).expect("a book is plain data"));
        let file = encrypt_to(&keys.identity().to_public(), &json);
        Ok(write_atomically(&self.folder.join(FILE), &file, 0o600)?)
    }
}

impl Signer for BundleSigner {
    fn key_id(&self) -> [u8; 8] {
        id_of(&self.public)
    }

    fn public_key(&self) -> [u8; 32] {
        self.public
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], String> {
        let signature = self.pair.sign(message);
        signature.as_ref().try_into().map_err(|_| "the signature has not 64 bytes".to_owned())
    }
}

/// A key's id is the beginning of its digest: nothing to choose, nothing to mix up.
fn id_of(public: &[u8; 32]) -> [u8; 8] {
    let digest = Digest::of(public);
    let mut id = [0; 8];
    id.copy_from_slice(&digest.as_bytes()[..8]);
    id
}

fn public_of(pair: &Ed25519KeyPair) -> [u8; 32] {
    pair.public_key().as_ref().try_into().expect("an Ed25519 public key has 32 bytes")
}

fn signer_of(seed: &HiddenText, public: &[u8; 32], folder: &Path) -> Result<BundleSigner, AuthorityError> {
    let fault = |reason: &str| AuthorityError::damaged(folder.join(FILE).display(), reason);
    let bytes = Zeroizing::new(hex::decode(&*seed.0).map_err(|_| fault("a key in it is no hex"))?);
    let pair = Ed25519KeyPair::from_seed_unchecked(&bytes).map_err(|_| fault("a key in it is none"))?;
    if public_of(&pair) != *public {
        return Err(fault("a key in it is not the one it is called"));
    }
    Ok(BundleSigner { pair, public: *public })
}

/// Two that change the keys at once take turns. The lock ends with the file.
fn lock(folder: &Path) -> Result<File, AuthorityError> {
    let file = File::open(folder).map_err(HostError::io("opening", folder))?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)
        .map_err(|error| HostError::io("locking", folder)(error.into()))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::authority::AskPassphrase;
    use crate::host::surroundings::{OsRandom, SystemClock};

    struct Nobody;

    impl AskPassphrase for Nobody {
        fn passphrase(&self, _: &str) -> Result<Secret, AuthorityError> {
            Err(AuthorityError::UnfitPassphrase)
        }
    }

    fn made(folder: &Path) -> (Keys, BundleKeys) {
        Keys::create(folder, "station", None, &OsRandom).unwrap();
        let keys = Keys::open(folder, &Nobody).unwrap();
        let bundle_keys = BundleKeys::open_or_make(folder, &keys, &[], &SystemClock, &OsRandom).unwrap();
        (keys, bundle_keys)
    }

    fn public(keys: &BundleKeys) -> Vec<[u8; 32]> {
        keys.signers().iter().map(Signer::public_key).collect()
    }

    #[test]
    fn keys_outlive_the_process_and_nothing_of_them_lies_in_clear() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("keys");
        let (keys, mut made) = made(&folder);
        let batch = made.make_batch(&keys, "gateways", &SystemClock).unwrap();
        made.rotate(&keys, "why", &SystemClock, &OsRandom).unwrap();
        let again = BundleKeys::open(&folder, &keys).unwrap().unwrap();
        assert_eq!(public(&again), public(&made));
        assert_eq!((again.sequence(), again.batches()), (2, vec![batch]));
        let file = std::fs::read(folder.join(FILE)).unwrap();
        assert!(file.starts_with(b"age-encryption.org/v1"));
        assert!(!file.windows(15).any(|part| part == b"AGE-SECRET-KEY-"));
        let mode = std::fs::metadata(folder.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = again.batch_identity("gateways").unwrap();
        let identity = text.expose(crate::authority::keys::parse_identity).unwrap();
        assert_eq!(identity.to_public().to_string(), again.batch_recipient("gateways").unwrap());
    }

    #[test]
    fn a_retired_key_signs_no_more_and_its_private_half_is_gone() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("keys");
        let (keys, mut made) = made(&folder);
        let first = made.signers()[0].key_id();
        assert!(matches!(made.retire(&keys, first, &SystemClock), Err(AuthorityError::LastBundleKey { .. })));
        for count in 2..=MOST_SIGNATURES {
            made.rotate(&keys, "why", &SystemClock, &OsRandom).unwrap();
            assert_eq!(made.signers().len(), count);
        }
        let many = made.rotate(&keys, "why", &SystemClock, &OsRandom);
        assert!(matches!(many, Err(AuthorityError::ManyBundleKeys { .. })));
        made.retire(&keys, first, &SystemClock).unwrap();
        assert!(made.signers().iter().all(|signer| signer.key_id() != first));
        assert!(made.book.keys.last().unwrap().seed.is_none());
        assert_eq!(made.sequence(), 5);
        made.check_pinned(&[made.book.keys.last().unwrap().public]).unwrap();
    }

    #[test]
    fn two_that_change_the_keys_lose_nothing_of_each_other() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("keys");
        let (keys, mut one) = made(&folder);
        let mut other = BundleKeys::open(&folder, &keys).unwrap().unwrap();
        one.make_batch(&keys, "a", &SystemClock).unwrap();
        other.make_batch(&keys, "b", &SystemClock).unwrap();
        other.rotate(&keys, "why", &SystemClock, &OsRandom).unwrap();
        one.rotate(&keys, "why", &SystemClock, &OsRandom).unwrap();
        assert_eq!((one.batches().len(), one.signers().len(), one.sequence()), (2, 3, 3));
    }

    #[test]
    fn a_seed_makes_the_same_key_again() {
        let random = crate::host::surroundings::SeededRandom::new(&Secret::new(b"seed".to_vec()));
        let make = || {
            let place = tempfile::tempdir().unwrap();
            let folder = place.path().join("keys");
            Keys::create(&folder, "station", None, &OsRandom).unwrap();
            let keys = Keys::open(&folder, &Nobody).unwrap();
            BundleKeys::open_or_make(&folder, &keys, &[], &SystemClock, &random).map(|made| public(&made))
        };
        assert_eq!(make().unwrap(), make().unwrap());
    }
}
