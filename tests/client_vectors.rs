//! `firstlight client ingest` on the test vectors that other people's programs made (`tests/vectors/make`).
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use firstlight::bundle::sealed::{Reason, Refusal};
use firstlight::fleet::{Diagnose as _, Digest};
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

fn index() -> Value {
    serde_json::from_slice(&fs::read(folder().join("vectors.json")).unwrap()).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().unwrap().iter().map(text)
}

/// A made-up device in a folder.
struct Device(TempDir);

impl Device {
    fn new(vector: &Value, index: &Value) -> Self {
        let device = Self(tempfile::tempdir().unwrap());
        // Where the tests do not run as root, root's files are the tester's.
        let own = fs::metadata(device.0.path()).unwrap();
        device.put("etc/passwd", format!("root:x:{}:{}:root:/root:/bin/sh\n", own.uid(), own.gid()));
        device.put("etc/group", format!("root:x:{}:\n", own.gid()));
        for (paths, place) in [(&vector["anchors"], "anchors"), (&vector["identities"], "keys")] {
            for path in texts(paths) {
                let name = path.rsplit('/').next().unwrap();
                device.put(&format!("etc/firstlight/{place}/{name}"), fs::read(folder().join(path)).unwrap());
            }
        }
        for name in texts(&vector["cose_keys"]) {
            let key = text(&index["cose_keys"][name]["key"]);
            device.put(&format!("etc/firstlight/keys/{name}.cose"), format!("{key}\n"));
        }
        device
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path.trim_start_matches('/'))
    }

    fn put(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Gives the vector's medium to a device with its facts and its clock; returns exit status and record.
    fn ingest(&self, vector: &Value) -> (i32, Value, String) {
        let facts = &vector["device"];
        let value = |name: &str| facts[name][0].as_str().unwrap_or_default();
        self.put("etc/firstlight/device", json!({"format": 1, "fleet": facts["fleet"]}).to_string());
        self.put("sys/class/dmi/id/product_serial", format!("{}\n", value("serial")));
        self.put("sys/class/dmi/id/product_name", format!("{}\n", value("model")));
        self.put("sys/class/net/eth0/address", format!("{}\n", value("mac")));
        let clock = self.path("run/systemd/timesync/synchronized");
        let _ = fs::remove_file(&clock);
        if vector["clock"]["trusted"] == true {
            self.put("run/systemd/timesync/synchronized", "");
        }
        let now = OffsetDateTime::parse(text(&vector["clock"]["now"]), &Rfc3339).unwrap().unix_timestamp();
        // The client leaves its result on the medium: the vectors stay as they are.
        let medium = tempfile::tempdir().unwrap();
        copy(&folder().join(text(&vector["medium"])), medium.path());
        let output = Command::new(env!("CARGO_BIN_EXE_firstlight"))
            .args(["client", "ingest", "--json", "--root"])
            .arg(self.0.path())
            .arg("--from")
            .arg(medium.path())
            .env_clear()
            .env("SOURCE_DATE_EPOCH", now.to_string())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let record = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        (output.status.code().unwrap_or(-1), record, said)
    }

    fn digest_of(&self, path: &str) -> String {
        fs::read(self.path(path))
            .map_or_else(|error| format!("{path}: {error}"), |bytes| Digest::of(&bytes).to_string())
    }
}

/// Copies a folder as it is: links stay links, and nothing is followed.
fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status().unwrap();
    assert!(status.success(), "cp -a {}", from.display());
}

fn check(vector: &Value, all: &[Value], index: &Value) -> Result<(), String> {
    let device = Device::new(vector, index);
    for name in texts(&vector["after"]) {
        let before = all.iter().find(|vector| vector["name"] == name).unwrap();
        let (status, _, said) = device.ingest(before);
        assert_eq!(status, 0, "{name}: {said}");
    }
    let (status, record, said) = device.ingest(vector);
    let result = text(&vector["result"]);
    let reason = Reason::ALL.into_iter().find(|reason| reason.code() == result);
    let (wanted_status, outcome) = match reason {
        Some(reason) => (Refusal::new(reason, "").class().exit_status().into(), "refused"),
        None if vector["name"] == "again" => (0, "unchanged"),
        None => (0, "applied"),
    };
    let wanted_reason = reason.map_or(Value::Null, |reason| reason.code().into());
    if status != wanted_status || record["outcome"] != outcome || record["reason"] != wanted_reason {
        return Err(format!("{}: wanted {result} ({wanted_status}), got {status}\n{said}", vector["name"]));
    }
    check_files(vector, &device).map_err(|what| format!("{}: {what}\n{said}", vector["name"]))
}

fn check_files(vector: &Value, device: &Device) -> Result<(), String> {
    let placed = vector["placed"].as_object();
    for (path, digest) in placed.into_iter().flatten() {
        let found = device.digest_of(path);
        if found != text(digest) {
            return Err(format!("{path} is {found}"));
        }
    }
    for bundle in vector["bundles"].as_array().unwrap().iter().filter(|_| vector["result"] == "taken") {
        for file in bundle["files"].as_array().into_iter().flatten() {
            let Some(destination) = file["destination"].as_str() else { continue };
            // Where two bundles place the same, `placed` says whose it is.
            if placed.is_none() && device.digest_of(destination) != text(&file["sha256"]) {
                return Err(format!("{destination} is {}", device.digest_of(destination)));
            }
            let mode = fs::metadata(device.path(destination)).unwrap().permissions().mode() & 0o7777;
            if mode != u32::from_str_radix(text(&file["mode"]), 8).unwrap() {
                return Err(format!("{destination} has mode {mode:o}"));
            }
        }
    }
    if vector["result"] != "taken" && vector["after"].as_array().unwrap().is_empty() && device.path("etc/app").exists()
    {
        return Err("a refused bundle put something in place".into());
    }
    Ok(())
}

#[test]
fn the_client_comes_to_what_each_vector_says() {
    let index = index();
    let all = index["vectors"].as_array().unwrap();
    assert!(all.len() > 100);
    let failed: Vec<String> = all.iter().filter_map(|vector| check(vector, all, &index).err()).collect();
    assert!(failed.is_empty(), "{} of {}:\n{}", failed.len(), all.len(), failed.join("\n"));
}
