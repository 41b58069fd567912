//! littlefs: its files by path and size; of what is in them only certificates are shown.

use crate::format::littlefs::{FileEntry, Volume};
use crate::host::machine::harmless;

use super::found::{Content, Form, Sureness, ValueFound, Why};
use super::mask::{self, Nature, Secrecy};

/// The most files that are shown.
const MOST_FILES: usize = 10_000;
/// The largest file that is looked into.
const LARGEST: u64 = 64 << 10;

/// Reads a littlefs image.
pub(super) fn littlefs(bytes: &[u8]) -> Content {
    let volume = match Volume::open(bytes) {
        Ok(volume) => volume,
        Err(error) => return Content::damaged(Form::Littlefs, bytes.len(), &error),
    };
    let ((block_size, block_count), (major, minor)) = (volume.blocks(), volume.version());
    let mut found = Content::new(Form::Littlefs, Sureness::Certain, bytes.len())
        .fact("version", format!("{major}.{minor}"))
        .fact("block size", block_size)
        .fact("blocks", block_count)
        .fact("files", volume.files().len());
    for entry in volume.files().iter().take(MOST_FILES) {
        match file(&volume, entry) {
            Ok(value) => found.values.push(value),
            Err(problem) => found.problem = found.problem.or(Some(problem)),
        }
    }
    found.values_left_out = volume.files().len().saturating_sub(MOST_FILES) as u64;
    found
}

fn file(volume: &Volume<'_>, entry: &FileEntry<'_>) -> Result<ValueFound, String> {
    if entry.size > LARGEST {
        let unread = mask::value(&entry.path, "file", &[], Nature::File, Secrecy::ByName);
        return Ok(ValueFound { length: entry.size, masked: Some(Why::File), ..unread });
    }
    let content = volume.read(entry, LARGEST).map_err(|error| harmless(&error.to_string()))?;
    Ok(content.expose(|bytes| mask::value(&entry.path, "file", bytes, Nature::File, Secrecy::ByName)))
}
