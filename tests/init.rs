//! Setting up: init, the authority, a protected key, backup and restore, each by the program itself.
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use common::{TestFleet, oracle};

const TEMPLATES: [&str; 5] = ["cloud-init", "lwm2m", "mqtt", "plain", "raspberry-pi"];
const WRITE: [&str; 4] = ["write", "--all", "--to", "image:out/"];
const DOWN: &str = "\u{1b}[B";
const ENTER: &str = "\r";

#[test]
fn what_init_makes_passes_check_and_write_at_once_for_every_template() {
    for template in TEMPLATES {
        let fleet = TestFleet::empty();
        fleet.run(&["init", "--template", template, "--devices", "2", "--name", "plant"]).ok();
        fleet.run(&["check"]).ok().says(&["fleet \"plant\" with 2 devices: everything is right"]);
        fleet.run(&WRITE).ok().says(&["2 devices: 2 written and read back"]);
        for device in fleet.run(&["devices", "list", "--json"]).ok().json_lines() {
            let image = format!("out/{}.img", device["id"].as_str().unwrap());
            fleet.run(&["media", "verify", &image]).ok();
        }
        fleet.ledger_is_true();
    }
}

#[test]
fn init_says_where_the_keys_lie_that_they_are_unprotected_and_how_to_back_them_up() {
    let fleet = TestFleet::empty();
    let ran = fleet.run(&["init", "plant", "--template", "mqtt"]).ok();
    ran.says(&[
        "keys and ledger lie in plant/.firstlight",
        "never commit it",
        "UNPROTECTED",
        "firstlight backup FILE --fleet plant",
        "firstlight check --fleet plant",
    ]);
    let mode = |name: &str| fs::metadata(fleet.file(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode("plant/.firstlight"), mode("plant/.firstlight/station.key")], [0o700, 0o600]);
    assert!(fleet.read("plant/.gitignore").contains("/.firstlight"));
    let shown = fleet.run(&["ca", "show", "--fleet", "plant", "--json"]).ok().json();
    assert_eq!(shown["station_key"], "unprotected");
    let pinned = shown["authority"]["root"]["sha256"].as_str().unwrap();
    assert!(fleet.read("plant/fleet.lock").contains(pinned), "the authority is pinned");
    let protected = TestFleet::empty();
    let arguments = ["init", "plant", "--template", "mqtt", "--passphrase-fd", "0"];
    protected.run_with_input(&arguments, b"a passphrase\n").ok().says(&["protected by your passphrase"]);
}

#[test]
fn init_refuses_a_folder_that_is_not_empty_and_says_how_to_go_on() {
    let fleet = TestFleet::empty();
    fleet.write("notes.txt", "mine");
    fleet.run(&["init", "--template", "mqtt"]).exits(6).says(&["the folder is not empty", "firstlight init my-fleet"]);
    fleet.run(&["init", "plant", "--template", "mqtt"]).ok();
    let before = fleet.tree();
    let words = ["there is a fleet already", "firstlight check --fleet plant"];
    fleet.run(&["init", "plant", "--template", "mqtt"]).exits(6).says(&words);
    assert_eq!(fleet.tree(), before);
}

#[test]
fn init_that_cannot_ask_or_is_told_nonsense_leaves_nothing() {
    let fleet = TestFleet::empty();
    fleet
        .run(&["init", "plant"])
        .exits(6)
        .says(&["there is no terminal", "--template NAME: cloud-init, linux, lwm2m, mqtt"]);
    fleet
        .run(&["init", "plant", "--template", "none"])
        .exits(1)
        .says(&["there is no template \"none\"", "templates are"]);
    let nonsense = ["init", "plant", "--template", "mqtt", "--server", "ftp://files.example"];
    fleet.run(&nonsense).exits(1).says(&["ftp://files.example", "mqtts://HOST"]);
    let closed = ["init", "plant", "--template", "mqtt", "--passphrase-fd", "77"];
    fleet.run(&closed).exits(1).says(&["descriptor 77 is not open", "77< FILE"]);
    fleet.run(&["init", "plant", "--template", "mqtt", "--demo", "--passphrase-fd", "0"]).exits(2);
    assert!(fleet.tree().is_empty());
}

