//! `media inspect` on images made by other people's programs: what is in them is told, and no secret of theirs.
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;
#[path = "format/python.rs"]
mod python;

use std::collections::BTreeMap;

use base64::Engine as _;
use common::TestFleet;
use firstlight::fleet::Secret;
use firstlight::fleet::lwm2m::{Content, Instance, Object, Opaque, Resource, Value as Lwm2m};
use firstlight::format::esp_partition_table::{self as table, Partition, kinds};
use firstlight::format::nvs::{self, IntegerType, Item, Keys, Partition as NvsPartition};
use firstlight::format::{Segment, esp_secure_cert, intel_hex, littlefs, senml, tlv, uf2};
use firstlight::medium::content::{Form, Request, look};
use proptest::prelude::*;
use serde_json::{Value, json};

const MAKER: &str = include_str!("format/images.py");
const KEYS: [u8; 64] = {
    let (mut keys, mut at, mut byte) = ([0; 64], 0, 89_u8);
    while at < keys.len() {
        keys[at] = byte;
        byte = byte.wrapping_add(151);
        at += 1;
    }
    keys
};
const WIFI_PASSWORD: &str = "hunter2 hunter2";
const WORDS_IN_TEXT: &str = "my password is swordfish";
const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJndy0wMDA3In0.MEUCIQDq";
const CONNECTION: &str = "mqtts://gw-0007:opensesame@broker.example:8883";
const PIN: u32 = 73_519_264;
/// A password in a blob of 64 bytes with a harmless name: its digest would tell it.
const PADDED: &str = "tiger tiger 9";
const CONFIG_FILE: &str = r#"{"wifi": {"ssid": "site", "psk": "barracuda barracuda"}}"#;
const BINARY_KEY: [u8; 32] = [
    0x8f, 0x1d, 0xb3, 0xe9, 0x04, 0xd7, 0xaa, 0xf2, 0x99, 0xc1, 0x02, 0xee, 0xb8, 0x90, 0xdd, 0x1b, 0xfe, 0x83, 0xa1,
    0x07, 0xcc, 0xe5, 0x9a, 0xbb, 0x12, 0xf7, 0xd0, 0x86, 0xa9, 0xe2, 0x95, 0xc4,
];
/// Another one, under a harmless name: its length and digest may be told.
const UNKNOWN_BLOB: [u8; 32] = {
    let mut bytes = BINARY_KEY;
    bytes[0] = 0xE1;
    bytes
};

/// Every image by its name, and the secrets that must not be told of any.
struct Images {
    folder: TestFleet,
    secrets: Vec<Vec<u8>>,
    certificate: Vec<u8>,
}

fn partition(name: &str, kind: u8, subtype: u8, offset: u32, size: u32) -> Partition {
    Partition { name: name.into(), kind, subtype, offset, size, flags: 0 }
}

fn layout() -> Vec<Partition> {
    vec![
        partition("nvs", kinds::DATA, 0x02, 0x9000, 0x6000),
        partition("nvs_keys", kinds::DATA, 0x04, 0xF000, 0x1000),
        partition("secure", kinds::DATA, 0x02, 0x1_0000, 0x6000),
        partition("esp_secure_cert", kinds::DATA, 0x3F, 0x1_6000, 0x2000),
        partition("storage", kinds::DATA, 0x83, 0x1_8000, 0x2_0000),
        partition("factory", kinds::APP, 0x00, 0x4_0000, 0x1_0000),
    ]
}

fn padded() -> Vec<u8> {
    let mut bytes = PADDED.as_bytes().to_vec();
    bytes.resize(64, 0);
    bytes
}

fn csv() -> String {
    let hex = |bytes: &[u8]| hex::encode(bytes);
    let mut rows = String::from("key,type,encoding,value\nwifi,namespace,,\nssid,data,string,site-3\n");
    rows.push_str(&format!("password,data,string,{WIFI_PASSWORD}\nmac,data,hex2bin,0a1b2c3d4e5f\n"));
    rows.push_str(&format!(
        "identity,namespace,,\nserial,data,string,SN-0007\nboots,data,u32,17\npin,data,u32,{PIN}\n"
    ));
    rows.push_str(&format!("psk,data,hex2bin,{}\nblob,data,hex2bin,{}\n", hex(&BINARY_KEY), hex(&UNKNOWN_BLOB)));
    rows.push_str(&format!("note,data,string,{WORDS_IN_TEXT}\nt1,data,string,{TOKEN}\nuri,data,string,{CONNECTION}\n"));
    rows.push_str(&format!("config,data,hex2bin,{}\n", hex(&padded())));
    rows
}

