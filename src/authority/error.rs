//! How keys, authority, secrets and backups fail.

use std::path::PathBuf;

use crate::fleet::{Class, Diagnose, Digest};
use crate::host::HostError;

/// How this room fails. No secret is ever part of a message.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Host(#[from] HostError),
    /// There is no station key.
    #[error("there is no station key in {folder:?}")]
    NoKeys {
        /// The folder looked in.
        folder: PathBuf,
    },
    /// Must be new, and is there.
    #[error("refusing to overwrite {path:?}: it exists")]
    Exists {
        /// The file or folder.
        path: PathBuf,
    },
    /// A file with a secret in clear that others may use.
    #[error("refusing to use {path:?}: its mode is {mode:04o}, only its owner may have rights")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A passphrase is needed and nobody can be asked.
    #[error("no passphrase for {for_what}: {reason}")]
    NoPassphrase {
        /// What it opens.
        for_what: String,
        /// Why there is none.
        reason: String,
    },
    /// A secret is to be typed in and nobody can be asked.
    #[error("secret {name:?} is to be typed in: {reason}")]
    Untyped {
        /// Its name.
        name: String,
        /// Why it was not.
        reason: String,
    },
    /// A passphrase that cannot protect anything.
    #[error("a passphrase must be text and must not be empty")]
    UnfitPassphrase,
    /// Not the passphrase it was locked with.
    #[error("the passphrase does not open {what}")]
    WrongPassphrase {
        /// What was to be opened.
        what: String,
    },
    /// Encrypted for somebody else.
    #[error("{what} is encrypted for another key")]
    NotForUs {
        /// What was to be opened.
        what: String,
    },
    /// Cut short, altered, or not what its name says.
    #[error("{what} is damaged: {reason}")]
    Damaged {
        /// The file or material.
        what: String,
        /// What was found.
        reason: String,
    },
    /// No age recipient.
    #[error("{recipient:?} is no age recipient")]
    Recipient {
        /// As it was given.
        recipient: String,
    },
    /// A name that a certificate cannot carry.
    #[error("{what} {found:?} cannot stand in a certificate: {reason}")]
    Name {
        /// "common name", "organization", "station name".
        what: &'static str,
        /// The name.
        found: String,
        /// Why.
        reason: String,
    },
    /// The pinned authority is not there.
    #[error("the authority of this fleet is missing: its root {pinned} is pinned, but there is none in {folder:?}")]
    Missing {
        /// Fingerprint of the pinned root.
        pinned: Digest,
        /// The folder looked in.
        folder: PathBuf,
    },
    /// Another authority than the pinned one.
    #[error("refusing to use another authority: root {found} is in place, root {pinned} is pinned")]
    Different {
        /// Fingerprint of the pinned root.
        pinned: Digest,
        /// Fingerprint of the root found.
        found: Digest,
    },
    /// An authority that nobody has pinned.
    #[error("the root {found} is in place, but this fleet has none pinned")]
    Unpinned {
        /// Fingerprint of the root found.
        found: Digest,
    },
    /// Demo and production mixed up.
    #[error("the fleet file asks for a {asked} authority, the one in place is a {found} authority")]
    OtherKind {
        /// "demo" or "production".
        asked: &'static str,
        /// "demo" or "production".
        found: &'static str,
    },
    /// The pinned or placed authority is not there, and none is pinned either.
    #[error("there is no authority in {folder:?}")]
    NoAuthority {
        /// The folder looked in.
        folder: PathBuf,
    },
    /// Bundle keys other than the pinned ones.
    #[error("refusing to sign: bundle key {pinned} is pinned in fleet.lock, and this station does not have it")]
    OtherBundleKeys {
        /// Id of a pinned key.
        pinned: String,
    },
    /// No bundle key of that name.
    #[error("there is no bundle key {key:?} that signs")]
    NoBundleKey {
        /// As it was named.
        key: String,
    },
    /// The only key that signs would be gone.
    #[error("refusing to retire bundle key {key}: no other one signs")]
    LastBundleKey {
        /// Its id.
        key: String,
    },
    /// More keys than a bundle has signatures.
    #[error("{count} bundle keys sign, at most {most} are possible")]
    ManyBundleKeys {
        /// How many sign.
        count: usize,
        /// How many may.
        most: usize,
    },
    /// No batch key of that name.
    #[error("there is no batch key {name:?}")]
    NoBatchKey {
        /// As it was named.
        name: String,
    },
    /// A batch key of that name is there.
    #[error("refusing to make a second batch key {name:?}")]
    BatchKeyExists {
        /// Its name.
        name: String,
    },
    /// Keys that can be foretold under a root that others trust.
    #[error("refusing to make keys from a seed for a production authority: whoever knows the seed knows them")]
    Foretold,
    /// A certificate that would be valid longer than its issuer's.
    #[error("the certificate of {device:?} would be valid until {wanted}, its issuer only until {issuer}")]
    Outlives {
        /// The device.
        device: String,
        /// End of the certificate.
        wanted: String,
        /// End of the issuer's.
        issuer: String,
    },
    /// A credential that cannot be made as asked.
    #[error("credential {name:?} of {device:?} cannot be made: {reason}")]
    Shape {
        /// The device.
        device: String,
        /// The credential's name.
        name: String,
        /// Why.
        reason: String,
    },
    /// The key of sealed material has been destroyed.
    #[error("the private material of {context:?} has been destroyed")]
    Destroyed {
        /// What it belongs to.
        context: String,
    },
    /// Sealed material that this fleet key does not open under this name.
    #[error("the sealed material of {context:?} does not open: it was altered, moved, or sealed by another fleet")]
    Sealed {
        /// What it belongs to.
        context: String,
    },
    /// An entry of `secrets:` that gives nothing.
    #[error("secret {name:?} cannot be had from {source_text}: {reason}")]
    Secret {
        /// Its name.
        name: String,
        /// Where it was looked for: a path, `$NAME`, "file descriptor 3".
        source_text: String,
        /// Why.
        reason: String,
    },
    /// A backup that its own content opens.
    #[error("refusing to protect a backup with the station key that it holds: lost with it, it opens nothing")]
    BackupToItself,
    /// A backup of another fleet.
    #[error("refusing to restore another authority: the backup holds root {found}, root {pinned} is pinned")]
    OtherBackup {
        /// Fingerprint of the pinned root.
        pinned: Digest,
        /// Fingerprint of the root in the backup; "none" if it holds none.
        found: String,
    },
    /// The crypto library refuses what it never should.
    #[error("{doing} failed in the crypto library")]
    Crypto {
        /// "signing a certificate" ...
        doing: &'static str,
    },
}

