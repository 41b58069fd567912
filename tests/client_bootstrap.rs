//! `firstlight client bootstrap` against a server that plays false: archives, versions and devices that are not right.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod device;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use device::{Device, Key, Ran, manifest};
use firstlight::delivery::result::{Outcome, ResultRoom};
use firstlight::delivery::{ArtifactFile, Manifest, SealedArtifact};
use firstlight::fleet::{EndpointName, Secret};
use serde_json::json;

/// A request: its line, and its body.
type Seen = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// A server on this machine that gives everybody the same archive, and takes every result.
struct Server {
    port: u16,
    seen: Seen,
}

impl Server {
    fn new(archive: Vec<u8>, results: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Seen::default();
        let log = seen.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut reader = BufReader::new(stream.unwrap());
                let (mut line, mut length, mut header) = (String::new(), 0, String::new());
                if reader.read_line(&mut line).unwrap_or(0) == 0 {
                    continue;
                }
                while reader.read_line(&mut header).unwrap_or(0) > 2 {
                    if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    header.clear();
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let is_result = line.starts_with("POST");
                log.lock().unwrap().push((line, body));
                let (head, content) = if is_result {
                    (format!("HTTP/1.1 {results} X\r\nConnection: close\r\n"), &[][..])
                } else {
                    ("HTTP/1.1 200 OK\r\nConnection: close\r\nETag: \"9\"\r\n".to_owned(), &archive[..])
                };
                let length = if results == 204 && is_result {
                    String::new()
                } else {
                    format!("Content-Length: {}\r\n", content.len())
                };
                let mut stream = reader.into_inner();
                let _ = stream.write_all(&[head.as_bytes(), length.as_bytes(), b"\r\n", content].concat());
            }
        });
        Self { port, seen }
    }

    /// The results that it was told: outcome, reason, version.
    fn results(&self) -> Vec<(Outcome, Option<String>, u32)> {
        let seen = self.seen.lock().unwrap();
        let told = seen.iter().filter(|(line, _)| line.starts_with("POST /v1/bootstrap/result "));
        told.map(|(_, body)| match ResultRoom::read(body) {
            ResultRoom::File(_, body) => (body.outcome, body.reason, body.version),
            other => panic!("{other:?}"),
        })
        .collect()
    }
}