/// The lines of a PEM text that carry key material.
fn lines(pem: &str) -> impl Iterator<Item = Vec<u8>> {
    pem.lines().filter(|line| !line.starts_with("-----")).map(|line| line.trim().as_bytes().to_vec())
}

fn images() -> Images {
    let issued = rcgen::generate_simple_self_signed(["gw-0007".to_owned()]).unwrap();
    let (certificate, key) = (issued.cert.pem(), issued.signing_key.serialize_pem());
    let offsets: BTreeMap<&str, u32> = BTreeMap::from([
        ("table.bin", 0x8000),
        ("nvs.bin", 0x9000),
        ("keys.bin", 0xF000),
        ("encrypted.bin", 0x1_0000),
        ("cert.bin", 0x1_6000),
        ("littlefs.bin", 0x1_8000),
    ]);
    let keys = Keys::new(&Secret::new(KEYS.to_vec())).unwrap().partition().expose(<[u8]>::to_vec);
    let made = python::ask(
        MAKER,
        &json!({
            "csv": csv(), "keys": hex::encode(KEYS), "keys_partition": hex::encode(&keys),
            "certificate": certificate, "key": key, "table": hex::encode(table::encode(&layout()).unwrap()),
            "offsets": offsets,
            "files": {
                "config.json": hex::encode(CONFIG_FILE), "certs/device.pem": hex::encode(&certificate),
                "certs/device.key": hex::encode(&key),
            },
        }),
    );
    let folder = TestFleet::empty();
    for (name, image) in made.as_object().unwrap() {
        std::fs::write(folder.file(name), python::bytes(image)).unwrap();
    }
    std::fs::write(folder.file("keys.bin"), keys).unwrap();
    std::fs::write(folder.file("keys64.bin"), KEYS).unwrap();
    let security = security_object();
    std::fs::write(folder.file("security.cbor"), senml::encode(&[security]).expose(<[u8]>::to_vec)).unwrap();
    std::fs::write(folder.file("security.tlv"), tlv::encode(&security_object()).expose(<[u8]>::to_vec)).unwrap();

    let texts = [WIFI_PASSWORD, WORDS_IN_TEXT, TOKEN, CONNECTION, PADDED, "barracuda", "swordfish", "opensesame"];
    let mut secrets: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    secrets.extend([PIN.to_string().into_bytes(), BINARY_KEY.to_vec(), UNKNOWN_BLOB.to_vec(), KEYS[..32].to_vec()]);
    secrets.push(issued.signing_key.serialize_der());
    secrets.extend(lines(&key));
    Images { folder, secrets, certificate: issued.cert.der().to_vec() }
}

fn security_object() -> Object {
    let opaque = |bytes: &[u8]| Lwm2m::Opaque(Opaque::new(bytes.to_vec()));
    let resource = |id, value| Resource { id, content: Content::Single(value) };
    let resources = vec![
        resource(0, Lwm2m::Text("coaps://server.example:5684".into())),
        resource(1, Lwm2m::Boolean(false)),
        resource(2, Lwm2m::Integer(0)),
        resource(3, opaque(b"gw-0007")),
        resource(5, opaque(&BINARY_KEY)),
    ];
    Object { id: 0, instances: vec![Instance { id: 1, resources }] }
}

impl Images {
    /// Runs `media inspect` in every form of output; none may tell a secret. Returns the document.
    #[track_caller]
    fn inspect(&self, arguments: &[&str]) -> Value {
        let arguments = [&["media", "inspect"], arguments].concat();
        let told = |more: &[&str]| {
            let ran = self.folder.run(&[&arguments[..], more].concat()).ok();
            self.assert_silent(&ran.stdout);
            self.assert_silent(&ran.stderr);
            ran
        };
        told(&["-v"]);
        assert!(told(&[]).stdout.contains(": "), "something is told");
        told(&["--json"]).json()["image"].clone()
    }

