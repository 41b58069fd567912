//! Faults of the input are told all at once, before the first chip is touched.

use super::line::{CREDENTIALS, Line, MARKED, fleet_yaml, ids};

const TYPED: &str = "          chip: esp32c3
          accept_plaintext: \"a test\"
          parts:
            - address: 0x1000
              size: 12KiB
              format: nvs
              entries:
                - {key: small, type: u8, variable: small}
                - {key: zone, variable: zone}
                - {key: serial, text: \"{{ device.serial }}\"}
";

#[test]
fn all_faults_of_a_batch_are_told_before_the_first_device() {
    let inventory =
        "id,serial,small,zone\nsn-1,A1,1,UTC\nsn-2,A2,300,UTC\nsn-3,A3,2,UTC\nsn-4,,3,UTC\nsn-5,A5,-1,UTC\n";
    let line = Line::with(CREDENTIALS, TYPED, inventory);
    for index in 1..=5 {
        line.chip(&format!("sn-{index}"));
    }
    let ran = line.flash_all(&[]).exits(1);
    ran.says(&["sn-2", "out of range", "sn-4", "serial", "sn-5"]);
    for index in 1..=5 {
        assert!(!line.flash_file(&format!("sn-{index}")).exists(), "nothing was begun");
    }
    assert_eq!(line.fleet.run(&["ledger", "log", "--json"]).ok().stdout.matches("\"begin\"").count(), 0);
}

#[test]
fn blank_cells_are_told_with_their_places() {
    let inventory = "id,serial,small,zone\nsn-1,A1,1,UTC\nsn-2,A2,2,\nsn-3,A3,,UTC\n";
    let line = Line::loose(&fleet_yaml(CREDENTIALS, TYPED), inventory);
    line.fleet.run(&["check"]).exits(1).says(&["devices.csv:3:", "devices.csv:4:"]);
    line.flash_all(&[]).exits(1);
    assert!(!line.fleet.file("chips").exists());
}

#[test]
fn rows_that_collide_are_told_with_their_places() {
    let line = Line::loose(&fleet_yaml(CREDENTIALS, MARKED), "id,serial\nsn-1,A1\nsn-2,A1\nsn-1,A3\n");
    line.fleet.run(&["check"]).exits(1).says(&["devices.csv:3:", "a second time", "devices.csv:4:"]);
    line.flash_all(&[]).exits(1);
    assert!(!line.fleet.file("chips").exists());
}

#[test]
fn a_value_that_does_not_fit_its_part_is_told_before_the_first_device() {
    let tight = TYPED.replace("format: nvs", "format: cbor").replace("size: 12KiB", "size: 4KiB");
    let inventory = format!("id,serial,small,zone\nsn-1,A1,1,UTC\nsn-2,A2,2,{}\n", "z".repeat(4100));
    let line = Line::with(CREDENTIALS, &tight, &inventory);
    line.chip("sn-1");
    line.chip("sn-2");
    line.flash_all(&[]).exits(1).says(&["sn-2", "4096"]);
    assert!(!line.flash_file("sn-1").exists(), "nothing was begun");
}

#[test]
fn partitions_are_judged_by_the_table_before_the_first_device() {
    let factory = MARKED
        .replace("            - address: 0x1000\n              size: 12KiB\n", "            - partition: data\n")
        + "          partition_table: partitions.csv\n";
    for (table, words) in [
        ("nvs, data, nvs, 0x9000, 0x6000\n", vec!["\"data\"", "is not in the partition table (nvs)"]),
        ("data, app, factory, 0x10000, 0x10000\n", vec!["\"data\"", "holds no data but a program"]),
        ("data, data, nvs, 0x9000, 0x3000\nb, data, nvs, 0xA000, 0x3000\n", vec!["partition"]),
    ] {
        let line = Line::loose(&fleet_yaml(CREDENTIALS, &factory), &ids(1));
        line.fleet.write("partitions.csv", table);
        line.chip("sn-1");
        line.fleet.run(&["ca", "init"]);
        let ran = line.flash_all(&[]).exits(1);
        ran.says(&words);
        assert!(!line.flash_file("sn-1").exists());
    }
    let line = Line::loose(&fleet_yaml(CREDENTIALS, &factory), &ids(1));
    line.flash_all(&[]).exits(1).says(&["partitions.csv"]);
}

#[test]
fn a_partition_that_nvs_cannot_use_is_told_before_the_first_device() {
    for size in ["5000B", "8KiB"] {
        let line = Line::with(CREDENTIALS, &TYPED.replace("12KiB", size), "id,serial,small,zone\nsn-1,A1,1,UTC\n");
        line.chip("sn-1");
        line.flash_all(&[]).exits(1).says(&["sn-1: part \"part1\"", "nothing was begun"]);
        assert!(!line.flash_file("sn-1").exists(), "{size}");
    }
}

#[test]
fn slots_take_the_next_devices_of_one_kind_of_chip_only() {
    let text = fleet_yaml(CREDENTIALS, MARKED);
    let profile = text.split("profiles:\n").nth(1).unwrap();
    let second = profile.replace("  sensor:", "  other:").replace("esp32c3", "esp32s3");
    let line = Line::loose(&format!("{text}{second}"), "id,profile\nsn-1,sensor\nsn-2,other\n");
    line.fleet.run(&["ca", "init"]).ok();
    line.chip("a");
    line.chip("b");
    let words = ["flash", "--next", "--programmer", "file:chips/a", "--programmer", "file:chips/b"];
    line.fleet.run(&words).exits(6).says(&["\"sn-2\" wants a esp32s3"]);
    assert!(!line.flash_file("a").exists() && !line.flash_file("b").exists());
}

/// The fault, what it is made of, and what is said of it.
type Fault = (&'static str, &'static str, &'static str);

const FAULTS: [Fault; 17] = [
    ("chip: esp32c3", "chip: \"esp 32\"", "the name of a chip"),
    ("serials: pool", "serials: none", "serials"),
    ("first: 1, last: 500", "first: 9, last: 5", "begins at 9 and ends at 5"),
    ("prefix: SN-", "prefix: \"S N\"", "letters, digits"),
    ("format: raw", "format: toml", "format"),
    ("size: 12KiB", "size: twelve", "size"),
    ("address: 0x1000", "address: -1", "address"),
    ("size: 12KiB", "size: 1KiB", "1024"),
    ("              size: 12KiB\n", "", "lacks its size"),
    ("offset: 32, length: 32", "offset: 16, length: 32", "begins at 0x10"),
    ("offset: 32, length: 32, ", "offset: 32, ", "lacks its length"),
    ("offset: 32, length: 32, ", "key: x, ", "lacks its offset"),
    ("management.key", "absent.key", "absent"),
    ("offset: 128, length: 32,", "offset: 128, length: 32, type: u9,", "u9"),
    ("credential: management.key", "credential: management.key, text: x", "text"),
    ("{{ device.id }}", "{{ device.nonsense }}", "nonsense"),
    ("accept_plaintext: \"a test\"", "identity: perhaps", "identity"),
];

#[test]
fn each_fault_of_the_section_is_told_with_its_place() {
    for (right, wrong, words) in FAULTS {
        assert!(MARKED.contains(right), "{right}");
        let line = Line::loose(&fleet_yaml(CREDENTIALS, &MARKED.replacen(right, wrong, 1)), &ids(1));
        let ran = line.fleet.run(&["check"]);
        assert_eq!(ran.status, 1, "{wrong}: {}", ran.stderr);
        let told = ran.stderr.lines().any(|text| text.starts_with("fleet.yaml:") && text.contains(words));
        assert!(told, "{wrong}: {words:?} is not told with a place: {}", ran.stderr);
    }
}

const NVS_FAULTS: [Fault; 5] = [
    ("key: zone", "key: sixteen_letters_", "NVS takes 1 to 15"),
    ("key: zone", "key: small", "twice"),
    ("key: zone", "namespace: sixteen_letters_, key: zone", "1 to 15"),
    ("{key: zone, variable: zone}", "{variable: zone}", "lacks its key"),
    ("format: nvs", "format: esp_secure_cert", "no record of esp_secure_cert"),
];

#[test]
fn each_fault_of_an_nvs_part_is_told_with_its_place() {
    for (right, wrong, words) in NVS_FAULTS {
        assert!(TYPED.contains(right), "{right}");
        let file = fleet_yaml(CREDENTIALS, &TYPED.replacen(right, wrong, 1));
        let line = Line::loose(&file, "id,serial,small,zone\nsn-1,A1,1,UTC\n");
        let ran = line.fleet.run(&["check"]);
        assert_eq!(ran.status, 1, "{wrong}: {}", ran.stderr);
        let told = ran.stderr.lines().any(|text| text.starts_with("fleet.yaml:") && text.contains(words));
        assert!(told, "{wrong}: {words:?} is not told with a place: {}", ran.stderr);
    }
}

#[test]
fn faults_of_a_section_come_all_in_one_run() {
    let wrong = MARKED
        .replace("first: 1, last: 500", "first: 9, last: 5")
        .replace("offset: 32, length: 32", "offset: 16, length: 32")
        .replace("management.key", "absent.key");
    let line = Line::loose(&fleet_yaml(CREDENTIALS, &wrong), &ids(1));
    line.fleet.run(&["check"]).exits(1).says(&["ends at 5", "begins at 0x10", "absent"]);
}

#[test]
fn what_is_typed_wrong_begins_nothing() {
    let line = Line::new(2);
    line.chip("a");
    for words in [
        &["flash", "sn-1", "--programmer", "ftp:x"][..],
        &["flash", "sn-1", "--programmer", "file:"],
        &["flash", "sn-1", "--programmer", "slot:9"],
        &["flash", "sn-9", "--programmer", "file:chips/a"],
        &["flash", "sn-1", "sn-2", "--programmer", "file:chips/a"],
        &["flash", "sn-1", "--programmer", "file:chips/a", "--delivery", "absent"],
    ] {
        let ran = line.fleet.run(words);
        assert!([1, 2].contains(&ran.status), "{words:?}: {}: {}", ran.status, ran.stderr);
        assert!(!line.flash_file("a").exists(), "{words:?}");
    }
    line.fleet.run(&["flash", "--all", "--programmer", "file:chips/{id}", "--plan"]).ok();
    assert!(!line.fleet.file("chips/sn-1").exists());
}
