//! Sealed bundles from the station: stock tools check and open them, keys rotate with overlap, and nothing that was
//! changed, resumed or meant for somebody else passes for the real thing.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use common::{TestFleet, oracle};
use firstlight::authority::{AskPassphrase, AuthorityError};
use firstlight::bundle::sealed::{Authentic, Limits, OpeningKey, PublicKey, Reason, Refusal};
use firstlight::delivery::{
    Cargo, Confirm, Consent, Effect, Event, Footprint, Preflight, Receipt, SealedArtifact, Shelf as Files, Silent,
    Sink, SinkError, TargetIdentity, TargetKind,
};
use firstlight::fleet::{EndpointName, Secret};
use firstlight::host::surroundings::{OsRandom, SystemClock};
use firstlight::station::{Delivery, Shelf, Station, Surroundings, load};

/// A fleet of Linux gateways as `init` makes it, its first stick in `out/`, and what its image carries in `image/`.
fn gateways() -> TestFleet {
    let fleet = TestFleet::empty();
    fleet.run(&["init", "--template", "linux", "--name", "acme", "."]).ok();
    fleet.run(&["write", "--all", "--to", &format!("folder:{}/", fleet.file("out").display())]).ok();
    export(&fleet, "image");
    fleet
}

fn export(fleet: &TestFleet, name: &str) {
    fleet.run(&["seal", "export", "--out", name, "--batch", "gateway"]).ok();
}

fn again(fleet: &TestFleet) {
    let to = format!("folder:{}/", fleet.file("out").display());
    fleet.run(&["write", "--all", "--again", "copy", "--to", &to]).ok();
}

fn stick(fleet: &TestFleet, device: &str) -> PathBuf {
    fleet.file("out").join(device)
}

fn anchors(fleet: &TestFleet, image: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(fleet.file(image).join("anchors")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "pub"));
    files
}

