//! Requests of devices that register by an HMAC claim, made without the client's own code.
#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub)]

use std::path::Path;

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use firstlight::authority::{AskPassphrase, AuthorityError, Keys};
use firstlight::delivery::Random as _;
use firstlight::fleet::enrolment::claim::{Claim, purpose};
use firstlight::fleet::{Digest, EndpointName, Secret};
use firstlight::host::surroundings::OsRandom;
use serde_json::json;

struct Nobody;

impl AskPassphrase for Nobody {
    fn passphrase(&self, for_what: &str) -> Result<Secret, AuthorityError> {
        panic!("{for_what} is to be without a passphrase")
    }
}

struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        32
    }
}

/// A fleet's folder, where the keys of its devices follow from.
pub struct Devices {
    keys: Keys,
    fleet: String,
    group: String,
}

impl Devices {
    pub fn of(folder: &Path, fleet: &str, group: &str) -> Self {
        let keys = Keys::open(&folder.join(".firstlight"), &Nobody).unwrap();
        Self { keys, fleet: fleet.to_owned(), group: group.to_owned() }
    }

    /// One request (HTTP/1.1) of a device, with a fresh nonce; the same body each time.
    pub fn request(&self, id: &str) -> Vec<u8> {
        let body = json!({ "id": id, "group": self.group, "serial": format!("SN-{id}"), "vendor": "Example",
            "hardware": "revision 3", "firmware": "1.4.2",
            "endpoint": { "protocol": "mqtt", "address": "192.0.2.7:8883" },
            "attributes": { "site": format!("site-{}", id.len() % 7), "line": "a" } });
        let body = body.to_string();
        let mut nonce = [0; 16];
        OsRandom.fill("nonce", &mut nonce);
        let claim = Claim {
            id: id.to_owned(),
            group: self.group.clone(),
            nonce: URL_SAFE_NO_PAD.encode(nonce),
            time: Some(time::OffsetDateTime::now_utc().unix_timestamp()),
            key: "group".to_owned(),
        };
        let text = claim.text("POST", "/v1/register", &hex::encode(Digest::of(body.as_bytes()).as_bytes()));
        let header = claim.header(&URL_SAFE_NO_PAD.encode(hmac::sign(&self.signing(id), text.as_bytes())));
        let length = body.len();
        let head = format!("Host: localhost\r\nContent-Type: application/json\r\nAuthorization: {header}");
        format!("POST /v1/register HTTP/1.1\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
    }

    fn signing(&self, id: &str) -> hmac::Key {
        let key = self.keys.fleet_key().device_key(&self.fleet, &self.group, 1, &EndpointName::new(id).unwrap());
        let purpose = purpose(&self.fleet, id);
        let mut derived = [0; 32];
        key.expose(|bytes| {
            let extracted = Salt::new(HKDF_SHA256, &[]).extract(bytes);
            extracted.expand(&[purpose.as_bytes()], Length).unwrap().fill(&mut derived).unwrap();
        });
        hmac::Key::new(hmac::HMAC_SHA256, &derived)
    }
}

/// The length of the answer that begins in `bytes`, and its status; none while its head is not whole.
pub fn answer(bytes: &[u8]) -> Option<(usize, u16)> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&bytes[..head]).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Some((head + 4 + length.unwrap_or(0), text.get(9..12)?.parse().ok()?))
}
