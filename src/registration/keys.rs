//! The keys a claim is checked by, and the arithmetic of both sides.

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::fleet::enrolment::claim::{self, Claim};
use crate::fleet::{EndpointName, Secret};
use crate::registry::CredentialRow;

/// The key of a claim that is derived for the device from its group's.
pub(super) const GROUP_KEY: &str = "group";

/// Where the keys of claims come from.
pub trait ClaimKeys: Send + Sync {
    /// Returns the key of a device that is derived from its group's key; none where the server has no fleet key.
    fn group_derived(&self, group: &str, generation: u32, device: &str) -> Option<Secret>;

    /// Opens the key of a device's own that a station made and sealed; none where this server cannot.
    fn own(&self, device: &EndpointName, credential: &CredentialRow) -> Option<Secret>;
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// Checks the MAC of a claim made with a device's key; in constant time.
pub(super) fn is_proven(claim: &Claim, fleet: &str, key: &Secret, text: &str, mac: &str) -> bool {
    let Ok(mac) = URL_SAFE_NO_PAD.decode(mac) else { return false };
    let signing = signing_key(claim, fleet, key);
    hmac::verify(&signing, text.as_bytes(), &mac).is_ok()
}

fn signing_key(claim: &Claim, fleet: &str, key: &Secret) -> hmac::Key {
    let purpose = claim::purpose(fleet, &claim.id);
    let mut derived = Zeroizing::new([0; 32]);
    key.expose(|bytes| {
        let extracted = Salt::new(HKDF_SHA256, &[]).extract(bytes);
        let info = [purpose.as_bytes()];
        let expanded = extracted.expand(&info, Length(derived.len()));
        expanded.and_then(|okm| okm.fill(&mut *derived)).expect("32 bytes are one block of HKDF-SHA-256");
    });
    hmac::Key::new(hmac::HMAC_SHA256, &*derived)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_key_over_the_right_text_proves_a_claim() {
        let claim = Claim {
            id: "GW-7".into(),
            group: "g".into(),
            nonce: "0123456789abcdef".into(),
            time: None,
            key: "group".into(),
        };
        let key = Secret::new(vec![7; 32]);
        let text = claim.text("GET", "/v1/bootstrap", "");
        let mac = URL_SAFE_NO_PAD.encode(hmac::sign(&signing_key(&claim, "acme", &key), text.as_bytes()));
        assert!(is_proven(&claim, "acme", &key, &text, &mac));
        assert!(!is_proven(&claim, "other", &key, &text, &mac));
        assert!(!is_proven(&claim, "acme", &Secret::new(vec![8; 32]), &text, &mac));
        assert!(!is_proven(&claim, "acme", &key, &format!("{text} "), &mac));
        assert!(!is_proven(&claim, "acme", &key, &text, &mac[1..]));
        assert!(!is_proven(&claim, "acme", &key, &text, "%"));
    }
}
