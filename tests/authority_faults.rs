//! Keys, authority, backup and restore when the disk fails, or the power does, at any of their system calls.
//!
//! strace makes the n-th call fail, or kills the process there, for every n (Debian: strace; `tests/run` installs it).
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used)] // clippy.toml allows it in test functions, not in what they share

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use firstlight::authority::backup::{self, BackupKey, RestoreKey};
use firstlight::authority::{AskPassphrase, Authority, AuthorityError, Keys};
use firstlight::fleet::Secret;
use firstlight::host::surroundings::{OsRandom, SystemClock};

/// Where the process under strace works, and what it does there.
const FOLDER: &str = "FIRSTLIGHT_FAULT_FOLDER";
const WORK: &str = "FIRSTLIGHT_FAULT_WORK";
/// Whatever changes the disk. strace counts each by itself, so each has its turns.
const CALLS: [&str; 8] = ["write", "fsync", "linkat", "mkdir", "chmod", "fchmod", "rename", "renameat2"];
/// More calls of a kind than any of the works makes.
const MANY: usize = 200;

struct NobodyThere;

impl AskPassphrase for NobodyThere {
    fn passphrase(&self, for_what: &str) -> Result<Secret, AuthorityError> {
        Err(AuthorityError::NoPassphrase { for_what: for_what.to_owned(), reason: "this is a test".to_owned() })
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn make_keys(folder: &Path) -> Result<(), AuthorityError> {
    Keys::create(&folder.join(".firstlight"), "desk", None, &OsRandom).map(drop)
}

fn make_authority(folder: &Path) -> Result<(), AuthorityError> {
    let folder = folder.join(".firstlight");
    let keys = Keys::open(&folder, &NobodyThere)?;
    Authority::create(&folder, &keys, "CA", None, false, &SystemClock, &OsRandom).map(drop)
}

fn back_up(folder: &Path) -> Result<(), AuthorityError> {
    let identity = fs::read_to_string(folder.join("elsewhere/station.key")).unwrap();
    let recipient = identity.split_whitespace().find(|word| word.starts_with("age1")).unwrap();
    backup::write(folder, "acme", &folder.join("backup"), BackupKey::Recipient(recipient), None, &SystemClock)
}

fn restore(folder: &Path) -> Result<(), AuthorityError> {
    let identity = Secret::new(fs::read(folder.join("elsewhere/station.key")).unwrap());
    backup::restore(&folder.join("backup"), folder, RestoreKey::Identity(&identity), None).map(drop)
}

fn opens(folder: &Path) -> bool {
    let folder = folder.join(".firstlight");
    Keys::open(&folder, &NobodyThere).and_then(|keys| Authority::open(&folder, &keys)).is_ok()
}

/// Not a test of its own: the process that strace watches.
#[test]
#[ignore = "run by the other tests, under strace"]
fn the_work_under_strace() {
    let folder = env::var_os(FOLDER).expect("run by the other tests");
    let work = match env::var(WORK).unwrap().as_str() {
        "keys" => make_keys,
        "authority" => make_authority,
        "backup" => back_up,
        "restore" => restore,
        other => panic!("no work {other}"),
    };
    work(Path::new(&folder)).unwrap();
}

/// Does `work` on a prepared folder with the n-th call of a kind going wrong by `fault`, for every kind and n; `judge`
/// looks at what each run left.
fn at_every_call(work: &str, fault: &str, prepare: fn(&Path), judge: fn(&Path, bool)) {
    let failures: usize = CALLS.iter().map(|call| at_every(call, work, fault, prepare, judge)).sum();
    assert!(failures > 10, "{work}: only {failures} calls were made to fail");
}

/// Returns how many runs failed before the first in which no call was left to fail.
fn at_every(call: &str, work: &str, fault: &str, prepare: fn(&Path), judge: fn(&Path, bool)) -> usize {
    for n in 1..MANY {
        let place = tempfile::tempdir().unwrap();
        prepare(place.path());
        let status = Command::new("strace")
            .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("inject={call}:{fault}:when={n}")])
            .arg(env::current_exe().unwrap())
            .args(["--exact", "the_work_under_strace", "--ignored", "--test-threads=1"])
            .env(FOLDER, place.path())
            .env(WORK, work)
            .output()
            .unwrap_or_else(|error| panic!("strace is needed for this test ({error}); tests/run installs it"))
            .status;
        judge(place.path(), status.success());
        if status.success() {
            return n - 1;
        }
    }
    panic!("{work} calls {call} more than {MANY} times");
}

