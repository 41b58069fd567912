//! Builds NVS images of devices made up by number, as benches/nvs.py does with the generator from PyPI, and says how long it took.
//!
//! usage: nvs [DEVICES [--digest]]     one line of JSON: images, seconds, and SHA-256 over all of them where it is asked for
#![allow(clippy::print_stdout, reason = "a bench says what it found")]

use std::hint::black_box;
use std::time::Instant;

use firstlight::fleet::Secret;
use firstlight::format::nvs::{self, IntegerType, Item, NvsError, Partition, Value};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

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
    let devices: u32 = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10_000);
    let mut all = std::env::args().any(|argument| argument == "--digest").then(Sha256::new);
    let mut image = Zeroizing::new(vec![0; usize::try_from(SIZE).expect("24 KiB")]);
    let prepared: Vec<Vec<Item>> = (0..devices).map(device).collect();
    let begun = Instant::now();
    for items in &prepared {
        nvs::encode_into(Partition::read_write(SIZE)?, items, &mut image)?;
        match &mut all {
            Some(all) => all.update(&image),
            None => {
                black_box(&image);
            }
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let digest = all.map_or_else(|| "null".to_owned(), |all| format!("\"{}\"", hex::encode(all.finalize())));
    println!("{{\"images\": {devices}, \"seconds\": {seconds}, \"sha256\": {digest}}}");
    Ok(())
}