    #[track_caller]
    fn assert_silent(&self, output: &str) {
        let bytes = output.as_bytes();
        let holds = |wanted: &[u8]| bytes.windows(wanted.len()).any(|window| window == wanted);
        for secret in &self.secrets {
            let standard = base64::engine::general_purpose::STANDARD.encode(secret);
            let hex = hex::encode(secret);
            for form in [secret, standard.trim_end_matches('=').as_bytes(), hex.as_bytes()] {
                assert!(!holds(form), "{:?} is told in:\n{output}", String::from_utf8_lossy(form));
            }
            assert!(!output.to_lowercase().contains(&hex), "{hex} is told in:\n{output}");
        }
        for guessable in [WIFI_PASSWORD.as_bytes(), &padded(), CONFIG_FILE.as_bytes(), TOKEN.as_bytes()] {
            let digest = firstlight::fleet::Digest::of(guessable).to_string();
            assert!(!output.contains(&digest[..8]), "a digest of {guessable:?} is told in:\n{output}");
        }
    }
}

#[track_caller]
fn value<'a>(found: &'a Value, place: &str) -> &'a Value {
    let values = found["values"].as_array().unwrap();
    values.iter().find(|value| value["place"] == place).unwrap_or_else(|| panic!("{place}: {found:#}"))
}

#[track_caller]
fn part<'a>(found: &'a Value, name: &str) -> &'a Value {
    let parts = found["parts"].as_array().unwrap();
    parts.iter().find(|part| part["name"] == name).unwrap_or_else(|| panic!("{name}: {found:#}"))
}

#[track_caller]
fn assert_nvs(found: &Value) {
    assert_eq!((&found["form"], &found["sure"]), (&json!("nvs"), &json!("certain")), "{found:#}");
    assert_eq!(value(found, "wifi/ssid")["shown"], "site-3");
    assert_eq!(value(found, "wifi/mac")["shown"], "0a1b2c3d4e5f");
    assert_eq!(value(found, "identity/boots")["shown"], "17");
    assert_eq!(value(found, "identity/serial")["shown"], "SN-0007");
    for (place, why, length) in [
        ("wifi/password", "name", WIFI_PASSWORD.len()),
        ("identity/psk", "name", 32),
        ("identity/pin", "name", 4),
        ("identity/note", "text", WORDS_IN_TEXT.len()),
        ("identity/t1", "text", TOKEN.len()),
        ("identity/uri", "text", CONNECTION.len()),
        ("identity/config", "unknown", 64),
    ] {
        let value = value(found, place);
        assert_eq!((&value["masked"], &value["length"]), (&json!(why), &json!(length)), "{value}");
        assert_eq!((&value["shown"], &value["sha256"]), (&Value::Null, &Value::Null), "{value}");
    }
    let digest = firstlight::fleet::Digest::of(&UNKNOWN_BLOB).to_string();
    assert_eq!(value(found, "identity/blob")["sha256"], digest[..16]);
}

impl Images {
    #[track_caller]
    fn assert_secure_cert(&self, found: &Value) {
        assert_eq!((&found["form"], &found["sure"]), (&json!("esp-secure-cert"), &json!("certain")), "{found:#}");
        let certificate = &value(found, "device certificate 0")["certificates"][0];
        assert_eq!(certificate["sha256"], firstlight::fleet::Digest::of(&self.certificate).to_string());
        assert_eq!(certificate["not_before"], "1975-01-01T00:00:00Z");
        assert_eq!(value(found, "private key 0")["masked"], "private-key");
    }

    #[track_caller]
    fn assert_littlefs(&self, found: &Value) {
        assert_eq!((&found["form"], &found["sure"]), (&json!("littlefs"), &json!("certain")), "{found:#}");
        let config = value(found, "config.json");
        assert_eq!((&config["masked"], &config["length"]), (&json!("file"), &json!(CONFIG_FILE.len())));
        assert_eq!(value(found, "certs/device.key")["masked"], "private-key");
        let certificate = &value(found, "certs/device.pem")["certificates"][0];
        assert_eq!(certificate["sha256"], firstlight::fleet::Digest::of(&self.certificate).to_string());
    }

    #[track_caller]
    fn assert_flash(&self, found: &Value) {
        assert_eq!((&found["form"], &found["sure"]), (&json!("esp-flash"), &json!("certain")), "{found:#}");
        assert_eq!(found["parts"][0]["form"], "esp-partition-table");
        assert_nvs(part(found, "nvs"));
        assert_eq!(part(found, "nvs_keys")["form"], "nvs-keys");
        assert_nvs(part(found, "secure"));
        assert_eq!(part(found, "secure")["facts"]["encrypted"], "yes");
        self.assert_secure_cert(part(found, "esp_secure_cert"));
        self.assert_littlefs(part(found, "storage"));
        assert_eq!(part(found, "factory")["problem"], "it is not among these bytes");
    }
}

