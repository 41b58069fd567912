//! A spooled artifact, damaged on the station's disk: no panic, and what is read has the digest of its manifest.
#![no_main]

use firstlight::delivery::SealedArtifact;
use firstlight::fleet::Secret;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(artifact) = SealedArtifact::from_spool(&Secret::new(bytes.to_vec())) {
        let again = SealedArtifact::from_spool(&artifact.to_spool()).expect("what we write we can read");
        assert_eq!(again.digest(), artifact.digest(), "nothing is lost on the way");
    }
});
