//! The result on the medium: the room beside a bundle's manifest is overwritten, byte for byte, so that neither FAT nor
//! folder changes. Never fatal: a medium may be write-protected, mounted, or gone.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use super::medium::Place;
use crate::bundle::sealed::open::join;
use crate::bundle::sealed::result::signed_by;
use crate::delivery::manifest::{RESULT_NAME, RESULT_SIZE};
use crate::delivery::result::{Outcome, ResultBody, ResultRoom};
use crate::format::fat::read::Volume;
use crate::format::{ReadAt, Window};
use crate::host::{AlignedBuffer, BlockDevice};
use crate::medium::Source;

/// A piece of the room: where it lies on the medium, and how long it is.
type Piece = (u64, usize);

/// Writes `bytes`, [`RESULT_SIZE`] of them, into the room of the bundle in `folder`. The error says why it was not done.
pub fn leave(place: &Place, folder: &str, bytes: &[u8]) -> Result<(), String> {
    if bytes.len() != RESULT_SIZE {
        return Err(format!("a result has {RESULT_SIZE} bytes, this one {}", bytes.len()));
    }
    let wanted = join(folder, RESULT_NAME);
    let source = match Source::open(&place.path).map_err(|error| error.to_string())? {
        Source::Folder(root) => return overwrite(&root.join(&wanted), bytes),
        Source::Bytes(source) => source,
    };
    let pieces = pieces(source.as_ref(), place, &wanted)?;
    let mut found = vec![0; RESULT_SIZE];
    let mut at = 0;
    for (offset, length) in &pieces {
        source.read_at(*offset, &mut found[at..at + length]).map_err(|error| error.to_string())?;
        at += length;
    }
    if says_the_same(&found, bytes) {
        return Ok(());
    }
    drop(source);
    let is_device = std::fs::metadata(&place.path).is_ok_and(|found| found.file_type().is_block_device());
    if is_device {
        return write_device(&place.path, &pieces, &found, bytes);
    }
    let file = OpenOptions::new().write(true).open(&place.path).map_err(|error| error.to_string())?;
    let mut rest = bytes;
    for (offset, length) in pieces {
        let (piece, behind) = rest.split_at(length);
        file.write_all_at(piece, offset).map_err(|error| error.to_string())?;
        rest = behind;
    }
    file.sync_all().map_err(|error| error.to_string())
}

/// Returns where the room lies, by our own reader: exactly [`RESULT_SIZE`] bytes in whole sectors.
fn pieces(source: &dyn ReadAt, place: &Place, wanted: &str) -> Result<Vec<Piece>, String> {
    let window = Window::new(source, place.offset, place.size);
    let volume = Volume::open(&window).map_err(|error| error.to_string())?;
    let files = volume.files().map_err(|error| error.to_string())?;
    let file = files.iter().find(|file| file.path.eq_ignore_ascii_case(wanted));
    let file = file.filter(|file| file.size == RESULT_SIZE as u64).ok_or("there is no room for a result")?;
    let piece = |(offset, length): (u64, u64)| Some((place.offset + offset, usize::try_from(length).ok()?));
    let pieces: Option<Vec<Piece>> = volume.extents(file).into_iter().map(piece).collect();
    let pieces = pieces.filter(|pieces| pieces.iter().map(|(_, length)| length).sum::<usize>() == RESULT_SIZE);
    pieces.ok_or_else(|| "the room for a result has another size than its file".into())
}

/// True if `found` says already what `wanted` says, its time aside: a medium that stays plugged in is not worn out. "unchanged"
/// adds nothing to "ingested": a kernel that looks anew at a medium that was written to lets a service run again, and whoever
/// gets the medium back shall read what came of it.
fn says_the_same(found: &[u8], wanted: &[u8]) -> bool {
    let body = |bytes: &[u8]| match ResultRoom::read(bytes) {
        ResultRoom::File(file, body) => signed_by(&file).map(|key| (key, ResultBody { at: None, ..body })),
        ResultRoom::Blank | ResultRoom::Unreadable => None,
    };
    let (Some((one, found)), Some((other, wanted))) = (body(found), body(wanted)) else { return false };
    let still = (found.outcome, wanted.outcome) == (Outcome::Ingested, Outcome::Unchanged);
    one == other && (found == wanted || (still && found.manifest == wanted.manifest))
}

/// Writes to a drive that nobody else has open. What lay there when the room was looked for must still lie there: another medium
/// may have come under the same name since, and none of its sectors is ours to write.
fn write_device(path: &Path, pieces: &[Piece], found: &[u8], bytes: &[u8]) -> Result<(), String> {
    let node = path.canonicalize().map_err(|error| error.to_string())?;
    let device = BlockDevice::open_exclusively(&node).map_err(|error| error.to_string())?;
    let block = device.block_size() as usize;
    let is_aligned = |(offset, length): &Piece| offset.is_multiple_of(block as u64) && length.is_multiple_of(block);
    if !pieces.iter().all(is_aligned) {
        return Err("the room for a result does not fill whole blocks of the medium".into());
    }
    let mut rest = found;
    for (offset, length) in pieces {
        let (piece, behind) = rest.split_at(*length);
        let mut buffer = AlignedBuffer::new(*length);
        device.read_at(*offset, &mut buffer).map_err(|error| error.to_string())?;
        if *buffer != *piece {
            return Err("the medium was exchanged".into());
        }
        rest = behind;
    }
    let mut rest = bytes;
    for (offset, length) in pieces {
        let (piece, behind) = rest.split_at(*length);
        let mut buffer = AlignedBuffer::new(*length);
        buffer.copy_from_slice(piece);
        device.write_at(*offset, &buffer).map_err(|error| error.to_string())?;
        rest = behind;
    }
    device.sync().map_err(|error| error.to_string())
}

fn overwrite(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file: File =
        OpenOptions::new().read(true).write(true).custom_flags(flags).open(path).map_err(|error| error.to_string())?;
    let is_room = file.metadata().is_ok_and(|found| found.is_file() && found.len() == RESULT_SIZE as u64);
    if !is_room {
        return Err("there is no room for a result".into());
    }
    let mut found = vec![0; RESULT_SIZE];
    if file.read_exact_at(&mut found, 0).is_ok() && says_the_same(&found, bytes) {
        return Ok(());
    }
    file.write_all_at(bytes, 0).and_then(|()| file.sync_all()).map_err(|error| error.to_string())
}
