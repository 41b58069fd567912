//! Checks of the fleet at hand: the modes of what is kept secret.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::command::{Context, place};

use super::check::{Check, State};

/// The folder with keys and records, in the fleet's folder.
const PRIVATE_FOLDER: &str = ".firstlight";
/// The most entries looked at; a fleet's private folder holds few.
const MOST_ENTRIES: usize = 10_000;
/// The most entries named in the facts.
const MOST_NAMED: usize = 5;

/// Makes the checks of the fleet; where there is none, says so.
pub fn checks(context: &Context) -> Vec<Check> {
    match place::fleet_folder(&context.globals) {
        Ok(folder) => vec![Check::new("fleet", State::Ok, [format!("{}", folder.display())]), modes(&folder)],
        Err(complaint) if context.globals.fleet.is_some() => {
            vec![Check::new("fleet", State::Fail, [complaint.to_string()]).fix("firstlight init DIR")]
        }
        Err(_) => vec![Check::new("fleet", State::Ok, ["none here: only the machine was checked".into()])],
    }
}

/// Folders must be 0700 and files 0600, or narrower.
fn modes(fleet: &Path) -> Check {
    let private = fleet.join(PRIVATE_FOLDER);
    if !private.is_dir() {
        return Check::unknown("private-modes", format!("there is no {private:?} yet"))
            .fix("firstlight ca init, or bring it back with: firstlight restore FILE");
    }
    let mut wide = Vec::new();
    if let Err(error) = find_wide(&private, &mut wide) {
        return Check::unknown("private-modes", format!("{private:?} cannot be read: {error}"));
    }
    if wide.is_empty() {
        return Check::new("private-modes", State::Ok, [format!("nobody else can read {private:?}")]);
    }
    let mut facts: Vec<String> =
        wide.iter().take(MOST_NAMED).map(|(path, mode)| format!("{path:?} has mode {mode:04o}")).collect();
    if wide.len() > MOST_NAMED {
        facts.push(format!("... and {} more", wide.len() - MOST_NAMED));
    }
    let fix = format!("chmod -R go= \"{}\"", private.display());
    Check { name: "private-modes", state: State::Fail, facts, fix: Some(fix) }
}

fn find_wide(folder: &Path, wide: &mut Vec<(PathBuf, u32)>) -> std::io::Result<()> {
    let mut left = vec![folder.to_owned()];
    let mut seen = 0;
    while let Some(path) = left.pop() {
        let facts = fs::symlink_metadata(&path)?;
        let mode = facts.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 && !facts.is_symlink() {
            wide.push((path.clone(), mode));
        }
        if facts.is_dir() {
            for entry in fs::read_dir(&path)?.take(MOST_ENTRIES) {
                left.push(entry?.path());
            }
        }
        seen += 1;
        if seen > MOST_ENTRIES {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_others_may_read_is_named_with_its_fix() {
        let fleet = tempfile::tempdir().unwrap();
        let private = fleet.path().join(PRIVATE_FOLDER);
        fs::create_dir(&private).unwrap();
        fs::set_permissions(&private, fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(private.join("station.key"), "").unwrap();
        fs::set_permissions(private.join("station.key"), fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(modes(fleet.path()).state, State::Ok);

        fs::set_permissions(private.join("station.key"), fs::Permissions::from_mode(0o640)).unwrap();
        let check = modes(fleet.path());
        assert_eq!(check.state, State::Fail);
        assert!(check.facts[0].ends_with("station.key\" has mode 0640"), "{:?}", check.facts);
        assert!(check.fix.unwrap().starts_with("chmod -R go= "));
    }

    #[test]
    fn a_fleet_without_its_private_folder_is_told_how_to_get_one() {
        let fleet = tempfile::tempdir().unwrap();
        assert!(modes(fleet.path()).fix.unwrap().contains("restore"));
    }
}