#[test]
fn a_server_is_named_by_its_address_or_its_host_alone() {
    for (given, written) in [
        ("mqtts://broker.example:8884", "mqtts://broker.example:8884"),
        ("broker.example", "mqtts://broker.example:8883"),
        ("broker.example:9000", "mqtts://broker.example:9000"),
        ("[2001:db8::1]", "mqtts://[2001:db8::1]:8883"),
    ] {
        let fleet = TestFleet::empty();
        fleet.run(&["init", "--template", "mqtt", "--demo", "--server", given]).ok();
        assert!(fleet.read("fleet.yaml").contains(&format!("uri: \"{written}\"")), "{}", fleet.read("fleet.yaml"));
        fleet.run(&["check"]).ok();
    }
}

#[test]
fn at_a_terminal_init_asks_for_what_was_not_said() {
    let fleet = TestFleet::empty();
    let second = format!("{DOWN}{DOWN}{ENTER}");
    let steps = [
        ["What reads the media?", second.as_str()],
        ["How many example devices?", "\u{8}2\r"],
        ["Where is the devices' server?", ENTER],
        ["Protect the station key with a passphrase?", "n"],
    ];
    let ran = fleet.run_at_terminal(&["init", "plant"], &steps).ok();
    assert!(ran.stdout.contains("fleet made in plant: 2 devices of template linux"), "{}", ran.stdout);
    fleet.run(&["check", "--fleet", "plant"]).ok().says(&["2 devices"]);
    fleet.run(&["write", "--fleet", "plant", "--all", "--to", "image:out/"]).ok();
}

#[test]
fn an_answer_that_is_refused_or_interrupted_leaves_nothing_and_a_visible_cursor() {
    for (keys, status) in [("\u{1b}", 6), ("\u{3}", 130)] {
        let fleet = TestFleet::empty();
        let ran = fleet.run_at_terminal(&["init", "plant"], &[["What reads the media?", keys]]).exits(status);
        assert!(fleet.tree().is_empty(), "{keys:?}");
        let (hidden, shown) = (ran.stdout.rfind("\u{1b}[?25l"), ran.stdout.rfind("\u{1b}[?25h"));
        assert!(shown > hidden, "the cursor stays hidden after {keys:?}: {:?}", ran.stdout);
    }
}

