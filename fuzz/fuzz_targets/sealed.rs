//! A medium from a stranger, and a manifest from a station that went mad: no panic; nothing is taken that no trusted key
//! signed; and what a trusted key signed is one of the format's documents, with paths that lead nowhere else.
#![no_main]

use std::collections::BTreeMap;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use firstlight::bundle::sealed::{Authentic, Limits, OpeningKey, PublicKey, Signature, find};
use firstlight::delivery::{MANIFEST_NAME, Manifest, Shelf, Signer};
use firstlight::fleet::Secret;

/// Files in memory.
struct Files(BTreeMap<String, Vec<u8>>);

impl Shelf for Files {
    fn list(&self) -> Result<Vec<(String, u64)>, String> {
        Ok(self.0.iter().map(|(path, bytes)| (path.clone(), bytes.len() as u64)).collect())
    }

    fn read(&self, path: &str, most: u64) -> Result<Secret, String> {
        let bytes = self.0.get(path).ok_or("it is not there")?;
        if bytes.len() as u64 > most { Err("it is too long".into()) } else { Ok(Secret::new(bytes.clone())) }
    }
}

struct Key(Ed25519KeyPair);

impl Signer for Key {
    fn key_id(&self) -> [u8; 8] {
        *b"fuzzing!"
    }

    fn public_key(&self) -> [u8; 32] {
        self.0.public_key().as_ref().try_into().expect("an Ed25519 key has 32 bytes")
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], String> {
        Ok(self.0.sign(message).as_ref().try_into().expect("an Ed25519 signature has 64 bytes"))
    }
}

/// Files with names and contents out of the input: name, NUL, content, NUL NUL, and so on.
fn files(bytes: &[u8]) -> Files {
    let mut files = BTreeMap::new();
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|byte| *byte == 0) {
        let name = String::from_utf8_lossy(&rest[..end]).into_owned();
        let content = &rest[end + 1..];
        let length = content.windows(2).position(|pair| pair == [0, 0]).unwrap_or(content.len());
        files.insert(name, content[..length].to_vec());
        rest = content.get(length + 2..).unwrap_or_default();
    }
    Files(files)
}

fn identity() -> OpeningKey {
    let text = "AGE-SECRET-KEY-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRYDPK8QARC0SWS6DKG";
    OpeningKey::parse_age(text).unwrap_or(OpeningKey::Cose { name: None, key: Secret::new(vec![7; 16]) })
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let signer = Key(Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("32 bytes are a seed"));
    let trusted = [PublicKey::of(&signer)];
    let limits = Limits { bundles: 64, files: 64, bytes: 1 << 16 };
    let mut shelf = files(bytes);
    for folder in find(&shelf, limits).unwrap_or_default() {
        assert!(Authentic::read(&shelf, &folder, &trusted, limits).is_err(), "nobody signed it");
    }
    // The rest of the way is for documents that a trusted key signed.
    let document = shelf.0.get(MANIFEST_NAME).cloned().unwrap_or_else(|| bytes.to_vec());
    let signature = Signature::make(&signer, &document, "").expect("the key signs");
    shelf.0.insert(MANIFEST_NAME.into(), document.clone());
    shelf.0.insert(format!("{MANIFEST_NAME}.minisig"), signature.to_file().into_bytes());
    let Ok(authentic) = Authentic::read(&shelf, "", &trusted, limits) else { return };
    assert_eq!(authentic.manifest.to_json(), document, "there is one document for one manifest");
    assert!(Manifest::from_json(&document).is_ok_and(|manifest| manifest == authentic.manifest));
    for file in &authentic.manifest.files {
        let paths = [Some(file.path.as_str()), Some(file.name()), file.destination.as_deref()];
        assert!(paths.into_iter().flatten().all(|path| path.split('/').all(|name| name != "..")));
    }
    if let Ok(opened) = authentic.open(&shelf, &[identity()], limits) {
        assert!(opened.iter().map(|file| file.bytes.len() as u64).sum::<u64>() <= limits.bytes);
    }
});
