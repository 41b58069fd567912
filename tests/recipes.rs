//! Lock recipes: signed with the fleet's key as minisign checks it, refused when anything about them is not right, and the
//! ready ones run on the simulated chip.
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use common::{TestFleet, oracle};
use firstlight::fleet::Faults;
use firstlight::fleet::recipe::Recipe;
use firstlight::programmer::file::SimulatedChip;
use firstlight::programmer::{Observation, Programmer, ProgrammerError, locks};

const EXAMPLES: [(&str, &str); 2] = [("nrf52-approtect", "nRF52832_xxAA"), ("stm32f4-rdp1", "stm32f405")];

fn example(name: &str) -> (String, Recipe) {
    let text = fs::read_to_string(format!("{}/examples/recipes/{name}.yaml", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut faults = Faults::default();
    let recipe = Recipe::parse(&Arc::from(name), &text, &mut faults);
    (text, recipe.unwrap_or_else(|| panic!("{faults:?}")))
}

/// A fleet with a signed recipe `lock.yaml`.
fn signed() -> TestFleet {
    let fleet = TestFleet::real(1);
    fleet.write("lock.yaml", &example("stm32f4-rdp1").0);
    fleet.run(&["recipe", "sign", "lock.yaml"]).ok().says(&["stm32f4-rdp1", "signed"]);
    fleet
}

fn refused(fleet: &TestFleet, words: &[&str]) {
    fleet.run(&["recipe", "check", "lock.yaml"]).exits(6).says(words);
}

#[test]
fn minisign_accepts_the_signature_and_so_do_we() {
    let fleet = signed();
    fleet.run(&["recipe", "check", "lock.yaml"]).ok();
    fleet.run(&["seal", "export", "--out", "image"]).ok();
    let anchors = fs::read_dir(fleet.file("image/anchors")).unwrap();
    let public = anchors.map(|entry| entry.unwrap().path()).find(|path| path.extension().unwrap() == "pub").unwrap();
    let (public, recipe) = (public.to_str().unwrap().to_owned(), fleet.file("lock.yaml"));
    let said = oracle("minisign", &["-V", "-p", &public, "-m", recipe.to_str().unwrap()]);
    assert!(said.contains("firstlight recipe stm32f4-rdp1"), "{said}");
}

#[test]
fn what_was_changed_or_not_signed_by_us_is_refused() {
    let fleet = signed();
    fleet.edit("lock.yaml", "0x0FFF55EE", "0x0FFFCCEE");
    refused(&fleet, &["was changed after it was signed"]);
    let other = signed();
    fs::copy(other.file("lock.yaml.minisig"), fleet.file("lock.yaml.minisig")).unwrap();
    refused(&fleet, &["none of this fleet's"]);
    fleet.write("lock.yaml.minisig", "");
    refused(&fleet, &["no signature"]);
    fleet.write("lock.yaml.minisig", &"x".repeat(5000));
    refused(&fleet, &["no signature"]);
    fs::remove_file(fleet.file("lock.yaml.minisig")).unwrap();
    refused(&fleet, &["is not signed", "firstlight recipe sign"]);
}

#[test]
fn no_other_thing_that_the_key_signed_is_a_recipe() {
    let fleet = signed();
    let signature = fleet.read("lock.yaml.minisig");
    fleet.write("lock.yaml.minisig", &signature.replace("firstlight recipe", "firstlight bundle"));
    refused(&fleet, &["was changed"]);
    fleet.write("renamed.yaml", &example("stm32f4-rdp1").0.replace("name: stm32f4-rdp1", "name: other"));
    fleet.write("renamed.yaml.minisig", &signature);
    fleet.run(&["recipe", "check", "renamed.yaml"]).exits(6);
}

#[test]
fn faults_of_a_recipe_are_told_with_their_places_and_nothing_is_signed() {
    let fleet = signed();
    fleet.write("bad.yaml", &example("stm32f4-rdp1").0.replace("0x40023C08", "0x40023C09"));
    fleet.run(&["recipe", "sign", "bad.yaml"]).exits(1).says(&["bad.yaml:15:", "no multiple of 4"]);
    assert!(!fleet.file("bad.yaml.minisig").exists());
    fleet.run(&["recipe", "sign", "--plan", "lock.yaml"]).ok();
    fleet.run(&["recipe", "sign", "absent.yaml"]).exits(1);
}

#[test]
fn a_retired_key_signs_no_recipe() {
    let fleet = signed();
    let before = fleet.run(&["recipe", "check", "lock.yaml", "--json"]).ok().json();
    fleet.run(&["seal", "rotate", "--reason", "test"]).ok();
    fleet.run(&["recipe", "check", "lock.yaml"]).ok();
    fleet.run(&["seal", "retire", before["key"].as_str().unwrap()]).ok();
    refused(&fleet, &["none of this fleet's"]);
    fleet.run(&["recipe", "sign", "lock.yaml"]).ok();
    let after = fleet.run(&["recipe", "check", "lock.yaml", "--json"]).ok().json();
    assert_ne!(before["key"], after["key"]);
    assert_eq!(before["recipe"], after["recipe"]);
}

#[test]
fn a_demo_signs_for_rehearsals() {
    let fleet = TestFleet::demo(1);
    fleet.write("lock.yaml", &example("nrf52-approtect").0);
    fleet.run(&["recipe", "sign", "lock.yaml"]).ok();
    fleet.run(&["recipe", "check", "lock.yaml"]).ok();
}

fn chip(folder: &Path, name: &str) -> Box<dyn Programmer> {
    SimulatedChip::open(folder.join("chip").to_str().unwrap(), Some(name)).unwrap()
}

fn observed(chip: &mut dyn Programmer, recipe: &Recipe) -> Result<Observation, ProgrammerError> {
    locks::observe(&recipe.steps[0], chip.registers().unwrap())
}

#[test]
fn the_ready_recipes_close_the_simulated_chip() {
    for (name, kind) in EXAMPLES {
        let recipe = example(name).1;
        assert!(recipe.fits(kind), "{name}");
        let folder = tempfile::tempdir().unwrap();
        let mut chip = chip(folder.path(), kind);
        chip.connect().unwrap();
        assert_eq!(observed(&mut *chip, &recipe).unwrap(), Observation::Open, "{name}");
        let link = chip.link();
        locks::apply(&recipe.steps[0], &link, chip.registers().unwrap(), &|_| {}).unwrap();
        assert_eq!(observed(&mut *chip, &recipe).unwrap(), Observation::Holds, "{name}");
        let start = chip.connect().map_or(0, |said| said.memory.0[0].range.start);
        assert!(matches!(chip.read(start..start + 4), Err(ProgrammerError::Locked { .. })), "{name}");
    }
}

/// Power fails at the n-th word, for every n: the chip is open or closed, never said to be what it is not, and the same recipe
/// taken again closes it.
#[test]
fn a_recipe_that_is_cut_off_anywhere_can_be_taken_again() {
    for (name, kind) in EXAMPLES {
        let recipe = example(name).1;
        for operation in ["write-word", "read-word", "reset"] {
            for nth in 1.. {
                let folder = tempfile::tempdir().unwrap();
                let mut first = chip(folder.path(), kind);
                first.connect().unwrap();
                drop(first);
                let fault = serde_json::json!([{"at": {"on": operation, "nth": nth, "does": "stop-here"}}]);
                set_faults(folder.path(), fault);
                let mut cut = chip(folder.path(), kind);
                cut.connect().unwrap();
                let link = cut.link();
                let ended = locks::apply(&recipe.steps[0], &link, cut.registers().unwrap(), &|_| {});
                drop(cut);
                set_faults(folder.path(), serde_json::json!([]));
                let mut again = chip(folder.path(), kind);
                // A chip whose debug port is closed does not connect, and that is what its probe looks for.
                let _ = again.connect();
                if observed(&mut *again, &recipe).unwrap() == Observation::Open {
                    assert!(ended.is_err(), "{name} {operation} {nth}");
                    locks::apply(&recipe.steps[0], &link, again.registers().unwrap(), &|_| {}).unwrap();
                }
                assert_eq!(observed(&mut *again, &recipe).unwrap(), Observation::Holds, "{name} {operation} {nth}");
                if ended.is_ok() {
                    break;
                }
            }
        }
    }
}

fn set_faults(folder: &Path, faults: serde_json::Value) {
    let path = folder.join("chip/chip.json");
    let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    json["faults"] = faults;
    fs::write(path, json.to_string()).unwrap();
}
