//! The station's keys: its own, and the fleet key wrapped to it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret;
use age::x25519;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::delivery::Random;
use crate::fleet::Secret;
use crate::host::HostError;
use crate::host::files::{create_private, read_bounded};
use crate::host::surroundings::OsRandom;

use super::age_file::{decrypt, encrypt_to, lock, longest_file, passphrase_identity};
use super::draft::Draft;
use super::sealing::{self, FleetKey};
use super::{AuthorityError, certificate};

pub(super) const STATION_KEY: &str = "station.key";
pub(super) const STATION_CARD: &str = "station.json";
pub(super) const FLEET_KEY: &str = "fleet.key.age";

/// The longest file of this folder that is read whole, in bytes.
pub(super) const LONGEST_FILE: usize = 64 * 1024;
const LOCKED: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";

/// How the station key lies on the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protection {
    /// In clear, mode 0600: whoever reads the disk has it. Shown as *unprotected*.
    Plain,
    /// Under a passphrase (scrypt, 256 MiB and about a second by design).
    Passphrase,
}

/// Asks a person, or a descriptor, for a passphrase.
pub trait AskPassphrase: Send + Sync {
    /// Returns the passphrase for `for_what`; [`AuthorityError::NoPassphrase`] where nobody can be asked.
    fn passphrase(&self, for_what: &str) -> Result<Secret, AuthorityError>;

    /// Returns the secret `name` of `secrets:` that a person is to type in; [`AuthorityError::Untyped`] where nobody can be
    /// asked.
    fn secret(&self, name: &str) -> Result<Secret, AuthorityError> {
        self.passphrase(&format!("secret {name:?}"))
    }
}

/// The opened keys of a station. Opening costs a passphrase its second: once a process.
pub struct Keys {
    station: String,
    identity: x25519::Identity,
    fleet: FleetKey,
    protection: Protection,
}

/// `station.json`: whose keys these are.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StationCard {
    pub(super) name: String,
    pub(super) recipient: String,
}

impl Keys {
    /// Makes the keys of station `station` in `folder` (made with 0700 where it is not there): a new station key, under
    /// `passphrase` if there is one, and a new fleet key. Never overwrites one; a folder that cannot be finished is left
    /// as it was.
    ///
    /// A foretold `random` is not used: these keys outlive the rehearsal. Nothing that leaves the station shows them.
    pub fn create(
        folder: &Path,
        station: &str,
        passphrase: Option<&Secret>,
        random: &dyn Random,
    ) -> Result<Self, AuthorityError> {
        certificate::check_name("station name", station)?;
        refuse_existing(folder)?;
        let identity = x25519::Identity::generate();
        let fleet_key = draw_fleet_key(random);
        let files = vec![
            (STATION_CARD, station_card(station, &identity)),
            (FLEET_KEY, encrypt_to(&identity.to_public(), &fleet_key)),
            (STATION_KEY, station_key(station, &identity, passphrase)?),
        ];
        put_files(folder, &files)?;
        let protection = if passphrase.is_some() { Protection::Passphrase } else { Protection::Plain };
        Ok(Self { station: station.to_owned(), identity, fleet: FleetKey::from_secret(&fleet_key)?, protection })
    }

    /// Opens the keys in `folder`; asks for the passphrase where the station key has one.
    pub fn open(folder: &Path, ask: &dyn AskPassphrase) -> Result<Self, AuthorityError> {
        let card = read_station_card(folder)?;
        let (identity, protection) = open_station_key(folder, &card.name, ask)?;
        if identity.to_public().to_string() != card.recipient {
            let reason = format!("it is not the key of {}", card.recipient);
            return Err(AuthorityError::damaged(folder.join(STATION_KEY).display(), reason));
        }
        let path = folder.join(FLEET_KEY);
        let wrapped = read_bounded(&path, longest_file(sealing::LENGTH))?;
        let fleet_key = decrypt(&wrapped, &identity, sealing::LENGTH, &path.display().to_string())?;
        Ok(Self { station: card.name, identity, fleet: FleetKey::from_secret(&fleet_key)?, protection })
    }

    /// Returns true if `folder` holds a station key.
    pub fn exist(folder: &Path) -> bool {
        folder.join(STATION_KEY).symlink_metadata().is_ok()
    }

    /// Returns how the station key in `folder` is protected, without opening it.
    pub fn protection(folder: &Path) -> Result<Protection, AuthorityError> {
        Ok(protection_of(&read_station_key(folder)?))
    }

    /// Returns the name of the station whose keys lie in `folder`; no key is opened.
    pub fn station_name_in(folder: &Path) -> Result<String, AuthorityError> {
        Ok(read_station_card(folder)?.name)
    }

    /// Returns the station's name.
    pub fn station_name(&self) -> &str {
        &self.station
    }

    /// Returns the station's age recipient, `age1...`: what its secrets are encrypted to.
    pub fn recipient(&self) -> String {
        self.identity.to_public().to_string()
    }

    /// Returns the fleet key.
    pub fn fleet_key(&self) -> &FleetKey {
        &self.fleet
    }

