//! Somebody else's programs from PyPI, asked many things in one start.

#![allow(dead_code, unreachable_pub, reason = "each test that includes this uses a part of it")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::TestRunner;

/// Runs `script` by the Python with the modules of tests/oracles.txt: JSON in, JSON out.
pub fn ask(script: &str, input: &serde_json::Value) -> serde_json::Value {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.oracles/venv/bin/python");
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(&python)
        .args(["-c", script])
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{} is missing (tests/run installs it): {error}", python.display()));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_string();
    let feed = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    feed.join().unwrap();
    let (said, talk) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "the oracle failed: {talk}\n{said}");
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}\n{talk}"))
}

/// Draws `count` cases, the same ones in every run.
pub fn cases<T>(count: usize, strategy: impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// Reads the hex that an oracle said.
#[track_caller]
pub fn bytes(said: &serde_json::Value) -> Vec<u8> {
    hex::decode(said.as_str().unwrap_or_else(|| panic!("no bytes: {said}"))).unwrap()
}
