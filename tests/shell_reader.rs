//! The POSIX shell reader on the test vectors: in dash and in busybox, with minisign and with openssl.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use firstlight::bundle::sealed::{Reason, Refusal};
use firstlight::fleet::{Diagnose as _, Digest};
use serde_json::Value;
use tempfile::TempDir;

const SHELLS: [&[&str]; 2] = [&["dash"], &["busybox", "sh"]];
const VERIFIERS: [&str; 2] = ["minisign", "openssl"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/reader/firstlight-read.sh")
}

fn vectors() -> Vec<Value> {
    let index: Value = serde_json::from_slice(&fs::read(folder().join("vectors.json")).unwrap()).unwrap();
    index["vectors"].as_array().unwrap().clone()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().unwrap().iter().map(text)
}

fn is_cose(vector: &Value) -> bool {
    !vector["cose_keys"].as_array().unwrap().is_empty()
}

/// A made-up device: its files, its configuration, its store.
struct Device {
    folder: TempDir,
    shell: &'static [&'static str],
}

impl Device {
    fn new(vector: &Value, shell: &'static [&'static str], verifier: &str) -> Self {
        let device = Self { folder: tempfile::tempdir().unwrap(), shell };
        device.copy_keys(&vector["anchors"], "etc/firstlight/anchors");
        device.copy_keys(&vector["identities"], "etc/firstlight/keys");
        device.be(vector, verifier);
        device
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path.trim_start_matches('/'))
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn copy_keys(&self, paths: &Value, to: &str) {
        for path in texts(paths) {
            let name = Path::new(path).file_name().unwrap().to_str().unwrap();
            self.write(&format!("{to}/{name}"), &fs::read_to_string(folder().join(path)).unwrap());
        }
    }

    /// Takes on the facts and the clock of a vector.
    fn be(&self, vector: &Value, verifier: &str) {
        let facts = &vector["device"];
        let value = |name: &str| facts[name][0].as_str().unwrap_or_default().to_owned();
        self.write("sys/firmware/devicetree/base/serial-number", &format!("{}\0", value("serial")));
        self.write("sys/class/net/lo/address", "00:00:00:00:00:00\n");
        self.write("sys/class/net/eth0/address", &format!("{}\n", value("mac")));
        let clock = &vector["clock"];
        let trusted = if clock["trusted"] == true { "trusted" } else { "untrusted" };
        let root = self.folder.path().to_str().unwrap();
        self.write(
            "reader.conf",
            &format!(
                "root={root}\nfleet={}\nmodel=\"{}\"\nanchors={root}/etc/firstlight/anchors\nkeys={root}/etc/firstlight/keys\n\
                 store={root}/store\nlock={root}/lock\nverify={verifier}\nclock={trusted}\ndate() {{ echo {}; }}\nsync() {{ :; }}\n",
                text(&facts["fleet"]),
                value("model"),
                text(&clock["now"])
            ),
        );
    }

    fn run(&self, words: &[&str]) -> (i32, String, String) {
        let output = Command::new(self.shell[0])
            .args(&self.shell[1..])
            .arg(script())
            .arg("-c")
            .arg(self.path("reader.conf"))
            .args(words)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{:?}: {error}; tests/run installs it", self.shell));
        let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap_or(-1), words(&output.stdout), words(&output.stderr))
    }

    fn ingest(&self, medium: &Path) -> (i32, String, String) {
        self.run(&["ingest", medium.to_str().unwrap()])
    }

    /// Every file below `path` with its content, as a digest.
    fn tree(&self, path: &str) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut open = vec![self.path(path)];
        while let Some(at) = open.pop() {
            for entry in fs::read_dir(&at).into_iter().flatten() {
                let entry = entry.unwrap().path();
                let name = entry.strip_prefix(self.folder.path()).unwrap().to_str().unwrap().to_owned();
                if entry.is_symlink() {
                    found.insert(name, fs::read_link(&entry).unwrap().display().to_string());
                } else if entry.is_dir() {
                    open.push(entry);
                } else {
                    found.insert(name, Digest::of(&fs::read(&entry).unwrap()).to_string());
                }
            }
        }
        found
    }
}

fn medium(vector: &Value) -> PathBuf {
    folder().join(text(&vector["medium"]))
}

/// Brings a device to the state that a vector begins with.
fn prepared(vector: &Value, all: &[Value], shell: &'static [&'static str], verifier: &str) -> Device {
    let device = Device::new(vector, shell, verifier);
    for name in texts(&vector["after"]) {
        let before = all.iter().find(|vector| vector["name"] == name).unwrap();
        device.be(before, verifier);
        let (status, out, err) = device.ingest(&medium(before));
        assert_eq!(status, 0, "{name}: {out}{err}");
    }
    device.be(vector, verifier);
    device
}

