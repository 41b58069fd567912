//! Looking into a file or block device.

use std::io;
use std::path::Path;

use zeroize::Zeroizing;

use crate::fleet::{Class, Diagnose, Secret};
use crate::format::ReadAt;
use crate::format::nvs::{KEY_BYTES, Keys};
use crate::host::{HostError, files};

use super::found::{Content, Form};
use super::recognise::{HEAD, Request, form_of, look};
use crate::medium::inspect::{InspectError, open};

/// The most bytes of a file that are read, whatever its form.
const LONGEST: u64 = 128 << 20;
/// The most bytes of a flash: ESP chips have 32 MiB at most.
const LONGEST_FLASH: u64 = 32 << 20;
/// The most bytes of content without a mark that are looked at.
const LONGEST_RAW: u64 = 16 << 20;
/// The longest file of keys: a partition of them is 4 KiB, or a few times that.
const LONGEST_KEYS: u64 = 64 << 10;
/// Bytes of the key in an eFuse from which the chip derives the keys.
const EFUSE_KEY: usize = 32;

/// Why a file cannot be looked into.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// It cannot be opened.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// It cannot be read.
    #[error("reading {name:?} failed")]
    Io {
        /// The file.
        name: String,
        /// The system's words.
        source: io::Error,
    },
    /// It is not what somebody said.
    #[error("{name:?} does not read as {form}: {reason}")]
    NotThat {
        /// The file.
        name: String,
        /// The form in words.
        form: &'static str,
        /// How it fails.
        reason: String,
    },
    /// A file of keys that holds none.
    #[error("{name:?} holds no NVS keys: {reason}")]
    Keys {
        /// The file.
        name: String,
        /// How it fails.
        reason: String,
    },
}

impl Diagnose for ContentError {
    fn class(&self) -> Class {
        match self {
            ContentError::Inspect(error) => error.class(),
            ContentError::Io { .. } => Class::Surroundings,
            ContentError::NotThat { .. } | ContentError::Keys { .. } => Class::Input,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            ContentError::Inspect(error) => error.hint(),
            ContentError::Keys { .. } => {
                Some("name an image of the nvs_keys partition, 64 bytes of keys, or the 32 bytes of the eFuse".into())
            }
            ContentError::Io { .. } | ContentError::NotThat { .. } => None,
        }
    }
}

/// Looks into the image file or block device at `path`, if it carries the mark of a known form or `request` names one; `None`
/// for a folder and for what carries no mark.
///
/// # Errors
/// [`ContentError`]; damage is a finding, and an error only where the form or keys were named.
pub fn look_at_file(path: &Path, request: &Request<'_>) -> Result<Option<Content>, ContentError> {
    match open(path)? {
        Some(source) => look_at(&path.display().to_string(), &*source, request),
        None => Ok(None),
    }
}

/// Looks into `source`, called `name` in messages, as [`look_at_file`] does.
///
/// # Errors
/// [`ContentError`].
pub fn look_at(name: &str, source: &dyn ReadAt, request: &Request<'_>) -> Result<Option<Content>, ContentError> {
    let Some(form) = request.form.or(form_of(&read(name, source, HEAD as u64)?, 0)) else { return Ok(None) };
    let limit = match form {
        Form::Raw => LONGEST_RAW,
        Form::EspFlash => LONGEST_FLASH,
        _ => LONGEST,
    };
    if source.size() > limit && form != Form::Raw {
        let problem = format!("it has {} bytes, at most {limit} are read", source.size());
        return checked(name, request, Content::damaged(form, 0, &problem).of_size(source.size()));
    }
    let bytes = read(name, source, limit)?;
    let mut found = look(&bytes, &Request { form: Some(form), ..*request });
    if bytes.len() as u64 != source.size() {
        found = found.of_size(source.size()).fact("looked at", format!("the first {limit} bytes"));
    }
    checked(name, request, found)
}

/// Reads the keys of an encrypted NVS partition: an image of the keys' partition, the 64 bytes of the keys, or the 32 bytes
/// of the eFuse key from which the chip derives them.
///
/// # Errors
/// [`ContentError::Keys`], or why the file cannot be read; at most 64 KiB are read.
pub fn read_keys(path: &Path) -> Result<Keys, ContentError> {
    let host = |error: HostError| ContentError::Inspect(InspectError::Host(error));
    let bytes = Secret::new(files::read_bounded(path, LONGEST_KEYS).map_err(host)?);
    let keys = match bytes.len() {
        EFUSE_KEY => Keys::from_efuse_key(&bytes),
        KEY_BYTES => Keys::new(&bytes),
        _ => bytes.expose(Keys::from_partition),
    };
    let name = path.display().to_string();
    keys.map_err(|error| ContentError::Keys { name, reason: error.to_string() })
}

fn read(name: &str, source: &dyn ReadAt, limit: u64) -> Result<Zeroizing<Vec<u8>>, ContentError> {
    let length = usize::try_from(source.size().min(limit)).expect("at most 128 MiB");
    let mut bytes = Zeroizing::new(vec![0; length]);
    source.read_at(0, &mut bytes).map_err(|error| ContentError::Io { name: name.to_owned(), source: error })?;
    Ok(bytes)
}

/// What was named must be so; what was guessed may be damaged.
fn checked(name: &str, request: &Request<'_>, found: Content) -> Result<Option<Content>, ContentError> {
    let was_named = request.form.is_some() || request.keys.is_some() && found.form == Form::Nvs;
    match &found.problem {
        Some(reason) if was_named && found.is_unread() => {
            let (name, form) = (name.to_owned(), found.form.words());
            Err(ContentError::NotThat { name, form, reason: reason.clone() })
        }
        _ => Ok(Some(found)),
    }
}
