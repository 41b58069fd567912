//! Many devices on one medium: `write --together`, and what is read back of it.
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod common;

use std::fs;

use common::{TestFleet, oracle};
use serde_json::Value;

const WRITE: [&str; 5] = ["write", "--all", "--together", "--to", "image:stick.img"];

/// Three gateways on volumes that hold them.
fn three() -> TestFleet {
    let fleet = TestFleet::demo(3);
    fleet.edit("fleet.yaml", "medium: {filesystem: fat, size: 8MiB}", "medium: {filesystem: fat, size: 16MiB}");
    fleet
}

fn states(fleet: &TestFleet, device: &str) -> Vec<String> {
    let deliveries = fleet.show(device)["deliveries"].clone();
    deliveries.as_array().unwrap().iter().map(|d| d["state"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn three_devices_lie_in_folders_of_their_own_and_each_has_its_record() {
    let fleet = three();
    let receipts = fleet.run(&[&WRITE[..], &["--json"]].concat()).ok().receipts();
    let devices: Vec<&str> = receipts.iter().map(|receipt| receipt["device"].as_str().unwrap()).collect();
    assert_eq!(devices, ["gw-0001", "gw-0002", "gw-0003"]);
    let of = |field: &str| receipts.iter().map(|receipt| receipt[field].as_str().unwrap()).collect::<Vec<_>>();
    assert!(of("image").windows(2).all(|pair| pair[0] == pair[1]), "one image");
    assert!(of("artifact").windows(2).all(|pair| pair[0] != pair[1]), "three bundles");
    assert_eq!(of("image"), of("read_back"));
    let found = fleet.run(&["media", "inspect", "stick.img", "--json"]).ok().json();
    let bundles = found["volumes"][0]["bundles"].as_array().unwrap().clone();
    assert!(found["volumes"][0].get("bundle").is_none(), "there is not one bundle: {found}");
    for (receipt, bundle) in receipts.iter().zip(&bundles) {
        assert_eq!(bundle["manifest"]["device"], receipt["device"]);
        assert_eq!(bundle["digest"], receipt["artifact"]);
        assert_eq!(bundle["folder"], format!("firstlight/{}", receipt["device"].as_str().unwrap()));
        assert_eq!(states(&fleet, receipt["device"].as_str().unwrap()), ["finished"]);
    }
    fleet.ledger_is_true();
}

#[test]
fn mtools_finds_the_folders_and_every_file_as_the_manifests_say() {
    let fleet = three();
    fleet.run(&WRITE).ok();
    let found = fleet.run(&["media", "inspect", "stick.img", "--json"]).ok().json();
    let image = format!("{}@@{}", fleet.file("stick.img").display(), found["volumes"][0]["offset"]);
    for device in ["gw-0001", "gw-0002", "gw-0003"] {
        let out = tempfile::tempdir().unwrap();
        let to = out.path().to_str().unwrap();
        oracle("mcopy", &["-s", "-n", "-i", &image, &format!("::/firstlight/{device}"), to]);
        let folder = out.path().join(device);
        let manifest: Value =
            serde_json::from_slice(&fs::read(folder.join("firstlight-manifest.json")).unwrap()).unwrap();
        assert_eq!(manifest["device"], device);
        for file in manifest["files"].as_array().unwrap() {
            let path = folder.join(file["path"].as_str().unwrap());
            let sum = oracle("sha256sum", &[path.to_str().unwrap()]);
            assert_eq!(sum.split(' ').next(), file["sha256"].as_str(), "{path:?}");
        }
    }
}

#[test]
fn inspect_shows_a_row_for_each_bundle_and_verify_a_line() {
    let fleet = three();
    fleet.run(&WRITE).ok();
    let shown = fleet.run(&["media", "inspect", "stick.img"]).ok().stdout;
    assert!(shown.contains("3 bundles, for gw-0001, gw-0002, gw-0003"), "{shown}");
    for device in ["gw-0001", "gw-0002", "gw-0003"] {
        let row = shown.lines().find(|line| line.starts_with("test-fleet") && line.contains(device)).expect(&shown);
        assert!(row.ends_with("whole") && !row.contains("not whole"), "{row}");
    }
    let verified = fleet.run(&["media", "verify", "stick.img"]).ok().stdout;
    assert_eq!(verified.lines().count(), 3, "{verified}");
    assert!(verified.lines().nth(2).unwrap().contains("version 1 for gw-0003 is whole"), "{verified}");
    let json = fleet.run(&["media", "verify", "stick.img", "--json"]).ok().json();
    assert_eq!(json["bundles"].as_array().unwrap().len(), 3);
    assert!(json.get("manifest").is_none(), "{json}");
}

#[test]
fn one_damaged_bundle_of_three_is_named_and_the_others_are_whole() {
    let fleet = three();
    fs::create_dir(fleet.file("stick")).unwrap();
    fleet.run(&["write", "--all", "--together", "--to", "folder:stick"]).ok();
    fleet.run(&["media", "verify", "stick"]).ok();
    fs::write(fleet.file("stick/firstlight/gw-0002/device.json"), "{}").unwrap();
    let said = fleet.run(&["media", "verify", "stick"]).exits(5).stderr;
    assert!(said.contains("firstlight/gw-0002/device.json") && !said.contains("gw-0001"), "{said}");
    fs::write(fleet.file("stick/firstlight/gw-0002/firstlight-manifest.json"), "{").unwrap();
    fleet.run(&["media", "verify", "stick"]).exits(5).says(&["firstlight/gw-0002/firstlight-manifest.json"]);
    fs::remove_dir_all(fleet.file("stick/firstlight/gw-0002")).unwrap();
    fs::write(fleet.file("stick/notes.txt"), "mine").unwrap();
    fleet.run(&["media", "verify", "stick"]).exits(5).says(&["\"notes.txt\" is not of this bundle"]);
    fs::remove_file(fleet.file("stick/notes.txt")).unwrap();
    fleet.run(&["media", "verify", "stick"]).ok();
}

#[test]
fn the_same_devices_make_the_same_bytes_in_whatever_order_they_are_named() {
    let fleet = three();
    let write = |to: &str, order: [&str; 3]| {
        let to = format!("image:{to}");
        let arguments = [&["write", "--together", "--to", &to][..], &order].concat();
        fleet.run_with(&arguments, &[("SOURCE_DATE_EPOCH", "1700000000")]).ok();
    };
    write("one.img", ["gw-0001", "gw-0002", "gw-0003"]);
    write("two.img", ["gw-0003", "gw-0001", "gw-0002"]);
    assert!(fs::read(fleet.file("one.img")).unwrap() == fs::read(fleet.file("two.img")).unwrap());
}

#[test]
fn a_second_run_writes_nothing_and_a_changed_set_is_refused_in_words() {
    let fleet = three();
    fleet.run(&WRITE).ok();
    let before = fs::read(fleet.file("stick.img")).unwrap();
    fleet.run(&WRITE).ok().says(&["nothing is left to do"]);
    fleet.write("devices.csv", &common::devices_csv(4));
    fleet
        .run(&WRITE)
        .exits(6)
        .says(&["3 of 4 devices are delivered already: gw-0001, gw-0002, gw-0003", "--again copy"]);
    assert!(fs::read(fleet.file("stick.img")).unwrap() == before);
    let left = ["write", "gw-0004", "--together", "--to", "image:stick.img"];
    fleet.run(&left).exits(6).says(&["it holds the bundle of device \"gw-0001\""]);
    fleet.run(&["write", "gw-0004", "--to", "image:stick.img"]).exits(6).says(&["it holds the bundle of device"]);
    assert!(fs::read(fleet.file("stick.img")).unwrap() == before);
    fleet.run(&[&WRITE[..], &["--again", "copy"]].concat()).ok();
    let verified = fleet.run(&["media", "verify", "stick.img", "--json"]).ok().json();
    assert_eq!(verified["bundles"].as_array().unwrap().len(), 4);
    fleet.ledger_is_true();
}

#[test]
fn a_lost_or_altered_image_is_not_taken_for_done() {
    let fleet = three();
    fleet.run(&WRITE).ok();
    fs::remove_file(fleet.file("stick.img")).unwrap();
    fleet.run(&WRITE).exits(6).says(&["is not there any more", "--again copy"]);
    fs::write(fleet.file("stick.img"), vec![0; 1 << 20]).unwrap();
    fleet.run(&WRITE).exits(6).says(&["does not hold that bundle any more"]);
}

#[test]
fn devices_whose_volumes_differ_do_not_go_on_one_medium() {
    let fleet = TestFleet::demo(2);
    let yaml = fleet.read("fleet.yaml");
    let (head, gateway) = yaml.split_once("  gateway:\n").unwrap();
    let other = gateway.replace("size: 8MiB", "size: 16MiB, label: OTHER, table: gpt");
    fleet.write("fleet.yaml", &format!("{head}  gateway:\n{gateway}  sensor:\n{other}"));
    fleet.edit("devices.csv", "SN000002,gateway", "SN000002,sensor");
    let words = [
        "\"gw-0001\" and \"gw-0002\" do not go on one medium",
        "\"OTHER\"",
        "mbr and gpt",
        "8388608 bytes and 16777216 bytes",
    ];
    fleet.run(&WRITE).exits(1).says(&words);
    fleet.run(&[&WRITE[..], &["--plan"]].concat()).exits(1).says(&words);
    assert!(!fleet.file("stick.img").exists());
}

#[test]
fn one_medium_is_wanted_not_a_place_for_each_device() {
    let fleet = three();
    fleet
        .run(&["write", "--all", "--together", "--to", "image:out/"])
        .exits(2)
        .says(&["a place for each device", "image:FILE.img"]);
    fleet.run(&["write", "--all", "--together", "--to", "folder:out/{id}"]).exits(2);
    fleet.run(&[&WRITE[..], &["--to", "image:b.img"]].concat()).exits(2).says(&["3 devices and 2 targets"]);
}

#[test]
fn a_medium_that_is_too_small_is_said_with_both_numbers_before_any_secret_leaves() {
    let fleet = TestFleet::demo(200);
    fleet.edit("fleet.yaml", "filesystem: fat, size: 8MiB", "filesystem: fat12, table: none, size: 1MiB");
    let said = fleet.run(&WRITE).exits(1).stderr;
    assert!(said.contains("the files need ") && said.contains(" bytes, the volume holds "), "{said}");
    assert!(!fleet.file("stick.img").exists());
    let deliveries = fleet.show("gw-0007")["deliveries"].clone();
    assert_eq!(deliveries[0]["reached"], "sealed", "{deliveries}");
    fleet.edit("fleet.yaml", "filesystem: fat12, table: none, size: 1MiB", "filesystem: fat, size: 16MiB");
    fleet.run(&WRITE).ok();
    assert_eq!(fleet.show("gw-0007")["generations"].as_array().unwrap().len(), 1, "the same identity goes on");
}

#[test]
fn a_device_named_twice_counts_once() {
    let fleet = three();
    let write = ["write", "gw-0002", "GW-0002", "gw-0002", "--together", "--to", "image:stick.img", "--json"];
    assert_eq!(fleet.run(&write).ok().receipts().len(), 1);
}

#[test]
fn a_folder_changes_from_one_set_to_another_and_keeps_what_is_not_ours() {
    let fleet = three();
    fs::create_dir(fleet.file("stick")).unwrap();
    fs::write(fleet.file("stick/notes.txt"), "mine").unwrap();
    let write = |devices: &[&str], more: &[&str]| {
        fleet.run(&[&["write", "--together", "--to", "folder:stick"][..], devices, more].concat())
    };
    write(&["gw-0001", "gw-0002"], &[]).exits(6).says(&["this fleet did not write it"]);
    fs::remove_file(fleet.file("stick/notes.txt")).unwrap();
    write(&["gw-0001", "gw-0002"], &[]).ok();
    write(&["gw-0002", "gw-0003"], &[]).exits(6).says(&["it holds the bundle of device \"gw-0001\""]);
    write(&["gw-0001", "gw-0002", "gw-0003"], &["--again", "copy"]).ok();
    let names = |path: &str| {
        let mut names: Vec<String> =
            fs::read_dir(fleet.file(path)).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names("stick"), ["firstlight"]);
    assert_eq!(names("stick/firstlight"), ["gw-0001", "gw-0002", "gw-0003"]);
    fleet.run(&["media", "verify", "stick"]).ok();
}

#[test]
fn a_plan_of_one_medium_touches_nothing_and_says_what_is_done() {
    let fleet = three();
    fleet.run(&["write", "gw-0001", "--to", "image:x.img"]).ok();
    let plan = [&WRITE[..], &["--plan", "--json"]].concat();
    let before = fleet.tree();
    let done = |lines: Vec<Value>| lines.iter().map(|line| line["done"].clone()).collect::<Vec<_>>();
    assert_eq!(done(fleet.run(&plan).ok().json_lines()), [false, false, false]);
    assert_eq!(fleet.tree(), before);
    fleet.run(&WRITE).ok();
    assert_eq!(done(fleet.run(&plan).ok().json_lines()), [true, true, true]);
}

#[test]
fn three_hundred_devices_fit_one_medium_and_are_all_found_again() {
    let fleet = TestFleet::demo(300);
    fleet.edit("fleet.yaml", "size: 8MiB", "size: 64MiB");
    let receipts = fleet.run(&[&WRITE[..], &["--json"]].concat()).ok().receipts();
    assert_eq!(receipts.len(), 300);
    let verified = fleet.run(&["media", "verify", "stick.img", "--json"]).ok().json();
    assert_eq!(verified["bundles"].as_array().unwrap().len(), 300);
    assert_eq!(verified["bundles"][299]["manifest"]["device"], "gw-0300");
    fleet.run(&WRITE).ok().says(&["300 devices: nothing is left to do"]);
}

/// A site, two devices and their own templates' volumes made the same; the site's bundle is for everybody there.
fn site_and_devices(seal: &str) -> TestFleet {
    let fleet = TestFleet::real(2);
    let template = "consumer: a test\ndescription: Settings of a site.\nmedium: {filesystem: fat, label: FIELD, size: 16MiB}\n\
                    files:\n  - {path: ntp.conf, mode: \"0644\", template: ntp.j2, syntax: text, destination: /etc/ntp.conf}\n";
    fleet.write("templates/settings/template.yaml", template);
    fleet.write("templates/settings/ntp.j2", "server ntp.{{ device.id }}.example\n");
    fleet.edit(
        "fleet.yaml",
        "medium: {filesystem: fat, size: 8MiB}",
        "medium: {filesystem: fat, size: 16MiB, label: FIELD}",
    );
    let site = format!(
        "  site:\n    servers: []\n    bundles:\n      settings: {{template: settings, for: site, match: {{model: model}}, {seal}}}\n    \
         deliveries:\n      stick: {{bundle: settings}}\n"
    );
    fleet.write("fleet.yaml", &(fleet.read("fleet.yaml") + &site));
    fleet.write(
        "devices.csv",
        "id,serial,model,profile\ngw-0001,S1,m1,gateway\nplant-7,,m1,site\ngw-0002,S2,m1,gateway\n",
    );
    fleet
}

#[test]
fn a_site_and_devices_lie_on_one_stick_and_the_site_has_no_certificate() {
    for seal in ["seal: none", "seal: sign"] {
        let fleet = site_and_devices(seal);
        fleet.run(&WRITE).ok();
        let verified = fleet.run(&["media", "verify", "stick.img", "--json"]).ok().json();
        let bundles = verified["bundles"].as_array().unwrap();
        let scopes: Vec<(&str, &Value)> =
            bundles.iter().map(|b| (b["manifest"]["device"].as_str().unwrap(), &b["manifest"]["scope"])).collect();
        assert_eq!(scopes, [("gw-0001", &Value::Null), ("gw-0002", &Value::Null), ("plant-7", &Value::from("site"))]);
        assert_eq!(bundles[2]["manifest"]["match"]["model"], serde_json::json!(["m1"]));
        assert_eq!(fleet.show("plant-7")["generations"], serde_json::json!([]), "{seal}");
        assert_eq!(fleet.show("gw-0001")["generations"].as_array().unwrap().len(), 1);
        let shown = fleet.run(&["media", "inspect", "stick.img"]).ok().stdout;
        assert!(shown.contains("plant-7 (site)"), "{shown}");
        let signed = shown.lines().any(|line| line.contains("plant-7") && line.contains("whole, signed"));
        assert_eq!(signed, seal == "seal: sign", "{shown}");
    }
}

#[test]
fn a_signature_that_does_not_fit_is_found_on_a_medium_with_several() {
    let fleet = site_and_devices("seal: sign");
    fs::create_dir(fleet.file("stick")).unwrap();
    fleet.run(&["write", "--all", "--together", "--to", "folder:stick"]).ok();
    fleet.run(&["media", "verify", "stick"]).ok();
    let manifest = "stick/firstlight/plant-7/firstlight-manifest.json";
    fleet.edit(manifest, "\"m1\"", "\"m2\"");
    fleet.run(&["media", "verify", "stick"]).exits(5).says(&["\"firstlight/plant-7\": signature: ALTERED"]);
    let shown = fleet.run(&["media", "inspect", "stick"]).ok().stdout;
    assert!(shown.lines().any(|line| line.contains("plant-7 (site)") && line.contains("ALTERED")), "{shown}");
}
