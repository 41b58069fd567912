//! The house keeps its floors: imports go down, neighbours do not know each other, no import cycle, no crowded file.
//!
//! The list of floors is in `architecture/house.rs`. Do not argue with this test: move the type down.

#[path = "architecture/house.rs"]
mod house;
#[path = "architecture/source.rs"]
mod source;

use std::path::Path;
use std::sync::OnceLock;

use house::House;

fn own_source() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))
}

#[test]
fn the_house_keeps_its_rules() {
    let house = own_house();
    let faults = house.faults();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(house.sees_at_least(100), "the reader has gone blind");
}

/// Our own source, read once for all tests.
fn own_house() -> &'static House {
    static HOUSE: OnceLock<House> = OnceLock::new();
    HOUSE.get_or_init(|| House::read(own_source()))
}

/// Returns what is wrong when these lines are added to these files.
fn faults_with(planted: &[(&str, &str)]) -> Vec<String> {
    planted.iter().fold(own_house().clone(), |house, (name, text)| house.with(name, text)).faults()
}

#[track_caller]
fn assert_found(planted: &[(&str, &str)], words: &str) {
    let faults = faults_with(planted);
    assert!(faults.iter().any(|fault| fault.contains(words)), "{words:?} is not among {faults:#?}");
}

#[test]
fn a_planted_upward_import_is_found() {
    let words = "fleet (floor 1) must not know delivery (floor 2)";
    assert_found(&[("fleet/class.rs", "use crate::delivery::Receipt;")], words);
    assert_found(&[("fleet/class.rs", "use super::super::delivery::{Receipt as R};")], words);
    assert_found(&[("fleet/class.rs", "fn f() -> crate::delivery::receipt::Receipt { loop {} }")], words);
    assert_found(&[("fleet/class.rs", "mod inner { use super::super::super::delivery::*; }")], words);
    assert_found(&[("fleet/class.rs", "#[cfg(test)] mod tests { use crate::delivery::Receipt; }")], words);
    assert_found(
        &[("fleet/planted.rs", "use crate::{fleet::Class, ui::{Printer, table}};")],
        "must not know ui (floor 6)",
    );
}

#[test]
fn a_folder_on_the_disk_is_read_like_our_own() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in [("fleet/mod.rs", "use crate::ui::Printer;"), ("ui/mod.rs", "pub struct Printer;")] {
        let path = folder.path().join(name);
        std::fs::create_dir(path.parent().expect("a file is in a folder")).expect("room for the plant");
        std::fs::write(path, text).expect("room for the plant");
    }
    assert_eq!(House::read(folder.path()).faults(), ["fleet/mod.rs:1: fleet (floor 1) must not know ui (floor 6)"]);
}

#[test]
fn planted_neighbours_that_know_each_other_are_found() {
    assert_found(&[("medium/planted.rs", "use crate::ledger::Ledger;")], "medium (floor 3) must not know ledger");
    assert_found(&[("delivery/planted.rs", "use crate::host::HostError;")], "delivery (floor 2) must not know host");
    assert_found(&[("client/planted.rs", "use crate::ledger::Any;")], "client (floor 4) must not know ledger");
    assert_found(&[("cellar/planted.rs", "use crate::fleet::Class;")], "\"cellar\" or \"fleet\" has no floor");
}

#[test]
fn a_planted_cycle_is_found() {
    let pair = [("fleet/one.rs", "use super::two::B;"), ("fleet/two.rs", "use crate::fleet::one::A;")];
    assert_found(&pair, "import cycle: fleet/one.rs -> fleet/two.rs -> fleet/one.rs");
    let through_a_reexport = [
        ("fleet/mod.rs", "pub mod one;\npub mod two;\npub use one::A;"),
        ("fleet/one.rs", "use super::two::B;"),
        ("fleet/two.rs", "use super::A;"),
    ];
    assert_found(&through_a_reexport, "import cycle: fleet/one.rs -> fleet/two.rs -> fleet/one.rs");
    let through_the_folder = [
        ("fleet/mod.rs", "pub mod one;\nfn all() { one::work() }\npub struct Whole;"),
        ("fleet/one.rs", "use super::Whole;"),
    ];
    assert_found(&through_the_folder, "import cycle: fleet/mod.rs -> fleet/one.rs -> fleet/mod.rs");
    let of_three = [
        ("format/one.rs", "use super::two::B;"),
        ("format/two.rs", "use super::three::C;"),
        ("format/three.rs", "fn f() { crate::format::one::work() }"),
    ];
    assert_found(&of_three, "import cycle: format/one.rs -> format/two.rs -> format/three.rs -> format/one.rs");
}

#[test]
fn a_planted_crate_on_the_wrong_floor_is_found() {
    assert_found(&[("fleet/planted.rs", "use anyhow::Context as _;")], "fleet must not know the crate anyhow");
    assert_found(
        &[("registry/planted.rs", "fn f(x: serde_yaml::Value) {}")],
        "registry must not know the crate serde_yaml",
    );
    assert_found(&[("station/planted.rs", "#[derive(clap::Args)] struct A;")], "station must not know the crate clap");
    assert_found(&[("command/planted.rs", "use rusqlite::Connection;")], "command must not know the crate rusqlite");
}

#[test]
fn a_unit_test_may_hand_our_output_to_another_crate() {
    let own = own_house().faults();
    let test = "#[cfg(test)] mod tests { fn f() { serde_yaml::from_str(\"\") } }";
    assert_eq!(faults_with(&[("format/planted.rs", test)]), own);
    assert_eq!(faults_with(&[("format/tests/planted.rs", "use serde_yaml::Value;")]), own);
}

#[test]
fn planted_crowding_and_printing_are_found() {
    let long = "// a line\n".repeat(700);
    assert_found(&[("fleet/planted.rs", &long)], "lines, at most 600");
    assert_found(&[("main.rs", &long[..1000])], "lines, at most 100");
    assert_found(&[("fleet/planted.rs", "fn f() { println!(\"x\") }")], "print through ui::Printer");
}

#[test]
fn what_only_looks_like_an_import_is_none() {
    let innocent = r##"
// use crate::ui::Printer;
/* use crate::ui::Printer; /* nested */ use crate::ui::Printer; */
const TEXT: &str = "use crate::ui::Printer; println!()";
const RAW: &str = r#"use crate::ui::"Printer"; "#;
const QUOTE: char = '"'; fn f<'a>(x: &'a str) -> &'a str { x } const END: char = '\''; // crate::ui::Printer
"##;
    let own = own_house().faults();
    assert_eq!(faults_with(&[("fleet/planted.rs", innocent)]), own);
}
