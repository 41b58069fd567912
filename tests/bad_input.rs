//! Bad input and bad surroundings: a clear error with place and hint, nothing half-written, nothing lost, no panic.
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod common;

use std::fs;
use std::io::Write as _;

use common::{Ran, TestFleet, oracle};

const WRITE: [&str; 4] = ["write", "--all", "--to", "image:out/"];

/// Runs `check` and the main job: both end with 1, say each of `words`, and change nothing.
#[track_caller]
fn is_refused(fleet: &TestFleet, words: &[&str]) {
    let before = fleet.tree();
    for command in [&["check"][..], &WRITE, &["issue", "--all"], &["render", "--all", "--out", "bundles"]] {
        let ran = fleet.run(command).exits(1).says(words);
        assert!(!ran.stderr.contains("internal error") && ran.stdout.is_empty(), "{}", ran.stderr);
        assert_eq!(fleet.tree(), before, "{command:?}");
    }
}

/// The faults that `check --json` names, as `line:column message`.
fn faults(fleet: &TestFleet) -> Vec<String> {
    let shown = fleet.run(&["check", "--json"]).exits(1).json();
    let fault = |fault: &serde_json::Value| {
        let (place, message) = (&fault["place"], fault["message"].as_str().unwrap());
        format!("{}:{}:{} {message}", place["file"].as_str().unwrap(), place["line"], place["column"])
    };
    shown["faults"].as_array().unwrap().iter().map(fault).collect()
}

fn fleet_of(inventory: &str) -> TestFleet {
    let fleet = TestFleet::demo(0);
    fleet.write("devices.csv", inventory);
    fleet
}

#[test]
fn an_empty_inventory_is_a_fault_with_a_hint_and_one_without_devices_is_told() {
    for empty in ["", "\n", "\u{feff}", "\r\n\r\n"] {
        is_refused(&fleet_of(empty), &["devices.csv:1:1: the inventory is empty", "hint: "]);
    }
    let fleet = fleet_of("id,serial,profile\n");
    fleet.run(&["check"]).ok().says(&["warning: the inventory lists no device"]);
    fleet.run(&WRITE).ok().says(&["warning: the inventory lists no device"]);
    fs::remove_file(fleet.file("devices.csv")).unwrap();
    is_refused(&fleet, &["fleet.yaml:3:12: ", "cannot be read: no such file"]);
}

#[test]
fn a_hundred_megabytes_are_read_to_the_end_or_refused_by_their_size() {
    let fleet = fleet_of("");
    fs::write(fleet.file("devices.csv"), vec![b'a'; 100_000_000]).unwrap();
    let ran = fleet.run(&["check"]).exits(1).says(&["devices.csv:1:1: \"aaaa", "there is no column \"id\""]);
    assert!(ran.stderr.len() < 2_000, "the message repeats the file: {} bytes", ran.stderr.len());
    fs::File::create(fleet.file("devices.csv")).unwrap().set_len(300 << 20).unwrap();
    is_refused(&fleet, &["\"./devices.csv\" is longer than 268435456 bytes"]);
    fs::File::create(fleet.file("fleet.yaml")).unwrap().set_len(300 << 20).unwrap();
    is_refused(&fleet, &["fleet.yaml\" is longer than 16777216 bytes"]);
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_read_as_if_they_were_not_there() {
    let fleet = fleet_of("\u{feff}id,serial,profile\r\ngw-0001,SN1,gateway\r\ngw-0002,SN2,gateway\r\n");
    let yaml = fleet.read("fleet.yaml").replace('\n', "\r\n");
    fleet.write("fleet.yaml", &format!("\u{feff}{yaml}"));
    fleet.run(&WRITE).ok().says(&["2 devices: 2 written"]);
    assert_eq!(fleet.show("gw-0002")["device"]["serial"], "SN2");
    let utf16: Vec<u8> = "\u{feff}id\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(fleet.file("devices.csv"), utf16).unwrap();
    fleet.run(&["check"]).exits(1).says(&["the file is UTF-16, UTF-8 is wanted"]);
}

#[test]
fn every_faulty_id_is_named_with_its_line_in_one_run() {
    let long = "x".repeat(300);
    let rows = [
        "a/b",
        "..",
        "../gw",
        "x\0y",
        "\u{1f600}",
        &long,
        ".hidden",
        "-rf",
        "a b",
        "gw\u{202e}",
        "\u{1b}[31mred",
        "a\\b",
    ];
    let mut inventory = String::from("id,serial,profile\n");
    for (index, id) in rows.iter().enumerate() {
        inventory.push_str(&format!("{id},SN{index},gateway\n"));
    }
    let fleet = fleet_of(&inventory);
    let found = faults(&fleet);
    for line in 2..2 + rows.len() {
        let place = format!("./devices.csv:{line}:1 ").replace("./", "");
        assert!(found.iter().any(|fault| fault.starts_with(&place)), "nothing said of line {line}: {found:#?}");
    }
    is_refused(&fleet, &["at most 64 are possible", "endpoint name holds '/'"]);
    let shown = fleet.run(&["check"]).stderr;
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}') && !shown.contains('\0'), "{shown:?}");
    for id in ["a/b", "..", &long, "\u{1f600}"] {
        fleet.run(&["write", id, "--to", "image:out/"]).exits(2);
        fleet.run(&["devices", "show", id]).exits(2);
    }
}

