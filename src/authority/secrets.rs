//! Resolves `secrets:`: an entry of the fleet file names where a secret lies, this fetches it.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::fleet::{Secret, SecretSource};
use crate::host::files::read_bounded;

use super::age_file::{decrypt, longest_file};
use super::{AskPassphrase, AuthorityError, Keys};

/// The longest secret, in bytes.
pub const LONGEST_SECRET: usize = 64 * 1024;

/// Fetches the secret `name` from `source`; paths are relative to `folder`.
///
/// At most [`LONGEST_SECRET`] bytes. One line break at the end (`\n` or `\r\n`) does not belong to the secret, wherever
/// it comes from; an empty secret is an error. A `file:` in clear must belong to its owner alone. A descriptor is read
/// to its end, so a pipe gives its secret once.
pub fn resolve(
    name: &str,
    source: &SecretSource,
    folder: &Path,
    keys: &Keys,
    ask: &dyn AskPassphrase,
) -> Result<Secret, AuthorityError> {
    let found = match source {
        SecretSource::Age(path) => from_age(&folder.join(path), keys)?,
        SecretSource::Env(variable) => from_value(name, variable, std::env::var_os(variable))?,
        SecretSource::File(path) => from_file(name, &folder.join(path))?,
        SecretSource::Fd(number) => from_descriptor(name, *number)?,
        SecretSource::Prompt => ask.secret(name)?,
    };
    let secret = without_line_break(found);
    if secret.is_empty() {
        return Err(cannot(name, in_words(source), "it is empty"));
    }
    if secret.len() > LONGEST_SECRET {
        return Err(too_long(name, in_words(source)));
    }
    Ok(secret)
}

fn from_age(path: &Path, keys: &Keys) -> Result<Secret, AuthorityError> {
    let file = read_bounded(path, longest_file(LONGEST_SECRET))?;
    decrypt(&file, keys.identity(), LONGEST_SECRET + 2, &path.display().to_string())
}

fn from_value(name: &str, variable: &str, value: Option<OsString>) -> Result<Secret, AuthorityError> {
    let value = value.ok_or_else(|| cannot(name, format!("${variable}"), "it is not set"))?;
    Ok(Secret::new(value.into_vec()))
}

fn from_file(name: &str, path: &Path) -> Result<Secret, AuthorityError> {
    let place = || path.display().to_string();
    let file = open_plain(path).map_err(|error| cannot(name, place(), error))?;
    let mode = file.metadata().map_err(|error| cannot(name, place(), error))?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(AuthorityError::Exposed { path: path.to_owned(), mode });
    }
    read(name, &place(), file)
}

/// Opens a file; anything else (a pipe would wait for its writer) is refused.
fn open_plain(path: &Path) -> io::Result<File> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    File::open(path)
}

/// Reads through /dev/fd, which opens what the descriptor stands for without taking it over.
fn from_descriptor(name: &str, number: i32) -> Result<Secret, AuthorityError> {
    let place = format!("file descriptor {number}");
    if number < 0 {
        return Err(cannot(name, place, "it is negative"));
    }
    let path = PathBuf::from(format!("/dev/fd/{number}"));
    let file = File::open(path).map_err(|error| cannot(name, place.clone(), error))?;
    read(name, &place, file)
}

/// Reads to the end into one buffer that never moves, so that no copy is left behind.
fn read(name: &str, place: &str, source: impl Read) -> Result<Secret, AuthorityError> {
    let limit = LONGEST_SECRET + 2;
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit + 64));
    source.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|error| cannot(name, place.to_owned(), error))?;
    if bytes.len() > limit {
        return Err(too_long(name, place.to_owned()));
    }
    Ok(Secret::new(std::mem::take(&mut *bytes)))
}

fn without_line_break(secret: Secret) -> Secret {
    let shorter = secret.expose(|bytes| {
        let line = bytes.strip_suffix(b"\n")?;
        Some(Secret::new(line.strip_suffix(b"\r").unwrap_or(line).to_vec()))
    });
    shorter.unwrap_or(secret)
}

fn in_words(source: &SecretSource) -> String {
    match source {
        SecretSource::Age(path) | SecretSource::File(path) => path.display().to_string(),
        SecretSource::Env(variable) => format!("${variable}"),
        SecretSource::Fd(number) => format!("file descriptor {number}"),
        SecretSource::Prompt => "the terminal".to_owned(),
    }
}

fn too_long(name: &str, place: String) -> AuthorityError {
    cannot(name, place, format!("it is longer than {LONGEST_SECRET} bytes"))
}

