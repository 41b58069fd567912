//! The simulated secure element: key pairs that stay in the chip's folder.

use std::path::Path;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use zeroize::Zeroizing;

use crate::host::files::{read_bounded, write_atomically};

/// Makes a P-256 key pair in `slot` if there is none, or a `fresh` one is wanted, and returns a certificate request (PKCS#10
/// DER) for `name`. The error is in words.
pub(super) fn make_key(folder: &Path, slot: &str, name: &str, fresh: bool) -> Result<Vec<u8>, String> {
    let right = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if slot.is_empty() || slot.len() > 32 || !slot.chars().all(right) {
        return Err(format!("{slot:?} is no slot for a key"));
    }
    let place = folder.join(format!("key-{slot}.der"));
    let known = if fresh { None } else { known(&place)? };
    let is_new = known.is_none();
    let made = || KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|error| error.to_string());
    let pair = known.map_or_else(made, Ok)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let request = params.serialize_request(&pair).map_err(|error| error.to_string())?;
    if is_new {
        let key = Zeroizing::new(pair.serialize_der());
        write_atomically(&place, &key, 0o600).map_err(|error| error.to_string())?;
    }
    Ok(request.der().to_vec())
}

/// Returns the key pair that is there.
fn known(place: &Path) -> Result<Option<KeyPair>, String> {
    if !place.exists() {
        return Ok(None);
    }
    let der = Zeroizing::new(read_bounded(place, 4096).map_err(|error| error.to_string())?);
    KeyPair::try_from(der.as_slice()).map(Some).map_err(|error| error.to_string())
}
