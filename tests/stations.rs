//! Stations that share a registry, each a folder of its own with the real binary: nobody makes what another may have made.
//!
//! Every promise is asked of both engines; the rows are read by SQLite's Python module and by psql.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../src/registry/tests/cluster.rs"]
#[allow(dead_code, unreachable_pub)]
mod cluster;
mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use cluster::{BOTH, Place, place};
use common::{BINARY, Ran, TestFleet, oracle};
use registry::Engine;
use serde_json::Value;

/// What the cluster of the registry's own tests names.
mod registry {
    pub(crate) use firstlight::registry::Engine;
}

/// An identity of these tests only.
const IDENTITY: &str = "AGE-SECRET-KEY-13UKWL8HESQUFMAQFH4Z66LWAVQLWQ5DPNE4RVR98V4NTM2G4DKTQ42M6GJ\n";
const RECIPIENT: &str = "age1rsc20vdshf866tmgf4kuf5q4htfle0urldhnr628dk4mzys4y4dqfqcpu7";
/// Calls of one kind that a run makes at most.
const MANY: usize = 1_000;

/// Two stations of one fleet.
struct World {
    north: TestFleet,
    south: TestFleet,
    engine: Engine,
    place: Place,
}

impl World {
    fn new(engine: Engine, devices: usize) -> Self {
        let (north, south) = (TestFleet::real(devices), TestFleet::empty());
        let yaml = format!("store: {{env: REGISTRY}}\n{}", north.read("fleet.yaml"));
        north.write("fleet.yaml", &yaml);
        for name in ["fleet.yaml", "devices.csv"] {
            fs::copy(north.file(name), south.file(name)).unwrap();
        }
        let world = Self { north, south, engine, place: place(engine) };
        let pack = world.south.file("south.age");
        world.ok(&world.north, &["backup", pack.to_str().unwrap(), "--station", "south", "--recipient", RECIPIENT]);
        world.restore(&world.south, "south.age");
        world
    }

    fn restore(&self, fleet: &TestFleet, file: &str) -> Ran {
        fleet.write("identity.txt", IDENTITY);
        self.ok(fleet, &["restore", file, "--identity", "identity.txt"])
    }

    fn run(&self, fleet: &TestFleet, arguments: &[&str]) -> Ran {
        fleet.run_with(arguments, &[("REGISTRY", &self.place.address)])
    }

    #[track_caller]
    fn ok(&self, fleet: &TestFleet, arguments: &[&str]) -> Ran {
        self.run(fleet, arguments).ok()
    }

    /// Runs with a registry that is not there.
    fn away(&self, fleet: &TestFleet, arguments: &[&str]) -> Ran {
        let address = match self.engine {
            Engine::Sqlite => "/nowhere/registry.db".to_owned(),
            Engine::Postgres => "postgres://firstlight@%2Fnowhere/postgres".to_owned(),
        };
        fleet.run_with(arguments, &[("REGISTRY", &address)])
    }

    /// Rows of the registry, one text each, fields divided by `|`.
    fn rows(&self, query: &str) -> Vec<String> {
        let text = match self.engine {
            Engine::Sqlite => {
                let script = "import sqlite3,sys\nfor r in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]): print('|'.join(map(str, r)))";
                oracle("python3", &["-c", script, &self.place.address, query])
            }
            Engine::Postgres => oracle("psql", &[&self.place.address, "-At", "-c", query]),
        };
        text.lines().map(str::to_owned).collect()
    }

    fn count(&self, query: &str) -> usize {
        self.rows(query)[0].parse().unwrap()
    }
}

/// Devices for which a ledger has credentials.
fn made(fleet: &TestFleet) -> BTreeSet<String> {
    let listed = fleet.run(&["ledger", "log", "--json"]).ok().json_lines();
    let issued = listed.iter().filter(|row| row["kind"] == "issued" || row["kind"] == "sealed");
    issued.map(|row| row["device"].as_str().unwrap().to_owned()).collect()
}