#[test]
fn images_of_other_peoples_tools_are_told_and_their_secrets_are_not() {
    let images = images();
    assert_nvs(&images.inspect(&["nvs.bin"]));
    images.assert_secure_cert(&images.inspect(&["cert.bin"]));
    images.assert_littlefs(&images.inspect(&["littlefs.bin"]));
    images.assert_flash(&images.inspect(&["flash.bin"]));
    for (file, form) in [("flash.hex", "intel-hex"), ("flash.uf2", "uf2")] {
        let found = images.inspect(&[file]);
        assert_eq!((&found["form"], &found["sure"]), (&json!(form), &json!("certain")), "{found:#}");
        // esptool writes only what it was given, and pieces that touch are one.
        images.assert_flash(&found["parts"][0]);
    }
}

#[test]
fn an_encrypted_partition_is_told_from_a_damaged_one_by_its_keys() {
    let images = images();
    let locked = images.inspect(&["encrypted.bin"]);
    assert_eq!((&locked["form"], &locked["sure"]), (&json!("nvs"), &json!("likely")));
    assert!(locked["problem"].as_str().unwrap().contains("it may be encrypted"), "{locked}");
    for keys in ["keys.bin", "keys64.bin"] {
        let found = images.inspect(&["encrypted.bin", "--keys", keys]);
        assert_nvs(&found);
        assert_eq!(found["facts"]["encrypted"], "yes");
    }
    assert_eq!(images.inspect(&["nvs.bin", "--keys", "keys.bin"])["facts"]["encrypted"], "no");
    std::fs::write(images.folder.file("other.bin"), KEYS.map(|byte| byte ^ 0x55)).unwrap();
    std::fs::write(images.folder.file("short.bin"), &KEYS[..20]).unwrap();
    let wrong = |keys| images.folder.run(&["media", "inspect", "encrypted.bin", "--keys", keys]).exits(1);
    wrong("other.bin").says(&["does not read with the keys at hand"]);
    wrong("short.bin").says(&["holds no NVS keys", "hint:"]);
    wrong("nowhere.bin");
}

#[test]
fn lwm2m_objects_are_read_when_they_are_asked_for() {
    let images = images();
    for (arguments, form) in [
        (&["security.cbor", "--format", "senml-cbor"][..], "senml-cbor"),
        (&["security.tlv", "--format", "lwm2m-tlv", "--object", "0"], "lwm2m-tlv"),
    ] {
        let found = images.inspect(arguments);
        assert_eq!((&found["form"], &found["sure"]), (&json!(form), &json!("told")));
        assert_eq!(value(&found, "/0/1/0")["shown"], "coaps://server.example:5684");
        assert_eq!(value(&found, "/0/1/3")["shown"], "gw-0007");
        assert_eq!(value(&found, "/0/1/5")["masked"], "name");
    }
    assert_eq!(images.inspect(&["security.cbor"])["form"], "raw");
    images.folder.run(&["media", "inspect", "security.tlv", "--format", "lwm2m-tlv"]).exits(2);
    images
        .folder
        .run(&["media", "inspect", "nvs.bin", "--format", "uf2"])
        .exits(1)
        .says(&["does not read as a UF2 file"]);
    images.folder.run(&["media", "inspect", "nvs.bin", "--format", "nonsense"]).exits(2);
}

#[test]
fn what_carries_no_mark_is_measured_and_not_shown() {
    let images = images();
    let mut bytes = vec![0xFF; 5000];
    bytes[70..102].copy_from_slice(&BINARY_KEY);
    std::fs::write(images.folder.file("dump.bin"), &bytes).unwrap();
    let found = images.inspect(&["dump.bin"]);
    assert_eq!((&found["form"], &found["sure"]), (&json!("raw"), &json!("unknown")));
    assert_eq!((&found["size"], &found["facts"]["first byte not blank"]), (&json!(5000), &json!("0x46")));
    assert_eq!(found["facts"]["last byte not blank"], "0x65");
    std::fs::write(images.folder.file("erased.bin"), vec![0xFF; 9000]).unwrap();
    assert_eq!(images.inspect(&["erased.bin"])["form"], "blank");
    std::fs::write(images.folder.file("empty.bin"), b"").unwrap();
    images.folder.run(&["media", "inspect", "empty.bin"]).ok();
}

