//! Station keys, the pinned authority, backup and restore: what is promised to whoever loses a laptop.
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used)] // clippy.toml allows it in test functions, not in what they share

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use firstlight::authority::backup::{self, BackupKey, RestoreKey};
use firstlight::authority::{AskPassphrase, Authority, AuthorityError, Keys, Protection, State, guard};
use firstlight::delivery::{Random, SealedMaterial};
use firstlight::fleet::{Class, Diagnose, Digest, Secret};
use firstlight::host::surroundings::{FixedClock, OsRandom, SeededRandom, SystemClock};
use proptest::prelude::*;
use time::macros::datetime;

struct Says(&'static str);

impl AskPassphrase for Says {
    fn passphrase(&self, _for_what: &str) -> Result<Secret, AuthorityError> {
        Ok(secret(self.0))
    }
}

struct NobodyThere;

impl AskPassphrase for NobodyThere {
    fn passphrase(&self, for_what: &str) -> Result<Secret, AuthorityError> {
        Err(AuthorityError::NoPassphrase { for_what: for_what.to_owned(), reason: "there is no terminal".to_owned() })
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text.as_bytes().to_vec())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A fleet's folder with keys, authority, ledger and lock.
struct Bench {
    place: tempfile::TempDir,
    root: Digest,
    sealed: SealedMaterial,
}

impl Bench {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join(".firstlight");
        let keys = Keys::create(&folder, "desk", None, &OsRandom).unwrap();
        let authority = Authority::create(&folder, &keys, "CA", None, false, &SystemClock, &OsRandom).unwrap();
        fs::write(place.path().join("fleet.lock"), "pinned\n").unwrap();
        fs::write(place.path().join("snapshot"), b"SQLite format 3\0 and rows").unwrap();
        let sealed = keys.fleet_key().seal("gw-1/identity/1", &secret("private"), &OsRandom);
        Self { root: authority.root_fingerprint(), sealed, place }
    }

    fn path(&self) -> &Path {
        self.place.path()
    }

    fn keys(&self) -> PathBuf {
        self.path().join(".firstlight")
    }

    fn back_up(&self, to: &Path, key: BackupKey<'_>) -> Result<(), AuthorityError> {
        let clock = FixedClock(datetime!(2026-06-01 12:00 UTC));
        backup::write(self.path(), "acme", to, key, Some(&self.path().join("snapshot")), &clock)
    }

    /// Loses everything but the files that are committed.
    fn lose_keys(&self) {
        fs::remove_dir_all(self.keys()).unwrap();
    }
}

/// A key kept elsewhere: its recipient and its identity text.
fn key_elsewhere() -> (String, Secret) {
    let place = tempfile::tempdir().unwrap();
    let keys = Keys::create(&place.path().join("k"), "elsewhere", None, &OsRandom).unwrap();
    (keys.recipient(), Secret::new(fs::read(place.path().join("k/station.key")).unwrap()))
}

#[test]
fn keys_lie_in_a_private_folder_in_private_files() {
    let bench = Bench::new();
    let keys = bench.keys();
    assert_eq!(names(&keys), ["authority", "fleet.key.age", "station.json", "station.key"]);
    assert_eq!(
        names(&keys.join("authority")),
        ["intermediate.key.age", "intermediate.pem", "root.key.age", "root.pem"]
    );
    assert_eq!((mode(&keys), mode(&keys.join("authority"))), (0o700, 0o700));
    for name in ["fleet.key.age", "station.json", "station.key"] {
        assert_eq!(mode(&keys.join(name)), 0o600, "{name}");
    }
    for name in names(&keys.join("authority")) {
        assert_eq!(mode(&keys.join("authority").join(&name)), 0o600, "{name}");
    }
    assert_eq!(names(bench.path()), [".firstlight", "fleet.lock", "snapshot"], "nothing is left beside");
}

#[test]
fn no_private_key_but_the_stations_lies_in_clear() {
    let bench = Bench::new();
    for name in ["fleet.key.age", "authority/root.key.age", "authority/intermediate.key.age"] {
        assert!(fs::read(bench.keys().join(name)).unwrap().starts_with(b"age-encryption.org/v1\n"), "{name}");
    }
}

#[test]
fn opened_keys_are_the_created_ones() {
    let bench = Bench::new();
    assert!(Keys::exist(&bench.keys()));
    assert_eq!(Keys::protection(&bench.keys()).unwrap(), Protection::Plain);
    let keys = Keys::open(&bench.keys(), &NobodyThere).unwrap();
    assert_eq!(keys.station_name(), "desk");
    assert!(keys.recipient().starts_with("age1"));
    let opened = keys.fleet_key().unseal("gw-1/identity/1", &bench.sealed).unwrap();
    assert!(opened.expose(|bytes| bytes == b"private"));
}

#[test]
fn keys_are_never_overwritten_even_in_part() {
    let bench = Bench::new();
    let again = |folder: &Path| Keys::create(folder, "desk", None, &OsRandom);
    assert!(matches!(again(&bench.keys()), Err(AuthorityError::Exists { .. })));
    for name in ["station.key", "station.json", "fleet.key.age"] {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join(name), b"kept").unwrap();
        assert!(matches!(again(place.path()), Err(AuthorityError::Exists { .. })), "{name}");
        assert_eq!(names(place.path()), [name]);
        assert_eq!(fs::read(place.path().join(name)).unwrap(), b"kept");
    }
}

