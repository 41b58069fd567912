//! The machine as the kernel shows it: `/sys`, `/proc` and `/dev` under one root folder.

use std::fs;
use std::path::{Path, PathBuf};

use super::files;

/// The longest attribute that is read, in bytes; sysfs gives at most a page.
const LONGEST_ATTRIBUTE: u64 = 4096;
/// The longest table (`/proc/self/mountinfo`) that is read, in bytes.
const LONGEST_TABLE: u64 = 16 << 20;
/// The most entries of a folder that are looked at.
const MOST_ENTRIES: usize = 65_536;

/// The machine this program runs on, or a folder that looks like one.
#[derive(Clone, Debug)]
pub struct Machine {
    root: PathBuf,
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine {
    /// Returns the machine this program runs on.
    pub fn new() -> Self {
        Self::at(Path::new("/"))
    }

    /// Returns the machine whose `sys`, `proc` and `dev` lie under `root`.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Returns true if it is a folder that looks like a machine.
    pub fn is_folder(&self) -> bool {
        self.root != Path::new("/")
    }

    /// Returns where the absolute `path` lies on this machine.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Returns a table of `/proc`, or nothing where it cannot be read.
    pub(super) fn table(&self, path: &str) -> String {
        let bytes = files::read_bounded(&self.path(path), LONGEST_TABLE).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Returns the trimmed text of a sysfs attribute, made safe to show; `None` where it is absent or empty.
pub(super) fn attribute(folder: &Path, name: &str) -> Option<String> {
    let bytes = files::read_bounded(&folder.join(name), LONGEST_ATTRIBUTE).ok()?;
    let text = presentable(&String::from_utf8_lossy(&bytes));
    (!text.is_empty()).then_some(text)
}

/// Returns a number from a sysfs attribute.
pub(super) fn number(folder: &Path, name: &str) -> Option<u64> {
    attribute(folder, name)?.parse().ok()
}

/// Returns true if the attribute is `1`.
pub(super) fn flag(folder: &Path, name: &str) -> bool {
    attribute(folder, name).as_deref() == Some("1")
}

/// Returns the names in a folder, sorted; none where it cannot be read.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let names = entries.take(MOST_ENTRIES).filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// Returns the two numbers of a `dev` attribute.
pub(super) fn device_number(folder: &Path) -> Option<(u32, u32)> {
    parse_device_number(&attribute(folder, "dev")?)
}

/// Reads `8:16`.
pub(super) fn parse_device_number(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Makes text from outside safe to show: no control, direction or invisible character can disguise one drive as another;
/// runs of blanks become one; at most 128 characters.
pub fn presentable(text: &str) -> String {
    let words: Vec<&str> = text.split(char::is_whitespace).filter(|word| !word.is_empty()).collect();
    let short: String = words.join(" ").chars().take(128).collect();
    harmless(&short)
}

/// Replaces every control, direction or invisible character.
pub fn harmless(text: &str) -> String {
    text.chars().map(|c| if disguises(c) { '\u{fffd}' } else { c }).collect()
}

fn disguises(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_disguise_a_drive() {
        assert_eq!(presentable("  SanDisk   Ultra\0 \n"), "SanDisk Ultra\u{fffd}");
        assert_eq!(presentable("KO\u{202e}TSRIF\u{200b}"), "KO\u{fffd}TSRIF\u{fffd}");
        assert_eq!(presentable("\u{1b}[31mred"), "\u{fffd}[31mred");
        assert_eq!(presentable(&"x".repeat(1000)).len(), 128);
    }

    #[test]
    fn paths_stay_under_the_root() {
        let machine = Machine::at(Path::new("/tmp/fake"));
        assert_eq!(machine.path("/sys/block"), Path::new("/tmp/fake/sys/block"));
    }
}
