//! docs/security.md names the test that proves each line of its threat table: each of them must be there.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::path::Path;

/// Threats that the table must treat.
const THREATS: [&str; 22] = [
    "A medium is found",
    "A medium is copied",
    "A medium is altered",
    "A medium is replayed",
    "Media are swapped",
    "An older medium",
    "Two writers",
    "laptop is stolen",
    "A backup is stolen",
    "A device is opened",
    "A batch key is extracted",
    "The clock is set back",
    "A token of a device is stolen",
    "The key of a group is stolen",
    "A request is replayed",
    "A device claims to be another",
    "The server is flooded",
    "A hook answers maliciously",
    "laptop is lost",
    "A bundle is fetched by a stranger",
    "A false server",
    "Somebody administers",
];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The cells of each line of the table.
fn rows(document: &str) -> Vec<Vec<String>> {
    let lines = document.lines().filter(|line| line.starts_with("| **"));
    lines.map(|line| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// What is in backquotes and names a test: `FILE::NAME`.
fn tests_named(text: &str) -> Vec<(String, String)> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter_map(|words| words.split_once("::")).map(|(file, name)| (file.to_owned(), name.to_owned())).collect()
}

/// A test has the mark of one right above it.
fn has_test(file: &str, source: &str, name: &str) -> bool {
    if Path::new(file).extension().is_some_and(|extension| extension == "py") {
        return name.starts_with("test_") && source.contains(&format!("    def {name}(self"));
    }
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let at = lines.iter().position(|line| line.starts_with(&format!("fn {name}()")));
    at.is_some_and(|at| {
        lines[..at].iter().rev().take_while(|line| line.starts_with("#[")).any(|line| *line == "#[test]")
    })
}

#[test]
fn every_line_of_the_threat_table_names_tests_that_are_there() {
    let document = read("docs/security.md");
    let rows = rows(&document);
    for threat in THREATS {
        assert!(rows.iter().any(|row| row[0].contains(threat)), "{threat:?} is not in the table");
    }
    for row in &rows {
        assert_eq!(row.len(), 4, "{row:?}");
        let named = tests_named(&row[2]);
        assert!(!named.is_empty(), "no test proves {:?}", row[0]);
        assert!(row[3].len() > 10, "{:?} does not say what is not protected", row[0]);
    }
    for (file, name) in tests_named(&document).into_iter().filter(|(file, _)| file != "FILE") {
        assert!(has_test(&file, &read(&file), &name), "there is no test {name:?} in {file:?}");
    }
}

#[test]
fn a_name_that_is_no_test_is_found() {
    let source = "#[test]\nfn one() {}\n\nfn helper() {}\n\n#[test]\n#[should_panic]\nfn two() {}\n";
    assert!(has_test("a.rs", source, "one") && has_test("a.rs", source, "two"));
    assert!(!has_test("a.rs", source, "helper") && !has_test("a.rs", source, "on"));
    let python = "class X:\n    def test_it(self):\n        pass\n    def other(self):\n        pass\n";
    assert!(has_test("a.py", python, "test_it") && !has_test("a.py", python, "other"));
}

/// Each vector that a line names is in the index, with a result of the line's own kind.
#[test]
fn every_vector_that_the_table_names_is_there() {
    let index: serde_json::Value = serde_json::from_str(&read("tests/vectors/vectors.json")).unwrap();
    let names: Vec<&str> =
        index["vectors"].as_array().unwrap().iter().map(|vector| vector["name"].as_str().unwrap()).collect();
    let mut found = 0;
    for row in rows(&read("docs/security.md")) {
        for group in row[2].split('(').skip(1).filter_map(|rest| rest.split(')').next()) {
            for name in group.split('`').skip(1).step_by(2) {
                assert!(names.contains(&name), "{name:?} is no vector");
                found += 1;
            }
        }
    }
    assert!(found > 10, "{found}");
}
