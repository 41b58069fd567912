//! Handshakes and requests that came to nothing, kept in a small file so that `bootstrap doctor` can explain them: strangers
//! write no audit trail.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::host::files::{read_bounded, write_atomically};
use crate::server::Log;
use crate::station::post::PRIVATE_FOLDER;

/// The file, in the fleet's private folder.
const FILE: &str = "bootstrap-failures.jsonl";
/// How many are kept: of more than that the newest.
const KEPT: usize = 512;
/// How often the file is written, at most.
const EVERY: Duration = Duration::from_secs(1);
/// The longest file that is read, in bytes.
const LONGEST: u64 = 2 << 20;

/// Keeps what came to nothing, and hands every line on.
pub(super) struct Failures<L> {
    onward: L,
    path: PathBuf,
    kept: Mutex<Kept>,
}

struct Kept {
    lines: VecDeque<String>,
    written: Option<Instant>,
    is_new: bool,
}

impl<L> Failures<L> {
    /// Goes on with what the file has.
    pub(super) fn new(root: &Path, onward: L) -> Self {
        let path = root.join(PRIVATE_FOLDER).join(FILE);
        let lines = read(&path).iter().map(ToString::to_string).collect();
        Self { onward, path, kept: Mutex::new(Kept { lines, written: None, is_new: false }) }
    }

    fn keep(&self, line: &Value) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.lines.push_back(line.to_string());
        if kept.lines.len() > KEPT {
            kept.lines.pop_front();
        }
        kept.is_new = true;
    }

    /// Writes what is new, not too often; the error is in words.
    pub(super) fn write(&self) -> Result<(), String> {
        let text = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if !kept.is_new || kept.written.is_some_and(|at| at.elapsed() < EVERY) {
                return Ok(());
            }
            (kept.is_new, kept.written) = (false, Some(Instant::now()));
            kept.lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect::<String>()
        };
        write_atomically(&self.path, text.as_bytes(), 0o600).map_err(|error| error.to_string())
    }
}

impl<L: Log> Log for Failures<L> {
    fn line(&self, line: &Value) {
        if is_failure(line) {
            self.keep(line);
        }
        self.onward.line(line);
    }
}

fn is_failure(line: &Value) -> bool {
    matches!(
        (line["what"].as_str(), line["event"].as_str()),
        (Some("handshake"), Some("failed")) | (Some("bootstrap" | "registration"), Some("refused"))
    )
}

/// Returns what came to nothing, the oldest first; nothing where no server wrote anything.
pub(crate) fn of_fleet(root: &Path) -> Vec<Value> {
    read(&root.join(PRIVATE_FOLDER).join(FILE))
}

fn read(path: &Path) -> Vec<Value> {
    let bytes = read_bounded(path, LONGEST).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
