//! The main job with every format, at the places of a partition table, judged by the tools of others.

use std::fs;

use firstlight::format::esp_partition_table;
use serde_json::json;

use super::common::oracle;
use super::line::{Line, TABLE_AT};
use super::python;

const READERS: &str = include_str!("formats.py");

const TABLE: &str = "\
nvs, data, nvs, 0x9000, 0x6000
nvs_key, data, nvs_keys, 0xF000, 0x1000
app, app, factory, 0x10000, 0x10000
secret, data, nvs, 0x20000, 0x4000
certs, 0x3F, 0x06, 0x24000, 0x2000
files, data, littlefs, 0x26000, 0x10000
";

const CREDENTIALS: &str = "      identity: {kind: x509}
      management: {kind: psk, bytes: 32}
      vault: {kind: psk, bytes: 64}
";

const FACTORY: &str = "          chip: esp32c3
          partition_table: partitions.csv
          accept_plaintext: \"a test\"
          serials: pool
          serial_pool: {prefix: SN-, first: 1, last: 500, digits: 6}
          parts:
            - partition: nvs
              format: nvs
              entries:
                - {key: cert, credential: identity.certificate}
                - {key: serial, text: \"{{ device.serial }}\"}
                - {key: mac, text: \"{{ chip.mac }}\"}
                - {key: port, type: u16, variable: port}
                - {namespace: lwm2m, key: lifetime, type: i32, text: \"-3600\"}
            - partition: secret
              format: nvs
              encrypt: {credential: vault, keys_partition: nvs_key}
              entries:
                - {key: psk, credential: management.key}
            - partition: certs
              format: esp_secure_cert
              entries:
                - {key: device_cert, credential: identity.certificate}
                - {key: priv_key, credential: identity.private_key}
                - {key: ca_cert, trust: telemetry}
            - partition: files
              format: littlefs
              entries:
                - {path: /id/cert.pem, credential: identity.certificate, as: pem}
                - {path: /id/key.pem, credential: identity.private_key, as: pem}
                - {path: /id/name, text: \"{{ device.id }}\"}
            - address: 0x40000
              size: 4KiB
              format: cbor
              entries:
                - {key: id, text: \"{{ device.id }}\"}
                - {key: port, type: u16, variable: port}
                - {key: below, type: i8, text: \"-5\"}
                - {key: psk, credential: management.key}
            - address: 0x41000
              size: 4KiB
              format: raw
              entries:
                - {offset: 0, type: u32, text: \"0x46544c31\"}
                - {offset: 4, length: 32, text: \"{{ chip.uid }}\"}
";

fn line() -> Line {
    let file = super::line::fleet_yaml(CREDENTIALS, FACTORY);
    let line = Line::loose(&file, "id,port\nsn-1,5684\n");
    line.fleet.write("partitions.csv", TABLE);
    line.fleet.run(&["ca", "init"]).ok();
    line
}

fn table(csv: &str) -> Vec<u8> {
    esp_partition_table::encode(&esp_partition_table::from_csv(csv, 0x8000).unwrap()).unwrap()
}

fn chip(line: &Line, name: &str, csv: Option<&str>) {
    line.chip_with(name, |chip| chip["mac"] = json!("02:00:5e:10:20:30"));
    if let Some(csv) = csv {
        line.put(name, TABLE_AT, &table(csv));
    }
}

#[test]
fn every_format_is_read_by_the_tools_of_others() {
    let line = line();
    chip(&line, "a", Some(TABLE));
    line.put("a", 0x10000, &vec![0x5A; 0x10000]);
    line.flash("sn-1", "a", &[]).ok();
    let hex = |range| hex::encode(line.memory("a", range));
    let keys = line.memory("a", 0xF000..0xF040);
    let cert_pem = {
        let found = python::ask(
            READERS,
            &json!({"cbor": hex(0x40000..0x41000), "littlefs": hex(0x26000..0x36000),
            "secure_cert": hex(0x24000..0x26000), "nvs": []}),
        );
        for name in ["cert", "key"] {
            let text = found["littlefs"][format!("/id/{name}.pem")].as_str().unwrap();
            fs::write(line.fleet.file(&format!("{name}.pem")), text).unwrap();
        }
        assert_eq!(found["littlefs"]["/id/name"].as_str().unwrap().trim_end(), "sn-1");
        let cbor: Vec<String> = found["cbor"].as_array().unwrap().iter().map(ToString::to_string).collect();
        let psk = found["cbor"].as_array().unwrap().iter().find(|pair| pair[0] == "psk").unwrap()[1].clone();
        assert_eq!(cbor[0], "[\"id\",\"sn-1\"]");
        assert_eq!(psk.as_str().unwrap().len(), 64);
        assert!(cbor.contains(&"[\"port\",5684]".into()) && cbor.contains(&"[\"below\",-5]".into()), "{cbor:?}");
        fs::write(line.fleet.file("psk"), psk.as_str().unwrap()).unwrap();
        let parsed = found["secure_cert"].as_str().unwrap();
        for kind in ["CA_CERT", "DEV_CERT", "PRIV_KEY"] {
            assert!(parsed.contains(kind), "{kind}: {parsed}");
        }
        line.fleet.file("cert.pem")
    };
    let in_folder = |name: &str| line.fleet.file(name).to_str().unwrap().to_owned();
    let (cert, key) = (cert_pem.to_str().unwrap(), in_folder("key.pem"));
    // The certificate in flash is by the fleet's authority and belongs to the key in flash.
    let root = line.fleet.run(&["ca", "show", "--json"]).ok();
    assert!(!root.stdout.is_empty());
    let chain = line.memory("a", 0x24000..0x26000);
    let text = String::from_utf8_lossy(&chain).into_owned();
    let blocks: Vec<&str> = text.split("-----BEGIN CERTIFICATE-----").skip(1).collect();
    let pem = |block: &str| {
        format!("-----BEGIN CERTIFICATE-----{}-----END CERTIFICATE-----\n", block.split("-----END").next().unwrap())
    };
    let all: Vec<String> = blocks.into_iter().map(pem).collect();
    fs::write(line.fleet.file("all.pem"), all.concat()).unwrap();
    oracle("openssl", &["verify", "-partial_chain", "-CAfile", &in_folder("all.pem"), cert]);
    let of_cert = oracle("openssl", &["x509", "-in", cert, "-noout", "-pubkey"]);
    assert_eq!(of_cert, oracle("openssl", &["pkey", "-in", &key, "-pubout"]));
    oracle("openssl", &["x509", "-in", cert, "-outform", "DER", "-out", &in_folder("cert.der")]);
    let der = hex::encode(fs::read(line.fleet.file("cert.der")).unwrap());
    let shown = line.fleet.show("sn-1");
    assert!(shown["generations"].to_string().contains(&der), "certificate in flash is the record's");
    // The NVS partitions are the generator's, byte by byte.
    let psk = fs::read_to_string(line.fleet.file("psk")).unwrap();
    let clear = json!([
        ["device", "cert", "hex2bin", der],
        ["device", "serial", "string", "SN-000001"],
        ["device", "mac", "string", "02:00:5e:10:20:30"],
        ["device", "port", "u16", "5684"],
        ["lwm2m", "lifetime", "i32", "-3600"]
    ]);
    let made = python::ask(
        READERS,
        &json!({"cbor": hex(0x40000..0x41000), "littlefs": hex(0x26000..0x36000),
        "secure_cert": hex(0x24000..0x26000), "nvs": [
            {"size": 0x6000, "keys": null, "items": clear},
            {"size": 0x4000, "keys": hex::encode(&keys), "items": [["device", "psk", "hex2bin", psk]]}]}),
    );
    assert!(python::bytes(&made["nvs"][0]) == line.memory("a", 0x9000..0xF000), "nvs");
    assert!(python::bytes(&made["nvs"][1]) == line.memory("a", 0x20000..0x24000), "encrypted nvs");
    assert_eq!(line.memory("a", 0x41000..0x41004), 0x4654_4c31_u32.to_le_bytes());
    // Neighbours are as they were.
    assert_eq!(line.memory("a", 0x10000..0x20000), vec![0x5A; 0x10000]);
    assert_eq!(line.memory("a", TABLE_AT..TABLE_AT + table(TABLE).len() as u64), table(TABLE));
}

#[test]
fn a_chip_with_another_table_or_none_is_refused_before_anything_is_begun() {
    let line = line();
    let moved = TABLE.replace("0x20000, 0x4000", "0x1F000, 0x4000").replace("0x10000, 0x10000", "0x10000, 0xF000");
    let moved = moved.replace("app, app, factory, 0x10000, 0xF000", "app, app, factory, 0x10000, 0x8000");
    let without = TABLE.replace("certs, 0x3F, 0x06, 0x24000, 0x2000\n", "");
    for (name, csv, words) in [
        (
            "moved",
            Some(&*moved),
            "its partition \"app\" is at 0x10000 with 32768 bytes, the fleet's at 0x10000 with 65536",
        ),
        ("without", Some(&*without), "has no \"certs\""),
        ("blank", None, "it has no partition table yet"),
    ] {
        chip(&line, name, csv);
        let before = line.memory(name, 0..0x80000);
        line.flash("sn-1", name, &[]).exits(6).says(&[words, "flash the firmware with its partition table first"]);
        assert_eq!(line.memory(name, 0..0x80000), before);
    }
    chip(&line, "noise", None);
    line.put("noise", TABLE_AT, b"noise");
    line.flash("sn-1", "noise", &[]).exits(6).says(&["its partition table cannot be read"]);
    assert!(line.fleet.run(&["devices", "why", "sn-1"]).ok().stdout.contains("nothing was begun"));
}
