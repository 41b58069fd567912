//! Fleets of chips: what `init` makes of them works at once, `check` tells what is wrong with their values, and a simulated chip
//! is born with the fleet's partition table and never given it later.
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod common;
#[path = "format/python.rs"]
mod python;

use std::fs;

use common::TestFleet;
use firstlight::format::esp_partition_table as table;

const TEMPLATES: [&str; 3] = ["esp-idf", "nrf52", "stm32"];
const FLASH: [&str; 4] = ["flash", "--all", "--programmer", "file:chips/{id}"];
const RECIPES: [(&str, &str); 2] = [("nrf52", "locks/nrf52-approtect.yaml"), ("stm32", "locks/stm32f4-rdp1.yaml")];

fn made(template: &str) -> TestFleet {
    let fleet = TestFleet::empty();
    fleet.run(&["init", "--template", template, "--devices", "2", "--name", "plant"]).ok();
    fleet
}

#[test]
fn what_init_makes_passes_check_and_flash_at_once_for_every_chip() {
    for template in TEMPLATES {
        let fleet = made(template);
        fleet.run(&["check"]).ok().says(&["fleet \"plant\" with 2 devices: everything is right"]);
        let flash = [&FLASH[..], &["--labels", "labels"]].concat();
        fleet.run(&flash).ok().says(&["2 devices: 2 written and read back"]);
        fleet.run(&FLASH).ok().says(&["2 devices: nothing is left to do"]);
        for device in ["sensor-0001", "sensor-0002"] {
            assert!(fleet.read(&format!("labels/{device}.svg")).contains("<svg"), "{template}");
        }
        fleet.ledger_is_true();
    }
}

#[test]
fn init_names_the_rehearsal_of_a_chip_and_its_plan_has_every_file() {
    let fleet = TestFleet::empty();
    let plan = fleet.run(&["init", "plant", "--template", "esp-idf", "--plan", "--json"]).ok().json();
    let files: Vec<&String> = plan["files"].as_object().unwrap().keys().collect();
    assert_eq!(files, ["fleet.yaml", "devices.csv", "partitions.csv"]);
    assert!(fleet.tree().is_empty());
    let next = "firstlight flash --fleet plant --all --programmer 'file:chips/{id}'";
    fleet.run(&["init", "plant", "--template", "esp-idf"]).ok().says(&[next]);
}

#[test]
fn servers_of_several_protocols_find_their_place_and_a_fleet_without_the_needed_one_is_refused() {
    for template in TEMPLATES {
        let fleet = TestFleet::empty();
        let servers = ["mqtts://a.example", "coaps://b.example:5684", "mqtts://c.example"];
        let named = servers.iter().flat_map(|server| ["--server", server]);
        let arguments: Vec<&str> = ["init", "--template", template, "--demo"].into_iter().chain(named).collect();
        fleet.run(&arguments).ok();
        fleet.run(&["check"]).ok();
        fleet.run(&FLASH).ok();
    }
    let fleet = TestFleet::empty();
    let wrong = ["init", "--template", "stm32", "--server", "mqtts://a.example"];
    fleet.run(&wrong).exits(1).says(&["template \"stm32\" needs a server with coaps://"]);
    assert!(fleet.tree().is_empty());
}

#[test]
fn the_lock_recipe_that_comes_along_holds_on_the_chip_it_is_for() {
    for (template, recipe) in RECIPES {
        let fleet = made(template);
        fleet.edit("fleet.yaml", "# lock: ", "lock: ");
        fleet.run(&["check"]).exits(6).says(&["it is not signed", "firstlight recipe sign"]);
        fleet.run(&["recipe", "sign", recipe]).ok();
        fleet.run(&["check"]).ok();
        fleet.run(&FLASH).ok();
        let shown = fleet.read("chips/sensor-0001/chip.json");
        assert!(shown.contains("\"holds\": true"), "{shown}");
        fleet.edit("fleet.yaml", "chip: ", "chip: x");
        fleet.run(&["check"]).exits(6).says(&["refusing recipe"]);
    }
}

#[test]
fn espressifs_rules_accept_the_table_that_init_writes_and_a_new_chip_has_it() {
    const RULES: &str = "
import json, sys
from esp_idf_defs.partitions import PartitionTable
table = PartitionTable.from_csv(json.load(sys.stdin))
table.verify(0x8000)
table.flash_size()
json.dump(table.to_binary().hex(), sys.stdout)
";
    let fleet = made("esp-idf");
    let wanted = python::ask(RULES, &serde_json::json!(fleet.read("partitions.csv")));
    let words = "made with the fleet's partition table";
    fleet.run(&FLASH).ok().says(&[words]);
    let flash = fs::read(fleet.file("chips/sensor-0001/flash.bin")).unwrap();
    let bytes = hex::decode(wanted.as_str().unwrap()).unwrap();
    assert_eq!(flash[0x8000..0x8000 + bytes.len()], bytes);
    assert_eq!(table::decode(&flash[0x8000..0x8C00]).unwrap().len(), 5);
    assert!(!fleet.run(&FLASH).ok().stderr.contains(words), "it is said of new chips only");
}

#[test]
fn a_chip_that_is_there_never_gets_a_partition_table() {
    let fleet = made("esp-idf");
    fleet.run(&FLASH).ok();
    let here = ["flash", "sensor-0001", "--programmer", "file:chips/sensor-0001", "--again", "copy"];
    let flash = fleet.file("chips/sensor-0001/flash.bin");
    fs::write(&flash, []).unwrap();
    fleet.run(&here).exits(6).says(&["it has no partition table yet", "flash the firmware"]);
    assert!(fs::read(&flash).unwrap().is_empty(), "nothing was written to it");
    fs::remove_dir_all(fleet.file("chips/sensor-0001")).unwrap();
    fleet.run(&here).ok();
    fleet.edit("partitions.csv", "0x16000,  0x6000", "0x16000,  0x7000");
    fleet.run(&here).exits(6).says(&["its partition \"fctry\" is at 0x16000 with 24576 bytes"]);
}

#[test]
fn check_tells_every_value_that_a_chip_cannot_hold_and_where_parts_find_no_place() {
    let fleet = made("esp-idf");
    fleet.write("devices.csv", "id,profile,hw_rev,interval\nsensor-1,sensor,300,60\nsensor-2,sensor,2,-1\n");
    let words = [
        "2 faults in the batch, nothing was begun",
        "sensor-1: value \"hw_rev\" of part \"fctry\" is out of range, a u8 holds 0 to 255",
        "sensor-2: value \"interval\"",
    ];
    fleet.run(&["check"]).exits(1).says(&words);
    fleet.run(&FLASH).exits(1).says(&words);
    let told = fleet.run(&["check", "--json"]).exits(1).json();
    assert_eq!((&told["ok"], told["faults"].as_array().unwrap().len()), (&serde_json::json!(false), 2));
    assert!(!fleet.file("chips").exists());
    fleet.write("devices.csv", "id,profile\nsensor-1,sensor\n");
    fleet.edit("partitions.csv", "fctry, ", "other, ");
    fleet.run(&["check"]).exits(1).says(&["1 fault in the batch", "\"fctry\" is not in the partition table"]);
    let fleet = made("stm32");
    fleet.write("devices.csv", "id,profile,serial\nsensor-1,sensor,\n");
    fleet.run(&["check"]).exits(1).says(&["sensor-1", "serial"]);
}