#[test]
fn a_medium_is_still_a_medium() {
    let fleet = TestFleet::demo(1);
    fleet.run(&["write", "--all", "--to", "image:out/"]).ok();
    let found = fleet.run(&["media", "inspect", "out/gw-0001.img", "--json"]).ok().json();
    assert_eq!(
        (&found["image"], &found["volumes"][0]["bundle"]["manifest"]["device"]),
        (&Value::Null, &json!("gw-0001"))
    );
}

/// One image of each form, made by ourselves; each holds [`BINARY_KEY`].
fn own_images() -> Vec<(Form, Vec<u8>)> {
    let open = |secret: Secret| secret.expose(<[u8]>::to_vec);
    let key = || Secret::new(BINARY_KEY.to_vec());
    let item = |key: &str, value| Item { namespace: "own".into(), key: key.into(), value };
    let items = [
        item("psk", nvs::Value::Blob(key())),
        item("ssid", nvs::Value::Text(Secret::new(b"site".to_vec()))),
        item("boots", nvs::Value::Integer { kind: IntegerType::U32, number: 7 }),
    ];
    let partition = NvsPartition::read_write(0x4000).unwrap();
    let values = open(nvs::encode(partition, &items).unwrap());
    let records = [esp_secure_cert::Record::new(esp_secure_cert::Kind::PRIVATE_KEY, key())];
    let cert = open(esp_secure_cert::encode(0x2000, &records, esp_secure_cert::Integrity::Added).unwrap());
    let file = key();
    let files = [littlefs::ImageFile { path: "own.key", bytes: &file }];
    let geometry = littlefs::Geometry { block_size: 512, block_count: 32, cache_size: 128 };
    let volume = open(littlefs::build(&geometry, &files).unwrap());
    let mut flash = vec![0xFF; 0x2_0000];
    let layout = table::encode(&layout()).unwrap();
    flash[0x8000..0x8000 + layout.len()].copy_from_slice(&layout);
    flash[0x9000..0xD000].copy_from_slice(&values);
    flash[0x1_6000..0x1_8000].copy_from_slice(&cert);
    let segments = || [Segment::new(0x8000, layout.clone()), Segment::new(0x9000, values.clone())];
    vec![
        (Form::IntelHex, open(intel_hex::encode(&segments(), intel_hex::Addressing::Linear, None).unwrap())),
        (Form::Uf2, open(uf2::encode(&segments(), None, 0xFF).unwrap())),
        (Form::Nvs, values.clone()),
        (Form::EspSecureCert, cert),
        (Form::Littlefs, volume),
        (Form::EspPartitionTable, layout.clone()),
        (Form::EspFlash, flash),
        (Form::SenmlCbor, open(senml::encode(&[security_object()]))),
        (Form::Lwm2mTlv, open(tlv::encode(&security_object()))),
    ]
}

#[test]
fn every_form_of_our_own_is_told() {
    for (form, image) in own_images() {
        let needs_a_name = [Form::SenmlCbor, Form::Lwm2mTlv].contains(&form);
        let request = Request { form: needs_a_name.then_some(form), ..Request::default() };
        let found = look(&image, &request);
        assert_eq!((found.form, found.problem.as_deref()), (form, None));
    }
}

/// Changes of an image: places and what comes there, and where it is cut off.
fn changes() -> impl Strategy<Value = (usize, Vec<(usize, u8)>, Option<usize>)> {
    (
        any::<usize>(),
        proptest::collection::vec((any::<usize>(), any::<u8>()), 0..6),
        proptest::option::of(any::<usize>()),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn no_changed_image_makes_a_panic_or_tells_the_key((which, changes, cut) in changes(), named: bool, early: bool) {
        let images = own_images();
        let (form, mut image) = images.into_iter().nth(which % 9).unwrap();
        // Most of an image is blank: changes at its beginning meet something.
        let reach = if early { image.len().min(700) } else { image.len() };
        changes.iter().for_each(|(at, byte)| image[at % reach] = *byte);
        cut.iter().for_each(|cut| image.truncate(cut % (reach + 1)));
        let keys = Keys::new(&Secret::new(KEYS.to_vec())).unwrap();
        let request = Request { form: named.then_some(form), object: 0, keys: Some(&keys) };
        let told = serde_json::to_string(&look(&image, &request)).unwrap().to_lowercase();
        prop_assert!(!told.contains(&hex::encode(&BINARY_KEY[..9])), "{told}");
    }
}
