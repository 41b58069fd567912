//! The proof that goes with each request.

use aws_lc_rs::{hkdf, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::json;
use zeroize::Zeroizing;

use super::own_key::OwnKey;

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
    /// A JWT (RFC 7519) that the device's own key signs, made for each request.
    Jwt(Box<OwnKey>),
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

/// How long a JWT is good, in seconds: as long as a challenge of the server.
const VALID: i64 = 60;

/// What makes a claim or a JWT fresh.
pub struct Fresh {
    /// Drawn, or the server's challenge.
    pub nonce: String,
    /// When.
    pub time: Moment,
}

/// A point in time, in seconds since 1970.
#[derive(Clone, Copy)]
pub enum Moment {
    /// By the device's clock.
    Own(i64),
    /// By the server's clock its challenge ends then; the device's is not trusted.
    ChallengeEnds(i64),
}

impl Fresh {
    /// Draws a nonce of 128 bits for a device whose clock is trusted.
    pub fn draw(random: &dyn Random, purpose: &str, time: i64) -> Self {
        Self { nonce: word(random, purpose), time: Moment::Own(time) }
    }
}

/// Draws a word of 128 bits.
pub fn word(random: &dyn Random, purpose: &str) -> String {
    let mut bytes = [0; 16];
    random.fill(purpose, &mut bytes);
    BASE64.encode(bytes)
}

impl Proof {
    /// Returns true if the proof wants a nonce of its own for each request.
    pub fn wants_nonce(&self) -> bool {
        matches!(self, Proof::Claim { .. } | Proof::Jwt(_))
    }

    /// Returns the value of `Authorization` for a request (`asked`: method and path); none where TLS proves all.
    pub fn header(&self, who: Who<'_>, fresh: &Fresh, asked: (&str, &str), body: &[u8]) -> Option<Zeroizing<String>> {
        match self {
            Proof::Certificate { .. } => None,
            Proof::Bearer(token) => {
                Some(Zeroizing::new(token.expose(|token| format!("Bearer {}", String::from_utf8_lossy(token)))))
            }
            Proof::Jwt(own) => Some(Zeroizing::new(format!("Bearer {}", jwt(own, who, fresh, body)))),
            Proof::Claim { key, name } => {
                let claim = Claim {
                    id: who.id.to_owned(),
                    group: who.group.to_owned(),
                    nonce: fresh.nonce.clone(),
                    time: match fresh.time {
                        Moment::Own(time) => Some(time),
                        Moment::ChallengeEnds(_) => None,
                    },
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

/// A JWT for one request, ES256.
fn jwt(own: &OwnKey, who: Who<'_>, fresh: &Fresh, body: &[u8]) -> String {
    let issued = match fresh.time {
        Moment::Own(time) => time,
        Moment::ChallengeEnds(end) => end.saturating_sub(VALID),
    };
    let header = json!({ "alg": "ES256", "typ": "JWT", "kid": own.fingerprint() });
    let body = BASE64.encode(Digest::of(body).as_bytes());
    let claims = json!({ "sub": who.id, "aud": who.fleet, "iat": issued, "exp": issued.saturating_add(VALID),
        "jti": fresh.nonce, "bod": body });
    let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
    let signature = BASE64.encode(own.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// HMAC-SHA-256 (RFC 2104) by the key that HKDF-SHA-256 (RFC 5869, no salt) derives for `purpose`.
fn mac(key: &Secret, purpose: &str, text: &str) -> hmac::Tag {
    let secret = key.expose(|key| hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(key));
    let info = [purpose.as_bytes()];
    let derived = secret.expand(&info, hmac::HMAC_SHA256).expect("32 bytes are short enough for HKDF");
    hmac::sign(&hmac::Key::from(derived), text.as_bytes())
}
