//! What leaves of the keys: the chip's memory, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use serde_json::json;

use super::line::Line;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Every form in which a key could have slipped out.
fn forms(key: &[u8]) -> Vec<Vec<u8>> {
    let base64 = base64::engine::general_purpose::STANDARD.encode(key);
    let words = base64.trim_end_matches('=').to_owned();
    let numbers: Vec<String> = key.iter().map(u8::to_string).collect();
    vec![
        key.to_vec(),
        hex::encode(key).into_bytes(),
        hex::encode_upper(key).into_bytes(),
        words.as_bytes()[..words.len() - 1].to_vec(),
        numbers.join(",").into_bytes(),
        numbers.join(", ").into_bytes(),
    ]
}

fn holds(text: &[u8], key: &[u8]) -> bool {
    forms(key).iter().any(|form| text.windows(form.len()).any(|window| window == form))
}

#[test]
fn no_key_is_anywhere_but_in_the_memory_of_its_chip() {
    let line = Line::new(4);
    let mut said = Vec::new();
    let temporary = line.fleet.file("tmp");
    fs::create_dir(&temporary).unwrap();
    let mut run = |words: &[&str]| {
        let output = line.fleet.command(words).env("TMPDIR", &temporary).output().unwrap();
        said.extend(output.stdout);
        said.extend(output.stderr);
    };
    for (index, fault) in [
        json!([]),
        json!([{"at": {"on": "program", "nth": 3, "does": "stop-here"}}]),
        json!([{"flip": {"address": 0x1085, "bit": 1}}]),
        json!([{"at": {"on": "read", "nth": 5, "does": "gone"}}]),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("sn-{}", index + 1);
        line.chip(&name);
        line.faults(&name, fault);
        run(&["flash", &name, "--programmer", "file:chips/{id}", "-vv"]);
        run(&["flash", &name, "--programmer", "file:chips/{id}", "--json"]);
        line.faults(&name, json!([]));
        run(&["flash", &name, "--programmer", "file:chips/{id}", "--json"]);
        run(&["devices", "show", &name, "--json"]);
        run(&["devices", "why", &name, "--json"]);
    }
    run(&["ledger", "log", "--json"]);
    run(&["ledger", "pending", "--json"]);
    let mut paths = Vec::new();
    files(line.fleet.path(), &mut paths);
    for index in 1..=4 {
        let name = format!("sn-{index}");
        let own = line.flash_file(&name);
        let private = line.memory(&name, 0x1000 + 10240..0x1000 + 12288);
        // The private scalar of a P-256 key lies behind its tag in PKCS#8 (RFC 5915): 0x04 0x20.
        let at = private.windows(2).position(|window| window == [0x04, 0x20]).unwrap() + 2;
        for key in [line.marks(&name).key, private[at..at + 32].to_vec()] {
            assert!(key.iter().any(|byte| *byte != 0xFF));
            assert!(holds(&fs::read(&own).unwrap(), &key), "the search finds what is there");
            assert!(!holds(&said, &key), "a key of {name} was said");
            for path in paths.iter().filter(|path| **path != own) {
                assert!(!holds(&fs::read(path).unwrap(), &key), "a key of {name} is in {}", path.display());
            }
        }
    }
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0, "no temporary file stays");
}