fn minisign(anchor: &Path, manifest: &Path, signature: &Path) -> Result<String, String> {
    let output = Command::new("minisign")
        .args([
            "-V",
            "-p",
            anchor.to_str().unwrap(),
            "-m",
            manifest.to_str().unwrap(),
            "-x",
            signature.to_str().unwrap(),
        ])
        .output()
        .unwrap_or_else(|error| panic!("minisign is missing (tests/run installs it): {error}"));
    let said = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat();
    if output.status.success() { Ok(said) } else { Err(said) }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn minisign_openssl_sha256sum_and_age_check_and_open_it() {
    let fleet = gateways();
    let stick = stick(&fleet, "gw-0002");
    let (manifest, signature) =
        (stick.join("firstlight-manifest.json"), stick.join("firstlight-manifest.json.minisig"));
    let anchor = anchors(&fleet, "image").remove(0);
    let said = minisign(&anchor, &manifest, &signature).unwrap();
    assert!(said.contains("Trusted comment: fleet=acme device=gw-0002 version=1"), "{said}");

    let lines = fs::read_to_string(&signature).unwrap();
    let bare = fleet.file("bare.sig");
    fs::write(&bare, &BASE64.decode(lines.lines().nth(1).unwrap()).unwrap()[10..]).unwrap();
    let pem = anchor.with_extension("pem");
    let verify = ["pkeyutl", "-verify", "-pubin", "-rawin", "-inkey"];
    oracle("openssl", &[&verify[..], &[text(&pem), "-in", text(&manifest), "-sigfile", text(&bare)]].concat());

    let read: serde_json::Value = serde_json::from_str(&fs::read_to_string(&manifest).unwrap()).unwrap();
    let files = read["files"].as_array().unwrap();
    let line = |file: &serde_json::Value| {
        format!("{}  {}\n", file["sha256"].as_str().unwrap(), stick.join(file["path"].as_str().unwrap()).display())
    };
    fleet.write("sums", &files.iter().map(line).collect::<String>());
    oracle("sha256sum", &["--check", "--strict", text(&fleet.file("sums"))]);

    let identity = fleet.file("image/keys/gateway.age");
    for file in files {
        let path = stick.join(file["path"].as_str().unwrap());
        let opened = oracle("age", &["-d", "-i", text(&identity), text(&path)]);
        let stored = fs::read(&path).unwrap();
        let inside = |needle: &str| stored.windows(needle.len()).any(|part| part == needle.as_bytes());
        assert!(!opened.is_empty() && !inside(&opened[..20.min(opened.len())]), "{} is in clear", path.display());
    }
    oracle(
        "age",
        &["-d", "-i", text(&identity), "-o", text(&fleet.file("key.pem")), text(&stick.join("private-key.pem.age"))],
    );
    oracle("openssl", &["pkey", "-in", text(&fleet.file("key.pem")), "-noout", "-check"]);

    let altered = fs::read_to_string(&manifest).unwrap().replace("gw-0002", "gw-0003");
    fs::write(&manifest, altered).unwrap();
    assert!(minisign(&anchor, &manifest, &signature).is_err());
}

#[test]
fn a_manifest_says_for_whom_where_to_and_how_to_prove_it() {
    let fleet = gateways();
    let manifest: serde_json::Value =
        serde_json::from_str(&fleet.read("out/gw-0001/firstlight-manifest.json")).unwrap();
    assert_eq!(manifest["match"], serde_json::json!({ "serial": ["SN000001"] }));
    assert_eq!(manifest["actions"], serde_json::json!([{ "hostname": "gw-0001" }]));
    let connect = &manifest["connect"];
    let expected = [
        ("protocol", "mqtts"),
        ("trust", "ca.pem"),
        ("certificate", "certificate.pem"),
        ("private_key", "private-key.pem"),
        ("client_id", "gw-0001"),
    ];
    for (key, value) in expected {
        assert_eq!(connect[key], value, "{connect}");
    }
    let key = manifest["files"].as_array().unwrap().iter().find(|file| file["path"] == "private-key.pem.age").unwrap();
    assert_eq!(key["destination"], "/etc/firstlight.d/private-key.pem");
    assert_eq!((key["mode"].as_str(), key["owner"].as_str()), (Some("0600"), Some("root")));
}

#[test]
fn a_new_key_signs_first_and_the_old_one_too_until_it_is_retired() {
    let fleet = gateways();
    let old = anchors(&fleet, "image").remove(0);
    fleet.run(&["seal", "rotate", "--reason", "a test"]).ok();
    again(&fleet);
    let stick = stick(&fleet, "gw-0001");
    let (manifest, first) = (stick.join("firstlight-manifest.json"), stick.join("firstlight-manifest.json.minisig"));
    let second = stick.join("firstlight-manifest.json.2.minisig");
    export(&fleet, "image-2");
    let both = anchors(&fleet, "image-2");
    assert_eq!(both.len(), 2);
    let new = both.iter().find(|anchor| anchor.file_name() != old.file_name()).unwrap();
    minisign(new, &manifest, &first).unwrap();
    minisign(&old, &manifest, &second).unwrap();
    let read: serde_json::Value = serde_json::from_str(&fs::read_to_string(&manifest).unwrap()).unwrap();
    assert_eq!(read["trusted_keys"]["sequence"], 2);
    assert_eq!(read["trusted_keys"]["keys"].as_array().unwrap().len(), 2);

    let old_name = old.file_stem().unwrap().to_str().unwrap();
    fleet.run(&["seal", "retire", old_name]).ok();
    again(&fleet);
    assert!(!second.exists(), "a retired key signs nothing");
    minisign(new, &manifest, &first).unwrap();
    assert!(minisign(&old, &manifest, &first).is_err());
    let new_name = new.file_stem().unwrap().to_str().unwrap();
    fleet.run(&["seal", "retire", new_name]).exits(6).says(&["no other one signs"]);
    fleet.run(&["seal", "retire", old_name]).exits(1).says(&["there is no bundle key"]);
    let shown = fleet.run(&["seal", "show", "--json"]).ok().json();
    assert_eq!(shown["sequence"], 3);
    assert_eq!(shown["keys"][1]["key"], old_name);
    assert!(shown["keys"][1]["retired"].is_string());
    assert!(fleet.read("fleet.lock").contains(shown["keys"][0]["public"].as_str().unwrap()));
    assert!(!fleet.read("fleet.lock").contains(shown["keys"][1]["public"].as_str().unwrap()));
}

#[test]
fn keys_that_the_lock_does_not_name_sign_nothing() {
    let fleet = gateways();
    fs::copy(fleet.file(".firstlight/bundle.keys.age"), fleet.file("older")).unwrap();
    fleet.run(&["seal", "rotate", "--reason", "a test"]).ok();
    fs::copy(fleet.file("older"), fleet.file(".firstlight/bundle.keys.age")).unwrap();
    fleet.run(&["seal", "show"]).exits(6).says(&["refusing to sign", "pinned in fleet.lock"]);
    fs::remove_file(fleet.file(".firstlight/bundle.keys.age")).unwrap();
    fleet.run(&["seal", "show"]).exits(6).says(&["firstlight restore"]);
    assert!(!fleet.file(".firstlight/bundle.keys.age").exists(), "no new key takes their place");
}

#[test]
fn a_backup_brings_bundle_and_batch_keys_back() {
    let fleet = gateways();
    fleet.run(&["seal", "batch", "second"]).ok();
    fleet.run(&["seal", "batch", "second"]).exits(6).says(&["refusing to make a second batch key"]);
    let before = fleet.run(&["seal", "show", "--json"]).ok().json();
    fleet.write("backup.age-identity", &oracle("age-keygen", &[]));
    let recipient = oracle("age-keygen", &["-y", text(&fleet.file("backup.age-identity"))]);
    fleet.run(&["backup", "saved.age", "--recipient", recipient.trim()]).ok();
    fs::rename(fleet.file(".firstlight"), fleet.file(".firstlight.lost")).unwrap();
    fleet.run(&["restore", "saved.age", "--identity", "backup.age-identity"]).ok();
    assert_eq!(fleet.run(&["seal", "show", "--json"]).ok().json(), before);
}

/// A medium in memory.
struct Stick(BTreeMap<String, Vec<u8>>);

impl Stick {
    fn read(folder: &Path) -> Self {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        Self(entries.map(|e| (e.file_name().into_string().unwrap(), fs::read(e.path()).unwrap())).collect())
    }

    fn of(artifact: &SealedArtifact) -> Self {
        let mut files = BTreeMap::from([("firstlight-manifest.json".to_owned(), artifact.document().to_vec())]);
        files.extend(artifact.files().iter().map(|file| (file.path.clone(), file.bytes.expose(<[u8]>::to_vec))));
        files.extend(artifact.attachments().iter().map(|file| (file.path.clone(), file.bytes.clone())));
        Self(files)
    }

    /// What a device with these keys makes of it: the content of each file by its name.
    fn open(&self, trusted: &[PublicKey], keys: &[OpeningKey]) -> Result<BTreeMap<String, Vec<u8>>, Refusal> {
        let bundle = Authentic::read(self, "", trusted, Limits::default())?;
        let opened = bundle.open(self, keys, Limits::default())?;
        Ok(opened.iter().map(|f| (f.entry.name().to_owned(), f.bytes.expose(<[u8]>::to_vec))).collect())
    }
}

impl Files for Stick {
    fn list(&self) -> Result<Vec<(String, u64)>, String> {
        Ok(self.0.iter().map(|(path, bytes)| (path.clone(), bytes.len() as u64)).collect())
    }

    fn read(&self, path: &str, most: u64) -> Result<Secret, String> {
        let bytes = self.0.get(path).ok_or("it is not there")?;
        if bytes.len() as u64 > most { Err("too long".into()) } else { Ok(Secret::new(bytes.clone())) }
    }
}

fn trusted(fleet: &TestFleet, image: &str) -> Vec<PublicKey> {
    anchors(fleet, image).iter().map(|path| PublicKey::parse(&fs::read_to_string(path).unwrap()).unwrap()).collect()
}

fn batch_key(fleet: &TestFleet, name: &str) -> OpeningKey {
    OpeningKey::parse_age(&fleet.read(&format!("image/keys/{name}.age"))).unwrap()
}

#[test]
fn any_changed_byte_is_refused_or_leaves_what_is_taken_the_same() {
    let fleet = gateways();
    let (trusted, keys) = (trusted(&fleet, "image"), [batch_key(&fleet, "gateway")]);
    let good = Stick::read(&stick(&fleet, "gw-0001"));
    let content = good.open(&trusted, &keys).unwrap();
    assert!(content["private-key.pem"].starts_with(b"-----BEGIN PRIVATE KEY-----"));
    let paths: Vec<String> = good.0.keys().cloned().collect();
    for path in paths {
        let length = good.0[&path].len();
        // Every byte of the short ones; of the long ones enough to meet each part.
        for at in (0..length).step_by(length.div_ceil(150)) {
            let mut changed = Stick(good.0.clone());
            changed.0.get_mut(&path).unwrap()[at] ^= 1;
            match changed.open(&trusted, &keys) {
                Ok(same) => assert_eq!(same, content, "{path} byte {at}"),
                Err(refusal) => assert!(
                    matches!(refusal.reason, Reason::Altered | Reason::NotOurs | Reason::Unsigned | Reason::Truncated),
                    "{path} byte {at}: {refusal}"
                ),
            }
        }
    }
}

#[test]
fn another_batchs_key_and_another_fleets_anchor_open_nothing() {
    let (fleet, other) = (gateways(), gateways());
    let good = Stick::read(&stick(&fleet, "gw-0001"));
    let reason = |trusted: &[PublicKey], keys: &[OpeningKey]| good.open(trusted, keys).unwrap_err().reason;
    let own = trusted(&fleet, "image");
    assert_eq!(reason(&own, &[batch_key(&other, "gateway")]), Reason::CannotDecrypt);
    assert_eq!(reason(&own, &[]), Reason::CannotDecrypt);
    assert_eq!(reason(&trusted(&other, "image"), &[batch_key(&fleet, "gateway")]), Reason::NotOurs);
}

#[test]
fn a_cose_file_opens_with_cbor2_and_cryptography() {
    let fleet = TestFleet::empty();
    fleet.run(&["init", "--template", "lwm2m", "--name", "sensors", "."]).ok();
    assert!(!fleet.read("fleet.yaml").contains("file:"), "no secret lies in clear");
    fleet.run(&["write", "--all", "--to", &format!("folder:{}/", fleet.file("out").display())]).ok();
    fleet.run(&["seal", "export", "--out", "image", "--batch", "batch"]).ok();
    let key = fleet.read("image/keys/batch.cose");
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.oracles/venv/bin/python");
    let script = "
import sys, cbor2
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
message = cbor2.loads(open(sys.argv[1], 'rb').read())
assert message.tag == 16, message.tag
protected, unprotected, ciphertext = message.value
assert cbor2.loads(protected) == {1: 1}, protected
assert unprotected[4] == b'batch' and len(unprotected[5]) == 12, unprotected
aad = cbor2.dumps(['Encrypt0', protected, b''])
plain = AESGCM(bytes.fromhex(sys.argv[2])).decrypt(unprotected[5], ciphertext, aad)
print(cbor2.loads(plain)[0])
";
    let file = fleet.file("out/sensor-0001/bootstrap.cbor.cose");
    let said = oracle(text(&python), &["-c", script, text(&file), key.trim()]);
    assert!(said.contains("coaps://"), "{said}");
    let read = Stick::read(&fleet.file("out/sensor-0001"));
    let opening = [OpeningKey::parse_cose(Some("batch"), key.as_bytes()).unwrap()];
    assert!(read.open(&trusted(&fleet, "image"), &opening).unwrap().contains_key("bootstrap.cbor"));
    let wrong = [OpeningKey::parse_cose(None, b"00000000000000000000000000000000").unwrap()];
    assert_eq!(read.open(&trusted(&fleet, "image"), &wrong).unwrap_err().reason, Reason::CannotDecrypt);
}

#[test]
fn a_bundle_that_is_only_signed_is_signed_and_says_why_it_lies_in_clear() {
    let fleet = TestFleet::real(1);
    fleet.edit("fleet.yaml", "seal: none", "seal: sign, valid: 2d, single_use: true, without_clock: accept");
    let receipt = fleet.run(&["render", "--all", "--out", "out", "--json"]).ok().receipts().remove(0);
    assert_eq!(receipt["accept_plaintext"], "a test", "{receipt}");
    export_anchors(&fleet);
    let read = Stick::read(&stick(&fleet, "gw-0001"));
    let opened = read.open(&trusted(&fleet, "image"), &[]).unwrap();
    assert!(opened.contains_key("private-key.pem"));
    let manifest: serde_json::Value = serde_json::from_slice(&read.0["firstlight-manifest.json"]).unwrap();
    assert_eq!(manifest["single_use"], true);
    assert_eq!(manifest["without_clock"], "accept");
    let time = |key: &str| {
        let text = manifest[key].as_str().unwrap();
        time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap()
    };
    assert_eq!(time("not_after") - time("created"), time::Duration::days(2));
    assert_eq!(time("created") - time("not_before"), time::Duration::days(1));
}

fn export_anchors(fleet: &TestFleet) {
    fleet.run(&["seal", "export", "--out", "image"]).ok();
    assert!(!fleet.file("image/keys").exists(), "private keys are exported only when they are asked for by name");
}

#[test]
fn media_inspect_tells_whose_signature_it_is_and_what_the_device_said() {
    let fleet = gateways();
    let stick = stick(&fleet, "gw-0001");
    let name = anchors(&fleet, "image")[0].file_stem().unwrap().to_str().unwrap().to_owned();
    let told = fleet.run(&["media", "inspect", text(&stick)]).ok().stdout;
    assert!(told.contains(&format!("bundle key {name} of this fleet")), "{told}");
    assert!(!told.contains("result   "), "nobody has said anything yet: {told}");

    let device = Device(aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(&[5; 32]).unwrap());
    let body = firstlight::delivery::ResultBody {
        fleet: "acme".into(),
        device: "gw-0001".into(),
        bundle: "site".into(),
        version: 1,
        manifest: hex::encode(<sha2::Sha256 as sha2::Digest>::digest(
            fs::read(stick.join("firstlight-manifest.json")).unwrap(),
        )),
        outcome: firstlight::delivery::Outcome::RolledBack,
        reason: None,
        words: "the broker does not answer".into(),
        at: Some("2026-11-21T10:00:00Z".into()),
        serial: Some("SN000001".into()),
        machine: None,
        recipient: None,
    };
    let result = firstlight::bundle::sealed::result::sign(&body, &device).unwrap().to_bytes().unwrap();
    fs::write(stick.join("firstlight-result.json"), &result).unwrap();
    let told = fleet.run(&["media", "inspect", text(&stick)]).ok().stdout;
    assert!(told.contains("rolled-back: the broker does not answer"), "{told}");
    assert!(told.contains("signed by result key"), "{told}");
    let told = fleet.run(&["media", "inspect", text(&stick), "--json"]).ok().json();
    let bundle = &told["volumes"][0]["bundle"];
    assert_eq!(bundle["signatures"], serde_json::json!([{ "key": name, "state": "good" }]));
    assert_eq!(bundle["result"]["body"]["outcome"], "rolled-back");
    assert_eq!(bundle["result"]["of_this_bundle"], true);
    fleet.run(&["media", "verify", text(&stick)]).ok();

    let forged = String::from_utf8(result).unwrap().replace("rolled-back", "ingested\\\",\\\"x");
    fs::write(stick.join("firstlight-result.json"), &forged[..4096]).unwrap();
    let told = fleet.run(&["media", "inspect", text(&stick)]).ok().stdout;
    assert!(told.contains("cannot be read") || told.contains("does not fit"), "{told}");
    let signature = fs::read_to_string(stick.join("firstlight-manifest.json.minisig")).unwrap();
    let other = signature.replace("version=1", "version=2");
    fs::write(stick.join("firstlight-manifest.json.minisig"), other).unwrap();
    fleet.run(&["media", "verify", text(&stick)]).exits(5).says(&["does not fit"]);
}

struct Device(aws_lc_rs::signature::Ed25519KeyPair);

impl firstlight::delivery::Signer for Device {
    fn key_id(&self) -> [u8; 8] {
        [1; 8]
    }

    fn public_key(&self) -> [u8; 32] {
        use aws_lc_rs::signature::KeyPair as _;
        self.0.public_key().as_ref().try_into().unwrap()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], String> {
        Ok(self.0.sign(message).as_ref().try_into().unwrap())
    }
}

/// What a drive was given, write by write.
type Given = Arc<Mutex<Vec<BTreeMap<String, Vec<u8>>>>>;

/// A drive that dies in its first write and shows what it was given.
struct Dying(Given);

impl Sink for Dying {
    fn preflight(&mut self, need: &Footprint) -> Result<Preflight, SinkError> {
        let target = TargetIdentity {
            kind: TargetKind::Drive,
            name: "/dev/memory".into(),
            path: "/dev/memory".into(),
            size: Some(64 << 20),
            port: Some("1-1".into()),
            serial: Some("A".into()),
            cid: None,
            diskseq: Some(1),
            chip: None,
        };
        Ok(Preflight::new(target, Effect::Overwrites(vec![]), need.carrier.clone(), None))
    }

    fn commit(&mut self, cargo: &Cargo<'_>, consent: Consent, _: &dyn Fn(Event<'_>)) -> Result<Receipt, SinkError> {
        let mut seen = self.0.lock().unwrap();
        seen.push(Stick::of(cargo.parts()[0].artifact()).0);
        if seen.len() == 1 {
            return Err(SinkError::Gone { target: "/dev/memory".into(), doing: "writing" });
        }
        let digest = cargo.digest();
        Ok(Receipt {
            target: consent.target().clone(),
            artifact: digest,
            image: digest,
            read_back: digest,
            written: cargo.payload(),
            compared: cargo.payload(),
            accept_plaintext: None,
        })
    }
}