#[test]
fn keys_go_into_a_folder_that_is_there_and_close_it() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join(".firstlight");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.join("ledger.sqlite3"), b"rows").unwrap();
    Keys::create(&folder, "desk", None, &OsRandom).unwrap();
    assert_eq!(mode(&folder), 0o700);
    Keys::open(&folder, &NobodyThere).unwrap();
}

#[test]
fn keys_that_cannot_be_written_leave_nothing() {
    let place = tempfile::tempdir().unwrap();
    assert!(Keys::create(&place.path().join("no/such"), "desk", None, &OsRandom).is_err());
    fs::write(place.path().join("file"), b"x").unwrap();
    assert!(Keys::create(&place.path().join("file"), "desk", None, &OsRandom).is_err());
    assert_eq!(names(place.path()), ["file"]);
}

#[test]
fn a_station_key_in_clear_that_others_may_read_is_refused() {
    let bench = Bench::new();
    for wide in [0o640, 0o604, 0o644] {
        fs::set_permissions(bench.keys().join("station.key"), Permissions::from_mode(wide)).unwrap();
        let opened = Keys::open(&bench.keys(), &NobodyThere).err().unwrap();
        assert!(matches!(opened, AuthorityError::Exposed { mode, .. } if mode == wide));
        assert_eq!(opened.class(), Class::Refused);
        assert!(opened.hint().unwrap().starts_with("chmod 600 '"));
    }
}

#[test]
fn a_passphrase_protects_the_station_key() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("k");
    let made = Keys::create(&folder, "desk", Some(&secret("correct horse")), &OsRandom).unwrap();
    assert_eq!(Keys::protection(&folder).unwrap(), Protection::Passphrase);
    let file = fs::read(folder.join("station.key")).unwrap();
    assert!(!file.windows(14).any(|part| part == b"AGE-SECRET-KEY"));
    let opened = Keys::open(&folder, &Says("correct horse")).unwrap();
    assert_eq!(opened.recipient(), made.recipient());
    assert!(matches!(Keys::open(&folder, &Says("wrong")), Err(AuthorityError::WrongPassphrase { .. })));
    assert!(matches!(Keys::open(&folder, &NobodyThere), Err(AuthorityError::NoPassphrase { .. })));
    assert!(matches!(Keys::open(&folder, &Says("")), Err(AuthorityError::UnfitPassphrase)));
    let authority = Authority::create(&folder, &opened, "CA", None, true, &SystemClock, &OsRandom).unwrap();
    assert_eq!(authority.describe().protection, Protection::Passphrase);
}

#[test]
fn keys_that_do_not_belong_together_do_not_open() {
    let (bench, other) = (Bench::new(), Bench::new());
    for name in ["station.key", "station.json", "fleet.key.age"] {
        let kept = fs::read(bench.keys().join(name)).unwrap();
        fs::copy(other.keys().join(name), bench.keys().join(name)).unwrap();
        assert!(Keys::open(&bench.keys(), &NobodyThere).is_err(), "{name} of another station");
        fs::write(bench.keys().join(name), b"garbage").unwrap();
        assert!(Keys::open(&bench.keys(), &NobodyThere).is_err(), "{name} garbage");
        fs::write(bench.keys().join(name), kept).unwrap();
    }
    Keys::open(&bench.keys(), &NobodyThere).unwrap();
    let none = Keys::open(&bench.path().join("none"), &NobodyThere).err().unwrap();
    assert!(matches!(none, AuthorityError::NoKeys { .. }));
}

