//! `programmers list` and the udev rule, on machines made of a folder.
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod common;

use std::fs;
use std::path::Path;

use common::usb::{dfu, plug};
use common::{Ran, TestFleet};
use firstlight::host::Machine;
use firstlight::programmer::dfu::Client;
use firstlight::programmer::{ProgrammerError, UsbSelector};
use serde_json::json;
use tempfile::TempDir;

/// Two DFU boot loaders with one serial number, a debug probe, a serial line, and a keyboard.
fn machine() -> TempDir {
    let machine = tempfile::tempdir().unwrap();
    for port in ["1-2", "1-10"] {
        plug(machine.path(), port, "0483:df11", "377B35573037", "STM32  BOOTLOADER", None);
        dfu(machine.path(), port);
    }
    plug(machine.path(), "1-4.2", "10c4:ea60", "0001", "CP2102", Some("ttyUSB0"));
    plug(machine.path(), "1-5", "1366:0105", "000760012345", "J-Link", None);
    plug(machine.path(), "1-6", "046d:c31c", "", "Keyboard", None);
    machine
}

fn on(fleet: &TestFleet, machine: &Path, arguments: &[&str]) -> Ran {
    fleet.run_with(arguments, &[("FIRSTLIGHT_MACHINE_ROOT", machine.to_str().unwrap())])
}

#[test]
fn programmers_are_listed_by_port_with_what_to_type_and_their_slots() {
    let (fleet, machine) = (TestFleet::demo(1), machine());
    fs::write(fleet.file("fleet.yaml"), fleet.read("fleet.yaml") + "slots: {1: 1-10, 2: 1-4.2}\n").unwrap();
    let seen = on(&fleet, machine.path(), &["programmers", "list", "--json"]).ok().json_lines();
    let short: Vec<_> = seen.iter().map(|one| json!([one["port"], one["slot"], one["kind"], one["select"]])).collect();
    assert_eq!(
        json!(short),
        json!([
            ["1-2", null, "dfu", "dfu:port=1-2"],
            ["1-4.2", 2, "serial", "esp:port=1-4.2"],
            ["1-5", null, "swd", "swd:port=1-5"],
            ["1-10", 1, "dfu", "dfu:port=1-10"],
        ])
    );
    assert_eq!((&seen[1]["node"], &seen[1]["permission"]), (&json!("/dev/ttyUSB0"), &json!("granted")));
    let table = on(&fleet, machine.path(), &["programmers", "list"]).ok();
    let first = table.stdout.lines().next().unwrap();
    assert!(first.starts_with("SLOT"), "{first}");
    table.says(&["4 programmers"]);
}

/// A slot is what is plugged in at its port; the chip's name decides only while nothing is.
#[test]
fn a_slot_is_the_programmer_that_is_plugged_in_at_its_port() {
    let (fleet, machine) = (TestFleet::demo(1), machine());
    plug(machine.path(), "1-7", "2e8a:0003", "E0C9125B0D9B", "RP2 Boot", None);
    let factory = "      flash: {factory: {chip: CHIP, accept_plaintext: \"a test\", parts: [{address: 0x8000000, size: 4KiB, format: raw, \
                   entries: [{offset: 0, length: 8, text: x}]}]}}\n";
    let slots = "slots: {1: 1-10, 2: 1-4.2, 3: 1-5, 4: 1-7, 5: 1-9}\n";
    let plain = fleet.read("fleet.yaml");
    for (chip, slot, said) in [
        ("stm32f405", 1, "dfu:port=1-10"),
        ("esp32c3", 2, "esp:port=1-4.2"),
        ("stm32f405", 4, "what flash does not drive: UF2 boot loader"),
        ("esp32c3", 5, "esp:port=1-9"),
        #[cfg(feature = "probe")]
        ("esp32c3", 3, "swd:port=1-5"),
        #[cfg(feature = "probe")]
        ("stm32f405", 5, "swd:port=1-9"),
    ] {
        fs::write(fleet.file("fleet.yaml"), plain.clone() + &factory.replace("CHIP", chip) + slots).unwrap();
        let ran = on(&fleet, machine.path(), &["flash", "gw-0001", "--programmer", &format!("slot:{slot}")]);
        assert_ne!(ran.status, 0);
        ran.says(&[said]);
    }
}

#[test]
fn outside_of_a_fleet_there_is_no_slot_column() {
    let (nowhere, machine) = (TestFleet::empty(), machine());
    let table = on(&nowhere, machine.path(), &["programmers", "list"]).ok();
    assert!(table.stdout.starts_with("PORT"), "{}", table.stdout);
    on(&nowhere, machine.path(), &["programmers", "list", "--fleet", "nowhere"]).exits(1);
}

#[test]
fn a_machine_without_usb_has_an_empty_list() {
    let (nowhere, machine) = (TestFleet::empty(), tempfile::tempdir().unwrap());
    let list = on(&nowhere, machine.path(), &["programmers", "list"]).ok().says(&["0 programmers"]);
    assert_eq!(list.stdout, "");
    assert_eq!(on(&nowhere, machine.path(), &["programmers", "list", "--json"]).ok().stdout, "");
}

#[test]
fn the_packaged_udev_rule_is_the_one_that_is_printed() {
    let printed = TestFleet::empty().run(&["programmers", "rule"]).ok().stdout;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/udev/60-firstlight.rules");
    let again = "run: cargo run -- programmers rule > packaging/udev/60-firstlight.rules";
    assert_eq!(fs::read_to_string(path).unwrap_or_default(), printed, "{again}");
}

#[test]
fn a_device_is_found_by_port_or_number_and_never_guessed() {
    let machine = machine();
    let open = |select: UsbSelector| {
        let mut client = Client::open(&select, None, &Machine::at(machine.path())).unwrap();
        let name = client.link().name;
        (client.connect().err().unwrap(), name)
    };
    for select in
        [UsbSelector::Only, UsbSelector::Serial("377B35573037".into()), UsbSelector::Driver("0483:df11".into())]
    {
        let (error, name) = open(select);
        assert!(matches!(error, ProgrammerError::Several { .. }), "{error}");
        let words = error.to_string();
        assert!(words.contains("port=1-2 ") && words.contains("port=1-10 ") && words.starts_with(&name), "{words}");
    }
    for select in [
        UsbSelector::Port("1-5".into()),
        UsbSelector::Port("1-3".into()),
        UsbSelector::Serial("0001".into()),
        UsbSelector::Driver("0483:df12".into()),
        UsbSelector::Driver("0483:df11:OTHER".into()),
    ] {
        let (error, _) = open(select);
        assert!(matches!(error, ProgrammerError::Absent { .. }), "{error}");
    }
    for text in ["0483", "0483:df1", "x:y", "0483:+f11"] {
        let (error, _) = open(UsbSelector::Driver(text.into()));
        assert!(matches!(error, ProgrammerError::Selector { .. }), "{text}: {error}");
    }
}
