//! The entries of a folder.

use crate::format::fat::entry::{self, ENTRY, FOLDER, LABEL, LAST_PART, LONG_NAME, UNIT_PLACES, UNITS};

use super::ReadError;

/// Most parts of a long name: 20 of 13 units hold 255.
const MOST_PARTS: u8 = 20;
/// Flags of Windows NT: base or extension are shown in lower case.
const LOWER_BASE: u8 = 0x08;
const LOWER_EXTENSION: u8 = 0x10;

/// The upper half of code page 437, which short names are in.
const CODE_PAGE_437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{A0}";

/// An entry that stands for something.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) is_folder: bool,
    pub(super) cluster: u32,
    pub(super) size: u32,
}

/// Returns the members of a folder from its bytes, dots and label left out.
pub(super) fn members(directory: &[u8], place: &str) -> Result<Vec<Member>, ReadError> {
    let mut members = Vec::new();
    let mut long = LongName::default();
    for raw in used_entries(directory) {
        if raw[11] & 0x3F == LONG_NAME {
            long.add(raw);
            continue;
        }
        let name = std::mem::take(&mut long);
        if raw[11] & LABEL != 0 || is_dots(raw) {
            continue;
        }
        members.push(member(raw, name, place)?);
    }
    Ok(members)
}

/// Returns the label entry of a root directory.
pub(super) fn label(directory: &[u8]) -> Option<String> {
    let raw = used_entries(directory).find(|raw| raw[11] & 0x3F != LONG_NAME && raw[11] & (LABEL | FOLDER) == LABEL)?;
    Some(label_text(&raw[..11]))
}

/// Returns a label field as text.
pub(super) fn label_text(field: &[u8]) -> String {
    decoded(field, false).trim_end_matches(' ').to_owned()
}

fn used_entries(directory: &[u8]) -> impl Iterator<Item = &[u8]> {
    directory.chunks_exact(ENTRY).take_while(|raw| raw[0] != 0).filter(|raw| raw[0] != 0xE5)
}

fn is_dots(raw: &[u8]) -> bool {
    raw[..11] == *b".          " || raw[..11] == *b"..         "
}

fn member(raw: &[u8], long: LongName, place: &str) -> Result<Member, ReadError> {
    let name = match long.text(raw[..11].try_into().expect("11 bytes")) {
        Some(units) => {
            String::from_utf16(&units).map_err(|_| ReadError::damaged(place, "a long name is not UTF-16"))?
        }
        None => short_name(raw),
    };
    check(&name, place)?;
    let short = |at: usize| u32::from(u16::from_le_bytes([raw[at], raw[at + 1]]));
    Ok(Member {
        name,
        is_folder: raw[11] & FOLDER != 0,
        cluster: short(20) << 16 | short(26),
        size: short(30) << 16 | short(28),
    })
}

/// A name must not reach out of its folder, whatever wrote it.
fn check(name: &str, place: &str) -> Result<(), ReadError> {
    let dots = name.is_empty() || name == "." || name == "..";
    if dots || name.chars().any(|c| c.is_control() || "\"*/:<>?\\|".contains(c)) {
        return Err(ReadError::damaged(place, format!("an entry has the name {name:?}")));
    }
    Ok(())
}

fn short_name(raw: &[u8]) -> String {
    let mut field: [u8; 11] = raw[..11].try_into().expect("11 bytes");
    if field[0] == 0x05 {
        field[0] = 0xE5;
    }
    let base = decoded(&field[..8], raw[12] & LOWER_BASE != 0);
    let extension = decoded(&field[8..], raw[12] & LOWER_EXTENSION != 0);
    let (base, extension) = (base.trim_end_matches(' '), extension.trim_end_matches(' '));
    if extension.is_empty() { base.to_owned() } else { format!("{base}.{extension}") }
}

