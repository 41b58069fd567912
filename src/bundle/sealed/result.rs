//! Signing a device's result and judging the signature of one.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::delivery::Signer;
use crate::delivery::result::{RESULT_FORMAT, ResultBody, ResultFile};

use super::signature::PublicKey;

/// Signs a result. The error is the signer's words, or says that the body is too long for the file.
pub fn sign(body: &ResultBody, signer: &dyn Signer) -> Result<ResultFile, String> {
    let document = body.to_document().ok_or_else(|| "the result is too long for its file".to_owned())?;
    let signature = BASE64.encode(signer.sign(document.as_bytes())?);
    Ok(ResultFile { format: RESULT_FORMAT, body: document, key: PublicKey::of(signer).line(), signature })
}

/// Returns the key that signed a result; `None` if the signature is not of the key that the file names. Whose key that is
/// the file cannot prove.
pub fn signed_by(file: &ResultFile) -> Option<PublicKey> {
    let key = PublicKey::parse(&file.key)?;
    let signature = BASE64.decode(&file.signature).ok()?;
    UnparsedPublicKey::new(&ED25519, &key.key).verify(file.body.as_bytes(), &signature).ok()?;
    Some(key)
}
