//! Files in folders, each folder in the order that drivers expect.

use std::collections::BTreeMap;

use super::error::LittlefsError;
use super::tag::{LONGEST_NAME, MOST_LEVELS, by_name};

/// One entry of a folder.
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) node: Node,
}

/// A file, by its place in the list that came in, or a folder, by its place in the tree.
#[derive(Clone, Copy)]
pub(super) enum Node {
    File(usize),
    Folder(usize),
}

/// Returns the folders of `paths`, the root first, a folder always before what is in it.
pub(super) fn folders(paths: &[&str]) -> Result<Vec<Vec<Entry>>, LittlefsError> {
    let mut folders: Vec<Vec<Entry>> = vec![Vec::new()];
    let mut known: BTreeMap<&str, usize> = BTreeMap::from([("", 0)]);
    let mut files: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, path) in paths.iter().enumerate() {
        check(path)?;
        let mut parent = 0;
        for (slash, _) in path.match_indices('/') {
            let folder = &path[..slash];
            parent = *known.entry(folder).or_insert_with(|| {
                let (next, name) = (folders.len(), last(folder));
                folders[parent].push(Entry { name, node: Node::Folder(next) });
                folders.push(Vec::new());
                next
            });
        }
        files.insert(path, number).map_or(Ok(()), |_| Err(twice(path, path)))?;
        folders[parent].push(Entry { name: last(path), node: Node::File(number) });
    }
    if let Some(path) = files.keys().find(|path| known.contains_key(*path)) {
        let within = paths.iter().find(|other| other.strip_prefix(*path).is_some_and(|rest| rest.starts_with('/')));
        return Err(twice(path, within.unwrap_or(path)));
    }
    folders.iter_mut().for_each(|folder| folder.sort_by(|a, b| by_name(&a.name, &b.name)));
    Ok(folders)
}

fn last(path: &str) -> Vec<u8> {
    path.rsplit('/').next().unwrap_or(path).as_bytes().to_vec()
}

fn twice(path: &str, other: &str) -> LittlefsError {
    LittlefsError::Twice { path: path.to_owned(), other: other.to_owned() }
}

fn check(path: &str) -> Result<(), LittlefsError> {
    let wrong = |reason: String| Err(LittlefsError::Name { path: path.to_owned(), reason });
    let levels = path.split('/').count() - 1;
    if levels > MOST_LEVELS {
        return wrong(format!("is in {levels} folders, at most {MOST_LEVELS} are made"));
    }
    for name in path.split('/') {
        if name.is_empty() || name == "." || name == ".." {
            return wrong(format!("has a part {name:?}, which names nothing"));
        }
        if name.len() > LONGEST_NAME {
            return wrong(format!("has a part of {} bytes, littlefs holds at most {LONGEST_NAME}", name.len()));
        }
        if name.contains('\0') {
            return wrong("holds a NUL, which no driver can ask for".into());
        }
    }
    Ok(())
}
