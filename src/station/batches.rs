//! Batches of a line: what goes into the devices is frozen while one is open, and it ends with a signed report.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::bundle::sealed::signature::Signature;
use crate::delivery::TargetIdentity;
use crate::fleet::Digest;
use crate::host::files::{read_bounded, write_atomically};
use crate::ledger::{BatchRecord, BatchState, Closing, Tally};

use super::batch_error::BatchError;
use super::error::StationError;
use super::open::Station;
use super::post;

/// The longest lock recipe, in bytes.
const LONGEST_RECIPE: u64 = 1 << 20;
/// The longest report that is looked at before it is written anew, in bytes.
const LONGEST_REPORT: u64 = 1 << 30;
/// The longest name of a batch.
const LONGEST_NAME: usize = 64;
/// What a report says of itself.
const REPORT: &str = "firstlight batch";
/// How often a report is made anew because rows came meanwhile.
const TRIES: usize = 5;

/// What is frozen: each name with its digest or version.
pub type Frozen = BTreeMap<String, String>;

/// Returns what would be frozen now: what this process has loaded, and the lock recipes as they lie in the fleet's folder.
pub fn frozen(station: &Station) -> Result<Frozen, StationError> {
    let folder = station.folder();
    let mut frozen = Frozen::new();
    for (name, digest) in &folder.sources.files {
        frozen.insert(name.clone(), digest.to_string());
    }
    for (name, digest) in &folder.sources.templates {
        frozen.insert(format!("template {name}"), digest.to_string());
    }
    for recipe in recipes(station)? {
        let digest = match read_bounded(&folder.root.join(&recipe), LONGEST_RECIPE) {
            Ok(bytes) => Digest::of(&bytes).to_string(),
            Err(error) => format!("cannot be read: {error}"),
        };
        frozen.insert(format!("lock recipe {recipe}"), digest);
    }
    frozen.insert("authority".into(), station.authority().root_fingerprint().to_string());
    frozen.insert("tool".into(), post::tool());
    Ok(frozen)
}

/// Every recipe that a delivery names.
fn recipes(station: &Station) -> Result<Vec<String>, StationError> {
    let fleet = &station.folder().fleet;
    let mut recipes = Vec::new();
    for device in fleet.examples() {
        for delivery in fleet.deliveries(device) {
            let plan = fleet.plan(device, Some(&delivery))?;
            recipes
                .extend(plan.delivery.carrier.factory().and_then(|factory| factory.lock.as_deref().map(str::to_owned)));
        }
    }
    Ok(recipes)
}

/// Refuses hardware while a batch is open that was opened with something else than what is here now.
pub fn check(station: &Station, target: &TargetIdentity) -> Result<(), StationError> {
    if !target.is_hardware() {
        return Ok(());
    }
    let Some(batch) = station.ledger().open_batch()? else { return Ok(()) };
    let what = differences(&batch.frozen, &frozen(station)?);
    if what.is_empty() {
        return Ok(());
    }
    Err(BatchError::Changed { batch: batch.name, target: target.name.clone(), what }.into())
}

/// Names what differs.
fn differences(then: &Value, now: &Frozen) -> Vec<String> {
    let then: Frozen = serde_json::from_value(then.clone()).unwrap_or_default();
    let short = |value: &str| value.chars().take(12).collect::<String>();
    let mut what = Vec::new();
    for (name, before) in &then {
        match now.get(name) {
            Some(value) if value == before => {}
            Some(value) if name == "tool" => what.push(format!("this is {value}, it was opened with {before}")),
            Some(value) => what.push(format!("{name} is {}, it was opened with {}", short(value), short(before))),
            None => what.push(format!("{name} is used no more")),
        }
    }
    what.extend(now.keys().filter(|name| !then.contains_key(*name)).map(|name| format!("{name} was not there then")));
    what
}

/// Opens a batch with what there is now.
pub fn open(station: &Station, name: &str) -> Result<Frozen, StationError> {
    check_name(name)?;
    let frozen = frozen(station)?;
    match station.ledger().begin_batch(name, json!(frozen))? {
        None => Ok(frozen),
        Some(BatchRecord { state: BatchState::Open, name: open, .. }) => {
            Err(BatchError::AlreadyOpen { name: name.to_owned(), open }.into())
        }
        Some(closed) => Err(BatchError::Used { name: closed.name, closed: closed.changed }.into()),
    }
}

/// The name becomes part of a file's name.
fn check_name(name: &str) -> Result<(), BatchError> {
    let wrong = |reason| Err(BatchError::Name { name: name.to_owned(), reason });
    if name.is_empty() || name.len() > LONGEST_NAME {
        return wrong("it has 1 to 64 characters");
    }
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return wrong("it begins with a letter or a digit");
    }
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
        return wrong("it holds other characters");
    }
    Ok(())
}