#[test]
fn an_id_or_a_serial_number_stands_once_whatever_its_case() {
    let fleet = fleet_of("id,serial,profile\ngw-1,SN1,gateway\ngw-1,SN2,gateway\nGW-1,SN3,gateway\ngw-2,sn1,gateway\n");
    let found = faults(&fleet).join("\n");
    for words in [
        "devices.csv:3:1 device \"gw-1\" stands here a second time",
        "devices.csv:4:1 device \"GW-1\" differs only in case",
    ] {
        assert!(found.contains(words), "{found}");
    }
    assert!(found.contains("devices.csv:5:6 "), "the second serial number: {found}");
    is_refused(&fleet, &["first at devices.csv:2:1"]);
}

#[test]
fn broken_tables_are_named_where_they_break() {
    for (inventory, words) in [
        ("id,serial,profile\n\"gw-1,SN1,gateway\n", "devices.csv:2:1: the quote that opens here is never closed"),
        ("id;serial;profile\ngw-1;SN1;gateway\n", "the columns seem to be parted by ';'"),
        ("id,serial,profile\ngw-1,SN1,gateway,more\n", "the row has 4 cells, the header names 3 columns"),
        ("serial,profile\nSN1,gateway\n", "there is no column \"id\""),
        ("id,id\na,b\n", "devices.csv:1:4: column \"id\" stands here a second time"),
        ("id,serial,profile\ngw-1,SN1,getaway\n", "devices.csv:2:10: "),
    ] {
        is_refused(&fleet_of(inventory), &[words]);
    }
}