#[test]
fn a_seed_never_makes_a_fleet_key() {
    let seeded = SeededRandom::new(&secret("1"));
    let sealed = [0, 1].map(|_| {
        let place = tempfile::tempdir().unwrap();
        let keys = Keys::create(&place.path().join("k"), "desk", None, &seeded).unwrap();
        keys.fleet_key().conceal("a", b"x")
    });
    assert!(seeded.foretold());
    assert_ne!(sealed[0], sealed[1]);
}

#[test]
fn the_guard_lets_only_the_pinned_authority_pass() {
    let bench = Bench::new();
    let (folder, root) = (bench.keys(), bench.root);
    let other = Digest::of(b"another root");
    assert_eq!(guard(&folder, Some(root), false).unwrap(), State::Present { root });
    assert!(matches!(guard(&folder, Some(other), false), Err(AuthorityError::Different { .. })));
    assert!(matches!(guard(&folder, None, false), Err(AuthorityError::Unpinned { .. })));
    assert!(matches!(guard(&folder, Some(root), true), Err(AuthorityError::OtherKind { .. })));
    bench.lose_keys();
    let missing = guard(&folder, Some(root), false).unwrap_err();
    assert!(matches!(missing, AuthorityError::Missing { .. }));
    assert_eq!(missing.class(), Class::Input);
    assert!(missing.hint().unwrap().contains("firstlight restore FILE"));
    assert!(matches!(guard(&folder, Some(root), true), Err(AuthorityError::Missing { .. })));
    assert_eq!(guard(&folder, None, false).unwrap(), State::Absent);
}

#[test]
fn the_guard_lets_an_unpinned_demo_pass_but_not_for_production() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("k");
    let keys = Keys::create(&folder, "desk", None, &OsRandom).unwrap();
    let demo = Authority::create(&folder, &keys, "CA", None, true, &SystemClock, &OsRandom).unwrap();
    let root = demo.root_fingerprint();
    assert_eq!(guard(&folder, None, true).unwrap(), State::Present { root });
    assert_eq!(guard(&folder, Some(root), true).unwrap(), State::Present { root });
    assert!(matches!(guard(&folder, Some(root), false), Err(AuthorityError::OtherKind { .. })));
}

#[test]
fn half_an_authority_is_an_error_and_no_reason_to_make_another() {
    let bench = Bench::new();
    fs::remove_file(bench.keys().join("authority/root.pem")).unwrap();
    for pinned in [None, Some(bench.root)] {
        assert!(guard(&bench.keys(), pinned, true).is_err());
    }
}

#[test]
fn after_losing_everything_a_backup_brings_back_the_same_root_and_the_same_secrets() {
    let (recipient, identity) = key_elsewhere();
    let phrase = secret("a phrase");
    for (key, opener) in [
        (BackupKey::Recipient(&recipient), RestoreKey::Identity(&identity)),
        (BackupKey::Passphrase(&phrase), RestoreKey::Passphrase(&phrase)),
    ] {
        let bench = Bench::new();
        let file = bench.path().join("backup.age");
        bench.back_up(&file, key).unwrap();
        assert_eq!(mode(&file), 0o600);
        bench.lose_keys();
        fs::remove_file(bench.path().join("fleet.lock")).unwrap();
        let restored = backup::restore(&file, bench.path(), opener, None).unwrap();
        assert_eq!((restored.fleet.as_str(), restored.station.as_str()), ("acme", "desk"));
        assert_eq!((restored.root, restored.created.as_str()), (Some(bench.root), "2026-06-01T12:00:00Z"));
        assert_eq!(restored.files.len(), 9);
        let keys = Keys::open(&bench.keys(), &NobodyThere).unwrap();
        assert_eq!(Authority::open(&bench.keys(), &keys).unwrap().root_fingerprint(), bench.root);
        let opened = keys.fleet_key().unseal("gw-1/identity/1", &bench.sealed).unwrap();
        assert!(opened.expose(|bytes| bytes == b"private"));
        assert_eq!(fs::read(bench.keys().join("ledger.sqlite3")).unwrap(), b"SQLite format 3\0 and rows");
        assert_eq!(fs::read(bench.path().join("fleet.lock")).unwrap(), b"pinned\n");
        assert_eq!((mode(&bench.keys()), mode(&bench.keys().join("authority"))), (0o700, 0o700));
        assert_eq!(mode(&bench.keys().join("station.key")), 0o600);
        assert_eq!(names(bench.path()), [".firstlight", "backup.age", "fleet.lock", "snapshot"]);
    }
}

