//! The proof that goes with each request.

use aws_lc_rs::{hkdf, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use zeroize::Zeroizing;

use crate::delivery::Random;
use crate::fleet::enrolment::claim::{Claim, purpose};
use crate::fleet::{Digest, Secret};

/// What the device proves itself with.
pub enum Proof {
    /// A token, or a JWT: `Authorization: Bearer` (RFC 6750).
    Bearer(Secret),
    /// A key that the fleet knows, too.
    Claim {
        /// The key.
        key: Secret,
        /// Its name, `group` for the one derived from the group's.
        name: String,
    },
    /// A client certificate: TLS proves it.
    Certificate {
        /// It and its issuers, PEM.
        chain: Secret,
        /// Its private key, PEM.
        key: Secret,
    },
}

/// Who proves itself.
#[derive(Clone, Copy)]
pub struct Who<'a> {
    /// The fleet's name.
    pub fleet: &'a str,
    /// The device.
    pub id: &'a str,
    /// Its enrolment group.
    pub group: &'a str,
}

/// What makes a claim fresh.
pub struct Fresh {
    /// Drawn, or the server's challenge.
    pub nonce: String,
    /// Seconds since 1970; none with a challenge.
    pub time: Option<i64>,
}

impl Fresh {
    /// Draws a nonce of 128 bits for a device whose clock is trusted.
    pub fn draw(random: &dyn Random, purpose: &str, time: i64) -> Self {
        Self { nonce: word(random, purpose), time: Some(time) }
    }
}

/// Draws a word of 128 bits.
pub fn word(random: &dyn Random, purpose: &str) -> String {
    let mut bytes = [0; 16];
    random.fill(purpose, &mut bytes);
    BASE64.encode(bytes)
}

impl Proof {
    /// Returns true if the proof wants a nonce.
    pub fn is_claim(&self) -> bool {
        matches!(self, Proof::Claim { .. })
    }

    /// Returns the value of `Authorization` for a request (`asked`: method and path); none where TLS proves all.
    pub fn header(&self, who: Who<'_>, fresh: &Fresh, asked: (&str, &str), body: &[u8]) -> Option<Zeroizing<String>> {
        match self {
            Proof::Certificate { .. } => None,
            Proof::Bearer(token) => {
                Some(Zeroizing::new(token.expose(|token| format!("Bearer {}", String::from_utf8_lossy(token)))))
            }
            Proof::Claim { key, name } => {
                let claim = Claim {
                    id: who.id.to_owned(),
                    group: who.group.to_owned(),
                    nonce: fresh.nonce.clone(),
                    time: fresh.time,
                    key: name.clone(),
                };
                let (method, target) = asked;
                let text = claim.text(method, target, &Digest::of(body).to_string());
                let mac = mac(key, &purpose(who.fleet, who.id), &text);
                Some(Zeroizing::new(claim.header(&BASE64.encode(mac))))
            }
        }
    }
}

/// HMAC-SHA-256 (RFC 2104) by the key that HKDF-SHA-256 (RFC 5869, no salt) derives for `purpose`.
fn mac(key: &Secret, purpose: &str, text: &str) -> hmac::Tag {
    let secret = key.expose(|key| hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(key));
    let info = [purpose.as_bytes()];
    let derived = secret.expand(&info, hmac::HMAC_SHA256).expect("32 bytes are short enough for HKDF");
    hmac::sign(&hmac::Key::from(derived), text.as_bytes())
}