    pub(super) fn how_protected(&self) -> Protection {
        self.protection
    }

    pub(super) fn identity(&self) -> &x25519::Identity {
        &self.identity
    }
}

/// Reads `station.json`.
pub(super) fn read_station_card(folder: &Path) -> Result<StationCard, AuthorityError> {
    if !Keys::exist(folder) {
        return Err(AuthorityError::NoKeys { folder: folder.to_owned() });
    }
    let path = folder.join(STATION_CARD);
    let bytes = read_bounded(&path, LONGEST_FILE as u64)?;
    serde_json::from_slice(&bytes).map_err(|error| AuthorityError::damaged(path.display(), error))
}

fn refuse_existing(folder: &Path) -> Result<(), AuthorityError> {
    for name in [STATION_KEY, STATION_CARD, FLEET_KEY] {
        let path = folder.join(name);
        if path.symlink_metadata().is_ok() {
            return Err(AuthorityError::Exists { path });
        }
    }
    Ok(())
}

fn draw_fleet_key(random: &dyn Random) -> Secret {
    let mut key = Zeroizing::new(vec![0; sealing::LENGTH]);
    let random: &dyn Random = if random.foretold() { &OsRandom } else { random };
    random.fill("fleet key", &mut key);
    Secret::new(std::mem::take(&mut *key))
}

pub(super) fn station_card(station: &str, identity: &x25519::Identity) -> Vec<u8> {
    let card = StationCard { name: station.to_owned(), recipient: identity.to_public().to_string() };
    let mut json = serde_json::to_vec_pretty(&card).expect("a card is plain data");
    json.push(b'\n');
    json
}

/// Writes the identity file as age-keygen does, so that the age program opens what is encrypted to the station.
pub(super) fn station_key(
    station: &str,
    identity: &x25519::Identity,
    passphrase: Option<&Secret>,
) -> Result<Vec<u8>, AuthorityError> {
    let key = identity.to_string();
    let text = format!(
        "# firstlight station key of {station}\n# public key: {}\n{}\n",
        identity.to_public(),
        key.expose_secret()
    );
    match passphrase {
        None => Ok(text.into_bytes()),
        Some(passphrase) => lock(passphrase, &Secret::new(text.into_bytes())),
    }
}

/// Puts the files into a new folder as one, or one by one into a folder that is there (station key last, all or none).
fn put_files(folder: &Path, files: &[(&str, Vec<u8>)]) -> Result<(), AuthorityError> {
    if folder.symlink_metadata().is_err() {
        let draft = Draft::of(folder)?;
        for (name, bytes) in files {
            create_private(&draft.path().join(name), bytes)?;
        }
        return draft.put_in_place();
    }
    fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(HostError::io("closing", folder))?;
    let mut made: Vec<PathBuf> = Vec::new();
    for (name, bytes) in files {
        let path = folder.join(name);
        if let Err(error) = create_private(&path, bytes) {
            for path in made {
                let _ = fs::remove_file(path);
            }
            return Err(error.into());
        }
        made.push(path);
    }
    Ok(())
}

fn read_station_key(folder: &Path) -> Result<Zeroizing<Vec<u8>>, AuthorityError> {
    if !Keys::exist(folder) {
        return Err(AuthorityError::NoKeys { folder: folder.to_owned() });
    }
    Ok(Zeroizing::new(read_bounded(&folder.join(STATION_KEY), LONGEST_FILE as u64)?))
}

fn protection_of(station_key: &[u8]) -> Protection {
    if station_key.starts_with(LOCKED) { Protection::Passphrase } else { Protection::Plain }
}

fn open_station_key(
    folder: &Path,
    station: &str,
    ask: &dyn AskPassphrase,
) -> Result<(x25519::Identity, Protection), AuthorityError> {
    let path = folder.join(STATION_KEY);
    let bytes = read_station_key(folder)?;
    let protection = protection_of(&bytes);
    let text = match protection {
        Protection::Plain => {
            refuse_exposed(&path)?;
            Secret::new(bytes.to_vec())
        }
        Protection::Passphrase => {
            let what = format!("the key of station {station:?}");
            let passphrase = ask.passphrase(&what)?;
            decrypt(&bytes, &passphrase_identity(&passphrase)?, LONGEST_FILE, &what)?
        }
    };
    let identity = text.expose(parse_identity);
    Ok((identity.ok_or_else(|| AuthorityError::damaged(path.display(), "it holds no age identity"))?, protection))
}

/// Refuses a file with a secret in clear that others may use.
fn refuse_exposed(path: &Path) -> Result<(), AuthorityError> {
    let mode = fs::metadata(path).map_err(HostError::io("reading", path))?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(AuthorityError::Exposed { path: path.to_owned(), mode });
    }
    Ok(())
}

/// Reads the one identity of an identity file; comment lines and blank ones are skipped.
pub(super) fn parse_identity(bytes: &[u8]) -> Option<x25519::Identity> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let identity = lines.next()?.parse().ok()?;
    lines.next().is_none().then_some(identity)
}
