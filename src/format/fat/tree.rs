//! Folders and files, as the paths ask for them.

use std::collections::BTreeMap;

use super::entry::{self, ENTRY, FILE, FOLDER, LABEL, Short, Stamp};
use super::geometry::MOST_FOLDER_BYTES;
use super::names::{self, Alias};
use super::{FatError, VolumeFile, label};

/// Deepest nesting of folders.
pub(super) const DEEPEST: usize = 32;

/// What a name in a folder stands for, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Node {
    Folder(usize),
    File(usize),
}

struct Member<'a> {
    name: &'a str,
    node: Node,
}

struct Folder<'a> {
    path: &'a str,
    parent: usize,
    /// By folded name, so that the order does not depend on the caller's.
    members: BTreeMap<String, Member<'a>>,
}

/// All folders of a volume; number 0 is the root.
pub(super) struct Tree<'a> {
    folders: Vec<Folder<'a>>,
    labelled: bool,
}

impl<'a> Tree<'a> {
    /// Sorts the files into folders, made as needed.
    pub(super) fn of(files: &[VolumeFile<'a>], labelled: bool) -> Result<Self, FatError> {
        let root = Folder { path: "", parent: 0, members: BTreeMap::new() };
        let mut tree = Self { folders: vec![root], labelled };
        let mut order: Vec<usize> = (0..files.len()).collect();
        order.sort_by_key(|&number| files[number].path);
        for number in order {
            check_size(&files[number])?;
            tree.insert(files[number].path, number)?;
        }
        for number in 0..tree.folders.len() {
            tree.check_folder(number)?;
        }
        Ok(tree)
    }

    fn insert(&mut self, path: &'a str, file: usize) -> Result<(), FatError> {
        let depth = path.split('/').count();
        if depth > DEEPEST {
            let reason = format!("has {depth} parts, at most {DEEPEST} are possible");
            return Err(FatError::Name { path: path.to_owned(), reason });
        }
        let mut folder = 0;
        let mut start = 0;
        for (slash, _) in path.match_indices('/') {
            folder = self.folder_in(folder, &path[start..slash], &path[..slash], path)?;
            start = slash + 1;
        }
        let name = &path[start..];
        names::check_name(path, name)?;
        if let Some(other) = self.folders[folder].members.get(&names::folded(name)) {
            return Err(self.twice(path, folder, other));
        }
        self.folders[folder].members.insert(names::folded(name), Member { name, node: Node::File(file) });
        Ok(())
    }

    /// Finds or makes a folder; one that differs in case is another name for the same, hence a fault.
    fn folder_in(&mut self, parent: usize, name: &'a str, own_path: &'a str, path: &'a str) -> Result<usize, FatError> {
        names::check_name(path, name)?;
        let made = self.folders.len();
        match self.folders[parent].members.get(&names::folded(name)) {
            Some(Member { node: Node::Folder(number), name: same }) if *same == name => return Ok(*number),
            Some(other) => return Err(self.twice(own_path, parent, other)),
            None => {}
        }
        self.folders[parent].members.insert(names::folded(name), Member { name, node: Node::Folder(made) });
        self.folders.push(Folder { path: own_path, parent, members: BTreeMap::new() });
        Ok(made)
    }

    fn twice(&self, path: &str, folder: usize, other: &Member<'_>) -> FatError {
        let parent = self.folders[folder].path;
        let other = if parent.is_empty() { other.name.to_owned() } else { format!("{parent}/{}", other.name) };
        FatError::Twice { path: path.to_owned(), other }
    }

    fn check_folder(&self, number: usize) -> Result<(), FatError> {
        let (need, have) = (self.entries(number), MOST_FOLDER_BYTES / ENTRY as u64);
        if need > have {
            return Err(FatError::FolderFull { path: self.folders[number].path.to_owned(), need, have });
        }
        Ok(())
    }

    /// Returns the number of folders, the root among them.
    pub(super) fn folder_count(&self) -> usize {
        self.folders.len()
    }

    /// Returns the files in the order they are stored: folder by folder, by name.
    pub(super) fn files(&self) -> impl Iterator<Item = usize> {
        self.folders.iter().flat_map(|folder| folder.members.values()).filter_map(|member| match member.node {
            Node::File(number) => Some(number),
            Node::Folder(_) => None,
        })
    }

    /// Returns the entries a folder needs: label or dots, and each member's.
    pub(super) fn entries(&self, folder: usize) -> u64 {
        let own = if folder == 0 { usize::from(self.labelled) } else { 2 };
        let members = self.folders[folder].members.values();
        let member_entries =
            members.map(|member| 1 + if is_short(member.name) { 0 } else { entry::long_entries(member.name) });
        (own + member_entries.sum::<usize>()) as u64
    }

    /// Returns a folder's bytes; `place` tells first cluster and size of a member.
    pub(super) fn directory(
        &self,
        folder: usize,
        label: &str,
        stamp: Stamp,
        place: &dyn Fn(Node) -> (u32, u32),
    ) -> Vec<u8> {
        let mut bytes = Vec::new();
        if folder == 0 {
            append_label(label, stamp, &mut bytes);
        } else {
            self.append_dots(folder, stamp, place, &mut bytes);
        }
        let members: Vec<&Member<'_>> = self.folders[folder].members.values().collect();
        let member_names: Vec<&str> = members.iter().map(|member| member.name).collect();
        for (member, alias) in members.into_iter().zip(names::aliases(&member_names)) {
            append_member(member, alias, stamp, place, &mut bytes);
        }
        bytes
    }

    /// `.` and `..` have no long names; `..` of a folder in the root says cluster 0 on every type.
    fn append_dots(&self, folder: usize, stamp: Stamp, place: &dyn Fn(Node) -> (u32, u32), bytes: &mut Vec<u8>) {
        let parent = self.folders[folder].parent;
        let (own, _) = place(Node::Folder(folder));
        let above = if parent == 0 { 0 } else { place(Node::Folder(parent)).0 };
        for (name, cluster) in [(*b".          ", own), (*b"..         ", above)] {
            Short { name, attributes: FOLDER, cluster, size: 0 }.append(stamp, bytes);
        }
    }
}

fn append_label(label: &str, stamp: Stamp, bytes: &mut Vec<u8>) {
    if !label.is_empty() {
        Short { name: label::field(label), attributes: LABEL, cluster: 0, size: 0 }.append(stamp, bytes);
    }
}

fn append_member(
    member: &Member<'_>,
    alias: Alias,
    stamp: Stamp,
    place: &dyn Fn(Node) -> (u32, u32),
    bytes: &mut Vec<u8>,
) {
    if !is_short(member.name) {
        entry::append_long(member.name, alias, bytes);
    }
    let (cluster, size) = place(member.node);
    let attributes = if matches!(member.node, Node::Folder(_)) { FOLDER } else { FILE };
    Short { name: alias, attributes, cluster, size }.append(stamp, bytes);
}

/// A name that is exactly its alias needs no long one.
fn is_short(name: &str) -> bool {
    names::natural(name).is_some_and(|alias| names::alias_text(alias) == name)
}

fn check_size(file: &VolumeFile<'_>) -> Result<(), FatError> {
    let (size, most) = (file.bytes.len() as u64, u64::from(u32::MAX));
    if size > most {
        return Err(FatError::FileTooLarge { path: file.path.to_owned(), size, most });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Secret;

    fn refusal(paths: &[&str]) -> FatError {
        let secret = Secret::new(Vec::new());
        let files: Vec<VolumeFile<'_>> = paths.iter().map(|path| VolumeFile { path, bytes: &secret }).collect();
        Tree::of(&files, true).err().expect("is refused")
    }

    #[test]
    fn two_paths_that_are_one_to_fat_are_refused_by_both_names() {
        for paths in [["a/b", "a/B"], ["a", "A"], ["x", "x"], ["a", "a/b"], ["a/b", "A/c"], ["Ä", "ä"]] {
            assert!(matches!(refusal(&paths), FatError::Twice { .. }), "{paths:?}");
        }
        assert_eq!(refusal(&["f/a", "f/A"]).to_string(), r#"files "f/a" and "f/A" would be one on a FAT volume"#);
    }

    #[test]
    fn paths_outside_the_volume_are_refused() {
        let deep = vec!["d"; 33].join("/");
        for path in ["/etc/passwd", "../x", "a/../b", "a//b", "a/", "", ".", deep.as_str()] {
            assert!(matches!(refusal(&[path]), FatError::Name { .. }), "{path:?}");
        }
    }

    #[test]
    fn a_folder_with_more_entries_than_fat_can_say_is_refused() {
        let secret = Secret::new(Vec::new());
        let paths: Vec<String> = (0..22_000).map(|number| format!("folder/a-quite-long-name-{number}")).collect();
        let files: Vec<VolumeFile<'_>> = paths.iter().map(|path| VolumeFile { path, bytes: &secret }).collect();
        let error = Tree::of(&files, true).err().unwrap();
        assert_eq!(error, FatError::FolderFull { path: "folder".into(), need: 66_002, have: 65_536 });
    }
}
