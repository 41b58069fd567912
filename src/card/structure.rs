//! The way to EF(LwM2M_Bootstrap): looked for, made where it is missing, written so that a power cut leaves an empty file.

use zeroize::Zeroizing;

use crate::format::pkcs15::{self, BOOTSTRAP, DIR, DODF, HEADER, ICCID, ODF, OidForm, TOKEN_INFO};

use super::apdu::Channel;
use super::error::CardError;
use super::files::{LARGEST, MASTER, Selected};

/// The size of directories that we make, in bytes.
const DIRECTORY_SIZE: usize = 128;
/// The least size of a bootstrap file that we make: room for a later change.
const LEAST_SIZE: usize = 512;

/// What is on a card.
pub struct Look {
    /// Its number (ICCID), digits.
    pub number: Option<String>,
    /// True if it has the PKCS#15 application.
    pub application: bool,
    /// How the directory names the file, where it does.
    pub oid: Option<OidForm>,
    /// Size of EF(LwM2M_Bootstrap) in bytes, where it is there.
    pub size: Option<usize>,
    /// Its content, all of it.
    pub content: Zeroizing<Vec<u8>>,
}

/// Looks without changing a bit.
pub fn look(channel: &mut Channel<'_>) -> Result<Look, CardError> {
    let number = number(channel)?;
    let mut look = Look { number, application: enter(channel)?, oid: None, size: None, content: Zeroizing::default() };
    if !look.application {
        return Ok(look);
    }
    let Some((path, oid)) = named(channel)? else { return Ok(look) };
    look.oid = Some(oid);
    enter(channel)?;
    if let Some(file) = channel.select_path(&path)? {
        look.content = channel.read(&file)?;
        look.size = Some(file.size.unwrap_or(look.content.len()));
    }
    Ok(look)
}

/// EF(ICCID): ten bytes, the two digits of each exchanged, F at the end.
fn number(channel: &mut Channel<'_>) -> Result<Option<String>, CardError> {
    channel.select(MASTER)?;
    let Some(file) = channel.select(ICCID)? else { return Ok(None) };
    let bytes = channel.read(&file)?;
    let digits: String = bytes.iter().take(10).flat_map(|byte| [byte & 0xf, byte >> 4]).map_while(digit).collect();
    Ok((digits.len() >= 10).then_some(digits))
}

fn digit(nibble: u8) -> Option<char> {
    char::from_digit(u32::from(nibble), 10)
}

/// Selects the application: by its identifier, else where EF(DIR) says that it lies, else at its usual place.
fn enter(channel: &mut Channel<'_>) -> Result<bool, CardError> {
    if channel.select_application()? {
        return Ok(true);
    }
    channel.select(MASTER)?;
    if let Some(dir) = channel.select(DIR)?
        && let Some(path) = pkcs15::application_path(&channel.read(&dir)?)?
        && channel.select_path(&path)?.is_some()
    {
        return Ok(true);
    }
    channel.select(MASTER)?;
    Ok(channel.select(pkcs15::APPLICATION)?.is_some())
}

/// Follows EF(ODF) to every directory of data objects, and returns what the one entry for us names.
fn named(channel: &mut Channel<'_>) -> Result<Option<(Vec<u8>, OidForm)>, CardError> {
    let Some(odf) = channel.select(ODF)? else { return Ok(None) };
    let mut found: Vec<pkcs15::Found> = Vec::new();
    for path in pkcs15::data_directories(&channel.read(&odf)?)? {
        enter(channel)?;
        let Some(directory) = channel.select_path(&path)? else { continue };
        found.extend(pkcs15::bootstrap_entries(&channel.read(&directory)?)?);
    }
    let mut places: Vec<&[u8]> = found.iter().map(|entry| &entry.path[..]).collect();
    places.sort_unstable();
    places.dedup();
    if places.len() > 1 {
        return Err(CardError::Ambiguous { found: places.len() });
    }
    // The last one is the entry by identifier where both kinds are there.
    Ok(found.pop().map(|entry| (entry.path, entry.oid)))
}

