//! Our opener on the test vectors that other people's programs made (`tests/vectors/make`).
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use firstlight::bundle::sealed::{Authentic, Limits, OpeningKey, PublicKey, Reason, Refusal, find};
use firstlight::delivery::{ClockRule, Manifest, Property};
use firstlight::fleet::{Digest, Secret};
use firstlight::medium::FolderShelf;
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

fn index() -> Value {
    serde_json::from_slice(&fs::read(folder().join("vectors.json")).unwrap()).unwrap()
}

fn vectors() -> Vec<Value> {
    let vectors = index()["vectors"].as_array().unwrap().clone();
    assert!(vectors.len() > 100, "the index is not whole");
    vectors
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().unwrap().iter().map(text)
}

fn read(path: &str) -> String {
    fs::read_to_string(folder().join(path)).unwrap()
}

/// The keys that the device was made with, or those that an earlier bundle announced.
fn anchors(vector: &Value) -> Vec<PublicKey> {
    let announced = texts(&vector["after"]).find_map(|name| {
        let path = folder().join("media").join(name).join("firstlight-manifest.json");
        Manifest::from_json(&fs::read(path).unwrap()).unwrap().trusted_keys
    });
    match announced {
        Some(announced) => announced.keys.iter().map(|line| PublicKey::parse(line).unwrap()).collect(),
        None => texts(&vector["anchors"]).map(|path| PublicKey::parse(&read(path)).unwrap()).collect(),
    }
}

fn opening_keys(vector: &Value, index: &Value) -> Vec<OpeningKey> {
    let identities = texts(&vector["identities"]).map(|path| OpeningKey::parse_age(&read(path)).unwrap());
    let shared = texts(&vector["cose_keys"]).map(|name| {
        let key = &index["cose_keys"][name];
        let name = Some(text(&key["kid"]).as_bytes().to_vec()).filter(|name| !name.is_empty());
        OpeningKey::Cose { name, key: Secret::new(hex::decode(text(&key["key"])).unwrap()) }
    });
    identities.chain(shared).collect()
}

/// The vector's device and clock, judged as docs/bundle-format.md says.
fn judge(manifest: &Manifest, vector: &Value) -> Result<(), Refusal> {
    let device = &vector["device"];
    let refused = |reason| Err(Refusal::new(reason, ""));
    // What board makers leave in place of a value is none; that is the reader's part, not the opener's.
    let values_of = |property: Property| {
        let values = device[property.word()].as_array().into_iter().flatten();
        values.map(|value| text(value).to_owned()).filter(|value| value != "Default string").collect()
    };
    if manifest.fleet != text(&device["fleet"]) {
        return refused(Reason::NotOurs);
    }
    if manifest.matching.unmet(&values_of).is_some() {
        return refused(Reason::OtherDevice);
    }
    let now = text(&vector["clock"]["now"]);
    if vector["clock"]["trusted"] == true {
        match (&manifest.not_before, &manifest.not_after) {
            (Some(time), _) if now < time.as_str() => return refused(Reason::NotYetValid),
            (_, Some(time)) if now > time.as_str() => return refused(Reason::Expired),
            _ => {}
        }
    } else if manifest.not_after.is_some() && manifest.without_clock == ClockRule::Refuse {
        return refused(Reason::ClockUntrusted);
    }
    Ok(())
}

/// Codes that only a reader with a memory, or one that has seen the medium's other bundles, can give.
const OF_MEMORY: [&str; 4] = ["older-version", "version-conflict", "ambiguous", "not-taken"];