fn decoded(bytes: &[u8], lower: bool) -> String {
    let character = |&byte: &u8| match byte {
        0x80.. => CODE_PAGE_437.chars().nth(usize::from(byte - 0x80)).unwrap_or(char::REPLACEMENT_CHARACTER),
        _ if lower => char::from(byte.to_ascii_lowercase()),
        _ => char::from(byte),
    };
    bytes.iter().map(character).collect()
}

/// The parts of a long name as they come, its end first.
#[derive(Default)]
struct LongName {
    units: Vec<u16>,
    checksum: u8,
    /// Number of the part that came last; 1 when complete, 0 when there is none.
    last: u8,
}

impl LongName {
    /// Takes a part; one that does not follow the last ends the name.
    fn add(&mut self, raw: &[u8]) {
        let number = raw[0] & 0x3F;
        if raw[0] & LAST_PART != 0 && (1..=MOST_PARTS).contains(&number) {
            *self = Self { units: vec![0; usize::from(number) * UNITS], checksum: raw[13], last: number };
        } else if number > 0 && number + 1 == self.last && raw[13] == self.checksum {
            self.last = number;
        } else {
            *self = Self::default();
            return;
        }
        let start = usize::from(number - 1) * UNITS;
        for (unit, place) in self.units[start..].iter_mut().zip(UNIT_PLACES) {
            *unit = u16::from_le_bytes([raw[place], raw[place + 1]]);
        }
    }

    /// Returns the units up to the terminator if the name is complete and belongs to this short one.
    fn text(mut self, alias: [u8; 11]) -> Option<Vec<u16>> {
        if self.last != 1 || self.checksum != entry::checksum(alias) {
            return None;
        }
        let end = self.units.iter().position(|&unit| unit == 0).unwrap_or(self.units.len());
        self.units.truncate(end);
        Some(self.units)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry_of(name: [u8; 11], attributes: u8, case: u8) -> Vec<u8> {
        let mut raw = vec![0; ENTRY];
        raw[..11].copy_from_slice(&name);
        (raw[11], raw[12]) = (attributes, case);
        raw
    }

    fn names(directory: &[u8]) -> Vec<String> {
        members(directory, "").unwrap().into_iter().map(|member| member.name).collect()
    }

    #[test]
    fn short_names_are_shown_in_their_case_and_code_page() {
        assert_eq!(CODE_PAGE_437.chars().count(), 128);
        assert_eq!(names(&entry_of(*b"README  TXT", 0x20, LOWER_BASE)), ["readme.TXT"]);
        assert_eq!(names(&entry_of(*b"README  TXT", 0x20, LOWER_EXTENSION)), ["README.txt"]);
        assert_eq!(names(&entry_of(*b"GR\x99\xE1E      ", 0x20, 0)), ["GRÖßE"]);
        assert_eq!(names(&entry_of(*b"\x05A         ", 0x20, 0)), ["σA"]);
    }

    #[test]
    fn a_long_name_that_belongs_to_another_entry_is_dropped() {
        let mut directory = Vec::new();
        entry::append_long("some-long-name.conf", *b"SOME-L~1CON", &mut directory);
        directory.extend(entry_of(*b"OTHER   CON", 0x20, 0));
        assert_eq!(names(&directory), ["OTHER.CON"]);
        directory.drain(..ENTRY);
        directory.extend(entry_of(*b"SOME-L~1CON", 0x20, 0));
        assert_eq!(names(&directory), ["OTHER.CON", "SOME-L~1.CON"]);
    }

    #[test]
    fn a_name_that_reaches_out_of_its_folder_is_an_error() {
        for name in ["../../etc/passwd", "..", "a\\b", "nul\u{7}"] {
            let mut directory = Vec::new();
            entry::append_long(name, *b"A          ", &mut directory);
            directory.extend(entry_of(*b"A          ", 0x20, 0));
            assert!(members(&directory, "").is_err(), "{name:?}");
        }
    }
}