/// Packs a folder by tar itself.
fn tar(folder: &Path) -> Vec<u8> {
    let list = "find . -type f | sed 's,^[.]/,,' | sort | tar --format=ustar -b1 -cf - -T -";
    let output = Command::new("sh").args(["-c", list]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "tar is missing: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn bootstrap(device: &Device, server: &Server) -> Ran {
    let order = json!({ "format": 1, "server": format!("http://127.0.0.1:{}", server.port), "fleet": "acme",
        "id": "gw-0007", "group": "g", "security": "token", "token": "token" });
    device.put("etc/firstlight.d/registration.json", order.to_string().as_bytes());
    device.put("etc/firstlight.d/token", b"sesame\n");
    device.run(&["bootstrap", "--within", "5s"])
}

#[track_caller]
fn comes_to(ran: Ran, outcome: &str, reason: Option<&str>) {
    let record = ran.json()["record"].clone();
    assert_eq!((record["outcome"].as_str(), record["reason"].as_str()), (Some(outcome), reason), "{record:#}");
}

#[test]
fn a_bundle_from_the_network_is_taken_as_one_from_a_stick() {
    let device = Device::new();
    let server = Server::new(tar(&device.stick(9, "nine")), 204);
    comes_to(bootstrap(&device, &server), "applied", None);
    assert_eq!(device.text("etc/app/config"), "nine");
    assert_eq!(server.results(), [(Outcome::Ingested, None, 9)]);
    assert!(!device.file("var/lib/firstlight/fetched").exists());
}

#[test]
fn an_older_bundle_played_again_is_refused_and_the_server_hears_of_it() {
    let device = Device::new();
    let old = tar(&device.stick(3, "three"));
    device.ingest(&device.stick(4, "four")).came_to(0, "applied", "");
    let server = Server::new(old, 204);
    comes_to(bootstrap(&device, &server), "refused", Some("older-version"));
    assert_eq!(device.text("etc/app/config"), "four");
    assert_eq!(server.results(), [(Outcome::Refused, Some("older-version".into()), 3)]);
}

#[test]
fn another_devices_bundle_is_refused() {
    let device = Device::new();
    device.ingest(&device.stick(4, "four")).came_to(0, "applied", "");
    let other = Manifest { device: EndpointName::new("gw-0008").unwrap(), ..manifest(5) };
    let server = Server::new(tar(&device.stick_of(other, "five")), 204);
    comes_to(bootstrap(&device, &server), "refused", Some("other-device"));
    assert_eq!(device.text("etc/app/config"), "four");
}

#[test]
fn an_altered_bundle_and_one_nobody_signed_are_refused() {
    let device = Device::new();
    let stick = device.stick(9, "nine");
    std::fs::write(stick.join("config.age"), b"something else").unwrap();
    comes_to(bootstrap(&device, &Server::new(tar(&stick), 204)), "refused", Some("truncated"));
    std::fs::remove_file(stick.join("firstlight-manifest.json.minisig")).unwrap();
    comes_to(bootstrap(&device, &Server::new(tar(&stick), 204)), "refused", Some("unsigned"));
    assert_eq!(device.text("etc/app/config"), "");
}

#[test]
fn what_is_no_archive_changes_nothing() {
    let device = Device::new();
    let good = tar(&device.stick(9, "nine"));
    for archive in [b"no archive".to_vec(), good[..good.len() / 2].to_vec(), Vec::new()] {
        let ran = bootstrap(&device, &Server::new(archive, 204));
        assert!(ran.status != 0 && ran.stderr.contains("its bundle is no archive of one"), "{}", ran.stderr);
        assert_eq!(device.text("etc/app/config"), "");
        assert!(!device.file("var/lib/firstlight/fetched").exists());
    }
}

#[test]
fn a_result_that_could_not_be_told_is_told_the_next_time() {
    let device = Device::new();
    let archive = tar(&device.stick(9, "nine"));
    let ran = bootstrap(&device, &Server::new(archive.clone(), 403)).exits(0);
    assert!(ran.json()["result"].as_str().unwrap().starts_with("not told: "), "{}", ran.stdout);
    let server = Server::new(archive, 204);
    comes_to(bootstrap(&device, &server), "unchanged", None);
    let outcomes: Vec<Outcome> = server.results().into_iter().map(|(outcome, ..)| outcome).collect();
    assert_eq!(outcomes, [Outcome::Ingested, Outcome::Unchanged]);
}

/// Version 5 keeps a file of version 4; without that it is not taken.
#[test]
fn a_file_that_is_kept_is_the_one_of_the_bundle_in_force() {
    let keeping = |device: &Device, name: &str| {
        let mut key = ArtifactFile::plain("key.pem", 0o600, Secret::new(Vec::new()));
        (key.keep, key.destination) = (true, Some("/etc/app/key.pem".to_owned()));
        let files = vec![key, device.sealed(("config", b"five", "/etc/app/config"))];
        let artifact = SealedArtifact::seal(manifest(5), files).unwrap();
        tar(&device.medium(name, &device::sign(artifact, &[&Key::new(1)])))
    };
    let device = Device::new();
    comes_to(bootstrap(&device, &Server::new(keeping(&device, "new"), 204)), "refused", Some("truncated"));
    let four = [("config", &b"four"[..], "/etc/app/config"), ("key.pem", b"the key", "/etc/app/key.pem")];
    let medium = device.medium("four", &device.artifact(manifest(4), &four, &[&Key::new(1)]));
    device.ingest(&medium).came_to(0, "applied", "");
    comes_to(bootstrap(&device, &Server::new(keeping(&device, "known"), 204)), "applied", None);
    assert_eq!((device.text("etc/app/config"), device.text("etc/app/key.pem")), ("five".into(), "the key".into()));
    // What is in force now is whole: it serves without the one before.
    device.put("etc/app/key.pem", b"spoilt");
    device.boot().exits(0);
    assert_eq!(device.text("etc/app/key.pem"), "the key");
}