fn nothing(_: &Path) {}

fn with_keys(folder: &Path) {
    make_keys(folder).unwrap();
}

fn with_all(folder: &Path) {
    make_keys(folder).unwrap();
    make_authority(folder).unwrap();
    Keys::create(&folder.join("elsewhere"), "elsewhere", None, &OsRandom).unwrap();
}

fn lost(folder: &Path) {
    with_all(folder);
    back_up(folder).unwrap();
    fs::remove_dir_all(folder.join(".firstlight")).unwrap();
}

/// What a failed call leaves: no file that is not finished, under any name.
fn no_rest(folder: &Path) {
    let rest = |name: &String| Path::new(name).extension().is_some_and(|extension| extension == "new");
    let mut folders = vec![folder.to_owned(), folder.join(".firstlight")];
    folders.retain(|folder| folder.is_dir());
    for folder in folders {
        assert!(!names(&folder).iter().any(rest), "{:?}", names(&folder));
    }
}

fn keys_whole_or_absent(folder: &Path, done: bool) {
    let keys = folder.join(".firstlight");
    let whole = Keys::open(&keys, &NobodyThere).is_ok();
    assert!(whole || (!keys.exists() && !done));
}

fn authority_whole_or_absent(folder: &Path, done: bool) {
    let there = Authority::exists(&folder.join(".firstlight"));
    assert!(opens(folder) || (!there && !done));
}

fn backup_whole_or_absent(folder: &Path, done: bool) {
    if folder.join("backup").exists() {
        fs::remove_dir_all(folder.join(".firstlight")).unwrap();
        restore(folder).unwrap();
        assert!(opens(folder));
    } else {
        assert!(!done);
    }
}

fn restored_whole_or_absent(folder: &Path, done: bool) {
    assert!(opens(folder) || (!folder.join(".firstlight").exists() && !done));
    assert!(folder.join("backup").exists());
}

#[test]
fn keys_are_whole_or_absent_when_the_disk_is_full_at_any_call() {
    at_every_call("keys", "error=ENOSPC", nothing, |folder, done| {
        no_rest(folder);
        keys_whole_or_absent(folder, done);
    });
}

#[test]
fn keys_are_whole_or_absent_when_killed_at_any_call() {
    at_every_call("keys", "signal=KILL", nothing, keys_whole_or_absent);
}

#[test]
fn an_authority_is_whole_or_absent_when_the_disk_is_full_at_any_call() {
    at_every_call("authority", "error=ENOSPC", with_keys, |folder, done| {
        no_rest(folder);
        authority_whole_or_absent(folder, done);
    });
}

#[test]
fn an_authority_is_whole_or_absent_when_killed_at_any_call() {
    at_every_call("authority", "signal=KILL", with_keys, authority_whole_or_absent);
}

#[test]
fn a_backup_is_whole_or_absent_when_the_disk_is_full_at_any_call() {
    at_every_call("backup", "error=ENOSPC", with_all, |folder, done| {
        no_rest(folder);
        backup_whole_or_absent(folder, done);
    });
}

#[test]
fn a_backup_is_whole_or_absent_when_killed_at_any_call() {
    at_every_call("backup", "signal=KILL", with_all, backup_whole_or_absent);
}

#[test]
fn what_is_restored_is_whole_or_absent_when_the_disk_is_full_at_any_call() {
    at_every_call("restore", "error=ENOSPC", lost, |folder, done| {
        no_rest(folder);
        restored_whole_or_absent(folder, done);
    });
}

#[test]
fn what_is_restored_is_whole_or_absent_when_killed_at_any_call() {
    at_every_call("restore", "signal=KILL", lost, restored_whole_or_absent);
}
