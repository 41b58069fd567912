//! The CPU of sealing bundles beside that of the bare age and Ed25519 operations in them, in the same run and thread.
//!
//! usage: cargo bench --bench seal [-- BUNDLES]
//!
//! Ends with status 1 if sealing costs more than twice the bare operations. What is counted for us: the recipient read and
//! checked, each file encrypted, digests, the manifest written and signed, the artifact frozen. Rendering is not.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::exit, clippy::cast_precision_loss, missing_docs)]

#[path = "../tests/bundle/fixture.rs"]
#[allow(dead_code, unreachable_pub, missing_docs)]
mod fixture;

use std::collections::BTreeMap;
use std::io::Write as _;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use firstlight::authority::check_recipient;
use firstlight::bundle::sealed::{PublicKey, SealingKey};
use firstlight::bundle::{Composed, Rendering, Seals, Template, compose};
use firstlight::delivery::{Signer, TrustedKeys};
use firstlight::fleet::DevicePlan;
use firstlight::host::surroundings::OsRandom;
use time::macros::datetime;

const BUNDLES: usize = 2000;
const ROUNDS: usize = 5;
const BOUND: f64 = 2.0;

struct Key(Ed25519KeyPair);

impl Signer for Key {
    fn key_id(&self) -> [u8; 8] {
        [7; 8]
    }

    fn public_key(&self) -> [u8; 32] {
        self.0.public_key().as_ref().try_into().unwrap()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], String> {
        Ok(self.0.sign(message).as_ref().try_into().unwrap())
    }
}

fn main() {
    let asked = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let bundles = asked.unwrap_or(BUNDLES) / ROUNDS;
    let template = fixture::template("linux", &[]).unwrap();
    let plan = plan(&template);
    let key = Key(Ed25519KeyPair::from_seed_unchecked(&[3; 32]).unwrap());
    let recipient = age::x25519::Identity::generate().to_public().to_string();
    let contents: Vec<Vec<u8>> =
        fixture::rendered(&template, &plan).files().iter().map(|file| file.bytes.expose(<[u8]>::to_vec)).collect();
    let mut ratios = Vec::new();
    let mut total = 0.0;
    for _ in 0..ROUNDS {
        let bare = cpu(|| (0..bundles).for_each(|_| bare(&contents, &recipient, &key)));
        let composed: Vec<Composed> = (0..bundles).map(|_| composed(&template, &plan)).collect();
        let sealed = cpu(|| composed.into_iter().for_each(|composed| seal(composed, &recipient, &key)));
        ratios.push(sealed / bare);
        total += sealed;
    }
    ratios.sort_by(f64::total_cmp);
    let (ratio, one) = (ratios[ROUNDS / 2], total / (bundles * ROUNDS) as f64);
    let files = contents.len();
    println!(
        "{} bundles of {files} files: {:.3} ms CPU each, {:.0} s for 100,000",
        bundles * ROUNDS,
        one * 1e3,
        one * 1e5
    );
    println!(
        "sealing to the bare operations: {ratio:.2} (median of {ROUNDS}, {:.2} to {:.2}; bound {BOUND})",
        ratios[0],
        ratios[ROUNDS - 1]
    );
    if ratio > BOUND {
        std::process::exit(1);
    }
}

fn plan(template: &Template) -> DevicePlan {
    let yaml = fixture::fleet_yaml("linux", fixture::TELEMETRY, fixture::IDENTITY, "      restart: []");
    fixture::plan(template, &yaml, fixture::DEVICES)
}

fn composed(template: &Template, plan: &DevicePlan) -> Composed {
    let rendering = Rendering {
        plan,
        version: 1,
        created: datetime!(2026-01-02 03:04:05 UTC),
        credentials: &fixture::issue(plan),
        secrets: &BTreeMap::new(),
        root: fixture::ROOT,
        demo: true,
        chip: None,
    };
    compose(template, &rendering).unwrap()
}

fn seal(composed: Composed, recipient: &str, key: &Key) {
    check_recipient(recipient).unwrap();
    let seals = Seals {
        signers: vec![key],
        trusted_keys: TrustedKeys { sequence: 1, keys: vec![PublicKey::of(key).line()] },
        key: Some(SealingKey::age([recipient]).unwrap()),
        random: &OsRandom,
    };
    let artifact = composed.seal(&seals).unwrap();
    assert!(std::hint::black_box(artifact).attachments().len() == 2);
}

/// As many age files and signatures as a bundle has, and nothing else: minisign signs the document and the comment.
fn bare(contents: &[Vec<u8>], recipient: &str, key: &Key) {
    let recipient: age::x25519::Recipient = recipient.parse().unwrap();
    for content in contents {
        let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient)).unwrap();
        let mut file = Vec::new();
        let mut writer = encryptor.wrap_output(&mut file).unwrap();
        writer.write_all(content).unwrap();
        writer.finish().unwrap();
        std::hint::black_box(&file);
    }
    for message in [&[1_u8; 1700][..], &[2; 100]] {
        std::hint::black_box(key.sign(message).unwrap());
    }
}

/// Seconds of this thread's CPU that `work` takes.
fn cpu(work: impl FnOnce()) -> f64 {
    let now = || {
        let spent = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        spent.split(' ').next().unwrap().parse::<u64>().unwrap() as f64 / 1e9
    };
    let began = now();
    work();
    now() - began
}
