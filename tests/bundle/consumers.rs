//! The other templates, read by their consumers' parsers.

use std::collections::BTreeSet;

use firstlight::delivery::{Action, SealedArtifact};
use firstlight::fleet::lwm2m::{Content, Object, Value as Lwm2m};
use firstlight::format::{senml, tlv};
use serde_json::{Value, json};

use super::cases::cases;
use super::fixture::{PSK, ROOT, WIFI, bytes, plan, rendered, template, text};
use super::oracle::{debian_python, pypi_python, run};

fn artifact(name: &str) -> SealedArtifact {
    let case = cases().into_iter().find(|case| case.name == name).unwrap();
    let template = template(case.template, &[]).unwrap();
    rendered(&template, &plan(&template, &case.fleet_yaml, case.devices_csv))
}

/// Sections and keys that raspberrypi-sys-mods (init_config 1.0) knows.
const CUSTOM_TOML: [&str; 15] = [
    "config_version",
    "system.hostname",
    "user.name",
    "user.password",
    "user.password_encrypted",
    "ssh.enabled",
    "ssh.password_authentication",
    "ssh.authorized_keys",
    "wlan.ssid",
    "wlan.password",
    "wlan.password_encrypted",
    "wlan.hidden",
    "wlan.country",
    "locale.keymap",
    "locale.timezone",
];

/// Of the keys that rpi-preseed 1.1 knows, those that the template can write, with their types.
const PRESEED: [(&str, &str); 22] = [
    ("config_version", "string"),
    ("system.hostname", "string"),
    ("user.name", "string"),
    ("user.password", "string"),
    ("user.password_encrypted", "bool"),
    ("ssh.enabled", "bool"),
    ("ssh.password_authentication", "bool"),
    ("ssh.authorized_keys", "array"),
    ("wlan.ssid", "string"),
    ("wlan.hidden", "bool"),
    ("wlan.password", "string"),
    ("wlan.password_encrypted", "bool"),
    ("wlan.key_mgmt", "string"),
    ("wlan.country", "string"),
    ("ethernet.method", "string"),
    ("ethernet.address", "string"),
    ("ethernet.gateway", "string"),
    ("ethernet.dns", "array"),
    ("packages.update", "bool"),
    ("packages.install", "array"),
    ("locale.keymap", "string"),
    ("locale.timezone", "string"),
];

fn keys(table: &Value) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for (name, value) in table.as_object().unwrap() {
        match value.as_object() {
            Some(section) => keys.extend(section.keys().map(|key| format!("{name}.{key}"))),
            None => _ = keys.insert(name.clone()),
        }
    }
    keys
}