#[test]
fn a_backup_never_replaces_a_file_and_leaves_nothing_after_an_error() {
    let bench = Bench::new();
    let (recipient, _) = key_elsewhere();
    let file = bench.path().join("backup.age");
    fs::write(&file, b"kept").unwrap();
    let again = bench.back_up(&file, BackupKey::Recipient(&recipient));
    assert!(matches!(again, Err(AuthorityError::Exists { .. })));
    assert_eq!(fs::read(&file).unwrap(), b"kept");
    fs::remove_file(&file).unwrap();
    fs::remove_file(bench.path().join("snapshot")).unwrap();
    assert!(bench.back_up(&file, BackupKey::Recipient(&recipient)).is_err(), "the ledger's copy is missing");
    assert!(bench.back_up(&bench.path().join("no/such"), BackupKey::Recipient(&recipient)).is_err());
    assert_eq!(names(bench.path()), [".firstlight", "fleet.lock"]);
}

#[test]
fn a_backup_is_not_protected_by_what_it_holds_or_by_nothing() {
    let bench = Bench::new();
    let own = Keys::open(&bench.keys(), &NobodyThere).unwrap().recipient();
    let file = bench.path().join("backup.age");
    for recipient in [own.clone(), own.to_uppercase()] {
        let made = bench.back_up(&file, BackupKey::Recipient(&recipient));
        assert!(matches!(made, Err(AuthorityError::BackupToItself)));
    }
    assert!(bench.back_up(&file, BackupKey::Passphrase(&secret(""))).is_err());
    assert!(bench.back_up(&file, BackupKey::Recipient("age1nonsense")).is_err());
    assert!(!file.exists());
}

#[test]
fn without_ledger_lock_or_authority_a_backup_holds_the_keys() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join(".firstlight");
    Keys::create(&folder, "desk", None, &OsRandom).unwrap();
    let (recipient, identity) = key_elsewhere();
    let file = place.path().join("backup.age");
    backup::write(place.path(), "acme", &file, BackupKey::Recipient(&recipient), None, &SystemClock).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let restored = backup::restore(&file, place.path(), RestoreKey::Identity(&identity), None).unwrap();
    assert_eq!((restored.root, restored.files.len()), (None, 3));
    Keys::open(&folder, &NobodyThere).unwrap();
}

#[test]
fn restore_never_replaces_keys_or_a_lock() {
    let bench = Bench::new();
    let (recipient, identity) = key_elsewhere();
    let file = bench.path().join("backup.age");
    bench.back_up(&file, BackupKey::Recipient(&recipient)).unwrap();
    let refused = backup::restore(&file, bench.path(), RestoreKey::Identity(&identity), None);
    assert!(matches!(refused, Err(AuthorityError::Exists { .. })));
    bench.lose_keys();
    fs::write(bench.path().join("fleet.lock"), "edited\n").unwrap();
    backup::restore(&file, bench.path(), RestoreKey::Identity(&identity), Some(bench.root)).unwrap();
    assert_eq!(fs::read(bench.path().join("fleet.lock")).unwrap(), b"edited\n");
}

#[test]
fn restore_refuses_another_root_than_the_pinned_one() {
    let bench = Bench::new();
    let (recipient, identity) = key_elsewhere();
    let file = bench.path().join("backup.age");
    bench.back_up(&file, BackupKey::Recipient(&recipient)).unwrap();
    bench.lose_keys();
    let pinned = Some(Digest::of(b"another root"));
    let refused = backup::restore(&file, bench.path(), RestoreKey::Identity(&identity), pinned);
    assert!(matches!(refused, Err(AuthorityError::OtherBackup { .. })));
    assert_eq!(names(bench.path()), ["backup.age", "fleet.lock", "snapshot"]);
}

