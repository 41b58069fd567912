//! Builds NVS images of devices made up by number, as benches/nvs.py does with the generator from PyPI, and says how long it took.
//!
//! usage: nvs [DEVICES]     one line of JSON: images, seconds, SHA-256 over all of them
#![allow(clippy::print_stdout, reason = "a bench says what it found")]

use std::time::Instant;

use firstlight::fleet::Secret;
use firstlight::format::nvs::{self, IntegerType, Item, NvsError, Partition, Value};
use sha2::{Digest as _, Sha256};

const SIZE: u64 = 0x6000;

fn item(namespace: &str, key: &str, value: Value) -> Item {
    Item { namespace: namespace.into(), key: key.into(), value }
}

fn text(text: String) -> Value {
    Value::Text(Secret::new(text.into_bytes()))
}

/// What stands in benches/nvs.py too: certificates as PEM, a key, a few settings.
fn device(number: u32) -> Vec<Item> {
    let pem = |seed: u32, lines: u32| {
        let lines: Vec<String> = (0..lines).map(|line| format!("{:08x}", seed ^ (line * 40503)).repeat(8)).collect();
        text(format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n")))
    };
    let key = (0..121_u32).map(|at| (number.wrapping_mul(7) + at * 13).to_le_bytes()[0]).collect();
    vec![
        item("device", "serial", text(format!("SN{number:08}"))),
        item("device", "endpoint", text(format!("urn:dev:ops:00AABB-gw-{number:08}"))),
        item("device", "hw_rev", Value::Integer { kind: IntegerType::U16, number: 3 }),
        item("device", "lifetime", Value::Integer { kind: IntegerType::U32, number: 3600 }),
        item("lwm2m", "uri", text("coaps://lwm2m.acme.example:5684".into())),
        item("lwm2m", "psk", Value::Blob(Secret::new(number.to_be_bytes().repeat(4)))),
        item("tls", "ca", pem(7, 16)),
        item("tls", "cert", pem(number, 13)),
        item("tls", "key", Value::Blob(Secret::new(key))),
        item("wifi", "ssid", text("acme-line".into())),
        item("wifi", "pass", text(format!("password-{number:08}"))),
    ]
}

fn main() -> Result<(), NvsError> {
    let devices = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10_000);
    let (begun, mut all) = (Instant::now(), Sha256::new());
    for number in 0..devices {
        nvs::encode(Partition::read_write(SIZE)?, &device(number))?.expose(|image| all.update(image));
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("{{\"images\": {devices}, \"seconds\": {seconds}, \"sha256\": \"{}\"}}", hex::encode(all.finalize()));
    Ok(())
}