#[test]
fn custom_toml_is_read_by_the_parser_that_raspberry_pi_os_uses() {
    let written = text(&artifact("raspberry-pi-custom-toml"), "custom.toml");
    let read =
        pypi_python("import json, sys, toml; print(json.dumps(toml.loads(sys.stdin.read())))", written.as_bytes());
    assert_eq!(read["config_version"], 1);
    assert_eq!(read["wlan"]["password"], WIFI);
    assert_eq!(read["wlan"]["ssid"], "Café #1");
    assert_eq!(read["wlan"]["password_encrypted"], false, "it defaults to true there");
    assert_eq!(read["user"]["password_encrypted"], true);
    let unknown: Vec<String> = keys(&read).into_iter().filter(|key| !CUSTOM_TOML.contains(&key.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn rpi_preseed_toml_has_known_keys_of_their_types() {
    let written = text(&artifact("raspberry-pi-preseed"), "rpi-preseed.toml");
    let read: toml::Table = toml::from_str(&written).unwrap();
    let read = serde_json::to_value(read).unwrap();
    assert_eq!(read["config_version"], "1.1");
    assert_eq!(read["wlan"]["password"], WIFI);
    assert_eq!(read["wlan"]["password_encrypted"], false);
    assert_eq!(read["ca_certificates"], json!({"files": ["fleet-root.crt"]}));
    for key in keys(&read).iter().filter(|key| *key != "ca_certificates.files") {
        let (_, kind) = PRESEED.iter().find(|(known, _)| known == key).unwrap_or_else(|| panic!("unknown {key}"));
        let value = key.split('.').fold(&read, |value, name| &value[name]);
        let fits = match *kind {
            "string" => value.is_string(),
            "bool" => value.is_boolean(),
            _ => value.is_array(),
        };
        assert!(fits, "{key}: {value}");
    }
    // Its parser is a shell script that knows two escapes only, and one line a value.
    let others = written.replace("\\\\", "").replace("\\\"", "");
    assert!(!others.contains('\\'), "{others}");
    assert!(text(&artifact("raspberry-pi-preseed"), "fleet-root.crt").starts_with("-----BEGIN CERTIFICATE-----"));
}

#[test]
fn the_linux_bundle_names_its_files_where_they_are_put_and_they_belong_together() {
    let artifact = artifact("linux");
    let bytes = |path: &str| {
        let file = artifact.files().iter().find(|file| file.path == path).unwrap();
        file.bytes.expose(<[u8]>::to_vec)
    };
    let connection: serde_json::Value = serde_json::from_slice(&bytes("connection.json")).unwrap();
    for (key, path) in [("certificate", "certificate.pem"), ("private_key", "private-key.pem"), ("ca", "ca.pem")] {
        let listed = artifact.manifest().files.iter().find(|file| file.path == path).unwrap();
        assert_eq!(connection[key].as_str(), listed.destination.as_deref(), "{key}");
        assert_eq!(listed.owner.as_deref(), Some("acme:acme"));
    }
    let of = |what: &str, input: &[u8]| run("openssl", &[what, "-noout", "-pubkey"], input).unwrap();
    let key = run("openssl", &["pkey", "-pubout"], &bytes("private-key.pem")).unwrap();
    assert_eq!(of("x509", &bytes("certificate.pem")), key);
    let restart = artifact.manifest().actions.last().unwrap();
    assert_eq!(*restart, Action::Restart(vec!["acme-agent.service".into(), "mosquitto".into()]));
}

#[test]
fn openssl_finds_key_certificate_and_trust_of_the_mqtt_bundle_to_belong_together() {
    let artifact = artifact("mqtt");
    let folder = tempfile::tempdir().unwrap();
    for file in artifact.files() {
        file.bytes.expose(|bytes| std::fs::write(folder.path().join(&file.path), bytes)).unwrap();
    }
    let connection: Value = serde_json::from_str(&text(&artifact, "connection.json")).unwrap();
    assert_eq!(connection["client_id"], "gw-0001");
    assert_eq!((&connection["host"], &connection["port"]), (&json!("mqtt.acme.example"), &json!(8883)));
    assert_eq!((&connection["tls"], &connection["keepalive"]), (&json!(true), &json!(30)));
    assert_eq!(connection["password"], WIFI);
    let path = |key: &str| folder.path().join(connection[key].as_str().unwrap()).to_str().unwrap().to_owned();
    let (ca, certificate, key) = (path("ca"), path("certificate"), path("private_key"));
    run("openssl", &["verify", "-CAfile", &ca, "-untrusted", &certificate, &certificate], b"").unwrap();
    let of_certificate = run("openssl", &["x509", "-in", &certificate, "-noout", "-pubkey"], b"").unwrap();
    assert_eq!(of_certificate, run("openssl", &["pkey", "-in", &key, "-pubout"], b"").unwrap());
}

#[test]
fn plain_json_and_plain_yaml_say_the_same_to_every_reader() {
    let artifact = artifact("plain");
    let json: Value = serde_json::from_str(&text(&artifact, "device.json")).unwrap();
    let yaml = text(&artifact, "device.yaml");
    assert_eq!(serde_yaml::from_str::<Value>(&yaml).unwrap(), json);
    // YAML 1.1
    let read =
        debian_python("import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))", &[], yaml.as_bytes());
    assert_eq!(read, json);
    assert_eq!(json["credentials"]["management"]["key"], hex::encode(PSK));
    let settings = json!({"interval": 60, "ratio": 1.5, "tags": ["a", "no"], "note": "0755"});
    assert_eq!(json["variables"]["settings"], settings);
}

/// SenML CBOR by a reader that is not ours, as (path, value); bytes in hex.
fn foreign_records(cbor: &[u8]) -> Vec<(String, Value)> {
    let script = "
import cbor2, json, sys
base, out = '', []
for record in cbor2.loads(sys.stdin.buffer.read()):
    base = record.get(-2, base)
    value = [record[label] for label in (2, 3, 4, 8, 'vlo') if label in record]
    assert len(value) == 1 and set(record) <= {-2, 0, 2, 3, 4, 8, 'vlo'}, record
    out.append((base + record[0], value[0].hex() if isinstance(value[0], bytes) else value[0]))
print(json.dumps(out))";
    serde_json::from_value(pypi_python(script, cbor)).unwrap()
}

fn tlv_objects(artifact: &SealedArtifact) -> Vec<Object> {
    let names = [(0, "security.tlv"), (1, "server.tlv"), (2, "access.tlv")];
    let there = |name: &str| artifact.files().iter().any(|file| file.path == name);
    let present = names.into_iter().filter(|(_, name)| there(name));
    present.map(|(id, name)| tlv::decode(id, &bytes(artifact, name)).unwrap()).collect()
}

#[test]
fn both_encodings_hold_the_same_objects() {
    for name in ["lwm2m-psk", "lwm2m-bootstrap", "lwm2m-three-servers", "lwm2m-nosec"] {
        let artifact = artifact(name);
        assert_eq!(senml::decode(&bytes(&artifact, "bootstrap.cbor")).unwrap(), tlv_objects(&artifact), "{name}");
    }
}

#[test]
fn a_foreign_reader_finds_a_management_account_with_psk() {
    let records = foreign_records(&bytes(&artifact("lwm2m-psk"), "bootstrap.cbor"));
    let expected = json!([
        ["/0/0/0", "coaps://lwm2m.acme.example:5684"],
        ["/0/0/1", false],
        ["/0/0/2", 0],
        ["/0/0/3", hex::encode("gw-0001")],
        ["/0/0/4", ""],
        ["/0/0/5", hex::encode(PSK)],
        ["/0/0/10", 101],
        ["/1/0/0", 101],
        ["/1/0/1", 3600],
        ["/1/0/6", true],
        ["/1/0/7", "U"],
    ]);
    assert_eq!(serde_json::to_value(records).unwrap(), expected);
}

#[test]
fn a_bootstrap_account_has_no_short_server_id_and_no_server_object() {
    let records = foreign_records(&bytes(&artifact("lwm2m-bootstrap"), "bootstrap.cbor"));
    let paths: Vec<&str> = records.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["/0/0/0", "/0/0/1", "/0/0/2", "/0/0/3", "/0/0/4", "/0/0/5"]);
    assert_eq!(records[1].1, true);
}

#[test]
fn several_servers_share_a_device_by_access_control() {
    let records = foreign_records(&bytes(&artifact("lwm2m-three-servers"), "bootstrap.cbor"));
    let value = |path: &str| records.iter().find(|(known, _)| known == path).map(|(_, value)| value.clone());
    // The bootstrap server is instance 0, then by name: main, pinned, raw.
    assert_eq!(value("/0/0/1"), Some(json!(true)));
    assert_eq!([value("/0/1/10"), value("/0/2/10"), value("/0/3/10")], [102, 101, 300].map(|id| Some(json!(id))));
    assert_eq!([value("/1/0/0"), value("/1/1/0"), value("/1/2/0")], [102, 101, 300].map(|id| Some(json!(id))));
    // Modes; the fleet's root is a trust anchor, a server's own certificate needs no mark.
    assert_eq!([value("/0/1/2"), value("/0/2/2"), value("/0/3/2")], [2, 2, 1].map(|mode| Some(json!(mode))));
    assert_eq!(value("/0/1/4"), Some(json!(hex::encode(ROOT))));
    assert_eq!((value("/0/1/15"), value("/0/2/15")), (Some(json!(2)), None));
    // Each server on its own account, then what the fleet says; creating is the bootstrap server's to give.
    let access: Vec<(Value, Value, Value)> = (0..5)
        .map(|i| ["0", "1", "3"].map(|r| value(&format!("/2/{i}/{r}")).unwrap()))
        .map(|[object, instance, owner]| (object, instance, owner))
        .collect();
    let expected = [(1, 0, 102), (1, 1, 101), (1, 2, 300), (3, 0, 101), (5, 65_535, 65_535)];
    assert_eq!(access, expected.map(|(object, instance, owner)| (json!(object), json!(instance), json!(owner))));
    assert_eq!([value("/2/3/2/101"), value("/2/3/2/102")], [Some(json!(1)), Some(json!(15))]);
    assert_eq!(value("/2/4/2/102"), Some(json!(16)));
}

#[test]
fn tlv_is_the_smaller_of_the_two() {
    let artifact = artifact("lwm2m-psk");
    let tlv = bytes(&artifact, "security.tlv").len() + bytes(&artifact, "server.tlv").len();
    assert_eq!((tlv, bytes(&artifact, "bootstrap.cbor").len()), (92, 142));
    let uri = &tlv_objects(&artifact)[0].instances[0].resources[0].content;
    assert_eq!(*uri, Content::Single(Lwm2m::Text("coaps://lwm2m.acme.example:5684".into())));
}

/// What the fleet's own check does not see, because it concerns several servers or the bytes of a file.
#[test]
fn accounts_that_would_strand_the_device_are_refused() {
    let server = |name: &str, more: &str| {
        format!(
            "  {name}: {{protocol: lwm2m, uri: \"coaps://{name}.example\", security: psk, credential: management, {more}}}\n"
        )
    };
    let refused = |servers: String| {
        let template = template("lwm2m", &[]).unwrap();
        let credentials = "      management: {kind: psk, bytes: 16}";
        let yaml = super::fixture::fleet_yaml("lwm2m", &servers, credentials, "      {}");
        let plan = plan(&template, &yaml, super::fixture::DEVICES);
        super::fixture::rendered_with(&template, &plan, b"").map(|_| ()).unwrap_err().to_string()
    };
    let shared = server("a", "short_server_id: 1") + &server("b", "short_server_id: 2");
    assert!(refused(shared).contains("2 management servers, but no access rights"));
    let twice = server("a", "role: bootstrap") + &server("b", "role: bootstrap");
    assert!(refused(twice).contains("2 bootstrap servers, at most 1 is possible"));
    let needless = server("a", "short_server_id: 1, access: [{object: 3, instance: 0, rights: 16}]")
        + &server("b", "short_server_id: 2");
    assert!(refused(needless).contains("access rights 16 on /3/0"));
}
