//! PostgreSQL killed under load, and several processes that ask for the same device.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::cluster::server_log;
use crate::registry::Engine;
use crate::registry::registering::tests::{World, asked, open, policy};
use crate::registry::registering::{Decision, Registrar};

/// Tells the processes that this test starts which store is meant.
const STORE: &str = "FIRSTLIGHT_TEST_REGISTRY";

/// Kills a backend of the registry's that is committing; false where none could be found.
fn kill_one(address: &str) -> bool {
    let Ok(mut client) = postgres::Client::connect(address, postgres::NoTls) else { return false };
    let text = "SELECT pid FROM pg_stat_activity WHERE application_name = 'firstlight' AND state = 'active'
        AND query = 'COMMIT'";
    let Ok(rows) = client.query(text, &[]) else { return false };
    let pid = rows.first().and_then(|row| rustix::process::Pid::from_raw(row.get(0)));
    pid.is_some_and(|pid| rustix::process::kill_process(pid, rustix::process::Signal::KILL).is_ok())
}

#[test]
fn every_answer_given_is_in_a_postgres_that_was_killed() {
    const THREADS: u32 = 8;
    const EACH: u32 = 60;
    const KILLS: u32 = 3;
    let world = World::new(Engine::Postgres, policy());
    let (killed, failed, done) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
    let deadline = Instant::now() + Duration::from_mins(2);
    let answered: Vec<(String, bool)> = std::thread::scope(|scope| {
        scope.spawn(|| {
            while killed.load(Ordering::SeqCst) < KILLS && done.load(Ordering::SeqCst) < THREADS {
                if kill_one(&world.place.address) {
                    killed.fetch_add(1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(300));
                }
                std::thread::sleep(Duration::from_millis(3));
            }
        });
        let one = |thread: u32| {
            let mut answered = Vec::new();
            let mut number = 0;
            // Goes on until the server was killed as often as it is to be.
            while number < EACH || killed.load(Ordering::SeqCst) < KILLS {
                let id = format!("gw-{thread}-{number}");
                let asked = asked(&policy(), &id, "a");
                loop {
                    assert!(Instant::now() < deadline, "the server does not come back");
                    match world.registrar.register(asked.clone()) {
                        Ok(Decision::Assigned { .. }) => break answered.push((id, true)),
                        Ok(Decision::Same { .. }) => break answered.push((id, false)),
                        Ok(other) => panic!("{other:?}"),
                        Err(error) => {
                            assert!(error.is_passing(), "{error:?}");
                            failed.fetch_add(1, Ordering::SeqCst);
                            std::thread::sleep(Duration::from_millis(20));
                        }
                    }
                }
                number += 1;
            }
            done.fetch_add(1, Ordering::SeqCst);
            answered
        };
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || one(thread))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let crashes = server_log().matches("was terminated by signal 9").count();
    assert_eq!((killed.load(Ordering::SeqCst), crashes), (KILLS, KILLS as usize), "{}", server_log());
    let asked_for: BTreeSet<String> = answered.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(asked_for.len(), answered.len());
    let registry = open(&world.place.address);
    let column = |text: &'static str| {
        let rows = registry.read(|reading| reading.sql.query(text, &[])).unwrap();
        rows.iter().map(|row| row.text(0).unwrap()).collect::<Vec<_>>()
    };
    let wanted: Vec<String> = asked_for.into_iter().collect();
    for text in [
        "SELECT id FROM device ORDER BY id",
        "SELECT device FROM registration ORDER BY device",
        "SELECT device FROM instance ORDER BY device",
        "SELECT device FROM resource ORDER BY device",
        "SELECT device FROM event ORDER BY device",
    ] {
        assert!(column(text) == wanted, "{text}: not each of {} exactly once", wanted.len());
    }
    let used = registry.group_usage("line-a").unwrap().used;
    assert_eq!(
        (used, registry.verify_events().unwrap()),
        (wanted.len() as u64, Ok(i64::try_from(wanted.len()).unwrap()))
    );
}

#[test]
fn the_same_registration_from_many_processes_makes_one_device() {
    let world = World::new(Engine::Postgres, policy());
    let start = |number: u32| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "registry::tests::crash::one_of_many_processes", "--ignored", "--nocapture"])
            .env(STORE, format!("{number} {}", world.place.address))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let all: Vec<_> = (0..6).map(start).collect();
    let mut said = Vec::new();
    for one in all {
        let output = one.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        said.extend(text.lines().filter_map(|line| line.split_once("answer: ")).map(|(_, answer)| answer.to_owned()));
    }
    assert_eq!(said.len(), 6 * 20, "{said:?}");
    let assigned = said.iter().filter(|answer| answer.starts_with("assigned")).count();
    let registrations: BTreeSet<_> = said.iter().filter_map(|answer| answer.split_once(' ')).collect();
    let named: BTreeSet<_> = registrations.iter().map(|(_, registration)| *registration).collect();
    assert_eq!((assigned, named.len()), (20, 20), "{said:?}");
    for table in ["device", "registration", "instance", "resource"] {
        assert_eq!(world.count(table), 20, "{table}");
    }
    assert_eq!(world.chain(), 20);
}

#[test]
#[ignore = "a part of the test above, in a process of its own"]
fn one_of_many_processes() {
    let Ok(told) = std::env::var(STORE) else { return };
    let (number, address) = told.split_once(' ').unwrap();
    let registrar = Registrar::start(open(address));
    for device in 0..20 {
        let mut mine = asked(&policy(), &format!("gw-{device}"), "a");
        mine.registration = format!("r{number}-{device}");
        match registrar.register(mine).unwrap() {
            Decision::Assigned { registration, .. } => {
                writeln!(std::io::stdout(), "answer: assigned {registration}").unwrap();
            }
            Decision::Same { registration, .. } => writeln!(std::io::stdout(), "answer: same {registration}").unwrap(),
            other => panic!("{other:?}"),
        }
    }
}