fn status(fleet: &TestFleet) -> Value {
    fleet.run(&["ledger", "status", "--json"]).ok().json()["registry"].clone()
}

fn on_both(promise: impl Fn(Engine)) {
    BOTH.into_iter().for_each(promise);
}

#[test]
fn of_two_stations_that_make_everything_at_once_each_device_is_made_by_one() {
    on_both(|engine| {
        let world = World::new(engine, 40);
        let start = |fleet: &TestFleet| {
            fleet.command(&["issue", "--all"]).env("REGISTRY", &world.place.address).spawn().unwrap()
        };
        let (mut north, mut south) = (start(&world.north), start(&world.south));
        let ended = [north.wait().unwrap().code().unwrap(), south.wait().unwrap().code().unwrap()];
        assert!(ended.iter().all(|status| [0, 3, 6].contains(status)), "{ended:?}");
        let (north, south) = (made(&world.north), made(&world.south));
        assert!(north.is_disjoint(&south), "{north:?} {south:?}");
        assert_eq!(north.len() + south.len(), 40);
        // What was made is known, once each, whoever made it.
        for fleet in [&world.north, &world.south] {
            world.ok(fleet, &["ledger", "sync"]);
        }
        assert_eq!(world.count("SELECT count(*) FROM device"), 40);
        assert_eq!(world.count("SELECT count(*) FROM credential WHERE kind = 'x509'"), 40);
        assert_eq!(world.count("SELECT count(*) FROM lease WHERE state = 'used'"), 40);
        world.north.ledger_is_true();
        world.south.ledger_is_true();
    });
}

#[test]
fn out_of_reach_a_station_makes_what_is_leased_and_nothing_else() {
    on_both(|engine| {
        let world = World::new(engine, 6);
        world.ok(&world.north, &["devices", "lease", "--count", "2"]);
        // Leased by whoever administers, fetched by the station.
        world.ok(&world.north, &["devices", "lease", "gw-0004", "--station", "south"]);
        world.away(&world.south, &["issue", "gw-0004"]).exits(6).says(&["not leased"]);
        world.ok(&world.south, &["ledger", "sync"]);
        world.away(&world.south, &["issue", "gw-0004"]).ok().says(&["cannot be reached"]);
        let refused = world.away(&world.north, &["write", "--all", "--to", "image:out/"]).exits(3);
        refused.says(&["gw-0004", "it is not leased to this station"]);
        let images = fs::read_dir(world.north.file("out")).unwrap().count();
        assert_eq!((made(&world.north).len(), images), (2, 2));
        assert!(!made(&world.north).contains("gw-0003"));
        // Whoever looks sees what the station knows, and that it is not all.
        for look in ["why", "show", "history"] {
            world
                .away(&world.north, &["devices", look, "gw-0001"])
                .ok()
                .says(&["only what this station knows is shown"]);
        }
        // The next one is the next that it may make: there is none.
        world.away(&world.north, &["write", "--next", "--to", "image:out/"]).exits(7);
        assert!(status(&world.north)["unsent"].as_i64().unwrap() > 0);
        assert_eq!(world.count("SELECT count(*) FROM device"), 0);
        world.ok(&world.north, &["ledger", "sync"]);
        world.ok(&world.south, &["ledger", "sync"]);
        assert_eq!(status(&world.north)["unsent"], 0);
        let devices = world.rows("SELECT folded, serial, bundle, origin FROM device ORDER BY folded");
        let north = "station ".to_owned() + station(&world.north).as_str();
        assert_eq!(devices[0], format!("gw-0001|SN000001|1|{north}"));
        assert!(devices[2].starts_with("gw-0004|SN000004|") && devices[2].ends_with("|station south"), "{devices:?}");
        // Nothing is told twice.
        let events = world.count("SELECT count(*) FROM event");
        world.ok(&world.north, &["ledger", "sync"]);
        assert_eq!(world.count("SELECT count(*) FROM event"), events);
    });
}

fn station(fleet: &TestFleet) -> String {
    fleet.run(&["ledger", "status", "--json"]).ok().json()["station"].as_str().unwrap().to_owned()
}

