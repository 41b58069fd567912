//! Every `console` block of the documents is run: each `$ ` line must end with the status shown (`# exit 6`, else 0), and
//! each line of output shown must be printed (`...` stands for anything).
//!
//! The blocks of one document share one folder, in order, so that a document reads as one session.
//! A command that ends in `&` runs until its document ends; port 8443 stands for a free one.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A command of a document with what the document says of it.
struct Example {
    line: usize,
    command: String,
    status: i32,
    output: Vec<String>,
}

fn examples(document: &str) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    let (mut inside, mut heredoc) = (false, None::<String>);
    for (index, line) in document.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console" && !inside;
            continue;
        }
        if !inside {
            continue;
        }
        if let Some(end) = &heredoc {
            let last = found.last_mut().expect("a here-document follows its command");
            writeln!(last.command, "{line}").unwrap();
            if line == end {
                heredoc = None;
            }
        } else if let Some(command) = line.strip_prefix("$ ") {
            let (command, status) = match command.split_once("  # exit ") {
                Some((command, status)) => (command, status.trim().parse().expect("a status")),
                None => (command, 0),
            };
            heredoc = command.split_once("<<'").map(|(_, rest)| rest.split('\'').next().unwrap().to_owned());
            found.push(Example { line: index + 1, command: format!("{command}\n"), status, output: Vec::new() });
        } else if !line.trim().is_empty() && line != "..." {
            found.last_mut().expect("output follows a command").output.push(line.to_owned());
        }
    }
    found
}

/// True if `shown` (with `...` for anything) is how `line` reads.
fn reads_as(line: &str, shown: &str) -> bool {
    let mut rest = line.trim();
    let parts: Vec<&str> = shown.trim().split("...").map(str::trim).collect();
    for (index, part) in parts.iter().enumerate() {
        match rest.find(part) {
            Some(0) => rest = rest[part.len()..].trim_start(),
            Some(at) if index > 0 => rest = rest[at + part.len()..].trim_start(),
            _ => return false,
        }
    }
    shown.trim().ends_with("...") || rest.is_empty()
}

fn path_with_binary() -> String {
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_firstlight"));
    let folder = binary.parent().unwrap().display().to_string();
    format!("{folder}:{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap())
}

/// Groups of what a document left running, such as a server; ended with it.
#[derive(Default)]
struct Running(Vec<u32>);

impl Drop for Running {
    fn drop(&mut self) {
        for group in &self.0 {
            let _ = Command::new("kill").args(["-9", "--", &format!("-{group}")]).stderr(Stdio::null()).status();
        }
    }
}

/// Puts a free port of this machine in place of the one that documents name.
fn with_port(text: &str, port: u16) -> String {
    text.replace(":8443", &format!(":{port}"))
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn run_document(path: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(root.join(path)).unwrap();
    let examples = examples(&with_port(&document, free_port()));
    assert!(!examples.is_empty(), "{path} has no example");
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::default();
    for example in examples {
        let child = Command::new("sh")
            .arg("-c")
            .arg(&example.command)
            .current_dir(folder.path())
            .env("PATH", path_with_binary())
            .env("REPOSITORY", root)
            .env("NO_COLOR", "1")
            .env("COLUMNS", "100")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        if example.command.trim_end().ends_with('&') {
            running.0.push(child.id());
        }
        let output = child.wait_with_output().unwrap();
        let printed = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        let place = format!("{path}:{}: {}", example.line, example.command);
        assert_eq!(output.status.code(), Some(example.status), "{place}\nprinted:\n{printed}");
        for shown in &example.output {
            let there = printed.lines().any(|line| reads_as(line, shown));
            assert!(there, "{place}\nthe document shows:\n{shown}\nprinted:\n{printed}");
        }
    }
}

#[test]
fn the_readme_tells_the_truth() {
    run_document("README.md");
}

#[test]
fn the_line_document_tells_the_truth() {
    run_document("docs/line.md");
}

#[test]
fn the_factory_document_tells_the_truth() {
    run_document("docs/factory.md");
}

#[test]
fn the_ci_document_tells_the_truth() {
    run_document("docs/ci.md");
}

#[test]
fn the_document_of_the_registry_tells_the_truth() {
    run_document("docs/registry.md");
}

#[test]
fn the_document_of_programs_tells_the_truth() {
    run_document("docs/exec.md");
}

#[test]
fn the_document_of_server_keys_tells_the_truth() {
    run_document("docs/server-keys.md");
}

#[test]
fn the_document_of_stations_tells_the_truth() {
    run_document("docs/stations.md");
}

#[test]
fn the_document_of_lwm2m_tells_the_truth() {
    run_document("docs/lwm2m.md");
}

#[test]
fn the_document_of_smartcards_tells_the_truth() {
    run_document("docs/smartcard.md");
}

#[test]
fn the_document_of_models_tells_the_truth() {
    run_document("docs/models.md");
}

#[test]
fn a_lie_in_a_document_is_noticed() {
    let told = examples("```console\n$ echo one two  # exit 3\none ... three\n```\n");
    assert_eq!((told[0].status, told[0].output.len()), (3, 1));
    assert!(reads_as("one two three", "one ... three"));
    assert!(reads_as("one two", "one ..."));
    assert!(!reads_as("one two", "one ... three"));
    assert!(!reads_as("one two", "two"));
}
