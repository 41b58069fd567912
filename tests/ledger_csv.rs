//! `ledger log --csv` says what `--json` says, by Python's csv module; and no cell of it is a formula.
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;
#[path = "format/python.rs"]
mod python;

use common::TestFleet;
use serde_json::{Value, json};

const READER: &str = "
import csv, io, json, sys
text = json.load(sys.stdin)
rows = list(csv.DictReader(io.StringIO(text, newline=''), strict=True))
json.dump(rows, sys.stdout)
";
/// What somebody may call himself.
const OPERATORS: [&str; 5] =
    ["=cmd|' /C calc'!A0", "+49 30 1234", "@SUM(1,2)", "-x \"quoted\", with a comma", "Jürgen, line 2"];

/// The cell that a field of the JSON becomes.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
}

#[test]
fn pythons_csv_module_reads_the_log_as_json_has_it() {
    let fleet = TestFleet::demo(OPERATORS.len());
    for (number, operator) in (1..).zip(OPERATORS) {
        let id = format!("gw-{number:04}");
        fleet.run(&["write", &id, "--to", "image:out/", &format!("--operator={operator}")]).ok();
    }
    let lines = fleet.run(&["ledger", "log", "--json"]).ok().json_lines();
    let csv = fleet.run(&["ledger", "log", "--csv"]).ok().stdout;
    assert!(csv.ends_with("\r\n"), "RFC 4180 ends every line with CR LF");
    let read = python::ask(READER, &json!(csv));
    let rows = read.as_array().unwrap();
    assert_eq!(rows.len(), lines.len());
    assert!(rows.len() > 20, "{}", rows.len());
    for (row, line) in rows.iter().zip(&lines) {
        let wanted: serde_json::Map<String, Value> =
            line.as_object().unwrap().iter().map(|(name, value)| (name.clone(), json!(cell(value)))).collect();
        assert_eq!(row, &Value::Object(wanted));
        for cell in row.as_object().unwrap().values() {
            assert!(!cell.as_str().unwrap().starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell} is a formula");
        }
    }
    for operator in OPERATORS {
        assert!(rows.iter().any(|row| row["operator"] == cell(&json!(operator))), "{operator}");
    }
}

#[test]
fn the_choice_of_rows_is_that_of_the_other_forms() {
    let fleet = TestFleet::demo(2);
    fleet.run(&["write", "--all", "--to", "image:out/"]).ok();
    let count = |arguments: &[&str]| fleet.run(arguments).ok().stdout.lines().count();
    assert_eq!(count(&["ledger", "log", "--csv", "--last", "3"]), 4);
    let of_one = count(&["ledger", "log", "gw-0002", "--json"]);
    assert_eq!(count(&["ledger", "log", "gw-0002", "--csv"]), of_one + 1);
    fleet.run(&["ledger", "log", "--csv", "--json"]).exits(2);
}