#[test]
fn a_lease_ends_and_another_station_may_have_it() {
    on_both(|engine| {
        let world = World::new(engine, 2);
        world.ok(&world.north, &["devices", "lease", "gw-0001", "gw-0002", "--days", "1"]);
        world.run(&world.south, &["issue", "gw-0001"]).exits(6).says(&["not leased"]);
        world.ok(&world.north, &["devices", "lease", "--return", "gw-0002"]);
        world.ok(&world.south, &["issue", "gw-0002"]);
        // Two days later by the clock of whoever is asked.
        let later = (time::OffsetDateTime::now_utc().unix_timestamp() + 2 * 86_400).to_string();
        let then = [("REGISTRY", world.place.address.as_str()), ("SOURCE_DATE_EPOCH", later.as_str())];
        let away = [("REGISTRY", "/nowhere/registry.db"), ("SOURCE_DATE_EPOCH", later.as_str())];
        world.north.run_with(&["issue", "gw-0001"], &away).exits(6).says(&["any more, since"]);
        world.south.run_with(&["issue", "gw-0001"], &then).ok();
        world.north.run_with(&["issue", "gw-0001"], &then).exits(6);
        assert!(made(&world.north).is_empty());
    });
}

#[test]
fn what_was_made_under_a_lease_that_ended_untold_is_noted_and_the_device_stays_whose_it_is() {
    on_both(|engine| {
        let world = World::new(engine, 1);
        world.ok(&world.north, &["devices", "lease", "gw-0001", "--days", "1"]);
        world.away(&world.north, &["issue", "gw-0001"]).ok();
        let later = (time::OffsetDateTime::now_utc().unix_timestamp() + 2 * 86_400).to_string();
        let then = [("REGISTRY", world.place.address.as_str()), ("SOURCE_DATE_EPOCH", later.as_str())];
        world.south.run_with(&["issue", "gw-0001"], &then).ok();
        let told = world.north.run_with(&["ledger", "sync"], &then).ok();
        told.says(&["could not act upon entry", "the id is station \"south\"'s"]);
        assert_eq!(world.rows("SELECT origin FROM device"), ["station south"]);
        assert_eq!(world.count("SELECT count(*) FROM credential"), 1);
        assert_eq!(world.count("SELECT count(*) FROM event WHERE what = 'merge-conflict'"), 1);
        assert_eq!(status(&world.north)["conflicts"], 1);
    });
}

#[test]
fn a_copy_of_a_station_is_found_before_it_makes_anything() {
    on_both(|engine| {
        let world = World::new(engine, 4);
        world.ok(&world.north, &["devices", "lease", "--count", "3"]);
        let copy = TestFleet::empty();
        oracle("cp", &["-a", &format!("{}/.", world.north.path().display()), copy.path().to_str().unwrap()]);
        // It lies elsewhere: that is found without the registry.
        world.away(&copy, &["issue", "gw-0001"]).exits(6).says(&["is a copy", "ledger reconcile"]);
        world.run(&copy, &["issue", "gw-0001"]).exits(6);
        world.run(&copy, &["ledger", "sync"]).exits(6);
        // An image of the whole disk brings its mark of place along: the registry finds that one.
        let place = fs::read_to_string(copy.file(".firstlight/station.place")).unwrap();
        let inode = |fleet: &TestFleet| {
            use std::os::unix::fs::MetadataExt as _;
            fs::metadata(fleet.file(".firstlight/ledger.sqlite3")).unwrap().ino().to_string()
        };
        let forged = place.replace(&inode(&world.north), &inode(&copy));
        fs::write(copy.file(".firstlight/station.place"), forged).unwrap();
        world.ok(&world.north, &["issue", "gw-0001"]);
        world.run(&copy, &["issue", "gw-0002"]).exits(6).says(&["there are two copies"]);
        world.run(&copy, &["devices", "lease", "--count", "1"]).exits(6);
        assert!(made(&copy).is_empty());
        // The one that was there first is not disturbed.
        world.ok(&world.north, &["issue", "gw-0002"]);
    });
}

