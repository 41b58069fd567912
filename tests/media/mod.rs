//! What the tests of media share: artifacts, a yes, and other people's programs.
#![allow(dead_code)]

use std::path::Path;
use std::process::{Command, Output};

use firstlight::delivery::{
    ArtifactFile, Cargo, Confirm, Consent, Event, Footprint, Manifest, Preflight, Receipt, SealedArtifact, Sink,
    SinkError,
};
use firstlight::fleet::{EndpointName, Filesystem, MediumPlan, PartitionTable, Secret};

pub(crate) struct Yes;

impl Confirm for Yes {
    fn confirm(&self, _: &Preflight) -> Result<(), SinkError> {
        Ok(())
    }
}

/// Two files for one device, signed by nobody we know, with room for its reader's result.
pub(crate) fn small_artifact_of(device: &str) -> SealedArtifact {
    let named = Manifest { device: EndpointName::new(device).unwrap(), ..manifest(1) };
    let file = |path: &str, bytes: Vec<u8>| ArtifactFile::plain(path, 0o600, Secret::new(bytes));
    let files = vec![file("user-data", device.into()), file("certificates/identity.pem", noise(3000, 7))];
    SealedArtifact::seal(named, files).unwrap().with_signatures(vec![b"untrusted comment: x\n".to_vec()])
}

pub(crate) fn manifest(version: u32) -> Manifest {
    Manifest {
        template: "cloud-init".into(),
        created: "2026-01-02T03:04:06Z".into(),
        accept_plaintext: Some("test".into()),
        ..Manifest::new("acme", EndpointName::new("gw-0001").unwrap(), "site", version)
    }
}

pub(crate) fn artifact_of(version: u32, files: &[(&str, Vec<u8>)]) -> SealedArtifact {
    let file = |(path, bytes): &(&str, Vec<u8>)| ArtifactFile::plain(path, 0o600, Secret::new(bytes.clone()));
    SealedArtifact::seal(manifest(version), files.iter().map(file).collect()).unwrap()
}

/// Two small files and one of 9 KB in a folder.
pub(crate) fn small_artifact() -> SealedArtifact {
    artifact_of(
        1,
        &[
            ("user-data", b"#cloud-config\nhostname: gw-0001\n".to_vec()),
            ("meta-data", b"instance-id: gw-0001-1\n".to_vec()),
            ("certificates/identity.pem", noise(9000, 1)),
        ],
    )
}

/// Bytes that no compression and no chance repeats.
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

pub(crate) fn plan(table: PartitionTable, filesystem: Filesystem, size: Option<u64>) -> MediumPlan {
    MediumPlan { table, filesystem, label: "CIDATA".into(), size }
}

pub(crate) fn need(medium: MediumPlan, artifact: &SealedArtifact) -> Footprint {
    Footprint { carrier: medium.into(), payload: Some(artifact.payload()) }
}

pub(crate) fn consent(sink: &mut dyn Sink, need: &Footprint) -> Result<Consent, SinkError> {
    sink.preflight(need)?.confirm(&Yes)
}

pub(crate) fn deliver_all(sink: &mut dyn Sink, plan: MediumPlan, cargo: &Cargo<'_>) -> Result<Receipt, SinkError> {
    let need = Footprint { carrier: plan.into(), payload: Some(cargo.payload()) };
    let consent = consent(sink, &need)?;
    sink.commit(cargo, consent, &|_: Event<'_>| ())
}

pub(crate) fn deliver(sink: &mut dyn Sink, plan: MediumPlan, artifact: &SealedArtifact) -> Result<Receipt, SinkError> {
    let consent = consent(sink, &need(plan, artifact))?;
    sink.commit(&Cargo::of(artifact), consent, &|_: Event<'_>| ())
}

/// Runs an outside program; a missing one fails the test with its name.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Output {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let output = Command::new(program).args(arguments).env("PATH", path).env("MTOOLS_SKIP_CHECK", "0").output();
    output.unwrap_or_else(|error| panic!("{program} is needed for this test and cannot be run: {error}"))
}

/// Runs it and wants success.
pub(crate) fn run_well(program: &str, arguments: &[&str]) -> String {
    let output = run(program, arguments);
    let words = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}: {words}");
    words
}

/// fsck.fat finds nothing to complain of in the volume `file`.
pub(crate) fn assert_fsck_clean(file: &Path) {
    let words = run_well("fsck.fat", &["-n", "-v", file.to_str().unwrap()]);
    assert!(!words.contains("differ") && !words.contains("Reclaimed") && !words.contains("dirty"), "{words}");
}

/// mtools reads every file of the artifact, equal, from the volume at `offset` of `image`.
pub(crate) fn assert_mtools_reads(image: &Path, offset: u64, artifact: &SealedArtifact) {
    let image = format!("{}@@{offset}", image.display());
    for file in artifact.files() {
        let output = run("mtype", &["-i", &image, &format!("::/{}", file.path)]);
        assert!(output.status.success(), "{}: {}", file.path, String::from_utf8_lossy(&output.stderr));
        assert!(file.bytes.expose(|bytes| bytes == output.stdout), "{} reads back differently", file.path);
    }
    let output = run("mtype", &["-i", &image, "::/firstlight-manifest.json"]);
    assert_eq!(output.stdout, artifact.manifest().to_json());
}
