//! Files for programmers: bytes at addresses, each piece looked at by itself.

use zeroize::Zeroizing;

use crate::format::esp_partition_table::USUAL_OFFSET;
use crate::format::intel_hex::{self, Start};
use crate::format::{Segment, uf2};

use super::found::{Content, Form, Sureness};

/// The most pieces of one file that are shown.
const MOST_PARTS: usize = 256;

/// The largest flash of an ESP chip.
const LONGEST_FLASH: u64 = 32 << 20;

/// Looks into bytes at an address.
pub(super) type Look<'a> = &'a dyn Fn(&[u8], u64) -> Content;

/// Reads Intel HEX.
pub(super) fn intel_hex(bytes: &[u8], look: Look<'_>) -> Content {
    let file = match intel_hex::decode(bytes) {
        Ok(file) => file,
        Err(error) => return Content::damaged(Form::IntelHex, bytes.len(), &error),
    };
    let mut found = Content::new(Form::IntelHex, Sureness::Certain, bytes.len()).fact("segments", file.segments.len());
    match file.start {
        Some(Start::Linear(address)) => found = found.fact("start", format!("{address:#x}")),
        Some(Start::Segment { cs, ip }) => found = found.fact("start", format!("{cs:04x}:{ip:04x}")),
        None => {}
    }
    add(&mut found, None, &file.segments, look);
    found
}

/// Reads UF2.
pub(super) fn uf2(bytes: &[u8], look: Look<'_>) -> Content {
    let images = match uf2::decode(bytes) {
        Ok(images) => images,
        Err(error) => return Content::damaged(Form::Uf2, bytes.len(), &error),
    };
    let segments: usize = images.iter().map(|image| image.segments.len()).sum();
    let mut found = Content::new(Form::Uf2, Sureness::Certain, bytes.len()).fact("segments", segments);
    for image in &images {
        let words = |family: uf2::Family| family.name().map_or_else(|| format!("{:#010x}", family.0), str::to_owned);
        add(&mut found, image.family.map(words).as_deref(), &image.segments, look);
    }
    found
}

fn add(found: &mut Content, name: Option<&str>, segments: &[Segment], look: Look<'_>) {
    let room = MOST_PARTS.saturating_sub(found.parts.len());
    let named = |address: u64, part: Content| Content { address: Some(address), name: name.map(str::to_owned), ..part };
    if let Some((address, flash)) = flash(segments, look) {
        found.parts.push(named(address, flash));
        return;
    }
    found.parts_left_out += segments.len().saturating_sub(room) as u64;
    let look = |segment: &Segment| named(segment.address, segment.bytes.expose(|bytes| look(bytes, segment.address)));
    found.parts.extend(segments.iter().take(room).map(look));
}

/// Lays the pieces of an ESP chip's flash side by side: a partition may begin or end inside a piece, for pieces that touch
/// are one.
fn flash(segments: &[Segment], look: Look<'_>) -> Option<(u64, Content)> {
    let (first, last) = (segments.first()?.address, segments.last()?.end()?);
    let is_table_there = (first..last).contains(&u64::from(USUAL_OFFSET));
    let length = last.checked_sub(first).filter(|length| is_table_there && *length <= LONGEST_FLASH)?;
    let mut flash = Zeroizing::new(vec![0xFF; usize::try_from(length).ok()?]);
    for segment in segments {
        let at = usize::try_from(segment.address - first).ok()?;
        segment.bytes.expose(|bytes| flash[at..at + bytes.len()].copy_from_slice(bytes));
    }
    let content = look(&flash, first);
    let gaps = segments.len() - 1;
    let told =
        |content: Content| if gaps > 0 { content.fact("gaps", format!("{gaps}, shown as erased")) } else { content };
    (content.form == Form::EspFlash).then(|| (first, told(content)))
}