#[test]
fn a_station_that_begins_twice_is_one_station() {
    let world = World::new(Engine::Sqlite, 2);
    let twin = TestFleet::empty();
    for name in ["fleet.yaml", "devices.csv", "south.age"] {
        fs::copy(world.south.file(name), twin.file(name)).unwrap();
    }
    world.restore(&twin, "south.age");
    world.ok(&world.south, &["issue", "gw-0001"]);
    world.run(&twin, &["issue", "gw-0002"]).exits(6).says(&["was here before"]);
    assert!(made(&twin).is_empty());
}

#[test]
fn a_restored_station_goes_on_after_it_was_reconciled() {
    on_both(|engine| {
        let world = World::new(engine, 5);
        world.ok(&world.north, &["issue", "gw-0001"]);
        world.ok(&world.north, &["backup", "north.age", "--recipient", RECIPIENT]);
        world.ok(&world.north, &["issue", "gw-0002"]);
        world.ok(&world.north, &["devices", "lease", "gw-0003", "gw-0004"]);
        // Made without a word, then the laptop is lost.
        world.away(&world.north, &["issue", "gw-0003"]).ok();
        let again = TestFleet::empty();
        for name in ["fleet.yaml", "devices.csv", "north.age", "fleet.lock"] {
            fs::copy(world.north.file(name), again.file(name)).unwrap();
        }
        world.restore(&again, "north.age").says(&["ledger reconcile"]);
        for arguments in [&["issue", "gw-0005"][..], &["write", "gw-0001", "--to", "image:out/"], &["ledger", "sync"]] {
            world.run(&again, arguments).exits(6).says(&["put back from a backup"]);
            assert_eq!(world.away(&again, arguments).status, if arguments[0] == "ledger" { 4 } else { 6 });
        }
        let reconciled = world.ok(&again, &["ledger", "reconcile", "--yes", "--json"]).json();
        assert_eq!(reconciled["elsewhere"], serde_json::json!(["gw-0002"]));
        assert_eq!(reconciled["doubtful"], serde_json::json!(["gw-0003", "gw-0004"]));
        assert_eq!(reconciled["epoch"], 1);
        world.run(&again, &["issue", "gw-0002"]).exits(6);
        world.run(&again, &["issue", "gw-0003"]).exits(6);
        world.ok(&again, &["issue", "gw-0001", "gw-0005"]);
        // A person found that it was not made.
        world.ok(&again, &["devices", "lease", "--free", "gw-0004"]);
        world.ok(&again, &["issue", "gw-0004"]);
        // The lost one comes back: it is refused, and what it made is not lost to the eye.
        world.run(&world.north, &["issue", "gw-0005"]).exits(6).says(&["there are two copies"]);
        world.run(&world.south, &["issue", "gw-0003"]).exits(6);
        assert_eq!(world.count("SELECT count(*) FROM credential WHERE kind = 'x509'"), 4);
        again.ledger_is_true();
        world.ok(&again, &["ledger", "reconcile", "--yes"]);
    });
}

#[test]
fn killed_at_any_step_a_station_goes_on_and_the_registry_has_each_row_once() {
    let calls = |engine| match engine {
        Engine::Sqlite => &["fdatasync", "fsync", "unlink"][..],
        Engine::Postgres => &["fdatasync", "sendto"][..],
    };
    on_both(|engine| {
        let world = World::new(engine, 60);
        let mut device = 0;
        let mut kills = 0;
        for call in calls(engine) {
            // A store on the other side of a socket is asked often: every tenth time will do.
            for n in (1..MANY).step_by(if *call == "sendto" { 10 } else { 1 }) {
                device += 1;
                let name = format!("gw-{device:04}");
                if killed_at(&world, call, n, &["issue", &name]) {
                    kills += 1;
                } else {
                    break;
                }
            }
        }
        assert!(kills > 10, "only {kills} runs were killed");
        world.ok(&world.north, &["ledger", "sync"]);
        let rows = world.north.run(&["ledger", "log", "--json"]).ok().json_lines().len();
        assert_eq!(world.count("SELECT count(*) FROM station_event"), rows);
        assert_eq!(world.count("SELECT merged FROM station"), rows);
        let made = made(&world.north);
        assert_eq!(world.count("SELECT count(*) FROM credential WHERE kind = 'x509'"), made.len());
        assert_eq!(world.rows("SELECT device FROM lease WHERE state = 'used'").len(), made.len());
        assert_eq!(status(&world.north)["conflicts"], 0);
        world.north.ledger_is_true();
    });
}