fn cannot(name: &str, source_text: String, reason: impl ToString) -> AuthorityError {
    AuthorityError::Secret { name: name.to_owned(), source_text, reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::age_file::wrap_for_recipient;
    use crate::host::surroundings::OsRandom;
    use std::fs::{self, Permissions};
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::PermissionsExt;

    struct Says(&'static str);

    impl AskPassphrase for Says {
        fn passphrase(&self, for_what: &str) -> Result<Secret, AuthorityError> {
            assert_eq!(for_what, "secret \"wifi\"");
            Ok(Secret::new(self.0.as_bytes().to_vec()))
        }
    }

    fn bench() -> (tempfile::TempDir, Keys) {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::create(&folder.path().join(".firstlight"), "desk", None, &OsRandom).unwrap();
        (folder, keys)
    }

    fn get(bench: &(tempfile::TempDir, Keys), source: SecretSource) -> Result<Vec<u8>, AuthorityError> {
        let secret = resolve("wifi", &source, bench.0.path(), &bench.1, &Says("typed\n"))?;
        Ok(secret.expose(<[u8]>::to_vec))
    }

    fn put(bench: &(tempfile::TempDir, Keys), name: &str, bytes: &[u8], mode: u32) {
        let path = bench.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn an_age_file_opens_with_the_station_key_only() {
        let bench = bench();
        let secret = Secret::new(b"hunter2\n".to_vec());
        put(&bench, "w.age", &wrap_for_recipient(&bench.1.recipient(), &secret).unwrap(), 0o644);
        assert_eq!(get(&bench, SecretSource::Age("w.age".into())).unwrap(), b"hunter2");
        let other = super::tests::bench();
        put(&bench, "o.age", &wrap_for_recipient(&other.1.recipient(), &secret).unwrap(), 0o644);
        assert!(matches!(get(&bench, SecretSource::Age("o.age".into())), Err(AuthorityError::NotForUs { .. })));
        put(&bench, "g.age", b"garbage", 0o644);
        assert!(matches!(get(&bench, SecretSource::Age("g.age".into())), Err(AuthorityError::Damaged { .. })));
    }

    #[test]
    fn a_file_must_belong_to_its_owner_alone() {
        let bench = bench();
        put(&bench, "w", b"hunter2\r\n", 0o600);
        assert_eq!(get(&bench, SecretSource::File("w".into())).unwrap(), b"hunter2");
        for mode in [0o640, 0o604, 0o644, 0o620] {
            put(&bench, "w", b"hunter2", mode);
            let found = get(&bench, SecretSource::File("w".into()));
            assert!(matches!(found, Err(AuthorityError::Exposed { mode: seen, .. }) if seen == mode), "{mode:o}");
        }
    }

    #[test]
    fn what_is_no_plain_file_is_refused_without_waiting() {
        let bench = bench();
        rustix::fs::mkfifoat(rustix::fs::CWD, bench.0.path().join("pipe"), rustix::fs::Mode::RUSR).unwrap();
        for path in ["pipe", ".", "absent", "/dev/zero"] {
            let found = get(&bench, SecretSource::File(path.into()));
            assert!(matches!(found, Err(AuthorityError::Secret { .. })), "{path}");
        }
    }

    #[test]
    fn only_one_line_break_is_taken_away() {
        let bench = bench();
        for (stored, meant) in [("a\n\n", "a\n"), ("a\r", "a\r"), (" a ", " a "), ("\na", "\na")] {
            put(&bench, "w", stored.as_bytes(), 0o600);
            assert_eq!(get(&bench, SecretSource::File("w".into())).unwrap(), meant.as_bytes());
        }
    }

    #[test]
    fn the_limit_holds_to_the_byte() {
        let bench = bench();
        put(&bench, "w", &[&vec![7; LONGEST_SECRET][..], b"\r\n"].concat(), 0o600);
        assert_eq!(get(&bench, SecretSource::File("w".into())).unwrap().len(), LONGEST_SECRET);
        for extra in [1, 3, 100_000] {
            put(&bench, "w", &vec![7; LONGEST_SECRET + extra], 0o600);
            assert!(get(&bench, SecretSource::File("w".into())).is_err(), "{extra}");
            let secret = Secret::new(vec![7; LONGEST_SECRET + extra]);
            put(&bench, "w.age", &wrap_for_recipient(&bench.1.recipient(), &secret).unwrap(), 0o600);
            assert!(get(&bench, SecretSource::Age("w.age".into())).is_err(), "{extra}");
        }
    }

    #[test]
    fn an_empty_secret_is_an_error() {
        let bench = bench();
        for content in ["", "\n", "\r\n"] {
            put(&bench, "w", content.as_bytes(), 0o600);
            assert!(matches!(get(&bench, SecretSource::File("w".into())), Err(AuthorityError::Secret { .. })));
        }
    }

    #[test]
    fn a_descriptor_is_read_to_its_end() {
        let bench = bench();
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"hunter2\n").unwrap();
        drop(writer);
        assert_eq!(get(&bench, SecretSource::Fd(reader.as_raw_fd())).unwrap(), b"hunter2");
        assert!(get(&bench, SecretSource::Fd(-1)).is_err());
        assert!(get(&bench, SecretSource::Fd(99_999)).is_err());
    }

    #[test]
    fn environment_and_prompt_give_theirs() {
        let bench = bench();
        assert_eq!(get(&bench, SecretSource::Prompt).unwrap(), b"typed");
        assert_eq!(get(&bench, SecretSource::Env("PATH".into())).unwrap(), std::env::var("PATH").unwrap().into_bytes());
        let unset = get(&bench, SecretSource::Env("FIRSTLIGHT_TEST_NOT_SET".into()));
        assert!(unset.unwrap_err().to_string().contains("$FIRSTLIGHT_TEST_NOT_SET"));
    }
}