/// Writes `content` as EF(LwM2M_Bootstrap), making what of the structure is missing; the directory names it in the form
/// `oid`. The header comes last: until then readers find an empty file. The rest of the file is overwritten too, for it
/// may hold an older key.
pub fn write(channel: &mut Channel<'_>, content: &[u8], oid: OidForm) -> Result<(), CardError> {
    if content.len() > LARGEST {
        return Err(CardError::Small { file: "a file", need: content.len(), have: LARGEST });
    }
    let number = number(channel)?;
    if !enter(channel)? {
        make_application(channel, number.as_deref())?;
    }
    let file = place(channel, content.len(), oid)?;
    let size = file.size.unwrap_or(content.len());
    if size < content.len() {
        return Err(CardError::Small { file: "EF(LwM2M_Bootstrap)", need: content.len(), have: size });
    }
    channel.update(0, &[0; HEADER])?;
    channel.update(HEADER, &content[HEADER..])?;
    channel.update(content.len(), &vec![0xff; size.min(LARGEST) - content.len()])?;
    channel.update(0, &content[..HEADER])
}

fn make_application(channel: &mut Channel<'_>, number: Option<&str>) -> Result<(), CardError> {
    let record = pkcs15::application_template(&[0x3f, 0, 0x7f, 0x50]);
    channel.select(MASTER)?;
    append(channel, DIR, "EF(DIR)", &record)?;
    channel.make_application()?;
    let token = pkcs15::token_info(number.unwrap_or_default().as_bytes());
    channel.make_file(TOKEN_INFO, token.len())?;
    channel.update(0, &token)
}

/// Adds to a directory of the selected folder; makes the directory if it is not there.
fn append(channel: &mut Channel<'_>, id: u16, name: &'static str, entry: &[u8]) -> Result<(), CardError> {
    let (file, used) = match channel.select(id)? {
        None => (channel.make_file(id, DIRECTORY_SIZE)?, 0),
        Some(file) => {
            let bytes = channel.read(&file)?;
            let used = pkcs15::used(name, &bytes)?;
            (file, used)
        }
    };
    let size = file.size.unwrap_or(DIRECTORY_SIZE);
    if used + entry.len() > size {
        return Err(CardError::Small { file: name, need: used + entry.len(), have: size });
    }
    channel.update(used, entry)
}

/// Selects the file that the directories name, having made what is missing.
fn place(channel: &mut Channel<'_>, need: usize, oid: OidForm) -> Result<Selected, CardError> {
    let path = if let Some((path, _)) = named(channel)? {
        path
    } else {
        enter(channel)?;
        point_at_directory(channel)?;
        enter(channel)?;
        let entries = [pkcs15::opaque_entry(BOOTSTRAP), pkcs15::directory_entry(BOOTSTRAP, oid)].concat();
        append(channel, DODF, "EF(DODF-bootstrap)", &entries)?;
        BOOTSTRAP.to_be_bytes().to_vec()
    };
    enter(channel)?;
    if let Some(file) = channel.select_path(&path)? {
        return Ok(file);
    }
    enter(channel)?;
    channel.make_file(BOOTSTRAP, need.max(LEAST_SIZE))
}

/// EF(ODF) names our directory, beside any others it names.
fn point_at_directory(channel: &mut Channel<'_>) -> Result<(), CardError> {
    let ours = DODF.to_be_bytes();
    let known = match channel.select(ODF)? {
        Some(odf) => pkcs15::data_directories(&channel.read(&odf)?)?,
        None => Vec::new(),
    };
    if known.iter().any(|path| path.ends_with(&ours)) {
        return Ok(());
    }
    enter(channel)?;
    append(channel, ODF, "EF(ODF)", &pkcs15::pointer_to(DODF))
}
