//! Who signs bundles: a key file of the station, or a token that never gives its key away.

/// A bundle key that signs: Ed25519 (RFC 8032, the pure variant).
pub trait Signer {
    /// Returns the key's id: 8 bytes, as in minisign's files.
    fn key_id(&self) -> [u8; 8];
    /// Returns the public key.
    fn public_key(&self) -> [u8; 32];
    /// Signs `message`. The error is a person's words.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], String>;
}
