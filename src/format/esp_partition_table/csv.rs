//! The table as a person writes it: name, type, subtype, offset, size, flags.

use super::binary::{LONGEST_NAME, MOST_PARTITIONS};
use super::error::PartitionTableError;
use super::rules::{alignment, check};
use super::{KINDS, Partition, TABLE_SECTOR, flags, kinds, subtype_of};

/// The longest CSV that is read, in bytes.
pub const LONGEST_CSV: usize = 256 << 10;

const UNDEFINED: u8 = 0x06;

/// One line; an offset left out is found, a negative size is the address where the partition ends.
struct Row {
    name: String,
    kind: u8,
    subtype: u8,
    offset: Option<u32>,
    size: i64,
    flags: u32,
}

/// Reads a table that will lie at `table_offset`, finds the offsets that are left out, and checks it.
///
/// # Errors
/// [`PartitionTableError::Line`] or [`PartitionTableError::Rule`] for the first thing that cannot be meant.
pub fn from_csv(text: &str, table_offset: u32) -> Result<Vec<Partition>, PartitionTableError> {
    if text.len() > LONGEST_CSV {
        return Err(PartitionTableError::TooLong { found: text.len(), most: LONGEST_CSV });
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut partitions, mut free) = (Vec::new(), table_offset.saturating_add(TABLE_SECTOR));
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            let wrong = |reason| PartitionTableError::Line { line: number + 1, reason };
            let partition = row(line).and_then(|row| row.placed(free)).map_err(wrong)?;
            free = partition.end();
            partitions.push(partition);
        }
    }
    if partitions.len() > MOST_PARTITIONS {
        return Err(PartitionTableError::TooMany { found: partitions.len(), most: MOST_PARTITIONS });
    }
    check(&partitions, table_offset)?;
    Ok(partitions)
}

fn row(text: &str) -> Result<Row, String> {
    if text.contains('$') {
        return Err("names a variable of a build, which is not known here".into());
    }
    let fields: Vec<&str> = text.split(',').map(str::trim).collect();
    let field = |number: usize| fields.get(number).copied().unwrap_or_default();
    let kind = kind(field(1))?;
    Ok(Row {
        name: name(field(0))?,
        kind,
        subtype: subtype(kind, field(2))?,
        offset: if field(3).is_empty() { None } else { Some(offset(field(3))?) },
        size: size(field(4))?,
        flags: flags_of(field(5))?,
    })
}

fn name(text: &str) -> Result<String, String> {
    match text.len() {
        0 => Err("has no name".into()),
        _ if text.contains('\0') => Err("has a NUL in its name".into()),
        length if length > LONGEST_NAME => Err(format!("has a name of {length} bytes, it can have {LONGEST_NAME}")),
        _ => Ok(text.to_owned()),
    }
}

fn kind(text: &str) -> Result<u8, String> {
    let named = KINDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, kind)| *kind);
    let kind =
        named.or_else(|| u8::try_from(integer(text)?).ok()).ok_or_else(|| format!("has the unknown type {text:?}"))?;
    if [kinds::BOOTLOADER, kinds::PARTITION_TABLE].contains(&kind) {
        return Err(format!("has the type {text:?}, whose place no partition table file says"));
    }
    Ok(kind)
}

fn subtype(kind: u8, text: &str) -> Result<u8, String> {
    match text {
        "" if kind == kinds::APP => Err("has no subtype, which an app needs".into()),
        "" => Ok(UNDEFINED),
        _ => subtype_of(kind, &text.to_ascii_lowercase())
            .or_else(|| u8::try_from(integer(text)?).ok())
            .ok_or_else(|| format!("has the unknown subtype {text:?}")),
    }
}

fn offset(text: &str) -> Result<u32, String> {
    integer(text)
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| format!("has the offset {text:?}, which is none"))
}

fn size(text: &str) -> Result<i64, String> {
    let most = i64::from(u32::MAX);
    let size = integer(text).filter(|number| (-most..=most).contains(number));
    size.ok_or_else(|| format!("has the size {text:?}, which is none"))
}

fn flags_of(text: &str) -> Result<u32, String> {
    text.split(':').filter(|flag| !flag.is_empty()).try_fold(0, |sum, flag| match flag {
        "encrypted" => Ok(sum | flags::ENCRYPTED),
        "readonly" => Ok(sum | flags::READ_ONLY),
        _ => Err(format!("has the unknown flag {flag:?}")),
    })
}

/// Reads decimal or `0x` numbers, with `K` or `M` for multiples.
fn integer(text: &str) -> Option<i64> {
    let (digits, times) = match text.as_bytes() {
        [.., b'k' | b'K'] => (&text[..text.len() - 1], 1 << 10),
        [.., b'm' | b'M'] => (&text[..text.len() - 1], 1 << 20),
        _ => (text, 1),
    };
    let (digits, sign) = digits.strip_prefix('-').map_or((digits, 1), |digits| (digits, -1));
    let hexadecimal = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    let (digits, radix) = hexadecimal.map_or((digits, 10), |digits| (digits, 16));
    let is_number = digits.chars().all(|digit| digit.is_digit(radix));
    let is_octal = radix == 10 && digits.starts_with('0') && !digits.trim_matches('0').is_empty();
    if !is_number || is_octal {
        return None;
    }
    i64::from_str_radix(digits, radix).ok()?.checked_mul(times)?.checked_mul(sign)
}

impl Row {
    /// Finds what was left out; `free` is the end of the partition before.
    fn placed(self, free: u32) -> Result<Partition, String> {
        let next = || u32::try_from(u64::from(free).next_multiple_of(u64::from(alignment(self.kind)))).ok();
        let offset = self.offset.or_else(next).ok_or("begins beyond 4 GiB")?;
        if offset < free {
            return Err(format!("begins at {offset:#x}, what lies before ends at {free:#x}"));
        }
        let size = if self.size < 0 { -self.size - i64::from(offset) } else { self.size };
        let size =
            u32::try_from(size).map_err(|_| format!("ends at {:#x}, before it begins at {offset:#x}", -self.size))?;
        let Self { name, kind, subtype, flags, .. } = self;
        Ok(Partition { name, kind, subtype, offset, size, flags })
    }
}
