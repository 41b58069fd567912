//! What is dropped, by whom and how: each file is taken once, and only when it is whole.

use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::symlink;
use std::sync::Arc;

use crate::host::surroundings::SystemClock;

use super::*;

struct Place {
    folder: tempfile::TempDir,
    registry: Registry,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join(".registry.db");
        let registry = Registry::open(store.to_str().unwrap(), "t", Arc::new(SystemClock)).unwrap();
        Self { folder, registry }
    }

    fn open(&self) -> DropFolder {
        DropFolder::open(self.folder.path()).unwrap()
    }

    fn put(&self, name: impl AsRef<Path>, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn take(&self, watched: &DropFolder, name: impl AsRef<OsStr>) -> Taken {
        watched.take(name.as_ref(), &self.registry, false, "test").unwrap()
    }

    fn is_known(&self, id: &str) -> bool {
        self.registry.device(id).unwrap().is_some()
    }
}

const AT_ONCE: Duration = Duration::ZERO;

#[test]
fn a_file_is_ready_when_it_is_closed_or_moved_in_and_not_before() {
    let place = Place::new();
    let mut watched = place.open();
    let path = place.folder.path().join("a.csv");
    let mut file = File::create(&path).unwrap();
    file.write_all(b"id\ngw-1\n").unwrap();
    // However long it is still: who opened it has not closed it.
    for seconds in [0, 60, 3600] {
        assert!(watched.ready(Duration::from_secs(seconds), false).unwrap().is_empty());
    }
    file.write_all(b"gw-2\n").unwrap();
    drop(file);
    place.put("done/b.tmp", "{\"id\":\"gw-3\"}\n");
    fs::rename(place.folder.path().join("done/b.tmp"), place.folder.path().join("b.jsonl")).unwrap();
    assert_eq!(watched.ready(AT_ONCE, false).unwrap(), ["a.csv", "b.jsonl"]);
    for name in ["a.csv", "b.jsonl"] {
        assert_eq!(place.take(&watched, name).end, "done");
    }
    assert!(["gw-1", "gw-2", "gw-3"].iter().all(|id| place.is_known(id)));
    assert!(watched.ready(Duration::from_mins(1), false).unwrap().is_empty());
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(place.folder.path().join("done/a.csv.report.json")).unwrap()).unwrap();
    assert_eq!(report["tally"]["made"], 2);
}

#[test]
fn what_lay_there_before_is_taken_when_it_is_still() {
    let place = Place::new();
    place.put("a.csv", "id\ngw-1\n");
    let mut watched = place.open();
    assert!(watched.ready(AT_ONCE, false).unwrap().is_empty());
    assert!(watched.ready(Duration::from_secs(1), false).unwrap().is_empty());
    assert_eq!(watched.ready(STILL, false).unwrap(), ["a.csv"]);
    assert_eq!(place.open_again(watched).ready(AT_ONCE, true).unwrap(), ["a.csv"]);
}

impl Place {
    /// A second watcher, once the first is gone.
    fn open_again(&self, watched: DropFolder) -> DropFolder {
        assert!(matches!(DropFolder::open(self.folder.path()), Err(DropError::Watched { .. })));
        drop(watched);
        self.open()
    }
}

#[test]
fn a_file_that_was_taken_but_not_moved_is_taken_again_without_harm() {
    let place = Place::new();
    let watched = place.open();
    place.put("a.csv", "id,serial\ngw-1,S1\n");
    place.put("done/a.csv.report.json", "half of a rep");
    import(&place.folder.path().join("a.csv"), &place.registry, false, "test", &mut Vec::new()).unwrap();
    let before = place.registry.device("gw-1").unwrap();
    let taken = place.take(&watched, "a.csv");
    assert_eq!((taken.end, taken.tally.unchanged), ("done", 1));
    assert_eq!(place.registry.device("gw-1").unwrap(), before);
    let report = fs::read_to_string(taken.report).unwrap();
    assert!(report.contains("\"unchanged\": 1"), "{report}");
}

#[test]
fn refused_rows_and_unreadable_files_end_in_failed_with_the_reason() {
    let place = Place::new();
    let watched = place.open();
    let cases = [
        ("some.csv", "id\ngw-1\nbad id\n", ""),
        ("head.csv", "colour\nred\n", "is no column"),
        ("empty.csv", "", "the header is missing"),
        ("what.xlsx", "PK", "its name ends neither"),
        ("bytes.jsonl", "\u{0}\n", ""),
    ];
    for (name, text, reason) in cases {
        place.put(name, text);
        let taken = place.take(&watched, name);
        assert_eq!(taken.end, "failed", "{name}");
        assert!(taken.error.clone().unwrap_or_default().contains(reason), "{taken:?}");
        assert!(taken.moved_to.exists() && taken.report.exists());
    }
    assert!(place.is_known("gw-1"), "rows that are good are taken");
    let report = fs::read_to_string(place.folder.path().join("failed/some.csv.report.json")).unwrap();
    assert!(report.contains("bad id"), "{report}");
    place.put("all.csv", "id\ngw-8\nbad id\n");
    let taken = watched.take(OsStr::new("all.csv"), &place.registry, true, "test").unwrap();
    assert_eq!((taken.end, place.is_known("gw-8")), ("failed", false));
}

#[test]
fn hostile_names_links_and_pipes_do_no_harm() {
    let place = Place::new();
    let mut watched = place.open();
    let root = place.folder.path();
    let secret = tempfile::NamedTempFile::new().unwrap();
    fs::write(secret.path(), "id\ngw-secret\n").unwrap();
    symlink(secret.path(), root.join("link.csv")).unwrap();
    symlink("nowhere", root.join("dangling.csv")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, root.join("pipe.csv"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    place.put(".hidden.csv", "id\ngw-hidden\n");
    fs::create_dir(root.join("folder.csv")).unwrap();
    let names = [
        OsString::from("a\nb\u{1b}[31m.csv"),
        OsString::from_vec(b"\xff\xfe.csv".to_vec()),
        OsString::from(format!("{}.csv", "n".repeat(250))),
        OsString::from("-rf --.csv"),
    ];
    for (number, name) in names.iter().enumerate() {
        place.put(name, &format!("id\ngw-{number}\n"));
    }
    let ready = watched.ready(AT_ONCE, true).unwrap();
    assert_eq!(ready.len(), names.len() + 3, "{ready:?}");
    let ends: Vec<&str> = ready.iter().map(|name| place.take(&watched, name).end).collect();
    assert_eq!(ends.iter().filter(|end| **end == "failed").count(), 3);
    assert!((0..names.len()).all(|number| place.is_known(&format!("gw-{number}"))));
    assert!(!place.is_known("gw-secret") && !place.is_known("gw-hidden"));
    assert_eq!(fs::read_to_string(secret.path()).unwrap(), "id\ngw-secret\n");
    assert!(watched.ready(AT_ONCE, true).unwrap().is_empty());
}

#[test]
fn a_second_file_of_a_name_replaces_nothing() {
    let place = Place::new();
    let watched = place.open();
    for id in ["gw-1", "gw-2", "gw-3"] {
        place.put("a.csv", &format!("id\n{id}\n"));
        assert_eq!(place.take(&watched, "a.csv").end, "done");
    }
    for (name, id) in [("a.csv", "gw-1"), ("a.csv.1", "gw-2"), ("a.csv.2", "gw-3")] {
        let kept = fs::read_to_string(place.folder.path().join("done").join(name)).unwrap();
        assert!(kept.contains(id), "{name}: {kept}");
    }
}