#[test]
fn the_wrong_key_restores_nothing() {
    let bench = Bench::new();
    let (recipient, _) = key_elsewhere();
    let file = bench.path().join("backup.age");
    bench.back_up(&file, BackupKey::Passphrase(&secret("right"))).unwrap();
    let second = bench.path().join("second.age");
    bench.back_up(&second, BackupKey::Recipient(&recipient)).unwrap();
    bench.lose_keys();
    let wrong = backup::restore(&file, bench.path(), RestoreKey::Passphrase(&secret("wrong")), None);
    assert!(matches!(wrong, Err(AuthorityError::WrongPassphrase { .. })));
    let (_, other) = key_elsewhere();
    let wrong = backup::restore(&second, bench.path(), RestoreKey::Identity(&other), None);
    assert!(matches!(wrong, Err(AuthorityError::NotForUs { .. })));
    let wrong = backup::restore(&second, bench.path(), RestoreKey::Identity(&secret("nonsense")), None);
    assert!(matches!(wrong, Err(AuthorityError::Damaged { .. })));
    assert_eq!(names(bench.path()), ["backup.age", "fleet.lock", "second.age", "snapshot"]);
}

#[test]
fn a_cut_or_altered_backup_restores_nothing() {
    let bench = Bench::new();
    let (recipient, identity) = key_elsewhere();
    let file = bench.path().join("backup.age");
    bench.back_up(&file, BackupKey::Recipient(&recipient)).unwrap();
    let whole = fs::read(&file).unwrap();
    bench.lose_keys();
    let try_it = |bytes: &[u8], what: &str| {
        fs::write(&file, bytes).unwrap();
        let restored = backup::restore(&file, bench.path(), RestoreKey::Identity(&identity), None);
        assert!(restored.is_err(), "{what}");
        assert_eq!(names(bench.path()), ["backup.age", "fleet.lock", "snapshot"], "{what}");
    };
    for length in (0..whole.len()).step_by(97).chain([whole.len() - 1]) {
        try_it(&whole[..length], &format!("cut to {length} bytes"));
    }
    for at in (0..whole.len()).step_by(101) {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        try_it(&altered, &format!("byte {at}"));
    }
    try_it(&[&whole[..], b"x"].concat(), "one byte more");
    fs::write(&file, &whole).unwrap();
    backup::restore(&file, bench.path(), RestoreKey::Identity(&identity), None).unwrap();
}

/// Encrypts any bytes as a backup would be, with the age library itself.
fn seal_archive(recipient: &str, archive: &[u8]) -> Vec<u8> {
    let recipient: age::x25519::Recipient = recipient.parse().unwrap();
    age::encrypt(&recipient, archive).unwrap()
}

