//! A registration whose n-th step fails, for every n: it is whole or not there at all, and asked again it is there once.

use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::registry::connection::{Connection, Engine, Opener, Purpose};
use crate::registry::registering::Decision;
use crate::registry::registering::tests::{Noon, World, asked, credential, open, policy};
use crate::registry::sqlite::SqliteFile;
use crate::registry::{Registry, RegistryError, Row, Sql, Value};

use super::cluster::place;

/// Which steps count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Statement,
    Commit,
}

/// What is to fail, once.
struct Plan {
    step: Step,
    /// Steps until then; none once it came about, and before it is armed.
    left: Option<u32>,
    /// The step is done all the same: only its answer is lost.
    is_done: bool,
    error: RegistryError,
}

#[derive(Clone)]
struct Faulty(Arc<Mutex<Plan>>);

impl Faulty {
    fn run<T>(&self, step: Step, work: impl FnOnce() -> Result<T, RegistryError>) -> Result<T, RegistryError> {
        let mut plan = self.0.lock().unwrap();
        if plan.step != step {
            return work();
        }
        plan.left = match plan.left {
            Some(0) => {
                plan.left = None;
                if plan.is_done {
                    work()?;
                }
                return Err(plan.error.clone());
            }
            left => left.map(|left| left - 1),
        };
        work()
    }
}

struct FaultyConnection(Box<dyn Connection>, Faulty);

impl Sql for FaultyConnection {
    fn execute(&mut self, text: &str, values: &[Value]) -> Result<u64, RegistryError> {
        self.1.run(Step::Statement, || self.0.execute(text, values))
    }

    fn insert(&mut self, into: &str, rows: &[Vec<Value>], ending: &str) -> Result<u64, RegistryError> {
        self.1.run(Step::Statement, || self.0.insert(into, rows, ending))
    }

    fn query(&mut self, text: &str, values: &[Value]) -> Result<Vec<Row>, RegistryError> {
        self.1.run(Step::Statement, || self.0.query(text, values))
    }
}

impl Connection for FaultyConnection {
    fn begin(&mut self, purpose: Purpose) -> Result<(), RegistryError> {
        self.1.run(Step::Statement, || self.0.begin(purpose))
    }

    fn commit(&mut self) -> Result<(), RegistryError> {
        self.1.run(Step::Commit, || self.0.commit())
    }

    fn run(&mut self, script: &str) -> Result<(), RegistryError> {
        self.1.run(Step::Statement, || self.0.run(script))
    }

    fn rollback(&mut self) -> Result<(), RegistryError> {
        self.1.run(Step::Statement, || self.0.rollback())
    }

    fn is_lost(&self) -> bool {
        self.0.is_lost()
    }
}

struct FaultyOpener(SqliteFile, Faulty);

impl Opener for FaultyOpener {
    fn open(&self, purpose: Purpose) -> Result<Box<dyn Connection>, RegistryError> {
        Ok(Box::new(FaultyConnection(self.0.open(purpose)?, self.1.clone())))
    }

    fn engine(&self) -> Engine {
        self.0.engine()
    }

    fn store(&self) -> &str {
        self.0.store()
    }
}

const TABLES: [&str; 7] = ["device", "registration", "instance", "resource", "attribute", "credential", "event"];

/// Returns how many there are, which is the same number in every table.
fn whole(address: &str, what: &str) -> i64 {
    let registry = open(address);
    let counted = registry.read(|reading| {
        let mut counts = vec![reading.sql.query("SELECT used FROM grp", &[])?[0].integer(0)?];
        for table in TABLES {
            counts.push(reading.sql.query(&format!("SELECT count(*) FROM {table}"), &[])?[0].integer(0)?);
        }
        Ok(counts)
    });
    let counted = counted.unwrap();
    assert!(counted.iter().all(|count| *count == counted[0]), "{what}: a part is there: used, {TABLES:?}: {counted:?}");
    assert_eq!(registry.verify_events().unwrap(), Ok(counted[0]), "{what}");
    counted[0]
}

/// Fails the n-th step, for every n; returns how many there are.
fn every_step(step: Step, is_done: bool, error: &RegistryError) -> u32 {
    for number in 0.. {
        let what = format!("{step:?} {number}, done {is_done}, {error:?}");
        let place = place(Engine::Sqlite);
        let faulty = Faulty(Arc::new(Mutex::new(Plan { step, left: None, is_done, error: error.clone() })));
        let opener = FaultyOpener(SqliteFile::new(Path::new(&place.address)), faulty.clone());
        let registry = Registry::open_with(Arc::new(opener), "acme", Arc::new(Noon)).unwrap();
        let world = World::on(registry, place, &policy());
        let asked =
            crate::registry::registering::Asked { credential: Some(credential(1)), ..asked(&policy(), "gw-1", "a") };
        faulty.0.lock().unwrap().left = Some(number);
        let first = world.registrar.register(asked.clone());
        let is_over = faulty.0.lock().unwrap().left.take().is_some();
        let there = whole(&world.place.address, &what);
        match &first {
            Ok(Decision::Assigned { .. } | Decision::Same { .. }) => assert_eq!(there, 1, "{what}"),
            Err(_) => assert!(there == 0 || step == Step::Commit && is_done && there == 1, "{what}"),
            other => panic!("{what}: {other:?}"),
        }
        let again = world.registrar.register(asked);
        let is_right = match &again {
            Ok(Decision::Assigned { .. }) => there == 0,
            Ok(Decision::Same { .. }) => there == 1,
            _ => false,
        };
        assert!(is_right, "{what}: {first:?}, then {again:?}");
        assert_eq!(whole(&world.place.address, &what), 1, "{what}");
        if is_over {
            return number;
        }
    }
    unreachable!("a registration ends")
}

fn errors() -> [RegistryError; 4] {
    let (store, reason) = (|| "x".to_owned(), || "by the test".to_owned());
    [
        RegistryError::Away { store: store(), reason: reason() },
        RegistryError::Unknown { store: store(), reason: reason() },
        RegistryError::Full { store: store() },
        RegistryError::Statement { store: store(), reason: reason() },
    ]
}

#[test]
fn a_registration_whose_nth_statement_fails_is_whole_or_not_there() {
    for error in errors() {
        for is_done in [false, true] {
            let steps = every_step(Step::Statement, is_done, &error);
            assert!(steps > 12, "there were only {steps} statements");
        }
    }
}

#[test]
fn a_registration_whose_nth_commit_fails_is_whole_or_not_there() {
    for error in errors() {
        for is_done in [false, true] {
            assert_eq!(every_step(Step::Commit, is_done, &error), 1);
        }
    }
}