/// Runs with the n-th call of a kind being the last; returns false where there was no such call.
fn killed_at(world: &World, call: &str, n: usize, arguments: &[&str]) -> bool {
    let fleet = &world.north;
    let output = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("inject={call}:signal=KILL:when={n}")])
        .arg(BINARY)
        .args(arguments)
        .current_dir(fleet.path())
        .env("REGISTRY", &world.place.address)
        .output()
        .unwrap_or_else(|error| panic!("strace is needed for this test ({error}); tests/run installs it"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() || output.status.code().is_none_or(|code| code == 137), "{call} {n}: {said}");
    !output.status.success()
}

#[test]
fn a_station_issues_no_more_certificates_than_it_may_and_they_lead_to_the_root() {
    on_both(|engine| {
        let world = World::new(engine, 4);
        world.ok(&world.north, &["devices", "lease", "--station", "south", "--certificates", "2"]);
        let ended = world.run(&world.south, &["issue", "gw-0001", "gw-0002", "gw-0003"]);
        ended.exits(6).says(&["has issued 2, its limit is 2"]);
        world.away(&world.south, &["issue", "gw-0001", "gw-0002", "gw-0003"]).exits(6);
        assert_eq!(world.rows("SELECT issued, certificates FROM station WHERE id = 'south'"), ["2|2"]);
        let leaves = world.rows("SELECT public FROM credential WHERE kind = 'x509' ORDER BY device").join("\n");
        let authority = world.south.file(".firstlight/authority");
        assert!(!authority.join("root.key.age").exists(), "a further station has no root key");
        for (number, leaf) in leaves.split_inclusive("-----END CERTIFICATE-----\n").enumerate().take(2) {
            let path = world.south.file(&format!("leaf{number}.pem"));
            fs::write(&path, leaf.trim_start()).unwrap();
            let (root, intermediate) = (authority.join("root.pem"), authority.join("intermediate.pem"));
            let path = |path: &Path| path.to_str().unwrap().to_owned();
            let chain = [path(&root), path(&intermediate)];
            oracle(
                "openssl",
                &["verify", "-CAfile", &chain[0], "-untrusted", &chain[1], path_of(&world, number).as_str()],
            );
        }
        world.ok(&world.north, &["devices", "lease", "--station", "south", "--certificates", "3"]);
        world.ok(&world.south, &["issue", "gw-0001", "gw-0002", "gw-0003"]);
    });
}

fn path_of(world: &World, number: usize) -> String {
    world.south.file(&format!("leaf{number}.pem")).to_str().unwrap().to_owned()
}

#[test]
fn a_registry_put_back_from_an_older_copy_is_told_again() {
    let world = World::new(Engine::Sqlite, 4);
    world.ok(&world.north, &["issue", "gw-0001"]);
    let copy = format!("{}.copy", world.place.address);
    let script = "import sqlite3,sys\nsqlite3.connect(sys.argv[1]).backup(sqlite3.connect(sys.argv[2]))";
    oracle("python3", &["-c", script, &world.place.address, &copy]);
    world.ok(&world.north, &["issue", "gw-0002", "gw-0003"]);
    for beside in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{beside}", world.place.address));
    }
    fs::rename(&copy, &world.place.address).unwrap();
    world.run(&world.north, &["issue", "gw-0004"]).exits(6).says(&["there are two copies"]);
    world.ok(&world.north, &["ledger", "reconcile", "--yes"]);
    world.ok(&world.north, &["issue", "gw-0004"]);
    assert_eq!(world.count("SELECT count(*) FROM credential WHERE kind = 'x509'"), 4);
    assert_eq!(world.count("SELECT count(*) FROM lease WHERE state = 'used'"), 4);
}

