//! docs/lwm2m-bootstrap.md and docs/lwm2m.md: every test that their checklists name is there.

use std::path::Path;

#[test]
fn every_row_of_the_checklist_names_a_test_that_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = include_str!("../../docs/lwm2m-bootstrap.md");
    let rows: Vec<&str> = document.lines().filter(|line| line.starts_with("| 1.")).collect();
    for wanted in (1..=10).map(|row| format!("| 1.4.{row} ")) {
        assert!(rows.iter().any(|row| row.starts_with(&wanted)), "{wanted} is not in the checklist");
    }
    let others: Vec<&str> =
        include_str!("../../docs/lwm2m.md").lines().filter(|line| line.starts_with("| 1.")).collect();
    for wanted in ["| 1.7 ", "| 1.8 ", "| 1.9 "] {
        assert!(others.iter().any(|row| row.starts_with(wanted)), "{wanted} is not in the checklist");
    }
    let mut missing = Vec::new();
    for row in rows.into_iter().chain(others) {
        let tests = row.trim_end_matches(" |").rsplit("| ").next().unwrap();
        for test in tests.split(", ").map(|test| test.trim_matches('`')) {
            let (file, name) = test.split_once("::").unwrap();
            let text = std::fs::read_to_string(root.join(file)).unwrap_or_default();
            if !text.contains(&format!("fn {name}(")) {
                missing.push(test);
            }
        }
    }
    assert_eq!(missing, Vec::<&str>::new());
}