#[test]
fn our_opener_finds_what_each_vector_says() {
    let index = index();
    let mut failed = Vec::new();
    for vector in vectors() {
        for bundle in vector["bundles"].as_array().unwrap() {
            let wanted = text(&bundle["result"]);
            let found = open(&vector, bundle, &index);
            let is_right = match &found {
                Ok(()) => wanted == "taken" || OF_MEMORY.contains(&wanted),
                Err(refusal) => wanted == refusal.reason.code(),
            };
            if !is_right {
                failed.push(format!("{} {}: wanted {wanted}, got {found:?}", vector["name"], bundle["folder"]));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn open(vector: &Value, bundle: &Value, index: &Value) -> Result<(), Refusal> {
    let shelf = FolderShelf::new(&folder().join(text(&vector["medium"])));
    let limits = Limits::default();
    let folders = find(&shelf, limits)?;
    let listed: Vec<&str> =
        vector["bundles"].as_array().unwrap().iter().map(|bundle| text(&bundle["folder"])).collect();
    assert_eq!(folders, listed, "{}: the bundles on the medium", vector["name"]);
    let authentic = Authentic::read(&shelf, text(&bundle["folder"]), &anchors(vector), limits)?;
    judge(&authentic.manifest, vector)?;
    let opened = authentic.open(&shelf, &opening_keys(vector, index), limits)?;
    if let Some(files) = bundle["files"].as_array() {
        let found: BTreeSet<_> = opened
            .iter()
            .map(|file| {
                let entry = &file.entry;
                let digest = file.bytes.expose(Digest::of).to_string();
                (entry.name().to_owned(), entry.mode.clone(), entry.destination.clone().unwrap_or_default(), digest)
            })
            .collect();
        let word = |file: &Value, key: &str| file[key].as_str().unwrap_or_default().to_owned();
        let wanted: BTreeSet<_> = files
            .iter()
            .map(|file| (word(file, "name"), word(file, "mode"), word(file, "destination"), word(file, "sha256")))
            .collect();
        assert_eq!(found, wanted, "{}", vector["name"]);
    }
    Ok(())
}

#[test]
fn there_is_a_vector_for_each_reason_that_a_medium_alone_can_give() {
    // `used` wants a memory of what was forgotten: a reader with such a memory is tested for it elsewhere.
    let said: BTreeSet<String> = vectors().iter().map(|vector| text(&vector["result"]).to_owned()).collect();
    for reason in Reason::ALL.into_iter().filter(|reason| *reason != Reason::Used) {
        assert!(said.contains(reason.code()), "no vector for {:?}", reason.code());
    }
}

#[test]
fn what_pythons_json_writes_is_the_form_that_we_write() {
    let mut compared = 0;
    for vector in vectors().iter().filter(|vector| vector["result"] == "taken") {
        for bundle in vector["bundles"].as_array().unwrap() {
            let path = folder().join(text(&vector["medium"])).join(text(&bundle["folder"]));
            let document = fs::read(path.join("firstlight-manifest.json")).unwrap();
            assert_eq!(Manifest::from_json(&document).unwrap().to_json(), document, "{}", vector["name"]);
            compared += 1;
        }
    }
    assert!(compared > 20, "{compared}");
}

#[test]
fn the_folders_and_the_index_name_the_same_vectors() {
    let listed: BTreeSet<String> = vectors().iter().map(|vector| text(&vector["medium"]).to_owned()).collect();
    let there: BTreeSet<String> = fs::read_dir(folder().join("media"))
        .unwrap()
        .map(|entry| format!("media/{}", entry.unwrap().file_name().to_str().unwrap()))
        .collect();
    assert_eq!(listed, there);
}

/// The commands that docs/bundle-format.md gives for people without firstlight.
fn commands_by_hand() -> String {
    let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/bundle-format.md")).unwrap();
    let section = document.split("\n## ").find(|section| section.contains("By hand")).unwrap();
    let commands: Vec<&str> = section.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    for program in ["minisign -V", "openssl pkeyutl -verify", "sha256sum -c", "age -d"] {
        assert!(commands.iter().any(|line| line.contains(program)), "{program} is not shown");
    }
    commands.join("\n")
}

/// Runs them on a copy of a medium; returns whether all ended well, and what they said.
fn run_by_hand(name: &str) -> (bool, String, Option<Vec<u8>>) {
    let copy = tempfile::tempdir().unwrap();
    let at = |path: &str| copy.path().join(path);
    let medium = folder().join("media").join(name);
    let copied = Command::new("cp").arg("-r").arg(medium.join(".")).arg(copy.path()).status().unwrap();
    assert!(copied.success());
    fs::write(at("bundle.pub"), read("keys/bundle-a.pub")).unwrap();
    fs::write(at("device.age"), read("keys/device.age")).unwrap();
    let output = Command::new("bash")
        .args(["-e", "-u", "-o", "pipefail", "-c", &commands_by_hand()])
        .current_dir(copy.path())
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), said, fs::read(at("key.pem")).ok())
}

#[test]
fn other_peoples_programs_check_and_open_a_bundle_as_the_document_says() {
    let (is_good, said, opened) = run_by_hand("encrypted");
    assert!(is_good, "{said}");
    assert!(opened.unwrap().starts_with(b"-----BEGIN PRIVATE KEY-----\nnot a key"));
    assert!(said.contains("app/settings.conf: OK") && said.contains("Signature Verified Successfully"), "{said}");
    for name in [
        "unsigned",
        "not-ours",
        "altered-manifest",
        "altered-comment",
        "altered-file",
        "truncated-missing",
        "cannot-decrypt",
    ] {
        let (is_good, said, _) = run_by_hand(name);
        assert!(!is_good, "{name}: {said}");
    }
}