impl AuthorityError {
    /// Returns a [`AuthorityError::Damaged`].
    pub(super) fn damaged(what: impl ToString, reason: impl ToString) -> Self {
        Self::Damaged { what: what.to_string(), reason: reason.to_string() }
    }
}

impl Diagnose for AuthorityError {
    fn class(&self) -> Class {
        match self {
            Self::Host(error) => error.class(),
            Self::Crypto { .. } => Class::Fault,
            Self::Exists { .. }
            | Self::Exposed { .. }
            | Self::NoPassphrase { .. }
            | Self::Untyped { .. }
            | Self::WrongPassphrase { .. }
            | Self::Foretold
            | Self::OtherBundleKeys { .. }
            | Self::LastBundleKey { .. }
            | Self::ManyBundleKeys { .. }
            | Self::BatchKeyExists { .. }
            | Self::BackupToItself => Class::Refused,
            _ => Class::Input,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Host(error) => return error.hint(),
            Self::NoKeys { .. } | Self::Missing { .. } => {
                "bring the keys back with: firstlight restore FILE (the file that firstlight backup made)".into()
            }
            Self::NoAuthority { .. } => "make one with: firstlight ca init".into(),
            Self::Different { .. } => {
                "move .firstlight aside and run: firstlight restore FILE; or take fleet.lock back from version control"
                    .into()
            }
            Self::Unpinned { .. } => {
                "take fleet.lock back from version control; or, if this root is meant, run: firstlight ca init".into()
            }
            Self::OtherKind { .. } => {
                "set authority: {demo: ...} as it was; or, to begin anew, move .firstlight and fleet.lock aside and run: firstlight \
                 ca init"
                    .into()
            }
            Self::NoPassphrase { .. } => "run it at a terminal, or pass it with --passphrase-fd N (N< FILE)".into(),
            Self::Untyped { .. } => {
                "run it at a terminal, or give the secret another source: {env: NAME}, {file: PATH}, {fd: N}".into()
            }
            Self::Exists { path } => format!("if it is to be replaced, move it aside: mv '{0}' '{0}.old'", path.display()),
            Self::Exposed { path, .. } => format!("chmod 600 '{}'", path.display()),
            Self::Outlives { .. } => "shorten `valid` of the credential, or renew the authority".into(),
            Self::Foretold => "leave the seed out, or use authority: {demo: true} for rehearsals".into(),
            Self::Destroyed { .. } => "make a new generation with: firstlight write ID --again lost".into(),
            Self::Sealed { .. } => "restore the keys that belong to this ledger: firstlight restore FILE".into(),
            Self::BackupToItself => "use a passphrase, or the recipient of a key kept elsewhere (age-keygen)".into(),
            Self::Recipient { .. } => "a recipient begins with age1; age-keygen prints it as the public key".into(),
            Self::OtherBundleKeys { .. } => {
                "bring the keys back with: firstlight restore FILE; or take fleet.lock back from version control".into()
            }
            Self::NoBundleKey { .. } => "see the keys with: firstlight seal show".into(),
            Self::LastBundleKey { .. } => "make the next one first: firstlight seal rotate --reason WHY".into(),
            Self::ManyBundleKeys { .. } => "retire one that no device needs any more: firstlight seal retire KEY".into(),
            Self::NoBatchKey { name } => format!("make it with: firstlight seal batch {name}"),
            Self::BatchKeyExists { .. } => "use it, or give the next batch a name of its own".into(),
            _ => return None,
        };
        Some(hint)
    }
}
