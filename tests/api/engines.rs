//! Every promise of this suite is asked of both engines: of SQLite by each test, of PostgreSQL by all in one more process.

use std::process::Command;

use firstlight::registry::Engine;

/// Tells that process that PostgreSQL is meant.
const WORD: &str = "FIRSTLIGHT_TEST_POSTGRES";

/// Returns the engine of this process.
pub fn engine() -> Engine {
    if std::env::var_os(WORD).is_some() { Engine::Postgres } else { Engine::Sqlite }
}

#[test]
fn every_promise_of_this_suite_holds_on_postgres_too() {
    if engine() == Engine::Postgres {
        return;
    }
    // One process, so that all share one cluster.
    let all = Command::new(std::env::current_exe().unwrap()).env(WORD, "1").output().unwrap();
    let said = String::from_utf8_lossy(&all.stdout);
    assert!(all.status.success(), "{said}\n{}", String::from_utf8_lossy(&all.stderr));
    let passed = |line: &&str| line.starts_with("test ") && line.ends_with(" ... ok");
    assert!(said.lines().filter(passed).count() > 25, "{said}");
}
