//! The station's post: where its keys and ledger lie, and what it finds around it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::authority::AskPassphrase;
use crate::delivery::{Clock, Random};
use crate::fleet::Class;
use crate::ledger::Provenance;

/// The folder of a fleet that holds keys and ledger; never committed.
pub const PRIVATE_FOLDER: &str = ".firstlight";
/// The ledger's file in it.
pub const LEDGER_FILE: &str = "ledger.sqlite3";

/// What a station finds around it, handed in by the edge.
#[derive(Clone)]
pub struct Surroundings {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Asks for passphrases and prompted secrets.
    pub ask: Arc<dyn AskPassphrase>,
    /// Who works here.
    pub operator: String,
    /// Tells whether somebody asked us to stop, and how.
    pub interrupt: Arc<dyn Fn() -> Option<Class> + Send + Sync>,
}

/// Returns where the ledger lies.
pub fn ledger_path(private: &Path) -> PathBuf {
    private.join(LEDGER_FILE)
}

/// Returns what every ledger row carries.
pub fn provenance(station: &str, surroundings: &Surroundings) -> Provenance {
    Provenance {
        operator: surroundings.operator.clone(),
        station: station.to_owned(),
        // The ledger itself knows which batch is open, in each row anew.
        batch: None,
        tool: tool(),
    }
}

/// Returns name and version of this program.
pub fn tool() -> String {
    format!("firstlight {}", env!("CARGO_PKG_VERSION"))
}