/// A tar archive with any names in it, which our own writer would refuse to make.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, bytes) in files {
        let mut block = vec![0; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[100..107].copy_from_slice(b"0000600");
        block[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        block[148..156].copy_from_slice(b"        ");
        block[156] = b'0';
        block[257..262].copy_from_slice(b"ustar");
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
        archive.extend_from_slice(&block);
        archive.extend_from_slice(bytes);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

const ABOUT: &[u8] = br#"{"format":1,"fleet":"f","station":"s","created":"2026-01-01T00:00:00Z"}"#;
const KEYS: [(&str, &[u8]); 3] =
    [(".firstlight/station.json", b"{}"), (".firstlight/fleet.key.age", b"x"), (".firstlight/station.key", b"x")];

fn restore_archive(archive: &[u8]) -> (Result<backup::Restored, AuthorityError>, Vec<String>, tempfile::TempDir) {
    let (recipient, identity) = key_elsewhere();
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("fleet");
    fs::create_dir(&folder).unwrap();
    let file = place.path().join("backup.age");
    fs::write(&file, seal_archive(&recipient, archive)).unwrap();
    let restored = backup::restore(&file, &folder, RestoreKey::Identity(&identity), None);
    let outside = names(place.path());
    assert_eq!(outside, ["backup.age", "fleet"], "nothing outside the fleet's folder");
    (restored, names(&folder), place)
}

#[test]
fn a_hostile_backup_writes_nowhere_else() {
    let about = ("backup.json", ABOUT);
    let good: Vec<_> = [about].into_iter().chain(KEYS).collect();
    let (restored, there, _place) = restore_archive(&tar(&good));
    assert!(restored.is_ok() && there == [".firstlight"]);
    let long = vec![0; 70_000];
    let hostile: Vec<(&str, &[u8])> = vec![
        ("../escaped", b"x"),
        ("/tmp/escaped", b"x"),
        (".firstlight/../escaped", b"x"),
        (".firstlight/authority/../../escaped", b"x"),
        (".firstlight//station.key", b"x"),
        (".firstlight/authority", b"x"),
        (".firstlight/", b"x"),
        ("fleet.yaml", b"x"),
        (".bashrc", b"x"),
        ("", b"x"),
        (".firstlight/station.key", b"twice"),
        ("backup.json", ABOUT),
        ("fleet.lock", &long),
        (".firstlight/authority/root.pem", b"alone"),
    ];
    for entry in hostile {
        let files: Vec<_> = good.iter().copied().chain([entry]).collect();
        let (restored, there, _place) = restore_archive(&tar(&files));
        assert!(matches!(restored, Err(AuthorityError::Damaged { .. })), "{:?}", entry.0);
        assert!(there.is_empty(), "{:?}", entry.0);
    }
    for missing in 0..good.len() {
        let mut files = good.clone();
        files.remove(missing);
        assert!(restore_archive(&tar(&files)).0.is_err(), "without {:?}", good[missing].0);
    }
    let newer = ("backup.json", br#"{"format":2,"fleet":"f","station":"s","created":""}"#.as_slice());
    let files: Vec<_> = [newer].into_iter().chain(KEYS).collect();
    assert!(restore_archive(&tar(&files)).0.unwrap_err().to_string().contains("newer"));
    let lying = format!(r#"{{"format":1,"fleet":"f","station":"s","created":"","root_sha256":"{}"}}"#, Digest::of(b""));
    let files: Vec<_> = [("backup.json", lying.as_bytes())].into_iter().chain(KEYS).collect();
    assert!(restore_archive(&tar(&files)).0.is_err());
}

#[test]
fn a_file_that_never_ends_its_header_is_not_read_to_its_end() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("backup.age");
    let mut out = fs::File::create(&file).unwrap();
    out.write_all(b"age-encryption.org/v1\n-> X25519 ").unwrap();
    out.set_len(1 << 34).unwrap();
    let refused = backup::restore(&file, place.path(), RestoreKey::Passphrase(&secret("x")), None);
    assert!(matches!(refused, Err(AuthorityError::Damaged { .. })));
}

#[test]
fn an_excessive_passphrase_cost_is_refused_before_it_is_paid() {
    let mut recipient = age::scrypt::Recipient::new(age::secrecy::SecretString::from("x".to_owned()));
    recipient.set_work_factor(1);
    let file = age::encrypt(&recipient, b"").unwrap();
    let text = String::from_utf8_lossy(&file).into_owned();
    let line = text.lines().nth(1).unwrap();
    let dear = line.strip_suffix(" 1").unwrap().to_owned() + " 30";
    let mut bytes = file.clone();
    let at = line.len() + "age-encryption.org/v1\n".len();
    bytes.splice("age-encryption.org/v1\n".len()..at, dear.bytes());
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("b"), bytes).unwrap();
    let refused = backup::restore(&place.path().join("b"), place.path(), RestoreKey::Passphrase(&secret("x")), None);
    assert!(refused.unwrap_err().to_string().contains("at most 2^20"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn hostile_backup_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..3000), begin in any::<bool>()) {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("b");
        let head: &[u8] = if begin { b"age-encryption.org/v1\n-> X25519 abc\n" } else { b"" };
        fs::write(&file, [head, &bytes].concat()).unwrap();
        let (_, identity) = key_elsewhere();
        prop_assert!(backup::restore(&file, place.path(), RestoreKey::Identity(&identity), None).is_err());
        prop_assert_eq!(names(place.path()), ["b"]);
    }

    #[test]
    fn hostile_archives_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..3000), begin in any::<bool>()) {
        let good = tar(&[("backup.json", ABOUT)]);
        let head: &[u8] = if begin { &good[..1024] } else { b"" };
        let (restored, there, _place) = restore_archive(&[head, &bytes].concat());
        prop_assert!(restored.is_err() && there.is_empty());
    }

    #[test]
    fn hostile_key_files_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), which in 0..7_usize) {
        let bench = Bench::new();
        let files = ["station.key", "station.json", "fleet.key.age", "authority/root.pem",
            "authority/intermediate.pem", "authority/intermediate.key.age", "authority/root.key.age"];
        fs::write(bench.keys().join(files[which]), &bytes).unwrap();
        let opened = Keys::open(&bench.keys(), &Says("x")).and_then(|keys| Authority::open(&bench.keys(), &keys));
        prop_assert!(opened.is_err() || which == 6);
    }
}
