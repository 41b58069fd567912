//! The simulated secure element: key pairs that stay in the chip's folder.

use std::path::Path;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use zeroize::Zeroizing;

use crate::host::files::write_atomically;

/// Makes a P-256 key pair in `slot`, in the place of the one that was there, and returns a certificate request (PKCS#10 DER)
/// for `name`. The error is in words.
pub(super) fn make_key(folder: &Path, slot: &str, name: &str) -> Result<Vec<u8>, String> {
    let right = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if slot.is_empty() || slot.len() > 32 || !slot.chars().all(right) {
        return Err(format!("{slot:?} is no slot for a key"));
    }
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|error| error.to_string())?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let request = params.serialize_request(&pair).map_err(|error| error.to_string())?;
    let key = Zeroizing::new(pair.serialize_der());
    write_atomically(&folder.join(format!("key-{slot}.der")), &key, 0o600).map_err(|error| error.to_string())?;
    Ok(request.der().to_vec())
}
