//! Who signs bundles: a key file of the station, or a token that never gives its key away.

/// Returns a key's id as minisign prints it: 16 upper-case hex digits, the last byte first.
pub fn key_name(id: [u8; 8]) -> String {
    format!("{:016X}", u64::from_le_bytes(id))
}

/// A bundle key that signs: Ed25519 (RFC 8032, the pure variant).
pub trait Signer {
    /// Returns the key's id: 8 bytes, as in minisign's files.
    fn key_id(&self) -> [u8; 8];
    /// Returns the public key.
    fn public_key(&self) -> [u8; 32];
    /// Signs `message`. The error is a person's words.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], String>;
}
