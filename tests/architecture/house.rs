//! The house: its files, who imports whom, and what is against the rules.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::source::{Named, blank_out, paths};

/// Room and floor. A room may use only the floors below its own.
pub(crate) const FLOORS: [(&str, u8); 23] = [
    ("fleet", 1),
    ("delivery", 2),
    ("format", 2),
    ("host", 2),
    ("authority", 3),
    ("bundle", 3),
    ("medium", 3),
    ("programmer", 3),
    ("card", 3),
    ("coap", 3),
    ("dtls", 3),
    ("ledger", 3),
    ("registry", 3),
    ("station", 4),
    ("client", 4),
    ("registration", 4),
    ("bootstrap", 4),
    ("management", 4),
    ("server", 5),
    ("ui", 6),
    ("command", 7),
    ("main", 8),
    ("lib", 9),
];
/// Neighbours on one floor that may be used all the same: from, to.
const NEIGHBOURS: [(&str, &str); 2] = [("format", "delivery"), ("host", "delivery")];
/// Rooms that may use these rooms and no other, whatever their floor.
const ONLY: [(&str, &[&str]); 1] = [("client", &["bundle", "delivery", "host", "format", "fleet", "medium"])];
/// Crates with the rooms that may name them.
const CRATES: [(&str, &[&str]); 15] = [
    ("clap", &["ui", "command", "main"]),
    ("dialoguer", &["ui", "command", "main"]),
    ("indicatif", &["ui", "command", "main"]),
    ("anyhow", &["ui", "command", "main"]),
    ("serde_yaml", &["fleet"]),
    ("rusb", &["host", "programmer"]),
    ("probe_rs", &["programmer"]),
    ("pcsc", &["card"]),
    ("rusqlite", &["ledger", "registry"]),
    ("postgres", &["registry"]),
    ("tokio_postgres", &["registry"]),
    ("tokio_postgres_rustls", &["registry"]),
    ("openssl", &["dtls"]),
    ("tokio", &["server"]),
    ("axum", &["server"]),
];
/// Lines of `main.rs`, and of any file.
const LONGEST_MAIN: usize = 100;
const LONGEST_FILE: usize = 600;

/// One source file: its module path (empty for the crate root), its text, the paths it names.
#[derive(Clone)]
pub(crate) struct File {
    module: Vec<String>,
    room: String,
    name: String,
    text: String,
    named: Vec<Named>,
}

/// Every source file under one `src/`.
#[derive(Clone)]
pub(crate) struct House {
    files: Vec<File>,
    by_module: BTreeMap<Vec<String>, usize>,
}

impl House {
    /// Reads every `.rs` file under `src`.
    pub(crate) fn read(src: &Path) -> Self {
        let mut files = Vec::new();
        collect(src, src, &mut files);
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Self::of(files)
    }

    /// Returns this house with `text` added to the file `name`, which is made where it is absent.
    pub(crate) fn with(&self, name: &str, text: &str) -> Self {
        let mut files = self.files.clone();
        let before = files.iter().position(|file| file.name == name).map(|at| files.remove(at).text);
        files.push(file(name, format!("{}\n{text}\n", before.unwrap_or_default())));
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Self::of(files)
    }

    fn of(files: Vec<File>) -> Self {
        let by_module = files
            .iter()
            .enumerate()
            .filter(|(_, file)| file.room != "main")
            .map(|(index, file)| (file.module.clone(), index))
            .collect();
        Self { files, by_module }
    }

