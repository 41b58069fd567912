//! The volume label.

use super::FatError;

/// Longest label in characters.
const MOST: usize = 11;

/// Returns the label as it is stored (upper case), or which rule it breaks.
///
/// At most 11 characters of ASCII letters, digits, inner spaces and `!#$%&'()-@^_{}~` or a grave accent; empty for a
/// volume without a label; not `NO NAME`, which means none (FAT specification 1.03, section "FAT32 Boot Sector": `BS_VolLab`).
pub fn check_label(label: &str) -> Result<String, FatError> {
    let fault = |reason: String| Err(FatError::Label { label: label.to_owned(), reason });
    let count = label.chars().count();
    if count > MOST {
        return fault(format!("has {count} characters, FAT holds at most {MOST}"));
    }
    if let Some(wrong) = label.chars().find(|&c| !is_label_character(c)) {
        return fault(format!("has {wrong:?}, which FAT does not allow in a label"));
    }
    if label.starts_with(' ') || label.ends_with(' ') {
        return fault("begins or ends with a space".into());
    }
    let stored = label.to_ascii_uppercase();
    if stored == "NO NAME" {
        return fault("is what FAT writes for no label".into());
    }
    Ok(stored)
}

/// Returns the label in the 11 bytes of its field, padded with spaces.
pub(super) fn field(label: &str) -> [u8; MOST] {
    let mut field = [b' '; MOST];
    for (place, byte) in field.iter_mut().zip(label.bytes()) {
        *place = byte;
    }
    field
}

fn is_label_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || " !#$%&'()-@^_`{}~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_label_comes_back_in_upper_case() {
        for (given, stored) in [("cidata", "CIDATA"), ("My Stick-01", "MY STICK-01"), ("", ""), ("bootfs", "BOOTFS")] {
            assert_eq!(check_label(given).unwrap(), stored);
        }
    }

    #[test]
    fn a_bad_label_is_named_with_its_fault() {
        for (given, reason) in [
            ("ABCDEFGHIJKL", "has 12 characters, FAT holds at most 11"),
            ("a.b", "has '.', which FAT does not allow in a label"),
            ("größe", "has 'ö', which FAT does not allow in a label"),
            ("a\tb", "has '\\t', which FAT does not allow in a label"),
            (" ab", "begins or ends with a space"),
            ("no name", "is what FAT writes for no label"),
        ] {
            let error = check_label(given).unwrap_err();
            assert_eq!(error, FatError::Label { label: given.into(), reason: reason.into() });
        }
    }
}
