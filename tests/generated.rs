//! Manual pages and completions are generated, committed, and equal to what the program makes today.

#![cfg(feature = "station")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use assert_cmd::Command;

fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let read = |entry: fs::DirEntry| {
        let text = fs::read_to_string(entry.path()).expect("a generated file is text");
        (entry.file_name().to_string_lossy().into_owned(), text)
    };
    entries.map(|entry| read(entry.expect("its entries can be read"))).collect()
}

/// Runs `firstlight COMMAND --all` into a new folder and compares with the committed one.
#[track_caller]
fn assert_committed(command: &str, folder: &str) {
    let made = tempfile::tempdir().expect("a temporary folder");
    let mut run = Command::cargo_bin("firstlight").expect("the program is built");
    run.args([command, "--all"]).arg(made.path()).assert().success().stdout("").stderr("");
    let (made, committed) = (files(made.path()), files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)));
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    let again = format!("run: cargo run -- {command} --all {folder}");
    assert_eq!(names(&made), names(&committed), "{folder}/ holds other files; {again}");
    for (name, text) in &made {
        assert!(committed[name] == *text, "{folder}/{name} is not what the program makes; {again}");
    }
}

#[test]
fn the_committed_manual_pages_are_those_of_the_program() {
    assert_committed("man", "man");
}

#[test]
fn the_committed_completions_are_those_of_the_program() {
    assert_committed("completions", "completions");
}

#[test]
fn one_page_and_one_script_go_to_standard_output() {
    let run = |arguments: &[&str]| {
        let mut command = Command::cargo_bin("firstlight").expect("the program is built");
        let output = command.args(arguments).output().expect("the program runs");
        assert!(output.status.success());
        String::from_utf8(output.stdout).expect("text")
    };
    assert!(run(&["man", "media", "list"]).contains(".TH firstlight-media-list 1"));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(run(&["completions", shell]).contains("firstlight"), "{shell}");
    }
}

#[test]
fn bash_completes_a_subcommand() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions/firstlight.bash");
    let ask = "source \"$0\"; COMP_WORDS=(firstlight dev); COMP_CWORD=1; _firstlight firstlight dev firstlight; \
               echo \"${COMPREPLY[*]}\"";
    let output = std::process::Command::new("bash").args(["-c", ask]).arg(script).output().expect("bash runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "devices\n", "{}", String::from_utf8_lossy(&output.stderr));
}
