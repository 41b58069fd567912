//! Checks of the fleet at hand: the modes of what is kept secret, the station key, the ledger.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::authority::{Keys, Protection};
use crate::command::ledger::status::lines;
use crate::command::{Context, opened, place};
use crate::ledger::Ledger;
use crate::station::load::LOCK_FILE;
use crate::station::post::PRIVATE_FOLDER;
use crate::ui::{Failure, measure};

use super::check::{Check, State};

/// The most entries looked at; a fleet's private folder holds few.
const MOST_ENTRIES: usize = 10_000;
/// The most entries named in the facts.
const MOST_NAMED: usize = 5;

/// Makes the checks of the fleet; where there is none, says so.
pub fn checks(context: &Context) -> Vec<Check> {
    match place::fleet_folder(&context.globals) {
        Ok(folder) => of_fleet(context, &folder),
        Err(complaint) if context.globals.fleet.is_some() => {
            vec![Check::new("fleet", State::Fail, [complaint.to_string()]).fix("firstlight init DIR")]
        }
        Err(_) => vec![Check::new("fleet", State::Ok, ["none here: only the machine was checked".into()])],
    }
}

fn of_fleet(context: &Context, folder: &Path) -> Vec<Check> {
    let private = folder.join(PRIVATE_FOLDER);
    let mut checks = vec![Check::new("fleet", State::Ok, [folder.display().to_string()])];
    if !private.is_dir() {
        checks.push(without_private(folder, &private));
        return checks;
    }
    checks.extend([modes(&private), station_key(&private), ledger(context), registry(context, &private)]);
    checks
}

/// A pinned authority must be there; one that was never made need not.
fn without_private(folder: &Path, private: &Path) -> Check {
    if !folder.join(LOCK_FILE).exists() {
        let fact = "none yet: `firstlight ca init` makes them, a demo authority comes at the first use";
        return Check::new("keys", State::Ok, [fact.into()]);
    }
    let fact = format!("the authority is pinned in {LOCK_FILE}, but there is no {private:?}: no keys and no ledger");
    Check::new("keys", State::Fail, [fact]).fix("firstlight restore FILE")
}

fn station_key(private: &Path) -> Check {
    match Keys::protection(private) {
        Ok(Protection::Passphrase) => Check::new("station-key", State::Ok, ["under a passphrase".into()]),
        Ok(Protection::Plain) => {
            let why = "unprotected: whoever reads this disk can open every credential kept here";
            Check::new("station-key", State::Warn, [why.into()])
                .fix("keep the disk encrypted, or make the next fleet with: firstlight init DIR --passphrase-fd 3")
        }
        Err(error) => failed("station-key", &error.into()),
    }
}

fn ledger(context: &Context) -> Check {
    let found = opened::ledger(context).and_then(|ledger| Ok(state_of(&ledger, context.clock.now())?));
    found.unwrap_or_else(|error| failed("ledger", &error))
}

/// What the registry has still to hear, and what this station may make without it.
fn registry(context: &Context, private: &Path) -> Check {
    let station = Keys::station_name_in(private).unwrap_or_default();
    let membership = match opened::ledger(context).and_then(|ledger| Ok(ledger.membership()?)) {
        Ok(membership) => membership,
        Err(error) => return failed("registry", &error),
    };
    let is_behind = membership.shared && membership.unsent > 0 || membership.conflicts > 0;
    let mut check = Check::new("registry", if is_behind { State::Warn } else { State::Ok }, []);
    check.facts = lines(&station, &membership);
    if is_behind { check.fix("firstlight ledger sync") } else { check }
}

/// The ledger opens, nothing waits, and its last row is not of the future.
fn state_of(ledger: &Ledger, now: OffsetDateTime) -> Result<Check, crate::ledger::LedgerError> {
    let last = ledger.log(1, None)?.pop().and_then(|entry| OffsetDateTime::parse(&entry.at, &Rfc3339).ok());
    if let Some(last) = last.filter(|last| *last > now) {
        let fact =
            format!("its last row is of {} UTC, the clock says {} UTC", measure::moment(last), measure::moment(now));
        return Ok(Check::new("ledger", State::Fail, [fact]).fix("sudo timedatectl set-ntp true"));
    }
    let pending = ledger.pending()?.len();
    let written = last.map_or("it is empty".to_owned(), |last| format!("last row of {} UTC", measure::moment(last)));
    if pending == 0 {
        return Ok(Check::new("ledger", State::Ok, [written]));
    }
    let begun = format!(
        "{} begun and not finished",
        if pending == 1 { "1 delivery".to_owned() } else { format!("{pending} deliveries") }
    );
    Ok(Check::new("ledger", State::Warn, [written, begun]).fix("firstlight ledger pending"))
}

/// A check that ended in an error: its words, and its hint as the fix.
fn failed(name: &'static str, error: &anyhow::Error) -> Check {
    let failure = Failure::of(error);
    let check = Check { name, state: State::Fail, facts: failure.words(), fix: None };
    match failure.hints() {
        [] => check,
        [first, ..] => check.fix(first.clone()),
    }
}

/// Folders must be 0700 and files 0600, or narrower.
fn modes(private: &Path) -> Check {
    let mut wide = Vec::new();
    if let Err(error) = find_wide(private, &mut wide) {
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
        assert_eq!(modes(&private).state, State::Ok);

        fs::set_permissions(private.join("station.key"), fs::Permissions::from_mode(0o640)).unwrap();
        let check = modes(&private);
        assert_eq!(check.state, State::Fail);
        assert!(check.facts[0].ends_with("station.key\" has mode 0640"), "{:?}", check.facts);
        assert!(check.fix.unwrap().starts_with("chmod -R go= "));
    }
}
