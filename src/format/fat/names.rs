//! Names in a folder: which are possible, and the short alias each gets.
//!
//! FAT specification 1.03, section "FAT Long Directory Entries" (long names, UTF-16, at most 255 units; the basis name and
//! its numeric tail). A name that differs from its alias in case only gets a long name too: the lower-case flags of
//! Windows NT are unknown to many small readers.

use std::collections::{HashMap, HashSet};

use super::FatError;

/// Most UTF-16 units of a long name.
pub(super) const LONGEST: usize = 255;

/// A short name in the 11 bytes of its field: 8 and 3, padded with spaces.
pub(super) type Alias = [u8; 11];

/// Checks one name of `path`.
pub(super) fn check_name(path: &str, name: &str) -> Result<(), FatError> {
    let fault = |reason: String| Err(FatError::Name { path: path.to_owned(), reason });
    if name.is_empty() {
        return fault("has an empty part".into());
    }
    if name == "." || name == ".." {
        return fault(format!("has the part {name:?}"));
    }
    let units = name.encode_utf16().count();
    if units > LONGEST {
        return fault(format!("has a part of {units} UTF-16 units, FAT holds at most {LONGEST}"));
    }
    if let Some(wrong) = name.chars().find(|c| c.is_control() || "\"*/:<>?\\|".contains(*c)) {
        return fault(format!("has {wrong:?}, which FAT does not allow in a name"));
    }
    if name.starts_with(' ') || name.ends_with([' ', '.']) {
        return fault("begins or ends with a space, or ends with a dot, which other systems drop".into());
    }
    Ok(())
}

/// Returns what two names must not have in common within a folder: FAT knows no difference of case.
pub(super) fn folded(name: &str) -> String {
    name.chars().map(|c| single(c.to_uppercase()).unwrap_or(c)).collect()
}

fn single(mut characters: impl Iterator<Item = char>) -> Option<char> {
    let first = characters.next()?;
    characters.next().is_none().then_some(first)
}

/// Returns the alias as text, `NAME.EXT`.
pub(super) fn alias_text(alias: Alias) -> String {
    let part = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches(' ').to_owned();
    let (base, extension) = (part(&alias[..8]), part(&alias[8..]));
    if extension.is_empty() { base } else { format!("{base}.{extension}") }
}

/// Returns one alias for each of a folder's names, all different, in the order of the names.
///
/// Names that are their own alias (but for case) keep it; the others get `~1`, `~2` ... in the order given.
pub(super) fn aliases(names: &[&str]) -> Vec<Alias> {
    let natural: Vec<Option<Alias>> = names.iter().map(|name| natural(name)).collect();
    let mut taken: HashSet<Alias> = natural.iter().flatten().copied().collect();
    let mut tails: HashMap<Basis, u32> = HashMap::new();
    names
        .iter()
        .zip(natural)
        .map(|(name, natural)| natural.unwrap_or_else(|| tailed(&Basis::of(name), &mut tails, &mut taken)))
        .collect()
}

/// The alias of a name that needs no tail: 8 and 3 allowed characters once in upper case.
pub(super) fn natural(name: &str) -> Option<Alias> {
    let (base, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let complete = !base.is_empty() && (!extension.is_empty() || !name.contains('.'));
    let fits = base.len() <= 8 && extension.len() <= 3;
    let allowed = base.bytes().chain(extension.bytes()).all(is_short_character);
    (complete && fits && allowed).then(|| joined(base.as_bytes(), extension.as_bytes()))
}

fn is_short_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'()-@^_`{}~".contains(&byte)
}

fn joined(base: &[u8], extension: &[u8]) -> Alias {
    let mut alias = [b' '; 11];
    alias[..base.len()].copy_from_slice(base);
    alias[8..8 + extension.len()].copy_from_slice(extension);
    alias.make_ascii_uppercase();
    alias
}

/// What a tail is put on: at most 6 characters (the room that `~1` leaves) and the extension.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Basis {
    base: Vec<u8>,
    extension: Vec<u8>,
}

impl Basis {
    fn of(name: &str) -> Self {
        let name = name.trim_start_matches('.');
        let (base, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        Self { base: Self::reduced(base, 6), extension: Self::reduced(extension, 3) }
    }

    /// Drops spaces and dots, puts `_` for what a short name cannot hold, and cuts.
    fn reduced(part: &str, length: usize) -> Vec<u8> {
        part.chars()
            .filter(|c| !matches!(c, ' ' | '.'))
            .map(|c| u8::try_from(c).ok().filter(|&byte| is_short_character(byte)).unwrap_or(b'_'))
            .map(|byte| byte.to_ascii_uppercase())
            .take(length)
            .collect()
    }

    fn with_tail(&self, number: u32) -> Alias {
        let tail = format!("~{number}");
        let room = self.base.len().min(8 - tail.len());
        joined(&[&self.base[..room], tail.as_bytes()].concat(), &self.extension)
    }
}

fn tailed(basis: &Basis, tails: &mut HashMap<Basis, u32>, taken: &mut HashSet<Alias>) -> Alias {
    let number = tails.entry(basis.clone()).or_insert(0);
    loop {
        *number += 1;
        let alias = basis.with_tail(*number);
        if taken.insert(alias) {
            return alias;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(names: &[&str]) -> Vec<String> {
        aliases(names).into_iter().map(alias_text).collect()
    }

    #[test]
    fn aliases_are_the_ones_that_windows_gives() {
        for (name, alias) in [
            ("README.TXT", "README.TXT"),
            ("config.txt", "CONFIG.TXT"),
            ("user-data", "USER-D~1"),
            ("meta-data", "META-D~1"),
            ("config.toml", "CONFIG~1.TOM"),
            ("network-config", "NETWOR~1"),
            (".profile", "PROFIL~1"),
            ("a.b.c", "AB~1.C"),
            ("a+b.txt", "A_B~1.TXT"),
            ("my file.txt", "MYFILE~1.TXT"),
            ("größe", "GR__E~1"),
            ("日本", "__~1"),
            ("x.", "X~1"),
            ("AmazonRootCA1.pem", "AMAZON~1.PEM"),
        ] {
            assert_eq!(texts(&[name]), [alias], "{name}");
        }
    }

    #[test]
    fn a_name_that_is_its_own_alias_keeps_it_whatever_comes_before() {
        assert_eq!(
            texts(&["config.toml", "CONFIG~1.TOM", "config.tom"]),
            ["CONFIG~2.TOM", "CONFIG~1.TOM", "CONFIG.TOM"]
        );
    }

    #[test]
    fn ten_thousand_colliding_names_get_different_aliases() {
        let names: Vec<String> = (0..10_000).map(|number| format!("certificate-{number}.json")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let aliases = aliases(&names);
        assert_eq!(aliases.iter().collect::<HashSet<_>>().len(), names.len());
        assert_eq!(alias_text(aliases[9]), "CERTI~10.JSO");
        assert_eq!(alias_text(aliases[9_999]), "CE~10000.JSO");
    }

    #[test]
    fn impossible_names_are_refused_with_the_reason() {
        let long = "x".repeat(256);
        for (name, reason) in [
            ("", "empty"),
            ("..", "\"..\""),
            (long.as_str(), "256 UTF-16 units, FAT holds at most 255"),
            ("a:b", "':'"),
            ("a\0b", "'\\0'"),
            ("a.", "ends with a dot"),
            (" a", "begins or ends with a space"),
        ] {
            let error = check_name("folder/x", name).unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("folder/x"), "{name:?}: {error}");
        }
        assert!(check_name("", &"x".repeat(255)).is_ok());
    }
}