struct Yes;

impl Confirm for Yes {
    fn confirm(&self, _: &Preflight) -> Result<(), SinkError> {
        Ok(())
    }
}

impl AskPassphrase for Yes {
    fn passphrase(&self, _: &str) -> Result<Secret, AuthorityError> {
        panic!("the test fleets have no passphrase")
    }
}

fn deliver(root: &Path, sink: &mut dyn Sink) -> bool {
    let shelf = Shelf::default();
    let folder = load::load(root, load::Inputs { inventory: None, stdin: &mut std::io::empty() }, &shelf).unwrap();
    let surroundings = Surroundings {
        clock: Arc::new(SystemClock),
        random: Arc::new(OsRandom),
        ask: Arc::new(Yes),
        operator: "tester".into(),
        interrupt: Arc::new(|| None),
    };
    let station = Station::open(folder, shelf, surroundings).unwrap();
    let plan = station.folder().fleet.plan(&EndpointName::new("gw-0001").unwrap(), None).unwrap();
    Delivery {
        station: &station,
        plan: &plan,
        again: None,
        confirm: &Yes,
        progress: &Silent,
        aftercare: None,
        rework: None,
    }
    .run(sink)
    .is_ok()
}

#[test]
fn what_is_taken_up_again_is_the_same_ciphertext_even_after_a_rotation() {
    let fleet = TestFleet::empty();
    fleet.run(&["init", "--template", "linux", "--name", "acme", "."]).ok();
    let seen = Given::default();
    assert!(!deliver(fleet.path(), &mut Dying(Arc::clone(&seen))));
    fleet.run(&["seal", "rotate", "--reason", "between"]).ok();
    assert!(deliver(fleet.path(), &mut Dying(Arc::clone(&seen))));
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2);
    assert!(seen[0] == seen[1], "not a byte is encrypted or signed anew");
    assert!(seen[0].contains_key("private-key.pem.age"));
}

