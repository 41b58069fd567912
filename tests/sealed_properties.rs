//! A sealed medium with any one byte changed is refused, or gives the content that was sealed.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;

use age::{Encryptor, x25519};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use firstlight::bundle::sealed::{Authentic, Limits, OpeningKey, PublicKey, Reason, Refusal, Signature, find};
use firstlight::delivery::{
    ArtifactFile, Content, Encryption, MANIFEST_NAME, Manifest, SealedArtifact, Shelf, Signer, TargetImage,
};
use firstlight::fleet::{Digest, EndpointName, Filesystem, MediumPlan, PartitionTable, Secret};
use firstlight::format::fat::read::Volume;
use firstlight::medium::{FatShelf, encode};

struct Key(Ed25519KeyPair, [u8; 8]);

impl Key {
    fn of(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap(), [seed; 8])
    }
}

impl Signer for Key {
    fn key_id(&self) -> [u8; 8] {
        self.1
    }

    fn public_key(&self) -> [u8; 32] {
        self.0.public_key().as_ref().try_into().unwrap()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], String> {
        Ok(self.0.sign(message).as_ref().try_into().unwrap())
    }
}

/// A bundle with a file in clear and one that is encrypted, two signatures, and what opens it.
struct Sealed {
    artifact: SealedArtifact,
    trusted: Vec<PublicKey>,
    keys: Vec<OpeningKey>,
}

impl Sealed {
    fn new() -> Self {
        let identity = x25519::Identity::generate();
        let files = vec![
            ArtifactFile {
                destination: Some("/etc/app.conf".into()),
                ..ArtifactFile::plain("app.conf", 0o644, secret(b"server = a\n"))
            },
            ArtifactFile {
                encryption: Some(Encryption::Age),
                ..ArtifactFile::plain("keys/app.pem.age", 0o600, secret(&encrypted(&identity, b"a private key")))
            },
        ];
        let manifest = Manifest {
            created: "2026-01-01T00:00:00Z".into(),
            ..Manifest::new("acme", EndpointName::new("gw-1").unwrap(), "site", 3)
        };
        let artifact = SealedArtifact::seal(manifest, files).unwrap();
        let keys = [Key::of(1), Key::of(2)];
        let sign = |key: &Key| {
            Signature::make(key, artifact.document(), "fleet=acme device=gw-1 version=3").unwrap().to_file()
        };
        let signatures = keys.iter().map(|key| sign(key).into_bytes()).collect();
        // Only the first key is known: the second signature must do neither good nor harm.
        let trusted = vec![PublicKey::of(&keys[0])];
        Self {
            artifact: artifact.with_signatures(signatures),
            trusted,
            keys: vec![OpeningKey::Age(Box::new(identity))],
        }
    }

    fn shelf(&self) -> Files {
        let files = self.artifact.files().iter().map(|file| (file.path.clone(), file.bytes.expose(<[u8]>::to_vec)));
        let attached = self.artifact.attachments().iter().map(|file| (file.path.clone(), file.bytes.clone()));
        let manifest = (MANIFEST_NAME.to_owned(), self.artifact.document().to_vec());
        Files(files.chain(attached).chain([manifest]).collect())
    }

    /// What a device gets from a medium: for each bundle a refusal, or all of its manifest and files.
    fn open(&self, shelf: &dyn Shelf) -> Vec<Result<Opened, Refusal>> {
        let limits = Limits::default();
        match find(shelf, limits) {
            Err(refusal) => vec![Err(refusal)],
            Ok(folders) => folders.iter().map(|folder| self.open_one(shelf, folder, limits)).collect(),
        }
    }

    fn open_one(&self, shelf: &dyn Shelf, folder: &str, limits: Limits) -> Result<Opened, Refusal> {
        let authentic = Authentic::read(shelf, folder, &self.trusted, limits)?;
        let opened = authentic.open(shelf, &self.keys, limits)?;
        let files = opened.iter().map(|file| (format!("{:?}", file.entry), file.bytes.expose(Digest::of))).collect();
        Ok((authentic.digest(), files))
    }

    /// Returns true if the bundle came out; panics if anything else did.
    fn is_whole_or_refused(&self, shelf: &dyn Shelf, whole: &Opened, what: &dyn Fn() -> String) -> bool {
        let opened: Vec<Opened> = self.open(shelf).into_iter().flatten().collect();
        assert!(opened.iter().all(|opened| opened == whole), "{}: something else was taken", what());
        !opened.is_empty()
    }
}

type Opened = (Digest, Vec<(String, Digest)>);

fn secret(bytes: &[u8]) -> Secret {
    Secret::new(bytes.to_vec())
}