#[test]
fn yaml_that_explodes_nests_or_is_none_is_refused_at_its_place() {
    let bomb: String = std::iter::once("a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned())
        .chain(('b'..='j').map(|c| {
            let before = char::from(c as u8 - 1);
            format!("{c}: &{c} [{}]\n", vec![format!("*{before}"); 9].join(", "))
        }))
        .collect();
    for (yaml, words) in [
        (bomb.as_str(), "an anchor (&) is not read here"),
        (&"[".repeat(100_000), "nested deeper than 64 levels"),
        (&"{a: ".repeat(50_000), "nested deeper than 64 levels"),
        ("", "fleet.yaml:1:1: the file is empty"),
        ("- a\n", "the fleet file is a list, wanted is a mapping"),
        ("version: 2\n", "fleet.yaml:1:10: \"version\" is 2, wanted is 1"),
        ("version: 1\nversion: 1\n", "fleet.yaml:2:1: "),
        ("\0\0\0", "fleet.yaml:1:1: "),
        ("version: 1\n\tfleet: x\n", "found a tab"),
        ("version: !!python/object/apply:os.system [id]\n", "fleet.yaml:1:"),
    ] {
        let fleet = fleet_of("id,serial,profile\ngw-1,SN1,gateway\n");
        fleet.write("fleet.yaml", yaml);
        is_refused(&fleet, &[words]);
    }
    let fleet = TestFleet::real(1);
    fleet.edit("fleet.yaml", "fleet: test-fleet\n", "");
    let found = faults(&fleet);
    assert_eq!(found.len(), 1, "a name that is missing is no other fleet's: {found:?}");
    fleet.run(&["ledger", "verify"]).exits(1).says(&["lacks \"fleet\""]);
}

/// A fleet with a template of its own, one file of it being `source`.
fn with_template(source: &str) -> TestFleet {
    let fleet = TestFleet::demo(1);
    let template = "consumer: a test\ndescription: One file.\nmedium: {filesystem: fat, label: TEST, size: 8MiB}\nfiles:\n  \
                    - {path: a.txt, mode: \"0600\", template: a.j2, syntax: text}\n";
    fleet.write("templates/own/template.yaml", template);
    fleet.write("templates/own/a.j2", source);
    fleet.edit("fleet.yaml", "template: mqtt", "template: own");
    fleet
}

#[test]
fn a_template_that_runs_away_or_fails_is_stopped_and_a_mended_one_goes_on() {
    for (source, words) in [
        ("{% for i in range(1000000000) %}x{% endfor %}", "range has too many elements"),
        ("{% for a in range(9000) %}{% for b in range(9000) %}{% endfor %}{% endfor %}", "does not come to an end"),
        ("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "recursion limit"),
        ("{% include 'a.j2' %}", "recursion limit"),
        ("{% extends 'a.j2' %}", "cycle in template inheritance"),
        ("{{ 'x' * 10000000000 }}", "repeated string is too large"),
        ("{{ 1 / 0 }}", "unable to calculate"),
        ("{{ nowhere }}", "\"nowhere\" is not known"),
        ("{% if %}", "templates/own/a.j2:1:"),
        ("{% include '/etc/passwd' %}", "templates/own/a.j2:1:"),
        ("{% include '../../fleet.yaml' %}", "templates/own/a.j2:1:"),
    ] {
        let fleet = with_template(source);
        fleet.run(&["check"]).exits(1).says(&[words, "templates/own/a.j2:1:"]);
        fleet.run(&WRITE).exits(1).says(&[words]);
        assert!(!fleet.file("out/gw-0001.img").exists(), "{source}");
        fleet.write("templates/own/a.j2", "hello\n");
        fleet.run(&WRITE).ok();
        fleet.run(&["media", "verify", "out/gw-0001.img"]).ok();
        fleet.ledger_is_true();
    }
}

/// Fills a small disk with the main job, makes room, runs again.
const FULL_DISK: &str = r#"
mount -t tmpfs -o "size=$SIZE" none "$PWD/disk"
cp fleet.yaml devices.csv disk/
cd disk
"$FIRSTLIGHT" write --all --to image:out/ --quiet 2>../said || echo "status $?"
find . -name '*.part' -o -name '.firstlight.new*'
mount -o remount,size=64M "$PWD"
"$FIRSTLIGHT" write --all --to image:out/ --quiet
"$FIRSTLIGHT" ledger verify >/dev/null
for image in out/*.img; do "$FIRSTLIGHT" media verify "$image" >/dev/null; done
for id in gw-0001 gw-0002 gw-0003; do "$FIRSTLIGHT" devices show "$id" --json; done
"#;

#[test]
fn a_full_disk_is_told_and_nothing_is_lost_or_made_twice_when_there_is_room() {
    for size in ["48k", "128k", "220k", "400k", "480k", "560k"] {
        let fleet = TestFleet::demo(3);
        fs::create_dir(fleet.file("disk")).unwrap();
        let ran = fleet.run_in_namespace(&FULL_DISK.replace("$SIZE", size)).ok();
        let (first, rest) = ran.stdout.split_once('\n').unwrap();
        let said = fleet.read("said");
        assert!(["status 4", "status 3"].contains(&first), "{size}: {first}: {said}");
        assert!(said.contains("hint: make room") && !said.contains("internal error"), "{size}: {said}");
        assert!(rest.starts_with('{'), "{size}: half a file is left: {rest}");
        let shown = serde_json::Deserializer::from_str(rest).into_iter::<serde_json::Value>();
        let shown: Vec<_> = shown.map(Result::unwrap).collect();
        assert_eq!(shown.len(), 3, "{size}");
        for device in shown {
            assert_eq!(device["generations"].as_array().unwrap().len(), 1, "{size}: {device}");
        }
    }
}

#[test]
fn a_read_only_place_is_told_and_left_as_it_is() {
    let fleet = TestFleet::demo(2);
    fleet.run(&["write", "gw-0001", "--to", "image:out/"]).ok();
    let before = fleet.tree();
    let each = |command: &str| {
        let script = format!(
            "mount --bind \"$PWD\" \"$PWD\"; mount -o remount,bind,ro \"$PWD\"; cd \"$PWD\"; exec \"$FIRSTLIGHT\" {command}"
        );
        fleet.run_in_namespace(&script)
    };
    each("check").exits(4).says(&["ledger", "hint: "]);
    for command in [
        "write --all --to image:out/",
        "write --all --to image:new/",
        "issue --all",
        "render --all --out bundles",
        "ca export --out root.pem",
        "devices retire gw-0001 --reason broken --yes",
        "init plant --template mqtt",
    ] {
        let ran = each(command).exits(4).says(&["hint: "]);
        let told = ran.stderr.contains("Read-only file system") || ran.stderr.contains("unable to open database file");
        assert!(told, "{command}: {}", ran.stderr);
        assert_eq!(fleet.tree(), before, "{command}");
    }
}

#[test]
fn a_place_without_permission_is_told_with_status_6() {
    use std::os::unix::fs::PermissionsExt as _;
    let fleet = TestFleet::demo(2);
    fleet.run(&["write", "gw-0001", "--to", "image:out/"]).ok();
    let close = |name: &str, mode| fs::set_permissions(fleet.file(name), fs::Permissions::from_mode(mode)).unwrap();
    close("out", 0o555);
    let ran = fleet.run_unprivileged(&WRITE).exits(6).says(&["no permission to open", "hint: see who may write there"]);
    assert!(!ran.stderr.contains("disk"), "a hint about drives: {}", ran.stderr);
    close("out", 0o755);
    close("fleet.yaml", 0o000);
    fleet.run_unprivileged(&["check"]).exits(6).says(&["Permission denied", "hint: "]);
    close("fleet.yaml", 0o644);
    close("devices.csv", 0o000);
    fleet.run_unprivileged(&["check"]).exits(1).says(&["fleet.yaml:3:12: ", "permission denied"]);
}

/// Runs SQL on the ledger by Python's sqlite3, without the triggers that forbid an update.
fn alter_ledger(fleet: &TestFleet, sql: &str) {
    let code = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\n\
                triggers = c.execute(\"SELECT name FROM sqlite_master WHERE type = 'trigger'\").fetchall()\n\
                [c.execute(f'DROP TRIGGER {name}') for (name,) in triggers if sys.argv[2].startswith('UPDATE')]\n\
                c.executescript(sys.argv[2])\nc.commit()";
    oracle("python3", &["-c", code, &fleet.file(".firstlight/ledger.sqlite3").display().to_string(), sql]);
}

fn written() -> TestFleet {
    let fleet = TestFleet::real(2);
    fleet.run(&WRITE).ok();
    fleet
}

/// Every command that opens the ledger ends with 1, says `words` and leaves the ledger's bytes alone.
#[track_caller]
fn ledger_is_refused(fleet: &TestFleet, words: &[&str]) {
    let path = fleet.file(".firstlight/ledger.sqlite3");
    let before = fs::read(&path).ok();
    for command in [
        &WRITE[..],
        &["check"],
        &["issue", "--all"],
        &["devices", "list"],
        &["ledger", "verify"],
        &["ca", "show"],
        &["write", "--all", "--to", "image:new/", "--plan"],
    ] {
        fleet.run(command).exits(1).says(words);
        assert!(fs::read(&path).ok() == before, "{command:?} changed the ledger");
    }
    assert!(!fleet.file("new").exists());
}

#[test]
fn a_ledger_of_a_newer_version_is_left_alone() {
    let fleet = written();
    alter_ledger(&fleet, "PRAGMA user_version = 99");
    ledger_is_refused(
        &fleet,
        &["has schema 99, this firstlight knows schemas up to", "hint: use the newer firstlight"],
    );
}

#[test]
fn a_ledger_of_another_fleet_program_or_none_is_refused_and_never_begun_anew() {
    let fleet = written();
    let path = fleet.file(".firstlight/ledger.sqlite3");
    let ours = fs::read(&path).unwrap();

    let other = TestFleet::empty();
    other.run(&["init", "--template", "mqtt", "--name", "other"]).ok();
    fs::copy(other.file(".firstlight/ledger.sqlite3"), &path).unwrap();
    ledger_is_refused(&fleet, &["belongs to fleet \"other\", not to \"test-fleet\"", "hint: use --fleet DIR"]);

    fs::write(&path, b"").unwrap();
    ledger_is_refused(&fleet, &["it is empty", "hint: move .firstlight aside"]);

    fs::write(&path, [7; 5000]).unwrap();
    ledger_is_refused(&fleet, &["is no ledger, or a damaged one", "hint: move .firstlight aside"]);

    fs::remove_file(&path).unwrap();
    alter_ledger(&fleet, "CREATE TABLE cats (name TEXT)");
    ledger_is_refused(&fleet, &["is no ledger, or a damaged one"]);

    fs::remove_file(&path).unwrap();
    ledger_is_refused(&fleet, &["is missing, and with it the record of what was delivered", "restore FILE"]);

    fs::write(&path, ours).unwrap();
    fleet.run(&WRITE).ok().says(&["nothing is left to do"]);
}

#[test]
fn a_ledger_changed_from_outside_is_found_with_status_5() {
    let fleet = written();
    alter_ledger(&fleet, "UPDATE events SET operator = 'somebody else' WHERE seq = 3");
    let ran = fleet.run(&["ledger", "verify"]).exits(5);
    assert!(ran.stdout.contains("the ledger was changed from outside"), "{}", ran.stdout);
    assert_ne!(fleet.run(&["ledger", "verify", "--json"]).exits(5).json()["findings"], serde_json::json!([]));
}

#[test]
fn a_clock_set_back_makes_no_row_earlier_than_the_one_before_and_no_certificate_older_than_its_issuer() {
    let fleet = written();
    fleet.write("devices.csv", &common::devices_csv(3));
    fleet.run_with(&WRITE, &[("SOURCE_DATE_EPOCH", "1000000000")]).ok();
    fleet.ledger_is_true();
    let rows = fleet.run(&["ledger", "log", "--json"]).ok().json_lines();
    let times: Vec<&str> = rows.iter().map(|row| row["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted() && times[0] > "2020", "{times:?}");
    fleet.run(&["ca", "export", "--chain", "--out", "chain.pem"]).ok();
    fleet.run(&["write", "gw-0003", "--to", "folder:."]).exits(6);
    fleet.run(&["render", "gw-0003", "--out", "bundles"]).ok();
    let certificate = fleet.file("bundles/gw-0003/cert.pem");
    let certificate = if certificate.exists() { certificate } else { find_certificate(&fleet) };
    let chain = fleet.file("chain.pem").display().to_string();
    oracle("openssl", &["verify", "-CAfile", &chain, &certificate.display().to_string()]);
    for nonsense in ["yesterday", "-5", "99999999999999"] {
        let ran = fleet.run_with(&WRITE, &[("SOURCE_DATE_EPOCH", nonsense)]).exits(2);
        assert!(ran.stderr.contains("SOURCE_DATE_EPOCH") && ran.stderr.contains("hint: "), "{}", ran.stderr);
    }
}

fn find_certificate(fleet: &TestFleet) -> std::path::PathBuf {
    let is_certificate = |path: &std::path::PathBuf| {
        let text = fs::read_to_string(path).unwrap_or_default();
        path.starts_with(fleet.file("bundles"))
            && text.starts_with("-----BEGIN CERTIFICATE-----")
            && !path.ends_with("ca.pem")
    };
    fleet.tree().into_keys().find(is_certificate).expect("the bundle holds the device's certificate")
}

#[test]
fn two_fleets_in_one_folder_are_refused() {
    let fleet = written();
    fs::copy(fleet.file("fleet.yaml"), fleet.file("fleet.yml")).unwrap();
    is_refused(&fleet, &["the folder holds fleet.yml too", "hint: move one of the two"]);
    fs::remove_file(fleet.file("fleet.yml")).unwrap();
    fleet.edit("fleet.yaml", "fleet: test-fleet", "fleet: second");
    is_refused(&fleet, &["fleet.lock:1:1: the lock is fleet \"test-fleet\"'s", "hint: one folder is one fleet"]);
    fs::remove_file(fleet.file("fleet.lock")).unwrap();
    fleet.run(&["ca", "init"]).exits(1).says(&["belongs to fleet \"test-fleet\", not to \"second\""]);
    assert!(!fleet.file("fleet.lock").exists());
}

#[test]
fn another_fleets_private_folder_is_refused() {
    let (fleet, other) = (written(), TestFleet::real(1));
    fs::rename(fleet.file(".firstlight"), fleet.file("ours")).unwrap();
    fs::rename(other.file(".firstlight"), fleet.file(".firstlight")).unwrap();
    is_refused(&fleet, &["refusing to use another authority", "is pinned", "hint: "]);
}

#[test]
fn an_inventory_from_a_pipe_names_its_faults_as_such() {
    let fleet = TestFleet::demo(1);
    let with = |input: &[u8]| -> Ran { fleet.run_with_input(&["check", "--inventory", "-"], input) };
    with(b"id,serial,profile\ngw-1,SN1,gateway\n").ok();
    with(b"id,serial,profile\na/b,SN1,gateway\n").exits(1).says(&["<stdin>:2:1: \"a/b\""]);
    with(b"").exits(1).says(&["<stdin>:1:1: the inventory is empty"]);
    fleet.run(&["check", "--inventory", "nowhere.csv"]).exits(1).says(&["nowhere.csv", "No such file"]);
    let mut deep = Vec::new();
    deep.write_all("[".repeat(100_000).as_bytes()).unwrap();
    with(&deep).exits(1).says(&["<stdin>:1:"]);
}