#[test]
fn a_protected_station_key_is_opened_by_typing_or_by_a_descriptor_and_by_nothing_else() {
    let fleet = TestFleet::empty();
    let init = ["init", "--template", "mqtt", "--devices", "1", "--passphrase-fd", "0"];
    fleet.run_with_input(&init, b"correct horse\n").ok();
    let hint = ["no passphrase for the key of station", "there is no terminal", "--passphrase-fd N"];
    fleet.run(&WRITE).exits(6).says(&hint);
    let with_descriptor = [&WRITE[..], &["--passphrase-fd", "0"]].concat();
    fleet.run_with_input(&with_descriptor, b"battery staple\n").exits(6).says(&["the passphrase does not open"]);
    fleet.run_with_input(&with_descriptor, b"\n").exits(6).says(&["descriptor 0 gives no passphrase"]);
    assert!(!fleet.file("out").exists());
    fleet.run_with_input(&with_descriptor, b"correct horse\r\n").ok();
    let ran = fleet.run_at_terminal(&["ca", "show"], &[["Passphrase", "correct horse\r"]]).ok();
    assert!(ran.stdout.contains("station key: passphrase"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("correct horse"), "the passphrase was shown: {}", ran.stdout);
    for reading in [&["devices", "list"][..], &["ledger", "verify"], &["check"], &["devices", "why", "gw-0001"]] {
        fleet.run(reading).ok();
    }
}

/// The public serials of a device's credentials.
fn serials(fleet: &TestFleet, device: &str) -> Vec<String> {
    let shown = fleet.show(device);
    shown["generations"].as_array().unwrap().iter().map(|one| one["public"]["serial"].to_string()).collect()
}

#[test]
fn a_lost_private_folder_stops_every_command_until_it_is_restored_with_the_same_identities() {
    let fleet = TestFleet::real(2);
    fleet.run(&WRITE).ok();
    let before = serials(&fleet, "gw-0001");
    let backup = |file: &str, arguments: &[&str], passphrase: &[u8]| {
        let all = [&["backup", file, "--backup-passphrase-fd", "0"], arguments].concat();
        fleet.run_with_input(&all, passphrase)
    };
    backup("plant.age", &[], b"in the safe\n").ok().says(&["keep it apart from this machine"]);
    assert_eq!(fs::metadata(fleet.file("plant.age")).unwrap().permissions().mode() & 0o777, 0o600);
    backup("plant.age", &[], b"another\n").exits(6).says(&["refusing to overwrite"]);
    fs::rename(fleet.file(".firstlight"), fleet.file("lost")).unwrap();
    for command in [
        &WRITE[..],
        &["check"],
        &["issue", "--all"],
        &["render", "--all", "--out", "bundles"],
        &["ca", "show"],
        &["ca", "export"],
        &["ca", "init"],
        &["backup", "again.age", "--recipient", "age1"],
        &["devices", "list"],
        &["devices", "why", "gw-0001"],
        &["devices", "retire", "gw-0001", "--reason", "x", "--yes"],
        &["ledger", "log"],
        &["ledger", "pending"],
        &["ledger", "verify"],
        &["write", "--all", "--to", "image:out/", "--plan"],
    ] {
        let ran = fleet.run(command).exits(1);
        assert!(ran.stderr.contains("firstlight restore FILE"), "{command:?}: {}", ran.stderr);
        assert!(!fleet.file(".firstlight").exists(), "{command:?} made a second authority");
    }
    fleet.run(&["check", "--without-keys"]).ok();
    let restore =
        |passphrase: &[u8]| fleet.run_with_input(&["restore", "plant.age", "--backup-passphrase-fd", "0"], passphrase);
    restore(b"not that\n").exits(6).says(&["the passphrase does not open the backup plant.age"]);
    assert!(!fleet.file(".firstlight").exists());
    restore(b"in the safe\n").ok().says(&["restored", "compare with your receipts"]);
    restore(b"in the safe\n").exits(6).says(&["refusing to overwrite", "it exists", "hint: "]);
    assert_eq!(serials(&fleet, "gw-0001"), before);
    fleet.run(&WRITE).ok().says(&["2 devices: nothing is left to do"]);
    fleet.ledger_is_true();
}

#[test]
fn a_backup_to_a_recipient_opens_with_its_identity_and_with_the_age_program() {
    let fleet = TestFleet::real(1);
    let identity = fleet.file("identity.txt").display().to_string();
    oracle("age-keygen", &["-o", &identity]);
    let recipient = oracle("age-keygen", &["-y", &identity]);
    fleet.run(&["backup", "plant.age", "--recipient", recipient.trim()]).ok();
    let archive = oracle("age", &["-d", "-i", &identity, &fleet.file("plant.age").display().to_string()]);
    assert!(archive.contains(".firstlight/station.key"), "the archive names the station key");
    let own = fleet.run(&["ca", "show", "--json"]).ok().json()["recipient"].as_str().unwrap().to_owned();
    fleet.run(&["backup", "self.age", "--recipient", &own]).exits(6).says(&["the station key that it holds"]);
    fleet.run(&["backup", "bad.age", "--recipient", "nonsense"]).exits(1).says(&["age1"]);
    assert!(!fleet.file("self.age").exists() && !fleet.file("bad.age").exists());
    fs::remove_dir_all(fleet.file(".firstlight")).unwrap();
    fleet.run(&["restore", "plant.age", "--identity", "identity.txt"]).ok();
    fleet.run(&WRITE).ok();
}

#[test]
fn a_backup_of_another_fleet_is_not_restored() {
    let (ours, theirs) = (TestFleet::real(1), TestFleet::real(1));
    let file = theirs.file("theirs.age").display().to_string();
    theirs.run_with_input(&["backup", &file, "--backup-passphrase-fd", "0"], b"x\n").ok();
    fs::remove_dir_all(ours.file(".firstlight")).unwrap();
    let restored = ours.run_with_input(&["restore", &file, "--backup-passphrase-fd", "0"], b"x\n");
    restored.exits(1).says(&["refusing to restore another authority", "is pinned"]);
    assert!(!ours.file(".firstlight").exists());
}

#[test]
fn there_is_never_a_second_root() {
    let fleet = TestFleet::real(1);
    let lock = fleet.read("fleet.lock");
    fleet.run(&["ca", "init"]).exits(6).says(&["refusing to make a second authority", "firstlight ca show"]);
    fs::remove_file(fleet.file("fleet.lock")).unwrap();
    fleet.run(&WRITE).exits(1).says(&["has none pinned", "take fleet.lock back from version control"]);
    fleet.run(&["ca", "init"]).ok();
    let root = |lock: &str| lock.lines().find(|line| line.starts_with("root_sha256")).unwrap().to_owned();
    assert_eq!(root(&fleet.read("fleet.lock")), root(&lock), "the same root was pinned again");
}

#[test]
fn a_fleet_without_an_authority_is_told_to_make_one_and_a_demo_is_never_pinned_for_a_real_one() {
    let fleet = TestFleet::demo(1);
    fleet.run(&["ca", "init"]).ok();
    fleet.edit("fleet.yaml", "{demo: true, common_name", "{common_name");
    fleet.run(&["ca", "init"]).exits(1).says(&["the one in place is a demo authority", "move .firstlight"]);
    assert!(!fleet.file("fleet.lock").exists());
    fs::rename(fleet.file(".firstlight"), fleet.file("demo")).unwrap();
    fleet.run(&["check"]).ok().says(&["no authority yet", "firstlight ca init"]);
    fleet.run(&WRITE).exits(1).says(&["has no authority yet", "firstlight ca init"]);
    fleet.run(&["ca", "init"]).ok();
    fleet.run(&WRITE).ok();
}

#[test]
fn exported_certificates_are_a_chain_for_openssl() {
    let fleet = TestFleet::real(1);
    fleet.run(&["ca", "export", "--out", "root.pem"]).ok();
    let chain = fleet.run(&["ca", "export", "--chain"]).ok();
    fleet.write("chain.pem", &chain.stdout);
    let (root, chain) = (fleet.file("root.pem").display().to_string(), fleet.file("chain.pem").display().to_string());
    assert!(oracle("openssl", &["verify", "-x509_strict", "-CAfile", &root, &chain]).contains("OK"));
}

#[test]
fn a_private_folder_that_may_not_be_looked_into_is_not_taken_for_a_missing_one() {
    let fleet = TestFleet::real(1);
    let private = fleet.file(".firstlight");
    fs::set_permissions(&private, fs::Permissions::from_mode(0o000)).unwrap();
    for command in [&WRITE[..], &["check"], &["devices", "list"], &["ca", "init"], &["ca", "show"]] {
        fleet.run_unprivileged(command).exits(6).says(&["looking into", "Permission denied", "hint: "]);
    }
    fs::set_permissions(&private, fs::Permissions::from_mode(0o700)).unwrap();
    fleet.run_unprivileged(&WRITE).ok();
    fs::set_permissions(private.join("station.key"), fs::Permissions::from_mode(0o644)).unwrap();
    fleet.run(&WRITE).exits(6).says(&["its mode is 0644", "chmod 600"]);
}