fn encrypted(to: &x25519::Identity, content: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let recipient = to.to_public();
    let mut out = Vec::new();
    let mut writer = Encryptor::with_recipients([&recipient as &dyn age::Recipient].into_iter())
        .unwrap()
        .wrap_output(&mut out)
        .unwrap();
    writer.write_all(content).unwrap();
    writer.finish().unwrap();
    out
}

struct Files(BTreeMap<String, Vec<u8>>);

impl Shelf for Files {
    fn list(&self) -> Result<Vec<(String, u64)>, String> {
        Ok(self.0.iter().map(|(path, bytes)| (path.clone(), bytes.len() as u64)).collect())
    }

    fn read(&self, path: &str, most: u64) -> Result<Secret, String> {
        let bytes = self.0.get(path).ok_or("it is not there")?;
        if bytes.len() as u64 > most { Err("it is too long".into()) } else { Ok(secret(bytes)) }
    }
}

#[test]
fn every_change_of_a_byte_of_manifest_signature_or_file_is_refused_or_without_effect() {
    let sealed = Sealed::new();
    let mut shelf = sealed.shelf();
    let whole = sealed.open(&shelf).remove(0).unwrap();
    for path in shelf.0.keys().cloned().collect::<Vec<_>>() {
        for at in 0..shelf.0[&path].len() {
            // Blanks that nobody reads are changed in one way only: each time the bundle is opened, which takes its time.
            let changes: &[u8] = if path == "firstlight-result.json" { &[0x01] } else { &[0x01, 0x20, 0x80, 0xFF] };
            for &change in changes {
                shelf.0.get_mut(&path).unwrap()[at] ^= change;
                let is_taken =
                    sealed.is_whole_or_refused(&shelf, &whole, &|| format!("{path} byte {at} by {change:#x}"));
                shelf.0.get_mut(&path).unwrap()[at] ^= change;
                let first_line = shelf.0[&path].iter().position(|byte| *byte == b'\n').unwrap_or(0);
                let may_be_taken = match path.as_str() {
                    "firstlight-manifest.json.minisig" => (19..first_line).contains(&at),
                    "firstlight-manifest.json.2.minisig" | "firstlight-result.json" => true,
                    _ => false,
                };
                assert!(may_be_taken || !is_taken, "{path} byte {at} by {change:#x} was not noticed");
            }
        }
    }
}

#[test]
fn every_value_of_every_byte_of_the_signature_is_tried() {
    let sealed = Sealed::new();
    let mut shelf = sealed.shelf();
    let whole = sealed.open(&shelf).remove(0).unwrap();
    let path = "firstlight-manifest.json.minisig";
    let first_line = shelf.0[path].iter().position(|byte| *byte == b'\n').unwrap();
    for at in first_line..shelf.0[path].len() {
        for value in 0..=255 {
            let was = std::mem::replace(&mut shelf.0.get_mut(path).unwrap()[at], value);
            let is_taken = value != was && Authentic::read(&shelf, "", &sealed.trusted, Limits::default()).is_ok();
            shelf.0.get_mut(path).unwrap()[at] = was;
            assert!(!is_taken, "byte {at} as {value}");
        }
    }
    assert_eq!(sealed.open(&shelf).remove(0).unwrap(), whole);
}

/// Every part of a file's end is missing once, and once something is behind it.
#[test]
fn every_file_cut_at_every_length_is_refused() {
    let sealed = Sealed::new();
    let whole = sealed.open(&sealed.shelf()).remove(0).unwrap();
    for path in [MANIFEST_NAME, "firstlight-manifest.json.minisig", "app.conf", "keys/app.pem.age"] {
        let length = sealed.shelf().0[path].len();
        for cut in (0..length).chain([length + 1]) {
            let mut shelf = sealed.shelf();
            shelf.0.get_mut(path).unwrap().resize(cut, b'\n');
            let is_taken = sealed.is_whole_or_refused(&shelf, &whole, &|| format!("{path} cut to {cut}"));
            assert!(!is_taken, "{path} cut to {cut} was not noticed");
        }
    }
}

fn image_bytes(image: &TargetImage) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(image.size()).unwrap()];
    for extent in image.extents() {
        if let Content::Data(data) = &extent.content {
            let at = usize::try_from(extent.offset).unwrap();
            data.expose(|data| bytes[at..at + data.len()].copy_from_slice(data));
        }
    }
    bytes
}

fn is_whole_or_refused_on_volume(sealed: &Sealed, image: &[u8], whole: &Opened, what: &dyn Fn() -> String) -> bool {
    let source = &image;
    let Ok(volume) = Volume::open(source) else { return false };
    let Ok(shelf) = FatShelf::new(&volume) else { return false };
    sealed.is_whole_or_refused(&shelf, whole, what)
}

/// Where a file's content lies in the image.
fn place_of(image: &[u8], content: &[u8]) -> usize {
    image.windows(content.len()).position(|window| window == content).unwrap()
}