fn exit_status(result: &str) -> i32 {
    let reason = Reason::ALL.into_iter().find(|reason| reason.code() == result);
    reason.map_or(0, |reason| Refusal::new(reason, "").class().exit_status().into())
}

fn check(vector: &Value, all: &[Value], shell: &'static [&'static str], verifier: &str) -> Result<(), String> {
    let name = text(&vector["name"]);
    let device = prepared(vector, all, shell, verifier);
    let before = device.tree("store");
    let (status, out, err) = device.ingest(&medium(vector));
    let told = format!("{name} ({shell:?}, {verifier}): {status}\n{out}{err}");
    // The one thing that this reader cannot do.
    let is_beyond = is_cose(vector) && vector["result"] == "taken";
    let result = if is_beyond { "cannot-decrypt" } else { text(&vector["result"]) };
    if status != exit_status(result) || !err.is_empty() {
        return Err(told);
    }
    for bundle in vector["bundles"].as_array().unwrap() {
        let wanted = if is_beyond { "cannot-decrypt" } else { text(&bundle["result"]) };
        let wanted = if name == "again" { "unchanged" } else { wanted };
        let folder = Some(text(&bundle["folder"])).filter(|folder| !folder.is_empty()).unwrap_or(".");
        // Good in itself, but not taken because of another.
        if wanted == "not-taken" {
            continue;
        }
        if !out.lines().any(|line| line.starts_with(&format!("{wanted} {folder} "))) {
            return Err(format!("wanted {wanted} for {folder}\n{told}"));
        }
        if wanted == "taken" {
            check_files(&device, bundle).map_err(|what| format!("{what}\n{told}"))?;
        }
    }
    for (path, digest) in vector["placed"].as_object().into_iter().flatten() {
        if Digest::of(&fs::read(device.path(path)).unwrap()).to_string() != text(digest) {
            return Err(format!("{path} has another content\n{told}"));
        }
    }
    if result != "taken" && device.tree("store") != before {
        return Err(format!("the store was changed: {:?}\n{told}", device.tree("store")));
    }
    Ok(())
}

fn check_files(device: &Device, bundle: &Value) -> Result<(), String> {
    let lane = fs::read_dir(device.path("store/current/lanes")).unwrap().count();
    let folder = text(&bundle["folder"]);
    let site = device.path("store/current/lanes").join(format!("site.{}", folder.rsplit('/').next().unwrap()));
    let kept = if site.is_dir() { site } else { device.path("store/current/lanes/device") };
    assert!(lane > 0);
    for file in bundle["files"].as_array().unwrap() {
        let path = kept.join("files").join(text(&file["name"]));
        let content = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if Digest::of(&content).to_string() != text(&file["sha256"]) {
            return Err(format!("{} has another content", path.display()));
        }
        if let Some(destination) = file["destination"].as_str() {
            let mode = fs::metadata(device.path(destination)).map_err(|error| format!("{destination}: {error}"))?;
            let wanted = u32::from_str_radix(text(&file["mode"]), 8).unwrap();
            if mode.permissions().mode() & 0o7777 != wanted {
                return Err(format!("{destination} has mode {:o}", mode.permissions().mode()));
            }
        }
    }
    Ok(())
}

fn check_all(shell: &'static [&'static str], verifier: &str) {
    let all = vectors();
    assert!(all.len() > 100);
    let failed: Vec<String> = all.iter().filter_map(|vector| check(vector, &all, shell, verifier).err()).collect();
    assert!(failed.is_empty(), "{} of {}:\n{}", failed.len(), all.len(), failed.join("\n"));
}

#[test]
fn every_vector_in_dash_with_minisign() {
    check_all(SHELLS[0], VERIFIERS[0]);
}

#[test]
fn every_vector_in_dash_with_openssl() {
    check_all(SHELLS[0], VERIFIERS[1]);
}

#[test]
fn every_vector_in_busybox_with_minisign() {
    check_all(SHELLS[1], VERIFIERS[0]);
}

#[test]
fn every_vector_in_busybox_with_openssl() {
    check_all(SHELLS[1], VERIFIERS[1]);
}

fn named<'a>(all: &'a [Value], name: &str) -> &'a Value {
    all.iter().find(|vector| vector["name"] == name).unwrap()
}

#[test]
fn an_older_stick_after_a_newer_leaves_store_and_files_as_they_are() {
    let all = vectors();
    let old = named(&all, "older-version");
    let device = prepared(old, &all, SHELLS[0], "minisign");
    let before = (device.tree("store"), device.tree("etc"));
    let (status, out, _) = device.ingest(&medium(old));
    assert_eq!((status, out.starts_with("older-version . ")), (6, true), "{out}");
    assert_eq!((device.tree("store"), device.tree("etc")), before);
}

