//! Batches of a line: what is frozen is held to, every row of the ledger carries the name, the report is true and signed.
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod common;

use std::fs;

use common::{TestFleet, oracle};

/// A fleet whose devices are chips, with an authority of its own.
fn chips(devices: usize) -> TestFleet {
    let fleet = TestFleet::empty();
    fleet.write(
        "fleet.yaml",
        "\
version: 1
fleet: sensors
inventory: devices.csv
authority: {common_name: Test CA, organization: Test}
servers:
  telemetry: {protocol: mqtt, uri: \"mqtts://mqtt.example:8883\", security: x509, credential: identity}
profiles:
  sensor:
    credentials: {identity: {kind: x509}}
    deliveries:
      flash:
        factory:
          chip: esp32c3
          accept_plaintext: \"flash encryption comes with the firmware\"
          serials: pool
          serial_pool: {prefix: SN-, first: 1, last: 500, digits: 6}
          parts:
            - {address: 0x10000, size: 24KiB, format: nvs, entries: [{key: cert, credential: identity.certificate}, {key: key, credential: identity.private_key}, {key: serial, text: \"{{ device.serial }}\"}]}
",
    );
    let rows: Vec<String> = (1..=devices).map(|number| format!("sn-{number}")).collect();
    let rows = rows.join("\n") + "\n";
    fleet.write("devices.csv", &format!("id\n{rows}"));
    fleet.run(&["ca", "init"]).ok();
    fleet
}

/// A simulated chip that counts as hardware.
fn hardware(fleet: &TestFleet, name: &str) {
    let text = format!(
        "{{\"name\": \"esp32c3\", \"uid\": \"{}\", \"stands_for_hardware\": true,
           \"memory\": [{{\"start\": \"0x0\", \"length\": \"0x400000\", \"page\": \"0x1000\"}}]}}",
        hex::encode(format!("{name:_<8}"))
    );
    fleet.write(&format!("{name}/chip.json"), &text);
}

fn flash(fleet: &TestFleet, device: &str, chip: &str) -> common::Ran {
    hardware(fleet, chip);
    fleet.run(&["flash", device, "--programmer", &format!("file:{chip}")])
}

#[test]
fn a_batch_freezes_what_goes_into_its_devices() {
    let fleet = chips(3);
    fleet.run(&["batch", "close"]).exits(1).says(&["no batch is open", "batch open"]);
    let opened = fleet.run(&["batch", "open", "B-1", "--json"]).ok().json();
    for name in ["fleet.yaml", "inventory", "authority", "tool"] {
        assert!(opened["frozen"][name].is_string(), "{name}: {opened}");
    }
    fleet.run(&["batch", "open", "B-2"]).exits(6).says(&["batch \"B-1\" is open"]);
    flash(&fleet, "sn-1", "a").ok();
    fleet.edit("devices.csv", "sn-3\n", "sn-3\nsn-4\n");
    flash(&fleet, "sn-2", "b").exits(6).says(&["B-1", "inventory is"]);
    fleet.run(&["flash", "sn-2", "--programmer", "file:rehearsal"]).ok();
    fleet.edit("devices.csv", "sn-4\n", "");
    flash(&fleet, "sn-2", "b").ok();
    fleet.run(&["batch", "close"]).ok();
    fleet.run(&["batch", "open", "B-1"]).exits(6).says(&["there was one of this name"]);
    fleet.run(&["batch", "open", "../B"]).exits(2);
    fleet.run(&["batch", "show", "B-9"]).exits(1);
    fleet.ledger_is_true();
}

#[test]
fn every_row_carries_the_batch_and_the_report_is_signed_and_true() {
    let fleet = chips(4);
    flash(&fleet, "sn-4", "before").ok();
    fleet.run(&["batch", "open", "B-1"]).ok();
    flash(&fleet, "sn-1", "a").ok();
    flash(&fleet, "sn-2", "b").ok();
    fleet.run(&["devices", "retire", "sn-2", "--reason", "dropped", "--yes"]).ok();
    fleet.run(&["flash", "sn-3", "--programmer", "file:rehearsal"]).ok();
    let rows = fleet.run(&["ledger", "log", "--json"]).ok().json_lines();
    let opened = rows.iter().position(|row| row["kind"] == "batch-opened").unwrap();
    assert!(rows[..opened].iter().all(|row| row["batch"].is_null()));
    assert!(rows[opened..].iter().all(|row| row["batch"] == "B-1"));
    let shown = fleet.run(&["batch", "show", "B-1", "--json"]).ok().json();
    assert_eq!((&shown["state"], &shown["counts"]["finished"]), (&"open".into(), &1.into()));
    fleet.write("batch-B-1.json", "mine");
    fleet.run(&["batch", "close"]).exits(6).says(&["refusing to overwrite"]);
    fleet.run(&["batch", "close", "--out", "report.json"]).ok();

    let report: serde_json::Value = serde_json::from_str(&fleet.read("report.json")).unwrap();
    let counts = &report["counts"];
    let number = |name: &str| counts[name].as_u64().unwrap();
    assert_eq!(["inventory", "finished", "rehearsed", "failed", "retired", "missing"].map(number), [4, 1, 1, 0, 1, 1]);
    assert_eq!(report["missing"], serde_json::json!(["sn-3"]), "what was finished before is not missing");
    let done = &report["finished"][0];
    assert_eq!((done["device"].as_str(), done["chip"].as_str()), (Some("sn-1"), Some(&*hex::encode("a_______"))));
    assert_eq!((&done["version"], done["serial"].as_str()), (&1.into(), Some("SN-000002")));
    let certificate = &done["certificates"][0];
    let shown = fleet.show("sn-1");
    assert_eq!(certificate["serial"], shown["generations"][0]["public"]["serial"]);
    assert_eq!(certificate["sha256"].as_str().unwrap().len(), 64);

    fleet.run(&["seal", "export", "--out", "image"]).ok();
    let anchors = fs::read_dir(fleet.file("image/anchors")).unwrap();
    let public = anchors.map(|entry| entry.unwrap().path()).find(|path| path.extension().unwrap() == "pub").unwrap();
    let said =
        oracle("minisign", &["-V", "-p", public.to_str().unwrap(), "-m", fleet.file("report.json").to_str().unwrap()]);
    assert!(said.contains("firstlight batch B-1"), "{said}");
    assert_eq!(fleet.run(&["batch", "show", "B-1", "--json"]).ok().json()["state"], "closed");
    flash(&fleet, "sn-3", "c").ok();
    let last = fleet.run(&["ledger", "log", "--last", "1", "--json"]).ok().json_lines();
    assert!(last[0]["batch"].is_null(), "{last:?}");
    fleet.ledger_is_true();
}
