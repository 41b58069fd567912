//! docs/patterns.md: no line of a pattern is missing, and every test that it names is there.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

use std::collections::BTreeMap;
use std::path::Path;

/// The patterns' letters, and how many lines each has.
const LINES: [(&str, u32); 11] = [
    ("F", 7),
    ("M", 9),
    ("R", 8),
    ("C", 10),
    ("S", 6),
    ("U", 5),
    ("D", 6),
    ("DD", 1),
    ("PD", 3),
    ("SM", 7),
    // None beyond these.
    ("", 0),
];

/// Returns the rows by their line: what firstlight has, and the tests that show it.
fn rows(document: &str) -> BTreeMap<String, (String, Vec<String>)> {
    let cells = document.lines().filter(|line| line.starts_with("| ")).map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        cells
    });
    let cells = cells.filter(|cells| cells[0] != "line");
    let mut rows = BTreeMap::new();
    for row in cells {
        assert_eq!(row.len(), 4, "{row:?}");
        let tests = row[3].split(", ").map(|test| test.trim_matches('`').to_owned()).collect();
        let before = rows.insert(row[0].to_owned(), (row[2].to_owned(), tests));
        assert!(before.is_none(), "{} stands twice", row[0]);
    }
    rows
}

#[test]
fn no_line_of_a_pattern_is_missing() {
    let document = include_str!("../docs/patterns.md");
    let there: Vec<String> = rows(document).into_keys().collect();
    let mut wanted: Vec<String> =
        LINES.iter().flat_map(|(letter, lines)| (1..=*lines).map(move |line| format!("{letter}{line}"))).collect();
    wanted.sort();
    assert_eq!(there, wanted);
}

#[test]
fn every_test_that_shows_a_line_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut missing = Vec::new();
    for (line, (_, tests)) in rows(include_str!("../docs/patterns.md")) {
        for test in tests {
            let found = test.split_once("::").is_some_and(|(file, name)| {
                let text = std::fs::read_to_string(root.join(file)).unwrap_or_default();
                text.contains(&format!("fn {name}(")) || text.contains(&format!("def {name}("))
            });
            if !found {
                missing.push(format!("{line}: {test}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