/// Returns the file a batch's report goes to where none is named.
pub fn usual_report(name: &str) -> PathBuf {
    PathBuf::from(format!("batch-{name}.json"))
}

/// Closes the open batch: its report goes to `out`, signed by the newest bundle key, the signature beside it in minisign's
/// form. Interrupted, it is run again and writes both anew.
pub fn close(station: &Station, out: Option<&Path>) -> Result<(PathBuf, Value), StationError> {
    let batch = station.ledger().open_batch()?.ok_or(BatchError::NoneOpen)?;
    if let Some(busy) = station.ledger().pending()?.into_iter().find(|pending| pending.under_way) {
        return Err(BatchError::UnderWay { batch: batch.name, device: busy.device.to_string() }.into());
    }
    let path = out.map_or_else(|| usual_report(&batch.name), Path::to_owned);
    refuse_other_file(&path, &batch.name)?;
    for _ in 0..TRIES {
        let tally = station.ledger().tally(&batch.name)?;
        let report = report(station, &batch, &tally)?;
        let mut text = serde_json::to_vec_pretty(&report).expect("a report is plain data with text keys");
        text.push(b'\n');
        sign(station, &batch.name, &path, &text)?;
        if station.ledger().end_batch(&batch.name, Digest::of(&text), tally.last)? == Closing::Closed {
            return Ok((path, report));
        }
    }
    Err(BatchError::UnderWay { batch: batch.name, device: "another one every moment".into() }.into())
}

/// A report of this very batch may be there from an attempt that was interrupted; anything else is not ours to overwrite.
fn refuse_other_file(path: &Path, batch: &str) -> Result<(), BatchError> {
    let bytes = match read_bounded(path, LONGEST_REPORT) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == Some(std::io::ErrorKind::NotFound) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let there: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    if there["report"] == REPORT && there["batch"] == batch {
        return Ok(());
    }
    Err(BatchError::OtherFile { path: path.to_owned(), batch: batch.to_owned() })
}

fn sign(station: &Station, batch: &str, path: &Path, text: &[u8]) -> Result<(), StationError> {
    let failed = |reason: String| BatchError::Sign { batch: batch.to_owned(), reason };
    let keys = station.bundle_keys()?;
    let signer = keys.signers().first().ok_or_else(|| failed("there is no bundle key".into()))?;
    let signature = Signature::make(signer, text, &format!("{REPORT} {batch}")).map_err(failed)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".minisig");
    write_atomically(path, text, 0o644)?;
    Ok(write_atomically(Path::new(&beside), signature.to_file().as_bytes(), 0o644)?)
}

/// Returns what a batch came to, as its report tells it.
pub fn report(station: &Station, batch: &BatchRecord, tally: &Tally) -> Result<Value, StationError> {
    let fleet = &station.folder().fleet;
    let missing = station.ledger().missing(fleet.devices())?;
    let closed =
        station.surroundings().clock.now().format(&Rfc3339).expect("every time of the common era has this form");
    Ok(json!({
        "report": REPORT,
        "version": 1,
        "fleet": fleet.name(),
        "batch": batch.name,
        "opened": batch.opened,
        "closed": closed,
        "tool": post::tool(),
        "station": station.keys().station_name(),
        "operator": station.surroundings().operator,
        "frozen": batch.frozen,
        "ledger": { "row": tally.last, "digest": tally.head },
        "counts": counts(tally, fleet.len(), missing.len()),
        "finished": tally.finished,
        "rehearsed": tally.rehearsed,
        "failed": tally.failed,
        "reworked": tally.reworked,
        "retired": tally.retired,
        "missing": missing,
    }))
}

/// Returns how many there are of each.
pub fn counts(tally: &Tally, inventory: usize, missing: usize) -> Value {
    json!({
        "inventory": inventory,
        "finished": tally.finished.len(),
        "rehearsed": tally.rehearsed.len(),
        "failed": tally.failed.len(),
        "reworked": tally.reworked.len(),
        "retired": tally.retired.len(),
        "missing": missing,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_added_or_left_out_is_named() {
        let frozen = |pairs: &[(&str, &str)]| -> Frozen {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let then = frozen(&[("fleet.yaml", "aa"), ("template x", "bb"), ("tool", "firstlight 1")]);
        assert!(differences(&json!(then), &then).is_empty());
        let now = frozen(&[("fleet.yaml", "ac"), ("inventory", "dd"), ("tool", "firstlight 2")]);
        assert_eq!(
            differences(&json!(then), &now),
            [
                "fleet.yaml is ac, it was opened with aa",
                "template x is used no more",
                "this is firstlight 2, it was opened with firstlight 1",
                "inventory was not there then",
            ]
        );
    }

    #[test]
    fn a_name_is_fit_for_a_file() {
        for name in ["B-17", "2026.11", "a_b"] {
            check_name(name).unwrap();
        }
        for name in ["", ".hidden", "a/b", "a b", "ü", &"x".repeat(65)] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
    }
}
