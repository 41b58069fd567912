//! What the authority makes, judged by others: openssl, GnuTLS, pkilint and the age program.
//!
//! A missing program fails the test; `tests/run` installs them all (Debian: openssl, gnutls-bin, age; PyPI: pkilint).
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used)] // clippy.toml allows it in test functions, not in what they share

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use base64::Engine;
use firstlight::authority::backup::{self, BackupKey};
use firstlight::authority::{
    AskPassphrase, Authority, AuthorityError, CredentialRequest, Keys, check_recipient, wrap_for_recipient,
};
use firstlight::delivery::{Credential, PublicKind};
use firstlight::fleet::{
    CertificateProfile, CredentialKind, CredentialShape, EndpointName, KeyAlgorithm, Retain, Secret, SerialNumber,
    Validity,
};
use firstlight::host::surroundings::{OsRandom, SeededRandom, SystemClock};

struct NobodyThere;

impl AskPassphrase for NobodyThere {
    fn passphrase(&self, for_what: &str) -> Result<Secret, AuthorityError> {
        Err(AuthorityError::NoPassphrase { for_what: for_what.to_owned(), reason: "this is a test".to_owned() })
    }
}

struct Bench {
    place: tempfile::TempDir,
    keys: Keys,
    authority: Authority,
}

fn bench(demo: bool) -> Bench {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join(".firstlight");
    let keys = Keys::create(&folder, "desk", None, &OsRandom).unwrap();
    let authority = Authority::create(&folder, &keys, "ACME CA", Some("ACME"), demo, &SystemClock, &OsRandom).unwrap();
    Bench { place, keys, authority }
}

fn issue(bench: &Bench, number: usize, kind: CredentialKind) -> Credential {
    let device = EndpointName::new(&format!("gw-{number:04}_x@acme")).unwrap();
    let serial = SerialNumber::new(&format!("SN-{number}/a+b")).unwrap();
    let request = CredentialRequest {
        device: &device,
        serial: (number.is_multiple_of(2)).then_some(&serial),
        model: None,
        name: &Arc::from("identity"),
        generation: 1,
        group_keys: None,
        shape: &CredentialShape { kind, retain: Retain::Keep },
    };
    if number.is_multiple_of(5) && bench.authority.is_demo() {
        let seeded = SeededRandom::new(&Secret::new(number.to_be_bytes().to_vec()));
        return bench.authority.issue(&request, &SystemClock, &seeded).unwrap();
    }
    bench.authority.issue(&request, &SystemClock, &OsRandom).unwrap()
}

fn x509() -> CredentialKind {
    CredentialKind::X509 {
        key: KeyAlgorithm::P256,
        profile: CertificateProfile::Idevid,
        valid: Validity::Forever,
        made: firstlight::fleet::KeyOrigin::default(),
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn certificate_pem(credential: &Credential) -> String {
    match &credential.public.kind {
        PublicKind::X509 { certificate, .. } => pem("CERTIFICATE", certificate),
        _ => panic!("no certificate"),
    }
}

/// Runs a program to its end.
fn run<S: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>, input: &[u8]) -> Output {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} is needed for this test ({error}); tests/run installs it"));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeding = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    feeding.join().unwrap();
    output
}

/// Runs a program that must be content; returns what it printed.
fn accept<S: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>, input: &[u8]) -> Vec<u8> {
    let output = run(program, arguments, input);
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} does not accept this: {said}{complained}");
    output.stdout
}