#[test]
fn the_copy_serves_on_boots_without_a_medium() {
    let all = vectors();
    let vector = named(&all, "encrypted");
    let device = Device::new(vector, SHELLS[1], "openssl");
    assert_eq!(device.ingest(&medium(vector)).0, 0);
    let placed = device.tree("etc/app");
    assert!(!placed.is_empty());
    fs::remove_dir_all(device.path("etc/app")).unwrap();
    assert_eq!(device.run(&["place"]).0, 0);
    assert_eq!(device.tree("etc/app"), placed);
    let (status, out, _) = device.run(&["status"]);
    assert_eq!((status, out.as_str()), (0, "device version 3 of the fleet acme, made 2026-05-01T00:00:00Z\n"));
}

#[test]
fn the_previous_generation_is_kept_and_no_third() {
    let all = vectors();
    let device = prepared(named(&all, "version-5"), &all, SHELLS[0], "minisign");
    for name in ["signed", "encrypted", "version-5", "new-key-alone"] {
        device.be(named(&all, name), "minisign");
        if name == "new-key-alone" {
            device.copy_keys(&serde_json::json!(["keys/bundle-b.pub"]), "etc/firstlight/anchors");
        }
        device.ingest(&medium(named(&all, name)));
    }
    let mut kept: Vec<_> =
        fs::read_dir(device.path("store/generations")).unwrap().map(|e| e.unwrap().file_name()).collect();
    kept.sort();
    assert_eq!(kept, ["2", "3"]);
    assert_eq!(fs::read_link(device.path("store/current")).unwrap(), Path::new("generations/3"));
    assert!(!device.path("store/work").exists() && !device.path("store/new").exists() && !device.path("lock").exists());
}

/// A program of that name, first on the path, that ends the reader at its n-th use: a power cut before each step.
#[test]
fn a_power_cut_before_any_change_of_the_store_leaves_the_old_or_the_new() {
    let all = vectors();
    let (old, new) = (named(&all, "encrypted"), named(&all, "version-5"));
    for program in ["mv", "ln", "cp", "mkdir", "sync", "rm"] {
        for number in 1.. {
            let device = Device::new(old, SHELLS[0], "minisign");
            assert_eq!(device.ingest(&medium(old)).0, 0);
            let conf = fs::read_to_string(device.path("reader.conf")).unwrap();
            let uses = device.path("uses");
            let cut = format!(
                "{program}() {{ echo >>{uses}; [ $(wc -l <{uses}) -lt {number} ] || kill -9 $$; command {program} \"$@\"; }}\n",
                uses = uses.display()
            );
            device.write("reader.conf", &format!("{conf}{cut}"));
            let (status, _, _) = device.ingest(&medium(new));
            fs::remove_dir(device.path("lock")).ok();
            device.write("reader.conf", &conf);
            let kept = fs::read(device.path("store/current/lanes/device/firstlight-manifest.json")).unwrap();
            let is_one_of =
                [old, new].iter().any(|v| fs::read(medium(v).join("firstlight-manifest.json")).unwrap() == kept);
            assert!(is_one_of, "{program} {number}");
            assert_eq!(device.run(&["place"]).0, 0, "{program} {number}");
            assert_eq!(device.ingest(&medium(new)).0, 0, "{program} {number}: the next run brings it to its end");
            assert_eq!(fs::read(device.path("etc/app/settings.conf")).unwrap(), b"new\n", "{program} {number}");
            if status == 0 {
                assert!(number > 1, "{program} is never used");
                break;
            }
        }
    }
}

#[test]
fn nothing_is_put_where_the_image_does_not_allow_it_nor_with_orders_it_cannot_obey() {
    let all = vectors();
    let vector = named(&all, "encrypted");
    for line in
        ["destinations=/var/lib", "destinations=/etc/ap", "anchors_extra=x; destinations=/etc/app/settings.conf"]
    {
        let device = Device::new(vector, SHELLS[0], "minisign");
        let conf = fs::read_to_string(device.path("reader.conf")).unwrap();
        device.write("reader.conf", &format!("{conf}{line}\n"));
        let (status, out, _) = device.ingest(&medium(vector));
        assert_eq!((status, out.starts_with("not-allowed . ")), (6, true), "{line}: {out}");
        assert!(!device.path("etc/app").exists());
    }
}

#[test]
fn a_laptop_is_no_device() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("dash")
        .arg(script())
        .args(["-c", "/nonexistent/reader.conf", "status"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(6));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no device that reads bundles"));
}

#[test]
fn it_is_plain_posix_shell() {
    let output = Command::new("shellcheck").args(["-s", "sh"]).arg(script()).output();
    let output = output.expect("shellcheck judges the script; tests/run installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
