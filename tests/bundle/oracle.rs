//! Somebody else's programs. A missing one fails the test and says so.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs a program with `input`; returns its standard output, or what it said if it failed.
pub fn run(program: &str, arguments: &[&str], input: &[u8]) -> Result<String, String> {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap());
    let mut child = Command::new(program)
        .args(arguments)
        .env("PATH", path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} is missing (tests/run installs it): {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A program that reads nothing closes its end: what it says then is what counts.
    let feed = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    feed.join().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(said(&output.stdout)) } else { Err(said(&output.stdout) + &said(&output.stderr)) }
}

/// Runs a script by Debian's own Python, which sees Debian's modules (cloudinit, yaml).
pub fn debian_python(script: &str, arguments: &[&str], input: &[u8]) -> serde_json::Value {
    python("/usr/bin/python3", script, arguments, input)
}

/// Runs a script by the Python with the modules from PyPI (cbor2, toml).
pub fn pypi_python(script: &str, input: &[u8]) -> serde_json::Value {
    let python_program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.oracles/venv/bin/python");
    python(python_program.to_str().unwrap(), script, &[], input)
}

fn python(program: &str, script: &str, arguments: &[&str], input: &[u8]) -> serde_json::Value {
    let arguments: Vec<&str> = ["-c", script].into_iter().chain(arguments.iter().copied()).collect();
    let said = run(program, &arguments, input).unwrap_or_else(|said| panic!("{program}: {said}"));
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}