fn put(bench: &Bench, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = bench.place.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// The linter in the environment that tests/run makes.
fn pkilint() -> String {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.oracles/venv/bin/lint_pkix_cert");
    assert!(program.exists(), "{} is missing; tests/run installs it (PyPI: pkilint)", program.display());
    program.display().to_string()
}

#[test]
fn openssl_and_gnutls_accept_fifty_certificates() {
    for demo in [false, true] {
        let bench = bench(demo);
        let root = put(&bench, "root.pem", bench.authority.root_pem());
        let intermediate = put(&bench, "intermediate.pem", bench.authority.intermediate_pem());
        for number in 0..25 {
            let leaf = certificate_pem(&issue(&bench, number, x509()));
            let path = put(&bench, "leaf.pem", &leaf);
            let mut arguments = vec!["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile"];
            let (root, intermediate, path) =
                (root.to_str().unwrap(), intermediate.to_str().unwrap(), path.to_str().unwrap());
            arguments.extend([root, "-untrusted", intermediate, path]);
            accept("openssl", &arguments, b"");
            arguments.splice(4..4, ["-attime", "253402300700"]);
            accept("openssl", &arguments, b"");
            let chain = leaf + bench.authority.intermediate_pem() + bench.authority.root_pem();
            let told = accept("certtool", ["--verify", "--load-ca-certificate", root], chain.as_bytes());
            assert!(String::from_utf8_lossy(&told).contains("Verified. The certificate is trusted."));
        }
    }
}

#[test]
fn openssl_refuses_a_device_as_server_or_as_issuer() {
    let bench = bench(false);
    let (root, intermediate) = (
        put(&bench, "root.pem", bench.authority.root_pem()),
        put(&bench, "intermediate.pem", bench.authority.intermediate_pem()),
    );
    let leaf = put(&bench, "leaf.pem", certificate_pem(&issue(&bench, 1, x509())));
    let verify = |purpose, untrusted: &Path, leaf: &Path| {
        let arguments = ["verify", "-x509_strict", "-purpose", purpose, "-CAfile"].map(OsStr::new);
        let files = [root.as_os_str(), OsStr::new("-untrusted"), untrusted.as_os_str(), leaf.as_os_str()];
        run("openssl", arguments.into_iter().chain(files), b"").status.success()
    };
    assert!(verify("sslclient", &intermediate, &leaf));
    assert!(!verify("sslserver", &intermediate, &leaf));
    let other = certificate_pem(&issue(&self::bench(false), 1, x509()));
    assert!(!verify("sslclient", &intermediate, &put(&bench, "other.pem", other)), "another authority's");
}

#[test]
fn pkilint_finds_nothing_in_root_intermediate_and_devices() {
    let bench = bench(false);
    let certificates = [
        bench.authority.root_pem().to_owned(),
        bench.authority.intermediate_pem().to_owned(),
        certificate_pem(&issue(&bench, 1, x509())),
        certificate_pem(&issue(&bench, 2, x509())),
    ];
    for (number, certificate) in certificates.iter().enumerate() {
        let path = put(&bench, "lint.pem", certificate);
        let said = accept(&pkilint(), ["lint", "-s", "WARNING", path.to_str().unwrap()], b"");
        assert_eq!(String::from_utf8_lossy(&said).trim(), "", "certificate {number}");
    }
    let faulty = rcgen::generate_simple_self_signed(vec![]).unwrap().cert.pem();
    let path = put(&bench, "lint.pem", faulty);
    let output = run(&pkilint(), ["lint", "-s", "WARNING", path.to_str().unwrap()], b"");
    assert!(!output.stdout.is_empty(), "the linter finds faults where there are some");
}

#[test]
fn openssl_reads_the_private_keys_and_they_are_the_certificates() {
    let bench = bench(true);
    for number in 0..10 {
        let credential = issue(&bench, number, x509());
        let key = credential.private.expose(|der| pem("PRIVATE KEY", der));
        let of_key = accept("openssl", ["pkey", "-pubout"], key.as_bytes());
        let of_certificate = accept("openssl", ["x509", "-noout", "-pubkey"], certificate_pem(&credential).as_bytes());
        assert_eq!(of_key, of_certificate);
        let checked = accept("openssl", ["pkey", "-check", "-noout"], key.as_bytes());
        assert!(String::from_utf8_lossy(&checked).contains("valid"));
    }
}

#[test]
fn openssl_reads_the_raw_public_key_and_it_is_the_private_keys() {
    let bench = bench(false);
    let credential = issue(&bench, 1, CredentialKind::RawPublicKey { key: KeyAlgorithm::P256 });
    let PublicKind::RawPublicKey { public_key, .. } = &credential.public.kind else { panic!("no raw public key") };
    let key = credential.private.expose(|der| pem("PRIVATE KEY", der));
    let of_key = accept("openssl", ["pkey", "-pubout", "-outform", "DER"], key.as_bytes());
    assert_eq!(&of_key, public_key);
}

#[test]
fn openssl_reads_the_serial_number_and_the_subject_as_recorded() {
    let bench = bench(false);
    let credential = issue(&bench, 2, x509());
    let arguments = ["x509", "-noout", "-serial", "-subject", "-nameopt", "RFC2253", "-enddate"];
    let said = String::from_utf8(accept("openssl", arguments, certificate_pem(&credential).as_bytes())).unwrap();
    let serial = credential.public.certificate_serial().unwrap().to_uppercase();
    assert!(said.contains(&format!("serial={serial}\n")), "{said}");
    assert!(said.contains("subject=serialNumber=SN-2/a\\+b,CN=gw-0002_x@acme,O=ACME\n"), "{said}");
    assert!(said.contains("notAfter=Dec 31 23:59:59 9999 GMT"), "{said}");
}

#[test]
fn the_age_program_opens_what_is_wrapped_for_its_key() {
    let bench = bench(false);
    let made = String::from_utf8(accept("age-keygen", [""; 0], b"")).unwrap();
    let recipient = made.split_whitespace().find(|word| word.starts_with("age1")).unwrap();
    check_recipient(recipient).unwrap();
    let identity = put(&bench, "identity", &made);
    for content in [vec![], vec![0xA5; 16], vec![7; 70_000]] {
        let file = put(&bench, "w.age", wrap_for_recipient(recipient, &Secret::new(content.clone())).unwrap());
        let opened = accept("age", ["-d", "-i", identity.to_str().unwrap(), file.to_str().unwrap()], b"");
        assert_eq!(opened, content);
    }
}

#[test]
fn what_the_age_program_encrypts_for_the_station_is_a_secret_here() {
    use firstlight::authority::secrets::resolve;
    use firstlight::fleet::SecretSource;
    let bench = bench(false);
    for (name, armor) in [("w.age", vec![]), ("a.age", vec!["-a"])] {
        let recipient = bench.keys.recipient();
        let arguments = armor.into_iter().chain(["-r", &recipient]);
        put(&bench, name, accept("age", arguments, b"hunter2\n"));
        let secret = resolve("wifi", &SecretSource::Age(name.into()), bench.place.path(), &bench.keys, &NobodyThere);
        assert!(secret.unwrap().expose(|bytes| bytes == b"hunter2"), "{name}");
    }
}

#[test]
fn in_the_worst_hour_age_and_tar_bring_a_backup_back() {
    let bench = bench(false);
    let made = String::from_utf8(accept("age-keygen", [""; 0], b"")).unwrap();
    let recipient = made.split_whitespace().find(|word| word.starts_with("age1")).unwrap();
    let identity = put(&bench, "identity", &made);
    let file = bench.place.path().join("backup.age");
    let ledger = put(&bench, "ledger", vec![9; 200_000]);
    let key = BackupKey::Recipient(recipient);
    backup::write(bench.place.path(), "acme", &file, key, Some(&ledger), &SystemClock).unwrap();
    let archive = accept("age", ["-d", "-i", identity.to_str().unwrap(), file.to_str().unwrap()], b"");
    let back = bench.place.path().join("back");
    fs::create_dir(&back).unwrap();
    accept("tar", ["-x", "-C", back.to_str().unwrap()], &archive);
    let folder = back.join(".firstlight");
    assert_eq!(fs::read(folder.join("ledger.sqlite3")).unwrap(), vec![9; 200_000]);
    let keys = Keys::open(&folder, &NobodyThere).unwrap();
    let root = Authority::open(&folder, &keys).unwrap().root_fingerprint();
    assert_eq!(root, bench.authority.root_fingerprint());
    let fleet_key = folder.join("fleet.key.age");
    let station_key = folder.join("station.key");
    let opened = accept("age", ["-d", "-i", station_key.to_str().unwrap(), fleet_key.to_str().unwrap()], b"");
    assert_eq!(opened.len(), 32, "the age program opens the fleet key with the station key");
}
