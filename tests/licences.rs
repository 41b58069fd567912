//! What is linked into the program is under a licence of the list in deny.toml, and is not one of the crates it denies.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

fn deny() -> toml::Table {
    include_str!("../deny.toml").parse().unwrap()
}

fn allowed() -> BTreeSet<String> {
    let words = deny()["licenses"]["allow"].as_array().unwrap().clone();
    words.into_iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// Every package of Cargo.lock that any feature links for Linux: name, licence expression.
fn packages() -> Vec<(String, String)> {
    let platform = "x86_64-unknown-linux-gnu";
    let arguments = ["metadata", "--locked", "--all-features", "--format-version", "1", "--filter-platform", platform];
    let out = Command::new(env!("CARGO")).args(arguments).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let metadata: Value = serde_json::from_slice(&out.stdout).unwrap();
    let of = |package: &Value| {
        let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
        (text("name"), text("license"))
    };
    metadata["packages"].as_array().unwrap().iter().map(of).collect()
}

/// True if some choice among an SPDX expression's alternatives is in the list. Parentheses group; `/` is an old `OR`;
/// `AND` binds stronger than `OR` (SPDX 2.3, annex D).
fn satisfied(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let met = alternatives(&words, &mut at, allowed);
    met && at == words.len()
}

fn alternatives(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut met = together(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        met |= together(words, at, allowed);
    }
    met
}

fn together(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut met = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        met &= one(words, at, allowed);
    }
    met
}

fn one(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    if words.get(*at) == Some(&"(") {
        *at += 1;
        let met = alternatives(words, at, allowed);
        *at += 1;
        return met;
    }
    let Some(licence) = words.get(*at) else { return false };
    *at += 1;
    if words.get(*at) != Some(&"WITH") {
        return allowed.contains(*licence);
    }
    *at += 2;
    allowed.contains(&words[*at - 3..*at].join(" ")) || allowed.contains(*licence)
}

#[test]
fn every_crate_is_under_a_licence_of_the_list() {
    let allowed = allowed();
    let wrong: Vec<_> = packages().into_iter().filter(|(_, licence)| !satisfied(licence, &allowed)).collect();
    assert!(wrong.is_empty(), "not on the list of deny.toml: {wrong:?}");
}

#[test]
fn no_crate_that_is_denied_is_linked() {
    let denied = deny()["bans"]["deny"].as_array().unwrap().clone();
    let denied: BTreeSet<_> = denied.iter().map(|entry| entry["crate"].as_str().unwrap().to_owned()).collect();
    assert!(!denied.is_empty());
    let linked: Vec<_> = packages().into_iter().filter(|(name, _)| denied.contains(name)).collect();
    assert!(linked.is_empty(), "{linked:?}");
}

#[test]
fn expressions_are_read_as_spdx_means_them() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "Apache-2.0".to_owned(), "Zlib".to_owned()]);
    for good in [
        "MIT",
        "GPL-3.0 OR MIT",
        "MIT/GPL-3.0",
        "MIT AND Zlib",
        "(GPL-3.0 OR MIT) AND Zlib",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(satisfied(good, &allowed), "{good}");
    }
    for bad in
        ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Zlib) AND GPL-3.0", "GPL-3.0 WITH Classpath-exception-2.0", "MIT )"]
    {
        assert!(!satisfied(bad, &allowed), "{bad}");
    }
}
