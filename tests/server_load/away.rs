//! A PostgreSQL of a test's own: its first process killed under load, its disk full.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use firstlight::registry::Engine;
use rustix::process::{Pid, Signal, kill_process};

use super::cluster::{Cluster, INITDB, Place, programs, stranger};
use super::{Lab, Line, Load, Serve, trust};
use crate::claims::Devices;

fn place(address: String) -> Place {
    let mut place = Place::default();
    place.address = address;
    place
}

/// Kills PostgreSQL's first process: those it started end with it.
fn kill(cluster: &Cluster) {
    let text = std::fs::read_to_string(cluster.folder.join("data/postmaster.pid")).unwrap();
    let pid = Pid::from_raw(text.lines().next().unwrap().parse().unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

/// Starts it again: not before the last of those has ended.
fn start_again(cluster: &Cluster) {
    for _ in 0..100 {
        let mut start = cluster.starting();
        start.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir(&cluster.folder);
        if start.status().unwrap().success() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{}", std::fs::read_to_string(cluster.folder.join("log")).unwrap());
}

#[test]
fn a_postgres_killed_as_a_whole_has_kept_every_answer() {
    let cluster = Cluster::start();
    let lab = Lab::at(Engine::Postgres, place(cluster.address("")));
    let serve = Serve::of(&lab.fleet);
    let load = Load::on(lab.fleet.path(), serve.address);
    load.struck_twice(|| {
        let before = load.answered();
        kill(&cluster);
        start_again(&cluster);
        lab.has_kept(&before);
    });
    assert_eq!(load.lost.load(Ordering::SeqCst), 0, "the server keeps its connections");
    assert!(load.later.load(Ordering::SeqCst) > 0, "nobody asked while it was away");
    lab.holds_each_once(&load.answered());
    serve.end();
}

/// A file system of four megabytes that PostgreSQL alone sees; it must not be root there.
const SMALL: &str = r#"mkdir small; mount -t tmpfs -o size=4m,mode=700 tmpfs small
exec unshare -U --map-user=1000 --map-group=1000 sh -euc '
"$PROGRAMS/initdb" "$@" >/dev/null; exec "$PROGRAMS/postgres" -D data -c listen_addresses= -c "unix_socket_directories=$PWD"' small "$@""#;

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A cluster whose tablespace `small` lies on a file system of its own.
fn with_small_disk() -> (Cluster, Killed) {
    let cluster = Cluster::found();
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&cluster.folder, Some(0), Some(0)).unwrap();
    }
    let log = std::fs::File::create(cluster.folder.join("log")).unwrap();
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-euc", SMALL, "small"]);
    command.args(INITDB).arg("data").env("PROGRAMS", programs()).current_dir(&cluster.folder);
    let child = Killed(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap());
    for _ in 0..600 {
        if postgres::Client::connect(&cluster.address(""), postgres::NoTls).is_ok() {
            let text = format!("CREATE TABLESPACE small LOCATION '{}'", cluster.folder.join("small").display());
            stranger(&cluster.address("")).batch_execute(&text).unwrap();
            return (cluster, child);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{}", std::fs::read_to_string(cluster.folder.join("log")).unwrap());
}

#[test]
fn a_full_disk_of_postgres_is_told_to_come_later_and_leaves_nothing_half() {
    let (cluster, _running) = with_small_disk();
    let lab = Lab::at(Engine::Postgres, place(cluster.address("?options=-cdefault_tablespace%3Dsmall")));
    let serve = Serve::of(&lab.fleet);
    let devices = Devices::of(lab.fleet.path(), "test-fleet", "line-a");
    let mut line = Line { trust: trust(lab.fleet.path()), stream: None };
    let mut ask = |id: &str| line.ask(serve.address, &devices.request(id)).unwrap();
    assert_eq!(ask("gw-before"), 201);
    let mut filler = stranger(&lab.place.address);
    filler.batch_execute("CREATE TABLE filler (text text); ALTER TABLE filler ALTER text SET STORAGE PLAIN").unwrap();
    let mut fill = |count: u32| {
        let text = format!("INSERT INTO filler SELECT repeat('x', 7000) FROM generate_series(1, {count})");
        (0..1_000).find_map(|_| filler.batch_execute(&text).err()).unwrap()
    };
    for count in [20, 1] {
        assert_eq!(fill(count).code().unwrap().code(), "53100");
    }
    // What the pages have room for still comes in; then nothing does.
    let well: Vec<String> = (0..10_000).map(|number| format!("gw-{number}")).take_while(|id| ask(id) == 201).collect();
    let refused = format!("gw-{}", well.len());
    assert_eq!(ask(&refused), 503);
    let there =
        |more: &[&str]| more.iter().map(ToString::to_string).chain(well.iter().cloned()).collect::<BTreeSet<_>>();
    lab.holds_each_once(&there(&["gw-before"]));
    filler.batch_execute("DROP TABLE filler").unwrap();
    assert_eq!(ask(&refused), 201, "there is room again");
    assert_eq!(ask("gw-before"), 200);
    lab.holds_each_once(&there(&["gw-before", &refused]));
    let said = serve.said.lock().unwrap().clone();
    assert!(said.contains("no space left"), "the operator is told: {said}");
    serve.end();
}