/// A generator of places that is the same in every run (Vigna's xorshift64).
struct Places(u64);

impl Places {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

#[test]
fn a_byte_changed_anywhere_on_a_volume_is_refused_or_without_effect() {
    let sealed = Sealed::new();
    let layout = MediumPlan {
        table: PartitionTable::None,
        filesystem: Filesystem::Fat16,
        label: "FIRSTLIGHT".into(),
        size: Some(5 << 20),
    };
    let mut image = image_bytes(&encode(&firstlight::delivery::Cargo::of(&sealed.artifact), &layout, None).unwrap());
    let whole = sealed.open(&sealed.shelf()).remove(0).unwrap();
    assert!(is_whole_or_refused_on_volume(&sealed, &image, &whole, &|| "unchanged".into()), "the medium is read");
    let mut try_at = |at: usize, change: u8| {
        image[at] ^= change;
        let is_taken = is_whole_or_refused_on_volume(&sealed, &image, &whole, &|| format!("byte {at} by {change:#x}"));
        image[at] ^= change;
        is_taken
    };
    let shelf = sealed.shelf();
    let pristine = image_bytes(&encode(&firstlight::delivery::Cargo::of(&sealed.artifact), &layout, None).unwrap());
    for path in [MANIFEST_NAME, "firstlight-manifest.json.minisig", "app.conf", "keys/app.pem.age"] {
        let content = &shelf.0[path];
        let begin = place_of(&pristine, content);
        let unsigned =
            if path.ends_with(".minisig") { content.iter().position(|byte| *byte == b'\n').unwrap() } else { 0 };
        for at in begin + unsigned..begin + content.len() {
            assert!(!try_at(at, 1), "{path}: byte {} was not noticed", at - begin);
        }
    }
    // What is not content: boot sector, tables and folders, wherever a byte is set; then anywhere.
    let mut places = Places(0x0123_4567_89AB_CDEF);
    let set: Vec<usize> = (0..pristine.len()).filter(|at| pristine[*at] != 0 && pristine[*at] != b' ').collect();
    let mut taken = 0;
    for _ in 0..2000 {
        let change = u8::try_from(1 + places.below(255)).unwrap();
        taken += usize::from(try_at(set[places.below(set.len())], change));
        taken += usize::from(try_at(places.below(pristine.len()), change));
    }
    assert!(taken > 100, "changes of free space do no harm, but only {taken} were without effect");
}

#[test]
fn thousands_of_bundles_are_looked_through_in_one_pass() {
    /// Counts how often everything is listed: once for each bundle would be quadratic.
    struct Counted<'a>(FatShelf<'a>, std::cell::Cell<usize>);
    impl Shelf for Counted<'_> {
        fn list(&self) -> Result<Vec<(String, u64)>, String> {
            self.1.set(self.1.get() + 1);
            self.0.list()
        }
        fn find(&self, path: &str) -> Result<Option<(String, u64)>, String> {
            self.0.find(path)
        }
        fn read(&self, path: &str, most: u64) -> Result<Secret, String> {
            self.0.read(path, most)
        }
    }
    let sealed = Sealed::new();
    let layout = MediumPlan {
        table: PartitionTable::None,
        filesystem: Filesystem::Fat16,
        label: "FIRSTLIGHT".into(),
        size: Some(5 << 20),
    };
    let image = image_bytes(&encode(&firstlight::delivery::Cargo::of(&sealed.artifact), &layout, None).unwrap());
    let source = &image[..];
    let volume = Volume::open(&source).unwrap();
    let shelf = Counted(FatShelf::new(&volume).unwrap(), std::cell::Cell::new(0));
    for _ in 0..10 {
        assert!(sealed.open(&shelf)[0].is_ok());
    }
    assert_eq!(shelf.1.get(), 10, "once to find the bundles, never to open one");
}

#[test]
fn more_bundles_than_a_device_takes_are_too_big() {
    let place = |number: u32| (format!("firstlight/gw-{number}/{MANIFEST_NAME}"), Vec::new());
    let shelf = |count| Files((0..count).map(place).collect());
    let limits = Limits::default();
    assert_eq!(find(&shelf(4096), limits).unwrap().len(), 4096);
    assert_eq!(find(&shelf(4097), limits).unwrap_err().reason, Reason::TooBig);
}

#[test]
fn a_manifest_longer_than_a_mebibyte_is_too_big_before_it_is_judged() {
    let sealed = Sealed::new();
    let mut shelf = sealed.shelf();
    shelf.0.get_mut(MANIFEST_NAME).unwrap().resize((1 << 20) + 1, b' ');
    let refusal = sealed.open(&shelf).remove(0).unwrap_err();
    assert_eq!(refusal.reason, Reason::TooBig, "{refusal}");
}
