//! What a template's folder may hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::delivery::artifact::{name_is_reserved, path_is_safe};
use crate::fleet::{Digest, Faults, Place};

/// The description's file name.
pub const DESCRIPTION: &str = "template.yaml";
/// The most files a template's folder may hold.
pub const MOST_FILES: usize = 256;
/// The longest file of a template, in bytes.
pub const LONGEST_SOURCE: usize = 1 << 20;

/// Returns the digest over every file, by name.
pub(super) fn digest(files: &BTreeMap<String, Vec<u8>>) -> Digest {
    Digest::of_parts(files.iter().flat_map(|(name, bytes)| [name.as_bytes(), bytes.as_slice()]))
}

/// Returns the MiniJinja sources, with LF line ends.
pub(super) fn sources(
    files: &BTreeMap<String, Vec<u8>>,
    place: &impl Fn(&str) -> Place,
    faults: &mut Faults,
) -> BTreeMap<String, Arc<str>> {
    let mut sources = BTreeMap::new();
    for (name, bytes) in files.iter().filter(|(name, _)| is_source(name)) {
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                sources.insert(name.clone(), Arc::from(text.trim_start_matches('\u{feff}').replace("\r\n", "\n")));
            }
            Err(error) => faults.add(place(name), format!("the file is not UTF-8 (byte {})", error.valid_up_to())),
        }
    }
    sources
}

/// Returns true if a file of that name is a MiniJinja source.
pub(super) fn is_source(name: &str) -> bool {
    name.strip_suffix(".j2").is_some_and(|stem| !stem.is_empty())
}

/// Returns true if a template may write a file there.
pub(super) fn may_write(path: &str) -> bool {
    path_is_safe(path) && !name_is_reserved(path)
}
