//! The playground of the WoT working group (npm `@thing-description-playground/core`), asked by one node process.

#![allow(unreachable_pub, dead_code, reason = "shared by tests that use different parts of it")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// A document to judge.
pub struct Document {
    /// For the failure's words.
    pub name: String,
    /// Whether it is a Thing Model.
    pub is_model: bool,
    /// The text.
    pub text: String,
}

impl Document {
    pub fn model(name: &str, value: &Value) -> Document {
        Document { name: name.to_owned(), is_model: true, text: value.to_string() }
    }
}

/// What the playground says of a document.
#[derive(Debug)]
pub struct Verdict {
    pub accepted: bool,
    pub warned: bool,
    pub why: String,
}

/// Where tests/run puts programs from npm; missing is a failure.
pub fn modules() -> PathBuf {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.oracles/node/node_modules");
    let core = modules.join("@thing-description-playground/core/index.js");
    assert!(core.is_file(), "{} is missing: run tests/run, which installs it", core.display());
    modules
}

/// Asks for a verdict on each document.
pub fn judge(documents: &[Document]) -> Vec<Verdict> {
    let kind = |is_model| if is_model { "model" } else { "description" };
    let asked: Vec<Value> =
        documents.iter().map(|each| json!({ "kind": kind(each.is_model), "text": each.text })).collect();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format/playground.js");
    let mut child = Command::new("node")
        .arg(script)
        .arg(modules())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is installed by tests/run");
    // It reads all before it writes.
    child.stdin.take().unwrap().write_all(Value::from(asked).to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the playground failed");
    let verdicts: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdicts.len(), documents.len(), "one verdict a document");
    let verdict = |value: &Value| Verdict {
        accepted: value["accepted"] == true,
        warned: value["warned"] == true,
        why: value["why"].to_string(),
    };
    verdicts.iter().map(verdict).collect()
}

/// Fails unless the playground accepts every document.
pub fn accepted_by_playground(documents: &[Document]) {
    for (document, verdict) in documents.iter().zip(judge(documents)) {
        assert!(verdict.accepted, "{}: {}\n{}", document.name, verdict.why, document.text);
    }
}