#[test]
fn check_finds_orders_and_connections_that_no_device_could_follow() {
    let fleet = TestFleet::real(1);
    fleet.edit(
        "fleet.yaml",
        "seal: none, accept_plaintext: \"a test\"",
        "seal: sign+encrypt, recipients: [{batch: b}], connect: {server: telemetry}",
    );
    fleet.edit("fleet.yaml", "template: mqtt", "template: own");
    let template = |files: &str, actions: &str| {
        let text = format!(
            "consumer: c\ndescription: d\nmedium: {{label: X}}\ncredentials: {{identity: {{kinds: [x509]}}}}\nfiles:\n{files}actions: [{actions}]\n"
        );
        fleet.write("templates/own/template.yaml", &text);
    };
    let trust = "  - {path: ca.pem, mode: \"0644\", trust: telemetry}\n";
    let certificate = "  - {path: c.pem, mode: \"0644\", credential: identity.chain}\n";
    let key = "  - {path: k.pem, mode: \"0600\", credential: identity.private_key, destination: /etc/k.pem}\n";
    let whole = format!("{trust}{certificate}{key}");
    template(&whole, "{hostname: \"{{ device.id }}\"}");
    fleet.run(&["check"]).ok();
    let cases: [(&str, String, &str); 7] = [
        (&whole.replace(trust, ""), String::new(), "no file with the certificates trusted there"),
        (&whole.replace(certificate, ""), String::new(), "no PEM file with the certificate of"),
        (&whole.replace(key, ""), String::new(), "no PEM file with the private key of"),
        (&whole, "{restart: \"-x\"}".into(), "holds what is no unit"),
        (&whole, "{hostname: \"{{ credentials.identity.private_key }}\"}".into(), "secret"),
        (&whole, "{hostname: \"{{ nonsense }}\"}".into(), "\"nonsense\" is not known"),
        (&whole.replace("/etc/k.pem", "/etc/../k.pem"), String::new(), "is no absolute path of plain names"),
    ];
    for (files, actions, words) in cases {
        template(files, &actions);
        fleet.run(&["check"]).exits(1).says(&[words]);
    }
}