#[test]
fn what_is_lost_or_retired_at_a_station_is_so_in_the_registry() {
    on_both(|engine| {
        let world = World::new(engine, 2);
        world.ok(&world.north, &["write", "gw-0001", "gw-0002", "--to", "image:out/"]);
        world.ok(&world.north, &["write", "gw-0001", "--to", "image:out/", "--again", "lost"]);
        world.ok(&world.north, &["devices", "retire", "gw-0002", "--reason", "scrapped", "--yes"]);
        world.ok(&world.north, &["ledger", "sync"]);
        let query = "SELECT device, state, count(*) FROM credential WHERE kind = 'x509'
            GROUP BY device, state ORDER BY device, state";
        assert_eq!(world.rows(query), ["gw-0001|active|1", "gw-0001|revoked|1", "gw-0002|retired|1"]);
        assert_eq!(world.rows("SELECT state, reason FROM device WHERE folded = 'gw-0002'"), ["retired|scrapped"]);
        assert_eq!(
            world.count("SELECT count(*) FROM credential WHERE state <> 'active' AND sealed_key IS NOT NULL"),
            0
        );
    });
}

#[test]
fn the_key_of_a_psk_comes_along_sealed_where_its_rule_is_to_keep_it() {
    on_both(|engine| {
        let world = World::new(engine, 0);
        let profile = |name: &str, rule: &str| {
            format!(
                "  {name}:
    credentials: {{management: {{kind: psk, bytes: 16{rule}}}}}
    bundles: {{site: {{template: lwm2m, seal: none, accept_plaintext: \"a test\"}}}}
    deliveries: {{stick: {{bundle: site}}}}
"
            )
        };
        let yaml = format!(
            "version: 1
fleet: test-fleet
inventory: devices.csv
store: {{env: REGISTRY}}
authority: {{common_name: Test CA, organization: Test}}
servers:
  management: {{protocol: lwm2m, uri: \"coaps://lwm2m.example:5684\", short_server_id: 101, lifetime: 1h, security: psk,
               credential: management}}
profiles:
{}{}",
            profile("kept", ", retain: keep"),
            profile("other", ", retain: until-delivered")
        );
        world.north.write("fleet.yaml", &yaml);
        world.north.write("devices.csv", "id,serial,profile\ns-1,S1,kept\ns-2,S2,other\n");
        world.ok(&world.north, &["issue", "--all"]);
        let query = "SELECT device, kind FROM credential
            WHERE sealed_key IS NOT NULL AND sealed_body IS NOT NULL ORDER BY device";
        assert_eq!(world.rows(query), ["s-1|psk"]);
        assert_eq!(world.count("SELECT count(*) FROM credential WHERE kind = 'psk'"), 2);
        let attributes = world.rows("SELECT attributes FROM device ORDER BY folded");
        assert!(attributes[0].contains("\"profile\":\"kept\""), "{attributes:?}");
    });
}

#[test]
fn a_station_of_its_own_needs_no_lease_and_its_registry_knows_what_it_made() {
    let fleet = TestFleet::real(3);
    fleet.run(&["issue", "gw-0001"]).ok();
    assert!(!fleet.file(".firstlight/registry.db").exists(), "a fleet that has no registry is given none");
    fleet.run(&["token", "list"]).ok();
    fleet.run(&["issue", "gw-0002"]).ok();
    let script = "import sqlite3\nfor r in sqlite3.connect('.firstlight/registry.db').execute('SELECT folded FROM device ORDER BY 1'): print(*r)";
    let output = Command::new("python3").args(["-c", script]).current_dir(fleet.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "gw-0001\ngw-0002\n");
    fleet.run(&["ledger", "reconcile", "--yes"]).exits(1).says(&["nothing to reconcile"]);
    assert_eq!(status(&fleet)["shared"], false);
}