    /// Returns everything that is against the rules, one line each.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = self.files.iter().flat_map(shape_faults).collect::<Vec<_>>();
        let mut imports: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (from, file) in self.files.iter().enumerate() {
            for named in &file.named {
                faults.extend(self.crate_fault(from, named));
                let Some(to) = self.target(from, named).filter(|to| *to != from) else { continue };
                faults.extend(self.floor_fault(from, to, named));
                if !named.in_tests && !self.is_reexport_of_own(from, to, named) {
                    imports.entry(from).or_default().insert(to);
                }
            }
        }
        faults.extend(self.cycles(&imports));
        faults.sort();
        faults.dedup();
        faults
    }

    /// Returns true if at least `number` imports between two files were seen: a reader that sees nothing finds no fault.
    pub(crate) fn sees_at_least(&self, number: usize) -> bool {
        let seen = self.files.iter().enumerate().flat_map(|(from, file)| {
            file.named.iter().filter(move |named| self.target(from, named).is_some_and(|to| to != from))
        });
        seen.count() >= number
    }

    /// The file that a path leads to, re-exports followed; `None` for paths of other crates.
    fn target(&self, from: usize, named: &Named) -> Option<usize> {
        let absolute = self.absolute(from, named)?;
        self.resolve(&absolute, 0)
    }

    fn absolute(&self, from: usize, named: &Named) -> Option<Vec<String>> {
        let mut module = named.inside.clone();
        let mut rest = named.path.as_slice();
        match rest.first()?.as_str() {
            "crate" => (module, rest) = (Vec::new(), &rest[1..]),
            "firstlight" if self.files[from].room == "main" => (module, rest) = (Vec::new(), &rest[1..]),
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|word| word == "super") {
                    module.pop();
                    rest = &rest[1..];
                }
            }
            first => {
                let child: Vec<String> = module.iter().cloned().chain([first.to_owned()]).collect();
                self.by_module.get(&child)?;
            }
        }
        Some(module.into_iter().chain(rest.iter().cloned()).collect())
    }

    fn resolve(&self, path: &[String], depth: usize) -> Option<usize> {
        let known = (0..=path.len()).rev().find(|length| self.by_module.contains_key(&path[..*length]))?;
        let file = self.by_module[&path[..known]];
        let next = path.get(known).filter(|_| depth < 8);
        let reexport = next.and_then(|name| {
            self.files[file]
                .named
                .iter()
                .find(|named| named.is_use && named.alias.as_deref() == Some(name) && !named.in_tests)
        });
        match reexport.and_then(|named| self.absolute(file, named)) {
            Some(target) if target != path => self.resolve(&target, depth + 1),
            _ => Some(file),
        }
    }

    /// `mod.rs` says what its folder shows; that is no import.
    fn is_reexport_of_own(&self, from: usize, to: usize, named: &Named) -> bool {
        named.is_pub && self.files[to].module.starts_with(&self.files[from].module)
    }

    fn floor_fault(&self, from: usize, to: usize, named: &Named) -> Option<String> {
        let (from, to) = (&self.files[from], &self.files[to]);
        if from.room == to.room {
            return None;
        }
        let (Some(here), Some(there)) = (floor(&from.room), floor(&to.room)) else {
            return Some(format!("{}:{}: \"{}\" or \"{}\" has no floor", from.name, named.line, from.room, to.room));
        };
        let neighbour = NEIGHBOURS.contains(&(from.room.as_str(), to.room.as_str()));
        let only =
            ONLY.iter().find(|(room, _)| *room == from.room).is_none_or(|(_, rooms)| rooms.contains(&to.room.as_str()));
        let allowed = (there < here || neighbour) && only;
        (!allowed).then(|| {
            let place = format!("{}:{}", from.name, named.line);
            format!("{place}: {} (floor {here}) must not know {} (floor {there})", from.room, to.room)
        })
    }

    fn crate_fault(&self, from: usize, named: &Named) -> Option<String> {
        let first = named.path.first()?;
        let (_, rooms) = CRATES.iter().find(|(name, _)| name == first)?;
        let file = &self.files[from];
        let is_module = self.absolute(from, named).is_some();
        // A unit test may hand what we made to another crate's parser.
        (!is_module && !named.in_tests && !rooms.contains(&file.room.as_str()))
            .then(|| format!("{}:{}: {} must not know the crate {first}", file.name, named.line, file.room))
    }

    fn cycles(&self, imports: &BTreeMap<usize, BTreeSet<usize>>) -> Vec<String> {
        let mut faults = Vec::new();
        for start in imports.keys() {
            if let Some(way) = way_back(*start, imports) {
                let names: Vec<&str> = way.iter().map(|file| self.files[*file].name.as_str()).collect();
                faults.push(format!("import cycle: {}", names.join(" -> ")));
            }
        }
        faults
    }
}

fn floor(room: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

/// The shortest way from `start` back to itself; told only from the first of its files, so that each cycle is told once.
fn way_back(start: usize, imports: &BTreeMap<usize, BTreeSet<usize>>) -> Option<Vec<usize>> {
    let mut ways = std::collections::VecDeque::from([vec![start]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for next in way.last().and_then(|last| imports.get(last)).into_iter().flatten() {
            if *next == start {
                return (way.iter().min() == Some(&start)).then(|| way.iter().copied().chain([start]).collect());
            }
            if seen.insert(*next) {
                ways.push_back(way.iter().copied().chain([*next]).collect());
            }
        }
    }
    None
}

fn shape_faults(file: &File) -> Vec<String> {
    let (lines, limit) = (file.text.lines().count(), if file.name == "main.rs" { LONGEST_MAIN } else { LONGEST_FILE });
    let mut faults = Vec::new();
    if lines > limit {
        faults.push(format!("{}: {lines} lines, at most {limit}", file.name));
    }
    for (number, line) in blank_out(&file.text).lines().enumerate() {
        if ["println!", "print!", "eprintln!", "eprint!"].iter().any(|word| has_word(line, word)) {
            faults.push(format!("{}:{}: print through ui::Printer", file.name, number + 1));
        }
    }
    faults
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

fn collect(src: &Path, folder: &Path, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).expect("the source folder is there") {
        let path = entry.expect("its entries can be read").path();
        if path.is_dir() {
            collect(src, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(src).expect("the walk stays inside").to_string_lossy().into_owned();
            files.push(file(&name, fs::read_to_string(&path).expect("a source file is text")));
        }
    }
}

fn file(name: &str, text: String) -> File {
    let mut module: Vec<String> = name.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    let room = module[0].clone();
    if module.last().is_some_and(|last| last == "mod") || ["lib", "main"].contains(&room.as_str()) {
        module.pop();
    }
    let mut named = paths(&text, &module);
    // `#[cfg(test)] mod tests;` in a file or folder of its own.
    let is_tests = module.iter().any(|name| name == "tests");
    named.iter_mut().for_each(|named| named.in_tests |= is_tests);
    File { module, room, name: name.to_owned(), text, named }
}
